"""What no linter checks of the house's style: the length of functions, how few modules lie at the root."""

from __future__ import annotations

import ast
from pathlib import Path
from statistics import median

import pytest

LONGEST = {"sync": 46, "dash_app": 46}  # lines, from `def` to the last
MEDIAN = 6
MOST_AT_ROOT = 6


def lines_of_functions(root: Path, part: str) -> dict[str, int]:
    """Place → lines, of every function of a folder."""
    found = {}
    for path in (root / part).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                assert node.end_lineno is not None
                place = f"{path.relative_to(root)}:{node.lineno} {node.name}"
                found[place] = node.end_lineno - node.lineno + 1
    return found


@pytest.mark.parametrize("part", LONGEST)
def test_functions_are_short(part: str, project_root: Path) -> None:
    lines = lines_of_functions(project_root, part)
    assert {place: count for place, count in lines.items() if count > LONGEST[part]} == {}
    assert median(lines.values()) <= MEDIAN


def test_few_modules_lie_at_the_root(project_root: Path) -> None:
    assert len(list((project_root / "sync").glob("*.py"))) <= MOST_AT_ROOT
