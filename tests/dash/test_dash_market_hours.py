"""Hours, days and quarter-hours of the market page against sums by hand; the real prices of 2024 against the file."""

from __future__ import annotations

import csv
import gzip
from collections import Counter, defaultdict
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from pymongo.database import Database

from tests.dash.nordic_stores import QUARTER, energy, load_files, prices, write
from tests.dash.nordic_views import market_of

COPENHAGEN = ZoneInfo("Europe/Copenhagen")
DAY = date(2024, 5, 6)
MIDNIGHT = datetime(2024, 5, 5, 22, tzinfo=UTC)  # of DAY, in Denmark
ONE = timedelta(days=1)
YEAR_FILE = "eds/Elspotprices_2024_DK1_DK2_DE_NO2_SE3_SE4_SYSTEM.csv.gz"
QUARTER_FILE = "eds/dayahead_15min_20250921-20251231_6zones.csv.gz"


def test_an_hour_is_the_mean_of_its_quarters(database: Database[Any], tmp_path: Path) -> None:
    quarters: list[float | None] = [10, 20, 30, 60, 5, None, 5, 5, *[8.0] * 88]
    write(database, "energidata", [prices("DK1", MIDNIGHT, quarters, QUARTER)])
    page = market_of(database, tmp_path)
    curve = page.frame("market-curve", DAY, DAY).table["price_eur_mwh"]
    assert curve[0] == 30  # never 10, the first quarter
    assert np.isnan(curve[1])  # three quarters are not an hour
    assert curve[2:].tolist() == [8.0] * 22
    day = page.frame("market-days", DAY, DAY).table.iloc[0]
    assert day["mean_price_eur_mwh"] == pytest.approx((120 + 15 + 88 * 8) / 95)
    assert day["priced"] == pytest.approx(95 / 96)
    recent = page.frame("market-recent", DAY, DAY).table
    assert recent["priced_s"].tolist()[-2:] == [2700, 3600]


def test_the_change_from_hours_to_quarters(database: Database[Any], tmp_path: Path) -> None:
    change = datetime(2025, 9, 30, 22, tzinfo=UTC)
    hours = prices("DK1", change - timedelta(hours=24), [50.0] * 24)
    quarters = prices("DK1", change, [0.0, 0.0, 0.0, 400.0] * 24, QUARTER)
    write(database, "energidata", [hours, quarters])
    page = market_of(database, tmp_path)
    days = page.frame("market-days", date(2025, 9, 30), date(2025, 10, 1)).table
    assert days["mean_price_eur_mwh"].tolist() == [100.0, 50.0]
    figures = page.frame("market-keys", date(2025, 9, 30), date(2025, 10, 1)).notes["figures"]
    assert figures["mean_price_eur_mwh"] == 75.0  # not weighted by the number of readings
    assert figures["priced_hours"] == 48


def test_capture_price_by_hand(database: Database[Any], tmp_path: Path) -> None:
    price: list[float | None] = [100, 50, -20, None, *[None] * 20]
    write(
        database,
        "energidata",
        [
            prices("DK1", MIDNIGHT, price),
            energy("energidata", "DK1", "Solar DSO A", MIDNIGHT, [0, 1_000_000, 2_000_000, 9_000_000]),
            energy("energidata", "DK1", "Solar TSO B", MIDNIGHT, [0, 1_000_000, 0, 9_000_000]),
            energy("energidata", "DK1", "Coal", MIDNIGHT, [3_000_000, 1_000_000, 0, 9_000_000]),
        ],
    )
    page = market_of(database, tmp_path)
    found = page.frame("market-capture", DAY, DAY)
    by_type = dict(zip(found.table["type"], found.table["capture_price_eur_mwh"], strict=True))
    assert by_type == {  # the fourth hour has no price
        "Solar": pytest.approx((50 * 2 - 20 * 2) / 4),
        "Coal": pytest.approx((100 * 3 + 50 * 1) / 4),
    }
    assert found.notes["mean"] == pytest.approx(130 / 3)
    figures = page.frame("market-keys", DAY, DAY).notes["figures"]
    assert figures["capture_price_eur_mwh"] == pytest.approx((100 * 3 + 50 * 3 - 20 * 2) / 8)
    assert figures["negative_hours"] == 1
    assert figures["hours_with_both"] == 3
    assert figures["pearson_r"] == pytest.approx(np.corrcoef([100, 50, -20], [3, 3, 2])[0, 1])
    only = page.frame("market-keys", DAY, DAY, types="Coal").notes["figures"]
    assert only["capture_price_eur_mwh"] == pytest.approx(87.5)


def test_what_is_missing_is_not_zero(database: Database[Any], tmp_path: Path) -> None:
    wind: list[int | None] = [1_000_000] * 48
    wind[5:8] = [None] * 3
    coal: list[int | None] = [2_000_000] * 48
    write(
        database,
        "energidata",
        [
            prices("DK1", MIDNIGHT, [10.0] * 20 + [None] * 4 + [10.0] * 24),
            energy("energidata", "DK1", "Wind", MIDNIGHT, wind),
            energy("energidata", "DK1", "Coal", MIDNIGHT, coal),
        ],
    )
    page = market_of(database, tmp_path)
    curve = page.frame("market-curve", DAY, DAY + ONE).table
    assert curve["production_mwh"].isna().to_numpy().nonzero()[0].tolist() == [5, 6, 7]
    assert curve["price_eur_mwh"].isna().to_numpy().nonzero()[0].tolist() == [20, 21, 22, 23]
    days = page.frame("market-days", DAY, DAY + ONE).table
    assert days["production_mwh"].tolist() == [72.0, 69.0]
    assert days["production_measured"].tolist() == [1.0, pytest.approx(45 / 48)]
    negative = page.frame("market-negative", DAY, DAY + ONE).table
    assert negative["priced_hours"].tolist() == [20, 24]
    after = page.frame("market-curve", DAY + 2 * ONE, DAY + 3 * ONE)
    assert after.is_empty


