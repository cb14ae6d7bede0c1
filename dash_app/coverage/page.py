"""Coverage: a calendar of days, one day in detail, and every problem with the command that mends it."""

from __future__ import annotations

from datetime import timedelta

import dash_mantine_components as dmc
from dash import html
from dash.development.base_component import Component

from sync.model.window import Entry

from ..kit.blocks import Block, Frame, Page
from ..kit.components import attributes, code, key_figure, key_figures, note, sentence
from ..kit.controls import option
from ..kit.locale import Look
from ..kit.reader import Reader
from ..kit.table import table
from ..kit.view import View
from .figures import calendar_figure, hours, hours_of
from .page_upkeep import calls_body, local, runs_body, verification_body
from .queries import COMPLETE, DIFFERS, PROBLEMS, DayCoverage, History, history
from .queries_frames import (
    DAY,
    calendar_frame,
    calls_frame,
    chosen_day,
    day_frame,
    ledger_frame,
    own_day,
    problems_frame,
    runs_frame,
    states_frame,
    verification_frame,
)
from .queries_upkeep import Problem, counts

MOST_PROBLEMS = 40


# --- the period -------------------------------------------------------------------------------------------------------


def answer_body(frame: Frame, look: Look) -> Component:
    """Whether anything is missing, in one sentence, and the days by state."""
    days: list[DayCoverage] = frame.notes["days"]
    sums = {state: sum(each.state == state for each in days) for state in (COMPLETE, *PROBLEMS)}
    figures = [
        key_figure(look.text(f"coverage.key.{state}"), look.number(count), look.text(f"coverage.key.note.{state}"))
        for state, count in sums.items()
        if count or state != DIFFERS
    ]
    return html.Div([sentence(_headline(days, sums, look)), key_figures(figures)])


def _headline(days: list[DayCoverage], sums: dict[str, int], look: Look) -> str:
    if not days:
        return look.text("coverage.no_day_due")
    lacking = sum(max(0, each.expected - each.covered) for each in days)
    if lacking:
        return look.text(
            "coverage.something_missing",
            complete=look.number(sums[COMPLETE]),
            days=look.number(len(days)),
            hours=hours(lacking, look),
        )
    if sums[DIFFERS]:
        return look.text("coverage.only_differs", days=look.number(sums[DIFFERS]))
    return look.text("coverage.nothing_missing", days=look.number(len(days)))


# --- a day ------------------------------------------------------------------------------------------------------------


