"""Each rule of `trigger check` has a bad example that it refuses, and what is documented passes."""

from __future__ import annotations

import pytest

from sync.triggers.check.check import source_problems

COLLECTION = 'const collection = context.services.get("mongodb-atlas").db("d").collection("x");'
MIRROR = (
    'const mirror = context.services.get("mongodb-atlas").db("d").collection(context.values.get("linkyCollectionTS"));'
)


def messages(body: str, before: str = "") -> list[str]:
    """What is said of one line within a function; every problem must be said of that line."""
    known = f"{COLLECTION}{MIRROR} mirror.find(); collection.find();"
    source = f"{before}\nexports = async function (given) {{\n{known}\n{body}\n}};"
    found = list(source_problems("functions/f.js", source))
    assert {problem.line for problem in found} <= {4}, found
    return [problem.message for problem in found]


SYNTAX = {
    "given?.x;": "optional chaining",
    "given?.();": "optional chaining",
    "let a = 1; a ??= 2;": "??= is not",
    "let a = 1; a ||= 2;": "||= is not",
    "let a = 1; a &&= 2;": "&&= is not",
    "const n = 10n;": "BigInt is not",
    "const n = 1_000;": "_ between digits",
    "try { given(); } catch { given(); }": "catch without a name",
    "class A { x = 1; }": "class field",
    "class A { #x() {} }": "private name",
    "class A { static { given(); } }": "static block",
    "with (given) { given(); }": "with: name",
    "/a/y.test(given);": "flag y",
    "/a/gu.test(given);": "flag u",
    "/a/s.test(given);": "flag s",
    'new RegExp("a", "u");': "flag u",
    'RegExp("a", "y");': "flag y",
    "/(?<year>a)/.test(given);": "named groups",
    "/(?<=a)b/.test(given);": "lookbehind",
    "/a/.flags;": "property flags",
    'import("x");': "a function file imports nothing",
    "import.meta.url;": "a function file imports nothing",
}
NAMES = {
    "process.env.X;": "process is not",
    'Buffer.from("x");': "Buffer is not",
    'fetch("x");': "use context.http.get",
    "globalThis.x = 1;": "globalThis is not",
    "new Proxy({}, {});": "Proxy is not",
    "Reflect.ownKeys(given);": "Reflect is not",
    "new WeakSet();": "WeakSet is not",
    "BigInt(1);": "BigInt is not",
    "new Intl.DateTimeFormat();": "do UTC arithmetic",
    "new TextDecoder().decode(given);": "TextDecoder is not",
    "new TextEncoder();": "TextEncoder is not",
    "structuredClone(given);": "structuredClone is declared nowhere",
    "clearTimeout(given);": "only setTimeout",
    "leaked = 1;": "leaked is declared nowhere",
    "{ const inner = 1; given(inner); } given(inner);": "inner is declared nowhere",
    "module.exports = 1;": "there is no module",
    "Array.from(given);": "Array.from is not",
    "Array.of(1);": "Array.of is not",
    'Array["from"](given);': "Array.from is not",
    "[1].map(Number.isFinite);": "Number.isFinite is not",
    "Number.isInteger(1);": "Number.isInteger is not",
    "Number.parseFloat(1);": "Number.parseFloat is not",
    "Number.MAX_SAFE_INTEGER;": "Number.MAX_SAFE_INTEGER is not",
    "Math.trunc(1);": "Math.trunc is not",
    "Math.sign(1);": "Math.sign is not",
    "Object.fromEntries(given);": "Object.fromEntries is not",
    "given(Promise.allSettled);": "Promise.allSettled is not",
    "[1].at(-1);": "the method at",
    "[1].findLast(given);": "the method findLast",
    '"a".matchAll(/a/g);': "the method matchAll",
    'new Date().toLocaleString("fr");': "the method toLocaleString",
    'require("axios");': "use no module",
    'require("./other");': "require of a file",
    'require("../utils/other");': "require of a file",
    "await context.http.post({});": "context.http.post is not offered",
    "context.values.set(1);": "context.values.set is not offered",
    "utils.crypto.encrypt(1);": "utils.crypto.encrypt is not offered",
    'console.warn("x");': "console.warn is not offered",
    "new BSON.UUID();": "BSON.UUID is not offered",
    "EJSON.serialize({});": "EJSON.serialize is not offered",
}
CALLS = {
    "await collection.findOne({}, {sort: {a: 1}});": "findOne with sort",
    "await collection.findOne({}, {a: 1}, {sort: {a: 1}});": "it takes no such option",
    "await collection.find({}, {projection: {a: 1}}).toArray();": "find with projection",
    "await given.find({}, {limit: 1}).toArray();": "find with limit",
    "await collection.countDocuments({});": "countDocuments is of the Node driver",
    "await collection.estimatedDocumentCount();": "estimatedDocumentCount is of",
    "await collection.createIndex({a: 1});": "createIndex is of",
    "await collection.findOneAndUpdate({}, {});": "findOneAndUpdate is of",
    'await given.createCollection("x");': "createCollection is of",
    "await given.runCommand({});": "runCommand is of",
    "await collection.replaceOne({}, {});": "a collection has no replaceOne",
    "await collection.drop();": "a collection has no drop",
    "const r = await collection.bulkWrite([{deleteOne: {filter: {}}}]); given(r);": "resolves to null",
    "given((await collection.bulkWrite([{deleteOne: {filter: {}}}])).x);": "resolves to null",
    "const r = await collection.insertMany([{}]); given(r.insertedCount);": "insertedCount is of",
    "await collection.insertOne({}, {ordered: false});": "insertOne has no option ordered",
    "await collection.insertMany([{}], {w: 1});": "insertMany has no option w",
    'await collection.aggregate([{$merge: {into: "x"}}]).toArray();': "$merge cannot",
    'await collection.aggregate([{$out: "x"}]).toArray();': "$out replaces",
    "await collection.aggregate([{$indexStats: {}}]).toArray();": "no stage $indexStats",
    "await collection.aggregate([{$currentOp: {}}]).toArray();": "no stage $currentOp",
    "const s = given.startSession(); given(s);": "a transaction cannot",
    "await given.withTransaction(given);": "a transaction cannot",
    "await mirror.updateOne({}, {$set: {a: 1}});": "updateOne on a time-series",
    "await mirror.updateMany({}, {$set: {a: 1}}, {upsert: true});": "updateMany on a time-series",
    "await mirror.bulkWrite([{replaceOne: {filter: {}, replacement: {}}}]);": "bulkWrite on a time-series",
    'await given.collection("consumptionTS").updateOne({}, {});': "updateOne on a time-series",
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


@pytest.mark.parametrize(("body", "words"), (SYNTAX | NAMES | CALLS).items(), ids=lambda text: text)
def test_refused(body: str, words: str) -> None:
    found = messages(body)
    assert any(words in message for message in found), found


@pytest.mark.parametrize(("body", "words"), PROMISES.items(), ids=lambda text: text)
def test_a_dropped_promise_is_refused(body: str, words: str) -> None:
    [message] = messages(body, ASYNC)
    assert words in message


@pytest.mark.parametrize(
    "body",
    [
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
    ],
    ids=lambda text: text,
)
def test_documented_code_passes(body: str) -> None:
    assert messages(body, ASYNC) == []


def problems(source: str) -> list[str]:
    return [f"{problem.line}: {problem.message}" for problem in source_problems("functions/f.js", source)]


def test_the_guard_of_the_official_pages_for_unit_tests_passes() -> None:
    guard = 'if (typeof module !== "undefined") {\n  module.exports = exports;\n}'
    assert problems(f"exports = () => 1;\n{guard}") == []


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ('const fs = require("fs");\nexports = () => fs;', "1: require at the top level"),
        ("const x = 1;", "1: assigns no function to exports"),
        ("exports = 5;", "1: exports must be one function"),
        ("const x = 5;\nexports = x;", "2: exports must be one function"),
        ("if (context) { const f = () => { exports = () => 1; }; f(); }", "1: exports must be one function"),
        ("exports = () => 1;\nexports = () => 2;", "2: assigns exports again"),
        ("return 5;\nexports = () => 1;", "1: return outside"),
        ("// 21121707640844\nexports = () => 1;", "1: holds a token or a PRM"),
        ("exports = () => 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOlsi.c2lnbmF0dXJl';", "1: holds a token or a PRM"),
    ],
)
def test_the_file_as_a_whole(source: str, words: str) -> None:
    assert any(problem.startswith(words) for problem in problems(source)), problems(source)


@pytest.mark.parametrize(
    "source", ["async function f() { return 1; }\nexports = f;", "const f = () => 1;\nexports = f;"]
)
def test_exports_may_be_a_name(source: str) -> None:
    assert problems(source) == []
