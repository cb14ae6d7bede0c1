"""What can be said of many homes together: the day ahead of their sum, their habits, how well each can be forecast, and
how many were unusual at once. From the fleet's sums, and from the cards that `analyse` has stored of each home."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np
import pandas as pd

from sync.fleet.names import PROFILES, SLOTS, day_of, number_of
from sync.insight.archetypes import FEWEST_HOMES, Archetypes, archetypes_of, peaks, restored
from sync.insight.cards import FEWEST_DAYS, FORECASTS, PROFILE, messages_of
from sync.insight.grid import HALF
from sync.insight.together import SHARE, WINDOW, Ahead, Short, ahead_of, sum_of
from sync.insight.unusual import TESTS, YEAR, chosen
from sync.model.readings import Series
from sync.store.schema import CARDS, Document

from ..kit.blocks import Frame
from ..kit.reader import ZONES, Reader
from ..kit.ticks import clock
from ..kit.view import View
from .queries import FEWEST, KINDS, Fleet, Real, households_of, of_fleet, quantile

BUDGET = 2.0  # messages a year and home
LETTERS = "ABCD"
SHARES = ("share_a", "share_b", "share_c", "share_d")
WEEK = timedelta(days=7)
SKILLS = ("skill_week", "skill_median")
BIN, LEAST_SKILL = 0.05, -0.5  # of the distribution; what lies below stands in its first bin

Own = tuple[Series, Document]


# --- the day ahead ----------------------------------------------------------------------------------------------------


@of_fleet
def ahead_frame(reader: Reader, view: View, fleet: Fleet, group: str) -> Frame:
    """The day after the period by half-hour, and what came of it where that is stored. Notes: `Ahead`."""
    found, came = reader.kept(("fleet ahead", fleet, group, view.end), lambda: _ahead(reader, fleet, group, view.end))
    if isinstance(found, Short):
        return _nothing("fleet.ahead.few", days=found.days, needed=found.needed)
    if found.homes < FEWEST:
        return _nothing("fleet.few_homes", homes=found.homes, needed=FEWEST)
    curves = {"forecast": found.wh, "low": found.low, "high": found.high, "week_before": found.week, "came": came}
    columns = {f"{name}_kwh": np.round(wh / 1000, 6) for name, wh in curves.items() if np.isfinite(wh).any()}
    table = pd.DataFrame({"local_time": [clock(30 * slot) for slot in range(SLOTS)]} | columns)
    return Frame(table, None, {"ahead": found, "held": (found.day, found.day + timedelta(days=1))})


def _ahead(reader: Reader, fleet: Fleet, group: str, end: date) -> tuple[Ahead | Short, Real]:
    first = number_of(end) - WINDOW
    wh, seconds = (np.zeros((WINDOW + 1, SLOTS)) for _ in range(2))
    within = {"$gte": first, "$lte": number_of(end)}
    for row in reader.database[PROFILES].find(fleet.key() | {"_id.group": group, "_id.day": within}):
        place = row["_id"]["day"] - first
        wh[place], seconds[place] = row["wh"], row["seconds"]
    homes, grid = sum_of(day_of(first), wh[:-1], seconds[:-1], ZONES[fleet.source])
    found = ahead_of(homes, grid)
    place = number_of(found.day) - first if isinstance(found, Ahead) else WINDOW
    counts = seconds[place] / HALF
    enough = (counts > 0) & (counts >= SHARE * homes)
    return found, np.where(enough, wh[place] / np.maximum(counts, 1) * homes, np.nan)


# --- cards of homes ---------------------------------------------------------------------------------------------------


def cards_of(reader: Reader, view: View, chosen: tuple[Fleet, str], card: str, *fields: str) -> tuple[list[Own], int]:
    """(the homes of a group with readings in the period that have such a card with a statement, how many there are)."""
    fleet, group = chosen
    ids = set(households_of(reader, fleet, view.start, view.end).within(group).ids)
    own = [each for each in reader.series() if (each.source, each.flow) == (fleet.source, fleet.flow)]
    keys = {each.key: each for each in own if each.id in ids}
    query = {"_id": {"$in": [{"series": key, "card": card} for key in keys]}, "value": {"$exists": True}}
    found = reader.database[CARDS].find(query, dict.fromkeys(fields, 1))
    return [(keys[each["_id"]["series"]], each) for each in found.sort("_id", 1)], len(keys)


def of_cards(card: str, fields: tuple[str, ...], fewest: int) -> Callable[..., Any]:
    """Of functions that make a frame of the cards of homes: a sentence where there are too few."""

    def of(make: Callable[[Reader, View, list[Own]], Frame]) -> Callable[[Reader, View], Frame]:
        @of_fleet
        def frame(reader: Reader, view: View, fleet: Fleet, group: str) -> Frame:
            found, homes = cards_of(reader, view, (fleet, group), card, *fields)
            if not found and not reader.database[CARDS].find_one({"_id.series": {"$regex": f"^{fleet.source}:"}}, {}):
                return _nothing("fleet.no_cards")
            if len(found) < fewest:
                return _nothing("fleet.few_homes", homes=len(found), needed=fewest)
            made = make(reader, view, found)
            return Frame(made.table, None, {"homes": homes, "counted": len(found), **made.notes})

        frame.__doc__ = make.__doc__
        return frame

    return of


def _nothing(why: str, **values: int) -> Frame:
    return Frame(pd.DataFrame(), None, {"empty": why, "values": values})


@dataclass(frozen=True, slots=True)
class Habits:
    """series: of each row of the shares; peaks: (weekday or weekend, half-hour) at which each archetype is highest."""

    series: tuple[Series, ...]
    found: Archetypes
    peaks: tuple[tuple[int, int], ...]


def habits_of(reader: Reader, cards: list[Own]) -> Habits:
    """Computed once for everyone, until a home has newer cards."""

    def ask() -> Habits:
        found = archetypes_of([restored(card["value"]["halves"]) for _, card in cards])
        places = [divmod(int(place), SLOTS) for place in peaks(found.shapes)]
        return Habits(tuple(series for series, _ in cards), found, tuple(places))

    newest: datetime = max(card["at"] for _, card in cards)
    return reader.kept(("fleet habits", newest, tuple(series for series, _ in cards)), ask)


OF_HABITS = of_cards(PROFILE, ("at", "value.halves"), FEWEST_HOMES)


@OF_HABITS
def archetypes_frame(reader: Reader, _view: View, cards: list[Own]) -> Frame:
    """The four usual days of which the homes' own are mixed: how many times the mean, by half-hour."""
    habits = habits_of(reader, cards)
    rows = [
        {
            "archetype": LETTERS[place],
            "days": kind,
            "local_time": clock(30 * slot),
            "times_mean": round(float(shape[weekend * SLOTS + slot]), 4),
        }
        for place, shape in enumerate(habits.found.shapes)
        for weekend, kind in enumerate(KINDS)
        for slot in range(SLOTS)
    ]
    return Frame(pd.DataFrame(rows), notes={"habits": habits})


