"""The lab's table: every form of the reader's own readings, what it takes and how fast it answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import dash_ag_grid as dag
from dash import html
from dash.development.base_component import Component

from sync.lab.experiment import FEW
from sync.lab.questions import NAMES

from ..kit.blocks import Frame
from ..kit.figures import colour
from ..kit.locale import Look
from ..kit.parts import note, sentence, warning

Result = Mapping[str, Any]
Row = Mapping[str, Any]
ROW_PX = 30
TINT = "22"  # alpha of a marked row's background
NARROW, MIDDLE, BROAD = 62, 82, 172  # px


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
    told = look.text(
        "storage.lab.note",
        readings=look.number(result["readings"]),
        stored=look.number(result["stored"]),
        series=look.number(result["series"]),
        version=result["server_version"],
        at=look.moment(result["at"].replace(tzinfo=None)),
        runs=look.number(result["runs"]),
    )
    return [*lines, note(_order(result, look)), grid(result, look), note(told)]


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


# --- the grid ---------------------------------------------------------------------------------------------------------


def grid(result: Result, look: Look) -> Component:
    """Numbers sort as numbers and show as the reader's language writes them."""
    rows = [_cells(row, look) for row in result["rows"]]
    soft = {"best": colour(look, "timeseries"), "trap": colour(look, "warning")}
    styles = [
        {
            "condition": f"params.data.kind == '{kind}'",
            "style": {"backgroundColor": edge + TINT, "fontWeight": 600},
        }
        for kind, edge in soft.items()
    ]
    mode: dict[str, Any] = {"data-ag-theme-mode": look.theme}
    return html.Div(
        dag.AgGrid(
            rowData=rows,
            columnDefs=_columns(look),
            defaultColDef={"sortable": True, "resizable": True, "suppressMovable": True, "wrapHeaderText": True},
            getRowStyle={"styleConditions": styles},
            dashGridOptions={
                "rowHeight": ROW_PX,
                "headerHeight": 52,
                "groupHeaderHeight": 30,
                "suppressColumnVirtualisation": True,
                "domLayout": "autoHeight",
            },
            style={"height": None, "width": "100%"},
        ),
        className="lab",
        **mode,
    )


def _columns(look: Look) -> list[dict[str, Any]]:
    def text(name: str, width: int, **more: Any) -> dict[str, Any]:
        return {"field": name, "headerName": look.text(f"storage.lab.column.{name}"), "width": width} | more

    def number(name: str, header: str) -> dict[str, Any]:
        shown = {"function": f"params.data.{name}_text"}
        return {"field": name, "headerName": header, "valueFormatter": shown, "type": "rightAligned", "width": MIDDLE}

    sizes = ("total", "saved_total", "data", "saved_data", "buckets", "fill", "storage", "indexes", "rate")
    return [
        text("form", MIDDLE + 10, pinned="left"),
        {
            "headerName": look.text("storage.lab.group.form"),
            "children": [text("mark", BROAD), text("order", MIDDLE + 30), text("index", NARROW)],
        },
        {
            "headerName": look.text("storage.lab.group.size"),
            "children": [number(name, look.text(f"storage.lab.column.{name}")) for name in sizes],
        },
        {
            "headerName": look.text("storage.lab.group.time"),
            "children": [number(name, look.text(f"storage.speed.{name}")) for name in NAMES],
        },
    ]


def _cells(row: Row, look: Look) -> dict[str, Any]:
    saved = row["reduction_pct"]
    numbers: dict[str, tuple[float | None, str]] = {
        "data": (row["data_bytes"], look.bytes(row["data_bytes"])),
        "saved_data": (saved["data"], _percent(saved["data"], look)),
        "storage": (row["storage_bytes"], look.bytes(row["storage_bytes"])),
        "indexes": (row["index_bytes"], look.bytes(row["index_bytes"])),
        "total": (row["total_bytes"], look.bytes(row["total_bytes"])),
        "saved_total": (saved["total"], _percent(saved["total"], look)),
        "buckets": (row["buckets"], _count(row["buckets"], look)),
        "fill": (row["readings_per_bucket"], _count(row["readings_per_bucket"], look)),
        "rate": (row["readings_per_second"], _count(row["readings_per_second"], look)),
    }
    numbers |= {
        name: (times["median_ms"], look.significant(times["median_ms"])) for name, times in row["queries"].items()
    }
    marks = row["marks"]
    cells: dict[str, Any] = {
        "form": look.text("storage.lab.form." + row["granularity"]),
        "order": look.text("storage.lab." + row["order"]),
        "index": look.text("storage.lab." + ("with" if row["index"] else "without")),
        "mark": ", ".join(look.text(f"storage.lab.mark.{mark}") for mark in marks),
        "kind": next((mark for mark in ("best", "trap") if mark in marks), ""),
    }
    for name, (value, shown) in numbers.items():
        cells |= {name: value, f"{name}_text": shown}
    return cells


def _count(amount: float | None, look: Look) -> str:
    return "–" if amount is None else look.number(amount)


def _percent(percent: float, look: Look) -> str:
    return look.percent(percent / 100).replace("-", "−")
