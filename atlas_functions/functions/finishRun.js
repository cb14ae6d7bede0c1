// The end of a run of a daily function: its record in sync_runs, its log lines, its error. Never throws.
//
//   finishRun({source, unit, datasets, settings: {isLinked}, place: {service, database, …}, plan, at, entries, ops, calls,
//              mirrors, healed, note, failures: [text]})
//     -> {lines: [text], error: text or null, summary}
//
// That is the run as dailyRun has it. unit: what the datasets are. entries: one for each call, or for a dataset that was
// not asked. mirrors: series key -> "stale" or "busy". failures: what ended the run. Texts of other sides go through
// shownText before they are stored or shown.

const NESTED = 1; // operations that a call of another function is; a bundle has none
const LINES = 20; // of the 25 that the platform keeps
const LINE_BYTES = 500; // of the 512 that it keeps of a line
const LONGEST_TEXT = 240; // characters of one error or reject
const LONGEST_FAILURE = 300;
const FAILURES = 5; // told in words, the others are counted
const REASONS = 3;
const KEPT = 400 * 86400000; // ms; older records of runs are removed on the first of a month
const COUNTS = ["calls", "status", "readings", "missing", "repeated", "rejected", "overlapping", "new", "changed"];
const STORED = ["series", "asked", ...COUNTS, "state", "error", "rejects", "mirror", "until"];

const removesOld = (at) => new Date(at).getUTCDate() === 1;
const isFirst = (one, index, all) => all.indexOf(one) === index;
const sumOf = (rows, name) => rows.reduce((sum, row) => sum + (row[name] || 0), 0);
const isFailed = ({ state }) => state === "failed";
const isWaiting = ({ state }) => state === "waiting";

function fitted(line) {
  let bytes = 0;
  const end = line.split("").findIndex((sign) => {
    bytes += sign < "\u0080" ? 1 : sign < "\u0800" ? 2 : 3;
    return bytes > LINE_BYTES;
  });
  return end < 0 ? line : `${line.slice(0, end)}…`;
}

async function scrub(run, texts, most) {
  if (!texts.some(Boolean)) return texts;
  run.ops += NESTED;
  return context.functions.execute("shownText", texts, most);
}

// Entries without a whole PRM or a token in any text.
async function scrubbed(run) {
  const broken = { state: "failed", error: `not stored: ${run.failures[0] || "the run ended"}` };
  const entries = run.entries.map((entry) => ({ ...entry, ...(entry.state ? {} : broken) }));
  const texts = [].concat(...entries.map(({ error, rejects }) => [error || "", ...(rejects || [])]));
  const clean = await scrub(run, texts, LONGEST_TEXT);
  for (const entry of entries) {
    const error = clean.shift();
    if (error) entry.error = error;
    if (entry.rejects) entry.rejects = entry.rejects.map(() => clean.shift());
  }
  return entries;
}

// An entry as it is stored: fixed field order, counts as Int32, what there is nothing of is absent.
function storedEntry(entry) {
  const stored = {};
  for (const name of STORED.filter((field) => entry[field] !== undefined)) {
    stored[name] = COUNTS.includes(name) ? BSON.Int32(entry[name]) : entry[name];
  }
  return stored;
}

async function keep({ source, place, ops, healed, ...run }, note, entries, error) {
  const at = new Date(run.at);
  const runs = context.services.get(place.service).db(place.database).collection("sync_runs");
  const document = {
    _id: new BSON.ObjectId(),
    function: source.job,
    at,
    seconds: BSON.Double((Date.now() - at.getTime()) / 1000),
    ok: !error,
    series: entries.map(storedEntry),
    operations: BSON.Int32(ops),
  };
  if (healed) document.healed = BSON.Int32(healed);
  if (note) document.note = note;
  if (error) document.error = error;
  await runs.insertOne(document);
  if (removesOld(at)) await runs.deleteMany({ function: source.job, at: { $lt: new Date(at.getTime() - KEPT) } });
}

