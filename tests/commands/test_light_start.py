"""A command imports only what it needs: measured as the set of modules that are there afterwards."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import click
import pytest

from sync.cli import COMMANDS, cli
from tests.servers import PROJECT_ROOT

HEAVY = {"pandas", "numpy", "dash", "plotly", "pymongo", "pydantic", "requests", "openpyxl", "pyarrow", "tree_sitter"}
MODULES_AFTER = """
import json, runpy, sys
sys.argv[1:] = json.loads(sys.argv[1])
try:
    runpy.run_module("sync", run_name="__main__")
except SystemExit:
    pass
print("\\n" + json.dumps(sorted({name.split(".")[0] for name in sys.modules})))
"""
ALLOWED = {
    (): set(),
    ("--help",): set(),
    ("--version",): set(),
    ("no-such-command",): set(),
}
"""Words → which of the heavy ones they may import."""


@pytest.mark.parametrize("words", ALLOWED, ids=" ".join)
def test_what_is_imported(words: tuple[str, ...], tmp_path: Path) -> None:
    found = subprocess.run(
        [sys.executable, "-c", MODULES_AFTER, json.dumps(words)],
        cwd=tmp_path,
        env={"PYTHONPATH": str(PROJECT_ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    modules = set(json.loads(found.stdout.splitlines()[-1]))
    assert modules & HEAVY == ALLOWED[words]


def test_every_command_has_its_line_in_the_list() -> None:
    context = click.Context(cli)
    text = cli.get_help(context)
    for name, (_, line) in COMMANDS.items():
        assert f"  {name}" in text
        assert line in text.replace("\n" + " " * 13, " ")
        command = cli.get_command(context, name)
        assert command is not None
        assert command.name == name
