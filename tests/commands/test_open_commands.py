"""`backfill`, `import`, `status`, `verify`, `repair`, `compare` and `standin` for Elhub, as a person runs them."""

from __future__ import annotations

import json
import signal
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pymongo.database import Database

from sync.standin.elhub import ElhubStandin
from sync.standin.elhub_hours import GeneratedHours
from sync.standin.faults import parse_faults
from tests.elhub_answers import OSLO, local_hours
from tests.open_shell import OpenShell
from tests.processes import finish, start

pytestmark = pytest.mark.soak  # whole commands and functions of the open sources; test_every_source has short ones

NOW = datetime(2026, 3, 10, 11, tzinfo=UTC)
QUARTER = ("backfill", "--source", "elhub", "--since", "2021-01-01", "--until", "2021-04-01")
ROWS = 2 * 5 * (90 * 24 - 1)


@pytest.fixture
def standin() -> Iterator[ElhubStandin]:
    with ElhubStandin(GeneratedHours(groups=frozenset({"hydro", "cabin"})), now=lambda: NOW) as server:
        yield server


@pytest.fixture
def shell(standin: ElhubStandin, database: Database[Any], mongo_uri: str, tmp_path: Path, one_day: None) -> OpenShell:
    return OpenShell("elhub", standin, mongo_uri, database.name, tmp_path)


def test_a_load_from_the_plan_to_the_proof(shell: OpenShell, standin: ElhubStandin) -> None:
    code, out, _ = shell(*QUARTER, "--dry-run")
    assert (code, len(standin.requests)) == (0, 0)
    assert out.startswith("6 calls (3 PRODUCTION_PER_GROUP_MBA_HOUR, 3 CONSUMPTION_PER_GROUP_MBA_HOUR)")
    assert shell.json(*QUARTER, "--dry-run")["planned_calls"] == 6
    code, out, err = shell(*QUARTER)
    assert code == 0, err
    assert f"elhub and elhubTS are identical: {ROWS:,} documents each" in out
    told = shell.json(*QUARTER)
    assert (told["calls"], told["identical"]) == (0, True)
    assert shell.json("verify", "--source", "elhub")["pairs"][0]["regular_count"] == ROWS
    compared = shell.json("compare", "--source", "elhub")["pairs"][0]
    assert (compared["readings"], compared["series"]) == (ROWS, 10)
    assert shell.json("repair", "--source", "elhub")["identical"]


def test_status(shell: OpenShell) -> None:
    assert shell.json("status", "--source", "elhub")["sources"][0]["series"] == []
    shell(*QUARTER)
    found = shell.json("status", "--source", "elhub")["sources"][0]
    assert found["windows"] | {"planned": 0} == {"done": 6, "empty": 0, "partial": 0, "failed": 0, "planned": 0}
    assert found["windows"]["planned"] > 0  # all that is wanted by default and was not asked yet
    assert found["calls_today"] == 6
    assert len(found["series"]) == 10
    one = next(each for each in found["series"] if (each["id"], each["flow"]) == ("NO1", "production"))
    assert (one["group"], one["first"], one["last"]) == ("hydro", "2020-12-31T23:00:00Z", "2021-03-31T22:00:00Z")
    assert one["covered_seconds"] == one["expected_seconds"] == (90 * 24 - 1) * 3600
    _, out, _ = shell("status", "--source", "elhub")
    assert "elhub: 10 series, 21,590 readings" in out
    assert "no gap in any of them" in out
    assert "calls today (UTC): 6 no limit for a server of our own" in out


def test_part_of_it(shell: OpenShell, standin: ElhubStandin) -> None:
    code, out, _ = shell(*QUARTER, "--max-calls", "2")
    assert code == 3
    assert "4 calls left to make" in out
    standin.faults = parse_faults("shifted@1", ElhubStandin.kinds, ElhubStandin.day_kinds)
    code, _, err = shell(*QUARTER)
    assert code == 3
    assert "the answer was refused" in err
    assert "not whole hours" in err
    assert list((shell.folder / "home" / "answers").glob("elhub_*.txt.gz"))
    assert shell(*QUARTER)[0] == 0


def test_a_refusal_ends_with_one_line(shell: OpenShell, standin: ElhubStandin) -> None:
    standin.faults = parse_faults("403@2-9", ElhubStandin.kinds, ElhubStandin.day_kinds)
    code, _, err = shell(*QUARTER)
    assert code == 1
    last = err.strip().splitlines()[-1]
    assert last.startswith("error: Elhub refuses the call (HTTP 403")
    assert "stored before: 3,720 readings; both collections are identical" in last


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("backfill", "--source", "nowhere"), "source 'nowhere' cannot be loaded; known: elhub"),
        (("backfill", "--source", "elhub", "--since", "2021-02-01", "--until", "2021-01-01"), "no day to ask for"),
        (("backfill", "--sweep", "3"), "--sweep is for the open sources"),
        (("import", "--source", "nowhere", "x.csv"), "source 'nowhere' cannot be imported"),
        (("standin", "nowhere"), "there is no stand-in for 'nowhere'"),
        (("standin", "elhub", "--faults", "nonsense@1"), "othermonth@3"),
        (("standin", "elhub", "--meters", "3"), "are for the stand-in of linky"),
    ],
)
def test_wrong_usage(shell: OpenShell, arguments: tuple[str, ...], told: str) -> None:
    code, _, err = shell(*arguments)
    assert code == 2
    assert told in err


def test_import(shell: OpenShell, database: Database[Any]) -> None:
    """The bulk file, its wrong rows counted; a second import changes nothing; a wrong file leaves no trace."""
    wrong = shell.folder / "wrong.csv"
    wrong.write_text("a,b,c\n1,2,3\n")
    code, _, err = shell("import", "--source", "elhub", str(wrong))
    assert code == 1
    assert "wrong.csv is not a file of Elhub" in err
    assert database.list_collection_names() == []
    rows = [
        f"{start.astimezone(OSLO).isoformat()},NO1,Hydro unspecified,{number}.5"
        for number, start in enumerate(local_hours("2021-10-01", "2021-11-01"))
    ]
    bulk = shell.folder / "production.csv"
    bulk.write_text("\n".join(["START_TIME,PRICE_AREA,PRODUCTION_GROUP,VOLUME_KWH", *rows, "yesterday,NO1,Wind,5"]))
    told = shell.json("import", "--source", "elhub", str(bulk))
    assert (told["readings_new"], told["rejected"], told["identical"]) == (745, 1, True)
    told = shell.json("import", "--source", "elhub", str(bulk))
    assert (told["readings_new"], told["readings_changed"], told["readings_unchanged"]) == (0, 0, 745)
    _, out, _ = shell("import", "--source", "elhub", str(bulk))
    assert "production.csv, line 747: no time with an offset: 'yesterday'" in out


def test_the_stand_in_as_a_command(shell: OpenShell) -> None:
    process = start(shell.environ, shell.folder, "standin", "elhub", "--today", "2026-03-10", "--json")
    assert process.stdout is not None
    told = json.loads(process.stdout.readline())
    environ = shell.environ | {"ELHUB_API_URL": told["url"]}
    arguments = ("backfill", "--source", "elhub", "--since", "2021-01-01", "--until", "2021-01-03", "--json")
    code, out, err = finish(start(environ, shell.folder, *arguments))
    process.send_signal(signal.SIGINT)
    assert finish(process)[0] == 0
    assert code == 0, err
    assert json.loads(out)["readings_new"] == (24 + 25) * 48
