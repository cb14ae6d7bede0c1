"""Storage: what the time-series form saves on the reader's own readings, why, and what that means for many meters."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from bson import ObjectId
from dash import html
from dash.development.base_component import Component

from sync.lab.experiment import FEW as FEW_IN_LAB
from sync.lab.questions import NAMES
from sync.model.readings import Series

from ..kit.blocks import Block, Frame, Page
from ..kit.components import attributes, note, sentence, warning
from ..kit.controls import named, segmented, side_by_side, slider
from ..kit.locale import Look
from ..kit.reader import Reader
from ..kit.sizes import Measured
from ..kit.table import Cell, Sortable, table
from ..kit.view import View
from .engines import engines_body, engines_figure
from .figures import BARS_HEIGHT, bars_figure, bytes_of, counted, percent_text, projection_figure, speed_figure
from .projection import DISK, FORMS, QUOTA, STEPS, TIERS, Fit, Wish, smallest
from .queries import (
    FEW,
    OPTIONS,
    RANGES,
    SOURCE,
    Shown,
    bucket_frame,
    chosen,
    engines_frame,
    lab_frame,
    projection_frame,
    sizes_frame,
    sources_frame,
    times_frame,
)

# --- the lab's table --------------------------------------------------------------------------------------------------


Result = Mapping[str, Any]
Row = Mapping[str, Any]
FORM = ("form", "mark", "order", "index")  # columns
SIZES = ("total", "saved_total", "data", "saved_data", "buckets", "fill", "storage", "indexes", "rate")


def lab_body(frame: Frame, look: Look) -> Component:
    """A verdict, the table and its rules."""
    result: Result = frame.notes["result"]
    lines: list[Component] = [sentence(_verdict(result, look))]
    if not result["settled"]:
        lines.append(warning(look.text("storage.lab.unsettled")))
    if result["readings"] < FEW_IN_LAB:
        lines.append(warning(look.text("storage.lab.few")))
    measured = look.text(
        "storage.lab.note",
        readings=result["readings"],
        stored=result["stored"],
        series=result["series"],
        version=result["server_version"],
        at=look.moment(result["at"].replace(tzinfo=None)),
        runs=result["runs"],
    )
    apart = [note(text) for text in _apart(result, frame.notes["measured"], look)]
    return html.Div([*lines, note(_order(result, look)), *apart, lab_table(result, look), note(measured)])


def _apart(result: Result, now: Measured, look: Look) -> list[str]:
    """Why the forms that we keep take other bytes here than in the answer at the top; nothing where they are the same.

    Both are what `size_of` says; a lab that took a part of the readings is not about the same.
    """
    if now.refused or result["readings"] < result["stored"]:
        return []
    if now.readings != result["stored"]:
        return [look.text("storage.lab.since", count=_readings(now, look))]
    sides = now.comparison.regular, now.comparison.timeseries
    rows = _marked(result, "record"), _marked(result, "ours")
    there = [look.bytes(size.total_bytes) for size in sides]
    if there == [look.bytes(row["total_bytes"]) for row in rows]:
        return []
    indexes = {"there": look.bytes(sides[0].index_bytes), "here": look.bytes(rows[0]["index_bytes"])}
    return [look.text("storage.lab.apart", regular=there[0], timeseries=there[1], **indexes)]


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


# --- what more meters, more years or other steps would take -----------------------------------------------------------


def controls(_reader: Reader, view: View, look: Look) -> Component:
    """Meters (a logarithmic slider: the option is the power of ten), years, and the step."""
    powers = [{"value": power, "label": look.compact(10**power)} for power in range(7)]
    years = [{"value": year, "label": str(year)} for year in (1, 5, 10, 20, 30)]
    step = look.text("storage.projection.step")
    return side_by_side(
        _slider("log_meters", "meters", powers, view, look, step=0.1, label=None),
        _slider("years", "years", years, view, look, step=1),
        named(step, segmented("step", [str(minutes) for minutes in STEPS], f"{chosen(view, 'step'):g}", step)),
    )


def _slider(name: str, text: str, marks: list[dict[str, Any]], view: View, look: Look, **more: Any) -> Component:
    return slider(name, chosen(view, name), RANGES[name], look.text(f"storage.projection.{text}"), marks, **more)


def fits_body(frame: Frame, look: Look) -> Component:
    """The wish in words, what each form needs of it, the most meters of each tier, and the formula with its numbers."""
    fits: list[Fit] = frame.notes["fits"]
    if not fits:
        return warning(look.text("storage.refused"))
    wish: Wish = frame.notes["wish"]
    measured: Measured = frame.notes["measured"]
    asked = look.text(
        "storage.fits.wish",
        meters=counted(wish.meters, "meter", look),
        years=counted(wish.years, "year", look),
        step=wish.step,
        readings=float(f"{wish.readings:.3g}"),
    )
    head = [look.text(f"storage.fits.{key}") for key in ("tier", "regular", "timeseries")]
    rows = [_tier_row([fit for fit in fits if fit.tier == tier], look) for tier in TIERS]
    left = [
        sentence(asked),
        html.Ul([html.Li(_needs(fits, form, look)) for form in FORMS], className="needs"),
        table(look.text("storage.fits.title"), head, rows, frozenset({1, 2}), blocks=True),
    ]
    right = [
        html.P(look.text("storage.fits.formula"), className="formula"),
        html.P(look.text("storage.fits.readings"), className="formula"),
        table(
            look.text("storage.fits.formula"),
            [look.text(f"storage.fits.{key}") for key in ("measured", "fixed", "each")],
            [_line_row(fits, form, counts, look) for form in FORMS for counts in (QUOTA, DISK)],
            frozenset({1, 2}),
            blocks=True,
        ),
        note(look.text("storage.fits.source", readings=_readings(measured, look), source=measured.source)),
    ]
    return html.Div([html.Div(left), html.Div(right)], className="halves")


def _needs(fits: list[Fit], form: str, look: Look) -> str:
    name = capital(look.text(f"storage.{form}"))
    found = smallest(fits, form)
    fit = found or [fit for fit in fits if fit.form == form][-1]
    needed = look.text(f"storage.fits.{fit.tier.counts}", limit=look.bytes(fit.bytes))
    return look.text(f"storage.fits.{'needs' if found else 'none'}", form=name, bytes=needed, tier=fit.tier.name)


def _tier_row(both: list[Fit], look: Look) -> list[Cell]:
    tier = both[0].tier
    limit = look.text(f"storage.fits.{tier.counts}", limit=look.bytes(tier.limit))
    counts = [counted(fit.meters, "meter", look) for fit in both]
    return [[html.Strong(tier.name), html.Span(limit, className="what")], *counts]


def _line_row(fits: list[Fit], form: str, counts: str, look: Look) -> list[Cell]:
    line = next(fit.line for fit in fits if fit.form == form and fit.tier.counts == counts)
    name = html.Strong(capital(look.text(f"storage.form.{form}")))
    counted_as = html.Span(look.text(f"storage.fits.counts.{counts}"), className="what")
    return [[name, counted_as], look.number(line.fixed), look.significant(line.each, 4)]


def capital(text: str) -> str:
    """As a sentence begins."""
    return text[:1].upper() + text[1:]


# --- the answer -------------------------------------------------------------------------------------------------------


def answer_body(frame: Frame, look: Look) -> Component:
    """One sentence, and when and on what it was measured; above it all sources, where there are several."""
    shown: Shown = frame.notes["shown"]
    lines = [_sources(shown, look)] if len(shown.pairs) > 1 else []
    at = moment(shown.at, look)
    measured = note(look.text("storage.answer.measured", version=shown.server_version, at=at))
    return html.Div([*lines, *said(shown, look), measured])


def said(shown: Shown, look: Look) -> list[Component]:
    """What both forms take, in one sentence, and what has to be known before it is believed."""
    pair = shown.pair
    if pair.refused:
        return [warning(look.text("storage.refused"))]
    text = _sentence(pair, look)
    if len(shown.pairs) > 1:
        text = look.text("storage.answer.of", source=pair.source, sentence=text)
    lines = [sentence(text)]
    if not pair.settled:
        lines.append(warning(look.text("storage.answer.unsettled")))
    elif pair.readings < FEW:
        lines.append(warning(look.text("storage.answer.few")))
    return lines


def _sources(shown: Shown, look: Look) -> Component:
    """A row a source, whose name shows it when it is clicked."""
    head = [look.text(f"storage.{key}") for key in ("source", "numbers.regular", "numbers.timeseries", "numbers.saved")]
    rows = [_source_row(each, each is shown.pair, look) for each in shown.pairs]
    kinds = {shown.pairs.index(shown.pair): "chosen"}
    found = table(look.text("storage.sources"), head, rows, frozenset({1, 2, 3}), kinds=kinds)
    return html.Div(found, className="sources")


def _source_row(each: Measured, is_chosen: bool, look: Look) -> list[Cell]:
    picks = attributes(data_pick=each.source, aria_pressed=str(is_chosen).lower())
    name: Cell = [
        html.Button(each.source, type="button", **picks),
        html.Span(look.text("storage.count.readings", count=_readings(each, look)), className="what"),
    ]
    if each.refused:
        return [name, "–", "–", "–"]
    compared = each.comparison
    totals = [look.bytes(size.total_bytes) for size in (compared.regular, compared.timeseries)]
    saved = percent_text(compared.reduction_pct["total"], look) if each.settled else "–"  # not on disk yet
    return [name, *totals, saved]


def _sentence(each: Measured, look: Look) -> str:
    regular, timeseries = bytes_of(each, "total")
    change = timeseries / regular - 1
    return look.text(
        f"storage.answer.{'less' if change <= 0 else 'more'}",
        readings=_readings(each, look),
        timeseries=look.bytes(timeseries),
        regular=look.bytes(regular),
        percent=look.percent(abs(change)),
    )


def _readings(each: Measured, look: Look) -> str:
    """The readings; with a sign for `about` where they were not counted."""
    return f"≈ {look.number(each.readings)}" if each.estimated else look.number(each.readings)


def moment(at: datetime, look: Look) -> str:
    """A UTC moment: sizes belong to a server, not to a meter's zone."""
    return look.moment(at.replace(tzinfo=None))


