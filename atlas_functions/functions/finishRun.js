// The end of a run of a daily function: its record in sync_runs, its log lines, its error. Never throws.
//
//   finishRun({name, unit, place: {service, database, …} or null, at, entries, operations, calls, mirrors, healed, note,
//              isResting, labels: {key: label}, failures: [text]})
//     -> {lines: [text], error: text or null, summary}
//
// name: of the function; unit: what the labels name. entries: one for each call, or for a series that was not asked.
// mirrors: series key -> "stale" or "busy". failures: what ended the run. Texts of other sides go through shownText before
// they are stored or shown.

const NESTED = typeof bundled === "undefined" ? 1 : 0;
const LINES = 20; // of the 25 that the platform keeps
const LINE_BYTES = 500; // of the 512 that it keeps of a line
const LONGEST_TEXT = 240; // characters of one error or reject
const LONGEST_FAILURE = 300;
const FAILURES = 5; // told in words, the others are counted
const REASONS = 3;
const KEPT = 400 * 86400000; // ms; older records of runs are removed on the first of a month
const COUNTS = ["calls", "status", "readings", "missing", "repeated", "rejected", "overlapping", "new", "changed"];
const ENTRY = ["series", "asked", "state", "error", "rejects", "mirror", "until"];

const removesOld = (at) => new Date(at).getUTCDate() === 1;
const sum = (entries, name) => entries.reduce((total, entry) => total + (entry[name] || 0), 0);
const isFailed = ({ state }) => state === "failed";
const isWaiting = ({ state }) => state === "waiting";
const bytesOf = (code) => (code < 0x80 ? 1 : code < 0x800 ? 2 : 3);

function fitted(line) {
  let bytes = 0;
  for (let place = 0; place < line.length; place += 1) {
    bytes += bytesOf(line.charCodeAt(place));
    if (bytes > LINE_BYTES) return `${line.slice(0, place)}…`;
  }
  return line;
}

async function shown(run, texts, most) {
  if (texts.every((text) => text === "")) return texts;
  run.operations += NESTED;
  return context.functions.execute("shownText", texts, most);
}

// Entries without a whole PRM or a token in any text.
async function scrubbed(run) {
  const { entries, failures } = run;
  for (const entry of entries) {
    if (entry.state) continue;
    entry.state = "failed"; // the run ended before it was stored
    entry.error = `not stored: ${failures[0] || "the run ended"}`;
  }
  const texts = [];
  for (const entry of entries) texts.push(entry.error || "", ...(entry.rejects || []));
  const clean = await shown(run, texts, LONGEST_TEXT);
  let place = 0;
  return entries.map((entry) => {
    const [error, ...rejects] = clean.slice(place, place + 1 + (entry.rejects || []).length);
    place += 1 + rejects.length;
    const copy = { ...entry };
    if (error) copy.error = error;
    if (rejects.length) copy.rejects = rejects;
    return copy;
  });
}

// An entry as it is stored: fixed field order, counts as Int32, what there is nothing of is absent.
function storedEntry(entry) {
  const stored = {};
  for (const name of ENTRY.slice(0, 2)) if (entry[name] !== undefined) stored[name] = entry[name];
  for (const name of COUNTS) if (entry[name] !== undefined) stored[name] = BSON.Int32(entry[name]);
  for (const name of ENTRY.slice(2)) if (entry[name] !== undefined) stored[name] = entry[name];
  return stored;
}

async function record({ name, place, operations, note, healed, ...run }, entries, error) {
  const at = new Date(run.at);
  const runs = context.services.get(place.service).db(place.database).collection("sync_runs");
  const document = {
    _id: new BSON.ObjectId(),
    function: name,
    at,
    seconds: BSON.Double((Date.now() - at.getTime()) / 1000),
    ok: error === null,
    series: entries.map(storedEntry),
    operations: BSON.Int32(operations),
  };
  if (healed) document.healed = BSON.Int32(healed);
  if (note) document.note = note;
  if (error) document.error = error;
  await runs.insertOne(document);
  if (removesOld(at)) await runs.deleteMany({ function: name, at: { $lt: new Date(at.getTime() - KEPT) } });
}

