"""The page as a WSGI application."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from dash import Dash
from dash.development.base_component import Component
from flask import Response, has_request_context, request
from plotly.io.json import to_json_plotly
from pymongo.errors import PyMongoError

from sync.model.errors import StoreError

from ..kit.address import look_of, page_of, whole
from ..kit.blocks import Page
from ..kit.locale import FIRST, LANGUAGES
from ..kit.reader import Reader
from ..kit.view import parts_of
from .answers import first_answers, hidden_pages, moment
from .callbacks import questions, register
from .layout import layout, shell
from .lost import say_lost
from .pages import PAGES
from .prefetch import Prefetch
from .questions import refuse_odd
from .routes import add_routes, lead_old_addresses, version_of
from .security import protect
from .wire import compress, named

ASSETS = Path(__file__).resolve().parent.parent / "assets"
IN_HEAD = ("head/theme.js",)  # run at once


def _in_languages(library: str) -> list[str]:
    """The files of a library's languages that are there; English it speaks by itself."""
    names = [f"vendor/{library}-locale-{language}.js" for language in LANGUAGES]
    return [name for name in names if (ASSETS / name).exists()]


EARLY = ("vendor/regenerator-runtime.js", *_in_languages("dayjs"))  # run before Dash starts
CHARTS = ("vendor/plotly-page.min.js", *_in_languages("plotly"))  # run after, while Dash asks for the page
ICONS = "vendor/icons.css"
PICTURE = "favicon.svg"
CHART = "/_dash-component-suites/dash/dcc/async-graph.js"  # else Dash asks for it when the first chart is there
NOT_NEEDED = ("/dash/dash_table/", "/dash/deps/polyfill")  # a table that we do not use; for browsers of before 2018


class Electricity(Dash):
    """Dash whose scripts run deferred, in order, plotly.js last: what costs most runs while the page is asked for.

    kept: gives the layout of a request, made by the function that it gets, or by it for another reader before.
    """

    kept: Callable[[Callable[[], bytes]], bytes]

    def serve_layout(self) -> Response:
        """The answer to what a browser asks first: the page of its address."""
        return named(self.kept(lambda: str(to_json_plotly(self.get_layout())).encode()))

    def interpolate_index(self, **parts: Any) -> str:  # type: ignore[override]  # Dash gives every part by name
        """The document; parts: as Dash makes them."""
        lines = [line for line in str(parts["scripts"]).splitlines() if not any(each in line for each in NOT_NEEDED)]
        scripts = "\n".join(lines).replace("<script src=", "<script defer src=")
        # A module runs after the deferred scripts; the classic script that Dash writes would run before them.
        renderer = str(parts["renderer"]).replace('type="application/javascript"', 'type="module"')
        early = "".join(f'<script defer src="{self.dated(name)}"></script>' for name in EARLY)
        charts = "".join(f'<script defer class="charts" src="{self.dated(name)}"></script>' for name in CHARTS)
        now = "".join(f'<script src="{self.dated(name)}"></script>' for name in IN_HEAD)
        chart = self.get_relative_path(CHART)  # type: ignore[no-untyped-call]
        scripts += f'\n<script defer src="{chart}"></script>'
        own = _language()
        named = parts_of(request.query_string.decode("ascii", "replace")).get("lang")
        texts = {"own": own, "languages": " ".join(LANGUAGES), "language": named if named in LANGUAGES else own}
        texts |= {"now": now, "early": early, "charts": charts}
        icons = f'<link rel="stylesheet" href="{self.dated(ICONS)}">'
        picture = f'<link rel="icon" type="image/svg+xml" href="{self.dated(PICTURE)}">'
        ours = {"favicon": picture, "scripts": scripts, "renderer": renderer, "css": f"{icons}{parts['css']}"}
        return INDEX.format(**parts | texts | ours)

    def dated(self, name: str) -> str:
        """The address of an asset, another one when it changes, so that browsers may keep it."""
        return f"{self.get_asset_url(name)}?m={(ASSETS / name).stat().st_mtime}"

    def _config(self) -> dict[str, Any]:
        """What the browser gets to know: nothing of this machine, and no address of a version check.

        A chart that is there before plotly.js has run asks for ours, which is on its way, not for the whole library.
        """
        config: dict[str, Any] = super()._config()  # type: ignore[no-untyped-call]
        ours = {"serve_locally": False, "plotlyjs_url": self.dated(CHARTS[0])}
        return config | ours | {"disable_version_check": True, "python_version": "", "dash_version_url": ""}


