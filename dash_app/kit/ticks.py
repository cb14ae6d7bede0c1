"""Ticks at local hours, midnights and months on axes of UTC instants; hatching where nothing was measured."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np

from sync.model.localtime import midnight

from .figures import SILENT, colour, faded, scatter
from .locale import Look

HOUR_MS = 3_600_000
DAY_MS = 86_400_000
MOST = 8  # ticks that a phone has room for
FEW = 3  # days; up to so many have ticks at hours
WEEKLY = 16  # days; more have ticks on Mondays
HOUR_STEPS = (1, 2, 3, 6, 12)
MONTH_STEPS = (1, 2, 3, 6, 12)

Polygon = Sequence[tuple[float, float]]


def time_ticks(start: int, end: int, zone: ZoneInfo, look: Look) -> dict[str, Any]:
    """`tickvals` (ms UTC) and `ticktext` (local) of [start, end), ms UTC; for an axis of type date."""
    found = _hours(start, end, zone) if end - start <= FEW * DAY_MS else _days(start, end, zone)
    texts = _texts([local for _, local in found], end - start, look)
    return {"type": "date", "tickmode": "array", "tickvals": [at for at, _ in found], "ticktext": texts, "tickangle": 0}


def day_ticks(first: date, end: date, look: Look) -> dict[str, Any]:
    """Ticks of an axis on which each local day [first, end) stands at its own date, whatever its length."""
    days = _spaced(first, end)
    values = [each.isoformat() for each in days]
    length = max((end - first).days, FEW + 1) * DAY_MS
    texts = _texts([datetime(each.year, each.month, each.day) for each in days], length, look)  # noqa: DTZ001
    return {"type": "date", "tickmode": "array", "tickvals": values, "ticktext": texts, "tickangle": 0}


def hatching(polygons: Iterable[Polygon], look: Look, **more: Any) -> dict[str, Any]:
    """One trace of hatched grey polygons: not measured."""
    x: list[float | None] = []
    y: list[float | None] = []
    for polygon in polygons:
        x += [at for at, _ in polygon] + [polygon[0][0], None]
        y += [height for _, height in polygon] + [polygon[0][1], None]
    grey = colour(look, "missing")
    base = scatter(
        "lines",
        x[:-1],
        y[:-1],
        name=look.text("consumption.not_measured"),
        line={"width": 0, "color": grey},
        fill="toself",
        fillcolor=faded(look, "missing", 0.12),
        fillpattern={
            "shape": "/",
            "fgcolor": grey,
            "bgcolor": faded(look, "missing", 0.12),
            "size": 6,
            "solidity": 0.25,
        },
        **SILENT,
    )
    return base | more


def box(left: float, right: float, bottom: float, top: float) -> Polygon:
    """A rectangle."""
    return ((left, bottom), (right, bottom), (right, top), (left, top))


def stretches(marked: Any) -> list[tuple[int, int]]:
    """Places [first, last) of each run of neighbours that are marked, of an array of bools."""
    edges = np.flatnonzero(np.diff(np.concatenate([[False], marked, [False]]).astype(int))).tolist()
    return list(zip(edges[::2], edges[1::2], strict=True))


def flow_of(notes: Mapping[str, Any]) -> str:
    """The meaning of a series' colour."""
    return "production" if notes["is_production"] else "consumption"


def flow_text(notes: Mapping[str, Any], unit: str, look: Look) -> str:
    """The title of an axis: what the flow is called, with the unit (`w`, `kwh`)."""
    return look.text(f"consumption.axis.{flow_of(notes)}_{unit}")


def clock(minute: int) -> str:
    """`14:30`, as both languages write it; minute: of the day."""
    return f"{minute // 60:02d}:{minute % 60:02d}"


def _hours(start: int, end: int, zone: ZoneInfo) -> list[tuple[int, datetime]]:
    step = next((each for each in HOUR_STEPS if (end - start) / HOUR_MS / each <= MOST), HOUR_STEPS[-1])
    every = range(-(-start // HOUR_MS) * HOUR_MS, end + 1, HOUR_MS)
    local = [(at, datetime.fromtimestamp(at / 1000, UTC).astimezone(zone)) for at in every]
    return [(at, moment) for at, moment in local if moment.hour % step == 0]


def _days(start: int, end: int, zone: ZoneInfo) -> list[tuple[int, datetime]]:
    first, last = (datetime.fromtimestamp(at / 1000, zone).date() for at in (start, end))
    days = _spaced(first, last + timedelta(days=1))
    at = [(midnight(each, zone), datetime(each.year, each.month, each.day)) for each in days]  # noqa: DTZ001
    return [(instant, local) for instant, local in at if start <= instant <= end]


def _spaced(first: date, end: date) -> list[date]:
    """Evenly chosen days of [first, end): all, every so many, Mondays, or firsts of months."""
    count = (end - first).days
    if count <= MOST + 1:
        return [first + timedelta(days=place) for place in range(count)]
    if count <= 3 * 31:
        step = 7 * -(-count // (7 * MOST)) if count > WEEKLY else 3
        monday = first + timedelta(days=-first.weekday() % 7) if step >= 7 else first
        return [monday + timedelta(days=place) for place in range(0, (end - monday).days, step)]
    months = round(count / 30.44)
    step = next((each for each in MONTH_STEPS if months / each <= MOST), -(-months // MOST // 12) * 12)
    found = []
    number = first.year * 12 + first.month - (first.day == 1)
    while (day := date(number // 12, number % 12 + 1, 1)) < end:
        if number % step == 0:
            found.append(day)
        number += 1
    return found


def _texts(locals_: Sequence[datetime], length: int, look: Look) -> list[str]:
    """The texts of ticks where `length` ms are shown; the month only where it begins to hold."""
    found: list[str] = []
    month = ""
    for local in locals_:
        name = look.day(local.date(), "MMM")
        if length <= FEW * DAY_MS:
            hour = f"{local:%H:%M}"
            found.append(hour if local.hour else f"{hour}<br>{look.day(local.date(), 'EEE d MMM')}")
        elif length <= 8 * DAY_MS + HOUR_MS:
            found.append(_two_lines(local, "d MMM" if name != month else "d", look))
        elif WEEKLY * DAY_MS + HOUR_MS < length <= 45 * DAY_MS:
            found.append(_two_lines(local, "d MMM", look))
        elif length <= 93 * DAY_MS + HOUR_MS:
            found.append(look.day(local.date(), "d MMM"))
        else:
            found.append(f"{name}<br>{local.year}" if local.month == 1 or length <= 150 * DAY_MS else name)
        month = name
    return found


def _two_lines(local: datetime, form: str, look: Look) -> str:
    return f"{look.day(local.date(), 'EEE')}<br>{look.day(local.date(), form)}"


def hours_text(off_peak: tuple[tuple[int, int], ...]) -> str:
    """`22:30–06:30`: two ranges that meet at midnight are one."""
    ranges = list(off_peak)
    if len(ranges) > 1 and ranges[0][0] == 0 and ranges[-1][1] == 1440:
        ranges = [*ranges[1:-1], (ranges[-1][0], ranges[0][1])]
    return ", ".join(f"{clock(start)}–{clock(end)}" for start, end in ranges)
