"""Wrong input: one clear message with the remedy, the right exit code, nothing lost, no secret."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import jwt
import pytest
from pymongo import MongoClient
from pymongo.database import Database

from sync.model.localtime import PARIS
from sync.model.window import months_before
from sync.standin.faults import parse_faults
from sync.standin.household import HOUSEHOLD_PRM
from tests.shell import MONTH, Shell, export_file

pytestmark = pytest.mark.soak  # whole commands; what each part refuses is tested beside it

KEY = "a key of thirty-two bytes or more"


def token(prms: list[str], expires: datetime) -> str:
    return jwt.encode({"sub": prms, "exp": int(expires.timestamp())}, KEY, "HS256")


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
        (("backfill", "--since", "01/02/2026"), {}, 2, "is no day: write it as YYYY-MM-DD"),
        (("backfill", "--source", "gas"), {}, 2, "known: elhub, energidata, linky"),
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
    oldest = months_before(datetime.now(PARIS).date(), 24) - timedelta(days=15)
    code, out, err = sync("backfill", "--since", "2001-01-01", "--dry-run", **REAL)
    assert code == 0
    assert f"is before the first day that is served: begins on {oldest}" in err
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
    bad = sync.folder / "bad.csv"
    bad.write_text("a;b\n1;2\n")
    code, _, err = sync("import", str(bad))
    assert code == 1
    assert "bad.csv" in err
    assert database.list_collection_names() == []
    good = export_file(sync.folder, "good.csv")
    code, out, _ = sync("import", str(good), str(bad))
    assert code == 3
    assert "FAILED bad.csv" in out
    assert database.consumption.count_documents({}) == 144


def test_files_that_contradict_each_other_are_told(sync: Shell, database: Database[Any]) -> None:
    one = export_file(sync.folder, "one.csv", days=2)
    other = export_file(sync.folder, "other.csv", days=1, watts=600)
    code, out, _ = sync("import", str(one), str(other))
    assert code == 0
    assert "48 refused" in out
    assert "contradict each other" in out
    assert database.consumption.count_documents({}) == 96
    assert database.consumption.count_documents({"wh": 300}) == 0  # the first value stays


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
    assert "stored before: " in err


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
