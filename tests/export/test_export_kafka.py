"""Readings into a topic of a real broker: counted by a consumer, the same keys when they are sent again."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Consumer, TopicPartition
from pymongo.database import Database

from sync.export.run import Report, export
from sync.export.targets import ExportError, kafka, kafka_address, target_of
from sync.load.progress import Silence
from sync.store.schema import Pair
from tests.export.refusing_broker import Gate
from tests.export_rows import OF_SOURCE, Run, stored_pair, whole
from tests.export_servers import Broker
from tests.servers import free_port

SECONDS = 30


def exported(own: Pair, address: str, **choice: Any) -> Report:
    return export(whole(own, **choice), target_of(address).connect(address), Silence())


def messages(broker: Broker, topic: str, count: int) -> list[tuple[Any, Any]]:
    """The messages of a topic, key and value, by the time of the reading, those of one key in the order they came."""
    reader = Consumer({"bootstrap.servers": broker.address, "group.id": "test", "log_level": 0})
    reader.assign(
        [TopicPartition(topic, number, 0) for number in reader.list_topics(topic, 10).topics[topic].partitions]
    )
    found: list[Any] = []
    end = time.monotonic() + SECONDS
    while len(found) < count and time.monotonic() < end:
        found += [each for each in reader.consume(count, 1.0) if not each.error()]
    reader.close()
    pairs = [(json.loads(each.key()), json.loads(each.value())) for each in found]
    return sorted(pairs, key=lambda pair: [str(pair[0].get(name, "")) for name in ("flow", "group", "id", "start_utc")])


@pytest.mark.parametrize("source", OF_SOURCE)
def test_a_message_a_reading(source: str, broker: Broker, database: Database[Any], tmp_path: Path) -> None:
    own = stored_pair(database, source)
    count = exported(own, f"kafka://{broker.address}/of.{database.name}").sums.readings
    exported(own, str(tmp_path / "a.jsonl"))
    lines = [json.loads(line) for line in (tmp_path / "a.jsonl").read_text().splitlines()]
    lines.sort(key=lambda row: (row["flow"], row.get("group", ""), row["id"], row["start_utc"]))
    found = messages(broker, f"of.{database.name}", count)
    assert [value for _, value in found] == lines
    names = ("source", "id", "flow", "group", "start_utc")
    assert [key for key, _ in found] == [{name: row[name] for name in names if name in row} for row in lines]


def test_it_is_safe_to_repeat(broker: Broker, database: Database[Any]) -> None:
    """Each run proves its own messages; a correction comes under the key of what it corrects."""
    own = stored_pair(database, "lcl")
    address = f"kafka://{broker.address}/again.{database.name}"
    exported(own, address)
    own.record.update_one({"wh": 30}, {"$set": {"wh": 31}})
    exported(own, address)
    found = messages(broker, f"again.{database.name}", 360)
    newest = {json.dumps(key): value["wh"] for key, value in found}
    assert (len(found), len(newest)) == (360, 180)
    assert sum(newest.values()) == sum(document["wh"] for document in own.record.find())


def test_a_schema_for_kafka_connect(broker: Broker, database: Database[Any]) -> None:
    own = stored_pair(database, "elhub")
    exported(own, f"kafka://{broker.address}/connect.{database.name}?schema=connect")
    [(key, value)] = messages(broker, f"connect.{database.name}", 1)[:1]
    types = {field["field"]: field["type"] for field in value["schema"]["fields"]}
    assert types["wh"] == types["meters"] == "int64"
    assert (types["seconds"], types["updated"], types["flag"]) == ("int32", "string", "string")
    assert value["payload"].keys() <= types.keys()
    assert [field["field"] for field in key["schema"]["fields"]] == ["source", "id", "flow", "group", "start_utc"]


def test_what_goes_wrong_is_one_line(
    run: Run, broker: Broker, database: Database[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kafka_address, "ANSWER", 1.0)
    stored_pair(database, "lcl")
    nobody = f"kafka://user:hidden@127.0.0.1:{free_port()}/readings?security.protocol=SASL_PLAINTEXT"
    cases = {
        nobody: (1, "/readings: "),
        f"kafka://{broker.address}/": (2, "an address of Kafka is kafka://HOST:PORT/TOPIC"),
        f"kafka://{broker.address}/a?no.such.option=1": (2, "no.such.option"),
    }
    for address, (code, text) in cases.items():
        done = run("export", "--source", "lcl", "--to", address)
        assert (done[0], done[1]) == (code, ""), done
        assert text in done[2]
        assert done[2].count("\n") == 1
        assert "hidden" not in done[2]


@pytest.mark.parametrize(
    ("allowed", "words"), [(0, ""), (1, "; what was sent stays, the same command sends all again")]
)
def test_a_topic_without_rights_is_one_line(
    run: Run, database: Database[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, allowed: int, words: str
) -> None:
    """From the beginning, and taken away while it is written; a third of the readings goes into each message batch."""
    monkeypatch.setitem(kafka_address.PRODUCER, "batch.num.messages", 60)
    stored_pair(database, "lcl")
    port = free_port()
    broker = Broker(tmp_path, advertised=port)
    gate = Gate(broker.port, port, allowed)
    try:
        code, out, err = run("export", "--source", "lcl", "--to", f"kafka://127.0.0.1:{port}/mine")
    finally:
        gate.close()
        broker.stop()
    assert (code, out, err.count("\n")) == (1, "", 1), err
    assert "kafka://127.0.0.1:" in err
    assert "Broker: Topic authorization failed" in err
    assert words in err
    assert gate.refused


def test_a_message_that_is_lost_is_noticed(
    broker: Broker, database: Database[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kafka, "SILENCE", 2.0)
    own = stored_pair(database, "lcl")
    monkeypatch.setattr(kafka, "objects", lambda block: [*kafka_objects(block)[:-1], "{}"])
    with pytest.raises(ExportError, match="does not give back what was sent: 180 readings were read and 177 are there"):
        exported(own, f"kafka://{broker.address}/lost.{database.name}")


kafka_objects = kafka.objects


def test_an_address_with_a_password_goes_by_sasl() -> None:
    options, topic, _, shown = kafka_address.address_of("kafka://me:p%40ss@one,two:9093/t?sasl.mechanism=SCRAM-SHA-512")
    assert options["bootstrap.servers"] == "one:9092,two:9093"
    assert (options["sasl.username"], options["sasl.password"]) == ("me", "p@ss")
    assert (options["security.protocol"], options["sasl.mechanism"]) == ("SASL_SSL", "SCRAM-SHA-512")
    assert (topic, shown) == ("t", "kafka://one,two:9093/t")
