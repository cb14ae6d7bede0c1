// One question to an API, with few retries for what passes by itself.
//
//   fetchAnswer({url, query: {name: text}, token, id, service, source, pauses: [ms], oneTry, shortLimit, standardPause,
//                emptyStatuses, patience, most})
//     -> {outcome, status, calls, text, message, until}
//
// token: the NAME of the Value that holds it, so that no token is ever an argument; none for an open API. id: of the meter
// that is asked for, or "". service: the API in words; source: of its Value with the address. pauses: ms between tries,
// plus up to a half; oneTry: ms, as the platform documents no time-out; shortLimit: ms, a pause so short that is asked for
// is waited for; standardPause: ms, when it is not said how long; emptyStatuses: what says that there is nothing of these
// days. patience: ms after which no further try is begun and the last one is given up; most: requests at most, null = as
// few as needed. Never throws.
// outcome: "answer" (text, which is JSON), "nothing" (published, yet or ever), "floor" (older than what is served), "span"
// (too many days), "end" (the last day is not served yet), "refused" (asking again cannot help), "banned", "limited" (a pause is asked for), "trouble"; of these until (Date) when not to ask before.
// calls: how many requests were made; each counts at the service. message: what to do first, then words of the other
// side, without this token and this meter, but else unscrubbed: hand it through shownText before anyone sees it.

const AGENT = "linky-atlas (Atlas function)";
const HOUR = 3600000;
const DAY = 24 * HOUR;

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
  "ADAM-ERR0155": "Enedis knows no such meter: correct the PRM (14 digits, on the meter's display)",
  "ADAM-ERR0191": "Enedis has no service subscribed for these days: give the consent again at https://conso.boris.sh",
};
const TOO_LONG = ["ADAM-ERR0126", "ADAM-DC-0015"];
const TOO_NEW = /end date\W(?:\w+\W){1,4}earlier|date de fin\W[^.]*(?:antérieure|inférieure|avant)/i;
const NOTHING = ["no_data_found", "STM-ERR-0000014", "STM-ERR-0000020", "Pas de mesure trouvée"];
const OF_ENEDIS = ["The Enedis API returned an error", "STM-ERR-"]; // a 404 of the meter, not of the address
const QUOTA = ["Quota Q3", "Quota Q4", "SLA dépassé", "900804", "900807"];
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const holdsAny = (text, markers) => markers.some((marker) => text.indexOf(marker) >= 0);
const isObject = (part) => typeof part === "object" && part !== null && !Array.isArray(part);
const textOf = (part) => (typeof part === "string" || typeof part === "number" ? String(part) : "");
const refused = (message) => ({ outcome: "refused", message });

// --- what the gateway of Linky says -------------------------------------------------------------------------------

// When the quota reopens: as said, else at the next full hour. A time more than a day away is not believed.
function quotaReopens(text, now) {
  const said = /(\d{4})-([A-Z][a-z]{2})-(\d{2}) (\d{2}):(\d{2}):(\d{2})\+0000 UTC/.exec(text);
  const month = said ? MONTHS.indexOf(said[2]) : -1;
  if (month >= 0) {
    const moment = Date.UTC(said[1], month, said[3], said[4], said[5], said[6]);
    if (moment <= now + DAY) return { until: new Date(moment), isCertain: true };
  }
  return { until: new Date((Math.floor(now / HOUR) + 1) * HOUR), isCertain: false };
}

function ofEnedis(status, text) {
  const floor = Object.keys(FLOORS).find((code) => text.indexOf(code) >= 0);
  if (floor) return { outcome: "floor", message: `${FLOORS[floor]} (${floor})` };
  const stop = Object.keys(STOPS).find((code) => text.indexOf(code) >= 0);
  if (stop) return refused(`${STOPS[stop]} (${stop})`);
  const isOfMeter = status === 404 && text.indexOf("ADAM-") < 0 && holdsAny(text, OF_ENEDIS);
  if (isOfMeter || holdsAny(text, NOTHING)) return { outcome: "nothing", message: "nothing is published for these days" };
  if (status === 400 && holdsAny(text, TOO_LONG)) return { outcome: "span", message: "so many days are refused" };
  if (status === 400 && TOO_NEW.test(text)) return { outcome: "end", message: "the last day is not served yet" };
  return null;
}

