"""What a lab that was killed leaves behind: its scratch collections. Those of a running one are never touched."""

from __future__ import annotations

from collections.abc import Mapping

from pymongo.database import Database

from ..store.lease import Lease, is_dead
from ..store.schema import LEASES, Document
from .forms import LEASE, LEASE_SECONDS, clashes, remove_scratch, scratch_names


def left_behind(database: Database[Document], collections: Mapping[str, tuple[str, str]]) -> list[str]:
    """Names of the scratch collections whose lab is gone, only read. collections: source → the user's own names."""
    names = [] if clashes(collections) else scratch_names(database)
    if not names:
        return []
    running = {"_id": LEASE, "owner": {"$ne": None}, "$expr": {"$gte": ["$until", "$$NOW"]}}
    holder = database[LEASES].find_one(running)
    return names if holder is None or is_dead(holder) else []


def clean_up(database: Database[Document], collections: Mapping[str, tuple[str, str]]) -> list[str]:
    """Remove them, for every command that writes; returns their names, mostly none. Costs one look at the listing."""
    if not left_behind(database, collections):
        return []
    lease = Lease(database, LEASE, LEASE_SECONDS)
    if not lease.try_acquire():
        return []
    try:
        return remove_scratch(database)
    finally:
        lease.release()
