"""Coverage: a calendar of days, one day in detail, and every problem with the command that mends it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import dash_mantine_components as dmc
from dash import html
from dash.development.base_component import Component

from sync.http.budget import Usage
from sync.model.privacy import scrub
from sync.model.window import Entry

from ..kit.blocks import Block, Frame, Page
from ..kit.components import (
    attributes,
    code,
    named_figures,
    note,
    sentence,
    warning,
    with_command,
)
from ..kit.controls import option
from ..kit.locale import Look
from ..kit.reader import Reader
from ..kit.table import columns_in, table
from ..kit.view import View
from . import queries
from .calendar import calendar_body, hours, hours_of, state_words

MOST_PROBLEMS = 40


# --- the period -------------------------------------------------------------------------------------------------------


def answer_body(frame: Frame, look: Look) -> Component:
    """Whether anything is missing, in one sentence that says of which days, and the days by state."""
    days: list[queries.DayCoverage] = frame.notes["days"]
    sums: dict[str, int] = frame.notes["sums"]
    always = (queries.COMPLETE, *queries.LACKING)
    figures = [
        (state, look.number(count), _note_of(state, days, look))
        for state, count in sums.items()
        if count or state in always
    ]
    body: list[Component] = [sentence(headline(days, sums, look))]
    if frame.notes["outside"]:
        body.append(note(look.text("coverage.outside", count=frame.notes["outside"])))
    return html.Div([*body, named_figures("coverage.key", figures, look)])


def _note_of(state: str, days: list[queries.DayCoverage], look: Look) -> str:
    """What a state means; of whole days, where they are from."""
    whole = [each.origin for each in days if each.state == queries.COMPLETE]
    if state != queries.COMPLETE or not whole:
        return look.text(f"coverage.key.note.{state}")
    parts = {origin: whole.count(origin) for origin in (queries.IMPORTED, queries.FETCHED)}
    return ", ".join(look.text(f"coverage.count.{origin}", count=count) for origin, count in parts.items() if count)


def headline(days: list[queries.DayCoverage], sums: dict[str, int], look: Look) -> str:
    """Whether anything is missing, in one sentence."""
    if not days:
        return look.text("coverage.unserved" if sums[queries.UNSERVED] else "coverage.no_day_due")
    lacking = sum(max(0, each.expected - each.covered) for each in days)
    if lacking:
        return look.text(
            "coverage.something_missing", complete=sums[queries.COMPLETE], days=len(days), hours=hours(lacking, look)
        )
    if sums[queries.DIFFERS]:
        return look.text("coverage.only_differs", days=sums[queries.DIFFERS])
    return look.text("coverage.nothing_missing", days=len(days))


# --- a day ------------------------------------------------------------------------------------------------------------


def day_controls(reader: Reader, view: View, look: Look) -> Component:
    """A day by keyboard; a click on the calendar sets it too."""
    found = queries.history(reader, view)
    day = queries.chosen_day(found, view) if found else view.end - timedelta(days=1)
    own = queries.own_day(view)
    picker: Component = dmc.DateInput(
        id=option(queries.DAY),
        value=own.isoformat() if own else None,  # a day of our own choice stays out of the address
        placeholder=look.day(day),
        valueFormat=look.raw_text("unit.day"),
        size="xs",
        w=160,
        **attributes(aria_label=look.text("coverage.pick")),
    )
    return picker


def day_body(frame: Frame, look: Look) -> Component:
    """Coverage, energy against the daily total, the windows that hold it, and what fetches it again."""
    day: queries.DayCoverage = frame.notes["day"]
    command: str = frame.notes["command"]
    total = look.text("coverage.day.no_total") if day.total is None else f"{look.number(day.total)}\u202fWh"
    seconds = {"covered": look.number(day.covered), "expected": look.number(day.expected)}
    figures = [
        ("covered", look.text("coverage.hours", **hours_of(day, look)), look.text("coverage.seconds", **seconds)),
        ("readings", look.number(day.readings), ""),
        ("energy", f"{look.number(day.wh)}\u202fWh" if day.readings else "–", ""),
        ("total", total, _difference(day, look)),
    ]
    state = state_words(day, look)
    body: list[Component] = [
        sentence(look.text("coverage.day.headline", day=look.day(day.day, "full"), state=state)),
        named_figures("coverage.day", figures, look),
    ]
    if frame.notes["windows"]:
        body.append(_windows_table("coverage.day.title", frame.notes, look))
    elif day.readings and not day.asked:
        body.append(note(look.text("coverage.day.from_file")))
    if day.asked and day.asked.by not in ("backfill", "import"):
        asked = {
            "function": day.asked.by,
            "at": local(day.asked.at, frame.notes["zone"], look),
            "state": day.asked.state,
        }
        body.append(note(look.text("coverage.day.by_function", **asked)))
    if command:
        how = look.text("coverage.day.file_alone" if frame.notes["from_file"] else "coverage.day.again")
        body.append(html.P([how, " ", code(command)], className="mend"))
    return html.Div(body)


def _difference(day: queries.DayCoverage, look: Look) -> str:
    if day.total is None or not day.readings:
        return ""
    if day.total == day.wh:
        return look.text("coverage.day.equal")
    return look.text("coverage.day.difference", wh=f"{look.number(day.wh - day.total)}\u202fWh")


# --- problems and ledger ----------------------------------------------------------------------------------------------


def problems_body(frame: Frame, look: Look) -> Component:
    """A row a problem with its command."""
    wrong: list[queries.Problem] = frame.notes["problems"]
    if not wrong:
        return sentence(look.text("coverage.none"))
    rows = [
        [_problem_text(each, frame, look), code(each.command) if each.command else "–"]
        for each in wrong[:MOST_PROBLEMS]
    ]
    head = columns_in("coverage", ("problem", "command"), look)
    body: list[Component] = [table(look.text("coverage.problems.title"), head, rows)]
    if len(wrong) > MOST_PROBLEMS:
        body.append(note(look.text("coverage.more", count=len(wrong) - MOST_PROBLEMS)))
    return html.Div(body)


def _problem_text(problem: queries.Problem, frame: Frame, look: Look) -> str:
    values = dict(problem.values)
    if "start" in values:
        values["stretch"] = look.stretch(values["start"], values["end"])
    if "at" in values:
        values["at"] = local(values["at"], frame.notes["zone"], look)
    for name in ("wh", "total"):
        if name in values:
            values[name] = f"{look.number(values[name])}\u202fWh"
    text = look.text(problem.key, **values)
    return f"{text} {look.text(problem.why)}" if problem.why else text


def ledger_body(frame: Frame, look: Look) -> Component:
    """Counts by state, and every window."""
    found: queries.History = frame.notes["found"]
    sums = {state: look.number(count) for state, count in queries.counts(found).items()}
    body: list[Component] = [note(look.text("coverage.ledger.counts", **sums))]
    if found.floor:
        day, reason = found.floor
        body.append(note(look.text("coverage.ledger.floor", day=look.day(day), code=reason)))
    body.append(_windows_table("coverage.ledger.title", frame.notes, look))
    return html.Div(body)


def _windows_table(title: str, notes: Mapping[str, Any], look: Look) -> Component:
    windows: list[tuple[str, Entry]] = notes["windows"]
    rows = [
        [
            look.stretch(entry.window.start, entry.window.end),
            look.text(f"coverage.kind.{kind}"),
            look.text(f"coverage.window.{entry.state}"),
            look.number(entry.readings),
            look.energy(entry.wh) if entry.readings else "–",
            look.number(entry.calls),
            local(entry.at, notes["zone"], look),
            " ".join(part for part in (entry.status, entry.reason) if part) or "–",
        ]
        for kind, entry in windows
    ]
    columns = ("days", "kind", "state", "readings", "energy", "calls", "asked", "answer")
    return table(look.text(title), columns_in("coverage", columns, look), rows, frozenset({3, 4, 5}))


# --- the whole database -----------------------------------------------------------------------------------------------


def local(moment: datetime, zone: ZoneInfo, look: Look) -> str:
    """A moment as the wall clock of the series shows it."""
    return look.moment(moment.astimezone(zone))


def calls_body(frame: Frame, look: Look) -> Component:
    """Calls of this UTC day against the budget of this machine, and those of the functions."""
    usage: Usage | str = frame.notes["state"].usage
    if isinstance(usage, str):
        return warning(usage)
    of_functions = look.number(int(frame.table["calls_of_functions"][0]))
    rows = [("label", *_used(usage, frame.notes["zone"], look))]
    rows.append(("functions", of_functions, look.text("coverage.calls.elsewhere")))
    return named_figures("coverage.calls", rows, look)


def _used(usage: Usage, zone: ZoneInfo, look: Look) -> tuple[str, str]:
    calls = look.number(usage.calls)
    if usage.closed:
        return calls, look.text("coverage.calls.closed", text=scrub(usage.closed))
    if usage.limit is None:
        return look.text("coverage.calls.unlimited", calls=calls), look.text("coverage.calls.own")
    until = datetime.combine(usage.day + timedelta(days=1), time(), UTC).astimezone(zone)
    used = look.text("coverage.calls.used", calls=calls, limit=usage.limit)
    left = {"left": look.number(usage.left), "until": look.moment(until, "HH:mm")}
    return used, look.text("coverage.calls.left", **left)


def runs_body(frame: Frame, look: Look) -> Component:
    """The newest runs of the functions."""
    rows = [
        [
            local(run["at"], frame.notes["zone"], look),
            run["function"],
            look.text(f"coverage.run.{'failed' if not run['ok'] else 'part' if run['waiting'] else 'done'}"),
            *(look.number(run[name]) for name in ("calls", "new", "changed")),
            f"{look.number(run['seconds'], 1)}\u202fs",
            run["text"] or "–",
        ]
        for run in frame.notes["state"].runs
    ]
    columns = ("when", "function", "result", "calls", "new", "changed", "duration", "said")
    return table(look.text("coverage.runs.title"), columns_in("coverage", columns, look), rows, frozenset({3, 4, 5, 6}))


def verification_body(frame: Frame, look: Look) -> Component:
    """The newest comparison of each pair in words, and what to run when it does not hold any more."""
    state: queries.Upkeep = frame.notes["state"]
    lines: list[Component] = []
    for each in state.verifications:
        lines.append(sentence(_verified(each, frame.notes["zone"], look)))
        if not each["identical"]:
            lines.append(html.P(with_command("{command}", queries.REPAIR), className="mend"))
        elif each["stored"] != each["regular_count"]:
            text = look.text("coverage.verified.since", count=each["stored"], command="{command}")
            lines.append(note(with_command(text, queries.VERIFY)))
    for name in state.stale:
        text = look.text("coverage.verified.stale", name=name, command="{command}")
        lines.append(warning(with_command(text, queries.REPAIR)))
    return html.Div(lines)


def _verified(each: Mapping[str, Any], zone: ZoneInfo, look: Look) -> str:
    names = {"regular": each["regular"], "timeseries": each["timeseries"], "at": local(each["at"], zone, look)}
    if each["identical"]:
        return look.text("coverage.verified.identical", **names, count=each["regular_count"])
    differences = ", ".join(
        look.text(f"coverage.verified.{name}", count=each[name]) for name in queries.DIFFERENCES if each.get(name)
    )
    return look.text("coverage.verified.differed", **names, differences=differences)


PAGE = Page(
    name="coverage",
    icon="calendar-stats",
    options={queries.DAY: ""},
    shared=(),
    blocks=(
        Block("coverage-answer", queries.states_frame, body=answer_body, wide=True),
        Block(
            "coverage-calendar",
            queries.calendar_frame,
            body=calendar_body,
            wide=True,
            picks=queries.DAY,
            options=(queries.DAY,),
        ),
        Block(
            "coverage-day", queries.day_frame, body=day_body, wide=True, controls=day_controls, options=(queries.DAY,)
        ),
        Block("coverage-problems", queries.problems_frame, body=problems_body, wide=True),
        Block("coverage-calls", queries.calls_frame, body=calls_body, empty="shell.empty"),
        Block("coverage-verification", queries.verification_frame, body=verification_body),
        Block("coverage-runs", queries.runs_frame, body=runs_body, wide=True),
        Block("coverage-ledger", queries.ledger_frame, body=ledger_body, wide=True),
    ),
)
