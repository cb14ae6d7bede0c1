"""The storage page's numbers against $collStats itself, its texts in both languages, and its figures."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import plotly.graph_objects as go
import pytest
from pymongo import MongoClient
from pymongo.database import Database

from dash_app.kit.blocks import EMPTY_FRAME, Frame
from dash_app.kit.locale import Look
from dash_app.kit.reader import Reader
from dash_app.kit.sizes import Measured
from dash_app.kit.view import View
from dash_app.storage.figures import bars_figure, projection_figure, speed_figure, verdict
from dash_app.storage.page import (
    FORM,
    PAGE,
    SIZES,
    answer_body,
    bucket_body,
    controls,
    fits_body,
    lab_body,
    numbers_body,
)
from dash_app.storage.queries import (
    Shown,
    bucket_frame,
    lab_frame,
    projection_frame,
    sizes_frame,
    sources_frame,
    times_frame,
)
from sync.lab.experiment import Lab
from sync.lab.questions import NAMES
from sync.load.progress import Silence
from sync.model.clock import SystemClock
from sync.settings import DEFAULT_COLLECTIONS, load
from sync.store.schema import pair
from sync.store.sizes import Size
from tests import r63
from tests.dash.stores import ONE, TODAY, TWO, load_file, load_readings
from tests.servers import GuardedServer

pytestmark = pytest.mark.soak  # pages in the browser; test_dash_screens opens each of them every time

VIEW = View()
LOOKS = [Look(language, theme) for language in ("en", "fr") for theme in ("light", "dark")]
READINGS = 34_733

ENGINES = ("storage-engines", "storage-bytes")


def reader_of(database: Database[Any]) -> Reader:
    return Reader(database, load(Path.cwd()), now=lambda: TODAY)


@pytest.fixture
def small(database: Database[Any]) -> Database[Any]:
    """Two meters of a few days, with a lab run on them."""
    start = datetime(2025, 1, 10, tzinfo=UTC)
    load_readings(database, start, [100 + place % 7 for place in range(400)], ONE)
    load_readings(database, start, [300 - place % 5 for place in range(200)], TWO)
    own = pair(database, "linky", DEFAULT_COLLECTIONS)
    assert Lab(own, ZoneInfo("Europe/Paris"), SystemClock(), Silence()).run() is not None
    return database


@pytest.fixture
def two_years_with_lab(database: Database[Any], shared_data: Path) -> Database[Any]:
    load_file(database, shared_data / r63.FILE)
    own = pair(database, "linky", DEFAULT_COLLECTIONS)
    assert Lab(own, ZoneInfo("Europe/Paris"), SystemClock(), Silence()).run() is not None
    return database


def raw(database: Database[Any], name: str) -> dict[str, Any]:
    """What the server itself says."""
    return next(database[name].aggregate([{"$collStats": {"storageStats": {}}}]))["storageStats"]


def words(component: Any) -> str:
    """All texts of a component, in order."""
    found: list[str] = []

    def walk(part: Any) -> None:
        if isinstance(part, str):
            found.append(part)
        elif isinstance(part, (list, tuple)):
            for each in part:
                walk(each)
        elif hasattr(part, "children"):
            walk(part.children)

    walk(component)
    return " ".join(found)


# --- numbers ----------------------------------------------------------------------------------------------------------


def test_sizes_are_the_servers_own(two_years: Database[Any]) -> None:
    two_years.client.admin.command("fsync")
    frame = sizes_frame(reader_of(two_years), VIEW)
    regular, timeseries = (row for _, row in frame.table.iterrows())
    ours, theirs = raw(two_years, "consumption"), raw(two_years, "consumptionTS")
    totals = []
    for row, stats in ((regular, ours), (timeseries, theirs)):
        used = stats["storageSize"] - stats["freeStorageSize"]
        total = used + stats["totalIndexSize"]
        totals.append(total)
        assert row["readings"] == READINGS
        assert row["data_bytes"] == stats["size"]
        assert row["storage_bytes"] == used
        assert row["index_bytes"] == stats["totalIndexSize"]
        assert row["total_bytes"] == total
        assert row["bytes_a_reading"] == pytest.approx(total / READINGS)
        assert row["server_version"] == two_years.client.server_info()["version"]
        assert row["measured_at"] == "2025-03-13T09:00:00+00:00"
    assert timeseries["buckets"] == theirs["timeseries"]["bucketCount"]
    assert timeseries["readings_per_bucket"] == pytest.approx(READINGS / theirs["timeseries"]["bucketCount"])
    assert timeseries["saved_data_pct"] == pytest.approx(100 * (1 - theirs["size"] / ours["size"]), abs=0.051)
    assert timeseries["saved_total_pct"] == pytest.approx(100 * (1 - totals[1] / totals[0]), abs=0.051)
    said = words(answer_body(frame, Look("en")))
    percent = f"{100 * (1 - totals[1] / totals[0]):.1f}"
    assert said.startswith(f"Your 34,733 readings take {totals[1] / 1000:.3g}")
    assert f"{percent}% less" in said
    assert "Measured on MongoDB 6.0.5 on 13 Mar 2025 09:00 UTC." in said
    said = words(answer_body(frame, Look("fr")))
    assert said.startswith(f"Vos 34\u202f733 relevés occupent {totals[1] / 1000:.3g}".replace(".", ","))
    assert f"{percent.replace('.', ',')}\u202f% de moins" in said


def test_every_number_has_a_sentence(two_years: Database[Any]) -> None:
    frame = sizes_frame(reader_of(two_years), VIEW)
    buckets = raw(two_years, "consumptionTS")["timeseries"]["bucketCount"]
    said = words(numbers_body(frame, Look("en")))
    for expected in ("Readings", "Data", "Storage on disk", "Indexes", "Storage and indexes", "Bytes a reading"):
        assert expected in said
    assert f"{buckets} × {READINGS / buckets:.0f}" in said
    assert said.count(".") >= 7
    assert f"{raw(two_years, 'consumption')['size'] / 1e6:.2f}\u202fMB" in said


def test_the_picture_shows_the_first_readings_and_no_meter(two_years: Database[Any], shared_data: Path) -> None:
    frame = bucket_frame(reader_of(two_years), VIEW)
    first = r63.expected(shared_data)[:3]
    for look in LOOKS:
        said = words(bucket_body(frame, look))
        for reading in first[:2]:
            assert f"{reading.ts:%Y-%m-%d %H:%M}" in said
            assert str(reading.wh) in said
        assert "…0000" in said
        assert r63.PRM not in said
    assert r63.PRM not in frame.table.to_csv()
    assert list(frame.table["wh"]) == [reading.wh for reading in first]
    buckets = raw(two_years, "consumptionTS")["timeseries"]["bucketCount"]
    assert f"34,733 readings in {buckets} buckets, {round(READINGS / buckets)} in each" in words(
        bucket_body(frame, Look("en"))
    )


def test_the_projection_goes_through_the_measured_sizes(two_years: Database[Any]) -> None:
    view = View(options=(("log_meters", "2"), ("step", "30"), ("years", "2")))
    frame = projection_frame(reader_of(two_years), view)
    table = frame.table.set_index(["tier", "form"])
    ours, theirs = raw(two_years, "consumption"), raw(two_years, "consumptionTS")
    wished = 100 * 2 * 365.25 * 48
    for form, stats, files in (("regular", ours, 2), ("timeseries", theirs, 1)):
        fixed = 4096 * files
        each = (stats["size"] + stats["totalIndexSize"] - fixed) / READINGS
        assert table.loc[("M0", form), "bytes"] == pytest.approx(fixed + each * wished)
        assert table.loc[("M0", form), "most_meters"] == int((512e6 - fixed) / each / (2 * 365.25 * 48))
        used = stats["storageSize"] - stats["freeStorageSize"]
        fixed = 4096 * (files + 1)
        each = (used + stats["totalIndexSize"] - fixed) / READINGS
        assert table.loc[("M10", form), "most_meters"] == int((10e9 - fixed) / each / (2 * 365.25 * 48))
    said = words(fits_body(frame, Look("en")))
    assert "100 meters over 2 years, a reading every 30 minutes: 3,510,000 readings." in said
    assert f"{table.loc[('M0', 'regular'), 'most_meters']:,} meters" in said
    assert f"{table.loc[('M40', 'timeseries'), 'most_meters']:,} meters" in said


# --- the lab ----------------------------------------------------------------------------------------------------------


def test_the_lab_is_shown_as_it_was_kept(small: Database[Any]) -> None:
    kept = small.sync_lab.find_one({"_id": "linky"})
    assert kept is not None
    reader = reader_of(small)
    table = lab_frame(reader, VIEW).table
    assert list(table["total_bytes"]) == [row["storage_bytes"] + row["index_bytes"] for row in kept["rows"]]
    assert list(table["year_ms"]) == [row["queries"]["year"]["median_ms"] for row in kept["rows"]]
    times = times_frame(reader, VIEW).table
    assert len(times) == 10
    one = times[(times["question"] == "maximum") & (times["form"] == "timeseries")].iloc[0]
    assert one["median_ms"] == kept["queries"][3]["timeseries"]["median_ms"]
    for look in LOOKS:
        body = lab_body(lab_frame(reader, VIEW), look)
        rows = [part for part in _parts(body) if type(part).__name__ == "Tr"][2:]
        assert len(rows) == len(kept["rows"])
        for row, stored in zip(rows, kept["rows"], strict=True):
            data = row.children[len(FORM) + SIZES.index("data")]
            assert getattr(data, "data-key") == stored["data_bytes"]
            assert data.children == look.bytes(stored["data_bytes"])
            maximum = row.children[len(FORM) + len(SIZES) + NAMES.index("maximum")]
            assert getattr(maximum, "data-key") == stored["queries"]["maximum"]["median_ms"]
        assert [row.className for row in rows].count("trap") == 1
        assert [row.className for row in rows].count("best") == 1
    assert "600 of 600 readings, 2 series" in words(lab_body(lab_frame(reader, VIEW), Look("en")))


def apart(database: Database[Any], language: str = "en") -> str:
    """What the lab's card says of the answer at the top, if anything."""
    said = words(lab_body(lab_frame(reader_of(database), VIEW), Look(language)))
    return next((part for part in re.split(r"(?<=[.]) ", said) if "top of the page" in part), "")


