// The time-series collection gets what the record has and it lacks, copied with its _id, oldest first.
//
//   fillMirror({service, database, record, mirror, ranges: [{key, prm, flow, from, to}]})
//     -> {operations, ranges: [{filled, mirror}]}
//
// from, to: ms, the end not included. filled: documents inserted. mirror: "same" (read again and compared) | "stale"
// (it holds something else: python -m sync repair writes it anew, no function touches it until then) | "busy" (another
// writer has its lease: the next run completes it).
// A time-series collection has no unique index and takes no update, so only the holder of the lease of a series in
// sync_leases inserts, and only after reading what is there.

const LEASE = 30000; // ms
const MARGIN = 10000; // ms of the lease that must be left when an insert begins
const TRIES = 4;
const PAUSE = 2000; // ms between two looks at a lease that another writer has
const FIELDS = ["_id", "ts", "series", "wh", "seconds", "flag"];

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const nameOf = ({ series, ts }) => `${series.id} ${series.flow} ${ts.getTime()}`;
const textOf = ({ _id, wh, seconds, flag }) => `${EJSON.stringify({ _id })} ${Number(wh)} ${Number(seconds)} ${flag}`;
const wholeOf = (stored) => (stored === null || stored % 1 !== 0 ? NaN : Number(stored));
const isSame = (one, other) => textOf(one) === textOf(other);
const randomText = () => Math.random().toString(16).slice(2, 14);

// --- the leases ---------------------------------------------------------------------------------------------------

function counted(store, promise) {
  store.operations += 1;
  return promise;
}

// Takes the free ones of these leases. One that never was is made, already taken.
async function takeOnce(store, names) {
  const now = Date.now();
  const until = new Date(now + LEASE);
  const mine = { owner: store.owner, place: "atlas", pid: BSON.Int32(0), since: "", until };
  const free = [{ owner: null }, { until: { $lt: new Date(now) } }];
  await counted(store, store.leases.updateMany({ _id: { $in: names }, stale: { $ne: true }, $or: free }, { $set: mine }));
  const query = { _id: { $in: names } };
  let found = await counted(store, store.leases.find(query).toArray());
  const absent = names.filter((name) => !found.some((lease) => lease._id === name));
  if (absent.length) {
    const made = absent.map((name) => ({ _id: name, ...mine }));
    try {
      await counted(store, store.leases.insertMany(made, { ordered: false }));
    } catch (error) {
      if (String(error.message).indexOf("E11000") < 0) throw error; // another writer made it at the same moment
    }
    found = await counted(store, store.leases.find(query).toArray());
  }
  for (const lease of found) {
    if (lease.stale) store.state[lease._id] = "stale";
    else if (lease.owner === store.owner) {
      store.state[lease._id] = "mine";
      store.until = Math.min(store.until, lease.until.getTime());
    }
  }
}

async function take(store, names) {
  for (let tries = 1; ; tries += 1) {
    const wanted = names.filter((name) => store.state[name] === "busy");
    if (wanted.length === 0 || tries === TRIES) return;
    if (tries > 1) await pause(PAUSE);
    await takeOnce(store, wanted);
  }
}

// --- the documents ------------------------------------------------------------------------------------------------

function queryOf(ranges) {
  const each = ranges.map(({ prm, flow, from, to }) => {
    const ts = { $gte: new Date(from), $lt: new Date(to) };
    return { "series.source": "linky", "series.id": prm, "series.flow": flow, ts };
  });
  return { $or: each };
}

// A document of the record as it is to be written again, numbers with their type; null for one that is not ours.
function copied(document) {
  const { _id, ts, series, flag } = document;
  const [wh, seconds] = [wholeOf(document.wh), wholeOf(document.seconds)];
  const isOurs = Object.keys(document).every((name) => FIELDS.indexOf(name) >= 0);
  if (!isOurs || !(Math.abs(wh) <= 2147483647 && seconds > 0)) return null;
  const copy = { _id, ts, series, wh: BSON.Int32(wh), seconds: BSON.Int32(seconds) };
  if (flag !== undefined) copy.flag = flag;
  return copy;
}

