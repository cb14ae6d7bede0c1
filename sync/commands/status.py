"""`status`: coverage, gaps, windows and the calls of today."""

from __future__ import annotations

from typing import Any

import click

from ..budget import Budget, budget_limit, is_loopback
from ..clock import SystemClock
from ..coverage import Coverage, compare_days, coverage, in_words
from ..period import wanted_period
from ..plan import STATES, plan_windows
from ..readings import Series, series_from
from ..settings import Settings, load
from ..sources.linky.client import CURVE_DAYS
from ..store.connection import open_store
from ..store.ledger import CURVE, Ledger
from ..store.schema import VERIFICATIONS, Pair, refuse_mismatch
from ..store.verify import series_of
from .common import echo_json, json_option, pairs, source_option, today_in_paris

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
        if as_json:
            echo_json({"sources": [each.as_json() for each in found]})
        else:
            for each in found:
                each.tell()


class SourceStatus:
    """The state of one source."""

    def __init__(self, pair: Pair, settings: Settings) -> None:
        clock = SystemClock()
        self.pair = pair
        self.ledger = Ledger(pair.record.database)
        self.stored: list[Coverage] = []
        self.windows = dict.fromkeys((*STATES, "planned"), 0)
        url = settings.linky_api_url
        limit = budget_limit(url, settings.sync_calls_per_day, "SYNC_CALLS_PER_DAY" in settings.given)
        self.usage = Budget(url, limit, settings.sync_request_spacing, clock).usage()
        self.calls_per_day = settings.sync_calls_per_day
        self.wanted, _ = wanted_period(None, None, today_in_paris(clock.now()), is_loopback(url))
        self._now = clock.now()

    def add(self, series: Series, stored: bool, configured: bool) -> None:
        """Count in one series."""
        if stored:
            self.stored.append(coverage(self.pair, series))
        for state, count in self.ledger.counts(series).items():
            self.windows[state] += count
        if configured:
            entries = self.ledger.entries(series, CURVE)
            today = self.wanted.end
            planned = plan_windows(entries, self.wanted, today=today, now=self._now, longest=CURVE_DAYS)
            self.windows["planned"] += len(planned)

    def as_json(self) -> dict[str, Any]:
        """The entry of `status --json`."""
        return {
            "source": self.pair.source,
            "series": [each.as_json() for each in self.stored],
            "windows": self.windows,
            "calls_today": self.usage.calls,
            "calls_per_day": self.calls_per_day,
        }

    def tell(self) -> None:
        """The same for people."""
        click.echo(f"{self.pair.source}: {len(self.stored)} series")
        for each in self.stored:
            self._tell_series(each)
        counts = ", ".join(f"{count} {state}" for state, count in self.windows.items())
        click.echo(f"  windows: {counts}")
        shut = f" ({self.usage.closed})" if self.usage.closed else ""
        limit = "no limit for a server of our own" if self.usage.limit is None else f"of {self.usage.limit}"
        click.echo(f"  calls today (UTC): {self.usage.calls} {limit}{shut}")
        last = self.pair.record.database[VERIFICATIONS].find_one({"_id": self.pair.source})
        if last:
            words = "identical" if last["identical"] else "DIFFERENT: run python -m sync repair"
            click.echo(f"  last verification: {last['at']:%Y-%m-%d %H:%M} UTC, {words}")
        if not self.stored:
            click.echo("  nothing is stored yet: run python -m sync backfill, or python -m sync import FILE…")

    def _tell_series(self, each: Coverage) -> None:
        if each.first is None or each.last is None:
            return
        share = 100 * each.covered_seconds / each.expected_seconds
        click.echo(f"  {each.series.label}: {each.readings:,} readings, {each.wh / 1000:,.0f} kWh")
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
        totals = self.ledger.totals(each.series)
        if totals:
            differences = compare_days(self.pair, each.series, totals)
            click.echo(f"    daily totals: {len(totals) - len(differences)} days equal, {len(differences)} differ")
            for line in in_words(differences)[:SHOWN_GAPS]:
                click.echo(f"      {line}")


def _is_shown(pair: Pair, asked: str | None) -> bool:
    """A source that was never used is not told of; the household's own always is."""
    return bool(asked) or pair.source == "linky" or bool(refuse_mismatch(pair))


def _source(pair: Pair, settings: Settings) -> SourceStatus:
    refuse_mismatch(pair)
    status = SourceStatus(pair, settings)
    stored = {series for entry in series_of(pair.record) if (series := series_from(entry))}
    configured = {Series("linky", meter.prm, flow) for meter in settings.meters for flow in meter.flows}
    for series in sorted(stored | configured, key=lambda series: series.key):
        status.add(series, series in stored, series in configured)
    return status
