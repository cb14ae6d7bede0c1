"""`forecast`: one day of one series, as it could be known then."""

from __future__ import annotations

import math
from datetime import date, timedelta
from typing import Any

import click

from ..insight.grid import Real, grid_of
from ..insight.read import LISTED, columns_of, extent, named, stored
from ..insight.score import Score
from ..insight.tomorrow import WINDOW, Tomorrow, TooLittle, tomorrow
from ..model.errors import UsageError
from ..settings import load
from ..sources import zone_of
from ..store.connection import open_store
from .common import Day, echo_json, json_option, source_option, stored_pairs

DECIMALS = 1
NIGHT, MORNING, AFTERNOON, EVENING = ("00–06 h", 0, 12), ("06–12 h", 12, 24), ("12–18 h", 24, 36), ("18–24 h", 36, 48)


@click.command("forecast")
@source_option
@click.option("--series", "words", required=True, metavar="ADDRESS", help="Such as linky-0844-consumption; or words.")
@click.option("--day", type=Day(), required=True, help="The local day to forecast.")
@click.option("--lead", type=click.IntRange(1, 2), default=1, show_default=True, help="1: the day before is known.")
@json_option
def forecast_command(source: str | None, words: str, day: date, lead: int, as_json: bool) -> None:
    """Forecast a local day by half-hour and as a total, each with the band that holds four of five.

    Only readings of days up to DAY - LEAD are read, whatever is stored of later ones: so a day of the past is forecast
    as it could have been then. The owner of a Linky gets yesterday this morning: for them tomorrow has lead 2.

    \b
    Examples:
      python -m sync forecast --series linky-0844-consumption --day 2026-11-02
      python -m sync forecast --series 0844 --day 2026-11-02 --lead 2 --json
    """
    settings = load()
    with open_store(settings) as database:
        known = stored(stored_pairs(database, settings, source))
        found = named(known, words)
        if len(found) > 1:
            listed = ", ".join(known[series][1] for series in found[:LISTED])
            raise UsageError(f"{words!r} names {len(found):,} series ({listed}, …): name one of them")
        [series] = found
        pair, _ = known[series]
        zone, end = zone_of(pair.source), day - timedelta(days=lead - 1)
        days = extent(pair, series, zone)
        if days is None or days[0] >= end:
            since = f": its readings begin on {days[0]}" if days else ""
            raise TooLittle(f"nothing is stored of {series.label} before {end}{since}", "nothing")
        columns = columns_of(pair, series, max(days[0], day - timedelta(days=WINDOW)), end, zone)
    said = tomorrow(grid_of(columns.start, columns.wh, columns.seconds, zone), day, lead)
    if as_json:
        echo_json(forecast_json(said))
    else:
        _tell(said, series.label)


def forecast_json(said: Tomorrow) -> dict[str, Any]:
    """What `--json` prints."""
    curves = {name: _listed(each) for name, each in (("wh", said.wh), ("low", said.low), ("high", said.high))}
    totals = {"total_wh": said.total, "total_low": said.total_low, "total_high": said.total_high}
    rounded = {name: _rounded(total) for name, total in totals.items()}
    return {"day": said.day.isoformat(), "lead": said.lead} | curves | rounded


def reliability(found: Score) -> str:
    """How good such forecasts have been, in words."""
    if found.skill_week is None or found.skill_median is None or found.coverage is None:
        return "its consumption never changed, so that nothing is to be forecast"
    return (
        f"over its last {found.days} days such forecasts missed the half-hours by {found.mae:,.0f} Wh: "
        f"{found.skill_week:.0%} less than the same day a week before, {found.skill_median:.0%} less than a weighted "
        f"median; the band held {found.coverage:.0%} of them"
    )


def _tell(said: Tomorrow, label: str) -> None:
    click.echo(f"{label}, {said.day:%A %Y-%m-%d}, lead {said.lead} (known: the days until {_known(said)})")
    band = f"{said.total_low / 1000:.1f} … {said.total_high / 1000:.1f} kWh in four of five days"
    click.echo(f"  {said.total / 1000:.1f} kWh, {band}")
    for name, low, high in (NIGHT, MORNING, AFTERNOON, EVENING):
        click.echo(f"  {name}: {said.wh[low:high].sum() / 1000:.1f} kWh by its half-hours")
    click.echo(f"  measured: {reliability(said.score)}")


def _known(said: Tomorrow) -> date:
    return said.day - timedelta(days=said.lead)


def _listed(values: Real) -> list[float | None]:
    return [_rounded(float(value)) for value in values]


def _rounded(value: float) -> float | None:
    """None for what cannot be said."""
    return round(value, DECIMALS) if math.isfinite(value) else None
