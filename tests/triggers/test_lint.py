"""ESLint with the project's rules refuses a bad example of each, and what is documented passes."""

from __future__ import annotations

import pytest

from tests.eslint import lint_project, lint_texts

COLLECTION = 'const collection = context.services.get("mongodb-atlas").db("d").collection("x");'
MIRROR = (
    'const mirror = context.services.get("mongodb-atlas").db("d").collection(context.values.get("linkyCollectionTS"));'
)


def body_file(body: str, before: str = "") -> str:
    """A function file with this body in its fourth line."""
    used = f"{COLLECTION}{MIRROR} mirror.find(); collection.find();"
    return f"{before}\nexports = async function (given) {{\n{used}\n{body}\n}};"


SYNTAX = {
    "given?.x;": "optional chaining",
    "given?.();": "optional chaining",
    "let a = 1; a ??= 2;": "logical assignment",
    "let a = 1; a ||= 2;": "logical assignment",
    "let a = 1; a &&= 2;": "logical assignment",
    "const n = 10n;": "BigInt is forbidden",
    "const n = 1_000;": "numeric separators",
    "try { given(); } catch { given(); }": "optional 'catch' binding",
    "class A { x = 1; }": "instance field",
    "class A { #x() {} }": "private method",
    "class A { static { given(); } }": "static block",
    "with (given) { given(); }": "'with' statement",
    "/a/y.test(given);": "RegExp 'y' flag",
    "/a/gu.test(given);": "RegExp 'u' flag",
    "/a/s.test(given);": "RegExp 's' flag",
    'new RegExp("a", "u");': "RegExp 'u' flag",
    'RegExp("a", "y");': "RegExp 'y' flag",
    "/(?<year>a)/.test(given);": "named capture groups",
    "/(?<=a)b/.test(given);": "lookbehind",
    "/a/.flags;": "this property of a regular expression",
    'import("x");': "'import()' syntax",
    "import.meta.url;": "'import.meta'",
}
NAMES = {
    "process.env.X;": "use context.values",
    'Buffer.from("x");': "use BSON.Binary",
    'fetch("x");': "use context.http.get",
    "globalThis.x = 1;": "'globalThis' is not",
    "new Proxy({}, {});": "'Proxy' is not",
    "Reflect.ownKeys(given);": "'Reflect' is not",
    "new WeakSet();": "use WeakMap",
    "BigInt(1);": "use numbers",
    "new Intl.DateTimeFormat();": "do UTC arithmetic",
    "new TextDecoder().decode(given);": "use BSON.Binary and its text()",
    "new TextEncoder();": "use BSON.Binary.fromText",
    "structuredClone(given);": "'structuredClone' is not defined",
    "clearTimeout(given);": "only setTimeout",
    "leaked = 1;": "'leaked' is not defined",
    "{ const inner = 1; given(inner); } given(inner);": "'inner' is not defined",
    "module.exports = 1;": "there is no module",
    "Array.from(given);": "'Array.from' is restricted",
    "Array.of(1);": "'Array.of' is restricted",
    'Array["from"](given);': "'Array.from' is restricted",
    "[1].map(Number.isFinite);": "'Number.isFinite' is restricted",
    "Number.isInteger(1);": "'Number.isInteger' is restricted",
    "Number.parseFloat(1);": "'Number.parseFloat' is restricted",
    "Number.MAX_SAFE_INTEGER;": "'Number.MAX_SAFE_INTEGER' is restricted",
    "Math.trunc(1);": "'Math.trunc' is restricted",
    "Math.sign(1);": "'Math.sign' is restricted",
    "Object.fromEntries(given);": "'Object.fromEntries' is restricted",
    "given(Promise.allSettled);": "'Promise.allSettled' is restricted",
    "[1].at(-1);": "this method is not in the documented runtime",
    "[1].findLast(given);": "this method is not in the documented runtime",
    '"a".matchAll(/a/g);': "this method is not in the documented runtime",
    'new Date().toLocaleString("fr");': "this method is not in the documented runtime",
    'require("axios");': "use no module",
    'require("./other");': "use no module; share code",
    'require("../utils/other");': "use no module; share code",
    "await context.http.post({});": "context.http offers functions",
    "context.values.set(1);": "context.values offers functions",
    "utils.crypto.encrypt(1);": "utils.crypto offers functions",
    'console.warn("x");': "'console.warn' is restricted",
    "new BSON.UUID();": "'BSON.UUID' is restricted",
    "EJSON.serialize({});": "'EJSON.serialize' is restricted",
}
CALLS = {
    "await collection.findOne({}, {sort: {a: 1}});": "an option of the Node driver",
    "await collection.findOne({}, {a: 1}, {sort: {a: 1}});": "an option of the Node driver",
    "await collection.find({}, {projection: {a: 1}}).toArray();": "the 2nd argument is the projection",
    "await given.find({}, {limit: 1}).toArray();": "use find(…).sort(…)",
    "await collection.countDocuments({});": "the client of functions does not have it",
    "await collection.estimatedDocumentCount();": "the client of functions does not have it",
    "await collection.createIndex({a: 1});": "the client of functions does not have it",
    "await collection.findOneAndUpdate({}, {});": "the client of functions does not have it",
    'await given.createCollection("x");': "the client of functions does not have it",
    "await given.runCommand({});": "the client of functions does not have it",
    "await collection.replaceOne({}, {});": "the client of functions does not have it",
    "await collection.drop();": "the client of functions does not have it",
    "const r = await collection.bulkWrite([{deleteOne: {filter: {}}}]); given(r);": "resolves to null",
    "given((await collection.bulkWrite([{deleteOne: {filter: {}}}])).x);": "resolves to null",
    "const r = await collection.insertMany([{}]); given(r.insertedCount);": "results of functions do not have it",
    "await collection.insertOne({}, {ordered: false});": "insertOne has no option",
    "await collection.insertMany([{}], {w: 1});": "insertMany has only the option ordered",
    'await collection.aggregate([{$merge: {into: "x"}}]).toArray();': "$merge cannot",
    'await collection.aggregate([{$out: "x"}]).toArray();': "$out replaces",
    "await collection.aggregate([{$indexStats: {}}]).toArray();": "a function has no such stage",
    "await collection.aggregate([{$currentOp: {}}]).toArray();": "a function has no such stage",
    "const s = given.startSession(); given(s);": "a transaction cannot",
    "await given.withTransaction(given);": "a transaction cannot",
    "await mirror.updateOne({}, {$set: {a: 1}});": "never made on a time-series collection",
    "await mirror.updateMany({}, {$set: {a: 1}}, {upsert: true});": "never made on a time-series collection",
    "await mirror.bulkWrite([{replaceOne: {filter: {}, replacement: {}}}]);": "never made on a time-series collection",
    'await given.collection("consumptionTS").updateOne({}, {});': "never made on a time-series collection",
}
ASYNC = "async function later(callback) { await callback(); }"
PROMISES = {
    "collection.insertOne({});": "the promise of insertOne",
    "collection.find({}).toArray();": "the promise of toArray",
    "collection.find({}).next();": "the promise of next",
    "collection.count({});": "the promise of count",
    'context.http.get({url: "x"});': "the promise of context.http.get",
    'context.functions.execute("other");': "the promise of context.functions.execute",
    "later(given);": "the promise of later",
    "given && later(given);": "the promise of later",
    "given ? later(given) : 1;": "the promise of later",
    "(later(given), given());": "the promise of later",
    "void later(given);": "the promise of later",
    "if (later(given)) { given(); }": "the promise of later",
    "given((later(given)).length);": "the promise of later",
    "later(given).then(given);": "the promise of then",
    "const p = later(given); p.then(given);": "the promise of then",
    "Promise.all([later(given)]);": "the promise of Promise.all",
    "const lost = collection.insertOne({});": "kept in lost and never awaited",
    "(async () => { await given(); })();": "the promise of the async function",
    "[1].forEach(async (x) => { await given(x); });": "forEach with an async function",
    "[1].filter(async (x) => given(x));": "filter with an async function",
    "[1].map(async (x) => given(x));": "map with an async function",
    "await given.map(async (x) => given(x));": "map with an async function",
    "const run = () => { later(given); }; run();": "the promise of later",
}


