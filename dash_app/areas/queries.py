"""What the page of the Norwegian areas asks: energy by group and area, and weather beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from ..hours.queries import (
    HOUR_MS,
    MWH,
    Energies,
    Real,
    Span,
    area_of,
    areas_of,
    day_energy,
    due_in,
    energies_of,
    extent_in,
    local_iso,
    pearson,
    scope_in,
    span_in,
    weather_of,
)
from ..kit.blocks import EMPTY_FRAME, Frame, about
from ..kit.reader import ZONES, Reader
from ..kit.view import Scope, View

SOURCE, WEATHER = "elhub", "weather"
FLOWS = ("production", "consumption")
VARIABLES = ("temperature_c", "precipitation_mm", "wind_ms")
ENERGY = "energy"
COLOURS = (ENERGY, *VARIABLES)  # what the map can be coloured by
SUMMED = "precipitation_mm"  # over a period it adds up; the others have a mean
STANDARDS = {
    "area": "NO1",
    "flow": "production",
    "groups": "",
    "colour": ENERGY,
    "weather": "temperature_c",
    "lag": "0",
    "days": "14",
}
LAGS = (-72, 72)  # hours
WINDOWS = (3, 60)  # days of the moving correlation
LONGEST_HOURLY = 31  # days drawn by hour; longer periods by day
MOST_POINTS = 1500  # of a moving correlation: more than a screen has columns


def scope(reader: Reader, asked: Mapping[str, str]) -> Scope | None:
    """Shown at first: the last days on which the area has energy of the flow; weather comes later, or ends before."""
    flow = asked.get("flow", FLOWS[0])
    area = area_in(reader, asked.get("area", ""))
    return scope_in(reader, SOURCE, extent_in(reader, SOURCE, flow, area).end)


@dataclass(frozen=True, slots=True)
class Sums:
    """One area over the period. wh: by group, as far as measured; covered: share of the expected time, None without."""

    area: str
    wh: dict[str, float]
    covered: float | None

    @property
    def total(self) -> float:
        return sum(self.wh.values())


def area_in(reader: Reader, asked: str) -> str:
    """The asked area, or the one that is shown at first."""
    return area_of(asked, STANDARDS["area"], {each for flow in FLOWS for each in areas_of(reader, SOURCE, flow)})


def energies_in(reader: Reader, view: View, area: str = "") -> Energies:
    """The chosen flow and groups of an area (the chosen one) over the period."""
    area = area or area_in(reader, view.option("area", ""))
    return energies_of(reader, SOURCE, view.one_of("flow", FLOWS), area, span_in(view, SOURCE)).picked(
        view.several("groups")
    )


def sums_of(reader: Reader, view: View) -> list[Sums]:
    """Every area with such readings in the period."""
    found = []
    for area in areas_of(reader, SOURCE, view.one_of("flow", FLOWS)):
        energies = energies_in(reader, view, area)
        if wh := sums_in(energies):
            found.append(Sums(area, wh, energies.covered(due_in(reader, energies.span))))
    return found


def sums_in(energies: Energies) -> dict[str, float]:
    """Wh of each group with a reading in the period."""
    rows = [(row, name) for row, name in enumerate(energies.groups) if energies.seconds[row].any()]
    return {name: float(energies.wh[row].sum()) for row, name in rows}


# --- frames -----------------------------------------------------------------------------------------------------------


def key_frame(reader: Reader, view: View) -> Frame:
    """Energy of the chosen area and groups, its hours of most and least, and its share of all areas."""
    energies = energies_in(reader, view)
    if not energies.seconds.any():
        return EMPTY_FRAME
    total, span = energies.total, energies.span
    known = np.isfinite(total)
    wh = energies.measured
    every = sum(each.total for each in sums_of(reader, view))
    ends = [int(np.nanargmax(total)), int(np.nanargmin(total))] if known.any() else []
    figures: dict[str, Any] = {
        "mwh": wh / MWH,
        "share_of_all_areas": wh / every if every > 0 else None,
        "mean_mwh": float(total[known].mean()) / MWH if ends else None,
        "most_mwh": float(total[ends[0]]) / MWH if ends else None,
        "least_mwh": float(total[ends[1]]) / MWH if ends else None,
        "hours": int(known.sum()),
    }
    area = area_in(reader, view.option("area", ""))
    times = [datetime.fromtimestamp(int(span.at[place]) / 1000, span.zone) for place in ends]
    covered = energies.covered(due_in(reader, span))
    return Frame(pd.DataFrame([{"area": area, **figures}]), covered, {"figures": figures, "area": area, "times": times})


def shares_frame(reader: Reader, view: View) -> Frame:
    """Each group's energy in the chosen area, most first."""
    area = area_in(reader, view.option("area", ""))
    energies = energies_in(reader, view)
    wh = sums_in(energies)
    if not wh:
        return EMPTY_FRAME
    order = sorted(wh, key=lambda name: -wh[name])
    total = sum(wh.values())
    shares = [wh[name] / total if total > 0 else np.nan for name in order]
    table = pd.DataFrame({"group": order, "mwh": [wh[name] / MWH for name in order], "share": shares})
    notes = {"wh": {name: wh[name] for name in order}, "area": area, "flow": view.one_of("flow", FLOWS)}
    return Frame(table, energies.covered(due_in(reader, energies.span)), notes)


