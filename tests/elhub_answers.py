"""Answers of Elhub's API written out by hand, and the independent sums over them."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

OSLO = ZoneInfo("Europe/Oslo")
AREAS = ("NO1", "NO2", "NO3", "NO4", "NO5")


def local_hours(first: str, end: str) -> list[datetime]:
    """Starts (UTC) of the hours of the local days `[first, end)`, counted in UTC from midnight to midnight."""
    at, stop = (datetime.fromisoformat(day).replace(tzinfo=OSLO).astimezone(UTC) for day in (first, end))
    found = []
    while at < stop:
        found.append(at)
        at += timedelta(hours=1)
    return found


def production(area: str, group: str, start: datetime, kwh: Any, **more: Any) -> dict[str, Any]:
    """One record of production, as the API writes it."""
    return {
        "endTime": (start + timedelta(hours=1)).astimezone(OSLO).isoformat(),
        "lastUpdatedTime": "2025-10-24T23:39:44+02:00",
        "priceArea": area,
        "productionGroup": group,
        "quantityKwh": kwh,
        "startTime": start.astimezone(OSLO).isoformat(),
    } | more


def consumption(area: str, group: str, start: datetime, kwh: Any, meters: Any = 100_607, **more: Any) -> dict[str, Any]:
    """One record of consumption, as the API writes it."""
    record = production(area, group, start, kwh)
    record["consumptionGroup"] = record.pop("productionGroup")
    return record | {"meteringPointCount": meters} | more


def answer(records: list[dict[str, Any]], name: str = "productionPerGroupMbaHour") -> str:
    """A whole answer: an entity for each area in the records, and `*` with an empty list."""
    areas = list(dict.fromkeys(record["priceArea"] for record in records))
    entities = [{"id": "*", "type": "price-areas", "attributes": {"country": "NO", "eic": "*", "name": "*", name: []}}]
    entities += [
        {
            "id": area,
            "type": "price-areas",
            "attributes": {
                "country": "NO",
                "eic": "10YNO-1--------2",
                "name": area,
                name: [record for record in records if record["priceArea"] == area],
            },
        }
        for area in areas
    ]
    return json.dumps({"data": entities, "links": {}, "meta": {}})


def whole(first: str, end: str, groups: tuple[str, ...] = ("hydro",)) -> list[dict[str, Any]]:
    """Complete production of all areas: 1 kWh in the first hour, 2 in the second …"""
    return [
        production(area, group, start, float(number))
        for area in AREAS
        for group in groups
        for number, start in enumerate(local_hours(first, end), 1)
    ]
