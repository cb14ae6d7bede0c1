// One question to the gateway, with few retries for what passes by itself.
//
//   linkyFetch({url, token, prm, flow, start, end, patience, most})
//     -> {outcome, status, calls, text, message, until}
//
// token: the NAME of the Value that holds it, so that no token is ever an argument; start, end: local days, the end not
// included; patience: ms after which no further try is begun and the last one is given up; most: requests
// at most, null = as few as needed. Never throws.
// outcome: "answer" (text), "nothing" (published, yet or ever), "floor" (older than what is served), "refused" (asking
// again cannot help), "banned", "limited" (quota of all users), "trouble"; of these until (Date) when not to ask before.
// calls: how many requests were made; each counts at the gateway. message: what to do first, then words of the other
// side, without this token and this PRM, but else unscrubbed: hand it through shownText before anyone sees it.

const ROUTES = { consumption: "courbe_de_charge_consommation", production: "courbe_de_charge_production" };
const AGENT = "linky-atlas (Atlas function)";
const ONE_TRY = 40000; // ms; the platform documents no time-out
const PAUSES = [4000, 12000]; // ms between tries, plus up to a half
const SHORT_LIMIT = 20000; // ms; a quota that reopens so soon is waited for

const FLOORS = {
  "ADAM-ERR0123": "the meter was not yet activated",
  "ADAM-ERR0125": "older than the history the API keeps",
  "ADAM-DC-0016": "older than the history the API keeps",
};
const STOPS = {
  "ADAM-ERR0069": "this meter has no such flow: correct linkyFlows or the PRM",
  "ADAM-ERR0075": "the load curve is not recorded: switch on hourly recording and collection in the Enedis account",
  "ADAM-DC-0007": "Enedis holds no consent of the meter's holder: give it again at https://conso.boris.sh",
  "ADAM-DC-0008": "the consent is gone: give it again at https://conso.boris.sh",
  "ADAM-DC-0009": "the asked days lie before the consent: give it again at https://conso.boris.sh",
};
const NOTHING = ["no_data_found", "STM-ERR-0000014", "STM-ERR-0000020", "Pas de mesure trouvée"];
const OF_ENEDIS = ["The Enedis API returned an error", "STM-ERR-"]; // a 404 of the meter, not of the address
const QUOTA = ["Quota Q3", "Quota Q4", "SLA dépassé", "900804", "900807"];
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const holdsAny = (text, markers) => markers.some((marker) => text.indexOf(marker) >= 0);
const isObject = (part) => typeof part === "object" && part !== null && !Array.isArray(part);

// --- what an answer means -----------------------------------------------------------------------------------------

// A short text from any of the known error bodies, Enedis' own code first.
function wordsOf(text, body) {
  if (!isObject(body)) return text || "no text";
  let inner = isObject(body.error) ? body.error : {};
  if (isObject(inner.fault)) inner = inner.fault;
  const code = String(inner.error || inner.code || body.code || "");
  const own = typeof body.error === "string" ? body.error : "";
  const candidates = [inner.error_description, inner.description, inner.message, own, body.message, body.title];
  const words = candidates.find((each) => typeof each === "string" && each) || "no text";
  return code ? `${code}: ${words}` : words;
}

// When the quota reopens: as told, else at the next full hour. A time more than a day away is not believed.
function reopens(text, now) {
  const told = /(\d{4})-([A-Z][a-z]{2})-(\d{2}) (\d{2}):(\d{2}):(\d{2})\+0000 UTC/.exec(text);
  const month = told ? MONTHS.indexOf(told[2]) : -1;
  if (month >= 0) {
    const moment = Date.UTC(told[1], month, told[3], told[4], told[5], told[6]);
    if (moment <= now + 24 * 3600000) return { until: new Date(moment), isTold: true };
  }
  return { until: new Date((Math.floor(now / 3600000) + 1) * 3600000), isTold: false };
}

function byCode(status, text) {
  for (const code of Object.keys(FLOORS)) {
    if (text.indexOf(code) >= 0) return { outcome: "floor", message: `${FLOORS[code]} (${code})` };
  }
  for (const code of Object.keys(STOPS)) {
    if (text.indexOf(code) >= 0) return { outcome: "refused", message: `${STOPS[code]} (${code})` };
  }
  const isOfMeter = status === 404 && text.indexOf("ADAM-") < 0 && holdsAny(text, OF_ENEDIS);
  if (isOfMeter || holdsAny(text, NOTHING)) {
    return { outcome: "nothing", message: "nothing is published for these days" };
  }
  return null;
}

