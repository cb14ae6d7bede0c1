"""Rules on promises: each is awaited, returned or handed on; the platform may end a function before a dropped one."""

from __future__ import annotations

from collections.abc import Iterator

from tree_sitter import Node

from .rules import Finding
from .rules_calls import COLLECTION_METHODS, is_collection
from .syntax import FUNCTIONS, NAMES, Program, arguments_of, is_async, member_of, text_of, walk

CURSOR_STEPS = ("find", "aggregate", "sort", "limit", "skip")
PROMISING = frozenset(COLLECTION_METHODS) - {"find", "aggregate"} | {"toArray"}
PROMISE_PARTS = ("then", "catch", "finally")
ASYNC_CALLBACKS = ("every", "filter", "find", "findIndex", "forEach", "reduce", "some", "sort")
TAKES_PROMISE = frozenset(
    {
        "arguments",
        "array",
        "arrow_function",
        "assignment_expression",
        "assignment_pattern",
        "await_expression",
        "for_in_statement",
        "pair",
        "return_statement",
        "variable_declarator",
        "yield_expression",
    }
)
TAKES_PROMISES = ("arguments", "variable_declarator", "return_statement")


def promise_findings(program: Program) -> Iterator[Finding]:
    """Promises that are dropped: the platform may end the function before they are done."""
    for node in walk(program.root):
        if node.type != "call_expression":
            continue
        holder, name = member_of(node.child_by_field_name("function") or node)
        if name in ASYNC_CALLBACKS and (late := [each for each in arguments_of(node) if _is_async_function(each)]):
            yield late[0], f"{name} with an async function awaits nothing: use for … of with await"
        elif name == "map" and any(map(_is_async_function, arguments_of(node))):
            if node.parent is None or node.parent.type not in TAKES_PROMISES:
                yield node, "map with an async function makes promises that nobody awaits: await Promise.all(….map(…))"
        elif promised := _promises(program, node, holder, name):
            yield from _dropped(program, node, promised)


def _promises(program: Program, node: Node, holder: Node | None, name: str) -> str:
    """What promises something in a call; empty when nothing does."""
    if holder is None:
        return _async_function(program, node.child_by_field_name("function"))
    around, place = member_of(holder)
    if place in ("http", "functions") and program.is_global(around, "context"):
        return f"context.{place}.{name}"
    if name in ("all", "race"):
        return f"Promise.{name}" if program.is_global(holder, "Promise") else ""
    if name in PROMISE_PARTS:
        promised = _promises_itself(program, holder, name)
    elif name == "next":
        promised = member_of(holder.child_by_field_name("function") or holder)[1] in CURSOR_STEPS
    else:
        promised = name in PROMISING and (name != "count" or is_collection(program, holder))
    return name if promised else ""


def _async_function(program: Program, function: Node | None) -> str:
    """The name of an async function of the file that a call calls, or words for one that is called where it stands."""
    if function is None:
        return ""
    if function.type == "parenthesized_expression":
        return "the async function" if _is_async_function(function.named_children[0]) else ""
    declared = program.declaration(function) if function.type == "identifier" else None
    if declared is not None and declared.type == "variable_declarator":
        declared = declared.child_by_field_name("value")
    return text_of(function) if declared is not None and _is_async_function(declared) else ""


def _promises_itself(program: Program, node: Node, part: str) -> bool:
    """Whether what stands before `.then` is a promise. `name.catch(…)` keeps a promise that is held from being loud."""
    if node.type != "call_expression":
        return node.type == "new_expression" or (node.type in NAMES and part != "catch")
    holder, name = member_of(node.child_by_field_name("function") or node)
    return bool(_promises(program, node, holder, name))


def _dropped(program: Program, node: Node, promised: str) -> Iterator[Finding]:
    current, parent = node, node.parent
    while parent is not None and _passes_on(parent, current):
        current, parent = parent, parent.parent
    if parent is None:
        return
    holder, name = member_of(parent)
    if holder == current and name in PROMISE_PARTS:
        return  # the rest of the chain is looked at by itself
    of_body = parent.type != "arrow_function" or parent.child_by_field_name("body") == current
    if parent.type not in TAKES_PROMISE or not of_body:
        yield node, f"the promise of {promised} is not awaited"
    elif parent.type == "variable_declarator" and not _is_used(program, parent):
        kept = text_of(parent.child_by_field_name("name"))
        yield node, f"the promise of {promised} is kept in {kept} and never awaited"


def _passes_on(parent: Node, current: Node) -> bool:
    """Whether an expression has the value of this part of it."""
    if parent.type == "binary_expression":
        return text_of(parent.child_by_field_name("operator")) in ("&&", "||", "??") and (
            parent.child_by_field_name("right") == current
        )
    if parent.type == "ternary_expression":
        return parent.child_by_field_name("condition") != current
    if parent.type == "sequence_expression":
        return parent.named_children[-1] == current
    return parent.type == "parenthesized_expression"


def _is_used(program: Program, declarator: Node) -> bool:
    name = declarator.child_by_field_name("name")
    return name is None or any(
        node.type in NAMES and node.id != name.id and program.declaration(node) == declarator
        for node in walk(program.root)
    )


def _is_async_function(node: Node) -> bool:
    return node.type in FUNCTIONS and is_async(node)
