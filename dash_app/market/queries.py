"""What the market page asks: an area's price and production by hour, what follows from both, and its frames.

Price and production of an hour are compared only where both are known for the whole hour.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
import pandas as pd

from ..hours.queries import (
    HOUR_MS,
    MWH,
    Energies,
    Marks,
    Prices,
    Real,
    Span,
    area_of,
    areas_of,
    day_energy,
    day_prices,
    day_share,
    day_sums,
    due_in,
    energies_of,
    extent_in,
    local_iso,
    mean_of,
    pearson,
    prices_of,
    scope_in,
    span_in,
    span_of,
)
from ..kit.blocks import EMPTY_FRAME, Frame, about
from ..kit.reader import ZONES, Reader
from ..kit.view import Scope, View

SOURCE = "energidata"
STANDARDS = {"area": "DK1", "types": "", "step": "auto", "window": "30", "price_z": "0.5", "production_z": "0.5"}
STEPS = ("auto", "hour", "day")
LONGEST_HOURLY = {"auto": 31, "hour": 93}  # days shown by hour; longer periods by day
TABLE_DAYS = 62  # days of the table of all areas
RECENT_HOURS = 48


@dataclass(frozen=True, slots=True)
class Market:
    """One area over a period. due: hours that are over; energies: of the chosen types."""

    area: str
    span: Span
    due: int
    prices: Prices
    energies: Energies

    @property
    def total(self) -> Real:
        """Wh by hour, NaN where not wholly measured."""
        return self.energies.total

    @property
    def both(self) -> Marks:
        """The hours in which price and production are known."""
        return np.isfinite(self.prices.hourly) & np.isfinite(self.total)

    @property
    def capture_price(self) -> float | None:
        """EUR/MWh, each hour counting as much as was produced in it."""
        return capture(self.prices.hourly, self.total)

    @property
    def correlation(self) -> float | None:
        """Pearson's r of price and production by hour."""
        return pearson(self.prices.hourly, self.total)


def scope(reader: Reader, asked: Mapping[str, str]) -> Scope | None:
    """Shown at first: the last days on which the area has both a price and a production, else those with either."""
    area = area_in(reader, asked.get("area", ""))
    found = [extent_in(reader, SOURCE, flow, area) for flow in ("price", "production")]
    ends, firsts = [each.end for each in found if each.end], [each.first for each in found if each.first]
    both = len(ends) == 2 and max(firsts) < min(ends)
    return scope_in(reader, SOURCE, min(ends) if both else max(ends, default=None))


def market_of(reader: Reader, view: View) -> Market | None:
    """The chosen area over the period; None when it has neither price nor production there."""
    area, span = area_in(reader, view.option("area", "")), span_in(view, SOURCE)
    prices, energies = prices_of(reader, area, span), production_of(reader, area, span, view.several("types"))
    there = prices.seconds.any() or energies.seconds.any()
    return Market(area, span, due_in(reader, span), prices, energies) if there else None


def production_of(reader: Reader, area: str, span: Span, types: tuple[str, ...] = ()) -> Energies:
    """Production by type: groups of the same first word are one (sun comes in two kinds of delivery)."""
    found = energies_of(reader, SOURCE, "production", area, span)
    return found.merged({group: type_of(group) for group in found.groups}).picked(types)


def type_of(group: str) -> str:
    """`Solar Large S1` → `Solar`."""
    return group.split(" ", 1)[0]


def capture(price: Real, wh: Real) -> float | None:
    """Mean price weighted by energy over the hours in which both are known; None without energy in them."""
    both = np.isfinite(price) & np.isfinite(wh)
    energy = float(wh[both].sum())
    return float((price[both] * wh[both]).sum() / energy) if energy > 0 else None


def area_in(reader: Reader, asked: str) -> str:
    """The asked area, or the one that is shown at first."""
    return area_of(asked, STANDARDS["area"], market_areas(reader))


def market_areas(reader: Reader) -> tuple[str, ...]:
    """Areas with a price or a production, by name."""
    return tuple(sorted({*areas_of(reader, SOURCE, "price"), *areas_of(reader, SOURCE, "production")}))


def covered(market: Market, known: Marks | None = None) -> float | None:
    """Share of the hours of the period, as far as it is over, that are known (priced unless told); None of none."""
    found = np.isfinite(market.prices.hourly) if known is None else known
    return float(found[: market.due].mean()) if market.due else None


