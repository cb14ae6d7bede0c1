"""One export: the readings of a choice read in columns, written to a target, and proven there."""

from __future__ import annotations

import errno
from collections.abc import Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from ..load.progress import Progress
from ..model.columns import Block, Sums
from ..model.errors import UsageError
from .read import Choice, blocks
from .steps import in_steps
from .stored import blocks_as_stored, is_worth_it
from .targets import ExportError, Target


@dataclass(slots=True)
class Report:
    """What was exported, and proven to be there."""

    target: str
    sums: Sums = field(default_factory=Sums)
    series: int = 0
    left_out: int = 0
    example: str = ""

    def as_json(self) -> dict[str, Any]:
        """The object of `export --json`."""
        named = {name: {"values": count, "sum": total} for name, (count, total) in self.sums.columns.items()}
        own = {"to": self.target, "series": self.series, "readings": self.sums.readings, "left_out": self.left_out}
        return own | {"columns": named}


def export(choice: Choice, target: Target, progress: Progress) -> Report:
    """Write a choice to a target and count it there. Raises ExportError, and UsageError where there is nothing."""
    report, last = Report(target.shown), None
    with closing(target):
        for block in in_steps(_blocks(choice, target, report, progress), choice.step):
            if last is None:
                target.open(choice)
            report.series += block.series != last
            last = block.series
            _write(target, block)
            report.sums.add(block)
        if last is None:
            raise UsageError(_nothing(choice))
        _finish(target, report.sums)
    report.left_out, report.example = choice.left_out, choice.example
    return report


def _blocks(choice: Choice, target: Target, report: Report, progress: Progress) -> Iterator[Block]:
    """All readings. A large record goes by its stored order into a target that is quicker than a server finds them."""
    if target.scratch is None or not is_worth_it(choice, target.scratch):
        for block in blocks(choice):
            yield block
            progress.advance(f"{report.sums.readings:,} rows", len(block))
        return
    try:
        yield from blocks_as_stored(choice, target.scratch, lambda more: progress.advance("being put in order", more))
    except OSError as error:
        raise refused(target, error) from None


def write_all(target: Target, some: Iterable[Block]) -> int:
    """Blocks to a target that is open; returns how many readings these were."""
    count = 0
    for block in some:
        _write(target, block)
        count += len(block)
    return count


def _write(target: Target, block: Block) -> None:
    try:
        target.write(block)
    except OSError as error:
        raise refused(target, error) from None


def _finish(target: Target, sums: Sums) -> None:
    try:
        target.finish(sums)
    except OSError as error:
        raise refused(target, error) from None


def refused(target: Target, error: OSError) -> ExportError:
    """What the system says of a file."""
    full = "the disk is full" if error.errno in (errno.ENOSPC, errno.EDQUOT) else error.strerror or str(error)
    return ExportError(f"{target.shown} could not be written: {full}; nothing is kept of it, what was there stays")


def _nothing(choice: Choice) -> str:
    left = f" ({choice.left_out:,} documents are not of the form of {choice.pair.source})" if choice.left_out else ""
    return f"there is no reading to export in these days{left}: python -m sync status shows what is stored"
