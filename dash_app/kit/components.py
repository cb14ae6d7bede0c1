"""What pages are built of: cards, messages, key figures, notes, commands, icons."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import dash_mantine_components as dmc
from dash import dcc, html
from dash.development.base_component import Component

from .blocks import Answer, Block, Figure, Frame
from .locale import Look, has_text

PLOTLY_CONFIG: dict[str, Any] = {"displayModeBar": False, "responsive": True, "doubleClick": "reset+autosize"}
RUN = "python -m dash_app"
BESIDE = ("assumes", "silent")  # texts of a block that stand under its answer: what it rests on, what it does not say
Content = str | Component | list[str | Component]


def attributes(**named: str) -> dict[str, Any]:
    """`aria_label="…"` → {"aria-label": "…"}: attributes whose names Python cannot spell, to be given with `**`."""
    return {name.replace("_", "-"): text for name, text in named.items()}


def part(kind: str, name: str) -> dict[str, str]:
    """The id of a part of a block's card."""
    return {"type": f"block-{kind}", "name": name}


def icon(name: str) -> Component:
    """An icon of assets/vendor/icons.css, which says nothing to screen readers."""
    return html.Span(className=f"icon icon-{name}", **attributes(aria_hidden="true"))


def with_command(text: str, command: str) -> list[Component | str]:
    """A text with `{command}` in it → its parts, the command set as code."""
    before, _, after = text.partition("{command}")
    return [before, html.Code(command), after] if "{command}" in text else [text]


def message(text: str | list[Component | str], kind: str = "empty") -> Component:
    """A message in place of a chart. kind: `empty`, or `failed` (it is asked again) or `bug`."""
    return html.Div(
        [icon("database" if kind == "empty" else "alert-triangle"), html.P(text)],
        className=f"message message-{kind}",
        role="status",
    )


KeyFigure = tuple[str, str, Content]
"""What a big number is, the number, and its comparison."""


def key_figures(figures: Iterable[KeyFigure]) -> Component:
    """A row of key figures that wraps on small screens: each with its name above it, and its comparison under it."""
    parts = ("label", "figure", "note")
    keys = [
        [html.Div(text, className=f"key-{part}") for part, text in zip(parts, each, strict=True)] for each in figures
    ]
    return html.Div([html.Div(key, className="key") for key in keys], className="keys")


def named_figures(texts: str, rows: Iterable[KeyFigure], look: Look) -> Component:
    """Key figures by name, number and note: what each is called is the text `<texts>.<name>`."""
    return key_figures((look.text(f"{texts}.{name}"), figure, note) for name, figure, note in rows)


def sentence(text: str) -> Component:
    """The answer of a card, big."""
    return html.P(text, className="answer")


def note(text: Content) -> Component:
    """A quiet line under a chart or a table."""
    return html.P(text, className="note")


def warning(text: Content) -> Component:
    """Something to know before the numbers are believed."""
    return html.P(text, className="warning", role="note")


def code(text: str) -> Component:
    """A command to copy."""
    return html.Code(text, className="command")


def graph(block: Block, figure: Figure, look: Look) -> Component:
    """A chart that stays in place from one answer to the next (`draw` in assets/shell.js)."""
    config: Any = PLOTLY_CONFIG | {"locale": look.language}
    has_own_height = "height" in figure["layout"]
    return dcc.Graph(
        id=part("graph", block.name),
        figure=figure,
        config=config,
        style={"height": f"{figure['layout'].get('height', block.height)}px"},
        className="graph own-height" if has_own_height else "graph",  # else a phone may make it lower
    )


def with_words(chart: Component, above: Component | None, below: Component | None) -> Component:
    """A chart between what it shows and what is known of that; alone where nothing is said."""
    said: list[Component] = [each for each in (above, chart, below) if each is not None]
    return chart if said == [chart] else html.Div(said)


def covered(frame: Frame, look: Look) -> str:
    """How much of the asked time readings cover, in words; empty where that means nothing."""
    if frame.covered is None:
        return ""
    return look.text("shell.covered", share=look.covered(frame.covered))


def card(block: Block, look: Look, needs: list[str], answered: tuple[str, Answer] | None = None) -> Component:
    """The card of a block: with an answer and the question to it, or empty as yet, of the height that it will have."""
    title = look.text(block.title)
    heading = f"title-{block.name}"
    question, answer = answered or ("", Answer(_waiting(block)))
    to_coverage = attributes(data_go="coverage")
    return html.Section(
        [
            html.Header(
                [
                    html.H2(title, id=heading),
                    html.P(
                        [
                            html.Span(answer.subtitle, className="subtitle"),
                            html.A(answer.covered, className="covered", href="/coverage", **to_coverage),
                        ],
                    ),
                    html.Div(_buttons(block, look, title), className="buttons"),
                ],
            ),
            html.Div(answer.controls, id=part("controls", block.name), className="controls"),
            html.Div(
                answer.body,
                id=part("body", block.name),
                className="body",
                style={"minHeight": f"{block.height}px"} if block.figure else {},
            ),
            *[note(look.text(block.own(kind))) for kind in BESIDE if has_text(block.own(kind))],
            html.Button(
                look.text("shell.unfold"),
                className="unfold",
                type="button",
                **attributes(aria_expanded="false"),
            ),
        ],
        className="card wide" if block.wide else "card",
        **attributes(
            aria_labelledby=heading,
            aria_busy="false" if answered else "true",
            data_answers=question,
            data_block=block.name,
            data_needs=" ".join(needs),
            data_zooms="yes" if block.zooms else "",
            data_picks=block.picks,
        ),
    )


def _waiting(block: Block) -> Component:
    waiting: Component = dmc.Skeleton(height=block.height if block.figure else min(block.height, 160), animate=False)
    return waiting


def _buttons(block: Block, look: Look, title: str) -> list[Component]:
    buttons: list[Component] = []
    if block.zooms:
        words: list[Component | str] = [icon("zoom-out"), look.text("shell.unzoom")]
        buttons.append(html.Button(words, className="unzoom", type="button", **attributes(data_does="unzoom")))
    if block.has_csv:
        label, tip = look.text("shell.table", title=title), look.text("shell.table_tip")
        buttons.append(_button("table", tip, label, **attributes(data_does="table")))
        label, tip = look.text("shell.csv", title=title), look.text("shell.csv_tip")
        of_file = attributes(aria_label=label, data_csv=block.name)
        buttons.append(html.A(icon("file-download"), title=tip, className="tool", href=f"/csv/{block.name}", **of_file))
    if block.figure:
        label, tip = look.text("shell.png", title=title), look.text("shell.png_tip")
        buttons.append(_button("photo", tip, label, **attributes(data_does="png")))
    return buttons


def _button(picture: str, tip: str, label: str, **more: Any) -> Component:
    """A button without words; what a click does stands in assets/shell.js."""
    return html.Button(
        icon(picture), title=tip, className="tool", type="button", **more, **attributes(aria_label=label)
    )
