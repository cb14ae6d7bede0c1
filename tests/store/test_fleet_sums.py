"""What the server sums of many series equals what is counted reading by reading: change days, holes, zeros, groups."""

from __future__ import annotations

import csv
import gzip
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from pymongo.database import Database

from sync.fleet.build import Fleet
from sync.load.progress import Silence
from sync.model.clock import SystemClock
from tests import fleet_rows
from tests.fleet_rows import HALF, ByHand, Rows, by_hand, groups_of, identity, length, london_rows, number

HOUSEHOLDS = 12
IN_TABLE = 11  # the last household stands in no table
FIRST, CHANGE, END = date(2012, 10, 1), date(2012, 10, 28), date(2012, 12, 2)
PERCENTILES = (10, 25, 50, 75, 90)


@pytest.fixture(name="summed")
def _summed(database: Database[Any], tmp_path: Path) -> tuple[Database[Any], Rows, ByHand]:
    rows = london_rows(HOUSEHOLDS)
    fleet_rows.store_table(database, tmp_path, IN_TABLE)
    Fleet(fleet_rows.store(database, rows), SystemClock()).build(Silence())
    return database, rows, by_hand(rows)


def members(group: str) -> set[str]:
    """The households of a group, from the table as it was written."""
    column, _, text = group.partition("=")
    known = {identity(place): groups_of(place) if place < IN_TABLE else {} for place in range(HOUSEHOLDS)}
    return {name for name, groups in known.items() if group == "all" or groups.get(column) == text}


def test_months_of_households(summed: tuple[Database[Any], Rows, ByHand]) -> None:
    database, rows, hand = summed
    found = list(database["fleet_households"].find())
    assert sum(each["readings"] for each in found) == sum(map(len, rows.values()))
    for each in found:
        household, month = each["_id"]["id"], each["_id"]["month"]
        of_month = {day: wh for day, wh in hand.wh[household].items() if f"{day:%Y-%m}" == month}
        assert each["wh"] == sum(of_month.values())
        assert each["seconds"] == sum(hand.seconds[household][day] for day in of_month)
        assert (each["first"], each["last"]) == (number(min(of_month)), number(max(of_month)))
        whole = {number(day): wh for day, wh in hand.whole(household).items() if day in of_month}
        assert dict(zip(each["day"], each["day_wh"], strict=True)) == whole
        assert (each["days"], each["whole_wh"]) == (len(whole), sum(whole.values()))
        place = int(household[3:]) - 900_001
        assert each["groups"] == (groups_of(place) if place < IN_TABLE else {})
    assert {(each["_id"]["id"], each["_id"]["month"]) for each in found} == {
        (household, f"{day:%Y-%m}") for household in rows for day in hand.wh[household]
    }


def test_the_day_of_25_hours_is_complete_with_fifty_half_hours_only(
    summed: tuple[Database[Any], Rows, ByHand],
) -> None:
    database, rows, hand = summed
    assert length(CHANGE) == 90_000
    found = database["fleet_bands"].find_one({"_id.group": "all", "_id.step": "day", "_id.day": number(CHANGE)})
    assert found is not None
    readings = {household: sum(day == CHANGE for day in days_of(rows[household])) for household in rows}
    assert found["n"] == sum(count == 50 for count in readings.values())
    assert found["n"] == len(hand.means(CHANGE, CHANGE + timedelta(days=1), 1))
    profile = database["fleet_profiles"].find_one({"_id.group": "all", "_id.day": number(CHANGE)})
    assert profile is not None
    twice = len(hand.half_hours[CHANGE, 2])
    assert profile["seconds"][2] == 1800 * twice
    assert twice == pytest.approx(2 * len({name for name, _ in hand.half_hours[CHANGE, 2]}), abs=2)


def days_of(readings: dict[datetime, int]) -> list[date]:
    return [start.astimezone(fleet_rows.LONDON).date() for start in readings]


def test_profiles(summed: tuple[Database[Any], Rows, ByHand]) -> None:
    database, _, hand = summed
    found = list(database["fleet_profiles"].find())
    groups = {each["_id"]["group"] for each in found}
    assert groups == {"all", "tariff=Std", "tariff=ToU", *(f"acorn_group={name}" for name in (
        "Affluent", "Comfortable", "Adversity"
    ))}  # fmt: skip
    for each in found:
        among = members(each["_id"]["group"])
        for slot in range(48):
            own = [wh for name, wh in hand.half_hours[day_at(each), slot] if name in among]
            assert each["wh"][slot] == pytest.approx(sum(own))
            assert each["seconds"][slot] == 1800 * len(own)


