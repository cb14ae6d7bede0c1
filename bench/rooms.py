"""The files of `sync/` that a batch, a day of an export and a week over HTTP cross: `python -m bench rooms`.

Counted by a call trace of all threads: a file counts when one of its functions is called, not by being imported; the
stand-in, which plays the other side, does not count.
"""

from __future__ import annotations

import importlib
import inspect
import os
import sys
import threading
from collections.abc import Callable
from contextlib import chdir
from pathlib import Path
from types import FrameType
from typing import Any
from unittest.mock import patch

import numpy as np

from bench.kit import ROOT, bench, row
from sync.model.readings import Series, energy_batch
from sync.standin.linky import LinkyStandin
from sync.store.schema import ensure_pair
from sync.store.writer import PairWriter

SYNC = ROOT / "sync"
BARS = {"one batch through the writer": 5, "import of one day": 28, "backfill of one week over HTTP": 32}
"""The most that may be crossed; before there was one path, 10, 41 and 45 were."""
HEADER = (
    "Identifiant PRM;Date de début;Date de fin;Grandeur physique;Grandeur métier;Etape métier;Unité;Horodate;Valeur;"
    "Nature;Pas;Indice de vraisemblance;Etat complémentaire"
)
PRM = "21121707640844"


def run() -> dict[str, Any]:
    """Count; the names of the files are in the result."""
    with bench() as own, LinkyStandin() as standin:
        given = {"LINKY_API_URL": standin.url, "SYNC_REQUEST_SPACING": "0"}
        with patch.dict(os.environ, own.variables(**given, SYNC_HOME=str(own.folder / "home"))), chdir(own.folder):
            ensure_pair(both := own.pair("linky"))
            start = np.arange(48, dtype=np.int64) * 1_800_000 + 1_735_689_600_000
            batch = energy_batch(Series("linky", PRM, "consumption"), start, start % 97, np.full(48, 1800))
            writer = PairWriter(both)
            counted = [_crossed(lambda: writer.write(batch))]
            load_day = command("imports", "import_command", "--json", str(export(own.folder / "day.csv")))
            week = ("--since", "2026-10-01", "--until", "2026-10-08")
            load_week = command("backfill", "backfill_command", "--json", *week)
            for work, token in ((load_day, ""), (load_week, standin.token)):
                os.environ["LINKY_TOKEN"] = token
                own.empty()
                work()  # what is only imported with a command is so before its files are counted
                own.empty()
                counted.append(_crossed(work))
            found = dict(zip(BARS, counted, strict=True))
        return own.result(0, [row(what, len(found[what]), "files", -bar) for what, bar in BARS.items()], files=found)


def _crossed(work: Callable[[], object]) -> list[str]:
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
    inside = (Path(name).relative_to(SYNC) for name in names.copy() if Path(name).is_relative_to(SYNC))
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


def export(path: Path) -> Path:
    """One day of a load curve as Enedis hands it out (R63), invented."""
    ends = [f"2025-01-01 {n // 2:02}:{n % 2 * 30:02}:00" for n in range(1, 48)] + ["2025-01-02 00:00:00"]
    rows = [f"{PRM};2025-01-01;2025-01-02;PA;CONS;Comptage Brut;W;{end};500;B;PT30M;0;0" for end in ends]
    path.write_text("\n".join([HEADER, *rows]) + "\n", encoding="utf-8")
    return path
