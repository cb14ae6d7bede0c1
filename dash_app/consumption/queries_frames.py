"""The blocks of the consumption page as frames: a period of one series, measured, partly measured or not measured.

Against a year before only what both years measured is compared.
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd

from sync.model.localtime import day_seconds, days, midnight
from sync.model.localtime_query import DAY_MS, offset_changes

from ..kit.address import ZOOM
from ..kit.blocks import EMPTY_FRAME, Frame, about
from ..kit.days import Days, moment
from ..kit.lines import Whole
from ..kit.ticks import clock
from ..kit.view import View
from .base_load import base_of
from .period import DAY, Meter, Period, energy_of, period_of
from .queries import HOUR_MS, Intervals, hours_of, local_of, readings_of, samples_of

CURVE_POINTS = 400  # of the load-duration curve: a wide screen shows no more


@about(period_of)
def heat_frame(period: Period, _view: View) -> Frame:
    """Energy of every measured hour of the period. Notes: the grid that the map draws."""
    hours = period.ask(hours_of, period.start, period.stop, False)
    if not len(hours):
        return EMPTY_FRAME
    local = local_of(hours.start, period.zone)
    table = pd.DataFrame(
        {
            "start_local": iso(hours.start, local),
            "wh": hours.wh,
            "covered_s": hours.seconds,
            "average_w": np.round(hours.watts, 1),
        }
    )
    notes = {"hours": hours} | period.notes() | grid_of(period, hours, local)
    return Frame(table, period.share(int(hours.seconds.sum())), notes)


def grid_of(period: Period, hours: Intervals, local: Whole) -> dict[str, Any]:
    """The map: watts[24, days] (NaN: not measured), wh, seconds; doubled: (day, hour) → places in `hours`, a pass each;
    skipped: the (day, hour) that the clock leaves out. Days count from the period's first."""
    count = (period.end - period.first).days
    day = local // DAY_MS - (period.first - date(1970, 1, 1)).days
    hour = local % DAY_MS // HOUR_MS
    wh, seconds = np.zeros((24, count)), np.zeros((24, count), dtype=np.int64)
    np.add.at(wh, (hour, day), hours.wh)
    np.add.at(seconds, (hour, day), hours.seconds)
    with np.errstate(divide="ignore", invalid="ignore"):
        watts = np.where(seconds > 0, wh * 3600 / seconds, np.nan)
    doubled: dict[tuple[int, int], list[int | None]] = {}
    skipped: list[tuple[int, int]] = []
    for place, length in _odd_days(period):
        edge = midnight(period.first + timedelta(days=place), period.zone)
        starts = edge + np.arange(length) * HOUR_MS
        shown = [int(each) for each in local_of(starts, period.zone) % DAY_MS // HOUR_MS]
        skipped += [(place, each) for each in range(24) if each not in shown]
        for each in {each for each in shown if shown.count(each) > 1}:
            passes = [int(starts[number]) for number, found in enumerate(shown) if found == each]
            doubled[place, each] = [_place(hours.start, instant) for instant in passes]
    return {"watts": watts, "seconds": seconds, "wh": wh, "doubled": doubled, "skipped": skipped}


@about(period_of)
def days_frame(period: Period, _view: View) -> Frame:
    """Energy and coverage of every local day that is due."""
    days = period.days(period.first, period.due)
    if not days.seconds.any():
        return EMPTY_FRAME
    table = pd.DataFrame(
        {
            "local_day": [each.isoformat() for each in days.dates()],
            "kwh": np.where(days.seconds > 0, days.wh / 1000, np.nan),
            "covered_s": days.seconds,
            "length_s": days.expected,
        }
    )
    return Frame(table, period.share(int(days.seconds.sum())), {"days": days} | period.notes())


@about(period_of)
def week_frame(period: Period, _view: View) -> Frame:
    """Median and quartiles of the power by half-hour of the local day, for weekdays and weekends."""
    kinds = period.ask(samples_of, period.zone, period.first, period.end)
    rows = [
        {
            "days": kind,
            "local_time": clock(30 * slot),
            "lower_quartile_w": samples.quantile(0.25),
            "median_w": samples.quantile(0.5),
            "upper_quartile_w": samples.quantile(0.75),
            "measured_h": int(samples.seconds.sum()) / 3600,
        }
        for kind, of_kind in zip(("weekdays", "weekends"), kinds, strict=True)
        for slot, samples in enumerate(of_kind)
    ]
    measured = sum(int(samples.seconds.sum()) for of_kind in kinds for samples in of_kind)
    return Frame(pd.DataFrame(rows), period.share(measured), period.notes()) if measured else EMPTY_FRAME


@about(period_of)
def duration_frame(period: Period, _view: View) -> Frame:
    """For how much of the measured time the power was at least so much. Notes: base (W; None for too few
    days, and of production), peak (W), peak_at (ms UTC)."""
    found = period.distribution(period.first, period.end)
    if not len(found.watts):
        return EMPTY_FRAME
    total = int(found.seconds.sum())
    watts, reached = found.watts[::-1], np.cumsum(found.seconds[::-1])
    places = np.unique(np.searchsorted(reached, np.linspace(0, total, CURVE_POINTS)).clip(0, len(watts) - 1))
    table = pd.DataFrame(
        {
            "share_of_measured_time": np.round(reached[places] / total, 6),
            "hours": np.round(reached[places] / 3600, 2),
            "at_least_w": np.round(watts[places], 1),
        }
    )
    peak_at = int(local_of(found.first[-1:], period.zone)[0])
    base = None if period.is_production else base_of(period).watts
    notes = {"base": base, "peak": float(watts[0]), "peak_at": peak_at}
    return Frame(table, period.share(total), notes | period.notes())


def iso(instants: Whole, local: Whole) -> list[str]:
    """Instants as local ISO text with offset; local: the same on the wall clock, ms."""
    texts = np.datetime_as_string(local.astype("datetime64[ms]"), unit="s").tolist()
    minutes = ((local - instants) // 60_000).tolist()
    offsets = {each: f"{'+' if each >= 0 else '-'}{abs(each) // 60:02d}:{abs(each) % 60:02d}" for each in set(minutes)}
    return [text + offsets[ahead] for text, ahead in zip(texts, minutes, strict=True)]


def _odd_days(period: Period) -> list[tuple[int, int]]:
    """(number of the day in the period, its hours) of the days that have not 24."""
    lengths = [day_seconds(day, period.zone) // 3600 for day in days(period.first, period.end)]
    return [(place, hours) for place, hours in enumerate(lengths) if hours != 24]


def _place(starts: Whole, instant: int) -> int | None:
    place = int(np.searchsorted(starts, instant))
    return place if place < len(starts) and starts[place] == instant else None


# --- the load curve ---------------------------------------------------------------------------------------------------


READINGS, HOURS, DAYS = "readings", "hours", "days"
LONGEST = {READINGS: 7, HOURS: 31}  # days shown at most in this resolution; longer ones by day
SHORTEST_ZOOM = HOUR_MS


@about(period_of)
def curve_frame(period: Period, view: View) -> Frame:
    """Average power of the period, or of the part that the view zooms into.

    Notes: curve (Intervals), resolution, gaps (start, end: ms UTC, within what is due), window (ms UTC, what is drawn),
    strip (Intervals over the whole period), zoomed, changes [(instant, ms the clock is put forward)].
    """
    zoom = zoom_of(view.option(ZOOM, ""), period)
    start, end = zoom or (period.start, period.stop)
    resolution = resolution_of(start, end)
    curve = _curve(period, start, end, resolution)
    strip = _curve(period, period.start, period.stop, max(resolution_of(period.start, period.stop), HOURS, key=_coarse))
    if not len(curve) and not len(strip):
        return EMPTY_FRAME
    due = max(start, min(end, period.due_ms))
    edges, measured = curve.laid_out(start, due)
    notes = period.notes() | {
        "curve": curve,
        "strip": strip,
        "resolution": resolution,
        "window": (start, end),
        "period": (period.start, period.stop),
        "zoomed": zoom is not None,
        "due": due,
        "gaps": [(int(edges[place]), int(edges[place + 1])) for place in np.flatnonzero(~measured)],
        "changes": _changes(period, start, end),
    }
    covered = min(1.0, int(curve.seconds.sum()) * 1000 / (due - start)) if due > start else None
    return Frame(_table(curve, period), covered, notes)


def resolution_of(start: int, end: int) -> str:
    """The finest resolution for a stretch of time; an hour more for a change of the clocks."""
    return next((name for name, days in LONGEST.items() if end - start <= days * DAY_MS + HOUR_MS), DAYS)


def zoom_of(text: str, period: Period) -> tuple[int, int] | None:
    """`startms-endms` → whole hours within the period; None for no zoom, and for a text that means nothing."""
    first, _, last = text.partition("-")
    if not (first.isdecimal() and last.isdecimal() and len(text) < 40):
        return None
    start = max(period.start, int(first) // HOUR_MS * HOUR_MS)
    end = min(period.stop, -(-int(last) // HOUR_MS) * HOUR_MS)
    whole = (start, end) == (period.start, period.stop)
    return None if whole or end - start < SHORTEST_ZOOM else (start, end)


def _curve(period: Period, start: int, end: int, resolution: str) -> Intervals:
    if resolution == READINGS:
        return period.ask(readings_of, start, end)
    if resolution == HOURS:
        return period.ask(hours_of, start, end, True)
    return _intervals(period.days(period.first, period.end), start, end)


def _intervals(days: Days, start: int, end: int) -> Intervals:
    """The measured days that touch [start, end), as intervals."""
    shown = (days.seconds > 0) & (days.edges[1:] > start) & (days.edges[:-1] < end)
    return Intervals(
        days.edges[:-1][shown],
        days.edges[1:][shown],
        days.wh[shown],
        days.seconds[shown],
        days.low[shown],
        days.high[shown],
    )


def _coarse(resolution: str) -> int:
    return (READINGS, HOURS, DAYS).index(resolution)


def _changes(period: Period, start: int, end: int) -> list[tuple[int, int]]:
    found = []
    for at, ahead in offset_changes(period.zone, moment(start), moment(end)):
        instant = np.array([round(at.timestamp() * 1000)])
        found.append((int(instant[0]), int(local_of(instant, period.zone)[0] - instant[0]) - ahead))
    return found


def _table(curve: Intervals, period: Period) -> pd.DataFrame:
    columns: dict[str, list[str] | Whole | pd.Series] = {
        "start_local": iso(curve.start, local_of(curve.start, period.zone)),
        "length_s": (curve.end - curve.start) // 1000,
        "wh": curve.wh,
        "covered_s": curve.seconds,
    }
    powers = {"average_w": curve.watts, "lowest_w": curve.low, "highest_w": curve.high}
    return pd.DataFrame(columns | {name: np.round(watts, 1) for name, watts in powers.items()})


# --- months -----------------------------------------------------------------------------------------------------------


FEWEST_MONTHS = 12
BEFORE = "_a_year_before"  # what columns about the same time a year before end with


@about(period_of)
def months_frame(period: Period, _view: View) -> Frame:
    """The months of the period, but at least the last twelve up to its end, each beside the same one a year before."""
    extent = period.reader.extent(period.series)
    if extent.first is None or extent.end is None:
        return EMPTY_FRAME
    last = min(period.end, extent.end) - DAY
    first = max(min(period.first.replace(day=1), month_after(last, 1 - FEWEST_MONTHS)), extent.first.replace(day=1))
    if first > last:
        return EMPTY_FRAME
    return Frame(months_of(period, first, last), None, period.notes())


def months_of(meter: Meter, first: date, last: date) -> pd.DataFrame:
    """A row a month, from the one of a day to that of another, each beside the same one a year before."""
    days = meter.days(month_after(first, -12), month_after(last, 1))
    months = range((last.year - first.year) * 12 + last.month - first.month + 1)
    return pd.DataFrame([_beside(days, month_after(first, place)) for place in months])


def _beside(days: Days, first: date) -> dict[str, Any]:
    """A month; what is compared is the energy of the days that were measured whole in both years."""
    places = [_places(days, each) for each in (first, month_after(first, -12))]
    length = min(len(range(*each)) for each in places)  # the 29th of February has no partner
    now, before = (slice(start, start + length) for start, _ in places)
    both = days.is_whole[now] & days.is_whole[before]
    row: dict[str, Any] = {"month": f"{first:%Y-%m}"}
    for year, ends in (("", places[0]), (BEFORE, places[1])):
        energy = energy_of(days, *ends)
        row |= {f"kwh{year}": energy.kwh, f"covered_share{year}": round(energy.covered, 6)}
    row["days_measured_in_both"] = int(both.sum())
    for year, part in (("", now), (BEFORE, before)):
        row[f"kwh_on_those_days{year}"] = int(days.wh[part][both].sum()) / 1000 if both.any() else None
    return row


def _places(days: Days, first: date) -> tuple[int, int]:
    return (first - days.first).days, (month_after(first, 1) - days.first).days


def month_after(day: date, step: int) -> date:
    """First day of the month that many months later."""
    number = day.year * 12 + day.month - 1 + step
    return date(number // 12, number % 12 + 1, 1)