function lineOf(entry, label) {
  const { asked, state, error, mirror, rejected } = entry;
  const days = asked ? ` ${asked[0]} to ${asked[1]} (not included)` : "";
  const counts = entry.readings === undefined ? "" : `, ${entry.new} new, ${entry.changed} corrected`;
  const refused = rejected ? `, ${rejected} points refused` : "";
  const stale = mirror === "stale" ? ", run python -m sync repair" : "";
  return `${label}${days}: ${state}${counts}${refused}${stale}${error ? `: ${error}` : ""}`;
}

// Why calls were not made: each reason once, with how many.
function waitingLines(entries) {
  const counts = {};
  for (const { reason } of entries.filter(isWaiting)) counts[reason] = (counts[reason] || 0) + 1;
  return Object.keys(counts).slice(0, REASONS).map((reason) => {
    const calls = counts[reason] === 1 ? "1 call waits" : `${counts[reason]} calls wait`;
    return `${calls} for the next run, which begins with the oldest days: ${reason}`;
  });
}

// The log: failures, then each call (failed ones first) as far as there is room, then the summary.
function linesOf(entries, labels, { mirrors }, failures, summary) {
  const lines = failures.concat(waitingLines(entries));
  const told = entries.filter(isFailed).concat(entries.filter((entry) => entry.asked && !isFailed(entry)));
  const most = LINES - lines.length - 3;
  for (const entry of told.slice(0, most)) lines.push(lineOf(entry, labels[entry.series]));
  if (told.length > most) lines.push(`… and ${told.length - most} more, all in sync_runs`);
  const stale = Object.values(mirrors).filter((mirror) => mirror === "stale").length;
  if (stale) lines.push(`${stale} mirrors hold corrected values, run python -m sync repair`);
  return lines.concat(summary).map(fitted);
}

// What is thrown: one line, the first failure in words. What waits for a quota that is used up by others counts, too.
function errorOf(entries, labels, { source, unit, plan, datasets }, failures) {
  if (failures.length) return `${source.job}: ${failures.join("; ")}`;
  const isResting = source.sharesQuota && plan && plan.datasets.some(({ until }) => until);
  const failed = entries.filter((entry) => isFailed(entry) || (isResting && isWaiting(entry)));
  if (!failed.length) return null;
  const [{ series, error }] = failed;
  const count = failed.map((entry) => entry.series).filter(isFirst).length;
  return `${source.job}: ${count} of ${datasets.length} ${unit} failed: ${labels[series]}: ${error}`;
}

exports = async function finishRun(run) {
  run.ops += NESTED;
  const { source: { job }, settings, at, calls, healed } = run;
  const waiting = run.entries.filter(isWaiting).length;
  const totals = { calls, new: sumOf(run.entries, "new"), changed: sumOf(run.entries, "changed"), waiting };
  const note = run.note || waitingLines(run.entries)[0];
  const labels = {};
  for (const { name, label } of run.datasets) labels[name] = label;
  let error = null;
  let lines = [];
  try {
    const failures = (await scrub(run, run.failures, LONGEST_FAILURE)).slice(0, FAILURES);
    if (run.failures.length > FAILURES) failures.push(`and ${run.failures.length - FAILURES} more like these`);
    const entries = await scrubbed(run);
    if (settings.isLinked) run.ops += removesOld(at) ? 2 : 1;
    error = errorOf(entries, labels, run, failures);
    const outcome = error ? "failed" : run.note || (waiting ? `done in part, ${waiting} calls wait` : "done");
    const counts = `${calls} calls, ${totals.new} new readings, ${totals.changed} corrected, ${healed} healed`;
    lines = linesOf(entries, labels, run, failures, `${job} ${outcome}: ${counts}, ${run.ops} operations`);
    if (settings.isLinked) await keep(run, note, entries, error);
  } catch (broken) {
    const [words] = await scrub(run, [broken.message], LONGEST_FAILURE);
    error = `${error || job}; the run could not be recorded: ${words}`;
    lines.push(fitted(error));
  }
  return { lines, error, summary: { ...totals, healed, operations: run.ops, note } };
};
