// One run of a daily function of an open source: what it lacks, and what may have been corrected, into both collections.
//
//   openDaily({name, service, source, reader, zone, edge: {form, zone}, pauses, emptyStatuses, datasets}) -> summary
//
// name: of the function; service: of the API in words; reader: the function that verifies an answer and reads it; edge:
// how both ends of a window are written; pauses, emptyStatuses: see openFetch; datasets: see elhubDaily. Throws in the
// end, with one line that says what to do, when something failed.
// Leaves a record of the run in sync_runs: {_id, function, at, seconds, ok, series: [{series, asked: [start, end],
// status, calls, readings, new, changed, state, …}], operations}, where `series` is a dataset. state: done, partial,
// empty, failed (asked); complete, resting, waiting (not asked). An interrupted run is healed by the next.

const ENOUGH_TIME = 200000; // ms; no new call after that, the platform ends a run at 300 s
const LAST_TRY = 250000; // ms; a call under way is given up then
const MOST_OPERATIONS = 800; // of 1,000
const RESERVE = 60; // operations that one more call, storing and recording may take
const BATCH = 30; // ranges of the mirror that are healed together
const SPACING = 1000; // ms between the starts of two calls

const READERS = {
  elhubReadings: (question) => context.functions.execute("elhubReadings", question),
  energidataReadings: (question) => context.functions.execute("energidataReadings", question),
};

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

function execute(run, name, ...parts) {
  run.operations += 1;
  return context.functions.execute(name, ...parts);
}

const namesOf = ({ service, database, record, mirror }) => ({ service, database, record, mirror });
const keyOf = ({ source, id, flow, group }) => [source, id, flow, group].join(":");

// --- asking -------------------------------------------------------------------------------------------------------

// Why no further call is made in this run; null when one may be.
function reasonToStop(run, until) {
  if (until) return `${run.of.service} is left in peace until ${until.toISOString().slice(0, 16)}Z`;
  if (run.stopped) return run.stopped;
  if (Date.now() - run.at.getTime() >= ENOUGH_TIME) return "the time of this run is used up";
  return run.operations + RESERVE > MOST_OPERATIONS ? "the operations of this run are used up" : null;
}

async function fetchOnce(run, dataset, window) {
  const tooEarly = run.lastStart + SPACING - Date.now();
  if (tooEarly > 0) await pause(tooEarly);
  run.lastStart = Date.now();
  const { service, source, pauses, emptyStatuses, edge } = run.of;
  const edges = await execute(run, "formatDate", [window.low, window.high], edge.form, edge.zone);
  const query = { ...dataset.query, [dataset.edges[0]]: edges[0], [dataset.edges[1]]: edges[1] };
  const patience = Math.max(1000, run.at.getTime() + LAST_TRY - Date.now());
  const url = `${run.settings.url}/${dataset.path}`;
  const answer = await execute(run, "openFetch", { url, query, service, source, pauses, emptyStatuses, patience });
  run.calls += answer.calls;
  run.operations += 1 + answer.calls; // formatDate asks localTime
  const entry = { series: dataset.name, asked: [window.start, window.end], status: answer.status, calls: answer.calls };
  run.entries.push(entry);
  return { answer, entry };
}

// --- storing ------------------------------------------------------------------------------------------------------

function noteRead(entry, read) {
  entry.readings = read.batches.reduce((sum, { readings }) => sum + readings.length, 0);
  if (read.rejects.length) {
    entry.rejected = read.rejects.length;
    entry.rejects = read.rejects.slice(0, 5);
  }
}

// What an answer lacks, in words; "" for nothing.
function lackOf(read, dataset, window) {
  if (read.short || !dataset.ahead) return read.short;
  const ends = read.batches.map(({ readings }) => {
    const last = readings[readings.length - 1];
    return last.ts.getTime() + last.seconds * 1000;
  });
  return Math.max(...ends) < window.high ? "the last days are not published yet" : "";
}

async function store(run, dataset, window, answer, entry) {
  const { low, high } = window;
  run.operations += 1;
  const question = { text: answer.text, dataset: dataset.name, flow: dataset.flow, window: [low, high], at: run.at };
  const read = await READERS[run.of.reader](question);
  if (read.refused) {
    entry.state = "failed";
    entry.error = `the answer was refused: ${read.refused}`;
    return;
  }
  noteRead(entry, read);
  if (entry.readings === 0) {
    Object.assign(entry, { state: "empty", error: read.short, new: 0, changed: 0 });
    return;
  }
  const batches = read.batches.map(({ series, readings }) => {
    return { key: keyOf(series), series, edges: [low, high], readings };
  });
  const stored = await execute(run, "storeReadings", { ...namesOf(run.settings), batches });
  run.operations += stored.operations;
  const sum = (name) => stored.batches.reduce((total, each) => total + each[name], 0);
  const overlapping = sum("rejected");
  const lack = lackOf(read, dataset, window);
  const isWhole = !lack && !overlapping && !read.rejects.length;
  Object.assign(entry, { new: sum("new"), changed: sum("changed"), state: isWhole ? "done" : "partial" });
  if (lack) entry.error = lack;
  if (overlapping) entry.overlapping = overlapping;
  stored.batches.forEach(({ mirror }, index) => {
    if (mirror !== "same") run.mirrors[batches[index].key] = mirror;
  });
}

