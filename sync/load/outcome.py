"""What a load did, added up over its windows or files, and the calls by which it tells how far it is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Protocol

from ..store.writer import Written


class Progress(Protocol):
    """What a load tells while it runs. `note` is a line for people; `advance` one finished window or file."""

    def start(self, total: int, done: int) -> None: ...

    def advance(self, text: str) -> None: ...

    def note(self, text: str) -> None: ...


class Silence:
    """Tells nobody."""

    def start(self, total: int, done: int) -> None:
        """Nothing to show."""

    def advance(self, text: str) -> None:
        """Nothing to show."""

    def note(self, text: str) -> None:
        """Nothing to show."""


@dataclass(slots=True)
class Outcome:
    """The sums of one `backfill` or `import`. `short`: answers with less than was asked for, in words."""

    windows: int = 0
    calls: int = 0
    written: Written = field(default_factory=Written)
    rejected: int = 0
    missing: int = 0
    repeated: int = 0
    flagged: int = 0
    seconds: float = 0.0
    identical: bool = False
    remaining: int = 0
    rejects: list[str] = field(default_factory=list)
    differences: list[str] = field(default_factory=list)
    short: list[str] = field(default_factory=list)
    stopped: str = ""

    def as_json(self) -> dict[str, Any]:
        """The object of `backfill --json` and `import --json`."""
        return {
            "windows": self.windows,
            "calls": self.calls,
            "readings_new": self.written.new,
            "readings_changed": self.written.changed,
            "readings_unchanged": self.written.unchanged,
            "rejected": self.rejected,
            "flagged": self.flagged,
            "seconds": round(self.seconds, 3),
            "identical": self.identical,
        }
