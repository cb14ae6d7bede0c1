"""The database as the pages read it: its series with their zones and extents, and answers kept until it changes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from datetime import UTC, date, datetime, timedelta
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from pymongo.database import Database

from sync.fleet.names import FLEET
from sync.model.localtime import local_day
from sync.model.readings import Series, addresses, is_generated
from sync.settings import Settings
from sync.sources import SOURCES
from sync.store.ledger import DaysOfTotals, Ledger
from sync.store.schema import (
    LEASES,
    POWERS,
    TOTALS,
    VERIFICATIONS,
    WINDOWS,
    Pair,
    dated,
    own_series,
    pair,
    refuse_mismatch,
)
from sync.store.tempo import TEMPO_DAYS

from .kept import Kept, weight_of
from .view import Extent, View

Answer = TypeVar("Answer")
ZONES = {name: entry.zone for name, entry in SOURCES.items()}  # source → zone of its local days
METERED = frozenset({"linky", "lcl"})
KEPT_BYTES = 48_000_000  # of answers: every card of every page in one look takes 30 MB of two years
QUESTION_BYTES = 2_000  # about, of what is asked
NOTHING = object()
FRESH = 2.0  # s for which a look at the database's version is good: twenty readers ask it once


class Reader:
    """Read access for pages. Safe for many threads.

    `now` gives an aware UTC moment. Answers of `kept` live until `version()` changes, at most KEPT_BYTES of them.
    """

    def __init__(
        self, database: Database[Any], settings: Settings, now: Callable[[], datetime] = lambda: datetime.now(UTC)
    ) -> None:
        self.database = database
        self.settings = settings
        self.now = now
        self.answers = Kept(KEPT_BYTES, lambda answer: QUESTION_BYTES + weight_of(answer))
        self._asking: dict[Hashable, Future[Any]] = {}
        self._lock = threading.Lock()
        self._version = ""
        self._looked = -FRESH

    # --- what there is ----------------------------------------------------------------------------------------------

    def pairs(self) -> list[Pair]:
        """The pairs whose collections exist."""
        found = [pair(self.database, source, self.settings.collections) for source in self.settings.collections]
        return [each for each in found if len(refuse_mismatch(each)) == 2]

    def pair_of(self, source: str) -> Pair:
        return pair(self.database, source, self.settings.collections)

    def series(self) -> list[Series]:
        """Every stored series, of all sources."""
        return self.kept(
            "series", lambda: [series for each in self.pairs() for series in own_series(each.source, each.record)]
        )

    def meters(self) -> list[Series]:
        """The series of meters, which the picker at the top offers; areas and prices have pages of their own."""
        return [each for each in self.series() if each.source in METERED]

    def series_at(self, view: View) -> Series | None:
        """The series of a view: the one of its key or address, else the first; None without any."""
        series = self.meters()
        addresses = self.addresses()
        own = next((each for each in series if view.series in (each.key, addresses[each])), None)
        return own or (series[0] if series else None)

    def addresses(self) -> dict[Series, str]:
        """Each meter's series as the page's address names it."""
        return self.kept("addresses", lambda: addresses(self.meters()))

    def totals(self) -> dict[str, DaysOfTotals]:
        """Of each Linky series (its key) that has daily totals how many, with or without readings."""
        return self.kept("totals", lambda: Ledger(self.database).days_of_totals("linky"))

    def name_of(self, series: Series) -> str:
        """What people call it: the name they gave the meter, or its label; of a generated one that it is so."""
        name = self.plain_name_of(series)
        return f"{name} (GENERATED)" if is_generated(series) else name

    def plain_name_of(self, series: Series) -> str:
        """The same where it stands beside that it is generated."""
        named = {meter.prm: meter.name for meter in self.settings.meters if meter.name}
        return f"{named[series.id]} ({series.flow})" if series.id in named else series.label

    def extent(self, series: Series) -> Extent:
        """First and last local day with a reading."""
        return self.kept(("extent", series), lambda: self._extent(series))

    def extent_of(self, source: str) -> Extent:
        """First and last local day with a reading of any series of a source."""
        return self.kept(("extent of", source), lambda: self._extent_of(source))

    def _extent_of(self, source: str) -> Extent:
        found = [self.extent(series) for series in self.series() if series.source == source]
        first = min((each.first for each in found if each.first), default=None)
        return Extent(first, max((each.end for each in found if each.end), default=None))

    def today(self, zone: ZoneInfo) -> date:
        return self.now().astimezone(zone).date()

    # --- answers kept -----------------------------------------------------------------------------------------------

    def kept(self, question: Hashable, ask: Callable[[], Answer]) -> Answer:
        """The kept answer of a question, or a new one. Threads that ask the same at once share one answer or error."""
        key = (self.version(), question)
        with self._lock:
            found = self.answers.get(key, NOTHING)
            if found is not NOTHING:
                answer: Answer = found
                return answer
            asking, first = self._asking.get(key), key not in self._asking
            if asking is None:
                asking = self._asking[key] = Future()
        if not first:
            shared: Answer = asking.result()
            return shared
        try:
            answer = ask()
        except BaseException as error:
            with self._lock:
                del self._asking[key]
            asking.set_exception(error)
            raise
        self.answers.set(key, answer)
        with self._lock:
            del self._asking[key]
        asking.set_result(answer)
        return answer

    def version(self) -> str:
        """A text that changes when readings, ledger, runs or verifications do. Cheap; asked at most every FRESH s."""
        with self._lock:
            if time.monotonic() - self._looked < FRESH:
                return self._version
        found = self._look()
        with self._lock:
            self._version, self._looked = found, time.monotonic()
        return found

    def _look(self) -> str:
        parts = []
        for name in [names[0] for names in self.settings.collections.values()]:
            collection = self.database[name]
            newest: dict[str, Any] = next(collection.find({}, {"_id": 1}).sort("_id", -1).limit(1), {})
            parts.append(f"{newest.get('_id')} {collection.estimated_document_count()}")
        for name in (WINDOWS, VERIFICATIONS, FLEET, "sync_runs", "sync_lab", TEMPO_DAYS):
            latest: dict[str, Any] = next(self.database[name].find({}, {"at": 1}).sort("at", -1).limit(1), {})
            parts.append(str(latest.get("at")))
        parts += [str(self.database[name].estimated_document_count()) for name in (TOTALS, POWERS)]
        parts.append(str(self.database[LEASES].count_documents({"stale": True})))
        return "|".join(parts)

    def _extent(self, series: Series) -> Extent:
        collection = self.pair_of(series.source).record
        found = [
            each
            for way in (1, -1)
            for each in collection.find(dated(series.query()), {"ts": 1}).sort("ts", way).limit(1)
        ]
        zone = ZONES[series.source]
        days = [local_day(int(each["ts"].replace(tzinfo=UTC).timestamp() * 1000), zone) for each in found]
        return Extent(days[0], days[1] + timedelta(days=1)) if len(days) == 2 else Extent()
