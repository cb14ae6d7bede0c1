"""A hundred invented meters of sixteen thousand half-hours each: generated, not measured."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np

from bench.kit import Bench
from sync.model.readings import GENERATED_PREFIX, Series, energy_batch
from sync.store.schema import ensure_pair
from sync.store.writer import PairWriter

METERS = 100
READINGS = 16_000  # 333 days
HALF_HOUR = 1800
FIRST = datetime(2024, 4, 13, 22, tzinfo=UTC)  # a midnight in Paris


def fill(own: Bench) -> int:
    """Write both collections; returns how many readings. The same numbers every time."""
    both = own.pair("linky")
    ensure_pair(both)
    writer = PairWriter(both)
    start = int(FIRST.timestamp() * 1000) + np.arange(READINGS, dtype=np.int64) * HALF_HOUR * 1000
    random = np.random.default_rng(2026)
    for number in range(METERS):
        series = Series("linky", f"{GENERATED_PREFIX}{number:02d}", "consumption")
        writer.write(energy_batch(series, start, _energy(random), np.full(READINGS, HALF_HOUR, dtype=np.int64)))
    return METERS * READINGS


def _energy(random: np.random.Generator) -> np.ndarray[Any, np.dtype[np.int64]]:
    """Wh of a household: a base load, more in the evening and in winter, now and then an oven."""
    half_hour = np.arange(READINGS)
    evening = ((half_hour % 48) >= 36) * 250.0
    winter = 120 * (1 + np.cos(2 * np.pi * (half_hour / 48 - 270) / 365))
    oven = (random.random(READINGS) < 0.04) * random.uniform(300, 2500, READINGS)
    return (random.uniform(60, 140) + evening + winter + oven + random.gamma(1.5, 40, READINGS)).astype(np.int64)
