// Answers of Elhub -> verified readings. Pure: no clock, no network, no database.
//
//   elhubReadings([{text, dataset, flow, window: [ms, ms], at}])
//     -> [{batches: [{series: {flow, group, id, source}, readings: [{ts, wh, seconds, updated, meters, flag}]}],
//          rejects: [text], short: text} or {refused: reason}]
//
// at: a Date, which tells which hours can be published. readings: oldest first; wh an exact integer; updated (a Date),
// meters and flag only where they are. short: why the answer holds less than the window should have, "" when complete.
// Everything is compared with the question before a reading is made, see verifiedBatches. The same rules stand in
// sync/sources/elhub; tests/contract holds both against each other.

const AREAS = ["NO1", "NO2", "NO3", "NO4", "NO5"];
const HOUR = 3600000;
const LARGEST = 9.0e12; // kWh; above, Wh would no longer be exact
const IMPLAUSIBLE = 50e6; // kWh in an hour
const INT32_MAX = 2147483647;
const TIME = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d)(:\d\d)?(?:[.,](\d{1,9}))?(?:Z|([+-])(\d\d):?(\d\d))$/;
const NAIVE = /^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?)?$/;
const SHOWN = 120;

const isObject = (part) => typeof part === "object" && part !== null && !Array.isArray(part);
const has = (part, name) => Object.prototype.hasOwnProperty.call(part, name);
const shown = (part) => `'${(typeof part === "string" ? part : JSON.stringify(part) || String(part)).slice(0, SHOWN)}'`;
const iso = (moment) => `${new Date(moment).toISOString().slice(0, 16).replace("T", " ")}Z`;
const isAbsent = (part) => part === null || part === undefined;
const refusal = (reason) => new Error(reason);

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

function columnsOf(records, flow) {
  const group = `${flow}Group`;
  demandFields(records, ["priceArea", group, "startTime", "endTime", "quantityKwh"]);
  const isText = (part) => typeof part === "string" && part !== "";
  const wrong = records.find((record) => !isText(record.priceArea) || !isText(record[group]));
  if (wrong) throw refusal(`an area or a group is not a text: ${shown([wrong.priceArea, wrong[group]])}`);
  const instant = reader();
  return records.map((record) => ({
    id: record.priceArea,
    group: record[group],
    start: instant(record.startTime),
    end: instant(record.endTime),
    kwh: record.quantityKwh,
    updated: isAbsent(record.lastUpdatedTime) ? null : instant(record.lastUpdatedTime),
    meters: flow === "consumption" ? record.meteringPointCount : undefined,
  }));
}

function verify(rows) {
  const areas = rows.map(({ id }) => id).filter((id, index, all) => all.indexOf(id) === index).sort();
  const absent = AREAS.filter((area) => areas.indexOf(area) < 0);
  if (absent.length) throw refusal(`nothing of ${absent.join(", ")}; the answer has ${areas.join(", ")}`);
  const uneven = rows.find(({ start, end }) => end - start !== HOUR);
  if (uneven) throw refusal(`a record is not of a whole hour, it begins ${iso(uneven.start)}`);
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

// What verifiedBatches is asked for an answer.
function rowsOf({ text, dataset, flow, window, at }) {
  const records = recordsOf({ text, dataset });
  const rows = records.length ? columnsOf(records, flow) : [];
  if (rows.length) verify(rows);
  const rejects = rows
    .filter(({ kwh }) => kwh !== null && !isEnergy(kwh))
    .map(({ id, group, start, kwh }) => `${id} ${group} ${iso(start)}: not an energy: ${shown(kwh)}`);
  const missing = rows.filter(({ kwh }) => kwh === null).length;
  const published = Math.min(window[1], Math.floor(at.getTime() / HOUR) * HOUR);
  return {
    ...{ source: "elhub", flow, window, step: HOUR, isWhole: true, rejects },
    until: rows.reduce((until, { end }) => Math.max(until, end), published),
    lacks: missing ? [`${missing} records without a quantity`] : [],
    rows: rows.map((row) => {
      return { id: row.id, group: row.group, start: row.start, reading: isEnergy(row.kwh) ? readingOf(row) : null };
    }),
  };
}

exports = async function elhubReadings(questions) {
  const reads = [];
  for (const question of questions) {
    try {
      reads.push(await context.functions.execute("verifiedBatches", rowsOf(question)));
    } catch (error) {
      reads.push({ refused: `the answer was refused: ${error.message}` });
    }
  }
  return reads;
};
