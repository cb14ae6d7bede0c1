// One question to an open API, with few retries for what passes by itself.
//
//   openFetch({url, query: {name: text}, service, source, pauses: [ms], emptyStatuses, patience})
//     -> {outcome, status, calls, text, message, until}
//
// service: its name in words; source: of its Value with the address; pauses: between tries, plus up to a half;
// emptyStatuses: what says that there is nothing of these days; patience: ms after which no further try is begun and the
// last one is given up. Never throws. calls: how many requests were made. message: what to do first, then words of the
// other side, which are not scrubbed.
// outcome: "answer" (text), "nothing", "refused" (asking again cannot help), "limited" (a pause is asked for; `until`, a
// Date, when not to ask before), "trouble".

const AGENT = "linky-atlas (Atlas function)";
const ONE_TRY = 90000; // ms; an answer of Elhub takes its time
const STANDARD_PAUSE = { elhub: 600000, energidata: 61000 }; // ms after a 429 that does not say how long
const SHORT_LIMIT = 100000; // ms; a pause so short is waited for
const SHOWN = 160; // letters of the other side's words

const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

function headerOf(answer, wanted) {
  const name = Object.keys(answer.headers || {}).find((each) => each.toLowerCase() === wanted);
  return name ? String(answer.headers[name][0]) : "";
}

// When to ask again (ms), from Retry-After: seconds or a date; what says neither is not believed, nor more than a day.
function reopens(answer, source, now) {
  const told = headerOf(answer, "retry-after").trim();
  const moment = /^\d{1,6}$/.test(told) ? now + Number(told) * 1000 : Date.parse(told);
  return moment >= now && moment <= now + 86400000 ? moment : now + STANDARD_PAUSE[source];
}

function judged(answer, text, { service, source, emptyStatuses }, now) {
  const status = answer.statusCode;
  if (status === 200) return { outcome: "answer", text };
  const isPage = text.replace(/^[\ufeff \t\r\n]+/, "")[0] === "<";
  const words = isPage ? "a page, not an answer" : text.replace(/\s+/g, " ").trim().slice(0, SHOWN) || "no text";
  const said = `(HTTP ${status}: ${words})`;
  if (status === 429) {
    const until = new Date(reopens(answer, source, now));
    const shown = until.toISOString().slice(0, 19).replace("T", " ");
    return { outcome: "limited", message: `${service} asks for a pause until ${shown} UTC ${said}`, until };
  }
  if (status === 404 && (isPage || emptyStatuses.indexOf(404) < 0)) {
    return { outcome: "refused", message: `there is no such address ${said}: correct the Value ${source}ApiUrl` };
  }
  if (emptyStatuses.indexOf(status) >= 0) {
    return { outcome: "nothing", message: `${service} has nothing of these days ${said}` };
  }
  if (status === 400) return { outcome: "refused", message: `${service} refuses these days ${said}` };
  if (status >= 500 || status === 408) {
    return { outcome: "trouble", message: `the next run asks again, ${service} has trouble ${said}` };
  }
  const hint = `if the Value ${source}ApiUrl is right, look for a newer version`;
  return { outcome: "refused", message: `${service} refuses the call ${said}: ${hint}` };
}

// The timer stays behind when the answer comes first: only setTimeout is documented, nothing that takes it back.
async function once(request, question, milliseconds) {
  const late = new Promise((resolve, reject) => {
    setTimeout(() => reject(new Error(`no answer within ${Math.round(milliseconds / 1000)} s`)), milliseconds);
  });
  try {
    const answer = await Promise.race([context.http.get(request), late]);
    const text = answer.body ? answer.body.text() : "";
    return { status: answer.statusCode, ...judged(answer, text, question, Date.now()) };
  } catch (error) {
    const message = `the next run asks again, ${question.service} gave no answer: ${error.message}`;
    return { status: 0, outcome: "trouble", message };
  }
}

// ms to wait before another try; null when it is of no use.
function pauseBefore(answer, calls, pauses) {
  if (calls > pauses.length) return null;
  if (answer.outcome === "trouble") return pauses[calls - 1] * (1 + Math.random() / 2);
  if (answer.outcome !== "limited") return null;
  const left = answer.until.getTime() - Date.now() + 1000;
  return left <= SHORT_LIMIT ? Math.max(1000, left) : null;
}

exports = async function openFetch(question) {
  const { url, query, pauses, patience } = question;
  const deadline = Date.now() + patience;
  const text = Object.keys(query).map((name) => `${name}=${encodeURIComponent(query[name])}`).join("&");
  const request = { url: `${url}?${text}`, headers: { Accept: ["application/json"], "User-Agent": [AGENT] } };
  for (let calls = 1; ; calls += 1) {
    const answer = await once(request, question, Math.max(1000, Math.min(ONE_TRY, deadline - Date.now())));
    const wait = pauseBefore(answer, calls, pauses);
    if (wait === null || Date.now() + wait >= deadline) return { ...answer, calls };
    await pause(wait);
  }
};

if (typeof module !== "undefined") module.exports = exports;
