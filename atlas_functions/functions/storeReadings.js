// Readings -> both collections: first the record, then the time-series collection, its mirror, gets what the record has and
// it lacks, copied with its _id, oldest first.
//
//   storeReadings({service, database, record, mirror, owner, batches: [{key, series, edges: [ms], readings}]})
//     -> {ops, held: [name], batches: [{key, new, changed, unchanged, rejected, covered: [s], filled, mirror}]}
//
// key: of a series, in the name of its lease; of an open source it may be left out. owner: whose the leases are, who gives
// back those in `held` (holdLeases), but not after a failure: an insert that nobody heard of again may still be under
// way. They run out by themselves.
// series: {flow, id, source} or {flow, group, id, source} as it is stored, keys in alphabetical order as the server keeps
// them in a time-series collection, all batches of one source. readings: [{ts, wh, seconds, …, flag}] of one series with
// its FIELDS as plain numbers and Dates, oldest first, none overlapping; they may be none: then only the mirror of [first
// edge, last edge) is completed. covered: of Linky, seconds that the record holds between each edge and the
// next. rejected: readings that overlap a stored one which starts at another time. filled: documents inserted into the mirror.
// mirror: "same" (read again and compared) | "stale" (it holds something else: python -m sync repair writes it anew, no
// function touches it until then) | "busy" (another writer has its lease: the next run completes it). That it is about to
// be wrong is noted durably, before the record is corrected.
// Every step can be repeated: a stop between any two leaves the record right and the mirror short at worst. What a failed
// insert did is never assumed but read again. A time-series collection has no unique index and takes no update, so only
// the holder of the lease of a series in sync_leases inserts, and only after reading what is there. Both sides are read
// once before anything is written and once after the mirror was filled: nothing more where the mirror lacked nothing.

const NESTED = 1; // operations that a call of another function is; a bundle has none
const HOUR = 3600000; // the longest interval: how near a stored reading must begin to overlap
const LEASE = 30000; // ms
const MARGIN = 10000; // ms of the lease that must be left when an insert begins
const TOGETHER = 2000; // hours of all series that are read at once: two sides of five-minute readings are 48,000 documents
const TRIES = 4; // at the record, at the leases and at the mirror
const PAUSE = 2000; // ms between two looks at a lease that another writer has
const TRACE = "_id__baas_transaction"; // a field that an update of a function has in documents while it runs

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const idText = (_id) => EJSON.stringify({ _id });
const isFirst = (one, index, all) => all.indexOf(one) === index;
const isDuplicate = ({ message }) => String(message).includes("E11000");
const nameOf = ({ id, flow, group }) => [id, flow, group || ""].join(" ");
const placeOf = ({ series, ts }) => `${nameOf(series)} ${ts.getTime()}`;

function charged(store, promise) {
  store.ops += 1;
  return promise;
}

// A field with its type, as it is to be written again; null for one that is not of this type.
const numberOf = (field) => (field === null || field instanceof Date ? NaN : Number(field));
const isWhole = (number, most) => number % 1 === 0 && Math.abs(number) <= most;
const int32 = (field) => (isWhole(numberOf(field), 2147483647) ? BSON.Int32(numberOf(field)) : null);

// FIELDS: of the stored documents of a source between `series` and `flag`, in their order: [name, type, whether it may be
// absent, where a source does not say it, or where only some of its flows have it]. The same declarations stand in the
// sources of sync/sources, as columns of typed arrays. REPLACES: (known, ours) -> whether ours is to replace what is known
// for a reason that this source alone has; undefined where there is none.
const FIELDS = {};
const REPLACES = {};
const CURVES = { covered: () => [] };

// --- of linky: its fields -----------------------------------------------------------------------------------------

FIELDS.linky = [["wh", int32], ["seconds", int32]];

// Seconds that the record holds between each edge and the next: of a load curve, they tell whether a day is whole.
CURVES.covered = (edges, stored) => {
  const covered = edges.slice(1).map(() => 0);
  for (const start of Object.keys(stored)) {
    const after = edges.findIndex((edge) => Number(start) < edge);
    if (after > 0) covered[after - 1] += Number(stored[start].seconds);
  }
  return covered;
};

// "res:" begins a word in the flag of a reading that is known to within so many Wh, as a form in a file may say it.
REPLACES.linky = ({ flag }) => /(^| )res:/.test(flag || "") || undefined;

