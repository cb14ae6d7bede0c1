// The time-series collection gets what the record has and it lacks, copied with its _id, oldest first.
//
//   fillMirror({service, database, record, mirror, ranges: [{key, series, from, to}], stale: [key]})
//     -> {operations, ranges: [{filled, mirror}]}
//
// stale: series whose mirror is about to be wrong; that is noted durably, before anything else.
// series: as it is stored, all ranges of one source; from, to: ms, the end not included. filled: documents inserted.
// mirror: "same" (read again and compared) | "stale" (it holds something else: python -m sync repair writes it anew, no
// function touches it until then) | "busy" (another writer has its lease: the next run completes it).
// A time-series collection has no unique index and takes no update, so only the holder of the lease of a series in
// sync_leases inserts, and only after reading what is there.

const LEASE = 30000; // ms
const MARGIN = 10000; // ms of the lease that must be left when an insert begins
const TRIES = 4;
const PAUSE = 2000; // ms between two looks at a lease that another writer has
const COMMON = ["_id", "ts", "series", "flag"];
const WORD = 4294967296;

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const seriesName = ({ id, flow, group }) => [id, flow, group || ""].join(" ");
const nameOf = ({ series, ts }) => `${seriesName(series)} ${ts.getTime()}`;
const randomText = () => Math.random().toString(16).slice(2, 14);

function counted(store, promise) {
  store.operations += 1;
  return promise;
}

// --- the leases ---------------------------------------------------------------------------------------------------

// Takes the leases of all ranges, as far as they can be had.
async function take(store) {
  for (let tries = 1; tries <= TRIES; tries += 1) {
    const names = Object.keys(store.state).filter((name) => store.state[name] === "busy");
    if (names.length === 0) return;
    if (tries > 1) await pause(PAUSE);
    const question = { ...store.place, names, owner: store.owner, milliseconds: LEASE };
    const { operations, states, until } = await counted(store, context.functions.execute("holdLeases", question));
    store.operations += operations;
    Object.assign(store.state, states);
    store.until = Math.min(store.until, until);
  }
}

async function giveBack(store) {
  const question = { ...store.place, names: Object.keys(store.state), owner: store.owner };
  await counted(store, context.functions.execute("holdLeases", question));
  store.operations += 1;
}

// python -m sync repair writes such a mirror anew from the record; until then no function touches it.
async function markStale(store, keys) {
  if (keys.length === 0) return;
  const marked = keys.map((key) => {
    const [filter, update] = [{ _id: store.leaseOf(key) }, { $set: { stale: true } }];
    return { updateOne: { filter, update, upsert: true } };
  });
  await counted(store, store.leases.bulkWrite(marked, { ordered: false }));
  for (const key of keys) store.state[store.leaseOf(key)] = "stale";
}

// --- the documents ------------------------------------------------------------------------------------------------

function queryOf(ranges) {
  return { $or: ranges.map(({ series, from, to }) => ({ series, ts: { $gte: new Date(from), $lt: new Date(to) } })) };
}

const shown = (field) => (field instanceof Date ? field.getTime() : field === undefined ? "" : Number(field));

// All that a document says, as one text.
function textOf({ _id, flag, ...document }, fields) {
  return `${EJSON.stringify({ _id })} ${fields.map(([name]) => shown(document[name])).join(" ")} ${flag}`;
}

// A field with its type, as it is to be written again; null for one that is not of this type.
function typed(type, field) {
  if (type === "Date") return field instanceof Date ? field : null;
  const number = field === null || field instanceof Date ? NaN : Number(field);
  if (type === "Double") return Math.abs(number) < Infinity ? BSON.Double(number) : null;
  if (number % 1 !== 0 || Math.abs(number) > (type === "Int32" ? 2147483647 : 9007199254740991)) return null;
  if (type === "Int32") return BSON.Int32(number);
  const high = Math.floor(number / WORD);
  return BSON.Long((number - high * WORD) | 0, high);
}