@pytest.mark.parametrize(("day", "hours"), [(date(2024, 3, 31), 23), (date(2024, 10, 27), 25), (date(2024, 7, 1), 24)])
def test_days_are_danish(database: Database[Any], tmp_path: Path, day: date, hours: int) -> None:
    start = datetime(day.year, day.month, day.day, tzinfo=COPENHAGEN).astimezone(UTC) - timedelta(days=1)
    wh = [1_000_000 + 7 * place for place in range(72)]
    eur = [float(place % 11 - 2) for place in range(72)]
    write(database, "energidata", [prices("DK2", start, eur), energy("energidata", "DK2", "Wind", start, wh)])
    sums: dict[date, int] = defaultdict(int)
    money: dict[date, list[float]] = defaultdict(list)
    for place in range(72):
        local = (start + timedelta(hours=place)).astimezone(COPENHAGEN).date()
        sums[local] += wh[place]
        money[local].append(eur[place])
    found = market_of(database, tmp_path).frame("market-days", day, day, area="DK2").table
    assert found["day"].tolist() == [day]
    assert found["production_mwh"][0] * 1e6 == pytest.approx(sums[day])
    assert found["mean_price_eur_mwh"][0] == pytest.approx(sum(money[day]) / hours)
    curve = market_of(database, tmp_path).frame("market-curve", day, day, area="DK2").table
    assert len(curve) == len(set(curve["start_local"])) == hours


def test_cumulative_production(database: Database[Any], tmp_path: Path) -> None:
    hole: list[int | None] = [1_000_000] * 24 + [None] * 24 + [1_000_000] * 24
    write(database, "energidata", [energy("energidata", "DK1", "Wind", MIDNIGHT, hole)])
    found = market_of(database, tmp_path).frame("market-cumulative", DAY, DAY + 2 * ONE).table["Wind_mwh"]
    assert found[0] == 24
    assert np.isnan(found[1])  # a hole, not a quiet day
    assert found[2] == 48


def test_the_real_prices_of_2024(database: Database[Any], tmp_path: Path, shared_data: Path) -> None:
    load_files(database, "energidata", [shared_data / YEAR_FILE])
    with gzip.open(shared_data / YEAR_FILE, "rt", encoding="utf-8-sig", newline="") as lines:
        rows = list(csv.DictReader(lines, delimiter=";"))
    cents: dict[tuple[str, date], list[float]] = defaultdict(list)
    below: Counter[str] = Counter()
    for row in rows:
        at = datetime.fromisoformat(row["HourUTC"]).replace(tzinfo=UTC)
        price = float(row["SpotPriceEUR"].replace(",", "."))
        cents[row["PriceArea"], at.astimezone(COPENHAGEN).date()].append(price)
        below[row["PriceArea"]] += price < 0
    page = market_of(database, tmp_path)
    first, last = date(2024, 1, 1), date(2024, 12, 31)
    for area, count in {"DK1": 375, "DK2": 275, "DE": 459, "SE3": 652}.items():
        negative = page.frame("market-negative", first, last, area=area)
        assert negative.table["negative_hours"].sum() == count == below[area]
        assert negative.notes["monthly"]
        curve = page.frame("market-curve", first, last, area=area).table
        mean = [sum(each) / len(each) for (name, _), each in sorted(cents.items()) if name == area]
        assert curve["price_eur_mwh"].tolist() == pytest.approx(mean, abs=0.0051)
        assert page.frame("market-keys", first, last, area=area).notes["figures"]["priced_hours"] == 8784


def test_the_real_quarter_hours(database: Database[Any], tmp_path: Path, shared_data: Path) -> None:
    load_files(database, "energidata", [shared_data / QUARTER_FILE])
    with gzip.open(shared_data / QUARTER_FILE, "rt", encoding="utf-8-sig", newline="") as lines:
        text = lines.read()
    rows = list(csv.DictReader(text.splitlines(), delimiter=";" if ";" in text.splitlines()[0] else ","))
    name = next(name for name in rows[0] if name.endswith("EUR"))
    own: dict[datetime, list[float]] = defaultdict(list)
    for row in rows:
        at = datetime.fromisoformat(row["TimeUTC"].removesuffix("Z")).replace(tzinfo=UTC)
        if row["PriceArea"] == "DK1":
            own[at.replace(minute=0)].append(float(row[name].replace(",", ".")))
    page = market_of(database, tmp_path)
    day = date(2025, 10, 26)  # 25 hours
    curve = page.frame("market-curve", day, day).table
    hours = [at for at in sorted(own) if at.astimezone(COPENHAGEN).date() == day]
    assert len(curve) == len(hours) == 25
    assert all(len(own[at]) == 4 for at in hours)
    assert curve["price_eur_mwh"].tolist() == pytest.approx([sum(own[at]) / 4 for at in hours], abs=0.0051)
