"""Experts mixed online: each home and part of the day learns by itself which of them to believe.

Exponentiated gradient on the absolute loss, with the gradient trick (EDF's package `opera` does the same).
"""

from __future__ import annotations

import numpy as np

from .grid import Marks, Real

FORGETTING = 0.985  # of what was learned, a day
UNIFORM = 0.02  # of the weight that is always shared evenly, so that nobody is lost for good
SCALE_MEMORY = 0.97  # of the running mean by which losses are divided


class Mixture:
    """Of so many homes, experts and parts of a day. rate: how fast it learns."""

    def __init__(self, homes: int, experts: int, parts: int, rate: float) -> None:
        self.rate = rate
        self.regret: Real = np.zeros((homes, parts, experts))
        self.loss: Real = np.zeros((homes, parts))
        self.count: Real = np.zeros((homes, parts))

    @property
    def weights(self) -> Real:
        """[homes, parts, experts], their sum is 1."""
        found = np.exp(-self.rate * (self.regret - self.regret.min(axis=-1, keepdims=True)))
        found = found / found.sum(axis=-1, keepdims=True)
        return np.asarray((1 - UNIFORM) * found + UNIFORM / self.regret.shape[-1])

    def mix(self, experts: Real) -> Real:
        """[homes, experts, values] → [homes, values]."""
        return self._mix(self._parts(experts), self.weights)

    def learn(self, experts: Real, mixed: Real, came: Real) -> None:
        """What the experts had said, what was made of it, and what came; unknown values teach nothing."""
        said = self._parts(experts)
        homes, _, parts, width = said.shape
        mixed, came = (each.reshape(homes, parts, width) for each in (mixed, came))
        known: Marks = np.isfinite(came) & np.isfinite(mixed) & np.isfinite(said).all(axis=1)
        count = known.sum(axis=-1)
        error = np.where(known, mixed - came, 0.0)
        slope = np.where(known[:, None], np.sign(error)[:, None] * (said - mixed[:, None]), 0.0).sum(axis=-1)
        slope = slope.transpose(0, 2, 1) / np.maximum(count, 1)[..., None]
        has = count > 0
        loss = np.abs(error).sum(axis=-1) / np.maximum(count, 1)
        self.loss = np.where(has, SCALE_MEMORY * self.loss + loss, self.loss)
        self.count = np.where(has, SCALE_MEMORY * self.count + 1, self.count)
        scale = np.maximum(self.loss / np.maximum(self.count, 1.0), 1e-9)
        self.regret = np.where(has[..., None], FORGETTING * self.regret + slope / scale[..., None], self.regret)

    def _parts(self, experts: Real) -> Real:
        homes, count, values = experts.shape
        parts = self.regret.shape[1]
        return experts.reshape(homes, count, parts, values // parts)

    @staticmethod
    def _mix(said: Real, weights: Real) -> Real:
        found = (weights.transpose(0, 2, 1)[..., None] * said).sum(axis=1)
        return np.asarray(found.reshape(len(found), -1))
