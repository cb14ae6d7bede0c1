// Readings -> both collections: first the record, then the mirror gets what the record has and it lacks.
//
//   storeReadings({service, database, record, mirror, batches: [{key, series, edges: [ms], readings}]})
//     -> {operations, batches: [{new, changed, unchanged, rejected, covered: [s], filled, mirror}]}
//
// series: {flow, id, source} or {flow, group, id, source} as it is stored, keys in alphabetical order as the server keeps
// them in a time-series collection, all batches of one source. readings: [{ts, wh, seconds, …, flag}] of one series with
// the fields of storedFields as plain numbers and Dates, oldest first, none overlapping; they may be none: then only the
// mirror of [first edge, last edge) is completed. covered: seconds that the record holds between each edge and the next.
// rejected: readings that overlap a stored one which starts at another time. filled and mirror: see fillMirror.
// Every step can be repeated: a stop between any two leaves the record right and the mirror short at worst. What a failed
// insert did is never assumed but read again.

const HOUR = 3600000; // the longest interval: how near a stored reading must begin to overlap
const TRIES = 3;
const WORD = 4294967296;
const PRELIMINARY = "preliminary"; // in the flag of a reading that its source will replace

const isSameId = (one, other) => EJSON.stringify({ _id: one }) === EJSON.stringify({ _id: other });
const isDuplicate = (error) => String(error.message).indexOf("E11000") >= 0;
const nameOf = ({ id, flow, group }) => [id, flow, group || ""].join(" ");
const isPreliminary = ({ flag }) => (flag || "").split(" ").indexOf(PRELIMINARY) >= 0;

function typed(type, given) {
  if (type === "Date") return given;
  if (type === "Double") return BSON.Double(given);
  if (type === "Int32") return BSON.Int32(given);
  const high = Math.floor(given / WORD);
  return BSON.Long((given - high * WORD) | 0, high);
}

// The only JavaScript spelling of the stored document: field order and types are those of sync/model/readings.py.
function documentOf(_id, { series }, reading, fields) {
  const stored = { _id, ts: reading.ts, series };
  for (const [name, type] of fields) if (reading[name] !== undefined) stored[name] = typed(type, reading[name]);
  if (reading.flag) stored.flag = reading.flag;
  return stored;
}

// A field as a number, whatever its type; undefined for one that is absent.
function numberOf(field) {
  if (field === undefined) return undefined;
  return field instanceof Date ? field.getTime() : Number(field);
}

// Whether what came in says something else, and is not older than what is known. An answer without marks does not take
// a stored mark away; but a final reading replaces a preliminary one, and never the other way round. The same rule
// stands in sync/store/comparison.py.
function isCorrection(known, ours, fields) {
  if (isPreliminary(known) !== isPreliminary(ours)) return isPreliminary(known);
  if (known.updated && ours.updated && ours.updated.getTime() < known.updated.getTime()) return false;
  if (fields.some(([name]) => numberOf(known[name]) !== numberOf(ours[name]))) return true;
  return Boolean(ours.flag) && known.flag !== ours.flag;
}

// What the record has from an hour before the first edge to an hour after the last: for each batch, by start (ms).
async function storedNear(store, batches) {
  const near = batches.map(({ series, edges }) => {
    const [from, to] = [new Date(edges[0] - HOUR), new Date(edges[edges.length - 1] + HOUR)];
    return { series, ts: { $gte: from, $lt: to } };
  });
  store.operations += 1;
  const found = {};
  for (const { series } of batches) found[nameOf(series)] = {};
  for (const { series, ...document } of await store.record.find({ $or: near }).toArray()) {
    found[nameOf(series)][document.ts.getTime()] = document;
  }
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
      const replacement = documentOf(_id, batch, reading, store.fields);
      changed.push({ replaceOne: { filter: { _id }, replacement } });
    }
  });
  if (changed.length === 0) return;
  const marked = await context.functions.execute("fillMirror", { ...store.names, ranges: [], stale: keys });
  store.operations += 2 + marked.operations;
  await store.record.bulkWrite(changed, { ordered: false });
}

async function insert(store, batches, found, tried) {
  const documents = [];
  batches.forEach((batch, index) => {
    for (const reading of found[index].fresh) {
      const start = reading.ts.getTime();
      if (!tried[index].ids[start]) tried[index].ids[start] = new BSON.ObjectId();
      documents.push(documentOf(tried[index].ids[start], batch, reading, store.fields));
    }
  });
  if (documents.length === 0) return;
  store.operations += 1;
  await store.record.insertMany(documents, { ordered: false });
}

function coveredBetween(edges, stored) {
  const covered = edges.slice(1).map(() => 0);
  for (const start of Object.keys(stored)) {
    const after = edges.findIndex((edge) => Number(start) < edge);
    if (after > 0) covered[after - 1] += Number(stored[start].seconds);
  }
  return covered;
}

function outcome({ edges }, stored, found, tried) {
  const written = [...found.fresh, ...found.changed.map((change) => change.reading)];
  for (const reading of written) stored[reading.ts.getTime()] = reading;
  return {
    new: found.new + found.fresh.length,
    changed: Object.keys(tried.changed).length,
    unchanged: found.unchanged,
    rejected: found.rejected,
    covered: coveredBetween(edges, stored),
  };
}

async function record(store, batches) {
  const tried = batches.map(() => ({ ids: {}, changed: {} }));
  for (let tries = 1; ; tries += 1) {
    const stored = await storedNear(store, batches);
    const found = batches.map((batch, index) => compared(batch, stored[index], tried[index], store.fields));
    await correct(store, batches, found);
    found.forEach(({ changed }, index) => {
      for (const { reading } of changed) tried[index].changed[reading.ts.getTime()] = true;
    });
    try {
      await insert(store, batches, found, tried);
      return batches.map((batch, index) => outcome(batch, stored[index], found[index], tried[index]));
    } catch (error) {
      // Another writer stored some of them in between: look again.
      if (!isDuplicate(error) || tries === TRIES) throw error;
    }
  }
}

const NOTHING = { new: 0, changed: 0, unchanged: 0, rejected: 0, covered: [] };

exports = async function storeReadings({ batches, ...names }) {
  const collection = context.services.get(names.service).db(names.database).collection(names.record);
  const fields = batches.length ? await context.functions.execute("storedFields", batches[0].series.source) : [];
  const store = { names, record: collection, fields, operations: 0 };
  const withReadings = batches.filter((batch) => batch.readings.length);
  const recorded = withReadings.length ? await record(store, withReadings) : [];
  const ranges = batches.map(({ key, series, edges }) => ({ key, series, from: edges[0], to: edges[edges.length - 1] }));
  const mirrored = await context.functions.execute("fillMirror", { ...names, ranges });
  return {
    operations: store.operations + 2 + mirrored.operations,
    batches: batches.map((batch, index) => {
      return { ...(recorded[withReadings.indexOf(batch)] || NOTHING), ...mirrored.ranges[index] };
    }),
  };
};
