"""`import`: files, without a call."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from ..load.files import FileReport, import_files, sums
from ..load.progress import Bar, Progress
from ..load.report import Loader
from ..model.bounded import NoFile
from ..model.errors import FileRefused, SyncError, UsageError
from ..model.privacy import scrub
from ..model.words import counted
from ..settings import Settings, load
from ..sources import SOURCES
from ..sources.files import Files
from ..store.connection import open_store
from .analyse import analyse_new
from .common import PARTLY, clean_up, echo_json, exit_code, json_option, loader_of, proving, report

FAILED = ("failed", "refused")  # states of a file from which not all is stored
CUT = "; what was read of it is stored, run again with a whole file"
Load = Callable[[Files, Loader, Progress], list[FileReport]]
"""Stores files, in their order, each with what became of it."""


@click.command("import")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--source", default="linky", show_default=True, help="Whose files these are.")
@click.option("--prm", default="", metavar="14DIGITS", help="The meter of Linky files that do not say theirs.")
@click.option("--flow", default="", type=click.Choice(["", "consumption", "production"]), help="What these count.")
@json_option
def import_command(files: tuple[Path, ...], source: str, prm: str, flow: str, as_json: bool) -> None:
    """Load export files into both collections: several at once, in any order, overlapping or not.

    Of a Linky meter: files of Enedis (R63 and R64, Enedis_Conso_… and Enedis_Prod_…, the .xlsx of its site), of Conso
    Downloader, EDF, TotalEnergies and Strasbourg, saved answers of the gateway (.json), cache.db of MyElectricalData;
    plain, .gz, a ZIP or a folder of them. Daily totals in them are compared with the readings.

    Of Elhub: the bulk CSV of a dataset, plain or .gz, as it is handed out at data.elhub.no/download.

    Of London (source lcl): the ZIP of the 168 files or Kaggle's archive read directly, a folder, single CSVs, .gz,
    the tariff workbook; resumable by file.

    A second, different value for a stored time is refused and listed with its file and line.

    \b
    Examples:
      python -m sync import Enedis_R63_*.csv
      python -m sync import exports.zip heure.xlsx jour.xlsx
      python -m sync import --prm 21121707640844 Downloads/weeks/
      python -m sync import --source lcl "Partitioned LCL Data.zip"
      python -m sync import --source elhub production_per_group_mba_hour-all-en-0000-00-00.csv
    """
    if source not in SOURCES:
        raise UsageError(f"source {source!r} cannot be imported; known: {', '.join(sorted(SOURCES))}")
    if not SOURCES[source].has_files:
        raise UsageError(f"there are no files of {source} to import: python -m sync backfill --source {source}")
    if prm and not re.fullmatch(r"[0-9]{14}", prm):
        raise UsageError(f"--prm takes the 14 digits of a meter, not {len(prm)} characters")
    given: dict[str, Any] = {"prm": prm, "flow": flow} if SOURCES[source].is_personal else {}
    if not given and (prm or flow):
        raise UsageError(f"--prm and --flow are for files of Linky meters: files of {source} say theirs")
    raise SystemExit(run_import(load(), source, files, as_json, **given))


def run_import(
    settings: Settings,
    source: str,
    paths: Sequence[Path],
    as_json: bool,
    load_files: Load = import_files,
    **given: Any,
) -> int:
    """The whole command; returns its exit code: 3 when a file failed, or nothing could be stored.

    given: what the source's `open_files` takes beside the paths.
    """
    started, progress = time.monotonic(), Bar("B")
    files = _opened(settings, source, paths, given)
    with open_store(settings) as database:
        clean_up(database, settings)
        loader = loader_of(database, settings, source)
        try:
            reports = load_files(files, loader, progress)
            with proving(loader.pair) as tell:
                loader.prove(files.series, tell)
        finally:
            progress.close()
        outcome = loader.outcome
        outcome.seconds = time.monotonic() - started
        if as_json:
            rows = {"rows": asdict(sums(reports).counts), "files": [each.as_json() for each in reports]}
            echo_json(outcome.as_json() | rows)
        else:
            report(outcome, loader.pair, "file")
            _tell(reports)
        analyse_new(loader.pair, outcome)
    total = sums(reports)
    failed = any(each.state in FAILED for each in reports)
    if not (failed or total.new + total.finer + total.before or files.tables or any(files.totals.values())):
        click.echo("nothing of the files could be stored", err=True)
        failed = True
    return exit_code(outcome) or (PARTLY if failed else 0)


def _opened(settings: Settings, source: str, paths: Sequence[Path], given: Mapping[str, Any]) -> Files:
    """Raises FileRefused, and where another source knows the files UsageError, which names it."""
    heard = {"heard": Bar(" files", brief=True)} if given else {}
    try:
        return SOURCES[source].open_files(paths, settings, **given, **heard)
    except NoFile:
        raise
    except FileRefused as refused:
        others = [name for name, entry in SOURCES.items() if name != source and entry.has_files]
        if other := next((name for name in others if _knows(name, paths, settings)), None):
            what = "is a file" if len(paths) == 1 else "and the others are files"
            remedy = f"python -m sync import --source {other} FILE…"
            raise UsageError(f"{scrub(paths[0].name)} {what} of {other}, not of {source}: {remedy}") from None
        raise refused
    finally:
        for bar in heard.values():
            bar.close()


def _knows(source: str, paths: Sequence[Path], settings: Settings) -> bool:
    """Whether a source finds a reading in them: some look no further than at a name before they read."""
    try:
        parts = SOURCES[source].open_files(paths, settings).parts()
        return any(len(batch) for part in parts for batch in part.batches)
    except SyncError:
        return False


def _tell(reports: Sequence[FileReport]) -> None:
    click.echo(str(sums(reports)))
    if known := sum(each.state == "known" for each in reports):
        click.echo(f"stored whole before and not read again: {counted(known, 'file')}")
    for each in reports:
        if each.state in FAILED:
            is_cut = each.state == "failed" and (not each.counts.rows or each.counts.readings)
            click.echo(f"FAILED {each.name}: {each.reason}{CUT if is_cut else ''}")
