"""The lab on two real years: what it measures, that its questions are right, and that it leaves everything alone."""

from __future__ import annotations

import hashlib
import json
import os
import uuid
from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from bson.raw_bson import RawBSONDocument
from pymongo.database import Database

from sync.lab.questions import NAMES, ask, questions_about
from sync.load.files import import_files
from sync.load.progress import Silence
from sync.load.report import Loader
from sync.model.clock import SystemClock
from sync.model.readings import Series
from sync.settings import DEFAULT_COLLECTIONS
from sync.sources.linky.files import open_files
from sync.store.bson_columns import RAW
from sync.store.connection import connect
from sync.store.ledger import Ledger
from sync.store.schema import KEY, ensure_pair, pair
from sync.store.writer import PairWriter
from tests import paris, r63
from tests.processes import finish, start

READINGS = 34_733
OWN_NOTES = {"sync_lab", "sync_leases"}  # what the lab may write


def fingerprint(database: Database[Any]) -> dict[str, Any]:
    """Every collection but the lab's own: its options, its indexes and all its bytes."""
    found = {}
    for entry in database.list_collections():
        name = entry["name"]
        if name in OWN_NOTES or name.startswith("system."):
            continue
        collection = database[name]
        raw = collection.with_options(codec_options=RAW)
        digest = hashlib.sha256()
        for document in sorted(bytes(document.raw) for document in raw.find() if isinstance(document, RawBSONDocument)):
            digest.update(document)
        found[name] = (entry["type"], str(entry["options"]), str(collection.index_information()), digest.hexdigest())
    return found


pytestmark = pytest.mark.soak  # a lab of two years; test_lab_command has small ones


@pytest.fixture(scope="module")
def two_years_stored(mongo_uri: str, shared_data: Path) -> Iterator[Database[Any]]:
    """The real export, imported once for this module."""
    with connect(mongo_uri) as client:
        database = client[f"test_{uuid.uuid4().hex[:12]}"]
        own = pair(database, "linky", DEFAULT_COLLECTIONS)
        clock = SystemClock()
        loader = Loader(own, Ledger(database), PairWriter(own, clock), clock)
        ensure_pair(own)
        import_files(open_files([shared_data / r63.FILE]), loader, Silence())
        loader.prove(())
        yield database
        client.drop_database(database.name)


