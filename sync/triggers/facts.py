"""What nobody could verify about the platform without a live project: one table, and what each fact may turn out as.

`trigger probe` tries them from inside Atlas, its report names each, and `trigger run --as-reported` plays what a report
says. What is assumed follows the pages of Atlas about functions, triggers and time-series collections.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from ..model.errors import UsageError

FORMAT = "linky-probe 1"
"""First field of a report: a file without it is none."""
Needs = Literal["", "database", "mirror", "address", "empty value"]


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that a function can find out, told as one of a few words.

    assumed: the word by which our functions were written; played: other words that the harness can behave by; relied:
    the code that meets it; body: JavaScript that returns the word, with `record` and `mirror` (scratch collections),
    `given` (what the probe was called with) and `kindOf`; needs: what must be there to try it; alone: a source of its
    own, as it may not even be taken.
    """

    name: str
    question: str
    assumed: str
    played: tuple[str, ...]
    relied: str
    body: str
    needs: Needs = ""
    alone: bool = False


KEYS_OF = """
  const fields = {$map: {input: {$objectToArray: "$$ROOT"}, as: "field", in: "$$field.k"}};
  const [found] = await record.aggregate([{$match: {_id: id}}, {$project: {fields: fields}}]).toArray();"""
"""JavaScript: the names of a stored document's fields, as the server keeps them."""
TWO_READINGS = """
  const reading = (moment) => {
    const series = {flow: "probe", id: "probe", source: "probe"};
    const [wh, seconds] = [BSON.Int32(1), BSON.Int32(1800)];
    return {_id: new BSON.ObjectId(), ts: new Date(moment), series: series, wh: wh, seconds: seconds};
  };
  await mirror.insertMany([reading(0), reading(1800000)], {ordered: false});
  return (await mirror.find({}).toArray()).length === 2 ? "works" : "loses documents";"""