function isIn(document, { prm, flow, from, to }) {
  const time = document.ts.getTime();
  return document.series.id === prm && document.series.flow === flow && time >= from && time < to;
}

// Whether both sides hold the same documents of a range, each once.
function isIdentical(range, kept, there) {
  const byName = {};
  const ours = kept.filter((document) => isIn(document, range));
  const theirs = there.filter((document) => isIn(document, range));
  for (const document of theirs) byName[nameOf(document)] = document;
  return ours.length === theirs.length && ours.every((document) => {
    const other = byName[nameOf(document)];
    return Boolean(other) && isSame(document, other);
  });
}

function lackingOf(kept, there) {
  const names = {};
  for (const document of there) names[nameOf(document)] = true;
  const lacking = kept.filter((document) => !names[nameOf(document)]);
  const series = (document) => `${document.series.id} ${document.series.flow}`;
  return lacking.sort((one, other) => {
    if (series(one) === series(other)) return one.ts.getTime() - other.ts.getTime();
    return series(one) < series(other) ? -1 : 1;
  });
}

// Ranges that end up different, after what the mirror lacked was inserted.
async function fill(store, ranges) {
  const query = queryOf(ranges);
  const kept = await counted(store, store.record.find(query).toArray());
  let there = await counted(store, store.mirrorTS.find(query).toArray());
  const copies = lackingOf(kept, there).map(copied);
  const lacking = copies.filter((copy) => copy !== null);
  if (lacking.length) {
    if (Date.now() > store.until - MARGIN) return null;
    await counted(store, store.mirrorTS.insertMany(lacking, { ordered: false }));
    store.filled = lacking;
    there = await counted(store, store.mirrorTS.find(query).toArray());
  }
  // Held up for so long that another writer may have filled the same gap: nothing here is sure any more.
  const isLate = lacking.length > 0 && Date.now() > store.until;
  return ranges.filter((range) => isLate || !isIdentical(range, kept, there));
}

async function fillOwn(store, names, ranges) {
  const different = await fill(store, ranges);
  if (different === null) return "busy";
  const keys = different.map((range) => range.key).filter((key, index, all) => all.indexOf(key) === index);
  if (keys.length) {
    const marked = await context.functions.execute("markStale", { ...names, keys });
    store.operations += 1 + marked.operations;
    for (const key of keys) store.state[store.leaseOf(key)] = "stale";
  }
  return "same";
}

function storeOf({ service, database, record, mirror }, leaseOf) {
  const db = context.services.get(service).db(database);
  return {
    record: db.collection(record),
    mirrorTS: db.collection(mirror),
    leases: db.collection("sync_leases"),
    owner: `${Date.now().toString(16)}${randomText()}${randomText()}`,
    until: Infinity,
    state: {},
    filled: [],
    operations: 0,
    leaseOf,
  };
}

exports = async function fillMirror({ ranges, ...names }) {
  const leaseOf = (key) => `mirror ${names.mirror} ${key}`;
  const store = storeOf(names, leaseOf);
  for (const range of ranges) store.state[leaseOf(range.key)] = "busy";
  await take(store, Object.keys(store.state));
  const held = Object.keys(store.state).filter((name) => store.state[name] === "mine");
  if (held.length) {
    const state = await fillOwn(store, names, ranges.filter((range) => held.indexOf(leaseOf(range.key)) >= 0));
    for (const name of held) if (store.state[name] === "mine") store.state[name] = state;
    // Not after a failure: an insert that nobody heard of again may still be under way. The leases run out by themselves.
    const ours = { _id: { $in: Object.keys(store.state) }, owner: store.owner };
    await counted(store, store.leases.updateMany(ours, { $set: { owner: null } }));
  }
  const filledOf = (range) => store.filled.filter((document) => isIn(document, range)).length;
  return {
    operations: store.operations,
    ranges: ranges.map((range) => ({ filled: filledOf(range), mirror: store.state[leaseOf(range.key)] })),
  };
};

if (typeof module !== "undefined") module.exports = exports;
