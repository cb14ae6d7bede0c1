"""`trigger bundle`: one self-contained file a function, with what it calls inside and called plainly.

For the web console, and for whoever wants to see two functions there and not eighteen. The text is that of the tree,
without its comments but for one line a part, in a scope of its own where another part has the same names, in the order
in which they need each other. What crosses from part to part is no copy here: no function of the tree changes what it
was given.

A section that begins `// --- of elhub, energidata: …` stands only in bundles of a function that names one of these. The
text is set closer than in the tree: indented by one space, without semicolons at the ends of lines, empty lines, and
spaces inside of braces; lists in fewer lines, one statement without braces. Constants that several parts declare with
the same line stand once. A line that ends `// … not in a bundle` is of the tree alone. Names stay.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path

from .. import VERSION
from ..model.errors import UsageError
from .tree import function_files, read_json

NAMED = re.compile(r'"(\w+)"')
CALL = re.compile(r'\bcontext\.functions\.execute\("(\w+)"(?:, )?')
CALL_BY_VARIABLE = re.compile(r"\bcontext\.functions\.execute\((\w+), ")
ASSIGNED = re.compile(r"^exports = ", re.MULTILINE)
COUNTED = re.compile(r"^const NESTED = 1;?$", re.MULTILINE)  # by functions that count their operations
NESTED_LINE = re.compile(r"^(?:const NESTED = 1;?| *\S+ \+= (?:\S+ \* )?NESTED)\n", re.MULTILINE)
NESTED_ADDED = re.compile(r" [+-] NESTED\b|\bNESTED \+ ")
NESTED = re.compile(r"(?:\S+ \* )?\bNESTED\b")
SECTION = re.compile(r"^// --- (?:of ([\w, ]+): )?.*$")
TREE_ALONE = "not in a bundle"  # where nothing crosses from function to function
INNER = r"`[^`]*`"  # a template inside of a template
FILLED = rf"\$\{{(?:[^`{{}}]|{INNER}|\{{(?:[^`{{}}]|{INNER})*\}})*\}}"
TEMPLATE = rf"`(?:[^`\\$]|\\.|\$(?!\{{)|{FILLED})*`"
QUOTED = "|".join([*(rf"{quote}(?:[^{quote}\\]|\\.)*{quote}" for quote in "\"'"), TEMPLATE])
SPACED = re.compile(rf"({QUOTED})|(\{{) (?=\S)|(?<=\S) (\}})|(?<!\w)\((\w+)\)(?= =>)")
INNERMOST = re.compile(r"[(\[{][^()\[\]{}]*[)\]}]")
SHARED = re.compile(r"^const (?!NESTED\b)(\w+) = .*;$")
DECLARED = re.compile(r"^(?:const|let|(?:async )?function) ([^=(]+)")
BLOCK = re.compile(r"^ *(?:\} )?(?:else|(?:else )?if|for|while)\b.* \{$")
CONSTANT = re.compile(r"^( *)const (?!NESTED\b).*;$")
NEEDS_SEMICOLON = tuple("([`/+-")  # a line that begins so would go on with the one before
EMPTY_LOOP = re.compile(r"^ *(?:\} )?(?:for|while) \((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\);$")
NO_BLOCK = re.compile(rf"^ *(?:const|let) |{EMPTY_LOOP.pattern}")
SPREAD = re.compile(
    rf"{QUOTED}|(`|/\*)"
)  # a text or a comment over several lines: what is set otherwise says otherwise
COMMENT_BEHIND = re.compile(rf"^((?:[^\"'`/]|{QUOTED}|/(?!/ ))*?) +// .*$")
WIDTH = 120
HEAD = """// {name} of linky-atlas {version}, one file for Atlas, made by `python -m sync trigger bundle` from the tree
// atlas_functions, where every part stands with its explanations. Change it there, and bundle it again.
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
    of = _sections(sources) & set(NAMED.findall(sources[name]))
    lines = {part: _lines(part, text, of) for part, text in sources.items()}
    parts = {part: _folded(lines[part]) for part in _needed(name, lines)}
    by_variable = any(CALL_BY_VARIABLE.search(line) for own in parts.values() for line in own)
    texts = [HEAD.format(name=name, version=VERSION)]
    if shared := _shared(name, parts):
        parts = {part: [line for line in own if line not in shared] for part, own in parts.items()}
        texts.append(f"// --- what several parts say\n{_joined(shared)}")
    counts = Counter([*parts, *_names(shared), *(each for own in parts.values() for each in _names(own))])
    own = parts.pop(name)
    for part, code in parts.items():
        is_alone = all(counts[each] == 1 for each in _names(code))
        texts.append(_part(part, _joined(code), sources[part], is_alone=is_alone))
    text = _plain(_joined(own))
    if by_variable:
        named = parts.keys() & set(NAMED.findall("\n".join([*texts, text])))
        texts.append("const FUNCTIONS = {{{}}}\n".format(", ".join(sorted(named))))
    texts.append(f"{_line(name, sources[name])}\n{text}")
    return "\n".join(texts)


