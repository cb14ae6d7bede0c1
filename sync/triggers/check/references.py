"""What a function's source asks for by name: Values, functions, services, environment values; from its syntax tree."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Literal

import tree_sitter_javascript
from tree_sitter import Language, Node, Parser

Kind = Literal["value", "function", "service", "environment"]

ASKED: dict[tuple[str, ...], Kind] = {
    ("context", "values", "get"): "value",
    ("context", "functions", "execute"): "function",
    ("context", "services", "get"): "service",
}
ENVIRONMENT = ("context", "environment", "values")
EACH = ("map", "forEach", "filter", "every", "some")
FUNCTIONS = ("function_declaration", "function_expression", "arrow_function", "generator_function_declaration")


@dataclass(frozen=True, slots=True)
class Reference:
    """One name that is asked for, and the line it stands in (from 1)."""

    kind: Kind
    name: str
    line: int


@dataclass(frozen=True, slots=True)
class _Asker:
    """A helper of the file that hands its argument number `position` on to `context.….get`."""

    kind: Kind
    position: int


def references(source: str) -> list[Reference]:
    """Every name asked for with a literal, directly or through helpers of the same file, in the file's order.

    A name that is put together at run time is not found.
    """
    nodes = list(_walk(Parser(_language()).parse(source.encode()).root_node))
    calls = [node for node in nodes if node.type == "call_expression"]
    lists = _lists(nodes)
    askers = _askers(calls)
    found = []
    for node in nodes:
        if node.type == "call_expression" and (asked := _asked(node, askers)):
            kind, given = asked
            names = [given] if _literal(given) is not None else _each_of(node, given, lists)
            found += [Reference(kind, _literal(name) or "", name.start_point.row + 1) for name in names]
        path = _path(node)
        if path[:-1] == ENVIRONMENT:
            found.append(Reference("environment", path[-1], node.start_point.row + 1))
    return found


def _asked(call: Node, askers: dict[str, _Asker]) -> tuple[Kind, Node] | None:
    """What a call asks for: the kind, and the argument that names it."""
    path, given = _path(call.child_by_field_name("function")), _arguments(call)
    asker = _Asker(ASKED[path], 0) if path in ASKED else askers.get(path[0]) if len(path) == 1 else None
    return (asker.kind, given[asker.position]) if asker and asker.position < len(given) else None


def _askers(calls: list[Node]) -> dict[str, _Asker]:
    """Helpers like `const setting = (name) => context.values.get(name)`, and those that call such, by their name."""
    askers: dict[str, _Asker] = {}
    known = -1
    while known < len(askers):
        known = len(askers)
        for call in calls:
            asked, helper = _asked(call, askers), _enclosing(call)
            if not asked or not helper or asked[1].type != "identifier" or not (name := _name_of(helper)):
                continue
            parameters = [_text(each) for each in _parameters(helper)]
            if name not in askers and _text(asked[1]) in parameters:
                askers[name] = _Asker(asked[0], parameters.index(_text(asked[1])))
    return askers


def _lists(nodes: list[Node]) -> dict[str, Node]:
    """Arrays that have a name: `const names = ["a", "b"]`."""
    found = {}
    for node in nodes:
        bound = node.child_by_field_name("value") if node.type == "variable_declarator" else None
        name = node.child_by_field_name("name")
        if bound and name and bound.type == "array":
            found[_text(name)] = bound
    return found


def _each_of(call: Node, given: Node, lists: dict[str, Node]) -> list[Node]:
    """The literals that `given` runs through in `["a", "b"].map((given) => …call(given)…)`, if it is so."""
    helper = _enclosing(call)
    around = helper.parent.parent if helper and helper.parent and helper.parent.type == "arguments" else None
    function = around.child_by_field_name("function") if around else None
    method = function.child_by_field_name("property") if function else None
    if not helper or not function or not method or _text(method) not in EACH:
        return []
    parameters = _parameters(helper)
    if not parameters or _text(parameters[0]) != _text(given):
        return []
    through = function.child_by_field_name("object")
    listed = lists.get(_text(through), through) if through else None
    named = listed.named_children if listed and listed.type == "array" else []
    return [each for each in named if _literal(each) is not None]


def _enclosing(node: Node) -> Node | None:
    above = node.parent
    while above and above.type not in FUNCTIONS:
        above = above.parent
    return above


def _name_of(function: Node) -> str | None:
    named = function.child_by_field_name("name")
    if named is None and function.parent and function.parent.type == "variable_declarator":
        named = function.parent.child_by_field_name("name")
    return _text(named) if named else None


def _parameters(function: Node) -> list[Node]:
    single = function.child_by_field_name("parameter")
    several = function.child_by_field_name("parameters")
    return [single] if single else several.named_children if several else []


def _path(node: Node | None) -> tuple[str, ...]:
    """`context.values.get` or `context["values"].get` → its parts; empty for anything that is not such a chain."""
    if node is None:
        return ()
    if node.type == "identifier":
        return (_text(node),)
    if node.type == "member_expression":
        part = node.child_by_field_name("property")
        last = _text(part) if part else None
    elif node.type == "subscript_expression":
        index = node.child_by_field_name("index")
        last = _literal(index) if index else None
    else:
        return ()
    first = _path(node.child_by_field_name("object"))
    return (*first, last) if first and last else ()


def _literal(node: Node) -> str | None:
    """The text of a string, or of a template without `${…}`; None for anything else."""
    if node.type not in ("string", "template_string"):
        return None
    if any(part.type != "string_fragment" for part in node.named_children):
        return None
    return "".join(_text(part) for part in node.named_children)


def _arguments(call: Node) -> list[Node]:
    given = call.child_by_field_name("arguments")
    return [each for each in given.named_children if each.type != "comment"] if given else []


def _text(node: Node) -> str:
    return (node.text or b"").decode()


def _walk(root: Node) -> Iterator[Node]:
    """Every node, in the order of the source; deep nesting costs no recursion."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        yield node
        waiting.extend(reversed(node.named_children))


@cache
def _language() -> Language:
    return Language(tree_sitter_javascript.language())
