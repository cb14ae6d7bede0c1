"""The load curve as a frame: readings, hours or days, by the length of what is looked at; and the strip under it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from sync.model.localtime_query import DAY_MS, offset_changes

from ..kit.address import ZOOM
from ..kit.blocks import Frame
from ..kit.reader import Reader
from ..kit.view import View
from .queries import HOUR_MS, Days, Intervals, Whole, local_of, moment
from .queries_frames import Period, iso, period_of

READINGS, HOURS, DAYS = "readings", "hours", "days"
LONGEST = {READINGS: 7, HOURS: 31}  # days shown at most in this resolution; longer ones by day
SHORTEST_ZOOM = HOUR_MS


def curve_frame(reader: Reader, view: View) -> Frame:
    """Average power of the period, or of the part that the view zooms into.

    Notes: curve (Intervals), resolution, gaps (start, end: ms UTC, within what is due), window (ms UTC, what is drawn),
    strip (Intervals over the whole period), zoomed, changes [(instant, ms the clock is put forward)].
    """
    period = period_of(reader, view)
    if period is None:
        return Frame(pd.DataFrame())
    zoom = zoom_of(view.option(ZOOM, ""), period)
    start, end = zoom or (period.start, period.stop)
    resolution = resolution_of(start, end)
    curve = _curve(period, start, end, resolution)
    strip = _curve(period, period.start, period.stop, max(resolution_of(period.start, period.stop), HOURS, key=_coarse))
    if not len(curve) and not len(strip):
        return Frame(pd.DataFrame())
    due = min(end, period.due_ms)
    notes = {
        "curve": curve,
        "strip": strip,
        "resolution": resolution,
        "window": (start, end),
        "period": (period.start, period.stop),
        "zoomed": zoom is not None,
        "gaps": gaps_in(curve, start, due),
        "changes": _changes(period, start, end),
        "zone": period.zone,
        "is_production": period.is_production,
        "days": {"first": period.first, "end": period.end},
    }
    return Frame(_table(curve, period), _covered(curve, start, due), notes)


def resolution_of(start: int, end: int) -> str:
    """The finest resolution for a stretch of time; an hour more for a change of the clocks."""
    return next((name for name, days in LONGEST.items() if end - start <= days * DAY_MS + HOUR_MS), DAYS)


def zoom_of(text: str, period: Period) -> tuple[int, int] | None:
    """`startms-endms` → whole hours within the period; None for no zoom, and for a text that means nothing."""
    first, _, last = text.partition("-")
    if not (first.isdecimal() and last.isdecimal() and len(text) < 40):
        return None
    start = max(period.start, int(first) // HOUR_MS * HOUR_MS)
    end = min(period.stop, -(-int(last) // HOUR_MS) * HOUR_MS)
    whole = (start, end) == (period.start, period.stop)
    return None if whole or end - start < SHORTEST_ZOOM else (start, end)


def gaps_in(curve: Intervals, start: int, end: int) -> list[tuple[int, int]]:
    """The stretches of [start, end) that no interval touches."""
    edges_before = np.concatenate([[start], curve.end])
    edges_after = np.concatenate([curve.start, [end]])
    places = np.flatnonzero(edges_after > edges_before)
    return [(int(edges_before[place]), int(edges_after[place])) for place in places]


def _curve(period: Period, start: int, end: int, resolution: str) -> Intervals:
    if resolution == READINGS:
        return period.readings(start, end)
    if resolution == HOURS:
        return period.hours(start, end, True)
    return _intervals(period.days(period.first, period.end), start, end)


def _intervals(days: Days, start: int, end: int) -> Intervals:
    """The measured days that touch [start, end), as intervals."""
    shown = (days.seconds > 0) & (days.edges[1:] > start) & (days.edges[:-1] < end)
    return Intervals(
        days.edges[:-1][shown],
        days.edges[1:][shown],
        days.wh[shown],
        days.seconds[shown],
        days.low[shown],
        days.high[shown],
    )


def _coarse(resolution: str) -> int:
    return (READINGS, HOURS, DAYS).index(resolution)


def _covered(curve: Intervals, start: int, end: int) -> float | None:
    return min(1.0, int(curve.seconds.sum()) * 1000 / (end - start)) if end > start else None


def _changes(period: Period, start: int, end: int) -> list[tuple[int, int]]:
    found = []
    for at, ahead in offset_changes(period.zone, moment(start), moment(end)):
        instant = np.array([round(at.timestamp() * 1000)])
        found.append((int(instant[0]), int(local_of(instant, period.zone)[0] - instant[0]) - ahead))
    return found


def _table(curve: Intervals, period: Period) -> pd.DataFrame:
    columns: dict[str, list[str] | Whole | pd.Series] = {
        "start_local": iso(curve.start, local_of(curve.start, period.zone)),
        "length_s": (curve.end - curve.start) // 1000,
        "wh": curve.wh,
        "covered_s": curve.seconds,
    }
    powers = {"average_w": curve.watts, "lowest_w": curve.low, "highest_w": curve.high}
    return pd.DataFrame(columns | {name: np.round(watts, 1) for name, watts in powers.items()})
