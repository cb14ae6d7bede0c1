"""`trigger bundle`: one file a function that Atlas takes, that a person can read, and that holds what it calls."""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from pathlib import Path

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

MOST_BYTES = 100_000


def test_the_bundles_of_this_project(tmp_path: Path) -> None:
    texts = bundles(DEFAULT_FOLDER)
    assert list(texts) == triggered(DEFAULT_FOLDER) == ["elhubDaily", "energidataDaily", "linkyDaily", "watchFreshness"]
    assert problems_of(bundled_tree(tmp_path / "app")) == []
    assert syntax_errors(texts) == {}
    linted = lint_texts({name: texts[name] for name in ("linkyDaily", "watchFreshness")})
    assert [found for found in linted.values() if found] == []
    for name, text in texts.items():
        assert len(text.encode()) < MOST_BYTES
        assert "context.functions" not in text
        assert "require" not in text.replace("required", "")
        comments = Counter(line for line in text.splitlines() if "// " in line)
        assert {count for line, count in comments.items() if line.lstrip().startswith("//")} == {1}
        assert re.findall(rf"^exports = async function {name}\(\) \{{$", text, re.MULTILINE)
    assert "openReadings" not in texts["linkyDaily"]
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
  return [MARK, `${"// "}x`, /\\/\\/ y/.source.length, others, await context.functions.execute("none"), ["shout"]];
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
    assert (execution.error, execution.result) == (None, ["// no comment", "// x", 6, ["8!", 8], None, ["shout"]])
    assert "unused" not in text
    parts = re.findall(r"^// --- (\w+): (.*)$", text, re.MULTILINE)
    assert parts == [
        ("twice", "Twice as much"),
        ("none", "Nothing"),
        ("shout", "Loud"),
        ("main", "The one that is run"),
    ]
    assert not re.search(r"Called by|another one|of all", text)


def test_a_function_that_cannot_be_bundled() -> None:
    with pytest.raises(UsageError, match="holds no function 'gone'; there are: checkStore, "):
        bundles(DEFAULT_FOLDER, ["gone"])
    with pytest.raises(UsageError, match=r"functions/none\.js must assign exports once"):
        bundle("main", SOURCES | {"none": "exports = 1;\nexports = 2;\n"})


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
