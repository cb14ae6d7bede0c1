"""The blocks of the consumption page as frames: a period of one series, measured, partly measured or not measured."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from sync.model.localtime import midnight
from sync.model.localtime_query import DAY_MS, offset_changes
from sync.model.readings import Series

from ..kit.address import ZOOM
from ..kit.blocks import Frame
from ..kit.reader import ZONES, Reader
from ..kit.view import View
from .queries import (
    HOUR_MS,
    SLOTS,
    Days,
    Distribution,
    Intervals,
    Samples,
    Whole,
    days_of,
    distribution_of,
    hours_of,
    local_of,
    moment,
    readings_of,
    samples_of,
)

Answer = TypeVar("Answer")
FLOWS = ("consumption", "production")  # series with energy; prices have a page of their own
CURVE_POINTS = 400  # of the load-duration curve: a wide screen shows no more


@dataclass(frozen=True, slots=True)
class Period:
    """The local days [first, end) of a series, as asked; due: end of what can have been measured by now, at most `end`.

    start, stop, due_ms: the same as ms UTC.
    """

    reader: Reader
    series: Series
    zone: ZoneInfo
    first: date
    end: date
    due: date

    @property
    def start(self) -> int:
        return midnight(self.first, self.zone)

    @property
    def stop(self) -> int:
        return midnight(self.end, self.zone)

    @property
    def due_ms(self) -> int:
        return midnight(self.due, self.zone)

    @property
    def is_production(self) -> bool:
        return self.series.flow == "production"

    def days(self, first: date, end: date) -> Days:
        """Energy of other local days of the same series."""
        return self._kept("days", partial(days_of, zone=self.zone, first=first, end=max(first, end)))

    def distribution(self, first: date, end: date) -> Distribution:
        return self._kept("distribution", partial(distribution_of, zone=self.zone, first=first, end=end))

    def hours(self, start: int, end: int, spread: bool) -> Intervals:
        return self._kept("hours", partial(hours_of, start=start, end=end, spread=spread))

    def readings(self, start: int, end: int) -> Intervals:
        return self._kept("readings", partial(readings_of, start=start, end=end))

    def samples(self) -> tuple[tuple[Samples, ...], tuple[Samples, ...]]:
        return self._kept("samples", partial(samples_of, zone=self.zone, first=self.first, end=self.end))

    def share(self, seconds: int) -> float | None:
        """Seconds covered → share of what can have been measured in the period; None when none of it is due yet."""
        expected = (self.due_ms - self.start) // 1000
        return min(1.0, seconds / expected) if expected > 0 else None

    def _kept(self, name: str, ask: partial[Answer]) -> Answer:
        """Several blocks ask the same: the answer is kept until the database changes."""
        question = (name, self.series, *ask.keywords.items())
        return self.reader.kept(question, lambda: ask(self.reader.pair_of(self.series.source), self.series))


def period_of(reader: Reader, view: View) -> Period | None:
    """What a view asks of its series; None without a series of energy."""
    series = reader.series_at(view)
    if series is None or series.flow not in FLOWS or view.start >= view.end:
        return None
    zone = ZONES[series.source]
    due = max(reader.today(zone), reader.extent(series).end or date.min)
    return Period(reader, series, zone, view.start, view.end, max(view.start, min(view.end, due)))


def heat_frame(reader: Reader, view: View) -> Frame:
    """Energy of every measured hour of the period. Notes: the grid that the map draws."""
    period = period_of(reader, view)
    hours = period.hours(period.start, period.stop, False) if period else None
    if period is None or hours is None or not len(hours):
        return Frame(pd.DataFrame())
    local = local_of(hours.start, period.zone)
    table = pd.DataFrame(
        {
            "start_local": iso(hours.start, local),
            "wh": hours.wh,
            "covered_s": hours.seconds,
            "average_w": np.round(hours.watts, 1),
        }
    )
    notes = {"hours": hours, "local": local} | _common(period)
    return Frame(table, period.share(int(hours.seconds.sum())), notes | grid_of(period, hours, local))


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


def days_frame(reader: Reader, view: View) -> Frame:
    """Energy and coverage of every local day that is due."""
    period = period_of(reader, view)
    days = period.days(period.first, period.due) if period else None
    if period is None or days is None or not days.seconds.any():
        return Frame(pd.DataFrame())
    measured = days.seconds > 0
    table = pd.DataFrame(
        {
            "local_day": [each.isoformat() for each in days.dates()],
            "kwh": np.where(measured, days.wh / 1000, np.nan),
            "covered_s": days.seconds,
            "length_s": days.expected,
        }
    )
    return Frame(table, period.share(int(days.seconds.sum())), {"days": days} | _common(period))


def week_frame(reader: Reader, view: View) -> Frame:
    """Median and quartiles of the power by half-hour of the local day, for weekdays and weekends."""
    period = period_of(reader, view)
    kinds = dict(zip(("weekdays", "weekends"), period.samples(), strict=True)) if period else {}
    rows = [
        {
            "days": kind,
            "local_time": f"{slot // 2:02d}:{slot % 2 * 30:02d}",
            "lower_quartile_w": samples[slot].quantile(0.25),
            "median_w": samples[slot].quantile(0.5),
            "upper_quartile_w": samples[slot].quantile(0.75),
            "measured_h": int(samples[slot].seconds.sum()) / 3600,
        }
        for kind, samples in kinds.items()
        for slot in range(SLOTS)
    ]
    measured = sum(int(each.seconds.sum()) for samples in kinds.values() for each in samples)
    if period is None or not measured:
        return Frame(pd.DataFrame())
    return Frame(pd.DataFrame(rows), period.share(measured), _common(period))


def duration_frame(reader: Reader, view: View) -> Frame:
    """For how much of the measured time the power was at least so much. Notes: base, peak (W), peak_at (ms UTC)."""
    period = period_of(reader, view)
    found = period.distribution(period.first, period.end) if period else None
    if period is None or found is None or not len(found.watts):
        return Frame(pd.DataFrame())
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
    notes = {
        "base": found.quantile(0.1, at_night=True),
        "peak": float(watts[0]),
        "peak_at": int(local_of(found.first[-1:], period.zone)[0]),
        "idle": float(found.seconds[found.watts <= 0].sum() / total),
    }
    return Frame(table, period.share(total), notes | _common(period))


def iso(instants: Whole, local: Whole) -> list[str]:
    """Instants as local ISO text with offset; local: the same on the wall clock, ms."""
    texts = np.datetime_as_string(local.astype("datetime64[ms]"), unit="s").tolist()
    minutes = ((local - instants) // 60_000).tolist()
    offsets = {each: f"{'+' if each >= 0 else '-'}{abs(each) // 60:02d}:{abs(each) % 60:02d}" for each in set(minutes)}
    return [text + offsets[ahead] for text, ahead in zip(texts, minutes, strict=True)]


def midnights(period: Period) -> Iterable[int]:
    """The first instant of each local day of the period, ms UTC."""
    return (
        midnight(period.first + timedelta(days=place), period.zone) for place in range((period.end - period.first).days)
    )


def _common(period: Period) -> dict[str, Any]:
    """What every figure needs to know of the period."""
    return {
        "first": period.first,
        "end": period.end,
        "due": period.due,
        "zone": period.zone,
        "is_production": period.is_production,
    }


def _odd_days(period: Period) -> list[tuple[int, int]]:
    """(number of the day in the period, its hours) of the days that have not 24."""
    edges = np.array([*midnights(period), period.stop])
    lengths = np.diff(edges) // HOUR_MS
    return [(int(place), int(lengths[place])) for place in np.flatnonzero(lengths != 24)]


def _place(starts: Whole, instant: int) -> int | None:
    place = int(np.searchsorted(starts, instant))
    return place if place < len(starts) and starts[place] == instant else None


# --- the load curve ---------------------------------------------------------------------------------------------------


READINGS, HOURS, DAYS = "readings", "hours", "days"
LONGEST = {READINGS: 7, HOURS: 31}  # days shown at most in this resolution; longer ones by day
SHORTEST_ZOOM = HOUR_MS


def curve_frame(reader: Reader, view: View) -> Frame:
    """Average power of the period, or of the part that the view zooms into.

    Notes: curve (Intervals), resolution, gaps (start, end: ms UTC, within what is due), window (ms UTC, what is drawn),
    strip (Intervals over the whole period), zoomed, changes [(instant, ms the clock is put forward)].
    """
    period = period_of(reader, view)
    if period is None:
        return Frame(pd.DataFrame())
    zoom = zoom_of(view.option(ZOOM, ""), period)
    start, end = zoom or (period.start, period.stop)
    resolution = resolution_of(start, end)
    curve = _curve(period, start, end, resolution)
    strip = _curve(period, period.start, period.stop, max(resolution_of(period.start, period.stop), HOURS, key=_coarse))
    if not len(curve) and not len(strip):
        return Frame(pd.DataFrame())
    due = min(end, period.due_ms)
    notes = {
        "curve": curve,
        "strip": strip,
        "resolution": resolution,
        "window": (start, end),
        "period": (period.start, period.stop),
        "zoomed": zoom is not None,
        "gaps": gaps_in(curve, start, due),
        "changes": _changes(period, start, end),
        "zone": period.zone,
        "is_production": period.is_production,
        "days": {"first": period.first, "end": period.end},
    }
    return Frame(_table(curve, period), _covered(curve, start, due), notes)


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


def gaps_in(curve: Intervals, start: int, end: int) -> list[tuple[int, int]]:
    """The stretches of [start, end) that no interval touches."""
    edges_before = np.concatenate([[start], curve.end])
    edges_after = np.concatenate([curve.start, [end]])
    places = np.flatnonzero(edges_after > edges_before)
    return [(int(edges_before[place]), int(edges_after[place])) for place in places]


def _curve(period: Period, start: int, end: int, resolution: str) -> Intervals:
    if resolution == READINGS:
        return period.readings(start, end)
    if resolution == HOURS:
        return period.hours(start, end, True)
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


def _covered(curve: Intervals, start: int, end: int) -> float | None:
    return min(1.0, int(curve.seconds.sum()) * 1000 / (end - start)) if end > start else None


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
