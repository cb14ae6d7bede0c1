"""The coverage page's answers as frames: what each card draws, and its CSV file holds."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any

import pandas as pd

from sync.model.privacy import scrub
from sync.model.readings import Series
from sync.model.window import Entry, Window

from ..kit.address import EARLIEST, LATEST
from ..kit.blocks import Frame
from ..kit.reader import ZONES, Reader
from ..kit.view import View
from .queries import BEFORE, DUE, PROBLEMS, STATES, DayCoverage, History, history
from .queries_upkeep import Upkeep, fetch_command, problems, upkeep, windows_of

MOST_YEARS = 6
DAY = "day"  # the page's option


def days_of(found: History, view: View) -> list[DayCoverage]:
    """The days of a view's period that are due."""
    return [each for each in found.between(view.start, view.end) if each.state not in (DUE, BEFORE)]


def covered_share(counted: Iterable[DayCoverage]) -> float | None:
    """Covered seconds of expected seconds, 0 … 1; None without a day."""
    pairs = [(min(each.covered, each.expected), each.expected) for each in counted]
    return sum(covered for covered, _ in pairs) / sum(expected for _, expected in pairs) if pairs else None


def own_day(view: View) -> date | None:
    """The day that a reader chose; None without one, or for a text that is no day of a meter's life."""
    try:
        day = date.fromisoformat(view.option(DAY, ""))
    except ValueError:
        return None
    return day if EARLIEST <= day < LATEST else None


def chosen_day(found: History, view: View) -> date:
    """The day a reader chose; else the newest one of the period with a problem, else its newest one."""
    if own := own_day(view):
        return own
    counted = days_of(found, view)
    wrong = [each.day for each in counted if each.state in PROBLEMS]
    return wrong[-1] if wrong else counted[-1].day if counted else view.end - timedelta(days=1)


def states_frame(reader: Reader, view: View) -> Frame:
    """A row a state: days of the period."""
    found = history(reader, view)
    if found is None:
        return Frame(pd.DataFrame())
    counted = days_of(found, view)
    rows = [{"state": state, "days": sum(each.state == state for each in counted)} for state in STATES[:-2]]
    return Frame(pd.DataFrame(rows), covered_share(counted), {"days": counted, "found": found, "view": view})


def calendar_frame(reader: Reader, view: View) -> Frame:
    """A row a day of the calendar years that the period touches, the newest MOST_YEARS of them."""
    found = history(reader, view)
    if found is None:
        return Frame(pd.DataFrame())
    last = (view.end - timedelta(days=1)).year
    years = range(max(view.start.year, last - MOST_YEARS + 1), last + 1)
    shown = found.between(date(years[0], 1, 1), date(last + 1, 1, 1))
    table = pd.DataFrame([_day_row(each) for each in shown])
    notes = {"days": shown, "chosen": chosen_day(found, view)}
    return Frame(table, covered_share(days_of(found, view)), notes)


def day_frame(reader: Reader, view: View) -> Frame:
    """A row a ledger window of the chosen day; without any the day itself."""
    found = history(reader, view)
    if found is None:
        return Frame(pd.DataFrame())
    day = chosen_day(found, view)
    (each,) = found.between(day, day + timedelta(days=1))
    windows = windows_of(found, day)
    rows = [_entry_row(kind, entry) for kind, entry in windows] or [_day_row(each)]
    command = "" if each.state in (DUE, BEFORE) else _command_of(found, day)
    notes = {"day": each, "windows": windows, "command": command, "found": found}
    return Frame(pd.DataFrame(rows), covered_share([each]), notes)


def problems_frame(reader: Reader, view: View) -> Frame:
    """A row a problem, over the whole history. One row `none` when there is nothing to mend."""
    found = history(reader, view)
    if found is None:
        return Frame(pd.DataFrame())
    wrong = problems(found, upkeep(reader), reader.settings, reader.now())
    rows = [
        {"problem": each.key.rpartition(".")[2], **_plain(each.values), "command": each.command} for each in wrong
    ] or [{"problem": "none", "command": ""}]
    return Frame(pd.DataFrame(rows), notes={"problems": wrong, "zone": found.zone})


def ledger_frame(reader: Reader, view: View) -> Frame:
    """A row a window asked for, newest days first."""
    found = history(reader, view)
    if found is None:
        return Frame(pd.DataFrame())
    entries = [("curve", entry) for entry in found.entries] + [("totals", entry) for entry in found.totals_entries]
    entries.sort(key=lambda each: (each[1].window.start, each[0]), reverse=True)
    table = pd.DataFrame([_entry_row(kind, entry) for kind, entry in entries])
    return Frame(table, notes={"found": found, "entries": entries})


def calls_frame(reader: Reader, view: View) -> Frame:
    """One row: calls of this UTC day, by this machine and by the functions."""
    state = upkeep(reader)
    usage = state.usage
    row = (
        {"unreadable": usage}
        if isinstance(usage, str)
        else {"day_utc": usage.day.isoformat(), "calls": usage.calls, "limit": usage.limit, "closed": usage.closed}
    )
    table = pd.DataFrame([row | {"calls_of_functions": state.runs_today}])
    return Frame(table, notes={"state": state, "zone": _zone(reader, view)})


def runs_frame(reader: Reader, view: View) -> Frame:
    """A row a run of an Atlas function, newest first."""
    state = upkeep(reader)
    fields = ("function", "at", "seconds", "ok", "calls", "new", "changed", "waiting", "text")
    rows = [_plain({name: getattr(run, name) for name in fields}) for run in state.runs]
    return Frame(pd.DataFrame(rows), notes={"state": state, "zone": _zone(reader, view)})


def verification_frame(reader: Reader, view: View) -> Frame:
    """A row a pair: its newest comparison, document by document."""
    state: Upkeep = upkeep(reader)
    rows = [
        {"source": each.source, "identical": each.identical, "at": each.at.isoformat(), "documents": each.count}
        | dict(each.differences)
        for each in state.verifications
    ]
    return Frame(pd.DataFrame(rows), notes={"state": state, "zone": _zone(reader, view)})


def _command_of(found: History, day: date) -> str:
    return fetch_command(found, Window(day, day + timedelta(days=1)))


def _zone(reader: Reader, view: View) -> Any:
    series: Series | None = reader.series_at(view)
    return ZONES[series.source if series else "linky"]


def _day_row(each: DayCoverage) -> dict[str, Any]:
    return {
        "day": each.day.isoformat(),
        "state": each.state,
        "covered_seconds": each.covered,
        "expected_seconds": each.expected,
        "readings": each.readings,
        "wh": each.wh if each.readings else None,
        "daily_total_wh": each.total,
    }


def _entry_row(kind: str, entry: Entry) -> dict[str, Any]:
    return {
        "kind": kind,
        "from": entry.window.start.isoformat(),
        "until": entry.window.end.isoformat(),
        "state": entry.state,
        "asked_at": entry.at.isoformat(),
        "readings": entry.readings,
        "wh": entry.wh,
        "calls": entry.calls,
        "status": entry.status,
        "reason": scrub(entry.reason),
        "short_days": " ".join(day.isoformat() for day in entry.short_days),
    }


def _plain(values: Any) -> dict[str, Any]:
    return {name: each.isoformat() if hasattr(each, "isoformat") else each for name, each in values.items()}
