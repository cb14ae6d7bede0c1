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

const V2_NAMES = { end: "d", value: "v", step: "p", nature: "n", iv: "iv", ec: "ec" };
const V5_NAMES = { end: "date", value: "value", step: "interval_length", nature: "measure_type" };
const LABEL = /^(20\d\d-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(Z|[+-]\d\d:?\d\d)?$/;
const GRID = 300000; // ms; the shortest step is five minutes, and every step begins on a multiple of itself
const MINUTE = 60000;
const STEPS = [300, 600, 900, 1800, 3600];
const DURATION = /^PT(?:(\d{1,2})H)?(?:(\d{1,2})M)?$/;
const RUN = [0, 1, 2]; // a step is believed where so many distances in a row are equal; fewer may be single missing points
const WATTS = /^[0-9]{1,9}(\.[0-9]{1,6})?$/;
const NO_SUCH_TIME = "no such time on the night the clocks go forward";
const MARK = /^[A-Za-z0-9]{1,8}$/;
const MICRO = 1000000;

const isObject = (part) => typeof part === "object" && part !== null && !Array.isArray(part);
const areObjects = (part) => Array.isArray(part) && part.every(isObject);
const has = (part, name) => Object.prototype.hasOwnProperty.call(part, name);

function fail(reason) {
  throw new Error(reason);
}

// --- answers -> points --------------------------------------------------------------------------------------------

// A point is as handed out: `end` is the label of the interval's end, `value` the average power in W as text or null,
// `line` its place in the answer from 1.

// A scalar as text: V2 writes numbers as strings, its index answers write them bare.
function scalarText(field) {
  if (field === null || field === undefined) return null;
  return typeof field === "string" ? field : JSON.stringify(field);
}

function parseAnswer(text) {
  let answer;
  try {
    answer = JSON.parse(text);
  } catch (error) {
    fail("the answer is not JSON");
  }
  if (isObject(answer) && isObject(answer.meter_reading)) answer = answer.meter_reading;
  return isObject(answer) ? answer : fail("the answer is not an object");
}

// The one `grandeur` entry that was asked for; an answer without it is not an answer to the question.
// [the points as they came, the names of their fields]
function entriesOf(answer, prm, flow) {
  const isV2 = has(answer, "grandeur");
  if (!isV2 && !has(answer, "interval_reading")) {
    fail(`neither the V2 nor the V5 shape; top-level fields: ${Object.keys(answer).sort().join(", ") || "none"}`);
  }
  if (answer[isV2 ? "idPrm" : "usage_point_id"] !== prm) fail("it is of another meter than the one asked for");
  let curve = answer;
  if (isV2) {
    if (!areObjects(answer.grandeur)) fail("`grandeur` is not a list of objects");
    const wanted = flow === "production" ? "PROD" : "CONS";
    const own = answer.grandeur.filter((entry) => entry.grandeurMetier === wanted && entry.grandeurPhysique === "PA");
    if (own.length !== 1) fail(`${own.length} entries for ${wanted}/PA among ${answer.grandeur.length}`);
    [curve] = own;
  }
  const unit = isV2 ? curve.unite : (answer.reading_type || {}).unit;
  if (unit !== "W") fail(`unit is '${scalarText(unit)}', asked was 'W'`);
  return isV2 ? [curve.points, V2_NAMES] : [answer.interval_reading, V5_NAMES];
}

function pointOf(entry, names, line) {
  const end = entry[names.end];
  if (typeof end !== "string") fail(`point ${line} has no time`);
  if (!has(entry, names.value)) fail(`point ${line} has no '${names.value}'`);
  const point = { line, end };
  for (const field of ["value", "step", "nature", "iv", "ec"]) point[field] = scalarText(entry[names[field]]);
  return point;
}

function pointsOf({ text, series: { id, flow } }) {
  const [entries, names] = entriesOf(parseAnswer(text), id, flow);
  if (!areObjects(entries)) fail("the points are not a list of objects");
  return entries.map((entry, index) => pointOf(entry, names, index + 1));
}

// --- labels -> instants -------------------------------------------------------------------------------------------

// Labels are wall-clock text of Paris, mostly without offset: the autumn hour has every label twice, and only the order
// of arrival tells the passes apart. What stays a guess is doubtful.

const wallOf = (ms) => new Date(ms).toISOString().slice(0, 19).replace("T", " ");

// {wall, naive (ms as if it were UTC), offset (ms, null without one), day: the local day it belongs to, as midnight closes
// the day before}; null for what is no time of the calendar.
function parseLabel(text) {
  const [, date, time, zone] = LABEL.exec(text) || [];
  const naive = Date.parse(`${date}T${time}Z`);
  const wall = `${date} ${time}`;
  if (isNaN(naive) || wallOf(naive) !== wall) return null;
  const label = { wall, naive, offset: null, day: wallOf(naive - MINUTE).slice(0, 10) };
  if (!zone) return label;
  const minutes = zone === "Z" ? 0 : Number(zone.slice(1, 3)) * 60 + Number(zone.slice(-2));
  return minutes < 1440 ? { ...label, offset: (zone[0] === "-" ? -minutes : minutes) * MINUTE } : null;
}

// --- the doubled hour ---------------------------------------------------------------------------------------------

// 1 when the instants rise, -1 when they fall, 0 when they do both: then order tells nothing.
function directionOf(instants) {
  const steps = instants.slice(1).map((instant, index) => instant - instants[index]);
  if (!steps.some((step) => step < 0)) return 1;
  return steps.some((step) => step > 0) ? 0 : -1;
}

const same = (one, other) => one.wall === other.wall && one.value === other.value;

// Whether more than half of the labels come twice.
function repeats(walls) {
  const counts = {};
  for (const wall of walls) counts[wall] = (counts[wall] || 0) + 1;
  const all = Object.values(counts);
  return 2 * all.filter((count) => count > 1).length > all.length;
}

const rises = (group) => group.every((member, index) => index === 0 || group[index - 1].wall < member.wall);

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
      const passes = kept.map((_, index) => Number(index >= first));
      if (rises(kept.slice(0, first)) && rises(kept.slice(first))) ways.push({ kept, passes });
    }
  }
  return ways;
}

