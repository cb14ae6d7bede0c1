// What is to be asked of an open source and what is to be healed, from what is stored and what was asked before. Reads,
// never writes.
//
//   openPlan({service, database, record, mirror, name, source, zone, datasets, at})
//     -> {today, operations, heal: [{key, series, from, to}], datasets: [{name, state, windows, until}]}
//
// name: of the function whose runs count; datasets: as elhubDaily declares them. A window is one call: {start, end, low,
// high} with local days [start, end) and their midnights (ms). heal: where the mirror lacks documents of the record (ms).
// state: "due" | "resting" (short, but asked less than four hours ago) | "complete"; until: a Date before which the API
// wants no call, or null.
//
// Due are: the days after the last full one, however many, and always the last few, as they are still corrected; and of
// the older ones a part, in turn: one week a day in a call of its own, or the same call reaches further back. Nothing is
// asked twice on a local day, but for what failed or was short.

const DAY = 86400000;
const HOUR = 3600000;
const LOOK_BACK = 45; // days over which the stored readings are counted
const BEGINNING = 7; // days that a first run asks for; python -m sync backfill loads the others
const REST = 4 * HOUR;
const LONGEST_STRETCH = 7; // days healed as one range

const dayNumber = (day) => Date.parse(`${day}T00:00:00Z`) / DAY;
const dayText = (number) => new Date(number * DAY).toISOString().slice(0, 10);
const nameOf = ({ source, id, flow, group }) => [source, id, flow, group].join(":");

// --- what the database knows --------------------------------------------------------------------------------------

// The stored series of a source: one step of the index for each.
async function storedSeries(collection, source) {
  const found = await collection.aggregate([{ $group: { _id: "$series" } }]).toArray();
  return found.map(({ _id }) => _id).filter((series) => series && series.source === source);
}

// Of each series (by its key) and local day: seconds, and readings with seconds as a text.
async function countedByDay(collection, series, zone, from, to) {
  const match = { series: { $in: series }, ts: { $gte: new Date(from), $lt: new Date(to) } };
  const day = { $dateToString: { format: "%Y-%m-%d", date: "$ts", timezone: zone } };
  const sums = { seconds: { $sum: "$seconds" }, readings: { $sum: 1 } };
  const stages = [{ $match: match }, { $group: { _id: { series: "$series", day }, ...sums } }];
  const found = await collection.aggregate(stages).toArray();
  const counts = {};
  for (const { _id, seconds, readings } of found) {
    const key = nameOf(_id.series);
    if (!counts[key]) counts[key] = { series: _id.series, days: {} };
    counts[key].days[dayNumber(_id.day)] = { seconds: Number(seconds), text: `${readings} ${seconds}` };
  }
  return counts;
}

// Calls of today and pauses that were asked for: [{dataset, first, end, state, at, until}], days [first, end).
async function pastCalls(runs, name, at) {
  const since = new Date(at - 2 * DAY);
  const found = await runs
    .aggregate([
      { $match: { function: name, at: { $gte: since } } },
      { $unwind: "$series" },
      { $match: { "series.calls": { $gt: 0 } } },
      { $project: { _id: 0, at: 1, call: "$series" } },
    ])
    .toArray();
  return found.map(({ call: { series: dataset, asked, state, until }, at: moment }) => {
    return { dataset, state, until, at: moment.getTime(), first: dayNumber(asked[0]), end: dayNumber(asked[1]) };
  });
}

// The day of the last reading of a dataset, or null.
async function lastDay(collection, series, { flow, areas }) {
  const own = series.filter((each) => each.flow === flow && areas.indexOf(each.id) >= 0);
  const stages = [{ $match: { series: { $in: own } } }, { $group: { _id: null, ts: { $max: "$ts" } } }];
  const [found] = await collection.aggregate(stages).toArray();
  return found ? Math.floor((found.ts.getTime() + 2 * HOUR) / DAY) : null;
}

// --- planning, pure -----------------------------------------------------------------------------------------------

// The last day on which every area has readings and each of its series covers the whole day; null when there is none.
function lastFull({ flow, areas }, stored, { today, ahead, edges }) {
  const own = Object.keys(stored).map((key) => stored[key]).filter(({ series }) => {
    return series.flow === flow && areas.indexOf(series.id) >= 0;
  });
  for (let number = today + ahead - 1; number >= today - LOOK_BACK; number -= 1) {
    const place = number - today + LOOK_BACK;
    const length = edges[place + 1] - edges[place];
    const there = own.filter(({ days }) => days[number]);
    const hasAll = areas.every((area) => there.some(({ series }) => series.id === area));
    if (hasAll && there.every(({ days }) => days[number].seconds * 1000 >= length)) return number;
  }
  return null;
}

