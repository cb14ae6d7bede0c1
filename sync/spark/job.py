"""The driver's part: hands out files or households, adds up what the executors report, tells how far it is.

Reports come by an accumulator inside an action, which Spark applies exactly once for each task, however often a task
had to be begun: https://spark.apache.org/docs/latest/rdd-programming-guide.html#accumulators
"""

from __future__ import annotations

import tempfile
import threading
import zipfile
from collections.abc import Callable, Generator, Sequence
from contextlib import closing, suppress
from datetime import date
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

from pymongo.errors import PyMongoError

from ..load.files import BYTES_A_ROW, FileImport, FileReport, store_tables
from ..load.progress import Progress
from ..load.report import Loader
from ..model.readings import Series
from ..model.words import counted
from ..sources.files import Files
from ..store.connection import Place
from ..store.schema import first_load
from .engine import Engine
from .task import Analysed, Gathered, Loaded, analyse_group, load

if TYPE_CHECKING:
    from pyspark import SparkContext

LOOK = 1.0  # s between two looks at how far the job is
ROOT = Path(__file__).resolve().parent.parent

TOGETHER = 20  # households of a task: a quarter of a minute

Work = TypeVar("Work")
Done = TypeVar("Done")


class SparkLoad:
    """Loads files with a Spark; where they are stored goes to the executors inside the tasks, thus into no setting."""

    def __init__(self, store: Place, engine: Engine) -> None:
        self._store = store
        self._engine = engine

    def __call__(self, files: Files, loader: Loader, progress: Progress) -> list[FileReport]:
        """As `import_files`. Raises SyncError when Spark or the store gives up; what was stored stays."""
        for note in files.notes:
            progress.note(note)
        store_tables(loader.pair.record.database, files.tables)
        with first_load(loader.pair):
            run = FileImport(loader, progress)
            reports = run.begun(files.files)
            waiting = [(place, file) for place, file in enumerate(files.files) if reports[place].state != "known"]
            if waiting:
                progress.note(f"{counted(len(waiting), 'file')} for Spark {self._engine.master}")
                pace = _Pace(loader, progress)
                with closing(results_of(self._engine, waiting, partial(load, self._store))) as results:
                    for loaded in results:
                        if loaded is not None:
                            if loaded.failure:  # it hinders every other file, too: the rest is not tried
                                raise loaded.failure
                            reports[loaded.place] = loaded.report
                            progress.note(str(loaded.report))
                        pace.tell(loaded)
            run.finish(reports)
        loader.outcome.windows = len(files.files)
        return reports


class SparkAnalysis:
    """Makes the cards of many households with a Spark, a task a group of them."""

    def __init__(self, store: Place, engine: Engine) -> None:
        self._store = store
        self._engine = engine

    def __call__(self, series: Sequence[Series], since: date | None, progress: Progress) -> Analysed:
        """As `analyse` of each. Raises SyncError when Spark or the store gives up; the cards that were made stay."""
        groups = [tuple(series[low : low + TOGETHER]) for low in range(0, len(series), TOGETHER)]
        done = Analysed()
        progress.start(len(series), 0)
        work = partial(analyse_group, self._store, since)
        with closing(results_of(self._engine, list(enumerate(groups)), work)) as results:
            for analysed in filter(None, results):
                if analysed.failure:
                    raise analysed.failure
                done.series += analysed.series
                done.fresh += analysed.fresh
                progress.advance(f"{done.series:,} series", analysed.series)
        return done


def results_of(
    engine: Engine, waiting: Sequence[tuple[int, Work]], do: Callable[[int, Work], Done]
) -> Generator[Done | None]:
    """What was done of each, as they come, and None where nothing has come for a while."""
    with engine.start() as context, tempfile.TemporaryDirectory() as folder:
        context.addPyFile(str(_own_code(Path(folder))))
        job = _Job(context, waiting, do)
        job.start()
        yield from job.results()
        if job.error:
            raise engine.gave_up(job.error)


class _Job(threading.Thread):
    """One Spark job in a thread of its own, as the call ends with the last task only."""

    def __init__(self, context: SparkContext, waiting: Sequence[Any], do: Callable[..., Any]) -> None:
        super().__init__(name="Spark job", daemon=True)
        self.error: Exception | None = None
        self._waiting = context.parallelize(waiting, len(waiting))
        self._arrived: Any = context.accumulator([], cast(Any, Gathered()))
        self._work = _work(do, self._arrived)

    def run(self) -> None:
        try:
            self._waiting.foreach(self._work)
        except Exception as error:
            self.error = error  # raised where the results are taken

    def results(self) -> Generator[Any]:
        """Every report once, in the order in which they come."""
        told = 0
        while True:
            is_last = not self.is_alive()  # asked first: what comes after it is seen by the look below
            arrived = self._arrived.value
            yield from arrived[told:]
            told = len(arrived)
            if is_last:
                return
            yield None
            self.join(LOOK)


class _Pace:
    """Rows to the bar: those of finished files or what the record has grown by, whichever is more."""

    def __init__(self, loader: Loader, progress: Progress) -> None:
        self._record = loader.pair.record
        self._progress = progress
        self._before = self._record.estimated_document_count()
        self._finished = self._told = 0

    def tell(self, loaded: Loaded | None) -> None:
        """A file has come, or a second has passed."""
        self._finished += loaded.report.counts.rows if loaded else 0
        grown = 0
        with suppress(PyMongoError):  # an election: the next look
            grown = self._record.estimated_document_count() - self._before
        if (more := max(self._finished, grown) - self._told) > 0:
            self._told += more
            self._progress.advance(f"{self._told:,} rows", more * BYTES_A_ROW)


def _work(do: Callable[..., Any], arrived: Any) -> Callable[[tuple[int, Any]], None]:
    def work(numbered: tuple[int, Any]) -> None:
        arrived.add([do(*numbered)])

    return work


def _own_code(folder: Path) -> Path:
    """This package as a ZIP, so that every executor runs the very code of the driver."""
    archive = folder / "sync.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as code:
        for file in sorted(ROOT.rglob("*.py")):
            code.write(file, file.relative_to(ROOT.parent))
    return archive
