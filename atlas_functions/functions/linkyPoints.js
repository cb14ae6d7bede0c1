// Answers of the gateway -> points of a load curve. Pure: no clock, no network, no database.
//
//   linkyPoints([{text, series: {flow, id, source}}]) -> [{points: [{line, end, value, step, nature, iv, ec}]} or {unknown: reason}]
//
// A point is as handed out: `end` is the label of the interval's end, `value` the average power in W as text or null,
// `line` its place in the answer from 1. Both shapes are understood: Mesure synchrone V2 (`grandeur[].points[]`) and
// Metering Data V5 (`interval_reading[]`, also inside `meter_reading`). Any other is unknown, never "no readings".
// The same rules stand in sync/sources/linky/answers.py; tests/contract holds both against each other.

const GRANDEURS = { consumption: "CONS", production: "PROD" };
const V2_NAMES = { end: "d", value: "v", step: "p", nature: "n", iv: "iv", ec: "ec" };
const V5_NAMES = { end: "date", value: "value", step: "interval_length", nature: "measure_type" };

const isObject = (part) => typeof part === "object" && part !== null && !Array.isArray(part);
const has = (part, name) => Object.prototype.hasOwnProperty.call(part, name);
const unknown = (reason) => new Error(reason);

// A scalar as text: V2 writes numbers as strings, its index answers write them bare.
function textOf(field) {
  if (field === null || field === undefined) return null;
  return typeof field === "string" ? field : JSON.stringify(field);
}

function demand(found, wanted, what) {
  if (found === wanted) return;
  if (what === "meter") throw unknown("it is of another meter than the one asked for");
  throw unknown(`${what} is '${textOf(found)}', asked was '${wanted}'`);
}

function parsed(text) {
  let answer;
  try {
    answer = JSON.parse(text);
  } catch (error) {
    throw unknown("the answer is not JSON");
  }
  if (isObject(answer) && isObject(answer.meter_reading)) answer = answer.meter_reading;
  if (!isObject(answer)) throw unknown("the answer is not an object");
  return answer;
}

// The one `grandeur` entry that was asked for; an answer without it is not an answer to the question.
function v2Points(answer, flow) {
  const entries = answer.grandeur;
  if (!Array.isArray(entries) || !entries.every(isObject)) throw unknown("`grandeur` is not a list of objects");
  const found = entries.filter((entry) => entry.grandeurMetier === GRANDEURS[flow] && entry.grandeurPhysique === "PA");
  if (found.length !== 1) {
    throw unknown(`${found.length} entries for ${GRANDEURS[flow]}/PA among ${entries.length}`);
  }
  demand(found[0].unite, "W", "unit");
  return found[0].points;
}

function entriesOf(answer, prm, flow) {
  if (has(answer, "grandeur")) {
    demand(answer.idPrm, prm, "meter");
    return [v2Points(answer, flow), V2_NAMES];
  }
  if (has(answer, "interval_reading")) {
    demand(answer.usage_point_id, prm, "meter");
    demand(isObject(answer.reading_type) ? answer.reading_type.unit : null, "W", "unit");
    return [answer.interval_reading, V5_NAMES];
  }
  const fields = Object.keys(answer).sort().join(", ");
  throw unknown(`neither the V2 nor the V5 shape; top-level fields: ${fields || "none"}`);
}

function pointOf(entry, names, line) {
  if (typeof entry[names.end] !== "string") throw unknown(`point ${line} has no time`);
  if (!has(entry, names.value)) throw unknown(`point ${line} has no '${names.value}'`);
  const point = { line, end: entry[names.end], value: textOf(entry[names.value]) };
  for (const mark of ["step", "nature", "iv", "ec"]) point[mark] = names[mark] ? textOf(entry[names[mark]]) : null;
  return point;
}

function pointsOf({ text, series: { id, flow } }) {
  const [entries, names] = entriesOf(parsed(text), id, flow);
  if (!Array.isArray(entries) || !entries.every(isObject)) throw unknown("the points are not a list of objects");
  return entries.map((entry, index) => pointOf(entry, names, index + 1));
}

exports = function linkyPoints(answers) {
  return answers.map((answer) => {
    try {
      return { points: pointsOf(answer) };
    } catch (error) {
      return { unknown: error.message };
    }
  });
};

if (typeof module !== "undefined") module.exports = exports;
