"""Every command's help has working examples: each of them is run."""

from __future__ import annotations

import gzip
import shlex
import shutil
import signal
import zipfile
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import click
import pytest
from pymongo.database import Database

from sync.cli import COMMANDS, cli
from sync.standin.curve import household_meters
from sync.standin.elhub import ElhubStandin
from sync.standin.elhub_hours import GeneratedHours
from sync.standin.linky import LinkyStandin
from sync.standin.tempo import TempoStandin
from tests.processes import environment, finish, start
from tests.servers import free_port
from tests.shell import export_file
from tests.sources.test_exports_cells import curve_sheet, day_sheet, workbook

BULK = "START_TIME,PRICE_AREA,PRODUCTION_GROUP,VOLUME_KWH\n2021-01-01T00:00:00.000+01:00,NO1,Hydro unspecified,5.5\n"
SERVERS = {"standin": "_API_URL", "page": "http://127.0.0.1:"}
"""Examples that serve until they are stopped, and what each says in its first two lines when it does."""
OWN_DATABASE = ("db", "run")  # examples that use the embedded database


def examples(command: click.Command, name: str) -> Iterator[tuple[str, str]]:
    context = click.Context(command, info_name=name)
    for line in command.get_help(context).splitlines():
        if line.strip().startswith("python -m sync "):
            yield name, line.strip().removeprefix("python -m sync ").split("  ")[0]
    if isinstance(command, click.Group):
        for sub in command.list_commands(context):
            found = command.get_command(context, sub)
            assert found is not None
            yield from examples(found, f"{name} {sub}")


def every_example() -> list[tuple[str, str]]:
    root = click.Context(cli)
    names = [name for name in COMMANDS if name != "trigger"]  # these have tests of their own
    return [pair for name in names for pair in examples(cli.get_command(root, name), name)]  # type: ignore[arg-type]


@pytest.fixture
def standin(one_day: None) -> Iterator[LinkyStandin]:
    with LinkyStandin(meters=household_meters(), ban_after=None) as server:
        yield server


@pytest.fixture
def norway() -> Iterator[ElhubStandin]:
    with ElhubStandin(GeneratedHours(groups=frozenset({"hydro", "cabin"}))) as server:
        yield server


@pytest.fixture
def tempo() -> Iterator[TempoStandin]:
    with TempoStandin() as server:
        yield server


def test_every_command_has_an_example() -> None:
    named = {name.split()[0] for name, _ in every_example()}
    assert named == set(COMMANDS) - {"trigger"}


@pytest.mark.soak  # forty commands, many of them whole loads
@pytest.mark.parametrize(("name", "line"), every_example(), ids=lambda text: text)
def test_example(
    name: str,
    line: str,
    standin: LinkyStandin,
    norway: ElhubStandin,
    tempo: TempoStandin,
    database: Database[Any],
    mongo_uri: str,
    tmp_path: Path,
) -> None:
    environ = environment(standin, mongo_uri, database.name, tmp_path) | {"ELHUB_API_URL": norway.url}
    if name.split(maxsplit=1)[0] in OWN_DATABASE:
        environ |= {"MONGODB_URI": ""}
    if name == "run":
        environ |= {"LINKY_TOKEN": "", "LINKY_PRM": ""}
    if name == "page":
        environ |= {"DASH_PORT": str(free_port())}
    if name == "tempo":
        environ |= {"TEMPO_API_URL": tempo.url}
    words = _with_files(shlex.split(line), tmp_path)
    if "backfill" in words and "--since" not in words:
        words += ["--since", str(standin.today - timedelta(days=20))]
    if name in ("forget", "export"):
        environ |= {"LINKY_FLOWS": "consumption,production"}
        since = ("--since", str(standin.today - timedelta(days=5)))
        finish(start(environ, tmp_path, "backfill", "--source", "elhub" if "elhub" in words else "linky", *since))
        prm = next(iter(standin.meters))
        words = [word.replace("0844", prm[-4:]) for word in words] + ["--yes"] * (name == "forget")
    if name in ("forecast", "analyse"):
        since = ("--since", str(standin.today - timedelta(days=35)))
        finish(start(environ, tmp_path, "backfill", *since))
        prm, last = next(iter(standin.meters)), standin.today - timedelta(days=1)
        words = [word.replace("0844", prm[-4:]).replace("2026-11-02", str(last)) for word in words]
    if words[:2] in (["db", "uri"], ["db", "stop"]):
        assert finish(start(environ, tmp_path, "db", "start"))[0] == 0
    if words[:2] == ["db", "drop"] and "--yes" not in words:
        words.append("--yes")
    process = start(environ, tmp_path, *words)
    try:
        if name in SERVERS:
            assert process.stdout is not None
            lines = process.stdout.readline()
            assert SERVERS[name] in (lines if SERVERS[name] in lines else lines + process.stdout.readline())
            process.send_signal(signal.SIGINT)
        code, _, err = finish(process)
    finally:
        if words[:2] in (["db", "start"], ["db", "uri"]):
            finish(start(environ, tmp_path, "db", "stop"))
    allowed = {0, 3} if "--max-calls" in words else {0}
    assert code in allowed, err
    assert "Traceback" not in err


LONDON = (
    "LCLid,stdorToU,DateTime,KWH/hh (per half hour) \r\n"
    "MAC900001,Std,2012-10-12 00:30:00.0000000, 0.143 \r\n"
    "MAC900001,Std,2012-10-12 01:00:00.0000000, 0 \r\n"
)


PMAX = (
    "Identifiant PRM;Type de donnees;Grandeur physique;Grandeur metier;Unite\n"
    "99999999999991;Puissance maximale quotidienne;Puissance maximale atteinte;Consommation;W\n"
    "Horodate;Valeur\n2026-01-05T08:00:00+01:00;5000\n"
)


def _with_files(words: list[str], folder: Path) -> list[str]:
    """Put a real export where the example names a file."""
    for place, word in enumerate(words):
        if word.endswith("/"):
            (folder / word).mkdir(parents=True)
            lines = [f"2026-01-05T{hour:02}:00:00+01:00;120" for hour in range(1, 9)]  # a curve that names no meter
            (folder / word / "week.csv").write_text("\n".join(lines) + "\n")
            continue
        if not word.endswith((".csv", ".zip", ".xlsx", ".gz")):
            continue
        name = word.replace("*", "2026")
        words[place] = name
        if word.startswith("production_per_group"):
            (folder / name).write_text(BULK)
            continue
        if "Pmax" in word:
            (folder / name).write_text(PMAX)
            continue
        if "LCL" in word:
            with zipfile.ZipFile(folder / name, "w") as archive:
                archive.writestr("LCL-June2015v2_0.csv", LONDON)
            continue
        source = export_file(folder, "source.csv")
        if word.endswith(".zip"):
            shutil.make_archive(str(folder / name.removesuffix(".zip")), "zip", folder, "source.csv")
        elif word.endswith(".gz"):
            (folder / name).write_bytes(gzip.compress(source.read_bytes()))
        elif word.endswith(".xlsx"):
            _workbook(folder / name)
        else:
            shutil.copy(source, folder / name)
        source.unlink()
    return words


def _workbook(path: Path) -> None:
    """A weekly export as the site hands it out, in small."""
    if "jour" in path.name:
        sheets = {"Consommation Quotidienne": day_sheet([["15/07/2024", "25,247"]])}
    else:
        sheets = {"Consommation Horaire": curve_sheet([["15/07/2024 00:00:00", "15/07/2024 00:30:00", "0,692"]])}
    path.write_bytes(workbook(sheets))
