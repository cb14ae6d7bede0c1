"""Of which few usual days the habits of many homes are mixed, and how large the share of each is in a home.

Clusters change from one half-year to the next; shares of archetypes stay. Non-negative factors of the homes' usual
weekdays and weekends, each divided by its mean: a large home and a small one with the same habits are alike.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np

from .grid import SLOTS, Marks, Real, Whole

COUNT = 4
YEAR = 364  # days at most, whole weeks
FEWEST = (10, 4)  # weekdays and weekend days in each half
ROUNDS = 400
FITTED = 1000  # homes from which the archetypes are found, evenly chosen; shares are found for all
SATURDAY = 5
TINY = 1e-12
FEWEST_HOMES = 8  # two an archetype


@dataclass(frozen=True, slots=True)
class Half:
    """The usual day of half of a year. wh: [96] mean Wh by half-hour, of a weekday, then of a weekend day; days: how
    many of each."""

    wh: Real
    days: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Archetypes:
    """shapes: [4, 96], mean 1, the one with the largest share first; shares: [homes, 4], of each home they add up to 1;
    stability: [4], how much the homes' shares in one half of the year are in the order of those in the other
    (Spearman), NaN where they cannot be put in an order."""

    shapes: Real
    shares: Real
    stability: Real


def halves_of(wh: Real, first: date) -> tuple[Half, Half] | None:
    """The usual days of both halves of the last year of one home, [days, 48] from `first` on; None where there are too
    few of a kind, or a half-hour of them is never measured."""
    weekday = (first.toordinal() - 1 + np.arange(len(wh))) % 7  # day 1 of the calendar is a Monday
    weekend: Marks = (weekday >= SATURDAY)[-YEAR:]
    wh, found = wh[-YEAR:], []
    for half in (slice(0, len(wh) // 2), slice(len(wh) // 2, None)):
        parts = [wh[half][weekend[half] == kind] for kind in (False, True)]
        known = [np.isfinite(part) for part in parts]
        days = tuple(int(each.any(axis=1).sum()) for each in known)
        if any(count < least for count, least in zip(days, FEWEST, strict=True)):
            return None
        counts = np.concatenate([each.sum(axis=0) for each in known])
        sums = np.concatenate([np.nansum(part, axis=0) for part in parts])
        if not counts.all():
            return None
        found.append(Half(sums / counts, (days[0], days[1])))
    return found[0], found[1]


def whole_of(halves: tuple[Half, Half]) -> Real:
    """[96] the usual day of the year, each half with the weight of its days."""
    weights = [np.repeat(each.days, SLOTS) for each in halves]
    return np.asarray((halves[0].wh * weights[0] + halves[1].wh * weights[1]) / (weights[0] + weights[1]))


def archetypes_of(halves: list[tuple[Half, Half]]) -> Archetypes:
    """Of homes that use something, FEWEST_HOMES or more. The same homes give the same archetypes."""
    profiles = np.array([normal(whole_of(each)) for each in halves])
    shapes = _factors(profiles[:: -(-len(profiles) // FITTED)])
    scale = shapes.mean(axis=1)
    shapes = shapes / scale[:, None]
    shares = shares_of(profiles, shapes)
    order = np.argsort(-shares.mean(axis=0), kind="stable")
    shapes = shapes[order]
    both = [shares_of(np.array([normal(each[half].wh) for each in halves]), shapes) for half in (0, 1)]
    stability = np.array([spearman(both[0][:, each], both[1][:, each]) for each in range(COUNT)])
    return Archetypes(shapes, shares[:, order], stability)


def normal(wh: Real) -> Real:
    """With the mean 1."""
    return np.asarray(wh / wh.mean())


def shares_of(profiles: Real, shapes: Real) -> Real:
    """[homes, 4] how much of each archetype is in each profile, together 1: the nearest mixture."""
    weights = np.full((len(profiles), len(shapes)), 1 / len(shapes))
    target, own = profiles @ shapes.T, shapes @ shapes.T
    for _ in range(ROUNDS):
        weights *= target / np.maximum(weights @ own, TINY)
    return np.asarray(weights / np.maximum(weights.sum(axis=1, keepdims=True), TINY))


def spearman(one: Real, other: Real) -> float:
    """The correlation of the ranks; NaN where one of them has no order."""
    ranks = [_ranks(each) for each in (one, other)]
    spread = [float(each.std()) for each in ranks]
    if min(spread) == 0:
        return float("nan")
    return float(((ranks[0] - ranks[0].mean()) * (ranks[1] - ranks[1].mean())).mean() / (spread[0] * spread[1]))


def _ranks(values: Real) -> Real:
    """Ties share the mean of their places."""
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    last = count.cumsum()
    middle: Real = last - (count - 1) / 2
    return middle[place]


def _factors(profiles: Real) -> Real:
    """[4, 96] of the non-negative factors, by multiplicative updates (Lee, Seung) from the singular vectors (NNDSVDa,
    Boutsidis, Gallopoulos): no chance is in it."""
    weights, shapes = _begun(profiles)
    for _ in range(ROUNDS):
        shapes *= (weights.T @ profiles) / np.maximum(weights.T @ weights @ shapes, TINY)
        weights *= (profiles @ shapes.T) / np.maximum(weights @ (shapes @ shapes.T), TINY)
    return shapes


def _begun(profiles: Real) -> tuple[Real, Real]:
    left, sizes, right = np.linalg.svd(profiles, full_matrices=False)
    weights, shapes = np.zeros((len(profiles), COUNT)), np.zeros((COUNT, profiles.shape[1]))
    weights[:, 0], shapes[0] = (np.sqrt(sizes[0]) * np.abs(each) for each in (left[:, 0], right[0]))
    for place in range(1, COUNT):
        sides = [(np.maximum(sign * left[:, place], 0), np.maximum(sign * right[place], 0)) for sign in (1, -1)]
        norms = [(float(np.linalg.norm(u)), float(np.linalg.norm(v))) for u, v in sides]
        best = int(np.argmax([u * v for u, v in norms]))
        (u, v), (long_u, long_v) = sides[best], norms[best]
        size = np.sqrt(sizes[place] * long_u * long_v)
        weights[:, place], shapes[place] = size * u / max(long_u, TINY), size * v / max(long_v, TINY)
    mean = float(profiles.mean())
    return np.where(weights > TINY, weights, mean / 100), np.where(shapes > TINY, shapes, mean / 100)


def stored(halves: tuple[Half, Half]) -> list[dict[str, Any]]:
    """As a card holds them: tenths of Wh."""
    return [{"wh": np.round(each.wh, 1).tolist(), "days": list(each.days)} for each in halves]


def restored(found: list[dict[str, Any]]) -> tuple[Half, Half]:
    """What `stored` gave."""
    first, second = (Half(np.array(each["wh"], dtype=np.float64), (each["days"][0], each["days"][1])) for each in found)
    return first, second


def peaks(shapes: Real) -> Whole:
    """[4] the place in the 96 half-hours at which each is highest, of the mean of three neighbours."""
    both = shapes.reshape(len(shapes), 2, SLOTS)
    smooth = (np.roll(both, 1, axis=2) + both + np.roll(both, -1, axis=2)) / 3
    return np.asarray(smooth.reshape(len(shapes), -1).argmax(axis=1))
