"""The cards about other engines: what the lab measured, in both languages, and the sentence that follows from it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import plotly.graph_objects as go
import pytest
from pymongo.database import Database

from dash_app.kit.blocks import Frame
from dash_app.kit.locale import Look
from dash_app.storage.engines import engines_body, engines_figure, verdict
from dash_app.storage.queries import engines_frame
from sync.lab.elsewhere import Elsewhere
from sync.lab.engines import ENGINES, OURS
from sync.lab.experiment import Lab
from sync.load.progress import Silence
from sync.model.clock import SystemClock
from sync.settings import DEFAULT_COLLECTIONS
from sync.sources import zone_of
from sync.store.connection import connect
from sync.store.schema import pair
from tests.dash.stores import load_readings
from tests.dash.test_dash_storage_frames import LOOKS, ONE, VIEW, reader_of, words

READINGS = 400
SERVERS = {"postgresql", "brin", "timescaledb"}


@pytest.fixture(scope="module")
def measured(mongo_uri: str) -> Iterator[Database[Any]]:
    """A lab with the engines that need no server."""
    with connect(mongo_uri) as client:
        database = client["page_of_engines"]
        load_readings(database, datetime(2025, 1, 10, tzinfo=UTC), [100 + at % 7 for at in range(READINGS)], ONE)
        own = pair(database, "linky", DEFAULT_COLLECTIONS)
        lab = Lab(own, zone_of("linky"), SystemClock(), Silence(), Elsewhere())
        assert lab.run() is not None
        yield database
        client.drop_database(database.name)


@pytest.fixture
def frame(measured: Database[Any]) -> Frame:
    return engines_frame(reader_of(measured), VIEW)


def test_a_row_an_engine_with_what_the_lab_kept(measured: Database[Any], frame: Frame) -> None:
    kept = measured.sync_lab.find_one() or {}
    rows = {row["engine"]: row for row in frame.table.to_dict("records")}
    assert set(rows) == {entry.name for entry in ENGINES} - SERVERS | set(OURS)
    for row in kept["engines"]["rows"]:
        assert rows[row["engine"]]["total_bytes"] == row["total_bytes"]
        assert rows[row["engine"]]["bytes_a_reading"] == pytest.approx(row["total_bytes"] / READINGS, abs=0.01)
        assert rows[row["engine"]]["day_ms"] == row["queries"]["day"]["median_ms"]
    ours = next(row for row in kept["rows"] if "ours" in row["marks"])
    assert rows["ours"]["total_bytes"] == ours["total_bytes"]


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: f"{look.language} {look.theme}")
def test_both_cards_in_every_language_and_theme(frame: Frame, look: Look) -> None:
    said = words(engines_body(frame, look))
    for entry in ENGINES:
        assert look.text(f"storage.engines.name.{entry.name}") in said  # measured or left out
    assert said.count("--postgresql") == len(SERVERS)
    assert look.text("storage.engines.lacks.update") in said
    drawn = engines_figure(frame, look)
    figure = go.Figure(drawn)
    assert len(json.dumps(drawn)) < 20_000
    lengths = [own + index for own, index in zip(figure.data[0].x, figure.data[1].x, strict=True)]
    assert lengths == sorted(lengths)
    assert lengths == pytest.approx(sorted(frame.table["bytes_a_reading"]))
    assert [look.significant(each) for each in lengths] == list(figure.data[1].text)


def row(engine: str, each: float, *lacks: str) -> dict[str, Any]:
    return {"engine": engine, "bytes_a_reading": each, "total_bytes": round(each * 1000), "lacks": lacks}


@pytest.mark.parametrize(
    ("others", "english"),
    [
        (
            [row("parquet", 1.25, "key", "update", "server"), row("sqlite", 20, "server")],
            "A reading takes 2.50 bytes as a time series; the fewest are 1.25, in Parquet, zstd (no unique key, no "
            "update in place, no server). Whoever needs a unique key takes least with SQLite: 20.0 bytes, 8.0 times "
            "the time series.",
        ),
        (
            [row("csv", 9, "key", "update", "server")],
            "Nothing takes fewer bytes than the time series: 2.50 a reading. Whoever needs a unique key takes least "
            "with MongoDB, documents: 90.0 bytes, 36 times the time series.",
        ),
        (
            [row("timescaledb", 2)],
            "A reading takes 2.50 bytes as a time series; the fewest are 2.00, in TimescaleDB, compressed (nothing "
            "given up).",
        ),
    ],
)
def test_the_sentence_that_follows(others: list[dict[str, Any]], english: str) -> None:
    rows = [row("record", 90), row("ours", 2.5, "key", "update"), *others]
    assert verdict(rows, Look("en")) == english
    assert verdict(rows, Look("fr")).count("2,50") == 1


def test_a_lab_without_engines_leaves_the_cards_empty(measured: Database[Any]) -> None:
    kept = measured.sync_lab.find_one() or {}
    measured.sync_lab.update_one({"_id": "linky"}, {"$unset": {"engines": ""}})
    assert engines_frame(reader_of(measured), VIEW).is_empty
    measured.sync_lab.replace_one({"_id": "linky"}, kept)
    assert not engines_frame(reader_of(measured), VIEW).is_empty
