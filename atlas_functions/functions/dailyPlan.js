// What is to be asked and healed, from what is stored of a source and what was asked before. Reads, never writes.
//
//   dailyPlan({service, database, record, mirror, source, datasets, at})
//     -> {today, ops, callsToday, heal: [{key, series, edges: [from, to], readings: []}],
//         datasets: [{name, state, windows, failed, until}]} or {ops, problem: see checkStore}
//
// source: {name, job: the function whose runs count, zone, sharesQuota, comparesEnergy}. A dataset is one series
// (`series`), or all of a flow in `areas`. A window is one call: {start, end, days, edges, answered} with local days
// [start, end), their midnights (ms) and since when it waits (ms, 0 for never answered). heal: where the mirror differs
// from the record (ms), as storeReadings takes it. state: "due" | "resting" (short, but asked not long ago) | "complete".
// failed: the last call for it failed. until: a Date before which no call may be made, or null. callsToday: calls of this
// UTC day.
//
// Due of any dataset are the days after the last full one, however many. Beyond these there are two rules:
// A series whose values are final (Linky): of the last week every day that is not full; of the last month every day
// between stored ones that was asked for and of which there is still no reading. A day that was answered and is still
// short is asked again after six hours, once it is older than a week after twenty, and never once it is older than a
// month. For a day older than a week that is there in part, and for older holes, python -m sync backfill is the one to
// ask. Of more than two windows those go first that were answered the longest ago, or never; the next run takes up the
// others.
// A dataset that is corrected as a matter of course declares {again: the last days, which every run asks for, ahead: days
// from today on that are published, longest: days in a call, calls: in a run, first: day of the dataset}, and of the days
// before, in turn, {older: {days, length}}, one week a day in a call of its own, or {reaches: [days]}, by which the same
// call reaches further back. Nothing is asked twice on a local day, but for what failed or was short.

const NESTED = 1; // operations that a call of another function is; a bundle has none
const DAY = 86400000;
const HOUR = 3600000;
const LOOK_BACK = 45; // days over which the stored readings are counted
const BEGINNING = 7; // days that a first run asks for; python -m sync backfill loads the others
const STRETCH = 7; // days healed as one range
const REVISIT = 30;
const UNREADABLE = "numbers of the database cannot be read on this platform";

const dayNumber = (day) => Date.parse(`${day}T00:00:00Z`) / DAY;
const dayText = (number) => new Date(number * DAY).toISOString().slice(0, 10);
const nameOf = ({ id, flow, group }) => [id, flow, group || ""].join(" ");
const isAnswered = ({ state }) => ["done", "partial", "empty"].includes(state);
const numbersBetween = (first, end) => [...Array(Math.max(0, end - first)).keys()].map((number) => first + number);

// --- what the database knows --------------------------------------------------------------------------------------

// Of each series and local day: how many readings, and their sums.
function dailySums(zone, own, from, to) {
  const day = { $dateToString: { format: "%Y-%m-%d", date: "$ts", timezone: zone } };
  return [
    { $match: { series: { $in: own }, ts: { $gte: new Date(from), $lt: new Date(to) } } },
    {
      $group: {
        _id: { series: "$series", day },
        seconds: { $sum: "$seconds" },
        wh: { $sum: "$wh" },
        readings: { $sum: 1 },
      },
    },
  ];
}

// Of each series (by name) and local day: its seconds, and as a text what both sides must have in common.
function countedByDay(sums, { comparesEnergy }) {
  const counts = {};
  for (const { _id: { series, day }, seconds, wh, readings } of sums) {
    const name = nameOf(series);
    const numbers = [readings, seconds, comparesEnergy ? wh : 0].map(Number);
    if (numbers.some(isNaN)) throw new Error(UNREADABLE);
    if (!counts[name]) counts[name] = { series, days: {} };
    counts[name].days[dayNumber(day)] = { seconds: numbers[1], text: numbers.join(" ") };
  }
  return counts;
}

