"""How much of a curve is heating: a base, and a slope below the temperature from which on a home is heated."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .grid import Real
from .tomorrow import TooLittle

BALANCES = np.arange(8.0, 20.5, 0.5)  # °C
ROUNDS = 8
HUBER = 1.345
SEEN = 0.5  # of the variance of days that temperature explains: with less no heating is seen
FEWEST = 60  # days with both
COLD = 15  # days of them below the balance


class NoHeating(TooLittle):
    """Temperature explains too little, or is not known; the text says which."""


@dataclass(frozen=True, slots=True)
class Heating:
    """balance: °C below which the home is heated; slope: Wh a day and kelvin; base: Wh a day without heating; energy:
    Wh of heating in the days that were given; share: of their energy; explained: R² of the days."""

    balance: float
    slope: float
    base: float
    energy: float
    share: float
    explained: float

    def expected(self, temperature: Real) -> Real:
        """[days] Wh."""
        return self.base + self.slope * np.maximum(self.balance - temperature, 0.0)


def heating_of(wh: Real, temperature: Real) -> Heating:
    """Days, Wh, and their mean temperature, °C; NaN where unknown. Raises NoHeating."""
    known = np.isfinite(wh) & np.isfinite(temperature)
    if known.sum() < FEWEST:
        text = f"{known.sum()} days with readings and temperature: heating is looked for from {FEWEST} on"
        raise NoHeating(text, "few_degrees", count=int(known.sum()), least=FEWEST)
    energy, degrees = wh[known], temperature[known]
    fits = [(_fit(energy, np.maximum(balance - degrees, 0.0)), balance) for balance in BALANCES]
    (_, base, slope), balance = min(fits, key=lambda fit: fit[0][0])
    cold = np.maximum(balance - degrees, 0.0)
    spread = float(((energy - energy.mean()) ** 2).sum())
    explained = 1 - float(((energy - base - slope * cold) ** 2).sum()) / spread if spread else 0.0
    if slope <= 0 or explained < SEEN or (cold > 0).sum() < COLD:
        text = f"no heating seen: temperature explains {max(explained, 0):.0%} of what differs between days"
        raise NoHeating(text, "no_heating", explained=round(100 * max(explained, 0)))
    heat = float(slope * cold.sum())
    return Heating(float(balance), slope, base, heat, heat / float(energy.sum()), explained)


def corrected_change(before: Heating, wh: Real, temperature: Real) -> float | None:
    """How much more (less: negative) days took than the home of before would have in their weather, as a share."""
    known = np.isfinite(wh) & np.isfinite(temperature)
    expected = float(before.expected(temperature[known]).sum())
    return float(wh[known].sum()) / expected - 1 if known.sum() >= FEWEST and expected > 0 else None


def _fit(energy: Real, cold: Real) -> tuple[float, float, float]:
    """(mean absolute error, base, slope) of a line that single days do not bend."""
    weights = np.ones(len(energy))
    base = slope = 0.0
    for _ in range(ROUNDS):
        total = weights.sum()
        mean_cold, mean_energy = (weights * cold).sum() / total, (weights * energy).sum() / total
        varied = (weights * (cold - mean_cold) ** 2).sum()
        slope = float((weights * (cold - mean_cold) * (energy - mean_energy)).sum() / varied) if varied > 0 else 0.0
        base = float(mean_energy - slope * mean_cold)
        error = np.abs(energy - base - slope * cold)
        limit = max(HUBER * 1.4826 * float(np.median(error)), 1e-9)
        weights = np.minimum(1.0, limit / np.maximum(error, 1e-12))
    return float(np.abs(energy - base - slope * cold).mean()), base, slope