// A document of the record as it is to be written again, numbers with their type; null for one that is not ours.
function copied(document, fields) {
  const { _id, ts, series, flag } = document;
  const known = COMMON.concat(fields.map(([name]) => name));
  const isOurs = Object.keys(document).every((name) => known.indexOf(name) >= 0);
  if (!isOurs || !(Number(document.seconds) > 0)) return null;
  const copy = { _id, ts, series };
  for (const [name, type, optional] of fields) {
    if (document[name] === undefined && optional) continue;
    copy[name] = typed(type, document[name]);
    if (copy[name] === null) return null;
  }
  if (flag !== undefined) copy.flag = flag;
  return copy;
}

function isIn(document, { series, from, to }) {
  const time = document.ts.getTime();
  return time >= from && time < to && seriesName(document.series) === seriesName(series);
}

// Whether both sides hold the same documents of a range, each once.
function isIdentical(range, kept, there, fields) {
  const byName = {};
  const ours = kept.filter((document) => isIn(document, range));
  const theirs = there.filter((document) => isIn(document, range));
  for (const document of theirs) byName[nameOf(document)] = document;
  return ours.length === theirs.length && ours.every((document) => {
    const other = byName[nameOf(document)];
    return Boolean(other) && textOf(document, fields) === textOf(other, fields);
  });
}

function lackingOf(kept, there) {
  const names = {};
  for (const document of there) names[nameOf(document)] = true;
  const lacking = kept.filter((document) => !names[nameOf(document)]);
  const series = (document) => seriesName(document.series);
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
  const copies = lackingOf(kept, there).map((document) => copied(document, store.fields));
  const lacking = copies.filter((copy) => copy !== null);
  if (lacking.length) {
    if (Date.now() > store.until - MARGIN) return null;
    await counted(store, store.mirrorTS.insertMany(lacking, { ordered: false }));
    store.filled = lacking;
    there = await counted(store, store.mirrorTS.find(query).toArray());
  }
  // Held up for so long that another writer may have filled the same gap: nothing here is sure any more.
  const isLate = lacking.length > 0 && Date.now() > store.until;
  return ranges.filter((range) => isLate || !isIdentical(range, kept, there, store.fields));
}

// Fills the ranges whose leases are held.
async function fillOwn(store, held, ranges) {
  const different = await fill(store, ranges);
  const state = different === null ? "busy" : "same";
  for (const name of held) store.state[name] = state;
  const keys = (different || []).map((range) => range.key);
  await markStale(store, keys.filter((key, index) => keys.indexOf(key) === index));
}

function storeOf({ service, database, record, mirror }) {
  const db = context.services.get(service).db(database);
  return {
    place: { service, database },
    record: db.collection(record),
    mirrorTS: db.collection(mirror),
    leases: db.collection("sync_leases"),
    leaseOf: (key) => `mirror ${mirror} ${key}`,
    owner: `${Date.now().toString(16)}${randomText()}${randomText()}`,
    until: Infinity,
    state: {},
    filled: [],
    operations: 0,
  };
}

exports = async function fillMirror({ ranges, stale, ...names }) {
  const store = storeOf(names);
  await markStale(store, stale || []);
  if (ranges.length === 0) return { operations: store.operations, ranges: [] };
  const stateOf = ({ key }) => store.state[store.leaseOf(key)];
  for (const { key } of ranges) store.state[store.leaseOf(key)] = "busy";
  store.fields = await counted(store, context.functions.execute("storedFields", ranges[0].series.source));
  await take(store);
  const held = Object.keys(store.state).filter((name) => store.state[name] === "mine");
  if (held.length) {
    await fillOwn(store, held, ranges.filter((range) => stateOf(range) === "mine"));
    // Not after a failure: an insert that nobody heard of again may still be under way. The leases run out by themselves.
    await giveBack(store);
  }
  const filledOf = (range) => store.filled.filter((document) => isIn(document, range)).length;
  return {
    operations: store.operations,
    ranges: ranges.map((range) => ({ filled: filledOf(range), mirror: stateOf(range) })),
  };
};
