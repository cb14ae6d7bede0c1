// One run of a daily function: what its source lacks up to yesterday, and what may have been corrected, into both
// collections.
//
//   dailyRun(source) -> summary
//
// source, as linkyDaily, elhubDaily and energidataDaily declare it: {name, job: the function whose run this is, service:
// the API in words, zone, time: {enough, last}, fetch: see fetchAnswer, reader: the function that reads answers, with
// nested: how many functions it calls, together: answers that are stored at once, sharesQuota: whether the calls of all
// datasets are of one quota, edge: {form, zone} of both ends of a window in a call, else local days, datasets}.
// A dataset is what one call is about: {name, label, flow, path, query, edges: names of the two ends}, with `series` when
// it is one series (else its answer holds several); those of Linky are the meters of dailySettings. More: see dailyPlan.
// reader: [{text, dataset, flow, series, window: [ms, ms], at, maxPower}] ->
//   [{batches: [{series, readings}], rejects: [text], short: what is lacking in words, missing, repeated} or {refused}]
//
// Throws in the end, with one line that says what to do, when something failed. Leaves a record of the run in sync_runs:
// {_id, function, at, seconds, ok, series: [{series: name of the dataset, asked: [start, end], status, calls, readings,
// new, changed, state, …}], operations}; no PRM and no token stand in it. state: done, partial, empty, failed (asked);
// complete, resting, waiting (not asked). An interrupted run is healed by the next, and what one run has no time,
// operations or calls for, the next takes up.

const NESTED = typeof bundled === "undefined" ? 1 : 0; // operations that a call of another function is: none in a bundle
const MOST_OPERATIONS = 800; // of 1,000
const RESERVE = 60; // operations that one more call, storing and recording may take
const HEALED = 30; // ranges of the mirror that are healed together
const LONGEST_RUN = 300000; // ms
const SPACING = 1000; // ms between the starts of two calls
const TROUBLES = 3; // so many failures in a row, and the service is left in peace

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const namesOf = ({ service, database, record, mirror }) => ({ service, database, record, mirror });
const lastOf = (list) => list[list.length - 1];

function execute(run, name, ...parts) {
  run.operations += NESTED;
  return context.functions.execute(name, ...parts);
}

// --- asking -------------------------------------------------------------------------------------------------------

// What a user with more series than calls a day gets, in words.
function lateness(count, callsPerDay) {
  if (count <= callsPerDay) return "";
  if (count > callsPerDay * 7) return `: too few for ${count} series, raise the Value linkyCallsPerDay or take meters out`;
  return `: with ${count} series each comes up to ${Math.ceil(count / callsPerDay) - 1} days later, in turn`;
}

// Calls that the day has left; null = no limit.
function callsLeft(run) {
  const { callsPerDay } = run.settings;
  return callsPerDay ? Math.max(0, callsPerDay - run.plan.callsToday - run.calls) : null;
}

// Why no further call is made for a dataset in this run; null when one may be.
function reasonToStop(run, { name, until }) {
  const { service, time } = run.source;
  const { callsPerDay } = run.settings;
  if (run.failed[name]) return "the call before it failed";
  if (until) return `${service} is left in peace until ${until.toISOString().slice(0, 16)}Z`;
  if (run.stopped) return run.stopped;
  if (Date.now() - run.at.getTime() >= time.enough) return "the time of this run is used up";
  if (run.operations + RESERVE > MOST_OPERATIONS) return "the operations of this run are used up";
  if (callsLeft(run) !== 0) return null;
  return `the ${callsPerDay} calls of this UTC day are used up${lateness(run.datasets.length, callsPerDay)}`;
}

async function edgesOf(run, { start, end, edges }) {
  const { edge } = run.source;
  if (!edge) return [start, end];
  run.operations += NESTED; // formatDate asks localTime
  return execute(run, "formatDate", [edges[0], lastOf(edges)], edge.form, edge.zone);
}

async function fetchOnce(run, { series, path, query, edges, token }, window) {
  const tooEarly = run.lastStart + SPACING - Date.now();
  if (tooEarly > 0) await pause(tooEarly);
  run.lastStart = Date.now();
  const { name, service, time, fetch } = run.source;
  const [start, end] = await edgesOf(run, window);
  const answer = await execute(run, "fetchAnswer", {
    ...fetch,
    service,
    source: name,
    url: `${run.settings.url}/${path}`,
    query: { ...query, [edges[0]]: start, [edges[1]]: end },
    token,
    id: series ? series.id : "",
    patience: Math.max(1000, run.at.getTime() + time.last - Date.now()),
    most: callsLeft(run),
  });
  run.calls += answer.calls;
  run.operations += answer.calls;
  return answer;
}

// Which of so many days [from, to) are asked for in place of a range that was refused whole: the last day of one that
// begins before what is served, all but the last day of one that ends too late, both parts of one that is too long.
const FEWER = {
  floor: (count) => [[count - 1, count]],
  end: (count) => [[0, count - 1]],
  span: (count) => [[0, count - 1], [count - 1, count]],
};