// group: [{end, place, wall, value, meanings}] of one night, in order of arrival; direction, walls: of the rest of the day.
function resolveNight(group, direction, walls) {
  const ordered = direction < 0 ? group.slice().reverse() : group;
  const ways = waysOf(ordered, walls);
  if (!ways.length) {
    for (const { spot } of ordered) spot.refused = "the doubled autumn hour is out of order";
    return;
  }
  const { kept, passes } = ways[0];
  kept.forEach(({ spot, meanings }, position) => {
    Object.assign(spot, { end: meanings[passes[position]], isDoubtful: ways.length > 1 || direction === 0 });
  });
  for (const member of ordered) {
    // A repetition takes the instant of the point it repeats and is counted with the other repetitions.
    const twin = kept.includes(member) ? member : kept.find((other) => same(other, member));
    member.spot.end = twin.spot.end;
  }
}

// --- all labels of an answer --------------------------------------------------------------------------------------

// Of each point {end: ms or null, refused: why it has none, isDoubtful}.
function resolve(points, labels, meanings) {
  const spots = points.map(() => ({ end: null, refused: null, isDoubtful: false }));
  const nights = {};
  spots.forEach((spot, index) => {
    const [label, found] = [labels[index], meanings[index]];
    if (!label) spot.refused = "unreadable time";
    else if (!found.length) spot.refused = NO_SUCH_TIME;
    else if (found.length === 1) [spot.end] = found;
    else {
      const { wall } = label;
      const night = wall.slice(0, 10);
      if (!nights[night]) nights[night] = [];
      nights[night].push({ spot, wall, value: points[index].value, meanings: found });
    }
  });
  for (const night of Object.keys(nights)) {
    const own = nights[night].map(({ spot }) => spot);
    const isOther = (spot, index) => labels[index] && labels[index].day === night && !own.includes(spot);
    const ends = spots.filter(isOther).map(({ end }) => end).filter((end) => end !== null);
    const walls = labels.filter((_, index) => isOther(spots[index], index)).map(({ wall }) => wall);
    resolveNight(nights[night], directionOf(ends), walls);
  }
  for (const spot of spots) {
    if (spot.end !== null && spot.end % GRID !== 0) Object.assign(spot, { end: null, refused: "not on a five-minute mark" });
  }
  return spots;
}

// --- points -> readings -------------------------------------------------------------------------------------------

function stepOf(text) {
  const [, hours, minutes] = DURATION.exec(text) || [];
  const seconds = Number(hours || 0) * 3600 + Number(minutes || 0) * 60;
  return STEPS.includes(seconds) ? seconds : null;
}

// Power in millionths of a W, an exact integer below 2^53; null for anything else.
function microwatts(text) {
  if (!text || !WATTS.test(text)) return null;
  const [whole, part] = text.split(".");
  return Number(whole) * MICRO + Number(`${part || ""}000000`.slice(0, 6));
}

// Steps (s) of readings by their rising end instants (ms): the distance to the label before, if it stands in a run of
// RUN equal distances; after a gap that of the run that follows, so that no reading is stretched over a gap.
function inferredSteps(ends) {
  const distances = ends.slice(1).map((end, index) => (end - ends[index]) / 1000);
  const believed = distances.map((step, place) =>
    STEPS.includes(step) && RUN.some((back) => RUN.every((next) => distances[place - back + next] === step)));
  const steps = {};
  let before = null;
  ends.forEach((end, index) => {
    const [last, next] = [distances[index - 1], distances[index]];
    if (believed[index - 1]) before = last;
    else if (believed[index] && (index === 0 || next <= last)) before = next;
    else if (index === 0 || last !== before) before = null;
    steps[end] = before;
  });
  return steps;
}

function stepsByEnd(points, spots) {
  if (points.every((point) => point.step)) return {};
  const ends = spots.map(({ end }) => end).filter((end) => end !== null).sort((one, other) => one - other);
  return inferredSteps(ends.filter((end, index) => index === 0 || end !== ends[index - 1]));
}

