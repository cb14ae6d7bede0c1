// The Values of the app that a source needs, read and judged once: what is wrong is told in words, all of it together.
//
//   dailySettings("linky", "elhub" or "energidata") -> {service, database, record, mirror, url, isLinked, problems: [text]}
//   of Linky also {maxPower, callsPerDay, freshnessHours,
//                  datasets: [{name, label, flow, series, path, query, edges, token, ends, problem}]}
//
// A dataset of Linky is a flow of a meter: `name` names it in records without the PRM, `label` for people, `series` in the
// stored documents; path, query, edges: see dailyRun; `token` is the NAME of the Value that holds its token, never the
// token; ends: when the token ends (Date, or null); problem: why it cannot be asked for, or null.
// problems: what makes every run impossible. isLinked: whether the data source is there, so that a run can be recorded.
// Numbers are parsed from texts. callsPerDay: null = no limit. Every Value but linkyToken may be left out, and one that is
// empty or "auto" is as good as none: then it is that of DEFAULTS, linkyPrm the one meter of the token, linkyCallsPerDay
// 90, but no limit on this machine.

// The same stand in sync/triggers/values.py.
const DEFAULTS = {
  mongodbDatabase: "electricity",
  linkyCollection: "consumption",
  linkyCollectionTS: "consumptionTS",
  linkyApiUrl: "https://conso.boris.sh/api",
  elhubApiUrl: "https://api.elhub.no/energy-data/v0",
  energidataApiUrl: "https://api.energidataservice.dk",
};
const SERVICES = ["mongodb-atlas", "Cluster0"]; // what the console calls the link to a cluster, if nobody names it
const ROUTES = { consumption: "courbe_de_charge_consommation", production: "courbe_de_charge_production" };
const FLOWS = Object.keys(ROUTES);
const METER_FIELDS = ["prm", "flows", "token", "name"];
const JWT = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/;
const MASKS = 3; // meters named in a message
const LAST_MOMENT = 8640000000000; // s; no Date is later
const ASK_NEW = "get a new one at https://conso.boris.sh and put it into the secret";
const HIGHEST_CALLS = 90; // the gateway bans an address for 100 calls in a day

// A Value as text; "" when it is not there, or left to us.
function textOf(name) {
  let value;
  try {
    value = context.values.get(name);
  } catch (error) {
    return ""; // nobody knows what the platform does for a Value that is not there
  }
  if (value === undefined || value === null) return "";
  const text = typeof value === "string" ? value.trim() : JSON.stringify(value);
  return text === "auto" ? "" : text;
}

function numberOf(name, standard, highest, problems) {
  const text = textOf(name);
  if (!text) return standard;
  const number = Number(text);
  if (/^\d{1,6}$/.test(text) && number >= 1 && number <= highest) return number;
  problems.push(`the Value ${name} must be a whole number from 1 to ${highest}`);
  return standard;
}

// Whether the app has a data source of this name; a missing one may be told by an error.
function isService(name) {
  try {
    return Boolean(context.services.get(name));
  } catch (error) {
    return false;
  }
}

// {service, isLinked}
function linkOf(problems) {
  const given = textOf("mongodbService");
  const service = given || SERVICES.find(isService);
  if (service && (!given || isService(given))) return { service, isLinked: true };
  problems.push(
    given
      ? `the app has no data source named ${given}: link the cluster, or correct the Value mongodbService`
      : "the app has no data source mongodb-atlas or Cluster0: link the cluster, or name it in the Value mongodbService",
  );
  return { service: given, isLinked: false };
}

const mask = (prm) => `…${prm.slice(-4)}`;

function masks(prms) {
  const shown = prms.slice(0, MASKS).map(mask).join(", ");
  return prms.length > MASKS ? `${shown} and ${prms.length - MASKS} more` : shown;
}

// --- tokens -------------------------------------------------------------------------------------------------------

// What a gateway token says, read without its key: {prms, ends}, or {problem}.
function readToken(name) {
  const token = textOf(name);
  if (!token) {
    return { problem: `the Value ${name} holds no token: create the secret it links to, then the Value` };
  }
  let claims;
  try {
    if (!JWT.test(token)) throw new Error("other letters");
    const part = token.split(".")[1].replace(/-/g, "+").replace(/_/g, "/");
    claims = JSON.parse(BSON.Binary.fromBase64(part + "===".slice(0, (4 - (part.length % 4)) % 4)).text());
  } catch (error) {
    return { problem: `the token of the Value ${name} is not a JWT (three parts with dots): copy it whole, or ${ASK_NEW}` };
  }
  const listed = claims && (Array.isArray(claims.sub) ? claims.sub : [claims.sub]);
  const prms = (listed || []).filter((prm) => typeof prm === "string" && prm);
  if (prms.length === 0) return { problem: `the token of the Value ${name} names no meter: ${ASK_NEW}` };
  const isMoment = typeof claims.exp === "number" && Math.abs(claims.exp) <= LAST_MOMENT;
  return { prms, ends: isMoment ? new Date(claims.exp * 1000) : null };
}

function tokenProblem(token, prm, name) {
  if (token.problem) return token.problem;
  if (token.prms.indexOf(prm) < 0) {
    const others = masks(token.prms);
    return `the token of the Value ${name} is for meter ${others}, not for ${mask(prm)}: correct the PRM, or ${ASK_NEW}`;
  }
  if (token.ends && token.ends.getTime() <= Date.now()) {
    return `the token of the Value ${name} ended on ${token.ends.toISOString().slice(0, 10)}: ${ASK_NEW}`;
  }
  return null;
}

