// What a function's source is, without running it: what the engine refuses in it, and what it asks for by name.
// Reads {path: source} on stdin, writes {path: {line, message} or {references: [{kind, name, line}]}}. Needs
// --expose-internals, for the parser that Node itself is built with; in a thread, for a stack that deep nesting fits in.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import vm from "node:vm";
import { Worker, isMainThread } from "node:worker_threads";

const KINDS = { "context.values.get": "value", "context.functions.execute": "function", "context.services.get": "service" };
const ENVIRONMENT = "context.environment.values.";
const EACH = ["map", "forEach", "filter", "every", "some"];
const FUNCTIONS = ["FunctionDeclaration", "FunctionExpression", "ArrowFunctionExpression"];

// Every node in the order of the source; each knows the one around it.
function nodesOf(root) {
  const nodes = [];
  const waiting = [root];
  while (waiting.length) {
    const node = waiting.pop();
    nodes.push(node);
    const inside = Object.values(node).flat().filter((part) => part && part.type && part !== node.around);
    for (const part of inside) part.around = node;
    waiting.push(...inside.sort((a, b) => b.start - a.start));
  }
  return nodes;
}

function literal(node) {
  if (node.type === "Literal" && typeof node.value === "string") return node.value;
  return node.type === "TemplateLiteral" && !node.expressions.length ? node.quasis[0].value.cooked : null;
}

// `context.values.get` for that and for context["values"].get; "" for anything that is not such a chain.
function pathOf(node) {
  if (node.type === "Identifier") return node.name;
  if (node.type !== "MemberExpression") return "";
  const [before, last] = [pathOf(node.object), node.computed ? literal(node.property) : node.property.name];
  return before && last ? `${before}.${last}` : "";
}

function enclosing(node) {
  let around = node.around;
  while (around && !FUNCTIONS.includes(around.type)) around = around.around;
  return around;
}

function nameOf(helper) {
  return (helper.id || (helper.around.type === "VariableDeclarator" && helper.around.id) || {}).name;
}

// What a call asks for: the kind, and the argument that names it.
function askedBy(call, askers) {
  const path = pathOf(call.callee);
  const { kind, position } = path in KINDS ? { kind: KINDS[path], position: 0 } : askers.get(path) || {};
  return kind && call.arguments[position] ? { kind, given: call.arguments[position] } : null;
}

// Helpers such as `const setting = (name) => context.values.get(name)`, and those that call such, by their name.
function askersOf(calls) {
  const askers = new Map();
  for (let before = -1; before < askers.size; ) {
    before = askers.size;
    for (const call of calls) {
      const [asked, helper] = [askedBy(call, askers), enclosing(call)];
      const position = asked && helper ? helper.params.findIndex(({ name }) => name && name === asked.given.name) : -1;
      if (position >= 0 && nameOf(helper) && !askers.has(nameOf(helper)))
        askers.set(nameOf(helper), { kind: asked.kind, position });
    }
  }
  return askers;
}

// The literals that `given` runs through in `["a", "b"].map((given) => …call(given)…)`, if it is so.
function runThrough(call, given, lists) {
  const helper = enclosing(call);
  const around = helper && helper.around.type === "CallExpression" ? helper.around.callee : {};
  if (around.type !== "MemberExpression" || !EACH.includes(around.property.name)) return [];
  if (!helper.params[0] || !given.name || helper.params[0].name !== given.name) return [];
  const list = lists.get(around.object.name) || around.object;
  return list.type === "ArrayExpression" ? list.elements.filter((element) => element && literal(element) !== null) : [];
}

function referencesOf(root) {
  const nodes = nodesOf(root);
  const calls = nodes.filter(({ type }) => type === "CallExpression");
  const bound = nodes.filter(({ type, init }) => type === "VariableDeclarator" && init && init.type === "ArrayExpression");
  const [askers, lists] = [askersOf(calls), new Map(bound.map(({ id, init }) => [id.name, init]))];
  return nodes.flatMap((node) => {
    const path = node.type === "MemberExpression" ? pathOf(node) : "";
    if (path.startsWith(ENVIRONMENT))
      return [{ kind: "environment", name: path.slice(ENVIRONMENT.length), line: node.loc.start.line }];
    const asked = node.type === "CallExpression" && askedBy(node, askers);
    if (!asked) return [];
    const names = literal(asked.given) === null ? runThrough(node, asked.given, lists) : [asked.given];
    return names.map((name) => ({ kind: asked.kind, name: literal(name), line: name.loc.start.line }));
  });
}

function read(source, acorn) {
  try {
    vm.compileFunction(source, ["exports"], { filename: "function.js" });
  } catch (error) {
    const line = Number(/function\.js:(\d+)/.exec(String(error.stack))?.[1] ?? 1);
    return { line, message: `syntax error: ${error.message}` };
  }
  try {
    const options = { ecmaVersion: "latest", locations: true, allowReturnOutsideFunction: true };
    return { references: referencesOf(acorn.parse(source, options)) };
  } catch (error) {
    return { line: error.loc?.line ?? 1, message: "is no JavaScript that the check can read: write it more plainly" };
  }
}

if (isMainThread) {
  new Worker(new URL(import.meta.url), { resourceLimits: { stackSizeMb: 64 } });
} else {
  const acorn = createRequire(import.meta.url)("internal/deps/acorn/acorn/dist/acorn");
  const sources = Object.entries(JSON.parse(readFileSync(0, "utf8")));
  process.stdout.write(JSON.stringify(Object.fromEntries(sources.map(([path, source]) => [path, read(source, acorn)]))));
}
