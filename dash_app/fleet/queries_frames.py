"""The frames of the page about many meters: what each card holds."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from sync.fleet.names import ALL, PERCENTILES, SLOTS, day_of, needed

from ..kit.blocks import Frame
from ..kit.reader import Reader
from ..kit.sizes import measured
from ..kit.view import View
from .queries import Fleet, by_in, fleet_in, group_in, groups_of, mark_now, summary_of
from .queries_sums import SEASONS, Households, Real, bands_of, covered, households_of, profile_of, step_of

BINS = 28  # of the distribution, up to its 99th percentile; what is above stands in one more
ROUND = (0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)  # kWh, widths of a bin
KINDS = ("weekdays", "weekends")

Ask = Callable[[Reader, View, Fleet, str], Frame]


def _of_fleet(ask: Ask) -> Callable[[Reader, View], Frame]:
    """A frame of the chosen fleet and group; empty without one, and before its first summary."""

    def frame(reader: Reader, view: View) -> Frame:
        fleet = fleet_in(reader, view)
        if fleet is None or summary_of(reader, fleet).at is None:
            return Frame(pd.DataFrame())
        return ask(reader, view, fleet, group_in(reader, fleet, view))

    frame.__doc__ = ask.__doc__
    return frame


@_of_fleet
def key_frame(reader: Reader, view: View, fleet: Fleet, group: str) -> Frame:
    """Key figures: one row. Notes: figures, and what the summary does not cover."""
    notes = _state_notes(reader, fleet)
    found = households_of(reader, fleet, view.start, view.end).within(group)
    daily = found.daily
    if not len(daily):
        return Frame(pd.DataFrame() if notes["warning"] is None else pd.DataFrame([{"households": 0}]), None, notes)
    ordered = np.sort(daily)
    largest = ordered[len(ordered) - max(1, round(len(ordered) / 10)) :]
    figures = {
        "households": len(found),
        "counted": len(daily),
        **{f"p{percent}_kwh_a_day": quantile(daily, percent) / 1000 for percent in PERCENTILES},
        "mean_kwh_a_day": float(daily.mean()) / 1000,
        "share_of_largest_tenth": float(largest.sum() / ordered.sum()) if ordered.sum() > 0 else None,
        "only_zeros": int((daily == 0).sum()),
    }
    table = pd.DataFrame([{"fleet": fleet.name, "group": group, **figures}])
    notes |= {"figures": figures, "group": group, "needed": needed(view.length)}
    return Frame(table, covered(reader, fleet, group, view), notes)


def _state_notes(reader: Reader, fleet: Fleet) -> dict[str, Any]:
    """at: when the summary was made; warning: `making`, `stale`, `lacking` or None, with its numbers."""
    state, now = summary_of(reader, fleet), mark_now(reader, fleet)
    notes: dict[str, Any] = {"at": state.at, "source": fleet.source, "warning": None}
    if state.began is not None:
        done = state.months - len(state.todo)
        return notes | {"warning": "making", "numbers": {"done": done, "months": state.months}}
    if state.done is None or state.done != now:
        more = now.readings - (state.done.readings if state.done else 0)
        return notes | {"warning": "stale", "numbers": {"readings": max(0, more)}}
    if state.lacking:
        return notes | {"warning": "lacking", "numbers": {"readings": state.lacking}}
    return notes


@_of_fleet
def bands_frame(reader: Reader, view: View, fleet: Fleet, group: str) -> Frame:
    """Percentiles of the households' energy a complete day, kWh, by day, week or month."""
    step = step_of(view)
    rows = bands_of(reader, fleet, group, view)
    table = pd.DataFrame(
        [
            {"from": day_of(row["_id"]["day"]), "households": row["n"], "mean_kwh_a_day": row["mean"] / 1000}
            | {f"p{percent}_kwh_a_day": row[f"p{percent}"] / 1000 for percent in PERCENTILES}
            for row in rows
        ]
    )
    return Frame(table, covered(reader, fleet, group, view), {"step": step, "days": (view.start, view.end)})


@_of_fleet
def distribution_frame(reader: Reader, view: View, fleet: Fleet, group: str) -> Frame:
    """How many households use how much: a row a bin of kWh a complete day, the last one open."""
    found = households_of(reader, fleet, view.start, view.end).within(group)
    daily = found.daily / 1000
    if not len(daily):
        return Frame(pd.DataFrame())
    counts, edges = binned(daily)
    table = pd.DataFrame(
        {
            "from_kwh_a_day": edges[:-1],
            "to_kwh_a_day": [*edges[1:-1].tolist(), float("nan") if np.isinf(edges[-1]) else float(edges[-1])],
            "households": counts,
            "share": np.round(counts / len(daily), 6),
        }
    )
    notes = {
        "quantiles": {percent: quantile(daily, percent) for percent in PERCENTILES},
        "edges": edges,
        "zeros": int((daily == 0).sum()),
        "left_out": len(found) - len(daily),
        "needed": needed(view.length),
    }
    return Frame(table, covered(reader, fleet, group, view), notes)


