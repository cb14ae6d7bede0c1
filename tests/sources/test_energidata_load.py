"""Danish prices and production over HTTP into a real MongoDB: to the last price, each defect caught, nothing twice."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from pymongo.database import Database

from sync.model.window import DONE, EMPTY, FAILED, PARTIAL
from sync.sources.energidata.api import DAY_AHEAD, ELSPOT, PRODUCTION, Energidata
from sync.sources.source import Dataset
from sync.standin.energidata import EnergidataStandin
from sync.standin.energidata_rows import FileRows
from sync.standin.faults import parse_faults
from sync.store.verify import verify_pair
from tests.clock import FakeClock
from tests.energidata_answers import CHANGE_2025, ELSPOT_2024, change_of_2025, exported
from tests.open_loads import OpenLoad, counts
from tests.waiting import PATIENCE

NOW = datetime(2026, 3, 10, 11, tzinfo=UTC)
DAYS = {
    ELSPOT: ("2024-10-26", "2024-10-29"),
    DAY_AHEAD: ("2026-01-09", "2026-01-11"),
    PRODUCTION: ("2025-10-25", "2025-10-27"),
}
WHOLE = {ELSPOT: 7 * 73, DAY_AHEAD: 6 * 2 * 96, PRODUCTION: 24 * 49}


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(NOW)


@pytest.fixture
def standin(clock: FakeClock) -> Iterator[EnergidataStandin]:
    with EnergidataStandin(now=clock.now) as server:
        yield server


@pytest.fixture
def load(database: Database[Any], standin: EnergidataStandin, clock: FakeClock, tmp_path: Path) -> OpenLoad:
    return OpenLoad(database, Energidata(standin.url), clock, tmp_path)


def spoil(standin: EnergidataStandin, faults: str) -> None:
    standin.faults = parse_faults(faults, EnergidataStandin.kinds, EnergidataStandin.day_kinds)


def run(load: OpenLoad, dataset: Dataset, again: bool = False) -> Any:
    load.datasets = (dataset,)
    load.clock.sleep(1)  # `again` is about what was asked before this moment
    return load.run(*DAYS[dataset], again=again)


def stored(load: OpenLoad) -> list[dict[str, Any]]:
    """Every document, which both collections have alike."""
    report = verify_pair(load.pair)
    assert report.identical
    return list(load.pair.record.find())


# --- the real files --------------------------------------------------------------------------------------------------


@pytest.mark.soak
def test_a_real_year_to_the_last_price(
    database: Database[Any], shared_data: Path, clock: FakeClock, tmp_path: Path
) -> None:
    """One call; 61,488 prices, negative ones and both nights of change included, each as it stands in the file."""
    path = shared_data / ELSPOT_2024
    truth = exported(path)
    with EnergidataStandin(FileRows(path), now=clock.now) as server:
        load = OpenLoad(database, Energidata(server.url), clock, tmp_path, (ELSPOT,))
        outcome = load.run("2024-01-01", "2025-01-01")
        assert (outcome.calls, outcome.written.new, outcome.identical, outcome.rejected) == (1, 61_488, True, 0)
        assert load.run("2024-01-01", "2025-01-01").calls == 0
    found = {(each["series"]["id"], each["ts"]): (each["eur_mwh"], each["dkk_mwh"]) for each in load.pair.record.find()}
    assert found == truth
    assert counts(load.pair) == (61_488, 61_488, 61_488)
    assert load.pair.record.count_documents({"series.id": "DK1", "eur_mwh": {"$lt": 0}}) == 375
    assert load.pair.record.distinct("seconds") == [3600]
    assert [entry.state for entry in load.entries(ELSPOT)] == [DONE]


def test_daily_means_in_danish_time(
    database: Database[Any], shared_data: Path, clock: FakeClock, tmp_path: Path
) -> None:
    """Of 23, 24 and 25 hours: MongoDB's own calendar against a sum over the file by its Danish column."""
    path = shared_data / ELSPOT_2024
    with EnergidataStandin(FileRows(path), now=clock.now) as server:
        load = OpenLoad(database, Energidata(server.url), clock, tmp_path, (ELSPOT,))
        load.run("2024-03-30", "2024-04-02")
        load.run("2024-10-26", "2024-10-29")
    day = {"$dateToString": {"date": "$ts", "format": "%Y-%m-%d", "timezone": "Europe/Copenhagen"}}
    stages = [
        {"$match": {"series.id": "DK1"}},
        {"$group": {"_id": day, "mean": {"$avg": "$eur_mwh"}, "hours": {"$sum": 1}}},
    ]
    found = {each["_id"]: (each["hours"], each["mean"]) for each in load.pair.mirror.aggregate(stages)}
    sums: dict[str, list[float]] = {}
    for (area, start), (eur, _) in exported(path).items():
        local = (start + timedelta(hours=1 if not _is_summer(start) else 2)).date().isoformat()
        if area == "DK1" and local in found:
            sums.setdefault(local, []).append(eur)
    assert {day: (len(each), pytest.approx(sum(each) / len(each))) for day, each in sums.items()} == found
    assert (found["2024-03-31"][0], found["2024-10-27"][0]) == (23, 25)


