"""The syntax tree of a function file (tree-sitter-javascript), and which name stands for what in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache

import tree_sitter_javascript
from tree_sitter import Language, Node, Parser

FUNCTIONS = frozenset(
    {
        "function_declaration",
        "function_expression",
        "arrow_function",
        "method_definition",
        "generator_function",
        "generator_function_declaration",
    }
)
BLOCKS = frozenset({"program", "statement_block", "for_statement", "for_in_statement", "catch_clause", "switch_body"})
SCOPES = FUNCTIONS | BLOCKS | {"class"}
NAMES = frozenset({"identifier", "shorthand_property_identifier"})
PATTERNS = frozenset({"identifier", "shorthand_property_identifier_pattern"})


@dataclass(frozen=True, slots=True)
class Program:
    """One file: its tree, and per scope (by node id) the names declared in it with their declaring nodes."""

    path: str
    root: Node
    declared: dict[int, dict[str, Node]] = field(repr=False)

    def declaration(self, name: Node) -> Node | None:
        """The node that declares what an identifier names; None for a global."""
        text = text_of(name)
        for scope in ancestors(name):
            found = self.declared.get(scope.id, {}).get(text)
            if found is not None:
                return found
        return None

    def is_global(self, node: Node | None, name: str) -> bool:
        """Whether a node is the global of this name, not something of the file."""
        return node is not None and node.type in NAMES and text_of(node) == name and self.declaration(node) is None


@cache
def _parser() -> Parser:
    return Parser(Language(tree_sitter_javascript.language()))


def parse(path: str, source: str) -> Program:
    """The tree of a file; one with mistakes has ERROR nodes."""
    root = _parser().parse(source.encode()).root_node
    declared: dict[int, dict[str, Node]] = {}
    for node in walk(root):
        for scope, name, declaring in _declarations(node):
            declared.setdefault(scope.id, {})[name] = declaring
    return Program(path, root, declared)


def walk(node: Node) -> Iterator[Node]:
    """The node and all below it, in the order of the text."""
    stack = [node]
    while stack:
        current = stack.pop()
        yield current
        stack.extend(reversed(current.children))


def ancestors(node: Node) -> Iterator[Node]:
    """The nodes around a node, nearest first."""
    parent = node.parent
    while parent is not None:
        yield parent
        parent = parent.parent


def text_of(node: Node | None) -> str:
    """The text of a node, empty for none."""
    return node.text.decode() if node is not None and node.text is not None else ""


def line_of(node: Node) -> int:
    """Its line, from 1."""
    return int(node.start_point[0]) + 1


def is_async(node: Node) -> bool:
    """Whether a function node is async."""
    return any(child.type == "async" for child in node.children)


def string_of(node: Node | None) -> str | None:
    """What a string literal says; None for anything else."""
    if node is None or node.type != "string":
        return None
    return "".join(text_of(child) for child in node.named_children)


def member_of(node: Node) -> tuple[Node | None, str]:
    """Object and name of `object.name` or `object["name"]`; (None, "") for anything else."""
    if node.type == "member_expression":
        return node.child_by_field_name("object"), text_of(node.child_by_field_name("property"))
    if node.type == "subscript_expression" and (name := string_of(node.child_by_field_name("index"))) is not None:
        return node.child_by_field_name("object"), name
    return None, ""


def arguments_of(call: Node) -> list[Node]:
    """The arguments of a call or `new`."""
    found = call.child_by_field_name("arguments")
    return [child for child in found.named_children if child.type != "comment"] if found else []


def key_of(pair: Node) -> str:
    """The name of a property in an object literal."""
    key = pair.child_by_field_name("key")
    if key is None:
        return text_of(pair) if pair.type == "shorthand_property_identifier" else ""
    return string_of(key) or text_of(key)


def keys_of(literal: Node) -> dict[str, Node]:
    """Property name → its node, of an object literal; empty for anything else."""
    if literal.type != "object":
        return {}
    return {key_of(pair): pair for pair in literal.named_children if pair.type in ("pair", *NAMES)}


def top_level(node: Node) -> bool:
    """Whether a node stands outside any function of its file."""
    return not any(around.type in FUNCTIONS for around in ancestors(node))


def _declarations(node: Node) -> Iterator[tuple[Node, str, Node]]:
    """(scope, name, declaring node) of what a node declares."""
    if node.type == "variable_declarator":
        hoisted = node.parent is not None and node.parent.type == "variable_declaration"
        yield from _bound(_scope(node, hoisted), node.child_by_field_name("name"), node)
    elif node.type in ("function_declaration", "generator_function_declaration", "class_declaration"):
        yield from _bound(_scope(node, hoisted=False), node.child_by_field_name("name"), node)
    elif node.type in ("function_expression", "generator_function", "class"):
        yield from _bound(node, node.child_by_field_name("name"), node)
    elif node.type == "for_in_statement" and node.child_by_field_name("kind") is not None:
        hoisted = text_of(node.child_by_field_name("kind")) == "var"
        yield from _bound(_scope(node, hoisted) if hoisted else node, node.child_by_field_name("left"), node)
    elif node.type == "catch_clause":
        yield from _bound(node, node.child_by_field_name("parameter"), node)
    if node.type in FUNCTIONS:
        for parameters in (node.child_by_field_name("parameters"), node.child_by_field_name("parameter")):
            if parameters is not None:
                yield from _bound(node, parameters, parameters)


def _bound(scope: Node, pattern: Node | None, declaring: Node) -> Iterator[tuple[Node, str, Node]]:
    for name in _names(pattern):
        yield scope, name, declaring


def _names(pattern: Node | None) -> Iterator[str]:
    """The names that a pattern binds, not those of its defaults."""
    if pattern is None:
        return
    if pattern.type in PATTERNS:
        yield text_of(pattern)
    elif pattern.type in ("assignment_pattern", "object_assignment_pattern"):
        yield from _names(pattern.child_by_field_name("left"))
    elif pattern.type == "pair_pattern":
        yield from _names(pattern.child_by_field_name("value"))
    else:
        for child in pattern.named_children:
            yield from _names(child)


def _scope(node: Node, hoisted: bool) -> Node:
    """The scope that a declaration belongs to: the next function for `var`, else the next block."""
    wanted = FUNCTIONS | {"program"} if hoisted else SCOPES
    return next(around for around in ancestors(node) if around.type in wanted)
