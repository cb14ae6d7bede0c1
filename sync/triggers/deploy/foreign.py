"""Whether what an app holds under our names is ours: `trigger deploy` replaces nothing of somebody else's unasked.

Nothing in Atlas says who made a function, and `appservices push` leaves no mark either, so the sources are compared.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from ...model.errors import UsageError
from .triggers_app import TriggersApp

RELATED = 0.25
"""Share of the shorter source's lines that versions of one function have in common; strangers share hardly any."""

SHORT = 12
"""Letters of a line that says nothing about whose it is, such as `};` or `return;`."""

SETTING = re.compile(r"[\s;,{}()]|\bconst\b")
"""What a line may hold or not without saying something else."""

GUARD = "module.exports"  # a line that MongoDB's own pages tell everybody to write


def refuse_foreign(
    app: TriggersApp, sources: Mapping[str, str], updated: Iterable[tuple[str, str]], is_recorded: bool
) -> None:
    """Raises UsageError with everything that an update would take from somebody else. updated: (kind, name) of each.

    A function is somebody else's when its source has next to nothing in common with ours. Values and triggers that
    differ are so as long as the app holds none of our functions, nor our record of them: then this is the first deploy.
    """
    there = {name: app.whole("functions", name) for name in sources if name in app.entries("functions")}
    ours = {name for name, entry in there.items() if is_related(str(entry.get("source", "")), sources[name])}
    foreign = [
        f"  {kind} {name}"
        for kind, name in updated
        if (name not in ours if kind == "function" else kind in ("value", "trigger") and not (ours or is_recorded))
    ]
    if foreign:
        listed = "\n".join(foreign)
        raise UsageError(
            f"the app {app.label} holds things of these names that seem to be somebody else's:\n{listed}\n"
            "rename them in the app, or overwrite them: trigger deploy --replace"
        )


def is_related(there: str, here: str) -> bool:
    """Whether two sources are the same function, perhaps in two versions."""
    ours, theirs = _lines(here), _lines(there)
    shorter = min(len(ours), len(theirs))
    return there.strip() == here.strip() or (shorter > 0 and len(ours & theirs) >= RELATED * shorter)


def _lines(source: str) -> set[str]:
    """What tells one source from another: its lines, however close they are set (a bundle is closer than the tree)."""
    lines = {SETTING.sub("", line) for line in source.splitlines() if GUARD not in line}
    return {line for line in lines if len(line) > SHORT}
