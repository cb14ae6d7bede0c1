"""One answer, two languages: the same readings, the same holes, the same refusals, down to the stored bytes."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pymongo.database import Database

from sync.model.localtime import midnight
from sync.model.readings import Series, instant
from sync.settings import DEFAULT_COLLECTIONS
from sync.sources.linky.points import Digits, Point, curve_from_points
from sync.store.schema import ensure_pair, pair
from sync.store.writer import PairWriter
from tests.contract.generated import Question, answer
from tests.contract.sides import (
    as_compared,
    as_told,
    by_id,
    javascript_curves,
    python_curve,
    python_documents,
    stored_documents,
)

GENERATED = 2_000
TWO_DAYS = (midnight(date(2026, 9, 29)), midnight(date(2026, 10, 1)))


def compare(folder: Path, database: Database[Any], questions: list[Question]) -> list[dict[str, Any]]:
    """Read and store in JavaScript, hold everything against the Python side; returns the curves of both."""
    ensure_pair(pair(database, "linky", DEFAULT_COLLECTIONS))
    told = list(javascript_curves(folder, database, questions, store=True))
    assert {mirror for each in told for mirror in each["mirrors"]} <= {"same"}
    parsed = [python_curve(question) for question in questions]
    curves = [as_told(curve) for curve in parsed]
    assert [as_compared(each) for each in told] == curves
    assert stored_documents(database, "consumption") == python_documents(curve.batch for curve in parsed if curve)
    # The server takes the documents of a time-series collection apart: they are held against those of the record.
    record, mirror = (by_id(database, name) for name in ("consumption", "consumptionTS"))
    assert record == mirror
    assert {type(each[name]) for each in mirror.values() for name in ("wh", "seconds")} == {int}
    return curves


def test_recorded_answers(both_forms: Path, database: Database[Any], shared_data: Path) -> None:
    samples = shared_data / "linky" / "samples"
    questions = [
        Question((samples / f"{name}.json").read_text(encoding="utf-8"), prm, flow, TWO_DAYS, 36_000)
        for name, prm, flow in (
            ("v2_courbe_de_charge_consommation", "99999999999991", "consumption"),
            ("v2_courbe_de_charge_production", "99999999999992", "production"),
        )
    ]
    assert [len(curve["readings"]) for curve in compare(both_forms, database, questions)] == [96, 96]


def test_every_recorded_answer_is_read_alike(folder: Path, database: Database[Any], shared_data: Path) -> None:
    samples = shared_data / "linky" / "samples"
    texts = [path.read_text(encoding="utf-8") for path in sorted(samples.glob("v?_*.json"))]
    cases = json.loads((samples / "conso_api_legacy_v5.json").read_text(encoding="utf-8"))
    cases += json.loads((samples / "errors_observed.json").read_text(encoding="utf-8"))
    texts += [json.dumps(case.get("body")) for case in cases]
    forever = (midnight(date(2015, 1, 1)), midnight(date(2030, 1, 1)))
    questions = [
        Question(text, prm, flow, forever, 36_000)
        for text in texts
        for prm in ("99999999999991", "99999999999992", "11111111111111", "99999999999999")
        for flow in ("consumption", "production")
    ]
    told = [as_compared(each) for each in javascript_curves(folder, database, questions)]
    assert told == [as_told(python_curve(question)) for question in questions]
    assert sum(bool(each.get("readings")) for each in told) >= 4


def test_the_reading_of_an_api_takes_the_place_of_a_coarser_one(both_forms: Path, database: Database[Any]) -> None:
    own = pair(database, "linky", DEFAULT_COLLECTIONS)
    ensure_pair(own)
    start = TWO_DAYS[0]
    points = [Point("2026-09-29 00:30:00", "690", "PT30M"), Point("2026-09-29 01:00:00", "1380", "PT30M")]
    series = Series("linky", "12345678901234", "consumption")
    coarse = curve_from_points(series, points, digits=Digits(resolution=10)).batch
    assert dict(coarse.flags) == {0: "res:5", 1: "res:5"}
    PairWriter(own).write(coarse)
    readings = [
        {"date": point.end, "value": watts, "interval_length": "PT30M"}
        for point, watts in zip(points, ("692", "1380"), strict=True)
    ]
    text = json.dumps({"usage_point_id": series.id, "reading_type": {"unit": "W"}, "interval_reading": readings})
    question = Question(text, series.id, series.flow, TWO_DAYS, 36_000)
    (told,) = javascript_curves(both_forms, database, [question], store=True)
    assert (told["new"], told["changed"], told["unchanged"]) == (0, 2, 0)
    found = [(each["ts"], each["wh"], each.get("flag")) for each in own.record.find().sort("ts", 1)]
    assert found == [(instant(start), 346, None), (instant(start + 1_800_000), 690, None)]
    parsed = python_curve(question)
    assert parsed is not None
    assert PairWriter(own).write(parsed.batch).unchanged == 2
    record, mirror = (by_id(database, name) for name in ("consumption", "consumptionTS"))
    assert record == mirror


@pytest.mark.soak
def test_generated_answers(folder: Path, database: Database[Any]) -> None:
    curves = compare(folder, database, [answer(number) for number in range(GENERATED)])
    # What the answers are made for does happen in them.
    reasons = {reason for curve in curves for _, reason in curve.get("rejects", ())}
    assert len(reasons) >= 12
    marks = {mark for curve in curves for reading in curve.get("readings", ()) for mark in reading.split(" ")[3:]}
    assert {"clock", "power", "iv:2", "ec:11", "n:E", "iv:?"} <= marks
    assert sum("unknown" in curve for curve in curves) > 20
    assert sum(bool(curve.get("repeated")) for curve in curves) > 20
    assert sum(bool(curve.get("missing")) for curve in curves) > 100
    assert sum(len(curve.get("readings", ())) for curve in curves) > 50_000
