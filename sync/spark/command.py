"""`import-lcl`: parse, call, exit code; no work of its own."""

from __future__ import annotations

import re
from pathlib import Path

import click

from ..commands.common import json_option
from ..commands.imports import run_import
from ..model.errors import UsageError
from ..settings import load
from ..store.connection import Place
from .engine import Engine, require_spark
from .job import SparkLoad

MASTER = r"local(\[(\*|\d+)(,\d+)?\])?|local-cluster\[\d+,\d+,\d+\]|spark://\S+|k8s://\S+|yarn"
SETTING = r"spark\.[\w.]+=.*"
ADDRESS = r"mongodb(\+srv)?://"


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def spark() -> None:
    """The same import as a job of Apache Spark, for those who outgrow one machine.

    \b
    Examples:
      python -m sync.spark import-lcl "Partitioned LCL Data.zip"
      python -m sync.spark import-lcl --help

    Exit codes: 0 done; 1 an error; 2 wrong usage or settings; 3 done in part, run again.
    """


@spark.command("import-lcl")
@click.argument("files", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--master", default="local[*]", show_default=True, help="Spark's master: spark://host:7077, yarn, …")
@click.option("--conf", "confs", multiple=True, metavar="NAME=VALUE", help="A setting of Spark's, as of spark-submit.")
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
    if not re.fullmatch(MASTER, master):
        raise UsageError(f"--master {master!r}: known are local[*], local[N], spark://HOST:PORT, yarn, k8s://HOST:PORT")
    for each in confs:
        if not re.fullmatch(SETTING, each) or re.search(ADDRESS, each):
            raise UsageError(
                f"--conf {each.partition('=')[0]!r}: needs spark.NAME=VALUE without an address of MongoDB, as Spark "
                "shows its settings: MONGODB_URI goes to the executors by itself"
            )
    settings = load()
    engine = Engine(master, dict(each.split("=", 1) for each in confs), settings.sync_home / "spark.log")
    if not settings.mongodb_uri and not engine.is_local:
        raise UsageError(f"--master {master}: a cluster cannot reach the embedded MongoDB: set MONGODB_URI to a server")
    require_spark()
    run = SparkLoad(Place.of(settings, "lcl", settings.collections), engine)
    raise SystemExit(run_import(settings, "lcl", [file.absolute() for file in files], as_json, run))
