"""From a query to an answer: the gateway's checks in its order, then Enedis' rules, then the measures.

No network here and no clock: "today" is an argument. Reference: ../shared/docs/linky.md §1. Shapes are as recorded:
points of load curves carry END labels in Paris wall-clock time, powers are average W, daily totals Wh.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from ..model.localtime import days
from ..model.readings import mask
from . import refusals
from .curve import CONSUMPTION, PRODUCTION, CurvePoint, day_total
from .replies import Refused
from .server import ODD, Request
from .spoil import SpoiltCurve

Body = dict[str, Any]
BASE = "/api/"
CURVE, DAILY, POWER = "curve", "daily", "power"
ROUTES = {
    "consommation_quotidienne": (DAILY, CONSUMPTION),
    "production_quotidienne": (DAILY, PRODUCTION),
    "courbe_de_charge_consommation": (CURVE, CONSUMPTION),
    "courbe_de_charge_production": (CURVE, PRODUCTION),
    "puissance_conso_max_quotidienne": (POWER, CONSUMPTION),
}
"""Types of the API that a loader asks for: what they measure and the flow."""
DIRECTIONS = {CONSUMPTION: "CONS", PRODUCTION: "PROD"}
LONGEST_CURVE_DAYS = 7
HISTORY_MONTHS = {CURVE: 24, DAILY: 36, POWER: 36}
PEAKS = 1.3  # a day's greatest power, VA, of the greatest mean power of its curve, W: of generated and recorded days
HISTORY_DAYS = 15
LOOSE_DATE = re.compile(r"20[0-9]{2}-[0-9]{2}-[0-9]{2}")
"""The gateway's own check, unanchored as there: what passes it may still be no date."""


class LinkyRequest(Request):
    """`route` is the type of measures; the others are the raw parameters, None where not given; new names win."""

    @property
    def route(self) -> str:
        return self.path.removeprefix(BASE)

    @property
    def prm(self) -> str | None:
        return self.given.get("pointId", self.given.get("prm"))

    @property
    def start(self) -> str | None:
        return self.given.get("dateDebut", self.given.get("start"))

    @property
    def end(self) -> str | None:
        return self.given.get("dateFin", self.given.get("end"))

    @property
    def shown(self) -> str:
        """Without the whole usage point."""
        start, end = (text if text and re.fullmatch(LOOSE_DATE, text) else "?" for text in (self.start, self.end))
        return f"{ODD.sub('?', self.route)[:40]} {mask(self.prm) if self.prm else '-'} {start}..{end}"


def check(request: LinkyRequest) -> None:
    """The gateway's loose check. Raises Refused (400) listing every parameter that fails."""
    issues: list[Body] = []
    rule: Body
    if request.route not in ROUTES:
        wanted = " | ".join(f"'{choice}'" for choice in ROUTES)
        message = f"Invalid enum value. Expected {wanted}, received '{request.route}'"
        rule = {"received": request.route, "code": "invalid_enum_value", "options": list(ROUTES)}
        issues.append({**rule, "path": ["type"], "message": message})
    for name, text in (("pointId", request.prm), ("dateDebut", request.start), ("dateFin", request.end)):
        if text is None:
            rule = {"code": "invalid_type", "expected": "string", "received": "null", "path": [name]}
            issues.append({**rule, "message": "Expected string, received null"})
        elif name == "pointId" and len(text) != 14:
            code, limit = ("too_small", "minimum") if len(text) < 14 else ("too_big", "maximum")
            rule = {"code": code, limit: 14, "type": "string", "inclusive": True, "exact": True}
            issues.append({**rule, "message": "String must contain exactly 14 character(s)", "path": [name]})
        elif name != "pointId" and not LOOSE_DATE.search(text):
            issues.append({"validation": "regex", "code": "invalid_string", "message": "Invalid", "path": [name]})
    if issues:
        raise Refused(refusals.invalid_parameters(issues))


def asked_days(
    request: LinkyRequest, today: date, activation: date | None, spoilt: Mapping[str, float]
) -> tuple[date, date]:
    """The asked `[start, end)` of local days. Raises Refused where Enedis refuses the whole range."""
    measure, _ = ROUTES[request.route]
    longest, newest = int(spoilt.get("span7", LONGEST_CURVE_DAYS)), today - timedelta(days="endtoday" in spoilt)
    try:
        start, end = (_strict_date(text or "") for text in (request.start, request.end))
    except ValueError:
        raise Refused(refusals.TECHNICAL) from None
    for wrong, refusal in (
        (start >= end, refusals.START_AFTER_END),
        (end > newest, refusals.END_IN_FUTURE),
        (measure == CURVE and (end - start).days > longest, refusals.TOO_LONG),
        (start < months_before(today, HISTORY_MONTHS[measure]) - timedelta(days=HISTORY_DAYS), refusals.TOO_OLD),
        (activation is not None and start < activation, refusals.BEFORE_ACTIVATION),
    ):
        if wrong:
            raise Refused(refusal)
    return start, end


