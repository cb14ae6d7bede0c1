"""What both forms of each pair take, asked of the server."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pymongo.errors import OperationFailure

from sync.store.connection import server_version
from sync.store.schema import Pair
from sync.store.sizes import Comparison, Size, size_of

from .reader import Reader

COUNTED_UP_TO = 200_000  # readings; more are taken from the server's own count, which a crash may leave a little wrong
UNSETTLED = 20  # times that no compression of ours reaches: pages are not on disk yet


@dataclass(frozen=True, slots=True)
class Measured:
    """A pair with its sizes; without them when this user may not ask, `refused`."""

    source: str
    readings: int
    series: int
    regular: Size | None
    timeseries: Size | None

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
        """Whether a checkpoint has written the readings: before it, the files look almost empty."""
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
    readings = pair.record.estimated_document_count()
    if readings <= COUNTED_UP_TO:
        readings = pair.record.count_documents({})
    series = sum(each.source == pair.source for each in reader.series())
    try:
        sizes = size_of(pair.record), size_of(pair.mirror)
    except OperationFailure as error:
        if error.code not in (13, 8000):  # not ours to ask
            raise
        return Measured(pair.source, readings, series, None, None)
    return Measured(pair.source, readings, series, *sizes)
