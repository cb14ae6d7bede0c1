"""What if: other contracts (EJP, Zen Flex, off-peak hours by season) and other off-peak hours, against own computations
that go through the file half-hour by half-hour with each price written out here."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect
from pymongo.database import Database

from dash_app.cost.page import PAGE
from dash_app.cost.queries import comparison
from dash_app.cost.window import window_frame
from dash_app.kit.locale import Look
from dash_app.kit.reader import Reader
from dash_app.shell.app import create_app
from sync.settings import load
from sync.tariffs.bill import bill
from sync.tariffs.colours import parse_calendar
from sync.tariffs.model import EJP, KINDS, ZEN_FLEX
from sync.tariffs.window import best_window
from tests import r63
from tests.dash.served import Served
from tests.dash.stores import TODAY, load_readings
from tests.dash.test_dash_cost_bills import ALL, halves, own_bills, to_the_cent
from tests.dash.test_dash_cost_page import card, drawn
from tests.dash.test_dash_tariffs import energy_of, tariff, whole_day

EJP_ENTRY = {
    "name": "EJP",
    "kind": "ejp",
    "source": "invoice of 2025",
    "calendar": "ejp.csv",
    "prices": [{"peak_day": "1.5", "normal": "0.15", "standing": "15"}],
}
ZEN_ENTRY = {
    "name": "Zen Flex",
    "kind": "zen_flex",
    "source": "invoice of 2025",
    "calendar": "zen.csv",
    "prices": [
        {
            "eco_peak": "0.23",
            "eco_off_peak": "0.15",
            "sobriety_peak": "0.73",
            "sobriety_off_peak": "0.23",
            "standing": "13",
        }
    ],
}
SEASONS = {
    "name": "HP/HC",
    "kind": "peak",
    "source": "invoice of 2025",
    "off_peak_hours": {"04-01": ["02:30-07:30", "13:00-16:00"], "11-01": ["22:30-06:30"]},
    "prices": [{"peak": "0.27", "off_peak": "0.20", "standing": "14"}],
}


def rare_days(first: tuple[int, int], count: int) -> list[date]:
    """Every seventh day from a day of the year on, of each season that the two years touch."""
    starts = [date(year, *first) for year in (2022, 2023, 2024)]
    return [start + timedelta(days=3 + 7 * place) for start in starts for place in range(count)]


PEAK_DAYS, SOBER = rare_days((11, 1), 21), rare_days((10, 15), 20)
PEAK_DAYS += [date(year, 3, 31) for year in (2023, 2024, 2025)]  # the last day that may be one, whose 01:00 is in April


def ejp(wall: str) -> Fraction:
    """18 hours from 07:00 to 01:00 of the next day."""
    day, clock = date.fromisoformat(wall[:10]), wall[11:16]
    its_day = day if clock >= "07:00" else day - timedelta(days=1)
    is_dear = its_day in PEAK_DAYS and not "01:00" <= clock < "07:00"
    return Fraction("1.5" if is_dear else "0.15")


def zen(wall: str) -> Fraction:
    clock, is_sober = wall[11:16], date.fromisoformat(wall[:10]) in SOBER
    is_peak = "08:00" <= clock < "13:00" or "18:00" <= clock < "20:00"
    return Fraction(("0.73" if is_peak else "0.23") if is_sober else ("0.23" if is_peak else "0.15"))


def is_off_peak_by_season(wall: str) -> bool:
    clock = wall[11:16]
    if "04-01" <= wall[5:10] < "11-01":
        return "02:30" <= clock < "07:30" or "13:00" <= clock < "16:00"
    return clock >= "22:30" or clock < "06:30"


def seasons(wall: str) -> Fraction:
    return Fraction("0.20" if is_off_peak_by_season(wall) else "0.27")


OWN = {"EJP": (ejp, "15"), "Zen Flex": (zen, "13"), "HP/HC": (seasons, "14")}
ENTRIES: list[dict[str, Any]] = [EJP_ENTRY, ZEN_ENTRY, SEASONS]


def settings_of(folder: Path, entries: list[dict[str, Any]]) -> Any:
    """Settings with these tariffs, and calendars that name the rare days alone."""
    for name, word, days in (("ejp.csv", "peak", PEAK_DAYS), ("zen.csv", "Sobriété", SOBER)):
        (folder / name).write_text("".join(f"{day};{word}\n" for day in days), encoding="utf-8")
    (folder / "settings.py").write_text(f"TARIFFS = {entries!r}\n", encoding="utf-8")
    return load(folder, {})


def reader_with(database: Database[Any], folder: Path, entries: list[dict[str, Any]]) -> Reader:
    return Reader(database, settings_of(folder, entries), now=lambda: TODAY)


# --- contracts --------------------------------------------------------------------------------------------------------


@pytest.mark.soak
@pytest.mark.parametrize("name", OWN)
def test_each_months_bill_is_that_of_the_file(
    name: str, two_years: Database[Any], shared_data: Path, tmp_path: Path
) -> None:
    found = comparison(reader_with(two_years, tmp_path, ENTRIES), ALL)
    assert found is not None
    contract = next(each for each in found.contracts if each.tariff.name == name)
    assert contract.is_whole
    assert {f"{month:%Y-%m}": each.euros for month, each in contract.bills.items()} == own_bills(
        shared_data, *OWN[name]
    )


@pytest.mark.parametrize(("day", "hours"), [("2024-03-31", 23), ("2024-10-27", 25)])
def test_change_days_of_the_new_contracts(day: str, hours: int) -> None:
    """The sixth hour of October lies between 01:00 and 07:00; no peak hour of Zen Flex is doubled or skipped."""
    local = date.fromisoformat(day)
    for entry, colour, zone, wh in (
        (EJP_ENTRY, "peak", "normal", 200 * (hours - 18)),
        (ZEN_ENTRY, "sobriety", "sobriety_off_peak", 200 * (hours - 7)),
    ):
        contract = tariff(entry, calendar=None)
        calendar = {local + timedelta(days=place): colour for place in (-1, 0)}
        (found,) = bill(
            contract, calendar, energy_of(whole_day(day, 100), contract), (local, local + timedelta(1))
        ).values()
        if entry is EJP_ENTRY and hours == 25:
            assert found.zones == {"normal": 5000}  # 27 October: before the season, never a peak day
        else:
            assert found.zones[zone] == wh
            assert sum(found.zones.values()) == 200 * hours
        assert found.is_whole


def test_a_kilowatt_hour_is_moved_out_of_the_peak_day_first() -> None:
    """Until 01:00 the day before is dear, from 07:00 on an ordinary one: the dear kilowatt-hour counts."""
    contract = tariff(EJP_ENTRY, calendar=None)
    readings = [("2024-01-09T23:30Z", 1800, 400), ("2024-01-10T10:00Z", 1800, 5000)]
    calendar = {date(2024, 1, 9): "peak", date(2024, 1, 10): "normal"}
    days = (date(2024, 1, 10), date(2024, 1, 11))
    (found,) = bill(contract, calendar, energy_of(readings, contract), days).values()
    assert found.saved == Fraction("1.35") * 400 / 1000


TOO_MANY = "e.csv: 23 days of peak from 2024-11-01 to 2025-03-31, the contract has 22"
SEASON_2024 = [date(2024, 11, 1) + timedelta(days=place) for place in range(22)]


@pytest.mark.parametrize(
    ("days", "known", "problems"),
    [
        (SEASON_2024, 151, ()),
        (SEASON_2024[:21], 21, ()),  # one may be still to come: no other day is known
        (
            [*SEASON_2024, date(2025, 1, 1)],
            23,
            ("e.csv: 23 days of peak from 2024-11-01 to 2025-03-31, the contract has 22",),
        ),
        ([date(2024, 7, 14)], 1, ("e.csv: 1 day of peak outside of 1 November to 31 March: correct them",)),
    ],
    ids=["whole season", "one to come", "one too many", "in July"],
)
def test_a_season_is_known_once_all_its_rare_days_are(days: list[date], known: int, problems: tuple[str, ...]) -> None:
    found = parse_calendar("".join(f"{day};EJP\n" for day in days), "e.csv", KINDS[EJP])
    assert (len(found.colours), found.problems) == (known, problems)
    assert all(found.colours[day] == "peak" for day in days)


def test_a_day_that_is_not_known_is_left_out_and_named() -> None:
    contract = tariff(ZEN_ENTRY, calendar=None)
    days = (date(2024, 10, 14), date(2024, 10, 16))
    energy = energy_of(whole_day("2024-10-14", 100) + whole_day("2024-10-15", 100), contract)
    (found,) = bill(contract, {}, energy, days).values()
    assert (found.without_colour, found.unpriced, found.is_whole) == ((date(2024, 10, 15),), 4800, False)
    assert KINDS[ZEN_FLEX].kind_of_day(date(2024, 10, 14), {}) == "eco"


def test_what_is_not_known_of_a_contract_is_said_with_its_file(two_years: Database[Any], tmp_path: Path) -> None:
    reader = reader_with(two_years, tmp_path, [EJP_ENTRY])
    (tmp_path / "ejp.csv").write_text("2023-12-01;peak\n", encoding="utf-8")
    block = PAGE.blocks[0]
    text = drawn(block, block.frame(reader, ALL), Look("fr"))
    assert "jours dont on ne sait s’ils sont de pointe" in text
    assert "Ajoutez-les à ejp.csv" in text


# --- the best hours ---------------------------------------------------------------------------------------------------


def own_savings(folder: Path, is_own: Callable[[str], bool], cheaper: Callable[[str], Fraction]) -> dict[int, Fraction]:
    """By first minute of a window of eight hours: € that it saves against the own hours."""
    listed = [(wall, wh * cheaper(wall) / 1000) for reading in r63.expected(folder) for wall, wh in halves(reading)]
    own = sum(worth for wall, worth in listed if is_own(wall))
    by_minute = {minute: Fraction(0) for minute in range(0, 1440, 30)}
    for wall, worth in listed:
        by_minute[int(wall[11:13]) * 60 + int(wall[14:16])] += worth
    return {start: sum(by_minute[(start + place) % 1440] for place in range(0, 480, 30)) - own for start in by_minute}


@pytest.mark.soak
def test_the_best_hours_are_those_of_the_file(two_years: Database[Any], shared_data: Path, tmp_path: Path) -> None:
    """With prices that change and own hours that change by season."""
    dearer = [{"until": "2024-02-01", "peak": "0.27", "off_peak": "0.20", "standing": "14"}]
    dearer += [{"from": "2024-02-01", "peak": "0.31", "off_peak": "0.18", "standing": "14"}]
    reader = reader_with(two_years, tmp_path, [SEASONS | {"prices": dearer}])
    frame = window_frame(reader, ALL)
    own = own_savings(
        shared_data, is_off_peak_by_season, lambda wall: Fraction("0.13" if wall >= "2024-02-01" else "0.07")
    )
    best = max(own, key=lambda start: own[start])
    assert (frame.notes["best"].start, frame.notes["best"].saved) == (best, own[best])
    lawful = max((minute for minute in own if minute >= 1200 or minute == 0), key=lambda start: own[start])
    assert (frame.notes["best"].allowed, frame.notes["best"].allowed_saved) == (lawful, own[lawful])
    listed = [each for reading in r63.expected(shared_data) for each in halves(reading)]
    measured = round(sum(reading.seconds for reading in r63.expected(shared_data)) / 86_400)
    for minute, mean in zip(range(0, 1440, 30), frame.table["mean_wh"], strict=True):
        clock = f"{minute // 60:02}:{minute % 60:02}"
        assert mean == round(float(sum(wh for wall, wh in listed if wall[11:16] == clock)) / measured, 2)
    marked = [row.local_time for row in frame.table.itertuples() if row.in_own_hours]
    assert marked == [text for text in frame.table["local_time"] if text >= "22:30" or text < "06:30"]


@pytest.mark.parametrize(
    ("hours", "starts", "saved"),
    [
        (["00:00-08:00"], "12:00", Fraction("0.05") * Fraction("7.2")),
        (["12:00-20:00"], "12:00", 0),
        (["00:00-04:00", "12:00-16:00"], "12:00", Fraction("0.05") * Fraction("3.6")),
    ],
    ids=["the other half", "already the best", "half of it"],
)
def test_a_day_by_hand(hours: list[str], starts: str, saved: Fraction) -> None:
    """0.1 kWh each half-hour and 0.55 from 12:00 to 20:00: 7.2 kWh more there than anywhere else."""
    contract = tariff(SEASONS, off_peak_hours=hours, prices=[{"peak": "0.25", "off_peak": "0.20", "standing": "1"}])
    grid = {minute: 550 if 720 <= minute < 1200 else 100 for minute in range(0, 1440, 30)}
    energy = {date(2024, 6, 12): grid}
    found = best_window(contract, energy, (date(2024, 6, 12), date(2024, 6, 13)))
    assert (f"{found.start // 60:02}:{found.start % 60:02}", found.saved) == (starts, saved)


def test_a_window_over_midnight_and_equal_ones() -> None:
    flat = tariff(SEASONS, off_peak_hours=["00:00-08:00"])
    grid = dict.fromkeys(range(0, 1440, 30), 100)
    found = best_window(flat, {date(2024, 6, 12): grid}, (date(2024, 6, 12), date(2024, 6, 13)))
    assert (found.start, found.saved) == (0, 0)
    night = grid | dict.fromkeys((*range(1380, 1440, 30), *range(0, 360, 30)), 500)
    found = best_window(flat, {date(2024, 6, 12): night}, (date(2024, 6, 12), date(2024, 6, 13)))
    assert (found.start, found.ranges) == (1320, ((0, 360), (1320, 1440)))


LACKING = {
    "no contract with hours of its own": ([EJP_ENTRY], 31, "None of your contracts in TARIFFS has off-peak hours"),
    "three days": ([SEASONS], 3, "Too little of this period is measured"),
}


@pytest.mark.parametrize("name", LACKING)
def test_where_no_hours_can_be_named_a_sentence_says_why(name: str, database: Database[Any], tmp_path: Path) -> None:
    entries, days, words = LACKING[name]
    load_readings(database, TODAY.replace(month=1, day=5, hour=23, minute=0), [100] * 48 * days)
    frame = window_frame(reader_with(database, tmp_path, entries), ALL)
    assert frame.is_empty
    assert Look("en").raw_text(frame.notes["empty"]).startswith(words)


@pytest.mark.soak
def test_a_person_reads_the_best_hours(
    two_years: Database[Any],
    serving: Callable[..., Served],
    open_page: Callable[..., Page],
    shared_data: Path,
    tmp_path: Path,
) -> None:
    settings = settings_of(tmp_path, ENTRIES)
    served = serving(
        two_years, app=lambda reader, password: create_app(Reader(reader.database, settings, reader.now), password)
    )
    own = own_savings(shared_data, is_off_peak_by_season, lambda _wall: Fraction("0.07"))
    best = max(own, key=lambda start: own[start])
    page = open_page(f"{served.url}/cost?period=all")
    text = card(page, "cost-window").locator(".answer").inner_text()
    amount = re.search(r"€([\d.,]+)", text)
    assert amount is not None
    assert Decimal(amount[1].replace(",", "")) == to_the_cent(own[best])
    end = (best + 480) % 1440
    assert f"{best // 60:02}:{best % 60:02}–{end // 60:02}:{end % 60:02}" in text
    expect(card(page, "cost-day").locator(".js-plotly-plot .bars path")).to_have_count(48)
    expect(card(page, "cost-answer")).not_to_contain_text("not compared")


def test_the_cards_are_drawn_with_these_contracts(two_years: Database[Any], tmp_path: Path) -> None:
    reader = reader_with(two_years, tmp_path, ENTRIES)
    for view in (ALL, replace(ALL, start=date(2024, 10, 1), end=date(2024, 11, 1))):
        for block in PAGE.blocks:
            for language in ("en", "fr"):
                frame = block.frame(reader, view)
                if block.name in {"cost-power", "cost-solar"}:  # nothing of these is stored here
                    assert Look(language).raw_text(frame.notes["empty"])
                    continue
                assert not frame.is_empty
                assert drawn(block, frame, Look(language))
