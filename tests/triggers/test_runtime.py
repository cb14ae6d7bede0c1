"""What the runtime holds and what it does not: globals, BSON, EJSON, utils, the clock."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from bson import ObjectId

from tests.triggers.trees import error_of, result_of

NOW = datetime(2026, 3, 29, 5, 7, tzinfo=UTC)


ABSENT = [
    *("module", "process", "require", "global", "globalThis", "Buffer", "fetch", "URL", "structuredClone"),
    *("Intl", "BigInt", "BigInt64Array", "Proxy", "Reflect", "WeakSet", "WeakRef", "TextDecoder", "TextEncoder"),
    *(
        "WebAssembly",
        "SharedArrayBuffer",
        "Atomics",
        "Iterator",
        "AggregateError",
        "queueMicrotask",
        "clearTimeout",
        "setInterval",
    ),
    *("Array.from", "Array.of", "Number.isFinite", "Number.isInteger", "Number.parseFloat", "Math.trunc"),
    *("Math.sign", "Math.hypot", "Object.fromEntries", "Object.hasOwn", "Object.groupBy", "Promise.allSettled"),
    *("Promise.any", "Promise.withResolvers", "Map.groupBy", "[].at", "[].findLast", "[].toSorted", '"".matchAll'),
    *('"".at', "new Set().union", "new Date().toLocaleDateString", "new Date().toLocaleTimeString", "[].values().map"),
    *("context.http.post", "context.values.set", "console.warn", "utils.crypto.encrypt", "collection.replaceOne"),
    *("collection.countDocuments", "collection.createIndex", "collection.findOneAndUpdate", "client.admin"),
    *("collection.estimatedDocumentCount", "client.db('a').createCollection", "client.db('a').runCommand"),
    *("collection.find().count", "collection.aggregate([{}]).sort", "BSON.Int32(1).toNumber", "BSON.EJSON"),
    *("collection.updateOne", "collection.count", "client.startSession", "utils.jwt"),
]


def test_what_is_not_documented_is_not_there(tmp_path: Path) -> None:
    kinds = result_of(tmp_path, f"return [{', '.join(f'typeof {name}' for name in ABSENT)}];")
    assert {name: kind for name, kind in zip(ABSENT, kinds, strict=True) if kind != "undefined"} == {}


def test_what_is_documented_is_there(tmp_path: Path) -> None:
    body = """
    function* numbers() { yield 1; yield 2; }
    const {a, ...rest} = {a: 1, b: 2, c: [3, ...numbers()]};
    const seen = [];
    for await (const each of (async function* () { yield 2 ** 3; })()) seen.push(each);
    const late = await Promise.race([new Promise((done) => setTimeout(done, 20, "late")), Promise.resolve("first")]);
    return [a, rest, seen, late, null ?? "x", new Map([[1, 2]]).get(1), "aa".replaceAll("a", "b"), Math.floor(1.5),
      Array.isArray([]), Object.entries({k: 1}), [1, 2].includes(2), "7".padStart(2, "0"), new Uint8Array(2).length];
    """
    assert result_of(tmp_path, body) == [
        *(1, {"b": 2, "c": [3, 1, 2]}, [8], "first", "x", 2, "bb", 1, True, [["k", 1]], True, "07", 2)
    ]


def test_no_way_out_to_node(tmp_path: Path) -> None:
    body = """
    const ways = [this, context, BSON, setTimeout, collection, new BSON.ObjectId(), new Error("x"), async () => 1];
    return ways.map((way) => {
      try { return way.constructor.constructor("return typeof process + typeof require")(); }
      catch (error) { return "undefinedundefined"; }
    });
    """
    assert set(result_of(tmp_path, body)) == {"undefinedundefined"}


def test_types_are_written_and_read(tmp_path: Path) -> None:
    body = """
    const hex = "5e58667d902d38559c802b13";
    return EJSON.parse(EJSON.stringify({
      id: new BSON.ObjectId(hex), int: BSON.Int32(5), long: BSON.Long(600206158, 342), double: BSON.Double(2),
      when: new Date(0), no: null, plain: 42, half: 0.5, text: "x", list: [true, undefined],
      absent: undefined,
    }));
    """
    found = result_of(tmp_path, body)
    assert "absent" not in found
    assert found["id"] == ObjectId("5e58667d902d38559c802b13")
    assert found["long"] == 342 * 2**32 + 600206158
    assert found["when"] == datetime(1970, 1, 1, tzinfo=UTC)
    assert (found["plain"], found["half"], found["list"]) == (42, 0.5, [True, None])


def test_a_whole_number_is_a_long_in_the_official_form(tmp_path: Path) -> None:
    body = """return EJSON.stringify({answer: 42, half: 3.14159, whole: BSON.Double(3), big: 1e21, nothing: -0,
      submittedAt: new Date("2020-03-02T16:46:47.977Z"), int: BSON.Int32(-1)});"""
    assert result_of(tmp_path, body) == (
        '{"answer":{"$numberLong":"42"},"half":{"$numberDouble":"3.14159"},"whole":{"$numberDouble":"3.0"},'
        '"big":{"$numberDouble":"1e+21"},"nothing":{"$numberDouble":"-0.0"},'
        '"submittedAt":{"$date":{"$numberLong":"1583167607977"}},"int":{"$numberInt":"-1"}}'
    )


@pytest.mark.parametrize(
    ("expression", "words"),
    [
        ("BSON.Int32(1.5)", "32-bit"),
        ("BSON.Int32(2147483648)", "32-bit"),
        ("BSON.Int32('5')", "32-bit"),
        ("BSON.Double('5')", "number"),
        ("new BSON.ObjectId('xyz')", "24 hex"),
        ("BSON.Binary.fromBase64('eyJhIjoxfQ')", "padding"),
        ("EJSON.stringify({a: () => 1})", "a is function"),
        ("EJSON.stringify({a: new Map()})", "a is a Map"),
        ("EJSON.stringify({a: new Date(NaN)})", "invalid Date"),
        ("utils.crypto.hash('sha512', 'x')", "no sha512"),
        ("EJSON.stringify({a: /x/})", "a is a RegExp"),
    ],
)
def test_wrong_arguments_are_refused(tmp_path: Path, expression: str, words: str) -> None:
    assert words in error_of(tmp_path, f"return {expression};")


def test_utils_give_what_the_official_pages_show(tmp_path: Path) -> None:
    body = 'return [utils.crypto.hash("sha256", "hello!").toBase64(), utils.crypto.hash("md5", "").toHex()];'
    assert result_of(tmp_path, body) == [
        "zgYJL7lI2f+sfRo3bkBLJrdXW8wR7gWkYV/vT+w6MIs=",
        "d41d8cd98f00b204e9800998ecf8427e",
    ]


def test_object_ids_are_dated_and_different(tmp_path: Path) -> None:
    ids = result_of(tmp_path, "return [1, 2, 3].map(() => new BSON.ObjectId());", now=NOW)
    assert len(set(ids)) == 3
    assert {each.generation_time for each in ids} == {NOW}


def test_the_clock_starts_where_it_is_told(tmp_path: Path) -> None:
    body = """const same = Date.now() - new Date().getTime() < 1000;
    return [new Date(), same, new Date(2026, 0, 1).getTime(), Date().slice(0, 15)];"""
    moment, same, local, text = result_of(tmp_path, body, now=NOW)
    assert (moment - NOW).total_seconds() < 60
    assert same
    assert datetime.fromtimestamp(local / 1000, UTC) == datetime(2026, 1, 1, tzinfo=UTC)
    assert text == "Sun Mar 29 2026"


def test_without_a_time_the_clock_is_the_machines(tmp_path: Path) -> None:
    assert abs((result_of(tmp_path, "return new Date();") - datetime.now(UTC)).total_seconds()) < 60
