// Whether the store is there as the functions need it. A function can create no collection and no index, and an insert
// into a missing collection silently makes a regular one: better to refuse.
//
//   checkStore({service, database, record, mirror, source}) -> {problem: text or null, reachable, operations}
//
// source: whose collections they are; it stands in the remedies.
// A name that is "" is a problem of dailySettings: it is not looked at.
// reachable: whether the data source exists, so that the run can be recorded. Two witnesses, since neither alone is
// sure: the note that the Python side leaves in sync_schema when it creates the pair, and the server's own $collStats,
// which is taken at its word when it answers and passed over when the platform does not let it.

const KEY = "series_1_ts_1"; // databases of earlier versions do not have it: the command brings them over

function remedy(source) {
  const option = source === "linky" ? "" : ` --source ${source}`;
  return `run python -m sync backfill${option} once with this database, it creates both collections`;
}

function sourceOf(service) {
  try {
    return context.services.get(service);
  } catch (error) {
    return undefined;
  }
}

// {missing, timeseries, indexes: [name]} of a collection; null when $collStats cannot be had here.
async function looked(collection) {
  try {
    const stages = [{ $collStats: { storageStats: {} } }];
    const [found] = await collection.aggregate(stages).toArray();
    const stats = found.storageStats;
    return { missing: false, timeseries: Boolean(stats.timeseries), indexes: Object.keys(stats.indexSizes || {}) };
  } catch (error) {
    return /collection .*not found|NamespaceNotFound/i.test(error.message) ? { missing: true, indexes: [] } : null;
  }
}

function recordProblem(found, name, source) {
  if (!found) return null;
  if (found.missing) return `the collection ${name} was never created: ${remedy(source)}`;
  if (found.timeseries) {
    return `${name} is a time-series collection, the Value ${source}Collection must name a regular one`;
  }
  if (found.indexes.length && found.indexes.indexOf(KEY) < 0) {
    return `the collection ${name} lacks its unique index ${KEY}: ${remedy(source)}`;
  }
  return null;
}

function mirrorProblem(found, name, source) {
  if (!found) return null;
  if (found.missing) return `the time-series collection ${name} is gone: ${remedy(source)}`;
  return found.timeseries ? null : `${name} is not a time-series collection: rename or drop it, then ${remedy(source)}`;
}

exports = async function checkStore({ service, database, record, mirror, source }) {
  if (!service || !database) return { problem: null, reachable: false, operations: 0 };
  const linked = sourceOf(service);
  if (!linked) {
    const problem = `the app has no data source named ${service}: link the cluster, or correct the Value mongodbService`;
    return { problem, reachable: false, operations: 0 };
  }
  if (!record || !mirror) return { problem: null, reachable: true, operations: 0 };
  const db = linked.db(database);
  const known = await db.collection("sync_schema").findOne({ _id: mirror });
  if (!known || known.kind !== "timeseries" || known.record !== record) {
    const problem = `the time-series collection ${mirror} of ${record} was never created: ${remedy(source)}`;
    return { problem, reachable: true, operations: 1 };
  }
  const problem =
    recordProblem(await looked(db.collection(record)), record, source) ||
    mirrorProblem(await looked(db.collection(mirror)), mirror, source);
  return { problem, reachable: true, operations: 3 };
};