def on_disk(database: Database[Any], name: str) -> str:
    stats = raw(database, name)
    return Look().bytes(stats["storageSize"] - stats["freeStorageSize"] + stats["totalIndexSize"])


def test_the_lab_says_what_the_answer_says_or_why_not(two_years_with_lab: Database[Any]) -> None:
    """Two years from a file: the same within a few pages, and where these show the reason stands beside them."""
    database = two_years_with_lab
    kept = database.sync_lab.find_one({"_id": "linky"})
    assert kept is not None
    tops = []
    for mark, name in (("record", "consumption"), ("ours", "consumptionTS")):
        row = next(row for row in kept["rows"] if mark in row["marks"])
        stats = raw(database, name)
        top = stats["storageSize"] - stats["freeStorageSize"] + stats["totalIndexSize"]
        assert row["total_bytes"] == pytest.approx(top, rel=0.02, abs=16 * 1024)
        tops.append((on_disk(database, name), Look().bytes(row["total_bytes"])))
    said = apart(database)
    assert bool(said) == any(top != here for top, here in tops)
    answer = words(answer_body(sources_frame(reader_of(database), VIEW), Look()))
    assert all(top in answer for top, _ in tops)


def test_collections_that_grew_differ_from_the_labs_and_that_is_said(small: Database[Any]) -> None:
    small.sync_lab.update_one({"_id": "linky", "rows.marks": "record"}, {"$inc": {"rows.$.total_bytes": 3_000_000}})
    said = apart(small)
    for name in ("consumption", "consumptionTS"):
        assert on_disk(small, name) in said
    assert "grew load by load" in said
    load_readings(small, datetime(2025, 2, 10, tzinfo=UTC), [100] * 7, ONE)
    assert "today’s 607 readings" in apart(small)
    small.sync_lab.update_one({"_id": "linky"}, {"$set": {"readings": 300}})  # a part: its note says so
    assert apart(small) == ""


