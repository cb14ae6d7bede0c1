"""What the insight page asks: the cards of a series, as they are stored where they are of what is stored now, else made
in memory. Nothing is written."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from sync.insight.cards import FORECASTS, NAMES, Inputs, card_of, inputs_of, messages_of
from sync.insight.experts import known_mean, sorted_median
from sync.insight.grid import Grid
from sync.insight.steps import HALVES_AN_HOUR
from sync.insight.unusual import AWAY_DAYS, BASE_DAYS, RECENT, SILENCE, USUAL, Message, chosen, day_base
from sync.model.localtime import day_seconds
from sync.model.readings import Series
from sync.store.schema import CARDS, Document
from sync.tariffs.model import Tariff

from ..kit.blocks import EMPTY_FRAME, Frame
from ..kit.lines import SLOTS, Real
from ..kit.reader import ZONES, Reader
from ..kit.tariffs import Steady, day_cost, yearly_cost
from ..kit.ticks import clock
from ..kit.view import View

DAY = timedelta(days=1)
HALF = 1800  # s
OTHER = "other"  # of the two days that are forecast the one that is not shown first
BUDGETS = ("2", "1", "4", "6")  # messages a year, the usual one first
WINDOWS = {
    "base": BASE_DAYS,
    "night": RECENT,
    "held": 1,
    "away": AWAY_DAYS - 1,
    "stuck": 1,
    "lump": 1,
    "clock": SILENCE,
}
"""Test → the days up to the one on which it tells, that it is about."""
CLOCK_DAYS = 42
BEFORE, AFTER = 4, 2  # days that are drawn beside those


@dataclass(frozen=True, slots=True)
class Price:
    """What a day will cost, €, without the standing charge, and the ends of its band."""

    tariff: Tariff
    euros: Decimal
    low: Decimal
    high: Decimal


@dataclass(frozen=True, slots=True)
class Curve:
    """Around a message. came, usual: W by half-hour, NaN where unknown; window: places [first, end) that it is about;
    first, end: local days; of a clock both are one day, the mean of many."""

    came: Real
    usual: Real
    window: tuple[int, int]
    first: date
    end: date


@dataclass(frozen=True, slots=True)
class Told:
    """A message with its local days [first, end), and whether the reader has said that it was they."""

    message: Message
    first: date
    end: date
    curve: Curve
    is_ours: bool

    @property
    def mark(self) -> str:
        """As the address keeps it: `250304b`, so short that a budget of two years fits."""
        return f"{self.end - DAY:%y%m%d}{self.message.test[0]}"


@dataclass(frozen=True, slots=True)
class Home:
    """A meter's series, what its cards are made of, and the day that it is there."""

    reader: Reader
    inputs: Inputs
    today: date

    @property
    def series(self) -> Series:
        return self.inputs.series

    @property
    def grid(self) -> Grid:
        return self.inputs.grid

    def card(self, name: str) -> Document:
        """A card; made once for all readers where it is not stored."""
        question = ("insight card", self.series, name)
        return self.reader.kept(question, lambda: card_of(self.inputs, name, self.reader.now()))


def home_of(reader: Reader, view: View) -> Home | None:
    """That of a view's series; None without one. Looked at anew when an analysis is stored: that changes no reading."""
    series = reader.series_at(view)
    if series is None:
        return None
    pair, zone = reader.pair_of(series.source), ZONES[series.source]
    question = ("insight", series, _digests(reader, series))
    return Home(reader, reader.kept(question, lambda: inputs_of(pair, series, zone)), reader.today(zone))


def is_stored(reader: Reader, view: View) -> bool:
    """Whether an analysis of this series was ever stored; only then its statements are likely to need no time."""
    series = reader.series_at(view)
    return series is not None and bool(_digests(reader, series))


def stored_home(reader: Reader, view: View) -> Home | None:
    """That of a view's series, where what is stored of it is of today's readings: nothing is to be computed."""
    home = home_of(reader, view) if is_stored(reader, view) else None
    return home if home and home.inputs.stored.keys() == set(NAMES) else None


def _digests(reader: Reader, series: Series) -> tuple[str, ...]:
    """Of what its stored cards are made."""
    ids = [{"series": series.key, "card": name} for name in NAMES]
    found = reader.database[CARDS].find({"_id": {"$in": ids}}, {"inputs": 1})
    return tuple(sorted(card["inputs"] for card in found))


