"""Every recorded answer of the gateway, in both shapes."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest

from sync.sources.linky.answers import Totals, UnknownShape, parse_curve, parse_totals
from tests.answers import Answer, Parse


def entry_of(answer: Answer) -> Answer:
    entry: Answer = answer["grandeur"][0]
    return entry


# --- recorded answers ------------------------------------------------------------------------------------------------


def sample(shared_data: Path, name: str) -> str:
    return (shared_data / "linky" / "samples" / name).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "prm", "flow", "first"),
    [
        ("v2_courbe_de_charge_consommation.json", "99999999999991", "consumption", "4078"),
        ("v2_courbe_de_charge_production.json", "99999999999992", "production", "0"),
        ("v5_consumption_load_curve_same_capture.json", "99999999999991", "consumption", "4078"),
    ],
)
def test_recorded_curves(shared_data: Path, name: str, prm: str, flow: str, first: str) -> None:
    points = parse_curve(sample(shared_data, name), prm, flow)
    assert len(points) == 96
    assert (points[0].end, points[0].value, points[0].step) == ("2026-09-29 00:30:00", first, "PT30M")
    assert (points[0].nature, points[-1].end) == ("B", "2026-10-01 00:00:00")
    assert [point.line for point in points] == list(range(1, 97))


@pytest.mark.parametrize(
    ("name", "prm", "flow", "wanted"),
    [
        ("v2_consommation_quotidienne.json", "99999999999991", "consumption", [33_495, 38_022]),
        ("v2_production_quotidienne.json", "99999999999992", "production", [8_263, 941]),
    ],
)
def test_recorded_totals(shared_data: Path, name: str, prm: str, flow: str, wanted: list[int]) -> None:
    found = parse_totals(sample(shared_data, name), prm, flow)
    assert found == Totals(dict(zip((date(2026, 9, 29), date(2026, 9, 30)), wanted, strict=True)))


def test_every_legacy_answer_is_read_as_what_it_is(shared_data: Path) -> None:
    read = []
    for case in json.loads(sample(shared_data, "conso_api_legacy_v5.json")):
        if case["status"] != 200:
            continue
        body = case["body"]
        text, prm, unit = json.dumps(body), body["usage_point_id"], body["reading_type"]["unit"]
        flow = "production" if "production" in case["request"] else "consumption"
        parsers: dict[str, Parse] = {"W": parse_curve, "Wh": parse_totals}
        if parse := parsers.pop(unit, None):
            found = parse(text, prm, flow)
            read.append(len(found.wh if isinstance(found, Totals) else found) - len(body["interval_reading"]))
        for other in parsers.values():
            with pytest.raises(UnknownShape):
                other(text, prm, flow)
    assert read == [0] * 6


def test_max_power_is_neither_curve_nor_total(shared_data: Path) -> None:
    text = sample(shared_data, "v2_puissance_conso_max_quotidienne.json")
    for parse in (parse_curve, parse_totals):
        with pytest.raises(UnknownShape):
            parse(text, "99999999999991", "consumption")
