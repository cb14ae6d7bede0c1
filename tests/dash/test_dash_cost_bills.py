"""Each month's bill of the real two years under each kind of contract, to the cent, against an own computation.

The own computation goes through the file half-hour by half-hour on its own clock (`paris.py`), with the price of each
written out below; nothing of the product's tariffs takes part in it.
"""

from __future__ import annotations

import calendar
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from pymongo.database import Database

from dash_app.cost.queries import Comparison, comparison, euros, ranking
from dash_app.kit.reader import Reader
from dash_app.kit.view import View
from sync.settings import load
from tests import paris, r63
from tests.dash.stores import ONE, TODAY, TWO, load_readings

pytestmark = pytest.mark.soak  # pages in the browser; test_dash_screens opens each of them every time

FIRST, END = date(2023, 3, 13), date(2025, 3, 13)
ALL = View(page="cost", period="all", start=FIRST, end=END)
Price = Callable[[str], Fraction | None]
"""`2024-10-27 02:30:00` on the wall → €/kWh."""


def flat(_wall: str) -> Fraction:
    return Fraction("0.2016")


def peak(wall: str) -> Fraction:
    """22:30 to 06:30; dearer from February 2024 on, other hours from August 2024 on."""
    clock, day = wall[11:16], wall[:10]
    if day >= "2024-08-01":
        off_peak = "01:30" <= clock < "07:30" or "12:30" <= clock < "14:30"
    else:
        off_peak = clock >= "22:30" or clock < "06:30"
    if day < "2024-02-01":
        return Fraction("0.1828") if off_peak else Fraction("0.2460")
    return Fraction("0.2068") if off_peak else Fraction("0.2700")


def colour_of(day: date) -> str:
    """Invented: every seventh day red, every third white."""
    number = day.toordinal()
    return "red" if number % 7 == 0 else "white" if number % 3 == 0 else "blue"


def tempo(wall: str) -> Fraction:
    """A day from 06:00 to 06:00, off-peak from 22:00."""
    day, clock = date.fromisoformat(wall[:10]), wall[11:16]
    colour = colour_of(day if clock >= "06:00" else day - timedelta(days=1))
    off_peak = clock >= "22:00" or clock < "06:00"
    prices = {"blue": ("0.1296", "0.1609"), "white": ("0.1486", "0.1871"), "red": ("0.1568", "0.7562")}
    return Fraction(prices[colour][0 if off_peak else 1])


OWN = {"Base": (flat, "12.44"), "HP/HC": (peak, "12.85"), "Tempo": (tempo, "16.16")}
NIGHT, OTHER = ["22h30-6h30"], ["01:30-07:30", "12:30-14:30"]
ENTRIES = [
    {
        "name": "Base",
        "kind": "flat",
        "source": "invoice of 2025-02-03",
        "prices": [{"kwh": 0.2016, "standing": 12.44}],
    },
    {
        "name": "HP/HC",
        "kind": "peak",
        "source": "invoice of 2024-08-02",
        "off_peak_hours": NIGHT,
        "prices": [
            {"until": "2024-02-01", "peak": 0.2460, "off_peak": 0.1828, "standing": 12.85},
            {"from": "2024-02-01", "peak": 0.27, "off_peak": 0.2068, "standing": 12.85},
            {"from": "2024-08-01", "peak": 0.27, "off_peak": 0.2068, "standing": 12.85, "off_peak_hours": OTHER},
        ],
    },
    {
        "name": "Tempo",
        "kind": "tempo",
        "source": "invoice of 2024-02-05",
        "calendar": "tempo.csv",
        "prices": [
            {
                "blue_off_peak": 0.1296,
                "blue_peak": 0.1609,
                "white_off_peak": 0.1486,
                "white_peak": 0.1871,
                "red_off_peak": 0.1568,
                "red_peak": 0.7562,
                "standing": 16.16,
            }
        ],
    },
]


def settings_with(folder: Path, entries: list[dict[str, Any]], known: Callable[[date], bool] = bool) -> Any:
    """Settings of a file with these tariffs, and a calendar of the colours of known days."""
    days = [FIRST + timedelta(days=place) for place in range(-1, (END - FIRST).days)]
    lines = [f"{day};{colour_of(day)}" for day in days if known(day)]
    (folder / "tempo.csv").write_text("\n".join(["date;colour", *lines]), encoding="utf-8")
    (folder / "settings.py").write_text(f"TARIFFS = {entries!r}\n", encoding="utf-8")
    return load(folder, {})


def compared(database: Database[Any], settings: Any, view: View = ALL) -> Comparison:
    found = comparison(Reader(database, settings, now=lambda: TODAY), view)
    assert found is not None
    return found


