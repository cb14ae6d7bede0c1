// The Values of an open source, read and judged once: what is wrong is told in words, all of it together.
//
//   openSettings("elhub" or "energidata") -> {service, database, record, mirror, url, problems: [text]}

// A Value as text; "" when it is not there.
function textOf(name) {
  const found = context.values.get(name);
  if (found === undefined || found === null) return "";
  return typeof found === "string" ? found.trim() : JSON.stringify(found);
}

function required(name, problems) {
  const text = textOf(name);
  if (!text) problems.push(`the Value ${name} is missing or empty: add values/${name}.json and deploy again`);
  return text;
}

const ELHUB = ["elhubCollection", "elhubCollectionTS", "elhubApiUrl"];
const ENERGIDATA = ["energidataCollection", "energidataCollectionTS", "energidataApiUrl"];

function ofSource(source, problems) {
  if (source === "elhub") return ELHUB.map((name) => required(name, problems));
  return ENERGIDATA.map((name) => required(name, problems));
}

exports = function openSettings(source) {
  const problems = [];
  const [service, database] = [required("mongodbService", problems), required("mongodbDatabase", problems)];
  const [record, mirror, url] = ofSource(source, problems);
  const isOurs = /^https?:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d+)?(\/|$)/.test(url);
  if (url && !((/^https:/.test(url) || isOurs) && /^https?:\/\/[^\s?#@]+$/.test(url))) {
    problems.push(`the Value ${source}ApiUrl must be https://host/path, without user, password or ?`);
  }
  return { service, database, record, mirror, url: url.replace(/\/+$/, ""), problems };
};

if (typeof module !== "undefined") module.exports = exports;
