"""Each day's greatest power, from the gateway's stand-in and from files, and what the Cost page says of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pymongo.database import Database

from dash_app.cost.page import PAGE
from dash_app.cost.power import power_figure, power_frame
from dash_app.kit.locale import Look
from dash_app.kit.reader import Reader
from sync.http.budget import Budget
from sync.http.transport import Transport
from sync.load.power import FetchedPowers, Gateway, fetch_powers
from sync.model.errors import FileRefused, HistoryFloor, SyncError
from sync.model.readings import Series
from sync.settings import load
from sync.sources.linky.meter import Meter
from sync.sources.linky.power import read_answer, read_power_file
from sync.sources.source import UnknownShape
from sync.standin.faults import parse_faults
from sync.standin.linky import LinkyStandin
from sync.store.ledger import Ledger
from tests.clock import FakeClock
from tests.dash.stores import ONE, TODAY, load_readings
from tests.dash.test_dash_cost_bills import ALL
from tests.dash.test_dash_cost_page import drawn
from tests.processes import environment, finish, start

NOW = datetime(2026, 3, 10, 11, 0, tzinfo=UTC)
PERIOD = (date(2024, 3, 10), date(2026, 3, 10))
SERIES = Series("linky", ONE, "consumption")


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(NOW)


@pytest.fixture
def standin(clock: FakeClock) -> Iterator[LinkyStandin]:
    with LinkyStandin(now=clock.now) as server:
        yield server


def fetch(database: Database[Any], standin: LinkyStandin, clock: FakeClock, period: Any = PERIOD) -> FetchedPowers:
    transport = Transport(Budget(standin.url, None, 0.0, clock), clock, pauses=())
    meter = Meter(next(iter(standin.meters)), standin.token)
    return fetch_powers(Ledger(database), meter, period, Gateway(standin.url, transport, clock))


@pytest.mark.parametrize("faults", ["", "v5@1-9"], ids=["V2", "V5"])
def test_two_years_are_two_calls_and_a_day_later_one(
    faults: str, database: Database[Any], standin: LinkyStandin, clock: FakeClock
) -> None:
    """Every day has the peak that the household's curve allows for, on the day to which its half-hour belongs."""
    standin.faults = parse_faults(faults, LinkyStandin.kinds, LinkyStandin.day_kinds)
    fetched = fetch(database, standin, clock)
    assert (fetched.new, fetched.days, fetched.calls, fetched.rejects) == (730, 730, 2, ())
    stored = Ledger(database).powers(fetched.series)
    curve = next(iter(standin.meters.values())).flows["consumption"]
    highest = {day: max(point.watts or 0 for point in curve.points(day)) for day in stored}
    assert stored == {day: round(watts * 1.3) for day, watts in highest.items()}
    assert (min(stored), max(stored)) == (date(2024, 3, 10), date(2026, 3, 9))
    assert fetch(database, standin, clock).calls == 0
    clock.advance(days=1)
    again = fetch(database, standin, clock, (PERIOD[0], date(2026, 3, 11)))
    assert (again.new, again.calls) == (1, 1)
    earlier = fetch(database, standin, clock, (date(2024, 3, 1), date(2026, 3, 11)))
    assert (earlier.new, earlier.calls) == (9, 1)


def test_no_answer_stores_nothing_and_no_history_is_said(
    database: Database[Any], clock: FakeClock, standin: LinkyStandin
) -> None:
    standin.faults = parse_faults("notjson@1-9", LinkyStandin.kinds, LinkyStandin.day_kinds)
    with pytest.raises(SyncError):
        fetch(database, standin, clock)
    assert Ledger(database).powers(SERIES) == {}
    with LinkyStandin(now=clock.now, activation=date(2025, 6, 1)) as young, pytest.raises(HistoryFloor):
        fetch(database, young, clock)


def test_forgotten_with_the_series(database: Database[Any], clock: FakeClock) -> None:
    ledger = Ledger(database)
    days = {date(2025, 1, 1): 5000, date(2025, 2, 1): 6000}
    ledger.keep_powers(SERIES, days, "file", clock.now())
    ledger.forget(SERIES, date(2025, 1, 15))
    assert ledger.powers(SERIES) == {date(2025, 2, 1): 6000}
    ledger.forget(SERIES)
    assert ledger.powers(SERIES) == {}


