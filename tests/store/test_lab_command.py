"""The lab as people run it: interrupted, killed, twice at once, without rights, with next to nothing stored."""

from __future__ import annotations

import re
import signal
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from subprocess import Popen
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pymongo import MongoClient
from pymongo.database import Database

from sync.lab.experiment import Lab, in_words, lacking_room
from sync.lab.forms import (
    FORMS,
    LEASE,
    MIRROR,
    RECORD,
    copy_record,
    create,
    remove_scratch,
    scratch,
    scratch_names,
    share_of,
)
from sync.lab.questions import ask, questions_about, time_questions
from sync.load.progress import Silence
from sync.model.clock import SystemClock
from sync.model.errors import StoreError
from sync.model.readings import Series
from sync.model.words import counted
from sync.settings import DEFAULT_COLLECTIONS
from sync.store.lease import Lease
from sync.store.schema import pair
from tests.processes import finish, start
from tests.servers import GuardedServer, TcpMongod
from tests.shell import MONTH, PRM, Shell, export_file
from tests.store.test_lab import fingerprint
from tests.waiting import until

pytestmark = pytest.mark.soak  # labs of whole commands

PARIS = ZoneInfo("Europe/Paris")


def load_days(sync: Shell, days: int = 60) -> None:
    code, _, err = sync("import", str(export_file(sync.folder, days=days)))
    assert code == 0, err


def started(sync: Shell, database: Database[Any]) -> Popen[str]:
    """A lab that has begun to build."""
    process = start(sync.environ, sync.folder, "compare", "--lab")
    until(lambda: scratch_names(database) or process.poll() is not None)
    assert process.poll() is None
    return process


def test_the_table(sync: Shell, database: Database[Any]) -> None:
    load_days(sync)
    code, out, err = sync("compare", "--lab")
    assert code == 0, err
    assert "2,880 readings" in out
    forms = [re.match(r"([bot]*) +(\w+) +(oldest|newest) +(index)? +\d", line) for line in out.splitlines()]
    marked = {found.groups()[1:]: found[1] for found in forms if found}
    assert len(marked) == len(FORMS)
    assert marked["seconds", "oldest", "index"] == "t"
    assert "o" in marked["hours", "oldest", "index"]
    assert sum("b" in mark for mark in marked.values()) == 1
    assert marked["regular", "oldest", "index"] == "o"
    assert max(map(len, out.splitlines())) <= 100
    assert err.startswith(
        "the lab takes less than a minute on a server nearby (readings: linky 2,880), and up to 150 s"
    )
    for question in ("one day", "a month by day", "a year by hour of day", "the maximum", "the last reading"):
        assert question in out
    assert "waiting for a checkpoint" in err
    assert scratch_names(database) == []


def test_killed_without_warning_and_run_again(sync: Shell, database: Database[Any]) -> None:
    load_days(sync)
    before = fingerprint(database)
    process = started(sync, database)
    process.kill()
    assert finish(process)[0] == -signal.SIGKILL
    left = scratch_names(database)
    assert left
    assert database.sync_lab.find_one() is None
    for words in (("status",), ("compare",), ("verify",), ("backfill", "--dry-run")):  # what only reads leaves it
        code, out, err = sync(*words)
        assert code == 0
        told = f"a killed lab left {counted(len(left), 'collection')} behind: removed by the next command that writes"
        assert (told in out) is (words == ("status",))
        assert "lab_" not in out + err
        assert scratch_names(database) == left
    assert sync.json("status")["left_behind"] == left
    before["sync_verifications"] = fingerprint(database)["sync_verifications"]
    code, _, err = sync("compare", "--lab")
    assert code == 0, err
    assert scratch_names(database) == []
    assert fingerprint(database) == before
    assert database.sync_lab.count_documents({}) == 1


