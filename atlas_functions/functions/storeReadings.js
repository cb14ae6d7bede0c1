// Readings -> both collections: first the record, then the time-series collection, its mirror, gets what the record has and
// it lacks, copied with its _id, oldest first.
//
//   storeReadings({service, database, record, mirror, owner, batches: [{key, series, edges: [ms], readings}]})
//     -> {operations, held: [name], batches: [{new, changed, unchanged, rejected, covered: [s], filled, mirror}]}
//
// owner: whose the leases are, who gives back those in `held` (holdLeases); without one they are given back here.
// series: {flow, id, source} or {flow, group, id, source} as it is stored, keys in alphabetical order as the server keeps
// them in a time-series collection, all batches of one source. readings: [{ts, wh, seconds, …, flag}] of one series with
// its FIELDS as plain numbers and Dates, oldest first, none overlapping; they may be none: then only the mirror of [first
// edge, last edge) is completed. covered: seconds that the record holds between each edge and the next. rejected: readings
// that overlap a stored one which starts at another time. filled: documents inserted into the mirror.
// mirror: "same" (read again and compared) | "stale" (it holds something else: python -m sync repair writes it anew, no
// function touches it until then) | "busy" (another writer has its lease: the next run completes it). That it is about to
// be wrong is noted durably, before the record is corrected.
// Every step can be repeated: a stop between any two leaves the record right and the mirror short at worst. What a failed
// insert did is never assumed but read again. A time-series collection has no unique index and takes no update, so only
// the holder of the lease of a series in sync_leases inserts, and only after reading what is there. Both sides are read
// once before anything is written and once after the mirror was filled: nothing more where the mirror lacked nothing.

const NESTED = typeof bundled === "undefined" ? 1 : 0;
const HOUR = 3600000; // the longest interval: how near a stored reading must begin to overlap
const LEASE = 30000; // ms
const MARGIN = 10000; // ms of the lease that must be left when an insert begins
const TOGETHER = 2000; // hours of all series that are read at once: two sides of five-minute readings are 48,000 documents
const TRIES = { record: 3, lease: 4, fill: 3 };
const PAUSE = 2000; // ms between two looks at a lease that another writer has
const WORD = 4294967296;
const PRELIMINARY = "preliminary"; // in the flag of a reading that its source will replace
const TRACE = "_id__baas_transaction"; // a field that an update of a function has in documents while it runs
const COARSE = "res:"; // begins a word in the flag of a reading that is known to within so many Wh

// The fields of the stored documents of a source between `series` and `flag`, in their order: [name, BSON type, optional].
// The same declarations stand in the sources of sync/sources, as columns of typed arrays. An optional field is absent
// where a source does not say it, or where only some of its flows have it.
const FIELDS = {
  linky: [["wh", "Int32"], ["seconds", "Int32"]],
  elhub: [["wh", "Long"], ["seconds", "Int32"], ["updated", "Date", "optional"], ["meters", "Int32", "optional"]],
  energidata: [
    ["eur_mwh", "Double", "optional"],
    ["dkk_mwh", "Double", "optional"],
    ["wh", "Long", "optional"],
    ["seconds", "Int32"],
  ],
};

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const isSameId = (one, other) => EJSON.stringify({ _id: one }) === EJSON.stringify({ _id: other });
const isDuplicate = (error) => String(error.message).indexOf("E11000") >= 0;
const nameOf = ({ id, flow, group }) => [id, flow, group || ""].join(" ");
const placeOf = ({ series, ts }) => `${nameOf(series)} ${ts.getTime()}`;
const isPreliminary = ({ flag }) => (flag || "").split(" ").indexOf(PRELIMINARY) >= 0;
const isCoarse = ({ flag }) => (flag || "").split(" ").some((word) => word.indexOf(COARSE) === 0);
const randomText = () => Math.random().toString(16).slice(2, 14);