function isOfCloudflare(text, body) {
  if (isObject(body)) return body.cloudflare_error === true || textOf(body.type).indexOf("cloudflare") >= 0;
  return /^error code: 1\d{3}$/.test(text);
}

function ofGateway(status, { text, body, isPage, words }, now) {
  if (status === 403 && (isPage || isOfCloudflare(text, body))) {
    const message = "the gateway has blocked this address (HTTP 403 of its firewall): disable the triggers for some weeks";
    return { outcome: "banned", message, until: new Date((Math.floor(now / DAY) + 1) * DAY) };
  }
  const outcome = ofEnedis(status, text);
  if (outcome) return outcome;
  if (status === 429 || holdsAny(text, QUOTA)) {
    const { until, isCertain } = quotaReopens(text, now);
    const shown = until.toISOString().slice(0, 16).replace("T", " ");
    const message = `the quota shared by all users is used up until ${shown} UTC`;
    return { outcome: "limited", message, until, isCertain };
  }
  if (status !== 401) return null;
  return refused(`the gateway does not accept the token for this meter, get a new one at https://conso.boris.sh: ${words}`);
}

// --- what any API says --------------------------------------------------------------------------------------------

// A 200 without the answer (empty, cut off on the way, a page of something in between) passes by itself. What is no JSON
// but what Python's own reader takes is for who reads the answer.
function isJson(text) {
  for (const each of [text, text.replace(/([:[,]\s*)(?:NaN|-?Infinity)(?=\s*[,\]}])/g, "$10")]) {
    try {
      JSON.parse(each);
      return true;
    } catch (error) {
      // the second form, then
    }
  }
  return false;
}

// A short text from any of the known error bodies, the API's own code first.
function wordsOf(text, body) {
  if (!isObject(body)) return text.replace(/\s+/g, " ") || "no text";
  let inner = isObject(body.error) ? body.error : {};
  if (isObject(inner.fault)) inner = inner.fault;
  const code = textOf(inner.error || inner.code || body.code);
  const own = typeof body.error === "string" ? body.error : "";
  const candidates = [inner.error_description, inner.description, inner.message, own, body.message, body.title];
  const words = candidates.find((candidate) => typeof candidate === "string" && candidate) || "no text";
  return code ? `${code}: ${words}` : words;
}

function readError(whole) {
  const text = whole.trim();
  if (text[0] === "<") return { text: "", body: null, isPage: true, words: "a page, not an answer" };
  try {
    const body = JSON.parse(text);
    const plain = JSON.stringify(body); // markers hold é, which the text may spell \u00e9
    return { text: plain, body, isPage: false, words: wordsOf(plain, body) };
  } catch (error) {
    return { text, body: null, isPage: false, words: wordsOf(text, null) };
  }
}

function headerOf(answer, wanted) {
  const name = Object.keys(answer.headers || {}).find((header) => header.toLowerCase() === wanted);
  return name ? String(answer.headers[name][0]) : "";
}

// When to ask again (ms), from Retry-After: seconds or a date; what says neither is not believed, nor more than a day.
function reopens(answer, standardPause, now) {
  const said = headerOf(answer, "retry-after").trim();
  const moment = /^\d{1,6}$/.test(said) ? now + Number(said) * 1000 : Date.parse(said);
  return new Date(moment >= now && moment <= now + DAY ? moment : now + standardPause);
}

