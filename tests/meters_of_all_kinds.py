"""A database with meters of every kind that an insight must bear; all generated."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pymongo.database import Database

from sync.model.clock import SystemClock
from sync.model.localtime import PARIS, midnight
from sync.model.readings import Series, energy_batch
from sync.settings import DEFAULT_COLLECTIONS
from sync.store.schema import Pair, ensure_pair, pair
from sync.store.writer import PairWriter

FIRST, DAYS = date(2025, 2, 1), 120  # the clock goes forward on 30 March
HALF = 1800
NAMES = ("usual", "weeks", "zero", "holes", "quarters", "hours", "ended", "generating")


def end() -> date:
    return FIRST + timedelta(days=DAYS)


def prm(name: str) -> str:
    return f"9999999999{NAMES.index(name):04d}"


def series(name: str) -> Series:
    return Series("linky", prm(name), "production" if name == "generating" else "consumption")


def curve(seed: int, days: int = DAYS, step: int = HALF) -> NDArray[np.int64]:
    """Wh by interval of a home with mornings, evenings and weekends; as many as the days have seconds."""
    random = np.random.default_rng(seed)
    seconds = np.arange(0, days * 86_400, step)
    hour, day = seconds % 86_400 / 3600, seconds // 86_400
    evening = np.exp(-(((hour - 20) / 2) ** 2)) + 0.6 * np.exp(-(((hour - 8) / 1) ** 2)) * (day % 7 < 5)
    watts = 150 + 1200 * evening * random.gamma(4, 0.25, len(seconds)) + random.gamma(1, 60, len(seconds))
    return (watts * step / 3600).astype(np.int64)


def fill(database: Database[Any]) -> Pair:
    """All of them, as the product writes them."""
    own = pair(database, "linky", DEFAULT_COLLECTIONS)
    ensure_pair(own)
    usual = curve(1)
    sun = np.maximum(0, np.sin((np.arange(DAYS * 48) % 48 - 12) / 24 * np.pi)) * curve(2)
    holed = curve(3)
    there = np.random.default_rng(4).random(len(holed)) > 0.1
    there[48 * 60 : 48 * 63] = False
    write(own, "usual", usual)
    write(own, "weeks", curve(5, 21))
    write(own, "zero", np.zeros(DAYS * 48, np.int64))
    write(own, "holes", holed, there=there)
    write(own, "quarters", curve(6, step=900), 900)
    write(own, "hours", curve(7, step=3600), 3600)
    write(own, "ended", curve(8, 60))
    write(own, "generating", sun.astype(np.int64))
    return own


def fill_with(database: Database[Any], name: str, wh: NDArray[np.int64]) -> Pair:
    """One meter alone."""
    own = pair(database, "linky", DEFAULT_COLLECTIONS)
    ensure_pair(own)
    write(own, name, wh)
    return own


def write(
    own: Pair, name: str, wh: NDArray[np.int64], seconds: int = HALF, there: NDArray[np.bool_] | None = None
) -> None:
    """Intervals from the first local midnight on."""
    start = midnight(FIRST, PARIS) + np.arange(len(wh), dtype=np.int64) * seconds * 1000
    chosen = np.ones(len(wh), dtype=bool) if there is None else there
    lengths = np.full(int(chosen.sum()), seconds, dtype=np.int64)
    PairWriter(own, SystemClock()).write(energy_batch(series(name), start[chosen], wh[chosen], lengths))
