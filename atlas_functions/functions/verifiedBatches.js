// Rows of an answer of an open API -> batches of readings, after they were compared with the question: the days, the grid
// of the step, no reading twice, and how many each series has. Pure: no clock, no network, no database.
//
//   verifiedBatches({source, flow, window: [ms, ms], step, until, isWhole, rows: [{id, group, start, reading}],
//                    rejects: [text], lacks: [text]})
//     -> {batches: [{series: {flow, group, id, source}, readings}], rejects, short: text} or {refused: reason}
//
// start, step: ms; reading: as storeReadings takes it, or null for a row without one. until: ms before which a series that
// has begun should have all; isWhole: whether what no series has at the beginning of the window is lacking, too. rejects:
// rows that are refused, in words; lacks: what else the answer lacks. short: all that is lacking, "" when complete.

const HOUR = 3600000;
const FEW = 3; // series named in a text

const iso = (moment) => `${new Date(moment).toISOString().slice(0, 16).replace("T", " ")}Z`;
const refusal = (reason) => new Error(reason);

// The rows of each series, in the order of their names.
function grouped(rows) {
  const all = {};
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

exports = function verifiedBatches(question) {
  const { source, flow, rows, rejects, lacks } = question;
  if (rows.length === 0) return { batches: [], rejects, short: "the answer is empty" };
  const all = grouped(rows);
  try {
    verify(rows, all, question);
  } catch (error) {
    return { refused: `the answer was refused: ${error.message}` };
  }
  const batches = all.map(({ id, group, rows: own }) => {
    const kept = own.filter(({ reading }) => reading).sort((one, other) => one.start - other.start);
    return { series: { flow, group, id, source }, readings: kept.map(({ reading }) => reading) };
  });
  const short = [...holes(all, question), ...lacks];
  if (rejects.length) short.push(`${rejects.length} records refused`);
  return { batches: batches.filter(({ readings }) => readings.length), rejects, short: short.join("; ") };
};
