"""The driver's part: hands out files, adds up what the executors report, tells how far it is.

Reports come by an accumulator inside an action, which Spark applies exactly once for each task, however often a task
had to be begun: https://spark.apache.org/docs/latest/rdd-programming-guide.html#accumulators
"""

from __future__ import annotations

import tempfile
import threading
import zipfile
from collections.abc import Callable, Generator, Sequence
from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from pymongo.errors import PyMongoError

from ..load.files import BYTES_A_ROW, FileImport, FileReport, store_tables
from ..load.progress import Progress
from ..load.report import Loader
from ..model.words import counted
from ..sources.files import File, Files
from ..store.connection import Place
from ..store.schema import first_load
from .engine import Engine
from .task import Gathered, Loaded, load

if TYPE_CHECKING:
    from pyspark import SparkContext

LOOK = 1.0  # s between two looks at how far the job is
ROOT = Path(__file__).resolve().parent.parent

Numbered = tuple[int, File]


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
                with closing(self._results(waiting)) as results:
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

    def _results(self, waiting: Sequence[Numbered]) -> Generator[Loaded | None]:
        """What became of each file, as they come, and None where nothing has come for a while."""
        with self._engine.start() as context, tempfile.TemporaryDirectory() as folder:
            context.addPyFile(str(_own_code(Path(folder))))
            job = _Job(context, waiting, self._store)
            job.start()
            yield from job.results()
            if job.error:
                raise self._engine.gave_up(job.error)


class _Job(threading.Thread):
    """One Spark job in a thread of its own, as the call ends with the last file only."""

    def __init__(self, context: SparkContext, waiting: Sequence[Numbered], store: Place) -> None:
        super().__init__(name="Spark job", daemon=True)
        self.error: Exception | None = None
        self._files = context.parallelize(waiting, len(waiting))
        self._arrived: Any = context.accumulator([], cast(Any, Gathered()))
        self._work = _work(store, self._arrived)

    def run(self) -> None:
        try:
            self._files.foreach(self._work)
        except Exception as error:
            self.error = error  # raised where the results are taken

    def results(self) -> Generator[Loaded | None]:
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


def _work(store: Place, arrived: Any) -> Callable[[Numbered], None]:
    def work(numbered: Numbered) -> None:
        arrived.add([load(store, *numbered)])

    return work


def _own_code(folder: Path) -> Path:
    """This package as a ZIP, so that every executor runs the very code of the driver."""
    archive = folder / "sync.zip"
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as code:
        for file in sorted(ROOT.rglob("*.py")):
            code.write(file, file.relative_to(ROOT.parent))
    return archive
