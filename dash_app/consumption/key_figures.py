"""The key figures: those of the asked period, and apart from them those of the newest readings."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta

import numpy as np
import pandas as pd

from ..kit.blocks import EMPTY_FRAME, Frame, about
from ..kit.days import Days
from ..kit.tariffs import Steady, yearly_cost
from ..kit.view import View
from .base_load import BaseLoad, base_of, base_watts
from .period import DAY, YEAR, Both, Energy, Meter, Period, both_of, energy_of, period_of
from .queries import Distribution, local_of

MONTH = 30
LONGEST = timedelta(days=366)  # that has a year before it, from which at most two days are its own too
ENOUGH = 0.9  # of a period must be measured a year before, so that its base load and peak are comparable


@dataclass(frozen=True, slots=True)
class Peak:
    """The greatest average power of one reading. at: when it starts, local wall clock, ms."""

    watts: float
    at: int


@dataclass(frozen=True, slots=True)
class Newest:
    """What the newest readings say, whatever the period: the last whole day before today, and the 30 days to its end.

    day, month: None where it is left out, the day also without a whole one; is_yesterday: whether the day is the
    calendar's; end: of these days; month_both: against a year before; days: these 30.
    """

    end: date
    is_yesterday: bool
    has_whole_day: bool
    day: Energy | None
    day_before: Energy | None
    month: Energy | None
    month_both: Both | None
    days: Days


@dataclass(frozen=True, slots=True)
class KeyFigures:
    """Of the asked period: whole, its energy; both: against a year before, None where the period `is_long`er than that;
    base, None of production; cost: of the base load in a year; peak; times: the peak in
    averages; best: the strongest day of production; *_before: the same days a year before, None if not measured or
    overlapping."""

    whole: Energy
    is_long: bool
    both: Both | None
    base: BaseLoad | None
    base_before: float | None
    cost: Steady | None
    peak: Peak
    peak_before: Peak | None
    times: float | None
    best: Energy | None
    newest: Newest


@about(period_of)
def key_frame(period: Period, _view: View) -> Frame:
    """One row a key figure; notes: `figures` (KeyFigures). Empty where nothing was measured in the period."""
    whole = energy_of(period.days(period.first, period.due))
    if whole.read is None:
        return EMPTY_FRAME
    figures = _figures(period, whole)
    covered = period.share(int(period.distribution(period.first, period.end).seconds.sum()))
    return Frame(_key_table(figures), covered, {"figures": figures} | period.notes())


def _figures(period: Period, whole: Energy) -> KeyFigures:
    asked = period.days(period.first, period.due)
    is_long = period.end - period.first > LONGEST
    found = period.distribution(period.first, period.end)
    average = float((found.watts * found.seconds).sum() / found.seconds.sum())
    peak, earlier = _peak(found, period), _year_before(period)
    base = None if period.is_production else base_of(period)
    watts, last = base.watts if base else None, min(whole.end, period.today) - DAY
    return KeyFigures(
        whole=whole,
        is_long=is_long,
        both=None if is_long else compared_of(period, period.first, period.due)[1],
        base=base,
        base_before=base_watts(*earlier) if base and earlier else None,
        cost=None if watts is None else yearly_cost(period.reader, period.series.source, watts, last),
        peak=peak,
        peak_before=_peak(earlier[0], period) if earlier else None,
        times=peak.watts / average if average else None,
        best=_best(asked) if period.is_production else None,
        newest=_apart(newest_of(period), whole),
    )


def compared_of(meter: Meter, first: date, end: date) -> tuple[Energy, Both | None]:
    """The energy of some local days, and against the same days of the week a year before."""
    now = meter.days(first, end)
    return energy_of(now), both_of(now, meter.days(first - YEAR, end - YEAR))


def newest_of(meter: Meter) -> Newest:
    """Nothing left out but a day that was not measured whole."""
    end, is_whole = _last_whole_day(meter)
    start = end - timedelta(days=MONTH)
    days, before = meter.days(start, end), meter.days(start - YEAR, end - YEAR)
    month, month_both = compared_of(meter, start, end)
    return Newest(
        end=end,
        is_yesterday=is_whole and end == meter.today,
        has_whole_day=is_whole,
        day=energy_of(days, MONTH - 1) if is_whole else None,
        day_before=energy_of(before, MONTH - 1) if before.is_whole[-1] else None,
        month=month,
        month_both=month_both,
        days=days,
    )


def _apart(newest: Newest, whole: Energy) -> Newest:
    """Without what the period shows already."""
    day, month = newest.day, newest.month
    is_month_shown = month and (_is_same(month, whole) or _is_same(month, energy_of(newest.days, MONTH - 1)))
    is_day_shown = day and _is_same(day, whole)
    return replace(newest, day=None if is_day_shown else day, month=None if is_month_shown else month)


def _is_same(one: Energy, other: Energy) -> bool:
    """Whether two figures are of the same readings."""
    return (one.read, one.wh) == (other.read, other.wh)


def _last_whole_day(meter: Meter) -> tuple[date, bool]:
    """The end of the last whole day before today, and True; without one in 30 days the last with a reading, False."""
    end = meter.read_to
    days = meter.days(end - timedelta(days=MONTH), end)
    whole = np.flatnonzero(days.is_whole)
    return (days.first + timedelta(days=int(whole[-1]) + 1), True) if len(whole) else (end, False)


def _year_before(period: Period) -> tuple[Distribution, int] | None:
    """The period a year before and its whole days, if it does not overlap and was measured nearly whole."""
    if period.end - period.first > YEAR:
        return None
    first, end = period.first - YEAR, period.due - YEAR
    found, days = period.distribution(first, end), period.days(first, end)
    length = int(days.expected.sum())
    is_measured = length and int(found.seconds.sum()) >= ENOUGH * length
    return (found, int(days.is_whole.sum())) if is_measured else None


def _peak(found: Distribution, period: Period) -> Peak:
    return Peak(float(found.watts[-1]), int(local_of(found.first[-1:], period.zone)[0]))


def _best(days: Days) -> Energy:
    place = int(np.argmax(np.where(days.seconds > 0, days.wh, -1)))
    return energy_of(days, place, place + 1)


def _key_table(figures: KeyFigures) -> pd.DataFrame:
    table = pd.DataFrame(_key_rows(figures), columns=("figure", "unit", "from", "to", "amount", "a_year_before"))
    table["from"] = [str(first) for first in table["from"]]
    table["to"] = [str(end - DAY) for end in table["to"]]
    return table


def _key_rows(figures: KeyFigures) -> Iterator[tuple[str, str, date, date, float | None, float | None]]:
    first, end, newest = figures.whole.first, figures.whole.end, figures.newest
    yield "whole period", "kWh", first, end, figures.whole.kwh, None
    yield from _both_rows("days whole in both years, whole period", figures.both)
    if figures.base:
        yield "base load", "W", first, end, figures.base.watts, figures.base_before
    if figures.cost and figures.cost.euros is not None:
        yield f"base load a year, {figures.cost.tariff.name}", "EUR", first, end, float(figures.cost.euros), None
    yield "peak", "W", first, end, figures.peak.watts, figures.peak_before.watts if figures.peak_before else None
    if figures.best:
        yield "strongest day", "kWh", figures.best.first, figures.best.end, figures.best.kwh, None
    if newest.day:
        before = newest.day_before.kwh if newest.day_before else None
        yield "last whole day", "kWh", newest.day.first, newest.day.end, newest.day.kwh, before
    if newest.month:
        yield "newest 30 days", "kWh", newest.month.first, newest.month.end, newest.month.kwh, None
        yield from _both_rows("days whole in both years, newest 30 days", newest.month_both)


def _both_rows(name: str, both: Both | None) -> Iterator[tuple[str, str, date, date, float | None, float | None]]:
    if both:
        now, before, _ = both
        yield name, "kWh", now.first, now.end, now.kwh, before.kwh