# --- every number -----------------------------------------------------------------------------------------------------


def numbers_body(frame: Frame, look: Look) -> Component:
    """Every number of both forms with a plain sentence of what it measures."""
    pair: Measured = frame.notes["shown"].pair
    if pair.refused:
        return warning(look.text("storage.refused"))
    head = [look.text(f"storage.numbers.{key}") for key in ("what", "regular", "timeseries", "saved")]
    name = look.text("storage.numbers.title")
    return table(name, head, _rows(pair, look), frozenset({1, 2, 3}), blocks=True)


def _rows(each: Measured, look: Look) -> list[list[Cell]]:
    compared = each.comparison
    regular, timeseries, saved = compared.regular, compared.timeseries, compared.reduction_pct
    totals = [size.total_bytes for size in (regular, timeseries)]
    count = _readings(each, look)
    free = ""
    if regular.free_bytes or timeseries.free_bytes:
        amounts = {"regular": look.bytes(regular.free_bytes), "timeseries": look.bytes(timeseries.free_bytes)}
        free = " " + look.text("storage.why.free", **amounts)
    unknown = look.text("storage.unknown")
    fill = unknown
    if timeseries.buckets:
        parts = {
            "buckets": look.number(timeseries.buckets),
            "fill": look.significant(each.readings / timeseries.buckets),
        }
        fill = look.text("storage.fill", **parts)
    whole = percent_text(saved["total"], look)
    indexes = 100 * (1 - timeseries.index_bytes / max(1, regular.index_bytes))
    rows: list[list[Cell]] = [[_what("readings", look), count, count, ""]]
    for name, percent in (("data", saved["data"]), ("storage", saved["storage"]), ("index", indexes)):
        sizes = [look.bytes(getattr(form, f"{name}_bytes")) for form in (regular, timeseries)]
        rows.append([_what(name, look, free if name == "storage" else ""), *sizes, percent_text(percent, look)])
    return [
        *rows,
        [_what("total", look), *(look.bytes(total) for total in totals), whole],
        [_what("each", look), *(look.significant(total / each.readings) for total in totals), whole],
        [_what("buckets", look), "–", fill, ""],
    ]