function lineOf(entry, label) {
  const { asked, state, error, mirror } = entry;
  const days = asked ? ` ${asked[0]} to ${asked[1]} (not included)` : "";
  const counts = entry.readings === undefined ? "" : `, ${entry.new} new, ${entry.changed} corrected`;
  const refused = entry.rejected ? `, ${entry.rejected} points refused` : "";
  const stale = mirror === "stale" ? ", run python -m sync repair" : "";
  return `${label}${days}: ${state}${counts}${refused}${stale}${error ? `: ${error}` : ""}`;
}

// Why calls were not made: a line for each reason, however many series wait.
function waitingLines(entries) {
  const counts = Object.create(null);
  for (const { reason } of entries.filter(isWaiting)) counts[reason] = (counts[reason] || 0) + 1;
  const reasons = Object.keys(counts).slice(0, REASONS);
  return reasons.map((reason) => {
    const calls = counts[reason] === 1 ? "1 call waits" : `${counts[reason]} calls wait`;
    return `${calls} for the next run, which begins with the oldest days: ${reason}`;
  });
}

function linesOf(entries, { labels, mirrors, failures }, summary) {
  const lines = failures.concat(waitingLines(entries));
  const calls = entries.filter((entry) => entry.asked && !isFailed(entry));
  const ordered = entries.filter(isFailed).concat(calls);
  const most = LINES - lines.length - 3; // what follows
  for (const entry of ordered.slice(0, most)) lines.push(lineOf(entry, labels[entry.series]));
  if (ordered.length > most) lines.push(`… and ${ordered.length - most} more, all in sync_runs`);
  const stale = Object.keys(mirrors).filter((key) => mirrors[key] === "stale");
  if (stale.length) lines.push(`${stale.length} mirrors hold corrected values, run python -m sync repair`);
  return lines.concat(summary).map(fitted);
}

function errorOf(entries, { name, unit, failures, labels, isResting }) {
  if (failures.length) return `${name}: ${failures.join("; ")}`;
  const failed = entries.filter((entry) => isFailed(entry) || (isResting && isWaiting(entry)));
  if (failed.length === 0) return null;
  const keys = failed.map((entry) => entry.series).filter((key, index, all) => all.indexOf(key) === index);
  const count = `${keys.length} of ${Object.keys(labels).length} ${unit} failed`;
  return `${name}: ${count}: ${labels[keys[0]]}: ${failed[0].error}`;
}

exports = async function finishRun(run) {
  let [error, lines] = [null, []];
  const waiting = run.entries.filter(isWaiting).length;
  const totals = { calls: run.calls, new: sum(run.entries, "new"), changed: sum(run.entries, "changed"), waiting };
  const note = run.note || waitingLines(run.entries)[0];
  try {
    const failures = (await shown(run, run.failures, LONGEST_FAILURE)).slice(0, FAILURES);
    if (run.failures.length > FAILURES) failures.push(`and ${run.failures.length - FAILURES} more like these`);
    const entries = await scrubbed(run);
    run.operations += NESTED + (run.place ? 1 : 0) + (run.place && removesOld(run.at) ? 1 : 0);
    error = errorOf(entries, { ...run, failures });
    const outcome = error ? "failed" : run.note || (waiting ? `done in part, ${waiting} calls wait` : "done");
    const counts = `${totals.calls} calls, ${totals.new} new readings, ${totals.changed} corrected, ${run.healed} healed`;
    const summary = `${run.name} ${outcome}: ${counts}, ${run.operations} operations`;
    lines = linesOf(entries, { ...run, failures }, summary);
    if (run.place) await record({ ...run, note }, entries, error);
  } catch (broken) {
    const [words] = await shown(run, [broken.message], LONGEST_FAILURE);
    error = `${error || run.name}; the run could not be recorded: ${words}`;
    lines.push(fitted(error));
  }
  return { lines, error, summary: { ...totals, healed: run.healed, operations: run.operations, note } };
};
