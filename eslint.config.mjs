// What the Atlas functions may be written with. What their runtime does not document (surface.json) is refused, however
// likely it works; and so are the Node driver's habits, writes that a time-series collection refuses, and promises that
// nobody awaits. Run by `make check`.
import { readFileSync } from "node:fs";
import es from "eslint-plugin-es-x";

const surface = JSON.parse(readFileSync(new URL("sync/triggers/run/runtime/surface.json", import.meta.url), "utf8"));

// --- names ------------------------------------------------------------------------------------------------------------

const HINTS = {
  BigInt: "use numbers, or BSON.Long for a 64-bit field",
  Buffer: "use BSON.Binary.fromText, fromHex, fromBase64",
  Intl: "do UTC arithmetic",
  TextDecoder: "use BSON.Binary and its text()",
  TextEncoder: "use BSON.Binary.fromText",
  WeakSet: "use WeakMap",
  clearTimeout: "only setTimeout is documented; let it pass",
  fetch: "use context.http.get",
  process: "use context.values and Date.now()",
  require: "the functions of this project use no module; share code by context.functions.execute",
  setInterval: "use setTimeout",
};
const allowed = [...surface.globals, ...surface.platform_globals, ...Object.keys(HINTS), "module"];
const globals = {
  ...Object.fromEntries(Object.getOwnPropertyNames(globalThis).map((name) => [name, "off"])),
  ...Object.fromEntries(allowed.map((name) => [name, "readonly"])),
  exports: "writable",
};
const hinted = Object.entries(HINTS).map(([name, hint]) => ({
  name,
  message: `${name} is not in the runtime of functions: ${hint}`,
}));

const OF_EVERY_CONSTRUCTOR = ["prototype", "name", "length"];
const members = Object.entries({ ...surface.statics, ...surface.platform_members });
const properties = members
  .filter(([path]) => !path.includes("."))
  .map(([object, names]) => ({
    object,
    allowProperties: object in surface.statics ? [...names, ...OF_EVERY_CONSTRUCTOR] : names,
    message: "It is not in the runtime of functions.",
  }));
const nested = members
  .filter(([path]) => path.includes("."))
  .map(([path, names]) => {
    const [object, property] = path.split(".");
    const holder = `[object.object.name='${object}'][object.property.name='${property}']`;
    return [`MemberExpression${holder}:not([property.name=${among(names)}])`, `${path} offers functions ${names} only`];
  });

// --- syntax and calls -------------------------------------------------------------------------------------------------

const refused = new Set(Object.values(surface.refused_methods).flat());
refused.delete("description");
const REGEX_PROPERTIES = ["flags", "global", "ignoreCase", "multiline", "source", "sticky", "unicode", "dotAll"];
const DRIVER_ONLY = [
  "bulkInsert", "command", "countDocuments", "createCollection", "createIndex", "createIndexes", "drop",
  "dropCollection", "dropDatabase", "dropIndex", "dropIndexes", "estimatedDocumentCount", "findOneAndDelete",
  "findOneAndReplace", "findOneAndUpdate", "hasNext", "indexes", "initializeOrderedBulkOp", "initializeUnorderedBulkOp",
  "isCapped", "listCollections", "listIndexes", "rename", "replaceOne", "runCommand", "watch",
];
const DRIVER_RESULTS = ["insertedCount", "upsertedCount", "nInserted", "nModified", "nMatched"];
const FIND_OPTIONS = ["hint", "limit", "projection", "skip", "sort"];
const MIRROR = "/(TS|[Tt]ime_?[Ss]eries|[Mm]irror)$/";
const UPDATE = "is never made on a time-series collection: mark the series for repair";

function among(names) {
  return `/^(${[...names].join("|")})$/`;
}
function calls(names) {
  return `CallExpression[callee.property.name=${among(names)}]`;
}