def test_a_new_lab_is_seen(small: Database[Any]) -> None:
    reader = reader_of(small)
    before = reader._look()
    small.sync_lab.update_one({"_id": "linky"}, {"$set": {"at": datetime(2030, 1, 1, tzinfo=UTC)}})
    assert reader._look() != before


def test_without_a_lab_the_card_is_empty(two_years: Database[Any]) -> None:
    reader = reader_of(two_years)
    assert lab_frame(reader, VIEW).is_empty
    assert times_frame(reader, VIEW).is_empty
    for language in ("en", "fr"):
        blocks = {block.name: block for block in PAGE.blocks}
        for name in ("storage-lab", "storage-speed", *ENGINES):
            assert "python -m sync compare --lab" in Look(language).text(PAGE.text_of(blocks[name], "empty"))


def test_verdicts() -> None:
    def times(low: float, median: float, high: float) -> dict[str, float]:
        return {"low_ms": low, "median_ms": median, "high_ms": high}

    look = Look("en")
    assert verdict({"regular": times(9, 10, 11), "timeseries": times(1.9, 2, 2.1)}, look) == "5.0× faster"
    assert verdict({"regular": times(1, 1, 1), "timeseries": times(2, 2.5, 3)}, look) == "2.5× slower"
    assert verdict({"regular": times(1, 2, 3), "timeseries": times(3, 4, 5)}, look) == "no clear difference"


