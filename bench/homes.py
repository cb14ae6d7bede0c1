"""The real homes on which every figure of the insight is measured, as grids; read here, never copied."""

from __future__ import annotations

import csv
import gzip
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np

from sync.insight.experts import Days
from sync.insight.forecast import Replay, replay
from sync.insight.grid import HALF, Grid, Real, grid_of, stacked
from sync.insight.holidays import free_days, weekdays
from sync.model.localtime import PARIS, wall_clock_instants

LONDON = "lcl/halfhourly_2013_70_households.csv.gz"
R63 = "linky/r63_load_curve_2023-03-13_2025-03-13_naive_paris.csv.gz"
WEATHER = ("elhub/weather_era5_NO1_Oslo_2021.csv.gz", "elhub/weather_era5_NO5_Bergen_2021.csv.gz")
LONDON_ZONE = ZoneInfo("Europe/London")
AHEAD = 2


@lru_cache(maxsize=1)
def london(folder: Path) -> tuple[date, Real]:
    """(first day, [70, days, 48] Wh) of 2013. Labels are UTC and end the half-hour."""
    homes: defaultdict[str, dict[int, float]] = defaultdict(dict)
    moments: dict[str, int] = {}
    with gzip.open(folder / LONDON, "rt", encoding="ascii", newline="") as lines:
        for home, label, text in list(csv.reader(lines))[1:]:
            if label not in moments:
                moments[label] = int(datetime.fromisoformat(label).replace(tzinfo=UTC).timestamp()) * 1000
            if text.strip() not in ("", "Null"):
                homes[home][moments[label] - HALF * 1000] = float(text) * 1000
    return stacked([_grid(readings, LONDON_ZONE) for _, readings in sorted(homes.items())])


@lru_cache(maxsize=1)
def household(folder: Path) -> Grid:
    """Two years of one French household. Labels are the wall clock of Paris and end the interval."""
    start, wh, seconds = [], [], []
    before = 0
    with gzip.open(folder / R63, "rt", encoding="utf-8-sig", newline="") as lines:
        for row in csv.DictReader(lines, delimiter=";"):
            meant = wall_clock_instants(datetime.fromisoformat(row["Horodate"]), PARIS)
            before = next((moment for moment in meant if moment > before), meant[-1])
            length = {"PT30M": 1800, "PT60M": 3600}[row["Pas"]]
            start.append(before - length * 1000)
            wh.append(int(row["Valeur"]) * length / 3600)
            seconds.append(length)
    return grid_of(np.array(start), np.array(wh), np.array(seconds), PARIS)


def days_of(first: date, wh: Real, zone: ZoneInfo) -> Days:
    """Homes with their calendar."""
    calendar = [first + timedelta(days=place) for place in range(wh.shape[1] + AHEAD)]
    return Days(wh, free_days(calendar, zone), weekdays(calendar))


def household_days(folder: Path) -> Days:
    """Of the one household."""
    grid = household(folder)
    return days_of(grid.first, grid.wh[None], PARIS)


def london_days(folder: Path) -> Days:
    """Of the seventy."""
    return days_of(*london(folder), LONDON_ZONE)


def years(folder: Path) -> Real:
    """[home-years, 365, 48] of the London homes that are there for most of 2013, and both of the French one."""
    _, wh = london(folder)
    there = wh[np.isfinite(wh).mean(axis=(1, 2)) > 0.9, -365:]
    both = household(folder).wh
    return np.concatenate([there, both[None, :365], both[None, 365:730]])


def temperatures(folder: Path) -> list[Real]:
    """[365] °C, the mean of each day of 2021, of Oslo and Bergen."""
    found = []
    for name in WEATHER:
        with gzip.open(folder / name, "rt", encoding="utf-8", newline="") as lines:
            hours = [float(row["temperature_2m"]) for row in csv.DictReader(lines)]
        found.append(np.array(hours[: 365 * 24]).reshape(365, 24).mean(axis=1))
    return found


@lru_cache(maxsize=2)
def household_replay(folder: Path, lead: int) -> Replay:
    """Every day of the two years as it would have been forecast."""
    return replay(household_days(folder), lead)


@lru_cache(maxsize=1)
def london_replay(folder: Path) -> Replay:
    """The same of the seventy, lead 1."""
    return replay(london_days(folder), 1)


def _grid(readings: dict[int, float], zone: ZoneInfo) -> Grid:
    start = np.array(sorted(readings))
    return grid_of(start, np.array([readings[at] for at in start]), np.full(len(start), HALF), zone)