FACTS = (
    Fact(
        "whole_number",
        "the type that a plain whole number is stored as",
        "long",
        ("int", "double"),
        "storeReadings, finishRun, holdLeases: each number is written with its type",
        """await record.insertOne({_id: "whole", n: 42});
  const [found] = await record.aggregate([{$match: {_id: "whole"}}, {$project: {type: {$type: "$n"}}}]).toArray();
  return found.type;""",
        "database",
    ),
    Fact(
        "int32_read",
        "what an Int32 of the database is read as",
        "number",
        ("object", "opaque object"),
        "storeReadings, dailyPlan, watchFreshness: Number(field)",
        """await record.insertOne({_id: "int", n: BSON.Int32(5)});
  return kindOf((await record.findOne({_id: "int"})).n, 5);""",
        "database",
    ),
    Fact(
        "int64_read",
        "what an Int64 of the database is read as",
        "number",
        ("object", "opaque object"),
        "storeReadings, dailyPlan: Number(field), sums of $group",
        """await record.insertOne({_id: "long", n: BSON.Long(5, 0)});
  return kindOf((await record.findOne({_id: "long"})).n, 5);""",
        "database",
    ),
    Fact(
        "key_order",
        "whether the fields of a document keep their order on the way to the database",
        "kept",
        ("changed",),
        "storeReadings: the same bytes as python -m sync backfill",
        f"""const id = "order";
  await record.insertOne({{_id: id, b: "b", a: "a", c: "c"}});{KEYS_OF}
  return found.fields.join(" ") === "_id b a c" ? "kept" : "changed";""",
        "database",
    ),
    Fact(
        "inserted_ids",
        "the form of insertedIds of insertMany",
        "array",
        ("keyed object", "absent"),
        "none: the functions make each _id themselves",
        """const {insertedIds} = await record.insertMany([{_id: "one"}, {_id: "two"}]);
  return Array.isArray(insertedIds) ? "array" : insertedIds ? "keyed object" : "absent";""",
        "database",
    ),
    Fact(
        "next_at_end",
        "what next() of a cursor gives at its end",
        "undefined",
        ("null",),
        "none: the functions read with toArray()",
        'return String(await record.find({_id: "nobody"}).next());',
        "database",
    ),
    Fact(
        "bulk_result",
        "what bulkWrite resolves to",
        "null",
        ("object",),
        "none: storeReadings reads again",
        """const result = await record.bulkWrite([{replaceOne: {filter: {_id: "none"}, replacement: {a: "b"}}}]);
  return result === null ? "null" : typeof result;""",
        "database",
    ),
    Fact(
        "duplicate_error",
        "whether the text of a duplicate key's error holds the server's E11000",
        "held",
        ("lost",),
        "storeReadings, holdLeases: another writer was faster",
        """await record.insertOne({_id: "twice"});
  try { await record.insertOne({_id: "twice"}); } catch (error) {
    return String(error.message).indexOf("E11000") < 0 ? "lost" : "held";
  }
  return "no error";""",
        "database",
    ),
    Fact(
        "update_trace",
        "whether an update leaves the reserved field _id__baas_transaction in a document",
        "gone",
        ("left",),
        "storeReadings: corrections of the record; holdLeases",
        f"""const id = "updated";
  await record.insertOne({{_id: id}});
  await record.updateMany({{_id: id}}, {{$set: {{a: "b"}}}});{KEYS_OF}
  return found.fields.indexOf("_id__baas_transaction") < 0 ? "gone" : "left";""",
        "database",
    ),
    Fact(
        "matched_count",
        "whether matchedCount of updateMany counts what it found",
        "counted",
        ("not counted",),
        "holdLeases: one operation where all are free",
        """await record.insertMany([{_id: "matched", a: "b"}, {_id: "matched too", a: "c"}]);
  const found = (await record.updateMany({_id: {$in: ["matched", "matched too"]}}, {$set: {a: "b"}})).matchedCount;
  return typeof found === "object" || found === 2 ? "counted" : "not counted";""",
        "database",
    ),
    Fact(
        "union_with",
        "whether a query of a function may go on to another collection with $unionWith",
        "works",
        ("refused",),
        "readTogether: all in one operation, else one each",
        """try {
    const other = {coll: given.record, pipeline: [{$match: {_id: "joined"}}]};
    await record.insertOne({_id: "joined"});
    const found = await mirror.aggregate([{$limit: 1}, {$unionWith: other}]).toArray();
    return found.length > 0 ? "works" : "gives nothing";
  } catch (error) { return "refused"; }""",
        "mirror",
    ),
    Fact(
        "missing_value",
        "what context.values.get gives for a Value that is not there",
        "undefined",
        ("null", "throws"),
        "dailySettings: textOf",
        """try { return String(context.values.get("linkyProbeNothing")); } catch (error) { return "throws"; }""",
    ),
    Fact(
        "empty_value",
        "what context.values.get gives for a Value with an empty text",
        "text",
        ("undefined", "null"),
        "dailySettings: textOf; trigger deploy writes `auto` in its place",
        """const text = context.values.get(given.empty);
  return text === "" ? "text" : String(text);""",
        "empty value",
    ),
    Fact(
        "missing_service",
        "what context.services.get gives for a data source that is not there",
        "undefined",
        ("null", "throws"),
        "dailySettings: isService",
        """try { return String(context.services.get("linkyProbeNothing")); } catch (error) { return "throws"; }""",
    ),
    Fact(
        "non_2xx",
        "whether http.get returns an answer that is not 2xx, or throws",
        "returned",
        ("thrown",),
        "fetchAnswer: statusCode, and the error of the call",
        """try { return (await context.http.get({url: given.url})).statusCode >= 300 ? "returned" : "was 2xx"; }
  catch (error) { return "thrown"; }""",
        "address",
    ),
    Fact(
        "header_case",
        "the letters of the names in an answer's headers",
        "as sent",
        ("small",),
        "fetchAnswer: reopens looks at small letters",
        """const names = Object.keys((await context.http.get({url: given.url})).headers);
  return names.some((name) => name !== name.toLowerCase()) ? "as sent" : "small";""",
        "address",
    ),
    Fact(
        "time_passes",
        "whether setTimeout waits and the clock goes on meanwhile",
        "waits",
        ("stands still",),
        "dailyRun, fetchAnswer, storeReadings: pauses, time-outs, leases",
        """const began = Date.now();
  await new Promise((resolve) => setTimeout(resolve, 300));
  return Date.now() - began >= 290 ? "waits" : "stands still";""",
    ),
    Fact(
        "time_left",
        "whether the context tells how much time an execution has left",
        "not told",
        ("told",),
        "none: dailyRun starts no call after 240 s of its own count",
        'return Object.keys(context).some((name) => /time|deadline|remain/i.test(name)) ? "told" : "not told";',
    ),
    Fact(
        "nested_date",
        "what a Date is that is handed to another function",
        "Date",
        ("text",),
        "dailyRun, dailyPlan, storeReadings, finishRun: moments and readings are handed on (not in a bundle)",
        'return (await context.functions.execute("linkyProbe", {echo: "kind", at: new Date(0)})).at;',
    ),
    Fact(
        "nested_undefined",
        "what an undefined field is that is handed to another function",
        "absent",
        ("null",),
        "dailyRun, storeReadings: optional fields (not in a bundle)",
        'return (await context.functions.execute("linkyProbe", {echo: "kind", empty: undefined})).empty;',
    ),
    Fact(
        "nested_error",
        "whether the words of an error come through from another function",
        "kept",
        ("lost",),
        "dailyRun: tells them (not in a bundle)",
        """try { await context.functions.execute("linkyProbe", {echo: "throw"}); } catch (error) {
    return String(error.message).indexOf("words of the probe") < 0 ? "lost" : "kept";
  }
  return "no error";""",
    ),
    Fact(
        "rest_spread",
        "whether object rest and spread are taken",
        "works",
        ("refused",),
        "all functions: {...one, ...other} and const {a, ...others}",
        """const {a, ...others} = {...{a: 1}, b: 2, c: 3};
  return a === 1 && Object.keys({...others, d: 4}).join("") === "bcd" ? "works" : "otherwise";""",
        alone=True,
    ),
    Fact(
        "intl",
        "whether there is Intl",
        "absent",
        ("there",),
        "none: localTime knows the rule of summer time itself",
        'return typeof Intl === "undefined" ? "absent" : "there";',
    ),
    Fact(
        "binary_text",
        "whether BSON.Binary turns base64 into text",
        "text",
        ("otherwise",),
        "dailySettings: what a token says; fetchAnswer: body.text()",
        """return BSON.Binary.fromBase64("eyJhIjoxfQ==").text() === '{"a":1}' ? "text" : "otherwise";""",
    ),
    Fact(
        "hash",
        "whether utils.crypto.hash gives the SHA-256 of a text",
        "right",
        ("otherwise",),
        "dailySettings: names of series without a PRM",
        """return utils.crypto.hash("sha256", "x").toHex().slice(0, 8) === "2d711642" ? "right" : "otherwise";""",
    ),
    Fact(
        "timeseries_insert",
        "whether a function can insert into a time-series collection and read it",
        "works",
        ("refused",),
        "storeReadings: the mirror",
        f'try {{{TWO_READINGS}\n  }} catch (error) {{ return "refused"; }}',
        "mirror",
    ),
    Fact(
        "timeseries_told",
        "whether $collStats tells a function that a collection is a time-series one",
        "told",
        ("refused",),
        "checkStore: looked, with sync_schema as a second witness",
        """try {
    const [found] = await mirror.aggregate([{$collStats: {storageStats: {}}}]).toArray();
    return found.storageStats.timeseries ? "told" : "not told";
  } catch (error) { return "refused"; }""",
        "mirror",
    ),
    Fact(
        "timeseries_told_joined",
        "whether $collStats may begin a query of a time-series collection that goes on with $unionWith to another's",
        "told",
        ("refused",),
        "checkStore: both sides are looked at in one operation, else one each",
        """try {
    const look = [{$collStats: {storageStats: {}}}];
    const found = await mirror.aggregate(look.concat([{$unionWith: {coll: given.record, pipeline: look}}])).toArray();
    return found.length === 2 && found[0].storageStats.timeseries ? "told" : "not told";
  } catch (error) { return "refused"; }""",
        "mirror",
    ),
    Fact(
        "timeseries_delete",
        "whether a function can delete a whole series from a time-series collection",
        "works",
        ("refused",),
        "none: python -m sync repair rewrites a mirror",
        """try {
    await mirror.deleteMany({series: {flow: "probe", id: "probe", source: "probe"}});
    return "works";
  } catch (error) { return "refused"; }""",
        "mirror",
    ),
    Fact(
        "log_lines",
        "which of thirty lines of a log are kept",
        "the first 25",
        ("the last 25", "all"),
        "finishRun: at most 20 lines, the summary among them",
        "",
    ),
)
BY_NAME = {fact.name: fact for fact in FACTS}
ASSUMED = {fact.name: fact.assumed for fact in FACTS}


def reported(path: Path) -> tuple[dict[str, str], list[str]]:
    """What a report of `trigger probe` says: fact → word for those that can be played, and those that cannot, in words.

    Raises UsageError for a file that is no such report.
    """
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        found: Mapping[str, Any] = {entry["fact"]: entry["outcome"] for entry in content["facts"]}
        known = content["format"] == FORMAT
    except (OSError, ValueError, KeyError, TypeError):
        known = False
    if not known:
        raise UsageError(f"{path.name} is no report of trigger probe (the JSON file that it writes)")
    told = {name: word for name, word in found.items() if name in BY_NAME and isinstance(word, str)}
    differing = {name: word for name, word in told.items() if word != ASSUMED[name]}
    played = {name: word for name, word in differing.items() if word in BY_NAME[name].played}
    return played, [f"{name}: {word}" for name, word in differing.items() if name not in played]
