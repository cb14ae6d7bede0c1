"""Syntax errors of the functions' sources, told by Node without running them."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from ..run.process import node_program

SCRIPT = """
const found = {};
for (const [name, source] of Object.entries(JSON.parse(require("fs").readFileSync(0, "utf8")))) {
  try {
    require("vm").compileFunction(source, ["exports"], { filename: "function.js" });
  } catch (error) {
    found[name] = [Number((/function\\.js:(\\d+)/.exec(error.stack) || [0, 1])[1]), error.message];
  }
}
process.stdout.write(JSON.stringify(found));
"""


def syntax_errors(sources: Mapping[str, str]) -> dict[str, tuple[int, str]]:
    """Name → (line from 1, message) of each source that is none. Raises UsageError where there is no Node."""
    errors: dict[str, Any] = json.loads(_errors(json.dumps(sources))) if sources else {}
    return {name: (line, message) for name, (line, message) in errors.items()}


@lru_cache(maxsize=64)
def _errors(sources: str) -> str:
    command = [str(node_program()), "-e", SCRIPT]
    done = subprocess.run(  # noqa: S603 - our own program and script
        command, input=sources, capture_output=True, encoding="utf-8", check=True, timeout=60
    )
    return done.stdout
