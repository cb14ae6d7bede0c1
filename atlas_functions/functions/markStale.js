// Notes durably that the mirror of a series must be rewritten, before anything makes it wrong: python -m sync repair
// writes it anew from the record. Until then no function touches that mirror.
//
//   markStale({service, database, mirror, keys: [series key]}) -> {operations}

exports = async function markStale({ service, database, mirror, keys }) {
  const leases = context.services.get(service).db(database).collection("sync_leases");
  for (const key of keys) {
    await leases.updateOne({ _id: `mirror ${mirror} ${key}` }, { $set: { stale: true } }, { upsert: true });
  }
  return { operations: keys.length };
};

if (typeof module !== "undefined") module.exports = exports;
