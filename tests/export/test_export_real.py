"""Real readings to every target, and back where there is a back: two years of a meter, a year of prices, London."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pytest
from pymongo.database import Database

from sync.export.read import blocks
from sync.export.run import export
from sync.export.targets import target_of
from sync.load.progress import Silence
from sync.model.columns import Sums
from sync.model.localtime import midnight
from sync.model.readings import ReadingBatch, Series
from sync.settings import DEFAULT_COLLECTIONS
from sync.sources import SOURCES, zone_of
from sync.standin.elhub_hours import GeneratedHours
from sync.store.connection import connect
from sync.store.schema import Pair, ensure_pair, pair
from sync.store.writer import PairWriter
from tests.export_rows import whole
from tests.export_servers import Broker, Postgres

pytestmark = pytest.mark.soak

FILES = {
    "linky": "linky/r63_load_curve_2023-03-13_2025-03-13_naive_paris.csv.gz",
    "energidata": "eds/Elspotprices_2024_DK1_DK2_DE_NO2_SE3_SE4_SYSTEM.csv.gz",
    "lcl": "lcl/halfhourly_2013_70_households.csv.gz",
}
ROWS = 215_353  # of Norway's production of 2021
BACK = ("a.csv.gz", "a.jsonl", "a.parquet")
OUT = ("a.lp",)
Columns = dict[Series, list[tuple[Any, ...]]]


@pytest.fixture(scope="module", params=FILES)
def own(request: pytest.FixtureRequest, mongo_uri: str, shared_data: Path) -> Iterator[Pair]:
    """The readings of a file in the record alone."""
    source = request.param
    with connect(mongo_uri) as client:
        found = pair(client["test_export_real"], source, DEFAULT_COLLECTIONS)
        ensure_pair(found)
        for part in SOURCES[source].open_files([shared_data / FILES[source]], None).parts():
            PairWriter(found).write_many(part.batches, mirror=False, corrects=False)
        yield found
        client.drop_database("test_export_real")


def stored(own: Pair) -> tuple[Columns, Sums]:
    """The record as columns, by series."""
    found: Columns = defaultdict(list)
    sums = Sums()
    for block in blocks(choice := whole(own)):
        found[block.series].append((block.start, block.seconds, dict(block.values), block.flags))
        sums.add(block)
    assert choice.left_out == 0
    assert sums.readings == own.record.count_documents({})
    return found, sums


def joined(columns: list[tuple[Any, ...]], name: str | int) -> Any:
    return np.concatenate([part[name] if isinstance(name, int) else part[2][name] for part in columns])


def test_out_and_back(own: Pair, tmp_path: Path) -> None:
    before, sums = stored(own)
    fields = SOURCES[own.source].fields
    for name in BACK:
        assert export(whole(own), target_of(name).connect(str(tmp_path / name)), Silence()).sums == sums
        count = 0
        batches = defaultdict(list)
        for part in SOURCES[own.source].open_files([tmp_path / name], None).parts():
            assert part.rejects == ()
            for batch in part.batches:
                batches[batch.series].append(batch)
                count += len(batch)
        assert count == sums.readings
        for series, columns in before.items():
            back = batches.pop(series)
            assert np.array_equal(joined(columns, 0), np.concatenate([batch.start for batch in back]))
            assert np.array_equal(joined(columns, 1), np.concatenate([batch.seconds for batch in back]))
            assert sum(len(part[3]) for part in columns) == sum(len(batch.flags) for batch in back)
            for field, kind in fields.items():
                if all(field in batch.columns for batch in back):
                    values = [batch.columns[field] for batch in back]
                    assert all(str(column.dtype) == kind for column in values)
                    assert np.array_equal(joined(columns, field), np.concatenate(values))
        assert not batches
        (tmp_path / name).unlink()


def test_out(own: Pair, tmp_path: Path, postgres: Postgres, broker: Broker, database: Database[Any]) -> None:
    """Each is counted and summed where it is; the table once more by SQL of the test's own."""
    _, sums = stored(own)
    for address in (*(str(tmp_path / name) for name in OUT), postgres.url, f"kafka://{broker.address}/{database.name}"):
        assert export(whole(own), target_of(address).connect(address), Silence()).sums == sums
    value = "wh" if own.source != "energidata" else "round(eur_mwh * 100)::bigint"
    scaled = "$wh" if own.source != "energidata" else {"$toLong": {"$round": {"$multiply": ["$eur_mwh", 100]}}}
    [there] = own.record.aggregate([{"$group": {"_id": None, "count": {"$sum": 1}, "sum": {"$sum": scaled}}}])
    assert postgres(f"SELECT count(*), sum({value})::bigint FROM readings") == [(there["count"], there["sum"])]


def test_norways_production_of_2021_has_its_rows(database: Database[Any], tmp_path: Path) -> None:
    found = pair(database, "elhub", DEFAULT_COLLECTIONS)
    ensure_pair(found)
    zone = zone_of("elhub")
    low, high = midnight(date(2021, 1, 1), zone), midnight(date(2022, 1, 1), zone)
    for hours in GeneratedHours().hours("production", low, high):
        columns = {
            "wh": np.rint(hours.kwh * 1000).astype(np.int64),
            "seconds": np.full(len(hours.start), 3600, np.int32),
            "updated": hours.updated.astype("datetime64[ms]"),
        }
        series = Series("elhub", hours.area, "production", hours.group)
        PairWriter(found).write(ReadingBatch(series, hours.start, columns), mirror=False)
    assert export(whole(found), target_of("a.csv").connect(str(tmp_path / "a.csv")), Silence()).sums.readings == ROWS
    with (tmp_path / "a.csv").open("rb") as lines:
        assert sum(1 for _ in lines) == ROWS + 1
    path = tmp_path / "a.csv"
    with duckdb.connect() as base:
        assert base.execute(
            f"SELECT count(*), count(DISTINCT (id, \"group\", start_utc)) FROM '{path}'"
        ).fetchone() == (
            ROWS,
            ROWS,
        )
