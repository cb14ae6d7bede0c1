"""The frame around all pages: top bar, navigation, and every page with its cards, of which one is shown."""

from __future__ import annotations

import json
from collections.abc import Mapping
from types import MappingProxyType

import dash_mantine_components as dmc
from dash import dcc, html
from dash.development.base_component import Component

from ..kit.address import needs
from ..kit.blocks import Answer, Page
from ..kit.components import RUN, attributes, card, icon, with_command
from ..kit.locale import LANGUAGES, Look
from ..kit.static_html import lighten
from ..kit.view import PERIODS, STANDARD, parts_of

POLL_MS = 5000
PLACES = 4  # pages in the bar of a narrow screen, beside what opens the rest
NO_ANSWERS: Mapping[str, tuple[str, Answer]] = MappingProxyType({})


def layout(frame: list[Component], version: str) -> Component:
    """Everything; the theme is chosen in the browser (assets/head/theme.js).

    frame: a `shell`; version: of the database as `/version` says it, empty while it is away.
    """
    page: Component = dmc.MantineProvider(
        [
            dcc.Location(id="address", refresh=False),
            dcc.Interval(id="clock", interval=POLL_MS),
            dcc.Store(id="version", data=f"{version}#0" if version else ""),
            dcc.Store(id="moved"),
            dcc.Store(id="bar-ask"),
            dcc.Store(id="bar-told"),
            dcc.Store(id="shell-ask"),
            dcc.Store(id="table-ask"),
            html.Div(frame, id="shell"),
        ],
        id="mantine",
        defaultColorScheme="auto",
        theme={"primaryColor": "teal", "fontFamily": "inherit", "respectReducedMotion": True},
    )
    return page


def shell(
    pages: tuple[Page, ...],
    opened: Page,
    search: str,
    look: Look,
    *,
    hidden: frozenset[str] = frozenset(),
    answers: Mapping[str, tuple[str, Answer]] = NO_ANSWERS,
) -> list[Component]:
    """All that holds texts; made anew for another language.

    opened, search: the page that is looked at first and the rest of its address; hidden: pages that are not in the
    navigation, by name; answers: answers of cards of the opened page, by block, each with its question. The cards of
    the other pages come when they are looked at: a browser works long on what it does not show.
    """
    frame: list[Component] = [
        html.A(look.text("shell.skip"), href="#main", className="skip"),
        _top(look, parts_of(search).get("period", opened.period)),
        _navigation(pages, look, hidden),
        html.Main(
            [
                _banner(look, "unreachable"),
                _banner(look, "offline"),
                *[_page(page, look, page is opened, answers) for page in pages],
            ],
            id="main",
            tabIndex="-1",
            **attributes(data_language=look.language, data_generated=look.text("shell.generated")),
        ),
        dmc.Modal(
            id="table",
            size="xl",
            closeButtonProps={"aria-label": look.text("shell.close")},
            transitionProps={"duration": 0},
        ),
    ]
    return [lighten(each) for each in frame]


def _banner(look: Look, name: str) -> Component:
    """Shown by the style sheet while <body> has the attribute of that name."""
    text = with_command(look.raw_text(f"shell.{name}"), RUN)
    return html.Div([icon("alert-triangle"), html.Span(text)], className=f"banner banner-{name}", role="alert")


def _top(look: Look, period: str) -> Component:
    name = html.Strong([icon("bolt"), look.text("shell.name")], className="name")
    return html.Header([name, _pickers(look, period), _reading(look)], className="top")


