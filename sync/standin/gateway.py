"""From a query to an answer: the gateway's checks in its order, then Enedis' rules, then the measures.

No HTTP here and no clock: "today" is an argument. Reference: ../shared/docs/linky.md §1.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from hashlib import blake2b
from typing import Any, TypeVar

from ..model.localtime import PARIS, days, wall_clock_instants
from . import answers, refusals
from .answers import CURVE, DAILY, INDEX, PEAK, ROUTES, Period, Route, Stamped
from .curve import CurvePoint, day_total
from .refusals import Refused
from .spoil import SpoiltCurve

LONGEST_CURVE_DAYS = 7
HISTORY_MONTHS = {CURVE: 24, DAILY: 36, PEAK: 36, INDEX: 36}
HISTORY_DAYS = 15

T = TypeVar("T")

LOOSE_DATE = re.compile(r"20[0-9]{2}-[0-9]{2}-[0-9]{2}")
"""The gateway's own check, unanchored as there: what passes it may still be no date."""


@dataclass(frozen=True, slots=True)
class Query:
    """The parameters of a request, aliases resolved; None = not given."""

    type: str
    prm: str | None
    start: str | None
    end: str | None
    step: str | None = None
    quantity: str | None = None

    @classmethod
    def of(cls, type_name: str, given: Mapping[str, str]) -> Query:
        """`given` are the parameters of the URL; the new names win over the old ones, even when empty."""
        return cls(
            type_name,
            given.get("pointId", given.get("prm")),
            given.get("dateDebut", given.get("start")),
            given.get("dateFin", given.get("end")),
            given.get("mesuresPas"),
            given.get("grandeurPhysique"),
        )


def check(query: Query) -> tuple[Route, Period]:
    """The gateway's loose check of the query. Raises Refused (400) listing every parameter that fails."""
    issues = _text_issues("pointId", query.prm)
    if query.prm is not None and len(query.prm) != 14:
        code, limit = ("too_small", "minimum") if len(query.prm) < 14 else ("too_big", "maximum")
        rule = {"code": code, limit: 14, "type": "string", "inclusive": True, "exact": True}
        issues.append({**rule, "message": "String must contain exactly 14 character(s)", "path": ["pointId"]})
    for name, text in (("dateDebut", query.start), ("dateFin", query.end)):
        issues += _text_issues(name, text)
        if text is not None and not LOOSE_DATE.search(text):
            issues.append({"validation": "regex", "code": "invalid_string", "message": "Invalid", "path": [name]})
    issues = _choice_issues("type", query.type, list(ROUTES)) + issues
    issues += _choice_issues("mesuresPas", query.step, ["P1D", "P1M"])
    issues += _choice_issues("grandeurPhysique", query.quantity, ["PMA", "TOUT"])
    if issues or query.prm is None or query.start is None or query.end is None:
        raise Refused(refusals.invalid_parameters(issues))
    return ROUTES[query.type], Period(query.prm, query.start, query.end)


def _text_issues(name: str, text: str | None) -> list[dict[str, Any]]:
    if text is not None:
        return []
    message = "Expected string, received null"
    return [{"code": "invalid_type", "expected": "string", "received": "null", "path": [name], "message": message}]


def _choice_issues(name: str, given: str | None, choices: list[str]) -> list[dict[str, Any]]:
    if given is None or given in choices:
        return []
    wanted = " | ".join(f"'{choice}'" for choice in choices)
    message = f"Invalid enum value. Expected {wanted}, received '{given}'"
    return [{"received": given, "code": "invalid_enum_value", "options": choices, "path": [name], "message": message}]


