// Answers of Elhub and Energi Data Service -> readings, after they were compared with the question: the days, the grid of
// the step, no reading twice, and how many each series has. Pure: no clock, no network, no database.
//
//   openReadings([{text, dataset, flow, query, window: [ms, ms], at}])
//     -> [{batches: [{series: {flow, group, id, source}, readings}], rejects: [text], short: text} or {refused: reason}]
//
// dataset: of Elhub where its name holds a _, else of Energi Data Service: DayAheadPrices, DeclarationProduction, or the
// hourly Elspotprices, which no function asks for any more. query: of the latter {columns: names with commas between},
// that of the time first, then PriceArea. at: a Date, which tells what can be published. readings: oldest first; of Elhub
// {ts, wh, seconds, updated, meters, flag}, of prices {ts, eur_mwh, dkk_mwh, seconds, flag}, of Danish production {ts, wh,
// seconds, flag}; wh an exact integer; updated (a Date), meters and flag only where they are. rejects: records that are
// refused, in words. short: why the answer holds less than the window should have, "" when complete. The same rules stand
// in sync/sources; tests/contract holds both against each other.

const HOUR = 3600000;
const DAY = 86400000;
const SHOWN = 160;
const FEW = 3; // series named in a text

const isObject = (part) => typeof part === "object" && part !== null && !Array.isArray(part);
const has = (part, name) => Object.prototype.hasOwnProperty.call(part, name);
const isNumber = (part, below) => typeof part === "number" && Math.abs(part) < below;
const isText = (part) => typeof part === "string" && part !== "";
const isFirst = (one, index, all) => all.indexOf(one) === index;
const shown = (part) => `'${(typeof part === "string" ? part : JSON.stringify(part) || String(part)).slice(0, SHOWN)}'`;
const wallOf = (ms) => new Date(ms).toISOString().slice(0, 19).replace("T", " ");
const iso = (ms) => `${wallOf(ms).slice(0, 16)}Z`;
const listed = (names) => names.join(", ");
const namesIn = (part) => listed(Object.keys(part).sort()).slice(0, SHOWN);

function refuse(reason) {
  throw new Error(reason);
}

// What is no JSON but what Python's own reader takes stands for a number that is none.
function jsonOf(text) {
  if (text.replace(/^[\ufeff \t\r\n]+/, "")[0] === "<") refuse("the answer is a page (HTML), not JSON");
  for (const each of [text, text.replace(/([:[,]\s*)(?:NaN|-?Infinity)(?=\s*[,\]}])/g, '$1{"not":"a number"}')]) {
    try {
      return JSON.parse(each);
    } catch (error) {
      // the second form, then
    }
  }
  return refuse(`the answer is not JSON: ${shown(text)}`);
}

// To the nearest integer, halves to the even one, as Python rounds; no negative zero.
function rounded(number) {
  const below = Math.floor(number);
  return number - below === 0.5 ? below + Math.abs(below % 2) : Math.round(number) + 0;
}

// A naive wall clock, YYYY-MM-DDTHH:mm:ss, as if it were UTC -> ms; NaN for 30 February, 24:00.
function naiveOf(text) {
  const ms = Date.parse(`${text}Z`);
  return isNaN(ms) || new Date(ms).toISOString().slice(0, 19) !== text ? NaN : ms;
}

// The areas of an answer. Refuses one without a record of one that is wanted, unless it is empty.
function verifyAreas(rows, wanted) {
  const areas = rows.map(({ id }) => id).filter(isFirst).sort();
  const wrong = areas.find((area) => !isText(area));
  if (wrong !== undefined) refuse(`an area is not a text: ${shown(wrong)}`);
  const absent = wanted.filter((area) => !areas.includes(area));
  if (areas.length && absent.length) refuse(`nothing of ${listed(absent)}; the answer has ${listed(areas)}`);
  return areas;
}

