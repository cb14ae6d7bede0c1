"""Whether MongoDB is there: which version, what kind of cluster, is it the primary."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC

from pymongo.database import Database
from pymongo.errors import OperationFailure

from ..model.errors import SyncError
from ..store.connection import server_version
from ..store.schema import Document
from .finding import Finding, Surroundings

SUBJECT = "mongodb"
START = "python -m sync backfill, or python -m sync import FILE…"
CHECK_URI = "correct MONGODB_URI in .env, or leave it out to use the embedded server"


def check_mongodb(around: Surroundings) -> Iterator[Finding]:
    """Opens the store for the other checks. An embedded one that holds nothing is not started for this."""
    settings = around.settings
    files = settings.sync_home / "db"
    if not settings.mongodb_uri and not (files.exists() and any(files.iterdir())):
        yield Finding(SUBJECT, "warning", "the embedded MongoDB was never started: nothing is stored yet", START)
        return
    try:
        database = around.open_database()
    except SyncError as error:
        yield Finding(SUBJECT, "error", str(error), CHECK_URI if settings.mongodb_uri else "")
        return
    hello = database.client.admin.command("hello")
    around.clocks["MongoDB"] = (hello["localTime"].replace(tzinfo=UTC), around.clock.now())
    version = ".".join(map(str, server_version(database)))
    kind = f", primary of {hello['setName']}" if "setName" in hello else ""
    kind += ", sharded" if hello.get("msg") == "isdbgrid" else ""
    said = f"{around.place}: {version}{kind}{_tier(database)}; database {database.name}"
    yield Finding(SUBJECT, "ok", said)


def _tier(database: Database[Document]) -> str:
    """What only free and Flex clusters tell of themselves (by Atlas' documentation); nothing elsewhere."""
    with suppress(OperationFailure):
        used = database.client.admin.command({"atlasSize": 1}).get("atlasSize", 0)
        return f", a free or Flex cluster, {int(used) / 1e6:,.0f} MB of its quota used"
    return ""