@pytest.fixture(scope="module")
def ran(two_years_stored: Database[Any], mongo_uri: str, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the command printed and what stood in the database before and after it."""
    folder = tmp_path_factory.mktemp("lab")
    environ = {
        **os.environ,
        "MONGODB_URI": mongo_uri,
        "MONGODB_DATABASE": two_years_stored.name,
        "SYNC_HOME": str(folder),
        "XDG_STATE_HOME": str(folder),
    }
    before = fingerprint(two_years_stored)
    code, out, err = finish(start(environ, folder, "compare", "--lab", "--json"))
    assert code == 0, err
    return {"before": before, "after": fingerprint(two_years_stored), "answer": json.loads(out), "err": err}


def rows_of(ran: dict[str, Any]) -> dict[tuple[str, str, bool], dict[str, Any]]:
    (lab,) = ran["answer"]["lab"]
    return {(row["granularity"], row["order"], row["index"]): row for row in lab["rows"]}


def test_every_form_holds_every_reading(ran: dict[str, Any]) -> None:
    rows = rows_of(ran)
    wanted = {(kind, order, index) for kind in ("seconds", "minutes", "hours") for order in ("oldest", "newest")
              for index in (True, False)} | {("", "oldest", True), ("", "oldest", False)}  # fmt: skip
    assert set(rows) == wanted
    assert {row["documents"] for row in rows.values()} == {READINGS}
    (lab,) = ran["answer"]["lab"]
    assert (lab["source"], lab["readings"], lab["stored"], lab["series"]) == ("linky", READINGS, READINGS, 1)
    assert lab["settled"]
    assert lab["server_version"] == "6.0.5"
    assert "less than a minute" in ran["err"]


def test_hours_are_smaller_than_minutes_and_minutes_than_seconds(ran: dict[str, Any]) -> None:
    rows = rows_of(ran)
    for index in (True, False):
        hours, minutes, seconds = (rows[kind, "oldest", index] for kind in ("hours", "minutes", "seconds"))
        for size in ("data_bytes", "storage_bytes", "total_bytes", "buckets"):
            assert 0 < hours[size] < minutes[size] < seconds[size]
    assert rows["seconds", "oldest", True]["data_bytes"] > rows["", "oldest", True]["data_bytes"]  # the trap
    assert rows["seconds", "oldest", True]["marks"] == ["trap"]
    assert rows["hours", "oldest", True]["marks"] == ["best", "ours"]
    assert rows["", "oldest", True]["marks"] == ["record"]
    assert rows["hours", "oldest", True]["reduction_pct"]["data"] >= 97


def test_newest_first_opens_a_bucket_whenever_time_goes_back_over_a_boundary(
    ran: dict[str, Any], shared_data: Path
) -> None:
    """A bucket begins at a round minute, hour or day: one before that of the open bucket needs a new one."""
    rows = rows_of(ran)
    starts = [reading.ts for reading in r63.expected(shared_data)]
    days = len({moment.date() for moment in starts})
    hours = len({moment.replace(minute=0) for moment in starts})
    assert rows["hours", "newest", True]["buckets"] == days
    assert rows["minutes", "newest", True]["buckets"] == hours
    assert rows["seconds", "newest", True]["buckets"] == READINGS
    assert rows["hours", "newest", True]["buckets"] > 15 * rows["hours", "oldest", True]["buckets"]
    for kind in ("seconds", "minutes", "hours"):
        assert rows[kind, "newest", True]["data_bytes"] > rows[kind, "oldest", True]["data_bytes"]


def test_sizes_are_those_of_the_pair_itself(ran: dict[str, Any], two_years_stored: Database[Any]) -> None:
    raw = two_years_stored.consumption.with_options(codec_options=RAW)
    regular = rows_of(ran)["", "oldest", True]
    assert regular["data_bytes"] == sum(len(document.raw) for document in raw.find())
    own = next(two_years_stored.consumptionTS.aggregate([{"$collStats": {"storageStats": {}}}]))["storageStats"]
    hours = rows_of(ran)["hours", "oldest", True]
    assert hours["buckets"] == own["timeseries"]["bucketCount"]
    assert hours["data_bytes"] == own["size"]
    assert rows_of(ran)["hours", "oldest", False]["index_bytes"] == 0
    assert regular["index_bytes"] > rows_of(ran)["", "oldest", False]["index_bytes"] > 0  # that of _id stays


def test_times_have_a_spread_and_the_five_questions_are_kept(ran: dict[str, Any]) -> None:
    (lab,) = ran["answer"]["lab"]
    assert [each["name"] for each in lab["queries"]] == list(NAMES)
    for row in lab["rows"]:
        assert set(row["queries"]) == set(NAMES)
        assert row["readings_per_second"] > 0
        for times in row["queries"].values():
            assert 0 < times["low_ms"] <= times["median_ms"] <= times["high_ms"]
    rows = rows_of(ran)
    for each in lab["queries"]:
        assert each["regular"] == rows["", "oldest", True]["queries"][each["name"]]
        assert each["timeseries"] == rows["hours", "oldest", True]["queries"][each["name"]]


def test_nothing_of_the_user_changed_and_no_scratch_is_left(
    ran: dict[str, Any], two_years_stored: Database[Any]
) -> None:
    assert ran["after"] == ran["before"]
    assert set(ran["before"]) >= {"consumption", "consumptionTS", "sync_windows"}
    kept = two_years_stored.sync_lab.find_one({"_id": "linky"})
    assert kept is not None
    (printed,) = ran["answer"]["lab"]
    assert kept["rows"] == printed["rows"]
    assert kept["queries"] == printed["queries"]
    assert kept["at"].replace(tzinfo=UTC) == datetime.fromisoformat(printed["at"]).replace(
        microsecond=kept["at"].microsecond
    )


def test_the_answers_to_the_questions(two_years_stored: Database[Any], shared_data: Path) -> None:
    """Against the file itself and the European clock rule, on both forms."""
    expected = r63.expected(shared_data)
    series = Series("linky", r63.PRM, "consumption")
    record = two_years_stored.consumption
    questions = {each.name: each for each in questions_about(record, series, ZoneInfo("Europe/Paris"))}
    middle = local(expected[READINGS // 2].ts)[:10]
    last_day = local(expected[-1].ts)[:10]
    first_of_year = str(date.fromisoformat(last_day) - timedelta(days=364))
    by_day: dict[str, list[int]] = defaultdict(list)
    by_hour: dict[int, list[int]] = defaultdict(list)
    for reading in expected:
        label = local(reading.ts)
        if label[:7] == middle[:7]:
            by_day[label[:10]].append(reading.wh)
        if first_of_year <= label[:10] <= last_day:
            by_hour[int(label[11:13])].append(reading.wh)
    for collection in (record, two_years_stored.consumptionTS):
        answers = {name: ask(collection, question) for name, question in questions.items()}
        assert [(found["ts"], found["wh"]) for found in answers["day"]] == [
            (each.ts, each.wh) for each in expected if local(each.ts)[:10] == middle
        ]
        assert [(local(found["_id"])[:10], found["sum"], found["readings"]) for found in answers["month"]] == [
            (day, sum(values), len(values)) for day, values in sorted(by_day.items())
        ]
        assert [(found["_id"], found["sum"], found["readings"]) for found in answers["year"]] == [
            (hour, sum(values), len(values)) for hour, values in sorted(by_hour.items())
        ]
        assert [found["maximum"] for found in answers["maximum"]] == [max(each.wh for each in expected)]
        assert [(found["ts"], found["wh"]) for found in answers["last"]] == [(expected[-1].ts, expected[-1].wh)]
    assert questions["day"].readings == sum(local(each.ts)[:10] == middle for each in expected)
    assert questions["year"].readings == sum(len(values) for values in by_hour.values())
    assert KEY[-1][0] == "ts"


def local(moment: datetime) -> str:
    return paris.wall(int(moment.timestamp()))
