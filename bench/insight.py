"""What the insight says, measured on real homes: `python -m bench insight`. Needs no server."""

from __future__ import annotations

import sys
import time
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from bench import events, homes
from bench.kit import SHARED, Row, row
from sync.insight.experts import NAMES, Days, predictions
from sync.insight.forecast import Forecaster, day_totals, replay
from sync.insight.grid import Marks, Real
from sync.insight.heating import NoHeating, heating_of
from sync.insight.score import score
from sync.insight.steps import steps_of
from sync.insight.unusual import day_base, messages

MANY = 1000
GROUP = 250
YEAR = 365
STANDSTILL = 0.5  # of the half-hours alike: nobody lives there, and no band holds four of five of them


def run() -> dict[str, Any]:
    """Every figure, on the data of `SHARED_DATA`."""
    if not (SHARED / homes.LONDON).exists():
        sys.exit("the bench needs the real homes: set SHARED_DATA to the folder that holds lcl/ and linky/")
    rows = [*forecasts(SHARED), *unusual(SHARED), *house(SHARED), *costs()]
    _, wh = homes.london(SHARED)
    return {"readings": int(np.isfinite(wh).sum()), "server": "no server", "rows": rows}


def forecasts(folder: Path) -> list[Row]:
    """Skill and coverage."""
    rows = [*london(folder)]
    for lead, limit in ((1, 35), (2, 28)):
        found = household_score(folder, lead)
        rows += [
            row(f"R63, last 365 days, lead {lead}: skill over the week before", percent(found.skill_week), "%", limit),
            row(f"R63, lead {lead}: skill over the weighted median", percent(found.skill_median), "%"),
            row(f"R63, lead {lead}: inside the band of 80 %", percent(found.coverage), "%"),
        ]
    return rows


def london(folder: Path) -> list[Row]:
    """November and December 2013."""
    days, found, chosen = homes.london_days(folder), homes.london_replay(folder), last_two_months(folder)
    measured = score(days, found, chosen)
    each = each_coverage(days.wh, found.low, found.high, chosen)
    return [
        row("London, 70 homes, Nov–Dec 2013: skill over the week before", percent(measured.skill_week), "%", 28),
        row("the same over the weighted median", percent(measured.skill_median), "%"),
        row("inside the band of 80 %", percent(measured.coverage), "%"),
        row("the home with the fewest inside", 100 * float(each.min()), "%", 76),
        row("the home with the most", 100 * float(each.max()), "%", -84),
        row("day total: mean absolute error", (measured.total_mae or np.nan) / 1000, "kWh", -2.15),
        row("day total: skill over the week before", percent(measured.total_skill), "%"),
        row("day total: inside the band of 80 %", percent(measured.total_coverage), "%"),
        row("sum of 64 homes: wMAPE", together(folder), "%", -9.5),
    ]


def household_score(folder: Path, lead: int) -> Any:
    """Of the last year of the two."""
    days = homes.household_days(folder)
    return score(days, homes.household_replay(folder, lead), np.arange(days.wh.shape[1]) >= days.wh.shape[1] - YEAR)


def last_two_months(folder: Path) -> Marks:
    """[days] of the 70 homes."""
    first, wh = homes.london(folder)
    return np.arange(wh.shape[1]) >= (np.datetime64("2013-11-01") - np.datetime64(first)).astype(int)


def each_coverage(wh: Real, low: Real, high: Real, chosen: Marks) -> Real:
    """Share inside the band of each home that is there for most of the time and does not stand still."""
    found = []
    for home in range(len(wh)):
        known = np.isfinite(wh[home]) & np.isfinite(low[home]) & chosen[:, None]
        values = wh[home][known]
        if known.sum() < 24 * chosen.sum() or np.unique(values, return_counts=True)[1].max() > STANDSTILL * len(values):
            continue
        found.append(((values >= low[home][known]) & (values <= high[home][known])).mean())
    return np.array(found)


def together(folder: Path) -> float:
    """wMAPE (%) by half-hour of the sum of the 64 homes with the fewest holes, forecast as one curve."""
    first, wh = homes.london(folder)
    best = wh[np.argsort(-np.isfinite(wh).sum(axis=(1, 2)), kind="stable")[:64]]
    there = np.isfinite(best).sum(axis=0)
    whole = np.where(there >= 48, np.nansum(best, axis=0) / np.maximum(there, 1) * 64, np.nan)
    days = homes.days_of(first, whole[None], homes.LONDON_ZONE)
    error = np.abs(replay(days, 1).wh[0] - whole)[last_two_months(folder)]
    known = np.isfinite(error)
    return float(100 * error[known].sum() / whole[last_two_months(folder)][known].sum())


