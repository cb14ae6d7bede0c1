"""The lab's table: every form of the reader's own readings, what it takes and how fast it answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dash import html
from dash.development.base_component import Component

from sync.lab.experiment import FEW
from sync.lab.questions import NAMES

from ..kit.blocks import Frame
from ..kit.components import note, sentence, warning
from ..kit.locale import Look
from ..kit.table import Cell, Sortable, table
from .figures import percent_text

Result = Mapping[str, Any]
Row = Mapping[str, Any]
FORM = ("form", "mark", "order", "index")  # columns
SIZES = ("total", "saved_total", "data", "saved_data", "buckets", "fill", "storage", "indexes", "rate")


def lab_body(frame: Frame, look: Look) -> Component:
    """A verdict, the table and its rules, for each source."""
    results: list[Result] = frame.notes["results"]
    return html.Div([part for result in results for part in _result(result, len(results) > 1, look)])


def _result(result: Result, named: bool, look: Look) -> list[Component]:
    lines: list[Component] = [html.H3(result["source"])] if named else []
    lines.append(sentence(_verdict(result, look)))
    if not result["settled"]:
        lines.append(warning(look.text("storage.lab.unsettled")))
    if result["readings"] < FEW:
        lines.append(warning(look.text("storage.lab.few")))
    measured = look.text(
        "storage.lab.note",
        readings=look.number(result["readings"]),
        stored=look.number(result["stored"]),
        series=look.number(result["series"]),
        version=result["server_version"],
        at=look.moment(result["at"].replace(tzinfo=None)),
        runs=look.number(result["runs"]),
    )
    return [*lines, note(_order(result, look)), lab_table(result, look), note(measured)]


def _verdict(result: Result, look: Look) -> str:
    best, trap = (_marked(result, mark) for mark in ("best", "trap"))
    saved = trap["reduction_pct"]["data"]
    words = "larger" if saved < 0 else "smaller"
    return look.text(
        "storage.lab.verdict",
        best=form_name(best, look),
        trap=form_name(trap, look),
        times=look.significant(trap["total_bytes"] / best["total_bytes"], 2),
        data=look.text(f"storage.lab.{words}", percent=look.percent(abs(saved) / 100)),
    )


def _order(result: Result, look: Look) -> str:
    oldest, newest = (
        next(row for row in result["rows"] if _is(row, _marked(result, "ours")["granularity"], order))
        for order in ("oldest", "newest")
    )
    parts = {name: look.number(row["buckets"] or 0) for name, row in (("oldest", oldest), ("newest", newest))}
    return look.text("storage.lab.order", **parts)


def form_name(row: Row, look: Look) -> str:
    """`hours, oldest first`."""
    return f"{look.text('storage.lab.form.' + row['granularity'])}, {look.text('storage.lab.' + row['order'])}"


def _marked(result: Result, mark: str) -> Row:
    found: Row = next(row for row in result["rows"] if mark in row["marks"])
    return found


def _is(row: Row, granularity: str, order: str) -> bool:
    return row["granularity"] == granularity and row["order"] == order and bool(row["index"])


# --- the table --------------------------------------------------------------------------------------------------------


def lab_table(result: Result, look: Look) -> Component:
    """A row a form; the best one and the trap are marked."""
    rows = result["rows"]
    kinds = {at: mark for at, row in enumerate(rows) for mark in ("best", "trap") if mark in row["marks"]}
    column = "storage.lab.column."
    head = [look.text(f"{column}{name}") for name in (*FORM, *SIZES)]
    head += [look.text(f"storage.speed.{name}") for name in NAMES]
    groups = [
        ("", 1),
        (look.text("storage.lab.group.form"), len(FORM) - 1),
        (look.text("storage.lab.group.size"), len(SIZES)),
        (look.text("storage.lab.group.time"), len(NAMES)),
    ]
    numeric = frozenset(range(len(FORM), len(head)))
    cells = [[*_form(row, look), *_sizes(row, look), *_times(row, look)] for row in rows]
    return table(look.text("storage.lab.title"), head, cells, numeric, kinds=kinds, groups=groups)


def _form(row: Row, look: Look) -> list[Cell]:
    marks = ", ".join(look.text(f"storage.lab.mark.{mark}") for mark in row["marks"])
    names = (row["granularity"], row["order"], "with" if row["index"] else "without")
    form, order, index = (look.text(f"storage.lab.{name}") for name in (f"form.{names[0]}", *names[1:]))
    return [Sortable(text, text) for text in (form, marks, order, index)]


def _sizes(row: Row, look: Look) -> list[Cell]:
    """In the order of SIZES."""
    saved = row["reduction_pct"]
    return [
        Sortable(look.bytes(row["total_bytes"]), row["total_bytes"]),
        Sortable(percent_text(saved["total"], look), saved["total"]),
        Sortable(look.bytes(row["data_bytes"]), row["data_bytes"]),
        Sortable(percent_text(saved["data"], look), saved["data"]),
        *(_count(row[name], look) for name in ("buckets", "readings_per_bucket")),
        Sortable(look.bytes(row["storage_bytes"]), row["storage_bytes"]),
        Sortable(look.bytes(row["index_bytes"]), row["index_bytes"]),
        _count(row["readings_per_second"], look),
    ]


def _times(row: Row, look: Look) -> list[Cell]:
    medians = [row["queries"][name]["median_ms"] for name in NAMES]
    return [Sortable(look.significant(median), median) for median in medians]


def _count(amount: float | None, look: Look) -> Cell:
    return Sortable("–" if amount is None else look.number(amount), amount)
