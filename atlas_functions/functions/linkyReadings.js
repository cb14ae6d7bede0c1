// Answers of the gateway -> readings. Pure: no clock, no network, no database.
//
//   linkyReadings([{text, series: {flow, id, source}, window: [ms, ms], maxPower}])
//     -> [{batches: [{series, readings: [{ts, wh, seconds, flag}]}], missing, repeated, rejects: [text], short: ""}
//         or {refused: reason}]
//
// A reading is energy over [ts, ts + seconds): ts a Date, wh an exact integer; flag only where something is unusual.
// window: [start, end) outside of which a point was not asked for; maxPower: W, a reading above is kept and flagged.
// missing: points without a value (null is never 0); repeated: the same point again; rejects: what cannot become a
// reading without guessing. Both shapes are understood: Mesure synchrone V2 (`grandeur[].points[]`) and Metering Data V5
// (`interval_reading[]`, also inside `meter_reading`). Any other is refused, never "no readings". The same rules stand in
// sync/sources/linky/{answers,labels,points,steps}.py; tests/contract holds both against each other.

const GRANDEURS = { consumption: "CONS", production: "PROD" };
const V2_NAMES = { end: "d", value: "v", step: "p", nature: "n", iv: "iv", ec: "ec" };
const V5_NAMES = { end: "date", value: "value", step: "interval_length", nature: "measure_type" };
const LABEL = /^(20\d\d-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(Z|[+-]\d\d:?\d\d)?$/;
const GRID = 300000; // ms; the shortest step is five minutes, and every step begins on a multiple of itself
const MINUTE = 60000;
const STEPS = [300, 600, 900, 1800, 3600];
const DURATION = /^PT(?:(\d{1,2})H)?(?:(\d{1,2})M)?$/;
const RUN = 3; // a step is believed after this many equal distances in a row; fewer may be single missing points
const WATTS = /^[0-9]{1,9}(\.[0-9]{1,6})?$/;
const NO_SUCH_TIME = "no such time on the night the clocks go forward";
const MARK = /^[A-Za-z0-9]{1,8}$/;
const MICRO = 1000000;

const isObject = (part) => typeof part === "object" && part !== null && !Array.isArray(part);
const has = (part, name) => Object.prototype.hasOwnProperty.call(part, name);

// --- answers -> points --------------------------------------------------------------------------------------------

// A point is as handed out: `end` is the label of the interval's end, `value` the average power in W as text or null,
// `line` its place in the answer from 1.

// A scalar as text: V2 writes numbers as strings, its index answers write them bare.
function scalarText(field) {
  if (field === null || field === undefined) return null;
  return typeof field === "string" ? field : JSON.stringify(field);
}

function demand(found, wanted, what) {
  if (found === wanted) return;
  if (what === "meter") throw new Error("it is of another meter than the one asked for");
  throw new Error(`${what} is '${scalarText(found)}', asked was '${wanted}'`);
}

function parseAnswer(text) {
  let answer;
  try {
    answer = JSON.parse(text);
  } catch (error) {
    throw new Error("the answer is not JSON");
  }
  if (isObject(answer) && isObject(answer.meter_reading)) answer = answer.meter_reading;
  if (!isObject(answer)) throw new Error("the answer is not an object");
  return answer;
}

// The one `grandeur` entry that was asked for; an answer without it is not an answer to the question.
function v2Points(answer, flow) {
  const entries = answer.grandeur;
  if (!Array.isArray(entries) || !entries.every(isObject)) throw new Error("`grandeur` is not a list of objects");
  const found = entries.filter((entry) => entry.grandeurMetier === GRANDEURS[flow] && entry.grandeurPhysique === "PA");
  if (found.length !== 1) {
    throw new Error(`${found.length} entries for ${GRANDEURS[flow]}/PA among ${entries.length}`);
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
  throw new Error(`neither the V2 nor the V5 shape; top-level fields: ${fields || "none"}`);
}

function pointOf(entry, names, line) {
  if (typeof entry[names.end] !== "string") throw new Error(`point ${line} has no time`);
  if (!has(entry, names.value)) throw new Error(`point ${line} has no '${names.value}'`);
  const point = { line, end: entry[names.end], value: scalarText(entry[names.value]) };
  for (const mark of ["step", "nature", "iv", "ec"]) point[mark] = names[mark] ? scalarText(entry[names[mark]]) : null;
  return point;
}

function pointsOf({ text, series: { id, flow } }) {
  const [entries, names] = entriesOf(parseAnswer(text), id, flow);
  if (!Array.isArray(entries) || !entries.every(isObject)) throw new Error("the points are not a list of objects");
  return entries.map((entry, index) => pointOf(entry, names, index + 1));
}

// --- labels -> instants -------------------------------------------------------------------------------------------

// Labels are wall-clock text of Paris, mostly without offset: the autumn hour has every label twice, and only the order
// of arrival tells the passes apart. What stays a guess is doubtful.

const wallText = (naive) => new Date(naive).toISOString().slice(0, 19).replace("T", " ");

// {wall, naive (ms as if it were UTC), offset (ms, null without one)}; null for what is no time of the calendar.
function parseLabel(text) {
  const read = LABEL.exec(text);
  if (!read) return null;
  const wall = `${read[1]} ${read[2]}`;
  const naive = Date.parse(wall.replace(" ", "T") + "Z");
  if (isNaN(naive) || wallText(naive) !== wall) return null;
  if (!read[3]) return { wall, naive, offset: null };
  if (read[3] === "Z") return { wall, naive, offset: 0 };
  const minutes = Number(read[3].slice(1, 3)) * 60 + Number(read[3].slice(-2));
  if (minutes >= 1440) return null;
  return { wall, naive, offset: (read[3][0] === "-" ? -minutes : minutes) * MINUTE };
}

// The local day a label belongs to: midnight closes the day before.
const dayOf = (parsed) => wallText(parsed.naive - MINUTE).slice(0, 10);

// --- the doubled hour ---------------------------------------------------------------------------------------------

// 1 when the known instants rise, -1 when they fall, 0 for neither: then order tells nothing.
function directionOf(instants) {
  const known = instants.filter((instant) => instant !== null);
  let rises = false;
  let falls = false;
  for (let index = 1; index < known.length; index += 1) {
    rises = rises || known[index] > known[index - 1];
    falls = falls || known[index] < known[index - 1];
  }
  if (rises && falls) return 0;
  return falls ? -1 : 1;
}

const same = (one, other) => one.wall === other.wall && one.value === other.value;

// Whether more than half of the labels come twice.
function repeats(walls) {
  const counts = {};
  for (const wall of walls) counts[wall] = (counts[wall] || 0) + 1;
  const names = Object.keys(counts);
  return 2 * names.filter((name) => counts[name] > 1).length > names.length;
}

function rises(group) {
  return group.every((member, index) => index === 0 || group[index - 1].wall < member.wall);
}

// Every reading of the doubled hour in which time only goes forward, the likeliest first. As many points as possible
// are taken for the first pass, because a walk through the points turns to the second one only when a label does not
// come after the one before. Adjacent equal points may be repetitions instead;
// of points that were sorted by their labels each label comes twice in a row; with the same values twice, as of the sun
// at night, they are repetitions only where the other labels of the day (walls) come twice, too.
function waysOf(group, walls) {
  const [odd, even] = [0, 1].map((turn) => group.filter((_, index) => index % 2 === turn));
  const inPairs = odd.length === even.length && odd.every((member, index) => member.wall === even[index].wall);
  if (inPairs && rises(odd) && !(odd.every((member, index) => same(member, even[index])) && repeats(walls))) {
    return [{ kept: group, passes: group.map((_, index) => index % 2) }]; // sorted by their labels
  }
  const once = group.filter((member, index) => index === 0 || !same(member, group[index - 1]));
  const ways = [];
  for (const kept of once.length === group.length ? [group] : [group, once]) {
    for (let first = kept.length; first >= 0; first -= 1) {
      if (rises(kept.slice(0, first)) && rises(kept.slice(first))) ways.push({ kept, passes: kept.map((_, index) => Number(index >= first)) });
    }
  }
  return ways;
}

// group: [{index, wall, value, meanings}] of one night, in order of arrival; direction, walls: of the rest of the day.
function resolveNight(group, direction, walls, resolved) {
  const ordered = direction < 0 ? group.slice().reverse() : group;
  const ways = waysOf(ordered, walls);
  if (ways.length === 0) {
    for (const member of ordered) resolved.refused[member.index] = "the doubled autumn hour is out of order";
    return;
  }
  const { kept, passes } = ways[0];
  kept.forEach((member, position) => {
    resolved.instants[member.index] = member.meanings[passes[position]];
    resolved.doubtful[member.index] = ways.length > 1 || direction === 0;
  });
  for (const member of ordered) {
    // A repetition takes the instant of the point it repeats and is counted with the other repetitions.
    const twin = kept.indexOf(member) < 0 ? kept.find((other) => same(other, member)) : member;
    resolved.instants[member.index] = resolved.instants[twin.index];
  }
}

// --- all labels of an answer --------------------------------------------------------------------------------------

function resolve(labels, parsed, meanings) {
  const resolved = {
    instants: labels.map(() => null),
    refused: labels.map(() => null),
    doubtful: labels.map(() => false),
  };
  const nights = {};
  labels.forEach((label, index) => {
    const found = meanings[index];
    if (!parsed[index]) resolved.refused[index] = "unreadable time";
    else if (found.length === 0) resolved.refused[index] = NO_SUCH_TIME;
    else if (found.length === 1) resolved.instants[index] = found[0];
    else {
      const { wall } = parsed[index];
      const night = wall.slice(0, 10);
      if (!nights[night]) nights[night] = [];
      nights[night].push({ index, wall, value: label.value, meanings: found });
    }
  });
  for (const night of Object.keys(nights)) {
    const isOfDay = (index) => parsed[index] && dayOf(parsed[index]) === night;
    const around = resolved.instants.filter((_, index) => isOfDay(index));
    const own = nights[night].map(({ index }) => index);
    const others = parsed.filter((_, index) => isOfDay(index) && own.indexOf(index) < 0).map(({ wall }) => wall);
    resolveNight(nights[night], directionOf(around), others, resolved);
  }
  resolved.instants.forEach((instant, index) => {
    if (instant !== null && instant % GRID !== 0) {
      resolved.instants[index] = null;
      resolved.refused[index] = "not on a five-minute mark";
    }
  });
  return resolved;
}

// --- points -> readings -------------------------------------------------------------------------------------------

function stepOf(text) {
  const read = DURATION.exec(text);
  if (!read) return null;
  const seconds = Number(read[1] || 0) * 3600 + Number(read[2] || 0) * 60;
  return STEPS.indexOf(seconds) < 0 ? null : seconds;
}

// Power in millionths of a W, an exact integer below 2^53; null for anything else.
function microwatts(text) {
  if (!text || !WATTS.test(text)) return null;
  const [whole, part] = text.split(".");
  return Number(whole) * MICRO + Number(((part || "") + "000000").slice(0, 6));
}

// Energy as an exact integer, or null: half a Wh is not rounded away. Every step divides an hour.
function energyOf(power, seconds) {
  const divisor = (3600 / seconds) * MICRO;
  return power % divisor === 0 ? power / divisor : null;
}

// Steps (s) of readings by their rising end instants (ms): the distance to the label before, if it stands in a run of
// RUN equal distances; after a gap that of the run that follows, so that no reading is stretched over a gap.
function inferredSteps(ends) {
  const distances = ends.slice(1).map((end, index) => (end - ends[index]) / 1000);
  const believed = distances.map(() => false);
  let first = 0;
  for (let position = 1; position <= distances.length; position += 1) {
    if (position === distances.length || distances[position] !== distances[first]) {
      const isStep = STEPS.indexOf(distances[first]) >= 0 && position - first >= RUN;
      for (let index = first; index < position; index += 1) believed[index] = isStep;
      first = position;
    }
  }
  const steps = {};
  let before = null;
  ends.forEach((end, index) => {
    const [last, next] = [distances[index - 1], distances[index]];
    let step = null;
    if (index > 0 && believed[index - 1]) step = last;
    else if (index < distances.length && believed[index] && (index === 0 || next <= last)) step = next;
    else if (index > 0 && last === before) step = before;
    steps[end] = step;
    before = step;
  });
  return steps;
}

function stepsByEnd(points, instants) {
  if (points.every((point) => point.step)) return {};
  const ends = instants.filter((end) => end !== null).sort((one, other) => one - other);
  return inferredSteps(ends.filter((end, index) => index === 0 || end !== ends[index - 1]));
}

// What is unusual about a reading, as marks in a fixed order; empty for an ordinary one.
function flagOf(point, power, maxPower, isDoubtful) {
  const written = (text) => (MARK.test(text) ? text : "?");
  const marks = [];
  for (const name of ["iv", "ec"]) if (point[name] && point[name] !== "0") marks.push(`${name}:${written(point[name])}`);
  if (point.nature && point.nature !== "B") marks.push(`n:${written(point.nature)}`);
  if (power > maxPower * MICRO) marks.push("power");
  if (isDoubtful) marks.push("clock");
  return marks.join(" ");
}

// The text is whole: of a PRM that is cut nothing could be known any more, shownText cuts after it has looked.
function rejected(point, reason) {
  return { line: point.line, reason, text: `${point.end} = '${point.value || ""}'` };
}

// One point: a row, "missing", or the reason why it is refused.
function judged(point, place, { refused, end, step, isDoubtful }, { window, maxPower }) {
  const power = microwatts(point.value);
  if (end === null) return refused === NO_SUCH_TIME && !String(point.value || "").trim() ? "missing" : refused;
  if (point.value === null || point.value === "") return "missing";
  if (power === null) return "not a power in W";
  if (!step) return "the length of the interval cannot be told";
  if (end % (step * 1000) !== 0) return "not on the grid of its step";
  const start = end - step * 1000;
  if (window && !(window[0] <= start && start < window[1])) return "outside the asked period";
  const wh = energyOf(power, step);
  if (wh === null) return `not a whole number of Wh over ${step} s`;
  return { point, place, start, end, wh, seconds: step, flag: flagOf(point, power, maxPower, isDoubtful) };
}

// Repetitions dropped and counted, contradictions withheld: two values for one time.
function singles(rows, rejects) {
  rows.sort((one, other) => one.end - other.end || one.place - other.place);
  const single = [];
  for (let first = 0; first < rows.length; ) {
    const group = rows.filter((row) => row.end === rows[first].end);
    const isOne = group.every((row) => row.wh === group[0].wh && row.seconds === group[0].seconds);
    // One of them may come from a place without marks.
    if (isOne) single.push(group.reduce((best, row) => (row.flag > best.flag ? row : best)));
    else for (const row of group) rejects.push(rejected(row.point, "two values for one time"));
    first += group.length;
  }
  return single;
}

// Oldest first, without the rows that share time with another one and have to give way.
function withoutOverlaps(rows, rejects, givesWay) {
  rows.sort((one, other) => one.start - other.start || one.end - other.end || one.place - other.place);
  let reach = -Infinity;
  const clashes = rows.map((row, index) => {
    const early = row.start < reach;
    reach = Math.max(reach, row.end);
    return early || (index + 1 < rows.length && rows[index + 1].start < row.end);
  });
  return rows.filter((row, index) => {
    if (!clashes[index] || !givesWay(row)) return true;
    rejects.push(rejected(row.point, "overlaps another interval"));
    return false;
  });
}

function curveOf(points, labels, question) {
  const steps = stepsByEnd(points, labels.instants);
  const rejects = [];
  const rows = [];
  let missing = 0;
  points.forEach((point, place) => {
    const end = labels.instants[place];
    const step = point.step ? stepOf(point.step) : steps[end];
    const known = { refused: labels.refused[place], end, step, isDoubtful: labels.doubtful[place] };
    const row = judged(point, place, known, question);
    if (row === "missing") missing += 1;
    else if (typeof row === "string") rejects.push(rejected(point, row));
    else rows.push(row);
  });
  const withheld = [];
  let single = singles(rows, withheld);
  const repeated = rows.length - withheld.length - single.length;
  // A guess at the doubled hour that does not fit gives way to what is certain.
  const isGuess = (row) => row.flag.indexOf("clock") >= 0;
  if (single.some(isGuess)) single = withoutOverlaps(single, rejects, isGuess);
  const readings = withoutOverlaps(single, rejects, () => true).map(({ start, wh, seconds, flag }) => {
    return flag ? { ts: new Date(start), wh, seconds, flag } : { ts: new Date(start), wh, seconds };
  });
  const all = rejects.concat(withheld).sort((one, other) => one.line - other.line);
  const texts = all.map(({ line, reason, text }) => `line ${line}: ${reason}: ${text}`);
  return { batches: [{ series: question.series, readings }], missing, repeated, rejects: texts, short: "" };
}

// --- all answers --------------------------------------------------------------------------------------------------

// Where the points of all answers end, with one question for all labels without an offset.
async function labelsOf(curves) {
  const parsedLabels = curves.map(({ points }) => points.map(({ end }) => parseLabel(end)));
  const isNaive = (label) => label && label.offset === null;
  const naive = [].concat(...parsedLabels).filter(isNaive).map(({ wall }) => wall);
  const local = await context.functions.execute("localTime", { zone: "Europe/Paris", labels: naive });
  let next = 0;
  const meaningsOf = (label) => {
    if (!label) return [];
    if (label.offset !== null) return [label.naive - label.offset];
    next += 1;
    return local.instants[next - 1];
  };
  return curves.map(({ points }, index) => resolve(points, parsedLabels[index], parsedLabels[index].map(meaningsOf)));
}

// {points} of an answer, or {refused}
function readPoints(question) {
  try {
    return { points: pointsOf(question) };
  } catch (error) {
    const hint = "an answer of unknown shape, the API may have changed: look for a newer version";
    return { refused: `${hint} (${error.message})` };
  }
}

exports = async function linkyReadings(questions) {
  const answers = questions.map(readPoints);
  const curves = answers.filter(({ points }) => points);
  const labels = await labelsOf(curves);
  return answers.map((answer, index) => {
    return answer.points ? curveOf(answer.points, labels[curves.indexOf(answer)], questions[index]) : answer;
  });
};
