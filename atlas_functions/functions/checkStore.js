// Whether the store is there as the functions need it. A function can create no collection and no index, and an insert
// into a missing collection silently makes a regular one: better to refuse.
//
//   checkStore({service, database, record, mirror, source, reads}) -> {problem: text or null, ops, rows}
//
// source: whose collections they are; it stands in the remedies. reads: what the caller wants to know in the same
// operation, see readTogether; rows: of these, in their order; throws where one of them fails though nothing is wrong.
// Two witnesses, since neither alone is sure: the note that the Python side leaves in sync_schema when it creates the
// pair, and the server's own $collStats, which is taken at its word when it answers and passed over when the platform does
// not let it.

const NESTED = 1; // operations that a call of another function is; a bundle has none
const KEY = "series_1_ts_1"; // databases of earlier versions do not have it: the command brings them over
const LOOK = [
  { $collStats: { storageStats: {} } },
  { $project: { timeseries: { $type: "$storageStats.timeseries" }, indexes: "$storageStats.indexSizes" } },
];

// {missing, timeseries, indexes: [name]} of a collection; empty when $collStats cannot be had here.
function stateOf([stats], error) {
  if (stats) return { timeseries: stats.timeseries !== "missing", indexes: Object.keys(stats.indexes || {}) };
  return /collection .*not found|NamespaceNotFound/i.test(error || "") ? { missing: true } : {};
}

function problemOf({ record, mirror, source }, ofMirror, ofRecord, note) {
  const option = source === "linky" ? "" : ` --source ${source}`;
  const remedy = `run python -m sync backfill${option} once with this database, it creates both collections`;
  if (!note || note.kind !== "timeseries" || note.record !== record) {
    return `the time-series collection ${mirror} of ${record} was never created: ${remedy}`;
  }
  if (ofRecord.missing) return `the collection ${record} was never created: ${remedy}`;
  if (ofRecord.timeseries) {
    return `${record} is a time-series collection, the Value ${source}Collection must name a regular one`;
  }
  if (ofRecord.indexes && ofRecord.indexes.length && !ofRecord.indexes.includes(KEY)) {
    return `the collection ${record} lacks its unique index ${KEY}: ${remedy}`;
  }
  if (ofMirror.missing) return `the time-series collection ${mirror} is gone: ${remedy}`;
  if (ofMirror.timeseries !== false) return null;
  return `${mirror} is not a time-series collection: rename or drop it, then ${remedy}`;
}

exports = async function checkStore({ service, database, reads, ...names }) {
  const own = [
    { collection: names.mirror, stages: LOOK }, // first, as a time-series collection can only be looked at so
    { collection: names.record, stages: LOOK },
    { collection: "sync_schema", stages: [{ $match: { _id: names.mirror } }] },
  ];
  const question = { service, database, reads: own.concat(reads || []) };
  const { ops, rows, errors } = await context.functions.execute("readTogether", question);
  if (errors[2]) throw new Error(errors[2]);
  const problem = problemOf(names, stateOf(rows[0], errors[0]), stateOf(rows[1], errors[1]), rows[2][0]);
  const failed = errors.slice(3).find(Boolean);
  if (failed && !problem) throw new Error(failed);
  return { problem, ops: ops + NESTED, rows: rows.slice(3) };
};
