// The globals of a function: context, console, utils, timers, a clock that can be set. Runs inside their context.
(function (host, bson, makeDatabase, setup) {
  "use strict";

  // --- calls that leave the runtime: each is an operation of the execution ------------------------------------------

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
    if (stopped || kind === "step") return stopped || Promise.resolve();
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
    const error = new Error(answer.error);
    if (answer.name) error.name = answer.name;
    return reject(error);
  }

  // --- http -----------------------------------------------------------------------------------------------------------

  const REQUEST = ["url", "scheme", "host", "path", "query", "fragment", "headers", "cookies", "followRedirects"];

  function address(request) {
    if (request.url !== undefined) return String(request.url);
    if (!request.host) throw new TypeError("http.get takes a url or a host");
    const query = [];
    for (const name of Object.keys(request.query || {})) {
      for (const text of strings(request.query[name], "query." + name)) {
        query.push(encodeURIComponent(name) + "=" + encodeURIComponent(text));
      }
    }
    const path = request.path ? "/" + String(request.path).replace(/^\//, "") : "";
    return (request.scheme || "http") + "://" + request.host + path + (query.length ? "?" + query.join("&") : "");
  }

  function strings(given, name) {
    if (!Array.isArray(given) || given.some((text) => typeof text !== "string")) {
      throw new TypeError("http.get: " + name + " must be an array of strings");
    }
    return given;
  }

  async function get(request) {
    for (const name of Object.keys(request)) {
      if (REQUEST.indexOf(name) < 0) throw new TypeError("http.get: " + name + " is not offered here");
    }
    if (Object.keys(request.cookies || {}).length) throw new TypeError("http.get: cookies are not offered here");
    const headers = {};
    for (const name of Object.keys(request.headers || {})) headers[name] = strings(request.headers[name], "headers." + name);
    const asked = { method: "GET", url: address(request), headers, followRedirects: Boolean(request.followRedirects) };
    const answer = await call("http", asked);
    const body = bson.BSON.Binary.fromBase64(answer.body);
    return Object.assign(answer, { body, cookies: {} });
  }

  // --- functions ------------------------------------------------------------------------------------------------------

  const copy = (member) => bson.unpack(bson.pass(member));

  async function run(name, parts) {
    const made = host.load(String(name));
    if (made === null) throw new Error("function not found: '" + name + "'");
    if (typeof made !== "function") throw new Error("function " + name + " assigns no function to exports");
    return copy(await made(...parts.map(copy)));
  }

  async function execute(name, ...parts) {
    const stopped = count();
    if (stopped) return stopped;
    return run(name, parts);
  }

  // --- utils ----------------------------------------------------------------------------------------------------------

  function hash(name, input) {
    if (["sha1", "sha256", "md5"].indexOf(name) < 0) throw new Error("utils.crypto.hash has no " + name);
    const base64 = input instanceof bson.BSON.Binary ? input.toBase64() : host.recode(String(input), "utf8", "base64");
    return bson.BSON.Binary.fromBase64(host.hash(name, base64));
  }

  function hmac(input, secret, name, format) {
    if (["sha1", "sha256", "sha512"].indexOf(name) < 0) throw new Error("utils.crypto.hmac has no " + name);
    if (format !== "hex" && format !== "base64") throw new Error("utils.crypto.hmac gives hex or base64");
    return host.recode(host.hmac(name, String(secret), String(input)), "base64", format);
  }

  const url = (base64) => base64.replace(/\+/g, "-").replace(/\//g, "_").replace(/=+$/, "");
  const part = (member) => url(host.recode(JSON.stringify(member), "utf8", "base64"));
  const unpart = (text) => JSON.parse(host.recode(text.replace(/-/g, "+").replace(/_/g, "/"), "base64", "utf8"));
  const SIGNING = { HS256: "sha256", HS384: "sha384", HS512: "sha512" };

  function sign(method, text, secret) {
    if (!SIGNING[method]) throw new Error("utils.jwt: only " + Object.keys(SIGNING).join(", ") + " are offered here");
    return url(host.hmac(SIGNING[method], String(secret), text));
  }

  const jwt = {
    encode: (method, payload, secret, fields) => {
      const text = part(Object.assign({ alg: method, typ: "JWT" }, fields)) + "." + part(payload);
      return text + "." + sign(method, text, secret);
    },
    decode: (token, key, returnHeader, accepted) => {
      const parts = String(token).split(".");
      const header = parts.length === 3 ? unpart(parts[0]) : {};
      const allowed = !accepted || accepted.indexOf(header.alg) >= 0;
      if (parts.length !== 3 || !allowed || sign(header.alg, parts[0] + "." + parts[1], key) !== parts[2]) {
        throw new Error("utils.jwt.decode: the token is not signed as asked");
      }
      return returnHeader ? { header, payload: unpart(parts[1]) } : unpart(parts[1]);
    },
  };

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

  const RealDate = Date;
  const ClockDate = function Date(...parts) {
    const made = parts.length ? new RealDate(...parts) : new RealDate(host.now());
    return new.target ? made : made.toString();
  };
  Object.defineProperty(ClockDate, "length", { value: 7 });
  ClockDate.prototype = RealDate.prototype;
  ClockDate.prototype.constructor = ClockDate;
  Object.assign(ClockDate, { now: () => host.now(), UTC: RealDate.UTC, parse: RealDate.parse });

  // --- context --------------------------------------------------------------------------------------------------------

  const database = makeDatabase(call, bson);
  const context = {
    values: { get: (name) => (setup.values[name] === undefined ? undefined : JSON.parse(setup.values[name])) },
    functions: { execute },
    services: { get: (name) => (name === setup.service ? database : undefined) },
    http: { get },
    environment: setup.environment,
    app: setup.app,
    request: {},
    user: { type: "system" },
    runningAsSystem: () => true,
  };

  return {
    globals: {
      context,
      BSON: bson.BSON,
      EJSON: bson.EJSON,
      Date: ClockDate,
      console: { log, error: log },
      utils: { jwt, crypto: { hash, hmac } },
      setTimeout,
    },
    receive,
    fire,
    operations: () => operations,
    waiting: () => waiting.size,
    run: (name, text) => run(name, bson.unpack(JSON.parse(text))).then((result) => JSON.stringify(bson.pass(result))),
  };
})