def binned(daily: Real) -> tuple[Any, Real]:
    """(households by bin, edges): bins of one round width, then one to infinity if there is anything beyond."""
    top = quantile(daily, 99)
    width = next((each for each in ROUND if top / each <= BINS), ROUND[-1])
    number = max(1, math.ceil(round(top / width, 9)))
    if float(daily.max()) < number * width:
        edges = np.round(np.arange(number + 1) * width, 6)
    else:
        edges = np.append(np.round(np.arange(number + 1) * width, 6), np.inf)
    place = np.searchsorted(edges, daily, side="right") - 1
    return np.bincount(place, minlength=len(edges) - 1), edges


@_of_fleet
def profile_frame(reader: Reader, view: View, fleet: Fleet, group: str) -> Frame:
    """Mean power of a household by half-hour of the local day, weekdays and weekends, by season."""
    profile = profile_of(reader, fleet, group, view.start, view.end)
    rows = []
    for season, name in enumerate(SEASONS):
        for weekend, kind in enumerate(KINDS):
            watts = profile.watts(weekend, season)
            seconds = profile.seconds[weekend, season]
            rows += [
                {
                    "season": name,
                    "days": kind,
                    "local_time": clock(slot),
                    "mean_w": round(float(watts[slot]), 3),
                    "measured_hours": round(float(seconds[slot]) / 3600, 3),
                }
                for slot in np.flatnonzero(np.isfinite(watts)).tolist()
            ]
    table = pd.DataFrame(rows)
    return Frame(table, covered(reader, fleet, group, view), {"profile": profile, "is_production": _feeds(fleet)})


@_of_fleet
def groups_frame(reader: Reader, view: View, fleet: Fleet, _group: str) -> Frame:
    """A row a group of the chosen column, all households first: percentiles of their energy a complete day."""
    found = households_of(reader, fleet, view.start, view.end)
    rows = []
    for name in _compared(reader, fleet, view, found):
        own = found.within(name)
        daily = own.daily / 1000
        row: dict[str, Any] = {"group": name, "households": len(own), "counted": len(daily)}
        if len(daily):
            row |= {"mean_kwh_a_day": float(daily.mean())}
            row |= {f"p{percent}_kwh_a_day": quantile(daily, percent) for percent in PERCENTILES}
            rows.append(row)
    if len(rows) < 2:  # a group of everyone says nothing new
        return Frame(pd.DataFrame())
    return Frame(pd.DataFrame(rows), covered(reader, fleet, ALL, view), {"by": by_in(fleet, view)})


@_of_fleet
def group_profile_frame(reader: Reader, view: View, fleet: Fleet, _group: str) -> Frame:
    """Mean power of a household of each group by half-hour of the local day."""
    found = households_of(reader, fleet, view.start, view.end)
    rows = []
    for name in _compared(reader, fleet, view, found):
        if name == ALL or name.endswith("="):
            continue
        watts = profile_of(reader, fleet, name, view.start, view.end).watts()
        households = len(found.within(name))
        rows += [
            {"group": name, "households": households, "local_time": clock(slot), "mean_w": round(float(watts[slot]), 3)}
            for slot in range(SLOTS)
            if np.isfinite(watts[slot])
        ]
    return Frame(pd.DataFrame(rows), covered(reader, fleet, ALL, view), {"is_production": _feeds(fleet)})


def _compared(reader: Reader, fleet: Fleet, view: View, found: Households) -> list[str]:
    """`all`, the groups of the chosen column, and those that are in none of them."""
    column = by_in(fleet, view)
    if not column:
        return []
    named = [name for name in groups_of(reader, fleet) if name.startswith(f"{column}=")]
    without = [f"{column}="] if any(not groups.get(column) for groups in found.groups) else []
    return [ALL, *named, *without] if named else []


@_of_fleet
def storage_frame(reader: Reader, _view: View, fleet: Fleet, _group: str) -> Frame:
    """Bytes that a household takes in both forms, a row a form: the whole pair by the number of its series."""
    found = measured(reader)
    own = next((each for each in found.pairs if each.source == fleet.source), None)
    if own is None or own.refused or own.series == 0:
        return Frame(pd.DataFrame())
    rows = [
        {
            "form": form,
            "series": own.series,
            "readings_a_series": own.readings / own.series,
            **{name: amount / own.series for name, amount in _bytes(size).items()},
        }
        for form, size in (("regular", own.regular), ("timeseries", own.timeseries))
    ]
    notes = {"at": found.at, "version": found.server_version, "settled": own.settled}
    return Frame(pd.DataFrame(rows), None, notes)


def _bytes(size: Any) -> dict[str, int]:
    return {
        "data_bytes": size.data_bytes,
        "storage_bytes": size.storage_bytes,
        "index_bytes": size.index_bytes,
        "total_bytes": size.storage_bytes + size.index_bytes,
    }


def quantile(values: Real, percent: int) -> float:
    """Interpolated between neighbours, as the server's are."""
    return float(np.percentile(values, percent))


def clock(slot: int) -> str:
    """`06:30`, when a half-hour begins."""
    return f"{slot // 2:02d}:{slot % 2 * 30:02d}"


def _feeds(fleet: Fleet) -> bool:
    return fleet.flow == "production"
