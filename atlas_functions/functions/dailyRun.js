// One run of a daily function: what its source lacks up to yesterday, and what may have been corrected, into both
// collections.
//
//   dailyRun(source) -> summary
//
// source, as linkyDaily, elhubDaily and energidataDaily declare it: {name, job: the function whose run this is, service:
// the API in words, zone, enough: ms after which no call is begun, last: ms after which none is under way, what
// fetchAnswer asks for, reader: the function that reads answers, with nested: how many functions it calls, together:
// answers that are stored at once, sharesQuota: whether the calls of all datasets are of one quota, isUtc: whether the
// ends of a window in a call are UTC and not local days, datasets}.
// A dataset is what one call is about: {name, label, flow, path, query, edges: names of the two ends}, with `series` when
// it is one series (else its answer holds several); those of Linky are the meters of dailySettings. More: see dailyPlan.
// reader: [{text, dataset, flow, series, query, window: [ms, ms], at, maxPower}] ->
//   [{batches: [{series, readings}], rejects: [text], short: what is lacking in words, missing, repeated} or {refused}]
//
// Throws in the end, with one line that says what to do, when something failed. Leaves a record of the run in sync_runs:
// {_id, function, at, seconds, ok, series: [{series: name of the dataset, asked: [start, end], status, calls, readings,
// new, changed, state, …}], operations}; no PRM and no token stand in it. state: done, partial, empty, failed (asked);
// complete, resting, waiting (not asked). An interrupted run is healed by the next, and what one run has no time,
// operations or calls for, the next takes up.

const NESTED = 1; // operations that a call of another function is; a bundle has none
const MOST_OPERATIONS = 800; // of 1,000
const RESERVE = 60; // operations that one more call, storing and recording may take
const HEALED = 30; // ranges of the mirror that are healed together
const LONGEST_RUN = 300000; // ms
const SPACING = 1000; // ms between the starts of two calls
const TROUBLES = 3; // so many failures in a row, and the service is left in peace

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const sumOf = (rows, name) => rows.reduce((sum, row) => sum + (row[name] || 0), 0);
const isUsedUp = (run) => run.ops + RESERVE > MOST_OPERATIONS;

async function called(run, promise) {
  run.ops += NESTED;
  const answer = await promise;
  run.ops += answer.ops || 0;
  return answer;
}

// What Linky needs more, and what stands in its place for the others.
const LINKY = { fewer: {}, callsLeft: () => null };
const PERIOD = {};

// --- of energidata: ends of a window as UTC -----------------------------------------------------------------------

PERIOD.utc = ({ edges }) =>
  [edges[0], edges[edges.length - 1]].map((ms) => new Date(ms).toISOString().slice(0, 16));

// --- of linky: few calls a day, and answers that refuse a range -----------------------------------------------------

// Which of so many days [from, to) are asked for in place of a range that was refused whole: the last day of one that
// begins before what is served, all but the last day of one that ends too late, both parts of one that is too long.
LINKY.fewer = {
  floor: (count) => [[count - 1, count]],
  end: (count) => [[0, count - 1]],
  span: (count) => [[0, count - 1], [count - 1, count]],
};

async function askFewer(run, task, entry, parts) {
  const { days, end, edges } = task.window;
  entry.error += ": asked again for fewer days";
  for (const [from, to] of parts) {
    const part = { start: days[from], end: days[to] || end, days: days.slice(from, to), edges: edges.slice(from, to + 1) };
    await ask(run, { ...task, window: part });
  }
}

LINKY.askFewer = askFewer;

// Whether the record tells of every day that nothing is to be asked again soon.
LINKY.isWhole = ({ covered }, edges) => edges.slice(1).every((edge, day) => covered[day] * 1000 >= edge - edges[day]);

// Calls that the day has left; null = no limit.
LINKY.callsLeft = ({ settings: { callsPerDay }, plan, calls }) =>
  callsPerDay ? Math.max(0, callsPerDay - plan.callsToday - calls) : null;

// Why no call is made, and what a user with more series than calls a day gets, in words.
LINKY.usedUp = (count, callsPerDay) => {
  const reason = `the ${callsPerDay} calls of this UTC day are used up`;
  if (count <= callsPerDay) return reason;
  if (count > callsPerDay * 7) return `${reason}: too few for ${count} series, raise the Value linkyCallsPerDay or take meters out`;
  return `${reason}: with ${count} series each comes up to ${Math.ceil(count / callsPerDay) - 1} days later, in turn`;
};

// Lower first: what failed the last time comes after the others, and days asked again come after days never answered.
const orderOf = ({ planned, window, dataset }) =>
  `${(planned.failed ? 2 : 0) + (window.answered ? 1 : 0)} ${window.start} ${dataset.name}`;

LINKY.order = (one, other) => (orderOf(one) < orderOf(other) ? -1 : 1);

// --- asking -------------------------------------------------------------------------------------------------------

