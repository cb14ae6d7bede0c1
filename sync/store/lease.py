"""Leases in a regular collection: one writer of a mirror, one loader of a series at a time.

A time-series collection has no unique index, so two processes that fill the same gap would double it. The server's
clock decides when a lease ends. A holder that was killed on this machine is recognised: its lease is free at once.
"""

from __future__ import annotations

import os
import platform
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pymongo.database import Database
from pymongo.errors import DuplicateKeyError, PyMongoError

from ..model.clock import Clock, SystemClock
from ..model.errors import LeaseLost, StoreError
from .schema import LEASES, Document

FIRST_PAUSE, LONGEST_PAUSE = 0.1, 5.0  # s between two looks at a lease that another process holds


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


def process() -> Document:
    """This process as a lease names it."""
    pid = os.getpid()
    return {"pid": pid, "since": _running_since(pid)}


class Lease:
    """A named lease; each object is an owner of its own. `seconds` is how long it lasts without renewal."""

    def __init__(
        self, database: Database[Document], name: str, seconds: float = 30, clock: Clock | None = None
    ) -> None:
        self.name = name
        self.seconds = seconds
        self._owner = uuid.uuid4().hex
        self._leases = database[LEASES]
        self._clock = clock or SystemClock()
        self._sure_until = 0.0

    def try_acquire(self) -> bool:
        """Take or renew the lease; False while another living process holds it."""
        asked = time.monotonic()
        free = [{"owner": None}, {"owner": self._owner}, {"$expr": {"$lt": ["$until", "$$NOW"]}}]
        if not (self._take({"$or": free}) or self._take_first() or self._take_from_dead()):
            return False
        self._sure_until = asked + self.seconds
        return True

    def acquire(self, patience: float) -> None:
        """Wait up to `patience` seconds for the lease. Raises StoreError when it stays taken."""
        waited = 0.0
        while not self.try_acquire():
            if waited >= patience:
                raise StoreError(f"another process keeps writing {self.name}: wait until it is done and run again")
            pause = min(FIRST_PAUSE + waited / 10, LONGEST_PAUSE)
            self._clock.sleep(pause)
            waited += pause

    def keep(self) -> None:
        """Renew in good time. Raises LeaseLost when another process has taken over."""
        if time.monotonic() > self._sure_until - self.seconds / 2 and not self.try_acquire():
            raise LeaseLost(f"another process took over {self.name}: run again")

    def is_sure(self) -> bool:
        """Whether no other process can have had the lease since it was last renewed."""
        return time.monotonic() < self._sure_until

    def release(self) -> None:
        """Give the lease back; a server that is gone at this moment lets it run out by itself."""
        self._sure_until = 0.0
        try:
            self._leases.update_one({"_id": self.name, "owner": self._owner}, {"$set": {"owner": None}})
        except PyMongoError:
            return

    def holder(self) -> Document | None:
        """Who has it: `owner`, `place`, `pid`, `until`; None when it is free."""
        found = self._leases.find_one({"_id": self.name, "owner": {"$ne": None}})
        return found if found and found["owner"] != self._owner else None

    def _take(self, condition: Document) -> bool:
        """Write our name if the lease meets a condition; dated by the server's clock."""
        mine = {"owner": self._owner, "place": PLACE, **process()}
        until = {"$add": ["$$NOW", round(self.seconds * 1000)]}
        return bool(
            self._leases.update_one({"_id": self.name} | condition, [{"$set": mine | {"until": until}}]).matched_count
        )

    def _take_first(self) -> bool:
        """Make the lease if there never was one; an upsert cannot compare with the server's clock, so in two steps."""
        try:
            made = self._leases.update_one({"_id": self.name}, {"$setOnInsert": {"owner": None}}, upsert=True)
        except DuplicateKeyError:
            return False  # another process made it at the same moment
        return made.upserted_id is not None and self._take({"owner": None})

    def _take_from_dead(self) -> bool:
        holder = self.holder()
        return holder is not None and is_dead(holder) and self._take({"owner": holder["owner"]})


@contextmanager
def held(lease: Lease, patience: float) -> Iterator[Lease]:
    """The lease for the length of a `with` block."""
    lease.acquire(patience)
    try:
        yield lease
    finally:
        lease.release()


def is_dead(holder: Document) -> bool:
    """Whether the holder of a lease ran on this machine and is gone."""
    if not PLACE or holder.get("place") != PLACE:
        return False
    return _running_since(holder["pid"]) != holder.get("since")