// What is unusual about a reading, as marks in a fixed order; empty for an ordinary one.
function flagOf(point, power, maxPower, isDoubtful) {
  const marks = [];
  for (const [name, usual, short] of [["iv", "0", "iv"], ["ec", "0", "ec"], ["nature", "B", "n"]]) {
    const text = point[name];
    if (text && text !== usual) marks.push(`${short}:${MARK.test(text) ? text : "?"}`);
  }
  if (power > maxPower * MICRO) marks.push("power");
  if (isDoubtful) marks.push("clock");
  return marks.join(" ");
}

// One point: a row, "missing", or the reason why it is refused.
function judged(point, { refused, end, isDoubtful }, step, place, { window, maxPower }) {
  const value = point.value || "";
  const power = microwatts(value);
  if (end === null) return refused === NO_SUCH_TIME && !value.trim() ? "missing" : refused;
  if (value === "") return "missing";
  if (power === null) return "not a power in W";
  if (!step) return "the length of the interval cannot be told";
  if (end % (step * 1000) !== 0) return "not on the grid of its step";
  const start = end - step * 1000;
  if (window && !(window[0] <= start && start < window[1])) return "outside the asked period";
  // An exact integer: half a Wh is not rounded away. Every step divides an hour.
  const divisor = (3600 / step) * MICRO;
  if (power % divisor !== 0) return `not a whole number of Wh over ${step} s`;
  const flag = flagOf(point, power, maxPower, isDoubtful);
  return { point, place, start, end, wh: power / divisor, seconds: step, flag };
}

// Repetitions dropped and counted, contradictions withheld: two values for one time.
function singles(rows, reject) {
  rows.sort((one, other) => one.end - other.end || one.place - other.place);
  const single = [];
  for (let first = 0; first < rows.length; ) {
    const group = rows.filter((row) => row.end === rows[first].end);
    const isOne = group.every((row) => row.wh === group[0].wh && row.seconds === group[0].seconds);
    // One of them may come from a place without marks.
    if (isOne) single.push(group.reduce((best, row) => (row.flag > best.flag ? row : best)));
    else for (const { point } of group) reject(point, "two values for one time");
    first += group.length;
  }
  return single;
}

// Oldest first, without the rows that share time with another one and have to give way.
function withoutOverlaps(rows, reject, givesWay) {
  rows.sort((one, other) => one.start - other.start || one.end - other.end || one.place - other.place);
  let reach = -Infinity;
  const clashes = rows.map((row, index) => {
    const early = row.start < reach;
    reach = Math.max(reach, row.end);
    return early || (index + 1 < rows.length && rows[index + 1].start < row.end);
  });
  return rows.filter((row, index) => {
    const stays = !clashes[index] || !givesWay(row);
    if (!stays) reject(row.point, "overlaps another interval");
    return stays;
  });
}

function curveOf(points, spots, question) {
  const steps = stepsByEnd(points, spots);
  const refused = [];
  // The text is whole: of a PRM that is cut nothing could be known any more, shownText cuts after it has looked.
  const reject = ({ line, end, value }, reason) => {
    refused.push({ line, text: `line ${line}: ${reason}: ${end} = '${value || ""}'` });
  };
  const rows = [];
  let missing = 0;
  points.forEach((point, place) => {
    const step = point.step ? stepOf(point.step) : steps[spots[place].end];
    const row = judged(point, spots[place], step, place, question);
    if (row === "missing") missing += 1;
    else if (typeof row === "string") reject(point, row);
    else rows.push(row);
  });
  const before = refused.length;
  let single = singles(rows, reject);
  const repeated = rows.length - (refused.length - before) - single.length;
  // A guess at the doubled hour that does not fit gives way to what is certain.
  const isGuess = (row) => row.flag.includes("clock");
  if (single.some(isGuess)) single = withoutOverlaps(single, reject, isGuess);
  const readings = withoutOverlaps(single, reject, () => true).map(({ start, wh, seconds, flag }) =>
    ({ ts: new Date(start), wh, seconds, ...(flag ? { flag } : {}) }));
  const rejects = refused.sort((one, other) => one.line - other.line).map(({ text }) => text);
  return { batches: [{ series: question.series, readings }], missing, repeated, rejects, short: "" };
}

// --- all answers --------------------------------------------------------------------------------------------------

// Where the points of all answers end, with one question for all labels without an offset.
async function spotsOf(curves) {
  const read = curves.map(({ points }) => points.map(({ end }) => parseLabel(end)));
  const isNaive = (label) => label && label.offset === null;
  const labels = [].concat(...read).filter(isNaive).map(({ wall }) => wall);
  const { instants } = await context.functions.execute("localTime", { zone: "Europe/Paris", labels });
  let next = 0;
  const meaningsOf = (label) => {
    if (!isNaive(label)) return label ? [label.naive - label.offset] : [];
    next += 1;
    return instants[next - 1];
  };
  return curves.map(({ points }, index) => resolve(points, read[index], read[index].map(meaningsOf)));
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
  const spots = await spotsOf(curves);
  return answers.map((answer, index) =>
    answer.points ? curveOf(answer.points, spots[curves.indexOf(answer)], questions[index]) : answer);
};
