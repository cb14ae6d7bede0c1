"""`python -m dash_app` as a process: says where, serves, ends with everything it started."""

from __future__ import annotations

import os
import pty
import re
import signal
import socket
import subprocess
import sys
from codecs import getincrementaldecoder
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import click
import pytest
import requests
from pymongo.database import Database

from dash_app.command import command
from sync.store.embedded.server import Embedded
from tests.dash.served import PATIENCE
from tests.processes import ROOT

pytestmark = pytest.mark.soak  # whole pages, each with a server of its own

Start = Callable[..., subprocess.Popen[str]]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """`start(*arguments, **environ)`: the command in an empty folder; ended, if need be, with the test."""
    with ExitStack() as stack:

        def begin(*arguments: str, module: str = "dash_app", stdout: Any = subprocess.PIPE, **environ: str) -> Any:
            process = subprocess.Popen(
                [sys.executable, "-m", module, *arguments],
                cwd=tmp_path,
                env=os.environ | {"PYTHONPATH": str(ROOT), "SYNC_HOME": str(tmp_path / "home")} | environ,
                stdout=stdout,
                stderr=subprocess.PIPE,
                text=True,
            )
            stack.callback(process.wait)
            stack.callback(process.kill)
            return process

        yield begin


def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    out, err = process.communicate(timeout=PATIENCE)
    assert "Traceback" not in err, err
    return process.returncode, out or "", err


def address(process: subprocess.Popen[str]) -> str:
    """Where the page is, once it says so."""
    assert process.stdout is not None
    found = re.search(r"http://\S+", process.stdout.readline())
    assert found
    return found.group()


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_the_embedded_database_and_ends_with_it(start: Start, tmp_path: Path, how: signal.Signals) -> None:
    process = start("--port", "0")
    url = address(process)
    assert url.startswith("http://127.0.0.1:")
    answer = requests.get(f"{url}version", timeout=PATIENCE)
    assert answer.json()["version"]
    assert "werkzeug" not in str(answer.headers).lower()
    assert Embedded(tmp_path / "home").server() is not None
    process.send_signal(how)
    assert ended(process) == (0, "", "")
    assert Embedded(tmp_path / "home").server() is None


def test_a_taken_port(start: Start, mongo_uri: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        code, out, err = ended(start(MONGODB_URI=mongo_uri, DASH_PORT=port))
    assert (code, out) == (2, "")
    assert err == f"error: port {port} on 127.0.0.1 is taken: give another with --port or DASH_PORT\n"


WRONG: dict[str, tuple[tuple[str, ...], Mapping[str, str], str]] = {
    "a host outside": (("--host", "0.0.0.0"), {}, "set DASH_PASSWORD"),
    "a host outside, as a setting": ((), {"DASH_HOST": "::"}, "set DASH_PASSWORD"),
    "a host that is none": (("--host", "no.such.host.invalid"), {"DASH_PASSWORD": "x"}, "no.such.host.invalid"),
    "a port that is none": ((), {"DASH_PORT": "70000"}, "DASH_PORT: must be from 1 to 65535"),
    "a host with a port": ((), {"DASH_HOST": "localhost:80"}, "DASH_HOST: must be a host"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_cannot_be_is_refused_in_words(start: Start, mongo_uri: str, case: str) -> None:
    arguments, environ, expected = WRONG[case]
    code, out, err = ended(start(*arguments, MONGODB_URI=mongo_uri, **environ))
    assert (code, out) == (2, "")
    assert expected in err


def test_another_host_with_a_password(start: Start, mongo_uri: str, database: Database[Any]) -> None:
    process = start("--host", "0.0.0.0", "--port", "0", MONGODB_URI=mongo_uri, DASH_PASSWORD="secret of a test")
    url = address(process).replace("0.0.0.0", "127.0.0.1")
    assert requests.get(url, timeout=PATIENCE).status_code == 401
    assert requests.get(url, timeout=PATIENCE, auth=("me", "secret of a test")).status_code == 200
    process.send_signal(signal.SIGINT)
    code, out, err = ended(process)
    assert code == 0
    assert "secret of a test" not in out + err


def test_the_help_has_its_example(start: Start) -> None:
    code, out, _ = ended(start("--help"))
    assert code == 0
    assert "python -m dash_app --port 8051" in out
    assert {"host", "port"} == {each.name for each in command.params if isinstance(each, click.Option)}


def test_make_run_ends_with_the_page_at_a_terminal(start: Start, tmp_path: Path, port: int) -> None:
    """Elsewhere it says how to open it: that run is among the examples of `run --help`."""
    master, terminal = pty.openpty()
    process = start("run", module="sync", stdout=terminal, DASH_PORT=str(port))
    os.close(terminal)
    shown, text = "", getincrementaldecoder("utf-8")()  # a letter may come in two parts
    with os.fdopen(master, "rb", buffering=0) as screen:
        while not (found := re.search(r"(http://127\.0\.0\.1:\d+/)  \(Ctrl-C", shown)):
            shown += text.decode(screen.read(1000))
        assert "storage and indexes" in shown
        page = requests.get(found.group(1), timeout=PATIENCE)
        assert "<title>Electricity</title>" in page.text
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE) == 0
    assert Embedded(tmp_path / "home").server() is None
