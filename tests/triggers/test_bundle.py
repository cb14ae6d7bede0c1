"""`trigger bundle`: one file a function that Atlas takes, that a person can read, and that holds what it calls."""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from sync.model.errors import UsageError
from sync.triggers.bundle import bundle, bundles, triggered
from sync.triggers.check.sources import syntax_errors
from sync.triggers.check.tree import problems_of
from sync.triggers.tree import DEFAULT_FOLDER
from tests.bundled import bundled_tree
from tests.eslint import lint_texts
from tests.processes import finish, start
from tests.triggers.trees import run_source

MOST_BYTES = {"elhubDaily": 60_000, "energidataDaily": 60_000, "linkyDaily": 70_500, "watchFreshness": 60_000}
"""60 kB is what each should keep to; one that does not yet is not to grow."""


def test_the_bundles_of_this_project(tmp_path: Path) -> None:
    texts = bundles(DEFAULT_FOLDER)
    assert list(texts) == triggered(DEFAULT_FOLDER) == ["elhubDaily", "energidataDaily", "linkyDaily", "watchFreshness"]
    assert problems_of(bundled_tree(tmp_path / "app")) == []
    assert syntax_errors(texts) == {}
    linted = lint_texts({name: texts[name] for name in ("linkyDaily", "watchFreshness")})
    assert [found for found in linted.values() if found] == []
    for name, text in texts.items():
        assert len(text.encode()) <= MOST_BYTES[name]
        assert "context.functions" not in text
        assert "require" not in text.replace("required", "")
        comments = Counter(line for line in text.splitlines() if "// " in line)
        assert {count for line, count in comments.items() if line.lstrip().startswith("//")} == {1}
        assert re.findall(rf"^exports = async function {name}\(\) \{{$", text, re.MULTILINE)
    assert "openReadings" not in texts["linkyDaily"]
    assert "DayAheadPrices" not in texts["elhubDaily"]
    assert "NORWEGIAN" not in texts["energidataDaily"]
    assert not re.search(r"Enedis|linkyMeters", texts["elhubDaily"] + texts["energidataDaily"])
    assert re.search(r"Enedis(?s:.*)linkyMeters", texts["linkyDaily"])
    assert "fetchAnswer" not in texts["watchFreshness"]


SOURCES = {
    "main": """// The one that is run. It has more to say.
//
// And more.

const LIMIT = 2; // of all, "quoted"
const MARK = "// no comment";

exports = async function main(names) {
  // Called by its name, and by one that comes from outside.
  const first = await context.functions.execute("twice", LIMIT);
  const others = [];
  for (const name of names) others.push(await context.functions.execute(name, first));
  const nothing = await context.functions.execute("none");
  return [MARK, `${"// "}x`, /\\/\\/ y/.source.length, others, nothing, ["shout", "twice"]];
};
""",
    "twice": """// Twice as much: a number.

const LIMIT = 100; // another one
exports = (number) => Math.min(LIMIT, 2 * number);
""",
    "shout": """// Loud.
const LIMIT = 1;

exports = async function shout(number) {
  return `${await context.functions.execute("twice", number)}${"!".repeat(LIMIT)}`;
};
""",
    "none": "// Nothing.\nexports = function none() {\n  return null;\n};\n",
    "unused": "// Not needed.\nexports = () => 1;\n",
}


def test_what_it_calls_is_inside_and_each_part_has_its_own_names(tmp_path: Path) -> None:
    text = bundle("main", SOURCES)
    execution = run_source(tmp_path, text, arguments=[["shout", "twice"]])
    assert (execution.error, execution.result) == (
        None,
        ["// no comment", "// x", 6, ["8!", 8], None, ["shout", "twice"]],
    )
    assert "unused" not in text
    parts = re.findall(r"^// --- (\w+): (.*)$", text, re.MULTILINE)
    assert parts == [
        ("twice", "Twice as much"),
        ("none", "Nothing"),
        ("shout", "Loud"),
        ("main", "The one that is run"),
    ]
    assert not re.search(r"Called by|another one|of all", text)
    # Names of another part, LIMIT, need a scope of their own; a part without such names stands as it is.
    assert re.findall(r"^const (\w+) = \(\(\) => \{$", text, re.MULTILINE) == ["twice", "shout"]
    assert "\nfunction none() {\n" in text
    assert "\nconst FUNCTIONS = {shout, twice}\n" in text


SHARING = {
    "main": """// The one that is run.
const DOUBLE = 2;
const own = () => 0;
const same = (number) => number * DOUBLE;

exports = async function main() {
  return [same(2), own(), await context.functions.execute("one", 2), await context.functions.execute("two", 2)];
};
""",
    "one": """// The first.
const HALF = 0.5;
const half = (number) => number * HALF;
const own = () => 1;
const same = (number) => number * DOUBLE;
const DOUBLE = 3;

exports = (number) => [half(number), own(), same(number)];
""",
    "two": """// The second.
const HALF = 0.5;
const half = (number) => number * HALF;
const own = () => 1;

exports = (number) => {
  const one = half(number); // not in a bundle
  return [half(number), own()];
};
""",
}


def test_what_parts_say_with_the_same_line_stands_once(tmp_path: Path) -> None:
    """Not what needs something of a part alone, nor a name that the function itself has for something else."""
    text = bundle("main", SHARING)
    assert run_source(tmp_path, text).result == [4, 0, [1, 1, 6], [1, 1]]
    assert "// --- what several parts say\nconst HALF = 0.5,\n half = number => number * HALF\n\n" in text
    assert (text.count("own = "), text.count("same = "), text.count("half = ")) == (3, 2, 1)
    assert "const one = half" not in text


