// Leases in sync_leases: whoever holds one is alone with what it names, until it gives it back or its time is over. A run
// has one, since a second copy, which at-least-once delivery may start, would make every call twice; and the mirror of
// each series, as only one writer at a time may fill it.
//
//   holdLeases({service, database, names, owner, ms, isKnown}) -> {ops, states: {name: state}, until}
//
// owner: a text of its own for each holder. Takes the free ones of these leases for so long, and the owner's own anew;
// without ms gives back those that the owner holds. isKnown: of a lease that was never made there is no state,
// else it is made. state: "mine", "busy" (another has it) or "stale" (a mirror that python -m sync repair must write anew:
// nobody is to touch it until then). until: ms, when the first of mine ends.

const isDuplicate = ({ message }) => String(message).includes("E11000");

async function takeLeases(leases, { names, owner, ms, isKnown }) {
  const now = Date.now();
  const until = new Date(now + ms);
  const mine = { owner, place: "atlas", pid: BSON.Int32(0), since: "", until };
  const free = [{ owner: null }, { owner }, { until: { $lt: new Date(now) } }];
  const query = { _id: { $in: names } };
  const states = {};
  const taken = await leases.updateMany({ ...query, stale: { $ne: true }, $or: free }, { $set: mine });
  if (Number(taken.matchedCount) === names.length) {
    for (const name of names) states[name] = "mine";
    return { ops: 1, states, until: now + ms };
  }
  let all = await leases.find(query).toArray();
  const absent = isKnown ? [] : names.filter((name) => !all.some(({ _id }) => _id === name));
  if (absent.length) {
    try {
      await leases.insertMany(absent.map((name) => ({ _id: name, ...mine })), { ordered: false });
    } catch (error) {
      if (!isDuplicate(error)) throw error; // another one made it at the same moment
    }
    all = await leases.find(query).toArray();
  }
  for (const { _id, stale, owner: holder } of all) states[_id] = stale ? "stale" : holder === owner ? "mine" : "busy";
  const ends = all.filter(({ _id }) => states[_id] === "mine").map((lease) => lease.until.getTime());
  return { ops: absent.length ? 4 : 2, states, until: Math.min(now + ms, ...ends) };
}

exports = async function holdLeases({ service, database, ...question }) {
  const leases = context.services.get(service).db(database).collection("sync_leases");
  const { names, owner, ms } = question;
  if (ms) return takeLeases(leases, question);
  await leases.updateMany({ _id: { $in: names }, owner }, { $set: { owner: null } });
  return { ops: 1 };
};
