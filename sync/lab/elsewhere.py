"""The lab's readings in other engines: loaded from the copy of the record, asked with the forms, removed again."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pymongo.database import Database

from ..export.read import Choice, blocks
from ..model.columns import Block
from ..model.errors import StoreError
from ..model.privacy import scrub
from ..store.schema import Document
from .engines import ENGINES, Engine, EngineEntry, EngineMissing, Room
from .questions import Ask, Times

if sys.platform != "win32":
    import fcntl

FOLDER = "linky-atlas-lab-"
PART = 50_000  # readings in one write


@dataclass(slots=True)
class Elsewhere:
    """All engines that are there; the others are left out, with the reason. address: of PostgreSQL, or nothing."""

    address: str = ""
    readings: int = 0
    left_out: list[dict[str, str]] = field(default_factory=list)
    _loaded: dict[EngineEntry, tuple[Engine, float]] = field(default_factory=dict)
    _open: ExitStack = field(default_factory=ExitStack)

    def load(self, choice: Choice, database: Database[Document], step: Callable[[str], None]) -> None:
        """Fill every engine from a choice. Raises StoreError where columns cannot tell all of its readings."""
        parts = list(_parts(blocks(choice)))
        if choice.left_out:
            raise StoreError(
                f"--engines: {choice.left_out:,} documents are not of the form of {choice.pair.source}, so that no "
                f"other engine can be given the same readings (one has the _id {choice.example}): run without --engines"
            )
        self.readings = sum(len(block) for part in parts for block in part)
        room = Room(choice, self._open.enter_context(own_folder()), database, self.address)
        for entry in ENGINES:
            self._fill(entry, room, parts)
            step(entry.words)

    def _fill(self, entry: EngineEntry, room: Room, parts: Sequence[Sequence[Block]]) -> None:
        try:
            module = entry.load()
        except EngineMissing as missing:
            self._leave_out(entry, missing.why, missing.words)
            return
        engine: Engine | None = None
        try:
            engine = module.Stored(room, entry.name)
            seconds = sum(_written(engine, part) for part in parts) + _timed(engine.finish)
        except EngineMissing as missing:
            self._leave_out(entry, missing.why, missing.words)
        except module.ERRORS as error:
            self._leave_out(entry, "refused", f"{scrub(str(error).strip()).partition(chr(10))[0][:200]}")
            if engine:
                with suppress(*module.ERRORS):
                    engine.close()
        else:
            self._open.callback(_closed, engine, module.ERRORS)
            self._loaded[entry] = (engine, seconds)

    def _leave_out(self, entry: EngineEntry, why: str, words: str) -> None:
        self.left_out.append({"engine": entry.name, "why": why, "words": words})

    @property
    def askers(self) -> dict[EngineEntry, Ask]:
        """How each engine that is there is asked."""
        return {entry: engine.ask for entry, (engine, _) in self._loaded.items()}

    def as_json(self, times: Mapping[Any, Mapping[str, Times]]) -> dict[str, Any]:
        """The part of the lab's result; to be asked for when everything is on disk."""
        rows = []
        for entry, (engine, seconds) in self._loaded.items():
            own, index = engine.size()
            rows.append(
                {
                    "engine": entry.name,
                    "version": engine.version,
                    "storage_bytes": own,
                    "index_bytes": index,
                    "total_bytes": own + index,
                    "bytes_a_reading": round((own + index) / self.readings, 2),
                    "readings_per_second": round(self.readings / seconds) if seconds else None,
                    "lacks": list(entry.lacks),
                    "queries": dict(times[entry]),
                }
            )
        return {"rows": rows, "left_out": self.left_out}

    def close(self) -> None:
        """Remove everything."""
        self._loaded = {}
        self._open.close()


def _closed(engine: Engine, errors: tuple[type[Exception], ...]) -> None:
    """A server that is gone by now removes what it has at the next lab."""
    with suppress(*errors):
        engine.close()


def _written(engine: Engine, part: Sequence[Block]) -> float:
    prepared = engine.prepare(part)
    return _timed(lambda: engine.write(prepared))


def _timed(work: Callable[[], Any]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _parts(found: Iterator[Block]) -> Iterator[list[Block]]:
    """Blocks in lists of PART readings."""
    part: list[Block] = []
    for block in found:
        part.append(block)
        if sum(map(len, part)) >= PART:
            yield part
            part = []
    if part:
        yield part


@contextmanager
def own_folder() -> Iterator[Path]:
    """A temporary folder for its owner alone. What a killed lab has left of its own goes first: its lock is free."""
    for old in Path(tempfile.gettempdir()).glob(f"{FOLDER}*"):
        with suppress(OSError), _locked(old):
            shutil.rmtree(old)
    folder = Path(tempfile.mkdtemp(prefix=FOLDER))
    try:
        with _locked(folder):
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """For this process alone, as long as it lives. Raises OSError where another one has it."""
    if sys.platform == "win32":  # folders have no locks there: what is killed stays
        yield
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)
