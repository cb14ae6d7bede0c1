"""What an executor does with one file: the same reading, writing and ledger as the import on one machine.

Runs wherever Spark has its executors, and imports nothing of Spark.
"""

from __future__ import annotations

import platform
import traceback
from dataclasses import dataclass

from ..load.files import FileImport, FileReport
from ..load.progress import Silence
from ..load.report import Loader
from ..model.clock import SystemClock
from ..model.errors import StoreError, SyncError
from ..sources.files import File
from ..store.connection import Place, open_store
from ..store.ledger import Ledger
from ..store.schema import pair
from ..store.writer import PairWriter


@dataclass(slots=True)
class Loaded:
    """What became of the file at a place of the list.

    failure: what the driver is to raise, when the store was the trouble and not the file; of a bug with its traceback.
    """

    place: int
    report: FileReport
    failure: Exception | None = None


class Gathered:
    """A list as an accumulator of Spark's: an `AccumulatorParam`."""

    def zero(self, _value: list[Loaded]) -> list[Loaded]:
        """Nothing yet."""
        return []

    def addInPlace(self, reports: list[Loaded], more: list[Loaded]) -> list[Loaded]:
        """Both, in the list that is there."""
        reports += more
        return reports


def load(store: Place, place: int, file: File) -> Loaded:
    """Store a file. Nothing is raised: an exception would be tried again and put into Spark's log with all its words.

    Safe to be done twice, one after the other or at once, as Spark does when an executor is lost.
    """
    loaded = Loaded(place, FileReport(file.name))
    if not file.path.exists():
        loaded.report.state = "failed"
        loaded.report.reason = f"{file.path} is not on {platform.node()}: every executor must see it under this path"
        return loaded
    try:
        with open_store(store) as database:
            own, clock = pair(database, store.source, store.names), SystemClock()
            loader = Loader(own, Ledger(database), PairWriter(own, clock), clock)
            loaded.report = FileImport(loader, Silence()).load_one(file)
    except SyncError as error:
        loaded.failure = StoreError(f"{file.name}, on {platform.node()}: {error}")
    except Exception:
        loaded.failure = RuntimeError(traceback.format_exc())
    return loaded