# --- a day against the days before it ---------------------------------------------------------------------------------


BUY, AVOID, MONITOR = "buy", "avoid", "monitor"
RANGES = {"window": (7, 180), "price_z": (0.1, 3.0), "production_z": (0.1, 3.0)}
LATE_DAYS = 45  # days before the period's end in which the judged day is looked for; production comes 2 weeks late
FEWEST = 5  # days to compare with, and at least half of the window
DIGITS = 9  # of a z-score: the same whatever the unit or the size of the area


@dataclass(frozen=True, slots=True)
class Rule:
    """window: days before the judged one; price_z, production_z: how far from usual, in standard deviations."""

    window: int
    price_z: float
    production_z: float


@dataclass(frozen=True, slots=True)
class Side:
    """Price or production of the judged day beside its window. z: None where the window does not vary; rank: share of
    the window's days below it."""

    today: float
    mean: float
    deviation: float
    z: float | None
    rank: float


@dataclass(frozen=True, slots=True)
class Verdict:
    """verdict: BUY, AVOID or MONITOR. reason: `too_few` (known days), `flat` (nothing varies), or empty."""

    area: str
    day: date
    known: int
    price: Side
    production: Side
    verdict: str
    reason: str = ""


def rule_in(view: View) -> Rule:
    """The chosen rule; a choice that is no number, or out of range, has its standard."""
    window, price_z, production_z = (view.number(name, STANDARDS[name], ends) for name, ends in RANGES.items())
    return Rule(int(window), price_z, production_z)


def side_of(today: float, window: Real) -> Side:
    """A day beside the days of its window (sample standard deviation); of no day nothing is known."""
    if not len(window):
        return Side(today, today, 0.0, None, 0.0)
    mean, deviation = float(window.mean()), float(window.std(ddof=1)) if len(window) > 1 else 0.0
    # A window of equal days has no spread but that of rounding.
    varies = deviation > 1e-9 * max(abs(mean), abs(today))
    z = round((today - mean) / deviation, DIGITS) if varies else None
    return Side(today, mean, deviation, z, float((window < today).mean()))


def judge(area: str, days: list[date], both: tuple[Real, Real], rule: Rule, earliest: date) -> Verdict | None:
    """The newest day from `earliest` on of which both are known, against the window before it. None without such a day.

    both: price and production by day, NaN where not wholly known; any unit: only how far a day lies from its own usual
    counts.
    """
    known_days = np.isfinite(both[0]) & np.isfinite(both[1])
    places = [place for place in np.flatnonzero(known_days).tolist() if days[place] >= earliest]
    if not places:
        return None
    at = places[-1]
    window = known_days.copy()
    window[: max(0, at - rule.window)] = False
    window[at:] = False
    known = int(window.sum())
    price, production = (side_of(float(each[at]), each[window]) for each in both)
    if known < max(FEWEST, rule.window / 2):
        return Verdict(area, days[at], known, price, production, MONITOR, "too_few")
    if price.z is None or production.z is None:
        return Verdict(area, days[at], known, price, production, MONITOR, "flat")
    return Verdict(area, days[at], known, price, production, _verdict(price.z, production.z, rule))


def _verdict(price: float, production: float, rule: Rule) -> str:
    if price <= -rule.price_z and production >= rule.production_z:
        return BUY
    if price >= rule.price_z and production <= -rule.production_z:
        return AVOID
    return MONITOR


def decision_frame(reader: Reader, view: View) -> Frame:
    """A row an area. Notes: verdicts, rule, lacking (areas with no day of which price and production are known)."""
    rule = rule_in(view)
    earliest = max(view.start, view.end - timedelta(days=LATE_DAYS))
    span = span_of(earliest - timedelta(days=rule.window), view.end, ZONES[SOURCE])
    days, places = span.days()
    verdicts: list[Verdict] = []
    lacking: list[str] = []
    for area in areas_of(reader, SOURCE, "price"):
        prices, energies = prices_of(reader, area, span), production_of(reader, area, span, view.several("types"))
        lengths = np.diff(places)
        whole = day_sums(np.isfinite(prices.hourly).astype(np.float64), places) == lengths
        price = np.where(whole, day_prices(prices, places), np.nan)
        whole = day_sums(np.isfinite(energies.total).astype(np.float64), places) == lengths
        production = np.where(whole, day_energy(energies, places), np.nan)
        found = judge(area, days, (price, production), rule, earliest)
        if found:
            verdicts.append(found)
        else:
            lacking.append(area)
    return Frame(
        pd.DataFrame([_row(each) for each in verdicts]), None, {"verdicts": verdicts, "rule": rule, "lacking": lacking}
    )