const SYNTAX = [
  ["Program > :not(IfStatement[test.left.argument.name='module']) MemberExpression[object.name='module']",
    "there is no module: assign one function to exports"],
  [`MemberExpression[object.regex][property.name=${among(REGEX_PROPERTIES)}]`,
    "this property of a regular expression is not in the runtime of functions"],
  [calls(refused), "this method is not in the documented runtime of functions"],
  [calls(DRIVER_ONLY), "this method is of the Node driver: the client of functions does not have it"],
  [`MemberExpression[property.name=${among(DRIVER_RESULTS)}]`,
    "this is of the Node driver: results of functions do not have it"],
  [calls(["startSession", "startTransaction", "withTransaction"]),
    "a transaction cannot write to a time-series collection; write so that a re-run heals"],
  [`${calls(["find", "findOne"])} > ObjectExpression:not(:first-child) > Property[key.name=${among(FIND_OPTIONS)}]`,
    "an option of the Node driver: the 2nd argument is the projection; use find(…).sort(…).limit(1).next()"],
  [`:matches(VariableDeclarator, MemberExpression, AssignmentExpression) > AwaitExpression > ${calls(["bulkWrite"])}`,
    "bulkWrite resolves to null: read again to know what was written"],
  [`${calls(["insertOne"])} > ObjectExpression:nth-child(2) > Property`, "insertOne has no option in functions"],
  [`${calls(["insertMany"])} > ObjectExpression:nth-child(2) > Property:not([key.name='ordered'])`,
    "insertMany has only the option ordered in functions"],
  ["Property[key.name=/^[$](indexStats|currentOp)$/]", "a function has no such stage"],
  ["Property[key.name='$merge']", "$merge cannot write to a time-series collection: insert what it lacks"],
  ["Property[key.name='$out']", "$out replaces a whole collection: leave that to the command repair"],
  [`${calls(["updateOne", "updateMany"])}:matches([callee.object.name=${MIRROR}], ` +
    `[callee.object.arguments.0.value=${MIRROR}])`, `an update ${UPDATE}`],
  [`${calls(["bulkWrite"])}[callee.object.name=${MIRROR}] Property[key.name=/^(update|replace)/]`, `an update ${UPDATE}`],
  ["Program:not(:has(AssignmentExpression[left.name='exports']))",
    "assigns no function to exports: exports = async function () { … };"],
  [":not(Program) > ExpressionStatement > AssignmentExpression[left.name='exports']",
    "exports must be assigned at the top level of the file"],
  [":has(> AssignmentExpression[left.name='exports']) ~ ExpressionStatement > AssignmentExpression[left.name='exports']",
    "assigns exports again: a file is one function"],
  ...nested,
]; // prettier-ignore

const ES = [
  "no-bigint", "no-class-instance-fields", "no-class-private-fields", "no-class-private-methods",
  "no-class-static-block", "no-class-static-fields", "no-dynamic-import", "no-import-meta",
  "no-logical-assignment-operators", "no-numeric-separators", "no-optional-catch-binding", "no-optional-chaining",
  "no-regexp-d-flag", "no-regexp-lookbehind-assertions", "no-regexp-named-capture-groups", "no-regexp-s-flag",
  "no-regexp-u-flag", "no-regexp-unicode-property-escapes", "no-regexp-v-flag", "no-regexp-y-flag",
];

// --- promises: each is awaited, returned or handed on, for the platform may end a function before a dropped one ---------

const FUNCTION = /Function/;
const PROMISING = [
  "bulkWrite", "deleteMany", "deleteOne", "distinct", "findOne", "insertMany", "insertOne", "toArray", "updateMany",
  "updateOne",
];
const PARTS = ["then", "catch", "finally"];
const CURSOR_STEPS = ["find", "aggregate", "sort", "limit", "skip"];
const AWAITS_NOTHING = ["every", "filter", "find", "findIndex", "forEach", "reduce", "some", "sort"];
const TAKES_PROMISE = [
  "ArrayExpression", "AssignmentExpression", "AssignmentPattern", "AwaitExpression", "ForOfStatement", "Property",
  "ReturnStatement", "VariableDeclarator", "YieldExpression",
];

function isAsync(node) {
  return Boolean(node) && FUNCTION.test(node.type) && node.async;
}

// Whether an expression has the value of this part of it.
function passesOn(parent, node) {
  if (parent.type === "LogicalExpression") return parent.right === node;
  if (parent.type === "ConditionalExpression") return parent.test !== node;
  return parent.type === "SequenceExpression" && parent.expressions.at(-1) === node;
}

function takes(parent, node) {
  if (parent.arguments) return parent.arguments.includes(node);
  return TAKES_PROMISE.includes(parent.type) || (parent.type === "ArrowFunctionExpression" && parent.body === node);
}

