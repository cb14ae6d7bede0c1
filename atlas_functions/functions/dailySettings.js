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
const DEFAULTS = { mongodbDatabase: "electricity" };
const SERVICES = ["mongodb-atlas", "Cluster0"]; // what the console calls the link to a cluster, if nobody names it

// A Value as text; "" when it is not there, or left to us.
function textOf(name) {
  try {
    const value = context.values.get(name);
    const text = typeof value === "string" ? value.trim() : JSON.stringify(value);
    return [undefined, "null", "auto"].includes(text) ? "" : text;
  } catch (error) {
    return ""; // nobody knows what the platform does for a Value that is not there
  }
}

// The data source of this name, if the app has one; a missing one may be told by an error.
function isService(name) {
  try {
    return context.services.get(name);
  } catch (error) {
    return false;
  }
}

// {service, isLinked}
function linkOf(problems) {
  const given = textOf("mongodbService");
  const service = (given ? [given] : SERVICES).find(isService);
  if (service) return { service, isLinked: true };
  const [name, remedy] = given ? [`named ${given}`, "correct"] : [SERVICES.join(" or "), "name it in"];
  problems.push(`the app has no data source ${name}: link the cluster, or ${remedy} the Value mongodbService`);
  return { service: given, isLinked: false };
}

// What more a source has.
const MORE = {};

// --- of elhub: its address ----------------------------------------------------------------------------------------

DEFAULTS.elhubApiUrl = "https://api.elhub.no/energy-data/v0";

// --- of energidata: its address -----------------------------------------------------------------------------------

DEFAULTS.energidataApiUrl = "https://api.energidataservice.dk";

// --- of linky: tokens and meters ----------------------------------------------------------------------------------

Object.assign(DEFAULTS, { linkyCollection: "consumption", linkyCollectionTS: "consumptionTS" });
DEFAULTS.linkyApiUrl = "https://conso.boris.sh/api";

const ROUTES = { consumption: "courbe_de_charge_consommation", production: "courbe_de_charge_production" };
const FLOWS = Object.keys(ROUTES);
const METER_FIELDS = ["prm", "flows", "token", "name"];
const JWT = /^([\w-]+)\.([\w-]+)\.([\w-]+)$/;
const MASKS = 3; // meters named in a message
const LAST_MOMENT = 8640000000000; // s; no Date is later
const ASK_NEW = "get a new one at https://conso.boris.sh and put it into the secret";
const HIGHEST_CALLS = 90; // the gateway bans an address for 100 calls in a day

const isObject = (part) => typeof part === "object" && part !== null && !Array.isArray(part);
const hashOf = (text) => utils.crypto.hash("sha256", text).toHex().slice(0, 8);
const mask = (prm) => `…${prm.slice(-4)}`;

function masks(prms) {
  const shown = prms.slice(0, MASKS).map(mask).join(", ");
  return prms.length > MASKS ? `${shown} and ${prms.length - MASKS} more` : shown;
}

function numberFrom(name, standard, highest, problems) {
  const text = textOf(name);
  if (!text) return standard;
  const number = /^\d{1,6}$/.test(text) ? Number(text) : 0;
  if (number >= 1 && number <= highest) return number;
  problems.push(`the Value ${name} must be a whole number from 1 to ${highest}`);
  return standard;
}

// What a gateway token says, read without its key: {prms, ends}, or {problem}.
function readToken(name) {
  const token = textOf(name);
  if (!token) {
    return { problem: `the Value ${name} holds no token: create the secret it links to, then the Value` };
  }
  let claims;
  try {
    const part = JWT.exec(token)[2].replace(/-/g, "+").replace(/_/g, "/");
    claims = JSON.parse(BSON.Binary.fromBase64(part + "===".slice(0, (4 - (part.length % 4)) % 4)).text());
  } catch (error) {
    return { problem: `the token of the Value ${name} is not a JWT (three parts with dots): copy it whole, or ${ASK_NEW}` };
  }
  const { sub, exp } = claims || {};
  const prms = [].concat(sub).filter((prm) => typeof prm === "string" && prm);
  if (!prms.length) return { problem: `the token of the Value ${name} names no meter: ${ASK_NEW}` };
  return { prms, ends: typeof exp === "number" && Math.abs(exp) <= LAST_MOMENT ? new Date(exp * 1000) : null };
}

function tokenProblem({ problem, prms, ends }, prm, name) {
  if (problem) return problem;
  const token = `the token of the Value ${name}`;
  if (!prms.includes(prm)) {
    return `${token} is for meter ${masks(prms)}, not for ${mask(prm)}: correct the PRM, or ${ASK_NEW}`;
  }
  return ends && ends.getTime() <= Date.now() ? `${token} ended on ${ends.toISOString().slice(0, 10)}: ${ASK_NEW}` : null;
}

