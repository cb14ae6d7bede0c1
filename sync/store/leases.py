"""The leases of many mirrors at once: one round to take them, one to give them back. They are documents of `Lease`.

Nobody waits with leases in hand: who gets only some of what it wants works on these first and gives them back, so two
loaders that want each other's series never block one another.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Iterable

from pymongo.database import Database
from pymongo.errors import BulkWriteError, PyMongoError

from ..model.errors import LeaseLost
from .lease import PLACE, is_dead, process
from .schema import LEASES, Document

DUPLICATE_KEY = 11000


class Leases:
    """Leases of one owner, by name. `seconds` is how long they last without renewal. Several threads may keep them."""

    def __init__(self, database: Database[Document], seconds: float) -> None:
        self.seconds = seconds
        self.names: frozenset[str] = frozenset()
        self._owner = uuid.uuid4().hex
        self._leases = database[LEASES]
        self._sure_until = 0.0
        self._lock = threading.Lock()

    def take(self, names: Iterable[str]) -> set[str]:
        """Take the free ones of these and hold no others; returns those of them that are marked stale."""
        wanted = sorted(set(names))
        asked = time.monotonic()
        found = self._take_once(wanted)
        absent = [name for name in wanted if name not in found]
        dead = [lease for lease in found.values() if lease.get("owner") not in (None, self._owner) and is_dead(lease)]
        if absent or dead:
            self._make(absent)
            for lease in dead:
                self._write({"_id": lease["_id"], "owner": lease["owner"]})
            found = self._take_once(wanted)
        ours = [lease for lease in found.values() if lease.get("owner") == self._owner]
        self.names = frozenset(lease["_id"] for lease in ours)
        self._sure_until = asked + self.seconds
        return {lease["_id"] for lease in ours if lease.get("stale")}

    def keep(self) -> None:
        """Renew all in good time. Raises LeaseLost when another process has taken one over."""
        with self._lock:
            asked = time.monotonic()
            if asked <= self._sure_until - self.seconds / 2:
                return
            if self._write({"_id": {"$in": sorted(self.names)}, "owner": self._owner}) < len(self.names):
                raise LeaseLost("another process took over a series that this one was writing: run again")
            self._sure_until = asked + self.seconds

    def is_sure(self) -> bool:
        """Whether no other process can have had one of them since they were last renewed."""
        return time.monotonic() < self._sure_until

    def release(self) -> None:
        """Give all back; a server that is gone at this moment lets them run out by itself."""
        names, self.names, self._sure_until = self.names, frozenset(), 0.0
        try:
            ours = {"_id": {"$in": sorted(names)}, "owner": self._owner}
            self._leases.update_many(ours, {"$set": {"owner": None}})
        except PyMongoError:
            return

    def _take_once(self, names: list[str]) -> dict[str, Document]:
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

    def _write(self, condition: Document) -> int:
        """Write our name where a condition is met; dated by the server's clock."""
        mine = {"owner": self._owner, "place": PLACE, **process()}
        until = {"$add": ["$$NOW", round(self.seconds * 1000)]}
        return self._leases.update_many(condition, [{"$set": mine | {"until": until}}]).matched_count