// {rows: also with reading or null, rejects, lacks} of rows with {id, group, start, value, isKept, isTwice}; what: in words;
// readingOf: row -> reading.
function told(rows, what, readingOf) {
  const nothing = rows.filter(({ value }) => value === null).length;
  const wrong = rows.filter(({ value, isKept }) => !isKept && value !== null);
  return {
    rows: rows.map((row) => ({ ...row, reading: row.isKept && !row.isTwice ? readingOf(row) : null })),
    rejects: wrong.map(({ id, group, start, value }) => `${id} ${group} ${iso(start)}: not ${what}: ${shown(value)}`),
    lacks: nothing ? [`${nothing} records without ${what}`] : [],
  };
}

// By source: question -> what verified takes.
const READERS = {};

// --- of elhub: its answers ----------------------------------------------------------------------------------------

const LARGEST = 9.0e12; // kWh; above, Wh would no longer be exact
const IMPLAUSIBLE = 50e6; // kWh in an hour
const INT32_MAX = 2147483647;
const TIME = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d)(:\d\d)?(?:[.,](\d{1,9}))?(?:Z|([+-])(\d\d):?(\d\d))$/;

function listOf(entity, name, dataset) {
  const attributes = isObject(entity) ? entity.attributes : null;
  if (!isObject(attributes)) refuse(`an entity has no \`attributes\`: ${shown(entity)}`);
  const records = attributes[name];
  if (!Array.isArray(records)) refuse(`asked was ${dataset}; the answer has no ${name} but ${namesIn(attributes)}`);
  if (!records.every(isObject)) refuse("a record is not an object");
  const wrong = records.find((record) => has(record, "priceArea") && record.priceArea !== entity.id);
  if (wrong) refuse(`a record of ${shown(wrong.priceArea)} stands under ${shown(entity.id)}`);
  return records;
}

function elhubRecords({ text, dataset }) {
  const { data: entities } = jsonOf(text) || {};
  if (!Array.isArray(entities)) refuse(`the answer has no list \`data\`: ${shown(text)}`);
  // The field that holds the records: the name of the dataset, in the API's other spelling.
  const name = dataset.toLowerCase().replace(/_(.)/g, (_, letter) => letter.toUpperCase());
  return [].concat(...entities.map((entity) => listOf(entity, name, dataset)));
}

function elhubInstant(text) {
  const [, day, clock, seconds, part, sign, hours, minutes] = (isText(text) && TIME.exec(text)) || [];
  const ms = naiveOf(`${day}T${clock}${seconds || ":00"}`);
  const offset = sign ? Number(`${sign}1`) * (Number(hours) * 60 + Number(minutes)) : 0;
  if (isNaN(ms) || minutes > 59 || Math.abs(offset) >= 1440) {
    refuse(`a time is unreadable, or has no offset, so that its hour is not certain: ${shown(text)}`);
  }
  return ms + Math.round(Number(`0.${part || 0}`) * 1000) - offset * 60000;
}

function elhubColumns(records, flow) {
  const group = `${flow}Group`;
  for (const name of ["priceArea", group, "startTime", "endTime", "quantityKwh"]) {
    const without = records.find((record) => !has(record, name));
    if (without) refuse(`a record has no '${name}'; it has ${namesIn(without)}: the API may have renamed its fields`);
  }
  const wrong = records.find((record) => !isText(record[group]));
  if (wrong) refuse(`a group is not a text: ${shown(wrong[group])}`);
  const known = Object.create(null); // each text is read once, as most come many times in an answer
  const instant = (text) => known[text] || (known[text] = elhubInstant(text));
  return records.map((record) => ({
    id: record.priceArea,
    group: record[group],
    start: instant(record.startTime),
    end: instant(record.endTime),
    value: record.quantityKwh,
    isKept: isNumber(record.quantityKwh, LARGEST),
    updated: [null, undefined].includes(record.lastUpdatedTime) ? null : instant(record.lastUpdatedTime),
    meters: flow === "consumption" ? record.meteringPointCount : undefined,
  }));
}

