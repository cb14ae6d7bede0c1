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
from sync.model.localtime_query import DAY_MS
from sync.model.readings import Series

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
