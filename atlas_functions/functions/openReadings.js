// Answers of Elhub and Energi Data Service -> readings, after they were compared with the question: the days, the grid of
// the step, no reading twice, and how many each series has. Pure: no clock, no network, no database.
//
//   openReadings([{text, dataset, flow, window: [ms, ms], at}])
//     -> [{batches: [{series: {flow, group, id, source}, readings}], rejects: [text], short: text} or {refused: reason}]
//
// dataset: of Energi Data Service those of COLUMNS, any other is of Elhub. at: a Date, which tells what can be published.
// readings: oldest first; of Elhub {ts, wh, seconds, updated, meters, flag}, of prices {ts, eur_mwh, dkk_mwh, seconds,
// flag}, of Danish production {ts, wh, seconds, flag}; wh an exact integer; updated (a Date), meters and flag only where
// they are. rejects: records that are refused, in words. short: why the answer holds less than the window should have, ""
// when complete. The same rules stand in sync/sources; tests/contract holds both against each other.

const HOUR = 3600000;
const DAY = 24 * HOUR;
const SHOWN = 160;
const FEW = 3; // series named in a text

const isObject = (part) => typeof part === "object" && part !== null && !Array.isArray(part);
const has = (part, name) => Object.prototype.hasOwnProperty.call(part, name);
const isNumber = (part, below) => typeof part === "number" && Math.abs(part) < below;
const isText = (part) => typeof part === "string" && part !== "";
const isAbsent = (part) => part === null || part === undefined;
const isFirst = (one, index, all) => all.indexOf(one) === index;
const shown = (part) => `'${(typeof part === "string" ? part : JSON.stringify(part) || String(part)).slice(0, SHOWN)}'`;
const iso = (moment) => `${new Date(moment).toISOString().slice(0, 16).replace("T", " ")}Z`;
const refusal = (reason) => new Error(reason);

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

// To the nearest integer, halves to the even one, as Python rounds.
function rounded(number) {
  const below = Math.floor(number);
  if (number - below === 0.5) return below % 2 === 0 ? below : below + 1;
  return Math.round(number);
}

// A naive wall clock, YYYY-MM-DDTHH:mm:ss, as if it were UTC -> ms; NaN for 30 February, 24:00.
function naiveOf(text) {
  const moment = Date.parse(`${text}Z`);
  return isNaN(moment) || new Date(moment).toISOString().slice(0, 19) !== text ? NaN : moment;
}

// --- Elhub -----------------------------------------------------------------------------------------------------------

const NORWEGIAN = ["NO1", "NO2", "NO3", "NO4", "NO5"];
const LARGEST = 9.0e12; // kWh; above, Wh would no longer be exact
const IMPLAUSIBLE = 50e6; // kWh in an hour
const INT32_MAX = 2147483647;
const TIME = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d)(:\d\d)?(?:[.,](\d{1,9}))?(?:Z|([+-])(\d\d):?(\d\d))$/;
const WITHOUT_OFFSET = /^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?)?$/;

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

function elhubRecords({ text, dataset }) {
  const answer = parsed(text);
  const entities = isObject(answer) ? answer.data : null;
  if (!Array.isArray(entities)) throw refusal(`the answer has no list \`data\`: ${shown(text)}`);
  const name = listName(dataset);
  return [].concat(...entities.map((entity) => listOf(entity, name, dataset)));
}

function elhubInstant(text) {
  const read = typeof text === "string" ? TIME.exec(text) : null;
  if (!read) {
    if (typeof text === "string" && WITHOUT_OFFSET.test(text)) {
      throw refusal(`a time has no offset, so its hour is not certain: ${shown(text)}`);
    }
    throw refusal(`an unreadable time: ${shown(text)}`);
  }
  const [day, clock, seconds, part, sign, hours, minutes] = read.slice(1);
  const moment = naiveOf(`${day}T${clock}${seconds || ":00"}`);
  const offset = sign ? (sign === "-" ? -1 : 1) * (Number(hours) * 60 + Number(minutes)) : 0;
  if (isNaN(moment) || Number(minutes || 0) > 59 || Math.abs(offset) >= 24 * 60) {
    throw refusal(`an unreadable time: ${shown(text)}`);
  }
  return moment + Math.round(Number(`0.${part || 0}`) * 1000) - offset * 60000;
}

