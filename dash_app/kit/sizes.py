"""What both forms of each pair take, asked of the server."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pymongo.collection import Collection
from pymongo.errors import OperationFailure

from sync.store.connection import server_version
from sync.store.schema import Pair
from sync.store.sizes import Comparison, Size, is_settled, size_of

from .reader import Reader

COUNTED_UP_TO = 200_000  # documents; more are the server's estimate, which a crash may leave wrong: shown as `about`
UNSETTLED = 20  # times that no compression of ours reaches: pages are not on disk yet


@dataclass(frozen=True, slots=True)
class Measured:
    """A pair with its sizes; without them when this user may not ask, `refused`.

    written: whether a checkpoint has come since the last insert; estimated: whether `readings` were not counted.
    """

    source: str
    readings: int
    series: int
    regular: Size | None
    timeseries: Size | None
    written: bool = True
    estimated: bool = False

    @property
    def refused(self) -> bool:
        return self.regular is None or self.timeseries is None

    @property
    def comparison(self) -> Comparison:
        """Raises ValueError without sizes."""
        if self.regular is None or self.timeseries is None:
            raise ValueError(f"no sizes of {self.source}")
        return Comparison(self.source, self.readings, self.series, self.regular, self.timeseries)

    @property
    def settled(self) -> bool:
        """Whether the sizes on disk are final: before a checkpoint, the files look almost empty."""
        if not self.written:
            return False
        return self.regular is None or self.regular.storage_bytes * UNSETTLED >= self.regular.data_bytes


@dataclass(frozen=True, slots=True)
class Measurement:
    """All pairs that hold readings, at an aware UTC instant."""

    at: datetime
    server_version: str
    pairs: list[Measured]


def measured(reader: Reader) -> Measurement:
    """The sizes, asked once a minute at most. A privilege that lacks is no failure: the pair is `refused`."""
    minute = int(reader.now().timestamp() // 60)
    return reader.kept(("storage", minute), lambda: _measure(reader))


def _measure(reader: Reader) -> Measurement:
    found = [_measured(reader, pair) for pair in reader.pairs()]
    version = ".".join(str(part) for part in server_version(reader.database))
    return Measurement(reader.now(), version, [each for each in found if each.readings])


def _measured(reader: Reader, pair: Pair) -> Measured:
    readings, estimated = count_of(pair.record)
    series = sum(each.source == pair.source for each in reader.series())
    try:
        sizes = size_of(pair.record), size_of(pair.mirror)
    except OperationFailure as error:
        if error.code not in (13, 8000):  # not ours to ask
            raise
        return Measured(pair.source, readings, series, None, None, estimated=estimated)
    return Measured(pair.source, readings, series, *sizes, is_settled(pair), estimated)


def count_of(collection: Collection[Any]) -> tuple[int, bool]:
    """How many documents, and whether that is an estimate: counting many takes longer than a page may."""
    count = collection.estimated_document_count()
    if count > COUNTED_UP_TO:
        return count, True
    return collection.count_documents({}), False