// The calls of the last weeks, of each kind the newest.
function newestCalls(job, at) {
  const since = at - (REVISIT + 1) * DAY;
  const oldest = new BSON.ObjectId(`${Math.floor(since / 1000).toString(16)}0000000000000000`);
  const today = { $cond: [{ $gte: ["$at", new Date(Math.floor(at / DAY) * DAY)] }, "$series.calls", 0] };
  const kind = { dataset: "$series.series", asked: "$series.asked", state: "$series.state" };
  return [
    { $match: { _id: { $gte: oldest }, function: job, at: { $gte: new Date(since) } } },
    { $unwind: "$series" },
    { $match: { "series.calls": { $gt: 0 } } },
    { $group: { _id: kind, at: { $max: "$at" }, until: { $max: "$series.until" }, calls: { $sum: today } } },
  ];
}

// {dataset, first, end, state, at, until, calls}: a call for the days [first, end).
function pastCall({ _id: { dataset, asked, state }, at, until, calls }) {
  const [first, end] = asked.map(dayNumber);
  return { dataset, first, end, state, at: at.getTime(), until: until ? until.getTime() : 0, calls: Number(calls) };
}

// --- planning, pure -----------------------------------------------------------------------------------------------

// Ways to the windows of a dataset, and to whether some day is short but resting: by whether its values are final.
const WINDOWS = {};

// --- of linky: values that are final ------------------------------------------------------------------------------

const RECENT = 7;
const LONGEST_CALL = 7; // days of a load curve in one call
const CALLS = 2; // for one load curve in one run
const HISTORY = 740; // days back from today that load curves are surely served

// Every day to be asked, joined to calls.
WINDOWS.final = (dataset, { full, begun, base, firstBegun }, calls, { today, at }) => {
  const windows = [];
  let resting = false;
  for (const number of numbersBetween(Math.max(Math.min(base + 1, today - REVISIT), today - HISTORY), today)) {
    const age = today - number;
    const over = calls.filter((call) => call.first <= number && number < call.end && isAnswered(call));
    const answered = Math.max(0, ...over.map((call) => call.at)); // 0 for never
    const isAgain = firstBegun !== undefined && answered > 0;
    const isWanted = number > base || age <= RECENT || (age <= REVISIT && isAgain && !begun[number]);
    if (full[number] || !isWanted || (isAgain && number < firstBegun)) continue;
    const isDue = !answered || (age <= REVISIT && at - answered >= (age <= RECENT ? 6 : 20) * HOUR);
    const last = windows[windows.length - 1];
    if (!isDue) resting = resting || age <= RECENT;
    else if (last && number - last.first < LONGEST_CALL) {
      last.end = number + 1;
      last.answered = Math.min(last.answered, answered);
    } else windows.push({ first: number, end: number + 1, answered });
  }
  windows.sort((one, other) => one.answered - other.answered || one.first - other.first);
  return { windows: windows.slice(0, CALLS).sort((one, other) => one.first - other.first), resting };
};

// --- of elhub, energidata: values that are corrected --------------------------------------------------------------

const REST = 4 * HOUR; // of a short answer

const OLDER = { week: () => [] };

// Days that every run wants, cut into calls, and the older week whose turn it is.
function wantedWindows(dataset, base, today) {
  const { again, ahead, longest, reaches, calls } = dataset;
  const end = today + ahead;
  const newest = Math.min(base + 1, today - again);
  const reach = reaches && newest > today - longest ? reaches[today % reaches.length] : 0;
  const windows = [];
  let first = Math.max(Math.min(newest, today - again - reach), dayNumber(dataset.first));
  for (; first < end; first += longest) windows.push({ first, end: Math.min(first + longest, end) });
  return windows.concat(OLDER.week(dataset, windows, today)).slice(0, calls);
}

