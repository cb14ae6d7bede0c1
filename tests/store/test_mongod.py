"""One mongod process: where its program comes from, and why it did not start or has ended."""

from __future__ import annotations

import re
import resource
from pathlib import Path
from typing import Any

import pytest
from pymongo.errors import PyMongoError

from sync.errors import StoreUnavailable
from sync.store import mongod as module
from sync.store.mongod import Mongod, find_binary, free_port
from tests.servers import direct
from tests.store.conftest import small_disk


def start(folder: Path, **options: Any) -> Mongod:
    """A server that takes writes; one that does not start leaves no process."""
    server = Mongod.spawn(folder / "db", folder / "log", **options)
    try:
        server.wait_until_primary()
    except StoreUnavailable:
        assert not server.is_running()
        raise
    return server


def fill(server: Mongod, most: int = 200) -> int:
    """Insert until the server ends; returns how many documents it confirmed."""
    confirmed = 0
    with direct(server.port, retryWrites=False) as client:
        try:
            for _ in range(most):
                client.own.filled.insert_many([{"text": "x" * 1000} for _ in range(1000)])
                confirmed += 1000
        except PyMongoError:
            return confirmed
    raise AssertionError("there is no end to this disk")


def test_a_binary_that_an_installer_left_without_its_permission(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    binary = find_binary()
    monkeypatch.setattr(module.os, "access", lambda *_: False)
    binary.chmod(0o755)
    assert find_binary() == binary
    assert binary.stat().st_mode & 0o111


def test_the_mongod_on_the_path_where_the_package_is_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mongod").symlink_to(find_binary())
    monkeypatch.setattr(module, "PACKAGE", "a-package-that-is-not-there")
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_binary() == tmp_path / "mongod"


def test_no_mongod_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PACKAGE", "a-package-that-is-not-there")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(StoreUnavailable, match=r"no mongod on this machine: pip install .* or set MONGODB_URI"):
        start(tmp_path)


def test_a_missing_library_is_named_with_its_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "libcurl.so.4").write_text("not a library")  # the dynamic linker refuses it as it would its absence
    monkeypatch.setenv("LD_LIBRARY_PATH", str(tmp_path))
    with pytest.raises(StoreUnavailable, match=r"the library libcurl\.so\.4 is missing .*apt-get install libcurl4\)"):
        start(tmp_path)


def test_a_program_that_is_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "mongod").write_bytes(b"\x7fELF of another machine")
    (tmp_path / "mongod").chmod(0o755)
    monkeypatch.setattr(module, "PACKAGE", "a-package-that-is-not-there")
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(StoreUnavailable, match=r"cannot be run \(Exec format error\): install"):
        start(tmp_path)


def test_files_of_a_newer_version_and_damaged_files(tmp_path: Path) -> None:
    start(tmp_path).stop()
    turtle = tmp_path / "db" / "WiredTiger.turtle"
    sound = turtle.read_text()
    turtle.write_text(re.sub(r"major=\d+", "major=99", sound))
    with pytest.raises(StoreUnavailable, match="written by another MongoDB version"):
        start(tmp_path)
    turtle.write_text("rubbish")
    with pytest.raises(StoreUnavailable, match="the files are damaged"):
        start(tmp_path)
    assert (tmp_path / "log.1").exists()  # the log of the start before


def test_words_that_we_do_not_know_are_shown(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match=r"its log says: .*nonsense.* \(log: .*/log\)"):
        start(tmp_path, options=["--nonsense"])


def test_a_server_ended_from_outside_while_it_starts(tmp_path: Path) -> None:
    server = Mongod.spawn(tmp_path / "db", tmp_path / "log")
    server.kill()
    with pytest.raises(StoreUnavailable, match="it was ended from outside: run again"):
        server.wait_until_primary()


def test_the_free_port_is_the_preferred_one_unless_it_is_taken(tmp_path: Path) -> None:
    port = free_port()
    assert free_port(port) == port
    server = start(tmp_path, port=port)
    assert free_port(port) != port
    server.kill()


def test_a_file_size_limit_is_said_and_nothing_is_lost(tmp_path: Path) -> None:
    server = start(tmp_path)
    resource.prlimit(server.pid, resource.RLIMIT_FSIZE, (5_000_000, 5_000_000))
    confirmed = fill(server)
    assert "a file-size limit is reached" in _end(server)
    again = start(tmp_path, port=server.port)
    with direct(again.port) as client:
        assert client.own.filled.count_documents({}) >= confirmed
    again.kill()


def test_a_full_disk_is_said_and_nothing_is_lost(tmp_path: Path) -> None:
    """On a small disk of its own; where none can be mounted, the last words of a server on one stand in."""
    with small_disk(tmp_path / "disk", 48) as mounted:
        if not mounted:
            log = tmp_path / "log"
            log.write_text('{"s":"E","msg":"WiredTiger error message","attr":{"message":{"msg":"pwrite: failed",')
            log.write_text(log.read_text() + '"error_str":"No space left on device","error_code":28}}}\n')
            assert "the disk is full" in Mongod(tmp_path, log, 0, 0).why_it_ended()
            return
        folder = tmp_path / "disk"
        (folder / "ballast").write_bytes(bytes(20_000_000))
        server = start(folder)
        confirmed = fill(server)
        assert "the disk is full" in _end(server)
        with pytest.raises(StoreUnavailable, match="the disk is full: make room and run again"):
            start(folder)
        (folder / "ballast").unlink()
        again = start(folder, port=server.port)
        with direct(again.port) as client:
            assert client.own.filled.count_documents({}) >= confirmed
        again.kill()


def _end(server: Mongod) -> str:
    server.stop()  # it may still be writing its last words
    return server.why_it_ended()
