"""`import`: files, without a call."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

import click

from ..load.files import FileReport, import_files, sums
from ..load.progress import Bar, Progress
from ..load.report import Loader
from ..model.errors import UsageError
from ..settings import Settings, load
from ..sources import SOURCES
from ..sources.files import Files
from ..store.connection import open_store
from .common import PARTLY, clean_up, echo_json, exit_code, json_option, loader_of, report

Load = Callable[[Files, Loader, Progress], list[FileReport]]
"""Stores files, in their order, each with what became of it."""


@click.command("import")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--source", default="linky", show_default=True, help="Whose files these are.")
@json_option
def import_command(files: tuple[Path, ...], source: str, as_json: bool) -> None:
    """Load export files into both collections: several at once, in any order, overlapping or not.

    Of a Linky meter: the R63 load curve (CSV), Enedis_Conso_Heure and _Jour (CSV), the weekly .xlsx of the Enedis site;
    plain, .gz, or a ZIP of them. Daily totals in them are compared with the readings.

    Of Elhub: the bulk CSV of a dataset, plain or .gz, as it is handed out at data.elhub.no/download.

    Of London (source lcl): the ZIP of the 168 files or Kaggle's archive read directly, a folder, single CSVs, .gz,
    the tariff workbook; resumable by file.

    A second, different value for a stored time is refused and listed with its file and line.

    \b
    Examples:
      python -m sync import Enedis_R63_*.csv
      python -m sync import exports.zip heure.xlsx jour.xlsx
      python -m sync import --source lcl "Partitioned LCL Data.zip"
      python -m sync import --source elhub production_per_group_mba_hour-all-en-0000-00-00.csv
    """
    if source not in SOURCES:
        raise UsageError(f"source {source!r} cannot be imported; known: {', '.join(sorted(SOURCES))}")
    if not SOURCES[source].has_files:
        raise UsageError(f"there are no files of {source} to import: python -m sync backfill --source {source}")
    raise SystemExit(run_import(load(), source, files, as_json))


def run_import(
    settings: Settings, source: str, paths: Sequence[Path], as_json: bool, load_files: Load = import_files
) -> int:
    """The whole command; returns its exit code: 3 when a file failed, or nothing could be stored."""
    started, progress = time.monotonic(), Bar("B")
    files = SOURCES[source].open_files(paths, settings)
    with open_store(settings) as database:
        clean_up(database, settings)
        loader = loader_of(database, settings, source)
        try:
            reports = load_files(files, loader, progress)
            loader.prove(files.series)
        finally:
            progress.close()
        outcome = loader.outcome
        outcome.seconds = time.monotonic() - started
        if as_json:
            rows = {"rows": asdict(sums(reports).counts), "files": [each.as_json() for each in reports]}
            echo_json(outcome.as_json() | rows)
        else:
            report(outcome, loader.pair, "files")
            _tell(reports)
    total = sums(reports)
    failed = any(each.state == "failed" for each in reports)
    if not (failed or total.new + total.finer + total.before or files.tables or files.totals):
        click.echo("nothing of the files could be stored", err=True)
        failed = True
    return exit_code(outcome) or (PARTLY if failed else 0)


def _tell(reports: Sequence[FileReport]) -> None:
    click.echo(str(sums(reports)))
    if known := sum(each.state == "known" for each in reports):
        click.echo(f"{known:,} files were stored whole before and not read again")
    for each in reports:
        if each.state == "failed":
            is_cut = not each.counts.rows or each.counts.readings
            rest = "; what was read of it is stored, run again with a whole file" if is_cut else ""
            click.echo(f"FAILED {each.name}: {each.reason}{rest}")
