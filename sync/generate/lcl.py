"""London readings in the exact published form: header, CRLF, padding, seven digits, Null, off-grid, duplicates.

As published: sorted by household and time, a million rows a file, households straddling files, single-precision
artefacts, a copied row at the seams of monthly extracts, one row off the grid a household, holes. What a loader must
find is counted while writing, not by reading the files again.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

HEADER = b"LCLid,stdorToU,DateTime,KWH/hh (per half hour) \r\n"
ROWS_PER_FILE = 1_000_000
FIRST = datetime(2012, 2, 1, tzinfo=UTC)
HALF_HOUR = timedelta(minutes=30)
SEAM = 30 * 48  # half-hours between two copied rows
TIME_OF_USE = 0.2  # share of households in the trial's second arm
HOLE, ARTEFACT = 0.0004, 0.006  # shares of rows
FIRST_ID = 900_001  # no published household has such a number


@dataclass(slots=True)
class Expected:
    """What is in the files: `rows` = readings + off_grid (all of them Null) + repeated."""

    households: int = 0
    rows: int = 0
    readings: int = 0
    off_grid_null: int = 0
    repeated: int = 0
    wh: int = 0
    files: list[str] = field(default_factory=list)


def generate(folder: Path, households: int, days: int, seed: int = 0, rows_per_file: int = ROWS_PER_FILE) -> Expected:
    """Write the files and `expected.json` into a folder. The same arguments write the same bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    expected = Expected(households=households)
    waiting: list[bytes] = []
    for rows in _households(households, days, seed, expected):
        waiting += rows
        while len(waiting) >= rows_per_file:
            _write(folder, waiting[:rows_per_file], expected)
            waiting = waiting[rows_per_file:]
    if waiting:
        _write(folder, waiting, expected)
    (folder / "expected.json").write_text(json.dumps(asdict(expected), indent=2) + "\n", encoding="utf-8")
    return expected


def _write(folder: Path, rows: list[bytes], expected: Expected) -> None:
    name = f"GENERATED-LCL-June2015v2_{len(expected.files)}.csv"
    (folder / name).write_bytes(b"".join([HEADER, *rows]))
    expected.files.append(name)
    expected.rows += len(rows)


def _households(households: int, days: int, seed: int, expected: Expected) -> Iterator[list[bytes]]:
    labels = [f"{FIRST + HALF_HOUR * (slot + 1):%Y-%m-%d %H:%M:%S}.0000000".encode() for slot in range(days * 48)]
    values = [b", %s \r\n" % _kwh(wh) for wh in range(10_000)]
    first_of_second_arm = households - round(households * TIME_OF_USE)
    for number in range(households):
        arm = b"ToU" if number >= first_of_second_arm else b"Std"
        prefix = b"MAC%06d,%s," % (FIRST_ID + number, arm)
        yield _household(prefix, labels, values, np.random.default_rng((seed, number)), expected)


def _household(
    prefix: bytes, labels: list[bytes], values: list[bytes], chance: np.random.Generator, expected: Expected
) -> list[bytes]:
    wh = _energies(len(labels), chance)
    kept = np.flatnonzero(chance.random(len(labels)) > HOLE)
    artefacts = set(kept[chance.random(len(kept)) < ARTEFACT].tolist())
    rows = []
    for slot in kept.tolist():
        row = prefix + labels[slot] + (_artefact(int(wh[slot])) if slot in artefacts else values[wh[slot]])
        rows.append(row)
        if slot % SEAM == SEAM - 1:
            rows.append(row)
            expected.repeated += 1
    if len(rows) > 1:  # one row between two half-hours, as the meter was read by hand
        place = int(chance.integers(1, len(rows)))
        moment = labels[kept[min(place, len(kept) - 1)]][:17]
        rows.insert(place, prefix + moment + b"27.0000000,Null\r\n")
        expected.off_grid_null += 1
    expected.readings += len(kept)
    expected.wh += int(wh[kept].sum())
    return rows


def _energies(slots: int, chance: np.random.Generator) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Wh of each half-hour: a base, a day with two peaks, a colder winter, spikes, zeros while nobody lives there."""
    slot = np.arange(slots)
    hour = slot % 48 / 2
    day = np.exp(-((hour - 8) ** 2) / 4) + 1.6 * np.exp(-((hour - 19) ** 2) / 9)
    season = 1 + 0.3 * np.cos(2 * np.pi * (slot / 48 + 31) / 365)
    level = chance.lognormal(4.6, 0.5)
    energy = level * season * (0.4 + day) * chance.gamma(2, 0.5, slots)
    energy[chance.random(slots) < 0.005] += 1500
    energy[: int(chance.integers(0, 96))] = 0
    return np.minimum(energy, 9_999).astype(np.int64)


def _kwh(wh: int) -> bytes:
    """`0`, `0.143`, `1.2`: as few digits as needed."""
    return f"{wh / 1000:.3f}".rstrip("0").rstrip(".").encode() or b"0"


def _artefact(wh: int) -> bytes:
    """The value as single precision left it: `6.5279999` for 6.528."""
    return b", %.7f \r\n" % (wh / 1000 - 1e-7) if wh else b", 0 \r\n"
