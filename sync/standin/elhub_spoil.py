"""What may be wrong with an answer of Elhub that comes with status 200, put upon a right one on request."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

import numpy as np

from ..model.localtime import midnight
from . import spoils
from .elhub_hours import ZONE, Hours
from .faults import DayFault, Kind
from .spoils import Fields, Lists, Record, called, each, later, put, without

KINDS = {
    "400": Kind("these days are refused", "400@2"),
    "204": Kind("no content", "204@2"),
    "othermonth": Kind("the dates are ignored: the last month comes instead", "othermonth@3"),
    "otherdataset": Kind("the other dataset comes instead", "otherdataset@3"),
    "double": Kind("every record comes twice", "double@2"),
    "lastday": Kind("the last day is missing", "lastday@2"),
    "losthour": Kind("one hour is missing in all series, the repeated one in October", "losthour@10"),
    "truncated": Kind("the list ends early", "truncated@2:5000", "records", 5000, 100_000),
    "hole": Kind("one series lacks hours in its middle", "hole@2:3", "hours", 3, 300),
    "naive": Kind("the times have no offset", "naive@2"),
    "shifted": Kind("the hours begin at half past", "shifted@2"),
    "noarea": Kind("NO3 is missing", "noarea@2"),
    "newgroup": Kind("hydro of NO1 is called hydrogen", "newgroup@2"),
    "renamed": Kind("quantityKwh is called quantity", "renamed@2"),
    "nan": Kind("values are NaN", "nan@2:5", "records", 5, 100_000),
    "text": Kind("values are text", "text@2:5", "records", 5, 100_000),
    "null": Kind("values are null", "null@2:5", "records", 5, 100_000),
}
DAY_KINDS = {
    "correct": Kind(
        "the values of the day are changed, updated now", "correct@2024-05-01:10", "per cent more", 10, 900
    ),
    "outdated": Kind(
        "the values of the day are changed, updated long ago", "outdated@2024-05-01:10", "per cent more", 10, 900
    ),
}
LONG_AGO = midnight(date(2020, 1, 1), ZONE)

FIELDS = Fields(("startTime", "endTime"), "quantityKwh", ZONE)


class Days:
    """The faults of days in force. now: aware UTC."""

    def __init__(self, faults: Sequence[DayFault], now: datetime) -> None:
        self._faults = faults
        self._now = int(now.timestamp()) * 1000

    def changed(self, hours: Hours) -> Hours:
        """The hours with the values and times of update that the faults give them."""
        for fault in self._faults:
            low, high = midnight(fault.first, ZONE), midnight(fault.last + timedelta(days=1), ZONE)
            hit = (hours.start >= low) & (hours.start < high)
            if hit.any():
                kwh = np.where(hit, np.round(hours.kwh * (1 + fault.amount / 100), 3), hours.kwh)
                updated = np.where(hit, self._now if fault.kind == "correct" else LONG_AGO, hours.updated)
                hours = replace(hours, kwh=kwh, updated=updated)
        return hours


def spoil(body: bytes, spoilt: Mapping[str, float]) -> bytes:
    """An answer with those of the faults put upon it that are of its records."""
    if not spoilt.keys() & SPOILS.keys():
        return body
    answer = json.loads(gzip.decompress(body))
    attributes = [listed for entity in answer["data"] for listed in entity["attributes"].values()]
    put([listed for listed in attributes if listed and isinstance(listed, list)], FIELDS, SPOILS, spoilt)
    return gzip.compress(json.dumps(answer, separators=(",", ":")).encode(), 1)


def _truncated(lists: Lists, _fields: Fields, count: int) -> None:
    for records in lists:
        del records[count:]
        count -= len(records)


def _hole(lists: Lists, _fields: Fields, count: int) -> None:
    middle = len(lists[0]) // 10
    del lists[0][middle : middle + count]


def _naive(record: Record, fields: Fields) -> None:
    record |= {name: record[name][:19] for name in (*fields.times, "lastUpdatedTime")}


def _new_group(record: Record, _fields: Fields) -> None:
    if (record["priceArea"], record.get("productionGroup")) == ("NO1", "hydro"):
        record["productionGroup"] = "hydrogen"


SPOILS = spoils.SPOILS | {
    "truncated": _truncated,
    "hole": _hole,
    "naive": each(_naive),
    "shifted": later(minutes=30),
    "noarea": without(lambda record, _: record["priceArea"] == "NO3"),
    "newgroup": each(_new_group),
    "renamed": called("quantity"),
}