function elhubReading({ start, value, updated, meters }) {
  const wh = rounded(value * 1000);
  const reading = { ts: new Date(start), wh, seconds: 3600 };
  if (updated !== null) reading.updated = new Date(updated);
  if (isNumber(meters, INT32_MAX + 1) && meters % 1 === 0 && meters >= 0) reading.meters = meters;
  if (Math.abs(value) > IMPLAUSIBLE) reading.flag = "implausible";
  else if (wh < 0) reading.flag = "negative";
  else if (wh / 1000 !== value) reading.flag = "rounded";
  return reading;
}

READERS.elhub = (question) => {
  const { flow, window, at } = question;
  const records = elhubRecords(question);
  const rows = records.length ? elhubColumns(records, flow) : [];
  verifyAreas(rows, ["NO1", "NO2", "NO3", "NO4", "NO5"]);
  const uneven = rows.find(({ start, end }) => end - start !== HOUR);
  if (uneven) refuse(`a record is not of a whole hour, it begins ${iso(uneven.start)}`);
  const published = Math.min(window[1], Math.floor(at.getTime() / HOUR) * HOUR);
  return {
    source: "elhub",
    flow,
    window,
    step: HOUR,
    isWhole: true,
    until: rows.reduce((until, { end }) => Math.max(until, end), published),
    ...told(rows, "an energy", elhubReading),
  };
};

// --- of energidata: its answers -----------------------------------------------------------------------------------

const AREAS = ["DK1", "DK2"];
const LARGEST_PRICE = 1e9;
const TWICE = 105; // per cent, above which something was counted more than once
const NAIVE = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d)(:\d\d)?(?:\.0+)?Z?$/;

function energidataRecords({ text, dataset }) {
  const { records, total, dataset: said } = jsonOf(text) || {};
  if (!Array.isArray(records)) refuse(`the answer has no list \`records\`: ${shown(text)}`);
  const isAsked = shown(said).toLowerCase() === shown(dataset).toLowerCase();
  if (!isAsked) refuse(`asked was ${dataset}, the answer says ${shown(said)}`);
  const count = records.length;
  if (total !== count) refuse(`${count} records came, \`total\` says ${shown(total)}: the answer is cut off`);
  if (!records.every(isObject)) refuse("a record is not an object");
  return records;
}

// The name of a column as it came: letter case follows what one asks for, or not.
function spelling(records, name) {
  const found = Object.keys(records[0]).find((key) => key.toLowerCase() === name.toLowerCase());
  if (records.every((record) => has(record, found))) return found;
  return refuse(`not every record has the column ${name}, it may have been renamed: ${namesIn(records[0])}`);
}

// Time text of a UTC column, without an offset -> ms.
function instantOf(text) {
  const [, day, clock, seconds] = (isText(text) && NAIVE.exec(text)) || [];
  const ms = naiveOf(`${day}T${clock}${seconds || ":00"}`);
  return isNaN(ms) ? refuse(`an unreadable time: ${shown(text)}`) : ms;
}

// The records with the names that were asked for, `start` (ms) and `id`.
function columnsOf(records, columns) {
  if (!records.length) return [];
  const [time, ...others] = columns.map((name) => [name, spelling(records, name)]);
  return records.map((record) => {
    const row = { start: instantOf(record[time[1]]) };
    for (const [name, own] of others) row[name] = record[own];
    return { ...row, id: row.PriceArea };
  });
}

// What some area has beforehand all should have, and days that were asked for should be there to their end.
function pricesOf(rows, [, , eur, dkk], step, { window, at }) {
  verifyAreas(rows, AREAS);
  const prices = rows.map((row) => {
    const isKept = isNumber(row[eur], LARGEST_PRICE);
    return { ...row, group: "day-ahead", value: row[eur], dkk: row[dkk], isKept };
  });
  const passed = Math.floor(at.getTime() / step) * step;
  const until = rows.reduce((end, { start }) => Math.max(end, start + step), passed);
  const found = told(prices, "a price in EUR", ({ start, value, dkk: other }) => {
    const reading = { ts: new Date(start), eur_mwh: value, seconds: step / 1000 };
    if (isNumber(other, LARGEST_PRICE)) reading.dkk_mwh = other;
    if (value <= -500 || value >= 4000) reading.flag = "price"; // real beyond them, but worth a look
    return reading;
  });
  if (step < HOUR && until < window[1]) found.lacks.push("the last days are not published yet");
  return { ...found, flow: "price", until };
}

