"""What each form takes: logical size, pages on disk, indexes and buckets, as the server's $collStats reports them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC
from typing import Any

from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import OperationFailure

from ..model.errors import StoreError
from .schema import Document, Pair, series_of

NO_SUCH_COLLECTION = 26
CHECKPOINT_SECONDS = 90  # a server writes its pages 60 s after it has done so the last time, and that takes a moment


@dataclass(frozen=True, slots=True)
class Size:
    """Bytes of one collection.

    data: uncompressed BSON of a regular collection, BSON of the buckets of a time-series one; storage: pages on disk
    after compression that hold readings; free: pages the file keeps for the next readings, left behind by checkpoints
    in the middle of a load (storage and free together are the server's storageSize); index: all indexes.
    """

    data_bytes: int
    storage_bytes: int
    free_bytes: int
    index_bytes: int
    buckets: int | None = None

    @property
    def total_bytes(self) -> int:
        """On disk, indexes included."""
        return self.storage_bytes + self.index_bytes


@dataclass(frozen=True, slots=True)
class Comparison:
    """Both forms of the same readings. settled: whether their last write is in the sizes on disk."""

    source: str
    readings: int
    series: int
    regular: Size
    timeseries: Size
    settled: bool = True

    @property
    def reduction_pct(self) -> dict[str, float]:
        """Percent by which the time-series form is smaller; `total` is storage and indexes together."""
        regular, timeseries = self.regular, self.timeseries
        if not self.readings:  # empty files differ too, and say nothing
            return {"data": 0.0, "storage": 0.0, "total": 0.0}
        return {
            "data": _reduction(regular.data_bytes, timeseries.data_bytes),
            "storage": _reduction(regular.storage_bytes, timeseries.storage_bytes),
            "total": _reduction(regular.total_bytes, timeseries.total_bytes),
        }

    def as_json(self) -> dict[str, Any]:
        """The entry of `compare --json`."""
        regular = {name: number for name, number in asdict(self.regular).items() if name != "buckets"}
        buckets = self.timeseries.buckets or 0
        filled = {"readings_per_bucket": round(self.readings / buckets, 1) if buckets else 0}
        return {
            "source": self.source,
            "readings": self.readings,
            "series": self.series,
            "regular": regular,
            "timeseries": asdict(self.timeseries) | filled,
            "reduction_pct": self.reduction_pct,
            "settled": self.settled,
        }


def compare_pair(pair: Pair, settled: bool = False) -> Comparison:
    """Measure both collections of a pair. Row counts are counted, not taken from counters that a restart resets.

    settled: what `settle` returned just now; else the server is asked.
    """
    return Comparison(
        pair.source,
        readings=pair.record.count_documents({}),
        series=len(series_of(pair.record)),
        regular=size_of(pair.record),
        timeseries=size_of(pair.mirror),
        settled=settled or is_settled(pair),
    )


def settle(database: Database[Document]) -> bool:
    """Ask the server for a checkpoint, without which fresh pages are not in the sizes; returns whether it made one.

    Atlas does not allow it.
    """
    try:
        database.client.admin.command("fsync")
    except OperationFailure:
        return False
    return True


def is_settled(pair: Pair) -> bool:
    """Whether a checkpoint has come since the last reading was inserted, of which its `_id` tells the second.

    A server that tells of its last one is believed; else so much time must have passed that there was one. A mirror
    that is written anew keeps its old `_id`s: that is not seen.
    """
    newest = pair.record.find_one({"_id": {"$type": "objectId"}}, {"_id": 1}, sort=[("_id", -1)])
    if newest is None:
        return True
    admin = pair.record.database.client.admin
    written = newest["_id"].generation_time
    try:
        stable = admin.command("replSetGetStatus")["lastStableRecoveryTimestamp"]
        return bool(stable.time >= written.timestamp())
    except (OperationFailure, KeyError):
        now = admin.command("hello")["localTime"].replace(tzinfo=UTC)
        return bool((now - written).total_seconds() > CHECKPOINT_SECONDS)


def size_of(collection: Collection[Document]) -> Size:
    """What one collection takes now. Raises PyMongoError when the server does not tell, StoreError without it."""
    try:
        replies = list(collection.aggregate([{"$collStats": {"storageStats": {}}}]))
    except OperationFailure as error:
        if error.code != NO_SUCH_COLLECTION:
            raise
        replies = []
    if not replies:
        raise StoreError(f"the collection {collection.name} does not exist: python -m sync repair makes it")
    return size_in(replies)


def size_in(replies: Sequence[Mapping[str, Any]]) -> Size:
    """The sum of the replies to $collStats, of which each shard gives one. Only `size` and `storageSize` are sure."""
    shards = [reply["storageStats"] for reply in replies]

    def total(name: str) -> int:
        return sum(int(stats.get(name, 0)) for stats in shards)

    buckets = [stats["timeseries"]["bucketCount"] for stats in shards if "bucketCount" in stats.get("timeseries", ())]
    free = total("freeStorageSize")
    return Size(
        data_bytes=total("size"),
        storage_bytes=total("storageSize") - free,
        free_bytes=free,
        index_bytes=total("totalIndexSize"),
        buckets=int(sum(buckets)) if buckets else None,
    )


def _reduction(before: int, after: int) -> float:
    return round(100 * (1 - after / before), 1) if before else 0.0
