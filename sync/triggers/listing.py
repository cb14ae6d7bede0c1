"""`trigger list`: the functions, and each trigger with its schedule in words and its next times."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from ..model.localtime import PARIS
from .check.tree import read_tree
from .cron import parse_schedule


def listing(folder: Path, now: datetime, count: int) -> dict[str, Any]:
    """`{functions: [name], triggers: [{name, function, schedule, words, disabled, next: [{utc, paris}]}]}`.

    `count` next times after `now`, in ISO 8601. Raises UsageError when the tree cannot be read as one.
    """
    tree = read_tree(folder)
    triggers = []
    for name, each in sorted(tree.triggers.items()):
        schedule = parse_schedule(each.schedule)
        times = schedule.next_times(now, count)
        triggers.append(
            {
                "name": name,
                "function": each.function,
                "schedule": each.schedule,
                "words": schedule.words(),
                "disabled": each.disabled,
                "next": [{"utc": utc.isoformat(), "paris": utc.astimezone(PARIS).isoformat()} for utc in times],
            }
        )
    return {"functions": sorted(tree.functions), "triggers": triggers}