// Why no further call is made for a dataset in this run; null when one may be.
function reasonToStop(run, { name, until }) {
  const { service, enough } = run.source;
  if (run.failed[name]) return "the call before it failed";
  if (until) return `${service} is left in peace until ${until.toISOString().slice(0, 16)}Z`;
  if (run.stopped) return run.stopped;
  if (Date.now() - run.at.getTime() >= enough) return "the time of this run is used up";
  if (isUsedUp(run)) return "the operations of this run are used up";
  return LINKY.callsLeft(run) === 0 ? LINKY.usedUp(run.datasets.length, run.settings.callsPerDay) : null;
}

async function fetchOnce(run, { series, path, query, edges, token }, window) {
  const { source } = run;
  const tooEarly = run.lastStart + SPACING - Date.now();
  if (tooEarly > 0) await pause(tooEarly);
  run.lastStart = Date.now();
  const [first, last] = source.isUtc ? PERIOD.utc(window) : [window.start, window.end];
  const question = {
    ...source,
    url: `${run.settings.url}/${path}`,
    query: { ...query, [edges[0]]: first, [edges[1]]: last },
    token,
    id: series ? series.id : "",
    patience: Math.max(1000, run.at.getTime() + source.last - Date.now()),
    most: LINKY.callsLeft(run),
  };
  const answer = await called(run, context.functions.execute("fetchAnswer", question));
  run.calls += answer.calls;
  run.ops += answer.calls;
  return answer;
}

// One call, unless something speaks against it; an answer is kept for storing.
async function ask(run, task) {
  const { dataset, planned, window } = task;
  const { start, end } = window;
  const series = dataset.name;
  const reason = reasonToStop(run, planned);
  if (reason) return void run.entries.push({ series, state: "waiting", error: `not asked for ${start}: ${reason}`, reason });
  const { outcome, status, calls, text, message, until } = await fetchOnce(run, dataset, window);
  const entry = { series, asked: [start, end], status, calls };
  run.entries.push(entry);
  run.troubles = outcome === "trouble" ? run.troubles + 1 : 0;
  if (outcome === "answer") return void run.answers.push({ dataset, window, entry, text });
  const fewer = LINKY.fewer[outcome];
  entry.state = outcome === "nothing" || fewer ? "empty" : "failed";
  entry.error = message;
  if (until) entry.until = until;
  if (entry.state === "failed") run.failed[series] = true;
  if (until && run.source.sharesQuota) run.stopped = message;
  if (run.troubles >= TROUBLES) run.stopped = `${run.source.service} has trouble`;
  const count = window.days.length;
  if (fewer && count > 1) await LINKY.askFewer(run, task, entry, fewer(count));
}

// --- storing ------------------------------------------------------------------------------------------------------

function noteRead(run, { dataset, entry }, { refused, batches, missing, repeated, rejects }) {
  if (refused) {
    Object.assign(entry, { state: "failed", error: refused });
    run.failed[dataset.name] = true;
    return;
  }
  entry.readings = batches.reduce((sum, { readings }) => sum + readings.length, 0);
  Object.assign(entry, missing && { missing }, repeated && { repeated });
  if (rejects.length) Object.assign(entry, { rejected: rejects.length, rejects: rejects.slice(0, 5) });
}

function noteStored(run, { dataset, entry, window }, { short }, stored) {
  const overlapping = sumOf(stored, "rejected");
  Object.assign(entry, { new: sumOf(stored, "new"), changed: sumOf(stored, "changed") });
  if (overlapping) entry.overlapping = overlapping;
  if (short) entry.error = short;
  // Whether nothing of the days is to be asked again soon: of one series the record tells, else the answer itself.
  const isGood = !short && !overlapping && !entry.rejected;
  const isWhole = () => (dataset.series ? LINKY.isWhole(stored[0], window.edges) : isGood);
  entry.state = entry.readings === 0 ? "empty" : isWhole() ? "done" : "partial";
  if (!dataset.series) noteMirrors(run, stored);
  else if (stored.length && stored[0].mirror !== "same") entry.mirror = stored[0].mirror;
}

function noteMirrors(run, stored) {
  for (const { key, mirror } of stored) if (mirror !== "same") run.mirrors[key] = mirror;
}

// What it holds of leases is given back at the end of the run, together with its turn.
async function storeBatches(run, batches) {
  const written = await called(run, context.functions.execute("storeReadings", { ...run.place, owner: run.owner, batches }));
  run.held = run.held.concat(written.held.filter((name) => !run.held.includes(name)));
  return written.batches.map((batch, index) => ({ ...batches[index], ...batch }));
}

async function store(run) {
  const { answers, source, at, settings: { maxPower } } = run;
  if (!answers.length) return;
  run.answers = [];
  const { reader } = source;
  const questions = answers.map(({ text, dataset, window: { edges } }) => {
    const { name, flow, series, query } = dataset;
    return { text, dataset: name, flow, series, query, window: [edges[0], edges[edges.length - 1]], at, maxPower };
  });
  const reads = await called(run, context.functions.execute(reader, questions));
  run.ops += source.nested || 0; // not in a bundle
  const batches = [];
  reads.forEach((read, place) => {
    const { dataset, window: { edges } } = answers[place];
    noteRead(run, answers[place], read);
    for (const { series, readings } of read.batches || []) {
      batches.push({ place, key: dataset.series && dataset.name, series, edges, readings });
    }
  });
  const stored = batches.length ? await storeBatches(run, batches) : [];
  reads.forEach((read, place) => {
    if (!read.refused) noteStored(run, answers[place], read, stored.filter((batch) => batch.place === place));
  });
}