// Without those that a call of today answered whole, or in part not long ago.
WINDOWS.corrected = (dataset, { base }, calls, { today, at, midnight }) => {
  let resting = false;
  const windows = wantedWindows(dataset, base, today).filter(({ first, end }) => {
    const over = calls.filter((call) => call.first <= first && end <= call.end && call.at >= midnight);
    if (over.some(({ state }) => state === "done")) return false;
    const isShort = over.some((call) => isAnswered(call) && at - call.at < REST);
    resting = resting || isShort;
    return !isShort;
  });
  return { windows, resting };
};

// --- of elhub: the older week whose turn it is --------------------------------------------------------------------

OLDER.week = ({ again, first, older }, windows, today) => {
  if (!older) return [];
  const weeks = Math.ceil((older.days - again) / older.length);
  const end = today - again - (today % weeks) * older.length;
  const begin = Math.max(end - older.length, today - older.days, dayNumber(first));
  return begin < end && !windows.some((window) => window.first <= begin) ? [{ first: begin, end }] : [];
};

// --- planning, again ----------------------------------------------------------------------------------------------

function planOf(dataset, days, known) {
  const { name, series } = dataset;
  const { past, at, source } = known;
  const calls = past.filter((call) => call.dataset === name);
  const { windows, resting } = WINDOWS[series ? "final" : "corrected"](dataset, days, calls, known);
  const newest = calls.reduce((last, call) => (last.at >= call.at ? last : call), {});
  const until = Math.max(0, ...(source.sharesQuota ? past : calls).map((call) => call.until));
  return {
    name,
    state: windows.length ? "due" : resting ? "resting" : "complete",
    windows,
    failed: newest.state === "failed",
    until: until > at ? new Date(until) : null,
  };
}

// Ranges of each series where both sides differ.
function differing(stored, mirrored, { numbers, edges }) {
  const ranges = [];
  const sides = { ...mirrored, ...stored };
  for (const name of Object.keys(sides)) {
    const { series } = sides[name];
    const textOf = (counts, number) => ((counts[name] || { days: {} }).days[number] || {}).text;
    let stretch = null;
    numbers.forEach((number, place) => {
      if (textOf(stored, number) === textOf(mirrored, number)) return;
      if (!stretch || stretch.end !== place || place - stretch.first >= STRETCH) {
        stretch = { series, first: place, from: edges[place] };
        ranges.push(stretch);
      }
      [stretch.end, stretch.to] = [place + 1, edges[place + 1]];
    });
  }
  return ranges;
}

// --- the plan -----------------------------------------------------------------------------------------------------

async function midnightsOf(numbers, zone) {
  const labels = numbers.map((number) => `${dayText(number)} 00:00:00`);
  const { instants } = await context.functions.execute("localTime", { zone, labels });
  return instants.map(([first]) => first);
}

// The windows of all datasets with their days and midnights, in one question.
async function addEdges(planned, zone) {
  const windows = [].concat(...planned.map((dataset) => dataset.windows));
  const numbers = [].concat(...windows.map(({ first, end }) => numbersBetween(first, end + 1)));
  const midnights = await midnightsOf(numbers, zone);
  for (const window of windows) {
    const count = window.end - window.first + 1;
    const days = numbers.splice(0, count).map(dayText);
    Object.assign(window, { edges: midnights.splice(0, count), start: days[0], end: days.pop(), days });
  }
}

