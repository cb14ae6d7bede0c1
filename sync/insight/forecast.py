"""The next local day by half-hour and as a total, each with its band of 80 %, for many homes at once.

With lead 1 all is known up to the day before; with lead 2 that day is missing, as it is for the owner of a Linky, who
gets yesterday this morning. Of day D nothing from D − lead + 1 on is read.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields

import numpy as np

from .band import Width, quantiles, root
from .experts import NAMES, Days, Single, predictions
from .grid import SLOTS, Real
from .mixture import Mixture

SIMPLE = NAMES.index("median 14")
PARTS = 8  # of a day, each with its own weights
RATE = 0.5
RESIDUALS = 28  # days whose errors make half of the band
TOTALS_RATE = 0.2
MEMORIES = (0.8, 0.5, 0.2)  # a day, of the means of totals
RATIO_DAYS = 28  # days over which totals are compared with what the half-hours add up to: medians do not add up
TOTAL_RESIDUALS = 60
FEWEST_SLOTS = 46  # of 48, for a total
TOGETHER = 4096  # pairs of homes and days whose experts are asked at once: some 15 MB


@dataclass(frozen=True, slots=True)
class Forecast:
    """Of one day. wh, low, high: [homes, 48]; total, total_low, total_high: [homes]; Wh. NaN: nothing can be said.

    simple: what the weighted median of the last 14 days says, the second baseline.
    """

    wh: Real
    simple: Real
    low: Real
    high: Real
    total: Real
    total_low: Real
    total_high: Real


@dataclass(frozen=True, slots=True)
class Replay(Forecast):
    """Of many days: the same with days as the second axis. places: which days of the homes these are."""

    places: range


class Totals:
    """Day totals: experts of their own, mixed online, with their own band."""

    def __init__(self, homes: int) -> None:
        self.mixture = Mixture(homes, len(MEMORIES) + 3, 1, TOTALS_RATE)
        self.width = Width(homes)
        self.means: Real = np.zeros((len(MEMORIES), homes, 2))
        self.pairs: list[Real] = []  # (came, sum of the half-hours) of the last days
        self.errors: list[Real] = []
        self.came: list[Real] = []

    def say(self, curve: Real, lead: int) -> tuple[Real, Real, Real, Real]:
        """([homes, experts], [homes] total, low, high)."""
        sums = curve.sum(axis=1)
        recent = np.array(self.pairs[-RATIO_DAYS:] or [np.full((2, len(sums)), np.nan)])
        both = np.where(np.isfinite(recent).all(axis=1, keepdims=True), recent, 0.0).sum(axis=0)
        ratio = np.where(both[1] > 0, both[0] / np.where(both[1] > 0, both[1], 1.0), 1.0)
        with np.errstate(invalid="ignore", divide="ignore"):
            means = self.means[..., 0] / self.means[..., 1]
        found = np.stack([sums, sums * ratio, *means, self._weeks(lead, len(sums))], axis=1)
        experts = np.where(np.isfinite(found), found, (sums * ratio)[:, None])
        total = self.mixture.mix(experts[..., None])[:, 0]
        low, high = quantiles(np.array(self.errors[-TOTAL_RESIDUALS:] or [np.full(len(sums), np.nan)]))
        edges = ((root(total) + each)[:, None] for each in (low, high))
        below, above = self.width.around(total[:, None], *(np.maximum(each, 0) ** 2 for each in edges))
        return experts, total, below[:, 0], above[:, 0]

    def learn(self, said: Real, before: Forecast, came: Real) -> None:
        """The total that came of a day, and what had been said of it."""
        self.mixture.learn(said[..., None], before.total[:, None], came[:, None])
        self.width.learn(before.total_low[:, None], before.total_high[:, None], came[:, None])
        known = np.isfinite(came)
        for place, memory in enumerate(MEMORIES):
            after = memory * self.means[place] + np.stack([np.nan_to_num(came), np.ones(len(came))], axis=1)
            self.means[place] = np.where(known[:, None], after, self.means[place])
        self.pairs = [*self.pairs[1 - RATIO_DAYS :], np.stack([came, before.wh.sum(axis=1)])]
        self.errors = [*self.errors[1 - TOTAL_RESIDUALS :], root(came) - root(before.total)]

    def note(self, came: Real) -> None:
        """Totals of a day in order, for the mean of four weeks."""
        self.came = [*self.came[-35:], came]

    def _weeks(self, lead: int, homes: int) -> Real:
        """The mean of the last four days of the same weekday."""
        found = [self.came[-step] for step in (7 * week - lead + 1 for week in range(1, 5)) if step <= len(self.came)]
        if not found:
            return np.full(homes, np.nan)
        known = np.isfinite(np.array(found))
        return np.where(known.any(axis=0), np.nansum(found, axis=0) / np.maximum(known.sum(axis=0), 1), np.nan)


class Forecaster:
    """Forecasts of consecutive days; learns from each day when it is known."""

    def __init__(self, homes: int, experts: int, lead: int) -> None:
        self.lead = lead
        self.mixture = Mixture(homes, experts, PARTS, RATE)
        self.width = Width(homes)
        self.totals = Totals(homes)
        self.errors: list[Real] = []
        self._open: list[tuple[Real, Real, Forecast]] = []  # said, and not yet come

    def forecast(self, experts: Single, edges: Single) -> Forecast:
        """The day after the last one forecast. experts, edges: of `predictions`, [homes, …, 48]."""
        said = experts.astype(np.float64)
        curve = self.mixture.mix(said)
        low, high = self._edges(curve, edges.astype(np.float64))
        low, high = self.width.around(curve, low, high)
        totals, *told = self.totals.say(curve, self.lead)
        found = Forecast(curve, said[:, SIMPLE], low, high, *told)
        self._open.append((said, totals, found))
        return found

    def learn(self, came: Real) -> None:
        """[homes, 48] of the next day that has come, `lead` before the next one to be forecast."""
        total = day_totals(came)
        if len(self._open) >= self.lead:
            said, totals, before = self._open.pop(0)
            filled = np.where(np.isfinite(came), came, before.wh)  # half a day's total would teach that days are small
            total = np.where(np.isfinite(came).sum(axis=1) >= SLOTS // 2, day_totals(filled), np.nan)
            self.mixture.learn(said, before.wh, came)
            self.width.learn(before.low, before.high, came)
            self.totals.learn(totals, before, total)
            self.errors = [*self.errors[1 - RESIDUALS :], root(came) - root(before.wh)]
        self.totals.note(total)

    def _edges(self, curve: Real, own: Real) -> list[Real]:
        """Half from the home's own quantiles, half from the errors of the last days and neighbouring half-hours."""
        if len(self.errors) < RESIDUALS // 2:
            return [own[:, 0], own[:, 1]]
        errors = np.pad(np.array(self.errors), ((0, 0), (0, 0), (1, 1)), constant_values=np.nan)
        around = np.concatenate([errors[..., step : step + SLOTS] for step in range(3)])
        found = []
        for place, error in enumerate(quantiles(around)):
            edge = np.maximum(root(curve) + error, 0) ** 2
            found.append(np.where(np.isfinite(edge), (edge + own[:, place]) / 2, own[:, place]))
        return found


