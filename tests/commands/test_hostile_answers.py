"""Answers that were made to harm, through the real loader, and through the request of a function that runs here."""

from __future__ import annotations

import gzip
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pymongo.database import Database

from tests.hostile import GIGABYTE, endless
from tests.measured import run_measured
from tests.scripted import PRM, TOKEN, Handler, Reply, says, serving
from tests.servers import PROJECT_ROOT

pytestmark = pytest.mark.soak  # each a process with a database

MOST_MB = 400
SEND = """
import sys
from sync.triggers.run.web import Request, RequestFailed, send
try:
    print("answer", len(send(Request("GET", sys.argv[1])).body))
except RequestFailed as error:
    print(error)
print(open("/proc/self/status").read().partition("VmHWM:")[2].split()[0])
"""


def without_end(handler: Handler) -> None:
    """Sends zeros until nobody wants more."""
    handler.send_response(200)
    handler.end_headers()
    handler.close_connection = True
    for _ in range(10 * GIGABYTE >> 20):
        handler.wfile.write(bytes(1 << 20))


def packed(times: int) -> Reply:
    """A gigabyte, packed so many times."""
    content = endless(b"", b" ")
    for _ in range(times - 1):
        content = gzip.compress(content)
    return says(200, content, Content_Encoding=", ".join(["gzip"] * times))


ANSWERS: dict[str, tuple[Reply, str]] = {
    "without end": (without_end, "sent more than 24 MiB"),
    "packed": (packed(1), "sent more than 24 MiB"),
    "packed thrice": (packed(3), "DecodeError"),
    "another encoding": (says(200, b"{}", Content_Encoding="br"), "DecodeError"),
    "values": (says(200, b'{"a":[' + b"[]," * 7_000_000 + b"[]]}"), "is not JSON"),
    "wide letters": (says(200, '{"\U0001f600":"'.encode() + b"x" * 23_000_000), "four times their room"),
    "page": (says(200, b"<html>\x1b[2J</html>", "text/html"), "is a page"),
    "empty": (says(200, b""), "is empty"),
    "cut": (says(200, b'{"idPrm": "\x1b[2J\xc2\x9b31m'), "is not JSON"),
}


@pytest.mark.parametrize("kind", ANSWERS)
def test_the_loader_takes_no_harm(database: Database[Any], mongo_uri: str, tmp_path: Path, kind: str) -> None:
    """One window fails, in words, and the next one is asked for."""
    reply, words = ANSWERS[kind]
    with serving() as gateway:
        gateway.replies = [reply]
        environ = {
            **{"MONGODB_URI": mongo_uri, "MONGODB_DATABASE": database.name, "SYNC_REQUEST_SPACING": "0"},
            **{"LINKY_API_URL": gateway.url, "LINKY_TOKEN": TOKEN, "LINKY_PRM": PRM},
        }
        ended = run_measured(("backfill", "--max-calls", "4"), environ, tmp_path, waits=False)
        asked = {path for path, _ in gateway.requests}
    assert ended.code == 3, ended
    assert "Traceback" not in ended.err, ended.err
    assert words in ended.err, ended.err
    assert not set(ended.out + ended.err) & set("\x1b\x9b"), ended
    assert PRM not in ended.out + ended.err
    assert ended.megabytes < MOST_MB, ended
    assert len(asked) >= 2


@pytest.mark.parametrize("kind", ["without end", "packed", "packed thrice", "another encoding"])
def test_a_function_run_here_takes_no_harm(kind: str) -> None:
    reply, words = ANSWERS[kind]
    with serving() as gateway:
        gateway.replies = [reply]
        ended = subprocess.run(
            [sys.executable, "-c", SEND, f"{gateway.url}/x"],
            cwd=PROJECT_ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
    said, peak = ended.stdout.splitlines()
    assert words in said
    assert int(peak) / 1024 < MOST_MB
