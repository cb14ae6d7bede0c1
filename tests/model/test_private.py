"""What we keep is closed to other users, and a file of settings that is not draws a warning."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from sync.http.budget import Budget
from sync.model.private import private_file, private_folder, private_home
from sync.settings import dotenv_file, load
from sync.standin.linky import LinkyStandin
from tests.clock import FakeClock
from tests.servers import run_sync


def mode(path: Path) -> str:
    return oct(stat.S_IMODE(path.stat().st_mode))


@pytest.fixture(autouse=True)
def _open_umask() -> Iterator[None]:
    """Whatever is not closed by itself is open to everyone."""
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.parametrize("was_there", [False, True])
def test_folders_and_files_of_ours(tmp_path: Path, was_there: bool) -> None:
    folder, file, home = tmp_path / "ours", tmp_path / "ours" / "file", tmp_path / "home"
    outside = tmp_path / "outside"
    outside.write_text("not ours")
    if was_there:
        folder.mkdir()
        home.mkdir()
        for name in ("file", "another"):
            (folder / name).write_text("kept")
        (folder / "link").symlink_to(outside)
    assert [mode(private_folder(folder)), mode(private_file(file)), mode(private_home(home))] == [
        "0o700",
        "0o600",
        "0o700",
    ]
    assert file.read_text() == ("kept" if was_there else "")
    assert {mode(path) for path in folder.iterdir() if not path.is_symlink()} == {"0o600"}
    assert mode(outside) == "0o666"


@pytest.mark.parametrize("kind", ["all write in it", "we work in it", "the user lives in it", "our own, by a link"])
def test_a_home_that_serves_for_more_stays_as_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    home, named = tmp_path / "home", tmp_path / "home"
    (home / "inside").mkdir(parents=True)
    home.chmod(0o777)
    if kind == "all write in it":
        home.chmod(0o1777)
    elif kind == "we work in it":
        monkeypatch.chdir(home / "inside")
    elif kind == "the user lives in it":
        monkeypatch.setenv("HOME", str(home / "inside"))
    else:
        named = tmp_path / "link"
        named.symlink_to(home)
    before = mode(home)
    private_home(named)
    assert mode(home) == ("0o700" if named != home else before)


def test_the_count_of_calls(tmp_path: Path) -> None:
    Budget("https://conso.boris.sh/api", 25, 0.0, FakeClock(), tmp_path / "state").take()
    assert [mode(tmp_path / "state"), mode(tmp_path / "state" / "budget.sqlite3")] == ["0o700", "0o600"]


SECRETS = {
    "LINKY_TOKEN=abc": True,
    "DASH_PASSWORD=abc": True,
    "ATLAS_PRIVATE_KEY=abc": True,
    "MONGODB_URI=mongodb+srv://me:abc@cluster0.example.mongodb.net/": True,
    "MONGODB_URI=mongodb://127.0.0.1:27017/": False,
    "LINKY_TOKEN=": False,
    "LINKY_FLOWS=both": False,
}


@pytest.mark.parametrize(("permissions", "is_open"), [(0o644, True), (0o640, True), (0o600, False)])
@pytest.mark.parametrize(("line", "is_secret"), SECRETS.items())
def test_a_readable_dotenv(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], line: str, is_secret: bool, permissions: int, is_open: bool
) -> None:
    path = tmp_path / ".env"
    path.write_text(line)
    path.chmod(permissions)
    for _time in range(2):
        dotenv_file(path)
    warnings = capsys.readouterr().err.splitlines()
    assert len(warnings) == (is_secret and is_open)
    assert all(f"chmod 600 {path}" in warning and "abc" not in warning for warning in warnings)


def test_a_readable_file_of_settings(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "settings.py"
    path.write_text(f"LINKY_METERS = [{{'token': '{LinkyStandin().token}'}}]\n")
    load(tmp_path, {})
    assert f"chmod 600 {path}" in capsys.readouterr().err


def test_a_command_warns_once_and_its_remedy_works(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("DASH_PASSWORD=abc\n")
    warning = "warning: .env holds a token or password and other users of this machine may read it: chmod 600 .env\n"
    assert run_sync("db", "uri", cwd=tmp_path).stderr.startswith(warning)
    (tmp_path / ".env").chmod(0o600)
    assert "warning" not in run_sync("db", "uri", cwd=tmp_path).stderr