function promises(code) {
  function variable(name) {
    for (let scope = code.getScope(name); scope; scope = scope.upper)
      if (scope.set.has(name.name)) return scope.set.get(name.name);
    return null;
  }
  function definition(name) {
    const { type, node } = variable(name)?.defs[0] ?? {};
    return type === "FunctionName" ? node : type === "Variable" ? node.init : null;
  }
  function isCollection(node) {
    if (node.type === "Identifier") node = definition(node) ?? node;
    return node.type === "CallExpression" && node.callee.property?.name === "collection";
  }
  // Whether what stands before `.then` is a promise. `name.catch(…)` keeps a promise that is held from being loud.
  function isPromise(node, part) {
    if (node.type === "CallExpression") return promised(node) !== "";
    return node.type === "NewExpression" || (node.type === "Identifier" && part !== "catch");
  }
  // What promises something in a call; empty when nothing does.
  function promised({ callee }) {
    if (isAsync(callee)) return "the async function";
    if (callee.type === "Identifier") return isAsync(definition(callee)) ? callee.name : "";
    if (callee.type !== "MemberExpression") return "";
    const [holder, name] = [callee.object, callee.property.name];
    const place = code.getText(holder);
    if (["context.http", "context.functions"].includes(place)) return `${place}.${name}`;
    if (["all", "race"].includes(name)) return place === "Promise" ? `Promise.${name}` : "";
    if (PARTS.includes(name)) return isPromise(holder, name) ? name : "";
    if (name === "next") return CURSOR_STEPS.includes(holder.callee?.property?.name) ? name : "";
    return PROMISING.includes(name) || (name === "count" && isCollection(holder)) ? name : "";
  }
  return { promised, isUsed: (name) => variable(name).references.some(({ init }) => !init) };
}

const dropped = {
  create(context) {
    const { promised, isUsed } = promises(context.sourceCode);
    const say = (node, message) => context.report({ node, message });
    function checkPromise(node, name) {
      let current = node;
      while (passesOn(current.parent, current)) current = current.parent;
      const { parent } = current;
      if (parent.type === "MemberExpression" && parent.object === current && PARTS.includes(parent.property.name)) return;
      if (!takes(parent, current)) say(node, `the promise of ${name} is not awaited`);
      else if (parent.type === "VariableDeclarator" && parent.id.type === "Identifier" && !isUsed(parent.id))
        say(node, `the promise of ${name} is kept in ${parent.id.name} and never awaited`);
    }
    return {
      CallExpression(node) {
        const { property } = node.callee;
        const late = property && node.arguments.some(isAsync);
        if (late && AWAITS_NOTHING.includes(property.name))
          say(node, `${property.name} with an async function awaits nothing: use for … of with await`);
        else if (late && property.name === "map") {
          const handed = node.parent.arguments || ["VariableDeclarator", "ReturnStatement"].includes(node.parent.type);
          if (!handed) say(node, "map with an async function makes promises that nobody awaits: use Promise.all");
        } else if (promised(node)) checkPromise(node, promised(node));
      },
      "Program > ExpressionStatement > AssignmentExpression[left.name='exports']"({ right }) {
        const [defined] = context.sourceCode.getScope(right).set.get(right.name)?.defs ?? [];
        const value = defined?.node.init ?? defined?.node ?? right;
        if (!FUNCTION.test(value.type)) say(right, "exports must be one function");
      },
    };
  },
};

export default [
  {
    files: ["atlas_functions/functions/**/*.js"],
    languageOptions: { ecmaVersion: 2024, sourceType: "script", globals },
    linterOptions: { noInlineConfig: true },
    plugins: { es, atlas: { rules: { dropped } } },
    rules: {
      "no-undef": "error",
      "no-with": "error",
      "no-restricted-globals": ["error", ...hinted],
      "no-restricted-properties": ["error", ...properties],
      "no-restricted-syntax": ["error", ...SYNTAX.map(([selector, message]) => ({ selector, message }))],
      ...Object.fromEntries(ES.map((rule) => [`es/${rule}`, "error"])),
      "atlas/dropped": "error",
    },
  },
  {
    files: ["**/*.js", "**/*.mjs"],
    languageOptions: { ecmaVersion: 2024 },
    rules: { "no-unused-vars": ["error", { caughtErrors: "none" }], "prefer-const": "error", "no-var": "error", eqeqeq: "error" },
  },
];
