"""Files that were made to harm, through the real command: under 400 MB, no traceback, the right exit code, one line."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pymongo.database import Database

from tests.hostile import (
    ELHUB,
    LONDON,
    PRICES,
    R63,
    SHEET,
    WEATHER,
    Make,
    book,
    bound_socket,
    deflated,
    endless,
    endless_directory,
    entities,
    fifo,
    lying_zip,
    nested,
    of_bytes,
    of_lines,
    zipped,
)
from tests.measured import Ended, run_measured

MOST_MB = 400
ESCAPE = "\x1b[2J\x1b]0;owned\x07\x9b31m"


@pytest.fixture
def run(database: Database[Any], mongo_uri: str, tmp_path: Path) -> Iterator[Any]:
    def command(*arguments: str) -> Ended:
        environ = {"MONGODB_URI": mongo_uri, "MONGODB_DATABASE": database.name}
        ended = run_measured(arguments, environ, tmp_path)
        assert "Traceback" not in ended.err, ended.err
        assert not set(ended.out + ended.err) & set("\x1b\x07\x9b\r"), ended
        assert ended.megabytes < MOST_MB, ended
        return ended

    return command


def refused(ended: Ended, code: int, words: str) -> None:
    """In one line, which says why."""
    assert ended.code == code, ended
    assert words in ended.err
    assert ended.err.startswith("error: ")
    assert ended.err.count("\n") == 1, ended.err
    assert len(ended.err) < 500


# --- what is no file -------------------------------------------------------------------------------------------------

SPECIAL: dict[str, tuple[Make, str]] = {
    "device": (lambda _: Path("/dev/zero"), "/dev/zero is a device"),
    "pipe": (fifo, "pipe.csv is a pipe"),
    "socket": (bound_socket, "socket.csv is a socket"),
    "folder": (lambda folder: folder, "is a folder"),
    "nothing": (lambda folder: folder / "absent.csv", "No such file"),
    "link": (lambda folder: linked(folder / "link.xlsx"), "is a device"),
}


def linked(path: Path) -> Path:
    path.symlink_to("/dev/zero")
    return path


@pytest.mark.parametrize("kind", SPECIAL)
def test_what_is_no_file_is_refused_at_once(run: Any, tmp_path: Path, kind: str) -> None:
    make, words = SPECIAL[kind]
    refused(run("import", str(make(tmp_path))), 2, words)


@pytest.mark.parametrize("source", ["elhub", "energidata", "weather", "lcl"])
@pytest.mark.parametrize("kind", ["device", "pipe", "link"])
def test_and_so_it_is_by_every_source(run: Any, tmp_path: Path, source: str, kind: str) -> None:
    make, words = SPECIAL[kind]
    refused(run("import", "--source", source, str(make(tmp_path))), 2, words)


# --- what is small on disk and large in memory -----------------------------------------------------------------------

CSV_LINE = "a line of more than 2,000 bytes"
LARGE = "unpack to more than 32 MB"
BOOK = "no workbook of readings"
UNPACKED: dict[str, tuple[str, Make, int, str]] = {
    "gzip of one line": ("linky", of_bytes("a.csv.gz", lambda: endless(R63, b"x")), 1, LARGE),
    "gzip in gzip": ("linky", of_bytes("a.gz", lambda: gzip.compress(endless(R63, b"x"), 1)), 1, LARGE),
    "zip that lies": (
        "linky",
        of_bytes("a.zip", lambda: lying_zip("a.csv", deflated(b"x"))),
        1,
        "is cut off or damaged",
    ),
    "zip of much": ("linky", of_bytes("a.zip", lambda: zipped({"a.csv": bytes(40_000_000)})), 1, LARGE),
    "nested zips": ("linky", of_bytes("a.zip", lambda: nested(2)), 1, "unpack to more than"),
    "deep zips": ("linky", of_bytes("a.zip", lambda: nested(4, 1)), 1, "packed too often"),
    "many members": ("linky", of_bytes("a.zip", lambda: zipped(dict.fromkeys(map(str, range(3000)), b""))), 1, LARGE),
    "names without end": ("linky", of_bytes("a.zip", endless_directory), 1, "table of contents"),
    "empty lines": ("linky", of_bytes("a.csv", lambda: R63 + b"\n" * 30_000_000), 1, "lines. Import it in parts"),
    "workbook that lies": (
        "linky",
        of_bytes("a.xlsx", lambda: lying_zip("xl/sharedStrings.xml", deflated(b"<si/>\n\n\n"), others=book())),
        1,
        "damaged",
    ),
    "workbook of much": ("linky", of_bytes("a.xlsx", lambda: zipped(book("<a/>" * 7_000_000))), 1, BOOK),
    "workbook of tags": ("linky", of_bytes("a.xlsx", lambda: zipped(book("<a/>" * 3_000_000))), 1, BOOK),
    "workbook that repeats itself": ("linky", of_bytes("a.xlsx", lambda: zipped(book(entities()))), 1, BOOK),
    "elhub line": ("elhub", of_bytes("a.csv.gz", lambda: endless(ELHUB, b"x")), 1, CSV_LINE),
    "elhub header": ("elhub", of_bytes("a.csv.gz", lambda: endless(b"", b"START_TIME,")), 1, CSV_LINE),
    "elhub quote": ("elhub", of_bytes("a.csv.gz", lambda: endless(ELHUB + b'"', b"xxxxxxx\n")), 1, "a quote"),
    "elhub areas": ("elhub", of_lines("a.csv", ELHUB, lambda: areas(60_000)), 3, "more than 2,000 series"),
    "elhub bad rows": ("elhub", of_bytes("a.csv.gz", lambda: endless(ELHUB, b"a,b,c,d\n")), 3, "50,000 of its rows"),
    "price line": ("energidata", of_bytes("a.csv.gz", lambda: endless(PRICES, b"x")), 1, CSV_LINE),
    "price quote": ("energidata", of_bytes("a.csv.gz", lambda: endless(PRICES + b'"', b"x;\n\n")), 1, "a quote"),
    "bad prices": ("energidata", of_bytes("a.csv.gz", lambda: endless(PRICES, b"a;b;c;d\n")), 3, "50,000 of its rows"),
    "weather line": ("weather", of_bytes("NO1.csv.gz", lambda: endless(WEATHER, b"x")), 1, CSV_LINE),
    "weather rows": ("weather", of_bytes("NO1.csv.gz", lambda: endless(WEATHER, b"a,1,2.\n.")), 3, "too large"),
    "london line": ("lcl", of_bytes("a.csv.gz", lambda: endless(LONDON, b"x")), 3, CSV_LINE),
    "london header": ("lcl", of_bytes("a.csv.gz", lambda: endless(b"", b"x")), 3, "no header of the London readings"),
    "london zip that lies": ("lcl", of_bytes("a.zip", lambda: lying_zip("a.csv", deflated(b"x"))), 3, "cannot be read"),
    "london names": ("lcl", of_bytes("a.zip", endless_directory), 1, "its list of files"),
    "london households": (
        "lcl",
        of_lines("a.csv", LONDON, lambda: households(60_000)),
        3,
        "more than 10,000 households",
    ),
}


def areas(count: int) -> Iterator[bytes]:
    for number in range(count):
        yield b"2024-01-01T00:00:00+01:00,2024-01-01T01:00:00+01:00,A%d,hydro,1\n" % number


def households(count: int) -> Iterator[bytes]:
    for number in range(count):
        yield b"MAC%d,Std,2012-10-12 00:30:00.0000000,0.1 \r\n" % number


@pytest.mark.soak  # each a process with a database
@pytest.mark.parametrize("kind", UNPACKED)
def test_what_is_small_on_disk_takes_no_memory(run: Any, tmp_path: Path, kind: str) -> None:
    source, make, code, words = UNPACKED[kind]
    ended = run("import", "--source", source, str(make(tmp_path)))
    if code == 3:  # its header was right: what could be read of it is stored, and it is told as failed
        assert ended.code == 3, ended
        assert words in ended.out
        assert ended.err.count("\n") == 1
    else:
        refused(ended, code, words)


# --- what a terminal obeys -------------------------------------------------------------------------------------------


@pytest.mark.soak
@pytest.mark.parametrize("source", ["linky", "elhub", "energidata", "weather", "lcl"])
def test_no_name_and_no_cell_commands_the_terminal(run: Any, tmp_path: Path, source: str) -> None:
    path = tmp_path / f"NO1 {ESCAPE}.csv"
    heads = {"linky": R63, "elhub": ELHUB, "energidata": PRICES, "weather": WEATHER, "lcl": LONDON}
    row = f"{ESCAPE},{ESCAPE};{ESCAPE},{ESCAPE};a,b;c\n".encode()
    path.write_bytes(heads[source] + row * 3)
    ended = run("import", "--source", source, "--json", str(path))
    assert ended.code in {0, 1, 3}, ended
    assert "owned" in ended.out + ended.err
    path.write_bytes(ESCAPE.encode() + heads[source])
    ended = run("import", "--source", source, str(path))
    assert ended.code in {1, 3}, ended
    assert "owned" in ended.err


# --- the largest that is taken, and the worst ------------------------------------------------------------------------


def half_hour() -> bytes:
    return b"12345678901234;2026-01-01;2026-12-01;PA;CONS;BRUT;W;2026-01-01T01:00:00+01:00;500;B;PT30M;0;0\n"


def half_hours(count: int) -> Iterator[bytes]:
    first = datetime(2006, 1, 1, tzinfo=UTC)
    for number in range(1, count + 1):
        end = (first + timedelta(minutes=30 * number)).isoformat().encode()
        yield b"12345678901234;2026-01-01;2026-12-01;PA;CONS;BRUT;W;%s;%d;B;PT30M;0;0\n" % (end, 2 * (number % 900))


WORST: dict[str, tuple[str, Make]] = {
    "half hours": ("linky", of_lines("a.csv", R63, lambda: half_hours(330_000))),
    "junk": ("linky", of_lines("a.csv", R63, lambda: (b"junk %d\n" % n for n in range(690_000)))),
    "wide letters": ("linky", of_lines("a.csv", R63, lambda: ["\U0001f600".encode(), *(b"x" * 99 + b"\n",) * 310_000])),
    "shared texts": (
        "linky",
        of_bytes(
            "a.xlsx",
            lambda: zipped(book(**{"xl/sharedStrings.xml": "<sst>" + "<si><t>abc</t></si>" * 450_000 + "</sst>"}), 8),
        ),
    ),
    "rows of a sheet": (
        "linky",
        of_bytes("a.xlsx", lambda: zipped(book(SHEET.format("<row><c><v>1</v></c></row>" * 300_000)))),
    ),
}


@pytest.mark.soak
@pytest.mark.parametrize("kind", WORST)
def test_the_worst_that_is_taken(run: Any, tmp_path: Path, kind: str) -> None:
    source, make = WORST[kind]
    ended = run("import", "--source", source, str(make(tmp_path)))
    assert ended.code in {0, 1}, ended


def test_the_files_of_one_command_are_counted_together(run: Any, tmp_path: Path) -> None:
    names = [
        str(of_bytes(f"{n}.csv.gz", lambda: gzip.compress(R63 + half_hour() * 90_000))(tmp_path)) for n in range(4)
    ]
    refused(run("import", *names), 1, LARGE)
