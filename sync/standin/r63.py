"""An Enedis R63 export as a meter of the stand-in, point for point as it lies in the file.

Read here on its own, without the importer's parser: a test that compares the two shall compare two readings.
"""

from __future__ import annotations

import csv
import gzip
import re
import zlib
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from ..model.errors import FileRefused
from ..sources.linky.points import parse_step
from .curve import CONSUMPTION, PRODUCTION, CurvePoint, LoadCurve, Meter, RecordedCurve

COLUMNS = (
    "Identifiant PRM",
    "Grandeur physique",
    "Grandeur métier",
    "Unité",
    "Horodate",
    "Valeur",
    "Nature",
    "Pas",
    "Indice de vraisemblance",
    "Etat complémentaire",
)
FLOWS = {"CONS": CONSUMPTION, "PROD": PRODUCTION}
GZIP_MAGIC = b"\x1f\x8b"
LABEL = re.compile(r"20\d\d-\d\d-\d\d \d\d:\d\d:\d\d")


def read_r63(path: Path) -> dict[str, Meter]:
    """The one meter of an R63 load curve export (`.csv` or gzip, `;` separated, UTF-8): usage point → meter.

    Raises FileRefused when the file is missing, is not such an export, is cut off or mixes usage points.
    """
    prms: set[str] = set()
    flows: dict[str, list[CurvePoint]] = {}
    for prm, flow, point in _rows(path):
        prms.add(prm)
        flows.setdefault(flow, []).append(point)
    if not flows:
        raise FileRefused(f"{path.name}: no load curve points in it; an R63 export of a period with readings is needed")
    if len(prms) > 1:
        raise FileRefused(f"{path.name}: holds {len(prms)} usage points; give a file with one")
    curves: dict[str, LoadCurve] = {flow: RecordedCurve(points) for flow, points in flows.items()}
    return {prms.pop(): Meter(curves)}


def _rows(path: Path) -> Iterator[tuple[str, str, CurvePoint]]:
    reader = csv.reader(_text(path).splitlines(), delimiter=";")
    header = next(reader, [])
    absent = [name for name in COLUMNS if name not in header]
    if absent:
        raise FileRefused(
            f"{path.name}: not an R63 load curve export (no column {', '.join(absent[:3])}); "
            "the export begins with 'Identifiant PRM;Date de début;…'"
        )
    places = [header.index(name) for name in COLUMNS]
    for row in reader:
        if not row:
            continue
        if len(row) != len(header):
            raise FileRefused(f"{path.name}, line {reader.line_num}: cut off; fetch the file again")
        try:
            yield _point([row[place] for place in places])
        except ValueError as error:
            raise FileRefused(f"{path.name}, line {reader.line_num}: {error}") from None


def _point(fields: list[str]) -> tuple[str, str, CurvePoint]:
    prm, quantity, flow, unit, label, watts, nature, step, iv, ec = fields
    if not re.fullmatch(r"\d{14}", prm):
        raise ValueError("the usage point is not 14 digits")
    if quantity != "PA" or unit != "W" or flow not in FLOWS:
        raise ValueError("not a power in W (PA) of consumption or production; only load curves can be served")
    if not LABEL.fullmatch(label):
        raise ValueError("not a time of the form 2024-05-01 00:30:00")
    datetime.fromisoformat(label)
    if watts and not watts.isdecimal():
        raise ValueError("not a whole number of W")
    if parse_step(step) is None:
        raise ValueError("not a step of a Linky such as PT30M")
    return prm, FLOWS[flow], CurvePoint(label, int(watts) if watts else None, step, nature, iv, ec)


def _text(path: Path) -> str:
    try:
        content = path.read_bytes()
        if content.startswith(GZIP_MAGIC):
            content = gzip.decompress(content)
        return content.decode("utf-8-sig")
    except (EOFError, zlib.error, gzip.BadGzipFile):
        raise FileRefused(f"{path.name}: the compressed file is cut off or damaged; fetch it again") from None
    except OSError as error:
        raise FileRefused(f"{path}: {error.strerror}; give the path of an R63 export") from None
    except UnicodeDecodeError:
        raise FileRefused(f"{path.name}: not UTF-8 text, so not an R63 export as Enedis hands it out") from None
