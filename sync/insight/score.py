"""How good forecasts were: against what came, over two simple ones, and how much their band held."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .experts import Days
from .forecast import Replay, day_totals
from .grid import Marks, Real

FEWEST_DAYS = 14  # forecast and come: fewer measure nothing
WEEK = 7


@dataclass(frozen=True, slots=True)
class Score:
    """Pooled over half-hours. days: how many; mae: Wh; skill_week, skill_median: share by which it is better than the
    same day a week before, and than a weighted median of 14 days; coverage: share inside the band of 80 %. The same of
    day totals, whose simple one is the week before. None: not measured."""

    days: int
    mae: float | None
    skill_week: float | None
    skill_median: float | None
    coverage: float | None
    total_mae: float | None
    total_skill: float | None
    total_coverage: float | None


def score(days: Days, found: Replay, chosen: Marks, slots: slice = slice(None)) -> Score:
    """chosen: [homes, days] or [days] of the replay, which of its days count; slots: which half-hours of them."""
    came = days.wh[:, found.places.start : found.places.stop]
    span = came.shape[1]
    week = week_before(days.wh)[:, found.places.start : found.places.stop]
    known = (
        np.isfinite(came) & np.isfinite(found.wh[:, :span]) & np.isfinite(week) & np.isfinite(found.simple[:, :span])
    )
    known &= np.broadcast_to(chosen[..., :span], known.shape[:2])[..., None]
    count = int(known.any(axis=2).any(axis=0).sum())
    known[..., np.setdiff1d(np.arange(known.shape[2]), np.arange(known.shape[2])[slots])] = False
    if count < FEWEST_DAYS:
        return Score(count, *[None] * 7)
    mae, by_week, by_median = (
        float(np.abs(each - came)[known].mean()) for each in (found.wh[:, :span], week, found.simple[:, :span])
    )
    inside = (came >= found.low[:, :span]) & (came <= found.high[:, :span])
    totals, totals_week = day_totals(came), day_totals(week)
    told = np.isfinite(totals) & np.isfinite(totals_week) & np.isfinite(found.total[:, :span]) & known.any(axis=2)
    total, total_week = (_mean(np.abs(each - totals)[told]) for each in (found.total[:, :span], totals_week))
    held = (totals >= found.total_low[:, :span]) & (totals <= found.total_high[:, :span])
    return Score(
        count,
        mae,
        _skill(mae, by_week),
        _skill(mae, by_median),
        float(inside[known].mean()),
        total,
        _skill(total, total_week),
        _mean(held[told & np.isfinite(found.total_low[:, :span])]),
    )


def week_before(wh: Real) -> Real:
    """[homes, days, 48] the same day a week before."""
    found = np.full(wh.shape, np.nan)
    found[:, WEEK:] = wh[:, :-WEEK]
    return found


def _skill(mae: float | None, simple: float | None) -> float | None:
    """Of a curve that never changes there is none."""
    return 1 - mae / simple if mae is not None and simple else None


def _mean(values: Real | Marks) -> float | None:
    return float(values.mean()) if len(values) else None
