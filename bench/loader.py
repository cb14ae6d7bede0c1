"""The loader on the two real years: import rate, time above the spacing, memory; beside the plain way of writing.

Every figure is the median of three runs of the real command in a process of its own, against one server, in one run.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bson import ObjectId
from pymongo.database import Database

from sync.model.readings import ReadingBatch, Series
from sync.settings import DEFAULT_COLLECTIONS
from sync.sources.linky.files import read_exports
from sync.sources.linky.points import curve_from_points
from sync.standin.linky import LinkyStandin
from sync.standin.r63 import read_r63
from sync.store.connection import connect, server_version
from sync.store.embedded.mongod import Mongod
from sync.store.schema import ensure_pair, pair
from sync.store.sizes import compare_pair, settle
from sync.store.verify import verify_pair
from sync.store.writer import PairWriter

ROOT = Path(__file__).resolve().parent.parent
SHARED = Path(os.environ.get("SHARED_DATA", ROOT.parent / "shared" / "data"))
FILE = SHARED / "linky/r63_load_curve_2023-03-13_2025-03-13_naive_paris.csv.gz"
RUNS = 3
NAME = "bench"


def run() -> dict[str, Any]:
    """Measure everything; needs the real export."""
    if not FILE.exists():
        sys.exit(f"the bench needs the real export, {FILE.name}: set SHARED_DATA to the folder that holds linky/")
    with tempfile.TemporaryDirectory() as folder:
        server = Mongod.spawn(Path(folder) / "db", Path(folder) / "mongod.log")
        try:
            server.wait_until_primary()
            with connect(server.uri) as client:
                return _measure(client[NAME], server.uri, Path(folder))
        finally:
            server.stop()


def _measure(database: Database[Any], uri: str, folder: Path) -> dict[str, Any]:
    export = next(iter(read_exports(FILE)))
    batch = curve_from_points(Series("linky", export.prm, export.flow), export.points).batch
    readings = len(batch)
    command = ["import", str(FILE)]
    imports = [timed_command(database, uri, folder, command) for _ in range(RUNS)]
    memory = max(kilobytes for _, kilobytes in imports)
    ours, plain = _medians(database, [lambda: _ours(database, batch), lambda: _plain(database, batch)])
    sizes = _sizes(database, batch)
    seconds = statistics.median(seconds for seconds, _ in imports)
    longer, calls, backfill_memory = _backfill(database, uri, folder)
    rows = [
        row("import, whole command, stored twice and verified", readings / seconds, "readings/s"),
        row("the same against the plain way, start and proof included", plain / seconds, "times", "≥ 0.25", 0.25),
        row("writing both collections and verifying", readings / ours, "readings/s"),
        row("plain way: insert_many of dicts, one then the other", readings / plain, "readings/s"),
        row("ours against the plain way, verification included", plain / ours, "times"),
        row(f"backfill of {calls} calls, longer than calls × spacing", longer, "%", "≤ 3", -3.0),
        row("peak memory of the import", memory / 1024, "MB", "< 250", -250.0),
        row("peak memory of the backfill", backfill_memory / 1024, "MB", "< 250", -250.0),
        row("time series, pages that hold readings", sizes.timeseries.storage_bytes / readings, "bytes/reading"),
        row("data saved by the time series", sizes.reduction_pct["data"], "%", "≥ 97", 97.0),
    ]
    version = ".".join(map(str, server_version(database)))
    return {"readings": readings, "server": f"MongoDB {version}", "runs": RUNS, "rows": rows}


def row(what: str, figure: float, unit: str, bar: str = "", limit: float | None = None) -> dict[str, Any]:
    """`limit`: at least that; negative: at most its amount."""
    row: dict[str, Any] = {"what": what, "figure": round(figure, 3), "unit": unit}
    if limit is not None:
        row |= {"bar": bar, "met": figure >= limit if limit > 0 else figure <= -limit}
    return row


def timed_command(
    database: Database[Any], uri: str, folder: Path, command: list[str], **environ: str
) -> tuple[float, int]:
    """Seconds and peak memory (kB) of one command into an empty database."""
    database.client.drop_database(database.name)
    own = {"MONGODB_URI": uri, "MONGODB_DATABASE": NAME, "XDG_STATE_HOME": str(folder / "state")}
    variables = {**os.environ, **own, "PYTHONPATH": str(ROOT), **environ}
    started = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, "-m", "sync", *command], cwd=folder, env=variables, stdout=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"python -m sync {command[0]} failed")
    return time.monotonic() - started, usage.ru_maxrss


def _backfill(database: Database[Any], uri: str, folder: Path) -> tuple[float, int, int]:
    """Percent longer than calls × spacing at the default spacing, calls, peak memory (kB)."""
    with LinkyStandin(meters=read_r63(FILE), ban_after=None) as standin:
        seconds, memory = timed_command(
            database,
            uri,
            folder,
            ["backfill", "--since", "2023-03-13", "--until", "2025-03-13"],
            LINKY_API_URL=standin.url,
            LINKY_TOKEN=standin.token,
            LINKY_PRM="",
        )
        calls = len(standin.requests)
    return 100 * (seconds / calls - 1), calls, memory


def _medians(database: Database[Any], ways: list[Callable[[], None]]) -> list[float]:
    """Median seconds of each way; the ways take turns, so that a slow minute of the machine hits all of them."""
    times: list[list[float]] = [[] for _ in ways]
    for _ in range(RUNS):
        for position, way in enumerate(ways):
            database.client.drop_database(database.name)
            ensure_pair(pair(database, "linky", DEFAULT_COLLECTIONS))
            started = time.monotonic()
            way()
            times[position].append(time.monotonic() - started)
    return [statistics.median(each) for each in times]


def _ours(database: Database[Any], batch: ReadingBatch) -> None:
    own = pair(database, "linky", DEFAULT_COLLECTIONS)
    PairWriter(own).write(batch)
    if not verify_pair(own).identical:
        sys.exit("not identical")


def _plain(database: Database[Any], batch: ReadingBatch) -> None:
    documents = [batch.document(index, ObjectId()) for index in range(len(batch))]
    database.consumption.insert_many(documents)
    database.consumptionTS.insert_many(documents)


def _sizes(database: Database[Any], batch: ReadingBatch) -> Any:
    database.client.drop_database(database.name)
    own = pair(database, "linky", DEFAULT_COLLECTIONS)
    ensure_pair(own)
    PairWriter(own).write(batch)
    settle(database)
    return compare_pair(own)
