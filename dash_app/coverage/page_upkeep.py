"""Cards of the coverage page about the whole database: calls, runs of the functions, verifications."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from dash import html
from dash.development.base_component import Component

from sync.http.budget import Usage
from sync.model.privacy import scrub

from ..kit.blocks import Frame
from ..kit.components import key_figure, key_figures, note, sentence, warning, with_command
from ..kit.locale import Look
from ..kit.table import table
from .queries_upkeep import REPAIR, VERIFY, Run, Upkeep, Verification

RESULTS = {"missing": "missing", "extra": "extra", "different": "different_ones", "duplicates": "duplicates"}


def local(moment: datetime, zone: ZoneInfo, look: Look) -> str:
    """A moment as the wall clock of the series shows it."""
    return look.moment(moment.astimezone(zone))


def calls_body(frame: Frame, look: Look) -> Component:
    """Calls of this UTC day against the budget of this machine, and those of the functions."""
    state: Upkeep = frame.notes["state"]
    if isinstance(state.usage, str):
        return warning(state.usage)
    zone: ZoneInfo = frame.notes["zone"]
    used, left = _used(state.usage, zone, look)
    functions = key_figure(
        look.text("coverage.calls.functions"),
        look.number(state.runs_today),
        look.text("coverage.calls.elsewhere"),
    )
    return key_figures([key_figure(look.text("coverage.calls.label"), used, left), functions])


def _used(usage: Usage, zone: ZoneInfo, look: Look) -> tuple[str, str]:
    calls = look.number(usage.calls)
    if usage.closed:
        return calls, look.text("coverage.calls.closed", text=scrub(usage.closed))
    if usage.limit is None:
        return look.text("coverage.calls.unlimited", calls=calls), look.text("coverage.calls.own")
    until = datetime.combine(usage.day + timedelta(days=1), time(), UTC).astimezone(zone)
    used = look.text("coverage.calls.used", calls=calls, limit=look.number(usage.limit))
    left = {"left": look.number(usage.left), "until": look.moment(until, "HH:mm")}
    return used, look.text("coverage.calls.left", **left)


def runs_body(frame: Frame, look: Look) -> Component:
    """The newest runs of the functions."""
    state: Upkeep = frame.notes["state"]
    zone: ZoneInfo = frame.notes["zone"]
    columns = ("when", "function", "result", "calls", "new", "changed", "duration", "said")
    rows = [
        [
            local(run.at, zone, look),
            run.function,
            look.text(f"coverage.run.{_result(run)}"),
            look.number(run.calls),
            look.number(run.new),
            look.number(run.changed),
            f"{look.number(run.seconds, 1)}\u202fs",
            run.text or "–",
        ]
        for run in state.runs
    ]
    head = [look.text(f"coverage.column.{column}") for column in columns]
    return table(look.text("coverage.runs.title"), head, rows, frozenset({3, 4, 5, 6}))


def _result(run: Run) -> str:
    if not run.ok:
        return "failed"
    return "part" if run.waiting else "done"


def verification_body(frame: Frame, look: Look) -> Component:
    """The newest comparison of each pair in words, and what to run when it does not hold any more."""
    state: Upkeep = frame.notes["state"]
    zone: ZoneInfo = frame.notes["zone"]
    lines: list[Component] = []
    for each in state.verifications:
        lines.append(sentence(_verified(each, zone, look)))
        if not each.identical:
            lines.append(html.P(with_command("{command}", REPAIR), className="mend"))
        elif each.stored != each.count:
            text = look.text("coverage.verified.since", count=look.number(each.stored), command="{command}")
            lines.append(note(with_command(text, VERIFY)))
    for name in state.stale:
        text = look.text("coverage.verified.stale", name=name, command="{command}")
        lines.append(warning(with_command(text, REPAIR)))
    return html.Div(lines)


def _verified(each: Verification, zone: ZoneInfo, look: Look) -> str:
    names = {"regular": each.regular, "timeseries": each.timeseries, "at": local(each.at, zone, look)}
    if each.identical:
        return look.text("coverage.verified.identical", **names, count=look.number(each.count))
    differences = ", ".join(
        look.text(f"coverage.verified.{RESULTS[name]}", count=look.number(count))
        for name, count in each.differences.items()
    )
    return look.text("coverage.verified.different", **names, differences=differences)