def totals_frame(reader: Reader, view: View) -> Frame:
    """Energy of each area and group over the period."""
    found = sums_of(reader, view)
    rows = [
        {"area": each.area, "group": name, "mwh": wh / MWH, "share_measured": each.covered}
        for each in found
        for name, wh in each.wh.items()
    ]
    return Frame(pd.DataFrame(rows), _least(found), {"sums": found, "flow": view.one_of("flow", FLOWS)})


def lines_frame(reader: Reader, view: View) -> Frame:
    """Energy of each group of the chosen area by hour, or by day for more than a month."""
    energies = energies_in(reader, view)
    if not energies.seconds.any():
        return EMPTY_FRAME
    span = energies.span
    hourly = view.length <= LONGEST_HOURLY
    _, places = span.days()
    edges = span.edges if hourly else span.start + places * HOUR_MS
    lines = {
        name: energies.of(name) if hourly else day_energy(energies.picked([name]), places) for name in energies.groups
    }
    table = pd.DataFrame(
        {"start_local": local_iso(edges[:-1], span)}
        | {f"{name}_mwh": np.round(line / MWH, 3) for name, line in lines.items()}
    )
    notes = {"edges": edges, "lines": lines, "hourly": hourly, "zone": span.zone, "flow": view.one_of("flow", FLOWS)}
    return Frame(table, energies.covered(due_in(reader, energies.span)), notes)


def map_frame(reader: Reader, view: View) -> Frame:
    """One number an area: energy of the chosen flow and groups, or a measure of the weather; unknown ones absent."""
    colour = view.one_of("colour", COLOURS)
    if colour == ENERGY:
        found = sums_of(reader, view)
        numbers = {each.area: each.total for each in found}
        shares = {each.area: each.covered for each in found}
    else:
        numbers, shares = {}, {}
        for area in areas_of(reader, WEATHER, WEATHER):
            hourly = weather_of(reader, area, colour, span_in(view, SOURCE))
            if (known := hourly[np.isfinite(hourly)]).size and area.startswith("NO"):
                numbers[area] = float(known.sum() if colour == SUMMED else known.mean())
                shares[area] = known.size / hourly.size
    unit = "wh" if colour == ENERGY else colour
    rows = [{"area": area, unit: number, "share_measured": shares[area]} for area, number in sorted(numbers.items())]
    least = min((share for share in shares.values() if share is not None), default=None)
    notes = {"numbers": numbers, "shares": shares, "colour": colour}
    return Frame(pd.DataFrame(rows), least, notes if colour == ENERGY else notes | {"sources": (WEATHER,)})


# --- weather against energy -------------------------------------------------------------------------------------------


def lagged(weather: Real, lag: int) -> Real:
    """The weather `lag` hours before each hour (after it, for a negative lag); NaN where that is outside."""
    found = np.full(len(weather), np.nan)
    if lag > 0:
        found[lag:] = weather[:-lag]
    elif lag < 0:
        found[:lag] = weather[-lag:]
    else:
        found[:] = weather
    return found


