"""What may be wrong with an answer of Energi Data Service, put upon a right one on request."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from . import spoils
from .energidata_rows import PRICES, TIMES, ZONE
from .faults import Kind
from .spoils import Fields, Lists, Record, called, each, later, put, valued, without


def _new_area(record: Record, _fields: Fields) -> None:
    if record["PriceArea"] == "NO2":
        record["PriceArea"] = "XX9"


def _small_case(record: Record, _fields: Fields) -> None:
    for name in list(record):
        record[name.lower()] = record.pop(name)


def _no_dkk(lists: Lists, fields: Fields, count: int) -> None:
    valued(None)(lists, replace(fields, number=fields.number.replace("EUR", "DKK")), count)


def _extreme(lists: Lists, fields: Fields, _amount: int) -> None:
    for record, number in zip(lists[0], (-500.0, 4000.0), strict=False):
        record[fields.number] = number


def _twice(lists: Lists, _fields: Fields, _amount: int) -> None:
    total = [record for record in lists[0] if record["FuelAllocationMethod"] == "Total"]
    lists[0] += [record | {"FuelAllocationMethod": "All", "ReportGrpCode": "X"} for record in total]


def _in_part(lists: Lists, fields: Fields, hours: int) -> None:
    time = fields.times[0]
    last = datetime.fromisoformat(max(record[time] for record in lists[0]))
    edge = (last - timedelta(hours=hours)).isoformat()
    without(lambda record: record["PriceArea"] != "DK1" and record[time] > edge)(lists, fields, hours)


KINDS = {
    "otheryear": Kind("start and end are ignored: the year before comes", "otheryear@2"),
    "danish": Kind("timezone is ignored: the window is Danish wall clock", "danish@2"),
    "hundred": Kind("limit is ignored: a hundred records come", "hundred@2"),
    "methods": Kind("filter is ignored: every allocation method comes", "methods@2"),
    "minute": Kind("one call a dataset and minute, as the real one", "minute@*1", "seconds", 60, 3600),
    "400": Kind("the columns are refused", "400@2"),
    "empty": Kind("no records, and a total of nothing", "empty@2", spoil=lambda lists, *_: lists[0].clear()),
    "norecords": Kind("no records, though the total says otherwise", "norecords@2"),
    "otherdataset": Kind("the answer says that it is of another dataset", "otherdataset@2"),
    **spoils.KINDS,
    "halfhour": Kind("the times begin at five past", "halfhour@2", spoil=later(minutes=5)),
    "inpart": Kind("the last hours have come of DK1 alone", "inpart@2:12", "hours", 12, 100, _in_part),
    "noarea": Kind("DK2 is missing", "noarea@2", spoil=without(lambda record: record["PriceArea"] == "DK2")),
    "newarea": Kind("NO2 is called XX9", "newarea@2", spoil=each(_new_area)),
    "renamed": Kind("the column of the number is called Amount", "renamed@2", spoil=called("Amount")),
    "smallcase": Kind("the names of columns are in small letters", "smallcase@2", spoil=each(_small_case)),
    "nodkk": Kind("DKK is null, as at weekends once", "nodkk@2:48", "records", 48, 100_000, _no_dkk),
    "extreme": Kind("the first prices are -500 and 4000", "extreme@2", spoil=_extreme),
    "twice": Kind("thermal production comes as All, too, under another code", "twice@2", spoil=_twice),
}
IGNORED = {"danish": "timezone", "hundred": "limit", "methods": "filter"}


def parameters(given: Mapping[str, str], spoilt: Mapping[str, float]) -> dict[str, str]:
    """The parameters that are not ignored."""
    ignored = {name for kind, name in IGNORED.items() if kind in spoilt}
    left = {name: text for name, text in given.items() if name not in ignored}
    if "otheryear" in spoilt:
        left |= {name: f"{int(left[name][:4]) - 1}{left[name][4:]}" for name in ("start", "end")}
    return left | ({"limit": "100"} if "hundred" in spoilt else {})


def spoil(answer: dict[str, Any], dataset: str, spoilt: Mapping[str, float]) -> None:
    """Put faults upon an answer, which is changed in place; `total` follows unless the fault is about it."""
    records: list[Record] = answer["records"]
    number = next((name for name in PRICES.get(dataset, ()) if name.endswith("EUR")), "Production_MWh")
    if put([records], Fields(TIMES[dataset][:1], number, ZONE), KINDS, spoilt):
        answer["total"] = len(records)
    if "norecords" in spoilt:
        records.clear()
    if "otherdataset" in spoilt:
        answer["dataset"] = "CO2Emis"