def _row(found: Verdict) -> dict[str, object]:
    return {
        "area": found.area,
        "verdict": found.verdict,
        "day": found.day,
        "price_eur_mwh": found.price.today,
        "price_z": found.price.z,
        "price_rank": found.price.rank,
        "production_mwh": found.production.today / MWH,
        "production_z": found.production.z,
        "production_rank": found.production.rank,
        "days_compared": found.known,
    }


# --- frames -----------------------------------------------------------------------------------------------------------


@about(market_of)
def key_frame(market: Market, _view: View) -> Frame:
    """Key figures of the chosen area."""
    price, both = market.prices.hourly, market.both
    negative = price < 0
    figures: dict[str, float | None] = {
        "mean_price_eur_mwh": mean_of(price),
        "mean_price_where_both_eur_mwh": mean_of(price[both]),
        "capture_price_eur_mwh": market.capture_price,
        "production_mwh": market.energies.measured / MWH if market.energies.seconds.any() else None,
        "negative_hours": float(negative.sum()),
        "priced_hours": float(np.isfinite(price).sum()),
        "hours_with_both": float(both.sum()),
        "pearson_r": market.correlation,
    }
    table = pd.DataFrame([{"area": market.area, **figures}])
    notes = {"figures": figures, "area": market.area, "covered": market.energies.covered(market.due)}
    return Frame(table, covered(market), notes)


@about(market_of)
def curve_frame(market: Market, view: View) -> Frame:
    """Price and production by hour or by day. Notes: start, end (ms UTC), price, wh, share (measured), step, zone."""
    if step_of(view) == "hour":
        edges = market.span.edges
        price, wh = market.prices.hourly, market.total
        share = np.where(np.isfinite(wh), 1.0, 0.0)
    else:
        _, places = market.span.days()
        edges = market.span.start + places * HOUR_MS
        price, wh = day_prices(market.prices, places), day_energy(market.energies, places)
        share = day_share(market.energies, places)
    table = pd.DataFrame(
        {
            "start_local": local_iso(edges[:-1], market.span),
            "price_eur_mwh": np.round(price, 2),
            "production_mwh": np.round(wh / MWH, 3),
            "production_measured": np.round(share, 3),
        }
    )
    notes = {"edges": edges, "price": price, "wh": wh, "share": share, "step": step_of(view), "zone": market.span.zone}
    return Frame(table, covered(market), notes)


def step_of(view: View) -> str:
    """`hour` or `day`, by what is chosen and how long the period is."""
    asked = view.option("step", STANDARDS["step"])
    return "hour" if view.length <= LONGEST_HOURLY.get(asked, 0) else "day"


@about(market_of)
def recent_frame(market: Market, _view: View) -> Frame:
    """The newest hours of the chosen area, newest first; partly priced ones with how much is priced."""
    priced, total = market.prices, market.total
    there = (priced.seconds > 0) | (market.energies.seconds > 0).any(axis=0)
    places = np.flatnonzero(there)[::-1][:RECENT_HOURS]
    table = pd.DataFrame(
        {
            "start_local": local_iso(market.span.at[places], market.span),
            "area": market.area,
            "price_eur_mwh": np.round(priced.hourly[places], 2),
            "priced_s": priced.seconds[places],
            "production_mwh": np.round(total[places] / MWH, 3),
        }
    )
    return Frame(table, None, {"at": market.span.at[places], "zone": market.span.zone})


