"""Answers of Elhub: read exactly, and refused when they are not what was asked for. No network, no clock."""

from __future__ import annotations

import json
import random
from datetime import UTC, date, datetime, timedelta
from typing import Any

import numpy as np
import pytest

from sync.model.readings import milliseconds
from sync.model.window import Window
from sync.sources.elhub.api import CONSUMPTION, PRODUCTION, Elhub
from sync.sources.source import AnswerRefused, Dataset, Parsed
from tests.elhub_answers import AREAS, answer, consumption, local_hours, production, whole

NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)
DAY = Window(date(2025, 10, 7), date(2025, 10, 8))
HOURS = local_hours("2025-10-07", "2025-10-08")
NO1 = ("NO1",)


def read(
    records: list[dict[str, Any]] | str,
    window: Window = DAY,
    dataset: Dataset = PRODUCTION,
    areas: tuple[str, ...] = AREAS,
    now: datetime = NOW,
) -> Parsed:
    name = "productionPerGroupMbaHour" if dataset is PRODUCTION else "consumptionPerGroupMbaHour"
    text = records if isinstance(records, str) else answer(records, name)
    return Elhub("https://elhub.example", areas).parse(dataset, window, text, now)


def refused(records: list[dict[str, Any]] | str, **more: Any) -> str:
    with pytest.raises(AnswerRefused) as caught:
        read(records, **more)
    return str(caught.value)


# --- what is read -----------------------------------------------------------------------------------------------------


def test_the_recorded_record() -> None:
    """The example of the real API, to the millisecond and the watt-hour."""
    start = datetime(2025, 10, 7, 14, tzinfo=UTC)
    records = [production("NO1", "hydro", hour, 2491476.5 if hour == start else 1.0) for hour in HOURS]
    assert records[16]["startTime"] == "2025-10-07T16:00:00+02:00"
    (batch,) = read(records, areas=NO1).batches
    place = int(np.flatnonzero(batch.start == milliseconds(start))[0])
    document = batch.document(place, None)  # type: ignore[arg-type]
    del document["_id"]
    assert document == {
        "ts": start,
        "series": {"source": "elhub", "id": "NO1", "flow": "production", "group": "hydro"},
        "wh": 2_491_476_500,
        "seconds": 3600,
        "updated": datetime(2025, 10, 24, 21, 39, 44, tzinfo=UTC),
    }
    assert list(document) == ["ts", "series", "wh", "seconds", "updated"]


def test_consumption_has_its_metering_points() -> None:
    records = [consumption("NO1", "cabin", hour, 177071.56) for hour in HOURS]
    records[3]["meteringPointCount"] = None
    (batch,) = read(records, dataset=CONSUMPTION, areas=NO1).batches
    assert batch.document(0, None)["meters"] == 100_607  # type: ignore[arg-type]
    assert "meters" not in batch.document(3, None)  # type: ignore[arg-type]
    assert batch.wh[0] == 177_071_560


@pytest.mark.parametrize(("window", "hours"), [(("2025-03-30", "2025-03-31"), 23), (("2025-10-26", "2025-10-27"), 25)])
def test_days_of_change(window: tuple[str, str], hours: int) -> None:
    """Both 02:00 of the autumn night are readings of their own; nothing is made up for the spring night."""
    found = read(whole(*window), window=Window(*map(date.fromisoformat, window)))
    assert [len(batch) for batch in found.batches] == [hours] * 5
    assert not found.short
    assert all((np.diff(batch.start) == 3_600_000).all() for batch in found.batches)


def test_order_does_not_matter() -> None:
    records = whole("2025-10-07", "2025-10-08", ("hydro", "wind"))
    mixed = records.copy()
    random.Random(1).shuffle(mixed)
    one, other = read(records).batches, read(mixed).batches
    assert [batch.series for batch in one] == [batch.series for batch in other]
    assert all((a.start == b.start).all() and (a.wh == b.wh).all() for a, b in zip(one, other, strict=True))


def test_the_star_is_a_group_and_no_total() -> None:
    records = whole("2025-10-07", "2025-10-08", ("hydro", "*", "made of moonlight"))
    assert {batch.series.group for batch in read(records).batches} == {"hydro", "*", "made of moonlight"}


def test_the_zone_of_a_time_is_its_own() -> None:
    records = whole("2025-10-07", "2025-10-08")
    for record in records:
        for name in ("startTime", "endTime"):
            record[name] = datetime.fromisoformat(record[name]).astimezone(UTC).isoformat().replace("+00:00", "Z")
    assert [int(batch.start[0]) for batch in read(records).batches] == [milliseconds(HOURS[0])] * 5


