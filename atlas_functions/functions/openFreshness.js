// Which open sources need a person: the counterpart of watchFreshness for what elhubDaily and energidataDaily load.
//
//   openFreshness() -> {problems: [text], series: how many were looked at}
//
// A source counts as used while its collections exist and its function ran within the last weeks; any other is passed
// over in silence. Reads only.

const DAY = 86400000;
const HOUR = 3600000;
const USED = 40 * DAY; // since the last run of its function
const LIMITS_WIDEN = 4 * DAY; // the look for the last reading goes so far beyond a limit
const REPAIR = "run python -m sync repair";
const ZONES = { elhub: "Europe/Oslo", energidata: "Europe/Copenhagen" };

// Hours after the end of the last reading, by flow: what is published late is not late for that.
const ELHUB = {
  source: "elhub",
  job: "elhubDaily",
  areas: ["NO1", "NO2", "NO3", "NO4", "NO5"],
  limits: { production: 96, consumption: 96 },
};
const ENERGIDATA = {
  source: "energidata",
  job: "energidataDaily",
  areas: ["DK1", "DK2"],
  limits: { price: 48, production: 20 * 24 },
};

async function isUsed(db, { job }, mirror) {
  const known = await db.collection("sync_schema").findOne({ _id: mirror });
  if (!known) return false;
  const since = new Date(Date.now() - USED);
  return Boolean(await db.collection("sync_runs").findOne({ function: job, at: { $gte: since } }, { _id: 1 }));
}

// End (ms) of the last reading of each area and flow that has one not too long ago, by "area flow".
async function lastEnds(collection, { source, areas, limits }) {
  const longest = Math.max(...Object.keys(limits).map((flow) => limits[flow]));
  const since = new Date(Date.now() - longest * HOUR - LIMITS_WIDEN);
  const stored = await collection.aggregate([{ $group: { _id: "$series" } }]).toArray();
  const own = stored.map(({ _id }) => _id).filter((each) => each && each.source === source && areas.indexOf(each.id) >= 0);
  const match = { series: { $in: own }, ts: { $gte: since } };
  const end = { $max: { $add: ["$ts", { $multiply: ["$seconds", 1000] }] } };
  const ends = {};
  const group = { _id: { id: "$series.id", flow: "$series.flow" }, end };
  for (const found of await collection.aggregate([{ $match: match }, { $group: group }]).toArray()) {
    ends[`${found._id.id} ${found._id.flow}`] = found.end.getTime();
  }
  return ends;
}

async function oldProblem({ source, job }, old, ends) {
  const [first] = old;
  const end = ends[first];
  const parts = [new Date(end || 0), "YYYY-MM-DD HH:mm", ZONES[source]];
  const since = end ? `since ${await context.functions.execute("formatDate", ...parts)} (local)` : "of late";
  const more = old.length > 1 ? ` (and ${old.length - 1} more)` : "";
  const remedy = `look at the log of ${job}, then run python -m sync backfill --source ${source}`;
  return `${source} ${first} has nothing ${since}${more}: ${remedy}`;
}

async function mirrorProblem(db, { source }, mirror) {
  const prefix = { $gte: `mirror ${mirror} ${source}:`, $lt: `mirror ${mirror} ${source};` };
  const stale = await db.collection("sync_leases").count({ _id: prefix, stale: true });
  return stale ? [`${mirror} lacks corrected values of ${stale} series: ${REPAIR} --source ${source}`] : [];
}

async function problemsOf(of) {
  const settings = await context.functions.execute("openSettings", of.source);
  const { service, database, record, mirror, problems: wrong } = settings;
  if (!service || !database || !record || !mirror) return { problems: [], series: 0 };
  const db = context.services.get(service).db(database);
  if (!(await isUsed(db, of, mirror))) return { problems: [], series: 0 };
  const ends = await lastEnds(db.collection(record), of);
  const flows = Object.keys(of.limits);
  const names = [].concat(...flows.map((flow) => of.areas.map((id) => [`${id} ${flow}`, of.limits[flow]])));
  const old = names.filter(([name, limit]) => !(ends[name] >= Date.now() - limit * HOUR)).map(([name]) => name);
  const problems = wrong.concat(old.length ? await oldProblem(of, old, ends) : [], await mirrorProblem(db, of, mirror));
  return { problems, series: names.length };
}

exports = async function openFreshness() {
  const found = { problems: [], series: 0 };
  for (const of of [ELHUB, ENERGIDATA]) {
    const { problems, series } = await problemsOf(of);
    found.problems.push(...problems);
    found.series += series;
  }
  return found;
};

if (typeof module !== "undefined") module.exports = exports;