function productionReading({ start, value, Version }) {
  const marks = [];
  if (Math.abs(value) > 20e3) marks.push("implausible");
  else if (value < 0) marks.push("negative");
  if (Version === null || /^'prelim/i.test(shown(Version))) marks.push("preliminary");
  const reading = { ts: new Date(start), wh: rounded(value * 1e6), seconds: 3600 };
  if (marks.length) reading.flag = marks.join(" ");
  return reading;
}

function verifyNames(rows) {
  const areas = verifyAreas(rows, AREAS);
  if (areas.length > AREAS.length) refuse(`asked were ${listed(AREAS)}; the answer has ${listed(areas)}`);
  const wrong = rows.find(({ ProductionType, DeliveryType, ReportGrpCode }) => {
    const isOdd = (part) => part !== null && typeof part === "object";
    return !isText(ProductionType) || isOdd(DeliveryType) || isOdd(ReportGrpCode);
  });
  if (wrong) refuse(`a type of production is no text: ${shown(wrong.ProductionType)}`);
  const methods = rows.map(({ FuelAllocationMethod }) => FuelAllocationMethod).filter(isFirst);
  const others = methods.filter((method) => !["All", "Total"].includes(method)).map(shown).sort();
  if (!others.length) return;
  refuse(`asked were the allocation methods All, Total; ${listed(others)} would count the same production again`);
}

// [rejects, lacks] of hours whose shares do not add up to 100 %; rows of what was counted more than once are marked.
function shares(rows) {
  const hours = {};
  for (const row of rows) {
    const name = `${row.id} ${iso(row.start)}`;
    if (!hours[name]) hours[name] = { name, sum: 0, own: [] };
    hours[name].sum += isNumber(row.ShareTotal, 1e6) ? row.ShareTotal : NaN;
    hours[name].own.push(row);
  }
  const all = Object.values(hours);
  const twice = all.filter(({ sum }) => sum > TWICE);
  for (const { own } of twice) for (const row of own) row.isTwice = true;
  const odd = all.filter(({ sum }) => Math.abs(sum - 100) > 0.5 && !(sum > TWICE));
  const text = ({ name, sum }) => `${name}, ${sum.toFixed(3)} %`;
  const texts = twice.map((hour) => `${text(hour)}: the shares add up to more than 100`);
  const words = `the shares of ${odd.length} hours of an area do not add up to 100 %`;
  return [texts, odd.length ? [`${words} (first ${text(odd[0])})`] : []];
}

function productionOf(rows, { at }) {
  verifyNames(rows);
  for (const row of rows) {
    const { Production_MWh: value, ProductionType, DeliveryType, ReportGrpCode } = row;
    const group = [ProductionType, DeliveryType, ReportGrpCode].filter(Boolean).map(String).join(" ");
    Object.assign(row, { value, isKept: isNumber(value, 9e6), group }); // above, Wh would not be exact
  }
  const [twice, odd] = shares(rows);
  const found = told(rows, "an energy", productionReading);
  const until = Math.floor((at.getTime() - 15 * DAY) / HOUR) * HOUR; // the declaration comes 10 to 15 days late
  return { ...found, flow: "production", until, rejects: found.rejects.concat(twice), lacks: odd.concat(found.lacks) };
}

READERS.energidata = (question) => {
  const { dataset, window, query } = question;
  const columns = query.columns.split(",");
  const rows = columnsOf(energidataRecords(question), columns);
  const step = dataset === "DayAheadPrices" ? HOUR / 4 : HOUR;
  const isProduction = dataset === "DeclarationProduction";
  const own = isProduction ? productionOf(rows, question) : pricesOf(rows, columns, step, question);
  return { ...own, source: "energidata", window, step, until: Math.min(window[1], own.until), isWhole: false };
};

// --- compared with the question -----------------------------------------------------------------------------------

// The rows of each series, in the order of their names.
function grouped(rows) {
  const all = {};
  for (const row of rows) {
    const { id, group } = row;
    const name = JSON.stringify([id, group]);
    if (!all[name]) all[name] = { id, group, own: [] };
    all[name].own.push(row);
  }
  return Object.keys(all).sort().map((name) => all[name]);
}

function verify(rows, all, { window: [low, high], step }) {
  const first = (what, isWrong) => {
    const wrong = rows.filter(({ start }) => isWrong(start));
    const of = `${wrong.length} of ${rows.length} records are`;
    if (wrong.length) refuse(`${of} ${what}, the first is of ${iso(wrong[0].start)}`);
  };
  first(`outside ${iso(low)} … ${iso(high)} (not included)`, (start) => start < low || start >= high);
  first(`not on the grid of ${step / 60000} min`, (start) => start % step !== 0);
  for (const { id, group, own } of all) {
    const seen = {};
    const again = own.find(({ start }) => seen[start] || !(seen[start] = true));
    if (again) refuse(`records come twice, the first is ${id} ${group} ${iso(again.start)}`);
  }
}

// What of the window nothing explains, in words: intervals that no series has, and what a series lacks after it has begun.
function holes(all, { window: [low], step, until, isWhole }) {
  const places = [...Array(Math.max(0, Math.floor((until - low) / step))).keys()];
  const taken = all.map(({ own }) => own.map(({ start }) => (start - low) / step));
  const [anywhere, ...held] = [[].concat(...taken), ...taken].map((own) => new Set(own));
  const somewhere = places.filter((place) => anywhere.has(place));
  const nowhere = places.filter((place) => !anywhere.has(place) && (isWhole || place > somewhere[0]));
  const unit = `intervals of ${step / 60000} min`;
  const text = (who, missing) => `${who} ${missing.length} ${unit} (first ${iso(low + missing[0] * step)})`;
  const texts = [];
  all.forEach(({ id, group }, index) => {
    const first = somewhere.find((place) => held[index].has(place));
    const missing = somewhere.filter((place) => place > first && !held[index].has(place));
    if (missing.length) texts.push(text(`${id} ${group} lacks`, missing));
  });
  const more = texts.length - FEW;
  if (more > 0) texts.splice(FEW, more, `${more} more series lack some`);
  return nowhere.length ? [text("no series has", nowhere), ...texts] : texts;
}

// What an answer holds of what was asked for. rows: [{id, group, start, reading}], reading null for a row without one.
// start, step: ms. until: ms before which a series that has begun should have all; isWhole: whether what no series has at
// the beginning of the window is lacking, too. lacks: what else the answer lacks.
function verified(question) {
  const { source, flow, rows, rejects, lacks } = question;
  if (!rows.length) return { batches: [], rejects, short: "the answer is empty" };
  const all = grouped(rows);
  verify(rows, all, question);
  const batches = all.map(({ id, group, own }) => {
    const readings = own.map(({ reading }) => reading).filter(Boolean).sort((one, other) => one.ts - other.ts);
    return { series: { flow, group, id, source }, readings };
  });
  const short = [...holes(all, question), ...lacks];
  if (rejects.length) short.push(`${rejects.length} records refused`);
  return { batches: batches.filter(({ readings }) => readings.length), rejects, short: short.join("; ") };
}

exports = function openReadings(questions) {
  return questions.map((question) => {
    try {
      return verified(READERS[question.dataset.includes("_") ? "elhub" : "energidata"](question));
    } catch (error) {
      return { refused: `the answer was refused: ${error.message}` };
    }
  });
};