// Each text is read once, as most come many times in an answer.
function reader() {
  const known = new Map();
  return (text) => {
    if (!known.has(text)) known.set(text, elhubInstant(text));
    return known.get(text);
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

function elhubColumns(records, flow) {
  const group = `${flow}Group`;
  demandFields(records, ["priceArea", group, "startTime", "endTime", "quantityKwh"]);
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

function verifyHours(rows) {
  const areas = rows.map(({ id }) => id).filter(isFirst).sort();
  const absent = NORWEGIAN.filter((area) => areas.indexOf(area) < 0);
  if (absent.length) throw refusal(`nothing of ${absent.join(", ")}; the answer has ${areas.join(", ")}`);
  const uneven = rows.find(({ start, end }) => end - start !== HOUR);
  if (uneven) throw refusal(`a record is not of a whole hour, it begins ${iso(uneven.start)}`);
}

const isEnergy = (kwh) => isNumber(kwh, LARGEST);

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

function elhubRows({ text, dataset, flow, window, at }) {
  const records = elhubRecords({ text, dataset });
  const rows = records.length ? elhubColumns(records, flow) : [];
  if (rows.length) verifyHours(rows);
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

// --- Energi Data Service ---------------------------------------------------------------------------------------------

const CHANGE = Date.UTC(2025, 8, 30, 22); // hours before, quarter-hours from here on
const DANISH_SINCE = [["DK1", Date.UTC(1999, 5, 30, 22)], ["DK2", Date.UTC(2000, 8, 30, 22)]];
const LIMITS = [-500, 4000]; // EUR/MWh; real beyond them, but worth a look
const LARGEST_PRICE = 1e9;
const METHODS = ["All", "Total"]; // more of them would count the same production again
const PRODUCTION_AREAS = ["DK1", "DK2"];
const LATE = 15 * DAY; // the declaration comes 10 to 15 days after the day
const LARGEST_MWH = 9.0e6; // above, Wh would no longer be exact
const IMPLAUSIBLE_MWH = 20e3; // MWh in an hour of one type
const TOLERANCE = 0.5; // per cent by which the shares of an hour may miss 100
const TWICE = 105; // per cent, above which something was counted more than once
const DECLARED = ["Version", "FuelAllocationMethod", "ReportGrpCode", "ProductionType", "DeliveryType"];
const NAIVE = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d)(:\d\d)?(?:\.0+)?Z?$/;

const COLUMNS = {
  Elspotprices: { time: "HourUTC", step: HOUR, others: ["PriceArea", "SpotPriceEUR", "SpotPriceDKK"] },
  DayAheadPrices: {
    time: "TimeUTC",
    step: HOUR / 4,
    others: ["PriceArea", "DayAheadPriceEUR", "DayAheadPriceDKK"],
    isAhead: true,
  },
  DeclarationProduction: {
    time: "HourUTC",
    step: HOUR,
    others: ["PriceArea", ...DECLARED, "Production_MWh", "ShareTotal"],
  },
};

function energidataRecords({ text, dataset }) {
  const answer = parsed(text);
  if (!isObject(answer)) throw refusal(`the answer is no object: ${shown(text)}`);
  const { records, total, dataset: said } = answer;
  if (!Array.isArray(records)) throw refusal(`the answer has no list \`records\`: ${shown(text)}`);
  if (typeof said !== "string" || said.toLowerCase() !== dataset.toLowerCase()) {
    throw refusal(`asked was ${dataset}, the answer says ${shown(said)}`);
  }
  if (total !== records.length) {
    throw refusal(`${records.length} records came, \`total\` says ${shown(total)}: the answer is cut off`);
  }
  if (!records.every(isObject)) throw refusal("a record is not an object");
  return records;
}

// The name of a column as it came: letter case follows what one asks for, or not.
function spelling(record, name, dataset) {
  const found = Object.keys(record).find((key) => key.toLowerCase() === name.toLowerCase());
  if (found !== undefined) return found;
  const others = Object.keys(record).join(", ");
  throw refusal(`the records of ${dataset} have no column ${name} but ${others}: it may have been renamed`);
}

// Time text of a UTC column, without an offset -> ms.
function instantOf(text) {
  const read = typeof text === "string" ? NAIVE.exec(text) : null;
  const moment = read ? naiveOf(`${read[1]}T${read[2]}${read[3] || ":00"}`) : NaN;
  if (isNaN(moment)) throw refusal(`an unreadable time: ${shown(text)}`);
  return moment;
}

// The records with the names that were asked for, and `start` (ms).
function columnsOf(records, dataset) {
  if (records.length === 0) return [];
  const { time, others } = COLUMNS[dataset];
  const names = [time, ...others].map((name) => [name, spelling(records[0], name, dataset)]);
  for (const [, own] of names) {
    if (!records.every((record) => has(record, own))) throw refusal(`not every record has the column ${own}`);
  }
  return records.map((record) => {
    const row = { start: instantOf(record[names[0][1]]) };
    for (const [name, own] of names.slice(1)) row[name] = record[own];
    return row;
  });
}

// --- prices -------------------------------------------------------------------------------------------------------

function priceOf({ start, eur, dkk }) {
  const reading = { ts: new Date(start), eur_mwh: eur };
  if (isNumber(dkk, LARGEST_PRICE)) reading.dkk_mwh = dkk;
  reading.seconds = start < CHANGE ? 3600 : 900;
  if (eur <= LIMITS[0] || eur >= LIMITS[1]) reading.flag = "price";
  return reading;
}

// What some area has beforehand all should have, and days that were asked for should be there to their end.
function pricesOf(rows, { dataset, window: [low, high], at }) {
  const { step, others, isAhead } = COLUMNS[dataset];
  const wrong = rows.find(({ PriceArea }) => !isText(PriceArea));
  if (wrong) throw refusal(`a price area is no text: ${shown(wrong.PriceArea)}`);
  const areas = rows.map(({ PriceArea }) => PriceArea).filter(isFirst).sort();
  const absent = DANISH_SINCE.filter(([area, since]) => areas.indexOf(area) < 0 && low >= since).map(([area]) => area);
  if (rows.length && absent.length) throw refusal(`nothing of ${absent.join(", ")}; the answer has ${areas.join(", ")}`);
  const isKept = (eur) => isNumber(eur, LARGEST_PRICE);
  const prices = rows.map((row) => ({ start: row.start, id: row.PriceArea, eur: row[others[1]], dkk: row[others[2]] }));
  const nothing = prices.filter(({ eur }) => eur === null).length;
  const passed = Math.floor(at.getTime() / step) * step;
  const last = rows.reduce((end, { start }) => Math.max(end, start + step), low);
  const lacks = nothing ? [`${nothing} records without a price in EUR`] : [];
  if (isAhead && Math.max(last, passed) < high) lacks.push("the last days are not published yet");
  return {
    flow: "price",
    until: Math.max(passed, last),
    rows: prices.map((price) => {
      return { id: price.id, group: "day-ahead", start: price.start, reading: isKept(price.eur) ? priceOf(price) : null };
    }),
    rejects: prices
      .filter(({ eur }) => !isKept(eur) && eur !== null)
      .map(({ id, start, eur }) => `${id} ${iso(start)}: not a price: ${shown(eur)}`),
    lacks,
  };
}

// --- production ---------------------------------------------------------------------------------------------------

const isPreliminary = (version) => version === null || shown(version).slice(1).toLowerCase().indexOf("prelim") === 0;

function energyOf({ start, mwh, version }) {
  const reading = { ts: new Date(start), wh: rounded(mwh * 1e6) + 0, seconds: 3600 }; // no negative zero
  const marks = [];
  if (Math.abs(mwh) > IMPLAUSIBLE_MWH) marks.push("implausible");
  else if (mwh < 0) marks.push("negative");
  if (isPreliminary(version)) marks.push("preliminary");
  if (marks.length) reading.flag = marks.join(" ");
  return reading;
}

function verifyNames(rows) {
  const wrong = rows.find(({ PriceArea, ProductionType, DeliveryType, ReportGrpCode }) => {
    const others = [DeliveryType, ReportGrpCode].every((part) => part === null || typeof part !== "object");
    return typeof PriceArea !== "string" || !isText(ProductionType) || !others;
  });
  if (wrong) {
    const names = [wrong.PriceArea, wrong.ProductionType];
    throw refusal(`an area or a type of production is no text: ${shown(names)}`);
  }
  const areas = rows.map(({ PriceArea }) => PriceArea).filter(isFirst).sort();
  if (areas.join(" ") !== PRODUCTION_AREAS.join(" ")) {
    throw refusal(`asked were ${PRODUCTION_AREAS.join(", ")}; the answer has ${areas.join(", ")}`);
  }
  const methods = rows.map(({ FuelAllocationMethod }) => FuelAllocationMethod).filter(isFirst);
  const others = methods.filter((method) => METHODS.indexOf(method) < 0).map(shown).sort();
  if (others.length) {
    const asked = `asked were the allocation methods ${METHODS.join(", ")}`;
    throw refusal(`${asked}; the answer also has ${others.join(", ")}, which would count the same production again`);
  }
}

// Hours of an area whose shares add up to far more than 100 are not kept; [a text for each, what else is odd].
function shares(rows) {
  const hours = Object.create(null);
  for (const row of rows) {
    const name = `${row.PriceArea} ${iso(row.start)}`;
    if (!hours[name]) hours[name] = { name, sum: 0, rows: [] };
    hours[name].sum += isNumber(row.ShareTotal, 1e6) ? row.ShareTotal : NaN;
    hours[name].rows.push(row);
  }
  const all = Object.keys(hours).map((name) => hours[name]);
  const twice = all.filter(({ sum }) => sum > TWICE);
  for (const { rows: own } of twice) for (const row of own) row.isKept = false;
  const odd = all.filter(({ sum }) => Math.abs(sum - 100) > TOLERANCE && !(sum > TWICE));
  const text = ({ name, sum }) => `${name}, ${sum.toFixed(3)} %`;
  const texts = twice.map((hour) => `${text(hour)}: the shares add up to more than 100, counted more than once`);
  const told = `the shares of ${odd.length} hours of an area do not add up to 100 %`;
  return [texts, odd.length ? [`${told} (first ${text(odd[0])})`] : []];
}

function productionOf(rows, { at }) {
  if (rows.length) verifyNames(rows);
  for (const row of rows) {
    [row.mwh, row.version] = [row.Production_MWh, row.Version];
    row.isKept = isNumber(row.mwh, LARGEST_MWH);
    row.group = [row.ProductionType, row.DeliveryType, row.ReportGrpCode].filter(Boolean).map(String).join(" ");
  }
  const rejects = rows
    .filter(({ mwh, isKept }) => !isKept && mwh !== null)
    .map(({ PriceArea, group, start, mwh }) => `${PriceArea} ${group} ${iso(start)}: not an energy: ${shown(mwh)}`);
  const [twice, lacks] = shares(rows);
  const nothing = rows.filter(({ mwh }) => mwh === null).length;
  if (nothing) lacks.push(`${nothing} records without an energy`);
  return {
    flow: "production",
    until: Math.floor((at.getTime() - LATE) / HOUR) * HOUR,
    rows: rows.map((row) => {
      return { id: row.PriceArea, group: row.group, start: row.start, reading: row.isKept ? energyOf(row) : null };
    }),
    rejects: rejects.concat(twice),
    lacks,
  };
}

function energidataRows(question) {
  const { dataset, window } = question;
  const rows = columnsOf(energidataRecords(question), dataset);
  const own = dataset === "DeclarationProduction" ? productionOf(rows, question) : pricesOf(rows, question);
  const until = Math.min(window[1], own.until);
  return { ...own, source: "energidata", window, step: COLUMNS[dataset].step, until, isWhole: false };
}

// --- compared with the question --------------------------------------------------------------------------------------

// The rows of each series, in the order of their names.
function grouped(rows) {
  const all = Object.create(null);
  for (const { id, group, ...row } of rows) {
    const name = JSON.stringify([id, group]);
    if (!all[name]) all[name] = { id, group, rows: [] };
    all[name].rows.push(row);
  }
  return Object.keys(all).sort().map((name) => all[name]);
}

function verify(rows, all, { window: [low, high], step }) {
  const outside = rows.filter(({ start }) => start < low || start >= high);
  const uneven = rows.filter(({ start }) => start % step !== 0);
  const outsideText = `outside ${iso(low)} … ${iso(high)} (not included)`;
  for (const [wrong, what] of [[outside, outsideText], [uneven, `not on the grid of ${step / 60000} min`]]) {
    if (wrong.length === 0) continue;
    throw refusal(`${wrong.length} of ${rows.length} records are ${what}, the first is of ${iso(wrong[0].start)}`);
  }
  for (const { id, group, rows: own } of all) {
    const seen = {};
    const again = own.find(({ start }) => seen[start] || !(seen[start] = true));
    if (again) throw refusal(`records come twice, the first is ${id} ${group} ${iso(again.start)}`);
  }
}

// What of the window nothing explains, in words: intervals that no series has, and what a series lacks after it has begun.
function holes(all, { window: [low], step, until, isWhole }) {
  const held = all.map(({ rows }) => {
    const places = {};
    for (const { start } of rows) places[(start - low) / step] = true;
    return places;
  });
  const places = [];
  for (let place = 0; low + (place + 1) * step <= until; place += 1) places.push(place);
  const unit = step === HOUR ? "hours" : `intervals of ${step / 60000} min`;
  const text = (who, missing) => `${who} ${missing.length} ${unit} (first ${iso(low + missing[0] * step)})`;
  const isSomewhere = {};
  for (const own of held) for (const place of Object.keys(own)) isSomewhere[place] = true;
  const somewhere = places.filter((place) => isSomewhere[place]);
  const nowhere = places.filter((place) => !isSomewhere[place] && (isWhole || place > somewhere[0]));
  const texts = [];
  all.forEach(({ id, group }, index) => {
    const first = somewhere.find((place) => held[index][place]);
    const missing = somewhere.filter((place) => place > first && !held[index][place]);
    if (missing.length) texts.push(text(`${id} ${group} lacks`, missing));
  });
  const more = texts.length - FEW;
  const shown = more <= 0 ? texts : texts.slice(0, FEW).concat(`${more} more series lack some`);
  return nowhere.length ? [text("no series has", nowhere), ...shown] : shown;
}

// What an answer holds of what was asked for. rows: [{id, group, start, reading}], reading null for a row without one.
// start, step: ms. until: ms before which a series that has begun should have all; isWhole: whether what no series has at
// the beginning of the window is lacking, too. lacks: what else the answer lacks.
function verified(question) {
  const { source, flow, rows, rejects, lacks } = question;
  if (rows.length === 0) return { batches: [], rejects, short: "the answer is empty" };
  const all = grouped(rows);
  verify(rows, all, question);
  const batches = all.map(({ id, group, rows: own }) => {
    const kept = own.filter(({ reading }) => reading).sort((one, other) => one.start - other.start);
    return { series: { flow, group, id, source }, readings: kept.map(({ reading }) => reading) };
  });
  const short = [...holes(all, question), ...lacks];
  if (rejects.length) short.push(`${rejects.length} records refused`);
  return { batches: batches.filter(({ readings }) => readings.length), rejects, short: short.join("; ") };
}

exports = function openReadings(questions) {
  return questions.map((question) => {
    try {
      return verified(has(COLUMNS, question.dataset) ? energidataRows(question) : elhubRows(question));
    } catch (error) {
      return { refused: `the answer was refused: ${error.message}` };
    }
  });
};
