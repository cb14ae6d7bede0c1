"""After the embedded server was killed, what it says of its collections is counted anew before anybody reads it."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from bson import ObjectId
from pymongo import MongoClient
from pymongo.database import Database

from sync.model.errors import StoreUnavailable
from sync.store.embedded import counts as module
from sync.store.embedded.server import Embedded, running
from sync.store.schema import TIMESERIES
from tests.store.holders import Holder, pid_of

pytestmark = pytest.mark.soak  # many servers, processes or mornings

DAY = timedelta(days=1)
PAIR = {"record", "system.buckets.mirror"}


def fill(database: Database[Any], day: int, days: int = 20) -> None:
    """Quarter-hours into both forms, a bucket a month or so."""
    first = datetime(2026, 1, 1, tzinfo=UTC) + day * DAY
    series = {"flow": "consumption", "id": "a", "source": "linky"}
    rows = [
        {"_id": ObjectId(), "ts": first + timedelta(minutes=15 * place), "series": series, "wh": place}
        for place in range(96 * days)
    ]
    database.record.insert_many(rows)
    database.mirror.insert_many(rows)


def own(uri: str) -> Database[Any]:
    return MongoClient[Any](uri, w="majority").own


@pytest.fixture
def killed(home: Path) -> Path:
    """A home whose server was killed after a checkpoint and inserts behind it, while nobody of ours used it."""
    with running(home) as uri, own(uri).client as client:
        client.own.quiet.insert_one({})
        client.own.create_collection("mirror", timeseries=TIMESERIES)
    uri = Embedded(home).pin()
    with own(uri).client as client:
        fill(client.own, 0)
        client.admin.command("fsync")
        fill(client.own, 40)
        client.other.small.insert_one({})
    Embedded(home).server().kill()  # type: ignore[union-attr]
    return home


@pytest.fixture
def validated(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Which collections were asked for, in this process."""
    seen: list[str] = []
    real = module._unsure

    def watch(*arguments: Any) -> Iterator[tuple[str, str]]:
        for database, name in real(*arguments):
            seen.append(f"{database}.{name}")
            yield database, name

    monkeypatch.setattr(module, "_unsure", watch)
    return seen


def told(database: Database[Any], name: str) -> dict[str, int]:
    """What the server says without counting."""
    stats = database.command("collStats", name)
    [shown] = database[name].aggregate([{"$collStats": {"count": {}}}])
    return {"estimated": database[name].estimated_document_count(), "count": shown["count"], "size": stats["size"]}


def true(database: Database[Any], name: str) -> dict[str, int]:
    """The same, counted."""
    sizes = [{"$group": {"_id": None, "count": {"$sum": 1}, "size": {"$sum": {"$bsonSize": "$$ROOT"}}}}]
    [counted] = database[name].aggregate(sizes)
    return {"estimated": counted["count"], "count": counted["count"], "size": counted["size"]}


def test_after_a_kill_what_it_says_is_what_it_holds(killed: Path, validated: list[str]) -> None:
    with running(killed) as uri, own(uri).client as client:
        for name in PAIR:
            assert told(client.own, name) == true(client.own, name)
        assert client.own.mirror.count_documents({}) == client.own.record.count_documents({}) == 2 * 96 * 20
    # What was not written to since the last stop in good order is not read again.
    assert set(validated) == {"own.record", "own.system.buckets.mirror", "other.small"}


def test_after_a_stop_in_good_order_nothing_is_read(killed: Path, validated: list[str]) -> None:
    for _run in range(2):
        with running(killed):
            assert validated
        validated.clear()
        with running(killed) as uri, own(uri).client as client:
            fill(client.own, 80, days=1)
        assert not validated
        Embedded(killed).pin()
        Embedded(killed).server().kill()  # type: ignore[union-attr]


def test_killed_again_after_the_count(killed: Path, hold: Callable[[], Holder]) -> None:
    """What was counted anew is in memory at first: a second kill loses it again."""
    for _kill in range(2):
        user = hold()
        user.uri()
        os.kill(pid_of(killed), signal.SIGKILL)
        user.kill()
    with running(killed) as uri, own(uri).client as client:
        for name in PAIR:
            assert told(client.own, name) == true(client.own, name)


@pytest.mark.parametrize("reason", ["the command was interrupted", "the server was killed", "a damaged file"])
def test_a_count_that_did_not_end_is_made_by_the_next_command(
    killed: Path, monkeypatch: pytest.MonkeyPatch, reason: str
) -> None:
    real = module._unsure

    def hindered(client: Any, written: Any) -> Iterator[tuple[str, str]]:
        yield next(real(client, written))
        if reason == "the command was interrupted":
            raise KeyboardInterrupt
        if reason == "the server was killed":
            os.kill(pid_of(killed), signal.SIGKILL)
        if reason == "a damaged file":
            raise StoreUnavailable("damaged")
        yield from real(client, written)

    monkeypatch.setattr(module, "_unsure", hindered)
    with pytest.raises((KeyboardInterrupt, StoreUnavailable)):
        Embedded(killed).join()
    monkeypatch.undo()
    assert Embedded(killed).server() is None
    with running(killed) as uri, own(uri).client as client:
        assert told(client.own, "record") == true(client.own, "record")


def test_where_nobody_knows_what_was_written_all_is_counted(killed: Path, validated: list[str]) -> None:
    """As in a home of an older version, which noted down nothing."""
    (killed / "mongod.json").unlink()
    with running(killed) as uri, own(uri).client as client:
        assert told(client.own, "record") == true(client.own, "record")
    assert {f"own.{name}" for name in PAIR} | {"own.quiet", "other.small"} <= set(validated)


def test_what_a_transaction_and_a_new_name_touched(home: Path, validated: list[str]) -> None:
    with running(home) as uri, own(uri).client as client:
        for name in ("moved", "together", "quiet"):
            client.own[name].insert_one({})
    uri = Embedded(home).pin()
    with own(uri).client as client:
        client.admin.command("fsync")
        with client.start_session() as session, session.start_transaction():
            client.own.together.insert_many([{}, {}], session=session)
        client.own.moved.insert_one({})
        client.own.moved.rename("elsewhere")
    Embedded(home).server().kill()  # type: ignore[union-attr]
    with running(home) as uri, own(uri).client as client:
        for name in ("together", "elsewhere"):
            assert told(client.own, name) == true(client.own, name)
    assert set(validated) == {"own.together", "own.elsewhere"}


def test_a_long_count_is_told(
    killed: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(module, "LONG", 0)
    with running(killed):
        assert "the embedded MongoDB was not stopped in good order: " in capsys.readouterr().err
