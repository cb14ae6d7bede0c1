"""The cards of a series: small documents, each a statement with its measured reliability, or why there is none.

`insight_cards`: `{_id: {series: key, card}, series, at, inputs, code, parameters, first, end, measured, value}`; `why`
and `reason` stand in the place of `measured` and `value` where the readings cannot carry the statement. inputs: a
digest of the readings, the code and the parameters; a card whose digest has not changed is not made again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from ..model.clock import Clock
from ..model.readings import Series
from ..store.schema import CARDS, Document, Pair
from . import archetypes
from .grid import Grid, Real, grid_of
from .read import Columns, columns_of, extent
from .steps import FOUND, base_of
from .tomorrow import TooLittle, measured_days, tomorrow
from .unusual import Message, candidates

CODE = 2  # another one makes every card anew
WINDOW = 800  # days
FEWEST_DAYS = 42  # measured, for what compares with weeks before
METERS = ("linky", "lcl")
PROFILE = "profile"
FORECASTS = {1: "forecast 1", 2: "forecast 2"}
NAMES = (*FORECASTS.values(), "base", "unusual", PROFILE)
RECALL = {
    "base": {"100 W": 0.95},
    "night": {"a car": 1.0},
    "held": {"1 kW": 0.94},
    "away": {"5 days": 0.94},
    "stuck": {"12 h": 1.0},
    "lump": {"12 h": 0.97},
    "clock": {"1 h": 0.86},
}
"""Test → of such events put into real homes, how many it notices, where it has two false alarms a year of its own."""

Value = tuple[dict[str, Any], dict[str, Any]]
"""(measured, value) of a card."""


@dataclass(frozen=True, slots=True)
class Made:
    """Of a series: its cards by name, and how many of them were made now."""

    series: Series
    cards: Mapping[str, Document]
    fresh: int


@dataclass(frozen=True, slots=True)
class Inputs:
    """What the cards of a series are made of, its digest, and the cards that are stored of just that."""

    series: Series
    grid: Grid
    digest: str
    parameters: Document
    stored: Mapping[str, Document]


def analyse(pair: Pair, series: Series, zone: ZoneInfo, clock: Clock, since: date | None = None) -> Made:
    """Bring the cards of a series up to date. since: first day of the forecasts that are scored."""
    inputs = inputs_of(pair, series, zone, since)
    cards = {}
    for name in NAMES:
        cards[name] = card_of(inputs, name, clock.now())
        if name not in inputs.stored:
            pair.record.database[CARDS].replace_one({"_id": cards[name]["_id"]}, cards[name], upsert=True)
    return Made(series, cards, len(NAMES) - len(inputs.stored))


def inputs_of(pair: Pair, series: Series, zone: ZoneInfo, since: date | None = None) -> Inputs:
    """What is stored now of a series."""
    days = extent(pair, series, zone)
    first, end = days or (date(1970, 1, 1), date(1970, 1, 1))
    columns = columns_of(pair, series, max(first, end - timedelta(days=WINDOW)), end, zone)
    parameters = {"since": since.isoformat() if since else None, "window": WINDOW}
    digest = _digest(columns, parameters)
    ids = [{"series": series.key, "card": name} for name in NAMES]
    found = pair.record.database[CARDS].find({"_id": {"$in": ids}, "inputs": digest})
    grid = _whole_days(grid_of(columns.start, columns.wh, columns.seconds, zone))
    return Inputs(series, grid, digest, parameters, {card["_id"]["card"]: card for card in found})


def card_of(inputs: Inputs, name: str, now: datetime) -> Document:
    """A card as it is stored, or made now; writes nothing."""
    if name in inputs.stored:
        return inputs.stored[name]
    series, grid = inputs.series, inputs.grid
    head = {"_id": {"series": series.key, "card": name}, "series": series.subdocument(), "at": now}
    head |= {"inputs": inputs.digest, "code": CODE, "parameters": inputs.parameters}
    head |= {"first": grid.first.isoformat(), "end": grid.end.isoformat()}
    since = inputs.parameters["since"]
    return head | _said(_ways(date.fromisoformat(since) if since else None)[name], series, grid)


def messages_of(card: Document) -> list[Message]:
    """The candidates of a stored card, from which a budget chooses."""
    return [
        Message(**{name: each[name] for name in ("test", "day", "size", "rate", "peak")})
        for each in card["value"]["told"]
    ]


def _ways(since: date | None) -> dict[str, Callable[[Series, Grid], Value]]:
    forecasts = {name: _forecast(lead, since) for lead, name in FORECASTS.items()}
    return forecasts | {"base": _base, "unusual": _unusual, PROFILE: _profile}


def _said(way: Callable[[Series, Grid], Value], series: Series, grid: Grid) -> Document:
    try:
        measured, value = way(series, grid)
    except TooLittle as reason:
        return {"why": str(reason), "reason": {"name": reason.reason} | reason.values}
    return {"measured": measured, "value": value}


def _forecast(lead: int, since: date | None) -> Callable[[Series, Grid], Value]:
    def way(_series: Series, grid: Grid) -> Value:
        said = tomorrow(grid, grid.end + timedelta(days=lead - 1), lead, since)
        curves = {"wh": said.wh, "low": said.low, "high": said.high}
        totals = {"total_wh": said.total, "total_low": said.total_low, "total_high": said.total_high}
        recent = {name: _whole(getattr(said.recent, name)) for name in ("came", "total", "low", "high")}
        value = {"day": said.day.isoformat(), "lead": lead} | {name: _whole(each) for name, each in curves.items()}
        shown = {"first": said.recent.first.isoformat()} | recent
        measured = asdict(said.score) | {"parts": [asdict(part) for part in said.parts]}
        return measured, value | {name: _number(each) for name, each in totals.items()} | {"recent": shown}

    return way


def _base(series: Series, grid: Grid) -> Value:
    _refuse(series, grid)
    found = base_of(grid.wh)
    if found is None:
        raise TooLittle("half of the last four weeks is not measured: the base load of now is not known", "holes")
    steps = [asdict(step) | {"day": (grid.first + timedelta(days=step.day)).isoformat()} for step in found.steps]
    return {"steps_dated": dict(FOUND)}, {"watts": found.watts, "kwh_a_year": found.kwh_a_year, "steps": steps}


def _unusual(series: Series, grid: Grid) -> Value:
    _refuse(series, grid)
    told = [asdict(each) for each in candidates(grid.wh)]
    return {"recall": dict(RECALL)}, {"days": len(grid), "told": told}


def _profile(series: Series, grid: Grid) -> Value:
    """The usual days of the last year by halves, of which a fleet's archetypes are made."""
    _refuse(series, grid)
    halves = archetypes.halves_of(grid.wh, grid.first)
    if halves is None or not all(each.wh.any() for each in halves):
        text = "in both halves of the last year ten weekdays and four days of weekends with use are needed"
        raise TooLittle(text, "halves")
    days = [each.days for each in halves]
    return {"weekdays": [each[0] for each in days], "weekend_days": [each[1] for each in days]}, {
        "halves": archetypes.stored(halves)
    }


