"""Answers in small, and their parsing, for the tests of both shapes."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from sync.sources.linky.answers import Totals, parse_curve, parse_totals
from sync.sources.linky.points import Point

PRM = "21121707640844"
Answer = dict[str, Any]
Parse = Callable[[str, str, str], "tuple[Point, ...] | Totals"]


def v2(quantity: str = "PA", unit: str = "W", trade: str = "CONS") -> Answer:
    points = [{"v": "4078", "d": "2026-09-29 00:30:00", "p": "PT30M", "n": "B", "iv": "0", "ec": "0"}]
    if quantity == "EA":
        points = [{"v": "33495", "d": "2026-09-29"}]
    entry = {"grandeurMetier": trade, "grandeurPhysique": quantity, "unite": unit, "points": points}
    return {"idPrm": PRM, "etapeMetier": "BRUT", "grandeur": [entry]}


def v5(unit: str = "W") -> Answer:
    points = [{"value": "752", "date": "2023-04-01 00:30:00", "interval_length": "PT30M", "measure_type": "B"}]
    if unit == "Wh":
        points = [{"value": "11776", "date": "2023-04-01"}]
    return {"usage_point_id": PRM, "reading_type": {"unit": unit}, "interval_reading": points}


def curve(answer: Any, flow: str = "consumption") -> tuple[Point, ...]:
    return parse_curve(json.dumps(answer), PRM, flow)


def totals(answer: Any, flow: str = "consumption") -> Totals:
    return parse_totals(json.dumps(answer), PRM, flow)
