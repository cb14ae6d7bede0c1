"""Files that were made to harm: each small on disk, written in a moment, and as large as can be once it is read."""

from __future__ import annotations

import gzip
import io
import os
import socket
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path

GIGABYTE = 1 << 30
BLOCK = 1 << 24  # bytes packed once and repeated
PRM = "12345678901234"
R63 = (
    "Identifiant PRM;Date de début;Date de fin;Grandeur physique;Grandeur métier;Etape métier;Unité;Horodate;"
    "Valeur;Nature;Pas;Indice de vraisemblance;Etat complémentaire\n"
).encode()
ELHUB = b"START_TIME,END_TIME,PRICE_AREA,PRODUCTION_GROUP,VOLUME_KWH\n"
PRICES = b"HourUTC;PriceArea;SpotPriceEUR;SpotPriceDKK\n"
WEATHER = b"time_utc,temperature_2m (\xc2\xb0C),wind_speed_10m (m/s)\n"
LONDON = b"LCLid,stdorToU,DateTime,KWH/hh (per half hour) \r\n"
Make = Callable[[Path], Path]


def endless(head: bytes, repeated: bytes, size: int = GIGABYTE) -> bytes:
    """gzip of `head` and then `size` bytes of the same."""
    block = repeated * (BLOCK // len(repeated))
    return gzip.compress(head) + gzip.compress(block, 1) * (size // len(block))


def deflated(repeated: bytes, size: int = GIGABYTE) -> bytes:
    """A raw deflate stream of so many bytes of the same."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    block = packer.compress(repeated * (BLOCK // len(repeated))) + packer.flush(zlib.Z_FULL_FLUSH)
    return block * (size // BLOCK) + zlib.compressobj(9, zlib.DEFLATED, -15).flush()


def lying_zip(
    name: str, packed: bytes, claimed: bytes = b"0123456789", others: dict[str, bytes] | None = None
) -> bytes:
    """A ZIP with one member that says it holds `claimed`, size and checksum, and holds something else."""
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_DEFLATED) as archive:
        for other, content in (others or {}).items():
            archive.writestr(other, content)
    rest = whole.getvalue()
    begin, end = archive.start_dir, rest.rindex(b"PK\x05\x06")
    members, directory = rest[:begin], rest[begin:end]
    fields = (8, 0, 0, zlib.crc32(claimed), len(packed), len(claimed), len(name), 0)
    local = b"PK\x03\x04" + struct.pack("<HHHHHIIIHH", 20, 0, *fields) + name.encode() + packed
    entry = (
        b"PK\x01\x02" + struct.pack("<HHHHHHIIIHHHHHII", 20, 20, 0, *fields, 0, 0, 0, 0, len(members)) + name.encode()
    )
    count, whole_directory = len(others or {}) + 1, directory + entry
    end = struct.pack("<HHHHIIH", 0, 0, count, count, len(whole_directory), len(members) + len(local), 0)
    return members + local + whole_directory + b"PK\x05\x06" + end


def zipped(members: dict[str, bytes], kind: int = zipfile.ZIP_DEFLATED) -> bytes:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", kind) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return whole.getvalue()


def nested(depth: int, fan: int = 8) -> bytes:
    """ZIPs in ZIPs, many in each."""
    content = zipped({"a.csv": R63 + b"x" * 4_000_000})
    for _ in range(depth):
        content = zipped({f"{number}.zip": content for number in range(fan)})
    return content


def endless_directory() -> bytes:
    """A ZIP of a million names."""
    directory = (b"PK\x01\x02" + bytes(24) + struct.pack("<H", 1) + bytes(16) + b"a") * 600_000
    end = struct.pack("<HHHHIIH", 0, 0, 65535, 65535, len(directory), 4, 0)
    return b"PK\x03\x04" + directory + b"PK\x05\x06" + end


SHEET = (
    '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{}</sheetData></worksheet>'
)
BOOK = {
    "[Content_Types].xml": (
        '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/xl/workbook.xml" '
        'ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/><Override '
        'PartName="/xl/worksheets/sheet1.xml" ContentType='
        '"application/vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/><Override '
        'PartName="/xl/sharedStrings.xml" ContentType='
        '"application/vnd.openxmlformats-officedocument.spreadsheetml.sharedStrings+xml"/></Types>'
    ),
    "xl/workbook.xml": (
        '<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" '
        'xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets>'
        '<sheet name="Courbe" sheetId="1" r:id="rId1"/></sheets></workbook>'
    ),
    "_rels/.rels": (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" '
        'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" '
        'Target="xl/workbook.xml"/></Relationships>'
    ),
    "xl/_rels/workbook.xml.rels": (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" '
        'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" '
        'Target="worksheets/sheet1.xml"/></Relationships>'
    ),
}


def book(sheet: str = SHEET.format(""), **others: str) -> dict[str, bytes]:
    """The parts of a workbook with one sheet."""
    parts = BOOK | {"xl/worksheets/sheet1.xml": sheet} | others
    return {name: content.encode() for name, content in parts.items()}


def entities() -> str:
    """A text that repeats itself a thousand million times."""
    levels = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    return f'<!DOCTYPE x [<!ENTITY l0 "lollollol">{levels}]>' + SHEET.format("<row><c><v>&l9;</v></c></row>")


# --- files that are none ---------------------------------------------------------------------------------------------


def fifo(folder: Path) -> Path:
    os.mkfifo(folder / "pipe.csv")
    return folder / "pipe.csv"


def bound_socket(folder: Path) -> Path:
    with socket.socket(socket.AF_UNIX) as listening:
        here = Path.cwd()
        os.chdir(folder)  # the path of a socket may be no longer than 100 letters
        try:
            listening.bind("socket.csv")
        finally:
            os.chdir(here)
    return folder / "socket.csv"


def of_bytes(name: str, content: Callable[[], bytes]) -> Make:
    def make(folder: Path) -> Path:
        (folder / name).write_bytes(content())
        return folder / name

    return make


def of_lines(name: str, head: bytes, lines: Callable[[], Iterable[bytes]]) -> Make:
    """A file that is written as it comes, so that the test itself stays small."""

    def make(folder: Path) -> Path:
        with (folder / name).open("wb") as file:
            file.write(head)
            file.writelines(lines())
        return folder / name

    return make
