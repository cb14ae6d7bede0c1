"""Ctrl-C at any moment of a command's start ends it, in good order; none is lost."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from queue import Empty
from types import FrameType
from typing import Any

import click
import pytest
from pymongo.database import Database

from sync.cli import STOPPED, main
from sync.model import signals
from sync.model.signals import kept
from sync.standin.curve import household_meters
from sync.standin.linky import LinkyStandin
from sync.store.embedded.mongod import command_line
from tests.processes import ROOT, environment, finish

STEP = 0.08  # s
WAITING = {
    "standin elhub": ("sync", "standin", "elhub"),
    "page": ("dash_app", "--port", "0"),
    "page, of the one command": ("sync", "page", "--port", "0"),
    "db": ("sync", "db", "start"),
    "backfill --wait": ("sync", "backfill", "--wait"),
}
ENDS = (0, 3, -signal.SIGINT)  # done; stopped, run again; or by the signal itself, while nothing was open yet


@pytest.fixture
def environ(database: Database[Any], mongo_uri: str, tmp_path: Path) -> Iterator[dict[str, str]]:
    """One call a day only: `backfill --wait` then waits for tomorrow."""
    with LinkyStandin(meters=household_meters(), ban_after=None) as standin:
        yield environment(standin, mongo_uri, database.name, tmp_path) | {"SYNC_CALLS_PER_DAY": "1"}


def interrupted(environ: dict[str, str], folder: Path, arguments: tuple[str, ...], after: float) -> tuple[int, str]:
    """Exit code and standard error of a command that gets one SIGINT so many seconds after its start."""
    process = subprocess.Popen(
        [sys.executable, "-m", *arguments],
        cwd=folder,
        env=environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        time.sleep(after)
        process.send_signal(signal.SIGINT)
        code, _, err = finish(process)
    finally:
        process.kill()
    return code, err


def lines_of_ours(err: str) -> list[str]:
    """Of a traceback. Python's own start, and what it imports to find the first line of ours, may speak."""
    told = [line for line in err.splitlines() if f'"{ROOT}' in line]
    return [line for line in told if ".venv" not in line and '__main__.py", line' not in line]


def demand_clean_ends(environ: dict[str, str], folder: Path, arguments: tuple[str, ...], moments: list[float]) -> None:
    for after in moments:
        code, err = interrupted(environ, folder, arguments, after)
        assert not lines_of_ours(err), f"{after:.2f} s: {err}"
        assert code in ENDS or "KeyboardInterrupt" in err, f"{after:.2f} s: {code} {err}"


@pytest.mark.parametrize("name", ["standin elhub", "page", "backfill --wait"])
def test_a_few_moments(name: str, environ: dict[str, str], tmp_path: Path) -> None:
    demand_clean_ends(environ, tmp_path, WAITING[name], [0.1, 0.35, 0.8, 1.6])


@pytest.mark.soak
@pytest.mark.parametrize("name", WAITING)
def test_every_moment_of_two_seconds(name: str, environ: dict[str, str], tmp_path: Path) -> None:
    if name == "db":
        environ |= {"MONGODB_URI": ""}
    first = list(WAITING).index(name) % 2  # what begins alike shares its moments
    demand_clean_ends(environ, tmp_path, WAITING[name], [STEP * step for step in range(first, 26, 2)])
    if name == "db":
        assert finish(_db_stop(environ, tmp_path))[0] == 0
        assert not _servers_of(tmp_path)


class _Interrupted:
    def __set_name__(self, _owner: type, _name: str) -> None:
        raise KeyboardInterrupt


def test_one_that_comes_while_a_class_is_made(capsys: pytest.CaptureFixture[str]) -> None:
    """A command that imports late is there for seconds; Python 3.11 makes a RuntimeError of it."""

    @click.command()
    def late() -> None:
        type("Curve", (), {"rejects": _Interrupted()})

    before = [(number, signal.getsignal(number)) for number in signals.ENDING]
    try:
        with pytest.raises(SystemExit) as ended:
            main(late, [])
    finally:
        for number, handler in before:
            signal.signal(number, handler)
    assert ended.value.code == STOPPED
    assert capsys.readouterr().err.startswith("stopped; everything stored so far stays")


def _db_stop(environ: dict[str, str], folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "sync", "db", "stop"],
        cwd=folder,
        env=environ | {"PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def _servers_of(folder: Path) -> list[int]:
    numbers = [int(path.name) for path in Path("/proc").iterdir() if path.name.isdecimal()]
    return [number for number in numbers if str(folder / "home" / "db") in command_line(number)]


# --- between any two lines -------------------------------------------------------------------------------------------


def test_a_signal_between_any_two_lines_of_the_wait() -> None:
    """The signal comes before each line that Python runs from the handler's place on, those of the library included."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        line = 0
        while _raised_at(line):
            line += 1
    finally:
        signal.signal(signal.SIGINT, before)
    assert line > 3


def _raised_at(wanted: int) -> bool:
    """Whether there was such a line before the wait ended. Fails where the signal was lost."""
    lines = 0

    def trace(_frame: FrameType, event: str, _argument: object) -> Any:
        nonlocal lines
        if event == "line" and signal.getsignal(signal.SIGINT) is not signal.default_int_handler:
            lines += 1
            if lines == wanted + 1:
                signal.raise_signal(signal.SIGINT)
        return trace

    sys.settrace(trace)
    try:
        with kept() as arrived:
            try:
                got = arrived.get(timeout=0.1)
            except Empty:
                assert lines <= wanted
                got = 0
    finally:
        sys.settrace(None)
    return got == signal.SIGINT


def test_elsewhere_than_in_the_main_thread_no_handler_is_touched() -> None:
    before = [signal.getsignal(number) for number in signals.ENDING]

    def elsewhere() -> None:
        signals.end_at_once()
        signals.interrupt()
        with kept():
            pass

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert [signal.getsignal(number) for number in signals.ENDING] == before


def test_an_ignored_signal_stays_ignored() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        signals.interrupt()
        signals.end_at_once()
        assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGINT, before)