@pytest.mark.parametrize("words", [("backfill", *MONTH), ("repair",), ("fleet",), ("import", "r63.csv")])
def test_what_a_killed_lab_left_is_removed_by_a_command_that_writes(
    sync: Shell, database: Database[Any], words: tuple[str, ...]
) -> None:
    load_days(sync, days=2)
    assert Lease(database, LEASE).try_acquire()
    create(database, MIRROR)
    create(database, RECORD)
    assert "left" not in sync("status")[1]  # its lab, which is this process, is running
    sync(*words)
    assert len(scratch_names(database)) == 2
    database.sync_leases.update_one({"_id": LEASE}, {"$set": {"since": "another process of that id"}})
    assert len(sync.json("status")["left_behind"]) == 2
    code, _, err = sync(*words)
    assert code in {0, 3}, err
    assert "removed 2 collections that a killed lab had left behind" in err
    assert scratch_names(database) == []
    assert sync.json("status")["left_behind"] == []
    assert sync.json("verify")["identical"]


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_interrupted(sync: Shell, database: Database[Any], how: signal.Signals) -> None:
    load_days(sync)
    before = fingerprint(database)
    process = started(sync, database)
    process.send_signal(how)
    code, _, err = finish(process)
    assert code == 3, err
    assert "Traceback" not in err
    assert scratch_names(database) == []
    assert fingerprint(database) == before
    assert Lease(database, LEASE).try_acquire()


def test_two_at_once(sync: Shell, database: Database[Any]) -> None:
    load_days(sync, days=2)
    ours = Lease(database, LEASE)
    ours.acquire(0)
    create(database, MIRROR)
    code, out, err = sync("compare", "--lab")
    assert code == 1
    assert "another lab is running" in err
    assert out == ""
    assert scratch_names(database)  # those of the other one are not touched
    remove_scratch(database)
    ours.release()


def test_nothing_stored(sync: Shell, database: Database[Any]) -> None:
    assert sync.json("compare", "--lab") == {"pairs": [], "server_version": "6.0.5", "buckets_packed": True, "lab": []}
    assert "nothing is stored yet" in sync("compare", "--lab")[1]
    assert "sync_lab" not in database.list_collection_names()


def test_few_readings_work_and_say_so(sync: Shell, database: Database[Any]) -> None:
    load_days(sync, days=1)
    database.consumption.delete_many({"ts": {"$gt": next(database.consumption.find().sort("ts", 1))["ts"]}})
    code, out, err = sync("compare", "--lab")
    assert code == 0, err
    assert "1 reading, too few to mean much" in err
    assert "fewer than 100 readings: these figures mean little" in out
    kept = database.sync_lab.find_one()
    assert kept is not None
    assert {row["documents"] for row in kept["rows"]} == {1}


def test_names_of_ones_own_are_never_dropped(sync: Shell, database: Database[Any]) -> None:
    (sync.folder / "settings.py").write_text(
        "COLLECTIONS = {'linky': ('lab_scratch_hours_oldest_index', 'consumptionTS')}\n"
    )
    code, _, err = sync("compare", "--lab")
    assert code == 2
    assert "lab_scratch_hours_oldest_index" in err
    (sync.folder / "settings.py").unlink()
    load_days(sync, days=3)
    for name in ("lab_notes", "lab_scratch_of_mine"):
        database[name].insert_one({"kept": True})
    assert sync("compare", "--lab")[0] == 0
    assert database.lab_notes.count_documents({}) == database.lab_scratch_of_mine.count_documents({}) == 1


# --- rights -----------------------------------------------------------------------------------------------------------


def test_who_may_only_read_is_told(guarded_server: GuardedServer, tmp_path: Path, sync: Shell) -> None:
    environ = sync.environ | {"MONGODB_DATABASE": guarded_server.DATABASE}
    load = ("import", str(export_file(tmp_path)))
    assert finish(start(environ | {"MONGODB_URI": guarded_server.uri("writer")}, tmp_path, *load))[0] == 0
    reader = environ | {"MONGODB_URI": guarded_server.uri("reader")}
    code, out, err = finish(start(reader, tmp_path, "compare", "--lab"))
    assert (code, out) == (1, "")
    assert "may not do update" in err
    assert "readWrite" in err
    assert "Traceback" not in err


@pytest.fixture
def quick_checkpoints(tmp_path: Path) -> Iterator[TcpMongod]:
    """A server with users whose checkpoints come by themselves every second."""
    server = TcpMongod.spawn(
        tmp_path / "db", tmp_path / "log", replica_set="", cache_gb=0.25, options=["--auth", "--syncdelay", "1"]
    )
    server.wait_until_listening()
    with MongoClient[dict[str, Any]](f"mongodb://127.0.0.1:{server.port}") as client:
        roles = [{"role": "root", "db": "admin"}]
        client.admin.command("createUser", "admin", pwd="secret", roles=roles)
    with MongoClient[dict[str, Any]](f"mongodb://admin:secret@127.0.0.1:{server.port}") as client:
        roles = [{"role": "readWrite", "db": "electricity"}]
        client.admin.command("createUser", "writer", pwd="secret", roles=roles)
    yield server
    server.kill()