# --- tomorrow ---------------------------------------------------------------------------------------------------------


def leads(home: Home) -> tuple[int, int]:
    """The lead that is shown first, tomorrow's where one of the two has it, and the other one."""
    lead = (home.today - home.grid.end).days + 2
    return (2, 1) if lead == 2 else (1, 2)


def forecast_day(home: Home, lead: int) -> date:
    """The day that is forecast with a lead."""
    return home.grid.end + timedelta(days=lead - 1)


def forecast_of(home: Home, view: View) -> Document:
    """The card of the day that is chosen."""
    first, other = leads(home)
    return home.card(FORECASTS[other if view.option("forecast", "") == OTHER else first])


def tomorrow_frame(reader: Reader, view: View) -> Frame:
    """A row a half-hour of the wall clock. Notes: card, today, price, is_production."""
    home = home_of(reader, view)
    if home is None:
        return EMPTY_FRAME
    card = forecast_of(home, view)
    if "why" in card:
        return lacking(card["reason"])
    value, day = card["value"], date.fromisoformat(card["value"]["day"])
    watts = {f"{name}_w": _watts(value[part]) for name, part in (("forecast", "wh"), ("low", "low"), ("high", "high"))}
    table = pd.DataFrame({"local_time": [clock(30 * slot) for slot in range(SLOTS)]} | watts)
    table = table[[_exists(day, slot, home.grid.zone) for slot in range(SLOTS)]].reset_index(drop=True)
    notes = {"today": home.today, "price": price_of(home, value)}
    return statement(home, table, card=card, **notes)


def price_of(home: Home, value: Document) -> Price | Steady | None:
    """The half-hours are medians, which add up to less than the day: priced is the total, shared out as they are.

    Steady where there is a contract and no price, which it says why."""
    halves, total = np.array(value["wh"], dtype=np.float64), value["total_wh"]
    if home.series.flow != "consumption" or total is None or not np.isfinite(halves).all():
        return None
    shape = halves if halves.sum() > 0 else np.ones(SLOTS)
    day = date.fromisoformat(value["day"])
    found = day_cost(home.reader, home.series.source, day, (shape * total / shape.sum()).tolist())
    if found is None or found.euros is None:
        return found
    low, high = (_share(found.euros, value[name], total) for name in ("total_low", "total_high"))
    return Price(found.tariff, found.euros, low, high)


def recent_frame(reader: Reader, view: View) -> Frame:
    """A row a day of the last sixty: what came, and what had been forecast. Notes: card, is_production."""
    home = home_of(reader, view)
    if home is None:
        return EMPTY_FRAME
    card = forecast_of(home, view)
    if "why" in card:
        return lacking(card["reason"])
    recent = card["value"]["recent"]
    first, names = date.fromisoformat(recent["first"]), {"came": "came", "forecast": "total", "low": "low"}
    kwh = {f"{name}_kwh": _floats(recent[part]) / 1000 for name, part in (names | {"high": "high"}).items()}
    days = [(first + timedelta(days=place)).isoformat() for place in range(len(recent["came"]))]
    return statement(home, pd.DataFrame({"local_day": days} | kwh), card=card)


# --- base load --------------------------------------------------------------------------------------------------------


def base_frame(reader: Reader, view: View) -> Frame:
    """A row a local day: its base, and the level on which it lies. Notes: card, cost."""
    home = home_of(reader, view)
    if home is None:
        return EMPTY_FRAME
    card = home.card("base")
    if "why" in card:
        return lacking(card["reason"])
    base = HALVES_AN_HOUR * day_base(home.grid.wh[None])[0]
    days = [day.isoformat() for day in home.grid.days]
    table = pd.DataFrame({"local_day": days, "base_w": base, "level_w": _levels(card["value"]["steps"], base, home)})
    cost = yearly_cost(reader, home.series.source, card["value"]["watts"], home.grid.end - DAY)
    return statement(home, table, card=card, cost=cost)


def _levels(steps: Sequence[Document], base: Real, home: Home) -> Real:
    levels = np.full(len(base), steps[0]["before"] if steps else float(np.nanmedian(base)))
    for step in steps:
        levels[(date.fromisoformat(step["day"]) - home.grid.first).days :] = step["after"]
    return levels


# --- what was unusual -------------------------------------------------------------------------------------------------


