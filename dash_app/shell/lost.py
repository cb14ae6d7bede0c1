"""An address that is no page of ours: it says so, with status 404 and the way back."""

from __future__ import annotations

from collections.abc import Callable
from html import escape

from dash import Dash
from flask import Response, request

from ..kit.address import look_of
from ..kit.blocks import Page

PAGES = "/<path:path>"  # the endpoint of Dash that answers everything which no other does
DOCUMENT = """<!DOCTYPE html>
<html lang="{language}" data-mantine-color-scheme="{theme}">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>{title}</title>
    <link rel="icon" type="image/svg+xml" href="{picture}">
    <link rel="stylesheet" href="{style}">
  </head>
  <body>
    <main class="lost">
      <h1>{title}</h1>
      <p>{text}</p>
      <p><a href="/?lang={language}">{home}</a></p>
    </main>
  </body>
</html>
"""


def say_lost(app: Dash, pages: tuple[Page, ...], language: Callable[[], str], asset: Callable[[str], str]) -> None:
    """language: the reader's own; asset: the address of an asset by its name."""
    known = {page.name for page in pages}

    def lost() -> Response | None:
        if request.endpoint != PAGES or request.path.strip("/") in known:
            return None
        search, theme = request.query_string.decode("ascii", "replace"), request.cookies.get("look", "").split(".")[0]
        look = look_of(f"theme={theme}&{search}", language())
        path = f"<code>{escape(request.path)}</code>"
        parts = {
            "title": escape(look.text("shell.lost")),
            "text": escape(look.raw_text("shell.lost_at")).replace("{path}", path),
            "home": escape(look.text("shell.home")),
            "picture": asset("favicon.svg"),
            "style": asset("shell.css"),
        }
        return Response(DOCUMENT.format(language=look.language, theme=look.theme, **parts), 404, mimetype="text/html")

    app.server.before_request(lost)
