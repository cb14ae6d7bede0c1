"""Answers of the stand-in against recorded ones: shapes of every type, days, totals, peaks, registers."""

from __future__ import annotations

import csv
import gzip
import json
import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from sync.standin.curve import Meter, household_meters
from sync.standin.faults import parse_faults
from sync.standin.household import HOUSEHOLD_PRM, Household
from sync.standin.r63 import read_r63

START, END = "2026-06-29", "2026-07-01"
V2_SAMPLES = [
    "courbe_de_charge_consommation",
    "courbe_de_charge_production",
    "consommation_quotidienne",
    "production_quotidienne",
]


def shape(answer: Any) -> Any:
    """Names in order, types, and texts with every digit as 9 and every run of them in a bare number as one."""
    if isinstance(answer, dict):
        return [(name, shape(part)) for name, part in answer.items()]
    if isinstance(answer, list):
        return sorted({json.dumps(shape(part)) for part in answer})
    if isinstance(answer, str):
        return "number" if answer.isdecimal() else re.sub(r"\d", "9", answer)
    return type(answer).__name__


@pytest.mark.parametrize("route", V2_SAMPLES)
def test_v2_shapes(client: Any, shared_data: Path, route: str) -> None:
    sample = json.loads((shared_data / "linky/samples" / f"v2_{route}.json").read_text(encoding="utf-8"))
    asked = (sample["periode"]["dateDebut"], sample["periode"]["dateFin"])
    client.standin.now.moment = datetime(2026, 10, 2, 8, tzinfo=UTC)
    answer = client.get(route, *asked).json()
    assert shape(answer) == shape(sample)
    assert len(answer["grandeur"][0]["points"]) == len(sample["grandeur"][0]["points"])
    assert answer["periode"] == sample["periode"]
    assert [point["d"][:10] for point in answer["grandeur"][0]["points"]] == [
        point["d"][:10] for point in sample["grandeur"][0]["points"]
    ]


V5_ROUTES = {
    "consumption_load_curve": "courbe_de_charge_consommation",
    "daily_consumption": "consommation_quotidienne",
    "daily_production": "production_quotidienne",
    "production_load_curve": "courbe_de_charge_production",
}


def test_v5_shapes(client: Any, shared_data: Path) -> None:
    text = (shared_data / "linky/samples/conso_api_legacy_v5.json").read_text(encoding="utf-8")
    seen = {sample["request"]: sample["body"] for sample in json.loads(text) if sample["status"] == 200}
    client.standin.now.moment = datetime(2023, 5, 2, 8, tzinfo=UTC)
    client.standin.faults = parse_faults("v5@*1")
    compared = set()
    for request, sample in seen.items():
        route, start, end = re.fullmatch(r"api/(\w+)\?start=(.*)&end=(.*)", request).groups()  # type: ignore[union-attr]
        if route in V5_ROUTES:
            answer = client.get(V5_ROUTES[route], start, end).json()
            assert shape(answer) == shape(sample), request
            assert len(answer["interval_reading"]) == len(sample["interval_reading"])
            compared.add(route)
    assert compared == set(V5_ROUTES)


def test_both_generations_hold_the_same_points(client: Any) -> None:
    new = client.curve(START, END)
    client.standin.faults = parse_faults("v5@1")
    old = client.get("courbe_de_charge_consommation", START, END).json()["interval_reading"]
    assert [(point["v"], point["d"], point["p"], point["n"]) for point in new] == [
        (point["value"], point["date"], point["interval_length"], point["measure_type"]) for point in old
    ]


