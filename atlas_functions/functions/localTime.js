// Instants <-> wall clocks, by the summer-time rule of the European Union (in force in this form since 1996), in UTC
// arithmetic alone: the runtime documents no Intl. Pure: no clock, no database. The one place that knows the rule.
//
//   localTime({zone, instants: [ms], labels: ["YYYY-MM-DD HH:MM:SS"]})
//     -> {walls: [label of each instant], instants: [[ms, …] of each label]}
//
// A label means one instant (ms since 1970 UTC); in the doubled autumn hour two, the earlier first; in the skipped
// spring hour none. What is no date of the calendar means none either.

const HOUR = 3600000;

// Hours ahead of UTC in winter. Summer time is one hour more, from the last Sunday of March to that of October.
const WINTER = { "Europe/London": 0, "Europe/Paris": 1, "Europe/Copenhagen": 1, "Europe/Oslo": 1 };

function lastSunday(year, month) {
  const last = new Date(Date.UTC(year, month + 1, 0));
  return Date.UTC(year, month, last.getUTCDate() - last.getUTCDay(), 1);
}

function offsetOf(ms, zone) {
  if (zone === "UTC") return 0;
  const year = new Date(ms).getUTCFullYear();
  return (WINTER[zone] + (ms >= lastSunday(year, 2) && ms < lastSunday(year, 9) ? 1 : 0)) * HOUR;
}

const wallOf = (ms) => new Date(ms).toISOString().slice(0, 19).replace("T", " ");

function instantsOf(label, zone) {
  const naive = /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/.test(label) ? Date.parse(`${label.replace(" ", "T")}Z`) : NaN;
  if (isNaN(naive) || wallOf(naive) !== label) return []; // 30 February, 24:00
  return [2, 1, 0].map((hours) => naive - hours * HOUR).filter((ms) => ms + offsetOf(ms, zone) === naive);
}

exports = function localTime({ zone, instants = [], labels = [] }) {
  if (zone !== "UTC" && WINTER[zone] === undefined) {
    throw new Error(`localTime knows UTC, ${Object.keys(WINTER).join(", ")}, not ${zone}`);
  }
  return {
    walls: instants.map(Number).map((ms) => wallOf(ms + offsetOf(ms, zone))),
    instants: labels.map((label) => instantsOf(label, zone)),
  };
};
