// One run of a job at a time: a second copy, which at-least-once delivery may start, would make every call twice.
//
//   runTurn({service, database, job, owner}) -> {operations, owner: text or null}
//
// Without owner: takes the turn; owner is null when another run has it. With owner: gives it back. The turn of a run that
// was cut off ends by itself after five minutes, the longest time the platform lets a run last.

const LEASE = 300000; // ms

async function take(leases, name) {
  const now = Date.now();
  const owner = `${now.toString(16)}${Math.random().toString(16).slice(2)}`;
  const mine = { owner, place: "atlas", pid: BSON.Int32(0), since: "", until: new Date(now + LEASE) };
  const free = { _id: name, $or: [{ owner: null }, { until: { $lt: new Date(now) } }] };
  const taken = await leases.updateOne(free, { $set: mine });
  if (taken.matchedCount === 1) return { operations: 1, owner };
  try {
    await leases.insertOne({ _id: name, ...mine });
    return { operations: 2, owner };
  } catch (error) {
    if (String(error.message).indexOf("E11000") < 0) throw error;
    return { operations: 2, owner: null };
  }
}

exports = async function runTurn({ service, database, job, owner }) {
  const leases = context.services.get(service).db(database).collection("sync_leases");
  const name = `run ${job}`;
  if (!owner) return take(leases, name);
  await leases.updateOne({ _id: name, owner }, { $set: { owner: null } });
  return { operations: 1, owner: null };
};

if (typeof module !== "undefined") module.exports = exports;