def _is_summer(start: datetime) -> bool:
    """The law of the change, written out: 01:00Z of the last Sundays of March and October 2024."""
    return datetime(2024, 3, 31, 1, tzinfo=UTC) <= start < datetime(2024, 10, 27, 1, tzinfo=UTC)


def test_hours_then_quarter_hours_as_one_series(
    database: Database[Any], shared_data: Path, clock: FakeClock, tmp_path: Path
) -> None:
    """Two datasets, one call each; every reading has its own length, and no quarter stands for an hour."""
    path = shared_data / CHANGE_2025
    truth = change_of_2025(path)
    with EnergidataStandin(FileRows(path), now=clock.now) as server:
        load = OpenLoad(database, Energidata(server.url), clock, tmp_path, (ELSPOT, DAY_AHEAD))
        outcome = load.run("2025-09-22", "2026-01-01")
    assert (outcome.calls, outcome.identical, outcome.rejected) == (2, True, 0)
    change = datetime(2025, 9, 30, 22, tzinfo=UTC)
    documents = stored(load)
    assert len(documents) == 6 * (9 * 24 + 92 * 96 + 4)
    for each in documents:
        assert each["seconds"] == (3600 if each["ts"] < change else 900)
        assert each["eur_mwh"] == truth[each["series"]["id"], each["ts"]]
        assert "dkk_mwh" not in each
    assert {json.dumps(each["series"]) for each in documents if each["series"]["id"] == "DK1"} == {
        '{"flow": "price", "group": "day-ahead", "id": "DK1", "source": "energidata"}'
    }
    covered = sum(each["seconds"] for each in documents if each["series"]["id"] == "DK1")
    assert covered == (datetime(2025, 12, 31, 23, tzinfo=UTC) - datetime(2025, 9, 21, 22, tzinfo=UTC)).total_seconds()


def test_the_hour_after_the_change_is_the_mean_of_its_quarters(
    database: Database[Any], shared_data: Path, clock: FakeClock, tmp_path: Path
) -> None:
    path = shared_data / CHANGE_2025
    truth = change_of_2025(path)
    with EnergidataStandin(FileRows(path), now=clock.now) as server:
        load = OpenLoad(database, Energidata(server.url), clock, tmp_path, (ELSPOT, DAY_AHEAD))
        load.run("2025-09-30", "2025-10-02")
    hour = {"$dateTrunc": {"date": "$ts", "unit": "hour"}}
    stages = [
        {"$match": {"series.id": "DK1"}},
        {"$group": {"_id": hour, "mean": {"$avg": "$eur_mwh"}, "n": {"$sum": 1}}},
    ]
    found = {each["_id"]: (each["n"], each["mean"]) for each in load.pair.mirror.aggregate(stages)}
    before, after = datetime(2025, 9, 30, 21, tzinfo=UTC), datetime(2025, 9, 30, 22, tzinfo=UTC)
    assert found[before] == (1, 92.54)
    assert found[after] == (4, pytest.approx((102.60 + 92.24 + 86.03 + 85.39) / 4))
    assert found[after][1] != truth["DK1", after]


# --- defects: refused, and nothing of them stored --------------------------------------------------------------------