// Days [first, end) that every run wants, cut into calls, and the older week whose turn it is.
function wantedWindows(dataset, base, today) {
  const end = today + dataset.ahead;
  const reach = dataset.reaches ? dataset.reaches[today % dataset.reaches.length] : 0;
  const newest = Math.min(base + 1, today - dataset.again);
  const isFarBehind = newest <= today - dataset.longest;
  const start = isFarBehind ? newest : Math.min(newest, today - dataset.again - reach);
  const first = Math.max(start, dayNumber(dataset.first));
  const windows = [];
  for (let number = first; number < end; number += dataset.longest) {
    windows.push({ first: number, end: Math.min(number + dataset.longest, end) });
  }
  if (dataset.older) {
    const { days, length } = dataset.older;
    const youngest = today - dataset.again;
    const weeks = Math.ceil((days - dataset.again) / length);
    const last = youngest - (today % weeks) * length;
    const older = { first: Math.max(last - length, today - days, dayNumber(dataset.first)), end: last };
    if (older.first < older.end && !windows.some((window) => window.first <= older.first)) windows.push(older);
  }
  return windows.slice(0, dataset.calls);
}

// "done" when a call of today answered the whole window, "resting" when it was short not long ago, else "due".
function stateOf(window, calls, midnight, at) {
  const over = calls.filter((call) => call.first <= window.first && window.end <= call.end && call.at >= midnight);
  if (over.some(({ state }) => state === "done")) return "done";
  const isRecent = (call) => (call.state === "partial" || call.state === "empty") && at - call.at < REST;
  return over.some(isRecent) ? "resting" : "due";
}

function planOf(dataset, base, known) {
  const { today, at, midnight } = known;
  const calls = known.past.filter((call) => call.dataset === dataset.name);
  const wanted = wantedWindows(dataset, base, today);
  const states = wanted.map((window) => ({ window, state: stateOf(window, calls, midnight, at) }));
  const windows = states.filter(({ state }) => state === "due").map(({ window }) => window);
  const resting = states.some(({ state }) => state === "resting");
  const pauses = calls.filter(({ until }) => until && until.getTime() > at).map(({ until }) => until.getTime());
  const until = pauses.length ? new Date(Math.max(...pauses)) : null;
  return { name: dataset.name, state: windows.length ? "due" : resting ? "resting" : "complete", windows, until };
}

// Ranges of each series where both sides differ in number or length.
function differing(stored, mirrored, { today, last, edges }) {
  const ranges = [];
  for (const key of Object.keys(stored)) {
    const { series, days } = stored[key];
    const theirs = mirrored[key] ? mirrored[key].days : {};
    let stretch = null;
    for (let number = today - LOOK_BACK; number < last; number += 1) {
      const place = number - today + LOOK_BACK;
      if (!days[number] || (theirs[number] && theirs[number].text === days[number].text)) continue;
      if (stretch && stretch.end === number && number - stretch.first < LONGEST_STRETCH) stretch.end = number + 1;
      else {
        stretch = { key, series, first: number, end: number + 1, from: edges[place] };
        ranges.push(stretch);
      }
      stretch.to = edges[place + 1];
    }
  }
  return ranges.map(({ key, series, from, to }) => ({ key, series, from, to }));
}

// --- the plan -----------------------------------------------------------------------------------------------------

async function midnightsOf(numbers, zone) {
  const labels = numbers.map((number) => `${dayText(number)} 00:00:00`);
  const local = await context.functions.execute("localTime", { zone, labels });
  return local.instants.map((instants) => instants[0]);
}

async function withEdges(planned, zone) {
  const windows = [].concat(...planned.map((each) => each.windows));
  const edges = await midnightsOf([].concat(...windows.map(({ first, end }) => [first, end])), zone);
  windows.forEach((window, index) => {
    [window.low, window.high] = edges.slice(2 * index, 2 * index + 2);
    [window.start, window.end] = [dayText(window.first), dayText(window.end)];
  });
}

exports = async function openPlan({ service, database, record, mirror, name, source, zone, datasets, at }) {
  const db = context.services.get(service).db(database);
  const today = dayNumber(await context.functions.execute("formatDate", at, "YYYY-MM-DD", zone));
  const last = today + Math.max(...datasets.map(({ ahead }) => ahead), 0);
  const numbers = [];
  for (let number = today - LOOK_BACK; number <= last; number += 1) numbers.push(number);
  const edges = await midnightsOf(numbers, zone);
  const [from, to] = [edges[0], edges[edges.length - 1]];
  const series = await storedSeries(db.collection(record), source);
  const stored = await countedByDay(db.collection(record), series, zone, from, to);
  const mirrored = await countedByDay(db.collection(mirror), series, zone, from, to);
  const past = await pastCalls(db.collection("sync_runs"), name, at.getTime());
  const known = { today, past, at: at.getTime(), midnight: edges[LOOK_BACK] };
  let operations = 8; // seven above (formatDate asks localTime), and one for the windows
  const planned = [];
  for (const dataset of datasets) {
    let base = lastFull(dataset, stored, { today, ahead: dataset.ahead, edges });
    if (base === null) {
      operations += 1;
      const day = await lastDay(db.collection(record), series, dataset);
      base = day === null ? today - BEGINNING - 1 : day - 1; // its day may be full or not: it is asked again
    }
    planned.push(planOf(dataset, base, known));
  }
  await withEdges(planned, zone);
  const heal = differing(stored, mirrored, { today, last, edges });
  return { today: dayText(today), operations, heal, datasets: planned };
};

if (typeof module !== "undefined") module.exports = exports;