// --- of elhub, energidata: numbers of 64 bits ---------------------------------------------------------------------

const WORD = 4294967296;

function long(field) {
  const number = numberOf(field);
  if (!isWhole(number, 9007199254740991)) return null;
  const high = Math.floor(number / WORD);
  return BSON.Long((number - high * WORD) | 0, high);
}

// --- of elhub: its fields -----------------------------------------------------------------------------------------

const date = (field) => (field instanceof Date ? field : null);

FIELDS.elhub = [["wh", long], ["seconds", int32], ["updated", date, true], ["meters", int32, true]];

REPLACES.elhub = (known, ours) => (known.updated && ours.updated && ours.updated < known.updated ? false : undefined);

// --- of energidata: its fields ------------------------------------------------------------------------------------

const double = (field) => (Math.abs(numberOf(field)) < Infinity ? BSON.Double(numberOf(field)) : null);

FIELDS.energidata = [["eur_mwh", double, true], ["dkk_mwh", double, true], ["wh", long, true], ["seconds", int32]];

// A reading that its source will replace has this word in its flag.
REPLACES.energidata = (known, ours) => {
  const [was, is] = [known, ours].map(({ flag }) => /(^| )preliminary( |$)/.test(flag || ""));
  return was === is ? undefined : was;
};

// --- the record ---------------------------------------------------------------------------------------------------

// A document as it is to be written, numbers with their type, in the field order of sync/model/readings.py; null for one
// that is not ours. The only JavaScript spelling of what is stored.
function typedOf(document) {
  const { _id, ts, series, flag } = document;
  const fields = FIELDS[series.source];
  const known = ["_id", "ts", "series", "flag", ...fields.map(([name]) => name)];
  if (!Object.keys(document).every((name) => known.includes(name)) || !(document.seconds > 0)) return null;
  const copy = { _id, ts, series };
  for (const [name, typed, isOptional] of fields) {
    if (document[name] !== undefined || !isOptional) copy[name] = typed(document[name]);
  }
  if (flag !== undefined) copy.flag = flag;
  return Object.values(copy).includes(null) ? null : copy;
}

// The fields as numbers, whatever their types; "" for one that is absent.
const numbersOf = (document) =>
  FIELDS[document.series.source].map(([name]) => (document[name] === undefined ? "" : Number(document[name]))).join(" ");

// Whether what came in says something else, and is not older than what is known. An answer without marks does not take
// a stored mark away; but a final reading replaces a preliminary one, and one of an API that of a coarser form (in a
// file), never the other way round. The same rule stands in sync/store/comparison.py.
function isCorrection(known, ours) {
  const isReplaced = REPLACES[known.series.source](known, ours);
  if (isReplaced !== undefined) return isReplaced;
  if (numbersOf(known) !== numbersOf({ ...ours, series: known.series })) return true;
  return Boolean(ours.flag) && known.flag !== ours.flag;
}

// Documents of these ranges of the record and of those of the mirror.
async function readSides(store, ofRecord, ofMirror) {
  const sides = [[store.name, ofRecord], [store.mirror, ofMirror]];
  const reads = sides.filter(([, ranges]) => ranges.length).map(([collection, ranges]) => {
    const $or = ranges.map(({ series, from, to }) => ({ series, ts: { $gte: new Date(from), $lt: new Date(to) } }));
    return { collection, stages: [{ $match: { $or } }] };
  });
  const isLarge = ofRecord.reduce((sum, { from, to }) => sum + (to - from) / HOUR, 0) > TOGETHER;
  const { ops, rows, errors } = await context.functions.execute("readTogether", { ...store.place, reads, isLarge });
  store.ops += ops + NESTED;
  const failed = errors.find(Boolean);
  if (failed) throw new Error(failed);
  return sides.map(([, ranges]) => (ranges.length ? rows.shift() : []));
}

// Whether a reading shares time with a stored one that starts at another instant.
function overlapper(stored) {
  const hours = {};
  for (const { ts, seconds } of Object.values(stored)) {
    const from = ts.getTime();
    const hour = Math.floor(from / HOUR);
    if (!hours[hour]) hours[hour] = [];
    hours[hour].push([from, from + Number(seconds) * 1000]);
  }
  return (start, end) => {
    for (let hour = Math.floor(start / HOUR) - 1; hour * HOUR < end; hour += 1) {
      if ((hours[hour] || []).some(([from, to]) => from !== start && from < end && start < to)) return true;
    }
    return false;
  };
}

