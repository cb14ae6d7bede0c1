"""`import`: export files, without a call."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import click

from ..load.importing import import_files
from ..load.progress import Bar
from ..model.errors import UsageError
from ..settings import Settings, load
from ..sources import SOURCES
from ..sources.files import ReadFiles
from ..store.connection import open_store
from ..store.schema import ensure_pair, first_load
from .common import echo_json, json_option, loader_of
from .london import run_london_import
from .report import exit_code, report


@click.command("import")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--source", default="linky", show_default=True, help="Whose files these are.")
@json_option
def import_command(files: tuple[Path, ...], source: str, as_json: bool) -> None:
    """Load export files into both collections: several at once, in any order, overlapping or not.

    Of a Linky meter: the R63 load curve (CSV), Enedis_Conso_Heure and _Jour (CSV), the weekly .xlsx of the Enedis site;
    plain, .gz, or a ZIP of them. Daily totals in them are compared with the readings.

    Of Elhub: the bulk CSV of a dataset, plain or .gz, as it is handed out at data.elhub.no/download.

    Of London (source lcl): the ZIP of the 168 files read directly, a folder, single CSVs, .gz; resumable by file.

    \b
    Examples:
      python -m sync import Enedis_R63_*.csv
      python -m sync import exports.zip heure.xlsx jour.xlsx
      python -m sync import --source lcl "Partitioned LCL Data.zip"
      python -m sync import --source elhub production_per_group_mba_hour-all-en-0000-00-00.csv
    """
    started = time.monotonic()
    settings = load()
    if source == "lcl":
        raise SystemExit(run_london_import(settings, files, as_json))
    if source != "linky":
        raise SystemExit(run_open_import(settings, source, files, as_json))
    progress = Bar("file")
    with open_store(settings) as database:
        loader = loader_of(database, settings, "linky")
        try:
            series = import_files(files, loader, loader.clock, progress, settings.linky_max_power_w)
            loader.prove(series)
        finally:
            progress.close()
        outcome = loader.outcome
        outcome.seconds = time.monotonic() - started
        if as_json:
            echo_json(outcome.as_json())
        else:
            report(outcome, loader.pair, "files")
    raise SystemExit(exit_code(outcome))


def run_open_import(settings: Settings, name: str, files: Sequence[Path], as_json: bool) -> int:
    """Bulk files of a source through the same writing and proof; returns the exit code."""
    started = time.monotonic()
    read_files = files_of(name)
    progress = Bar("part")
    parts = read_files(files)
    with open_store(settings) as database:
        loader = loader_of(database, settings, name)
        progress.start(0, 0)
        try:
            with ExitStack() as load:
                for number, parsed in enumerate(parts):
                    if number == 0:
                        load.enter_context(first_load(loader.pair))  # nothing is made for files that are refused
                    loader.store(parsed, "file")
                    if parsed.short:
                        loader.outcome.short.append(parsed.short)
                    progress.advance(f"{loader.outcome.written.new:,} new")
            ensure_pair(loader.pair)
            loader.prove(())
        finally:
            progress.close()
        outcome = loader.outcome
        outcome.windows = len(files)
        outcome.seconds = time.monotonic() - started
        if as_json:
            echo_json(outcome.as_json())
        else:
            report(outcome, loader.pair, "files")
    return exit_code(outcome)


def files_of(name: str) -> ReadFiles:
    """`read_files` of the module for a source's files. Raises UsageError for a source that has none."""
    if name not in SOURCES:
        raise UsageError(f"source {name!r} cannot be imported; known: {', '.join(sorted(SOURCES))}")
    if not SOURCES[name].has_files:
        raise UsageError(f"there are no files of {name} to import: python -m sync backfill --source {name}")
    return SOURCES[name].read_files
