// Answers of Elhub -> verified readings. Pure: no clock, no network, no database.
//
//   elhubReadings([{text, dataset, flow, window: [ms, ms], at}])
//     -> [{batches: [{series: {flow, group, id, source}, readings: [{ts, wh, seconds, updated, meters, flag}]}],
//          rejects: [text], short: text} or {refused: reason}]
//
// at: a Date, which tells which hours can be published. readings: oldest first; wh an exact integer; updated (a Date),
// meters and flag only where they are. short: why the answer holds less than the window should have, "" when complete.
// Everything is compared with the question before a reading is made: dataset, areas, days, the grid of hours, no key
// twice, and how many hours each series has. The same rules stand in sync/sources/elhub_{answer,values,counts}.py;
// tests/contract holds both against each other.

const AREAS = ["NO1", "NO2", "NO3", "NO4", "NO5"];
const HOUR = 3600000;
const LARGEST = 9.0e12; // kWh; above, Wh would no longer be exact
const IMPLAUSIBLE = 50e6; // kWh in an hour
const INT32_MAX = 2147483647;
const TIME = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d)(:\d\d)?(?:[.,](\d{1,9}))?(?:Z|([+-])(\d\d):?(\d\d))$/;
const NAIVE = /^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?)?$/;
const SHOWN = 120;
const FEW = 3; // series named in a text

const isObject = (part) => typeof part === "object" && part !== null && !Array.isArray(part);
const has = (part, name) => Object.prototype.hasOwnProperty.call(part, name);
const shown = (part) => `'${(typeof part === "string" ? part : JSON.stringify(part) || String(part)).slice(0, SHOWN)}'`;
const iso = (moment) => `${new Date(moment).toISOString().slice(0, 16)}Z`;
const isAbsent = (part) => part === null || part === undefined;
const refusal = (reason) => new Error(reason);
const nameOf = ({ area, group }) => `${area} ${group}`;

// --- the records --------------------------------------------------------------------------------------------------

// What is no JSON but what Python's own reader takes stands for a number that is none.
function parsed(text) {
  if (text.replace(/^[\ufeff \t\r\n]+/, "")[0] === "<") throw refusal("the answer is a page (HTML), not JSON");
  for (const each of [text, text.replace(/([:[,]\s*)(?:NaN|-?Infinity)(?=\s*[,\]}])/g, '$1{"not":"a number"}')]) {
    try {
      return JSON.parse(each);
    } catch (error) {
      // the second form, then
    }
  }
  throw refusal(`the answer is not JSON: ${shown(text)}`);
}

// The field that holds the records: the name of the dataset, in the API's other spelling.
function listName(dataset) {
  const [first, ...others] = dataset.toLowerCase().split("_");
  return first + others.map((part) => part[0].toUpperCase() + part.slice(1)).join("");
}

function listOf(entity, name, dataset) {
  const attributes = isObject(entity) ? entity.attributes : null;
  if (!isObject(attributes)) throw refusal(`an entity has no \`attributes\`: ${shown(entity)}`);
  const listed = attributes[name];
  if (!Array.isArray(listed)) {
    const others = Object.keys(attributes).sort().join(", ").slice(0, SHOWN);
    throw refusal(`asked was ${dataset}; the answer has no ${name} but ${others}`);
  }
  if (!listed.every(isObject)) throw refusal("a record is not an object");
  const wrong = listed.find((record) => has(record, "priceArea") && record.priceArea !== entity.id);
  if (wrong) throw refusal(`a record of ${shown(wrong.priceArea)} stands under ${shown(entity.id)}`);
  return listed;
}

function recordsOf({ text, dataset }) {
  const answer = parsed(text);
  const entities = isObject(answer) ? answer.data : null;
  if (!Array.isArray(entities)) throw refusal(`the answer has no list \`data\`: ${shown(text)}`);
  const name = listName(dataset);
  return [].concat(...entities.map((entity) => listOf(entity, name, dataset)));
}

// --- the columns --------------------------------------------------------------------------------------------------

