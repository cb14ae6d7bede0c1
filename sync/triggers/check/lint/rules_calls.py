"""Rules on calls: habits of the Node driver, and writes that a time-series collection refuses."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tree_sitter import Node

from .rules import Finding
from .syntax import NAMES, Program, arguments_of, key_of, keys_of, member_of, text_of, walk

COLLECTION_METHODS = (
    "aggregate",
    "bulkWrite",
    "count",
    "deleteMany",
    "deleteOne",
    "distinct",
    "find",
    "findOne",
    "insertMany",
    "insertOne",
    "updateMany",
    "updateOne",
)
DRIVER_ONLY = frozenset(
    {
        "bulkInsert",
        "command",
        "countDocuments",
        "createCollection",
        "createIndex",
        "createIndexes",
        "dropCollection",
        "dropDatabase",
        "dropIndex",
        "estimatedDocumentCount",
        "findOneAndDelete",
        "findOneAndReplace",
        "findOneAndUpdate",
        "hasNext",
        "initializeOrderedBulkOp",
        "initializeUnorderedBulkOp",
        "listCollections",
        "listIndexes",
        "runCommand",
        "watch",
    }
)
TRANSACTIONS = frozenset({"startSession", "startTransaction", "withTransaction"})
FIND_OPTIONS = ("hint", "limit", "projection", "skip", "sort")
DRIVER_RESULTS = ("insertedCount", "upsertedCount", "nInserted", "nModified", "nMatched")
REFUSED_STAGES = {
    "$indexStats": "a function has no stage $indexStats",
    "$currentOp": "a function has no stage $currentOp",
    "$merge": "$merge cannot write to a time-series collection: insert what it lacks",
    "$out": "$out replaces a whole collection: leave that to python -m sync repair",
}
UPDATES = ("updateOne", "updateMany")
TIMESERIES_NAME = re.compile(r"(TS|[Tt]ime_?[Ss]eries|[Mm]irror)$")


def call_findings(program: Program) -> Iterator[Finding]:
    """Calls that the documented client does not have, or that must never be made."""
    for node in walk(program.root):
        if node.type == "call_expression":
            yield from _call(program, node)
        elif node.type == "pair" and key_of(node) in REFUSED_STAGES:
            yield node, REFUSED_STAGES[key_of(node)]
        elif node.type == "member_expression" and member_of(node)[1] in DRIVER_RESULTS:
            yield node, f"{member_of(node)[1]} is of the Node driver: results of functions do not have it"


def _call(program: Program, node: Node) -> Iterator[Finding]:
    holder, name = member_of(node.child_by_field_name("function") or node)
    if holder is None:
        return
    if name in TRANSACTIONS:
        yield node, f"{name}: a transaction cannot write to a time-series collection; write so that a re-run heals"
    elif name in DRIVER_ONLY:
        yield node, f"{name} is of the Node driver: the client of functions does not have it"
    elif is_collection(program, holder) and name not in COLLECTION_METHODS:
        yield node, f"a collection has no {name} in functions; it has {', '.join(COLLECTION_METHODS)}"
    elif name in ("find", "findOne"):
        yield from _find(node, name)
    elif name in ("insertOne", "insertMany", "bulkWrite", *UPDATES):
        yield from _write(program, node, holder, name)


def _find(node: Node, name: str) -> Iterator[Finding]:
    for position, argument in enumerate(arguments_of(node)[1:]):
        for option in (each for each in keys_of(argument) if each in FIND_OPTIONS):
            remedy = "the 2nd argument is the projection itself" if position == 0 else "it takes no such option"
            way = "find(…).sort(…).limit(1).next()" if name == "findOne" else "find(…).sort(…)"
            yield argument, f"{name} with {option} is a habit of the Node driver: {remedy}; use {way}"


def _write(program: Program, node: Node, holder: Node, name: str) -> Iterator[Finding]:
    arguments = arguments_of(node)
    if name == "bulkWrite" and _result_is_used(node):
        yield node, "bulkWrite resolves to null: read again to know what was written"
    if name in ("insertOne", "insertMany"):
        allowed = ("ordered",) if name == "insertMany" else ()
        for option in (each for argument in arguments[1:] for each in keys_of(argument) if each not in allowed):
            yield node, f"{name} has no option {option} in functions"
    changes = name in UPDATES or any(
        key_of(pair).startswith(("update", "replace"))
        for argument in arguments
        for pair in walk(argument)
        if pair.type == "pair"
    )
    if name not in ("insertOne", "insertMany") and changes and _is_timeseries(program, holder):
        yield node, f"{name} on a time-series collection: never update one, mark the series for repair"


def _result_is_used(node: Node) -> bool:
    parent = node.parent.parent if node.parent is not None and node.parent.type == "await_expression" else node.parent
    if parent is not None and parent.type == "parenthesized_expression":
        parent = parent.parent
    return parent is not None and parent.type in ("variable_declarator", "member_expression", "assignment_expression")


def is_collection(program: Program, node: Node) -> bool:
    """Whether an expression is `….collection(…)`, or a name that stands for one."""
    if node.type == "call_expression":
        return member_of(node.child_by_field_name("function") or node)[1] == "collection"
    made = _initial(program, node)
    return made is not None and made.type == "call_expression" and is_collection(program, made)


def _initial(program: Program, node: Node) -> Node | None:
    declared = program.declaration(node) if node.type in NAMES else None
    return (
        declared.child_by_field_name("value")
        if declared is not None and declared.type == "variable_declarator"
        else None
    )


def _is_timeseries(program: Program, node: Node) -> bool:
    """Whether the names in an expression, or in what it was made of, say that it is the mirror."""
    made = _initial(program, node)
    inside = [*walk(node), *(walk(made) if made is not None else ())]
    leaves = (each for each in inside if each.type in (*NAMES, "property_identifier", "string_fragment"))
    return any(TIMESERIES_NAME.search(text_of(leaf)) for leaf in leaves)