def unusual(folder: Path) -> list[Row]:
    """Events put into real home-years."""
    wh = homes.years(folder)
    told = float(np.mean([len(messages(home, 2)) for home in wh]))
    rows = [row("messages of all tests with a budget of two, nothing put in", told, "a home-year", -2.05)]
    for event, (test, bar) in events.TEST_OF.items():
        rows.append(row(f"{event}: noticed by its test", events.recall(wh, event), "%", bar))
        rows.append(
            row(f"{event}: within a budget of two messages a year", events.recall_of_messages(wh, event, 2), "%")
        )
        rows.append(row(f"{test}: false alarms", events.false_alarms(wh, test), "a home-year", -2.05))
    return rows


def house(folder: Path) -> list[Row]:
    """Base load steps and heating put into real homes."""
    wh = homes.years(folder)
    clean = float(np.mean([len(steps_of(2 * base)) for base in day_base(wh)]))
    rows = [row("steps of the base load, a home-year in which nothing was put in", clean, "steps")]
    for watts in (50, 100, 200):
        changed, days = events.injected(wh, events.EVENTS[f"base +{watts} W"], 5)
        near = [
            any(abs(step.day - day) <= 7 for step in steps_of(2 * base) if step.after > step.before)
            for base, day in zip(day_base(changed), days, strict=True)
        ]
        rows.append(row(f"base +{watts} W: dated within a week", 100 * float(np.mean(near)), "%"))
    energy, balance = heating_errors(folder)
    rows.append(row("heating put in: error of its energy, median", 100 * energy, "%", -10))
    rows.append(row("error of the balance point, median", balance, "K", -1))
    return rows


def heating_errors(folder: Path) -> tuple[float, float]:
    """Medians of the relative error of the energy and of that of the balance (K), of heating put into homes that have
    none, by the weather of Oslo and Bergen."""
    random = np.random.default_rng(3)
    energy, balance = [], []
    for degrees in homes.temperatures(folder):
        for total in day_totals(homes.years(folder)):
            if _is_heated(total, degrees):
                continue
            limit, slope = random.uniform(11, 18), random.uniform(1000, 3000)
            heat = slope * np.maximum(limit - degrees, 0) * random.gamma(25, 1 / 25, len(degrees))
            try:
                found = heating_of(total + heat, degrees)
            except NoHeating:
                energy.append(1.0)
                continue
            energy.append(abs(found.energy / heat[np.isfinite(total)].sum() - 1))
            balance.append(abs(found.balance - limit))
    return float(np.median(energy)), float(np.median(balance))


def _is_heated(total: Real, degrees: Real) -> bool:
    try:
        heating_of(total, degrees)
    except NoHeating:
        return False
    return True


def costs() -> list[Row]:
    """What it takes."""
    return [row(f"{MANY:,} generated homes, a day", a_day(generated(MANY)), "CPU s", -3.0)]


@lru_cache(maxsize=1)
def generated(count: int) -> Days:
    """Homes like none that lives: a base, an evening, noise."""
    random = np.random.default_rng(1)
    shape = (count, 110, 48)
    evening = 400 * np.exp(-(((np.arange(48) - 39) / 6) ** 2))
    wh = random.uniform(40, 150, (count, 1, 1)) + evening * random.gamma(2, 0.5, shape) + random.gamma(1.5, 40, shape)
    return homes.days_of(homes.date(2024, 1, 1), wh, homes.PARIS)


def a_day(days: Days) -> float:
    """CPU s of learning a day and forecasting the next, of homes whose state is at hand, by groups."""
    took, last = 0.0, days.wh.shape[1]
    for low in range(0, len(days.wh), GROUP):
        group = Days(days.wh[low : low + GROUP], days.free, days.weekday)
        forecaster = Forecaster(len(group.wh), len(NAMES), 1)
        for place in range(last - 3, last + 1):
            started = time.process_time()
            experts, edges = predictions(group, np.array([place]), 1)
            forecaster.learn(group.wh[:, place - 1])
            forecaster.forecast(experts[:, 0], edges[:, 0])
            ended = time.process_time()
        took += ended - started
    return took


def percent(share: float | None) -> float:
    """Of a share; NaN of what was not measured."""
    return float("nan") if share is None else 100 * share
