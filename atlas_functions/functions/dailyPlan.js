// What is to be asked of a source and what is to be healed, from what is stored and what was asked before. Reads, never
// writes.
//
//   dailyPlan({service, database, record, mirror, source, datasets, at})
//     -> {today, operations, callsToday, heal: [{key, series, edges: [from, to], readings: []}],
//         datasets: [{name, state, windows, failed, until}]} or {operations, problem: see checkStore}
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

const NESTED = typeof bundled === "undefined" ? 1 : 0;
const DAY = 86400000;
const HOUR = 3600000;
const LOOK_BACK = 45; // days over which the stored readings are counted
const BEGINNING = 7; // days that a first run asks for; python -m sync backfill loads the others
const STRETCH = 7; // days healed as one range
const RECENT = 7;
const REVISIT = 30;
const LONGEST_CALL = 7; // days of a load curve in one call
const CALLS = 2; // for one load curve in one run
const HISTORY = 740; // days back from today that load curves are surely served
const REST = 4 * HOUR; // of a short answer that may be corrected
const ANSWERED = ["done", "partial", "empty"];

const dayNumber = (day) => Date.parse(`${day}T00:00:00Z`) / DAY;
const dayText = (number) => new Date(number * DAY).toISOString().slice(0, 10);
const areSeries = (datasets) => datasets.every(({ series }) => series);
const nameOf = ({ id, flow, group }) => [id, flow, group || ""].join(" ");

function numbersBetween(first, end) {
  const numbers = [];
  for (let number = first; number < end; number += 1) numbers.push(number);
  return numbers;
}

// --- what the database knows --------------------------------------------------------------------------------------

// The series that a source is about: those of its datasets, or whatever is stored of it, one step of the index for each.
async function seriesOf(collection, { name }, datasets) {
  if (areSeries(datasets)) return datasets.map(({ series }) => series);
  const stored = await collection.aggregate([{ $group: { _id: "$series" } }]).toArray();
  return stored.map(({ _id }) => _id).filter((series) => series && series.source === name);
}

// Of each series and local day: how many readings, and their sums.
function dailySums({ source, own, from, to }) {
  const match = { series: { $in: own }, ts: { $gte: new Date(from), $lt: new Date(to) } };
  const day = { $dateToString: { format: "%Y-%m-%d", date: "$ts", timezone: source.zone } };
  const sums = { seconds: { $sum: "$seconds" }, wh: { $sum: "$wh" }, readings: { $sum: 1 } };
  return [{ $match: match }, { $group: { _id: { series: "$series", day }, ...sums } }];
}

// Of each series (by name) and local day: its seconds, and as a text what both sides must have in common.
function countedByDay(sums, { comparesEnergy }) {
  const counts = Object.create(null);
  for (const { _id, seconds, wh, readings } of sums) {
    const place = nameOf(_id.series);
    if (!counts[place]) counts[place] = { series: _id.series, days: {} };
    const numbers = [readings, seconds, ...(comparesEnergy ? [wh] : [])].map(Number);
    if (numbers.some(isNaN)) throw new Error("numbers of the database cannot be read on this platform");
    counts[place].days[dayNumber(_id.day)] = { seconds: numbers[1], text: numbers.join(" ") };
  }
  return counts;
}

// The calls of the last weeks, of each kind the newest.
function newestCalls(job, at) {
  const since = at - (REVISIT + 1) * DAY;
  const oldest = new BSON.ObjectId(`${Math.floor(since / 1000).toString(16)}0000000000000000`);
  const midnight = new Date(Math.floor(at / DAY) * DAY);
  const today = { $cond: [{ $gte: ["$at", midnight] }, "$series.calls", 0] };
  const kind = { dataset: "$series.series", asked: "$series.asked", state: "$series.state" };
  const newest = { at: { $max: "$at" }, until: { $max: "$series.until" }, calls: { $sum: today } };
  return [
    { $match: { _id: { $gte: oldest }, function: job, at: { $gte: new Date(since) } } },
    { $unwind: "$series" },
    { $match: { "series.calls": { $gt: 0 } } },
    { $group: { _id: kind, ...newest } },
  ];
}

// {dataset, first, end, state, at, until, calls}: a call for the days [first, end).
function pastCall({ _id: { dataset, asked, state }, at, until, calls }) {
  const [first, end] = asked.map(dayNumber);
  return { dataset, first, end, state, at: at.getTime(), until: until ? until.getTime() : 0, calls: Number(calls) };
}

// End (ms) of the last reading of any of these series, or null.
async function lastEnd(collection, own) {
  const newest = collection.find({ series: { $in: own } }, { ts: 1, seconds: 1 }).sort({ ts: -1 }).limit(1);
  const [last] = await newest.toArray();
  return last ? last.ts.getTime() + Number(last.seconds) * 1000 : null;
}

// --- planning, pure -----------------------------------------------------------------------------------------------