@OF_HABITS
def shares_frame(reader: Reader, _view: View, cards: list[Own]) -> Frame:
    """A row a home: the share of each archetype."""
    habits = habits_of(reader, cards)
    addresses = reader.addresses()
    rows = [
        {"series": addresses[series]} | dict(zip(SHARES, np.round(shares, 4).tolist(), strict=True))
        for series, shares in zip(habits.series, habits.found.shares, strict=True)
    ]
    return Frame(pd.DataFrame(rows), notes={"habits": habits})


@of_cards(FORECASTS[1], ("measured.skill_week", "measured.skill_median", "measured.coverage"), FEWEST)
def skill_frame(_reader: Reader, _view: View, cards: list[Own]) -> Frame:
    """How many homes have how much skill over the week before: a row a bin. Notes: quantiles of both skills."""
    measured = [card["measured"] for _, card in cards]
    skills = {name: np.array([each[name] for each in measured if each[name] is not None]) for name in SKILLS}
    over_week = skills["skill_week"]
    if len(over_week) < FEWEST:
        return _nothing("fleet.few_homes", homes=len(over_week), needed=FEWEST)
    low = max(LEAST_SKILL, math.floor(float(over_week.min()) / BIN) * BIN)
    bins = max(1, math.ceil(round((float(over_week.max()) - low) / BIN, 9)))
    place = np.clip(np.floor((over_week - low) / BIN + 1e-9).astype(int), 0, bins - 1)
    edges = np.round(low + BIN * np.arange(bins + 1), 6)
    is_open = bool(over_week.min() < low)
    table = pd.DataFrame(
        {
            "from_pct": [None if is_open and not at else round(100 * edge, 2) for at, edge in enumerate(edges[:-1])],
            "to_pct": np.round(100 * edges[1:], 2),
            "households": np.bincount(place, minlength=bins),
        }
    )
    coverage = float(np.median([each["coverage"] for each in measured if each["coverage"] is not None]))
    quantiles = {name: {each: quantile(values, each) for each in (10, 50, 90)} for name, values in skills.items()}
    notes = {"edges": edges, "quantiles": quantiles, "coverage": coverage, "counted": len(over_week)}
    return Frame(table, notes=notes)


@of_cards("unusual", ("first", "end", "value"), FEWEST)
def unusual_frame(_reader: Reader, view: View, cards: list[Own]) -> Frame:
    """A row a week from Monday: homes that are watched, messages by test, and as many as homes raise by themselves."""
    told: Counter[tuple[date, str]] = Counter()
    watched: Counter[date] = Counter()
    for _, card in cards:
        first, end = (date.fromisoformat(card[name]) for name in ("first", "end"))
        for message in chosen(messages_of(card), BUDGET, card["value"]["days"]):
            if message.day >= FEWEST_DAYS:
                told[_monday(first + timedelta(days=message.day)), message.test] += 1
        day = first + timedelta(days=FEWEST_DAYS)
        while day < end:
            after = min(_monday(day) + WEEK, end)
            watched[_monday(day)] += (after - day).days
            day = after
    weeks = [each for each in sorted(watched) if each < view.end and each + WEEK > view.start]
    if not weeks:
        return _nothing("fleet.unusual.early", needed=FEWEST_DAYS)
    rows = [
        {"from": week, "households": round(watched[week] / WEEK.days, 2)}
        | {f"messages_{test}": told[week, test] for test in TESTS}
        | {"messages": sum(told[week, test] for test in TESTS)}
        | {"by_themselves": round(BUDGET / YEAR * watched[week], 3)}
        for week in weeks
    ]
    return Frame(pd.DataFrame(rows), notes={"held": (weeks[0], weeks[-1] + WEEK)})


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())
