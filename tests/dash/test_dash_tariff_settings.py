"""TARIFFS in settings.py: what is taken, and one clear line for everything that is wrong."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from sync.tariffs.entries import tariffs_from
from tests.dash.test_dash_tariffs import FLAT, NIGHT, TEMPO
from tests.own_settings import Load, reader, refused


@pytest.fixture
def read(tmp_path: Path) -> Load:
    return reader(tmp_path)


def test_tariffs_of_the_file_are_taken(read: Load, tmp_path: Path) -> None:
    (tmp_path / "tempo.csv").write_text("2025-01-15;red\n", encoding="utf-8")
    found = read(f"TARIFFS = {[FLAT, NIGHT, TEMPO | {'calendar': 'tempo.csv'}]!r}").tariffs
    assert [each.name for each in found] == ["Base", "HP/HC", "Tempo"]
    assert found[2].calendar == tmp_path / "tempo.csv"
    assert found[0].prices[0].price("kwh") == Decimal("0.20")
    assert (found[0].prices[0].start, found[0].prices[0].end) == (date.min, date.max)


def test_a_number_is_the_decimal_that_was_written(read: Load) -> None:
    found = read(
        "TARIFFS = [{'name': 'a', 'kind': 'flat', 'source': 'b', 'prices': [{'kwh': 0.2516, 'standing': 12}]}]"
    )
    assert found.tariffs[0].prices[0].price("kwh") == Decimal("0.2516")


def test_without_tariffs_there_are_none(read: Load) -> None:
    assert read().tariffs == ()


def test_all_wrong_entries_are_in_one_message_with_the_other_settings(read: Load) -> None:
    wrong = [FLAT | {"kind": "night"}, NIGHT | {"off_peak_hours": ["22:30"]}, "Base"]
    message = refused(read, f"TARIFFS = {wrong!r}", SYNC_CALLS_PER_DAY="0")
    assert message.splitlines() == [
        "wrong settings:",
        "  SYNC_CALLS_PER_DAY: must be from 1 to 90",
        "  TARIFFS[0] (Base): kind: must be flat, peak, tempo, ejp, zen_flex",
        "  TARIFFS[1] (HP/HC): off_peak_hours: '22:30' is not a range like '22:30-06:30'",
        "  TARIFFS[2]: must be a dict, see settings.example.py",
    ]


def prices(**changes: Any) -> dict[str, Any]:
    return {"prices": [{name: text for name, text in ({"kwh": 1, "standing": 1} | changes).items() if text != ""}]}


def hours(*texts: Any) -> dict[str, Any]:
    return NIGHT | {"off_peak_hours": list(texts)}


@pytest.mark.parametrize(
    ("entry", "line"),
    [
        (FLAT | {"name": " "}, "TARIFFS[0] ( ): name: is missing: what the contract is called"),
        (FLAT | {"name": 7}, "TARIFFS[0] (7): name: is missing: what the contract is called"),
        (FLAT | {"source": ""}, "source: is missing: where the prices come from, with their date"),
        (FLAT | {"colour": "red"}, "no such field: 'colour'; known are name, kind, source, prices"),
        (FLAT | {"off_peak_hours": []}, "no such field: 'off_peak_hours'; known are name, kind, source, prices"),
        (FLAT | {"prices": []}, "prices: must be a list of dicts, one for each change of prices"),
        (FLAT | {"prices": {"kwh": 1}}, "prices: must be a list of dicts, one for each change of prices"),
        (FLAT | prices(kwh=""), "prices[0]: kwh: must be a number from 0 to 5 €/kWh"),
        (FLAT | prices(kwh="20,16"), "prices[0]: kwh: must be a number from 0 to 5 €/kWh"),
        (FLAT | prices(kwh="nan"), "prices[0]: kwh: must be a number from 0 to 5 €/kWh"),
        (FLAT | prices(kwh=True), "prices[0]: kwh: must be a number from 0 to 5 €/kWh"),
        (FLAT | prices(kwh=-0.1), "prices[0]: kwh: must be a number from 0 to 5 €/kWh"),
        (FLAT | prices(kwh=20.16), "prices[0]: kwh: must be a number from 0 to 5 €/kWh, not in cents"),
        (FLAT | prices(standing=1001), "prices[0]: standing: must be a number from 0 to 1000 € a month"),
        (FLAT | prices(price=1), "prices[0]: no such field: 'price'; known are from, until, standing, kwh"),
        (FLAT | {"prices": [{"kwh": 1, "standing": 1, "from": "1/2/25"}]},
         "prices[0]: from: must be a date like 2025-02-01"),
        (FLAT | prices(until="soon"), "prices[0]: until: must be a date like 2025-02-01"),
        (FLAT | {"prices": [{"kwh": 1, "standing": 1, "from": "2025-02-01", "until": "2025-02-01"}]},
         "prices[0]: until: must be after from (it is the first day that is not included)"),
        (FLAT | {"prices": [{"kwh": 1, "standing": 1}, {"kwh": 2, "standing": 1}]},
         "prices: two entries are valid on 0001-01-01"),
        (FLAT | {"prices": [{"kwh": 1, "standing": 1, "until": "2025-03-01"},
                            {"kwh": 2, "standing": 1, "from": "2025-02-01"}]},
         "prices: two entries are valid on 2025-02-01"),
        (hours("22:30-06:30", "06:00-07:00"), "off_peak_hours: two ranges overlap"),
        (hours("00:00-24:00"), "off_peak_hours: cover the whole day: that is a flat tariff"),
        (hours("22:30-25:00"), "off_peak_hours: '22:30-25:00' is not a range like '22:30-06:30'"),
        (hours("22:30-22:30"), "off_peak_hours: '22:30-22:30' is not a range like '22:30-06:30'"),
        (hours("22:61-23:00"), "off_peak_hours: '22:61-23:00' is not a range like '22:30-06:30'"),
        (hours(7), "off_peak_hours: '7' is not a range like '22:30-06:30'"),
        (hours(), "off_peak_hours: must be a list of ranges like '22:30-06:30'"),
        ({name: part for name, part in NIGHT.items() if name != "off_peak_hours"},
         "prices[0]: off_peak_hours: are missing: ['22:30-06:30'], as on the invoice"),
        (TEMPO | {"calendar": 7}, "calendar: must be the path of a CSV file date;colour"),
        (TEMPO | {"calendar": "none.csv"},
         "calendar: none.csv cannot be read (No such file or directory): check the path"),
    ],
)  # fmt: skip
def test_each_wrong_entry_is_one_line(entry: dict[str, Any], line: str, tmp_path: Path) -> None:
    wrong: list[str] = []
    assert tariffs_from([entry], tmp_path, wrong) == ()
    assert len(wrong) == 1
    assert wrong[0].removeprefix(f"TARIFFS[0] ({entry['name']}): ") == line or wrong[0] == line


def test_names_are_given_once(tmp_path: Path) -> None:
    wrong: list[str] = []
    tariffs_from([FLAT, NIGHT | {"name": "Base"}], tmp_path, wrong)
    assert wrong == ["TARIFFS: the name 'Base' stands there twice"]


@pytest.mark.parametrize("listed", ["Base", 7, {"Base": {}}])
def test_another_form_is_one_line(listed: Any, tmp_path: Path) -> None:
    wrong: list[str] = []
    assert tariffs_from(listed, tmp_path, wrong) == ()
    assert wrong == ["TARIFFS: must be a list of dicts, see settings.example.py"]


def test_wrong_lines_of_a_calendar_are_wrong_settings(read: Load, tmp_path: Path) -> None:
    (tmp_path / "tempo.csv").write_text("2025-01-15;pink\n", encoding="utf-8")
    message = refused(read, f"TARIFFS = {[TEMPO | {'calendar': 'tempo.csv'}]!r}")
    assert re.search(r"TARIFFS\[0\] \(Tempo\): calendar: tempo.csv line 1: must be a date and blue", message)
