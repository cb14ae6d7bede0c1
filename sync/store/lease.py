"""Leases in a regular collection: one writer of a mirror, one loader of a series at a time.

A time-series collection has no unique index, so two processes that fill the same gap would double it. The server's
clock decides when a lease ends. A holder that was killed on this machine is recognised: its lease is free at once.

Nobody waits with leases in hand: who gets only some of what it wants works on these first and gives them back, so two
loaders that want each other's series never block one another.
"""

from __future__ import annotations

import os
import platform
import threading
import time
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import BulkWriteError, PyMongoError

from ..model.clock import Clock, SystemClock
from ..model.errors import LeaseLost, StoreError
from ..model.readings import Series

LEASES = "sync_leases"
FIRST_PAUSE, LONGEST_PAUSE = 0.1, 5.0  # s between two looks at a lease that another process holds
DUPLICATE_KEY = 11000


def _place() -> str:
    """This machine since its last start and this process namespace: where a process id means the same process."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()[:8]
        return f"{platform.node()} {boot} {Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return ""


def _running_since(pid: int) -> str:
    """Start time of a process in clock ticks, to tell it from a later one with the same id; empty when it is gone."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[19]
    except OSError:
        return ""


PLACE = _place()


def lease_name(mirror: Collection[dict[str, Any]], series: Series) -> str:
    """The name of the lease of a series' mirror."""
    return f"mirror {mirror.name} {series.key}"


class Lease:
    """One lease, or many that are taken and given back together; each object is an owner of its own.

    name: of the one, where it is one; seconds: how long it lasts without renewal. names: those that are held; stale:
    those of them whose mirror is marked to be rewritten. Several threads may keep what is held.
    """

    def __init__(
        self, database: Database[dict[str, Any]], name: str = "", seconds: float = 30, clock: Clock | None = None
    ) -> None:
        self.name = name
        self.seconds = seconds
        self.names: frozenset[str] = frozenset()
        self.stale: set[str] = set()
        self._owner = uuid.uuid4().hex
        self._leases = database[LEASES]
        self._clock = clock or SystemClock()
        self._sure_until = 0.0
        self._lock = threading.Lock()

    def take(self, names: Iterable[str]) -> None:
        """Take or renew the free ones of these, and hold no others."""
        wanted = sorted(set(names))
        began = time.monotonic()
        leases = self._take_free(wanted)
        absent = [name for name in wanted if name not in leases]
        dead = [lease for lease in leases.values() if lease.get("owner") not in (None, self._owner) and is_dead(lease)]
        if absent or dead:
            self._make(absent)
            for lease in dead:
                self._write({"_id": lease["_id"], "owner": lease["owner"]})
            leases = self._take_free(wanted)
        ours = [lease for lease in leases.values() if lease.get("owner") == self._owner]
        self.names = frozenset(lease["_id"] for lease in ours)
        self.stale = {lease["_id"] for lease in ours if lease.get("stale")}
        self._sure_until = began + self.seconds

    def try_acquire(self) -> bool:
        """Take or renew the one lease; False while another living process holds it."""
        self.take([self.name])
        return bool(self.names)

    def acquire(self, patience: float) -> None:
        """Wait up to `patience` seconds for the one lease. Raises StoreError when it stays taken."""
        waited = 0.0
        while not self.try_acquire():
            waited = self.wait(waited, patience, self.name)

    def wait(self, waited: float, patience: float, name: str) -> float:
        """Sleep until it is worth looking at a lease again; returns the seconds waited by then. Raises StoreError when
        they are more than `patience`."""
        if waited >= patience:
            raise StoreError(f"another process keeps writing {name}: wait until it is done and run again")
        pause = min(FIRST_PAUSE + waited / 10, LONGEST_PAUSE)
        self._clock.sleep(pause)
        return waited + pause

    def keep(self) -> None:
        """Renew all in good time. Raises LeaseLost when another process has taken one over."""
        with self._lock:
            began = time.monotonic()
            if began <= self._sure_until - self.seconds / 2:
                return
            if self._write({"_id": {"$in": sorted(self.names)}, "owner": self._owner}) < len(self.names):
                lost = self.name or "a series that this one was writing"
                raise LeaseLost(f"another process took over {lost}: run again")
            self._sure_until = began + self.seconds

    def is_sure(self) -> bool:
        """Whether no other process can have had one of them since they were last renewed."""
        return time.monotonic() < self._sure_until

    def release(self) -> None:
        """Give all back; a server that is gone at this moment lets them run out by themselves."""
        names, self.names, self._sure_until = self.names, frozenset(), 0.0
        try:
            ours = {"_id": {"$in": sorted(names)}, "owner": self._owner}
            self._leases.update_many(ours, {"$set": {"owner": None}})
        except PyMongoError:
            return

    def holder(self) -> dict[str, Any] | None:
        """Who has the one lease: `owner`, `place`, `pid`, `until`; None when it is free."""
        lease = self._leases.find_one({"_id": self.name, "owner": {"$ne": None}})
        return lease if lease and lease["owner"] != self._owner else None

    def _take_free(self, names: list[str]) -> dict[str, dict[str, Any]]:
        """All that exist, by name, after the free ones were taken."""
        free = [{"owner": None}, {"owner": self._owner}, {"$expr": {"$lt": ["$until", "$$NOW"]}}]
        self._write({"_id": {"$in": names}, "$or": free})
        return {lease["_id"]: lease for lease in self._leases.find({"_id": {"$in": names}})}

    def _make(self, names: list[str]) -> None:
        """Leases that never were, free at first: an insert cannot be dated by the server's clock."""
        if not names:
            return
        try:
            self._leases.insert_many([{"_id": name, "owner": None} for name in names], ordered=False)
        except BulkWriteError as error:  # another process made it at the same moment
            if {failure["code"] for failure in error.details["writeErrors"]} != {DUPLICATE_KEY}:
                raise

    def _write(self, condition: dict[str, Any]) -> int:
        """Write our name where a condition is met; dated by the server's clock."""
        pid = os.getpid()
        mine = {"owner": self._owner, "place": PLACE, "pid": pid, "since": _running_since(pid)}
        until = {"$add": ["$$NOW", round(self.seconds * 1000)]}
        return self._leases.update_many(condition, [{"$set": mine | {"until": until}}]).matched_count


@contextmanager
def held(lease: Lease, patience: float) -> Iterator[Lease]:
    """The lease for the length of a `with` block."""
    lease.acquire(patience)
    try:
        yield lease
    finally:
        lease.release()


def is_dead(holder: dict[str, Any]) -> bool:
    """Whether the holder of a lease ran on this machine and is gone."""
    if not PLACE or holder.get("place") != PLACE:
        return False
    return _running_since(holder["pid"]) != holder.get("since")
