"""Cheap forecasts of a day, from the days that are known by then: nothing is trained.

Everything is by pairs of a home and a day, so that one home of two years and a thousand homes of one day are the same
work. What is asked of day D with a lead reads days up to D − lead, and no later one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from .grid import SLOTS, Marks, Real, Whole

Single = NDArray[np.float32]

BLOCK = 192  # pairs at once: their windows stay in the cache, whatever the number of homes
PAST = 80  # days before the last known one that are read at most
FRONT = 100  # unknown days put before the first


class Weighted(NamedTuple):
    """A weighted quantile of the last `days`. half_life: days; other_kind, same_weekday: factors of the weight."""

    days: int
    half_life: float
    quantile: float = 0.5
    other_kind: float = 0.27
    same_weekday: float = 1.3


MEDIAN = Weighted(14, 4)
"""The second baseline: whoever shows a skill shows it over this one, too."""
WEIGHTED = (
    MEDIAN,
    Weighted(35, 10),
    Weighted(70, 30),
    Weighted(35, 10, 0.3),
    Weighted(35, 10, 0.7),
    Weighted(35, 10, 0.5, 0.0),
    Weighted(35, 10, 0.5, 1.0, 1.0),
)
EDGES = (Weighted(42, 20, 0.1), Weighted(42, 20, 0.9))
"""Of the band of 80 %."""
NEAREST = (7, 15, 30)
CANDIDATES = 75  # days among which the nearest are looked for
OTHER_KIND = 0.15  # of the mean: how much farther a day of the other kind lies
AGE = 0.002  # of the mean: and a day older
NAMES = (
    "day before",
    "week before",
    "four weeks",
    "median 14",
    "median 35",
    "median 70",
    "low",
    "high",
    "same kind",
    "all kinds",
    "nearest 7",
    "nearest 15",
    "nearest 30",
    "scaled",
    "smooth",
    "smooth nearest",
    "mean 28",
)


@dataclass(frozen=True, slots=True)
class Days:
    """Homes over the same days. wh: [homes, days, 48]; free, weekday: [days + ahead], known beforehand."""

    wh: Real
    free: Marks
    weekday: Whole


def predictions(days: Days, targets: Whole, lead: int) -> tuple[Single, Single]:
    """([homes, targets, experts, 48], [homes, targets, 2, 48]): what each expert says, and the home's own quantiles of
    EDGES; Wh, NaN where nothing is known. targets: places of days, at most `lead` - 1 after the last."""
    homes, asked = days.wh.shape[0], len(targets)
    out = np.empty((homes * asked, len(NAMES) + len(EDGES), SLOTS), dtype=np.float32)
    before = _padded(days.wh)
    home, day = (each.ravel() for each in np.meshgrid(np.arange(homes), targets, indexing="ij"))
    for low in range(0, len(home), BLOCK):
        part = slice(low, low + BLOCK)
        out[part] = _block(Past(before, days, home[part], day[part], lead))
    out = out.reshape(homes, asked, -1, SLOTS)
    return out[:, :, : len(NAMES)], out[:, :, len(NAMES) :]


class Past:
    """What is known of each pair before its day: `curves` goes back from the last known day."""

    def __init__(self, wh: Single, days: Days, home: Whole, day: Whole, lead: int) -> None:
        self.lead = lead
        self._day = day
        self._days = days
        back = day[:, None] - lead - np.arange(PAST + lead)
        self.curves: Single = wh[home[:, None], back + FRONT]  # [pairs, back, 48]
        self.other = days.free[np.maximum(back, 0)] != days.free[day][:, None]
        self.weekday = days.weekday[np.maximum(back, 0)] == days.weekday[day][:, None]

    def before(self, step: int) -> Single:
        """[pairs, 48] the day `step` days before the one asked for."""
        return self.curves[:, step - self.lead]

    def weights(self, kind: Weighted) -> Single:
        """[pairs, days]."""
        age = 0.5 ** (np.arange(kind.days) / kind.half_life)
        other = np.where(self.other[:, : kind.days], kind.other_kind, 1.0)
        same = np.where(self.weekday[:, : kind.days], kind.same_weekday, 1.0)
        return np.asarray(age * other * same, dtype=np.float32)

    def quantiles(self, kinds: tuple[Weighted, ...]) -> list[Single]:
        """[pairs, 48] of each; those over the same days are sorted once."""
        found: dict[Weighted, Single] = {}
        for length in {kind.days for kind in kinds}:
            curves = np.ascontiguousarray(self.curves[:, :length].transpose(0, 2, 1))
            order = curves.argsort(axis=-1)
            values = np.take_along_axis(curves, order, -1)
            known = np.isfinite(values)
            for kind in kinds:
                if kind.days == length:
                    weights = self.weights(kind)[:, None, :].repeat(SLOTS, 1)
                    sums = (np.take_along_axis(weights, order, -1) * known).cumsum(-1)
                    place = (sums < kind.quantile * sums[..., -1:]).sum(-1)
                    found[kind] = np.take_along_axis(values, np.minimum(place, length - 1)[..., None], -1)[..., 0]
        return [found[kind] for kind in kinds]


def known_mean(values: NDArray[Any], axis: int) -> Single:
    """The mean of what is known; NaN of nothing."""
    known = np.isfinite(values)
    count = known.sum(axis)
    return np.asarray(np.where(count, np.where(known, values, 0).sum(axis) / np.maximum(count, 1), np.nan), np.float32)


def sorted_median(values: NDArray[Any]) -> Single:
    """The median of what is known along the last axis."""
    values = np.sort(values, axis=-1)
    count = np.isfinite(values).sum(-1)
    low, high = (np.maximum(at, 0)[..., None] for at in ((count - 1) // 2, count // 2))
    high = np.minimum(high, values.shape[-1] - 1)
    both = np.take_along_axis(values, low, -1) + np.take_along_axis(values, high, -1)
    return np.asarray(np.where(count > 0, both[..., 0] / 2, np.nan), dtype=np.float32)


def smooth(curves: Single) -> Single:
    """The mean of three neighbouring half-hours of a day."""
    wide = np.pad(curves, [(0, 0)] * (curves.ndim - 1) + [(1, 1)], mode="edge")
    return np.asarray((wide[..., :-2] + wide[..., 1:-1] + wide[..., 2:]) / 3, dtype=np.float32)


def _block(past: Past) -> Single:
    """[pairs, experts and edges, 48] in the order of NAMES and EDGES."""
    *weighted, low, high = past.quantiles(WEIGHTED + EDGES)
    nearest = _nearest(past)
    weeks = np.stack([past.before(step) for step in (7, 14, 21, 28)], axis=1)
    mean = known_mean(past.curves[:, :28], 1)
    found = [
        past.curves[:, 0],
        past.before(7),
        known_mean(weeks, 1),
        *weighted,
        *nearest,
        weighted[1] * _scale(past),
        smooth(weighted[1]),
        smooth(nearest[1]),
        mean,
        low,
        high,
    ]
    curves = np.stack(found, axis=1)
    for filling in (weighted[1], mean):
        curves = np.where(np.isfinite(curves), curves, filling[:, None])
    return curves


def _scale(past: Past) -> Single:
    """[pairs, 1] the last known day against the mean of 14."""
    level = known_mean(past.curves[:, :14], 2)
    usual = known_mean(level, 1)
    with np.errstate(invalid="ignore", divide="ignore"):
        ratio = np.where(usual > 0, level[:, 0] / usual, 1.0)
    return np.asarray(np.clip(np.nan_to_num(ratio, nan=1.0), 0.3, 3.0)[:, None], dtype=np.float32)


def _nearest(past: Past) -> list[Single]:
    """[pairs, 48] the median of so many of the days whose eves were most like the last known day."""
    lead = past.lead
    level = known_mean(past.curves, 2)
    filled = np.where(np.isfinite(past.curves), past.curves, level[..., None])
    ordered = np.sort(filled, axis=-1)
    eves = slice(lead, lead + CANDIDATES)
    distance = sum(np.abs(each[:, eves] - each[:, :1]).mean(-1) for each in (filled, ordered))
    usual = known_mean(level, 1)[:, None]
    age = np.arange(CANDIDATES, dtype=np.float32)
    distance = distance + usual * (OTHER_KIND * past.other[:, :CANDIDATES] + AGE * age)
    distance = np.where(np.isfinite(distance) & np.isfinite(level[:, :CANDIDATES]), distance, np.inf)
    order = distance.argsort(axis=1, kind="stable")[:, : max(NEAREST)]
    there = np.isfinite(np.take_along_axis(distance, order, 1))[..., None]
    chosen = np.where(there, past.curves[np.arange(len(order))[:, None], order], np.nan).transpose(0, 2, 1)
    return [sorted_median(np.ascontiguousarray(chosen[..., :count])) for count in NEAREST]


def _padded(wh: Real) -> Single:
    """Before the first day nothing is known."""
    front = np.full((wh.shape[0], FRONT, SLOTS), np.nan, dtype=np.float32)
    return np.concatenate([front, wh.astype(np.float32)], axis=1)