# --- answers and files ------------------------------------------------------------------------------------------------


def answer(points: list[dict[str, Any]], **changes: str) -> str:
    measured = {"grandeurMetier": "CONS", "grandeurPhysique": "PMA", "unite": "VA", "points": points} | changes
    phases = measured | {"grandeurPhysique": "PMA1", "points": [{"v": "9", "d": "2026-09-29 13:03:35"}]}
    return json.dumps({"idPrm": ONE, "pas": "P1D", "grandeur": [measured, phases]})


def test_missing_is_missing_and_zero_is_zero() -> None:
    points = [
        {"v": "4078", "d": "2026-09-29 13:03:35"},
        {"v": None, "d": "2026-09-30 00:00:00"},
        {"v": "0", "d": "2026-10-01 23:59:59"},
        {"v": "4,1", "d": "2026-10-02 08:00:00"},
        {"v": "1", "d": "2026-10-03 08:00:00"},
        {"v": "2", "d": "2026-10-03 09:00:00"},
        {"v": "3", "d": "3 October"},
    ]
    found = read_answer(answer(points), ONE)
    assert found.va == {date(2026, 9, 29): 4078, date(2026, 10, 1): 0}
    assert (found.missing, len(found.rejects)) == (1, 3)


@pytest.mark.parametrize("changes", [{"unite": "W"}, {"grandeurPhysique": "PA"}, {"grandeurMetier": "PROD"}])
def test_another_quantity_is_no_power(changes: dict[str, str]) -> None:
    with pytest.raises(UnknownShape):
        read_answer(answer([], **changes), ONE)


HEAD = (
    "Identifiant PRM;Type de donnees;Date de debut;Date de fin;Grandeur physique;Grandeur metier;Etape metier;Unite\n"
    f"{ONE};Puissance maximale quotidienne;01/09/2019;04/09/2019;Puissance maximale atteinte;Consommation;Brut;W\n"
    "Horodate;Valeur\n"
)
ROWS = "2019-09-01T15:17:24+02:00;3695\n2019-09-02T01:34:50+02:00;2345\n2019-09-03T08:15:08+02:00;\n"
FILES = {
    "enedis.csv": (HEAD + ROWS, {date(2019, 9, 1): 3695, date(2019, 9, 2): 2345}),
    "answer.json": (answer([{"v": "4078", "d": "2026-09-29 13:03:35"}]), {date(2026, 9, 29): 4078}),
}
WRONG = {
    "a curve": (HEAD.replace("Puissance maximale atteinte", "Puissance active") + ROWS, "Puissance active"),
    "production": (HEAD.replace("Consommation", "Production") + ROWS, "of 'Production'"),
    "no meter": (HEAD.replace(ONE, "2,31282E+13") + ROWS, "14 digits"),
    "a list": ("a;b\n1;2\n3;4\n", "no file of daily maximum power"),
    "one line": ("hello\n", "no file of daily maximum power"),
    "empty": ("", "is empty"),
    "a curve's answer": (answer([], grandeurPhysique="PA", unite="W"), "no daily maximum power"),
    "broken": ('{"idPrm": ', "JSON"),
}


@pytest.mark.parametrize("name", FILES)
def test_files_are_read(name: str, tmp_path: Path) -> None:
    text, expected = FILES[name]
    (tmp_path / name).write_text(text, encoding="utf-8")
    prm, found = read_power_file(tmp_path / name)
    assert (prm, found.va) == (ONE, expected)


@pytest.mark.parametrize("name", WRONG)
def test_wrong_files_are_refused_in_one_line_without_the_meter(name: str, tmp_path: Path) -> None:
    text, words = WRONG[name]
    path = tmp_path / "power.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises((FileRefused, SyncError), match=words) as refused:
        read_power_file(path)
    assert "\n" not in str(refused.value)
    assert ONE not in str(refused.value)


def test_the_file_of_the_field(shared_data: Path) -> None:
    path = shared_data / "field" / "linky" / "L20_Enedis_Conso_Pmax.csv"
    if not path.exists():
        pytest.skip("the field's files are not here")
    assert sorted(read_power_file(path)[1].va.values()) == [2345, 3608, 3695]


# --- the page ---------------------------------------------------------------------------------------------------------


def reader_of(database: Database[Any], folder: Path) -> Reader:
    return Reader(database, load(folder, {}), now=lambda: TODAY)


