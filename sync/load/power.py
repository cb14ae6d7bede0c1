"""Fetch each day's greatest power of a meter from the gateway: one call a year, and only days newer than the stored."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from ..http.transport import Transport
from ..model.clock import Clock
from ..model.errors import NoReadings
from ..model.readings import Series
from ..sources.linky import power
from ..sources.linky.answers import explain
from ..sources.linky.meter import Meter
from ..store.ledger import Ledger


@dataclass(slots=True)
class FetchedPowers:
    """series: of the meter; new: days stored; days: stored in all; calls; rejects: points refused, in words."""

    series: Series
    new: int = 0
    days: int = 0
    calls: int = 0
    rejects: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Gateway:
    """Where and how it is asked."""

    base: str
    transport: Transport
    clock: Clock

    def ask(self, meter: Meter, first: date, end: date) -> str:
        """The answer of one call about the local days `[first, end)`. Raises what a call raises."""
        query = {"pointId": meter.prm, "dateDebut": str(first), "dateFin": str(end)}
        headers = {"Authorization": f"Bearer {meter.token}"}
        address = f"{self.base}/{power.ROUTE}"
        return self.transport.get(address, query, headers, lambda got: explain(got, self.clock.now())).text


def fetch_powers(ledger: Ledger, meter: Meter, period: tuple[date, date], gateway: Gateway) -> FetchedPowers:
    """The local days `[first, end)` of a meter, those up to the newest stored left out. What a call brings is stored
    before the next is made. Raises what a call raises, and UnknownShape."""
    series = Series("linky", meter.prm, power.FLOW)
    fetched = FetchedPowers(series)
    stored = ledger.powers(series)
    for first, end in list(_asked(period, stored)):
        fetched.calls += 1
        try:
            text = gateway.ask(meter, first, end)
        except NoReadings:
            continue
        found = power.read_answer(text, meter.prm)
        ledger.keep_powers(series, found.va, "api", gateway.clock.now())
        fetched.new += len(found.va.keys() - stored.keys())
        fetched.rejects += tuple(map(str, found.rejects))
    fetched.days = len(ledger.powers(series))
    return fetched


def _asked(period: tuple[date, date], stored: dict[date, int]) -> Iterator[tuple[date, date]]:
    """From the day after the newest stored one, and before the oldest where an earlier first day is wanted."""
    first, end = period
    if not stored:
        yield from power.windows(first, end)
        return
    oldest, newest = min(stored), max(stored)
    yield from power.windows(first, min(oldest, end))
    yield from power.windows(max(first, newest + timedelta(days=1)), end)
