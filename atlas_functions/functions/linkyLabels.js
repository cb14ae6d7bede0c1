// Interval-end labels of Enedis -> instants. Pure: no clock, no database.
//
//   linkyLabels([[{text, value}]]) -> [{instants: [ms or null], refused: [reason or null], doubtful: [true or false]}]
//
// Labels are wall-clock text of Paris, mostly without offset: the autumn hour has every label twice, and only the order
// of arrival tells the passes apart. What stays a guess is doubtful. The same rules stand in
// sync/sources/linky/labels.py; tests/contract holds both against each other.

const LABEL = /^(20\d\d-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(Z|[+-]\d\d:?\d\d)?$/;
const GRID = 300000; // ms; the shortest step is five minutes, and every step begins on a multiple of itself
const MINUTE = 60000;

const msOf = (wall) => Date.parse(wall.replace(" ", "T") + "Z");
const textOf = (naive) => new Date(naive).toISOString().slice(0, 19).replace("T", " ");

// {wall, naive (ms as if it were UTC), offset (ms, null without one)}; null for what is no time of the calendar.
function parseLabel(text) {
  const read = LABEL.exec(text);
  if (!read) return null;
  const wall = `${read[1]} ${read[2]}`;
  const naive = msOf(wall);
  if (isNaN(naive) || textOf(naive) !== wall) return null;
  if (!read[3]) return { wall, naive, offset: null };
  if (read[3] === "Z") return { wall, naive, offset: 0 };
  const minutes = Number(read[3].slice(1, 3)) * 60 + Number(read[3].slice(-2));
  if (minutes >= 1440) return null;
  return { wall, naive, offset: (read[3][0] === "-" ? -minutes : minutes) * MINUTE };
}

// The local day a label belongs to: midnight closes the day before.
const dayOf = (parsed) => textOf(parsed.naive - MINUTE).slice(0, 10);

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

function rises(group) {
  return group.every((member, index) => index === 0 || group[index - 1].wall < member.wall);
}

// Every reading of the doubled hour in which time only goes forward, the likeliest first. As many points as possible
// are taken for the first pass, because a walk through the points turns to the second one only when a label does not
// come after the one before. Adjacent equal points may be repetitions instead.
function waysOf(group) {
  const once = group.filter((member, index) => index === 0 || !same(member, group[index - 1]));
  const ways = [];
  for (const kept of once.length === group.length ? [group] : [group, once]) {
    for (let first = kept.length; first >= 0; first -= 1) {
      if (rises(kept.slice(0, first)) && rises(kept.slice(first))) ways.push({ kept, first });
    }
  }
  return ways;
}

// group: [{index, wall, value, meanings}] of one night, in order of arrival; direction: that of the rest of the day.
function resolveNight(group, direction, resolved) {
  const ordered = direction < 0 ? group.slice().reverse() : group;
  const ways = waysOf(ordered);
  if (ways.length === 0) {
    for (const member of ordered) resolved.refused[member.index] = "the doubled autumn hour is out of order";
    return;
  }
  const { kept, first } = ways[0];
  kept.forEach((member, position) => {
    resolved.instants[member.index] = member.meanings[position < first ? 0 : 1];
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
    else if (found.length === 0) resolved.refused[index] = "no such time on the night the clocks go forward";
    else if (found.length === 1) resolved.instants[index] = found[0];
    else {
      const { wall } = parsed[index];
      const night = wall.slice(0, 10);
      if (!nights[night]) nights[night] = [];
      nights[night].push({ index, wall, value: label.value, meanings: found });
    }
  });
  for (const night of Object.keys(nights)) {
    const around = resolved.instants.filter((_, index) => parsed[index] && dayOf(parsed[index]) === night);
    resolveNight(nights[night], directionOf(around), resolved);
  }
  resolved.instants.forEach((instant, index) => {
    if (instant !== null && instant % GRID !== 0) {
      resolved.instants[index] = null;
      resolved.refused[index] = "not on a five-minute mark";
    }
  });
  return resolved;
}

exports = async function linkyLabels(answers) {
  const parsed = answers.map((labels) => labels.map((label) => parseLabel(label.text)));
  const naive = [];
  for (const each of parsed) for (const label of each) if (label && label.offset === null) naive.push(label.wall);
  const local = await context.functions.execute("localTime", { zone: "Europe/Paris", labels: naive });
  let next = 0;
  const meaningsOf = (label) => {
    if (!label) return [];
    if (label.offset !== null) return [label.naive - label.offset];
    next += 1;
    return local.instants[next - 1];
  };
  return answers.map((labels, index) => resolve(labels, parsed[index], parsed[index].map(meaningsOf)));
};

if (typeof module !== "undefined") module.exports = exports;