NOT_STORED = [
    ("otheryear@1", ELSPOT, "are outside"),
    ("otheryear@1", PRODUCTION, "are outside"),
    ("danish@1", ELSPOT, "are outside"),
    ("hundred@1", ELSPOT, "100 records came, `total` says '511'"),
    ("methods@1", PRODUCTION, "also has 125%, 200%"),
    ("norecords@1", ELSPOT, "0 records came, `total` says '511'"),
    ("otherdataset@1", ELSPOT, "asked was Elspotprices, the answer says 'CO2Emis'"),
    ("double@1", ELSPOT, "share area and time"),
    ("double@1", PRODUCTION, "share area, type and hour"),
    ("halfhour@1", ELSPOT, "not on the grid of 60 min"),
    ("noarea@1", ELSPOT, "nothing of DK2"),
    ("noarea@1", PRODUCTION, "asked were DK1, DK2"),
    ("renamed@1", ELSPOT, "no column SpotPriceEUR but HourUTC, PriceArea, SpotPriceDKK, Amount"),
    ("renamed@1", DAY_AHEAD, "no column DayAheadPriceEUR"),
    ("renamed@1", PRODUCTION, "no column Production_MWh"),
    ("400@1", ELSPOT, "refuses these days .HTTP 400: .*Invalid column name: HourUTC"),
]


@pytest.mark.parametrize(("faults", "dataset", "said"), NOT_STORED)
def test_a_defect_is_caught_and_the_next_run_heals(
    load: OpenLoad, standin: EnergidataStandin, faults: str, dataset: Dataset, said: str
) -> None:
    spoil(standin, faults)
    outcome = run(load, dataset)
    (entry,) = load.entries(dataset)
    assert (entry.state, outcome.written.new, outcome.remaining) == (FAILED, 0, 1)
    assert re.search(said, entry.reason), entry.reason
    assert stored(load) == []
    spoil(standin, "")
    outcome = run(load, dataset)
    assert (outcome.written.new, outcome.identical, outcome.remaining) == (WHOLE[dataset], True, 0)
    assert [each.state for each in load.entries(dataset)][-1] == DONE


@pytest.mark.parametrize("faults", ["cut@1", "reset@1", "500@1", "page@1", "notjson@1"])
def test_what_passes_is_tried_again(load: OpenLoad, standin: EnergidataStandin, faults: str) -> None:
    spoil(standin, faults)
    outcome = run(load, ELSPOT)
    assert (outcome.calls, outcome.written.new, outcome.identical) == (2, WHOLE[ELSPOT], True)


# --- what is stored all the same, and told ---------------------------------------------------------------------------

SHORT = [
    ("lastday@1", ELSPOT, WHOLE[ELSPOT] - 7 * 23, "no series has 23 hours"),  # the day by UTC
    ("losthour@1", ELSPOT, WHOLE[ELSPOT] - 7, "no series has 1 hour (first 2024-10-27 00:00Z)"),
    ("null@1:5", ELSPOT, WHOLE[ELSPOT] - 5, "5 records without a price in EUR"),
    ("nan@1:5", ELSPOT, WHOLE[ELSPOT] - 5, "5 records refused"),
    ("text@1:5", PRODUCTION, WHOLE[PRODUCTION] - 5, "5 records or hours refused"),
    ("twice@1", PRODUCTION, 0, "98 records or hours refused"),
]


@pytest.mark.parametrize(("faults", "dataset", "count", "said"), SHORT)
def test_what_is_missing_is_told(
    load: OpenLoad, standin: EnergidataStandin, faults: str, dataset: Dataset, count: int, said: str
) -> None:
    spoil(standin, faults)
    outcome = run(load, dataset)
    (entry,) = load.entries(dataset)
    assert said in entry.reason
    assert (entry.state, len(stored(load))) == (PARTIAL if count else EMPTY, count)
    assert outcome.short
    spoil(standin, "")
    run(load, dataset, again=True)
    assert len(stored(load)) == WHOLE[dataset]


@pytest.mark.parametrize("faults", ["smallcase@1", "newarea@1", "nodkk@1:50", "extreme@1"])
def test_what_is_unusual_is_kept(load: OpenLoad, standin: EnergidataStandin, faults: str) -> None:
    spoil(standin, faults)
    run(load, ELSPOT)
    documents = stored(load)
    assert len(documents) == WHOLE[ELSPOT]
    assert load.entries(ELSPOT)[0].state == DONE
    if faults.startswith("newarea"):
        assert "areas not known before: XX9" in load.entries(ELSPOT)[0].reason
        assert "XX9" in load.pair.mirror.distinct("series.id")
    if faults.startswith("nodkk"):
        assert sum("dkk_mwh" not in each for each in documents) == 50
    if faults.startswith("extreme"):
        assert sorted(each["eur_mwh"] for each in documents if each.get("flag") == "price") == [-500.0, 4000.0]


