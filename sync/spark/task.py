"""What an executor does with one file, or one group of households: the same as the commands on one machine.

Runs wherever Spark has its executors, and imports nothing of Spark.
"""

from __future__ import annotations

import platform
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from ..insight.cards import analyse
from ..load.files import FileImport, FileReport
from ..load.progress import Silence
from ..load.report import Loader
from ..model.clock import SystemClock
from ..model.errors import StoreError, SyncError
from ..model.readings import Series
from ..sources import zone_of
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


@dataclass(slots=True)
class Analysed:
    """What became of a group of households. series: how many are done; fresh: cards that were made now; failure: as of
    `Loaded`."""

    series: int = 0
    fresh: int = 0
    failure: Exception | None = None


class Gathered:
    """A list as an accumulator of Spark's: an `AccumulatorParam`."""

    def zero(self, _value: list[Any]) -> list[Any]:
        """Nothing yet."""
        return []

    def addInPlace(self, reports: list[Any], more: list[Any]) -> list[Any]:
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


def analyse_group(store: Place, since: date | None, _place: int, group: Sequence[Series]) -> Analysed:
    """Bring the cards of a group up to date. Nothing is raised, and it may be done twice, as of `load`: cards whose
    readings have not changed are not made again, and one that is made again is the same."""
    analysed = Analysed()
    try:
        with open_store(store) as database:
            own, clock = pair(database, store.source, store.names), SystemClock()
            for series in group:
                analysed.fresh += analyse(own, series, zone_of(series.source), clock, since).fresh
                analysed.series += 1
    except SyncError as error:
        analysed.failure = StoreError(f"{group[analysed.series].label}, on {platform.node()}: {error}")
    except Exception:
        analysed.failure = RuntimeError(traceback.format_exc())
    return analysed
