"""The same readings elsewhere: the registry of engines, and what each of them keeps; one small file an engine.

Adding one: a file `NAME.py` here with a class `Stored` that keeps `Engine` and its `ERRORS`, an entry in `ENGINES`, and
its name in both catalogs of the page. An engine that is not there is left out in words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from pymongo.database import Database

from ...export.read import Choice
from ...model.columns import Block, Mask
from ...model.errors import SyncError
from ...model.readings import Instants, Series
from ...store.schema import Document
from ..questions import Question


@dataclass(frozen=True)
class Room:
    """Where engines keep the readings of a choice: a folder, the database of the lab's scratch collections, and the
    address of a server of PostgreSQL, or nothing."""

    choice: Choice
    folder: Path
    database: Database[Document]
    address: str = ""

    @cached_property
    def numbers(self) -> dict[Series, int]:
        """A small number for each series, from 1."""
        return {series: number for number, series in enumerate(self.choice.series, 1)}


class Engine(Protocol):
    """One engine with the readings in it. version: of its program."""

    version: str

    def prepare(self, blocks: Sequence[Block]) -> Any:
        """Readings in the form in which the engine takes them; this is not timed."""

    def write(self, prepared: Any) -> None:
        """Take them."""

    def finish(self) -> None:
        """All of them are there to stay, with what is needed to find one."""

    def size(self) -> tuple[int, int]:
        """Bytes of the readings, and of what stands beside them to find one."""

    def ask(self, question: Question) -> list[Document]:
        """Its answer, in the form of the question's pipeline."""

    def close(self) -> None:
        """Remove everything."""


class EngineMissing(SyncError):
    """An engine is not there. why: `library`, `unnamed`, `extension` or `refused`, with what belongs to it in words."""

    def __init__(self, why: str, words: str = "") -> None:
        super().__init__(f"{why}: {words}")
        self.why = why
        self.words = words


@dataclass(frozen=True, slots=True)
class EngineEntry:
    """One engine. module: its file; library, extra: what it needs of pyproject.toml; lacks: what one gives up with it:
    `key` (nothing keeps a reading from being there twice), `update`, `server`, `field` (the instant is no field)."""

    name: str
    module: str
    words: str
    lacks: tuple[str, ...] = ()
    library: str = ""

    def load(self) -> Any:
        """Its file. Raises EngineMissing without its library."""
        try:
            return import_module(f"{__name__}.{self.module}")
        except ImportError as error:
            if not self.library or (error.name or "").partition(".")[0] != self.library:
                raise
            raise EngineMissing("library", self.library) from None


OURS = {"record": (), "ours": ("key", "update")}
"""What one gives up with the forms that we keep, by their marks in the lab's rows: the record, and its mirror."""
FILE = ("key", "update", "server")
ENGINES = (
    EngineEntry("packed", "mongodb", "MongoDB, key packed into _id", ("field",)),
    EngineEntry("clustered", "mongodb", "MongoDB, packed and clustered", ("field",)),
    EngineEntry("postgresql", "postgresql", "PostgreSQL, primary key", library="psycopg"),
    EngineEntry("brin", "postgresql", "PostgreSQL, BRIN index", ("key",), library="psycopg"),
    EngineEntry("timescaledb", "postgresql", "TimescaleDB, compressed", library="psycopg"),
    EngineEntry("sqlite", "sqlite", "SQLite", ("server",)),
    EngineEntry("duckdb", "duckdb", "DuckDB", ("key", "server"), library="duckdb"),
    EngineEntry("parquet", "parquet", "Parquet, zstd", FILE, library="pyarrow"),
    EngineEntry("csv", "csv", "CSV.gz", FILE, library="pyarrow"),
)


@dataclass(frozen=True, slots=True)
class Columns:
    """Readings of several series behind each other. number: of the series; absent: masks of values that are not there;
    flags: place → text."""

    number: NDArray[np.int32]
    start: Instants
    seconds: NDArray[np.int32]
    values: dict[str, NDArray[Any]]
    absent: dict[str, Mask]
    flags: dict[int, str]

    def lists(self) -> list[list[Any]]:
        """The columns as Python lists, None for what is absent, in the order series, start, seconds, values, flag."""
        own: list[list[Any]] = [self.number.tolist(), self.start.tolist(), self.seconds.tolist()]
        for name, column in self.values.items():
            values = column.tolist()
            for index in np.flatnonzero(self.absent[name]).tolist():
                values[index] = None
            own.append(values)
        return [*own, [self.flags.get(index) for index in range(len(self.start))]]


def columns_of(room: Room, blocks: Sequence[Block]) -> Columns:
    """Some blocks as one."""
    fields = list(room.choice.fields)
    flags: dict[int, str] = {}
    at = 0
    for block in blocks:
        flags |= {at + index: text for index, text in block.flags.items()}
        at += len(block)
    return Columns(
        np.concatenate([np.full(len(block), room.numbers[block.series], np.int32) for block in blocks]),
        np.concatenate([block.start for block in blocks]),
        np.concatenate([block.seconds for block in blocks]).astype(np.int32),
        {name: np.concatenate([block.values[name] for block in blocks]) for name in fields},
        {name: np.concatenate([~block.present(name) for block in blocks]) for name in fields},
        flags,
    )
