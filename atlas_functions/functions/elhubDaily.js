// The job of every night: Norwegian production and consumption by price area and group, into both collections.
//
// Takes no arguments. Returns a summary; throws in the end, with one line that says what to do, when something failed.
// What a run asks for, and the record that it leaves, stands in dailyRun and dailyPlan.
//
// A call is for one dataset and all areas: the API ignores a parameter that would name one. Its window is half-open on
// the Oslo wall clock, a month at most; both ends are dates alone, as two different offsets are refused. A whole day
// appears in the afternoon or evening of the day after, hours are corrected for about 40 days.

const datasetOf = (name, flow) => ({
  name,
  flow,
  label: `elhub ${flow}`,
  path: "price-areas",
  query: { dataset: name },
  edges: ["startDate", "endDate"],
  first: "2021-01-01",
  areas: ["NO1", "NO2", "NO3", "NO4", "NO5"],
  again: 3, // days before today that every run reads again
  ahead: 0, // days from today on that are published beforehand
  longest: 28, // days in one call: a month at most, whatever month it is
  calls: 2, // in one run
  older: { days: 40, length: 7 }, // of the trailing days one week a day, in turn, in a call of its own
});

exports = async function elhubDaily() {
  return context.functions.execute("dailyRun", {
    name: "elhub",
    job: "elhubDaily",
    service: "Elhub",
    zone: "Europe/Oslo",
    enough: 200000, // ms after which there is no new call
    last: 250000, // ms after which none is under way
    pauses: [4000, 12000],
    oneTry: 90000, // an answer takes its time
    shortLimit: 100000,
    standardPause: 600000,
    emptyStatuses: [204, 404],
    reader: "openReadings",
    together: 1,
    datasets: [
      datasetOf("PRODUCTION_PER_GROUP_MBA_HOUR", "production"),
      datasetOf("CONSUMPTION_PER_GROUP_MBA_HOUR", "consumption"),
    ],
  });
};
