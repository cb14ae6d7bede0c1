"""The real load curves: two years of a household and the samples of the gateway, against an independent reading."""

from __future__ import annotations

import csv
import gzip
import json
from datetime import timedelta
from functools import lru_cache
from pathlib import Path

import pytest

from sync.model.readings import Series
from sync.sources.linky.answers import parse_curve, parse_totals
from sync.sources.linky.points import Point, curve_from_points
from tests import paris
from tests.curves import Row, curve, rows

R63 = "linky/r63_load_curve_2023-03-13_2025-03-13_naive_paris.csv.gz"


@lru_cache(maxsize=1)
def lines_of(path: Path) -> list[dict[str, str]]:
    with gzip.open(path, "rt", encoding="utf-8-sig", newline="") as lines:
        return list(csv.DictReader(lines, delimiter=";"))


@pytest.fixture
def real_points(shared_data: Path) -> list[dict[str, str]]:
    return lines_of(shared_data / R63)


def expected(found: list[dict[str, str]]) -> list[Row]:
    """An independent reading of the file: own clock rule, half or whole of the power."""
    seconds = {"PT30M": 1800, "PT60M": 3600}
    ends = paris.in_order(row["Horodate"] for row in found)
    return [
        (end - seconds[row["Pas"]], int(row["Valeur"]) * seconds[row["Pas"]] // 3600, seconds[row["Pas"]])
        for end, row in zip(ends, found, strict=True)
    ]


def as_points(found: list[dict[str, str]], step: bool = True) -> list[Point]:
    return [
        Point(
            row["Horodate"],
            row["Valeur"],
            row["Pas"] if step else None,
            row["Nature"],
            row["Indice de vraisemblance"],
            row["Etat complémentaire"],
            line=line,
        )
        for line, row in enumerate(found, 2)
    ]


def test_two_real_years_equal_an_independent_reading(real_points: list[dict[str, str]]) -> None:
    result = curve(as_points(real_points))
    assert len(result.batch) == len(real_points) == 34_733
    assert rows(result.batch) == expected(real_points)
    assert (result.missing, result.repeated, result.rejects) == (0, 0, ())
    marked = {i for i, row in enumerate(real_points) if row["Indice de vraisemblance"] != "0"}
    assert result.batch.flags == dict.fromkeys(marked, "iv:2 ec:11")
    assert len(marked) == 3


def test_two_real_years_without_steps_give_the_same(real_points: list[dict[str, str]]) -> None:
    result = curve(as_points(real_points, step=False))
    assert rows(result.batch) == expected(real_points)
    assert result.rejects == ()


def test_two_real_years_newest_first_give_the_same(real_points: list[dict[str, str]]) -> None:
    assert rows(curve(as_points(real_points)[::-1]).batch) == expected(real_points)


def test_half_the_sum_of_the_samples_is_the_daily_total(shared_data: Path) -> None:
    samples = shared_data / "linky" / "samples"
    compared = 0
    for flow, curve_name, total_name in (
        ("consumption", "v2_courbe_de_charge_consommation", "v2_consommation_quotidienne"),
        ("production", "v2_courbe_de_charge_production", "v2_production_quotidienne"),
    ):
        text = (samples / f"{curve_name}.json").read_text(encoding="utf-8")
        prm = json.loads(text)["idPrm"]
        result = curve_from_points(Series("linky", prm, flow), parse_curve(text, prm, flow))
        totals = parse_totals((samples / f"{total_name}.json").read_text(encoding="utf-8"), prm, flow)
        for local, total in totals.wh.items():
            low, high = paris.midnight(local), paris.midnight(local + timedelta(days=1))
            inside = [wh for start, wh, _ in rows(result.batch) if low <= start < high]
            assert len(inside) == 48
            assert sum(inside) == total
            compared += 1
        assert len(result.batch) == 96
    assert compared == 4


def test_old_and_new_shape_of_one_capture_are_the_same_batch(shared_data: Path) -> None:
    samples = shared_data / "linky" / "samples"
    names = ("v2_courbe_de_charge_consommation", "v5_consumption_load_curve_same_capture")
    new, old = (
        curve(list(parse_curve((samples / f"{name}.json").read_text("utf-8"), "99999999999991", "consumption"))).batch
        for name in names
    )
    assert len(new) == 96
    assert rows(new) == rows(old)
    assert new.flags == old.flags == {}
