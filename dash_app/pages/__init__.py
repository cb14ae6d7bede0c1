"""The pages: each a module with a PAGE, listed in the order of the navigation."""

from __future__ import annotations

from ..blocks import Page
from . import areas, consumption, cost, coverage, fleet, market, storage

PAGES: tuple[Page, ...] = (
    storage.PAGE,
    consumption.PAGE,
    cost.PAGE,
    coverage.PAGE,
    fleet.PAGE,
    market.PAGE,
    areas.PAGE,
)
