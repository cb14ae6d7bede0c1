"""The same readings elsewhere, on a real PostgreSQL, MongoDB, SQLite, DuckDB and files: equal answers, nothing left."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pymongo.database import Database

from sync.lab.elsewhere import FOLDER, Elsewhere, own_folder
from sync.lab.engines import ENGINES
from sync.lab.forms import LEAN, PREFIX, remove_scratch, scratch_names
from sync.lab.questions import NAMES, agree, ask, questions_about
from sync.model.errors import StoreError
from sync.sources import zone_of
from tests.export_rows import OF_SOURCE, Run, stored_pair, whole
from tests.export_servers import Postgres

HERE = {entry.name for entry in ENGINES} - {"timescaledb"}  # which no test machine has
SERVERLESS = HERE - {"postgresql", "brin"}


@pytest.fixture
def elsewhere(postgres: Postgres) -> Iterator[Elsewhere]:
    own = Elsewhere(postgres.url)
    yield own
    own.close()


def silent(_: str) -> None:
    """Nobody is told."""


@pytest.mark.parametrize("source", OF_SOURCE)
def test_every_engine_answers_as_the_record(database: Database[Any], elsewhere: Elsewhere, source: str) -> None:
    """Absent values, flags, prices, both changes of the clock, every series."""
    own = stored_pair(database, source)
    elsewhere.load(whole(own), database, silent)
    assert {entry.name for entry in elsewhere.askers} == HERE
    assert [each["why"] for each in elsewhere.left_out] == ["extension"]
    for series in whole(own).series:
        for question in questions_about(own.record, series, zone_of(source)):
            wanted = ask(own.record, question)
            assert wanted
            for entry, answer in elsewhere.askers.items():
                assert agree(wanted, answer(question)), (entry.name, series.label, question.name)
    for entry, (engine, _) in elsewhere._loaded.items():
        assert sum(engine.size()) > 0, entry.name


def test_a_wrong_answer_is_not_equal(database: Database[Any], elsewhere: Elsewhere) -> None:
    own = stored_pair(database, "linky")
    elsewhere.load(whole(own), database, silent)
    series = whole(own).series[0]
    last = next(own.record.find(series.query()).sort("ts", -1))
    own.record.update_one({"_id": last["_id"]}, {"$inc": {"wh": 1000}})
    changed = {each.name: each for each in questions_about(own.record, series, zone_of("linky"))}
    for answer in elsewhere.askers.values():
        for name in ("maximum", "last", "year"):
            assert not agree(ask(own.record, changed[name]), answer(changed[name]))


@pytest.mark.soak  # whole labs
def test_the_command_measures_says_and_leaves_nothing(run: Run, database: Database[Any], postgres: Postgres) -> None:
    own = stored_pair(database, "linky")
    before = set(database.list_collection_names())
    code, out, err = run("compare", "--lab", "--engines", "--postgresql", postgres.url, "--json")
    assert code == 0, err
    [lab] = json.loads(out)["lab"]
    rows = {row["engine"]: row for row in lab["engines"]["rows"]}
    assert set(rows) == HERE
    for name, row in rows.items():
        assert row["total_bytes"] == row["storage_bytes"] + row["index_bytes"] > 0, name
        assert row["readings_per_second"] > 0
        assert set(row["queries"]) == set(NAMES)
    assert rows["clustered"]["index_bytes"] < rows["packed"]["index_bytes"]
    assert rows["postgresql"]["index_bytes"] > 0
    [left] = lab["engines"]["left_out"]
    assert (left["engine"], left["why"]) == ("timescaledb", "extension")
    kept = database.sync_lab.find_one()
    assert kept is not None
    assert kept["engines"] == lab["engines"]
    assert set(database.list_collection_names()) - before <= {"sync_lab", "sync_leases"}
    assert postgres("SELECT FROM pg_namespace WHERE nspname LIKE 'lab%'") == []
    assert not list(Path(tempfile.gettempdir()).glob(f"{FOLDER}*"))
    assert own.record.count_documents({}) == lab["readings"]


@pytest.mark.soak  # whole labs
def test_what_is_not_there_is_left_out_in_words(
    run: Run, database: Database[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    stored_pair(database, "linky")
    monkeypatch.setitem(sys.modules, "duckdb", None)
    monkeypatch.delitem(sys.modules, "sync.lab.engines.duckdb", raising=False)
    code, out, err = run("compare", "--lab", "--engines")
    assert code == 0, err
    assert "PostgreSQL, primary key is left out: name a server with --postgresql" in out
    assert "DuckDB is left out: pip install 'linky-atlas[engines]' brings its duckdb" in out
    assert "SQLite" in out
    assert "gives up: no unique key, no update, no server" in out
    assert max(map(len, out.splitlines())) <= 130
    kept = database.sync_lab.find_one()
    assert kept is not None
    assert {row["engine"] for row in kept["engines"]["rows"]} == SERVERLESS - {"duckdb"}


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("postgresql://nobody:secret@127.0.0.1:1/energy", "postgresql://nobody@127.0.0.1:1/energy: "),
        ("postgresql://nobody@127.0.0.1:{port}/postgres", 'role "nobody" does not exist'),
        ("postgresql://test@127.0.0.1:{port}/nowhere", 'database "nowhere" does not exist'),
    ],
)
def test_a_server_that_does_not_answer(database: Database[Any], postgres: Postgres, address: str, words: str) -> None:
    own = Elsewhere(address.format(port=postgres.port))
    own.load(whole(stored_pair(database, "linky")), database, silent)
    left = {each["engine"]: each for each in own.left_out}
    assert {entry.name for entry in own.askers} == SERVERLESS
    assert left["postgresql"]["why"] == "refused"
    assert words in left["postgresql"]["words"]
    assert "secret" not in str(own.left_out)
    own.close()


def test_a_schema_of_ones_own_is_never_dropped(database: Database[Any], postgres: Postgres) -> None:
    postgres("CREATE SCHEMA lab_scratch_postgresql")
    postgres("CREATE TABLE lab_scratch_postgresql.mine (one integer)")
    own = Elsewhere(postgres.url)
    own.load(whole(stored_pair(database, "linky")), database, silent)
    own.close()
    assert "not the lab's" in own.left_out[0]["words"]
    assert postgres("SELECT * FROM lab_scratch_postgresql.mine") == []
    assert postgres("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'lab%'") == [("lab_scratch_postgresql",)]
    postgres("DROP SCHEMA lab_scratch_postgresql CASCADE")


def test_what_a_killed_lab_left_goes_with_the_next_one(database: Database[Any], postgres: Postgres) -> None:
    left = Path(tempfile.mkdtemp(prefix=FOLDER))
    (left / "readings.sqlite").write_text("half")
    postgres("CREATE SCHEMA lab_scratch_brin")
    postgres("COMMENT ON SCHEMA lab_scratch_brin IS 'of the lab of linky-atlas, which drops it'")
    database[PREFIX + LEAN[0]].insert_one({"_id": 1})
    assert scratch_names(database) == [PREFIX + LEAN[0]]
    remove_scratch(database)
    with own_folder() as running:
        assert not left.exists()
        with own_folder():
            assert running.exists()  # its lock is held
    assert not running.exists()
    own = Elsewhere(postgres.url)
    own.load(whole(stored_pair(database, "linky")), database, silent)
    assert "brin" in {entry.name for entry in own.askers}
    own.close()
    assert scratch_names(database) == []
    assert postgres("SELECT FROM pg_namespace WHERE nspname LIKE 'lab%'") == []


def test_readings_that_columns_cannot_tell_are_refused(database: Database[Any]) -> None:
    own = stored_pair(database, "linky")
    document = own.record.find_one({}, {"_id": 0}) or {}
    own.record.insert_one({**document, "ts": document["ts"].replace(year=2001), "note": "by hand"})
    elsewhere = Elsewhere()
    with pytest.raises(StoreError, match=r"1 documents? .*run without --engines"):
        elsewhere.load(whole(own), database, silent)
    elsewhere.close()


@pytest.mark.parametrize(
    "words",
    [("--engines",), ("--lab", "--postgresql", "postgresql://a@b/c"), ("--lab", "--engines", "--postgresql", "b")],
)
def test_options_that_mean_nothing(run: Run, database: Database[Any], words: tuple[str, ...]) -> None:
    stored_pair(database, "linky")
    code, out, err = run("compare", *words)
    assert (code, out) == (2, "")
    assert "--postgresql" in err