def _needed(name: str, lines: Mapping[str, Sequence[str]]) -> Iterator[str]:
    """The function and all that it names, each once, what is needed before what needs it."""
    seen: set[str] = set()

    def walk(part: str) -> Iterator[str]:
        seen.add(part)
        for named in NAMED.findall("\n".join(lines[part])):
            if named in lines and named not in seen:
                yield from walk(named)
        yield part

    return walk(name)


def _sections(sources: Mapping[str, str]) -> set[str]:
    """What sections of these are about."""
    found = (SECTION.match(line) for text in sources.values() for line in text.splitlines())
    return {name for match in found if match and match[1] for name in match[1].split(", ")}


def _lines(name: str, source: str, of: Collection[str]) -> list[str]:
    """Without comments and without sections that are about others than these. of: none for every section."""
    lines = []
    is_wanted = True
    for line in source.splitlines():
        if section := SECTION.match(line):
            is_wanted = not (of and section[1]) or any(name in of for name in section[1].split(", "))
        if is_wanted and line.strip() and not line.lstrip().startswith("//") and not line.endswith(TREE_ALONE):
            lines.append(_close(COMMENT_BEHIND.sub(r"\1", line)))
    if any(found[1] for line in lines for found in SPREAD.finditer(line)):
        raise UsageError(
            f"functions/{name}.js has a text or a comment over several lines, and cannot be bundled: write it in "
            "one line, or deploy with --tree"
        )
    return lines