def _pickers(look: Look, period: str) -> Component:
    """Meter and period."""
    series = dmc.Select(
        id="series",
        size="xs",
        allowDeselect=False,
        placeholder=look.text("shell.no_meter"),
        className="pick-series",
        **attributes(aria_label=look.text("shell.meter")),
    )
    named = dmc.SegmentedControl(
        id="period",
        size="xs",
        data=[{"value": name, "label": look.text(f"shell.{name}")} for name in PERIODS],
        value=period if period in PERIODS else STANDARD.period,
        transitionDuration=0,
        **attributes(aria_label=look.text("shell.period")),
    )
    days = [_arrow("previous", "chevron-left", look), _days(look), _arrow("next", "chevron-right", look)]
    return html.Div(
        [series, html.Div([named, *days], className="pick-period")],
        className="pickers",
        role="group",
        **attributes(aria_label=look.text("shell.choices")),
    )


def _reading(look: Look) -> Component:
    """Language and theme."""
    language = dmc.SegmentedControl(
        id="language",
        size="xs",
        data=[{"value": code, "label": code.upper()} for code in LANGUAGES],
        value=look.language,
        transitionDuration=0,
        **attributes(aria_label=look.text("shell.language")),
    )
    theme = html.Button(
        [icon("moon"), icon("sun")],
        type="button",
        id="theme",
        className="tool",
        title=look.text("shell.dark"),
        role="switch",
        **attributes(aria_label=look.text("shell.dark"), data_does="theme", aria_checked="false"),
    )
    return html.Div([language, theme], className="reading")


def _days(look: Look) -> Component:
    picker = dmc.DatePickerInput(
        id="days",
        type="range",
        size="xs",
        allowSingleDateInRange=True,
        valueFormat="D MMM YYYY",
        className="pick-days",
        popoverProps={"transitionProps": {"duration": 0}},
        **attributes(aria_label=look.text("shell.range")),
    )
    localized: Component = dmc.DatesProvider(picker, settings={"locale": look.language, "firstDayOfWeek": 1})
    return localized


def _arrow(name: str, picture: str, look: Look) -> Component:
    label = look.text(f"shell.{name}")
    leads = attributes(aria_label=label, aria_disabled="true", data_go="here")  # until the server says where it leads
    return html.A(icon(picture), id=name, className="tool", title=label, role="link", **leads)


def _navigation(pages: tuple[Page, ...], look: Look, hidden: frozenset[str]) -> Component:
    """All pages; a narrow screen has room for the first ones, and a sheet for the rest."""
    shown = [page for page in pages if page.name not in hidden]
    first = shown[:PLACES] if len(shown) > PLACES else shown
    rest = [page for page in pages if page not in first]
    parts: list[Component] = [_link(page, look, hidden) for page in first]
    if len(shown) > PLACES:
        opens = attributes(aria_expanded="false", aria_controls="rest")
        label = [icon("dots"), html.Span(look.text("shell.more"))]
        parts.append(html.Button(label, type="button", className="opens-rest", **opens))
    links = html.Div([_link(page, look, hidden) for page in rest], id="rest")
    return html.Nav([*parts, links], **attributes(aria_label=look.text("shell.pages")))


def _link(page: Page, look: Look, hidden: frozenset[str]) -> Component:
    return html.A(
        [icon(page.icon), html.Span(look.text(page.title))],
        href=f"/{page.name}",
        hidden=page.name in hidden,
        **attributes(data_go=page.name),
    )


def cards(page: Page, look: Look, answers: Mapping[str, tuple[str, Answer]] = NO_ANSWERS) -> list[Component]:
    """The cards of a page."""
    return [lighten(card(block, look, needs(page, block), answers.get(block.name))) for block in page.blocks]


def _page(page: Page, look: Look, opened: bool, answers: Mapping[str, tuple[str, Answer]]) -> Component:
    shown = cards(page, look, answers) if opened else []
    return html.Div(
        [html.H1(look.text(page.title)), html.Div(shown, id={"type": "cards", "name": page.name}, className="cards")],
        className="page",
        hidden=not opened,
        **attributes(
            data_page=page.name,
            data_options=json.dumps(dict(page.options)),
            data_series="yes" if page.has_series else "",
            data_period="yes" if page.has_period else "",
            data_standard=page.period,
        ),
    )
