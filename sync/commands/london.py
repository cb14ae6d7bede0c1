"""`import --source lcl`: London's bulk files, and the household table beside them."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

import click

from ..load.bulk_import import FileReport, RowProgress, import_london, in_words, sums
from ..load.household_tables import import_tables, split_tables
from ..load.progress import RowBar
from ..load.report import Loader
from ..settings import Settings
from ..sources.lcl import Member, members
from ..store.connection import open_store
from .common import echo_json, loader_of
from .report import PARTLY, exit_code, report

Load = Callable[[Sequence[Member], Loader, RowProgress], list[FileReport]]
"""Stores the files, in their order, each with what became of it."""


def run_london_import(settings: Settings, paths: Sequence[Path], as_json: bool, load: Load = import_london) -> int:
    """The whole command; returns its exit code: 3 when a file could not be read to its end."""
    started = time.monotonic()
    tables, rest = split_tables(paths)
    found, others = members(rest)
    progress = RowBar()
    with open_store(settings) as database:
        for line in import_tables(database, tables):
            progress.note(line)
        loader = loader_of(database, settings, "lcl")
        try:
            for name in others:
                progress.note(f"not read, no CSV of readings or given twice: {name}")
            reports = load(found, loader, progress)
            loader.prove(())
        finally:
            progress.close()
        outcome = loader.outcome
        outcome.windows = len(found)
        outcome.seconds = time.monotonic() - started
        failed = [each for each in reports if each.state == "failed"]
        if as_json:
            rows = {"rows": asdict(sums(reports)), "files": [_as_json(each) for each in reports]}
            echo_json(outcome.as_json() | rows)
        else:
            report(outcome, loader.pair, "files")
            _tell(reports)
    code = exit_code(outcome)
    return PARTLY if code == 0 and failed else code


def _tell(reports: list[FileReport]) -> None:
    known = sum(each.state == "known" for each in reports)
    new, before = sum(each.new for each in reports), sum(each.before for each in reports)
    click.echo(in_words(FileReport("all files", counts=sums(reports), new=new, before=before)))
    if known:
        click.echo(f"{known:,} files were stored whole before and not read again")
    for each in reports:
        if each.state == "failed":
            click.echo(f"FAILED {each.name}: {each.reason}; what was read of it is stored, run again with a whole file")


def _as_json(each: FileReport) -> dict[str, object]:
    told = {"name": each.name, "state": each.state, "reason": each.reason, "new": each.new, "before": each.before}
    return told | asdict(each.counts)
