// The job of every day: Danish day-ahead prices up to tomorrow, and production by type, into both collections.
//
// Takes no arguments. Returns a summary; throws in the end, with one line that says what to do, when something failed.
// What a run asks for, and the record that it leaves, stands in dailyRun and dailyPlan.
//
// One call a dataset, minute and address is allowed: so one call a dataset and run, and a minute between two tries.
// Without timezone, sort and limit would come Danish wall clock, newest first, and a hundred records.
// Production is declared 10 to 15 days after its day and preliminary at first: the one call reaches back by 12 to 40 days,
// in turn.

const datasetOf = (name, flow, columns, filter) => ({
  name,
  flow,
  label: `energidata ${flow}`,
  path: `dataset/${name}`,
  query: { timezone: "UTC", columns, sort: `${columns.split(",")[0]} asc,PriceArea asc`, limit: "0", ...filter },
  edges: ["start", "end"],
  areas: ["DK1", "DK2"],
  longest: 40,
  calls: 1,
});

const DECLARED =
  "HourUTC,PriceArea,Version,FuelAllocationMethod,ReportGrpCode,ProductionType,DeliveryType,Production_MWh,ShareTotal";
const FILTER = { filter: '{"PriceArea":["DK1","DK2"],"FuelAllocationMethod":["All","Total"]}' };

const PRICES = {
  ...datasetOf("DayAheadPrices", "price", "TimeUTC,PriceArea,DayAheadPriceEUR,DayAheadPriceDKK"),
  first: "2025-10-01", // the hourly prices before are those of Elspotprices, which ended: python -m sync backfill
  again: 3,
  ahead: 2, // today and tomorrow
};
const PRODUCTION = {
  ...datasetOf("DeclarationProduction", "production", DECLARED, FILTER),
  first: "2021-01-01",
  again: 12,
  ahead: 0,
  reaches: [0, 7, 14, 21, 28], // days further back, in turn: 40 in the end
};

exports = async function energidataDaily() {
  return context.functions.execute("dailyRun", {
    name: "energidata",
    job: "energidataDaily",
    service: "Energi Data Service",
    zone: "Europe/Copenhagen",
    enough: 200000, // ms after which there is no new call
    last: 250000, // ms after which none is under way
    pauses: [61000],
    oneTry: 90000,
    shortLimit: 100000,
    standardPause: 61000,
    emptyStatuses: [204],
    reader: "openReadings",
    together: 1,
    isUtc: true,
    datasets: [PRICES, PRODUCTION],
  });
};
