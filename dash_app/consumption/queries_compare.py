"""Against a year before: key figures, and months beside the same months. Only what both years measured is compared."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd

from ..kit.blocks import Frame
from ..kit.reader import Reader
from ..kit.view import View
from .queries import Days, Distribution, local_of
from .queries_frames import Period, period_of

DAY = timedelta(days=1)
YEAR = timedelta(days=364)  # the same days of the week
MONTH = 30
BASE_SHARE = 0.1  # the base load is not exceeded for this share of the nights
ENOUGH = 0.9  # of a period must be measured a year before, so that its base load and peak are comparable
FEWEST_MONTHS = 12


@dataclass(frozen=True, slots=True)
class Energy:
    """Energy of the local days [first, end). wh: None without any reading; covered: share of the time, 0 … 1."""

    first: date
    end: date
    wh: int | None
    covered: float


Both = tuple[Energy, Energy, int]
"""(now, a year before), each the energy of the days that were measured whole in both, and how many those are."""


@dataclass(frozen=True, slots=True)
class Peak:
    """The greatest average power of one reading. at: when it starts, local wall clock, ms."""

    watts: float
    at: int


@dataclass(frozen=True, slots=True)
class KeyFigures:
    """yesterday: the last whole day before today, None without one; is_yesterday: whether it is the calendar's.

    month: the 30 days that end with it; both: against a year before; whole, whole_both: the same of the asked period;
    base (W), peak: of the period; share: of the base load in the period's energy; times: the peak in averages;
    best: the strongest day of the period; *_before: the same days a year before, None if not measured or overlapping.
    """

    yesterday: Energy | None
    is_yesterday: bool
    yesterday_before: Energy | None
    month: Energy
    both: Both | None
    whole: Energy
    whole_both: Both | None
    base: float | None
    base_before: float | None
    share: float | None
    peak: Peak | None
    peak_before: Peak | None
    times: float | None
    best: Energy | None


@dataclass(frozen=True, slots=True)
class MonthBeside:
    """A calendar month beside the same one a year before. both: Wh (now, before) of the days whole in both years;
    shared: how many those are; is_whole, was_whole: every day measured."""

    now: Energy
    before: Energy
    both: tuple[int, int]
    shared: int

    @property
    def is_whole(self) -> bool:
        return self.now.covered >= 1

    @property
    def was_whole(self) -> bool:
        return self.before.covered >= 1

    @property
    def change(self) -> float | None:
        """Relative change on the shared days; None when there is nothing to compare."""
        return self.both[0] / self.both[1] - 1 if self.shared and self.both[1] else None


def key_frame(reader: Reader, view: View) -> Frame:
    """One row a key figure; notes: `figures` (KeyFigures)."""
    period = period_of(reader, view)
    last = _last_whole_day(period) if period else None
    if period is None or last is None:
        return Frame(pd.DataFrame())
    day, is_whole = last
    figures = _figures(period, day, is_whole)
    covered = period.share(int(period.distribution(period.first, period.end).seconds.sum()))
    notes = {"figures": figures, "is_production": period.is_production, "days": (period.first, period.end)}
    return Frame(_table(figures, period), covered, notes)


def months_frame(reader: Reader, view: View) -> Frame:
    """The months of the period, but at least the last twelve up to its end; notes: `months` (MonthBeside)."""
    period = period_of(reader, view)
    extent = reader.extent(period.series) if period else None
    if period is None or extent is None or extent.first is None or extent.end is None:
        return Frame(pd.DataFrame())
    last = min(period.end, extent.end) - DAY
    first = max(min(period.first.replace(day=1), _month(last, 1 - FEWEST_MONTHS)), extent.first.replace(day=1))
    if first > last:
        return Frame(pd.DataFrame())
    days = period.days(_month(first, -12), _month(last, 1))
    months = [_beside(days, each) for each in _months(first, last)]
    table = pd.DataFrame(
        {
            "month": [f"{each.now.first:%Y-%m}" for each in months],
            "kwh": [_kwh(each.now) for each in months],
            "covered_share": [round(each.now.covered, 6) for each in months],
            "kwh_a_year_before": [_kwh(each.before) for each in months],
            "covered_share_a_year_before": [round(each.before.covered, 6) for each in months],
            "days_measured_in_both": [each.shared for each in months],
            "kwh_on_those_days": [each.both[0] / 1000 if each.shared else None for each in months],
            "kwh_on_those_days_a_year_before": [each.both[1] / 1000 if each.shared else None for each in months],
        }
    )
    return Frame(table, None, {"months": months, "is_production": period.is_production})


def _figures(period: Period, day: date, is_whole: bool) -> KeyFigures:
    end = day + DAY
    start = end - timedelta(days=MONTH)
    now, before = period.days(start, end), period.days(start - YEAR, end - YEAR)
    asked = period.days(period.first, period.due)
    is_short = period.end - period.first <= YEAR
    found, earlier = period.distribution(period.first, period.end), _year_before(period)
    base = found.quantile(BASE_SHARE, at_night=True)
    seconds = int(found.seconds.sum())
    average = float((found.watts * found.seconds).sum() / seconds) if seconds else 0.0
    peak = _peak(found, period)
    return KeyFigures(
        yesterday=_energy(now, MONTH - 1, MONTH) if is_whole else None,
        is_yesterday=is_whole and end == period.reader.today(period.zone),
        yesterday_before=_energy(before, MONTH - 1, MONTH) if before.is_whole[-1] else None,
        month=_energy(now, 0, MONTH),
        both=_both(now, before),
        whole=_energy(asked, 0, len(asked)),
        whole_both=_both(asked, period.days(period.first - YEAR, period.due - YEAR)) if is_short else None,
        base=base,
        base_before=earlier.quantile(BASE_SHARE, at_night=True) if earlier else None,
        share=base / average if base is not None and average else None,
        peak=peak,
        peak_before=_peak(earlier, period) if earlier else None,
        times=peak.watts / average if peak and average else None,
        best=_best(period),
    )


def _both(now: Days, before: Days) -> Both | None:
    both = now.is_whole & before.is_whole
    sums = [Energy(each.first, _end(each), int(each.wh[both].sum()), 1.0) for each in (now, before)]
    return (sums[0], sums[1], int(both.sum())) if both.any() else None


def _last_whole_day(period: Period) -> tuple[date, bool] | None:
    """The last whole day before today, and True; without one in 30 days the last with any reading, and False."""
    end = period.reader.extent(period.series).end
    if end is None:
        return None
    end = min(end, period.reader.today(period.zone))
    days = period.days(end - timedelta(days=MONTH), end)
    whole = np.flatnonzero(days.is_whole)
    return (days.first + timedelta(days=int(whole[-1])), True) if len(whole) else (end - DAY, False)


def _year_before(period: Period) -> Distribution | None:
    """The period a year before, if it does not overlap and was measured nearly whole."""
    if period.end - period.first > YEAR:
        return None
    first, end = period.first - YEAR, period.due - YEAR
    found = period.distribution(first, end)
    length = period.days(first, end).expected.sum()
    return found if length and int(found.seconds.sum()) >= ENOUGH * length else None


def _peak(found: Distribution, period: Period) -> Peak | None:
    return Peak(float(found.watts[-1]), int(local_of(found.first[-1:], period.zone)[0])) if len(found.watts) else None


def _best(period: Period) -> Energy | None:
    if not period.is_production:
        return None
    days = period.days(period.first, period.end)
    place = int(np.argmax(np.where(days.seconds > 0, days.wh, -1)))
    return _energy(days, place, place + 1) if days.seconds[place] else None


def _energy(days: Days, start: int, end: int) -> Energy:
    """The days start … end - 1, counted from the first."""
    seconds = int(days.seconds[start:end].sum())
    wh = int(days.wh[start:end].sum()) if seconds else None
    first, after = (days.first + timedelta(days=place) for place in (start, end))
    return Energy(first, after, wh, min(1.0, seconds / max(1, int(days.expected[start:end].sum()))))


def _beside(days: Days, first: date) -> MonthBeside:
    now, before = (_places(days, each) for each in (first, _month(first, -12)))
    length = min(len(range(*now)), len(range(*before)))  # the 29th of February has no partner
    both = days.is_whole[now[0] : now[0] + length] & days.is_whole[before[0] : before[0] + length]
    energy = [int(days.wh[at : at + length][both].sum()) for at in (now[0], before[0])]
    return MonthBeside(_energy(days, *now), _energy(days, *before), (energy[0], energy[1]), int(both.sum()))


def _places(days: Days, first: date) -> tuple[int, int]:
    return (first - days.first).days, (_month(first, 1) - days.first).days


def _month(day: date, step: int) -> date:
    """First day of the month that many months later."""
    number = day.year * 12 + day.month - 1 + step
    return date(number // 12, number % 12 + 1, 1)


def _months(first: date, last: date) -> list[date]:
    found = [first.replace(day=1)]
    while (following := _month(found[-1], 1)) <= last:
        found.append(following)
    return found


def _end(days: Days) -> date:
    return days.first + timedelta(days=len(days))


def _kwh(energy: Energy | None) -> float | None:
    return None if energy is None or energy.wh is None else energy.wh / 1000


def _table(figures: KeyFigures, period: Period) -> pd.DataFrame:
    now, before, _ = figures.both or (None, None, 0)
    peak, peak_before = (each.watts if each else None for each in (figures.peak, figures.peak_before))
    day = figures.yesterday or Energy(figures.month.end - DAY, figures.month.end, None, 0.0)
    rows = [
        ("last whole day", "kWh", day.first, day.end, _kwh(figures.yesterday), _kwh(figures.yesterday_before)),
        ("30 days", "kWh", figures.month.first, figures.month.end, _kwh(figures.month), None),
        ("days whole in both years", "kWh", figures.month.first, figures.month.end, _kwh(now), _kwh(before)),
        ("whole period", "kWh", period.first, max(period.due, period.first + DAY), _kwh(figures.whole), None),
        ("base load", "W", period.first, period.end, figures.base, figures.base_before),
        ("peak", "W", period.first, period.end, peak, peak_before),
    ]
    if figures.best:
        rows.append(("strongest day", "kWh", figures.best.first, figures.best.end, _kwh(figures.best), None))
    columns = ("figure", "unit", "from", "to", "amount", "a_year_before")
    table = pd.DataFrame(rows, columns=columns)
    table["from"] = [str(first) for first in table["from"]]
    table["to"] = [str(end - DAY) for end in table["to"]]
    return table
