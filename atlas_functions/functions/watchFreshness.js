// Fails loudly when something needs a person: the platform logs and mails a function that throws.
//
// Takes no arguments. Throws one line that names each series and the command that mends it, when
// - the last stored reading of a series ends too long ago: of Linky by the Value freshnessHours, in either collection; of
//   an open source in the record, by how late it publishes,
// - a mirror holds corrected values that wait for python -m sync repair,
// - a token is of no use, or ends within a week,
// - a Value, the data source or a collection is missing.
// An open source counts as used while its collections exist and its function ran within the last weeks; any other is
// passed over in silence. Returns {series, oldest: hours} when all is well, of Linky. Reads only.

const HOUR = 3600000;
const DAY = 24 * HOUR;
const TOKEN_WARNING = 7 * DAY;
const USED = 40 * DAY; // since the last run of the function of an open source
const SHOWN = 3; // series or Values named for one problem, so that its command is never cut off
const LONGEST = 400; // characters of one problem, which is one log line
const PROBLEMS = 5;

const LINKY = { name: "linky", zone: "Europe/Paris" };
// limits: hours after the end of the last reading, by flow: what is published late is not late for that.
const ELHUB = {
  name: "elhub",
  zone: "Europe/Oslo",
  areas: ["NO1", "NO2", "NO3", "NO4", "NO5"],
  limits: { production: 96, consumption: 96 },
};
const ENERGIDATA = {
  name: "energidata",
  zone: "Europe/Copenhagen",
  areas: ["DK1", "DK2"],
  limits: { price: 48, production: 20 * 24 },
};

const optionOf = ({ name }) => (name === "linky" ? "" : ` --source ${name}`);
const isFirst = (one, index, all) => all.indexOf(one) === index;

function listed(texts) {
  const shown = texts.slice(0, SHOWN).join(", ");
  return texts.length > SHOWN ? `${shown} and ${texts.length - SHOWN} more` : shown;
}

// --- readings -----------------------------------------------------------------------------------------------------

// What is watched has {label, id, flow, limit: hours, stored: the series of it in the stored documents}.
function watchedOf({ name, areas, limits }, stored) {
  const flows = Object.keys(limits).map((flow) => areas.map((id) => ({ id, flow, limit: limits[flow] })));
  return [].concat(...flows).map(({ id, flow, limit }) => {
    const own = stored.filter((series) => series.source === name && series.id === id && series.flow === flow);
    return { label: `${name} ${id} ${flow}`, id, flow, limit, stored: own };
  });
}

// End (ms) of the last reading of each watched that has one within its limit and an hour more, by "id flow".
async function lastEnds(collection, watched) {
  const since = new Date(Date.now() - (Math.max(0, ...watched.map(({ limit }) => limit)) + 1) * HOUR);
  const match = { series: { $in: [].concat(...watched.map(({ stored }) => stored)) }, ts: { $gte: since } };
  const end = { $max: { $add: ["$ts", { $multiply: ["$seconds", 1000] }] } };
  const group = { _id: { id: "$series.id", flow: "$series.flow" }, end };
  const ends = {};
  for (const { _id, end: moment } of await collection.aggregate([{ $match: match }, { $group: group }]).toArray()) {
    ends[`${_id.id} ${_id.flow}`] = moment.getTime();
  }
  return ends;
}

async function staleness(collection, { stored, label }, { zone }) {
  const newest = collection.find({ series: { $in: stored } }, { ts: 1, seconds: 1 }).sort({ ts: -1 }).limit(1);
  const [last] = await newest.toArray();
  if (!last) return `${label} has no reading at all`;
  const end = last.ts.getTime() + Number(last.seconds) * 1000;
  const local = await context.functions.execute("formatDate", end, "YYYY-MM-DD HH:mm", zone);
  return `${label} has nothing since ${local} (${zone.split("/")[1]})`;
}

// {old: what has no fresh reading in a collection, oldest: ms since the end of the oldest fresh one}
async function looked(collection, watched) {
  const now = Date.now();
  const ends = await lastEnds(collection, watched);
  const endOf = ({ id, flow }) => ends[`${id} ${flow}`];
  const fresh = watched.filter((one) => endOf(one) >= now - one.limit * HOUR);
  const oldest = Math.max(0, ...fresh.map((one) => now - endOf(one)));
  return { old: watched.filter((one) => !fresh.includes(one)), oldest };
}

async function oldProblem(collection, old, source, place, remedy) {
  if (!old.length) return [];
  const shown = [];
  for (const one of old.slice(0, SHOWN)) shown.push(await staleness(collection, one, source));
  if (old.length > SHOWN) shown.push(`${old.length - SHOWN} more are as old`);
  return [`${shown.join(", ")}${place}: ${remedy}`];
}

const askAgain = (source) =>
  `look at the log of ${source.name}Daily, then run python -m sync backfill${optionOf(source)}`;

