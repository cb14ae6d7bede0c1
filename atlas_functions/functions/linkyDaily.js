// The job of every morning: what each configured meter and flow lacks up to yesterday, into both collections.
//
// Takes no arguments. Returns a summary; throws in the end, with one line that says what to do, when something failed.
// What a run asks for, and the record that it leaves, stands in dailyRun and dailyPlan; the meters in dailySettings.
//
// With more meters than calls a day each comes a little late, in turn, since a call may cover seven days.

exports = async function linkyDaily() {
  return context.functions.execute("dailyRun", {
    name: "linky",
    job: "linkyDaily",
    service: "the gateway",
    zone: "Europe/Paris",
    time: { enough: 240000, last: 270000 }, // ms; no new call after the first, none under way after the second
    fetch: { pauses: [4000, 12000], oneTry: 40000, shortLimit: 20000, standardPause: 3600000, emptyStatuses: [] },
    reader: "linkyReadings",
    nested: 1, // localTime
    together: 10,
    sharesQuota: true,
    comparesEnergy: true,
  });
};
