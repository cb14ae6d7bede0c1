"""A roof against the curve: PVGIS's two forms read, what is wrong refused in a line, and the numbers of an own walk
through the readings, hour by hour."""

from __future__ import annotations

import json
import math
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pymongo.database import Database

from dash_app.cost.page import PAGE
from dash_app.cost.solar import solar_figure, solar_frame
from dash_app.kit.download import heads
from dash_app.kit.locale import Look
from dash_app.kit.reader import Reader
from sync.model.errors import FileRefused
from sync.settings import load
from sync.tariffs.bill import cents
from sync.tariffs.pvgis import read_roof
from sync.tariffs.solar import match
from tests import paris, r63
from tests.dash.stores import TODAY, load_readings
from tests.dash.test_dash_cost_bills import ALL, END, ENTRIES, peak
from tests.dash.test_dash_cost_page import drawn

HEAD = (
    "Latitude (decimal degrees):\t45.188\nLongitude (decimal degrees):\t5.725\nElevation (m):\t214\n"
    "Radiation database:\tPVGIS-SARAH3\n\n\nSlope: 35 deg. \nAzimuth: 0 deg. \n"
    "Nominal power of the PV system (c-Si) (kWp):\t3.0\nSystem losses (%):\t14.0\n\n"
)
COLUMNS = "time,P,G(i),H_sun,T2m,WS10m,Int\n"
FOOT = "\nP: PV system power (W)\nG(i): Global irradiance on the inclined plane (W/m2)\n\n\nPVGIS (c) European Union\n"


def power(moment: datetime) -> float:
    """An invented roof: a bell over the day, higher in summer, cloudier in even years on every third day."""
    bell = max(0.0, 1 - abs(moment.hour - 11.5) / 6)
    season = 0.55 - 0.45 * math.cos(2 * math.pi * (moment.timetuple().tm_yday + 10) / 365)
    cloud = 0.3 if moment.toordinal() % 3 == 0 and moment.year % 2 == 0 else 1.0
    return round(2600 * bell * season * cloud, 2)


def hours(*years: int) -> Iterator[datetime]:
    for year in years:
        moment = datetime(year, 1, 1, 0, 10, tzinfo=UTC)
        while moment.year == year:
            yield moment
            moment += timedelta(hours=1)


def csv_of(*years: int) -> str:
    rows = [f"{moment:%Y%m%d:%H%M},{power(moment)},100.0,10.0,5.0,2.0,0.0\n" for moment in hours(*years)]
    return HEAD + COLUMNS + "".join(rows) + FOOT


def json_of(*years: int) -> str:
    rows = [{"time": f"{moment:%Y%m%d:%H%M}", "P": power(moment), "G(i)": 1.0} for moment in hours(*years)]
    return json.dumps({"inputs": {"pv_module": {"peak_power": 3.0}}, "outputs": {"hourly": rows}, "meta": {}})


@pytest.fixture(scope="module")
def roof_text() -> str:
    return csv_of(2019, 2020)


@pytest.fixture
def roof_file(roof_text: str, tmp_path: Path) -> Path:
    path = tmp_path / "Timeseries_45.188_5.725.csv"
    path.write_text(roof_text, encoding="utf-8")
    return path


def test_both_forms_are_read_alike(roof_file: Path, tmp_path: Path) -> None:
    (tmp_path / "roof.json").write_text(json_of(2019, 2020), encoding="utf-8")
    one, other = read_roof(roof_file), read_roof(tmp_path / "roof.json")
    assert (one.years, one.kwp) == (other.years, other.kwp) == ((2019, 2020), 3.0)
    assert np.array_equal(one.watts, other.watts)
    assert one.watts.shape == (2, 8784)
    assert np.array_equal(one.watts[0, 59 * 24 : 60 * 24], one.watts[0, 58 * 24 : 59 * 24])  # 29 February of 2019


@pytest.mark.parametrize("year", [2023, 2024])
def test_each_hour_finds_its_own(year: int, roof_file: Path) -> None:
    """By month, day and hour of UTC, in ordinary years and leap years."""
    roof = read_roof(roof_file)
    for moment in list(hours(year))[:: 24 * 7 + 5]:
        start = np.array([round(moment.timestamp()) - 600])
        produced = roof.produced(start, np.array([1800]))[:, 0]
        assert produced.tolist() == [power(moment.replace(year=each)) / 2 for each in (2019, 2020)]


def test_a_reading_across_an_hour_is_shared_by_the_second(roof_file: Path) -> None:
    roof = read_roof(roof_file)
    start = round(datetime(2024, 6, 3, 9, 45, tzinfo=UTC).timestamp())
    nine, ten = (power(datetime(2019, 6, 3, hour, 10, tzinfo=UTC)) for hour in (9, 10))
    assert roof.produced(np.array([start]), np.array([3600]))[0, 0] == pytest.approx(nine / 4 + ten * 3 / 4)


