"""`trigger bundle`: one self-contained file a function, with what it calls inside and called plainly.

For the web console, and for whoever wants to see two functions there and not eighteen. The text is that of the tree,
without its comments but for one line a part, each part in a scope of its own, in the order in which they need each
other. What crosses from part to part is no copy here: no function of the tree changes what it was given.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from .. import VERSION
from ..model.errors import UsageError
from .tree import function_files, read_json

NAMED = re.compile(r'"(\w+)"')
CALL = re.compile(r'\bcontext\.functions\.execute\("(\w+)"(?:, )?')
CALL_BY_VARIABLE = re.compile(r"\bcontext\.functions\.execute\((\w+), ")
ASSIGNED = re.compile(r"^exports = ", re.MULTILINE)
QUOTED = "|".join(rf"{quote}(?:[^{quote}\\]|\\.)*{quote}" for quote in "\"'`")
COMMENT_BEHIND = re.compile(rf"^((?:[^\"'`/]|{QUOTED}|/(?!/ ))*?) +// .*$")
WIDTH = 120
HEAD = """// {name} of linky-atlas {version}, one file for Atlas, made by `python -m sync trigger bundle` from the tree
// atlas_functions, where every part stands with its explanations. Change it there, and bundle it again.
const bundled = true;
"""


def bundles(folder: Path, names: Collection[str] = ()) -> dict[str, str]:
    """Function → its one file; names: of functions, none for those of all triggers of the tree.

    Raises UsageError for a name that is none of the tree's.
    """
    files = function_files(folder)
    wanted = list(names) or triggered(folder)
    if unknown := [name for name in wanted if name not in files]:
        raise UsageError(f"{folder.name}/functions holds no function {unknown[0]!r}; there are: {', '.join(files)}")
    sources = {name: path.read_text(encoding="utf-8") for name, path in files.items()}
    return {name: bundle(name, sources) for name in wanted}


def triggered(folder: Path) -> list[str]:
    """The functions that the triggers of the tree run, sorted."""
    found = set()
    for path in (folder / "triggers").glob("*.json"):
        trigger = read_json(path)
        inner = trigger.get("event_processors", {}).get("FUNCTION", {}).get("config", {})
        found.add(str(inner.get("function_name") or trigger.get("function_name")))
    return sorted(found)


def bundle(name: str, sources: Mapping[str, str]) -> str:
    """The one file of a function. sources: function → its text, at least of all that it needs."""
    parts = {part: _code(sources[part]) for part in _needed(name, sources)}
    by_variable = any(CALL_BY_VARIABLE.search(code) for code in parts.values())
    own = parts.pop(name)
    texts = [HEAD.format(name=name, version=VERSION)]
    texts += [_part(part, code, sources[part]) for part, code in parts.items()]
    if by_variable:
        texts.append("const FUNCTIONS = {{ {} }};\n".format(", ".join(sorted(parts))))
    texts.append(f"{_line(name, sources[name])}\n{_plain(own)}")
    return "\n".join(texts)


def _needed(name: str, sources: Mapping[str, str]) -> Iterator[str]:
    """The function and all that it names, each once, what is needed before what needs it."""
    seen: set[str] = set()

    def walk(part: str) -> Iterator[str]:
        seen.add(part)
        for named in NAMED.findall(_code(sources[part])):
            if named in sources and named not in seen:
                yield from walk(named)
        yield part

    return walk(name)


def _code(source: str) -> str:
    """Without comments, and without more than one empty line in a row."""
    lines = (COMMENT_BEHIND.sub(r"\1", line) for line in source.splitlines() if not line.lstrip().startswith("//"))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip() + "\n"


def _plain(code: str) -> str:
    """Calls of other functions as plain calls."""
    return CALL_BY_VARIABLE.sub(r"FUNCTIONS[\1](", CALL.sub(r"\1(", code))


def _part(name: str, code: str, source: str) -> str:
    if len(ASSIGNED.findall(code)) != 1:
        raise UsageError(f"functions/{name}.js must assign exports once, at the beginning of a line, to be bundled")
    body = ASSIGNED.sub("return ", _plain(code))
    return f"{_line(name, source)}\nconst {name} = (() => {{\n{body}}})();\n"


def _line(name: str, source: str) -> str:
    """What a part is for: the first sentence of its explanation, as far as a line takes it."""
    lines = []
    for line in source.splitlines():
        if not line.startswith("// "):
            break
        lines.append(line[3:])
    sentence = re.split(r"(?<=[a-z)])[.:] ", " ".join(lines) + " ")[0].strip().rstrip(".")
    text = f"// --- {name}: {sentence}"
    return text if len(text) <= WIDTH else text[: WIDTH - 1].rpartition(" ")[0] + " …"


def manifest(names: Collection[str]) -> str:
    """functions/config.json for these."""
    flags = {"private": True, "run_as_system": True, "disable_arg_logs": True}
    return json.dumps([{"name": name, **flags} for name in sorted(names)], indent=2) + "\n"