function instantOf(text) {
  const read = typeof text === "string" ? TIME.exec(text) : null;
  if (!read) {
    if (typeof text === "string" && NAIVE.test(text)) {
      throw refusal(`a time has no offset, so its hour is not certain: ${shown(text)}`);
    }
    throw refusal(`an unreadable time: ${shown(text)}`);
  }
  const [day, clock, seconds, part, sign, hours, minutes] = read.slice(1);
  const naive = `${day}T${clock}${seconds || ":00"}`;
  const moment = Date.parse(`${naive}Z`);
  const offset = sign ? (sign === "-" ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) : 0;
  const isClock = !isNaN(moment) && new Date(moment).toISOString().slice(0, 19) === naive; // 30 February, 24:00
  if (!isClock || Number(minutes || 0) > 59 || Math.abs(offset) >= 24 * 60) {
    throw refusal(`an unreadable time: ${shown(text)}`);
  }
  return moment + Math.round(Number(`0.${part || 0}`) * 1000) - offset * 60000;
}

// Each text is read once, as most come many times in an answer.
function reader() {
  const known = {};
  return (text) => {
    if (known[text] === undefined || typeof text !== "string") known[text] = instantOf(text);
    return known[text];
  };
}

function demandFields(records, names) {
  for (const name of names) {
    const without = records.find((record) => !has(record, name));
    if (!without) continue;
    const others = Object.keys(without).sort().join(", ").slice(0, SHOWN);
    throw refusal(`a record has no '${name}'; it has ${others}: the API may have renamed its fields`);
  }
}

function rowsOf(records, flow) {
  const group = `${flow}Group`;
  demandFields(records, ["priceArea", group, "startTime", "endTime", "quantityKwh"]);
  const isText = (part) => typeof part === "string" && part !== "";
  const wrong = records.find((record) => !isText(record.priceArea) || !isText(record[group]));
  if (wrong) throw refusal(`an area or a group is not a text: ${shown([wrong.priceArea, wrong[group]])}`);
  const instant = reader();
  return records.map((record) => ({
    area: record.priceArea,
    group: record[group],
    start: instant(record.startTime),
    end: instant(record.endTime),
    kwh: record.quantityKwh,
    updated: isAbsent(record.lastUpdatedTime) ? null : instant(record.lastUpdatedTime),
    meters: flow === "consumption" ? record.meteringPointCount : undefined,
  }));
}

// The rows of each series, by area and group in the order of their names.
function seriesOf(rows) {
  const found = {};
  for (const row of rows) {
    const name = JSON.stringify([row.area, row.group]);
    if (!found[name]) found[name] = { area: row.area, group: row.group, rows: [] };
    found[name].rows.push(row);
  }
  const all = Object.keys(found).map((name) => found[name]);
  const order = (one, other) => (one < other ? -1 : one > other ? 1 : 0);
  return all.sort((one, other) => order(one.area, other.area) || order(one.group, other.group));
}

// --- what is compared with the question ---------------------------------------------------------------------------

function verify(rows, series, [low, high]) {
  const areas = series.map(({ area }) => area);
  const absent = AREAS.filter((area) => areas.indexOf(area) < 0);
  if (absent.length) {
    const found = areas.filter((area, index) => areas.indexOf(area) === index).join(", ");
    throw refusal(`nothing of ${absent.join(", ")}; the answer has ${found}`);
  }
  const outside = rows.filter(({ start }) => start < low || start >= high);
  const uneven = rows.filter(({ start, end }) => end - start !== HOUR || start % HOUR !== 0);
  const outsideText = `outside ${iso(low)} … ${iso(high)} (not included)`;
  for (const [wrong, what] of [[outside, outsideText], [uneven, "not whole hours of 3600 s"]]) {
    if (wrong.length) {
      throw refusal(`${wrong.length} of ${rows.length} records are ${what}, the first begins ${iso(wrong[0].start)}`);
    }
  }
  for (const { area, group, rows: own } of series) {
    const seen = {};
    const again = own.filter(({ start }) => seen[start] || !(seen[start] = true));
    if (again.length) throw refusal(`records come twice, the first is ${area} ${group} ${iso(again[0].start)}`);
  }
}

function hoursText(missing, low, hours) {
  return `${missing.length} ${missing.length === 1 ? "hour" : "hours"} (first ${iso(low + missing[0] * HOUR)}) of ${hours}`;
}

