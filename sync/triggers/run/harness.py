"""Run an Atlas function here, against a real MongoDB, with the documented contract of the platform and nothing more.

A Node process holds the function in a context of its own (`runtime/`); this side does its database and HTTP calls.

What could not be verified on the real platform, so that a function must not lean on either outcome, stands in
`facts.py`, with what is assumed of each; a report of `trigger probe` replaces what is assumed. Not among them: what a
re-enabled trigger replays; whether calls of other functions count as operations (here they do); what more than 50,000
documents do (here an error).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

from bson import json_util
from pymongo.database import Database

from ...model.readings import milliseconds
from ...store.schema import Document
from ..facts import ASSUMED
from ..tree import resolved, sources, values_of
from .bridge import EJSON, DatabaseBridge
from .process import NodeProcess, Outcome
from .web import Http, send


@dataclass(frozen=True, slots=True)
class Limits:
    """The platform's limits for one execution."""

    seconds: float = 300
    operations: int = 1000
    documents: int = 50_000
    log_lines: int = 25
    log_bytes: int = 512
    memory_mb: int = 350


@dataclass(frozen=True, slots=True)
class Execution:
    """One execution. error: the thrown text, None when the function returned; result: what it returned.

    logs: the kept lines, `logged` how many there were; operations: asynchronous ones, nested functions included;
    unfinished: those nobody waited for; calls: (method, address without its query, status or 0), in their order of
    ending; seconds: by the execution's own clock.
    """

    result: Any
    error: str | None
    logs: list[str]
    operations: int
    calls: list[tuple[str, str, int]]
    seconds: float
    logged: int = 0
    unfinished: int = 0


def run_function(
    folder: Path,
    name: str,
    *,
    database: Database[Document],
    values: Mapping[str, Any],
    secrets: Mapping[str, str],
    service: str = "mongodb-atlas",
    now: datetime | None = None,
    http: Http | None = None,
    arguments: Sequence[Any] = (),
    skip_waits: bool = False,
    limits: Limits = Limits(),
    reported: Mapping[str, str] = MappingProxyType({}),
) -> Execution:
    """Run `functions/<name>.js` of a tree once. Never raises for what the function does: see `Execution.error`.

    values: name → JSON value or FromSecret, on top of the tree's own `values/*.json`; secrets: secret's name → text;
    service: the one name under which `context.services.get` finds the database; now: where the function's clock
    starts; skip_waits: a wait while nothing is under way takes no time (the clock jumps); http: instead of requests;
    reported: facts that are otherwise than assumed, each with its word (facts.py).
    Raises UsageError when the tree has no such function or a secret is too long.
    """
    facts = {**ASSUMED, **reported}
    start = {
        "name": name,
        "functions": sources(folder, name),
        "arguments": json_util.dumps(list(arguments), json_options=EJSON),
        "now": None if now is None else milliseconds(now),
        "skip_waits": skip_waits,
        "inside": {
            "limits": asdict(limits),
            "values": {
                name: json.dumps(text) for name, text in resolved({**values_of(folder), **values}, secrets).items()
            },
            "service": service,
            "facts": facts,
        },
    }
    bridge = DatabaseBridge(database, limits.documents, facts)
    with NodeProcess(bridge.call, http or send, limits.memory_mb) as process:
        outcome = process.run(start, limits.seconds)
    return _execution(outcome, limits, facts["log_lines"])


def _execution(outcome: Outcome, limits: Limits, kept_lines: str) -> Execution:
    done = outcome.done
    most = limits.log_lines
    lines = {"the last 25": outcome.lines[-most:], "all": outcome.lines}.get(kept_lines, outcome.lines[:most])
    kept = [_cut(line, limits.log_bytes) for line in lines]
    result = json_util.loads(json.dumps(done.get("result")), json_options=EJSON)
    return Execution(
        result=result,
        error=done.get("error"),
        logs=kept,
        operations=done.get("operations", 0),
        calls=outcome.calls,
        seconds=done["seconds"],
        logged=len(outcome.lines),
        unfinished=done.get("unfinished", 0),
    )


def _cut(line: str, most: int) -> str:
    """The first `most` bytes of a line."""
    return line.encode("utf-8", "replace")[:most].decode("utf-8", "ignore")