def day_at(document: dict[str, Any]) -> date:
    return date(1970, 1, 1) + timedelta(days=document["_id"]["day"])


def test_bands(summed: tuple[Database[Any], Rows, ByHand]) -> None:
    database, _, hand = summed
    found = list(database["fleet_bands"].find())
    steps = {"day": 0, "week": 0, "month": 0}
    for each in found:
        first, step = day_at(each), each["_id"]["step"]
        end = {
            "day": first + timedelta(days=1),
            "week": first + timedelta(days=7),
            "month": (first + timedelta(days=31)).replace(day=1),
        }[step]
        fewest = {"day": 1, "week": 4, "month": 7}[step]
        means = list(hand.means(first, end, fewest, members(each["_id"]["group"])).values())
        assert each["n"] == len(means)
        assert each["mean"] == pytest.approx(np.mean(means))
        for percent in PERCENTILES:
            assert each[f"p{percent}"] == pytest.approx(np.percentile(means, percent)), (step, first, percent)
        steps[step] += each["_id"]["group"] == "all"
    assert steps == {"day": (END - FIRST).days, "week": 9, "month": 2}


def test_the_spring_change(database: Database[Any]) -> None:
    rows = london_rows(4, first=date(2013, 3, 25), days=10)
    Fleet(fleet_rows.store(database, rows), SystemClock()).build(Silence())
    change = date(2013, 3, 31)
    assert length(change) == 82_800
    found = database["fleet_bands"].find_one({"_id.group": "all", "_id.step": "day", "_id.day": number(change)})
    assert found is not None
    means = list(by_hand(rows).means(change, change + timedelta(days=1), 1).values())
    assert (found["n"], found["p50"]) == (len(means), pytest.approx(np.median(means)))
    profile = database["fleet_profiles"].find_one({"_id.group": "all", "_id.day": number(change)})
    assert profile is not None
    assert [slot for slot in range(48) if profile["seconds"][slot] == 0] == [2, 3]


def test_readings_of_an_hour_count_in_both_half_hours(database: Database[Any]) -> None:
    paris = ZoneInfo("Europe/Paris")
    start = datetime(2025, 1, 6, tzinfo=paris).astimezone(UTC)
    rows = {f"9999999999999{place}": {start + 2 * HALF * hour: 100 + hour for hour in range(24)} for place in range(3)}
    Fleet(fleet_rows.store(database, rows, "linky", 3600), SystemClock()).build(Silence())
    profile = database["fleet_profiles"].find_one({"_id.source": "linky"})
    assert profile is not None
    assert profile["wh"] == [3 * (100 + slot // 2) / 2 for slot in range(48)]
    assert profile["seconds"] == [3 * 1800] * 48


def test_the_real_household(database: Database[Any], shared_data: Path) -> None:
    readings: dict[datetime, int] = {}
    with gzip.open(shared_data / "lcl" / "MAC000002_raw_2012-2014.csv.gz", "rt", encoding="ascii", newline="") as lines:
        next(lines)
        for row in csv.reader(lines):
            label, text = row[-2].strip(), row[-1].strip()
            if text != "Null":
                start = datetime.fromisoformat(label[:19]).replace(tzinfo=UTC) - HALF
                readings[start] = int((Decimal(text) * 1000).to_integral_value())
    rows = {"MAC000002": readings}
    report = Fleet(fleet_rows.store(database, rows), SystemClock()).build(Silence())
    assert (report.readings, report.lacking) == (len(readings), 0)
    found = list(database["fleet_households"].find())
    assert sum(each["wh"] for each in found) == sum(readings.values())
    whole = {number(day): wh for day, wh in by_hand(rows).whole("MAC000002").items()}
    days = {day: wh for each in found for day, wh in zip(each["day"], each["day_wh"], strict=True)}
    assert days == whole
    assert number(date(2013, 3, 31)) in days
    assert number(date(2013, 10, 27)) in days