# --- figures and bodies -----------------------------------------------------------------------------------------------


def frames_of(database: Database[Any]) -> Iterator[tuple[Callable[..., Any], Frame]]:
    reader = reader_of(database)
    yield bars_figure, sizes_frame(reader, VIEW)
    yield projection_figure, projection_frame(reader, VIEW)
    yield speed_figure, times_frame(reader, VIEW)


def test_figures_are_valid_and_small(small: Database[Any]) -> None:
    for figure, frame in frames_of(small):
        for look in LOOKS:
            drawn = figure(frame, look)
            assert go.Figure(drawn).data
            assert len(json.dumps(drawn)) < 20_000


def test_bars_show_each_size_at_the_end_of_its_bar(two_years: Database[Any]) -> None:
    frame = sizes_frame(reader_of(two_years), VIEW)
    drawn = go.Figure(bars_figure(frame, Look("fr")))
    stats = raw(two_years, "consumption"), raw(two_years, "consumptionTS")
    assert tuple(drawn.data[0].x) == tuple(each["size"] for each in stats)
    assert tuple(drawn.data[2].x) == tuple(each["totalIndexSize"] for each in stats)
    assert drawn.data[0].text[0] == f"{stats[0]['size'] / 1e6:.2f}\u202fMo".replace(".", ",")
    percent = f"−{100 * (1 - stats[1]['size'] / stats[0]['size']):.1f}\u202f%".replace(".", ",")
    assert percent in [note.text for note in drawn.layout.annotations]


