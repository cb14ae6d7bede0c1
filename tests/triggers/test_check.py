"""`problems_of` a whole tree, and the project's own tree."""

from __future__ import annotations

from pathlib import Path

import pytest

from sync.model.errors import UsageError
from sync.triggers.check.tree import problems_of
from sync.triggers.tree import DEFAULT_FOLDER
from tests.triggers.trees import write, write_tree


def told(folder: Path) -> list[str]:
    return [str(problem) for problem in problems_of(folder)]


def test_a_good_tree_has_no_problem(tmp_path: Path) -> None:
    assert told(write_tree(tmp_path, {"a": "exports = () => 1;", "utils/b": "exports = () => 2;"})) == []


@pytest.mark.parametrize(
    ("source", "problem"),
    [
        ("exports = () => {\n  const 5 = 1;\n};", "functions/a.js:2: syntax error: Unexpected number"),
        (
            'exports = () => 1;\nimport x from "x";',
            "functions/a.js:2: syntax error: Cannot use import statement outside a module",
        ),
        ("exports = () => 1;\nexport default 5;", "functions/a.js:2: syntax error: Unexpected token 'export'"),
        (
            "exports = () => 1;\nawait exports();",
            "functions/a.js:2: syntax error: await is only valid in async functions",
        ),
        ("exports = () => 1;\n}", "functions/a.js:2: syntax error: Unexpected token '}'"),
        ("// 21121707640844\nexports = () => 1;", "functions/a.js:1: in doubt: holds a token or a PRM"),
        (
            "exports = () =>\n'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOlsi.c2lnbmF0dXJl';",
            "functions/a.js:2: in doubt: holds a token or a PRM",
        ),
    ],
)
def test_a_bad_file_is_told_with_its_line(tmp_path: Path, source: str, problem: str) -> None:
    [found] = told(write_tree(tmp_path, {"a": source}))
    assert found.startswith(problem)


def test_every_file_is_looked_at(tmp_path: Path) -> None:
    tree = write_tree(
        tmp_path, {"a": "exports = () => {", "b": "exports = () => 1.;;)", "utils/c": "exports = () => 1_;"}
    )
    assert [problem.rpartition(".js")[0] for problem in told(tree)] == [
        "functions/a",
        "functions/b",
        "functions/utils/c",
    ]


def test_configuration_is_part_of_it(tmp_path: Path) -> None:
    tree = write_tree(tmp_path, {"a": "exports = () => context.services.get('missing');"})
    write(tree / "functions" / "b.js", "exports = () => 1;")
    found = told(tree)
    assert any("'missing'" in problem for problem in found)
    assert any(
        problem.startswith("functions/b.js:1: in doubt: has no entry in functions/config.json") for problem in found
    )


def test_text_that_is_no_text_is_told(tmp_path: Path) -> None:
    tree = write_tree(tmp_path, {"a": "exports = () => 1;"})
    (tree / "functions" / "a.js").write_bytes(b"exports = () => '\xff';")
    assert told(tree) == ["functions/a.js:1: is not UTF-8 text"]


def test_a_tree_without_functions(tmp_path: Path) -> None:
    assert told(write_tree(tmp_path, {})) == []


def test_no_folder_is_the_users_mistake(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is no folder nowhere"):
        problems_of(tmp_path / "nowhere")


def test_the_projects_own_tree_has_no_problem() -> None:
    assert told(DEFAULT_FOLDER) == []
