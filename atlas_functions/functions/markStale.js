// Notes durably that the mirror of a series must be rewritten, before anything makes it wrong: python -m sync repair
// writes it anew from the record. Until then no function touches that mirror.
//
//   markStale({service, database, mirror, keys: [series key]}) -> {operations}

exports = async function markStale({ service, database, mirror, keys }) {
  const leases = context.services.get(service).db(database).collection("sync_leases");
  const marked = keys.map((key) => {
    const [filter, update] = [{ _id: `mirror ${mirror} ${key}` }, { $set: { stale: true } }];
    return { updateOne: { filter, update, upsert: true } };
  });
  await leases.bulkWrite(marked, { ordered: false });
  return { operations: 1 };
};

if (typeof module !== "undefined") module.exports = exports;