@pytest.mark.parametrize(
    ("kwh", "wh", "flag"),
    [
        (0, 0, None),
        (0.0, 0, None),
        (0.001, 1, None),
        (6.106, 6106, None),
        (2494728.0, 2_494_728_000, None),
        (2507716.8, 2_507_716_800, None),
        (0.0005, 0, "rounded"),
        (1.23456, 1235, "rounded"),
        (-3_100_000.5, -3_100_000_500, "negative"),
        (60_000_000.0, 60_000_000_000, "implausible"),
        (-60_000_000.0, -60_000_000_000, "implausible"),
    ],
)
def test_energy_is_exact_and_the_unusual_is_kept(kwh: float, wh: int, flag: str | None) -> None:
    records = [production("NO1", "hydro", hour, kwh) for hour in HOURS]
    (batch,) = read(records, areas=NO1).batches
    assert batch.wh.tolist() == [wh] * 24
    assert [batch.flags.get(index) for index in range(24)] == [flag] * 24


def test_every_float32_of_a_milliwatt_hour_comes_out_whole() -> None:
    """The API rounds three decimals to float32 and writes the shortest text: it never has more than three."""
    chance = np.random.default_rng(7)
    metered = np.round(10 ** chance.uniform(-3, 7, 24 * 200), 3)
    texts = [repr(float(text)) for text in metered.astype(np.float32).astype(str)]
    for first in range(0, len(texts), 24):
        numbers = [float(text) for text in texts[first : first + 24]]
        records = [production("NO1", "hydro", hour, kwh) for hour, kwh in zip(HOURS, numbers, strict=True)]
        (batch,) = read(records, areas=NO1).batches
        assert (batch.wh / 1000 == numbers).all()
        assert not batch.flags


@pytest.mark.parametrize("wrong", ["n/a", "12.5", True, float("nan"), float("inf"), 1e300, [], {}, 10**400])
def test_what_is_no_energy_is_refused_and_counted(wrong: Any) -> None:
    records = [production("NO1", "hydro", hour, 5.0) for hour in HOURS]
    records[7]["quantityKwh"] = records[9]["quantityKwh"] = wrong
    found = read(records, areas=NO1)
    assert [len(batch) for batch in found.batches] == [22]
    assert len(found.rejects) == 2
    assert "NO1 hydro 2025-10-07 05:00" in found.rejects[0]
    assert "2 records refused" in found.short


def test_null_is_a_missing_reading() -> None:
    records = [production("NO1", "hydro", hour, 5.0) for hour in HOURS]
    records[7]["quantityKwh"] = None
    found = read(records, areas=NO1)
    assert (len(found.batches[0]), found.rejects, found.short) == (23, (), "1 records without a quantity")


def test_a_time_of_update_may_be_absent() -> None:
    records = [production("NO1", "hydro", hour, 5.0) for hour in HOURS]
    records[2]["lastUpdatedTime"] = None
    del records[3]["lastUpdatedTime"]
    (batch,) = read(records, areas=NO1).batches
    stored = [batch.document(index, None) for index in range(24)]  # type: ignore[arg-type]
    assert ["updated" in document for document in stored] == [True, True, False, False, *[True] * 20]


# --- what is refused --------------------------------------------------------------------------------------------------


def test_another_month() -> None:
    """A phantom parameter, an endpoint that ignores the dates: the same month again and again (36 copies of one)."""
    assert "outside 2025-10-07 … 2025-10-07" in refused(whole("2025-11-07", "2025-11-08"))


def test_one_hour_too_many() -> None:
    assert "1 of" in refused(
        [*whole("2025-10-07", "2025-10-08"), production("NO1", "wind", HOURS[-1] + timedelta(hours=1), 1)]
    )


def test_every_area_once_for_each_area_asked() -> None:
    """Five copies: the whole country comes back for every single area that is asked for."""
    assert "asked was NO1; the answer also has NO2, NO3, NO4, NO5" in refused(
        whole("2025-10-07", "2025-10-08"), areas=NO1
    )


def test_the_same_record_twice() -> None:
    records = whole("2025-10-07", "2025-10-08")
    said = refused(records * 2)
    assert "240 records share area, group and hour with another one, the first is NO1 hydro 2025-10-06 22:00Z" in said


@pytest.mark.parametrize("absent", ["NO1", "NO3"])
def test_a_missing_area(absent: str) -> None:
    records = [record for record in whole("2025-10-07", "2025-10-08") if record["priceArea"] != absent]
    assert f"nothing of {absent}" in refused(records)


def test_a_naive_time() -> None:
    """Without the offset the repeated hour of October cannot be told from the first: 25 rows a year were lost so."""
    records = whole("2025-10-26", "2025-10-27")
    for record in records:
        record["startTime"] = record["startTime"][:19]
    window = Window(date(2025, 10, 26), date(2025, 10, 27))
    assert "no offset" in refused(records, window=window)


def test_a_renamed_field() -> None:
    records = whole("2025-10-07", "2025-10-08")
    for record in records:
        record["quantity"] = record.pop("quantityKwh")
    told = refused(records)
    assert "quantityKwh" in told
    assert "quantity, startTime" in told


def test_another_dataset() -> None:
    told = refused(answer(whole("2025-10-07", "2025-10-08"), "productionPerGroupMbaHour"), dataset=CONSUMPTION)
    assert "asked was CONSUMPTION_PER_GROUP_MBA_HOUR" in told
    assert "productionPerGroupMbaHour" in told


