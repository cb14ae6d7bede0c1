"""What the summary of a source covers: kept beside it, so that a run goes on where one stopped, and a page can say more
has come in since."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bson import ObjectId
from pymongo.database import Database

from ..store.schema import Document, Pair
from .names import FLEET, TABLES

LAYOUT = 1  # of the documents; another one is summed anew


@dataclass(frozen=True, slots=True)
class Mark:
    """What a source held at a moment: its newest document, how many (the server's own count), its household table."""

    newest: ObjectId | None
    readings: int
    table: str


@dataclass(frozen=True, slots=True)
class State:
    """The summary of a source. done: what was there when it was last finished, None before; began: the same of a run
    that has not finished; todo: what it has still to do of so many months; first, last: local days with readings, as
    numbers; readings: summed ones; lacking: those of the record that the time series had not; at: aware UTC, when it
    last changed."""

    done: Mark | None = None
    todo: tuple[str, ...] = ()
    months: int = 0
    began: Mark | None = None
    first: int | None = None
    last: int | None = None
    readings: int = 0
    lacking: int = 0
    at: datetime | None = None


def mark_of(pair: Pair) -> Mark:
    """Two small questions, and the household table."""
    newest: Document = next(pair.record.find({}, {"_id": 1}).sort("_id", -1).limit(1), {})
    return Mark(newest.get("_id"), pair.record.estimated_document_count(), _table(pair))


def state_of(database: Database[Any], source: str) -> State:
    """An empty one for a source that was never summed, or in another layout."""
    found = database[FLEET].find_one({"_id": source, "layout": LAYOUT})
    if found is None:
        return State()
    plain = {name: found[name] for name in ("months", "first", "last", "readings", "lacking", "at") if name in found}
    done, began = _mark(found.get("done")), _mark(found.get("began"))
    return State(done=done, began=began, todo=tuple(found.get("todo", ())), **plain)


def _mark(stored: Document | None) -> Mark | None:
    return Mark(**stored) if stored else None


def _table(pair: Pair) -> str:
    """A digest of the household table; empty without one."""
    if pair.source not in TABLES:
        return ""
    name, columns = TABLES[pair.source]
    shown = dict.fromkeys(columns, 1)
    rows = [[row.get(key, "") for key in ("_id", *columns)] for row in pair.record.database[name].find({}, shown)]
    return hashlib.sha256(json.dumps(sorted(rows)).encode()).hexdigest()[:16] if rows else ""