def test_every_card_answers_in_both_languages(small: Database[Any]) -> None:
    reader = reader_of(small)
    for block in PAGE.blocks:
        frame = block.frame(reader, VIEW)
        if block.name in ENGINES:  # test_dash_storage_engines
            assert frame.is_empty
            continue
        assert not frame.is_empty
        frame.table.to_csv()
        for look in LOOKS:
            assert look.text(block.title).endswith("?")
            if block.body:
                assert words(block.body(frame, look))
            if block.controls:
                assert words(block.controls(reader, VIEW, look))


def shown(*pairs: Measured) -> Frame:
    """The first of some pairs as the cards about sizes get it."""
    return Frame(EMPTY_FRAME.table, notes={"shown": Shown(pairs[0], pairs, datetime(2025, 1, 1, tzinfo=UTC), "8.0.1")})


def test_unusual_measurements_are_said() -> None:
    size = Size(data_bytes=100_000, storage_bytes=4096, free_bytes=0, index_bytes=8192)
    smaller = Size(data_bytes=3000, storage_bytes=4096, free_bytes=0, index_bytes=12_288)

    def said(measured: Measured, body: Callable[..., Any] = answer_body) -> str:
        return words(body(shown(measured), Look("en")))

    assert "has not written these readings" in said(Measured("linky", 5000, 1, size, smaller))
    assert "33.3% more" in said(Measured("linky", 5000, 1, size, smaller))
    settled = Size(data_bytes=50_000, storage_bytes=20_480, free_bytes=0, index_bytes=8192)
    assert "mostly those of empty files" in said(Measured("linky", 500, 1, settled, smaller))
    assert "not told by this server" in said(Measured("linky", 5000, 1, settled, smaller), numbers_body)
    pairs = Measured("linky", 5000, 1, settled, smaller), Measured("elhub", 700, 1, settled, smaller, written=False)
    both = words(answer_body(shown(*pairs), Look("en")))
    assert "linky: Your 5,000 readings" in both
    assert "elhub 700 readings 28.7\u202fkB 16.4\u202fkB –" in both  # what is not on disk yet saves nothing yet


def test_who_may_not_ask_for_sizes_is_told(guarded_server: GuardedServer) -> None:
    """A role that may read the collections and list them, but not their statistics."""
    name = "page_of_a_stranger"
    with MongoClient[dict[str, Any]](guarded_server.uri("admin")) as admin:
        own = admin[name]
        load_readings(own, datetime(2025, 1, 10, tzinfo=UTC), [100] * 50)
        actions = ["find", "listCollections", "listIndexes"]
        resource = {"db": name, "collection": ""}
        own.command("createRole", "finder", privileges=[{"resource": resource, "actions": actions}], roles=[])
        own.command("createUser", "stranger", pwd="secret", roles=["finder"])
        uri = f"mongodb://stranger:secret@127.0.0.1:{guarded_server.server.port}/?authSource={name}"
        with MongoClient[dict[str, Any]](uri, tz_aware=True) as client:
            reader = reader_of(client[name])
            for block in PAGE.blocks:
                frame = block.frame(reader, VIEW)
                if block.name in ("storage-lab", "storage-speed", *ENGINES):
                    assert frame.is_empty
                    continue
                for look in LOOKS:
                    if block.figure:
                        notes = go.Figure(block.figure(frame, look)).layout.annotations
                        assert "readWrite" in notes[0].text
                    if block.body and block.name != "storage-bucket":
                        assert "readWrite" in words(block.body(frame, look))
        own.command("dropUser", "stranger")
        admin.drop_database(name)


def test_nothing_stored(database: Database[Any]) -> None:
    reader = reader_of(database)
    for block in PAGE.blocks:
        assert block.frame(reader, VIEW).is_empty
    assert words(controls(reader, VIEW, Look("en")))


def _parts(component: Any) -> Iterator[Any]:
    yield component
    children = getattr(component, "children", None)
    for each in children if isinstance(children, (list, tuple)) else [children]:
        if hasattr(each, "to_plotly_json"):
            yield from _parts(each)