def unusual_frame(reader: Reader, view: View) -> Frame:
    """A row a message, newest first; one without a day where there is none. Notes: card, told, budget."""
    home = home_of(reader, view)
    if home is None:
        return EMPTY_FRAME
    card = home.card("unusual")
    if "why" in card:
        return lacking(card["reason"])
    budget = int(view.one_of("budget", BUDGETS))
    ours = view.several("ours")
    told = told_of(home, budget, ours)
    rows = [
        {
            "local_day": (each.end - DAY).isoformat(),
            "test": each.message.test,
            "size": each.message.size,
            "false_alarms_a_year": each.message.rate,
            "ours": each.is_ours,
        }
        for each in told
    ]
    return statement(home, pd.DataFrame(rows or [{"test": "none"}]), card=card, told=told, budget=budget, ours=ours)


def told_of(home: Home, budget: float, ours: Sequence[str]) -> list[Told]:
    """The messages of a budget, newest first; none where nothing can be said. ours: their marks."""
    card = home.card("unusual")
    if "why" in card:
        return []
    found: list[Told] = []
    for message in reversed(chosen(messages_of(card), budget, card["value"]["days"])):
        end = home.grid.first + timedelta(days=message.peak + 1)
        first = end - timedelta(days=WINDOWS[message.test])
        told = Told(message, first, end, curve_of(home.grid, message), is_ours=False)
        if any(other.message.test == message.test and other.first < end and first < other.end for other in found):
            continue  # one absence is told once
        found.append(replace(told, is_ours=told.mark in ours))
    return found


def curve_of(grid: Grid, message: Message) -> Curve:
    """The days of a message and those beside them; a clock's two weeks as one mean day."""
    length = WINDOWS[message.test]
    end = message.peak + 1
    start = max(0, end - length)
    before = grid.wh[max(0, start - (CLOCK_DAYS if message.test == "clock" else USUAL)) : start]
    if message.test == "clock":
        came, usual = (2 * known_mean(each, 0).astype(np.float64) for each in (grid.wh[start:end], before))
        return Curve(came, usual, (0, SLOTS), grid.first + timedelta(days=start), grid.first + timedelta(days=end))
    beside = (1, 1) if length == 1 else (BEFORE, AFTER)
    low, high = max(0, start - beside[0]), min(len(grid), end + beside[1])
    usual = np.tile(2 * sorted_median(before.T).astype(np.float64), high - low)
    window = (start - low) * SLOTS, (end - low) * SLOTS
    days = grid.first + timedelta(days=low), grid.first + timedelta(days=high)
    return Curve(2 * grid.wh[low:high].ravel(), usual, window, *days)


# --- what all share ---------------------------------------------------------------------------------------------------


def lacking(reason: Document) -> Frame:
    """Why there is no statement: its name, and what is put into its text."""
    values = {name: _plain(value) for name, value in reason.items() if name != "name"}
    return Frame(pd.DataFrame(), notes={"empty": f"insight.why.{reason['name']}", "values": values})


def _plain(value: Any) -> Any:
    return date.fromisoformat(value) if isinstance(value, str) else value


def statement(home: Home, table: pd.DataFrame, **notes: Any) -> Frame:
    """A frame about a home."""
    own: dict[str, Any] = {"held": (home.grid.first, home.grid.end), "grid": home.grid}
    own["is_production"] = home.series.flow == "production"
    return Frame(table, covered_share(home.grid), own | notes)


def covered_share(grid: Grid) -> float:
    """Of the time of the days that were looked at, how much is measured."""
    expected = np.array([min(SLOTS, day_seconds(day, grid.zone) // HALF) for day in grid.days])
    return float(np.minimum(np.isfinite(grid.wh).sum(axis=1), expected).sum() / max(1, expected.sum()))


def _exists(day: date, slot: int, zone: ZoneInfo) -> bool:
    """Whether the wall clock shows a half-hour on a day: in spring it leaves an hour out."""
    local = datetime.combine(day, time(slot // 2, slot % 2 * 30), zone)
    return local.astimezone(UTC).astimezone(zone).time() == local.time()


def _floats(values: Sequence[float | None]) -> Real:
    return np.array(values, dtype=np.float64)


def _watts(values: Sequence[float | None]) -> Real:
    return np.asarray(HALVES_AN_HOUR * _floats(values))


def _share(euros: Decimal, part: float | None, whole: float) -> Decimal:
    return euros * Decimal(part / whole) if part is not None and whole else euros
