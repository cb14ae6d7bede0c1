// Fails loudly when something needs a person: the platform logs and mails a function that throws.
//
// Takes no arguments. Throws one line that names each series and the command that mends it, when
// - the last stored reading of a series ends longer ago than the Value freshnessHours says,
// - a mirror holds corrected values that wait for python -m sync repair,
// - a token is of no use, or ends within a week.
// Returns {series, oldest: hours} when all is well. Reads only.

const HOUR = 3600000;
const TOKEN_WARNING = 7 * 24 * HOUR;
const SHOWN = 5;
const LONGEST = 400;

const MEND = "look at the log of linkyDaily, then run python -m sync backfill";

// End of the last reading of each series that has one since a moment, by "prm flow".
async function lastEnds(collection, prms, since) {
  const match = { "series.source": "linky", "series.id": { $in: prms }, ts: { $gte: since } };
  const end = { $max: { $add: ["$ts", { $multiply: ["$seconds", 1000] }] } };
  const group = { _id: { id: "$series.id", flow: "$series.flow" }, end };
  const ends = {};
  for (const found of await collection.aggregate([{ $match: match }, { $group: group }]).toArray()) {
    ends[`${found._id.id} ${found._id.flow}`] = found.end.getTime();
  }
  return ends;
}

async function lastEnd(collection, { prm, flow }) {
  const query = { "series.source": "linky", "series.id": prm, "series.flow": flow };
  const [last] = await collection.find(query, { ts: 1, seconds: 1 }).sort({ ts: -1 }).limit(1).toArray();
  return last ? last.ts.getTime() + last.seconds * 1000 : null;
}

async function staleness(collection, series) {
  const end = await lastEnd(collection, series);
  if (end === null) return `${series.label} has no reading at all`;
  const shown = await context.functions.execute("formatDate", new Date(end), "YYYY-MM-DD HH:mm");
  return `${series.label} has nothing since ${shown} (Paris)`;
}

async function problemsOf({ series, mirror, freshnessHours }, record, leases) {
  const now = Date.now();
  const prms = series.map(({ prm }) => prm).filter((prm, index, all) => all.indexOf(prm) === index);
  const ends = await lastEnds(record, prms, new Date(now - freshnessHours * HOUR - HOUR));
  const isFresh = ({ prm, flow }) => ends[`${prm} ${flow}`] >= now - freshnessHours * HOUR;
  const old = series.filter((each) => !isFresh(each));
  const shown = [];
  for (const each of old.slice(0, SHOWN)) shown.push(await staleness(record, each));
  if (old.length > SHOWN) shown.push(`${old.length - SHOWN} more are as old`);
  const problems = shown.length ? [`${shown.join(", ")}: ${MEND}`] : [];

  const names = series.map(({ key }) => `mirror ${mirror} ${key}`);
  const stale = await leases.find({ _id: { $in: names }, stale: true }, { _id: 1 }).toArray();
  const labels = series.filter(({ key }) => stale.some(({ _id }) => _id === `mirror ${mirror} ${key}`));
  if (stale.length) {
    const listed = labels.slice(0, SHOWN).map(({ label }) => label);
    problems.push(`the mirror holds corrected values of ${listed.join(", ")}: run python -m sync repair`);
  }
  return { problems, oldest: Math.max(0, ...series.filter(isFresh).map(({ prm, flow }) => now - ends[`${prm} ${flow}`])) };
}

// Each once: several series may share a token.
function tokenProblems(series) {
  const found = {};
  for (const { token, ends, problem } of series) {
    if (problem) found[problem] = true;
    else if (ends && ends.getTime() < Date.now() + TOKEN_WARNING) {
      const day = ends.toISOString().slice(0, 10);
      found[`the token of the Value ${token} ends on ${day}: get a new one at https://conso.boris.sh`] = true;
    }
  }
  return Object.keys(found).slice(0, SHOWN);
}

async function watch() {
  const settings = await context.functions.execute("linkySettings");
  const { service, database, record, mirror, series } = settings;
  const checked = await context.functions.execute("checkStore", { service, database, record, mirror });
  const wrong = settings.problems.concat(checked.problem || []);
  if (wrong.length) throw new Error(wrong.join("; "));
  const db = context.services.get(service).db(database);
  const { problems, oldest } = await problemsOf(settings, db.collection(record), db.collection("sync_leases"));
  const all = problems.concat(tokenProblems(series));
  if (all.length) throw new Error(all.join("; "));
  return { series: series.length, oldest: Math.round(oldest / HOUR) };
}

exports = async function watchFreshness() {
  try {
    const found = await watch();
    console.log(`watchFreshness: ${found.series} series are fresh, the oldest ends ${found.oldest} hours ago`);
    return found;
  } catch (error) {
    const [told] = await context.functions.execute("shownText", [error.message], LONGEST);
    console.error(`watchFreshness: ${told}`);
    throw new Error(`watchFreshness: ${told}`);
  }
};

if (typeof module !== "undefined") module.exports = exports;