function flowsOf(given, place, problems) {
  const text = Array.isArray(given) ? given.join(",") : String(given || "consumption").trim();
  const flows = text === "both" ? FLOWS : text.split(/[\s,;]+/);
  if (flows.every((flow) => FLOWS.includes(flow))) return flows.filter((flow, index) => flows.indexOf(flow) === index);
  problems.push(`${place} must be consumption, production or both`);
  return [];
}

// The simple form: one meter in linkyPrm, linkyFlows, linkyToken. The PRM may be left out when the token opens only one.
function singleMeter(problems) {
  const { prms, problem } = readToken("linkyToken");
  const prm = textOf("linkyPrm") || (prms && prms.length === 1 ? prms[0] : "");
  const flows = flowsOf(textOf("linkyFlows"), "the Value linkyFlows", problems);
  if (prm) return [{ prm, flows, token: "linkyToken", place: "the Value linkyPrm" }];
  problems.push(problem || `the token opens several meters (${masks(prms)}): set the Value linkyPrm to one of them`);
  return [];
}

function listedMeter(meter, place, problems) {
  const strange = Object.keys(meter).filter((field) => !METER_FIELDS.includes(field)).length;
  if (strange) problems.push(`${place}: ${strange} unknown fields, known are ${METER_FIELDS.join(", ")}`);
  const token = meter.token === undefined ? "linkyToken" : String(meter.token);
  const isName = /^[A-Za-z0-9][\w-]{0,63}$/.test(token);
  if (!isName) problems.push(`${place}: token must be the name of a Value, never the token itself`);
  const flows = flowsOf(meter.flows, `flows in ${place}`, problems);
  return { prm: String(meter.prm || ""), flows, token: isName ? token : "linkyToken", place };
}

function metersOf(problems) {
  let listed;
  try {
    listed = JSON.parse(textOf("linkyMeters") || "[]");
  } catch (error) {
    listed = null;
  }
  if (!Array.isArray(listed) || !listed.every(isObject)) {
    problems.push('the Value linkyMeters must be a JSON list: [{"prm": "…", "flows": "consumption", "token": "linkyToken"}]');
    return [];
  }
  if (!listed.length) return singleMeter(problems);
  return listed.map((meter, index) => listedMeter(meter, `entry ${index + 1} of the Value linkyMeters`, problems));
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
    const hash = hashOf(prm);
    for (const flow of flows) {
      const name = `linky:${mask(prm)}~${hash}:${flow}`;
      if (datasets[name]) problems.push(`${place}: ${flow} of this meter stands in an entry before it, remove one of the two`);
      datasets[name] = {
        name,
        label: `linky ${mask(prm)} ${flow}`,
        flow,
        series: { flow, id: prm, source: "linky" },
        path: ROUTES[flow],
        query: { pointId: prm },
        edges: ["dateDebut", "dateFin"],
        token,
        ends: tokens[token].ends || null,
        problem: tokenProblem(tokens[token], prm, token),
      };
    }
  }
  return Object.values(datasets);
}

MORE.linky = (problems, isOurs) => {
  // Names of series are hashes, and what a token says is base64: neither may be taken for something else.
  const isSound = hashOf("x") === "2d711642" && BSON.Binary.fromBase64("eA==").text() === "x";
  if (!isSound) problems.push("utils.crypto.hash or BSON.Binary of this platform are not as documented");
  return {
    datasets: isSound ? datasetsOf(metersOf(problems), problems) : [],
    maxPower: numberFrom("linkyMaxPowerW", 36000, 999999, problems),
    callsPerDay: numberFrom("linkyCallsPerDay", isOurs ? null : HIGHEST_CALLS, HIGHEST_CALLS, problems),
    freshnessHours: numberFrom("freshnessHours", 48, 9999, problems),
  };
};

// --- of any source ------------------------------------------------------------------------------------------------

exports = function dailySettings(source) {
  const problems = [];
  const given = (name, standard) => textOf(name) || DEFAULTS[name] || standard;
  const url = given(`${source}ApiUrl`);
  const isOurs = /^https?:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d+)?(\/|$)/.test(url); // a stand-in here bans nobody
  // Over http:// anyone on the way could read the token.
  if (!/^https?:\/\/[^\s?#@]+$/.test(url) || !(isOurs || url.startsWith("https:"))) {
    problems.push(`the Value ${source}ApiUrl must be https://host/path, without user, password or ?`);
  }
  return {
    ...linkOf(problems),
    database: given("mongodbDatabase"),
    record: given(`${source}Collection`, source),
    mirror: given(`${source}CollectionTS`, `${source}TS`),
    url: url.replace(/\/+$/, ""),
    ...(MORE[source] ? MORE[source](problems, isOurs) : {}),
    problems,
  };
};
