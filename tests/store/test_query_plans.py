"""Every query of the product on a record or a mirror goes along an index, as the server planned what it was asked."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from pymongo.database import Database

from dash_app.consumption import queries as consumption
from dash_app.cost.queries import energy_by_part
from dash_app.hours.queries import energies_of, prices_of, span_of, weather_of
from dash_app.kit.days import days_of
from dash_app.kit.reader import Reader
from dash_app.kit.view import View
from dash_app.storage.queries import bucket_frame
from sync.fleet.build import Fleet
from sync.lab.forms import share_of
from sync.lab.questions import ask, questions_about
from sync.load.coverage import coverage
from sync.load.progress import Silence
from sync.load.report import compare_days
from sync.model.clock import SystemClock
from sync.model.localtime import PARIS
from sync.settings import DEFAULT_COLLECTIONS, load
from sync.sources import SOURCES
from sync.store.schema import Pair, ensure_pair, pair
from sync.store.verify import repair_pair, verify_pair
from sync.store.writer import PairWriter
from tests import fleet_rows
from tests.atlas.functions_runs import atlas
from tests.atlas.open_functions import open_atlas
from tests.dash.nordic_stores import prices, weather, write
from tests.fleet_rows import london_rows
from tests.many import START, area, household

DAY, NEXT = date(2012, 1, 10), date(2012, 1, 20)
INDEXES = (
    "IXSCAN { series: 1, ts: 1 }",
    "DISTINCT_SCAN { series: 1, ts: 1 }",
    "COUNT_SCAN { series: 1, ts: 1 }",
    "IXSCAN { meta: 1, control.min.ts: 1, control.max.ts: 1 }",
    "DISTINCT_SCAN { meta: 1, control.min.ts: 1, control.max.ts: 1 }",
    "IXSCAN { _id: 1 }",
    "IDHACK",
    "EOF",
)


def asked_of(database: Database[Any], own: Pair, work: Callable[[], Any]) -> list[dict[str, Any]]:
    """What the server was asked about the two collections while `work` ran: its profile of each request."""
    database.create_collection("system.profile", capped=True, size=64 << 20)
    database.command("profile", 2)
    try:
        work()
    finally:
        database.command("profile", 0)
    names = {own.record.name, own.mirror.name, f"system.buckets.{own.mirror.name}"}
    spaces = [f"{database.name}.{name}" for name in names]
    asked = {"ns": {"$in": spaces}, "planSummary": {"$exists": True}}
    found = list(database["system.profile"].find(asked))
    database.drop_collection("system.profile")
    return found


def matched(request: dict[str, Any]) -> Any:
    """The condition of a request; empty for one that is about everything."""
    command = request["command"]
    if "pipeline" in command:
        return next((stage["$match"] for stage in command["pipeline"] if "$match" in stage), {})
    return command.get("filter", command.get("query", command.get("q", {})))


def explained(database: Database[Any], command: dict[str, Any]) -> str:
    """The plan of a command as `explain` gives it, as text."""
    named = ("find", "aggregate", "filter", "pipeline", "sort", "projection", "limit", "hint", "cursor", "collation")
    return str(database.command("explain", {name: command[name] for name in named if name in command}))


def assert_along_an_index(database: Database[Any], own: Pair, work: Callable[[], Any], least: int = 1) -> None:
    requests = [each for each in asked_of(database, own, work) if matched(each)]
    assert len(requests) >= least
    for each in requests:
        plans = each["planSummary"].split(", ")
        joined = each["planSummary"]
        if "CLUSTERED_IXSCAN" in joined:  # of all series, one stretch of time: buckets lie in the order of their time
            assert own.mirror.name in each["ns"]
            assert "series" not in matched(each)
            assert matched(each).keys() & {"ts", "_id"}  # by `_id`: the server, which adds to a bucket
            continue
        assert joined.startswith(INDEXES), (joined, each["command"])
        assert "COLLSCAN" not in joined, (plans, each["command"])
        if each["command"].keys() & {"find", "aggregate"}:
            assert "'COLLSCAN'" not in explained(database, each["command"])


def new_pair(database: Database[Any], source: str) -> Pair:
    own = pair(database, source, DEFAULT_COLLECTIONS)
    ensure_pair(own)
    return own


def test_the_writer_and_the_proof(database: Database[Any]) -> None:
    own = new_pair(database, "elhub")
    writer = PairWriter(own)
    batches = [area(number, 400) for number in range(5)]
    writer.write_many(batches[1:])

    def work() -> None:
        writer.write(batches[0])
        writer.write_many(batches)
        writer.write_many([area(number, 20, 390) for number in range(5)])
        own.mirror.delete_many(batches[2].series.query())
        assert not verify_pair(own).identical
        repair_pair(own, verify_pair(own))
        writer.rewrite_mirror(batches[3].series)
        writer.complete_mirror(batches[4].series)
        ensure_pair(own)

    assert_along_an_index(database, own, work, least=20)
    assert verify_pair(own).identical


def test_coverage_and_lab(database: Database[Any]) -> None:
    own = new_pair(database, "lcl")
    batches = [household(number, 2000) for number in range(4)]
    PairWriter(own).write_many(batches)
    series = batches[1].series

    def work() -> None:
        assert coverage(own, series).readings == 2000
        compare_days(own, series, {DAY: 1, NEXT: 2})
        questions = questions_about(own.record, series, PARIS)
        assert all(ask(own.mirror, question) == ask(own.record, question) for question in questions)
        share_of(own.record, 5000)

    assert_along_an_index(database, own, work, least=15)


def test_the_pages_of_a_meter(database: Database[Any], tmp_path: Path) -> None:
    own = new_pair(database, "lcl")
    batches = [household(number, 2000) for number in range(4)]
    PairWriter(own).write_many(batches)
    series, reader = batches[1].series, Reader(database, load(tmp_path, {}))
    start, end = START, START + 30 * 86_400_000

    def work() -> None:
        assert len(reader.series()) == 4
        reader.extent_of("lcl")
        assert len(days_of(own, series, PARIS, DAY, NEXT)) == 10
        consumption.hours_of(own, series, start, end)
        consumption.readings_of(own, series, start, end)
        consumption.distribution_of(own, series, start, end)
        energy_by_part(own, series, PARIS, (DAY, NEXT), (0, 360, 1320))
        bucket_frame(reader, View())

    assert_along_an_index(database, own, work, least=10)


def test_the_pages_of_areas(database: Database[Any], tmp_path: Path) -> None:
    begin = datetime(2012, 1, 10, tzinfo=UTC)
    own = new_pair(database, "elhub")
    PairWriter(own).write_many([area(number, 1000) for number in range(5)])
    write(database, "energidata", [prices("DK1", begin, [1.0] * 300), prices("DK2", begin, [2.0] * 300)])
    write(database, "weather", [weather("DK1", begin, [1.0] * 300), weather("NO1", begin, [2.0] * 300)])
    span = span_of(DAY, NEXT, SOURCES["elhub"].zone)

    def work() -> None:
        reader = Reader(database, load(tmp_path, {}))
        assert energies_of(reader, "elhub", "consumption", "NO1", span).wh.sum() > 0
        assert prices_of(reader, "DK1", span).mean.any()
        assert weather_of(reader, "DK1", "temperature_c", span).any()

    for source in ("elhub", "energidata", "weather"):
        assert_along_an_index(database, pair(database, source, DEFAULT_COLLECTIONS), work)


@pytest.mark.parametrize("table", [True, False])
def test_the_sums_of_a_fleet(database: Database[Any], tmp_path: Path, table: bool) -> None:
    rows = london_rows(5, days=40)
    own = fleet_rows.store(database, rows)
    if table:
        fleet_rows.store_table(database, tmp_path, 4)
    fleet = Fleet(own, SystemClock(), small=0)
    assert_along_an_index(database, own, lambda: fleet.build(Silence()), least=2)


def test_the_functions_of_linky(database: Database[Any]) -> None:
    with atlas(database, date(2025, 3, 13)) as around:
        assert around.run().error is None

        def work() -> None:
            around.go_to(date(2025, 3, 14))
            assert around.run().error is None
            assert around.run("watchFreshness").error is None

        assert_along_an_index(database, around.pair, work, least=4)


@pytest.mark.parametrize("source", ["elhub", "energidata"])
def test_the_functions_of_open_sources(database: Database[Any], source: str) -> None:
    with open_atlas(database, source, date(2025, 6, 3)) as around:
        assert around.run().error is None

        def work() -> None:
            around.go_to(date(2025, 6, 4))
            assert around.run().error is None
            around.run("watchFreshness")  # it misses the Linky collections, and looks at the others all the same

        assert_along_an_index(database, around.pair, work, least=6)
