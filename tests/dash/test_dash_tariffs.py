"""Tariffs by hand: zones, both change days, shared readings, Tempo days, standing charges, the colour calendar."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from sync.model.localtime import PARIS
from sync.tariffs.bill import bill, cents
from sync.tariffs.colours import parse_calendar, read_calendar
from sync.tariffs.entries import examples, tariffs_from
from sync.tariffs.model import DAY, KINDS, Tariff
from sync.tariffs.model import TEMPO as TEMPO_KIND
from sync.tariffs.split import Energy, add_reading, parts_of_day, shares

HALF_HOUR = 1800
FLAT = {"name": "Base", "kind": "flat", "source": "invoice", "prices": [{"kwh": "0.20", "standing": "12"}]}
NIGHT = {
    "name": "HP/HC",
    "kind": "peak",
    "source": "invoice",
    "off_peak_hours": ["22:30-06:30"],
    "prices": [{"peak": "0.25", "off_peak": "0.20", "standing": "15"}],
}
TEMPO = {
    "name": "Tempo",
    "kind": "tempo",
    "source": "invoice",
    "prices": [
        {
            "blue_peak": "0.16",
            "blue_off_peak": "0.13",
            "white_peak": "0.18",
            "white_off_peak": "0.15",
            "red_peak": "0.70",
            "red_off_peak": "0.15",
            "standing": "16",
        }
    ],
}


def tariff(entry: dict[str, Any], **changes: Any) -> Tariff:
    wrong: list[str] = []
    found = tariffs_from([entry | changes], Path(), wrong)
    assert wrong == []
    return found[0]


def instant(text: str) -> int:
    """`2024-10-27T00:30Z` → s since the epoch."""
    return round(datetime.fromisoformat(text).timestamp())


def energy_of(readings: Sequence[tuple[str, int, int]], *tariffs: Tariff) -> dict[date, dict[int, Energy]]:
    """Readings (UTC start, seconds, Wh) by local day and part."""
    found: defaultdict[date, defaultdict[int, Energy]] = defaultdict(lambda: defaultdict(int))
    for start, seconds, wh in readings:
        add_reading(found, (instant(start), seconds, wh), parts_of_day(tariffs), PARIS)
    return {day: dict(parts) for day, parts in found.items()}


def whole_day(day: str, wh: int) -> list[tuple[str, int, int]]:
    """Half-hours of one local day, each of the same Wh."""
    first = datetime.fromisoformat(f"{day}T00:00").replace(tzinfo=PARIS).astimezone(UTC)
    end = (datetime.fromisoformat(f"{day}T00:00") + timedelta(days=1)).replace(tzinfo=PARIS).astimezone(UTC)
    count = round((end - first).total_seconds()) // HALF_HOUR
    return [((first + timedelta(seconds=HALF_HOUR * place)).isoformat(), HALF_HOUR, wh) for place in range(count)]


# --- parts of the day -------------------------------------------------------------------------------------------------


def test_parts_begin_where_any_price_may_change() -> None:
    assert parts_of_day([tariff(FLAT)]) == (0,)
    assert parts_of_day([tariff(NIGHT)]) == (0, 390, 1350)
    assert parts_of_day([tariff(NIGHT), tariff(TEMPO)]) == (0, 360, 390, 1320, 1350)


def test_off_peak_hours_run_over_midnight() -> None:
    (prices,) = tariff(NIGHT).prices
    assert prices.off_peak == ((0, 390), (1350, DAY))
    assert [prices.is_off_peak(date(2024, 1, 10), minute) for minute in (0, 389, 390, 1349, 1350, 1439)] == [
        True, True, False, False, True, True,
    ]  # fmt: skip


def test_a_reading_across_an_edge_is_shared_out_in_proportion_to_time() -> None:
    """06:00 to 07:00 with an edge at 06:30; 22:00 to 23:00 with one at 22:30: half and half, exactly."""
    found = energy_of([("2024-01-10T05:00Z", 3600, 333), ("2024-01-10T21:00Z", 3600, 501)], tariff(NIGHT))
    assert found == {
        date(2024, 1, 10): {0: Fraction(333, 2), 390: Fraction(333, 2) + Fraction(501, 2), 1350: Fraction(501, 2)}
    }


def test_a_reading_on_an_edge_is_not_shared() -> None:
    found = energy_of([("2024-01-10T05:00Z", 1800, 7), ("2024-01-10T05:30Z", 1800, 9)], tariff(NIGHT))
    assert found == {date(2024, 1, 10): {0: 7, 390: 9}}


def test_an_odd_edge_shares_by_the_second() -> None:
    odd = tariff(NIGHT, off_peak_hours=["22:40-06:50"])
    found = energy_of([("2024-01-10T05:45Z", 900, 90)], odd)  # 06:45 to 07:00, edge at 06:50
    assert found == {date(2024, 1, 10): {0: 30, 410: 60}}


@pytest.mark.parametrize(
    ("day", "hours", "off_peak"),
    [("2024-03-31", 23, 7), ("2024-10-27", 25, 9), ("2024-06-12", 24, 8)],
)
def test_change_days_have_their_own_number_of_off_peak_hours(day: str, hours: int, off_peak: int) -> None:
    night = tariff(NIGHT)
    found = energy_of(whole_day(day, 100), night)[date.fromisoformat(day)]
    assert sum(found.values()) == 200 * hours
    assert found[0] + found[1350] == 200 * off_peak


def test_an_edge_within_the_doubled_hour_comes_twice() -> None:
    """Off-peak 02:30 to 07:00 by the wall clock, on the night when 02:00 to 03:00 is shown twice."""
    twice = tariff(NIGHT, off_peak_hours=["02:30-07:00"])
    start = instant("2024-10-27T00:00Z")  # 02:00 for the first time
    found = list(shares(start, 7200, parts_of_day([twice]), PARIS))
    assert found == [(date(2024, 10, 27), part, HALF_HOUR) for part in (0, 150, 0, 150)]


def test_an_edge_within_the_skipped_hour_begins_when_the_clocks_have_changed() -> None:
    skipped = tariff(NIGHT, off_peak_hours=["02:30-07:00"])
    start = instant("2024-03-31T00:30Z")  # 01:30; the clocks go from 02:00 to 03:00 half an hour later
    found = list(shares(start, 3600, parts_of_day([skipped]), PARIS))
    assert found == [(date(2024, 3, 31), 0, HALF_HOUR), (date(2024, 3, 31), 150, HALF_HOUR)]


# --- bills ------------------------------------------------------------------------------------------------------------


def test_a_flat_month_by_hand() -> None:
    """3 days of 48 × 100 Wh: 14.4 kWh × 0.20 = 2.88; 12 € a month, 3 of 31 days: 1.161…"""
    readings = [reading for day in ("01", "02", "03") for reading in whole_day(f"2024-01-{day}", 100)]
    flat = tariff(FLAT)
    (found,) = bill(flat, {}, energy_of(readings, flat), (date(2024, 1, 1), date(2024, 1, 4))).values()
    assert found.for_energy == Fraction(288, 100)
    assert found.standing == Fraction(36, 31)
    assert found.euros == Decimal("4.04")
    assert found.zones == {"kwh": 14_400}
    assert found.saved == 0


def test_missing_days_cost_their_standing_charge_and_no_energy() -> None:
    flat = tariff(FLAT)
    found = bill(flat, {}, {}, (date(2024, 2, 1), date(2024, 3, 2)))
    assert [(month.euros, month.for_energy) for month in found.values()] == [
        (Decimal("12.00"), 0),
        (Decimal("0.39"), 0),
    ]


def test_moving_one_kilowatt_hour_moves_no_more_than_was_used() -> None:
    """0.05 € a kWh: a whole one on the first day, 0.4 kWh of peak energy on the second."""
    night = tariff(NIGHT)
    readings = [("2024-01-10T11:00Z", 3600, 1500), ("2024-01-11T11:00Z", 3600, 400), ("2024-01-11T01:00Z", 3600, 5000)]
    (found,) = bill(night, {}, energy_of(readings, night), (date(2024, 1, 10), date(2024, 1, 12))).values()
    assert found.saved == Fraction(7, 100)


def test_prices_change_at_a_local_midnight() -> None:
    prices = [
        {"kwh": "0.30", "standing": "10", "until": "2024-01-16"},
        {"from": "2024-01-16", "kwh": "0.10", "standing": "20"},
    ]
    changing = tariff(FLAT, prices=prices)
    # 23:30 to 00:00 and 00:00 to 00:30 of the night to the 16th, 1 kWh each
    readings = [("2024-01-15T22:30Z", HALF_HOUR, 1000), ("2024-01-15T23:00Z", HALF_HOUR, 1000)]
    (found,) = bill(changing, {}, energy_of(readings, changing), (date(2024, 1, 1), date(2024, 2, 1))).values()
    assert found.for_energy == Fraction(40, 100)
    assert found.standing == Fraction(10 * 15 + 20 * 16, 31)


def test_off_peak_hours_may_change_with_the_prices() -> None:
    prices = [
        {"peak": 1, "off_peak": 0, "standing": 0},
        {"from": date(2024, 1, 16), "peak": 1, "off_peak": 0, "standing": 0, "off_peak_hours": "12h-14h, 02h00-08h00"},
    ]
    changing = tariff(NIGHT, prices=prices)
    noons = [(f"2024-01-{day}T11:30Z", HALF_HOUR, 1000) for day in (15, 16)]
    (found,) = bill(changing, {}, energy_of(noons, changing), (date(2024, 1, 15), date(2024, 1, 17))).values()
    assert found.zones == {"peak": 1000, "off_peak": 1000}


def test_days_before_the_first_price_are_left_out_and_counted() -> None:
    late = tariff(FLAT, prices=[{"from": "2024-01-02", "kwh": "0.20", "standing": "31"}])
    readings = whole_day("2024-01-01", 100) + whole_day("2024-01-02", 100)
    (found,) = bill(late, {}, energy_of(readings, late), (date(2024, 1, 1), date(2024, 1, 3))).values()
    assert (found.without_price, found.unpriced, found.is_whole) == ((date(2024, 1, 1),), 4800, False)
    assert found.euros == Decimal("1.96")  # 4.8 kWh and one day of 31


# --- Tempo ------------------------------------------------------------------------------------------------------------


def test_a_tempo_day_runs_from_six_to_six() -> None:
    assert KINDS[TEMPO_KIND].day_of(date(2024, 1, 10), 359) == date(2024, 1, 9)
    assert KINDS[TEMPO_KIND].day_of(date(2024, 1, 10), 360) == date(2024, 1, 10)
    tempo = tariff(TEMPO)
    colours = {date(2024, 1, 9): "blue", date(2024, 1, 10): "red", date(2024, 1, 11): "white"}
    readings = [
        ("2024-01-10T04:30Z", HALF_HOUR, 1000),  # 05:30: still the blue day, off-peak
        ("2024-01-10T05:00Z", HALF_HOUR, 1000),  # 06:00: red, peak
        ("2024-01-10T20:30Z", HALF_HOUR, 1000),  # 21:30: red, peak
        ("2024-01-10T21:00Z", HALF_HOUR, 1000),  # 22:00: red, off-peak
        ("2024-01-11T04:30Z", HALF_HOUR, 1000),  # 05:30 of the next day: still red, off-peak
        ("2024-01-11T05:00Z", HALF_HOUR, 1000),  # 06:00: white, peak
    ]
    (found,) = bill(tempo, colours, energy_of(readings, tempo), (date(2024, 1, 10), date(2024, 1, 12))).values()
    assert found.zones == {"blue_off_peak": 1000, "red_peak": 2000, "red_off_peak": 2000, "white_peak": 1000}
    assert found.for_energy == Fraction("0.13") + 2 * Fraction("0.70") + 2 * Fraction("0.15") + Fraction("0.18")
    assert found.saved == Fraction("0.55") + Fraction("0.03")
    assert found.is_whole


def test_a_day_without_a_colour_is_left_out_from_six_to_six() -> None:
    tempo = tariff(TEMPO)
    colours = {date(2024, 1, 9): "blue", date(2024, 1, 11): "blue"}
    energy = energy_of(whole_day("2024-01-10", 100) + whole_day("2024-01-11", 100), tempo)
    (found,) = bill(tempo, colours, energy, (date(2024, 1, 10), date(2024, 1, 12))).values()
    assert found.without_colour == (date(2024, 1, 10),)
    assert found.unpriced == 4800
    assert sum(found.zones.values()) == 4800
    assert not found.is_whole


def test_the_calendar_of_colours_is_read_as_people_write_it() -> None:
    text = "date;colour\n2025-01-15;red\n16/01/2025;BLANC\n\n2025-01-17; Bleu ;\n"
    found = parse_calendar(text, "tempo.csv")
    assert found.problems == ()
    assert found.colours == {date(2025, 1, 15): "red", date(2025, 1, 16): "white", date(2025, 1, 17): "blue"}


def test_a_calendar_that_contradicts_itself_knows_no_colour_of_that_day(tmp_path: Path) -> None:
    path = tmp_path / "tempo.csv"
    path.write_text("2025-01-15;red\n2025-01-15;blue\n2025-01-16;pink\n2025-02-30;red\nhello\n", encoding="utf-8-sig")
    found = read_calendar(path)
    assert found.colours == {}
    assert found.problems == (
        "tempo.csv line 2: 2025-01-15 has another colour in a line above",
        "tempo.csv line 3: must be a date and blue, white or red: 2025-01-15;red",
        "tempo.csv line 4: must be a date and blue, white or red: 2025-01-15;red",
        "tempo.csv line 5: must be a date and blue, white or red: 2025-01-15;red",
    )
    assert "cannot be read" in read_calendar(tmp_path / "none.csv").problems[0]
    path.write_bytes(b"2025-01-15;\xff\n")
    assert read_calendar(path).problems == ("tempo.csv is not UTF-8 text: save it as UTF-8",)


def test_many_wrong_lines_are_told_in_a_few() -> None:
    for lines, told in ((100, "and 95 more lines like these"), (6, "and 1 more line like these")):
        found = parse_calendar("x\n" * lines, "tempo.csv")
        assert len(found.problems) == 6
        assert found.problems[-1] == f"tempo.csv: {told}"


# --- small things -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("exact", "shown"),
    [("0.004999", "0.00"), ("0.005", "0.01"), ("1.115", "1.12"), ("-0.005", "0.00"), ("12", "12.00")],
)
def test_cents_are_rounded_half_up(exact: str, shown: str) -> None:
    assert str(cents(Fraction(exact))) == shown


def test_the_shipped_tariffs_are_examples_with_a_date() -> None:
    found = examples()
    assert [each.kind for each in found] == ["flat", "peak", "tempo"]
    assert all(each.is_example and "2025-02-01" in each.source for each in found)
    assert not tariff(FLAT).is_example