def rolling_pearson(first: Real, second: Real, hours: int) -> Real:
    """Pearson's r in a window of so many hours around each hour; NaN where less than half of it is known in both."""
    both = np.isfinite(first) & np.isfinite(second)
    if not both.any():
        return np.full(len(first), np.nan)
    x, y = (np.where(both, each - each[both].mean(), 0.0) for each in (first, second))
    count, sx, sy, sxx, syy, sxy = (_moving(each, hours) for each in (both.astype(float), x, y, x * x, y * y, x * y))
    with np.errstate(divide="ignore", invalid="ignore"):
        variance = (sxx - sx * sx / count) * (syy - sy * sy / count)
        scale = sxx * syy
        r = (sxy - sx * sy / count) / np.sqrt(variance)
    # What rounding leaves of a window that does not vary is no variance.
    known = (count >= max(3, hours / 2)) & (variance > 1e-18 * scale)
    return np.where(known, np.clip(r, -1.0, 1.0), np.nan)


def _moving(numbers: Real, hours: int) -> Real:
    """Sum of the window that begins hours // 2 before each place, as far as there is one."""
    sums = np.concatenate([[0.0], np.cumsum(numbers)])
    place = np.arange(len(numbers))
    start = np.maximum(0, place - hours // 2)
    end = np.minimum(len(numbers), place - hours // 2 + hours)
    return np.asarray(sums[end] - sums[start], dtype=np.float64)


Joined = tuple[Real, Real, Span, int]
"""(weather, energy, both by UTC hour from LAGS before the period to LAGS after it; its hours; how many are due)."""


def joined(reader: Reader, view: View) -> Joined | None:
    """Weather beside the energy of the chosen area; None without one of them."""
    inner = span_in(view, SOURCE)
    energies = energies_in(reader, view)
    area = area_in(reader, view.option("area", ""))
    wide = Span(inner.start + LAGS[0] * HOUR_MS, inner.end + LAGS[1] * HOUR_MS, ZONES[WEATHER])
    weather = weather_of(reader, area, view.one_of("weather", VARIABLES), wide)
    if not (energies.seconds.any() and np.isfinite(weather).any()):
        return None
    energy = np.full(len(wide), np.nan)
    energy[-LAGS[0] : len(wide) - LAGS[1]] = energies.total
    return weather, energy, inner, due_in(reader, inner)


@about(joined)
def lag_frame(found: Joined, view: View) -> Frame:
    """Pearson's r of weather and energy over the period, for each lag of -72 … 72 h."""
    weather, energy, _, due = found
    lags = list(range(LAGS[0], LAGS[1] + 1))
    r = [pearson(lagged(weather, lag), energy) for lag in lags]
    known = [(abs(each), -abs(lag), lag) for lag, each in zip(lags, r, strict=True) if each is not None]
    if not known:
        return EMPTY_FRAME
    notes = {"lag": int(view.number("lag", STANDARDS["lag"], LAGS)), "best": max(known)[2]}
    table = pd.DataFrame({"lag_h": lags, "pearson_r": r})
    return Frame(table, _known(_inner(energy), due), notes | {"sources": (SOURCE, WEATHER)})


@about(joined)
def rolling_frame(found: Joined, view: View) -> Frame:
    """Pearson's r at the chosen lag in a window that moves over the period."""
    weather, energy, span, due = found
    days = int(view.number("days", STANDARDS["days"], WINDOWS))
    lag = int(view.number("lag", STANDARDS["lag"], LAGS))
    r = rolling_pearson(_inner(lagged(weather, lag)), _inner(energy), days * 24)
    if not np.isfinite(r).any():
        return EMPTY_FRAME
    places = np.arange(0, len(r), max(1, -(-len(r) // MOST_POINTS)))
    at = span.at[places]
    table = pd.DataFrame({"at_local": local_iso(at, span), "pearson_r": np.round(r[places], 4)})
    notes = {"at": at, "r": r[places], "zone": span.zone, "ends": (span.start, span.end)}
    return Frame(table, _known(_inner(energy), due), notes | {"sources": (SOURCE, WEATHER)})


def _inner(wide: Real) -> Real:
    """The hours of the period itself."""
    return wide[-LAGS[0] : len(wide) - LAGS[1]]


def _known(energy: Real, due: int) -> float | None:
    """How much of what is due is known."""
    return float(np.isfinite(energy[:due]).mean()) if due else None


def _least(found: list[Sums]) -> float | None:
    return min((each.covered for each in found if each.covered is not None), default=None)