// The mirror of days that an interrupted run left short; no call is needed for that.
async function heal(run) {
  for (let first = 0; first < run.plan.heal.length && !isUsedUp(run); first += HEALED) {
    const stored = await storeBatches(run, run.plan.heal.slice(first, first + HEALED));
    run.healed += sumOf(stored, "filled");
    noteMirrors(run, stored);
  }
}

// --- the whole run ------------------------------------------------------------------------------------------------

// All calls of the run; of one quota those for the oldest days come first, whatever their dataset.
function tasksOf(run) {
  const tasks = [];
  run.plan.datasets.forEach((planned, index) => {
    const dataset = run.datasets[index];
    const { name, problem } = dataset;
    if (problem) run.entries.push({ series: name, state: "failed", error: problem });
    else if (!planned.windows.length) run.entries.push({ series: name, state: planned.state });
    else for (const window of planned.windows) tasks.push({ dataset, planned, window });
  });
  return run.source.sharesQuota ? tasks.sort(LINKY.order) : tasks;
}

// With `ms` takes the turn: "mine" when this run has it now, undefined when nobody ever had it. Without gives it back, and
// all else that is held. The turn of a run that was cut off ends by itself.
async function holdTurn(run, more) {
  const turn = `run ${run.source.job} ${run.place.record}`;
  const names = more ? [turn] : [turn, ...run.held];
  const question = { ...run.place, names, owner: run.owner, ...more };
  const { states } = await called(run, context.functions.execute("holdLeases", question));
  return states && states[turn];
}

// What is wrong with the store, in words.
async function storeProblems(run) {
  const { problem } = await called(run, context.functions.execute("checkStore", { ...run.place, source: run.source.name }));
  return [problem].filter(Boolean);
}

// Where nobody ever had the turn, nothing is written before the store is known to be ours.
async function begin(run) {
  const { problems, isLinked } = run.settings;
  if (problems.length) return problems.concat(isLinked ? await storeProblems(run) : []);
  let turn = await holdTurn(run, { ms: LONGEST_RUN, isKnown: true });
  if (turn === undefined) {
    const wrong = await storeProblems(run);
    if (wrong.length) return wrong;
    turn = await holdTurn(run, { ms: LONGEST_RUN });
  }
  run.hasTurn = turn === "mine";
  if (!run.hasTurn) {
    run.note = "another run is under way, this one leaves the work to it";
    return [];
  }
  const { place, source, datasets, at } = run;
  const plan = await called(run, context.functions.execute("dailyPlan", { ...place, source, datasets, at }));
  if (!plan.problem) run.plan = plan;
  return [plan.problem].filter(Boolean);
}

async function work(run) {
  const { source } = run;
  run.owner = `${Date.now().toString(16)}${Math.random().toString(16).slice(2)}`;
  run.settings = await called(run, context.functions.execute("dailySettings", source.name));
  const { service, database, record, mirror } = run.settings;
  run.place = { service, database, record, mirror };
  run.datasets = source.datasets || run.settings.datasets;
  const began = Date.now();
  await pause(20);
  // Leases and time-outs hang on a clock that goes on.
  if (Date.now() === began) throw new Error("the clock of this platform stands still");
  run.failures = await begin(run);
  if (!run.plan) return;
  await heal(run);
  const tasks = tasksOf(run);
  const calls = `${run.plan.callsToday} calls made today, ${tasks.length} to make`;
  console.log(`${source.job} ${run.plan.today}: ${run.datasets.length} ${run.unit}, ${calls}`);
  for (const task of tasks) {
    await ask(run, task);
    if (run.answers.length === source.together) await store(run);
  }
  await store(run);
}

// A part of the run that may fail, so that what comes after it is done all the same.
async function attempt(run, part) {
  try {
    await part(run);
  } catch (error) {
    run.failures.push(`the run broke off, the next one heals it; if it fails like this again, mend: ${error.message}`);
  }
}

exports = async function dailyRun(source) {
  const run = {
    source,
    unit: source.datasets ? "datasets" : "series",
    at: new Date(),
    settings: {},
    datasets: [],
    ops: NESTED, // this function
    calls: 0,
    healed: 0,
    troubles: 0,
    lastStart: 0,
    entries: [],
    answers: [],
    held: [],
    failed: {},
    mirrors: {},
    failures: [],
  };
  await attempt(run, work);
  const { lines, error, summary } = await context.functions.execute("finishRun", {
    ...run,
    answers: [],
    ops: run.ops + (run.hasTurn ? NESTED + 1 : 0), // the turn is given back at the very end
  });
  // Only now: a copy that takes the turn plans from the record of this run. What fails here ends by itself.
  if (run.hasTurn) await attempt(run, (own) => holdTurn(own, null));
  for (const line of lines) console.log(line);
  if (error) throw new Error(error);
  return summary;
};
