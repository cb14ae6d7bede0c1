"""The pages: each a module with a PAGE, in the order of the navigation; on the first one a reader lands."""

from __future__ import annotations

from ..areas import page as areas
from ..consumption import page as consumption
from ..cost import page as cost
from ..coverage import page as coverage
from ..fleet import page as fleet
from ..insight import page as insight
from ..kit.blocks import Page
from ..laboratory import page as laboratory
from ..market import page as market
from ..overview import page as overview
from ..storage import page as storage

PAGES: tuple[Page, ...] = (
    overview.PAGE,
    storage.PAGE,
    consumption.PAGE,
    cost.PAGE,
    insight.PAGE,
    coverage.PAGE,
    fleet.PAGE,
    market.PAGE,
    areas.PAGE,
    laboratory.PAGE,
)
