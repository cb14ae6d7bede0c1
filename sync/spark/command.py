"""`import-lcl` and `analyse`: parse, call, exit code; no work of their own."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any, TypeVar

import click

from ..commands.common import clean_up, day_option, echo_json, json_option, nothing_stored, stored_pairs
from ..commands.imports import run_import
from ..insight.read import measures_energy, stored
from ..load.progress import Bar
from ..model.errors import UsageError
from ..model.words import counted
from ..settings import Settings, load
from ..sources import SOURCES
from ..store.connection import Place, open_store
from .engine import Engine, require_spark
from .job import SparkAnalysis, SparkLoad
from .task import Analysed

Command = TypeVar("Command", bound=Callable[..., Any])

MASTER = r"local(\[(\*|\d+)(,\d+)?\])?|local-cluster\[\d+,\d+,\d+\]|spark://\S+|k8s://\S+|yarn"
SETTING = r"spark\.[\w.]+=.*"
ADDRESS = r"mongodb(\+srv)?://"


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def spark() -> None:
    """The same import and analysis as jobs of Apache Spark, for those who outgrow one machine.

    \b
    Examples:
      python -m sync.spark import-lcl "Partitioned LCL Data.zip"
      python -m sync.spark analyse --source lcl
      python -m sync.spark import-lcl --help

    Exit codes: 0 done; 1 an error; 2 wrong usage or settings; 3 done in part, run again.
    """


def engine_options(command: Command) -> Command:
    """`--master` and `--conf`."""
    conf = click.option("--conf", "confs", multiple=True, metavar="NAME=VALUE", help="As of spark-submit.")
    where = "Spark's master: spark://host:7077, yarn, …"
    return click.option("--master", default="local[*]", show_default=True, help=where)(conf(command))


@spark.command("import-lcl")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@engine_options
@json_option
def import_command(files: tuple[Path, ...], master: str, confs: tuple[str, ...], as_json: bool) -> None:
    """Load London's files as `python -m sync import --source lcl` does, each CSV as one task of a Spark job.

    The same rows, checks, report, ledger and proof: either goes on where the other stopped. A CSV is the unit of work,
    in a ZIP, too, as households go on from row to row: take the ZIP of the 168 files, not the one CSV of 8 GB.

    Needed: pip install '.[spark]' and Java 17 (Debian: apt-get install openjdk-17-jre-headless). On a
    cluster, every executor sees FILES under the same path (a shared file system), reaches MONGODB_URI itself, and has
    a Python of the same version with what `.[bulk]` installs (name it with PYSPARK_PYTHON); our own code is sent along.

    MONGODB_URI goes to the executors inside the tasks, never into Spark's settings, pages, logs or event log. On a
    network that others can read, switch on spark.authenticate and spark.network.crypto.enabled. In local mode
    everything listens on this machine alone. Spark's pages are off: --conf spark.ui.enabled=true. What Spark says
    is in SYNC_HOME/spark.log.

    \b
    Examples:
      python -m sync.spark import-lcl "Partitioned LCL Data.zip"
      python -m sync.spark import-lcl --master "local[2]" --json "Partitioned LCL Data.zip"
      python -m sync.spark import-lcl --master spark://head:7077 --conf spark.executor.cores=4 /mnt/london
    """
    settings = load()
    run = SparkLoad(Place.of(settings, "lcl", settings.collections), _engine(settings, master, confs))
    raise SystemExit(run_import(settings, "lcl", [file.absolute() for file in files], as_json, run))


@spark.command("analyse")
@click.option("--source", type=click.Choice(sorted(SOURCES)), default="lcl", show_default=True)
@day_option("--since", "Score the forecasts from this day on (default: of the last year).")
@engine_options
@json_option
def analyse_command(source: str, since: date | None, master: str, confs: tuple[str, ...], as_json: bool) -> None:
    """Make the cards of many households as `python -m sync analyse` does, a group of them as one task of a Spark job.

    The same cards to the byte, but for the moment in which they were made. Only what has new readings is computed:
    either goes on where the other stopped. What it needs, and where MONGODB_URI goes, is told by import-lcl --help.

    \b
    Examples:
      python -m sync.spark analyse
      python -m sync.spark analyse --master "local[2]" --source lcl --json
      python -m sync.spark analyse --master spark://head:7077 --conf spark.executor.cores=4
    """
    settings, started = load(), time.monotonic()
    run = SparkAnalysis(Place.of(settings, source, settings.collections), _engine(settings, master, confs))
    with open_store(settings) as database, closing(Bar(" series")) as bar:
        clean_up(database, settings)
        known = stored(stored_pairs(database, settings, source))
        wanted = [series for series, (own, _) in known.items() if measures_energy(own, series)]
        done = run(wanted, since, bar) if wanted else Analysed()
    if as_json:
        seconds = round(time.monotonic() - started, 3)
        echo_json({"source": source, "series": done.series, "fresh": done.fresh, "seconds": seconds})
    elif wanted:
        click.echo(f"{done.series:,} series of {source}: {counted(done.fresh, 'card')} made now")
    else:
        click.echo(nothing_stored(settings, source))


def _engine(settings: Settings, master: str, confs: tuple[str, ...]) -> Engine:
    """Raises UsageError for what cannot be."""
    if not re.fullmatch(MASTER, master):
        raise UsageError(f"--master {master!r}: known are local[*], local[N], spark://HOST:PORT, yarn, k8s://HOST:PORT")
    for each in confs:
        if not re.fullmatch(SETTING, each) or re.search(ADDRESS, each):
            raise UsageError(
                f"--conf {each.partition('=')[0]!r}: needs spark.NAME=VALUE without an address of MongoDB, as Spark "
                "shows its settings: MONGODB_URI goes to the executors by itself"
            )
    engine = Engine(master, dict(each.split("=", 1) for each in confs), settings.sync_home / "spark.log")
    if not settings.mongodb_uri and not engine.is_local:
        raise UsageError(f"--master {master}: a cluster cannot reach the embedded MongoDB: set MONGODB_URI to a server")
    require_spark()
    return engine