// --- meters -------------------------------------------------------------------------------------------------------

function flowsOf(given, place, problems) {
  const text = Array.isArray(given) ? given.join(",") : String(given || "consumption").trim();
  const flows = text === "both" ? FLOWS : text.split(/[\s,;]+/);
  if (flows.every((flow) => FLOWS.indexOf(flow) >= 0)) return flows.filter((flow, index) => flows.indexOf(flow) === index);
  problems.push(`${place} must be consumption, production or both`);
  return [];
}

// The simple form: one meter in linkyPrm, linkyFlows, linkyToken. The PRM may be left out when the token opens only one.
function singleMeter(problems) {
  const token = readToken("linkyToken");
  const prm = textOf("linkyPrm") || (token.prms && token.prms.length === 1 ? token.prms[0] : "");
  const flows = flowsOf(textOf("linkyFlows"), "the Value linkyFlows", problems);
  if (prm) return [{ prm, flows, token: "linkyToken", place: "the Value linkyPrm" }];
  const shown = token.prms ? masks(token.prms) : "";
  problems.push(token.problem || `the token opens several meters (${shown}): set the Value linkyPrm to one of them`);
  return [];
}

// What the Value linkyMeters lists; null when it is no list of objects.
function parsedList(text) {
  try {
    const listed = JSON.parse(text || "[]");
    const isObject = (meter) => typeof meter === "object" && meter !== null && !Array.isArray(meter);
    return Array.isArray(listed) && listed.every(isObject) ? listed : null;
  } catch (error) {
    return null;
  }
}

function listedMeter(meter, place, problems) {
  const strange = Object.keys(meter).filter((field) => METER_FIELDS.indexOf(field) < 0).length;
  if (strange) problems.push(`${place}: ${strange} unknown fields, known are ${METER_FIELDS.join(", ")}`);
  const token = meter.token === undefined ? "linkyToken" : String(meter.token);
  const isName = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/.test(token);
  if (!isName) problems.push(`${place}: token must be the name of a Value, never the token itself`);
  const flows = flowsOf(meter.flows, `flows in ${place}`, problems);
  return { prm: String(meter.prm || ""), flows, token: isName ? token : "linkyToken", place };
}

function metersOf(problems) {
  const listed = parsedList(textOf("linkyMeters"));
  if (listed === null) {
    problems.push('the Value linkyMeters must be a JSON list: [{"prm": "…", "flows": "consumption", "token": "linkyToken"}]');
    return [];
  }
  if (listed.length === 0) return singleMeter(problems);
  return listed.map((meter, index) => listedMeter(meter, `entry ${index + 1} of the Value linkyMeters`, problems));
}

function datasetOf(prm, flow, token, { ends }, problem) {
  const hash = utils.crypto.hash("sha256", prm).toHex().slice(0, 8);
  return {
    name: `linky:${mask(prm)}~${hash}:${flow}`,
    label: `linky ${mask(prm)} ${flow}`,
    flow,
    series: { flow, id: prm, source: "linky" },
    path: ROUTES[flow],
    query: { pointId: prm },
    edges: ["dateDebut", "dateFin"],
    token,
    ends: ends || null,
    problem,
  };
}

function datasetsOf(meters, problems) {
  const datasets = {};
  const tokens = Object.create(null); // by names that the user gives
  for (const { prm, flows, token, place } of meters) {
    if (!/^\d{14}$/.test(prm)) {
      problems.push(`${place}: a PRM has 14 digits, without spaces`);
      continue;
    }
    if (!tokens[token]) tokens[token] = readToken(token);
    for (const flow of flows) {
      const dataset = datasetOf(prm, flow, token, tokens[token], tokenProblem(tokens[token], prm, token));
      const isKnown = Boolean(datasets[dataset.name]);
      if (isKnown) problems.push(`${place}: ${flow} of this meter stands in an entry before it, remove one of the two`);
      datasets[dataset.name] = dataset;
    }
  }
  return Object.keys(datasets).map((name) => datasets[name]);
}

exports = function dailySettings(source) {
  const problems = [];
  const given = (name, standard) => textOf(name) || DEFAULTS[name] || standard;
  const database = given("mongodbDatabase");
  const [record, mirror] = [given(`${source}Collection`, source), given(`${source}CollectionTS`, `${source}TS`)];
  const url = given(`${source}ApiUrl`);
  const isOurs = /^https?:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d+)?(\/|$)/.test(url); // a stand-in here bans nobody
  const isSafe = /^https:/.test(url) || isOurs; // over http:// anyone on the way could read the token
  if (!(isSafe && /^https?:\/\/[^\s?#@]+$/.test(url))) {
    problems.push(`the Value ${source}ApiUrl must be https://host/path, without user, password or ?`);
  }
  const settings = { ...linkOf(problems), database, record, mirror, url: url.replace(/\/+$/, ""), problems };
  if (source !== "linky") return settings;
  return {
    ...settings,
    datasets: datasetsOf(metersOf(problems), problems),
    maxPower: numberOf("linkyMaxPowerW", 36000, 999999, problems),
    callsPerDay: numberOf("linkyCallsPerDay", isOurs ? null : HIGHEST_CALLS, HIGHEST_CALLS, problems),
    freshnessHours: numberOf("freshnessHours", 48, 9999, problems),
  };
};
