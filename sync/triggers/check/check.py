"""`trigger check`: everything in the tree that Atlas would refuse, or take and then fail on, with file and line."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

from ...model.privacy import scrub
from ..run.process import RUNTIME, node_program
from ..tree import function_files
from .lint.rules import export_findings, name_findings, syntax_findings
from .lint.rules_calls import call_findings
from .lint.rules_promises import promise_findings
from .lint.syntax import Program, line_of, parse, walk
from .tree import Problem, config_problems

COMPILE = RUNTIME.with_name("compile.mjs")
RULES = (syntax_findings, name_findings, export_findings, call_findings, promise_findings)


def problems_of(folder: Path) -> list[Problem]:
    """Every problem of the tree, by file and line; empty when all is well. Raises UsageError without the folder."""
    found = set(config_problems(folder))
    texts = {}
    for file in function_files(folder).values():
        try:
            texts[file.relative_to(folder).as_posix()] = file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            continue  # config_problems has said so
    broken = list(_refused_by_engine(texts)) if texts else []
    found.update(broken)
    unread = {problem.path for problem in broken}
    for path, source in texts.items():
        if path not in unread:
            found.update(source_problems(path, source))
    return sorted(found)


def source_problems(path: str, source: str) -> Iterator[Problem]:
    """The problems of one function file that has no syntax error."""
    program = parse(path, source)
    if program.root.has_error:
        yield Problem(path, _first_error(program), "is no JavaScript that the check can read: write it more plainly")
        return
    for rule in RULES:
        for node, message in rule(program):
            yield Problem(path, line_of(node), message)
    for number, line in enumerate(source.splitlines(), 1):
        if scrub(line) != line:
            yield Problem(path, number, "holds a token or a PRM: keep it in a secret, read it with context.values.get")


def _first_error(program: Program) -> int:
    return next(line_of(node) for node in walk(program.root) if node.is_error or node.is_missing)


def _refused_by_engine(texts: dict[str, str]) -> Iterator[Problem]:
    """Syntax errors, in the words of the engine."""
    command = [str(node_program()), str(COMPILE)]
    done = subprocess.run(  # noqa: S603 - our own program and script
        command, input=json.dumps(texts), capture_output=True, encoding="utf-8", check=True, timeout=60
    )
    for found in json.loads(done.stdout):
        yield Problem(found["name"], found["line"], f"syntax error: {found['message']}")
