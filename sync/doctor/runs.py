"""How the last runs of the functions ended, in Atlas or here."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from .finding import Finding, NotRun, Surroundings

SUBJECT = "runs"
RUNS = "sync_runs"
LATE = timedelta(hours=36)


def check_runs(around: Surroundings) -> Iterator[Finding]:
    """By the record that each run leaves; of one that never came there is none."""
    newest = {name: {"$first": f"${name}"} for name in ("at", "ok", "error")}
    stages: list[dict[str, Any]] = [{"$sort": {"at": -1}}, {"$group": {"_id": "$function", **newest}}]
    last = list(around.database[RUNS].aggregate([*stages, {"$sort": {"_id": 1}}]))
    if not last:
        raise NotRun("no function has run against this database")
    for run in last:
        name, moment = str(run["_id"]), f"{run['at']:%Y-%m-%d %H:%M} UTC"
        again = f"python -m sync trigger run {name}"
        if run.get("ok") is False:
            words = str(run.get("error", "")).removeprefix(f"{name}: ")
            yield Finding(SUBJECT, "error", f"{name} failed on {moment}: {words}", f"mend that, then: {again}")
        elif around.clock.now() - run["at"] > LATE:
            remedy = f"{again}; in Atlas: is its trigger enabled, or suspended (Triggers, Restart)?"
            yield Finding(SUBJECT, "warning", f"{name} has not run since {moment}", remedy)
        else:
            yield Finding(SUBJECT, "ok", f"{name} ended well on {moment}")
