"""`status`: coverage, gaps, windows and the calls of today."""

from __future__ import annotations

import re
from dataclasses import asdict
from datetime import datetime
from typing import Any

import click

from ..http.budget import Usage, is_loopback
from ..lab.leftovers import left_behind
from ..load.limits import Limits
from ..load.plan import Wish, due_windows, wanted_period
from ..load.report import Coverage, compare_days, coverage, in_words
from ..model.clock import SystemClock
from ..model.privacy import plain
from ..model.readings import Series
from ..model.window import CURVE, STATES
from ..settings import Settings, load
from ..sources import SOURCES
from ..store.connection import open_store
from ..store.ledger import Ledger, off_of, readable, typed
from ..store.schema import VERIFICATIONS, Document, Pair, own_series, refuse_mismatch
from .backfill import budget_of
from .common import echo_json, json_option, pairs, source_option

SHOWN_GAPS = 10


@click.command("status")
@source_option
@json_option
def status_command(source: str | None, as_json: bool) -> None:
    """Show what is stored, what is missing, what is still to be asked, and the calls used today.

    \b
    Examples:
      python -m sync status
      python -m sync status --json
    """
    settings = load()
    with open_store(settings) as database:
        shown = [each for each in pairs(database, settings, source) if _is_shown(each, source)]
        found = [_source(each, settings) for each in shown]
        left = left_behind(database, settings.collections)
        if as_json:
            echo_json({"sources": [each.as_json() for each in found], "left_behind": left})
            return
        for each in found:
            each.tell()
        if left:
            click.echo(f"a killed lab left {len(left)} collections behind: the next command that writes removes them")


class SourceStatus:
    """The state of one source."""

    def __init__(self, pair: Pair) -> None:
        self.pair = pair
        self.ledger = Ledger(pair.record.database)
        self.stored: list[Coverage] = []
        self.totals = self.ledger.days_of_totals(pair.source)
        self.windows = dict.fromkeys((*STATES, "planned"), 0)
        self.usage: Usage | None = None
        self.calls_per_day = 0

    def as_json(self) -> dict[str, Any]:
        """The entry of `status --json`."""
        return {
            "source": self.pair.source,
            "series": [each.as_json() for each in self.stored],
            "daily_totals": [{"series": _shown(key), **asdict(totals)} for key, totals in self.totals.items()],
            "windows": self.windows,
            "calls_today": self.usage.calls if self.usage else 0,
            "calls_per_day": self.calls_per_day,
        }

    def tell(self) -> None:
        """The same for people."""
        click.echo(f"{self.pair.source}: {len(self.stored)} series")
        for each in self.stored:
            self._tell_series(each)
        stored = {each.series.key for each in self.stored}
        for key in [key for key in self.totals if key not in stored]:
            self._tell_totals(key)
        counts = ", ".join(f"{count} {state}" for state, count in self.windows.items())
        click.echo(f"  windows: {counts}")
        if self.usage:
            shut = f" ({self.usage.closed})" if self.usage.closed else ""
            limit = "no limit for a server of our own" if self.usage.limit is None else f"of {self.usage.limit}"
            click.echo(f"  calls today (UTC): {self.usage.calls} {limit}{shut}")
        for identical, at in readable(
            self.pair.record.database[VERIFICATIONS], {"_id": self.pair.source}, _verification
        ):
            words = "identical" if identical else "DIFFERENT: run python -m sync repair"
            click.echo(f"  last verification: {at:%Y-%m-%d %H:%M} UTC, {words}")
        if not self.stored and not self.totals:
            own = "" if self.pair.source == "linky" else f" --source {self.pair.source}"
            click.echo(
                f"  nothing is stored yet: run python -m sync backfill{own}, or python -m sync import{own} FILE…"
            )

    def _tell_series(self, each: Coverage) -> None:
        if each.first is None or each.last is None:
            return
        share = 100 * each.covered_seconds / each.expected_seconds
        energy = f", {each.wh / 1000:,.0f} kWh" if each.has_energy else ""
        click.echo(f"  {each.series.label}: {each.readings:,} readings{energy}")
        click.echo(
            f"    {each.first:%Y-%m-%d %H:%M} … {each.last:%Y-%m-%d %H:%M} UTC, {share:.2f} % of the time covered"
        )
        for start, end in each.gaps[:SHOWN_GAPS]:
            hours = (end - start).total_seconds() / 3600
            click.echo(f"    gap: {start:%Y-%m-%d %H:%M} … {end:%Y-%m-%d %H:%M} UTC ({hours:g} h)")
        if len(each.gaps) > SHOWN_GAPS:
            click.echo(f"    … and {len(each.gaps) - SHOWN_GAPS} more gaps")
        if floor := self.ledger.floor(each.series):
            click.echo(f"    the API serves nothing before {floor[0]} ({floor[1]})")
        if totals := self.ledger.totals(each.series):
            found = compare_days(self.pair, each.series, totals)
            differ = sum(each.covered > 0 for each in found)
            alone = f", {len(found) - differ} without any reading" if len(found) > differ else ""
            click.echo(f"    daily totals: {len(totals) - len(found)} days equal, {differ} differ{alone}")
            for line in in_words(found)[:SHOWN_GAPS]:
                click.echo(f"      {line}")
        self._tell_off(each.series.key)

    def _tell_totals(self, key: str) -> None:
        """Of a series without readings."""
        totals = self.totals[key]
        energy = f"{totals.wh / 1000:,.0f} kWh"
        click.echo(f"  {_shown(key)}: no readings")
        click.echo(f"    daily totals: {totals.days:,} days, {totals.first} … {totals.last}, {energy}")
        self._tell_off(key)

    def _tell_off(self, key: str) -> None:
        if off := self.ledger.learned(off_of(key)):
            click.echo(f"    {off.why}")


