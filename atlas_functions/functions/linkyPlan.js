// What is to be asked and what is to be healed, from what is stored and what was asked before. Reads, never writes.
//
//   linkyPlan({service, database, record, mirror, series: [{key, prm, flow}], at})
//     -> {today, operations, rest: {until, key} or null, callsToday, series: [{key, state, windows, heal, failed}]}
//
// A window is one call: {start, end, days, edges} with local days [start, end), at most seven, and their midnights (ms).
// heal: [[from, to]] (ms), where the mirror differs from the record. state: "due" | "resting" (short, but asked less than
// six hours ago) | "complete". failed: the last call for it failed. rest: no call at all before `until` (Date).
//
// Due are: the days after the last full one, however many; of the last week every day that is not full; of the last month
// every day between stored ones that was asked for and of which there is still no reading. A day that was answered and is
// still short is asked again after six hours, once it is older than a week after twenty, and never once it is older than
// a month. For a day older than a week that is there in part, and for older holes, python -m sync backfill is the one to
// ask. Of more than two windows those go first that were answered the longest ago, or never; the next run takes up the
// others.

const ZONE = "Europe/Paris";
const DAY = 86400000;
const HOUR = 3600000;
const LOOK_BACK = 40; // days over which the stored readings are counted
const RECENT = 7;
const REVISIT = 30;
const LONGEST_CALL = 7; // days of a load curve in one call
const WINDOWS = 2; // calls for one series in one run
const HISTORY = 740; // days back from today that the API surely serves
const ANSWERED = ["done", "partial", "empty"];

const dayNumber = (day) => Date.parse(`${day}T00:00:00Z`) / DAY;
const storedSeries = ({ prm, flow }) => ({ flow, id: prm, source: "linky" });
const dayText = (number) => new Date(number * DAY).toISOString().slice(0, 10);

// --- what the database knows --------------------------------------------------------------------------------------

// Seconds, Wh and readings of each local day, by "prm flow" and day.
async function countedByDay(collection, wanted, from, to) {
  const match = { series: { $in: wanted.map(storedSeries) }, ts: { $gte: new Date(from), $lt: new Date(to) } };
  const day = { $dateToString: { format: "%Y-%m-%d", date: "$ts", timezone: ZONE } };
  const sums = { seconds: { $sum: "$seconds" }, wh: { $sum: "$wh" }, readings: { $sum: 1 } };
  const group = { _id: { id: "$series.id", flow: "$series.flow", day }, ...sums };
  const counts = {};
  for (const { _id, seconds, wh, readings } of await collection.aggregate([{ $match: match }, { $group: group }]).toArray()) {
    const name = `${_id.id} ${_id.flow}`;
    if (!counts[name]) counts[name] = {};
    counts[name][dayNumber(_id.day)] = { seconds: Number(seconds), text: `${readings} ${seconds} ${wh}` };
  }
  return counts;
}

// Calls of the last weeks: [{series, first, end, state, at, until, calls}], of each kind the newest. Days [first, end).
async function pastCalls(runs, at) {
  const since = at - (REVISIT + 1) * DAY;
  const oldest = new BSON.ObjectId(`${Math.floor(since / 1000).toString(16)}0000000000000000`);
  const midnight = new Date(Math.floor(at / DAY) * DAY);
  const today = { $cond: [{ $gte: ["$at", midnight] }, "$series.calls", 0] };
  const entry = { series: "$series.series", asked: "$series.asked", state: "$series.state" };
  const newest = { at: { $max: "$at" }, until: { $max: "$series.until" }, calls: { $sum: today } };
  const found = await runs
    .aggregate([
      { $match: { _id: { $gte: oldest }, function: "linkyDaily", at: { $gte: new Date(since) } } },
      { $unwind: "$series" },
      { $match: { "series.calls": { $gt: 0 } } },
      { $group: { _id: entry, ...newest } },
    ])
    .toArray();
  return found.map(({ _id: { series, asked, state }, at: newestAt, until, calls }) => {
    const [first, end] = asked.map(dayNumber);
    return { series, first, end, state, at: newestAt.getTime(), until, calls: Number(calls) };
  });
}

async function lastReading(collection, series) {
  const [last] = await collection.find({ series: storedSeries(series) }, { ts: 1, seconds: 1 }).sort({ ts: -1 }).limit(1).toArray();
  return last ? last.ts.getTime() : null;
}

// --- planning, pure -----------------------------------------------------------------------------------------------

// When a day was last answered (ms), or null.
function answeredAt(number, calls) {
  const over = calls.filter(({ first, end, state }) => {
    return first <= number && number < end && ANSWERED.indexOf(state) >= 0;
  });
  return over.length ? Math.max(...over.map((call) => call.at)) : null;
}

// {number, answered} of every day to be asked, and whether some day is short but resting.
function dueDays({ today, full, begun, base, firstStored, calls, at }) {
  const due = [];
  let resting = false;
  const first = Math.max(Math.min(base + 1, today - REVISIT), today - HISTORY);
  for (let number = first; number < today; number += 1) {
    const age = today - number;
    const answered = answeredAt(number, calls);
    const isLost = age <= REVISIT && firstStored !== null && !begun[number] && answered !== null;
    const isWanted = number > base || age <= RECENT || isLost;
    const isBeforeAll = firstStored !== null && number < firstStored && answered !== null;
    if (full[number] || !isWanted || isBeforeAll) continue;
    const rest = age <= RECENT ? 6 * HOUR : 20 * HOUR;
    if (answered === null || (age <= REVISIT && at - answered >= rest)) due.push({ number, answered });
    else if (age <= RECENT) resting = true;
  }
  return { due, resting };
}

