// What a caller needs of several collections, in one operation of the platform.
//
//   readTogether({service, database, reads: [{collection, stages}], isLarge}) -> {operations, rows: [[document]], errors}
//
// rows, errors: of each read, in their order; an error in words where it failed. The reads are joined by $unionWith. Where
// that is refused, one of them fails, or isLarge says that all together may pass the 50,000 documents of a query, each is
// made by itself.

const UNREADABLE = "numbers of the database cannot be read on this platform";

const tagged = (stages, place) => {
  return [...stages, { $project: { _id: 0, place: { $literal: BSON.Int32(place) }, row: "$$ROOT" } }];
};

async function readJoined(db, [first, ...others]) {
  const joined = others.map(({ collection, stages }, index) => {
    return { $unionWith: { coll: collection, pipeline: tagged(stages, index + 1) } };
  });
  const rows = [first, ...others].map(() => []);
  const found = await db.collection(first.collection).aggregate([...tagged(first.stages, 0), ...joined]).toArray();
  for (const { place, row } of found) {
    if (isNaN(Number(place))) throw new Error(UNREADABLE);
    rows[Number(place)].push(row);
  }
  return { operations: 1, rows, errors: [] };
}

async function readApart(db, reads, operations) {
  const [rows, errors] = [[], []];
  for (const [place, { collection, stages }] of reads.entries()) {
    try {
      rows[place] = await db.collection(collection).aggregate(stages).toArray();
    } catch (error) {
      [rows[place], errors[place]] = [[], String(error.message)];
    }
  }
  return { operations: operations + reads.length, rows, errors };
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