def days_frame(reader: Reader, view: View) -> Frame:
    """Production and mean price of each day and area, newest first: the last TABLE_DAYS days of the period."""
    first = max(view.start, view.end - timedelta(days=TABLE_DAYS))
    span = span_of(first, view.end, ZONES[SOURCE])
    days, places = span.days()
    areas = []
    for area in market_areas(reader):
        energies, prices = production_of(reader, area, span, view.several("types")), prices_of(reader, area, span)
        columns = {
            "day": days,
            "area": area,
            "mean_price_eur_mwh": day_prices(prices, places),
            "priced": day_sums(prices.seconds.astype(np.float64), places) / (np.diff(places) * 3600),
            "production_mwh": day_energy(energies, places) / MWH,
            "production_measured": day_share(energies, places),
        }
        areas.append(pd.DataFrame(columns).dropna(how="all", subset=["mean_price_eur_mwh", "production_mwh"]))
    if not areas:
        return EMPTY_FRAME
    table = pd.concat(areas).sort_values(["day", "area"], ascending=[False, True], ignore_index=True)
    return Frame(table, None, {"first": first})


@about(market_of)
def cumulative_frame(market: Market, _view: View) -> Frame:
    """Production added up from the first day of the period, by type, MWh at the end of each local day."""
    if not market.energies.seconds.any():
        return EMPTY_FRAME
    days, places = market.span.days()
    columns: dict[str, Real] = {}
    for row, name in enumerate(market.energies.groups):
        daily = day_sums(np.where(market.energies.seconds[row] > 0, market.energies.wh[row], np.nan), places) / MWH
        # A day without readings adds nothing and is not drawn; a person must not take it for a quiet day.
        columns[name] = np.where(np.isfinite(daily), np.cumsum(np.nan_to_num(daily)), np.nan)
    order = sorted(columns, key=lambda name: -float(np.nanmax(columns[name], initial=0.0)))
    table = pd.DataFrame({"day": days} | {f"{name}_mwh": np.round(columns[name], 3) for name in order})
    return Frame(
        table, market.energies.covered(market.due), {"days": days, "columns": {name: columns[name] for name in order}}
    )


@about(market_of)
def capture_frame(market: Market, _view: View) -> Frame:
    """Capture price of each type: dear when it produces in dear hours. Types that produced nothing have none."""
    price = market.prices.hourly
    mean = mean_of(price[market.both])
    rows: list[dict[str, Any]] = [
        {"type": name, "capture_price_eur_mwh": found, "of_mean": found / mean if mean else None, "mwh": energy / MWH}
        for name in market.energies.groups
        if (found := capture(price, wh := market.energies.of(name))) is not None
        and (energy := float(wh[np.isfinite(wh) & np.isfinite(price)].sum())) > 0
    ]
    rows.sort(key=lambda row: row["capture_price_eur_mwh"])
    table = pd.DataFrame(rows)
    return Frame(table, covered(market), {"mean": mean, "whole": market.capture_price})


@about(market_of)
def negative_frame(market: Market, _view: View) -> Frame:
    """Hours with a mean price below zero, by day or by month, and what was produced in them."""
    if not market.prices.seconds.any():
        return EMPTY_FRAME
    days, places = market.span.days()
    price = market.prices.hourly
    below, known = price < 0, np.isfinite(price)
    monthly = len(days) > TABLE_DAYS
    starts = [place for place, day in enumerate(days) if not monthly or day.day == 1 or place == 0]
    edges = np.append(places[starts], places[-1])
    produced = np.where(below & np.isfinite(market.total), market.total, 0.0)
    table = pd.DataFrame(
        {
            "from": [days[place] for place in starts],
            "negative_hours": day_sums(below.astype(np.float64), edges).astype(int),
            "priced_hours": day_sums(known.astype(np.float64), edges).astype(int),
            "hours": np.diff(edges),
            "production_mwh": np.round(day_sums(produced, edges) / MWH, 3),
        }
    )
    return Frame(table, covered(market), {"monthly": monthly, "hours": int(below.sum())})


@about(market_of)
def scatter_frame(market: Market, _view: View) -> Frame:
    """Price and production of each hour in which both are known."""
    if not market.both.any():
        return EMPTY_FRAME
    both = market.both
    table = pd.DataFrame(
        {
            "start_local": local_iso(market.span.at[both], market.span),
            "production_mwh": np.round(market.total[both] / MWH, 3),
            "price_eur_mwh": np.round(market.prices.hourly[both], 2),
        }
    )
    return Frame(table, covered(market, both), {"r": market.correlation, "area": market.area})