def _what(key: str, look: Look, more: str = "") -> list[str | Component]:
    why = look.text(f"storage.why.{key}") + more
    return [html.Strong(look.text(f"storage.{key}")), html.Span(why, className="what")]


# --- a bucket beside its readings -------------------------------------------------------------------------------------


def bucket_body(frame: Frame, look: Look) -> Component:
    """The same readings as documents and as one bucket, with this user's own counts."""
    each: Measured = frame.notes["shown"].pair
    series: Series = frame.notes["series"]
    documents: list[dict[str, Any]] = frame.notes["documents"]
    buckets = each.timeseries.buckets if each.timeseries else None
    fill = round(each.readings / buckets) if buckets else None
    sides = [_documents(each, series, documents, fill, look), _bucket(each, series, documents, fill, look)]
    if buckets:
        parts = {
            "readings": _readings(each, look),
            "buckets": look.number(buckets),
            "fill": look.number(fill or 0),
        }
        own = look.text("storage.bucket.own", **parts)
    else:
        own = look.text("storage.bucket.untold")
    return html.Div([html.Div(sides, className="forms"), note(own)])


def _documents(
    each: Measured, series: Series, documents: list[dict[str, Any]], fill: int | None, look: Look
) -> Component:
    parts: list[Component] = [html.H3(look.text("storage.bucket.documents"))]
    for document in documents[:2]:
        own = [_field(name, _text(value), fresh=True) for name, value in document.items()]
        repeated = [_field("series", _meter(series))]
        parts.append(html.Div([*own[:2], *repeated, *own[2:]], className="document"))
    if fill and fill > 2:
        parts.append(html.Div(look.text("storage.bucket.more", count=fill - 2), className="more"))
    if each.regular:
        one = each.regular.data_bytes / each.readings
        parts.append(html.P(look.text("storage.bucket.repeats", bytes=look.bytes(round(one)))))
        if fill:
            total = look.bytes(one * fill)
            entries = look.number(2 * fill)
            count = look.number(fill)
            parts.append(html.Strong(look.text("storage.bucket.sum", count=count, bytes=total, entries=entries)))
    return html.Div(parts, className="form form-regular")


