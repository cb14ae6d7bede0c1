"""What may be wrong with an answer of Elhub, put upon a right one on request."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date

import numpy as np

from ..model.localtime import midnight
from . import spoils
from .elhub_hours import ZONE, Hours
from .faults import Fault, Kind
from .spoils import Fields, Lists, Record, called, each, later, put, without

FIELDS = Fields(("startTime", "endTime"), "quantityKwh", ZONE)
LONG_AGO = midnight(date(2020, 1, 1), ZONE)


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


KINDS = {
    "400": Kind("these days are refused", "400@2"),
    "204": Kind("no content", "204@2"),
    "othermonth": Kind("the dates are ignored: the last month comes instead", "othermonth@3"),
    "otherdataset": Kind("the other dataset comes instead", "otherdataset@3"),
    **spoils.KINDS,
    "truncated": Kind("the list ends early", "truncated@2:5000", "records", 5000, 100_000, _truncated),
    "hole": Kind("one series lacks hours in its middle", "hole@2:3", "hours", 3, 300, _hole),
    "naive": Kind("the times have no offset", "naive@2", spoil=each(_naive)),
    "shifted": Kind("the hours begin at half past", "shifted@2", spoil=later(minutes=30)),
    "noarea": Kind("NO3 is missing", "noarea@2", spoil=without(lambda record: record["priceArea"] == "NO3")),
    "newgroup": Kind("hydro of NO1 is called hydrogen", "newgroup@2", spoil=each(_new_group)),
    "renamed": Kind("quantityKwh is called quantity", "renamed@2", spoil=called("quantity")),
}
DAY_KINDS = {
    "correct": Kind("values of the day are changed, updated now", "correct@2024-05-01:10", "per cent more", 10, 900),
    "outdated": Kind("the same, updated long ago", "outdated@2024-05-01:10", "per cent more", 10, 900),
}


def changed(hours: Hours, faults: Sequence[Fault], now: int) -> Hours:
    """The hours with the values and times of update that faults of days give them at `now` (ms)."""
    for fault in faults:
        low, high = (midnight(date.fromordinal(day), ZONE) for day in (fault.which.start, fault.which.stop))
        hit = (hours.start >= low) & (hours.start < high)
        kwh = np.where(hit, np.round(hours.kwh * (1 + fault.amount / 100), 3), hours.kwh)
        updated = np.where(hit, now if fault.kind == "correct" else LONG_AGO, hours.updated)
        hours = replace(hours, kwh=kwh, updated=updated)
    return hours


def spoil(body: bytes, spoilt: Mapping[str, float]) -> bytes:
    """An answer (gzip) with those of the faults put upon it that are of its records."""
    answer = json.loads(gzip.decompress(body)) if spoilt.keys() & KINDS.keys() else {"data": []}
    attributes = [listed for entity in answer["data"] for listed in entity["attributes"].values()]
    records = [listed for listed in attributes if listed and isinstance(listed, list)]
    if not put(records, FIELDS, KINDS, spoilt):
        return body
    return gzip.compress(json.dumps(answer, separators=(",", ":")).encode(), 1)