// One call and what comes of it; false when the dataset is not to be asked again in this run.
async function ask(run, dataset, window) {
  const { answer, entry } = await fetchOnce(run, dataset, window);
  if (answer.outcome === "answer") {
    await store(run, dataset, window, answer, entry);
    return entry.state !== "failed";
  }
  entry.state = answer.outcome === "nothing" ? "empty" : "failed";
  entry.error = answer.message;
  if (answer.until) entry.until = answer.until;
  return entry.state === "empty";
}

async function fetchAll(run) {
  for (const [place, planned] of run.plan.datasets.entries()) {
    const dataset = run.of.datasets[place];
    if (planned.windows.length === 0) run.entries.push({ series: dataset.name, state: planned.state });
    let failed = null;
    for (const window of planned.windows) {
      const reason = failed || reasonToStop(run, planned.until);
      if (reason) {
        const error = `not asked for ${window.start}: ${reason}`;
        run.entries.push({ series: dataset.name, state: "waiting", error, reason });
      } else if (!(await ask(run, dataset, window))) failed = "the call before it failed";
    }
  }
}

// The mirror of days that an interrupted run left short; no call is needed for that.
async function heal(run) {
  const ranges = run.plan.heal;
  for (let first = 0; first < ranges.length && run.operations + RESERVE <= MOST_OPERATIONS; first += BATCH) {
    const part = ranges.slice(first, first + BATCH);
    const healed = await execute(run, "fillMirror", { ...namesOf(run.settings), ranges: part });
    run.operations += healed.operations;
    healed.ranges.forEach(({ filled, mirror }, index) => {
      run.healed += filled;
      if (mirror !== "same") run.mirrors[part[index].key] = mirror;
    });
  }
}

// --- the whole run ------------------------------------------------------------------------------------------------

async function turn(run) {
  const { service, database, record } = run.settings;
  const job = `${run.of.name} ${record}`;
  const taken = await execute(run, "runTurn", { service, database, job, owner: run.owner });
  run.operations += taken.operations;
  run.owner = taken.owner;
}

async function work(run) {
  const { name, source, zone, datasets } = run.of;
  run.settings = await execute(run, "openSettings", source);
  const checked = await execute(run, "checkStore", { ...namesOf(run.settings), source });
  run.operations += checked.operations;
  run.isRecorded = checked.reachable;
  run.failures = run.settings.problems.concat(checked.problem || []);
  if (run.failures.length) return;
  await turn(run);
  if (!run.owner) {
    run.note = "another run is under way, this one leaves the work to it";
    return;
  }
  const planned = { ...namesOf(run.settings), name, source, zone, datasets, at: run.at };
  run.plan = await execute(run, "openPlan", planned);
  run.operations += run.plan.operations;
  const calls = run.plan.datasets.reduce((sum, { windows }) => sum + windows.length, 0);
  console.log(`${name} ${run.plan.today}: ${datasets.length} datasets, ${calls} calls to make`);
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

exports = async function openDaily(of) {
  const counts = { operations: 1, calls: 0, healed: 0, lastStart: 0 }; // this function is one
  const run = { ...counts, of, at: new Date(), entries: [], mirrors: {}, failures: [] };
  await attempt(run, work);
  const { settings, isRecorded, at, entries, calls, mirrors, healed, note, failures } = run;
  const operations = run.operations + (run.owner ? 2 : 0); // the turn is given back at the very end
  const place = isRecorded ? namesOf(settings) : null;
  const labels = {};
  for (const { name, label } of of.datasets) labels[name] = label;
  const outcome = { place, at, entries, operations, calls, mirrors, healed, note, isResting: false, labels, failures };
  const report = { name: of.name, unit: "datasets", ...outcome };
  const { lines, error, summary } = await context.functions.execute("finishRun", report);
  // Only now: a copy that takes the turn plans from the record of this run. What fails here ends by itself.
  if (run.owner) await attempt(run, turn);
  for (const line of lines) console.log(line);
  if (error) throw new Error(error);
  return summary;
};

if (typeof module !== "undefined") module.exports = exports;