def day_controls(reader: Reader, view: View, look: Look) -> Component:
    """A day by keyboard; a click on the calendar sets it too."""
    found = history(reader, view)
    day = chosen_day(found, view) if found else view.end - timedelta(days=1)
    own = own_day(view)
    picker: Component = dmc.DateInput(
        id=option(DAY),
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
    day: DayCoverage = frame.notes["day"]
    found: History = frame.notes["found"]
    command: str = frame.notes["command"]
    total = look.text("coverage.day.no_total") if day.total is None else f"{look.number(day.total)}\u202fWh"
    seconds = {"covered": look.number(day.covered), "expected": look.number(day.expected)}
    figures = [
        key_figure(
            look.text("coverage.day.covered"),
            look.text("coverage.hours", **hours_of(day, look)),
            look.text("coverage.seconds", **seconds),
        ),
        key_figure(look.text("coverage.day.readings"), look.number(day.readings)),
        key_figure(look.text("coverage.day.energy"), f"{look.number(day.wh)}\u202fWh" if day.readings else "–"),
        key_figure(look.text("coverage.day.total"), total, _difference(day, look)),
    ]
    state = look.text(f"coverage.state.{day.state}")
    body: list[Component] = [
        sentence(look.text("coverage.day.headline", day=look.day(day.day, "full"), state=state)),
        key_figures(figures),
    ]
    if frame.notes["windows"]:
        body.append(_windows_table(look.text("coverage.day.title"), frame.notes["windows"], found, look))
    else:
        body.append(note(look.text("coverage.day.never")))
    if day.asked and day.asked.by not in ("backfill", "import"):
        asked = {"function": day.asked.by, "at": local(day.asked.at, found.zone, look), "state": day.asked.state}
        body.append(note(look.text("coverage.day.by_function", **asked)))
    if command:
        body.append(html.P([look.text("coverage.day.again"), " ", code(command)], className="mend"))
    return html.Div(body)


def _difference(day: DayCoverage, look: Look) -> str:
    if day.total is None or not day.readings:
        return ""
    if day.total == day.wh:
        return look.text("coverage.day.equal")
    return look.text("coverage.day.difference", wh=f"{look.number(day.wh - day.total)}\u202fWh")


# --- problems and ledger ----------------------------------------------------------------------------------------------


def problems_body(frame: Frame, look: Look) -> Component:
    """A row a problem with its command."""
    wrong: list[Problem] = frame.notes["problems"]
    if not wrong:
        return sentence(look.text("coverage.none"))
    rows = [
        [_problem_text(each, frame, look), code(each.command) if each.command else "–"]
        for each in wrong[:MOST_PROBLEMS]
    ]
    head = [look.text("coverage.column.problem"), look.text("coverage.column.command")]
    body: list[Component] = [table(look.text("coverage.problems.title"), head, rows)]
    if len(wrong) > MOST_PROBLEMS:
        body.append(note(look.text("coverage.more", count=look.number(len(wrong) - MOST_PROBLEMS))))
    return html.Div(body)


def _problem_text(problem: Problem, frame: Frame, look: Look) -> str:
    values = dict(problem.values)
    if "start" in values:
        values["stretch"] = look.stretch(values["start"], values["end"])
    if "at" in values:
        values["at"] = local(values["at"], frame.notes["zone"], look)
    for name in ("wh", "total"):
        if name in values:
            values[name] = f"{look.number(values[name])}\u202fWh"
    return look.text(problem.key, **values)


def ledger_body(frame: Frame, look: Look) -> Component:
    """Counts by state, and every window."""
    found: History = frame.notes["found"]
    entries: list[tuple[str, Entry]] = frame.notes["entries"]
    sums = {state: look.number(count) for state, count in counts(found).items()}
    body: list[Component] = [note(look.text("coverage.ledger.counts", **sums))]
    if found.floor:
        day, reason = found.floor
        body.append(note(look.text("coverage.ledger.floor", day=look.day(day), code=reason)))
    body.append(_windows_table(look.text("coverage.ledger.title"), entries, found, look))
    return html.Div(body)


def _windows_table(name: str, entries: list[tuple[str, Entry]], found: History, look: Look) -> Component:
    columns = ("days", "kind", "state", "readings", "energy", "calls", "asked", "answer")
    rows = [
        [
            look.stretch(entry.window.start, entry.window.end),
            look.text(f"coverage.kind.{kind}"),
            look.text(f"coverage.window.{entry.state}"),
            look.number(entry.readings),
            look.energy(entry.wh) if entry.readings else "–",
            look.number(entry.calls),
            local(entry.at, found.zone, look),
            " ".join(part for part in (entry.status, entry.reason) if part) or "–",
        ]
        for kind, entry in entries
    ]
    head = [look.text(f"coverage.column.{column}") for column in columns]
    return table(name, head, rows, frozenset({3, 4, 5}))


PAGE = Page(
    name="coverage",
    title="coverage.title",
    icon="calendar-stats",
    empty="coverage.empty",
    options={DAY: ""},
    blocks=(
        Block("coverage-answer", "coverage.answer", states_frame, body=answer_body, wide=True, options=()),
        Block(
            "coverage-calendar",
            "coverage.calendar",
            calendar_frame,
            figure=calendar_figure,
            wide=True,
            height=223,
            picks=DAY,
        ),
        Block("coverage-day", "coverage.day", day_frame, body=day_body, wide=True, controls=day_controls),
        Block("coverage-problems", "coverage.problems", problems_frame, body=problems_body, wide=True, options=()),
        Block("coverage-calls", "coverage.calls", calls_frame, body=calls_body, options=(), empty="shell.empty"),
        Block(
            "coverage-verification",
            "coverage.verification",
            verification_frame,
            body=verification_body,
            options=(),
        ),
        Block(
            "coverage-runs",
            "coverage.runs",
            runs_frame,
            body=runs_body,
            wide=True,
            options=(),
        ),
        Block(
            "coverage-ledger",
            "coverage.ledger",
            ledger_frame,
            body=ledger_body,
            wide=True,
            options=(),
        ),
    ),
)
