"""The persisted budget of calls: per machine and API host, shared by all processes, each attempt counted beforehand.

The gateway bans an address for 100 calls in a UTC day, so the count lives in the user's state folder, not in a checkout
or a database: another one of those must not get a second budget.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from urllib.parse import urlsplit

import platformdirs

from ..model.clock import Clock
from ..model.errors import BudgetSpent, RateLimited, UsageError
from ..model.private import private_file, private_folder

APPLICATION = "linky-atlas"
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})

# A row a day is kept for good (25 bytes or so): a clock that jumps ahead and back must find what it had counted.
TABLES = (
    """
CREATE TABLE hosts (
    host TEXT NOT NULL,
    day TEXT NOT NULL,                  -- UTC day of `calls`
    calls INTEGER NOT NULL,             -- attempts of that day
    carried INTEGER NOT NULL DEFAULT 0, -- how many of them were counted for an earlier day too
    closed TEXT,                        -- why no further call is made that day
    PRIMARY KEY (host, day)
)""",
    """
CREATE TABLE starts (
    host TEXT PRIMARY KEY,
    last_start REAL NOT NULL -- UTC timestamp of the last attempt
)""",
)
TURNS = """
CREATE TABLE IF NOT EXISTS turns (
    host TEXT NOT NULL,
    topic TEXT NOT NULL,
    until REAL NOT NULL,   -- UTC timestamp before which no call is made
    seconds REAL NOT NULL, -- how far ahead that was when it was set: a clock set back does not make it longer
    PRIMARY KEY (host, topic)
)"""
LAYOUT = 2
LONGEST_TURN = 120.0  # s; a longer wait for a turn is left to whoever asked


@dataclass(frozen=True, slots=True)
class Turn:
    """What a call is about, where a host counts by topic (a dataset): at least `spacing` s between two such calls.

    A host of our own is not spaced, but what it says itself is kept to.
    """

    topic: str
    spacing: float = 0.0


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
        self.host = host_of(url)
        self.limit = limit
        self.spacing = spacing
        self._is_ours = is_loopback(url)
        self._clock = clock
        self._path = _path_in(folder)
        try:
            private_folder(self._path.parent)
            private_file(self._path)
        except OSError as error:
            raise self._unusable(error) from error
        with self._transaction() as database:
            layout = database.execute("PRAGMA user_version").fetchone()[0]
            if layout < 1:
                database.execute("DROP TABLE IF EXISTS hosts")  # of before the first release
                for table in TABLES:
                    database.execute(table)
            if layout < LAYOUT:
                database.execute(TURNS)
                database.execute(f"PRAGMA user_version = {LAYOUT}")

    def take(self, turn: Turn | None = None) -> None:
        """Wait for the spacing and for the turn, then count one call.

        Raises BudgetSpent when the day's calls are used up, RateLimited when the turn is more than two minutes away.
        """
        while wait := self._try_take(turn):
            self._clock.sleep(wait)

    def hold(self, turn: Turn, until: datetime) -> None:
        """No further call about this before `until` (UTC), by any process of this machine: the host has said so."""
        with self._transaction() as database:
            now = self._clock.now().timestamp()
            if until.timestamp() > now + self._turn_wait(database, turn, now):
                self._put_turn(database, turn, until.timestamp() - now, now)

    def usage(self) -> Usage:
        """The count of the present UTC day."""
        with self._transaction() as database:
            return self._today(database)

    def close_day(self, reason: str) -> None:
        """No further call to this host today, by any process of this machine."""
        with self._transaction() as database:
            self._put(database, replace(self._today(database), closed=reason))

    def _try_take(self, turn: Turn | None) -> float:
        """Seconds to wait before trying again; 0 when the call is counted."""
        with self._transaction() as database:
            today = self._today(database)
            if today.left:
                now = self._clock.now().timestamp()
                row = database.execute("SELECT last_start FROM starts WHERE host = ?", (self.host,)).fetchone()
                wait = row[0] + self.spacing - now if row else 0.0
                if 0 < wait <= self.spacing:  # more than the spacing: the clock was set back, no need to wait for it
                    return wait
                if turn and (wait := self._turn_wait(database, turn, now)):
                    return self._short_enough(turn, wait, now)
                if turn and turn.spacing and not self._is_ours:
                    self._put_turn(database, turn, turn.spacing, now)
                self._put(database, replace(today, calls=today.calls + 1))
                database.execute("INSERT OR REPLACE INTO starts VALUES (?, ?)", (self.host, now))
                return 0
        until = datetime.combine(today.day + timedelta(days=1), time(), UTC)
        if today.closed:
            raise BudgetSpent(f"no more calls to {self.host} today: {today.closed}", until)
        raise BudgetSpent(
            f"all {self.limit} calls of this UTC day to {self.host} are used; "
            f"run again after {until:%Y-%m-%d %H:%M} UTC, or use --wait",
            until,
        )

    def _turn_wait(self, database: sqlite3.Connection, turn: Turn, now: float) -> float:
        """Seconds until the turn comes; 0 when it is there."""
        key = (self.host, turn.topic)
        row = database.execute("SELECT until, seconds FROM turns WHERE host = ? AND topic = ?", key).fetchone()
        wait = row[0] - now if row else 0.0
        return wait if 0 < wait <= row[1] + 0.001 else 0.0

    def _put_turn(self, database: sqlite3.Connection, turn: Turn, seconds: float, now: float) -> None:
        row = (self.host, turn.topic, now + seconds, seconds)
        database.execute("INSERT OR REPLACE INTO turns VALUES (?, ?, ?, ?)", row)

    def _short_enough(self, turn: Turn, wait: float, now: float) -> float:
        if wait <= LONGEST_TURN:
            return wait
        until = datetime.fromtimestamp(now + wait, UTC)
        said = f"{self.host} wants no call about {turn.topic} before {until:%Y-%m-%d %H:%M} UTC"
        raise RateLimited(f"{said}: run again then, or use --wait", 429, until)

    def _today(self, database: sqlite3.Connection) -> Usage:
        """The count of today. Days ahead of it were counted by a clock that was wrong: those calls may be of today."""
        day = self._clock.now().date()
        key = (self.host, day.isoformat())
        row = database.execute("SELECT calls, closed FROM hosts WHERE host = ? AND day = ?", key).fetchone()
        today = Usage(day, row[0] if row else 0, self.limit, row[1] if row else None)
        calls, closed = database.execute(
            "SELECT sum(calls - carried), max(closed) FROM hosts WHERE host = ? AND day > ? AND calls > carried", key
        ).fetchone()
        if calls:
            today = replace(today, calls=today.calls + calls, closed=today.closed or closed)
            self._put(database, today)
            database.execute("UPDATE hosts SET carried = calls WHERE host = ? AND day > ?", key)
        return today

    def _put(self, database: sqlite3.Connection, today: Usage) -> None:
        database.execute(
            "INSERT INTO hosts (host, day, calls, closed) VALUES (?, ?, ?, ?) "
            "ON CONFLICT (host, day) DO UPDATE SET calls = excluded.calls, closed = excluded.closed",
            (self.host, today.day.isoformat(), today.calls, today.closed),
        )

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """One exclusive transaction across all processes; committed before the call it counts is made."""
        try:
            with closing(sqlite3.connect(self._path, timeout=30, isolation_level=None)) as database:
                database.execute("BEGIN IMMEDIATE")
                yield database
                database.execute("COMMIT")
        except sqlite3.Error as error:
            raise self._unusable(error) from error

    def _unusable(self, error: Exception) -> UsageError:
        return UsageError(
            f"the count of calls cannot be kept in {self._path} ({error}): make its folder writable with room on the "
            "disk; if the file is broken, delete it and go on the next UTC day. Without the count nothing would keep "
            "this address from being banned"
        )


def used_today(url: str, limit: int | None, now: datetime, folder: Path | None = None) -> Usage:
    """The count of a UTC day as it stands, without making, changing or locking anything: for those who only look.

    Raises UsageError when the count is there and cannot be read.
    """
    path = _path_in(folder)
    host, day = host_of(url), now.astimezone(UTC).date()
    if not path.exists():
        return Usage(day, 0, limit, None)
    question = (
        "SELECT coalesce(sum(iif(day = :day, calls, calls - carried)), 0), max(closed) FROM hosts "
        "WHERE host = :host AND (day = :day OR (day > :day AND calls > carried))"
    )
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=2)) as database:
            if not database.execute("SELECT 1 FROM sqlite_master WHERE name = 'hosts'").fetchone():
                return Usage(day, 0, limit, None)
            calls, closed = database.execute(question, {"host": host, "day": day.isoformat()}).fetchone()
    except sqlite3.Error as error:
        raise UsageError(f"the count of calls cannot be read ({error}): python -m sync status says more") from error
    return Usage(day, calls, limit, closed)


def _path_in(folder: Path | None) -> Path:
    return (folder or platformdirs.user_state_path(APPLICATION)) / "budget.sqlite3"


def host_of(url: str) -> str:
    """The host of an address in one spelling, with its port unless it is the scheme's own: the key of a budget."""
    parts = urlsplit(url)
    host = (parts.hostname or "").rstrip(".")
    if parts.port in (None, {"http": 80, "https": 443}.get(parts.scheme)):
        return host
    return f"[{host}]:{parts.port}" if ":" in host else f"{host}:{parts.port}"


def is_loopback(url: str) -> bool:
    """Whether an address is on this machine: a server of our own."""
    return urlsplit(url).hostname in LOOPBACK


def budget_limit(url: str, calls_per_day: int, given: bool) -> int | None:
    """The daily limit for a host: loopback hosts are ours and unbudgeted unless the setting was given."""
    return None if is_loopback(url) and not given else calls_per_day