def _refuse(series: Series, grid: Grid) -> None:
    """Raises TooLittle for what is no home's consumption, or too short."""
    if series.source not in METERS or series.flow != "consumption":
        raise TooLittle("only the consumption of a meter has a base load and habits", "no_habits")
    count = int(measured_days(grid.wh).sum())
    if count < FEWEST_DAYS:
        text = f"{count} measured days: what is usual is known after {FEWEST_DAYS}"
        raise TooLittle(text, "habits", count=count, least=FEWEST_DAYS)


def _whole_days(grid: Grid) -> Grid:
    """Without the last days that are measured for less than half: they have not come yet."""
    there = np.flatnonzero(measured_days(grid.wh))
    return replace(grid, wh=grid.wh[: int(there[-1]) + 1]) if len(there) else replace(grid, wh=grid.wh[:0])


def _digest(columns: Columns, parameters: Document) -> str:
    digest = hashlib.sha256(json.dumps([CODE, parameters]).encode())
    for column in (columns.start, columns.wh, columns.seconds):
        digest.update(np.ascontiguousarray(column).tobytes())
    return digest.hexdigest()[:32]


def _whole(values: Real) -> list[int | None]:
    """Whole Wh, one after the other; None: not known."""
    flat = values.ravel()
    return [round(value) if known else None for value, known in zip(flat.tolist(), np.isfinite(flat), strict=True)]


def _number(value: float) -> float | None:
    return value if np.isfinite(value) else None
