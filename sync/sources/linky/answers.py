"""Answers of the gateway → points and daily totals. Pure: no clock, no network.

Both shapes are understood: Mesure synchrone V2 (`grandeur[].points[]`, since autumn 2026) and Metering Data V5
(`interval_reading[]`, top-level as the gateway strips it, or inside `meter_reading`); sources: the documentation of
Conso API and of Enedis Data Connect. Any other shape raises UnknownShape: it must never look like "no readings".
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from ...model.privacy import scrub
from ...model.readings import INT32_MAX
from ..source import UnknownShape
from .points import Point, Reject

GRANDEURS = {"consumption": "CONS", "production": "PROD"}


@dataclass(frozen=True, slots=True)
class Totals:
    """Daily energy: local day → Wh; `missing` counts days without a value."""

    wh: Mapping[date, int]
    missing: int = 0
    rejects: tuple[Reject, ...] = ()


def parse_curve(text: str, prm: str, flow: str) -> tuple[Point, ...]:
    """The points of a load curve in order of arrival. Raises UnknownShape."""
    entries, names = _entries(text, prm, flow, quantity="PA", unit="W")
    points = []
    for position, entry in enumerate(entries, 1):
        end = entry.get(names["end"])
        if not isinstance(end, str):
            raise UnknownShape(f"point {position} has no time")
        marks = {mark: _text(entry.get(names[mark])) for mark in ("step", "nature", "iv", "ec") if mark in names}
        points.append(Point(end, _value(entry, names["value"], position), line=position, **marks))
    return tuple(points)


def parse_totals(text: str, prm: str, flow: str) -> Totals:
    """The daily energy of an answer. Raises UnknownShape."""
    entries, names = _entries(text, prm, flow, quantity="EA", unit="Wh")
    wh: dict[date, int] = {}
    rejects: list[Reject] = []
    contradicted: set[date] = set()
    missing = 0
    for position, entry in enumerate(entries, 1):
        value = _value(entry, names["value"], position)
        label = _text(entry.get(names["end"])) or ""
        day = _day(label)
        if day is None:
            rejects.append(Reject(position, "unreadable day", scrub(label)[:40]))
            continue
        if value is None or value == "":
            missing += 1
        elif not (re.fullmatch(r"\d{1,10}", value, re.ASCII) and int(value) <= INT32_MAX):
            rejects.append(Reject(position, "not a daily energy in Wh", f"{day} = {scrub(value)[:40]!r}"))
        elif wh.setdefault(day, int(value)) != int(value):
            rejects.append(Reject(position, "two totals for one day", f"{day} = {value[:40]!r}"))
            contradicted.add(day)
    return Totals({day: total for day, total in wh.items() if day not in contradicted}, missing, tuple(rejects))


def _day(label: str) -> date | None:
    """`2026-09-29` and no other way to write it: what else it could mean is a guess."""
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", label, re.ASCII):
        return None
    try:
        return date.fromisoformat(label)
    except ValueError:
        return None


V2_NAMES = {"end": "d", "value": "v", "step": "p", "nature": "n", "iv": "iv", "ec": "ec"}
V5_NAMES = {"end": "date", "value": "value", "step": "interval_length", "nature": "measure_type"}


def _entries(text: str, prm: str, flow: str, quantity: str, unit: str) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """The point objects of an answer, and the names of their fields in its shape."""
    try:
        answer = json.loads(text)
    except (ValueError, RecursionError):
        raise UnknownShape("the answer is not JSON") from None
    if isinstance(answer, dict) and isinstance(answer.get("meter_reading"), dict):
        answer = answer["meter_reading"]
    if not isinstance(answer, dict):
        raise UnknownShape("the answer is not an object")
    if "grandeur" in answer:
        _require(answer.get("idPrm"), prm, "meter")
        return _point_list(_v2_points(answer, flow, quantity, unit)), V2_NAMES
    if "interval_reading" in answer:
        _require(answer.get("usage_point_id"), prm, "meter")
        reading_type = answer.get("reading_type")
        _require(reading_type.get("unit") if isinstance(reading_type, dict) else None, unit, "unit")
        return _point_list(answer["interval_reading"]), V5_NAMES
    fields = scrub(", ".join(sorted(answer)))[:200]
    raise UnknownShape(f"neither the V2 nor the V5 shape; top-level fields: {fields or 'none'}")


def _v2_points(answer: Mapping[str, Any], flow: str, quantity: str, unit: str) -> Any:
    """The one `grandeur` entry that was asked for; an answer without it is not an answer to the question."""
    entries = answer["grandeur"]
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise UnknownShape("`grandeur` is not a list of objects")
    wanted = (GRANDEURS[flow], quantity)
    found = [entry for entry in entries if (entry.get("grandeurMetier"), entry.get("grandeurPhysique")) == wanted]
    if len(found) != 1:
        raise UnknownShape(f"{len(found)} entries for {'/'.join(wanted)} among {len(entries)}")
    _require(found[0].get("unite"), unit, "unit")
    return found[0].get("points")


def _point_list(points: Any) -> list[dict[str, Any]]:
    if not isinstance(points, list) or not all(isinstance(point, dict) for point in points):
        raise UnknownShape("the points are not a list of objects")
    return points


def _require(found: Any, wanted: str, what: str) -> None:
    if found != wanted:
        shown = "of another meter" if what == "meter" else f"{scrub(str(found))[:20]!r}"
        raise UnknownShape(f"{what} is {shown}, asked was {'this meter' if what == 'meter' else repr(wanted)}")


def _value(entry: Mapping[str, Any], name: str, position: int) -> str | None:
    """The value as text; null stays None, a field that is not there is a shape we do not know."""
    if name not in entry:
        raise UnknownShape(f"point {position} has no {name!r}")
    return _text(entry[name])


def _text(field: Any) -> str | None:
    """A scalar as text: V2 writes numbers as strings, its index answers write them bare."""
    return field if field is None or isinstance(field, str) else json.dumps(field)
