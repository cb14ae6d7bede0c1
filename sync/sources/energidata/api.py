"""Energi Data Service (https://www.energidataservice.dk/guides/api-guides): Danish prices and production by type.

No key. One call a dataset, minute and address is allowed since August 2025, so a call asks for all areas of months at
once. `timezone=UTC`, the order, the columns and `limit=0` are always said: without them come Danish wall clock, which
cannot name the repeated hour of October, newest first, and a hundred records. Every answer is verified.

The day-ahead price was hourly (Elspotprices) until the end of September 2025 and is of quarter-hours since
(DayAheadPrices): one series, whose readings have their own length. EUR is the truth: DKK was missing at weekends once,
and follows from the rate of the day.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from ...model.readings import instant
from ...model.window import Window
from .. import zone_of
from ..answers import OpenSource, Service
from ..source import Dataset, Parsed
from .answer import Question, read_records
from .prices import CHANGE, read_prices
from .production import METHODS, read_production

SOURCE = "energidata"
SPACING = 1.0  # s; of one dataset there is a minute between two calls anyway
MINUTE = 61.0  # s; one call a dataset and minute, and clocks differ
PRODUCTION_AREAS = ("DK1", "DK2")
LAST_HOURLY = instant(CHANGE).astimezone(zone_of(SOURCE)).date()  # 2025-10-01, not included

# So many months a call that an answer stays below some 15 MB.
ELSPOT = Dataset("Elspotprices", "price", date(1999, 7, 1), LAST_HOURLY, reread=3, spacing=MINUTE, call_months=12)
DAY_AHEAD = Dataset("DayAheadPrices", "price", LAST_HOURLY, step=900, reread=3, spacing=MINUTE, ahead=2, call_months=6)
PRODUCTION = Dataset("DeclarationProduction", "production", date(2021, 1, 1), reread=40, spacing=MINUTE, call_months=3)

SERVICE = Service("Energi Data Service", "ENERGIDATA_API_URL", timedelta(seconds=MINUTE))


@dataclass(frozen=True, slots=True)
class Columns:
    """What is asked of a dataset."""

    time: str
    others: tuple[str, ...]


COLUMNS = {
    ELSPOT.name: Columns("HourUTC", ("PriceArea", "SpotPriceEUR", "SpotPriceDKK")),
    DAY_AHEAD.name: Columns("TimeUTC", ("PriceArea", "DayAheadPriceEUR", "DayAheadPriceDKK")),
    PRODUCTION.name: Columns(
        "HourUTC",
        (
            "PriceArea",
            "Version",
            "FuelAllocationMethod",
            "ReportGrpCode",
            "ProductionType",
            "DeliveryType",
            "Production_MWh",
            "ShareTotal",
        ),
    ),
}


class Energidata(OpenSource):
    """Prices and production."""

    name = SOURCE
    zone = zone_of(SOURCE)
    spacing = SPACING
    service = SERVICE
    datasets: tuple[Dataset, ...] = (ELSPOT, DAY_AHEAD, PRODUCTION)

    def question(self, dataset: Dataset, window: Window) -> tuple[str, dict[str, str]]:
        """All areas; both ends as the UTC instants of Danish midnights, so that no hour is lost at the change."""
        columns = COLUMNS[dataset.name]
        low, high = self.bounds(window)
        query = {
            "start": f"{instant(low):%Y-%m-%dT%H:%M}",
            "end": f"{instant(high):%Y-%m-%dT%H:%M}",
            "timezone": "UTC",
            "columns": ",".join((columns.time, *columns.others)),
            "sort": f"{columns.time} asc,PriceArea asc",
            "limit": "0",
        }
        if dataset.name == PRODUCTION.name:
            wanted = {"PriceArea": PRODUCTION_AREAS, "FuelAllocationMethod": METHODS}
            query["filter"] = json.dumps(wanted, separators=(",", ":"))
        return f"{self.base}/dataset/{dataset.name}", query

    def parse(self, dataset: Dataset, window: Window, text: str, now: datetime) -> Parsed:
        """Verify an answer and make readings of it. Raises AnswerRefused."""
        columns = COLUMNS[dataset.name]
        low, high = self.bounds(window)
        question = Question(dataset, columns.time, columns.others, low, high)
        records = read_records(text, question)
        if not len(records.start):
            return Parsed((), short="the answer is empty", final=False)
        if dataset.name == PRODUCTION.name:
            return read_production(records, question, now)
        return read_prices(records, question, now)


def connect(base: str, _settings: object) -> Energidata:
    """The source at an address."""
    return Energidata(base)
