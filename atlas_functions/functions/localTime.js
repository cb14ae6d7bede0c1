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
const STANDARD_HOURS = {
  "Europe/London": 0,
  "Europe/Paris": 1,
  "Europe/Copenhagen": 1,
  "Europe/Oslo": 1,
};

const changes = {};

function lastSunday(year, month) {
  const last = new Date(Date.UTC(year, month + 1, 0));
  return Date.UTC(year, month, last.getUTCDate() - last.getUTCDay(), 1);
}

// First instant of summer time and first instant after it, in a UTC year.
function summerOf(year) {
  if (!changes[year]) changes[year] = [lastSunday(year, 2), lastSunday(year, 9)];
  return changes[year];
}

function offsetOf(instant, zone) {
  if (zone === "UTC") return 0;
  const [start, end] = summerOf(new Date(instant).getUTCFullYear());
  return (STANDARD_HOURS[zone] + (instant >= start && instant < end ? 1 : 0)) * HOUR;
}

function wallOf(instant, zone) {
  return new Date(instant + offsetOf(instant, zone)).toISOString().slice(0, 19).replace("T", " ");
}

function instantsOf(label, zone) {
  const read = /^(\d{4})-(\d\d)-(\d\d) (\d\d):(\d\d):(\d\d)$/.exec(label);
  if (!read) return [];
  const [year, month, day, hour, minute, second] = read.slice(1).map(Number);
  const naive = Date.UTC(year, month - 1, day, hour, minute, second);
  if (new Date(naive).toISOString().slice(0, 19).replace("T", " ") !== label) return []; // 30 February, 24:00
  if (zone === "UTC") return [naive];
  const winter = naive - STANDARD_HOURS[zone] * HOUR;
  return [winter - HOUR, winter].filter((instant) => instant + offsetOf(instant, zone) === naive);
}

exports = function localTime({ zone, instants, labels }) {
  if (zone !== "UTC" && STANDARD_HOURS[zone] === undefined) {
    throw new Error(`localTime knows UTC, ${Object.keys(STANDARD_HOURS).join(", ")}, not ${zone}`);
  }
  return {
    walls: (instants || []).map((instant) => wallOf(Number(instant), zone)),
    instants: (labels || []).map((label) => instantsOf(label, zone)),
  };
};