const isOf = ({ series, flow, areas }) => (one) => {
  return series ? nameOf(series) === nameOf(one) : one.flow === flow && areas.indexOf(one.id) >= 0;
};

// Which days are begun, and which full: every area has readings, and each of its series covers the whole day.
function daysOf({ areas }, own, { stored, numbers, edges }) {
  const counts = own.map((series) => stored[nameOf(series)]).filter(Boolean);
  const [begun, full] = [{}, {}];
  numbers.forEach((number, place) => {
    const length = edges[place + 1] - edges[place];
    const there = counts.filter(({ days }) => days[number] && days[number].seconds > 0);
    const hasAll = (areas || []).every((area) => there.some(({ series }) => series.id === area));
    begun[number] = there.length > 0;
    full[number] = begun[number] && hasAll && there.every(({ days }) => days[number].seconds * 1000 >= length);
  });
  return { begun, full };
}

// When a day was last answered (ms), or null.
function answeredAt(number, calls) {
  const over = calls.filter(({ first, end, state }) => {
    return first <= number && number < end && ANSWERED.indexOf(state) >= 0;
  });
  return over.length ? Math.max(...over.map((call) => call.at)) : null;
}

// {number, answered} of every day of a final series to be asked, and whether some day is short but resting.
function dueDays({ full, begun, base, firstBegun }, calls, { today, at }) {
  const due = [];
  let resting = false;
  for (const number of numbersBetween(Math.max(Math.min(base + 1, today - REVISIT), today - HISTORY), today)) {
    const age = today - number;
    const answered = answeredAt(number, calls);
    const isLost = age <= REVISIT && firstBegun !== undefined && !begun[number] && answered !== null;
    const isWanted = number > base || age <= RECENT || isLost;
    const isBeforeAll = firstBegun !== undefined && number < firstBegun && answered !== null;
    if (full[number] || !isWanted || isBeforeAll) continue;
    const rest = age <= RECENT ? 6 * HOUR : 20 * HOUR;
    if (answered === null || (age <= REVISIT && at - answered >= rest)) due.push({ number, answered });
    else if (age <= RECENT) resting = true;
  }
  return { due, resting };
}

// Days joined to calls.
function finalWindows(stored, calls, known) {
  const { due, resting } = dueDays(stored, calls, known);
  const windows = [];
  for (const { number, answered } of due) {
    const last = windows[windows.length - 1];
    if (last && number - last.first < LONGEST_CALL) {
      last.end = number + 1;
      last.answered = Math.min(last.answered, answered || 0);
    } else windows.push({ first: number, end: number + 1, answered: answered || 0 });
  }
  windows.sort((one, other) => one.answered - other.answered || one.first - other.first);
  return { windows: windows.slice(0, CALLS).sort((one, other) => one.first - other.first), resting };
}

// Days that every run wants of a corrected dataset, cut into calls, and the older week whose turn it is.
function wantedWindows(dataset, base, today) {
  const { again, ahead, longest, reaches, older } = dataset;
  const end = today + ahead;
  const beginning = dayNumber(dataset.first);
  const newest = Math.min(base + 1, today - again);
  const reach = reaches && newest > today - longest ? reaches[today % reaches.length] : 0;
  const windows = [];
  for (let first = Math.max(Math.min(newest, today - again - reach), beginning); first < end; first += longest) {
    windows.push({ first, end: Math.min(first + longest, end), answered: 0 });
  }
  if (older) {
    const weeks = Math.ceil((older.days - again) / older.length);
    const last = today - again - (today % weeks) * older.length;
    const week = { first: Math.max(last - older.length, today - older.days, beginning), end: last, answered: 0 };
    if (week.first < week.end && !windows.some((window) => window.first <= week.first)) windows.push(week);
  }
  return windows.slice(0, dataset.calls);
}

// Without those that a call of today answered whole, or in part not long ago.
function correctedWindows(dataset, base, calls, { today, at, midnight }) {
  let resting = false;
  const windows = wantedWindows(dataset, base, today).filter((window) => {
    const over = calls.filter((call) => call.first <= window.first && window.end <= call.end && call.at >= midnight);
    if (over.some(({ state }) => state === "done")) return false;
    const isShort = over.some(({ state, at: moment }) => ANSWERED.indexOf(state) >= 0 && at - moment < REST);
    resting = resting || isShort;
    return !isShort;
  });
  return { windows, resting };
}

function planOf(dataset, stored, known) {
  const { past, at, sharesQuota } = known;
  const calls = past.filter((call) => call.dataset === dataset.name);
  const isFinal = dataset.again === undefined;
  const { windows, resting } = isFinal
    ? finalWindows(stored, calls, known)
    : correctedWindows(dataset, stored.base, calls, known);
  const newest = calls.reduce((last, call) => (last && last.at >= call.at ? last : call), null);
  const until = Math.max(0, ...(sharesQuota ? past : calls).map((call) => call.until));
  return {
    name: dataset.name,
    state: windows.length ? "due" : resting ? "resting" : "complete",
    windows,
    failed: Boolean(newest) && newest.state === "failed",
    until: until > at ? new Date(until) : null,
  };
}