def said(reader: Reader, language: str) -> str:
    block = next(each for each in PAGE.blocks if each.name == "cost-power")
    return drawn(block, power_frame(reader, ALL), Look(language))


DAYS = {
    "6 kVA": (
        [2000] * 200 + [5999] * 150 + [6000],
        "6 kVA would do: no day of 351 went beyond it, 151 went beyond 3 kVA.",
    ),
    "12 kVA": ([9001, *[100] * 350], "12 kVA would do: no day of 351 went beyond it, 1 went beyond 9 kVA."),
    "3 kVA": ([3000] * 351, "3 kVA would do: no day of 351 went beyond it."),
    "more": ([12_001, 12_500, *[100] * 349], "12 kVA would not do: 2 of 351 days went beyond it."),
}


@pytest.mark.parametrize("name", DAYS)
def test_the_statement(name: str, database: Database[Any], tmp_path: Path, clock: FakeClock) -> None:
    """From the stored maxima alone: the curve, a thousand times as high, says nothing here."""
    values, words = DAYS[name]
    load_readings(database, datetime(2025, 1, 5, 23, tzinfo=UTC), [30_000] * 48)
    reader = reader_of(database, tmp_path)
    assert "python -m sync power" in said(reader, "en")
    days = {date(2024, 3, 1) + timedelta(days=place): va for place, va in enumerate(values)}
    Ledger(database).keep_powers(SERIES, days, "api", clock.now())
    reader._looked = -10.0  # two seconds later
    frame = power_frame(reader, ALL)
    counted = [sum(va > 1000 * step for va in values) for step in (3, 6, 9, 12)]
    assert list(frame.notes["above"].values()) == counted
    assert frame.table["highest_kva"].tolist() == [va / 1000 for va in values]
    figure = power_figure(frame, Look("en"))
    assert figure["data"][0]["y"] == [va / 1000 for va in values]
    enough = next((step for step, above in zip((3, 6, 9, 12), counted, strict=True) if not above), 12)
    lines = [(shape["y0"], shape["line"].get("dash")) for shape in figure["layout"]["shapes"]]
    is_enough = not counted[(3, 6, 9, 12).index(enough)]
    assert lines[-1] == (enough, None if is_enough else "dot")  # none beyond the one that would do
    assert {dash for _, dash in lines[:-1]} <= {"dot"}
    low, high = figure["layout"]["yaxis"]["range"]
    assert (low, high > max(*values, 1000 * enough) / 1000) == (0, True)
    assert words in said(reader, "en")
    assert "Puissance" in said(reader, "fr") or "puissance" in said(reader, "fr")


def test_few_days_are_called_few(database: Database[Any], tmp_path: Path, clock: FakeClock) -> None:
    load_readings(database, datetime(2025, 1, 5, 23, tzinfo=UTC), [100] * 48)
    Ledger(database).keep_powers(SERIES, {date(2025, 1, 6): 4000}, "file", clock.now())
    assert "without a whole winter" in said(reader_of(database, tmp_path), "en")


def test_the_command(database: Database[Any], mongo_uri: str, tmp_path: Path, one_day: None) -> None:
    """Of the gateway and of a file; no whole PRM anywhere; 1 for a wrong file."""
    with LinkyStandin() as standin:
        environ = environment(standin, mongo_uri, database.name, tmp_path)
        code, out, err = finish(start(environ, tmp_path, "power", "--json"))
        assert (code, err) == (0, "")
        assert json.loads(out)["series"][0] | {"series": ""} == {
            "series": "", "days": 730, "new": 730, "calls": 2, "rejects": [],
        }  # fmt: skip
        assert next(iter(standin.meters)) not in out
        (tmp_path / "pmax.csv").write_text(HEAD + ROWS, encoding="utf-8")
        code, out, err = finish(start(environ, tmp_path, "power", "pmax.csv"))
        assert (code, err, ONE in out) == (0, "", False)
        assert "greatest power of 2 days, 2 new" in out
        code, out, err = finish(start(environ, tmp_path, "power", "none.csv"))
        assert (code, out, err.count("\n")) == (1, "", 1)
        code, out, err = finish(start(environ | {"LINKY_FLOWS": "production"}, tmp_path, "power"))
        assert (code, out, "LINKY_FLOWS" in err) == (2, "", True)