function byStatus(status, text, words, now) {
  if (status === 429 || holdsAny(text, QUOTA)) {
    const { until, isTold } = reopens(text, now);
    const shown = until.toISOString().slice(0, 16).replace("T", " ");
    return { outcome: "limited", message: `the quota shared by all users is used up until ${shown} UTC`, until, isTold };
  }
  if (status === 401) {
    const message = `the gateway does not accept the token for this meter, get a new one at https://conso.boris.sh: ${words}`;
    return { outcome: "refused", message };
  }
  if (status === 404) {
    return { outcome: "refused", message: `correct the Value linkyApiUrl, the address does not exist (HTTP 404): ${words}` };
  }
  if (status >= 500 || status === 408) {
    return { outcome: "trouble", message: `the next run asks again, the gateway has trouble (HTTP ${status}): ${words}` };
  }
  const message = `the gateway refused the call (HTTP ${status}), look for a newer version if it stays so: ${words}`;
  return { outcome: "refused", message };
}

function isOfCloudflare(text, body) {
  if (isObject(body)) return body.cloudflare_error === true || String(body.type).indexOf("cloudflare") >= 0;
  return /^error code: 1\d{3}$/.test(text);
}

function judged(status, given, now) {
  if (status === 200) return { outcome: "answer", text: given };
  let text = given.trim();
  let body = null;
  const isHtml = text[0] === "<";
  try {
    body = JSON.parse(text);
    text = JSON.stringify(body); // markers hold é, which the text may spell \u00e9
  } catch (error) {
    if (isHtml) text = "";
  }
  if (status === 403 && (isHtml || isOfCloudflare(given.trim(), body))) {
    const until = new Date((Math.floor(now / 86400000) + 1) * 86400000);
    const message = "the gateway has blocked this address (HTTP 403 of its firewall): disable the triggers for some weeks";
    return { outcome: "banned", message, until };
  }
  return byCode(status, text) || byStatus(status, text, wordsOf(text, body), now);
}

// --- asking -------------------------------------------------------------------------------------------------------

// Digits of a PRM could be taken for an error code, and no text that holds them goes further; nor does a part of a token.
function without(secrets, text) {
  return secrets.reduce((rest, { hidden, shown }) => rest.split(hidden).join(shown), text);
}

// The timer stays behind when the answer comes first: only setTimeout is documented, nothing that takes it back. That is
// harmless: the race is decided and has seen to the rejection, so that it is nobody's, and no timer is longer than what
// is left of linkyDaily's 270 s, should the platform wait for it.
async function once(request, secrets, milliseconds) {
  const late = new Promise((resolve, reject) => {
    setTimeout(() => reject(new Error(`no answer within ${Math.round(milliseconds / 1000)} s`)), milliseconds);
  });
  try {
    const answer = await Promise.race([context.http.get(request), late]);
    const whole = answer.body ? answer.body.text() : "";
    const text = answer.statusCode === 200 ? whole : without(secrets, whole);
    return { status: answer.statusCode, ...judged(answer.statusCode, text, Date.now()) };
  } catch (error) {
    const message = `the next run asks again, the gateway gave no answer: ${without(secrets, String(error.message))}`;
    return { status: 0, outcome: "trouble", message };
  }
}

// ms to wait before try number `calls + 1`; null when another try is of no use.
function pauseBefore(answer, calls) {
  const jitter = 1 + Math.random() / 2;
  if (answer.outcome === "trouble" && calls <= PAUSES.length) return PAUSES[calls - 1] * jitter;
  if (answer.outcome !== "limited" || calls > 1) return null;
  // Without a told time it may be the limit of a second: one more try tells.
  if (!answer.isTold) return PAUSES[1] * jitter;
  const left = answer.until.getTime() - Date.now() + 1000;
  return left <= SHORT_LIMIT ? Math.max(1000, left) : null;
}

exports = async function linkyFetch({ url, token, prm, flow, start, end, patience, most }) {
  const deadline = Date.now() + patience;
  const bearer = context.values.get(token).trim();
  const tokens = [bearer, ...bearer.split(".")].map((hidden) => ({ hidden, shown: "<token>" }));
  const secrets = [...tokens, { hidden: prm, shown: `…${prm.slice(-4)}` }].filter(({ hidden }) => hidden);
  const request = {
    url: `${url}/${ROUTES[flow]}?pointId=${prm}&dateDebut=${start}&dateFin=${end}`,
    headers: {
      Authorization: [`Bearer ${bearer}`],
      Accept: ["application/json"],
      "User-Agent": [AGENT],
    },
  };
  for (let calls = 1; ; calls += 1) {
    const answer = await once(request, secrets, Math.max(1000, Math.min(ONE_TRY, deadline - Date.now())));
    const wait = most && calls >= most ? null : pauseBefore(answer, calls);
    if (wait === null || Date.now() + wait >= deadline) return { ...answer, calls };
    await pause(wait);
  }
};

if (typeof module !== "undefined") module.exports = exports;