// What is stored of a dataset: which days are begun, and which full: every area has readings, and each of its series covers
// the whole day; firstBegun: the first of these; base: the day after which days are missing; old: the end (ms) of its last
// reading, where that had to be looked for, as it is older than the days that were counted.
async function stretchOf(collection, { series, flow, areas, ahead }, { today, numbers, edges, stored, ...known }) {
  const own = known.own.filter((one) =>
    series ? nameOf(series) === nameOf(one) : one.flow === flow && areas.includes(one.id));
  const counts = own.map((one) => stored[nameOf(one)]).filter(Boolean);
  const [begun, full] = [{}, {}];
  numbers.forEach((number, place) => {
    const ms = edges[place + 1] - edges[place];
    const there = counts.filter(({ days }) => days[number] && days[number].seconds > 0);
    const hasAll = (areas || []).every((area) => there.some((count) => count.series.id === area));
    begun[number] = there.length > 0;
    full[number] = begun[number] && hasAll && there.every(({ days }) => days[number].seconds * 1000 >= ms);
  });
  const firstBegun = numbers.find((number) => begun[number]);
  const lastFull = numbers.filter((number) => number < today + (ahead || 0) && full[number]).pop();
  const base = lastFull === undefined && series && firstBegun !== undefined ? firstBegun - 1 : lastFull;
  if (base !== undefined) return { begun, full, firstBegun, base };
  const newest = collection.find({ series: { $in: own } }, { ts: 1, seconds: 1 }).sort({ ts: -1 }).limit(1);
  const [last] = await newest.toArray();
  const old = last ? last.ts.getTime() + Number(last.seconds) * 1000 : null;
  // The day in which it ends is asked for with the others; by winter time, so that in summer the day before may be, too.
  const before = old === null ? today - BEGINNING - 1 : Math.floor((old + HOUR) / DAY) - 1;
  return { begun, full, firstBegun, base: before, old };
}

exports = async function dailyPlan({ source, datasets, at: moment, ...place }) {
  const isDate = typeof moment.getTime === "function"; // not in a bundle
  if (!isDate) throw new Error("a Date does not stay one on its way to another function"); // not in a bundle
  const at = moment.getTime();
  const { name, job, zone } = source;
  const collection = context.services.get(place.service).db(place.database).collection(place.record);
  const { walls } = await context.functions.execute("localTime", { zone, instants: [at] });
  const today = dayNumber(walls[0].slice(0, 10));
  const last = today + Math.max(0, ...datasets.map(({ ahead }) => ahead || 0));
  const numbers = numbersBetween(today - LOOK_BACK, last);
  const edges = await midnightsOf([...numbers, last], zone);
  let own = datasets.map(({ series }) => series);
  let ops = 4 * NESTED; // localTime three times, checkStore
  if (!own.every(Boolean)) {
    // Whatever is stored of the source, one step of the index for each.
    const stored = await collection.aggregate([{ $group: { _id: "$series" } }]).toArray();
    own = stored.map(({ _id }) => _id).filter((series) => series && series.source === name);
    ops += 1;
  }
  const sums = dailySums(zone, own, edges[0], edges[edges.length - 1]);
  const reads = [
    { collection: place.record, stages: sums },
    { collection: place.mirror, stages: sums },
    { collection: "sync_runs", stages: newestCalls(job, at) },
  ];
  const { problem, rows, ...checked } = await context.functions.execute("checkStore", { ...place, source: name, reads });
  ops += checked.ops;
  if (problem) return { ops: ops - NESTED, problem };
  const keys = {};
  for (const { name: key, series } of datasets) if (series) keys[nameOf(series)] = key;
  const [stored, mirrored] = rows.slice(0, 2).map((each) => countedByDay(each, source));
  const past = rows[2].map(pastCall);
  const known = { source, today, numbers, edges, midnight: edges[LOOK_BACK], own, stored, past, at };
  const heal = differing(stored, mirrored, known);
  const planned = [];
  for (const dataset of datasets) {
    const found = await stretchOf(collection, dataset, known);
    const { series } = dataset;
    if (found.old !== undefined) ops += 1;
    if (found.old && series) heal.push({ series, from: found.old - STRETCH * DAY, to: found.old });
    planned.push(planOf(dataset, found, known));
  }
  await addEdges(planned, zone);
  return {
    today: dayText(today),
    ops,
    callsToday: past.reduce((sum, { calls }) => sum + calls, 0),
    heal: heal.map(({ series, from, to }) => ({ key: keys[nameOf(series)], series, edges: [from, to], readings: [] })),
    datasets: planned,
  };
};
