"""What each form takes: logical size, pages on disk, indexes and buckets, as the server's $collStats reports them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import OperationFailure

from .schema import Document, Pair, series_of


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
    """Both forms of the same readings."""

    source: str
    readings: int
    series: int
    regular: Size
    timeseries: Size

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
        }


def compare_pair(pair: Pair) -> Comparison:
    """Measure both collections of a pair. Row counts are counted, not taken from counters that a restart resets."""
    return Comparison(
        pair.source,
        readings=pair.record.count_documents({}),
        series=len(series_of(pair.record)),
        regular=size_of(pair.record),
        timeseries=size_of(pair.mirror),
    )


def settle(database: Database[Document]) -> None:
    """Ask the server for a checkpoint, without which fresh pages are not in the sizes. Atlas does not allow it."""
    try:
        database.client.admin.command("fsync")
    except OperationFailure:
        return


def size_of(collection: Collection[Document]) -> Size:
    """What one collection takes now. Raises PyMongoError when the server does not tell."""
    stats = next(collection.aggregate([{"$collStats": {"storageStats": {}}}]))["storageStats"]
    free = int(stats.get("freeStorageSize", 0))
    return Size(
        data_bytes=int(stats["size"]),
        storage_bytes=int(stats["storageSize"]) - free,
        free_bytes=free,
        index_bytes=int(stats.get("totalIndexSize", 0)),
        buckets=stats.get("timeseries", {}).get("bucketCount"),
    )


def _reduction(before: int, after: int) -> float:
    return round(100 * (1 - after / before), 1) if before else 0.0