DOCUMENTED = [
    "return later(given);",
    "const p = later(given); given(); await p;",
    "await Promise.race([later(given), new Promise((done) => setTimeout(done, 5))]);",
    "const all = await Promise.all([1].map(async (x) => given(x))); return all;",
    "const all = [1].map((x) => later(x)); await Promise.all(all);",
    "const p = later(given); p.catch(() => 0); await p;",
    "await (given && later(given));",
    "const run = () => later(given); await run();",
    "for (const each of given) await later(each);",
    "for await (const each of given()) given(each);",
    "given.forEach((x) => given(x)); [1].find((x) => x); given.next(); given.count();",
    "const {a, b: {c = a}, ...rest} = given; given(a, c, rest); label: for (;;) { break label; }",
    "const f = function self(n) { return n && self(n - 1); }; f(...arguments);",
    "class A { constructor() { this.made = new.target; } m() { return this.made; } } return new A();",
    "var late = () => hoisted(); late(); function hoisted() { return typeof unknown; }",
    "return {...given, [given]: given, given, get x() { return 1; }, async y() { return given ?? 2 ** 3; }};",
    "await collection.insertMany([{a: BSON.Int32(1)}]); await mirror.insertMany([{}], {ordered: false});",
    "await collection.updateOne({}, {$set: {a: 1}}, {upsert: true});",
    "await mirror.find({}, {_id: 0}).sort({ts: 1}).limit(1).next();",
    "await collection.bulkWrite([{updateOne: {filter: {}, update: {}}}], {ordered: false});",
    'return "a".replaceAll("a", "b").padStart(2).includes("b") && Math.floor(1.5) && isFinite(1);',
    "return Array.prototype.slice.call(given).concat(Object.entries({}), Array.isArray([]));",
    "return [Number('1'), parseInt('1', 10), new Map(), new Set()];",
    "try { given(); } catch (error) { throw new Error(error.message); } finally { given(/a/gim.test('a')); }",
    "function process(Buffer) { return Buffer; } process(1);",
    "const at = {at: 1}; return at.at;",
]
GUARD = 'if (typeof module !== "undefined") {\n  module.exports = exports;\n}'
FILES = {
    'const fs = require("fs");\nexports = () => fs;': "1: Unexpected use of 'require'",
    "const x = 1;": "1: assigns no function to exports",
    "exports = 5;": "1: exports must be one function",
    "const x = 5;\nexports = x;": "2: exports must be one function",
    "if (context) { const f = () => { exports = () => 1; }; f(); }": "1: exports must be assigned at the top level",
    "exports = () => 1;\nexports = () => 2;": "2: assigns exports again",
    "return 5;\nexports = () => 1;": "1: Parsing error: 'return' outside",
}
GOOD_FILES = (
    f"exports = () => 1;\n{GUARD}",
    "async function f() { return 1; }\nexports = f;",
    "const f = () => 1;\nexports = f;",
)
REFUSED = SYNTAX | NAMES | CALLS