// What waits for repair. labels: of the series, by key; of an open source they are counted.
async function mirrorProblem(db, source, mirror, labels) {
  const prefix = `mirror ${mirror} `;
  const query = { _id: { $gte: `${prefix}${source.name}:`, $lt: `${prefix}${source.name};` }, stale: true };
  const stale = await db.collection("sync_leases").find(query, { _id: 1 }).toArray();
  const shown = labels ? stale.map(({ _id }) => labels[_id.slice(prefix.length)]).filter(Boolean) : stale;
  if (!shown.length) return [];
  const whose = labels ? listed(shown) : `${shown.length} series`;
  return [`${mirror} lacks corrected values of ${whose}: run python -m sync repair${optionOf(source)}`];
}

// --- tokens -------------------------------------------------------------------------------------------------------

// Each once: several series may share a token.
function tokenProblems(datasets) {
  const broken = datasets.filter(({ problem }) => problem).map(({ problem }) => problem).filter(isFirst);
  const limit = Date.now() + TOKEN_WARNING;
  const ending = datasets.filter(({ problem, ends }) => !problem && ends && new Date(ends).getTime() < limit);
  const days = ending.map(({ token, ends }) => `${token} ends on ${new Date(ends).toISOString().slice(0, 10)}`).filter(isFirst);
  const problems = broken.slice(0, SHOWN);
  if (broken.length > SHOWN) problems.push(`${broken.length - SHOWN} more tokens are of no use`);
  if (days.length) problems.push(`the token of the Value ${listed(days)}: get a new one at https://conso.boris.sh`);
  return problems;
}

// --- all of it ----------------------------------------------------------------------------------------------------

async function watchLinky(settings, db) {
  const { record, mirror, datasets, freshnessHours } = settings;
  const watched = datasets.map(({ label, flow, series }) =>
    ({ label, id: series.id, flow, limit: freshnessHours, stored: [series] }));
  const [kept, copied] = [db.collection(record), db.collection(mirror)];
  const { old, oldest } = await looked(kept, watched);
  const inMirror = (await looked(copied, watched)).old.filter((one) => !old.includes(one));
  const labels = {};
  for (const { name, label } of datasets) labels[name] = label;
  const problems = [
    ...(await oldProblem(kept, old, LINKY, "", askAgain(LINKY))),
    ...(await oldProblem(copied, inMirror, LINKY, ` in ${mirror}`, "run python -m sync repair")),
    ...(await mirrorProblem(db, LINKY, mirror, labels)),
    ...tokenProblems(datasets),
  ];
  return { problems, series: datasets.length, oldest };
}

async function isUsed(db, { name }, mirror) {
  if (!(await db.collection("sync_schema").findOne({ _id: mirror }))) return false;
  const since = new Date(Date.now() - USED);
  return Boolean(await db.collection("sync_runs").findOne({ function: `${name}Daily`, at: { $gte: since } }, { _id: 1 }));
}

async function watchOpen(source) {
  const { service, database, record, mirror, problems } = await context.functions.execute("dailySettings", source.name);
  const db = context.services.get(service).db(database);
  if (!(await isUsed(db, source, mirror))) return { problems: [], series: 0 };
  const collection = db.collection(record);
  const stored = await collection.aggregate([{ $group: { _id: "$series" } }]).toArray();
  const watched = watchedOf(source, stored.map(({ _id }) => _id).filter(Boolean));
  const { old } = await looked(collection, watched);
  problems.push(...(await oldProblem(collection, old, source, "", askAgain(source))));
  problems.push(...(await mirrorProblem(db, source, mirror, null)));
  return { problems, series: watched.length };
}

async function watch() {
  const settings = await context.functions.execute("dailySettings", LINKY.name);
  const { service, database, record, mirror } = settings;
  const store = { service, database, record, mirror, source: LINKY.name };
  const checked = settings.isLinked ? await context.functions.execute("checkStore", store) : {};
  const wrong = settings.problems.concat(checked.problem || []);
  if (wrong.length) return { problems: wrong };
  const all = await watchLinky(settings, context.services.get(service).db(database));
  for (const source of [ELHUB, ENERGIDATA]) {
    const { problems, series } = await watchOpen(source);
    all.problems.push(...problems);
    all.series += series;
  }
  return { ...all, oldest: Math.round(all.oldest / HOUR) };
}

exports = async function watchFreshness() {
  let watched;
  try {
    watched = await watch();
  } catch (error) {
    watched = { problems: [`could not look, run it again and mend this if it stays: ${error.message}`] };
  }
  const { problems, series, oldest } = watched;
  if (!problems.length) {
    console.log(`watchFreshness: ${series} series are fresh, the oldest ends ${oldest} hours ago`);
    return { series, oldest };
  }
  const shown = (await context.functions.execute("shownText", problems, LONGEST)).slice(0, PROBLEMS);
  if (problems.length > PROBLEMS) shown.push(`and ${problems.length - PROBLEMS} more problems`);
  for (const text of shown) console.error(`watchFreshness: ${text}`);
  throw new Error(`watchFreshness: ${shown.join("; ")}`);
};
