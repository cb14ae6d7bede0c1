"""The address of a topic, the keys of its messages, and the schema that Kafka Connect's JSON converter wants."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from confluent_kafka import KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]

from ...model.columns import FIRST, INTEGER, NUMBER, VALUES, Block
from ...model.errors import UsageError
from .. import texts
from .jsonl import named

PORT = 9092
ANSWER = 10.0  # s, for the first answer
DELIVERY = 30  # s a message may take, a restart of the broker included
PRODUCER: dict[str, Any] = {
    "enable.idempotence": True,
    "linger.ms": 50,
    "batch.size": 1_000_000,
    "queue.buffering.max.messages": 200_000,
    "compression.type": "lz4",
    "message.timeout.ms": DELIVERY * 1000,
    "delivery.report.only.error": True,
}
TYPES = {INTEGER: "int64", NUMBER: "double"}


def address_of(address: str) -> tuple[dict[str, Any], str, bool, str]:
    """(options of the library, topic, whether a schema goes with it, address for people). Raises UsageError.

    `kafka://[USER:PASSWORD@]HOST[:PORT][,HOST…]/TOPIC[?schema=connect&OPTION=…]`, options as librdkafka names them.
    """
    parts = urlsplit(address)
    topic, options = parts.path.lstrip("/"), dict(parse_qsl(parts.query))
    user, _, hosts = parts.netloc.rpartition("@")
    schema = options.pop("schema", "")
    if not hosts or not re.fullmatch(r"[A-Za-z0-9._-]{1,249}", topic) or schema not in ("", "connect"):
        raise UsageError(
            "an address of Kafka is kafka://HOST:PORT/TOPIC, with ?schema=connect for Kafka Connect if any"
        )
    servers = ",".join(host if ":" in host else f"{host}:{PORT}" for host in hosts.split(","))
    own: dict[str, Any] = {"bootstrap.servers": servers, "client.id": "linky-atlas", "log_level": 0}
    if user:
        name, _, password = user.partition(":")
        own |= {"sasl.username": unquote(name), "sasl.password": unquote(password)}
        own |= {"security.protocol": "SASL_SSL", "sasl.mechanism": "PLAIN"}
    return own | options, topic, bool(schema), f"kafka://{hosts}/{topic}"


def partitions(options: dict[str, Any], topic: str) -> list[TopicPartition]:
    """Those of a topic, which is made as a compacted one where it is not there. Raises KafkaException."""
    admin = AdminClient(options)
    if topic not in admin.list_topics(timeout=ANSWER).topics:  # asked for by its name it would come into being
        new = NewTopic(topic, -1, -1, config={"cleanup.policy": "compact"})
        admin.create_topics([new], operation_timeout=ANSWER)[topic].result(ANSWER)
    found = admin.list_topics(topic, ANSWER).topics[topic]
    if found.error:
        raise KafkaException(found.error)
    return [TopicPartition(topic, number) for number in sorted(found.partitions)]


def keys(block: Block) -> list[str]:
    """What names each reading, as a JSON object."""
    names = ",".join(f"{json.dumps(name)}:{json.dumps(text, ensure_ascii=False)}" for name, text in named(block.series))
    return texts.starts(block, f'{{{names},"start_utc":"', '"}')


def with_schema(
    is_wanted: bool, block: Block, of_keys: Sequence[str], of_values: Sequence[str]
) -> tuple[Sequence[str], Sequence[str]]:
    """Keys and values, each with its schema where that is wanted."""
    if not is_wanted:
        return of_keys, of_values
    kinds = {"seconds": "int32"} | {name: TYPES.get(VALUES[name].kind, "string") for name in block.values}
    names = [*FIRST, *block.values, "flag"]
    both = ([*FIRST[:4], "start_utc"], of_keys), (names, of_values)
    return tuple(_enveloped(own, kinds, objects) for own, objects in both)  # type: ignore[return-value]


def _enveloped(names: Sequence[str], kinds: dict[str, str], objects: Sequence[str]) -> list[str]:
    fields = [{"field": name, "type": kinds.get(name, "string"), "optional": True} for name in names]
    schema = json.dumps({"type": "struct", "optional": False, "fields": fields}, separators=(",", ":"))
    return [f'{{"schema":{schema},"payload":{own}}}' for own in objects]
