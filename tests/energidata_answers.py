"""Answers of Energi Data Service written out by hand, and the real files read independently of the product."""

from __future__ import annotations

import csv
import gzip
import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from sync.model.window import Window
from sync.sources.energidata.api import DAY_AHEAD, ELSPOT
from sync.sources.source import Dataset

DANISH = ZoneInfo("Europe/Copenhagen")
PRICE_NAMES = {
    ELSPOT.name: ("HourUTC", "SpotPriceEUR", "SpotPriceDKK"),
    DAY_AHEAD.name: ("TimeUTC", "DayAheadPriceEUR", "DayAheadPriceDKK"),
}
ELSPOT_2024 = "eds/Elspotprices_2024_DK1_DK2_DE_NO2_SE3_SE4_SYSTEM.csv.gz"
CHANGE_2025 = "eds/dayahead_15min_20250921-20251231_6zones.csv.gz"


def window(first: str, end: str) -> Window:
    return Window(date.fromisoformat(first), date.fromisoformat(end))


def starts(first: str, end: str, seconds: int) -> list[datetime]:
    """Starts (UTC) of the intervals of Danish days `[first, end)`, counted in UTC from midnight to midnight."""
    at, stop = (datetime.fromisoformat(day).replace(tzinfo=DANISH).astimezone(UTC) for day in (first, end))
    found = []
    while at < stop:
        found.append(at)
        at += timedelta(seconds=seconds)
    return found


def price(dataset: Dataset, area: str, start: datetime, eur: Any, dkk: Any = 100.0) -> dict[str, Any]:
    """One record of a price."""
    time, *names = PRICE_NAMES[dataset.name]
    return {time: f"{start:%Y-%m-%dT%H:%M:%S}", "PriceArea": area, names[0]: eur, names[1]: dkk}


def prices(dataset: Dataset, first: str, end: str, areas: tuple[str, ...] = ("DK1", "DK2")) -> list[dict[str, Any]]:
    """A complete answer: 0 EUR in the first interval, 1 in the second …"""
    return [
        price(dataset, area, start, float(number))
        for number, start in enumerate(starts(first, end, dataset.step))
        for area in areas
    ]


def produced(
    area: str, kind: str, start: datetime, mwh: Any, *, method: str = "All", share: Any = 50.0, **more: Any
) -> dict[str, Any]:
    """One record of production."""
    return {
        "HourUTC": f"{start:%Y-%m-%dT%H:%M:%S}",
        "PriceArea": area,
        "Version": "Final",
        "FuelAllocationMethod": method,
        "ReportGrpCode": kind[:3].upper(),
        "ProductionType": kind,
        "DeliveryType": None,
        "Production_MWh": mwh,
        "ShareTotal": share,
    } | more


def production(first: str, end: str, **more: Any) -> list[dict[str, Any]]:
    """A complete answer: wind and coal of both areas, half and half."""
    return [
        record
        for start in starts(first, end, 3600)
        for area in ("DK1", "DK2")
        for record in (
            produced(area, "WindOnshore", start, 12.345678, **more),
            produced(area, "Coal", start, 0.5, method="Total", **more),
        )
    ]


def answer(dataset: Dataset, records: list[dict[str, Any]], **more: Any) -> str:
    """A whole answer."""
    return json.dumps({"total": len(records), "limit": 0, "dataset": dataset.name, "records": records} | more)


def exported(path: Path) -> dict[tuple[str, datetime], tuple[float, float]]:
    """A site export of Elspotprices: (area, start) → (EUR, DKK), read with the csv module alone."""
    with gzip.open(path, "rt", encoding="utf-8-sig", newline="") as stream:
        return {
            (row["PriceArea"], datetime.fromisoformat(row["HourUTC"]).replace(tzinfo=UTC)): (
                float(row["SpotPriceEUR"].replace(",", ".")),
                float(row["SpotPriceDKK"].replace(",", ".")),
            )
            for row in csv.DictReader(stream, delimiter=";")
        }


def change_of_2025(path: Path) -> dict[tuple[str, datetime], float]:
    """The quarter-hours around the change: (area, start) → EUR, of the whole Danish days of the file."""
    with gzip.open(path, "rt", newline="") as stream:
        rows = [
            (row["PriceArea"], datetime.fromisoformat(row["TimeUTC"]).replace(tzinfo=UTC), float(row["PriceEUR"]))
            for row in csv.DictReader(stream)
        ]
    end = datetime(2025, 12, 31, 23, tzinfo=UTC)  # a few scattered quarters of 2026 stand behind it
    return {(area, start): eur for area, start, eur in rows if start < end}