def halves(reading: r63.Expected) -> list[tuple[str, Fraction]]:
    """(wall clock, Wh) of each half-hour of a reading, its energy shared out evenly."""
    count = reading.seconds // 1800
    start = round(reading.ts.timestamp())
    return [(paris.wall(start + 1800 * place), Fraction(reading.wh, count)) for place in range(count)]


def to_the_cent(amount: Fraction) -> Decimal:
    return Decimal((2 * 100 * amount.numerator + amount.denominator) // (2 * amount.denominator)) / 100


def standing(price: str, start: date, end: date) -> dict[str, Fraction]:
    """A standing charge day by day, by month."""
    found: defaultdict[str, Fraction] = defaultdict(Fraction)
    for place in range((end - start).days):
        day = start + timedelta(days=place)
        found[f"{day:%Y-%m}"] += Fraction(price) / calendar.monthrange(day.year, day.month)[1]
    return found


def own_bills(folder: Path, price: Price, charge: str) -> dict[str, Decimal]:
    """By month, from the file."""
    found = standing(charge, FIRST, END)
    for reading in r63.expected(folder):
        for wall, wh in halves(reading):
            found[wall[:7]] += wh * (price(wall) or 0) / 1000
    return {month: to_the_cent(amount) for month, amount in found.items()}


@pytest.mark.parametrize("name", OWN)
def test_each_months_bill_is_that_of_the_file_to_the_cent(
    name: str, two_years: Database[Any], shared_data: Path, tmp_path: Path
) -> None:
    found = compared(two_years, settings_with(tmp_path, ENTRIES))
    contract = next(each for each in found.contracts if each.tariff.name == name)
    bills = {f"{month:%Y-%m}": each.euros for month, each in contract.bills.items()}
    assert bills == own_bills(shared_data, *OWN[name])
    assert len(bills) == 25
    assert contract.is_whole
    assert euros(contract) == sum(own_bills(shared_data, *OWN[name]).values())


def test_energy_by_zone_is_that_of_the_file_and_nothing_is_lost(
    two_years: Database[Any], shared_data: Path, tmp_path: Path
) -> None:
    found = compared(two_years, settings_with(tmp_path, ENTRIES))
    own: defaultdict[Fraction, Fraction] = defaultdict(Fraction)
    for reading in r63.expected(shared_data):
        for wall, wh in halves(reading):
            own[tempo(wall)] += wh
    by_price = dict(ENTRIES[2]["prices"][0])  # type: ignore[index]
    bills = found.contracts[2].bills.values()
    for zone, price in by_price.items():
        if zone != "standing":
            assert sum(each.zones.get(zone, 0) for each in bills) == own[Fraction(str(price))]
    assert found.wh == sum(own.values()) == sum(reading.wh for reading in r63.expected(shared_data))


def test_shared_readings_are_counted(two_years: Database[Any], shared_data: Path, tmp_path: Path) -> None:
    """With one tariff alone: those that begin on one side of 06:30 or 22:30 and end on the other."""
    entry = ENTRIES[1] | {"prices": [{"peak": 1, "off_peak": 0, "standing": 0}]}
    found = compared(two_years, settings_with(tmp_path, [entry]))
    own = 0
    for reading in r63.expected(shared_data):
        clocks = [wall[11:16] for wall, _ in halves(reading)]
        own += len({clock >= "22:30" or clock < "06:30" for clock in clocks}) > 1
    assert found.shared == own > 0


@pytest.mark.parametrize("day", ["2023-03-26", "2023-10-29", "2024-03-31", "2024-10-27"])
def test_change_days_are_billed_by_the_wall_clock(
    day: str, two_years: Database[Any], shared_data: Path, tmp_path: Path
) -> None:
    start = date.fromisoformat(day)
    view = replace(ALL, period="own", start=start, end=start + timedelta(days=1))
    found = compared(two_years, settings_with(tmp_path, ENTRIES), view)
    (month,) = found.months
    assert (month.covered, month.expected) in {(82_800, 82_800), (90_000, 90_000)}
    first, end = paris.midnight(start), paris.midnight(start + timedelta(days=1))
    for contract in found.contracts:
        price, _ = OWN[contract.tariff.name]
        own = sum(
            wh * price(wall) / 1000
            for reading in r63.expected(shared_data)
            if first <= reading.ts.timestamp() < end
            for wall, wh in halves(reading)
        )
        assert contract.bills[start.replace(day=1)].for_energy == own


def test_months_know_how_much_of_them_was_measured(two_years: Database[Any], shared_data: Path, tmp_path: Path) -> None:
    found = compared(two_years, settings_with(tmp_path, ENTRIES))
    own: defaultdict[str, int] = defaultdict(int)
    for reading in r63.expected(shared_data):
        own[paris.wall(round(reading.ts.timestamp()))[:7]] += reading.seconds
    assert {f"{month.first:%Y-%m}": month.covered for month in found.months} == own
    assert [f"{month.first:%Y-%m}" for month in found.months if not month.is_measured] == ["2024-07"]
    assert (found.months[0].start, found.months[-1].end) == (FIRST, END)


def test_a_period_beyond_the_readings_is_cut_to_them(two_years: Database[Any], tmp_path: Path) -> None:
    settings = settings_with(tmp_path, ENTRIES)
    found = compared(two_years, settings, replace(ALL, start=date(2020, 1, 1), end=date(2026, 1, 1)))
    assert (found.start, found.end) == (FIRST, END)
    reader = Reader(two_years, settings, now=lambda: TODAY)
    assert comparison(reader, replace(ALL, start=date(2020, 1, 1), end=date(2021, 1, 1))) is None


def test_unknown_colours_take_a_contract_out_of_the_comparison_of_those_months_alone(
    two_years: Database[Any], tmp_path: Path
) -> None:
    unknown = {date(2024, 1, 17), date(2024, 5, 31)}
    found = compared(two_years, settings_with(tmp_path, ENTRIES, lambda day: day not in unknown))
    tempo_contract = found.contracts[2]
    # The Tempo day of 31 May ends at 06:00 of 1 June: its last hours are missing in June's bill.
    lacking = {f"{month:%Y-%m}" for month, each in tempo_contract.bills.items() if not each.is_whole}
    assert lacking == {"2024-01", "2024-05", "2024-06"}
    assert not tempo_contract.is_whole
    assert [each.tariff.name for each, _ in ranking(found)] == ["Base", "HP/HC"]
    assert len(ranking(found, date(2024, 1, 1))) == 2
    assert len(ranking(found, date(2024, 2, 1))) == 3
    whole = compared(two_years, settings_with(tmp_path, ENTRIES)).contracts[2]
    for month, each in tempo_contract.bills.items():
        assert sum(each.zones.values()) + each.unpriced == sum(whole.bills[month].zones.values())


def test_a_calendar_that_grows_is_read_again(two_years: Database[Any], tmp_path: Path) -> None:
    settings = settings_with(tmp_path, ENTRIES, lambda day: day < date(2025, 3, 12))
    reader = Reader(two_years, settings, now=lambda: TODAY)
    before = comparison(reader, ALL)
    assert before is not None
    assert not before.contracts[2].is_whole
    settings_with(tmp_path, ENTRIES)
    after = comparison(reader, ALL)
    assert after is not None
    assert after.contracts[2].is_whole
    (tmp_path / "tempo.csv").unlink()
    gone = comparison(reader, ALL)
    assert gone is not None
    assert "cannot be read" in gone.contracts[2].problems[0]
    assert not gone.contracts[2].is_whole


def test_moving_one_kilowatt_hour_a_day(two_years: Database[Any], shared_data: Path, tmp_path: Path) -> None:
    """Up to 1 kWh of each day's peak energy, at the difference of that day's prices."""
    found = compared(two_years, settings_with(tmp_path, ENTRIES))
    peaks: defaultdict[str, Fraction] = defaultdict(Fraction)
    for reading in r63.expected(shared_data):
        for wall, wh in halves(reading):
            if peak(wall) in (Fraction("0.2460"), Fraction("0.27")):
                peaks[wall[:10]] += wh
    own = sum(min(Fraction(1000), wh) / 1000 * Fraction("0.0632") for wh in peaks.values())  # both times of prices
    assert sum(each.saved for each in found.contracts[1].bills.values()) == own


def test_each_meter_has_its_own_bill_and_production_none(database: Database[Any], tmp_path: Path) -> None:
    start = TODAY.replace(year=2025, month=1, day=5, hour=23, minute=0)
    one = load_readings(database, start, [1000] * 48, ONE)
    two = load_readings(database, start, [3000] * 48, TWO)
    made = load_readings(database, start, [500] * 48, ONE, "production")
    reader = Reader(database, settings_with(tmp_path, ENTRIES[:1]), now=lambda: TODAY)
    totals = {}
    for series in (one, two):
        found = comparison(reader, replace(ALL, series=reader.addresses()[series]))
        assert found is not None
        totals[series.id] = found.contracts[0].bills[date(2025, 1, 1)].for_energy
    assert totals == {ONE: 48 * Fraction("0.2016"), TWO: 144 * Fraction("0.2016")}
    assert comparison(reader, replace(ALL, series=reader.addresses()[made])) is None