def test_nothing_there_yet(load: OpenLoad, standin: EnergidataStandin) -> None:
    spoil(standin, "empty@1")
    run(load, ELSPOT)
    assert (load.entries(ELSPOT)[0].state, stored(load)) == (EMPTY, [])


def test_the_dataset_that_ended_is_not_asked_any_more(load: OpenLoad, standin: EnergidataStandin) -> None:
    load.datasets = (ELSPOT, DAY_AHEAD)
    outcome = load.run("2025-09-29", "2025-10-03")
    assert [request.path for request in standin.requests] == ["/dataset/Elspotprices", "/dataset/DayAheadPrices"]
    assert (outcome.calls, outcome.identical) == (2, True)
    assert load.pair.record.count_documents({"series.id": "DK1"}) == 2 * 24 + 2 * 96


# --- documents -------------------------------------------------------------------------------------------------------


def test_stored_documents(load: OpenLoad) -> None:
    run(load, ELSPOT)
    run(load, PRODUCTION)
    price = load.pair.record.find_one({"series.flow": "price"})
    energy = load.pair.record.find_one({"series.flow": "production"})
    assert price is not None
    assert energy is not None
    assert list(price) == ["_id", "ts", "series", "eur_mwh", "dkk_mwh", "seconds"]
    assert list(energy) == ["_id", "ts", "series", "wh", "seconds"]
    types = {"eur_mwh": "double", "dkk_mwh": "double", "seconds": "int", "ts": "date"}
    prices = {"series.flow": "price"} | {name: {"$type": kind} for name, kind in types.items()}
    assert load.pair.record.count_documents(prices) == WHOLE[ELSPOT]
    assert load.pair.mirror.count_documents({"wh": {"$type": "long"}}) == WHOLE[PRODUCTION]
    assert energy["series"] == {"source": "energidata", "id": "DK1", "flow": "production", "group": "BioGas BIO"}


def test_production_is_counted_once(load: OpenLoad, standin: EnergidataStandin) -> None:
    """Against the raw rows of the API: all types and both suns, of the thermal ones a single allocation."""
    run(load, PRODUCTION)
    stages = [{"$group": {"_id": {"area": "$series.id", "ts": "$ts"}, "wh": {"$sum": "$wh"}}}]
    found = {(each["_id"]["area"], each["_id"]["ts"]): each["wh"] for each in load.pair.mirror.aggregate(stages)}
    given = {"start": DAYS[PRODUCTION][0], "end": DAYS[PRODUCTION][1], "limit": "0"}
    answer = requests.get(f"{standin.url}/dataset/DeclarationProduction", params=given, timeout=PATIENCE)
    rows = answer.json()["records"]
    truth: dict[tuple[str, datetime], int] = {}
    everything = 0
    for row in rows:
        wh = round(row["Production_MWh"] * 1_000_000)
        everything += wh
        if row["FuelAllocationMethod"] in ("All", "Total"):
            key = row["PriceArea"], datetime.fromisoformat(row["HourUTC"]).replace(tzinfo=UTC)
            truth[key] = truth.get(key, 0) + wh
    assert found == truth
    assert len(truth) == 2 * 49
    assert everything > 1.2 * sum(truth.values()), "adding up every row would count thermal production three times"


