"""Five thousand malformed answers and files, through the whole path into a real server.

Nothing raises but our own errors, nothing is stored that was not in the input, and every point is accounted for: it is
a reading, missing, repeated or refused.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pymongo.database import Database

from sync.model.errors import FileRefused
from sync.model.readings import Series
from sync.settings import DEFAULT_COLLECTIONS
from sync.sources.linky.answers import UnknownShape, parse_curve, parse_totals
from sync.sources.linky.files import read_exports
from sync.sources.linky.points import Curve, Point, curve_from_points
from sync.sources.source import NotJson
from sync.store.schema import ensure_pair, pair
from sync.store.verify import verify_pair
from sync.store.writer import PairWriter, Written

PRM = "12345678901234"
SERIES = Series("linky", PRM, "consumption")
FEW = settings(
    max_examples=100, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
MANY = settings(FEW, max_examples=2500)
JUNK: list[Any] = [None, "", "null", "abc", "-4", "1e3", "12.5", "７", 48, 48.5, True, [], {}, "9" * 400, "\x00", "é"]
LABELS = [
    "2026-10-25 02:00:00",
    "2026-03-29 02:30:00",
    "2026-13-01 00:00:00",
    "2026-10-25T02:30:00+01:00",
    "x",
    "",
    None,
]
STEPS = ["PT30M", "PT60M", "PT10M", "PT1H", "PT0M", "PT7M", "P1D", None, 30, ""]


def answer(chance: random.Random) -> Any:
    """A small V2 or V5 answer around a change night."""
    day = chance.choice([datetime(2026, 10, 25), datetime(2026, 3, 29), datetime(2026, 5, 4)])  # noqa: DTZ001
    ends = [str(day + timedelta(minutes=30 * n)) for n in range(1, chance.randint(3, 14))]
    watts = [str(2 * chance.randint(0, 400)) for _ in ends]
    if chance.random() < 0.5:
        points = [
            {"v": w, "d": d, "p": "PT30M", "n": "B", "iv": "0", "ec": "0"} for w, d in zip(watts, ends, strict=True)
        ]
        entry = {"grandeurMetier": "CONS", "grandeurPhysique": "PA", "unite": "W", "points": points}
        return {"idPrm": PRM, "etapeMetier": "BRUT", "grandeur": [entry]}
    old = [{"value": w, "date": d, "interval_length": "PT30M"} for w, d in zip(watts, ends, strict=True)]
    return {"usage_point_id": PRM, "reading_type": {"unit": "W"}, "interval_reading": old}


def spoil(found: Any, chance: random.Random) -> None:
    """Change one place of a JSON value, at any depth."""
    if isinstance(found, dict) and found:
        key = chance.choice(list(found))
        if isinstance(found[key], dict | list) and found[key] and chance.random() < 0.85:
            spoil(found[key], chance)
        elif chance.random() < 0.3:
            del found[key]
        else:
            found[key] = chance.choice(LABELS if key in {"d", "date"} else STEPS if key in {"p"} else JUNK)
    elif isinstance(found, list) and found:
        place = chance.randrange(len(found))
        if chance.random() < 0.7:
            spoil(found[place], chance)
        elif chance.random() < 0.5:
            found.insert(place, json.loads(json.dumps(found[place])))
        else:
            found[place] = chance.choice(JUNK)


@pytest.fixture
def write(database: Database[Any]) -> Callable[[Curve], Written]:
    """Stores a curve in an emptied pair and compares what is there with the curve."""
    own = pair(database, "linky", DEFAULT_COLLECTIONS)
    ensure_pair(own)
    writer = PairWriter(own)

    def store(curve: Curve) -> Written:
        own.record.delete_many({})
        own.mirror.delete_many({})
        return writer.write(curve.batch)

    return store


def check(points: list[Point] | tuple[Point, ...], write: Callable[[Curve], Written], database: Database[Any]) -> None:
    curve = curve_from_points(SERIES, points)
    batch = curve.batch
    assert len(batch) + curve.missing + curve.repeated + len(curve.rejects) == len(points)
    if not len(batch):
        return
    written = write(curve)
    assert written.new == len(batch)
    stored = list(database.consumption.find())
    assert len(stored) == len(batch)
    assert verify_pair(pair(database, "linky", DEFAULT_COLLECTIONS)).identical
    # What is stored stands in the input: this power at this label.
    given_points = {(_digits(point.end), point.value) for point in points}
    for document in stored:
        watts = document["wh"] * 3600 / document["seconds"]
        end = document["ts"] + timedelta(seconds=document["seconds"])
        labels = {_digits(str(end.astimezone(zone).replace(tzinfo=None))) for zone in ZONES}
        assert any((label, value) in given_points for label in labels for value in _spellings(watts)), document


def _digits(text: str) -> str:
    return re.sub(r"\D", "", text[:19])


ZONES = (UTC, timezone(timedelta(hours=1)), timezone(timedelta(hours=2)))


def _spellings(watts: float) -> list[str]:
    return [f"{watts:g}", f"{watts:.0f}", str(watts), f"{watts:.1f}", f"{watts:.2f}"]


@FEW
@given(seed=st.integers(0, 2**48))
def test_malformed_answers(seed: int, write: Callable[[Curve], Written], database: Database[Any]) -> None:
    malformed_answer(seed, write, database)


@pytest.mark.soak
@MANY
@given(seed=st.integers(0, 2**48))
def test_thousands_of_malformed_answers(seed: int, write: Callable[[Curve], Written], database: Database[Any]) -> None:
    malformed_answer(seed, write, database)


def malformed_answer(seed: int, write: Callable[[Curve], Written], database: Database[Any]) -> None:
    chance = random.Random(seed)
    spoilt = answer(chance)
    for _ in range(chance.randint(1, 4)):
        spoil(spoilt, chance)
    text = json.dumps(spoilt)
    if chance.random() < 0.1:
        text = text[: chance.randrange(len(text))]
    try:
        parse_totals(text, PRM, "consumption")
    except (UnknownShape, NotJson) as shape:
        assert PRM not in str(shape)
    try:
        points = parse_curve(text, PRM, "consumption")
    except (UnknownShape, NotJson) as shape:
        assert PRM not in str(shape)
        return
    check(points, write, database)


HEAD = (
    "Identifiant PRM;Date de début;Date de fin;Grandeur physique;Grandeur métier;Etape métier;Unité;Horodate;"
    "Valeur;Nature;Pas;Indice de vraisemblance;Etat complémentaire\n"
)
BYTES = [b";", b"\n", b"\r\n", b'"', b"\x00", b"\xff", b"PT60M", b"2026-10-25 02:00:00", b"NA", b"-1", b"1e9", b"\xc3"]


def export(chance: random.Random) -> bytes:
    first = chance.choice([datetime(2026, 10, 25), datetime(2026, 3, 29), datetime(2026, 5, 4)])  # noqa: DTZ001
    rows = [
        f"{PRM};2026-01-01 00:00:00;2026-12-01 00:00:00;PA;CONS;BRUT;W;{first + timedelta(minutes=30 * n)};"
        f"{2 * chance.randint(0, 400)};B;PT30M;0;0\n"
        for n in range(1, chance.randint(3, 14))
    ]
    return (HEAD + "".join(rows)).encode()


@FEW
@given(seed=st.integers(0, 2**48))
def test_malformed_files(seed: int, tmp_path: Path, write: Callable[[Curve], Written], database: Database[Any]) -> None:
    malformed_file(seed, tmp_path, write, database)


@pytest.mark.soak
@MANY
@given(seed=st.integers(0, 2**48))
def test_thousands_of_malformed_files(
    seed: int, tmp_path: Path, write: Callable[[Curve], Written], database: Database[Any]
) -> None:
    malformed_file(seed, tmp_path, write, database)


def malformed_file(seed: int, tmp_path: Path, write: Callable[[Curve], Written], database: Database[Any]) -> None:
    chance = random.Random(seed)
    content = bytearray(export(chance))
    start = 0 if chance.random() < 0.2 else len(HEAD.encode())  # mostly the rows: a spoilt header refuses the file
    for _ in range(chance.randint(1, 4)):
        place = chance.randrange(start, len(content))
        content[place : place + chance.choice([0, 1, 1, 5, 40])] = chance.choice(BYTES)
    if chance.random() < 0.1:
        del content[chance.randrange(start, len(content)) :]
    path = tmp_path / "export.csv"
    path.write_bytes(bytes(content))
    try:
        exports = list(read_exports(path))
    except FileRefused as refused:
        assert PRM not in str(refused)
        return
    for found in exports:
        assert found.lines == len(found.points) + len(found.totals) + len(found.rejects) + found.skipped
        check(found.points, write, database)