def test_an_area_under_another() -> None:
    text = answer(whole("2025-10-07", "2025-10-08")).replace('"id": "NO1"', '"id": "NO9"')
    assert "'NO1' stands under 'NO9'" in refused(text)


@pytest.mark.parametrize("minutes", [15, 30])
def test_another_grid(minutes: int) -> None:
    records = whole("2025-10-07", "2025-10-08")
    for record in records:
        record["endTime"] = (datetime.fromisoformat(record["startTime"]) + timedelta(minutes=minutes)).isoformat()
    assert "not whole hours" in refused(records)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("<!DOCTYPE html><title>Maintenance</title>", "a page (HTML)"),
        ("", "not JSON"),
        ('{"data":[{"id":"NO1"', "not JSON"),
        ("[]", "no object"),
        ("null", "no object"),
        ('{"data":{}}', "no list `data`"),
        ('{"data":[5]}', "no `attributes`"),
        ('{"data":[{"id":"NO1","attributes":{"productionPerGroupMbaHour":[5]}}]}', "not an object"),
        ('{"error":{"status":500}}', "no list `data`"),
        ("[" * 100_000, "not JSON"),
    ],
)
def test_other_shapes(text: str, told: str) -> None:
    assert told in refused(text)


@pytest.mark.parametrize("name", ["startTime", "endTime", "priceArea", "productionGroup", "lastUpdatedTime"])
@pytest.mark.parametrize("wrong", [5, "", "yesterday", [], {}, True, "2025-13-41T00:00:00+01:00"])
def test_fields_of_another_type(name: str, wrong: Any) -> None:
    """Refused with words, whatever stands there; a group of any name is a group."""
    records = whole("2025-10-07", "2025-10-08")
    text = answer(records).replace(json.dumps(records[5]), json.dumps(records[5] | {name: wrong}))
    if name == "productionGroup" and isinstance(wrong, str) and wrong:
        assert wrong in {batch.series.group for batch in read(text).batches}
    else:
        assert refused(text)


# --- how complete it is -----------------------------------------------------------------------------------------------


def test_an_empty_answer_is_not_complete() -> None:
    found = read(answer([]))
    assert (found.batches, found.short) == ((), "the answer is empty")


def test_the_last_day_is_missed() -> None:
    """A window that ends with a date alone lost the last day of each month: the other hours are right, and told of."""
    window = Window(date(2025, 10, 6), date(2025, 10, 8))
    found = read(whole("2025-10-06", "2025-10-07"), window=window)
    assert found.short == "no series has 24 hours (first 2025-10-06 22:00Z) of 48"


def test_a_lost_hour_in_all_series() -> None:
    records = [
        record for record in whole("2025-10-26", "2025-10-27") if record["startTime"] != "2025-10-26T02:00:00+01:00"
    ]
    found = read(records, window=Window(date(2025, 10, 26), date(2025, 10, 27)))
    assert found.short == "no series has 1 hour (first 2025-10-26 01:00Z) of 25"


def test_a_hole_in_one_series() -> None:
    records = whole("2025-10-07", "2025-10-08", ("hydro", "wind"))
    del records[30:33]
    assert read(records).short == "NO1 wind lacks 3 hours (first 2025-10-07 04:00Z) of 24"


def test_a_series_that_begins_explains_itself() -> None:
    records = whole("2025-10-07", "2025-10-08") + [production("NO5", "wind", hour, 1.0) for hour in HOURS[9:]]
    found = read(records)
    assert found.short == ""
    assert found.notes == {"explained": "NO5 wind lacks 9 hours (first 2025-10-06 22:00Z) of 24"}


def test_a_series_that_stops_may_have_been_cut_off() -> None:
    records = whole("2025-10-07", "2025-10-08") + [production("NO5", "wind", hour, 1.0) for hour in HOURS[:9]]
    assert read(records).short == "NO5 wind lacks 15 hours (first 2025-10-07 07:00Z) of 24"


def test_hours_to_come_are_not_missed() -> None:
    noon = datetime(2025, 10, 7, 10, 30, tzinfo=UTC)
    records = [
        record for record in whole("2025-10-07", "2025-10-08") if datetime.fromisoformat(record["endTime"]) < noon
    ]
    assert read(records, now=noon).short == ""
    assert "no series has" in read(records, now=noon + timedelta(hours=3)).short


def test_a_new_area_is_kept() -> None:
    records = whole("2025-10-07", "2025-10-08") + [production("NO6", "hydro", hour, 1.0) for hour in HOURS]
    found = read(records)
    assert "NO6" in {batch.series.id for batch in found.batches}
    assert found.notes == {"explained": "areas not known before: NO6"}


def test_parsing_is_pure() -> None:
    text = answer(whole("2025-10-07", "2025-10-08"))
    one, other = read(text), read(text)
    assert [batch.series for batch in one.batches] == [batch.series for batch in other.batches]
    assert all((a.wh == b.wh).all() for a, b in zip(one.batches, other.batches, strict=True))