def test_final_replaces_preliminary_and_never_the_other_way_round(
    load: OpenLoad, standin: EnergidataStandin, clock: FakeClock, tmp_path: Path
) -> None:
    early = FakeClock(datetime(2025, 11, 20, 11, tzinfo=UTC))
    with EnergidataStandin(now=early.now) as then:
        first = OpenLoad(load.database, Energidata(then.url), early, tmp_path, (PRODUCTION,))
        outcome = first.run(*DAYS[PRODUCTION])
        assert (outcome.written.new, outcome.flagged) == (WHOLE[PRODUCTION], WHOLE[PRODUCTION])
        preliminary = {each["_id"]: each["wh"] for each in stored(load)}
        assert load.pair.mirror.count_documents({"flag": "preliminary"}) == WHOLE[PRODUCTION]
        outcome = run(load, PRODUCTION, again=True)
        assert (outcome.written.new, outcome.written.changed, outcome.identical) == (0, WHOLE[PRODUCTION], True)
        final = {each["_id"]: each["wh"] for each in stored(load)}
        assert load.pair.mirror.count_documents({"flag": {"$exists": True}}) == 0
        assert final.keys() == preliminary.keys()
        assert sum(final.values()) > sum(preliminary.values())
        early.advance(minutes=1)
        outcome = run(first, PRODUCTION, again=True)
        assert (outcome.written.changed, outcome.written.unchanged) == (0, WHOLE[PRODUCTION])
    assert {each["_id"]: each["wh"] for each in stored(load)} == final


# --- published in the course of the day ------------------------------------------------------------------------------


def test_a_day_published_in_part_is_asked_again_the_same_day(
    load: OpenLoad, standin: EnergidataStandin, clock: FakeClock
) -> None:
    """DK1 has tomorrow whole, the others have not yet: what nobody has asked for again would be missing until then."""
    load.datasets, days = (DAY_AHEAD,), ("2026-03-08", "2026-03-12")
    clock.advance(hours=2)
    spoil(standin, "inpart@1:12")
    outcome = load.run(*days)
    (entry,) = load.entries(DAY_AHEAD)
    assert (entry.state, outcome.written.new) == (PARTIAL, 6 * 4 * 96 - 5 * 48)
    assert "DK2 day-ahead lacks 48 intervals of 15 min (first 2026-03-11 11:00Z)" in entry.reason
    clock.advance(minutes=30)
    assert load.run(*days).calls == 0
    clock.advance(hours=1)
    outcome = load.run(*days)
    assert (outcome.calls, outcome.written.new, load.entries(DAY_AHEAD)[-1].state) == (1, 5 * 48, DONE)
    clock.advance(hours=5)
    assert load.run(*days).calls == 0


def test_prices_of_tomorrow_that_are_not_there_yet(
    load: OpenLoad, standin: EnergidataStandin, clock: FakeClock
) -> None:
    load.datasets, days = (DAY_AHEAD,), ("2026-03-10", "2026-03-12")
    outcome = load.run(*days)
    assert (load.entries(DAY_AHEAD)[0].state, outcome.written.new, outcome.remaining) == (PARTIAL, 6 * 96, 0)
    assert outcome.short == ["DayAheadPrices 2026-03-10 … 2026-03-11: the last days are not published yet"]
    clock.advance(hours=2)
    assert load.run(*days).written.new == 6 * 96
    assert load.entries(DAY_AHEAD)[0].state == DONE


# --- one call a minute -----------------------------------------------------------------------------------------------


def test_a_minute_between_two_calls_that_the_api_asks_for(
    load: OpenLoad, standin: EnergidataStandin, clock: FakeClock
) -> None:
    """A server of our own is not spaced until it says so; then `Retry-After` is kept, and nobody really waits."""
    spoil(standin, "minute@*1")
    load.datasets = (ELSPOT,)
    outcome = load.run("2023-12-30", "2024-01-03")
    assert [request.status for request in standin.requests] == [200, 429, 200]
    assert (outcome.calls, outcome.written.new, outcome.identical) == (3, 7 * 4 * 24, True)
    first, _, last = (request.at for request in standin.requests)
    assert (last - first).total_seconds() >= 60


def test_another_command_keeps_to_the_pause_too(
    load: OpenLoad, standin: EnergidataStandin, clock: FakeClock, tmp_path: Path
) -> None:
    """It has nothing but the count of this machine to know of it: its first call comes when the minute is over."""
    spoil(standin, "429@1:90,429@2:90,429@3:90")
    assert run(load, ELSPOT).stopped
    asked = len(standin.requests)
    spoil(standin, "")
    limited = standin.requests[-1].at
    other = OpenLoad(load.database, Energidata(standin.url), clock, tmp_path, (ELSPOT,))
    assert other.run(*DAYS[ELSPOT]).written.new == WHOLE[ELSPOT]
    assert len(standin.requests) == asked + 1
    assert (standin.requests[-1].at - limited).total_seconds() >= 90
