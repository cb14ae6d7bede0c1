"""`kafka://HOST/TOPIC`: a message a reading, its key what names it (series and start), its value a JSON object.

The producer is idempotent, and a reading that is sent again has the same key: a compacted topic keeps the newest.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import orjson
from confluent_kafka import Consumer, KafkaError, KafkaException, Producer, TopicPartition

from ...model.columns import Block, Sums
from ...model.errors import UsageError
from ...model.privacy import scrub
from ..read import Choice
from . import ExportError
from .jsonl import add_objects, objects
from .kafka_address import ANSWER, DELIVERY, PRODUCER, address_of, keys, partitions, with_schema

SILENCE = 15.0  # s without a message, when those that were sent are read back
MESSAGES = 10_000  # at a time


class Export:
    """A message a reading."""

    scratch = None

    def __init__(self, address: str) -> None:
        self._options, self._topic, self._schema, self.shown = address_of(address)
        self._run = uuid.uuid4().bytes
        self._headers: list[tuple[str, str | bytes | None]] = [("export", self._run)]
        self._failed: list[KafkaError] = []
        self._sent = 0

    def open(self, choice: Choice) -> None:
        """Find the topic or make one, and note where its end is."""
        self._fields = tuple(choice.fields)
        with self._said():
            heard = {"on_delivery": lambda error, _: self._failed.append(error)}
            self._producer = Producer(PRODUCER | self._options | heard)
            self._reader = Consumer(self._options | {"group.id": "linky-atlas", "enable.auto.commit": False})
            found = partitions(self._options, self._topic)
            ends = [self._reader.get_watermark_offsets(each, ANSWER)[1] for each in found]
        self._begin = [TopicPartition(self._topic, each.partition, end) for each, end in zip(found, ends, strict=True)]

    def write(self, block: Block) -> None:
        """Each message carries the run in a header, by which it is known again."""
        with self._said():
            produce, topic, headers = self._producer.produce, self._topic, self._headers
            for key, value in zip(*with_schema(self._schema, block, keys(block), objects(block)), strict=True):
                while True:
                    try:
                        produce(topic, value, key, headers=headers)
                        break
                    except BufferError:
                        self._refuse_failed(self._producer.poll(1))
            self._sent += len(block)
            self._refuse_failed(self._producer.poll(0))

    def flush(self) -> None:
        """The broker has all of it."""
        with self._said():
            self._refuse_failed(self._producer.flush(DELIVERY + ANSWER))

    def _refuse_failed(self, _: int) -> None:
        if self._failed:
            raise KafkaException(self._failed[0])

    def finish(self, read: Sums) -> None:
        """Read this run's messages back and sum them, the partitions assigned by hand: a group would take its time."""
        self.flush()
        there, heard = Sums(), time.monotonic()
        with self._said():
            self._reader.assign(self._begin)
            while there.readings < self._sent and time.monotonic() - heard < SILENCE:
                messages = [each for each in self._reader.consume(MESSAGES, 1.0) if not each.error()]
                own = [each for each in messages if dict(each.headers() or ()).get("export") == self._run]
                if own:
                    add_objects(there, [self._payload(each.value() or b"{}") for each in own], self._fields)
                heard = time.monotonic() if messages else heard
            self._reader.unassign()
        if wrong := read.differences(there):
            raise ExportError(
                f"{self.shown} does not give back what was sent: {wrong}; the same command sends it again"
            )

    def _payload(self, value: bytes) -> dict[str, Any]:
        row: dict[str, Any] = orjson.loads(value)
        return row["payload"] if self._schema else row

    def close(self) -> None:
        """What the broker has not taken is given up."""
        if hasattr(self, "_producer"):
            self._producer.purge()
            self._producer.flush(1)
        if hasattr(self, "_reader"):
            self._reader.close()

    @contextmanager
    def _said(self) -> Iterator[None]:
        """What the broker or the library says, in one line."""
        try:
            yield
        except KafkaException as error:
            cause = error.args[0]
            words = cause.str() if isinstance(cause, KafkaError) else str(cause)
            sent = "; what was sent stays, the same command sends all again under the same keys" if self._sent else ""
            kind = (
                UsageError if isinstance(cause, KafkaError) and cause.code() == KafkaError._INVALID_ARG else ExportError
            )
            raise kind(f"{self.shown}: {scrub(words).strip()[:200]}{sent}") from None
