"""The command: what it prints, how it ends, what it refuses."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest
import requests
from click.testing import CliRunner

from sync.commands.standin import standin
from sync.model.errors import UsageError
from sync.standin.faults import DAY_KINDS, REQUEST_KINDS, parse_faults
from sync.standin.household import HOUSEHOLD_PRM
from tests.waiting import PATIENCE

Run = Callable[..., subprocess.Popen[str]]
ROOT = Path(__file__).parents[2]


@pytest.fixture
def run() -> Iterator[Run]:
    """`run(*arguments)` starts the command in a process of its own."""
    started: list[subprocess.Popen[str]] = []

    def begin(*arguments: str) -> subprocess.Popen[str]:
        process = subprocess.Popen(
            [sys.executable, "-c", "from sync.commands.standin import standin; standin()", *arguments],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"},
        )
        started.append(process)
        return process

    yield begin
    for process in started:
        process.kill()
        process.communicate(timeout=PATIENCE)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_prints_what_a_user_needs_and_ends_in_good_order(run: Run, number: signal.Signals) -> None:
    process = run("linky", "--today", "2025-03-13", "--activation", "2024-01-01")
    assert process.stdout is not None
    lines = [process.stdout.readline().rstrip("\n") for _ in range(5)]
    assert lines[0].startswith("# Linky stand-in, a generated household; it is 2025-03-13")
    exported = dict(line.removeprefix("export ").split("=", 1) for line in lines[1:4])
    assert set(exported) == {"LINKY_API_URL", "LINKY_TOKEN", "LINKY_PRM"}
    assert exported["LINKY_PRM"] == HOUSEHOLD_PRM
    assert lines[4] == "python -m sync backfill --since 2024-01-01 --until 2025-03-13"
    since, until = (word for word in lines[4].split() if word[0] == "2")
    for start, end in ((since, "2024-01-08"), ("2025-03-06", until)):
        answer = requests.get(
            f"{exported['LINKY_API_URL']}/courbe_de_charge_consommation",
            params={"pointId": exported["LINKY_PRM"], "dateDebut": start, "dateFin": end},
            headers={"Authorization": f"Bearer {exported['LINKY_TOKEN']}"},
            timeout=PATIENCE,
        )
        assert answer.status_code == 200
    process.send_signal(number)
    rest, log = process.communicate(timeout=PATIENCE)
    assert (process.returncode, rest) == (0, "")
    assert len(log.splitlines()) == 2
    assert "GET courbe_de_charge_consommation …9999 2024-01-01..2024-01-08 200" in log
    assert HOUSEHOLD_PRM not in log
    assert exported["LINKY_TOKEN"] not in log


def test_json_and_options(run: Run) -> None:
    process = run("linky", "--json", "--today", "2025-03-13", "--meters", "2", "--ban-after", "1", "--faults", "500@1")
    assert process.stdout is not None
    told = json.loads(process.stdout.readline())
    assert list(told) == ["url", "token", "prm", "today", "first"]
    assert (told["prm"], told["today"], told["first"]) == (HOUSEHOLD_PRM, "2025-03-13", "2023-03-13")
    assert [requests.get(told["url"] + "/x", timeout=PATIENCE).status_code for _ in range(3)] == [500, 403, 403]
    assert len(requests.get(told["url"][:-3], timeout=PATIENCE).json()["meters"]) == 2


def test_a_file_sets_the_day(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "export.csv"
    frame = "12345678901234;2024-01-01 00:00:00;2024-01-03 00:00:00;PA;CONS;BRUT;W"
    header = (
        "Identifiant PRM;Date de début;Date de fin;Grandeur physique;Grandeur métier;Etape métier;Unité;Horodate;"
        "Valeur;Nature;Pas;Indice de vraisemblance;Etat complémentaire"
    )
    rows = [f"{frame};{label};2;B;PT30M;0;0" for label in ("2024-01-02 23:30:00", "2024-01-03 00:00:00")]
    path.write_text("\n".join([header, *rows]), encoding="utf-8")
    process = run("linky", "--json", "--data", str(path))
    assert process.stdout is not None
    told = json.loads(process.stdout.readline())
    assert (told["prm"], told["today"], told["first"]) == ("12345678901234", "2024-01-03", "2024-01-02")


@pytest.mark.parametrize(
    ("arguments", "error", "told"),
    [
        (["nowhere"], UsageError, "known: linky"),
        (["linky", "--faults", "418@1"], UsageError, "429@5"),
        (["linky", "--data", "nowhere.csv"], UsageError, "nowhere.csv"),
        (["linky", "--data", "nowhere.csv", "--meters", "2"], UsageError, "leave out --meters"),
    ],
)
def test_mistakes(arguments: list[str], error: type[Exception], told: str) -> None:
    with pytest.raises(error, match=told):
        standin.main(arguments, standalone_mode=False)


def test_help_shows_every_fault_and_examples_that_parse() -> None:
    shown = CliRunner().invoke(standin, ["--help"]).output
    assert all(kind.example in shown for kind in [*REQUEST_KINDS.values(), *DAY_KINDS.values()])
    examples = [line.strip() for line in shown.splitlines() if line.strip().startswith("python -m sync standin")]
    assert len(examples) == 5
    for example in examples:
        words = example.removeprefix("python -m sync standin ").replace('"', "").split()
        given = standin.make_context("standin", words).params
        assert given["source"] in {"linky", "elhub"}
        parse_faults(given["faults"])
        assert given["today"] is None or given["today"].date() == date(2025, 3, 13)
