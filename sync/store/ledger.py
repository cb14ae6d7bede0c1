"""The ledger: what was asked for, what came, and what was learned about the edges. Regular collections of their own.

Series stand here by `Series.key`, which holds no whole PRM. What cannot be read here (someone edited it) is as good as
not there, so that it is asked again and written anew; the first of its kind is named on standard error.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from pymongo import ReplaceOne
from pymongo.collection import Collection
from pymongo.database import Database

from ..model.localtime import midnight
from ..model.notice import warn_once
from ..model.readings import Series, instant
from ..model.resolution import Total
from ..model.window import CURVE, EMPTY, STATES, Entry, Window
from .claims import Claim
from .schema import FLOORS, POWERS, TOTALS, WINDOWS, Document

Read = TypeVar("Read")


@dataclass(frozen=True, slots=True)
class Limit:
    """What was learned of an API: a number of days, why, and when (UTC)."""

    number: int
    why: str
    at: datetime


@dataclass(frozen=True, slots=True)
class DaysOfTotals:
    """Daily totals of a series: how many days, their energy, the first and the last of them (ISO 8601)."""

    days: int
    wh: int
    first: str
    last: str


def off_of(key: str) -> str:
    """The name under which it is remembered that nothing comes of a series (its key)."""
    return f"{key} off"


class Ledger:
    """Entries, floors and daily totals of all series in one database."""

    def __init__(self, database: Database[Document]) -> None:
        self._windows = database[WINDOWS]
        self._floors = database[FLOORS]
        self._totals = database[TOTALS]
        self._powers = database[POWERS]

    def entries(self, series: Series, kind: str) -> list[Entry]:
        """Every window asked for, in no particular order."""
        return list(readable(self._windows, {"series": series.key, "kind": kind}, _entry))

    def record(self, series: Series, kind: str, *entries: Entry) -> None:
        """Keep entries in place of those for the same days or a part of them."""
        documents = [_document(series, kind, entry) for entry in entries]
        names = {document["_id"] for document in documents}
        known = readable(self._windows, {"series": series.key, "kind": kind}, lambda old: (old["_id"], _window(old)))
        replaced = [
            name
            for name, old in known
            if name not in names and any(new.window.start <= old.start and old.end <= new.window.end for new in entries)
        ]
        if documents:
            writes = [ReplaceOne({"_id": document["_id"]}, document, upsert=True) for document in documents]
            self._windows.bulk_write(writes)
        if replaced:
            self._windows.delete_many({"_id": {"$in": replaced}})

    def claims(
        self, source: str, zone: ZoneInfo, series: Series | None = None, since: datetime | None = None
    ) -> list[Claim]:
        """What the entries of readings of a source say is stored: of all that are entered, of one, of those since."""
        query: Document = {"source": source, "kind": CURVE} | ({"series": series.key} if series else {})
        query |= {"at": {"$gte": since}} if since else {}

        def claim(found: Document) -> Claim:
            entry = _entry(found)
            edges = [instant(midnight(day, zone)) for day in (entry.window.start, entry.window.end)]
            return Claim(entry.window, entry.series or (found["series"],), edges[0], edges[1], entry.readings)

        return list(readable(self._windows, query, claim))

    def counts(self, series: Series, kind: str = CURVE) -> dict[str, int]:
        """Windows by state."""
        found = Counter(entry.state for entry in self.entries(series, kind))
        return {state: found[state] for state in STATES}

    def floor(self, series: Series) -> tuple[date, str] | None:
        """The first day the API serves, as far as learned, and the code it gave; None when nothing was refused yet."""
        return next(readable(self._floors, {"_id": series.key}, _floor), None)

    def raise_floor(self, series: Series, day: date, code: str, at: datetime) -> None:
        """Remember that the API serves nothing before `day`. A floor only ever rises."""
        known = self.floor(series)
        if known is None or known[0] < day:
            document = {"day": day.isoformat(), "code": code, "at": at, "source": series.source}
            self._floors.replace_one({"_id": series.key}, document, upsert=True)

    def learn(self, name: str, limit: Limit, source: str) -> None:
        """Remember a limit of an API under a name."""
        document = {"number": limit.number, "why": limit.why, "at": limit.at, "source": source}
        self._floors.replace_one({"_id": name}, document, upsert=True)

    def learned(self, name: str) -> Limit | None:
        """The limit of that name; None when nothing was refused."""
        return next(readable(self._floors, {"_id": name}, _limit), None)

    def unlearn(self, name: str) -> None:
        """The limit is no more."""
        self._floors.delete_one({"_id": name})

    def forget_empty(self, series: Series) -> None:
        """Windows in which nothing was found are asked for again."""
        self._windows.delete_many({"series": series.key, "state": EMPTY})

    def keep_totals(self, series: Series, totals: Mapping[date, int], origin: str, at: datetime) -> None:
        """Store daily totals (local day → Wh); `origin` says where they come from. A coarser one replaces no finer."""
        coarse = {day: total for day, total in totals.items() if _resolution(total) > 1}
        known = self.totals(series, Window(min(coarse), max(coarse) + timedelta(days=1))) if coarse else {}
        writes = [
            ReplaceOne(
                {"_id": f"{series.key} {day}"},
                {"series": series.key, "day": day.isoformat(), "wh": int(wh), "origin": origin, "at": at}
                | ({"resolution": _resolution(wh)} if day in coarse else {}),
                upsert=True,
            )
            for day, wh in totals.items()
            if day not in known or _resolution(wh) <= _resolution(known[day])
        ]
        if writes:
            self._totals.bulk_write(writes, ordered=False)

    def totals(self, series: Series, window: Window | None = None) -> dict[date, Total]:
        """Stored daily totals, of all days or those of a window."""
        return self.totals_of(series.key, window)

    def totals_of(self, key: str, window: Window | None = None) -> dict[date, Total]:
        """The same of a series of which only its key is known."""
        query: Document = {"series": key}
        if window:
            query["day"] = {"$gte": window.start.isoformat(), "$lt": window.end.isoformat()}
        return dict(sorted(readable(self._totals, query, _total)))

    def days_of_totals(self, source: str) -> dict[str, DaysOfTotals]:
        """Of each series (its key) of a source that has daily totals how many, of which days and how much."""
        sums = {"days": {"$sum": 1}, "wh": {"$sum": {"$toLong": "$wh"}}}
        edges = {"first": {"$min": "$day"}, "last": {"$max": "$day"}}
        stages: list[Document] = [
            {"$match": {"series": {"$regex": f"^{source}:"}, "day": {"$type": "string"}, "wh": {"$type": "number"}}},
            {"$group": {"_id": "$series"} | sums | edges},
            {"$sort": {"_id": 1}},
        ]
        found = self._totals.aggregate(stages)
        return {each.pop("_id"): DaysOfTotals(**each) for each in found}

    def keep_powers(self, series: Series, va: Mapping[date, int], origin: str, at: datetime) -> None:
        """Store each day's greatest power (local day → VA); `origin` says where they come from."""
        writes = [
            ReplaceOne(
                {"_id": f"{series.key} {day}"},
                {"series": series.key, "day": day.isoformat(), "va": int(value), "origin": origin, "at": at},
                upsert=True,
            )
            for day, value in va.items()
        ]
        if writes:
            self._powers.bulk_write(writes, ordered=False)

    def powers(self, series: Series) -> dict[date, int]:
        """Stored daily maxima of power by local day, VA."""
        return dict(sorted(readable(self._powers, {"series": series.key}, _power)))

    def forget(self, series: Series, before: date | None = None) -> None:
        """Remove what is known of a series, or of its days before one; a window over that day is asked for again."""
        days = {"$lt": before.isoformat()} if before else {"$exists": True}
        self._windows.delete_many({"series": series.key, "start": days})
        self._totals.delete_many({"series": series.key, "day": days})
        self._powers.delete_many({"series": series.key, "day": days})
        if before is None:
            self._floors.delete_many({"_id": {"$in": [series.key, off_of(series.key)]}})

    def recount(self, series: Series, window: Window, readings: int) -> None:
        """What is left of an answer of many series, of which one was forgotten."""
        query = {"of": series.key, "start": window.start.isoformat(), "end": window.end.isoformat()}
        self._windows.update_many(query, {"$set": {"readings": readings}})