def replay(days: Days, lead: int, start: int = 0, ahead: int = 0) -> Replay:
    """Every day as it would have been forecast then, from the place `start` to `ahead` days after the last.

    ahead: 0 … lead. The homes of one call are computed together: a group of some hundred keeps memory flat.
    """
    count = days.wh.shape[1]
    places = range(start, count + ahead)
    found = list(_steps(days, lead, places))
    columns = {each.name: np.stack([getattr(day, each.name) for day in found], axis=1) for each in fields(Forecast)}
    return Replay(**columns, places=places)


def _steps(days: Days, lead: int, places: range) -> Iterator[Forecast]:
    forecaster = Forecaster(days.wh.shape[0], 0, lead)
    together = max(1, TOGETHER // days.wh.shape[0])
    for low in range(places.start, places.stop, together):
        asked = np.arange(low, min(low + together, places.stop))
        experts, edges = predictions(days, asked, lead)
        if low == places.start:
            forecaster = Forecaster(days.wh.shape[0], experts.shape[2], lead)
        for place in asked:
            if place - lead >= 0:
                forecaster.learn(days.wh[:, place - lead])
            yield forecaster.forecast(experts[:, place - low], edges[:, place - low])


def day_totals(curves: Real) -> Real:
    """[…, 48] → […] Wh; NaN where more than two half-hours are missing."""
    known = np.isfinite(curves).sum(axis=-1)
    sums = np.nansum(curves, axis=-1) * (SLOTS / np.maximum(known, 1))
    return np.where(known >= FEWEST_SLOTS, sums, np.nan)
