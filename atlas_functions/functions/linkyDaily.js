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
    enough: 240000, // ms after which there is no new call
    last: 270000, // ms after which none is under way
    pauses: [4000, 12000],
    oneTry: 40000,
    shortLimit: 20000,
    reader: "linkyReadings",
    nested: 1, // localTime; not in a bundle
    together: 10,
    sharesQuota: true,
    comparesEnergy: true,
  });
};
