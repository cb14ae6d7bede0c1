// One question to a service, with few retries for what passes by itself.
//
//   fetchAnswer({url, query: {name: text}, token, id, service, name, pauses: [ms], oneTry, shortLimit, standardPause,
//                emptyStatuses, patience, most})
//     -> {outcome, status, calls, text, message, until}
//
// token: the NAME of the Value that holds it, so that no token is ever an argument; none for an open API. id: of the meter
// that is asked for, or "". service: the API in words; name: of the source. pauses: ms between tries,
// plus up to a half; oneTry: ms, as the platform documents no time-out; shortLimit: ms, a pause so short that is asked for
// is waited for; standardPause: ms, when it is not said how long; emptyStatuses: what says that there is nothing of these
// days. patience: ms after which no further try is begun and the last one is given up; most: requests at most, null = as
// few as needed. Never throws.
// outcome: "answer" (text, which is JSON), "nothing" (published, yet or ever), "floor" (older than what is served), "span"
// (too many days), "end" (the last day is not served yet), "refused" (asking again cannot help), "banned", "limited" (a
// pause is asked for), "trouble"; of these until (Date) when not to ask before.
// calls: how many requests were made; each counts at the service. message: what to do first, then words of the other
// side, without this token and this meter, but else unscrubbed: hand it through shownText before anyone sees it.

const HOUR = 3600000;
const DAY = 86400000;

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const isObject = (part) => typeof part === "object" && part !== null && !Array.isArray(part);
const wordOf = (part) => (typeof part === "string" || typeof part === "number" ? String(part) : "");
const wallOf = (ms) => new Date(ms).toISOString().slice(0, 19).replace("T", " ");
const refused = (message) => ({ outcome: "refused", message });
const trouble = (words) => ({ outcome: "trouble", message: `the next run asks again, ${words}` });

// What a source says in words of its own: `says` is (answer, error, question, now) -> outcome or null, error: see
// readError. Of Linky also `hider`, which makes of (token, id) what takes both out of a text.
const GATEWAY = {};
const OPEN = {};

// --- of linky: what its gateway says ------------------------------------------------------------------------------

const NEW_TOKEN = "https://conso.boris.sh";
const AGAIN = `give it again at ${NEW_TOKEN}`;
// [code, in words, outcome if it is not "refused"]
const CODES = [
  ["ADAM-ERR0123", "the meter was not yet activated", "floor"],
  ["ADAM-ERR0125", "older than the history the API keeps", "floor"],
  ["ADAM-DC-0016", "older than the history the API keeps", "floor"],
  ["ADAM-ERR0069", "this meter has no such flow: correct linkyFlows or the PRM"],
  ["ADAM-ERR0075", "the load curve is not recorded: switch on hourly recording and collection in the Enedis account"],
  ["ADAM-DC-0007", `Enedis holds no consent of the meter's holder: ${AGAIN}`],
  ["ADAM-DC-0008", `the consent is gone: ${AGAIN}`],
  ["ADAM-DC-0009", `the asked days lie before the consent: ${AGAIN}`],
  ["ADAM-ERR0155", "Enedis knows no such meter: correct the PRM (14 digits, on the meter's display)"],
  ["ADAM-ERR0191", `Enedis has no service subscribed for these days: give the consent again at ${NEW_TOKEN}`],
];
const TOO_NEW = /end date\W(?:\w+\W){1,4}earlier|date de fin\W[^.]*(?:antérieure|inférieure|avant)/i;
const NOTHING = /no_data_found|STM-ERR-0000014|STM-ERR-0000020|Pas de mesure trouvée/;

// When the quota reopens: as said, else at the next full hour. A time more than a day away is not believed.
function quotaReopens(text, now) {
  const [, year, month, ...others] = /(\d{4})-([A-Z][a-z]{2})-(\d{2}) (\d{2}):(\d{2}):(\d{2})\+0000 UTC/.exec(text) || [];
  const place = "JanFebMarAprMayJunJulAugSepOctNovDec".indexOf(month);
  const moment = place < 0 ? NaN : Date.UTC(year, place / 3, ...others);
  const isCertain = moment <= now + DAY;
  return { until: new Date(isCertain ? moment : (Math.floor(now / HOUR) + 1) * HOUR), isCertain };
}

function ofEnedis(status, text) {
  const [code, words, outcome] = CODES.find(([each]) => text.includes(each)) || [];
  if (code) return { outcome: outcome || "refused", message: `${words} (${code})` };
  // A 404 of the meter, not of the address.
  const isOfMeter = status === 404 && !text.includes("ADAM-") && /The Enedis API returned an error|STM-ERR-/.test(text);
  if (isOfMeter || NOTHING.test(text)) return { outcome: "nothing", message: "nothing is published for these days" };
  if (status !== 400) return null;
  if (/ADAM-ERR0126|ADAM-DC-0015/.test(text)) return { outcome: "span", message: "so many days are refused" };
  return TOO_NEW.test(text) ? { outcome: "end", message: "the last day is not served yet" } : null;
}

function isOfCloudflare(text, body) {
  if (isObject(body)) return body.cloudflare_error === true || wordOf(body.type).includes("cloudflare");
  return /^error code: 1\d{3}$/.test(text);
}

GATEWAY.says = ({ statusCode: status }, { text, body, isPage, words }, question, now) => {
  if (status === 403 && (isPage || isOfCloudflare(text, body))) {
    const message = "the gateway has blocked this address (HTTP 403 of its firewall): disable the triggers for some weeks";
    return { outcome: "banned", message, until: new Date((Math.floor(now / DAY) + 1) * DAY) };
  }
  const outcome = ofEnedis(status, text);
  if (outcome) return outcome;
  if (status === 429 || /Quota Q[34]|SLA dépassé|90080[47]/.test(text)) {
    const reopens = quotaReopens(text, now);
    const message = `the quota shared by all users is used up until ${wallOf(reopens.until)} UTC`;
    return { outcome: "limited", message, ...reopens };
  }
  if (status !== 401) return null;
  return refused(`the gateway does not accept the token for this meter, get a new one at ${NEW_TOKEN}: ${words}`);
};