def test_without_the_right_to_ask_for_a_checkpoint_it_waits_for_one(
    quick_checkpoints: TcpMongod, tmp_path: Path, sync: Shell
) -> None:
    own = {"MONGODB_URI": f"mongodb://writer:secret@127.0.0.1:{quick_checkpoints.port}/?authSource=admin"}
    environ = sync.environ | own | {"MONGODB_DATABASE": "electricity"}
    assert finish(start(environ, tmp_path, "import", str(export_file(tmp_path, days=60))))[0] == 0
    code, out, err = finish(start(environ, tmp_path, "compare", "--lab"))
    assert code == 0, err
    assert "no checkpoint came" not in out
    uri = f"mongodb://admin:secret@127.0.0.1:{quick_checkpoints.port}"
    with MongoClient[dict[str, Any]](uri) as client:
        kept = client.electricity.sync_lab.find_one()
    assert kept is not None
    assert kept["settled"]
    regular = kept["rows"][0]
    assert regular["storage_bytes"] > 4096 * 4  # far above an empty file


# --- parts ------------------------------------------------------------------------------------------------------------


def test_the_cap_takes_whole_series_then_the_newest_readings(sync: Shell, database: Database[Any]) -> None:
    other = "12345678909999"
    load_days(sync, days=2)
    text = (sync.folder / "r63.csv").read_text(encoding="utf-8").replace(PRM, other)
    (sync.folder / "other.csv").write_text(text, encoding="utf-8")
    assert sync("import", str(sync.folder / "other.csv"))[0] == 0
    own = pair(database, "linky", DEFAULT_COLLECTIONS)
    both = sorted((Series("linky", prm, "consumption") for prm in (PRM, other)), key=lambda series: series.key)
    share = share_of(own.record, 120)
    assert share == [(both[0], 96), (both[1], 24)]
    readings, seconds = copy_record(own.record, share, lambda: None)
    assert readings == 120
    assert seconds > 0
    newest = [each["ts"] for each in own.record.find(both[1].query()).sort("ts", 1)][-24:]
    copied = scratch(database, RECORD)
    assert [each["ts"] for each in copied.find(both[1].query()).sort("ts", 1)] == newest
    assert copied.count_documents(both[0].query()) == 96
    remove_scratch(database)
    result = Lab(own, PARIS, SystemClock(), Silence()).run(cap=120)
    assert result is not None
    assert (result["readings"], result["stored"], result["series"]) == (120, 192, 2)
    assert {row["documents"] for row in result["rows"]} == {120}


def test_forms_that_answer_differently_are_not_compared(sync: Shell, database: Database[Any]) -> None:
    load_days(sync, days=2)
    series = Series("linky", PRM, "consumption")
    askers = {RECORD: partial(ask, database.consumption), MIRROR: partial(ask, database.consumptionTS)}
    questions = questions_about(database.consumption, series, PARIS)
    assert set(time_questions(askers, questions, 1, lambda _: None)) == {RECORD, MIRROR}
    last = next(database.consumption.find().sort("ts", -1))
    database.consumption.update_one({"_id": last["_id"]}, {"$inc": {"wh": 1}})
    with pytest.raises(StoreError, match="differently"):
        time_questions(askers, questions, 1, lambda _: None)


def test_indexes_are_as_the_form_says(database: Database[Any]) -> None:
    for form in FORMS:
        made = create(database, form)
        keys = [list(index["key"]) for index in made.index_information().values()]
        compound = [("series", 1), ("ts", 1)]
        assert keys == ([[("_id", 1)]] if not form.is_timeseries else []) + ([compound] if form.index else [])
    remove_scratch(database)
    assert scratch_names(database) == []


def test_room_and_time_in_words() -> None:
    assert lacking_room(100e6, 400e6) == ""
    refused = lacking_room(100e6, 420e6)
    assert "needs about 420 MB" in refused
    assert "412 MB left of 512 MB" in refused
    assert lacking_room(600e6, 4.3e9) == ""  # more than a free cluster can hold: this is a Flex one
    assert "of 5,000 MB" in lacking_room(600e6, 4.5e9)
    assert in_words(20) == "less than a minute"
    assert in_words(60) == "about 1 minute"
    assert in_words(200) == "about 3 minutes"
