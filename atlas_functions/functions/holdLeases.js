// Leases in sync_leases: whoever holds one is alone with what it names, until it gives it back or its time is over. A run
// has one, since a second copy, which at-least-once delivery may start, would make every call twice; and the mirror of
// each series, as only one writer at a time may fill it.
//
//   holdLeases({service, database, names, owner, milliseconds, isKnown}) -> {operations, states: {name: state}, until}
//
// owner: a text of its own for each holder. Takes the free ones of these leases for so long, and the owner's own anew;
// without milliseconds gives back those that the owner holds. isKnown: of a lease that was never made there is no state,
// else it is made. state: "mine", "busy" (another has it) or "stale" (a mirror that python -m sync repair must write anew:
// nobody is to touch it until then). until: ms, when the first of mine ends.

async function insertAbsent(leases, absent, mine) {
  try {
    await leases.insertMany(absent.map((name) => ({ _id: name, ...mine })), { ordered: false });
  } catch (error) {
    if (String(error.message).indexOf("E11000") < 0) throw error; // another one made it at the same moment
  }
}

function stateOf(lease, owner) {
  if (lease.stale) return "stale";
  return lease.owner === owner ? "mine" : "busy";
}

async function take(leases, { names, owner, milliseconds, isKnown }) {
  const now = Date.now();
  const end = now + milliseconds;
  const mine = { owner, place: "atlas", pid: BSON.Int32(0), since: "", until: new Date(end) };
  const free = [{ owner: null }, { owner }, { until: { $lt: new Date(now) } }];
  const query = { _id: { $in: names } };
  const states = {};
  const taken = await leases.updateMany({ ...query, stale: { $ne: true }, $or: free }, { $set: mine });
  if (Number(taken.matchedCount) === names.length) {
    for (const name of names) states[name] = "mine";
    return { operations: 1, states, until: end };
  }
  let all = await leases.find(query).toArray();
  const absent = isKnown ? [] : names.filter((name) => !all.some(({ _id }) => _id === name));
  if (absent.length) {
    await insertAbsent(leases, absent, mine);
    all = await leases.find(query).toArray();
  }
  for (const lease of all) states[lease._id] = stateOf(lease, owner);
  const ends = all.filter(({ _id }) => states[_id] === "mine").map((lease) => lease.until.getTime());
  return { operations: absent.length ? 4 : 2, states, until: Math.min(end, ...ends) };
}

exports = async function holdLeases({ service, database, ...question }) {
  const leases = context.services.get(service).db(database).collection("sync_leases");
  if (question.milliseconds) return take(leases, question);
  await leases.updateMany({ _id: { $in: question.names }, owner: question.owner }, { $set: { owner: null } });
  return { operations: 1 };
};
