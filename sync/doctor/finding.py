"""What a check says, and what all checks look at."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Literal

from pymongo.database import Database

from ..model.clock import Clock
from ..settings import Settings, load
from ..store.connection import open_store, place_of
from ..store.schema import Document

Level = Literal["error", "warning", "ok", "not run"]
LEVELS: tuple[Level, ...] = ("error", "warning", "ok", "not run")
"""In the order in which findings are told."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One line. said: what is so; remedy: what to do or type about it, empty where `said` says it or nothing is."""

    subject: str
    level: Level
    said: str
    remedy: str = ""


class NotRun(Exception):
    """A check cannot look, and why."""


@dataclass(slots=True)
class Surroundings:
    """What the checks look at. call: whether one call may be made; clocks: whose clock → (its time, ours then), UTC.

    `settings` and `database` raise NotRun where they cannot be had: the check of that subject has said why.
    """

    home: Path
    environ: Mapping[str, str]
    clock: Clock
    stack: ExitStack
    call: bool = True
    clocks: dict[str, tuple[datetime, datetime]] = field(default_factory=dict)
    _settings: Settings | None = None
    _database: Database[Document] | None = None

    def load_settings(self) -> Settings:
        """Read them. Raises UsageError."""
        self._settings = load(self.home, self.environ)
        return self._settings

    def open_database(self) -> Database[Document]:
        """Open the store until the end of the examination. Raises SyncError."""
        self._database = self.stack.enter_context(open_store(self.settings))
        return self._database

    @property
    def settings(self) -> Settings:
        """What was read."""
        if self._settings is None:
            raise NotRun("the settings are wrong")
        return self._settings

    @property
    def database(self) -> Database[Document]:
        """What was opened."""
        if self._database is None:
            raise NotRun("there is no MongoDB to look into")
        return self._database

    @property
    def place(self) -> str:
        """The store, in words."""
        uri = self.settings.mongodb_uri
        return place_of(uri) if uri else "the embedded MongoDB"


Check = Callable[[Surroundings], Iterator[Finding]]


def option(source: str) -> str:
    """`--source` of a command that is for this source."""
    return "" if source == "linky" else f" --source {source}"