async function askFewer(run, task, [from, to]) {
  const { days, end, edges } = task.window;
  const fewer = { start: days[from], end: to < days.length ? days[to] : end };
  await ask(run, { ...task, window: { ...fewer, days: days.slice(from, to), edges: edges.slice(from, to + 1) } });
}

// One call, unless something speaks against it; an answer is kept for storing.
async function ask(run, task) {
  const { dataset, planned, window } = task;
  const reason = reasonToStop(run, planned);
  if (reason) {
    const error = `not asked for ${window.start}: ${reason}`;
    run.entries.push({ series: dataset.name, state: "waiting", error, reason });
    return;
  }
  const { outcome, status, calls, text, message, until } = await fetchOnce(run, dataset, window);
  const entry = { series: dataset.name, asked: [window.start, window.end], status, calls };
  run.entries.push(entry);
  run.troubles = outcome === "trouble" ? run.troubles + 1 : 0;
  if (outcome === "answer") {
    run.answers.push({ dataset, window, entry, text });
    return;
  }
  entry.state = outcome === "nothing" || FEWER[outcome] ? "empty" : "failed";
  entry.error = message;
  if (until) entry.until = until;
  if (entry.state === "failed") run.failed[dataset.name] = true;
  if (until && run.source.sharesQuota) run.stopped = message;
  if (run.troubles >= TROUBLES) run.stopped = `${run.source.service} has trouble`;
  if (!FEWER[outcome] || window.days.length === 1) return;
  entry.error += ": asked again for fewer days";
  for (const part of FEWER[outcome](window.days.length)) await askFewer(run, task, part);
}

// --- storing ------------------------------------------------------------------------------------------------------

function noteRead(run, { dataset, entry }, { refused, batches, missing, repeated, rejects }) {
  if (refused) {
    Object.assign(entry, { state: "failed", error: refused });
    run.failed[dataset.name] = true;
    return;
  }
  entry.readings = batches.reduce((sum, { readings }) => sum + readings.length, 0);
  if (missing) entry.missing = missing;
  if (repeated) entry.repeated = repeated;
  if (rejects.length) Object.assign(entry, { rejected: rejects.length, rejects: rejects.slice(0, 5) });
}

// Whether nothing of the days is to be asked again soon: of one series the record tells, else the answer itself.
function isWhole({ dataset, window: { edges }, entry }, stored) {
  if (!dataset.series) return !entry.error && !entry.overlapping && !entry.rejected;
  return edges.slice(1).every((edge, day) => stored[0].covered[day] * 1000 >= edge - edges[day]);
}

function noteStored(run, answer, read, stored) {
  const { dataset, entry } = answer;
  const sum = (name) => stored.reduce((total, batch) => total + batch[name], 0);
  Object.assign(entry, { new: sum("new"), changed: sum("changed") });
  if (sum("rejected")) entry.overlapping = sum("rejected");
  if (read.short) entry.error = read.short;
  entry.state = entry.readings === 0 ? "empty" : isWhole(answer, stored) ? "done" : "partial";
  for (const { key, mirror } of stored.filter((batch) => batch.mirror !== "same")) {
    if (dataset.series) entry.mirror = mirror;
    else run.mirrors[key] = mirror;
  }
}

function keyOf(dataset, { source, id, flow, group }) {
  return dataset.series ? dataset.name : [source, id, flow, group].join(":");
}

// What it holds of leases is given back at the end of the run, together with its turn.
async function storeBatches(run, batches) {
  const written = await execute(run, "storeReadings", { ...namesOf(run.settings), owner: run.owner, batches });
  run.operations += written.operations;
  run.held = run.held.concat(written.held.filter((name) => run.held.indexOf(name) < 0));
  return written;
}

async function store(run) {
  const answers = run.answers;
  if (answers.length === 0) return;
  run.answers = [];
  const { reader, nested } = run.source;
  const questions = answers.map(({ text, dataset: { name, flow, series }, window: { edges } }) => {
    const window = [edges[0], lastOf(edges)];
    return { text, dataset: name, flow, series, window, at: run.at, maxPower: run.settings.maxPower };
  });
  const reads = await execute(run, reader, questions);
  run.operations += nested * NESTED;
  const batches = [];
  reads.forEach((read, place) => {
    noteRead(run, answers[place], read);
    for (const { series, readings } of read.batches || []) {
      const { dataset, window: { edges } } = answers[place];
      batches.push({ place, key: keyOf(dataset, series), series, edges, readings });
    }
  });
  let stored = [];
  if (batches.length) {
    const written = await storeBatches(run, batches);
    stored = written.batches.map((batch, index) => ({ ...batch, key: batches[index].key, place: batches[index].place }));
  }
  reads.forEach((read, place) => {
    if (!read.refused) noteStored(run, answers[place], read, stored.filter((batch) => batch.place === place));
  });
}