WRONG = {
    "radiation alone": (lambda text: text.replace(",P,", ","), "radiation alone"),
    "monthly": (lambda _: HEAD + "Month\t\tE_d\t\tE_m\n1\t\t1.2\t\t37.4\n", "no hourly file"),
    "empty": (lambda _: "", "no hourly file"),
    "cut off": (lambda text: text[:200_000], "of 8,760 hours|unreadable hour"),
    "a row twice": (lambda text: text.replace(FOOT, "20200101:0010,0.0,0,0,0,0,0\n" + FOOT), "stands there twice"),
    "a negative power": (lambda text: text.replace("20190101:0010,0.0", "20190101:0010,-5.0"), "unreadable hour"),
    "no number": (lambda text: text.replace("20190101:0010,0.0", "20190101:0010,nan"), "unreadable hour"),
    "no day": (lambda text: text.replace("20190101:0010", "20190231:0010"), "unreadable hour"),
    "head alone": (lambda _: HEAD + COLUMNS, "holds no hour"),
    "other json": (lambda _: '{"outputs": {"monthly": []}}', "no outputs.hourly"),
    "json without power": (lambda _: '{"outputs": {"hourly": [{"time": "20190101:0010"}]}}', "radiation alone"),
    "broken json": (lambda _: '{"outputs": ', "no outputs.hourly"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_file_is_refused_in_one_line(name: str, roof_text: str, tmp_path: Path) -> None:
    change, words = WRONG[name]
    path = tmp_path / "roof.csv"
    path.write_text(change(roof_text), encoding="utf-8")
    with pytest.raises(FileRefused, match=words) as refused:
        read_roof(path)
    assert str(refused.value).startswith("roof.csv")
    assert "\n" not in str(refused.value)


def test_what_is_no_text_or_not_there_is_refused(tmp_path: Path) -> None:
    (tmp_path / "roof.xlsx").write_bytes(b"PK\x03\x04\xff\xfe")
    for name, words in (("roof.xlsx", "not text"), ("none.csv", "check PVGIS_FILE")):
        with pytest.raises(FileRefused, match=words):
            read_roof(tmp_path / name)


def test_a_day_by_hand(roof_file: Path) -> None:
    """1,000 W all day against nothing at night: what is used at once is the lesser of both, half-hour by half-hour."""
    roof = replace(read_roof(roof_file), years=(1,), watts=np.full((1, 8784), 600.0))
    start = np.arange(4) * 1800 + 1_718_000_000 // 3600 * 3600
    found = match(roof, start, np.array([1000.0, 0.0, 200.0, 400.0]), np.full(4, 1800))
    assert found.direct.tolist() == [300, 0, 200, 300]
    assert found.mean_self_use == pytest.approx(800 / 1200)
    assert found.autonomy == pytest.approx(800 / 1600)
    assert found.hourly_self_use == pytest.approx(1200 / 1200)  # by the hour the empty half-hour is not seen


# --- on the page ------------------------------------------------------------------------------------------------------


def reader_with(database: Database[Any], folder: Path, roof: Path | None, entries: list[dict[str, Any]]) -> Reader:
    (folder / "settings.py").write_text(f"TARIFFS = {entries!r}\nPVGIS_FILE = {roof.name if roof else ''!r}\n")
    return Reader(database, load(folder, {}), now=lambda: TODAY)


@pytest.mark.soak
def test_the_year_is_that_of_the_file(
    two_years: Database[Any], shared_data: Path, tmp_path: Path, roof_file: Path
) -> None:
    """Self-consumption, autonomy, months and euros against a walk through the real readings, each by its UTC hour."""
    frame = solar_frame(reader_with(two_years, tmp_path, roof_file, [ENTRIES[1]]), ALL)
    first = END - timedelta(days=365)
    used = saved = 0.0
    sums = {2019: [0.0, 0.0], 2020: [0.0, 0.0]}
    months: defaultdict[str, float] = defaultdict(float)
    for reading in r63.expected(shared_data):
        instant = round(reading.ts.timestamp())
        wall = paris.wall(instant)
        if not f"{first}" <= wall[:10] < f"{END}":
            continue
        used += reading.wh
        count = reading.seconds // 1800
        for year, found in sums.items():
            day = 28 if (reading.ts.month, reading.ts.day) == (2, 29) and year == 2019 else reading.ts.day
            moment = datetime(year, reading.ts.month, day, reading.ts.hour, 10, tzinfo=UTC)
            produced = power(moment) * reading.seconds / 3600
            direct = min(produced, reading.wh)
            found[0] += produced
            found[1] += direct
            months[wall[:7]] += direct / 2
            for place in range(count):
                price = peak(paris.wall(instant + 1800 * place))
                assert price is not None
                saved += float(price) * direct / count / 1000 / 2
    produced, direct = (sum(each[place] for each in sums.values()) / 2 for place in (0, 1))
    found_match = frame.notes["match"]
    assert found_match.mean_self_use == pytest.approx(direct / produced)
    assert found_match.autonomy == pytest.approx(direct / used)
    assert found_match.self_use.tolist() == pytest.approx([part / whole for whole, part in sums.values()])
    assert float(cents(frame.notes["saved"])) == pytest.approx(saved, abs=0.006)
    by_month = dict(zip(frame.table["month"], frame.table["direct_wh"], strict=True))
    assert by_month.keys() == months.keys()
    assert all(abs(by_month[month] - wh) <= 0.5001 for month, wh in months.items())
    text = drawn(next(block for block in PAGE.blocks if block.name == "cost-solar"), frame, Look("fr"))
    assert "autoconsommation" in text.lower()


@pytest.fixture(scope="module")
def year_of_days() -> list[int | None]:
    return [200] * 48 * 366


def sentence_of(frame: Any) -> str:
    return drawn(next(each for each in PAGE.blocks if each.name == "cost-solar"), frame, Look("en"))


def test_what_is_lacking_is_said(
    database: Database[Any], tmp_path: Path, roof_file: Path, year_of_days: list[int | None]
) -> None:
    """No file; a wrong one; less than a year; then a file put right while the page is open."""
    load_readings(database, datetime(2025, 1, 1, 23, tzinfo=UTC), year_of_days[: 48 * 40])
    assert "PVGIS_FILE" in sentence_of(solar_frame(reader_with(database, tmp_path, None, ENTRIES[:1]), ALL))
    reader = reader_with(database, tmp_path, roof_file, ENTRIES[:1])
    assert "365 days" in sentence_of(solar_frame(reader, ALL))
    load_readings(database, datetime(2024, 1, 1, 23, tzinfo=UTC), year_of_days)
    reader = reader_with(database, tmp_path, roof_file, ENTRIES[:1])
    good = roof_file.read_text(encoding="utf-8")
    roof_file.write_text(good[:300_000], encoding="utf-8")
    block = next(each for each in PAGE.blocks if each.name == "cost-solar")
    assert "The file of the roof cannot be used: Timeseries" in drawn(block, solar_frame(reader, ALL), Look("en"))
    roof_file.write_text(good, encoding="utf-8")
    frame = solar_frame(reader, ALL)
    assert frame.table["used_wh"].sum() == 365 * 48 * 200
    assert frame.notes["saved"] == pytest.approx(
        Fraction("0.2016") * round(frame.notes["match"].direct.sum()) / 1000, abs=0.01
    )


def test_a_year_over_both_change_days_is_whole(
    database: Database[Any], tmp_path: Path, roof_file: Path, year_of_days: list[int | None]
) -> None:
    load_readings(database, datetime(2024, 2, 28, 23, tzinfo=UTC), year_of_days[: 48 * 365])
    frame = solar_frame(reader_with(database, tmp_path, roof_file, ENTRIES[:1]), ALL)
    assert frame.covered == 1.0
    assert frame.notes["held"] == (date(2024, 2, 29), date(2025, 2, 28))
    used = dict(zip(frame.table["month"], frame.table["used_wh"], strict=True))
    assert (used["2024-03"], used["2024-10"]) == (200 * (31 * 48 - 2), 200 * (31 * 48 + 2))
    assert all(" (Wh)" in head and "_" not in head for head in heads(list(frame.table), Look("fr"))[1:])
    drawn_as = solar_figure(frame, Look("fr", "dark"))["data"][:4]  # behind them, the legend
    sums: defaultdict[tuple[str, str], float] = defaultdict(float)
    for trace in drawn_as:
        for month, kwh in zip(trace["x"], trace["y"], strict=True):
            sums[trace["offsetgroup"], month[:7]] += kwh
    for row in frame.table.to_dict("records"):
        assert sums["used", row["month"]] == pytest.approx(row["used_wh"] / 1000)
        assert sums["roof", row["month"]] == pytest.approx(row["produced_wh"] / 1000, abs=0.002)  # each rounded to Wh
    assert drawn_as[0]["marker"]["pattern"]["shape"] == ["/", *[""] * 11, "/"]  # one day of February 2024, 27 of 2025


def test_a_producing_meter_has_no_such_card(database: Database[Any], tmp_path: Path, roof_file: Path) -> None:
    load_readings(database, datetime(2025, 1, 1, 23, tzinfo=UTC), [1] * 48, flow="production")
    assert solar_frame(reader_with(database, tmp_path, roof_file, ENTRIES[:1]), ALL).is_empty
