// The job of every morning: what each configured meter and flow lacks up to yesterday, into both collections.
//
// Takes no arguments. Returns a summary; throws in the end, with one line that says what to do, when something failed.
// Leaves a record of the run in sync_runs: {_id, function, at, seconds, ok, series: [{series, asked: [start, end],
// status, calls, readings, new, changed, state, …}], operations}; no PRM and no token stand in it. state: done, partial,
// empty, failed (asked); complete, resting, waiting (not asked). An interrupted run is healed by the next.
// What one run has no time, operations or calls for, the next takes up, the oldest days first: with more meters than
// calls a day each comes a little late, in turn, since a call may cover seven days.

const ENOUGH_TIME = 240000; // ms; no new call after that, the platform ends a run at 300 s
const LAST_TRY = 270000; // ms; a call under way is given up then
const MOST_OPERATIONS = 800; // of 1,000
const RESERVE = 60; // operations that one more call, storing and recording may take
const BATCH = 10; // answers that are stored together
const SPACING = 1000; // ms between the starts of two calls
const TROUBLES = 3; // so many failures in a row, and the gateway is left in peace

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

function execute(run, name, ...parts) {
  run.operations += 1;
  return context.functions.execute(name, ...parts);
}

function names({ service, database, record, mirror }) {
  return { service, database, record, mirror };
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

// Why no further call is made in this run; null when one may be.
function reasonToStop(run) {
  const { rest } = run.plan;
  const { callsPerDay, series } = run.settings;
  if (rest) return `the gateway is left in peace until ${rest.until.toISOString().slice(0, 16)}Z`;
  if (run.stopped) return run.stopped;
  if (Date.now() - run.at.getTime() >= ENOUGH_TIME) return "the time of this run is used up";
  if (run.operations + RESERVE > MOST_OPERATIONS) return "the operations of this run are used up";
  if (callsLeft(run) !== 0) return null;
  return `the ${callsPerDay} calls of this UTC day are used up${lateness(series.length, callsPerDay)}`;
}

function wait(run, series, window, reason) {
  run.entries.push({ series: series.key, state: "waiting", error: `not asked for ${window.start}: ${reason}`, reason });
}

async function fetchOnce(run, series, window) {
  const tooEarly = run.lastStart + SPACING - Date.now();
  if (tooEarly > 0) await pause(tooEarly);
  run.lastStart = Date.now();
  const { prm, flow, token } = series;
  const patience = Math.max(1000, run.at.getTime() + LAST_TRY - Date.now());
  const { start, end } = window;
  const question = { url: run.settings.url, token, prm, flow, start, end, patience, most: callsLeft(run) };
  const answer = await execute(run, "linkyFetch", question);
  run.calls += answer.calls;
  run.operations += answer.calls;
  const entry = { series: series.key, asked: [start, end], status: answer.status, calls: answer.calls };
  run.entries.push(entry);
  return { answer, entry };
}

// A range that begins before what is served is refused whole: then its last day is asked for alone.
async function ask(run, series, window) {
  const { answer, entry } = await fetchOnce(run, series, window);
  const isLong = window.days.length > 1;
  if (answer.outcome === "floor" && isLong) {
    entry.state = "empty";
    entry.error = `${answer.message}: asked again for the last day alone`;
    const last = window.days.length - 1;
    const [start, edges] = [window.days[last], window.edges.slice(last)];
    const shorter = { start, end: window.end, days: [start], edges };
    const reason = reasonToStop(run);
    if (!reason) return ask(run, series, shorter);
    wait(run, series, shorter, reason);
    return null;
  }
  if (answer.outcome === "answer") return { series, window, entry, text: answer.text };
  const isEmpty = answer.outcome === "nothing" || answer.outcome === "floor";
  entry.state = isEmpty ? "empty" : "failed";
  entry.error = answer.message;
  if (answer.until) entry.until = answer.until;
  if (answer.outcome === "banned" || answer.outcome === "limited") run.stopped = answer.message;
  run.troubles = answer.outcome === "trouble" ? run.troubles + 1 : 0;
  if (run.troubles >= TROUBLES) run.stopped = "the gateway has trouble";
  return null;
}

// --- storing ------------------------------------------------------------------------------------------------------

// What names a series in the stored documents.
const storedSeries = ({ prm, flow }) => ({ flow, id: prm, source: "linky" });

function noteCurve(entry, curve) {
  entry.readings = curve.readings.length;
  if (curve.missing) entry.missing = curve.missing;
  if (curve.repeated) entry.repeated = curve.repeated;
  if (curve.rejects.length) {
    entry.rejected = curve.rejects.length;
    entry.rejects = curve.rejects.slice(0, 5).map(({ line, reason, text }) => `line ${line}: ${reason}: ${text}`);
  }
}

function noteStored(entry, window, stored) {
  const isFull = window.edges.slice(1).every((edge, day) => stored.covered[day] * 1000 >= edge - window.edges[day]);
  const state = isFull ? "done" : "partial";
  Object.assign(entry, { new: stored.new, changed: stored.changed, state: entry.readings ? state : "empty" });
  if (stored.rejected) entry.overlapping = stored.rejected;
  if (stored.mirror !== "same") entry.mirror = stored.mirror;
}

async function store(run, answers) {
  if (answers.length === 0) return;
  const { maxPower } = run.settings;
  const questions = answers.map(({ text, series, window: { edges } }) => {
    return { text, prm: series.prm, flow: series.flow, window: [edges[0], edges[edges.length - 1]], maxPower };
  });
  const curves = await execute(run, "linkyReadings", questions);
  run.operations += 3; // linkyPoints, linkyLabels, localTime
  const known = [];
  curves.forEach((curve, index) => {
    const { entry, series, window } = answers[index];
    if (curve.unknown) {
      entry.state = "failed";
      entry.error = `an answer of unknown shape, the API may have changed: look for a newer version (${curve.unknown})`;
      return;
    }
    noteCurve(entry, curve);
    const batch = { key: series.key, series: storedSeries(series), edges: window.edges, readings: curve.readings };
    known.push({ entry, window, batch });
  });
  if (known.length === 0) return;
  const batches = known.map(({ batch }) => batch);
  const stored = await execute(run, "storeReadings", { ...names(run.settings), batches });
  run.operations += stored.operations;
  stored.batches.forEach((each, index) => noteStored(known[index].entry, known[index].window, each));
}

// The mirror of days that an interrupted run left short; no call is needed for that.
async function heal(run) {
  const ranges = [];
  run.plan.series.forEach(({ key, heal: stretches }, index) => {
    const series = storedSeries(run.settings.series[index]);
    for (const [from, to] of stretches) ranges.push({ key, series, from, to });
  });
  for (let first = 0; first < ranges.length && run.operations + RESERVE <= MOST_OPERATIONS; first += BATCH) {
    const part = ranges.slice(first, first + BATCH);
    const healed = await execute(run, "fillMirror", { ...names(run.settings), ranges: part });
    run.operations += healed.operations;
    healed.ranges.forEach(({ filled, mirror }, index) => {
      run.healed += filled;
      if (mirror !== "same") run.mirrors[part[index].key] = mirror;
    });
  }
}

// Lower first: what failed the last time comes after the others, and days asked again come after days never answered.
const rankOf = (planned, window) => (planned.failed ? 2 : 0) + (window.answered ? 1 : 0);

// All calls of the run: of each rank the oldest days first.
function tasksOf(run) {
  const tasks = [];
  run.plan.series.forEach((planned, index) => {
    const series = run.settings.series[index];
    if (series.problem) run.entries.push({ series: series.key, state: "failed", error: series.problem });
    else if (planned.windows.length === 0) run.entries.push({ series: series.key, state: planned.state });
    else for (const window of planned.windows) tasks.push({ series, window, rank: rankOf(planned, window) });
  });
  const text = ({ rank, window, series }) => `${rank} ${window.start} ${series.key}`;
  return tasks.sort((one, other) => (text(one) < text(other) ? -1 : 1));
}

async function fetchAll(run) {
  const failed = {};
  let answers = [];
  for (const { series, window } of tasksOf(run)) {
    const reason = failed[series.key] || reasonToStop(run);
    if (reason) {
      wait(run, series, window, reason);
      continue;
    }
    const answer = await ask(run, series, window);
    if (answer) {
      run.troubles = 0;
      answers.push(answer);
    } else if (run.entries[run.entries.length - 1].state === "failed") failed[series.key] = "the call before it failed";
    if (answers.length === BATCH) {
      await store(run, answers);
      answers = [];
    }
  }
  await store(run, answers);
}

// --- the whole run ------------------------------------------------------------------------------------------------

async function turn(run) {
  const { service, database, record } = run.settings;
  const taken = await execute(run, "runTurn", { service, database, job: `linkyDaily ${record}`, owner: run.owner });
  run.operations += taken.operations;
  run.owner = taken.owner;
}

async function work(run) {
  run.settings = await execute(run, "linkySettings");
  const checked = await execute(run, "checkStore", names(run.settings));
  run.operations += checked.operations;
  run.isRecorded = checked.reachable;
  run.failures = run.settings.problems.concat(checked.problem || []);
  if (run.failures.length) return;
  await turn(run);
  if (!run.owner) {
    run.note = "another run is under way, this one leaves the work to it";
    return;
  }
  const series = run.settings.series.map(({ key, prm, flow }) => ({ key, prm, flow }));
  const plan = await execute(run, "linkyPlan", { ...names(run.settings), series, at: run.at });
  run.plan = plan;
  run.operations += plan.operations;
  console.log(`linkyDaily ${plan.today}: ${series.length} series, ${plan.callsToday} calls made today`);
  await heal(run);
  await fetchAll(run);
}

// A part of the run that may fail, so that what comes after it is done all the same.
async function attempt(run, part) {
  try {
    await part(run);
  } catch (error) {
    run.failures.push(`the run broke off, the next one heals it; if it fails like this again, mend: ${error.message}`);
  }
}

function newRun() {
  const counts = { operations: 0, calls: 0, healed: 0, troubles: 0, lastStart: 0 };
  return { ...counts, at: new Date(), entries: [], mirrors: {}, failures: [] };
}

exports = async function linkyDaily() {
  const run = newRun();
  await attempt(run, work);
  const { settings, isRecorded, at, entries, calls, mirrors, healed, note, failures } = run;
  const operations = run.operations + (run.owner ? 2 : 0); // the turn is given back at the very end
  const place = isRecorded ? names(settings) : null;
  const labels = {};
  for (const { key, label } of settings ? settings.series : []) labels[key] = label;
  const isResting = Boolean(run.plan && run.plan.rest);
  const report = { name: "linkyDaily", place, at, entries, operations, calls, mirrors, healed, note, isResting, labels, failures };
  const { lines, error, summary } = await context.functions.execute("finishRun", report);
  // Only now: a copy that takes the turn plans from the record of this run. What fails here ends by itself.
  if (run.owner) await attempt(run, turn);
  for (const line of lines) console.log(line);
  if (error) throw new Error(error);
  return summary;
};

if (typeof module !== "undefined") module.exports = exports;
