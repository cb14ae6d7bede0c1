// Whether the store is there as the functions need it. A function can create no collection and no index, and an insert
// into a missing collection silently makes a regular one: better to refuse.
//
//   checkStore({service, database, record, mirror, source, reads}) -> {problem: text or null, operations, rows}
//
// source: whose collections they are; it stands in the remedies. reads: what the caller wants to know in the same
// operation, see readTogether; rows: of these, in their order; throws where one of them fails though nothing is wrong.
// Two witnesses, since neither alone is sure: the note that the Python side leaves in sync_schema when it creates the
// pair, and the server's own $collStats, which is taken at its word when it answers and passed over when the platform does
// not let it.

const NESTED = typeof bundled === "undefined" ? 1 : 0;
const KEY = "series_1_ts_1"; // databases of earlier versions do not have it: the command brings them over
const LOOK = [
  { $collStats: { storageStats: {} } },
  { $project: { timeseries: { $type: "$storageStats.timeseries" }, indexes: "$storageStats.indexSizes" } },
];

function remedy(source) {
  const option = source === "linky" ? "" : ` --source ${source}`;
  return `run python -m sync backfill${option} once with this database, it creates both collections`;
}

// {missing, timeseries, indexes: [name]} of a collection; null when $collStats cannot be had here.
function looked([stats], error) {
  if (stats) return { timeseries: stats.timeseries !== "missing", indexes: Object.keys(stats.indexes || {}) };
  return /collection .*not found|NamespaceNotFound/i.test(error || "") ? { missing: true } : null;
}

function noteProblem([note], { record, mirror, source }) {
  if (note && note.kind === "timeseries" && note.record === record) return null;
  return `the time-series collection ${mirror} of ${record} was never created: ${remedy(source)}`;
}

function recordProblem(found, { record, source }) {
  if (!found) return null;
  if (found.missing) return `the collection ${record} was never created: ${remedy(source)}`;
  if (found.timeseries) {
    return `${record} is a time-series collection, the Value ${source}Collection must name a regular one`;
  }
  if (found.indexes.length && found.indexes.indexOf(KEY) < 0) {
    return `the collection ${record} lacks its unique index ${KEY}: ${remedy(source)}`;
  }
  return null;
}

function mirrorProblem(found, { mirror, source }) {
  if (!found) return null;
  if (found.missing) return `the time-series collection ${mirror} is gone: ${remedy(source)}`;
  if (found.timeseries) return null;
  return `${mirror} is not a time-series collection: rename or drop it, then ${remedy(source)}`;
}

exports = async function checkStore({ service, database, reads, ...names }) {
  const { record, mirror } = names;
  const own = [
    { collection: mirror, stages: LOOK }, // first, as a time-series collection can only be looked at so
    { collection: record, stages: LOOK },
    { collection: "sync_schema", stages: [{ $match: { _id: mirror } }] },
  ];
  const question = { service, database, reads: own.concat(reads || []) };
  const { operations, rows, errors } = await context.functions.execute("readTogether", question);
  if (errors[2]) throw new Error(errors[2]);
  const problem =
    noteProblem(rows[2], names) ||
    recordProblem(looked(rows[1], errors[1]), names) ||
    mirrorProblem(looked(rows[0], errors[0]), names);
  const failed = errors.slice(own.length).find(Boolean);
  if (failed && !problem) throw new Error(failed);
  return { problem, operations: operations + NESTED, rows: rows.slice(own.length) };
};