SECTIONS = {
    "one": """// Of one source.
exports = async function one() {
  return context.functions.execute("kinds", "first");
};
""",
    "all": """// Of all.
const WANTED = ["first", "second"];

exports = async function all() {
  return [await context.functions.execute("kinds", WANTED[0]), await context.functions.execute("kinds", WANTED[1])];
};
""",
    "none": """// Of none that it names.
exports = (kind) => context.functions.execute("kinds", kind);
""",
    "kinds": """// What there is.
const KINDS = {};

// --- of first: what it is ---

KINDS.first = 1;

// --- of second, third: what they are ---

KINDS.second = 2;

// --- of any -----------

exports = (kind) => [kind, Object.keys(KINDS).join(" "), KINDS[kind]];
""",
}


@pytest.mark.parametrize(
    ("name", "arguments", "told"),
    [
        ("one", [], ["first", "first", 1]),
        ("all", [], [["first", "first second", 1], ["second", "first second", 2]]),
        ("none", ["second"], ["second", "first second", 2]),
    ],
)
def test_a_section_is_there_for_those_that_name_what_it_is_of(
    tmp_path: Path, name: str, arguments: list[Any], told: list[Any]
) -> None:
    assert run_source(tmp_path, bundle(name, SECTIONS), arguments=arguments).result == told


CLOSE = """// Set wide.
const NESTED = 1; // what a call costs
const WORDS = ["a; { b }", '{ c };', "d"];

const LENGTH = 2;

exports = function wide(given) {
  const { first, ...others } = given;
  const seen = [];
  let count = NESTED + 1;

  count += NESTED;
  count += 2 * NESTED;
  const text = `${Object.keys(others).map((name) => `{ ${name} }`).join("; ")}`;
  [count, seen.length] = [count + 1, LENGTH];
  (function () {
    seen.push(text);
  })();
  for (const word of WORDS) if (word) seen.push(word);
  let left = 3;
  while (Math.max(0, (left -= 1)) > 0);
  seen.push(left);
  const long = {
    first: WORDS.map((word) => {
      return { word };
    }),
    third: WORDS.map((word) => {
      return (count += 1), word;
    }),
    second: [
      "a word that is long enough for lines",
      "and another one that is as long as that",
      "and a third",
    ],
  };
  if (long.second.length === 3) {
    seen.push(long.first.length);
  }
  if (left === 1) {
    if (count) seen.push("never");
  }
  else seen.push("else of the outer");
  if (left) {
    seen.push("never");
  } else if (count) {
    const word = long.second[2];
    seen.push(word);
  } else {
    seen.push("never");
  }
  return { first, seen, count, rest: 10 - NESTED };
};
"""


def test_it_is_set_close_and_does_the_same(tmp_path: Path) -> None:
    """Quoted text stays; a call inside a bundle is no operation."""
    text = bundle("wide", {"wide": CLOSE})
    execution = run_source(tmp_path, text, arguments=[{"first": 1, "x": 2, "y": 3}])
    seen = [None, None, "{ x }; { y }", "a; { b }", "{ c };", "d", 0, 3, "else of the outer", "and a third"]
    assert (execution.error, execution.result) == (None, {"first": 1, "seen": seen, "count": 5, "rest": 10})
    assert " const {first, ...others} = given,\n  seen = []\n let count = 1\n" in text
    lines = text.splitlines()
    place = lines.index("  first: WORDS.map(word => ({word})),")
    assert lines[place + 4 : place + 9] == [
        '  second: ["a word that is long enough for lines", "and another one that is as long as that", "and a third"],',
        " }",
        " if (long.second.length === 3) seen.push(long.first.length)",
        " if (left === 1) {",
        '  if (count) seen.push("never")',
    ]
    assert max(map(len, lines)) <= 120
    assert [line for line in text.splitlines() if line.endswith(";")] == [
        ' const text = `${Object.keys(others).map((name) => `{ ${name} }`).join("; ")}`;',
        " [count, seen.length] = [count + 1, LENGTH];",
        " while (Math.max(0, (left -= 1)) > 0);",
    ]


def test_a_name_of_somebody_else_stays(tmp_path: Path) -> None:
    source = "// A list.\nconst NESTED = [1, [2]];\n\nexports = () => NESTED.length + NESTED[0];\n"
    assert run_source(tmp_path, bundle("list", {"list": source})).result == 3


def test_a_function_that_cannot_be_bundled() -> None:
    with pytest.raises(UsageError, match="holds no function 'gone'; there are: checkStore, "):
        bundles(DEFAULT_FOLDER, ["gone"])
    with pytest.raises(UsageError, match=r"functions/none\.js must assign exports once"):
        bundle("main", SOURCES | {"none": "exports = 1;\nexports = 2;\n"})
    for text in ("`\n  a;\n`", "1; /* a\n  b */"):
        with pytest.raises(UsageError, match=r"functions/none\.js has a text or a comment over several lines"):
            bundle("main", SOURCES | {"none": f"exports = () => {text};\n"})


def test_the_command(tmp_path: Path) -> None:
    def shell(*arguments: str) -> tuple[int, str, str]:
        return finish(start(dict(os.environ), tmp_path, "trigger", "bundle", *arguments))

    code, out, err = shell("linkyDaily", "--out", "made/here")
    assert (code, err) == (0, "")
    assert out.startswith("made/here/linkyDaily.js  (")
    assert (tmp_path / "made/here/linkyDaily.js").read_text("utf-8") == bundles(DEFAULT_FOLDER)["linkyDaily"]
    code, out, err = shell("--out", "made", "--json")
    assert [each["name"] for each in json.loads(out)["files"]][2:] == ["linkyDaily.js", "watchFreshness.js"]
    assert shell("gone", "--out", "made")[0] == 2