// The mirror of days that an interrupted run left short; no call is needed for that.
async function heal(run) {
  const ranges = run.plan.heal;
  for (let first = 0; first < ranges.length && run.operations + RESERVE <= MOST_OPERATIONS; first += HEALED) {
    const batches = ranges.slice(first, first + HEALED);
    const healed = await storeBatches(run, batches);
    healed.batches.forEach(({ filled, mirror }, index) => {
      run.healed += filled;
      if (mirror !== "same") run.mirrors[batches[index].key] = mirror;
    });
  }
}

// --- the whole run ------------------------------------------------------------------------------------------------

// Lower first: what failed the last time comes after the others, and days asked again come after days never answered.
const orderOf = ({ planned, window, dataset }) => {
  return `${(planned.failed ? 2 : 0) + (window.answered ? 1 : 0)} ${window.start} ${dataset.name}`;
};

// All calls of the run; of one quota those for the oldest days come first, whatever their dataset.
function tasksOf(run) {
  const tasks = [];
  run.plan.datasets.forEach((planned, index) => {
    const dataset = run.datasets[index];
    if (dataset.problem) run.entries.push({ series: dataset.name, state: "failed", error: dataset.problem });
    else if (planned.windows.length === 0) run.entries.push({ series: dataset.name, state: planned.state });
    else for (const window of planned.windows) tasks.push({ dataset, planned, window });
  });
  if (run.source.sharesQuota) tasks.sort((one, other) => (orderOf(one) < orderOf(other) ? -1 : 1));
  return tasks;
}

const turnOf = ({ settings: { record }, source: { job } }) => `run ${job} ${record}`;

async function holdLeases(run, names, more) {
  const { service, database } = run.settings;
  const { operations, states } = await execute(run, "holdLeases", { service, database, names, owner: run.owner, ...more });
  run.operations += operations;
  return states;
}

// Leases and time-outs hang on a clock that goes on.
async function refuseDeadClock() {
  const began = Date.now();
  await pause(20);
  if (Date.now() === began) throw new Error("the clock of this platform stands still");
}

// "mine" when this run has the turn now; undefined when nobody ever had it. That of a run that was cut off ends by itself.
async function takeTurn(run, isKnown) {
  const states = await holdLeases(run, [turnOf(run)], { milliseconds: LONGEST_RUN, isKnown });
  run.hasTurn = states[turnOf(run)] === "mine";
  return states[turnOf(run)];
}

async function giveTurnBack(run) {
  await holdLeases(run, [turnOf(run), ...run.held], {});
}

// What is wrong with the store, in words.
async function storeProblems(run) {
  const checked = await execute(run, "checkStore", { ...namesOf(run.settings), source: run.source.name });
  run.operations += checked.operations;
  return checked.problem ? [checked.problem] : [];
}

// Where nobody ever had the turn, nothing is written before the store is known to be ours.
async function begin(run) {
  const { problems, isLinked } = run.settings;
  if (problems.length) return problems.concat(isLinked ? await storeProblems(run) : []);
  if ((await takeTurn(run, true)) === undefined) {
    const wrong = await storeProblems(run);
    if (wrong.length) return wrong;
    await takeTurn(run, false);
  }
  if (!run.hasTurn) {
    run.note = "another run is under way, this one leaves the work to it";
    return [];
  }
  const question = { ...namesOf(run.settings), source: run.source, datasets: run.datasets, at: run.at };
  const plan = await execute(run, "dailyPlan", question);
  run.operations += plan.operations;
  if (plan.problem) return [plan.problem];
  run.plan = plan;
  return [];
}

async function work(run) {
  const { source } = run;
  run.owner = `${Date.now().toString(16)}${Math.random().toString(16).slice(2)}`;
  run.settings = await execute(run, "dailySettings", source.name);
  run.datasets = source.datasets || run.settings.datasets;
  run.isRecorded = run.settings.isLinked;
  await refuseDeadClock();
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

function newRun(source) {
  const counts = { operations: NESTED, calls: 0, healed: 0, troubles: 0, lastStart: 0 }; // this function is one
  const unit = source.datasets ? "datasets" : "series";
  const empty = { datasets: [], entries: [], answers: [], held: [], failed: {}, mirrors: {}, failures: [] };
  return { ...counts, ...empty, source, unit, at: new Date() };
}

exports = async function dailyRun(source) {
  const run = newRun(source);
  await attempt(run, work);
  const { settings, plan, unit, at, entries, calls, mirrors, healed, note, failures } = run;
  const labels = {};
  for (const { name, label } of run.datasets) labels[name] = label;
  const { lines, error, summary } = await context.functions.execute("finishRun", {
    ...{ name: source.job, unit, at, entries, calls, mirrors, healed, note, failures, labels },
    place: run.isRecorded ? namesOf(settings) : null,
    operations: run.operations + (run.hasTurn ? NESTED + 1 : 0), // the turn is given back at the very end
    isResting: Boolean(source.sharesQuota && plan && plan.datasets.some(({ until }) => until)),
  });
  // Only now: a copy that takes the turn plans from the record of this run. What fails here ends by itself.
  if (run.hasTurn) await attempt(run, giveTurnBack);
  for (const line of lines) console.log(line);
  if (error) throw new Error(error);
  return summary;
};
