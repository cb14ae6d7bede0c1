// Fails loudly when something needs a person: the platform logs and mails a function that throws.
//
// Takes no arguments. Throws one line that names each series and the command that mends it, when
// - the last stored reading of a series ends longer ago than the Value freshnessHours says, in either collection,
// - a mirror holds corrected values that wait for python -m sync repair,
// - a token is of no use, or ends within a week,
// - a Value, the data source or a collection is missing,
// - an open source in use needs one, see openFreshness.
// Returns {series, oldest: hours} when all is well. Reads only.

const HOUR = 3600000;
const TOKEN_WARNING = 7 * 24 * HOUR;
const SHOWN = 3; // series or Values named for one problem, so that its command is never cut off
const LONGEST = 400; // characters of one problem, which is one log line
const PROBLEMS = 5;

const ASK = "look at the log of linkyDaily, then run python -m sync backfill";
const REPAIR = "run python -m sync repair";

const storedSeries = ({ prm, flow }) => ({ flow, id: prm, source: "linky" });
const isFirst = (one, index, all) => all.indexOf(one) === index;

function listed(texts) {
  const shown = texts.slice(0, SHOWN).join(", ");
  return texts.length > SHOWN ? `${shown} and ${texts.length - SHOWN} more` : shown;
}

// --- readings -----------------------------------------------------------------------------------------------------

// End (ms) of the last reading of each series that has one since a moment, by "prm flow".
async function lastEnds(collection, series, since) {
  const match = { series: { $in: series.map(storedSeries) }, ts: { $gte: since } };
  const end = { $max: { $add: ["$ts", { $multiply: ["$seconds", 1000] }] } };
  const group = { _id: { id: "$series.id", flow: "$series.flow" }, end };
  const ends = {};
  for (const found of await collection.aggregate([{ $match: match }, { $group: group }]).toArray()) {
    ends[`${found._id.id} ${found._id.flow}`] = found.end.getTime();
  }
  return ends;
}

async function staleness(collection, { prm, flow, label }) {
  const query = { series: storedSeries({ prm, flow }) };
  const [last] = await collection.find(query, { ts: 1, seconds: 1 }).sort({ ts: -1 }).limit(1).toArray();
  if (!last) return `${label} has no reading at all`;
  const end = new Date(last.ts.getTime() + Number(last.seconds) * 1000);
  return `${label} has nothing since ${await context.functions.execute("formatDate", end, "YYYY-MM-DD HH:mm")} (Paris)`;
}

// {old: the series without a fresh reading in a collection, oldest: ms since the end of the oldest fresh one}
async function looked(collection, { series, freshnessHours }) {
  const now = Date.now();
  const limit = now - freshnessHours * HOUR;
  const ends = await lastEnds(collection, series, new Date(limit - HOUR));
  const endOf = ({ prm, flow }) => ends[`${prm} ${flow}`];
  const fresh = series.filter((each) => endOf(each) >= limit);
  const oldest = Math.max(0, ...fresh.map((each) => now - endOf(each)));
  return { old: series.filter((each) => fresh.indexOf(each) < 0), oldest };
}

async function oldProblem(collection, old, place, mend) {
  const shown = [];
  for (const each of old.slice(0, SHOWN)) shown.push(await staleness(collection, each));
  if (old.length > SHOWN) shown.push(`${old.length - SHOWN} more are as old`);
  return `${shown.join(", ")}${place}: ${mend}`;
}

async function readingProblems(settings, db) {
  const { record, mirror } = settings;
  const [kept, copied] = [db.collection(record), db.collection(mirror)];
  const ofRecord = await looked(kept, settings);
  const ofMirror = await looked(copied, settings);
  const onlyThere = ofMirror.old.filter(({ key }) => !ofRecord.old.some((each) => each.key === key));
  const problems = [];
  if (ofRecord.old.length) problems.push(await oldProblem(kept, ofRecord.old, "", ASK));
  if (onlyThere.length) problems.push(await oldProblem(copied, onlyThere, ` in ${mirror}`, REPAIR));
  return { problems, oldest: ofRecord.oldest };
}

async function mirrorProblems({ series, mirror }, db) {
  const names = series.map(({ key }) => `mirror ${mirror} ${key}`);
  const stale = await db.collection("sync_leases").find({ _id: { $in: names }, stale: true }, { _id: 1 }).toArray();
  const labels = series.filter(({ key }) => stale.some(({ _id }) => _id === `mirror ${mirror} ${key}`));
  if (labels.length === 0) return [];
  return [`the mirror lacks corrected values of ${listed(labels.map(({ label }) => label))}: ${REPAIR}`];
}

// --- tokens -------------------------------------------------------------------------------------------------------

// Each once: several series may share a token.
function tokenProblems(series) {
  const broken = series.filter(({ problem }) => problem).map(({ problem }) => problem).filter(isFirst);
  const limit = Date.now() + TOKEN_WARNING;
  const ending = series.filter(({ problem, ends }) => !problem && ends && ends.getTime() < limit);
  const day = ({ token, ends }) => `${token} ends on ${ends.toISOString().slice(0, 10)}`;
  const days = ending.map(day).filter(isFirst);
  const found = broken.slice(0, SHOWN);
  if (broken.length > SHOWN) found.push(`${broken.length - SHOWN} more tokens are of no use`);
  if (days.length) found.push(`the token of the Value ${listed(days)}: get a new one at https://conso.boris.sh`);
  return found;
}

// --- all of it ----------------------------------------------------------------------------------------------------

async function watch() {
  const settings = await context.functions.execute("linkySettings");
  const { service, database, record, mirror, series } = settings;
  const checked = await context.functions.execute("checkStore", { service, database, record, mirror });
  const wrong = settings.problems.concat(checked.problem || []);
  if (wrong.length) return { problems: wrong };
  const db = context.services.get(service).db(database);
  const { problems, oldest } = await readingProblems(settings, db);
  const open = await context.functions.execute("openFreshness");
  const all = problems.concat(await mirrorProblems(settings, db), tokenProblems(series), open.problems);
  return { problems: all, series: series.length + open.series, oldest: Math.round(oldest / HOUR) };
}

exports = async function watchFreshness() {
  let found;
  try {
    found = await watch();
  } catch (error) {
    found = { problems: [`could not look, run it again and mend this if it stays: ${error.message}`] };
  }
  if (found.problems.length === 0) {
    console.log(`watchFreshness: ${found.series} series are fresh, the oldest ends ${found.oldest} hours ago`);
    return { series: found.series, oldest: found.oldest };
  }
  const told = (await context.functions.execute("shownText", found.problems, LONGEST)).slice(0, PROBLEMS);
  if (found.problems.length > PROBLEMS) told.push(`and ${found.problems.length - PROBLEMS} more problems`);
  for (const text of told) console.error(`watchFreshness: ${text}`);
  throw new Error(`watchFreshness: ${told.join("; ")}`);
};

if (typeof module !== "undefined") module.exports = exports;