def _shown(key: str) -> str:
    """`linky:…0844~1a2b3c4d:consumption` → `linky …0844 consumption`."""
    return plain(re.sub(r"~[0-9a-f]{8}", "", key).replace(":", " "))


def _verification(found: Document) -> tuple[bool, datetime]:
    return bool(found["identical"]), typed(found, "at", datetime)


def _is_shown(pair: Pair, asked: str | None) -> bool:
    """A source that was never used is not told of; the household's own always is."""
    return bool(asked) or pair.source == "linky" or bool(refuse_mismatch(pair))


def _source(pair: Pair, settings: Settings) -> SourceStatus:
    refuse_mismatch(pair)
    status = SourceStatus(pair)
    stored = own_series(pair.source, pair.record)
    status.stored = [coverage(pair, series) for series in stored]
    if SOURCES[pair.source].has_api:
        _add_datasets(status, settings, stored)
    return status


def _add_datasets(status: SourceStatus, settings: Settings, stored: list[Series]) -> None:
    """The windows of each meter's flow or dataset, how many are still to be asked, and the calls."""
    clock = SystemClock()
    source, now = SOURCES[status.pair.source].connect(settings), clock.now()
    status.usage = budget_of(source, settings, clock).usage()
    status.calls_per_day = source.calls_per_day
    planned = dict.fromkeys(stored, 0)  # of meters that are no longer in the settings
    today = now.astimezone(source.zone).date()
    for dataset in source.datasets:
        if dataset.is_beside:
            continue
        wanted, _ = wanted_period(source.datasets, None, None, today, is_loopback(source.base))
        key, limits = source.key(dataset), Limits(status.ledger, source, dataset)
        allowed, wish = limits.allowed(Wish(wanted, today), now)
        due = due_windows(source, allowed, status.ledger.entries(key, CURVE), wish, now)
        planned[key] = len(limits.looks(due, wish, now))
    for key, count in planned.items():
        for state, number in status.ledger.counts(key).items():
            status.windows[state] += number
        status.windows["planned"] += count