// What is to be done with each reading of a batch, by what is stored: `fresh` and `changed` as documents, others counted.
// ids, corrected: of this and earlier tries, by start.
function compare(batch, stored) {
  const { series, readings, ids, corrected } = batch;
  Object.assign(batch, { stored, fresh: [], changed: [], new: 0, unchanged: 0, rejected: 0 });
  const overlaps = overlapper(stored);
  for (const reading of readings) {
    const start = reading.ts.getTime();
    const known = stored[start];
    if (overlaps(start, start + reading.seconds * 1000)) batch.rejected += 1;
    else if (!known) {
      if (!ids[start]) ids[start] = new BSON.ObjectId();
      batch.fresh.push({ ...reading, _id: ids[start], series });
    } else if (ids[start] && idText(ids[start]) === idText(known._id)) batch.new += 1;
    else if (isCorrection(known, reading)) {
      corrected[start] = true;
      batch.changed.push({ ...reading, _id: known._id, series });
    } else if (!corrected[start]) batch.unchanged += 1;
  }
}

const gathered = (batches, name) => [].concat(...batches.map((batch) => batch[name]));

async function correct(store, batches) {
  const changed = gathered(batches, "changed");
  if (!changed.length) return;
  await markStale(store, batches.filter((batch) => batch.changed.length));
  const replacementOf = (plain) => ({ replaceOne: { filter: { _id: plain._id }, replacement: typedOf(plain) } });
  await charged(store, store.records.bulkWrite(changed.map(replacementOf), { ordered: false }));
  const left = { _id: { $in: changed.map(({ _id }) => _id) }, [TRACE]: { $exists: true } };
  if (!(await charged(store, store.records.findOne(left, { _id: 1 })))) return;
  const unset = `updateMany({${TRACE}: {$exists: true}}, {$unset: {${TRACE}: ""}})`;
  throw new Error(`updates leave a field in documents here: ${unset} in the record, then python -m sync repair`);
}

// What the record holds of these ranges, by series and start, once it has what these batches bring; see compare.
async function record(store, batches, ranges, documents) {
  let kept = documents;
  for (let tries = 1; ; tries += 1) {
    const bySeries = {};
    for (const { series } of ranges) bySeries[nameOf(series)] = {};
    const put = (document) => {
      bySeries[nameOf(document.series)][document.ts.getTime()] = document;
    };
    kept.forEach(put);
    for (const batch of batches) compare(batch, bySeries[nameOf(batch.series)]);
    await correct(store, batches);
    const fresh = gathered(batches, "fresh");
    try {
      if (fresh.length) await charged(store, store.records.insertMany(fresh.map(typedOf), { ordered: false }));
      fresh.concat(gathered(batches, "changed")).forEach(put);
      return bySeries;
    } catch (error) {
      // Another writer stored some of them in between: look again.
      if (!isDuplicate(error) || tries === TRIES) throw error;
      [kept] = await readSides(store, ranges, []);
    }
  }
}

// --- the leases ---------------------------------------------------------------------------------------------------

// Takes the leases of all ranges, as far as they can be had.
async function take(store) {
  for (let tries = 1; tries <= TRIES; tries += 1) {
    const names = Object.keys(store.state).filter((name) => store.state[name] === "busy");
    if (!names.length) return;
    if (tries > 1) await pause(PAUSE);
    const question = { ...store.place, names, owner: store.owner, ms: LEASE };
    const { ops, states, until } = await context.functions.execute("holdLeases", question);
    store.ops += ops + NESTED;
    Object.assign(store.state, states);
    store.until = Math.min(store.until, until);
  }
}

// python -m sync repair writes such a mirror anew from the record; until then no function touches it.
async function markStale(store, batches) {
  const names = batches.map(({ lease }) => lease).filter(isFirst);
  if (!names.length) return;
  const marked = names.map((_id) => ({ updateOne: { filter: { _id }, update: { $set: { stale: true } }, upsert: true } }));
  await charged(store, store.leases.bulkWrite(marked, { ordered: false }));
  for (const name of names) store.state[name] = "stale";
}

// --- the mirror ---------------------------------------------------------------------------------------------------

function isIn({ ts, series }, range) {
  const ms = ts.getTime();
  return ms >= range.from && ms < range.to && nameOf(series) === nameOf(range.series);
}