@pytest.mark.parametrize(
    ("day", "following", "count"), [("2026-03-29", "2026-03-30", 46), ("2025-10-26", "2025-10-27", 50)]
)
def test_days_of_the_clock_changes(client: Any, day: str, following: str, count: int) -> None:
    points = client.curve(day, following)
    assert len(points) == count
    assert points[0]["d"] == f"{day} 00:30:00"
    assert points[-1]["d"] == f"{following} 00:00:00"
    assert client.daily(day, following) == {day: str(sum(int(point["v"]) for point in points) // 2)}
    night = [point["d"][11:16] for point in points if "02:00" <= point["d"][11:16] < "03:00"]
    assert night == ([] if count == 46 else ["02:00", "02:30", "02:00", "02:30"])


def test_daily_totals_are_the_sums_of_the_curve(client: Any) -> None:
    totals = client.daily("2026-06-01", "2026-07-17")
    assert len(totals) == 46
    household = Household(0)
    for day, total in totals.items():
        assert int(total) * 2 == sum(household.day(datetime.fromisoformat(day).date()).consumption)


def test_aliases_and_the_new_name_wins(client: Any) -> None:
    url = f"{client.standin.url}/courbe_de_charge_consommation"
    old = {"prm": HOUSEHOLD_PRM, "start": START, "end": END}
    answer = client.session.get(url, params=old)
    assert answer.json() == client.get("courbe_de_charge_consommation", START, END).json()
    both = {"pointId": HOUSEHOLD_PRM, "dateDebut": START, "dateFin": END, "prm": "x", "start": "y", "end": "z"}
    assert client.session.get(url, params=both).json() == answer.json()


def test_yesterday_is_there_and_today_is_not(client: Any) -> None:
    points = client.curve("2026-07-16", "2026-07-17")
    assert (points[0]["d"], points[-1]["d"]) == ("2026-07-16 00:30:00", "2026-07-17 00:00:00")
    assert client.get("courbe_de_charge_consommation", "2026-07-17", "2026-07-18").status_code == 400
    # One minute past midnight in Paris, still the day before in UTC.
    client.standin.now.moment = datetime(2026, 7, 18, 0, 1, tzinfo=ZoneInfo("Europe/Paris")).astimezone(UTC)
    assert len(client.curve("2026-07-17", "2026-07-18")) == 48


def test_several_meters_one_token(start: Callable[..., Any]) -> None:
    client = start(meters=household_meters(2))
    first, second = (client.curve(START, END, prm) for prm in client.standin.meters)
    assert first != second
    assert [point["d"] for point in first] == [point["d"] for point in second]


def test_a_meter_that_only_consumes(start: Callable[..., Any]) -> None:
    whole = household_meters()[HOUSEHOLD_PRM]
    client = start(meters={HOUSEHOLD_PRM: Meter({"consumption": whole.flows["consumption"]})})
    refused = client.get("courbe_de_charge_production", START, END)
    assert (refused.status_code, refused.json()["error"]["error"]) == (400, "ADAM-ERR0069")
    assert len(client.curve(START, END)) == 96


def test_the_file_served_in_windows_is_the_file(start: Callable[..., Any], shared_data: Path) -> None:
    """Every point once and in order, read from the file here with other means."""
    path = shared_data / "linky/r63_load_curve_2023-03-13_2025-03-13_naive_paris.csv.gz"
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        rows = list(csv.DictReader(lines, delimiter=";"))
    assert len(rows) == 34_733
    meters = read_r63(path)
    client = start(meters=meters, now=None, ban_after=None)
    (prm,) = meters
    assert prm == rows[0]["Identifiant PRM"]
    assert (client.standin.first, client.standin.today) == (date(2023, 3, 13), date(2025, 3, 13))
    starts = [date(2023, 3, 13) + timedelta(days=7 * window) for window in range(105)]
    bounds = [*starts, client.standin.today]
    served = [point for window in pairwise(bounds) for point in client.curve(str(window[0]), str(window[1]), prm)]
    columns = ("Valeur", "Horodate", "Pas", "Nature", "Indice de vraisemblance", "Etat complémentaire")
    assert [tuple(point.values()) for point in served] == [tuple(row[name] for name in columns) for row in rows]
    wh = sum(int(row["Valeur"]) * int(row["Pas"][2:4]) for row in rows)
    totals = client.daily("2023-03-13", "2024-03-13", prm) | client.daily("2024-03-13", "2025-03-13", prm)
    assert sum(int(total) for total in totals.values()) * 60 == wh
    assert len(client.standin.requests) == 107