INDEX = """<!DOCTYPE html>
<html lang="{language}" data-own="{own}" data-languages="{languages}">
  <head>
    {metas}
    <title>{title}</title>
    {favicon}
    {now}
    {early}
    {scripts}
    {css}
  </head>
  <body>
    {app_entry}
    {config}
    {renderer}
    {charts}
  </body>
</html>"""


def create_app(reader: Reader, password: str | None = None, pages: tuple[Page, ...] = PAGES) -> Dash:
    """The page of a database. With a password every request must carry it; without one only loopback is answered."""
    app = Electricity(
        __name__,
        title="Electricity",
        update_title="",
        assets_folder=str(ASSETS),
        assets_path_ignore=["^vendor$", "^head$"],
        serve_locally=True,
        suppress_callback_exceptions=True,  # controls of a page come with its cards
        meta_tags=[{"name": "viewport", "content": "width=device-width, initial-scale=1"}],
    )
    add_routes(app, reader, pages)
    prefetch = Prefetch(reader, pages)
    app.layout = lambda: _layout(reader, pages, prefetch)
    app.kept = partial(_kept, reader)
    register(app, reader, pages)
    compress(app)
    protect(app, password, reader.settings)
    refuse_odd(app, questions(pages))
    say_lost(app, pages, _language, app.dated)
    lead_old_addresses(app, pages)
    app.server.before_request(prefetch.step_aside)
    return app


def rehearse(app: Dash, password: str | None = None) -> None:
    """Answer what every reader asks for once beforehand: the first one does not wait for what is only loaded once."""
    app.layout()
    client = app.server.test_client()
    auth = ("", password) if password else None
    headers = {"Accept-Encoding": "br"}  # compressed, too
    document = client.get("/", auth=auth).text
    for path in re.findall(r'(?:src|href)="(/[^"]+)"', document):
        client.get(path, auth=auth, headers=headers)


def _language() -> str:
    """The reader's own: what the browser prefers of ours, else English."""
    return str(request.accept_languages.best_match(LANGUAGES) or FIRST) if has_request_context() else FIRST


def _kept(reader: Reader, make: Callable[[], bytes]) -> bytes:
    """What the layout depends on: the address, the language and look of the reader, and the database."""
    if not (has_request_context() and version_of(reader)):
        return make()
    asked = (request.referrer or "", _language(), request.cookies.get("look", ""))
    try:
        return reader.kept(("layout", asked, moment(reader)), make)
    except (PyMongoError, StoreError):  # it went away in between
        return make()


def _layout(reader: Reader, pages: tuple[Page, ...], prefetch: Prefetch) -> Component:
    """As the address needs it on which it is asked for. The browser mends a wrong guess, at the cost of a question."""
    try:
        address = urlsplit(request.referrer or "" if has_request_context() else "")
    except ValueError:
        address = urlsplit("")
    theme, _, pointer = (request.cookies.get("look", "") if has_request_context() else "").partition(".")
    search = whole(address.query, _language(), theme)
    opened, version = page_of(pages, address.path), version_of(reader) or ""
    if not version:
        return layout(shell(pages, opened, search, look_of(search)), version)
    answers = first_answers(reader, opened, search, touch=pointer == "touch")
    if has_request_context():
        prefetch.begin(opened, search, version)
    hidden = hidden_pages(reader, pages)
    return layout(shell(pages, opened, search, look_of(search), hidden=hidden, answers=answers), version)
