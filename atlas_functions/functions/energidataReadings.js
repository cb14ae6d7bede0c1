// Answers of Energi Data Service -> verified readings. Pure: no clock, no network, no database.
//
//   energidataReadings([{text, dataset, window: [ms, ms], at}])
//     -> [{batches: [{series: {flow, group, id, source}, readings}], rejects: [text], short: text} or {refused: reason}]
//
// dataset: DayAheadPrices, Elspotprices or DeclarationProduction; at: a Date, which tells what can be published.
// readings: oldest first, of prices {ts, eur_mwh, dkk_mwh, seconds, flag}, of production {ts, wh, seconds, flag}. short:
// why the answer holds less than the window should have, "" when complete. Everything is compared with the question
// before a reading is made, see verifiedBatches. The same rules stand in sync/sources/energidata; tests/contract holds
// both against each other.

const HOUR = 3600000;
const DAY = 86400000;
const CHANGE = Date.UTC(2025, 8, 30, 22); // hours before, quarter-hours from here on
const DANISH_SINCE = [["DK1", Date.UTC(1999, 5, 30, 22)], ["DK2", Date.UTC(2000, 8, 30, 22)]];
const LIMITS = [-500, 4000]; // EUR/MWh; real beyond them, but worth a look
const LARGEST_PRICE = 1e9;
const METHODS = ["All", "Total"]; // more of them would count the same production again
const PRODUCTION_AREAS = ["DK1", "DK2"];
const LATE = 15 * DAY; // the declaration comes 10 to 15 days after the day
const LARGEST_MWH = 9.0e6; // above, Wh would no longer be exact
const IMPLAUSIBLE = 20e3; // MWh in an hour of one type
const TOLERANCE = 0.5; // per cent by which the shares of an hour may miss 100
const TWICE = 105; // per cent, above which something was counted more than once
const DECLARED = ["Version", "FuelAllocationMethod", "ReportGrpCode", "ProductionType", "DeliveryType"];
const NAIVE = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d)(:\d\d)?(?:\.0+)?Z?$/;
const SHOWN = 160;

const COLUMNS = {
  Elspotprices: { time: "HourUTC", step: HOUR, others: ["PriceArea", "SpotPriceEUR", "SpotPriceDKK"] },
  DayAheadPrices: { time: "TimeUTC", step: HOUR / 4, others: ["PriceArea", "DayAheadPriceEUR", "DayAheadPriceDKK"] },
  DeclarationProduction: {
    time: "HourUTC",
    step: HOUR,
    others: ["PriceArea", ...DECLARED, "Production_MWh", "ShareTotal"],
  },
};

const isObject = (part) => typeof part === "object" && part !== null && !Array.isArray(part);
const has = (part, name) => Object.prototype.hasOwnProperty.call(part, name);
const isNumber = (part, below) => typeof part === "number" && Math.abs(part) < below;
const isText = (part) => typeof part === "string" && part !== "";
const isFirst = (one, index, all) => all.indexOf(one) === index;
const shown = (part) => `'${(typeof part === "string" ? part : JSON.stringify(part) || String(part)).slice(0, SHOWN)}'`;
const iso = (moment) => `${new Date(moment).toISOString().slice(0, 16).replace("T", " ")}Z`;
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

function recordsOf({ text, dataset }) {
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
  const naive = read ? `${read[1]}T${read[2]}${read[3] || ":00"}` : "";
  const moment = Date.parse(`${naive}Z`);
  if (isNaN(moment) || new Date(moment).toISOString().slice(0, 19) !== naive) {
    throw refusal(`an unreadable time: ${shown(text)}`);
  }
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

function pricesOf(rows, { dataset, window: [low], at }) {
  const { step, others } = COLUMNS[dataset];
  const wrong = rows.find(({ PriceArea }) => !isText(PriceArea));
  if (wrong) throw refusal(`a price area is no text: ${shown(wrong.PriceArea)}`);
  const areas = rows.map(({ PriceArea }) => PriceArea).filter(isFirst).sort();
  const absent = DANISH_SINCE.filter(([area, since]) => areas.indexOf(area) < 0 && low >= since).map(([area]) => area);
  if (rows.length && absent.length) throw refusal(`nothing of ${absent.join(", ")}; the answer has ${areas.join(", ")}`);
  const isKept = (eur) => isNumber(eur, LARGEST_PRICE);
  const prices = rows.map((row) => ({ start: row.start, id: row.PriceArea, eur: row[others[1]], dkk: row[others[2]] }));
  const nothing = prices.filter(({ eur }) => eur === null).length;
  return {
    flow: "price",
    until: Math.floor(at.getTime() / step) * step,
    rows: prices.map((price) => {
      return { id: price.id, group: "day-ahead", start: price.start, reading: isKept(price.eur) ? priceOf(price) : null };
    }),
    rejects: prices
      .filter(({ eur }) => !isKept(eur) && eur !== null)
      .map(({ id, start, eur }) => `${id} ${iso(start)}: not a price: ${shown(eur)}`),
    lacks: nothing ? [`${nothing} records without a price in EUR`] : [],
  };
}

// --- production ---------------------------------------------------------------------------------------------------

const isPreliminary = (version) => version === null || String(version).toLowerCase().indexOf("prelim") === 0;

// To the nearest integer, halves to the even one, as Python rounds.
function rounded(number) {
  const below = Math.floor(number);
  if (number - below === 0.5) return below % 2 === 0 ? below : below + 1;
  return Math.round(number);
}

function energyOf({ start, mwh, version }) {
  const reading = { ts: new Date(start), wh: rounded(mwh * 1e6) + 0, seconds: 3600 }; // no negative zero
  const marks = [];
  if (Math.abs(mwh) > IMPLAUSIBLE) marks.push("implausible");
  else if (mwh < 0) marks.push("negative");
  if (isPreliminary(version)) marks.push("preliminary");
  if (marks.length) reading.flag = marks.join(" ");
  return reading;
}

function verifyNames(rows) {
  const wrong = rows.find(({ PriceArea, ProductionType }) => typeof PriceArea !== "string" || !isText(ProductionType));
  if (wrong) {
    const names = [wrong.PriceArea, wrong.ProductionType];
    throw refusal(`an area or a type of production is no text: ${shown(names)}`);
  }
  const areas = rows.map(({ PriceArea }) => PriceArea).filter(isFirst).sort();
  if (areas.join(" ") !== PRODUCTION_AREAS.join(" ")) {
    throw refusal(`asked were ${PRODUCTION_AREAS.join(", ")}; the answer has ${areas.join(", ")}`);
  }
  const methods = rows.map(({ FuelAllocationMethod }) => FuelAllocationMethod).filter(isFirst);
  const others = methods.filter((method) => METHODS.indexOf(method) < 0).map(String).sort();
  if (others.length) {
    const asked = `asked were the allocation methods ${METHODS.join(", ")}`;
    throw refusal(`${asked}; the answer also has ${others.join(", ")}, which would count the same production again`);
  }
}

// Hours of an area whose shares add up to far more than 100 are not kept; [a text for each, what else is odd].
function shares(rows) {
  const hours = {};
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

// What verifiedBatches is asked for an answer.
function rowsOf(question) {
  const { dataset, window } = question;
  const rows = columnsOf(recordsOf(question), dataset);
  const own = dataset === "DeclarationProduction" ? productionOf(rows, question) : pricesOf(rows, question);
  const until = Math.min(window[1], own.until);
  return { ...own, source: "energidata", window, step: COLUMNS[dataset].step, until, isWhole: false };
}

exports = async function energidataReadings(questions) {
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
