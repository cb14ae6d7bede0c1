"""The same readings in other engines, as the lab measured them: the sentence, the table, one chart."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dash import html
from dash.development.base_component import Component

from sync.lab.questions import NAMES

from ..kit.blocks import Frame
from ..kit.components import note, sentence
from ..kit.figures import Figure, axis, bars, colour, faded, figure, label_width, margins
from ..kit.locale import Look
from ..kit.table import Cell, Sortable, table

Row = Mapping[str, Any]
SIZES = ("each", "total", "indexes", "rate")  # columns
FORMS = {"record": "regular", "ours": "timeseries"}  # our own two, in their colours
ROOM = 1.18  # of the longest bar: its value stands behind it
PALE = 0.45
STEP = 38  # px a bar


def engines_body(frame: Frame, look: Look) -> Component:
    """What follows from it, the table, and what was left out."""
    rows: list[Row] = frame.notes["rows"]
    left = [
        note(look.text(f"storage.engines.why.{each['why']}", engine=name(each, look), words=each["words"]))
        for each in frame.notes["left_out"]
    ]
    equal = note(look.text("storage.engines.equal", readings=frame.notes["readings"]))
    return html.Div([sentence(verdict(rows, look)), engines_table(rows, look), equal, *left])


def name(row: Row, look: Look) -> str:
    """An engine as people know it."""
    return look.text(f"storage.engines.name.{row['engine']}")


def lacks(row: Row, look: Look) -> str:
    """What one gives up with it, in words."""
    return ", ".join(look.text(f"storage.engines.lacks.{each}") for each in row["lacks"])


def verdict(rows: list[Row], look: Look) -> str:
    """The time series against the fewest bytes of all, and against the fewest under a unique key."""
    ours = next(row for row in rows if row["engine"] == "ours")
    least = min(rows, key=lambda row: row["total_bytes"])
    keyed = min((row for row in rows if "key" not in row["lacks"]), key=lambda row: row["total_bytes"])
    own = look.significant(ours["bytes_a_reading"])
    if least is ours:
        first = look.text("storage.engines.least", own=own)
    else:
        words = {"engine": name(least, look), "lacks": lacks(least, look) or look.text("storage.engines.nothing")}
        first = look.text("storage.engines.other", own=own, bytes=look.significant(least["bytes_a_reading"]), **words)
    times = keyed["bytes_a_reading"] / ours["bytes_a_reading"]
    if times < 1:  # it is the least, too
        return first
    parts = {"engine": name(keyed, look), "bytes": look.significant(keyed["bytes_a_reading"])}
    return f"{first} {look.text('storage.engines.keyed', times=look.significant(times, 2), **parts)}"


def engines_table(rows: list[Row], look: Look) -> Component:
    """A row an engine, the fewest bytes first; under its name what one gives up."""
    column = "storage.engines.column."
    head = [look.text(f"{column}{each}") for each in ("engine", *SIZES)]
    head += [look.text(f"storage.speed.{each}") for each in NAMES]
    groups = [
        ("", 1),
        (look.text("storage.lab.group.size"), len(SIZES)),
        (look.text("storage.lab.group.time"), len(NAMES)),
    ]
    ordered = sorted(rows, key=lambda row: row["total_bytes"])
    numeric = frozenset(range(1, 1 + len(SIZES) + len(NAMES)))
    return table(
        look.text("storage.engines.title"), head, [_cells(row, look) for row in ordered], numeric, groups=groups
    )


def _cells(row: Row, look: Look) -> list[Cell]:
    medians = [row["queries"][each]["median_ms"] for each in NAMES]
    given_up = [html.Span(lacks(row, look), className="what")] if row["lacks"] else []
    return [
        Sortable([name(row, look), *given_up], name(row, look)),
        Sortable(look.significant(row["bytes_a_reading"]), row["bytes_a_reading"]),
        *(Sortable(look.bytes(row[each]), row[each]) for each in ("total_bytes", "index_bytes")),
        Sortable(look.number(row["readings_per_second"] or 0), row["readings_per_second"]),
        *(Sortable(look.significant(median), median) for median in medians),
    ]


def engines_figure(frame: Frame, look: Look) -> Figure:
    """A bar an engine, the fewest bytes a reading above; what finds a reading is paler."""
    rows: list[Row] = sorted(frame.notes["rows"], key=lambda row: row["total_bytes"])
    labels = [name(row, look).replace(", ", ",<br>", 1) for row in rows]
    meanings = [FORMS.get(row["engine"], "quiet") for row in rows]
    readings = frame.notes["readings"]
    total = [row["bytes_a_reading"] for row in rows]
    index = [row["index_bytes"] / readings for row in rows]
    own = [whole - part for whole, part in zip(total, index, strict=True)]
    hover = [
        look.text(
            "storage.engines.hover",
            engine=name(row, look),
            **{key: look.significant(amount) for key, amount in (("bytes", whole), ("index", part))},
        )
        for row, whole, part in zip(rows, total, index, strict=True)
    ]
    shared: dict[str, Any] = {"orientation": "h", "hovertext": hover, "hoverinfo": "text", "cliponaxis": False}
    solid = bars(own, labels, marker={"color": [colour(look, each) for each in meanings]}, **shared)
    ends = {"text": [look.significant(each) for each in total], "textposition": "outside", "textfont": {"size": 13}}
    pale = bars(index, labels, marker={"color": [faded(look, each, PALE) for each in meanings]}, **shared, **ends)
    lines = [line for label in labels for line in label.split("<br>")]
    return figure(
        look,
        [solid, pale],
        barmode="stack",
        height=STEP * len(rows) + 60,
        hovermode="closest",
        bargap=0.3,
        firm=margins(label_width(lines, titled=False), 12, 8, 44),
        xaxis=axis(look, look.text("storage.engines.axis"), range=[0, ROOM * max(total)], fixedrange=True),
        yaxis=axis(look, autorange="reversed", fixedrange=True, type="category", showgrid=False),
    )
