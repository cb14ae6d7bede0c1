// The job of every day: Danish day-ahead prices up to tomorrow, and production by type, into both collections.
//
// Takes no arguments. Returns a summary; throws in the end, with one line that says what to do, when something failed.
// What a run asks for, and the record that it leaves, stands in dailyRun and dailyPlan.
//
// One call a dataset, minute and address is allowed: so one call a dataset and run, and a minute between two tries.
// Without timezone, sort and limit would come Danish wall clock, newest first, and a hundred records.
// Production is declared 10 to 15 days after its day and preliminary at first: the one call reaches back by 12 to 40 days,
// in turn.

const METHODS = '{"PriceArea":["DK1","DK2"],"FuelAllocationMethod":["All","Total"]}';
const COLUMNS =
  "HourUTC,PriceArea,Version,FuelAllocationMethod,ReportGrpCode,ProductionType,DeliveryType,Production_MWh,ShareTotal";

const PRICES = {
  name: "DayAheadPrices",
  flow: "price",
  label: "energidata price",
  path: "dataset/DayAheadPrices",
  query: {
    timezone: "UTC",
    columns: "TimeUTC,PriceArea,DayAheadPriceEUR,DayAheadPriceDKK",
    sort: "TimeUTC asc,PriceArea asc",
    limit: "0",
  },
  edges: ["start", "end"],
  first: "2025-10-01", // the hourly prices before are those of Elspotprices, which ended: python -m sync backfill
  areas: ["DK1", "DK2"],
  again: 3,
  ahead: 2, // today and tomorrow
  longest: 40,
  calls: 1,
};

const PRODUCTION = {
  name: "DeclarationProduction",
  flow: "production",
  label: "energidata production",
  path: "dataset/DeclarationProduction",
  query: { timezone: "UTC", columns: COLUMNS, sort: "HourUTC asc,PriceArea asc", limit: "0", filter: METHODS },
  edges: ["start", "end"],
  first: "2021-01-01",
  areas: ["DK1", "DK2"],
  again: 12,
  reaches: [0, 7, 14, 21, 28], // days further back, in turn: 40 in the end
  ahead: 0,
  longest: 40,
  calls: 1,
};

exports = async function energidataDaily() {
  return context.functions.execute("dailyRun", {
    name: "energidata",
    job: "energidataDaily",
    service: "Energi Data Service",
    zone: "Europe/Copenhagen",
    time: { enough: 200000, last: 250000 }, // ms; no new call after the first, none under way after the second
    fetch: { pauses: [61000], oneTry: 90000, shortLimit: 100000, standardPause: 61000, emptyStatuses: [204] },
    reader: "openReadings",
    nested: 0,
    together: 1,
    edge: { form: "YYYY-MM-DDTHH:mm", zone: "UTC" },
    datasets: [PRICES, PRODUCTION],
  });
};
