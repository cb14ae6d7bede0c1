"""`python -m bench.rooms [MONGODB_URI]`: the files of `sync/` that a batch, a day of an export, a week over HTTP cross.

Ends with 1 when there are more than `BARS` says.
Counted by a call trace of all threads: a file counts when one of its functions is called, not by being imported; the
stand-in, which plays the other side, does not count.
"""

from __future__ import annotations

import importlib
import inspect
import json
import os
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
from pymongo import MongoClient

from sync.model.readings import ReadingBatch, Series, energy_batch
from sync.standin.linky import LinkyStandin
from sync.store.embedded.mongod import Mongod
from sync.store.schema import ensure_pair, pair
from sync.store.writer import PairWriter

SYNC = Path(importlib.import_module("sync").__file__ or "").parent
COLLECTIONS = {"linky": ("consumption", "consumptionTS")}
BEFORE = {"one batch through the writer": 10, "import of one day": 41, "backfill of one week over HTTP": 45}
"""The same at the commit before there was one path."""
BARS = {"one batch through the writer": 5, "import of one day": 28, "backfill of one week over HTTP": 32}
"""The most that may be crossed."""
HEADER = (
    "Identifiant PRM;Date de début;Date de fin;Grandeur physique;Grandeur métier;Etape métier;Unité;Horodate;Valeur;"
    "Nature;Pas;Indice de vraisemblance;Etat complémentaire"
)


def crossed(work: Callable[[], object]) -> list[str]:
    """The files of `sync/` whose functions `work` calls, in any thread; module bodies and the stand-in do not count."""
    names: set[str] = set()

    def note(frame: FrameType, event: str, _argument: Any) -> None:
        code = frame.f_code
        if event == "call" and code.co_flags & inspect.CO_OPTIMIZED:  # neither a module nor a class
            names.add(code.co_filename)

    threading.setprofile(note)
    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(None)
        threading.setprofile(None)  # type: ignore[arg-type]
    inside = (Path(name).relative_to(SYNC) for name in names if Path(name).is_relative_to(SYNC))
    return sorted(str(path) for path in inside if path.parts[0] != "standin")


def command(module: str, name: str, *arguments: str) -> Callable[[], object]:
    """A command as the command line calls it."""
    function = getattr(importlib.import_module(f"sync.commands.{module}"), name)

    def run() -> None:
        try:
            function.main(list(arguments), standalone_mode=False)
        except SystemExit as end:
            if end.code:
                sys.exit(f"{name} ended with {end.code}")

    return run


def measure(uri: str) -> dict[str, list[str]]:
    """What is done → the files that it crosses."""
    found = {}
    with (
        tempfile.TemporaryDirectory() as name,
        environment(uri, Path(name)),
        MongoClient[dict[str, Any]](uri, tz_aware=True) as client,
    ):
        client.drop_database("rooms")
        ensure_pair(own := pair(client["rooms"], "linky", COLLECTIONS))
        writer, batch = PairWriter(own), half_hours()
        found["one batch through the writer"] = crossed(lambda: writer.write(batch))
        client.drop_database("rooms")
        load_day = command("imports", "import_command", "--json", str(export(Path(name) / "day.csv")))
        load_day()  # what is only imported with a command is so before its files are counted
        client.drop_database("rooms")
        found["import of one day"] = crossed(load_day)
        client.drop_database("rooms")
        with LinkyStandin() as standin:
            os.environ |= {
                "LINKY_API_URL": standin.url,
                "LINKY_TOKEN": standin.token,
                "SYNC_REQUEST_SPACING": "0",
            }
            days = ("--since", "2026-10-01", "--until", "2026-10-08")
            load_week = command("backfill", "backfill_command", "--json", *days)
            load_week()
            client.drop_database("rooms")
            found["backfill of one week over HTTP"] = crossed(load_week)
        client.drop_database("rooms")
    return found


def half_hours() -> ReadingBatch:
    """A day of a meter, invented."""
    start = np.arange(48, dtype=np.int64) * 1_800_000 + 1_735_689_600_000
    series = Series("linky", "21121707640844", "consumption")
    return energy_batch(series, start, start % 97, np.full(48, 1800, dtype=np.int64))


def export(path: Path) -> Path:
    """One day of a load curve as Enedis hands it out (R63), invented."""
    ends = [f"2025-01-01 {n // 2:02}:{n % 2 * 30:02}:00" for n in range(1, 48)] + ["2025-01-02 00:00:00"]
    rows = [f"21121707640844;2025-01-01;2025-01-02;PA;CONS;Comptage Brut;W;{end};500;B;PT30M;0;0" for end in ends]
    path.write_text("\n".join([HEADER, *rows]) + "\n", encoding="utf-8")
    return path


@contextmanager
def environment(uri: str, folder: Path) -> Iterator[None]:
    """Settings of our own in an empty folder, whatever the user has set."""
    before, here = dict(os.environ), Path.cwd()
    own = {"MONGODB_URI": uri, "MONGODB_DATABASE": "rooms", "LINKY_API_URL": "http://127.0.0.1:9"}
    os.environ |= own | {"SYNC_HOME": str(folder / "home"), "XDG_STATE_HOME": str(folder / "state")}
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(here)
        os.environ.clear()
        os.environ |= before


def main(arguments: list[str]) -> None:
    """Print the table and the names of the files."""
    with tempfile.TemporaryDirectory() as folder:
        server = None
        if not arguments:
            server = Mongod.spawn(Path(folder) / "db", Path(folder) / "log")
            server.wait_until_primary()
        try:
            found = measure(arguments[0] if arguments else server.uri if server else "")
        finally:
            if server:
                server.kill()
    for what, files in found.items():
        sys.stdout.write(f"{what:<40}{len(files):>4} files, {BARS[what]} at most, {BEFORE[what]} before\n")
    sys.stdout.write(json.dumps(found, indent=1) + "\n")
    if passed := [what for what, files in found.items() if len(files) > BARS[what]]:
        sys.exit(f"too many files are crossed: {', '.join(passed)}")


if __name__ == "__main__":
    main(sys.argv[1:])
