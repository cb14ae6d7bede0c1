"""The pages that every household has; the others are hidden where nothing of their source is stored."""

from __future__ import annotations

from dash_app.shell.pages import PAGES

OF_METERS = tuple(page for page in PAGES if not page.source and page.scope is None)
