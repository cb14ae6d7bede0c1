// What a caller needs of several collections, in one operation of the platform.
//
//   readTogether({service, database, reads: [{collection, stages}], isLarge}) -> {ops, rows: [[document]], errors}
//
// rows, errors: of each read, in their order; an error in words where it failed. The reads are joined by $unionWith. Where
// that is refused, one of them fails, or isLarge says that all together may pass the 50,000 documents of a query, each is
// made by itself.

const UNREADABLE = "numbers of the database cannot be read on this platform";

const tagged = ({ stages }, place) =>
  [...stages, { $project: { _id: 0, place: { $literal: BSON.Int32(place) }, row: "$$ROOT" } }];

async function readJoined(db, reads) {
  const rows = reads.map(() => []);
  const [first, ...others] = reads.map(tagged);
  const joined = others.map((pipeline, index) => ({ $unionWith: { coll: reads[index + 1].collection, pipeline } }));
  for (const { place, row } of await db.collection(reads[0].collection).aggregate([...first, ...joined]).toArray()) {
    if (isNaN(Number(place))) throw new Error(UNREADABLE);
    rows[Number(place)].push(row);
  }
  return { ops: 1, rows, errors: [] };
}

async function readApart(db, reads, ops) {
  const [rows, errors] = [[], []];
  for (const [place, { collection, stages }] of reads.entries()) {
    try {
      rows[place] = await db.collection(collection).aggregate(stages).toArray();
    } catch (error) {
      rows[place] = [];
      errors[place] = String(error.message);
    }
  }
  return { ops: ops + reads.length, rows, errors };
}

exports = async function readTogether({ service, database, reads, isLarge }) {
  const db = context.services.get(service).db(database);
  if (isLarge || reads.length === 1) return readApart(db, reads, 0);
  try {
    return await readJoined(db, reads);
  } catch (error) {
    if (error.message === UNREADABLE) throw error;
    return readApart(db, reads, 1);
  }
};