// Digits of a PRM could be taken for an error code, and no text that holds them goes further; nor does a part of a token.
GATEWAY.hider = (bearer, id) => {
  const hidden = [bearer, ...bearer.split("."), id].filter(Boolean);
  return (text) => hidden.reduce((rest, each) => rest.split(each).join(each === id ? `…${id.slice(-4)}` : "<token>"), text);
};

// --- of elhub, energidata: what an open API says ------------------------------------------------------------------

// When to ask again, from Retry-After: seconds or a date; what says neither is not believed, nor more than a day.
function reopens({ headers }, standardPause, now) {
  const name = Object.keys(headers || {}).find((header) => header.toLowerCase() === "retry-after");
  const said = name ? String(headers[name][0]).trim() : "";
  const moment = /^\d{1,6}$/.test(said) ? now + Number(said) * 1000 : Date.parse(said);
  return new Date(moment >= now && moment <= now + DAY ? moment : now + standardPause);
}

OPEN.says = (answer, { isPage, words }, { service, standardPause, emptyStatuses }, now) => {
  const status = answer.statusCode;
  const said = `(HTTP ${status}): ${words}`;
  if (status === 429) {
    const until = reopens(answer, standardPause, now);
    return { outcome: "limited", message: `${service} asks for a pause until ${wallOf(until)} UTC ${said}`, until };
  }
  if (status === 400) return refused(`${service} refuses these days ${said}`);
  if (!emptyStatuses.includes(status) || (status === 404 && isPage)) return null;
  return { outcome: "nothing", message: `${service} has nothing of these days ${said}` };
};

// --- what any API says --------------------------------------------------------------------------------------------

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch (error) {
    return undefined;
  }
}

// A 200 without the answer (empty, cut off on the way, a page of something in between) passes by itself. What is no JSON
// but what Python's own reader takes is for who reads the answer.
const isJson = (text) =>
  [text, text.replace(/([:[,]\s*)(?:NaN|-?Infinity)(?=\s*[,\]}])/g, "$10")].some((each) => parsed(each) !== undefined);

// A short text from any of the known error bodies, the API's own code first.
function wordsOf(text, body) {
  if (!isObject(body)) return text.replace(/\s+/g, " ") || "no text";
  const outer = isObject(body.error) ? body.error : {};
  const inner = isObject(outer.fault) ? outer.fault : outer;
  const code = wordOf(inner.error || inner.code || body.code);
  const all = [inner.error_description, inner.description, inner.message, body.error, body.message, body.title];
  const words = all.find((each) => typeof each === "string" && each) || "no text";
  return code ? `${code}: ${words}` : words;
}

// {text, body: its JSON if it is some, isPage, words: what is said}
function readError(whole) {
  const text = whole.trim();
  if (text[0] === "<") return { text: "", isPage: true, words: "a page, not an answer" };
  const body = parsed(text);
  const plain = body === undefined ? text : JSON.stringify(body); // markers hold é, which the text may spell \u00e9
  return { text: plain, body, words: wordsOf(plain, body) };
}

function ofStatus({ statusCode: status }, { words }, { service, name }) {
  const said = `(HTTP ${status})`;
  if (status === 404) return refused(`correct the Value ${name}ApiUrl, the address does not exist ${said}: ${words}`);
  if (status >= 500 || status === 408) return trouble(`${service} has trouble ${said}: ${words}`);
  return refused(`${service} refused the call ${said}, look for a newer version if it stays so: ${words}`);
}

// --- asking -------------------------------------------------------------------------------------------------------

// The timer stays behind when the answer comes first: only setTimeout is documented, nothing that takes it back. That is
// harmless: the race is decided, and no timer is longer than what is left of the run, should the platform wait for it.
async function once(request, question, hide, ms) {
  const { token, service } = question;
  let status = 0;
  try {
    const answer = await Promise.race([context.http.get(request), pause(ms)]);
    if (!answer) throw new Error(`no answer within ${Math.round(ms / 1000)} s`);
    const text = answer.body ? answer.body.text() : "";
    status = answer.statusCode;
    if (status === 200 && isJson(text)) return { status, outcome: "answer", text };
    const error = readError(hide(text));
    if (status === 200) return { status, ...trouble(`the answer of ${service} is not JSON: ${error.words}`) };
    const own = (token ? GATEWAY : OPEN).says(answer, error, question, Date.now());
    return { status, ...(own || ofStatus(answer, error, question)) };
  } catch (error) {
    return { status, ...trouble(`${service} gave no answer: ${hide(String(error.message))}`) };
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
  const text = Object.keys(query).map((name) => `${name}=${encodeURIComponent(query[name])}`).join("&");
  const hide = token ? GATEWAY.hider(bearer, id) : String;
  const headers = { Accept: ["application/json"], "User-Agent": ["linky-atlas (Atlas function)"] };
  if (bearer) headers.Authorization = [`Bearer ${bearer}`];
  for (let calls = 1; ; calls += 1) {
    const left = Math.max(1000, Math.min(oneTry, deadline - Date.now()));
    const answer = await once({ url: `${url}?${text}`, headers }, question, hide, left);
    const wait = pauseBefore(answer, calls, question);
    if (wait === null || Date.now() + wait >= deadline) return { ...answer, calls };
    await pause(wait);
  }
};
