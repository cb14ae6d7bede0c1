"""Whether the collections are of the right kind, with our options and indexes, and their sizes fresh."""

from __future__ import annotations

from collections.abc import Iterator

from ..model.errors import SyncError
from ..sources import SOURCES
from ..store.schema import KEY_NAME, SCHEMA, Pair, pair, refuse_mismatch
from ..store.sizes import is_settled
from .finding import Finding, Surroundings, option

SUBJECT = "collections"


def check_collections(around: Surroundings) -> Iterator[Finding]:
    """Those of each source that has any."""
    database, settings = around.database, around.settings
    found: list[Finding] = []
    for source in SOURCES:
        each = pair(database, source, settings.collections)
        try:
            names = refuse_mismatch(each)
        except SyncError as error:
            remedy = f"then: python -m sync repair{option(source)}"
            found.append(Finding(SUBJECT, "error", str(error), remedy))
            continue
        found += _of_pair(each, names) if names else ()
    if not found:
        remedy = "python -m sync backfill, or python -m sync import FILE…"
        yield Finding(SUBJECT, "warning", f"{database.name} holds no readings yet", remedy)
    yield from found


def _of_pair(each: Pair, names: set[str]) -> Iterator[Finding]:
    repair = f"python -m sync repair{option(each.source)}"
    record, mirror = each.record, each.mirror
    if missing := sorted({record.name, mirror.name} - names):
        yield Finding(SUBJECT, "error", f"the collection {missing[0]} is missing", repair)
        return
    problems = list(_indexes(each, repair))
    known = record.database[SCHEMA].find_one({"_id": mirror.name}) or {}
    if known.get("record") != record.name:
        said = f"sync_schema does not know {mirror.name}: the Atlas functions would refuse to run"
        problems.append(Finding(SUBJECT, "warning", said, repair))
    yield from problems
    if not problems:
        fresh = "sizes fresh" if is_settled(each) else "the newest readings not in the sizes yet (a minute)"
        said = f"{record.name} and {mirror.name}: type, options and indexes as they should be; {fresh}"
        yield Finding(SUBJECT, "ok", said)


def _indexes(each: Pair, repair: str) -> Iterator[Finding]:
    record, mirror = each.record, each.mirror
    if not record.index_information().get(KEY_NAME, {}).get("unique"):
        yield Finding(SUBJECT, "error", f"{record.name} lacks its unique key {KEY_NAME}: readings may double", repair)
    if KEY_NAME not in mirror.index_information():
        yield Finding(SUBJECT, "warning", f"{mirror.name} lacks its index {KEY_NAME}: it is slow", repair)
