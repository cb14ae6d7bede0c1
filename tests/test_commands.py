"""The command line as people meet it: output, exit codes, wrong input, Ctrl-C; and no secret anywhere in it."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
from pymongo import MongoClient
from pymongo.database import Database

from sync.standin.curve import household_meters
from sync.standin.faults import parse_faults
from sync.standin.household import HOUSEHOLD_PRM
from sync.standin.linky import LinkyStandin
from tests.processes import environment, finish, start

NOW = datetime(2026, 11, 1, 9, 0, tzinfo=UTC)
MONTH = ("--since", "2026-10-01", "--until", "2026-11-01")
KEY = "a key of thirty-two bytes or more"
PRM = "12345678901234"


class Shell:
    """Runs commands against one database and one stand-in, and reads everything they print for secrets."""

    def __init__(self, environ: dict[str, str], folder: Path, standin: LinkyStandin) -> None:
        self.environ = environ
        self.folder = folder
        self.standin = standin
        self.seen: list[str] = []

    def __call__(self, *arguments: str, **environ: str) -> tuple[int, str, str]:
        code, out, err = finish(start(self.environ | environ, self.folder, *arguments))
        self.check(out, err)
        assert "Traceback" not in err, err
        return code, out, err

    def check(self, *texts: str) -> None:
        for text in texts:
            self.seen.append(text)
            assert HOUSEHOLD_PRM not in text
            assert self.standin.token not in text

    def json(self, *arguments: str) -> Any:
        code, out, err = self(*arguments, "--json")
        assert code in {0, 1}, err
        assert out.count("\n") == 1
        return json.loads(out)


@pytest.fixture
def sync(database: Database[Any], mongo_uri: str, tmp_path: Path) -> Iterator[Shell]:
    with LinkyStandin(meters=household_meters(), now=lambda: NOW) as standin:
        yield Shell(environment(standin, mongo_uri, database.name, tmp_path), tmp_path, standin)


def export_file(
    folder: Path, name: str = "r63.csv", days: int = 3, prm: str = "12345678901234", watts: int = 500
) -> Path:
    """A small export in the published form."""
    head = (
        "Identifiant PRM;Date de début;Date de fin;Grandeur physique;Grandeur métier;Etape métier;Unité;Horodate;"
        "Valeur;Nature;Pas;Indice de vraisemblance;Etat complémentaire\n"
    )
    first = datetime(2026, 1, 1)  # noqa: DTZ001 - labels are naive
    rows = [
        f"{PRM};2026-01-01 00:00:00;2026-02-01 00:00:00;PA;CONS;BRUT;W;"
        f"{first + timedelta(minutes=30 * n)};{watts};B;PT30M;0;0\n"
        for n in range(1, 48 * days + 1)
    ]
    path = folder / name
    path.write_text(head + "".join(rows), encoding="utf-8")
    return path


def token(prms: list[str], expires: datetime) -> str:
    return jwt.encode({"sub": prms, "exp": int(expires.timestamp())}, KEY, "HS256")


# --- what they do ---------------------------------------------------------------------------------------------------


def test_backfill_verify_status_compare(sync: Shell) -> None:
    code, out, err = sync("backfill", *MONTH)
    assert code == 0, err
    assert "6 calls (5 load curve, 1 daily totals); done so far 0" in err
    assert "1,490 readings new, 0 changed, 0 unchanged" in out
    assert "are identical: 1,490 documents each" in out

    again = sync.json("backfill", *MONTH)
    assert again | {"seconds": 0} == {
        "windows": 0,
        "calls": 0,
        "readings_new": 0,
        "readings_changed": 0,
        "readings_unchanged": 0,
        "rejected": 0,
        "flagged": 0,
        "seconds": 0,
        "identical": True,
    }
    verified = sync.json("verify")
    assert verified == {
        "identical": True,
        "pairs": [
            {
                "source": "linky",
                "regular": "consumption",
                "timeseries": "consumptionTS",
                "regular_count": 1490,
                "timeseries_count": 1490,
                "missing": 0,
                "extra": 0,
                "different": 0,
                "duplicates": 0,
            }
        ],
    }
    (status,) = sync.json("status")["sources"]
    assert status["source"] == "linky"
    assert status["series"] == [
        {
            "id": "…9999",
            "flow": "consumption",
            "first": "2026-09-30T22:00:00Z",
            "last": "2026-10-31T23:00:00Z",
            "readings": 1490,
            "expected_seconds": 1490 * 1800,
            "covered_seconds": 1490 * 1800,
            "gaps": [],
        }
    ]
    assert status["windows"] | {"planned": 0} == {"done": 5, "empty": 0, "partial": 0, "failed": 0, "planned": 0}
    assert (status["calls_today"], status["calls_per_day"]) == (6, 25)
    compared = sync.json("compare")
    (sizes,) = compared["pairs"]
    assert compared["server_version"] == "6.0.5"
    assert (sizes["source"], sizes["readings"], sizes["series"]) == ("linky", 1490, 1)
    assert sizes["timeseries"]["buckets"] == 2
    assert sizes["timeseries"]["readings_per_bucket"] == 745.0
    assert set(sizes["reduction_pct"]) == {"data", "storage", "total"}
    for names in (("verify",), ("status",), ("compare",)):
        code, out, _ = sync(*names)
        assert code == 0
        assert "1,490" in out


def test_verify_names_the_days_and_repair_mends_them(sync: Shell, database: Database[Any]) -> None:
    sync("backfill", *MONTH)
    gone = {"ts": datetime(2026, 10, 12, 10, tzinfo=UTC)}
    kept = database.consumptionTS.find_one(gone)
    record = database.consumption.find_one(gone)
    assert kept
    assert record
    database.consumption.update_one({"_id": record["_id"]}, {"$set": {"wh": record["wh"] + 1}})
    database.consumptionTS.insert_one(kept)
    database.consumption.delete_one({"ts": datetime(2026, 10, 20, 10, tzinfo=UTC)})
    code, out, _ = sync("verify")
    assert code == 1
    assert "1 extra, 1 different, 1 duplicates" in out
    assert "2026-10-12, 2026-10-20" in out
    assert "python -m sync repair" in out
    assert sync.json("repair")["identical"]
    assert sync("verify")[0] == 0


def test_dry_run_makes_no_call(sync: Shell, database: Database[Any]) -> None:
    code, out, _ = sync("backfill", *MONTH, "--dry-run")
    assert code == 0
    assert out.startswith("6 calls")
    assert sync.standin.requests == []
    assert "consumption" not in database.list_collection_names()


def test_max_calls_exits_with_3(sync: Shell) -> None:
    code, out, _ = sync("backfill", *MONTH, "--max-calls", "2")
    assert code == 3
    assert "run the same command again" in out
    assert sync("backfill", *MONTH)[0] == 0


def test_import_counts_and_lists_rejected_lines(sync: Shell) -> None:
    path = export_file(sync.folder)
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    lines[5] = lines[5].replace(";500;", ";abc;")
    lines[7] = lines[7].replace(";500;", ";;")
    path.write_text("".join(lines), encoding="utf-8")
    code, out, err = sync("import", str(path))
    assert code == 0, err
    assert "142 readings new" in out
    assert "1 refused, 0 flagged, 1 without a value" in out
    assert "r63.csv, line 6: not a power in W" in out
    assert sync.json("import", str(path))["readings_unchanged"] == 142


def test_a_generated_household_makes_way_for_real_readings(sync: Shell, database: Database[Any]) -> None:
    sync("backfill", *MONTH)
    code, _, err = sync("import", str(export_file(sync.folder)))
    assert code == 0
    assert "removed the generated household (1,490 readings)" in err
    assert database.consumption.distinct("series.id") == [PRM]
    assert sync.json("verify")["pairs"][0]["timeseries_count"] == 144


def test_ctrl_c_loses_nothing(sync: Shell) -> None:
    process = start(sync.environ | {"SYNC_REQUEST_SPACING": "0.2"}, sync.folder, "backfill", *MONTH)
    while len(sync.standin.requests) < 3:
        assert process.poll() is None
    process.send_signal(signal.SIGINT)
    code, out, err = finish(process)
    sync.check(out, err)
    assert code == 3
    assert "stopped; everything stored so far stays" in err
    assert "Traceback" not in err
    asked = len(sync.standin.requests)
    assert sync("backfill", *MONTH)[0] == 0
    assert len(sync.standin.requests) <= asked + 4
    assert sync("verify")[0] == 0


# --- wrong input ----------------------------------------------------------------------------------------------------

EXPIRED = token([HOUSEHOLD_PRM], datetime(2020, 1, 1, tzinfo=UTC))
OTHER = token(["11111111111111"], datetime(2040, 1, 1, tzinfo=UTC))
REAL = {"LINKY_API_URL": "https://conso.boris.sh/api", "SYNC_REQUEST_SPACING": "1"}  # planned for, never called


@pytest.mark.parametrize(
    ("arguments", "environ", "code", "words"),
    [
        (("backfill",), {"LINKY_PRM": "2112170764084"}, 2, "a PRM has 14 digits, this has 13"),
        (("backfill",), {"LINKY_TOKEN": "not-a-token"}, 2, "the token is not a JWT"),
        (("backfill",), {"LINKY_TOKEN": EXPIRED}, 2, "the token ended on 2020-01-01"),
        (("backfill",), {"LINKY_TOKEN": OTHER}, 2, "the token is for meter …1111, not for …9999"),
        (("backfill",), {"LINKY_TOKEN": "", "LINKY_PRM": ""}, 2, "LINKY_TOKEN is not set"),
        (("backfill", "--since", "2026-02-01", "--until", "2026-01-01"), {}, 2, "is not before --until"),
        (("backfill", "--since", "2999-01-01"), REAL, 2, "is not in the past"),
        (("backfill", "--since", "01/02/2026"), {}, 2, "does not match the format"),
        (("backfill", "--source", "gas"), {}, 2, "known: linky"),
        (("backfill",), {"SYNC_CALLS_PER_DAY": "200", "SYNC_REQUEST_SPACING": "x"}, 2, "must be from 1 to 90"),
        (("backfill",), {"MONGODB_URI": "localhost"}, 2, "must begin with mongodb://"),
        (("verify",), {"MONGODB_URI": "mongodb://user:hunter2hunter2@127.0.0.1:9/"}, 1, "127.0.0.1:9"),
        (("import", "nowhere.csv"), {}, 2, "nowhere.csv"),
        (("import",), {}, 2, "Missing argument"),
        (("frobnicate",), {}, 2, "No such command"),
    ],
)
def test_wrong_input_is_one_clear_message(
    sync: Shell, arguments: tuple[str, ...], environ: dict[str, str], code: int, words: str
) -> None:
    found, out, err = sync(*arguments, **environ)
    assert found == code, err
    assert out == ""
    assert words in err
    assert "hunter2" not in err
    assert sync.standin.requests == []
    for text in environ.values():
        assert len(text) < 40 or text not in err


def test_a_prm_with_spaces_is_taken(sync: Shell) -> None:
    spaced = " ".join(HOUSEHOLD_PRM[i : i + 4] for i in range(0, 14, 4))
    assert sync("backfill", *MONTH, "--max-calls", "1", LINKY_PRM=spaced)[0] == 3


def test_beyond_history_is_clamped_and_said(sync: Shell) -> None:
    code, out, err = sync("backfill", "--since", "2001-01-01", "--dry-run", **REAL)
    assert code == 0
    assert "is beyond the history of 24 months and 15 days: begins on" in err
    assert "at 25 a day" in out
    code, _, err = sync("backfill", "--until", "2999-01-01", "--dry-run", **REAL)
    assert code == 0
    assert "is in the future: cut to" in err


def test_every_wrong_setting_is_in_one_message(sync: Shell) -> None:
    code, _, err = sync("status", SYNC_CALLS_PER_DAY="200", SYNC_REQUEST_SPACING="x", LINKY_FLOWS="gas")
    assert code == 2
    for name in ("SYNC_CALLS_PER_DAY", "SYNC_REQUEST_SPACING", "LINKY_FLOWS"):
        assert name in err


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda db: db.create_collection("consumptionTS"), "'consumptionTS' is not a time-series collection"),
        (
            lambda db: db.create_collection("consumptionTS", timeseries={"timeField": "ts", "metaField": "series"}),
            "granularity is 'seconds'",
        ),
        (
            lambda db: db.create_collection(
                "consumption", timeseries={"timeField": "ts", "metaField": "series", "granularity": "hours"}
            ),
            "not a regular collection",
        ),
        (lambda db: db.consumption.insert_many([twin(), twin()]), "holds readings twice"),
    ],
)
def test_collections_of_another_kind_are_refused(
    sync: Shell, database: Database[Any], make: Callable[[Database[Any]], Any], words: str
) -> None:
    make(database)
    code, _, err = sync("backfill", *MONTH)
    assert code == 1
    assert words in err
    assert sync.standin.requests == []


def twin() -> dict[str, Any]:
    return {
        "ts": datetime(2026, 1, 1, tzinfo=UTC),
        "series": {"source": "linky", "id": "1", "flow": "consumption"},
        "wh": 1,
        "seconds": 1800,
    }


def test_a_refused_file_leaves_the_store_as_it_was(sync: Shell, database: Database[Any]) -> None:
    good = export_file(sync.folder, "good.csv")
    bad = sync.folder / "bad.csv"
    bad.write_bytes(good.read_text(encoding="utf-8").encode("utf-16"))
    code, _, err = sync("import", str(good), str(bad))
    assert code == 1
    assert "bad.csv" in err
    assert "iconv" in err
    assert database.list_collection_names() == []


def test_files_that_contradict_each_other_are_told(sync: Shell, database: Database[Any]) -> None:
    one = export_file(sync.folder, "one.csv", days=2)
    other = export_file(sync.folder, "other.csv", days=1, watts=600)
    code, out, _ = sync("import", str(one), str(other))
    assert code == 0
    assert "96 refused" in out
    assert "contradict each other" in out
    assert database.consumption.count_documents({}) == 48


def test_budget_setting_counts_on_a_server_of_our_own_too(sync: Shell) -> None:
    code, out, _ = sync("backfill", *MONTH, SYNC_CALLS_PER_DAY="2")
    assert code == 3
    assert "all 2 calls of this UTC day" in out
    assert len(sync.standin.requests) == 2
    assert sync("backfill", *MONTH, SYNC_CALLS_PER_DAY="2")[0] == 3
    assert len(sync.standin.requests) == 2


def test_ban_exits_with_1_and_says_what_to_do(sync: Shell) -> None:
    sync.standin.faults = parse_faults("html403@3")
    code, _, err = sync("backfill", *MONTH)
    assert code == 1
    assert "has blocked this address" in err
    assert "python -m sync import" in err
    assert "readings were stored before" in err


def test_no_document_of_ours_holds_a_secret(sync: Shell, database: Database[Any], mongo_uri: str) -> None:
    sync("backfill", *MONTH)
    with MongoClient[Any](mongo_uri) as client:
        for name in client[database.name].list_collection_names():
            if name.startswith("sync_"):
                text = str(list(client[database.name][name].find()))
                assert HOUSEHOLD_PRM not in text
                assert sync.standin.token not in text
    kept = [path for path in sync.folder.rglob("*") if path.is_file()]
    assert kept
    for path in kept:
        assert HOUSEHOLD_PRM.encode() not in path.read_bytes()


def test_today_is_not_asked_for(sync: Shell) -> None:
    sync("backfill", *MONTH)
    ends = {date.fromisoformat(request.end or "") for request in sync.standin.requests}
    assert max(ends) == date(2026, 11, 1)
