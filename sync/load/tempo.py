"""Fetch the colours of Tempo days that are not stored yet: a call for each season that lacks one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from pymongo.database import Database

from ..http.transport import Transport
from ..model.clock import Clock
from ..model.localtime import days
from ..model.window import Window
from ..sources.tempo import api
from ..store.tempo import store_colours, stored_colours


@dataclass(slots=True)
class Fetched:
    """window: the days wanted; new, corrected: days that were written; missing: those of which no colour is known yet;
    calls: made; counts: stored days of the window by colour."""

    window: Window
    new: int = 0
    corrected: list[date] = field(default_factory=list)
    missing: list[date] = field(default_factory=list)
    calls: int = 0
    counts: dict[str, int] = field(default_factory=dict)


def fetch_colours(database: Database[Any], base: str, window: Window, transport: Transport, clock: Clock) -> Fetched:
    """The colours of the days of a window, which ends with today: tomorrow's may still change. What a season brings is
    stored before the next is asked for. Raises what a call raises, and AnswerRefused."""
    fetched = Fetched(window)
    stored = stored_colours(database)
    for season in list(_lacking(window, stored)):
        answer = transport.get(*api.question(base, season), {}, lambda got: api.explain(got, clock.now()))
        fetched.calls += 1
        found = {day: colour for day, colour in api.read_season(answer.text, season).items() if day < window.end}
        news = {day: colour for day, colour in found.items() if stored.get(day) != colour}
        store_colours(database, news, clock.now())
        fetched.corrected += [day for day in news if day in stored]
        fetched.new += len(news.keys() - stored.keys())
        stored |= news
    wanted = list(days(window.start, window.end))
    fetched.missing = [day for day in wanted if day not in stored]
    known = [stored[day] for day in wanted if day in stored]
    fetched.counts = {colour: known.count(colour) for colour in api.CODES.values()}
    return fetched


def _lacking(window: Window, stored: dict[date, str]) -> Iterator[int]:
    """The seasons with a day that is wanted and not stored, oldest first."""
    return iter(sorted({api.season_of(day) for day in days(window.start, window.end) if day not in stored}))