def asked_days(route: Route, period: Period, today: date, activation: date | None) -> tuple[date, date]:
    """The asked `[start, end)` of local days. Raises Refused where Enedis refuses the whole range."""
    try:
        start, end = (_strict_date(text) for text in (period.start, period.end))
    except ValueError:
        raise Refused(refusals.NOT_A_DATE if route.legacy else refusals.TECHNICAL) from None
    if start >= end:
        raise Refused(refusals.START_AFTER_END)
    if end > today:
        raise Refused(refusals.END_IN_FUTURE)
    if route.measure == CURVE and (end - start).days > LONGEST_CURVE_DAYS:
        raise Refused(refusals.TOO_LONG)
    if start < history_edge(today, route.measure):
        raise Refused(refusals.TOO_OLD)
    if activation is not None and start < activation:
        raise Refused(refusals.BEFORE_ACTIVATION)
    return start, end


def _strict_date(text: str) -> date:
    if not re.fullmatch(LOOSE_DATE, text):
        raise ValueError(text)
    return date.fromisoformat(text)


def history_edge(today: date, measure: str = CURVE) -> date:
    """The oldest day served: 24 months and 15 days back for load curves, 36 months and 15 days for the rest."""
    return months_before(today, HISTORY_MONTHS[measure]) - timedelta(days=HISTORY_DAYS)


def months_before(day: date, months: int) -> date:
    """The same day so many months earlier, or the last of that month."""
    year, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def measure(route: Route, period: Period, span: tuple[date, date], curve: SpoiltCurve, query: Query) -> answers.Body:
    """The answer to a query that passed every check. Raises Refused (404) with nothing in the whole range."""
    if route.measure == CURVE:
        points = [point for day in days(*span) for point in curve.points(day)]
        _need(points)
        return answers.curve_v5(period, points) if route.legacy else answers.curve_v2(period, route.flow, points)
    if route.measure == INDEX:
        return answers.index_v2(period, route.flow, _need(list(_registers(curve, span))))
    if route.measure == DAILY:
        totals = _need([(day.isoformat(), total) for day, total in _totals(curve, span)])
        return answers.daily_v5(period, totals) if route.legacy else answers.daily_v2(period, route.flow, totals)
    peaks = _need(list(_peaks(curve, span)))
    if route.legacy:
        return answers.peaks_v5(period, peaks)
    step = query.step or "P1D"
    # A home on one phase has no phase peaks, so grandeurPhysique=TOUT adds nothing to PMA.
    return answers.peaks_v2(period, _monthly(peaks) if step == "P1M" else peaks, step)


def _need(items: list[T]) -> list[T]:
    if not items:
        raise Refused(refusals.NOTHING_FOUND)
    return items


def _totals(curve: SpoiltCurve, span: tuple[date, date]) -> Iterator[tuple[date, int]]:
    for day in days(*span):
        total = day_total(curve.true_points(day))
        if total is not None:
            yield day, total


def _registers(curve: SpoiltCurve, span: tuple[date, date]) -> Iterator[Stamped]:
    """The register at the beginning of each day that has a total."""
    present = {day for day, _ in _totals(curve, span)}
    for day in sorted(present):
        yield f"{day} 00:00:00", curve.register(day)


def _peaks(curve: SpoiltCurve, span: tuple[date, date]) -> Iterator[Stamped]:
    for day in days(*span):
        measured = [point for point in curve.true_points(day) if point.watts is not None]
        if measured:
            highest = max(measured, key=lambda point: point.watts or 0)
            yield _peak_second(highest), 10 * (((highest.watts or 0) * 27 // 25 + 9) // 10)


def _peak_second(point: CurvePoint) -> str:
    """A second inside the interval, always the same one for the same interval."""
    end = wall_clock_instants(datetime.fromisoformat(point.label))[0] // 1000
    back = int.from_bytes(blake2b(point.label.encode(), digest_size=4).digest(), "big") % point.seconds
    return f"{datetime.fromtimestamp(end - 1 - back, PARIS):%Y-%m-%d %H:%M:%S}"


def _monthly(peaks: list[Stamped]) -> list[Stamped]:
    highest: dict[str, Stamped] = {}
    for peak in peaks:
        month = peak[0][:7]
        if month not in highest or peak[1] > highest[month][1]:
            highest[month] = peak
    return list(highest.values())
