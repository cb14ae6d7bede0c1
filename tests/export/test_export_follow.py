"""What comes in after the export, and what is corrected, arrives once and right: in a table and in a topic."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pymongo.database import Database

from sync.export.follow import EXPORTS, Follower
from sync.export.run import export
from sync.export.targets import target_of
from sync.load.progress import Silence
from sync.model.clock import SystemClock
from sync.model.readings import ReadingBatch, Series, energy_batch
from sync.model.window import CURVE, DONE, Entry, Window
from sync.store.connection import connect
from sync.store.ledger import Ledger
from sync.store.schema import Pair
from sync.store.writer import PairWriter
from tests.clock import FakeClock
from tests.export.test_export_kafka import messages
from tests.export.test_export_postgresql import of_record, of_table
from tests.export_rows import HALF, Run, lcl, starts, stored_pair, whole
from tests.export_servers import Broker, Postgres
from tests.servers import TcpMongod
from tests.waiting import PATIENCE, until

NEXT = int(datetime(2024, 4, 2, tzinfo=UTC).timestamp()) * 1000


def more(count: int = 5, household: int = 1, first: int = NEXT, wh: int = 7) -> ReadingBatch:
    series = Series("lcl", f"MAC{household:06}", "consumption")
    return energy_batch(series, starts(first, count, HALF), np.full(count, wh), np.full(count, HALF))


@dataclass
class Following:
    """A follower in a thread of this process."""

    own: Pair
    address: str
    heard: list[str] = field(default_factory=list)

    def follower(self) -> Follower:
        target = target_of(self.address).connect(self.address)
        return Follower(whole(self.own), target, "", SystemClock(), self.heard.append)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Exported first where that is due, then followed until the block ends."""
        over, follower = threading.Event(), self.follower()
        if follower.begin():
            export(follower.choice, follower.target, Silence())
        failed: list[BaseException] = []

        def run() -> None:
            try:
                follower.run(over.is_set)
            except BaseException as error:
                failed.append(error)

        thread = threading.Thread(target=run)
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join(PATIENCE)
        assert failed == []

    def stop_at(self, text: str) -> None:
        until(lambda: any(text in line for line in self.heard))


def test_new_and_corrected_readings_arrive_in_a_table(postgres: Postgres, database: Database[Any]) -> None:
    own = stored_pair(database, "lcl")
    following = Following(own, postgres.url)
    with following.running():
        PairWriter(own).write_many([more(), more(household=77)])
        PairWriter(own).write_many([more(count=1, wh=8)])
        own.record.update_one({"series.id": "MAC000002"}, {"$set": {"wh": 1_234}})
        until(lambda: of_table(postgres, "lcl") == of_record(own))
    assert any("sent, " in line and "s behind" in line for line in following.heard)


def test_what_came_meanwhile_is_caught_up_from_the_token(postgres: Postgres, database: Database[Any]) -> None:
    own = stored_pair(database, "lcl")
    following = Following(own, postgres.url)
    with following.running():
        pass
    PairWriter(own).write_many([more(), more(household=78)])
    own.record.update_one({"series.id": "MAC000002"}, {"$set": {"wh": 4_321}})
    with following.running():
        until(lambda: of_table(postgres, "lcl") == of_record(own))
    assert not any("ledger" in line for line in following.heard)


def test_a_token_that_is_too_old_is_made_up_for_by_the_ledger(postgres: Postgres, database: Database[Any]) -> None:
    """The server refuses a spoilt token as it refuses one that the oplog has rolled over."""
    own = stored_pair(database, "lcl")
    following = Following(own, postgres.url)
    with following.running():
        pass
    new = more()
    PairWriter(own).write_many([new])
    database[EXPORTS].update_one({}, {"$set": {"token": {"_data": "of last year"}}})
    days = Window(date(2024, 4, 2), date(2024, 4, 4))
    Ledger(database).record(new.series, CURVE, Entry(days, DONE, datetime.now(UTC), len(new)))
    with following.running():
        until(lambda: of_table(postgres, "lcl") == of_record(own))
        own.record.update_one({}, {"$set": {"wh": 99}})
        until(lambda: of_table(postgres, "lcl") == of_record(own))
    assert any("the oplog does not go on from" in line and "by the ledger" in line for line in following.heard)
    assert any("caught up: 5 readings" in line for line in following.heard)


def test_a_kill_between_target_and_token_sends_again_and_doubles_nothing(
    postgres: Postgres, database: Database[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    own = stored_pair(database, "lcl")
    following = Following(own, postgres.url)
    with following.running():
        pass
    PairWriter(own).write_many([more()])
    follower = following.follower()
    assert not follower.begin()
    with monkeypatch.context() as patch:
        patch.setattr(Follower, "_keep", lambda _: None)
        follower.run(lambda: follower.sent > 0)
    with following.running():
        following.stop_at("5 readings sent")
    assert of_table(postgres, "lcl") == of_record(own)


def test_a_correction_comes_once_into_a_topic(broker: Broker, database: Database[Any]) -> None:
    own = stored_pair(database, "lcl")
    following = Following(own, f"kafka://{broker.address}/follow.{database.name}")
    with following.running():
        own.record.update_one({"wh": 30}, {"$set": {"wh": 31}})
        following.stop_at("1 reading sent")
    found = messages(broker, f"follow.{database.name}", 181)
    assert len(found) == 181
    assert len({str(key) for key, _ in found}) == 180


def test_what_is_deleted_is_counted(postgres: Postgres, database: Database[Any]) -> None:
    own = stored_pair(database, "lcl")
    following = Following(own, postgres.url)
    with following.running():
        own.record.delete_one({"series.id": "MAC000001"})
        following.stop_at("1 were deleted here and stay there")


def test_without_change_streams_the_newest_days_are_polled(
    postgres: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    server = TcpMongod.spawn(tmp_path / "db", tmp_path / "log", replica_set="")
    try:
        with connect(f"mongodb://127.0.0.1:{server.port}/?directConnection=true") as client:
            own = stored_pair(client["test"], "lcl", lcl(4))
            target = target_of(postgres.url).connect(postgres.url)
            heard: list[str] = []
            clock = FakeClock(datetime(2024, 4, 2, 12, tzinfo=UTC) + timedelta(days=1))
            follower = Follower(whole(own), target, "", clock, heard.append)
            assert follower.begin()
            assert "has no change streams" in heard[0]
            export(follower.choice, target, Silence())
            PairWriter(own).write_many([more()])
            follower.run(lambda: follower.sent > 0)
            assert of_table(postgres, "lcl") == of_record(own)
    finally:
        server.kill()


def test_a_file_cannot_be_followed(run: Run) -> None:
    code, _, err = run("export", "--to", "a.csv", "--follow")
    assert (code, err.count("\n")) == (2, 1)
    assert "--follow is for readings into a table or a topic" in err
