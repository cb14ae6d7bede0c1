"""What may be wrong with an answer of Elhub that comes with status 200, put upon a right one on request."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any

import numpy as np

from ..model.localtime import midnight
from .elhub_hours import HOUR, ZONE, Hours
from .faults import DayFault, Kind

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

Record = dict[str, Any]
Lists = list[list[Record]]
"""The records of each area, in the order of the answer; changed in place."""


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


def spoil(body: bytes, spoils: Mapping[str, float]) -> bytes:
    """An answer with some faults put upon it."""
    answer = json.loads(body)
    lists: Lists = [
        listed
        for entity in answer["data"]
        for listed in entity["attributes"].values()
        if isinstance(listed, list) and listed
    ]
    for kind, amount in spoils.items():
        SPOILS[kind](lists, int(amount))
    return json.dumps(answer, separators=(",", ":")).encode()


def _double(lists: Lists, _: int) -> None:
    for records in lists:
        records += [dict(record) for record in records]


def _keep(lists: Lists, is_kept: Callable[[Record], bool]) -> None:
    for records in lists:
        records[:] = [record for record in records if is_kept(record)]


def _last_day(lists: Lists, _: int) -> None:
    last = max(record["startTime"][:10] for records in lists for record in records)
    _keep(lists, lambda record: record["startTime"][:10] != last)


def _lost_hour(lists: Lists, _: int) -> None:
    times = sorted({record["startTime"] for record in lists[0]})
    walls = [time[:19] for time in times]
    repeated = [time for time in times if walls.count(time[:19]) > 1]
    lost = repeated[0] if repeated else times[len(times) // 2]
    _keep(lists, lambda record: record["startTime"] != lost)


def _truncated(lists: Lists, count: int) -> None:
    for records in lists:
        del records[count:]
        count -= len(records)


def _hole(lists: Lists, count: int) -> None:
    middle = len(lists[0]) // 10
    del lists[0][middle : middle + count]


def _naive(lists: Lists, _: int) -> None:
    for records in lists:
        for record in records:
            record |= {name: record[name][:19] for name in ("startTime", "endTime", "lastUpdatedTime")}


def _shifted(lists: Lists, _: int) -> None:
    for records in lists:
        for record in records:
            for name in ("startTime", "endTime"):
                record[name] = (datetime.fromisoformat(record[name]) + timedelta(milliseconds=HOUR // 2)).isoformat()


def _no_area(lists: Lists, _: int) -> None:
    _keep(lists, lambda record: record["priceArea"] != "NO3")


def _new_group(lists: Lists, _: int) -> None:
    for records in lists:
        for record in records:
            if (record["priceArea"], record.get("productionGroup")) == ("NO1", "hydro"):
                record["productionGroup"] = "hydrogen"


def _renamed(lists: Lists, _: int) -> None:
    for records in lists:
        for record in records:
            record["quantity"] = record.pop("quantityKwh")


def _valued(value: Any) -> Callable[[Lists, int], None]:
    def change(lists: Lists, count: int) -> None:
        for record in lists[0][:count]:
            record["quantityKwh"] = value

    return change


SPOILS: dict[str, Callable[[Lists, int], None]] = {
    "double": _double,
    "lastday": _last_day,
    "losthour": _lost_hour,
    "truncated": _truncated,
    "hole": _hole,
    "naive": _naive,
    "shifted": _shifted,
    "noarea": _no_area,
    "newgroup": _new_group,
    "renamed": _renamed,
    "nan": _valued(float("nan")),
    "text": _valued("n/a"),
    "null": _valued(None),
}