function ofStatus(answer, { isPage, words }, { token, service, source, standardPause, emptyStatuses }, now) {
  const status = answer.statusCode;
  const said = `(HTTP ${status}): ${words}`;
  if (status === 429) {
    const until = reopens(answer, standardPause, now);
    const shown = until.toISOString().slice(0, 19).replace("T", " ");
    return { outcome: "limited", message: `${service} asks for a pause until ${shown} UTC ${said}`, until };
  }
  if (status === 404 && (isPage || emptyStatuses.indexOf(status) < 0)) {
    return refused(`correct the Value ${source}ApiUrl, the address does not exist ${said}`);
  }
  if (emptyStatuses.indexOf(status) >= 0) {
    return { outcome: "nothing", message: `${service} has nothing of these days ${said}` };
  }
  if (status >= 500 || status === 408) {
    return { outcome: "trouble", message: `the next run asks again, ${service} has trouble ${said}` };
  }
  if (status === 400 && !token) return refused(`${service} refuses these days ${said}`);
  return refused(`${service} refused the call (HTTP ${status}), look for a newer version if it stays so: ${words}`);
}

// --- asking -------------------------------------------------------------------------------------------------------

// Digits of a PRM could be taken for an error code, and no text that holds them goes further; nor does a part of a token.
function without(secrets, text) {
  return secrets.reduce((rest, { hidden, shown }) => rest.split(hidden).join(shown), text);
}

function secretsOf(bearer, id) {
  const tokens = [bearer, ...bearer.split(".")].map((hidden) => ({ hidden, shown: "<token>" }));
  return [...tokens, { hidden: id, shown: `…${id.slice(-4)}` }].filter(({ hidden }) => hidden);
}

// The timer stays behind when the answer comes first: only setTimeout is documented, nothing that takes it back. That is
// harmless: the race is decided and has seen to the rejection, so that it is nobody's, and no timer is longer than what
// is left of the run, should the platform wait for it.
async function once(request, question, secrets, milliseconds) {
  const late = new Promise((resolve, reject) => {
    setTimeout(() => reject(new Error(`no answer within ${Math.round(milliseconds / 1000)} s`)), milliseconds);
  });
  try {
    const answer = await Promise.race([context.http.get(request), late]);
    const status = answer.statusCode;
    const text = answer.body ? answer.body.text() : "";
    if (status === 200 && isJson(text)) return { status, outcome: "answer", text };
    const error = readError(without(secrets, text));
    if (status === 200) {
      const message = `the next run asks again, the answer of ${question.service} is not JSON: ${error.words}`;
      return { status, outcome: "trouble", message };
    }
    const gateway = question.token ? ofGateway(status, error, Date.now()) : null;
    return { status, ...(gateway || ofStatus(answer, error, question, Date.now())) };
  } catch (error) {
    const words = without(secrets, String(error.message));
    const message = `the next run asks again, ${question.service} gave no answer: ${words}`;
    return { status: 0, outcome: "trouble", message };
  }
}

// ms to wait before try number `calls + 1`; null when another try is of no use, or one too many.
function pauseBefore({ outcome, until, isCertain }, calls, { token, pauses, shortLimit, most }) {
  if (calls > pauses.length || (most && calls >= most)) return null;
  const jitter = 1 + Math.random() / 2;
  if (outcome === "trouble") return pauses[calls - 1] * jitter;
  if (outcome !== "limited" || (token && calls > 1)) return null;
  // Of the gateway it may be the limit of a second: one more try tells.
  if (isCertain === false) return pauses[1] * jitter;
  const left = until.getTime() - Date.now() + 1000;
  return left <= shortLimit ? Math.max(1000, left) : null;
}

exports = async function fetchAnswer(question) {
  const { url, query, token, id, oneTry, patience } = question;
  const deadline = Date.now() + patience;
  const bearer = token ? context.values.get(token).trim() : "";
  const secrets = secretsOf(bearer, id || "");
  const text = Object.keys(query).map((name) => `${name}=${encodeURIComponent(query[name])}`).join("&");
  const headers = { Accept: ["application/json"], "User-Agent": [AGENT] };
  if (bearer) headers.Authorization = [`Bearer ${bearer}`];
  for (let calls = 1; ; calls += 1) {
    const left = Math.max(1000, Math.min(oneTry, deadline - Date.now()));
    const answer = await once({ url: `${url}?${text}`, headers }, question, secrets, left);
    const wait = pauseBefore(answer, calls, question);
    if (wait === null || Date.now() + wait >= deadline) return { ...answer, calls };
    await pause(wait);
  }
};