def _strict_date(text: str) -> date:
    if not re.fullmatch(LOOSE_DATE, text):
        raise ValueError(text)
    return date.fromisoformat(text)


def months_before(day: date, months: int) -> date:
    """The same day so many months earlier, or the last of that month."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def answer(request: LinkyRequest, span: tuple[date, date], curve: SpoiltCurve, spoilt: Mapping[str, float]) -> Body:
    """The measures of a query that passed every check, as V2 or V5. Raises Refused (404) with nothing in the range."""
    measure, flow = ROUTES[request.route]
    is_v5, is_empty = "v5" in spoilt, "empty200" in spoilt
    span = (span[0], span[0]) if is_empty else span
    if measure == CURVE:
        points = [point for day in days(*span) for point in curve.points(day)]
        parts = _curve_v5(points) if is_v5 else _curve_v2(points, DIRECTIONS[flow])
    elif measure == POWER:
        peaks = [peak for day in days(*span) if (peak := _peak(curve.true_points(day)))]
        parts = _power_v5(peaks) if is_v5 else _power_v2(peaks)
    else:
        totals = {day.isoformat(): day_total(curve.true_points(day)) for day in days(*span)}
        listed = [(str(wh), day) for day, wh in totals.items() if wh is not None]
        parts = _daily_v5(listed) if is_v5 else _daily_v2(listed, DIRECTIONS[flow])
    if not is_empty and not (parts["interval_reading"] if is_v5 else parts["grandeur"][0]["points"]):
        raise Refused(refusals.NOTHING_FOUND)
    if is_v5:
        return {"usage_point_id": request.prm, "start": request.start, "end": request.end, "quality": "BRUT", **parts}
    period = {"dateDebut": request.start, "dateFin": request.end}
    return {"idPrm": request.prm, "etapeMetier": "BRUT", "periode": period, **parts}


def _curve_v2(points: Sequence[CurvePoint], direction: str) -> Body:
    rows = [
        {"v": _text(point.watts), "d": point.label, "p": point.step, "n": point.nature, "iv": point.iv, "ec": point.ec}
        for point in points
    ]
    measured = {"grandeurMetier": direction, "grandeurPhysique": "PA", "unite": "W", "points": rows}
    return {"modeCalcul": "MESURE", "grandeur": [measured]}


def _daily_v2(totals: Sequence[tuple[str, str]], direction: str) -> Body:
    rows = [{"v": wh, "d": day} for wh, day in totals]
    measured = {"grandeurMetier": direction, "grandeurPhysique": "EA", "unite": "Wh", "points": rows, "calendrier": []}
    kind = {"typeValeur": "GLOBALE", "modeCalcul": "DIFF.INDEX", "pas": "P1D"}
    return {**kind, "grandeur": [measured], "contexte": []}


def _curve_v5(points: Sequence[CurvePoint]) -> Body:
    """As the gateway hands it on, without the `meter_reading` envelope."""
    rows = [
        {"value": _text(each.watts), "date": each.label, "interval_length": each.step, "measure_type": each.nature}
        for each in points
    ]
    kind = {"unit": "W", "measurement_kind": "power", "aggregate": "average"}
    return {"reading_type": kind, "interval_reading": rows}


def _daily_v5(totals: Sequence[tuple[str, str]]) -> Body:
    kind = {"unit": "Wh", "measurement_kind": "energy", "aggregate": "sum", "measuring_period": "P1D"}
    return {"reading_type": kind, "interval_reading": [{"value": wh, "date": day} for wh, day in totals]}


def _peak(points: Sequence[CurvePoint]) -> tuple[str, str] | None:
    """Value and second of a day's greatest power; None without any. The label of an interval's end may be of the next
    day: the second before it is taken."""
    known = [point for point in points if point.watts is not None]
    if not known:
        return None
    highest = max(known, key=lambda point: point.watts or 0)
    at = datetime.fromisoformat(highest.label) - timedelta(seconds=1)
    return str(round((highest.watts or 0) * PEAKS)), str(at)


def _power_v2(peaks: Sequence[tuple[str, str]]) -> Body:
    rows = [{"v": va, "d": at} for va, at in peaks]
    measured = {"grandeurMetier": "CONS", "grandeurPhysique": "PMA", "unite": "VA", "points": rows}
    return {"pas": "P1D", "grandeur": [measured]}


def _power_v5(peaks: Sequence[tuple[str, str]]) -> Body:
    kind = {"unit": "VA", "measurement_kind": "power", "aggregate": "maximum", "measuring_period": "P1D"}
    return {"reading_type": kind, "interval_reading": [{"value": va, "date": at} for va, at in peaks]}


def _text(watts: int | None) -> str | None:
    return None if watts is None else str(watts)
