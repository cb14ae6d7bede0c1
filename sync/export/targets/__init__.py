"""The registry of targets, and what each of them keeps: one small file a target, loaded when it is asked for.

Adding one: a file `NAME.py` here with a class `Export` that keeps `Target`, and an entry in `TARGETS`. Everything else
(reading, steps, proof, following, messages, exit codes) is there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Protocol

from ...model.columns import Block, Sums
from ...model.errors import SyncError, UsageError
from ..read import Choice


class ExportError(SyncError):
    """A target could not take the readings, or does not hold what was read. What is half-done there is said."""


class Target(Protocol):
    """Where readings go. shown: its address for people, without a password; scratch: of a target that takes readings
    quicker than a server finds them by key, a folder in which they may lie until they are in order."""

    shown: str
    scratch: Path | None

    def open(self, choice: Choice) -> None:
        """Make ready for the columns of a choice. Raises UsageError for what cannot be, ExportError for a refusal."""

    def write(self, block: Block) -> None:
        """Take a block; of each series they come oldest first. A reading that is there is replaced."""

    def flush(self) -> None:
        """All that was written is there to stay; of a target that is followed."""

    def finish(self, read: Sums) -> None:
        """Keep what was written, counted and summed at the target by its own means. Raises ExportError when that is not
        what was read."""

    def close(self) -> None:
        """Give back what is held; what is not finished goes, or waits for the next run."""


@dataclass(frozen=True, slots=True)
class TargetEntry:
    """One target. ends: of its files' names; schemes: of its addresses; extra: of pyproject.toml, whose `module` it
    needs; is_keyed: it takes a reading again in the place of the earlier one, so that it can be followed."""

    name: str
    form: str
    ends: tuple[str, ...] = ()
    schemes: tuple[str, ...] = ()
    extra: str = ""
    module: str = ""
    is_keyed: bool = False

    def connect(self, address: str) -> Target:
        """The target of an address. Raises UsageError where its library is not installed."""
        try:
            make: Callable[[str], Target] = import_module(f"{__name__}.{self.name}").Export
        except ImportError as error:
            if not self.module or (error.name or "").partition(".")[0] != self.module:
                raise
            raise UsageError(f"{self.form} needs {self.module}: pip install 'linky-atlas[{self.extra}]'") from None
        return make(address)


TARGETS = (
    TargetEntry("csv", "FILE.csv[.gz]", (".csv", ".csv.gz")),
    TargetEntry("jsonl", "FILE.jsonl[.gz]", (".jsonl", ".jsonl.gz")),
    TargetEntry("parquet", "FILE.parquet", (".parquet",), extra="bulk", module="pyarrow"),
    TargetEntry("xlsx", "FILE.xlsx", (".xlsx",)),
    TargetEntry("lp", "FILE.lp", (".lp",)),
    TargetEntry(
        "postgresql",
        "postgresql://USER@HOST/DATABASE",
        schemes=("postgresql", "postgres"),
        extra="postgresql",
        module="psycopg",
        is_keyed=True,
    ),
    TargetEntry(
        "kafka", "kafka://HOST:PORT/TOPIC", schemes=("kafka",), extra="kafka", module="confluent_kafka", is_keyed=True
    ),
)


def target_of(address: str, targets: Sequence[TargetEntry] = TARGETS) -> TargetEntry:
    """By the scheme of an address or the end of a file's name. Raises UsageError for one that is not known."""
    scheme = address.partition("://")[0] if "://" in address else ""
    for entry in targets:
        if scheme in entry.schemes if scheme else address.lower().endswith(entry.ends or ("://",)):
            return entry
    forms = ", ".join(entry.form for entry in targets)
    raise UsageError(f"--to takes one of {forms}; not {scheme + '://…' if scheme else repr(address[-20:])}")