// Ranges of each series where both sides differ.
function differing(stored, mirrored, { numbers, edges }) {
  const ranges = [];
  const sides = { ...mirrored, ...stored };
  for (const name of Object.keys(sides)) {
    const { series } = sides[name];
    const textOf = (counts, number) => (counts[name] && counts[name].days[number] ? counts[name].days[number].text : "");
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
  const local = await context.functions.execute("localTime", { zone, labels });
  return local.instants.map((instants) => instants[0]);
}

// The windows of all datasets with their days and midnights, in one question.
async function addEdges(planned, zone) {
  const windows = [].concat(...planned.map((dataset) => dataset.windows));
  const numbers = [].concat(...windows.map(({ first, end }) => numbersBetween(first, end + 1)));
  const midnights = await midnightsOf(numbers, zone);
  let place = 0;
  for (const window of windows) {
    const count = window.end - window.first;
    window.edges = midnights.slice(place, place + count + 1);
    [window.days, window.start] = [numbers.slice(place, place + count).map(dayText), dayText(window.first)];
    window.end = dayText(window.end);
    place += count + 1;
  }
}

// A range as a batch without readings, with the key of its series.
function keyed(datasets) {
  const keys = {};
  for (const { name, series } of datasets) if (series) keys[nameOf(series)] = name;
  return ({ series, from, to }) => {
    const { source, id, flow, group } = series;
    const key = keys[nameOf(series)] || [source, id, flow, group].join(":");
    return { key, series, edges: [from, to], readings: [] };
  };
}

// What is stored of a dataset: see daysOf; firstBegun: its first day; base: the day after which days are missing; old: the
// end (ms) of its last reading, where that is older than the days that were counted.
async function stretchOf(collection, dataset, days) {
  const { today, numbers, own } = days;
  const ofDataset = own.filter(isOf(dataset));
  const { begun, full } = daysOf(dataset, ofDataset, days);
  const firstBegun = numbers.find((number) => begun[number]);
  const base = numbers.filter((number) => number < today + (dataset.ahead || 0) && full[number]).pop();
  if (base !== undefined) return { begun, full, firstBegun, base };
  if (dataset.series && firstBegun !== undefined) return { begun, full, firstBegun, base: firstBegun - 1 };
  const old = await lastEnd(collection, ofDataset);
  if (old === null) return { begun, full, firstBegun, base: today - BEGINNING - 1, looked: 1 };
  // The day in which it ends is asked for with the others; by winter time, so that in summer the day before may be, too.
  return { begun, full, firstBegun, base: Math.floor((old + HOUR) / DAY) - 1, old, looked: 1 };
}

exports = async function dailyPlan({ source, datasets, at, ...place }) {
  if (typeof at.getTime !== "function") throw new Error("a Date does not stay one on its way to another function");
  const db = context.services.get(place.service).db(place.database);
  const collection = db.collection(place.record);
  const today = dayNumber(await context.functions.execute("formatDate", at, "YYYY-MM-DD", source.zone));
  const last = today + Math.max(0, ...datasets.map(({ ahead }) => ahead || 0));
  const numbers = numbersBetween(today - LOOK_BACK, last);
  const edges = await midnightsOf([...numbers, last], source.zone);
  const own = await seriesOf(collection, source, datasets);
  const sums = dailySums({ source, own, from: edges[0], to: edges[edges.length - 1] });
  const reads = [
    { collection: place.record, stages: sums },
    { collection: place.mirror, stages: sums },
    { collection: "sync_runs", stages: newestCalls(source.job, at.getTime()) },
  ];
  const checked = await context.functions.execute("checkStore", { ...place, source: source.name, reads });
  // formatDate asks localTime; so do both questions for midnights.
  let operations = checked.operations + 5 * NESTED + (areSeries(datasets) ? 0 : 1);
  if (checked.problem) return { operations: operations - NESTED, problem: checked.problem };
  const [stored, mirrored] = checked.rows.slice(0, 2).map((rows) => countedByDay(rows, source));
  const past = checked.rows[2].map(pastCall);
  const known = { today, past, at: at.getTime(), midnight: edges[LOOK_BACK], sharesQuota: source.sharesQuota };
  const heal = differing(stored, mirrored, { numbers, edges });
  const planned = [];
  for (const dataset of datasets) {
    const stretch = await stretchOf(collection, dataset, { today, numbers, edges, own, stored });
    if (stretch.looked) operations += 1;
    const { old } = stretch;
    if (old && dataset.series) heal.push({ series: dataset.series, from: old - STRETCH * DAY, to: old });
    planned.push(planOf(dataset, stretch, known));
  }
  await addEdges(planned, source.zone);
  const callsToday = past.reduce((sum, call) => sum + call.calls, 0);
  return { today: dayText(today), operations, callsToday, heal: heal.map(keyed(datasets)), datasets: planned };
};
