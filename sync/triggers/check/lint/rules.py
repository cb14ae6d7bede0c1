"""Rules on syntax and names: what the runtime of atlas.md 1.2 does not document is refused, however likely it works."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tree_sitter import Node

from .syntax import FUNCTIONS, NAMES, Program, ancestors, arguments_of, member_of, string_of, text_of, top_level, walk

Finding = tuple[Node, str]

SURFACE: dict[str, Any] = json.loads(
    (Path(__file__).parents[2] / "run" / "runtime" / "surface.json").read_text(encoding="utf-8")
)
GLOBALS = frozenset(SURFACE["globals"]) | frozenset(SURFACE["platform_globals"])
STATICS: dict[str, list[str]] = SURFACE["statics"]
PLATFORM: dict[str, list[str]] = SURFACE["platform_members"]
REFUSED_METHODS = frozenset(name for names in SURFACE["refused_methods"].values() for name in names) - {"description"}
OF_EVERY_CONSTRUCTOR = ("prototype", "name", "length")
REGEX_FLAGS = frozenset("gim")
REGEX_PROPERTIES = ("flags", "global", "ignoreCase", "multiline", "source", "sticky", "unicode", "dotAll")
LOGICAL_ASSIGNMENTS = ("&&=", "||=", "??=")

# `??` stands in a sample of the official pages, so it is documented in that way; `?.`, class fields, logical assignment
# and `catch` without a name stand neither in their table of syntax nor in any sample of theirs (atlas.md 1.2).
NOT_DOCUMENTED = "is not in the documented syntax of functions"
REFUSED_NODES = {
    "import_statement": "import: a function file imports nothing; share code by context.functions.execute",
    "export_statement": "export: assign one function to exports instead",
    "optional_chain": f"optional chaining (?.) {NOT_DOCUMENTED}: test for the object first",
    "field_definition": f"a class field {NOT_DOCUMENTED}: set it in the constructor",
    "class_static_block": f"a static block {NOT_DOCUMENTED}",
    "private_property_identifier": f"a private name {NOT_DOCUMENTED}",
    "with_statement": "with: name what you mean",
}
HINTS = {
    "BigInt": "use numbers, or BSON.Long for a 64-bit field",
    "Buffer": "use BSON.Binary.fromText, fromHex, fromBase64",
    "Intl": "do UTC arithmetic",
    "Proxy": "",
    "Reflect": "use Object's own methods",
    "TextDecoder": "use BSON.Binary and its text()",
    "TextEncoder": "use BSON.Binary.fromText",
    "WeakSet": "use WeakMap",
    "clearTimeout": "only setTimeout is documented; let it pass",
    "fetch": "use context.http.get",
    "globalThis": "",
    "process": "use context.values and Date.now()",
    "setInterval": "use setTimeout",
}


def syntax_findings(program: Program) -> Iterator[Finding]:
    """Syntax outside the documented runtime."""
    for node in walk(program.root):
        if node.type in REFUSED_NODES:
            yield node, REFUSED_NODES[node.type]
        elif node.type == "number":
            yield from _number(node)
        elif node.type == "regex":
            yield from _regex(
                node, text_of(node.child_by_field_name("pattern")), text_of(node.child_by_field_name("flags"))
            )
        elif node.type in ("new_expression", "call_expression"):
            yield from _constructed_regex(program, node)
        elif node.type == "catch_clause" and node.child_by_field_name("parameter") is None:
            yield node, f"catch without a name {NOT_DOCUMENTED}: write catch (error)"
        elif node.type == "augmented_assignment_expression":
            operator = text_of(node.child_by_field_name("operator"))
            if operator in LOGICAL_ASSIGNMENTS:
                yield node, f"{operator} {NOT_DOCUMENTED}: write it out"
        elif node.type == "meta_property" and text_of(node).startswith("import"):
            yield node, REFUSED_NODES["import_statement"]
        elif node.type == "return_statement" and top_level(node):
            yield node, "return outside a function"


def name_findings(program: Program) -> Iterator[Finding]:
    """Globals and members that the runtime does not have."""
    for node in walk(program.root):
        if node.type in NAMES and program.declaration(node) is None:
            yield from _global(node)
        elif node.type in ("member_expression", "subscript_expression"):
            yield from _member(program, node)
        elif node.type == "call_expression" and text_of(node.child_by_field_name("function")) == "import":
            yield node, REFUSED_NODES["import_statement"]


def export_findings(program: Program) -> Iterator[Finding]:
    """A file is one function, assigned to `exports` at its top level."""
    assigned = [
        node
        for node in walk(program.root)
        if node.type == "assignment_expression" and program.is_global(node.child_by_field_name("left"), "exports")
    ]
    if not assigned:
        yield program.root, "assigns no function to exports: exports = async function () { … };"
    for node in assigned[1:]:
        yield node, "assigns exports again: a file is one function"
    for node in assigned[:1]:
        right = node.child_by_field_name("right")
        declared = program.declaration(right) if right is not None and right.type == "identifier" else right
        if declared is not None and declared.type == "variable_declarator":
            declared = declared.child_by_field_name("value")
        if declared is None or declared.type not in FUNCTIONS or not top_level(node):
            yield node, "exports must be one function, assigned at the top level of the file"


def _number(node: Node) -> Iterator[Finding]:
    if text_of(node).endswith("n"):
        yield node, f"BigInt is not in the runtime of functions: {HINTS['BigInt']}"
    elif "_" in text_of(node):
        yield node, f"a _ between digits {NOT_DOCUMENTED}"


def _regex(node: Node, pattern: str, flags: str) -> Iterator[Finding]:
    if refused := sorted(set(flags) - REGEX_FLAGS):
        yield node, f"the regular expression flag {', '.join(refused)} is not in the runtime of functions"
    if "(?<" in pattern or "\\p{" in pattern:
        yield node, f"named groups, lookbehind and \\p in a regular expression: {NOT_DOCUMENTED}"


def _constructed_regex(program: Program, node: Node) -> Iterator[Finding]:
    named = node.child_by_field_name("constructor") or node.child_by_field_name("function")
    if program.is_global(named, "RegExp"):
        pattern, flags = ([string_of(each) or "" for each in arguments_of(node)] + ["", ""])[:2]
        yield from _regex(node, pattern, flags)


def _global(node: Node) -> Iterator[Finding]:
    name = text_of(node)
    if (
        name in GLOBALS
        or name in ("exports", "arguments")
        or (node.parent and text_of(node.parent) == f"typeof {name}")
    ):
        return
    if name == "require":
        yield node, _about_require(node)
    elif name == "module" and _in_module_guard(node):
        return
    elif name == "module":
        yield node, "there is no module: assign one function to exports"
    elif name in HINTS:
        yield node, f"{name} is not in the runtime of functions" + (f": {HINTS[name]}" if HINTS[name] else "")
    else:
        yield node, f"{name} is declared nowhere and not in the runtime of functions"


def _about_require(node: Node) -> str:
    call = node.parent
    wanted = (
        string_of(arguments_of(call)[0]) if call and call.type == "call_expression" and arguments_of(call) else None
    )
    if wanted and wanted.startswith("."):
        return "require of a file: a function cannot import another; share code by context.functions.execute"
    if top_level(node):
        return "require at the top level of a file: a function does not load with it"
    return "require: the functions of this project use no module, so that they run here without the Node 10 of Atlas"


def _in_module_guard(node: Node) -> bool:
    """`if (typeof module !== "undefined") …`, which the official pages give for unit tests."""
    guards = (around for around in ancestors(node) if around.type == "if_statement")
    return any("typeof module !==" in text_of(guard.child_by_field_name("condition")) for guard in guards)


def _member(program: Program, node: Node) -> Iterator[Finding]:
    holder, name = member_of(node)
    if holder is None:
        return
    if holder.type == "regex" and name in REGEX_PROPERTIES:
        yield node, f"the property {name} of a regular expression is not in the runtime of functions"
    if holder.type in NAMES and program.declaration(holder) is None:
        known = STATICS.get(text_of(holder))
        if known is not None and name not in known and name not in OF_EVERY_CONSTRUCTOR:
            yield node, f"{text_of(holder)}.{name} is not in the runtime of functions"
    path = _global_path(program, holder)
    if path in PLATFORM and name not in PLATFORM[path]:
        yield node, f"{path}.{name} is not offered to functions; known: {', '.join(PLATFORM[path])}"
    called = node.parent is not None and node.parent.type == "call_expression"
    if called and name in REFUSED_METHODS and node.parent and node.parent.child_by_field_name("function") == node:
        yield node, f"the method {name} is not in the documented runtime of functions"


def _global_path(program: Program, node: Node) -> str:
    """`context.http` for a chain of members that begins at a global; empty for anything else."""
    if node.type in NAMES:
        return text_of(node) if program.declaration(node) is None else ""
    holder, name = member_of(node)
    before = _global_path(program, holder) if holder is not None else ""
    return f"{before}.{name}" if before else ""
