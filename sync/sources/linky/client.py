"""The Linky gateway (Conso API, https://conso.boris.sh/documentation): load curves and daily totals of one meter."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TypeVar

from ...http.transport import Transport
from ...model.clock import Clock
from ...model.errors import UnknownAnswer
from ...model.privacy import scrub
from .answers import Totals, UnknownShape, parse_curve, parse_totals
from .meter import Meter
from .points import Point
from .refusals import explain

CURVE_DAYS = 7
"""Longest period of a load curve in one call."""
TOTALS_DAYS = 365
"""Longest period of daily totals in one call that every source agrees on."""
CURVE_HISTORY = (24, 15)
"""Months and days before today of the oldest load curve."""
TOTALS_HISTORY = (36, 15)

CURVES = {"consumption": "courbe_de_charge_consommation", "production": "courbe_de_charge_production"}
TOTALS = {"consumption": "consommation_quotidienne", "production": "production_quotidienne"}

Parsed = TypeVar("Parsed")


@dataclass(slots=True)
class LinkyClient:
    """Asks for one meter. `kept` is the folder for answers of a shape we do not know."""

    transport: Transport
    base: str
    meter: Meter
    clock: Clock
    kept: Path

    def curve(self, flow: str, start: date, end: date) -> tuple[Point, ...]:
        """Points of the local days `[start, end)`, at most 7. Raises the errors of `errors.py`."""
        return self._get(CURVES[flow], flow, start, end, parse_curve)

    def totals(self, flow: str, start: date, end: date) -> Totals:
        """Daily energy of the local days `[start, end)`, at most 365. Raises the errors of `errors.py`."""
        return self._get(TOTALS[flow], flow, start, end, parse_totals)

    def _get(self, route: str, flow: str, start: date, end: date, parse: Callable[[str, str, str], Parsed]) -> Parsed:
        query = {"pointId": self.meter.prm, "dateDebut": start.isoformat(), "dateFin": end.isoformat()}
        headers = {"Authorization": f"Bearer {self.meter.token}"}
        answer = self.transport.get(
            f"{self.base}/{route}", query, headers, lambda answer: explain(answer, self.clock.now())
        )
        try:
            return parse(answer.text, self.meter.prm, flow)
        except UnknownShape as shape:
            kept = self._keep(answer.text, f"{route}_{start}_{end}")
            raise UnknownAnswer(
                f"an answer of unknown shape for {start} … {end} ({shape}); its text {kept}: "
                "the API may have changed, look for a newer version of this tool",
                answer.status,
            ) from None

    def _keep(self, text: str, name: str) -> str:
        """Save an answer for a bug report, without the PRM; says where, or why not."""
        path = self.kept / f"{name}.txt"
        try:
            self.kept.mkdir(parents=True, exist_ok=True)
            path.write_text(scrub(text), encoding="utf-8")
        except OSError as error:
            return f"could not be kept ({error.strerror})"
        return f"is kept in {path}"