def _close(line: str) -> str:
    """Half as far from the margin, braces without spaces, one parameter without parentheses; what is quoted stays."""
    text = line.lstrip()
    return " " * ((len(line) - len(text)) // 2) + SPACED.sub(r"\1\2\3\4", text)


def _margin(line: str) -> int:
    return len(line) - len(line.lstrip())


def _folded(lines: Sequence[str]) -> list[str]:
    """What stands in brackets over several lines in fewer of them."""
    folded: list[str] = []
    for line, after in zip(lines, [*lines[1:], ""], strict=True):
        margin, place = _margin(line), len(folded) - 1
        if line[margin] in "}])" and not after.lstrip().startswith("else"):
            while place > 0 and _margin(folded[place]) > margin:
                place -= 1
            inner = folded[place + 1 :]
            if inner and all(_margin(each) == margin + 1 for each in inner):
                folded[place:] = _bracket(folded[place], inner, line)
                continue
        folded.append(line)
    return folded


def _bracket(first: str, inner: Sequence[str], last: str) -> list[str]:
    """A list in lines of at most WIDTH; a function that only returns, or a block of one statement, without braces."""
    if all(line.endswith(",") for line in inner):
        filled = [first]
        for line in [*inner[:-1], inner[-1][:-1] + last.lstrip()]:
            space = "" if filled == [first] else " "
            if len(filled[-1]) + len(space) + len(line.lstrip()) <= WIDTH:
                filled[-1] += space + line.lstrip()
            else:
                filled.append(line)
        return filled
    if len(inner) == 1 and inner[0].endswith(";"):
        text, kept = inner[0].lstrip(), None
        value = text[len("return ") : -1]
        if first.endswith("=> {") and text.startswith("return ") and _is_one(value):
            kept = (f"({value})" if value.startswith("{") else value) + last.lstrip()[1:]
        elif BLOCK.match(first) and last.lstrip() == "}" and not NO_BLOCK.match(inner[0]):
            kept = text
        if kept and len(first) - 1 + len(kept) <= WIDTH:
            return [first[:-1] + kept]
        if kept:
            return [first[:-2], " " * _margin(inner[0]) + kept]
    return [first, *inner, last]


def _is_one(value: str) -> bool:
    """Whether it is one expression, not several with commas between."""
    bare = re.sub(QUOTED, "", value)
    while bare != (bare := INNERMOST.sub("", bare)):
        pass
    return "," not in bare


def _names(lines: Sequence[str]) -> set[str]:
    """What a part declares for itself, at least."""
    found = (None if COUNTED.match(line) else DECLARED.match(line) for line in lines)
    return {name for match in found if match for name in re.findall(r"\w+", match[1])}


def _shared(name: str, parts: Mapping[str, Sequence[str]]) -> list[str]:
    """Constants that several parts declare with the same line, and that need nothing of one part alone."""
    counts = Counter(line for own in parts.values() for line in own if SHARED.match(line))
    shared = [line for line, count in counts.items() if count > 1]

    def is_free(line: str) -> bool:
        words = set(re.findall(r"\w+", line))
        where = [own for part, own in parts.items() if line in own or part == name]
        return not any(words & _names([other for other in own if other not in shared]) for own in where)

    while shared != (free := [line for line in shared if is_free(line)]):
        shared = free
    return shared


def _joined(lines: Sequence[str]) -> str:
    """Without semicolons at the ends of lines; constants of a line each, one after another, are one declaration."""
    joined = []
    constants = None  # how far from the margin the declaration is that goes on
    for line, after in zip(lines, [*lines[1:], ""], strict=True):
        margin = CONSTANT.match(line)
        follows = CONSTANT.match(after)
        shown = f" {line.replace('const ', '', 1)}" if margin and margin[1] == constants else line
        goes_on = margin and follows and margin[1] == follows[1]
        constants = margin[1] if margin and goes_on else None
        if goes_on:
            shown = f"{shown[:-1]},"
        elif not (after.lstrip().startswith(NEEDS_SEMICOLON) or EMPTY_LOOP.match(line)):
            shown = shown.removesuffix(";")
        joined.append(shown)
    return "\n".join(joined) + "\n"


def _plain(code: str) -> str:
    """Calls of other functions as plain calls, which are no operations."""
    called = CALL_BY_VARIABLE.sub(r"FUNCTIONS[\1](", CALL.sub(r"\1(", code))
    if not COUNTED.search(called):
        return called
    return NESTED.sub("0", NESTED_ADDED.sub("", NESTED_LINE.sub("", called)))


def _part(name: str, code: str, source: str, *, is_alone: bool) -> str:
    """A part in a scope of its own; as it is where nothing else has a name of it."""
    if len(ASSIGNED.findall(code)) != 1:
        raise UsageError(f"functions/{name}.js must assign exports once, at the beginning of a line, to be bundled")
    head, _, tail = ASSIGNED.sub("\0", _plain(code)).partition("\0")
    if is_alone:
        named = "" if re.match(rf"(?:async )?function {name}\b", tail) else f"const {name} = "
        return f"{_line(name, source)}\n{head}{named}{tail}"
    return f"{_line(name, source)}\nconst {name} = (() => {{\n{head}return {tail}}})()\n"


def _line(name: str, source: str) -> str:
    """What a part is for: its explanation as far as the first sign, and as a line takes it."""
    lines = []
    for line in source.splitlines():
        if not line.startswith("// "):
            break
        lines.append(line[3:])
    sentence = re.split(r"(?<=[a-z)])[.:,] ", " ".join(lines) + " ")[0].strip().rstrip(".")
    text = f"// --- {name}: {sentence}"
    return text if len(text) <= WIDTH else text[: WIDTH - 1].rpartition(" ")[0] + " …"


def manifest(names: Collection[str]) -> str:
    """functions/config.json for these."""
    flags = {"private": True, "run_as_system": True, "disable_arg_logs": True}
    return json.dumps([{"name": name, **flags} for name in sorted(names)], indent=2) + "\n"
