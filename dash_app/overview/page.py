"""The page that is opened first: what both forms take, then a line a question, each with a link to its page."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import pandas as pd
from dash import html
from dash.development.base_component import Component

from ..consumption.key_figures import Newest
from ..consumption.page import compared_texts, day_texts, partly_texts
from ..cost.page import headline as cost_headline
from ..cost.queries import Contract, euros
from ..coverage.page import headline as coverage_headline
from ..coverage.queries import COMPLETE, DayCoverage, covered_share
from ..insight.page import curve_picture, told_text
from ..insight.queries import Told
from ..kit.blocks import Block, Frame, Page
from ..kit.components import Content, attributes, message, note, sentence, with_command
from ..kit.days import Days
from ..kit.locale import Look
from ..kit.sizes import Measured
from ..kit.static_html import Static
from ..kit.tariffs import Steady
from ..kit.thumbnail import Bars, thumbnail
from ..storage.figures import MEASURES, bytes_of, change_text
from ..storage.page import capital, said
from ..storage.projection import FORMS
from ..storage.queries import SOURCE, Shown
from .queries import Line, lines_frame, storage_frame
from .totals import Totals

IMPORT = "python -m sync import FILE"
ANALYSE = "python -m sync analyse"
MOST_BARS = 60  # of a thumbnail


# --- what both forms take ---------------------------------------------------------------------------------------------


def storage_body(frame: Frame, look: Look) -> Component:
    """The saving as one large number and as a sentence, and its bars."""
    if "totals" in frame.notes:
        return _totals_alone(frame.notes["totals"], look)
    shown: Shown = frame.notes["shown"]
    pair, parts = shown.pair, said(shown, look)
    if not pair.refused:
        regular, timeseries = bytes_of(pair, "total")
        change = timeseries / regular - 1
        large = look.text(f"overview.{'less' if change <= 0 else 'more'}", percent=look.percent(abs(change)))
        parts = [html.P(large, className="large"), *parts, *(_bars(pair, measure, look) for measure in MEASURES)]
    link = _link("storage", ((SOURCE, pair.source),), look.text("overview.storage.more"))
    return html.Div([*parts, html.P(link, className="note")])


def _bars(pair: Measured, measure: str, look: Look) -> Component:
    """Both forms on one scale, each with its bytes, and the reduction."""
    both = bytes_of(pair, measure)
    rows = [
        html.Div(
            [
                html.Span(look.text(f"storage.form.{form}")),
                html.Span(className=f"bar-{form}", style={"width": f"{100 * amount / max(1, *both):.1f}%"}),
                html.Span(look.bytes(amount)),
            ],
            className="pair-row",
        )
        for form, amount in zip(FORMS, both, strict=True)
    ]
    name = [html.Strong(look.text(f"storage.{measure}")), html.Span(change_text(both, look))]
    return html.Div([html.Div(name, className="pair-name"), *rows], className="pair")


def _totals_alone(totals: Totals, look: Look) -> Component:
    text = look.text("overview.totals.import", command="{command}")
    days = look.text("overview.totals", series=totals.label, count=len(totals.wh))
    return html.Div([sentence(days), note(with_command(text, IMPORT))])


# --- lines ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Said:
    """A line in words. question, large: its number, empty for none; texts: quiet ones under it."""

    question: str
    large: str
    texts: Sequence[Content]
    picture: Static | None = None


def lines_body(frame: Frame, look: Look) -> Component:
    """A row a line: question, number, words, and a chart without axes."""
    lines: list[Line] = frame.notes["lines"]
    if not lines:
        return message(look.text("overview.no_meter"))
    flow = "production" if frame.notes["is_production"] else "consumption"
    return html.Ul([_row(line, SAYS[line.name](line, flow, look)) for line in lines], className="lines")


def _row(line: Line, words: Said) -> Component:
    question = _link(line.page, line.parts, words.question) if line.page else words.question
    texts: list[Component] = [html.Div(text, className="key-note") for text in words.texts]
    if words.large:
        texts.insert(0, html.Div(words.large, className="key-figure"))
    parts: list[Component] = [html.H3(question), html.Div(texts, className="line-words")]
    return html.Li(parts if words.picture is None else [*parts, words.picture])


def _link(page: str, parts: Sequence[tuple[str, str]], text: str) -> Component:
    return html.A(text, href=f"/{page}?{urlencode(parts)}", **attributes(data_go=page))


def _yesterday(line: Line, flow: str, look: Look) -> Said:
    newest: Newest = line.found
    texts = day_texts(newest.day, newest.day_before, look) if newest.day else []
    last = frozenset({len(newest.days) - 1})
    picture = thumbnail(look, Bars(_heights(newest.days), flow, last))
    return Said(look.text(f"overview.{line.name}.{flow}"), _energy(line, look), texts, picture)


def _month(line: Line, flow: str, look: Look) -> Said:
    energy, (now, before) = line.found["energy"], line.found["days"]
    first, *others = compared_texts(line.found["both"], energy, look)
    large = f"{_energy(line, look)} · {first}" if others else _energy(line, look)
    texts = [look.days(line.first, line.end), *partly_texts(energy, look), *(others or [first])]
    picture = thumbnail(look, Bars(_heights(now), flow), Bars(_heights(before), flow))
    return Said(look.text("overview.month", month=capital(look.day(line.first, "LLLL y"))), large, texts, picture)


def _months(line: Line, flow: str, look: Look) -> Said:
    table, energy = line.found["months"], line.found["energy"]
    now, before = (_known(table[f"kwh{year}"]) for year in ("", "_a_year_before"))
    texts = [look.days(line.first, line.end), *partly_texts(energy, look)]
    picture = thumbnail(look, Bars(now, flow), Bars(before, flow))
    return Said(look.text("overview.months"), _energy(line, look), texts, picture)


def _cost(line: Line, _flow: str, look: Look) -> Said:
    compared, ranked = line.found["compared"], line.found["ranked"]
    question = look.text("overview.cost" if line.found["is_now"] else "overview.cost.newest")
    days = look.days(line.first, line.end)
    if not ranked:
        return Said(question, "", [days, cost_headline(compared, ranked, look)])
    cheapest: Contract = ranked[0][0]
    text = "cheapest" if len(ranked) > 1 else "only"
    texts = [days, look.text(f"overview.cost.{text}", name=cheapest.tariff.name, count=len(ranked))]
    if cheapest.tariff.is_example:
        texts.append(look.text("overview.cost.example"))
    picture = thumbnail(look, Bars([float(euros(each)) for each, _ in ranked], "price", frozenset({0})))
    return Said(question, look.money(line.amount or 0.0), texts, picture)


def _missing(line: Line, flow: str, look: Look) -> Said:
    days: list[DayCoverage] = line.found["days"]
    outside: int = line.found["outside"]
    ends = {"first": look.day(days[0].day), "last": look.day(days[-1].day)}
    is_whole = all(each.state == COMPLETE for each in days)
    whole = look.text("overview.missing.whole", days=len(days), **ends)
    texts = [whole if is_whole else coverage_headline(days, line.found["sums"], look)]
    if outside:
        texts.append(look.text("overview.missing.outside", count=outside, **ends))
    count = look.text("overview.missing.day" if line.amount == 1 else "overview.missing.days", count=line.amount)
    large = count if line.amount else look.text("overview.missing.nothing")
    due: list[DayCoverage] = line.found["due"]
    size = -(-len(due) // MOST_BARS)
    shares = [covered_share(due[place : place + size]) or None for place in range(0, len(due), size)]
    picture = None if is_whole and not outside else thumbnail(look, Bars(shares, flow, frozenset()))
    return Said(look.text("overview.missing"), large, texts, picture)


def _tomorrow(line: Line, flow: str, look: Look) -> Said:
    if line.found is None:
        text = with_command(look.raw_text("overview.tomorrow.none"), ANALYSE)
        return Said(look.text("overview.tomorrow"), "", [text])
    value, price = line.found.notes["card"]["value"], line.found.notes["price"]
    measured = line.found.notes["card"]["measured"]
    texts = [look.day(line.first, "EEEE d MMMM y")]
    if value["total_low"] is not None and value["total_high"] is not None:
        low, high = (look.energy(round(value[name])) for name in ("total_low", "total_high"))
        held = measured["total_coverage"]
        kind = "band" if held is None else "held"
        share = look.percent(held or 0, 0)
        texts.append(look.text(f"overview.tomorrow.{kind}", low=low, high=high, share=share))
    large = look.energy(round(value["total_wh"]))
    if isinstance(price, Steady):
        texts.append(price.unpriced(look))
    elif price:
        kind = "example" if price.tariff.is_example else "own"
        texts.append(
            look.text(f"overview.tomorrow.{kind}", euros=look.money(float(price.euros)), name=price.tariff.name)
        )
    picture = thumbnail(look, Bars(value["wh"], flow))
    return Said(look.text("overview.tomorrow"), large, texts, picture)


def _unusual(line: Line, _flow: str, look: Look) -> Said:
    told: list[Told] = line.found
    return Said(
        look.text("overview.unusual"), "", [told_text(each, look) for each in told], curve_picture(told[0], look)
    )


SAYS: Mapping[str, Callable[[Line, str, Look], Said]] = {
    "yesterday": _yesterday,
    "last_day": _yesterday,
    "month": _month,
    "months": _months,
    "cost": _cost,
    "missing": _missing,
    "tomorrow": _tomorrow,
    "unusual": _unusual,
}


def _energy(line: Line, look: Look) -> str:
    return "" if line.amount is None else look.energy(round(line.amount * 1000))


def _heights(days: Days) -> list[float | None]:
    return [float(wh) if seconds else None for wh, seconds in zip(days.wh, days.seconds, strict=True)]


def _known(amounts: Any) -> list[float | None]:
    return [None if pd.isna(amount) else float(amount) for amount in amounts]


PAGE = Page(
    name="overview",
    icon="home",
    has_period=False,
    options={"ours": ""},
    shared=(),
    blocks=(
        Block("overview-storage", storage_frame, body=storage_body, height=360, texts="storage.answer"),
        Block("overview-lines", lines_frame, body=lines_body, height=360, options=("ours",)),
    ),
)