// Whether both sides hold the same documents of a range, each once.
function isIdentical(range, sides) {
  const textOf = (document) => `${placeOf(document)} ${idText(document._id)} ${numbersOf(document)} ${document.flag}`;
  const textsOf = (side) => side.filter((document) => isIn(document, range)).map(textOf).sort().join("\n");
  return textsOf(sides[0]) === textsOf(sides[1]);
}

// What the record has of these ranges and the mirror lacks, as it is to be inserted: by series, oldest first.
function copiesOf(ranges, [kept, there]) {
  const places = new Set(there.map(placeOf));
  const own = kept.filter((document) => !places.has(placeOf(document)) && ranges.some((range) => isIn(document, range)));
  return own.sort((one, other) => (placeOf(one) < placeOf(other) ? -1 : 1)).map(typedOf).filter(Boolean);
}

// Inserts what the mirror lacks, and reads both sides again: ranges that end up otherwise; null when there was no time left
// for it, or the record got more meanwhile than could be copied.
async function fill(store, ranges, read) {
  let sides = read;
  for (let tries = 1; ; tries += 1) {
    const copies = copiesOf(ranges, sides);
    if (!copies.length) break;
    if (tries === TRIES || Date.now() > store.until - MARGIN) return null;
    await charged(store, store.mirrorTS.insertMany(copies, { ordered: false }));
    store.filled = store.filled.concat(copies);
    sides = await readSides(store, ranges, ranges);
  }
  // Held up for so long that another writer may have filled the same gap: nothing here is sure any more.
  const isLate = store.filled.length > 0 && Date.now() > store.until;
  return ranges.filter((range) => isLate || !isIdentical(range, sides));
}

// Fills the ranges whose leases are held.
async function completeMirror(store, ranges, sides) {
  const own = ranges.filter(({ lease }) => store.state[lease] === "mine");
  if (!own.length) return;
  const different = await fill(store, own, sides);
  for (const { lease } of own) store.state[lease] = different ? "same" : "busy";
  if (different) await markStale(store, different);
}

// --- both ---------------------------------------------------------------------------------------------------------

exports = async function storeReadings({ service, database, record: name, mirror, owner, batches }) {
  const db = context.services.get(service).db(database);
  const [records, mirrorTS, leases] = [name, mirror, "sync_leases"].map((each) => db.collection(each));
  const store = {
    place: { service, database },
    name,
    mirror,
    records,
    mirrorTS,
    leases,
    owner,
    state: {}, // of each lease, by its name
    until: Infinity,
    filled: [],
    ops: 0,
  };
  const own = batches.map((batch) => {
    const { edges, series: { source, id, flow, group } } = batch;
    const key = batch.key || [source, id, flow, group].join(":");
    const counts = { fresh: [], new: 0, unchanged: 0, rejected: 0 };
    const [from, to] = [edges[0], edges[edges.length - 1]];
    return { ...batch, ...counts, key, lease: `mirror ${mirror} ${key}`, from, to, ids: {}, corrected: {} };
  });
  for (const { lease } of own) store.state[lease] = "busy";
  await take(store);
  const held = Object.keys(store.state).filter((lease) => store.state[lease] === "mine");
  const isHeld = ({ lease }) => held.includes(lease);
  const ranges = own.filter((batch) => batch.readings.length || isHeld(batch)).map((batch) => {
    // From an hour before the first edge to an hour after the last: what may overlap a reading.
    const margin = batch.readings.length ? HOUR : 0;
    return { series: batch.series, from: batch.from - margin, to: batch.to + margin };
  });
  const [kept, there] = ranges.length ? await readSides(store, ranges, own.filter(isHeld)) : [[], []];
  const bySeries = await record(store, own.filter(({ readings }) => readings.length), ranges, kept);
  const all = [].concat(...Object.values(bySeries).map((stored) => Object.values(stored)));
  await completeMirror(store, own, [all, there]);
  return {
    ops: store.ops,
    held,
    batches: own.map((batch) => ({
      key: batch.key,
      new: batch.new + batch.fresh.length,
      changed: Object.keys(batch.corrected).length,
      unchanged: batch.unchanged,
      rejected: batch.rejected,
      covered: batch.stored ? CURVES.covered(batch.edges, batch.stored) : [],
      filled: store.filled.filter((document) => isIn(document, batch)).length,
      mirror: store.state[batch.lease],
    })),
  };
};
