// The globals of a function: context, console, utils, timers, a clock that can be set. Runs inside their context.
(function (host, bson, makeDatabase, setup) {
  "use strict";

  // --- calls that leave the runtime: each is an operation of the execution ------------------------------------------

  const own = (part, name) => Object.prototype.hasOwnProperty.call(part, name);
  const waiting = new Map();
  let operations = 0;
  let last = 0;

  function count() {
    operations += 1;
    if (operations > setup.limits.operations) {
      host.abort("more than " + setup.limits.operations + " asynchronous operations in one execution");
      return new Promise(() => undefined);
    }
    return null;
  }

  function call(kind, request) {
    const stopped = count();
    if (stopped) return stopped;
    return new Promise((resolve, reject) => {
      last += 1;
      waiting.set(last, { resolve, reject });
      host.ask(last, kind, JSON.stringify(request));
    });
  }

  function receive(id, text) {
    const { resolve, reject } = waiting.get(id);
    waiting.delete(id);
    const answer = JSON.parse(text);
    if (answer.error === undefined) return resolve(answer.result);
    const isLost = facts.duplicate_error === "lost";
    const error = new Error(isLost ? answer.error.replace(/E11000 /g, "") : answer.error);
    if (answer.name) error.name = answer.name;
    return reject(error);
  }

  const facts = setup.facts;

  // --- http -----------------------------------------------------------------------------------------------------------

  async function get({ url, headers, ...others }) {
    const strange = Object.keys(others);
    if (strange.length) throw new TypeError("http.get: " + strange[0] + " is not offered here");
    if (typeof url !== "string") throw new TypeError("http.get takes a url");
    for (const name of Object.keys(headers || {})) {
      if (!Array.isArray(headers[name]) || headers[name].some((text) => typeof text !== "string")) {
        throw new TypeError("http.get: headers." + name + " must be an array of strings");
      }
    }
    const answer = await call("http", { method: "GET", url, headers: headers || {} });
    if (facts.non_2xx === "thrown" && answer.statusCode >= 300) throw new Error("unexpected status " + answer.status);
    if (facts.header_case === "small") answer.headers = inSmallLetters(answer.headers);
    return Object.assign(answer, { body: bson.BSON.Binary.fromBase64(answer.body), cookies: {} });
  }

  function inSmallLetters(headers) {
    const small = {};
    for (const name of Object.keys(headers)) small[name.toLowerCase()] = headers[name];
    return small;
  }

  // --- functions ------------------------------------------------------------------------------------------------------

  const copy = (member) => bson.unpack(bson.pass(member));
  const hand = (member) => bson.unpackHanded(bson.hand(member));

  async function run(name, parts, copy) {
    const made = host.load(String(name));
    if (made === null) throw new Error("function not found: '" + name + "'");
    if (typeof made !== "function") throw new Error("function " + name + " assigns no function to exports");
    return copy(await made(...parts.map(copy)));
  }

  async function execute(name, ...parts) {
    const stopped = count();
    if (stopped) return stopped;
    return run(name, parts, hand).catch((error) => {
      throw facts.nested_error === "lost" ? new Error("error executing function '" + name + "'") : error;
    });
  }

  // --- utils ----------------------------------------------------------------------------------------------------------

  function hash(name, text) {
    if (["sha1", "sha256", "md5"].indexOf(name) < 0) throw new Error("utils.crypto.hash has no " + name);
    return bson.BSON.Binary.fromBase64(host.hash(facts.hash === "otherwise" ? "md5" : name, String(text)));
  }

  // --- console, timers, clock -----------------------------------------------------------------------------------------

  function shown(member) {
    if (typeof member === "string") return member;
    if (member === undefined || typeof member === "function" || member instanceof Error) return String(member);
    try {
      return bson.EJSON.stringify(member);
    } catch (error) {
      return String(member);
    }
  }
  const log = (...parts) => host.log(parts.map(shown).join(" "));

  const timers = new Map();
  function setTimeout(callback, milliseconds, ...parts) {
    if (typeof callback !== "function") throw new TypeError("setTimeout takes a function");
    last += 1;
    timers.set(last, () => callback(...parts));
    host.timer(last, Math.max(0, Number(milliseconds) || 0));
    return last;
  }
  function fire(id) {
    const callback = timers.get(id);
    timers.delete(id);
    callback();
  }

  const begun = host.now();
  const now = facts.time_passes === "stands still" ? () => begun : host.now;
  const RealDate = Date;
  const ClockDate = function Date(...parts) {
    const made = parts.length ? new RealDate(...parts) : new RealDate(now());
    return new.target ? made : made.toString();
  };
  Object.defineProperty(ClockDate, "length", { value: 7 });
  ClockDate.prototype = RealDate.prototype;
  ClockDate.prototype.constructor = ClockDate;
  Object.assign(ClockDate, { now: () => now(), UTC: RealDate.UTC, parse: RealDate.parse });

  // What is given for what is not there.
  function absent(fact, words) {
    if (facts[fact] === "throws") throw new Error(words);
    return facts[fact] === "null" ? null : undefined;
  }

  function valueOf(name) {
    if (!own(setup.values, name)) return absent("missing_value", "value not found: " + name);
    const value = JSON.parse(setup.values[name]);
    return value === "" && facts.empty_value !== "text" ? absent("empty_value", "") : value;
  }

  // --- context --------------------------------------------------------------------------------------------------------

  const database = makeDatabase(call, bson, facts);
  const context = {
    values: { get: valueOf },
    functions: { execute },
    services: { get: (name) => (name === setup.service ? database : absent("missing_service", "service not found: " + name)) },
    http: { get },
  };
  if (facts.time_left === "told") context.timeLeft = () => 0;

  return {
    globals: {
      context,
      BSON: bson.BSON,
      EJSON: bson.EJSON,
      Date: ClockDate,
      console: { log, error: log },
      utils: { crypto: { hash } },
      setTimeout,
    },
    receive,
    fire,
    operations: () => operations,
    waiting: () => waiting.size,
    run: (name, text) => run(name, bson.unpack(JSON.parse(text)), copy).then((result) => JSON.stringify(bson.pass(result))),
  };
})
