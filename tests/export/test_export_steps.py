"""Hours, days and months of local time, against sums by hand."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pymongo.database import Database

from sync.export import read
from sync.export.read import blocks
from sync.export.steps import in_steps
from sync.model.columns import Block
from sync.model.readings import instant
from tests.export_rows import stored_pair, whole

LABEL = {"hour": "%Y-%m-%d %H%z", "day": "%Y-%m-%d", "month": "%Y-%m"}


def values(block: Block, name: str) -> Iterator[Any]:
    there = block.present(name)
    yield from (value if known else None for value, known in zip(block.values[name].tolist(), there, strict=True))


def by_hand(documents: list[dict[str, Any]], step: str, zone: ZoneInfo) -> dict[tuple[Any, ...], list[dict[str, Any]]]:
    found = defaultdict(list)
    for document in documents:
        local = document["ts"].astimezone(zone)
        found[document["series"]["flow"], f"{local:{LABEL[step]}}"].append(document)
    return found


@pytest.mark.parametrize(("size", "zone"), [(50_000, "Asia/Kolkata"), (7, "Europe/Paris")])
@pytest.mark.parametrize("step", LABEL)
@pytest.mark.parametrize("source", ["linky", "energidata", "weather"])
def test_steps_are_sums_and_means_of_what_is_known(
    source: str, step: str, zone: str, size: int, mongo_source: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """size: of a slice, so that steps lie across two."""
    monkeypatch.setattr(read, "SLICE", size)
    own = mongo_source[source]
    expected = by_hand(list(own.record.find()), step, ZoneInfo(zone))
    rows = 0
    for block in in_steps(blocks(whole(own, step, zone)), step):
        for index, start in enumerate(block.start.tolist()):
            local = instant(start).astimezone(ZoneInfo(zone))
            documents = expected.pop((block.series.flow, f"{local:{LABEL[step]}}"))
            rows += 1
            assert begins(local, step)
            assert block.seconds[index] == sum(document["seconds"] for document in documents)
            for name in block.values:
                assert list(values(block, name))[index] == pytest.approx(by_rule(name, documents))
    assert rows
    assert expected == {}


def begins(local: datetime, step: str) -> bool:
    """Whether a step may begin here."""
    return local.minute == 0 and (step == "hour" or local.hour == 0) and (step != "month" or local.day == 1)


def by_rule(name: str, documents: list[dict[str, Any]]) -> float | None:
    known = [(document[name], document["seconds"]) for document in documents if name in document]
    if not known or name == "wind_from_deg":
        return None
    if name in ("wh", "precipitation_mm"):
        return sum(value for value, _ in known)
    if name == "gust_ms":
        return max(value for value, _ in known)
    return sum(value * seconds for value, seconds in known) / sum(seconds for _, seconds in known)


@pytest.fixture(scope="module")
def mongo_source(mongo_uri: str) -> Iterator[dict[str, Any]]:
    from sync.store.connection import connect

    with connect(mongo_uri) as client:
        database: Database[Any] = client["test_export_steps"]
        yield {source: stored_pair(database, source) for source in ("linky", "energidata", "weather")}
        client.drop_database(database.name)