@pytest.fixture(scope="module")
def found() -> dict[str, list[tuple[int, str]]]:
    """What is said of every example, by its text."""
    plain = {body: body_file(body) for body in REFUSED}
    with_later = {body: body_file(body, ASYNC) for body in (*PROMISES, *DOCUMENTED)}
    return lint_texts(plain | with_later | {source: source for source in (*FILES, *GOOD_FILES)})


Found = dict[str, list[tuple[int, str]]]


@pytest.mark.parametrize(("body", "words"), REFUSED.items(), ids=lambda text: text)
def test_refused(found: Found, body: str, words: str) -> None:
    assert {line for line, _ in found[body]} == {4}, found[body]
    assert any(words in message for _, message in found[body]), found[body]


@pytest.mark.parametrize(("body", "words"), PROMISES.items(), ids=lambda text: text)
def test_a_dropped_promise_is_refused(found: Found, body: str, words: str) -> None:
    [(line, message)] = found[body]
    assert line == 4
    assert words in message


@pytest.mark.parametrize("text", [*DOCUMENTED, *GOOD_FILES])
def test_documented_code_passes(found: Found, text: str) -> None:
    assert found[text] == []


@pytest.mark.parametrize(("source", "words"), FILES.items())
def test_the_file_as_a_whole(found: Found, source: str, words: str) -> None:
    assert any(f"{line}: {message}".startswith(words) for line, message in found[source]), found[source]


def test_the_projects_own_files_pass() -> None:
    assert lint_project() == 0