// How many hours each series has of those it should have: what of that nothing explains, in words. A series that begins
// within explains itself; hours that no series has, a hole inside one, one that stops do not.
function absences(series, [low, high], at) {
  const published = Math.min(high, Math.floor(at.getTime() / HOUR) * HOUR);
  const present = series.map(({ rows }) => {
    const held = {};
    for (const { start } of rows) held[(start - low) / HOUR] = true;
    return held;
  });
  const last = Math.max(...present.map((held) => Math.max(...Object.keys(held).map(Number))));
  const hours = Math.max(Math.floor((published - low) / HOUR), last + 1);
  const all = [];
  for (let hour = 0; hour < hours; hour += 1) all.push(hour);
  const nowhere = all.filter((hour) => !present.some((held) => held[hour]));
  const somewhere = all.filter((hour) => nowhere.length === 0 || nowhere.indexOf(hour) < 0);
  const unexplained = nowhere.length ? [`no series has ${hoursText(nowhere, low, hours)}`] : [];
  const lacking = [];
  present.forEach((held, index) => {
    const gone = somewhere.filter((hour) => !held[hour]);
    if (gone.length === 0) return;
    const first = somewhere.find((hour) => held[hour]);
    const text = `${nameOf(series[index])} lacks ${hoursText(gone, low, hours)}`;
    lacking.push({ text, isUnexplained: gone.some((hour) => hour > first) });
  });
  const told = lacking.slice(0, FEW).filter(({ isUnexplained }) => isUnexplained).map(({ text }) => text);
  const more = lacking.slice(FEW);
  if (more.some(({ isUnexplained }) => isUnexplained)) told.push(`${more.length} more series lack hours`);
  return unexplained.concat(told);
}

// --- the readings -------------------------------------------------------------------------------------------------

const isEnergy = (kwh) => typeof kwh === "number" && Math.abs(kwh) < LARGEST;

// To the nearest integer, halves to the even one, as Python rounds.
function rounded(number) {
  const below = Math.floor(number);
  if (number - below === 0.5) return below % 2 === 0 ? below : below + 1;
  return Math.round(number);
}

function flagOf(kwh, wh) {
  if (Math.abs(kwh) > IMPLAUSIBLE) return "implausible";
  if (wh < 0) return "negative";
  return wh / 1000 === kwh ? "" : "rounded";
}

const isCount = (meters) => typeof meters === "number" && meters % 1 === 0 && meters >= 0 && meters <= INT32_MAX;

function readingOf({ start, kwh, updated, meters }) {
  const wh = rounded(kwh * 1000) + 0; // no negative zero
  const reading = { ts: new Date(start), wh, seconds: HOUR / 1000 };
  if (updated !== null) reading.updated = new Date(updated);
  if (isCount(meters)) reading.meters = meters;
  const flag = flagOf(kwh, wh);
  if (flag) reading.flag = flag;
  return reading;
}

function read({ text, dataset, flow, window, at }) {
  const records = recordsOf({ text, dataset });
  if (records.length === 0) return { batches: [], rejects: [], short: "the answer is empty" };
  const rows = rowsOf(records, flow);
  const series = seriesOf(rows);
  verify(rows, series, window);
  const rejects = rows
    .filter(({ kwh }) => kwh !== null && !isEnergy(kwh))
    .map((row) => `${nameOf(row)} ${iso(row.start)}: not an energy: ${shown(row.kwh)}`);
  const missing = rows.filter(({ kwh }) => kwh === null).length;
  const lacks = absences(series, window, at);
  if (missing) lacks.push(`${missing} records without a quantity`);
  if (rejects.length) lacks.push(`${rejects.length} records refused`);
  const batches = series.map(({ area, group, rows: own }) => {
    const kept = own.filter(({ kwh }) => isEnergy(kwh)).sort((one, other) => one.start - other.start);
    return { series: { flow, group, id: area, source: "elhub" }, readings: kept.map(readingOf) };
  });
  return { batches: batches.filter(({ readings }) => readings.length), rejects, short: lacks.join("; ") };
}

exports = function elhubReadings(questions) {
  return questions.map((question) => {
    try {
      return read(question);
    } catch (error) {
      return { refused: `the answer was refused: ${error.message}` };
    }
  });
};

if (typeof module !== "undefined") module.exports = exports;
