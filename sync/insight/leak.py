"""Why famous figures are wrong: one model, the same days, once with features that end before the day, once with
features that end with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from zoneinfo import ZoneInfo

import numpy as np

from .features import columns_of
from .forecast import day_totals
from .grid import Marks, Real

HONEST, LEAKING = 1, 0  # lead: with 0 the last day that the features know is the day itself
HISTORY = 28  # days that the longest feature looks back
LEARNT = 0.7  # share of the days before the first block
BLOCK = 28  # days that are said with what was learnt from all days before them
FEWEST = (60, 20)  # days to learn from before the first block, and to be measured on
RIDGE = 0.3  # weight of small coefficients, of features with variance 1


@dataclass(frozen=True, slots=True)
class Trial:
    """said, came: [days] Wh; measured: the days that were said from earlier ones alone; explained: R² over them;
    features: how many are known of this curve."""

    said: Real
    came: Real
    measured: Marks
    explained: float
    features: int


class TooShort(ValueError):
    """Too few days to learn from and to be measured on."""


def trial(wh: Real, first: date, zone: ZoneInfo, lead: int, temperature: Real | None = None) -> Trial:
    """The total of each day by ridge regression on the features. wh: [days, 48]; temperature: [days] °C.

    Raises TooShort.
    """
    columns = columns_of(wh[None], first, zone, temperature=temperature, lead=lead)
    features = np.stack([column[0] for column in columns.values()], axis=-1)
    came = day_totals(wh)
    place = np.arange(len(came))
    known = np.isfinite(came) & (place >= HISTORY)
    said, used = np.full(len(came), np.nan), 0
    for border in range(HISTORY + round(LEARNT * max(0, len(came) - HISTORY)), len(came), BLOCK):
        learns = known & (place < border)
        if learns.sum() >= FEWEST[0]:
            block = slice(border, border + BLOCK)
            said[block], used = _ridge(features, came, learns, block)
    measured = known & np.isfinite(said)
    if measured.sum() < FEWEST[1]:
        raise TooShort
    return Trial(said, came, measured, explained(said[measured], came[measured]), used)


def explained(said: Sequence[float] | Real, came: Sequence[float] | Real) -> float:
    """R²: the share of what differs between days that is said; below 0: worse than their mean."""
    said, came = np.asarray(said), np.asarray(came)
    spread = float(((came - came.mean()) ** 2).sum())
    return 1 - float(((came - said) ** 2).sum()) / spread if spread else float("nan")


def _ridge(features: Real, came: Real, learns: Marks, block: slice) -> tuple[Real, int]:
    """(what is said of the days of a block, how many features vary). What is not known of a day is taken as usual."""
    known = np.isfinite(features) & learns[:, None]
    counts = known.sum(axis=0)
    mean = np.where(known, features, 0).sum(axis=0) / np.maximum(counts, 1)
    spread = np.sqrt(np.where(known, (features - mean) ** 2, 0).sum(axis=0) / np.maximum(counts, 1))
    used = (counts > learns.sum() / 2) & (spread > 1e-9 * np.maximum(1, np.abs(mean)))
    scaled = np.nan_to_num((features[:, used] - mean[used]) / spread[used])
    middle = float(came[learns].mean())
    own = scaled[learns]
    weights = np.linalg.solve(own.T @ own + RIDGE * np.eye(own.shape[1]), own.T @ (came[learns] - middle))
    return np.asarray(middle + (scaled[block] * weights).sum(axis=1)), int(used.sum())