def _bucket(each: Measured, series: Series, documents: list[dict[str, Any]], fill: int | None, look: Look) -> Component:
    columns = [_column(name, documents, look) for name in documents[0] if name != "_id"]
    parts: list[Component] = [
        html.H3(look.text("storage.bucket.bucket")),
        html.Div(
            [
                _field("series", _meter(series)),
                _field("ts", _text(documents[0]["ts"]), fresh=True),
                html.Div(columns, className="columns"),
            ],
            className="document",
        ),
    ]
    if fill:
        parts.append(html.Div(look.text("storage.bucket.columns", count=fill), className="more"))
    parts.append(html.P(look.text("storage.bucket.once")))
    if each.timeseries and each.timeseries.buckets and fill:
        amount = look.bytes(each.timeseries.data_bytes / each.timeseries.buckets)
        parts.append(html.Strong(look.text("storage.bucket.packed", count=fill, bytes=amount)))
    return html.Div(parts, className="form form-timeseries")


def _column(name: str, documents: list[dict[str, Any]], look: Look) -> Component:
    """The first value of a field, then the differences from one reading to the next, as a bucket packs them."""
    values = [document[name] for document in documents if name in document]
    steps = [_step(before, after, look) for before, after in pairwise(values)]
    first = f"{values[0]:%H:%M}" if isinstance(values[0], datetime) else str(values[0])
    return html.Div([html.B(name), *(html.Span(text) for text in (first, *steps, "⋮"))], className="column")


def _step(before: Any, after: Any, look: Look) -> str:
    change = after - before
    if isinstance(change, timedelta):
        return f"+{look.number(change.total_seconds() / 60)} min"
    return ("−" if change < 0 else "+") + look.number(abs(change))


def _field(name: str, text: str, fresh: bool = False) -> Component:
    """A field with its value; `fresh`: not the same in every document."""
    value = html.B(text) if fresh else html.Span(text)
    return html.Div([html.Span(f"{name}: "), value], className="field")


def _meter(series: Series) -> str:
    return f"{series.source} {series.shown_id} {series.flow}"


def _text(value: Any) -> str:
    """As stored: UTC, whole numbers; an _id shortened."""
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    if isinstance(value, ObjectId):
        return f"…{str(value)[-4:]}"
    return str(value)


WISH = (SOURCE, *OPTIONS)
PAGE = Page(
    name="storage",
    icon="database",
    has_series=False,
    has_period=False,
    options=OPTIONS | {SOURCE: ""},
    shared=(SOURCE,),
    blocks=(
        Block("storage-answer", sources_frame, body=answer_body, wide=True, picks=SOURCE),
        Block("storage-bars", sizes_frame, figure=bars_figure, height=BARS_HEIGHT),
        Block("storage-bucket", bucket_frame, body=bucket_body, height=340),
        Block("storage-numbers", sizes_frame, body=numbers_body, wide=True, height=360),
        Block(
            "storage-projection",
            projection_frame,
            figure=projection_figure,
            wide=True,
            height=380,
            controls=controls,
            options=WISH,
        ),
        Block("storage-fits", projection_frame, body=fits_body, wide=True, height=360, has_csv=False, options=WISH),
        Block("storage-lab", lab_frame, body=lab_body, wide=True, empty="storage.no_lab"),
        Block("storage-speed", times_frame, figure=speed_figure, wide=True, height=340, empty="storage.no_lab"),
        Block("storage-engines", engines_frame, body=engines_body, wide=True, empty="storage.no_engines"),
        Block("storage-bytes", engines_frame, figure=engines_figure, wide=True, height=440, empty="storage.no_engines"),
    ),
)
