"""Sizes are true after a checkpoint: pages written since the last one are not in them.

Asking for a checkpoint takes a right that Atlas gives nobody, so the lab also sees one happen by itself: a marker is
written last, and once its own pages are on disk, those of everything before it are.
"""

from __future__ import annotations

import os

from pymongo.collection import Collection
from pymongo.database import Database

from ..model.clock import Clock
from ..store.schema import Document
from ..store.sizes import settle, size_of
from .forms import MARKER

MARKER_BYTES = 256 * 1024  # random, so that compression leaves it far above an empty file
PATIENCE = 150  # s; a server makes a checkpoint every 60 s
POLL = 1.0  # s


def wait_for_checkpoint(database: Database[Document], clock: Clock) -> bool:
    """Return once everything written so far is on disk; False when no checkpoint came, so that sizes are too small."""
    marker = database[MARKER]
    marker.insert_one({"_id": "marker", "random": os.urandom(MARKER_BYTES)})
    settle(database)
    waited = 0.0
    while not _is_on_disk(marker):
        if waited >= PATIENCE:
            return False
        clock.sleep(POLL)
        waited += POLL
    return True


def _is_on_disk(marker: Collection[Document]) -> bool:
    return size_of(marker).storage_bytes >= MARKER_BYTES