def _document(series: Series, kind: str, entry: Entry) -> Document:
    start, end = entry.window.start.isoformat(), entry.window.end.isoformat()
    return {
        "_id": f"{series.key} {kind} {start} {end}",
        "series": series.key,
        "source": series.source,
        "kind": kind,
        "start": start,
        "end": end,
        "state": entry.state,
        "at": entry.at,
        "readings": entry.readings,
        "wh": entry.wh,
        "calls": entry.calls,
        "status": entry.status,
        "reason": entry.reason,
        "short_days": [day.isoformat() for day in entry.short_days],
        "rejects": list(entry.rejects),
        "of": list(entry.series),
    }


def readable(collection: Collection[Document], query: Document, read: Callable[[Document], Read]) -> Iterator[Read]:
    """What `read` makes of the documents found; one that it cannot make anything of is named and passed over."""
    for found in collection.find(query):
        try:
            yield read(found)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            warn_once(
                f"{collection.name} holds what cannot be read ({type(error).__name__} in {str(found['_id'])!r}): it "
                "counts as not there; what is asked again takes its place"
            )


def typed(found: Document, name: str, *kinds: type) -> Any:
    """A field of one of these types. Raises KeyError, TypeError. No number is a bool."""
    value = found[name]
    if not isinstance(value, kinds) or isinstance(value, bool):
        raise TypeError(name)
    return value


def _window(found: Document) -> Window:
    window = Window(date.fromisoformat(found["start"]), date.fromisoformat(found["end"]))
    if window.length < 1:
        raise ValueError("end")
    return window


def _entry(found: Document) -> Entry:
    if found["state"] not in STATES:
        raise ValueError("state")
    return Entry(
        _window(found),
        found["state"],
        _moment(found),
        typed(found, "readings", int),
        typed(found, "wh", int),
        typed(found, "calls", int),
        str(found["status"]),
        str(found["reason"]),
        tuple(date.fromisoformat(day) for day in typed(found, "short_days", list)),
        tuple(map(str, found.get("rejects", ()))),
        tuple(map(str, found.get("of", ()))),
    )


def _moment(found: Document) -> datetime:
    at: datetime = typed(found, "at", datetime)
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at


def _limit(found: Document) -> Limit:
    return Limit(typed(found, "number", int), str(found["why"]), _moment(found))


def _floor(found: Document) -> tuple[date, str]:
    return date.fromisoformat(found["day"]), str(found["code"])


def _total(found: Document) -> tuple[date, Total]:
    resolution = typed(found, "resolution", int) if "resolution" in found else 1
    return date.fromisoformat(found["day"]), Total(typed(found, "wh", int), resolution)


def _power(found: Document) -> tuple[date, int]:
    return date.fromisoformat(found["day"]), typed(found, "va", int)


def _resolution(total: int) -> int:
    return total.resolution if isinstance(total, Total) else 1