function counted(store, promise) {
  store.operations += 1;
  return promise;
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

// --- the record ---------------------------------------------------------------------------------------------------

// A reading as a document without types of numbers.
function plainOf(_id, { series }, { ts, flag, ...reading }, fields) {
  const plain = { _id, ts, series };
  for (const [name] of fields) if (reading[name] !== undefined) plain[name] = reading[name];
  if (flag) plain.flag = flag;
  return plain;
}

// The only JavaScript spelling of the stored document: field order and types are those of sync/model/readings.py.
function documentOf(plain, fields) {
  const stored = { ...plain };
  for (const [name, type] of fields) if (plain[name] !== undefined) stored[name] = typed(type, plain[name]);
  return stored;
}

// A field as a number, whatever its type; undefined for one that is absent.
function numberOf(field) {
  if (field === undefined) return undefined;
  return field instanceof Date ? field.getTime() : Number(field);
}

// Whether what came in says something else, and is not older than what is known. An answer without marks does not take
// a stored mark away; but a final reading replaces a preliminary one, and one of an API that of a coarser form (in a
// file), never the other way round. The same rule stands in sync/store/comparison.py.
function isCorrection(known, ours, fields) {
  if (isPreliminary(known) !== isPreliminary(ours)) return isPreliminary(known);
  if (isCoarse(known)) return true;
  if (known.updated && ours.updated && ours.updated.getTime() < known.updated.getTime()) return false;
  if (fields.some(([name]) => numberOf(known[name]) !== numberOf(ours[name]))) return true;
  return Boolean(ours.flag) && known.flag !== ours.flag;
}

function queryOf(ranges) {
  return { $or: ranges.map(({ series, from, to }) => ({ series, ts: { $gte: new Date(from), $lt: new Date(to) } })) };
}

// Documents of these ranges of the record and of those of the mirror.
async function readSides(store, ofRecord, ofMirror) {
  const asked = [[store.names.record, ofRecord], [store.names.mirror, ofMirror]];
  const reads = asked.filter(([, ranges]) => ranges.length).map(([collection, ranges]) => {
    return { collection, stages: [{ $match: queryOf(ranges) }] };
  });
  const isLarge = ofRecord.reduce((sum, { from, to }) => sum + (to - from) / HOUR, 0) > TOGETHER;
  const read = await context.functions.execute("readTogether", { ...store.place, reads, isLarge });
  store.operations += read.operations + NESTED;
  const failed = read.errors.find(Boolean);
  if (failed) throw new Error(failed);
  return { kept: ofRecord.length ? read.rows[0] : [], there: ofMirror.length ? read.rows[reads.length - 1] : [] };
}

// From an hour before the first edge to an hour after the last: what may overlap a reading.
function near({ series, edges, readings }) {
  const margin = readings.length ? HOUR : 0;
  return { series, from: edges[0] - margin, to: edges[edges.length - 1] + margin };
}

// Of each batch the documents of the record, by start (ms).
function byBatch(batches, documents) {
  const found = Object.create(null);
  for (const { series } of batches) found[nameOf(series)] = {};
  for (const document of documents) found[nameOf(document.series)][document.ts.getTime()] = document;
  return batches.map(({ series }) => ({ ...found[nameOf(series)] }));
}

// Whether a reading shares time with a stored one that starts at another instant.
function overlapper(stored) {
  const hours = {};
  for (const text of Object.keys(stored)) {
    const from = Number(text);
    const hour = Math.floor(from / HOUR);
    if (!hours[hour]) hours[hour] = [];
    hours[hour].push([from, from + Number(stored[text].seconds) * 1000]);
  }
  return (start, end) => {
    for (let hour = Math.floor(start / HOUR) - 1; hour * HOUR < end; hour += 1) {
      if ((hours[hour] || []).some(([from, to]) => from !== start && from < end && start < to)) return true;
    }
    return false;
  };
}

// What is to be done with each reading of a batch. tried: ids and corrections of an earlier try of this call.
function compared(batch, stored, tried, fields) {
  const found = { fresh: [], changed: [], new: 0, unchanged: 0, rejected: 0 };
  const overlaps = overlapper(stored);
  for (const reading of batch.readings) {
    const start = reading.ts.getTime();
    const end = start + reading.seconds * 1000;
    const known = stored[start];
    if (overlaps(start, end)) found.rejected += 1;
    else if (!known) found.fresh.push(reading);
    else if (tried.ids[start] && isSameId(tried.ids[start], known._id)) found.new += 1;
    else if (isCorrection(known, reading, fields)) found.changed.push({ _id: known._id, reading });
    else if (!tried.changed[start]) found.unchanged += 1;
  }
  return found;
}

async function correct(store, batches, found) {
  const changed = [];
  const keys = [];
  batches.forEach((batch, index) => {
    if (found[index].changed.length) keys.push(batch.key);
    for (const { _id, reading } of found[index].changed) {
      const replacement = documentOf(plainOf(_id, batch, reading, store.fields), store.fields);
      changed.push({ replaceOne: { filter: { _id }, replacement } });
    }
  });
  if (changed.length === 0) return;
  await markStale(store, keys);
  for (const key of keys) store.state[store.leaseOf(key)] = "stale";
  await counted(store, store.record.bulkWrite(changed, { ordered: false }));
  const ids = changed.map(({ replaceOne }) => replaceOne.filter._id);
  const left = { _id: { $in: ids }, [TRACE]: { $exists: true } };
  if (!(await counted(store, store.record.findOne(left, { _id: 1 })))) return;
  const unset = `updateMany({${TRACE}: {$exists: true}}, {$unset: {${TRACE}: ""}})`;
  throw new Error(`updates leave a field in documents here: ${unset} in the record, then python -m sync repair`);
}

async function insert(store, batches, found, tried) {
  const documents = [];
  batches.forEach((batch, index) => {
    for (const reading of found[index].fresh) {
      const start = reading.ts.getTime();
      if (!tried[index].ids[start]) tried[index].ids[start] = new BSON.ObjectId();
      documents.push(documentOf(plainOf(tried[index].ids[start], batch, reading, store.fields), store.fields));
    }
  });
  if (documents.length === 0) return;
  await counted(store, store.record.insertMany(documents, { ordered: false }));
}

function coveredBetween(edges, stored) {
  const covered = edges.slice(1).map(() => 0);
  for (const start of Object.keys(stored)) {
    const after = edges.findIndex((edge) => Number(start) < edge);
    if (after > 0) covered[after - 1] += Number(stored[start].seconds);
  }
  return covered;
}

// What became of a batch: {counts, stored: its documents by start}; what was written is put among these.
function outcome(batch, stored, found, tried, fields) {
  for (const reading of found.fresh) {
    const start = reading.ts.getTime();
    stored[start] = plainOf(tried.ids[start], batch, reading, fields);
  }
  for (const { _id, reading } of found.changed) stored[reading.ts.getTime()] = plainOf(_id, batch, reading, fields);
  const counts = {
    new: found.new + found.fresh.length,
    changed: Object.keys(tried.changed).length,
    unchanged: found.unchanged,
    rejected: found.rejected,
    covered: coveredBetween(batch.edges, stored),
  };
  return { counts, stored };
}

async function record(store, batches, documents) {
  const tried = batches.map(() => ({ ids: {}, changed: {} }));
  let kept = documents;
  for (let tries = 1; ; tries += 1) {
    const stored = byBatch(batches, kept);
    const found = batches.map((batch, index) => compared(batch, stored[index], tried[index], store.fields));
    await correct(store, batches, found);
    found.forEach(({ changed }, index) => {
      for (const { reading } of changed) tried[index].changed[reading.ts.getTime()] = true;
    });
    try {
      await insert(store, batches, found, tried);
      return batches.map((batch, index) => outcome(batch, stored[index], found[index], tried[index], store.fields));
    } catch (error) {
      // Another writer stored some of them in between: look again.
      if (!isDuplicate(error) || tries === TRIES.record) throw error;
      kept = (await readSides(store, batches.map(near), [])).kept;
    }
  }
}

// --- the leases ---------------------------------------------------------------------------------------------------

// Takes the leases of all ranges, as far as they can be had.
async function take(store) {
  for (let tries = 1; tries <= TRIES.lease; tries += 1) {
    const names = Object.keys(store.state).filter((name) => store.state[name] === "busy");
    if (names.length === 0) return;
    if (tries > 1) await pause(PAUSE);
    const question = { ...store.place, names, owner: store.owner, milliseconds: LEASE };
    const { operations, states, until } = await context.functions.execute("holdLeases", question);
    store.operations += operations + NESTED;
    Object.assign(store.state, states);
    store.until = Math.min(store.until, until);
  }
}

async function giveBack(store, names) {
  const question = { ...store.place, names, owner: store.owner };
  const { operations } = await context.functions.execute("holdLeases", question);
  store.operations += operations + NESTED;
}

// python -m sync repair writes such a mirror anew from the record; until then no function touches it.
async function markStale(store, keys) {
  if (keys.length === 0) return;
  const marked = keys.map((key) => {
    const [filter, update] = [{ _id: store.leaseOf(key) }, { $set: { stale: true } }];
    return { updateOne: { filter, update, upsert: true } };
  });
  await counted(store, store.leases.bulkWrite(marked, { ordered: false }));
}

// --- the mirror ---------------------------------------------------------------------------------------------------

// All that a document says, as one text.
function textOf({ _id, flag, ...document }, fields) {
  return `${EJSON.stringify({ _id })} ${fields.map(([name]) => numberOf(document[name])).join(" ")} ${flag}`;
}

// A document of the record as it is to be written again, numbers with their type; null for one that is not ours.
function copied(document, fields) {
  const { _id, ts, series, flag } = document;
  const known = ["_id", "ts", "series", "flag", ...fields.map(([name]) => name)];
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
  return time >= from && time < to && nameOf(document.series) === nameOf(series);
}

// Whether both sides hold the same documents of a range, each once.
function isIdentical(range, kept, there, fields) {
  const byName = Object.create(null);
  const ours = kept.filter((document) => isIn(document, range));
  const theirs = there.filter((document) => isIn(document, range));
  for (const document of theirs) byName[placeOf(document)] = document;
  return ours.length === theirs.length && ours.every((document) => {
    const other = byName[placeOf(document)];
    return Boolean(other) && textOf(document, fields) === textOf(other, fields);
  });
}

function lackingOf(kept, there) {
  const names = Object.create(null);
  for (const document of there) names[placeOf(document)] = true;
  const lacking = kept.filter((document) => !names[placeOf(document)]);
  const series = (document) => nameOf(document.series);
  return lacking.sort((one, other) => {
    if (series(one) === series(other)) return one.ts.getTime() - other.ts.getTime();
    return series(one) < series(other) ? -1 : 1;
  });
}

// What the record has of these ranges and the mirror lacks, as it is to be inserted.
function copiesOf(store, ranges, { kept, there }) {
  const own = kept.filter((document) => ranges.some((range) => isIn(document, range)));
  return lackingOf(own, there).map((document) => copied(document, store.fields)).filter((copy) => copy !== null);
}

// Inserts what the mirror lacks, and reads both sides again. {late: whether there was no time left for it, short: whether
// the record got more meanwhile than could be copied, different: ranges that end up otherwise}
async function fill(store, ranges, read) {
  let sides = read;
  for (let tries = 1; ; tries += 1) {
    const lacking = copiesOf(store, ranges, sides);
    if (lacking.length === 0) break;
    if (tries === TRIES.fill) return { short: true, different: [] };
    if (Date.now() > store.until - MARGIN) return { late: true, different: [] };
    await counted(store, store.mirrorTS.insertMany(lacking, { ordered: false }));
    store.filled = store.filled.concat(lacking);
    sides = await readSides(store, ranges, ranges);
  }
  // Held up for so long that another writer may have filled the same gap: nothing here is sure any more.
  const isLate = store.filled.length > 0 && Date.now() > store.until;
  const different = ranges.filter((range) => isLate || !isIdentical(range, sides.kept, sides.there, store.fields));
  return { different };
}

// Fills the ranges whose leases are held.
async function completeMirror(store, ranges, sides) {
  const own = ranges.filter(({ key }) => store.state[store.leaseOf(key)] === "mine");
  if (own.length === 0) return;
  const { late, short, different } = await fill(store, own, sides);
  for (const { key } of own) store.state[store.leaseOf(key)] = late || short ? "busy" : "same";
  const keys = different.map(({ key }) => key);
  await markStale(store, keys.filter((key, index) => keys.indexOf(key) === index));
  for (const key of keys) store.state[store.leaseOf(key)] = "stale";
}

// --- both ---------------------------------------------------------------------------------------------------------

// What the record holds now, as far as it was read or written here.
function keptOf(kept, batches, recorded) {
  const written = Object.create(null);
  for (const { series } of batches) written[nameOf(series)] = {};
  batches.forEach(({ series }, index) => Object.assign(written[nameOf(series)], recorded[index].stored));
  const others = kept.filter(({ series }) => !written[nameOf(series)]);
  return others.concat(...Object.keys(written).map((name) => Object.values(written[name])));
}

const NOTHING = { counts: { new: 0, changed: 0, unchanged: 0, rejected: 0, covered: [] } };

function storeOf({ service, database, record, mirror }, source, owner) {
  const db = context.services.get(service).db(database);
  return {
    place: { service, database },
    names: { record, mirror },
    record: db.collection(record),
    mirrorTS: db.collection(mirror),
    leases: db.collection("sync_leases"),
    leaseOf: (key) => `mirror ${mirror} ${key}`,
    owner: owner || `${Date.now().toString(16)}${randomText()}${randomText()}`,
    fields: FIELDS[source],
    until: Infinity,
    state: {},
    filled: [],
    operations: 0,
  };
}

exports = async function storeReadings({ batches, owner, ...names }) {
  const store = storeOf(names, batches[0].series.source, owner);
  const ranges = batches.map(({ key, series, edges }) => ({ key, series, from: edges[0], to: edges[edges.length - 1] }));
  for (const { key } of ranges) store.state[store.leaseOf(key)] = "busy";
  await take(store);
  const held = Object.keys(store.state).filter((name) => store.state[name] === "mine");
  const own = ranges.filter(({ key }) => held.indexOf(store.leaseOf(key)) >= 0);
  const needed = batches.filter(({ key, readings }) => readings.length || held.indexOf(store.leaseOf(key)) >= 0);
  const sides = needed.length ? await readSides(store, needed.map(near), own) : { kept: [], there: [] };
  const withReadings = batches.filter((batch) => batch.readings.length);
  const recorded = withReadings.length ? await record(store, withReadings, sides.kept) : [];
  await completeMirror(store, ranges, { kept: keptOf(sides.kept, withReadings, recorded), there: sides.there });
  // Not after a failure: an insert that nobody heard of again may still be under way. The leases run out by themselves.
  if (held.length && !owner) await giveBack(store, held);
  return {
    operations: store.operations,
    held: owner ? held : [],
    batches: batches.map((batch, index) => {
      const { counts } = recorded[withReadings.indexOf(batch)] || NOTHING;
      const filled = store.filled.filter((document) => isIn(document, ranges[index])).length;
      return { ...counts, filled, mirror: store.state[store.leaseOf(batch.key)] };
    }),
  };
};
