"""The embedded server: shared by processes, left behind by killed ones, found again, ended by the last user."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from sync.model.errors import StoreUnavailable, UsageError
from sync.store.embedded.server import Embedded, Stopped, running
from tests.servers import TcpMongod
from tests.store.holders import Holder, kept, pid_of, put
from tests.waiting import until

Hold = Callable[[], Holder]


def test_runs_for_its_user_and_keeps_what_was_stored(home: Path) -> None:
    with running(home) as first:
        put(first, 1)
        server = Embedded(home).server()
        assert server
        assert server.uri == first
    assert not server.is_running()
    assert Embedded(home).server() is None
    with running(home) as second:
        assert second == first  # the same socket again: an address that was noted down stays good
        assert kept(second) == [1]


def test_two_processes_share_it_and_the_last_ends_it(home: Path, hold: Hold) -> None:
    first, second = hold(), hold()
    assert first.uri() == second.uri() != ""
    server = Embedded(home).server()
    assert server
    assert first.leave() == 0
    assert server.is_running()
    assert second.leave() == 0
    assert not server.is_running()


def test_four_that_start_at_once_start_one_server(home: Path, hold: Hold) -> None:
    holders = [hold() for _ in range(4)]
    assert len({holder.uri() for holder in holders} - {""}) == 1
    pid = pid_of(home)
    for holder in holders:
        assert pid_of(home) == pid
        assert holder.leave() == 0
    assert Embedded(home).server() is None


def test_two_users_in_one_process(home: Path) -> None:
    with running(home) as outer:
        with running(home) as inner:
            assert inner == outer
        assert pid_of(home)
    assert Embedded(home).server() is None


def test_ctrl_c_reaches_the_command_and_not_the_server(home: Path, hold: Hold) -> None:
    starter, other = hold(), hold()
    starter.uri()
    uri = other.uri()
    starter.interrupt()
    put(uri, 1)
    other.interrupt()
    assert Embedded(home).server() is None


def test_the_server_of_a_killed_user_serves_the_next_and_ends_with_it(home: Path, hold: Hold) -> None:
    killed = hold()
    put(killed.uri(), 1)
    pid = pid_of(home)
    killed.kill()
    with running(home) as uri:
        assert pid_of(home) == pid
        assert kept(uri) == [1]
    assert Embedded(home).server() is None


@pytest.mark.parametrize("moment", ["it is known", "it has locked its files"])
def test_a_user_killed_while_the_server_starts(home: Path, hold: Hold, moment: str) -> None:
    """The server is found again in whatever state it is: not yet listening, not yet a replica set."""
    killed = hold()
    state, lock = home / "mongod.json", home / "db" / "mongod.lock"
    if moment == "it is known":
        until(lambda: state.exists() and json.loads(state.read_text())["pid"])
    else:
        until(lambda: lock.exists() and lock.read_text())
    killed.kill()
    with running(home) as uri:
        put(uri, 1)
        assert kept(uri) == [1]
    assert Embedded(home).server() is None


@pytest.mark.parametrize("files", [1, 6, 12])
def test_a_server_killed_while_it_made_its_first_files(home: Path, hold: Hold, files: int) -> None:
    """Such files start no server any more; nothing can be stored in them, so they make way."""
    killed = hold()
    lock = home / "db" / "mongod.lock"
    until(lambda: lock.exists() and lock.read_text() and len(list((home / "db").glob("*.wt"))) >= files)
    os.kill(int(lock.read_text()), signal.SIGKILL)
    killed.kill()
    with running(home) as uri:
        put(uri, 1)
    with running(home) as uri:
        assert kept(uri) == [1]


def test_a_server_that_was_not_noted_down_is_found_by_its_own_lock(home: Path, hold: Hold) -> None:
    """A command killed between the start of the server and the note of its process id."""
    killed = hold()
    killed.uri()
    pid = pid_of(home)
    state = json.loads((home / "mongod.json").read_text())
    killed.kill()
    (home / "mongod.json").write_text(json.dumps(state | {"pid": 0}))
    with running(home):
        assert pid_of(home) == pid
    assert Embedded(home).server() is None


def test_a_stale_process_id_of_another_program_is_left_alone(home: Path, hold: Hold) -> None:
    bystander = hold()
    bystander.uri()
    other = home.parent / "other"
    other.mkdir()
    (other / "mongod.json").write_text(json.dumps({"pid": pid_of(home), "port": 27017, "pinned": False}))
    with running(other) as uri:
        put(uri, 1)
    assert pid_of(home)
    assert bystander.leave() == 0


def test_a_killed_server_starts_again_with_everything(home: Path) -> None:
    with running(home) as first:
        put(first, 1)
        server = Embedded(home).server()
        assert server
        server.kill()
        with running(home) as second:
            assert kept(second) == [1]
    assert Embedded(home).server() is None


def test_a_pinned_server_outlives_its_users(home: Path, hold: Hold) -> None:
    uri = Embedded(home).pin()
    pid = pid_of(home)
    with running(home) as same:
        assert same == uri
    assert pid_of(home) == pid
    assert Embedded(home).unpin() is Stopped.STOPPED
    assert Embedded(home).server() is None
    assert Embedded(home).unpin() is Stopped.NOT_RUNNING


def test_unpinned_while_in_use_it_ends_with_the_last_user(home: Path, hold: Hold) -> None:
    user = hold()
    uri = user.uri()
    assert Embedded(home).pin() == uri
    assert Embedded(home).unpin() is Stopped.IN_USE
    put(uri, 1)
    assert user.leave() == 0
    assert Embedded(home).server() is None


def test_stopping_where_none_ever_ran_leaves_no_trace(home: Path) -> None:
    assert Embedded(home).unpin() is Stopped.NOT_RUNNING
    assert not home.exists()


def test_a_home_that_cannot_be_written_is_a_wrong_setting(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(UsageError, match=r"SYNC_HOME .*/file/home cannot be used .*Not a directory"):
        Embedded(tmp_path / "file" / "home").join()


def test_files_in_use_by_another_mongod(home: Path, tmp_path: Path) -> None:
    other = TcpMongod.spawn(home / "db", tmp_path / "log")
    try:
        other.wait_until_listening()
        with pytest.raises(StoreUnavailable, match="another mongod uses the same folder"):
            Embedded(home).join()
        assert other.is_running()
    finally:
        other.kill()


def test_no_secret_of_the_user_stays_with_the_server(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LINKY_TOKEN", "s3cret")
    with running(home):
        assert b"s3cret" not in Path(f"/proc/{pid_of(home)}/environ").read_bytes()
