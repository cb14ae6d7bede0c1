"""Whether both collections hold the same, and all that was loaded: counted, where `verify` compares."""

from __future__ import annotations

from collections.abc import Iterator

from ..model.errors import CollectionMismatch
from ..model.readings import Series
from ..model.words import counted
from ..sources import SOURCES, zone_of
from ..store.claims import broken
from ..store.ledger import Ledger
from ..store.schema import LEASES, VERIFICATIONS, Pair, exists, own_series, pair, readings_of
from .finding import Finding, NotRun, Surroundings, option

SUBJECT = "readings"
MOST_SERIES = 50
"""Of more than these the sides are not counted: the last verification stands for it."""


def check_readings(around: Surroundings) -> Iterator[Finding]:
    """The ledger against the record, marks of corrected values, the counts of both sides, the last verification."""
    database, settings = around.database, around.settings
    there = [each for source in SOURCES if _is_there(each := pair(database, source, settings.collections))]
    if not there:
        raise NotRun("no pair of collections is whole")
    for each in there:
        problems = [finding for finding in (_gone(each), _differing(each)) if finding]
        yield from problems
        if not problems:
            count = counted(each.record.estimated_document_count(), "reading")
            said = f"{each.source}: all that was loaded is there, both sides agree (about {count})"
            yield Finding(SUBJECT, "ok", said)


def _is_there(each: Pair) -> bool:
    try:
        return exists(each)
    except CollectionMismatch:
        return False  # which has been told


def _gone(each: Pair) -> Finding | None:
    """Readings that the ledger knows and the record has no more."""
    source, database = each.source, each.record.database
    gone = broken(each, Ledger(database).claims(source, zone_of(source)))
    if not gone:
        return None
    said = f"{source}: readings of {counted(len(gone), 'window')} are gone that were loaded ({gone[0].of} …)"
    remedy = f"python -m sync repair{option(source)}, then python -m sync backfill{option(source)}"
    return Finding(SUBJECT, "error", said, remedy)


def _differing(each: Pair) -> Finding | None:
    """What `repair` mends, by what is known without comparing."""
    database, source = each.record.database, each.source
    repair = f"python -m sync repair{option(source)}"
    marks = {"_id": {"$regex": f"^mirror {each.mirror.name} {source}:"}, "stale": True}
    if stale := database[LEASES].count_documents(marks):
        said = f"{each.mirror.name} waits for corrected values of {stale} series"
        return Finding(SUBJECT, "error", said, repair)
    series = own_series(source, each.record, each.mirror)
    if 0 < len(series) <= MOST_SERIES:
        kept, copied = _counts(each, series)
        if kept != copied:
            said = f"{each.record.name} holds {kept:,} readings, {each.mirror.name} {copied:,}"
            return Finding(SUBJECT, "error", said, repair)
    last = database[VERIFICATIONS].find_one({"_id": source})
    if last and last.get("identical") is False:
        return Finding(SUBJECT, "error", f"the last verification of {source} found both sides different", repair)
    return None


def _counts(each: Pair, series: list[Series]) -> tuple[int, int]:
    """Readings of the record and of the mirror."""
    kept = each.record.count_documents({"$or": [readings_of(one) for one in series]})
    return kept, each.mirror.count_documents({"series": {"$in": [one.subdocument() for one in series]}})
