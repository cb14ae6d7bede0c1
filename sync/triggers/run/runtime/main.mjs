// Runs one Atlas function in a context that holds the documented contract and nothing else.
//
// Speaks JSON lines with the Python side, which does the real database and HTTP work: reads {start} and {id, answer},
// writes {id, kind, request}, {log} and at the end {done}. Only text and numbers cross into the context, so that no
// object of Node itself can be reached from a function.
import { createHash, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import vm from "node:vm";

const here = (name) => readFileSync(new URL(name, import.meta.url), "utf8");
const surface = JSON.parse(here("surface.json"));
const write = (message) => process.stdout.write(`${JSON.stringify(message)}\n`);

let setup;
let platform;
let context;
let finished = false;
let pending = 0; // requests the Python side works on
let skipped = 0; // ms that were jumped over

// --- clock and timers ---------------------------------------------------------------------------------------------

const elapsed = () => performance.now() + skipped;
let began = 0;
const now = () => Math.floor(setup.now + elapsed() - began);
const due = new Map(); // id or name → { at, act }
let alarm;

function at(id, milliseconds, act) {
  due.set(id, { at: elapsed() + milliseconds, act });
  schedule();
}

function schedule() {
  clearTimeout(alarm);
  const next = Math.min(...[...due.values()].map((each) => each.at));
  if (finished || next === Infinity) return;
  if (setup.skip_waits && pending === 0) alarm = setTimeout(() => pass(next), 0);
  else alarm = setTimeout(ring, Math.max(0, next - elapsed()));
}

function pass(moment) {
  if (pending === 0) skipped += Math.max(0, moment - elapsed());
  ring();
}

function ring() {
  const first = [...due].sort(([, one], [, other]) => one.at - other.at)[0];
  if (first && first[1].at <= elapsed() && !finished) {
    due.delete(first[0]);
    first[1].act();
  }
  setImmediate(schedule); // after the promises that this has settled
}

// --- the context --------------------------------------------------------------------------------------------------

const REST = /\{(?:[^{}()[\]]*,)?\s*\.\.\./; // {...one} and {a, ...others}, but neither [...all] nor f(...all)

const host = {
  ask(id, kind, request) {
    pending += 1;
    write({ id, kind, request: JSON.parse(request) });
    schedule();
  },
  log: (text) => write({ log: text }),
  abort: (message) => finish({ error: message }),
  load(name) {
    if (!Object.hasOwn(setup.functions, name)) return null;
    const source = setup.functions[name];
    const filename = `${name}.js`;
    const takesRest = setup.inside.facts.rest_spread !== "refused";
    if (!takesRest && REST.test(source)) throw new SyntaxError(`${filename}: object rest and spread are not taken here`);
    return vm.compileFunction(`${source}\n;return exports;`, ["exports"], { parsingContext: context, filename })();
  },
  timer: (id, milliseconds) => at(id, milliseconds, () => platform.fire(id)),
  now,
  seconds: () => Math.floor(now() / 1000).toString(16).padStart(8, "0"),
  process: randomBytes(5).toString("hex"),
  random: (bytes) => randomBytes(bytes).readUIntBE(0, bytes),
  recode: (text, from, to) => Buffer.from(text, from).toString(to),
  hash: (name, text) => createHash(name).update(text).digest("base64"),
  long: (low, high) => BigInt.asIntN(64, (BigInt(high) << 32n) + BigInt.asUintN(32, BigInt(low))).toString(),
};

function build() {
  context = vm.createContext(vm.constants.DONT_CONTEXTIFY ?? {});
  const inside = (text, filename) => vm.runInContext(text, context, { filename });
  const script = (name) => inside(here(name), `runtime/${name}`);
  const given = inside(`(${JSON.stringify(setup.inside)})`, "setup");
  const bson = script("bson.js")(host, given.facts);
  platform = script("platform.js")(host, bson, script("database.js"), given);
  const globals = inside("globalThis", "globals");
  for (const [name, member] of Object.entries(platform.globals)) {
    Object.defineProperty(globals, name, { value: member, writable: true, configurable: true });
  }
  reduce(globals);
}

// Number.EPSILON and its like cannot be deleted; ESLint refuses them.
function reduce(globals) {
  const kept = new Set([...surface.globals, ...surface.platform_globals]);
  if (setup.inside.facts.intl === "there") kept.add("Intl");
  for (const [type, names] of Object.entries(surface.refused_methods)) {
    for (const name of names) Reflect.deleteProperty(globals[type].prototype, name);
  }
  for (const helper of Object.keys(Object.getOwnPropertyDescriptors(globals.Iterator?.prototype ?? {}))) {
    if (helper !== "constructor") Reflect.deleteProperty(globals.Iterator.prototype, helper);
  }
  for (const [type, names] of Object.entries(surface.statics)) {
    for (const name of Object.getOwnPropertyNames(globals[type])) {
      if (!names.includes(name) && !["length", "name", "prototype"].includes(name)) Reflect.deleteProperty(globals[type], name);
    }
  }
  for (const name of Object.getOwnPropertyNames(globals)) if (!kept.has(name)) Reflect.deleteProperty(globals, name);
}

// --- one execution ------------------------------------------------------------------------------------------------

const ENGINE_ERRORS = ["TypeError", "ReferenceError", "RangeError", "SyntaxError", "URIError", "EvalError"];

function told(error) {
  if (typeof error !== "object" || error === null || error.message === undefined) return String(error);
  if (!ENGINE_ERRORS.includes(error.name)) return String(error.message);
  const place = /([\w/-]+\.js:\d+)/.exec(String(error.stack));
  return `${error.name}: ${error.message}${place ? ` (${place[1]})` : ""}`;
}

function finish(outcome) {
  if (finished) return;
  finished = true;
  const seconds = (elapsed() - began) / 1000;
  const counts = platform ? { operations: platform.operations(), unfinished: platform.waiting() } : {};
  process.stdout.write(`${JSON.stringify({ done: { seconds, ...counts, ...outcome } })}\n`, () => process.exit(0));
}

function start(message) {
  setup = message;
  setup.now ??= Date.now();
  began = elapsed();
  build();
  at("limit", setup.inside.limits.seconds * 1000, () => {
    finish({ error: `execution time limit of ${setup.inside.limits.seconds} s exceeded` });
  });
  platform.run(setup.name, setup.arguments).then(
    (result) => finish({ result: JSON.parse(result) }),
    (error) => finish({ error: told(error) }),
  );
}

function answered(message) {
  const deliver = () => {
    platform.receive(message.id, JSON.stringify(message.answer));
    setImmediate(schedule);
  };
  pending -= 1;
  if (message.after > 0) at(`answer ${message.id}`, message.after * 1000, deliver);
  else if (message.answer) deliver();
  else schedule();
}

process.on("unhandledRejection", (error) => finish({ error: `a promise that nobody awaits failed: ${told(error)}` }));
process.on("uncaughtException", (error) => finish({ error: told(error) }));
createInterface({ input: process.stdin }).on("line", (line) => {
  const message = JSON.parse(line);
  if (finished) return;
  if (message.start) start(message.start);
  else answered(message);
});
