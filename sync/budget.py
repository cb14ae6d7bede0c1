"""The persisted budget of calls: per machine and API host, shared by all processes, each attempt counted beforehand.

The gateway bans an address for 100 calls in a UTC day, so the count lives in the user's state folder, not in a checkout
or a database: another one of those must not get a second budget.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import platformdirs

from .clock import Clock
from .errors import BudgetSpent, UsageError

APPLICATION = "linky-atlas"
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})

TABLE = """
CREATE TABLE IF NOT EXISTS hosts (
    host TEXT PRIMARY KEY,
    day TEXT NOT NULL,        -- UTC day of `calls`
    calls INTEGER NOT NULL,   -- attempts of that day
    last_start REAL NOT NULL, -- UTC timestamp of the last attempt
    closed TEXT               -- why no further call is made that day
)"""


@dataclass(frozen=True, slots=True)
class Usage:
    """Calls of a UTC day to one host. `limit` is None for an unbudgeted (loopback) host; `closed`: why it is shut."""

    day: date
    calls: int
    limit: int | None
    closed: str | None

    @property
    def left(self) -> float:
        """Calls that may still be made that day."""
        if self.closed:
            return 0
        return float("inf") if self.limit is None else max(0, self.limit - self.calls)


class Budget:
    """Calls to the host of `url`. limit: calls per UTC day, None for a host of our own; spacing: s between starts."""

    def __init__(self, url: str, limit: int | None, spacing: float, clock: Clock, folder: Path | None = None) -> None:
        parts = urlsplit(url)
        self.host = parts.netloc.rpartition("@")[2]
        self.limit = limit
        self.spacing = spacing
        self._clock = clock
        folder = folder or platformdirs.user_state_path(APPLICATION)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._path = folder / "budget.sqlite3"
            with self._transaction() as database:
                database.execute(TABLE)
        except (OSError, sqlite3.Error) as error:
            raise UsageError(
                f"the count of calls cannot be kept in {folder} ({error}): make that folder writable; "
                "without it nothing would keep this address from being banned"
            ) from error

    def take(self) -> None:
        """Wait for the spacing, then count one call. Raises BudgetSpent when the day's calls are used up."""
        while wait := self._try_take():
            self._clock.sleep(wait)

    def usage(self) -> Usage:
        """The count of the present UTC day."""
        with self._transaction() as database:
            day, calls, _, closed = self._today(database)
        return Usage(day, calls, self.limit, closed)

    def close_day(self, reason: str) -> None:
        """No further call to this host today, by any process of this machine."""
        with self._transaction() as database:
            day, calls, last_start, _ = self._today(database)
            self._put(database, day, calls, last_start, reason)

    def _try_take(self) -> float:
        with self._transaction() as database:
            day, calls, last_start, closed = self._today(database)
            until = datetime.combine(day + timedelta(days=1), time(), UTC)
            if closed:
                raise BudgetSpent(f"no more calls to {self.host} today: {closed}", until)
            if self.limit is not None and calls >= self.limit:
                raise BudgetSpent(
                    f"all {self.limit} calls of this UTC day to {self.host} are used; "
                    f"run again after {until:%Y-%m-%d %H:%M} UTC, or use --wait",
                    until,
                )
            now = self._clock.now().timestamp()
            wait = last_start + self.spacing - now
            if 0 < wait <= self.spacing:  # more than the spacing: the clock was set back, there is nothing to wait for
                return wait
            self._put(database, day, calls + 1, now, None)
            return 0

    def _today(self, database: sqlite3.Connection) -> tuple[date, int, float, str | None]:
        today = self._clock.now().date()
        row = database.execute(
            "SELECT day, calls, last_start, closed FROM hosts WHERE host = ?", (self.host,)
        ).fetchone()
        if row is None:
            return today, 0, 0.0, None
        day = date.fromisoformat(row[0])
        if day < today:
            return today, 0, row[2], None
        # A stored day in the future means that the clock was set back: that must not open a second budget.
        return day, row[1], row[2], row[3]

    def _put(self, database: sqlite3.Connection, day: date, calls: int, last_start: float, closed: str | None) -> None:
        row = (self.host, day.isoformat(), calls, last_start, closed)
        database.execute("INSERT OR REPLACE INTO hosts VALUES (?, ?, ?, ?, ?)", row)

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """One exclusive transaction across all processes; committed before the call it counts is made."""
        database = sqlite3.connect(self._path, timeout=30, isolation_level=None)
        try:
            database.execute("BEGIN IMMEDIATE")
            yield database
            database.execute("COMMIT")
        finally:
            database.close()


def is_loopback(url: str) -> bool:
    """Whether an address is on this machine: a server of our own."""
    return urlsplit(url).hostname in LOOPBACK


def budget_limit(url: str, calls_per_day: int, given: bool) -> int | None:
    """The daily limit for a host: loopback hosts are ours and unbudgeted unless the setting was given."""
    return None if is_loopback(url) and not given else calls_per_day
