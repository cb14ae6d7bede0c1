// Answers of the gateway -> readings. Pure: no clock, no network, no database.
//
//   linkyReadings([{text, series: {flow, id, source}, window: [ms, ms], maxPower}])
//     -> [{batches: [{series, readings: [{ts, wh, seconds, flag}]}], missing, repeated, rejects: [text], short: ""}
//         or {refused: reason}]
//
// A reading is energy over [ts, ts + seconds): ts a Date, wh an exact integer; flag only where something is unusual.
// window: [start, end) outside of which a point was not asked for; maxPower: W, a reading above is kept and flagged.
// missing: points without a value (null is never 0); repeated: the same point again; rejects: what cannot become a
// reading without guessing. The same rules stand in sync/sources/linky/{points,steps}.py; tests/contract holds both
// against each other.

const STEPS = [300, 600, 900, 1800, 3600];
const DURATION = /^PT(?:(\d{1,2})H)?(?:(\d{1,2})M)?$/;
const RUN = 3; // a step is believed after this many equal distances in a row; fewer may be single missing points
const WATTS = /^[0-9]{1,9}(\.[0-9]{1,6})?$/;
const MARK = /^[A-Za-z0-9]{1,8}$/;
const MICRO = 1000000;

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
  if (end === null) return refused;
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

exports = async function linkyReadings(questions) {
  const answers = await context.functions.execute("linkyPoints", questions);
  const curves = answers.filter((answer) => answer.points);
  const asked = curves.map(({ points }) => points.map((point) => ({ text: point.end, value: point.value })));
  const labels = await context.functions.execute("linkyLabels", asked);
  return answers.map((answer, index) => {
    if (answer.points) return curveOf(answer.points, labels[curves.indexOf(answer)], questions[index]);
    const hint = "an answer of unknown shape, the API may have changed: look for a newer version";
    return { refused: `${hint} (${answer.unknown})` };
  });
};

if (typeof module !== "undefined") module.exports = exports;
