"""One mongod process: where its program comes from, and why it did not start or has ended."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import pytest

from sync.model.errors import StoreUnavailable
from sync.store.embedded import mongod as module
from sync.store.embedded.mongod import Mongod, find_binary


def start(folder: Path, **options: Any) -> Mongod:
    """A server that takes writes; one that does not start leaves no process."""
    server = Mongod.spawn(folder / "db", folder / "log", **options)
    try:
        server.wait_until_primary()
    except StoreUnavailable:
        assert not server.is_running()
        raise
    return server


def test_a_program_that_an_installer_left_without_its_permission(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An installed package of the same form; the real one is in use by other tests at this moment."""
    program = tmp_path / module.PROGRAM_IN_PACKAGE
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh")
    program.chmod(0o644)
    about = tmp_path / "mongod_of_a_test-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: mongod-of-a-test\nVersion: 1.0\n")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(module, "PACKAGE", "mongod-of-a-test")
    assert find_binary() == program
    assert os.access(program, os.X_OK)


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