// Days joined to calls. answered: when the day of a window that waits the longest was answered (ms), 0 for never.
function windowsOf(due) {
  const windows = [];
  for (const { number, answered } of due) {
    const last = windows[windows.length - 1];
    if (last && number - last.first < LONGEST_CALL) {
      last.end = number + 1;
      last.answered = Math.min(last.answered, answered || 0);
    } else windows.push({ first: number, end: number + 1, answered: answered || 0 });
  }
  windows.sort((one, other) => one.answered - other.answered || one.first - other.first);
  return windows.slice(0, WINDOWS).sort((one, other) => one.first - other.first);
}

// [[first day, day after]] where both sides differ, in stretches of at most a week.
function differingDays(today, ours, theirs) {
  const stretches = [];
  for (let number = today - LOOK_BACK; number < today; number += 1) {
    const [one, other] = [ours[number], theirs[number]].map((day) => (day ? day.text : ""));
    const last = stretches[stretches.length - 1];
    if (one === other) continue;
    if (last && last[1] === number && number - last[0] < LONGEST_CALL) last[1] = number + 1;
    else stretches.push([number, number + 1]);
  }
  return stretches;
}

// Of the last weeks: which days are full and which begun, after which day days are missing, the first that is stored.
function stretchOf(today, edges, days) {
  const full = {};
  const begun = {};
  let base = null;
  let firstStored = null;
  for (let number = today - LOOK_BACK; number < today; number += 1) {
    const place = number - today + LOOK_BACK;
    const stored = days[number] ? days[number].seconds : 0;
    begun[number] = stored > 0;
    if (begun[number] && firstStored === null) firstStored = number;
    full[number] = stored * 1000 >= edges[place + 1] - edges[place];
    if (full[number]) base = number;
  }
  if (base === null && firstStored !== null) base = firstStored - 1;
  return { full, begun, base, firstStored };
}

async function midnightsOf(numbers) {
  const labels = numbers.map((number) => `${dayText(number)} 00:00:00`);
  const local = await context.functions.execute("localTime", { zone: ZONE, labels });
  return local.instants.map((instants) => instants[0]);
}

// The windows of all series with their days and midnights, in one question.
async function withEdges(planned) {
  const numbers = [];
  const windows = [].concat(...planned.map((each) => each.windows));
  for (const { first, end } of windows) for (let number = first; number <= end; number += 1) numbers.push(number);
  const midnights = await midnightsOf(numbers);
  let place = 0;
  for (const window of windows) {
    const length = window.end - window.first;
    window.edges = midnights.slice(place, place + length + 1);
    window.days = numbers.slice(place, place + length).map(dayText);
    window.start = window.days[0];
    window.end = dayText(window.end);
    place += length + 1;
  }
}

function planOf(series, stretch, known) {
  const calls = known.past.filter((call) => call.series === series.key);
  const { due, resting } = dueDays({ ...stretch, calls, today: known.today, at: known.at });
  const newest = calls.reduce((last, call) => (last && last.at >= call.at ? last : call), null);
  const state = resting ? "resting" : "complete";
  const failed = Boolean(newest) && newest.state === "failed";
  return { key: series.key, state: due.length ? "due" : state, windows: windowsOf(due), failed, heal: [] };
}

exports = async function linkyPlan({ service, database, record, mirror, series, at }) {
  const db = context.services.get(service).db(database);
  const collection = db.collection(record);
  const today = dayNumber(await context.functions.execute("formatDate", at, "YYYY-MM-DD", ZONE));
  const numbers = [];
  for (let number = today - LOOK_BACK; number <= today; number += 1) numbers.push(number);
  const edges = await midnightsOf(numbers);
  const stored = await countedByDay(collection, series, edges[0], edges[LOOK_BACK]);
  const mirrored = await countedByDay(db.collection(mirror), series, edges[0], edges[LOOK_BACK]);
  const past = await pastCalls(db.collection("sync_runs"), at.getTime());
  const known = { today, past, at: at.getTime() };
  let operations = 7; // six above (formatDate asks localTime), and one for the windows
  const planned = [];
  for (const each of series) {
    const days = stored[`${each.prm} ${each.flow}`] || {};
    const stretch = stretchOf(today, edges, days);
    let old = null;
    if (stretch.base === null) {
      operations += 1;
      old = await lastReading(collection, each);
      // Its day may be full or not: it is asked again with the others.
      stretch.base = old === null ? today - RECENT - 1 : Math.floor((old + HOUR) / DAY) - 1;
    }
    const plan = planOf(each, stretch, known);
    const differing = differingDays(today, days, mirrored[`${each.prm} ${each.flow}`] || {});
    const place = (number) => edges[number - today + LOOK_BACK];
    plan.heal = differing.map(([first, end]) => [place(first), place(end)]);
    if (old !== null) plan.heal.unshift([old - RECENT * DAY, old + HOUR]);
    planned.push(plan);
  }
  await withEdges(planned);
  const resting = past.filter((call) => call.until && call.until.getTime() > at.getTime());
  const rest = resting.sort((one, other) => other.until.getTime() - one.until.getTime())[0];
  return {
    today: dayText(today),
    operations,
    rest: rest ? { until: rest.until, key: rest.series } : null,
    callsToday: past.reduce((sum, call) => sum + call.calls, 0),
    series: planned,
  };
};

if (typeof module !== "undefined") module.exports = exports;
