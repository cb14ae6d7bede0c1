"""Answers of the gateway, shaped as recorded from the real one (../shared/docs/linky.md §1.4).

Pure: no clock, no network. Points of load curves carry END labels in Paris wall-clock time, powers are average W,
daily totals Wh, peaks VA with their local second.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from .curve import CONSUMPTION, PRODUCTION, CurvePoint

Body = dict[str, Any]
Stamped = tuple[str, int]
"""A label (`YYYY-MM-DD` or `YYYY-MM-DD HH:MM:SS`) and a whole number."""

CURVE, DAILY, PEAK, INDEX = "curve", "daily", "peak", "index"


@dataclass(frozen=True, slots=True)
class Route:
    """One type of the API: `/api/<name>`. `legacy` types answer in the V5 shape."""

    name: str
    measure: str
    flow: str
    legacy: bool = False


ROUTES = {
    route.name: route
    for route in (
        Route("consumption_load_curve", CURVE, CONSUMPTION, legacy=True),
        Route("daily_consumption", DAILY, CONSUMPTION, legacy=True),
        Route("consumption_max_power", PEAK, CONSUMPTION, legacy=True),
        Route("daily_production", DAILY, PRODUCTION, legacy=True),
        Route("production_load_curve", CURVE, PRODUCTION, legacy=True),
        Route("index_consommation", INDEX, CONSUMPTION),
        Route("index_production", INDEX, PRODUCTION),
        Route("consommation_quotidienne", DAILY, CONSUMPTION),
        Route("production_quotidienne", DAILY, PRODUCTION),
        Route("puissance_conso_max_quotidienne", PEAK, CONSUMPTION),
        Route("courbe_de_charge_consommation", CURVE, CONSUMPTION),
        Route("courbe_de_charge_production", CURVE, PRODUCTION),
    )
}
DIRECTIONS = {CONSUMPTION: "CONS", PRODUCTION: "PROD"}

ENEDIS = "The Enedis API returned an error"


@dataclass(frozen=True, slots=True)
class Period:
    """What was asked of whom: usage point and the two dates as they stood in the request, end not included."""

    prm: str
    start: str
    end: str


def _frame(period: Period) -> Body:
    return {
        "idPrm": period.prm,
        "etapeMetier": "BRUT",
        "periode": {"dateDebut": period.start, "dateFin": period.end},
    }


def curve_v2(period: Period, flow: str, points: Iterable[CurvePoint]) -> Body:
    """A load curve in the V2 shape."""
    rows = [
        {"v": _text(point.watts), "d": point.label, "p": point.step, "n": point.nature, "iv": point.iv, "ec": point.ec}
        for point in points
    ]
    measured = {"grandeurMetier": DIRECTIONS[flow], "grandeurPhysique": "PA", "unite": "W", "points": rows}
    return {**_frame(period), "modeCalcul": "MESURE", "grandeur": [measured]}


def daily_v2(period: Period, flow: str, totals: Iterable[Stamped]) -> Body:
    """Daily totals (Wh) in the V2 shape."""
    measured = _daily_quantity(DIRECTIONS[flow], "EA", "Wh", totals)
    kind = {"typeValeur": "GLOBALE", "modeCalcul": "DIFF.INDEX", "pas": "P1D"}
    return {**_frame(period), **kind, "grandeur": [measured], "contexte": []}


def peaks_v2(period: Period, peaks: Iterable[Stamped], step: str) -> Body:
    """Highest apparent power (VA) with its local second, one per day (`P1D`) or month (`P1M`), in the V2 shape."""
    measured = _daily_quantity("CONS", "PMA", "VA", peaks)
    return {**_frame(period), "modeCalcul": "MESURE", "pas": step, "grandeur": [measured], "contexte": []}


def _daily_quantity(direction: str, quantity: str, unit: str, stamped: Iterable[Stamped]) -> Body:
    points = [{"v": str(number), "d": label} for label, number in stamped]
    names = {"grandeurMetier": direction, "grandeurPhysique": quantity, "unite": unit}
    return {**names, "points": points, "calendrier": []}


def index_v2(period: Period, flow: str, registers: Iterable[Stamped]) -> Body:
    """The register of a one-price contract (Wh, integers) at the beginning of each day.

    After Enedis' published description of the V2 API; no recorded answer was at hand.
    """
    readings = [{"d": label, "v": number, "iv": 0} for label, number in registers]
    register = {"idClasseTemporelle": "BASE", "libelleClasseTemporelle": "Base", "codeCadran": "01", "valeur": readings}
    calendar = {"idCalendrier": "DI000001", "libelleCalendrier": "Distributeur Base", "classeTemporelle": [register]}
    names = {"grandeurMetier": DIRECTIONS[flow], "grandeurPhysique": "EA", "unite": "Wh"}
    context = {
        "etapeMetier": "BRUT",
        "contexteReleve": "COL",
        "typeReleve": "AQ",
        "grandeur": [{**names, "points": [], "calendrier": [calendar]}],
    }
    frame = {"idPrm": period.prm, "periode": {"dateDebut": period.start, "dateFin": period.end}}
    return {**frame, "grandeur": [], "contexte": [context]}


def curve_v5(period: Period, points: Iterable[CurvePoint]) -> Body:
    """A load curve in the V5 shape as the gateway hands it on, without the `meter_reading` envelope."""
    rows = [
        {
            "value": _text(point.watts),
            "date": point.label,
            "interval_length": point.step,
            "measure_type": point.nature,
        }
        for point in points
    ]
    return _v5(period, {"unit": "W", "measurement_kind": "power", "aggregate": "average"}, rows)


def daily_v5(period: Period, totals: Iterable[Stamped]) -> Body:
    """Daily totals (Wh) in the V5 shape."""
    kind = {"unit": "Wh", "measurement_kind": "energy", "aggregate": "sum", "measuring_period": "P1D"}
    return _v5(period, kind, [{"value": str(number), "date": label} for label, number in totals])


def peaks_v5(period: Period, peaks: Iterable[Stamped]) -> Body:
    """Highest apparent power (VA) of each day in the V5 shape."""
    kind = {"unit": "VA", "measurement_kind": "power", "aggregate": "maximum", "measuring_period": "P1D"}
    return _v5(period, kind, [{"value": str(number), "date": label} for label, number in peaks])


def _v5(period: Period, kind: Body, rows: Sequence[Body]) -> Body:
    frame = {"usage_point_id": period.prm, "start": period.start, "end": period.end, "quality": "BRUT"}
    return {**frame, "reading_type": kind, "interval_reading": rows}


def _text(watts: int | None) -> str | None:
    return None if watts is None else str(watts)
