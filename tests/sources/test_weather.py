"""Every answer of the weather archive is held against the question: zone, units, place, hours; and weather files."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sync.http.transport import Answer
from sync.model.errors import FatalSourceError, FileRefused, RateLimited, WindowRefused
from sync.model.readings import ReadingBatch, instant
from sync.model.window import Window
from sync.sources.source import AnswerRefused, Parsed
from sync.sources.weather.api import Weather
from sync.sources.weather.files import open_files

NOW = datetime(2026, 7, 17, 12, tzinfo=UTC)
SOURCE = Weather("https://archive-api.open-meteo.com/v1")
OSLO = SOURCE.datasets[0]
DAYS = Window(date(2024, 3, 30), date(2024, 4, 1))
UNITS = {
    "time": "iso8601",
    "temperature_2m": "°C",
    "precipitation": "mm",
    "wind_speed_10m": "m/s",
    "wind_gusts_10m": "m/s",
    "wind_direction_10m": "°",
}


def said(hours: int = 48, **more: Any) -> dict[str, Any]:
    """A whole answer for Oslo; the wind grows by 0.1 m/s an hour."""
    times = [f"{datetime(2024, 3, 30, tzinfo=UTC) + timedelta(hours=n):%Y-%m-%dT%H:%M}" for n in range(hours)]
    return {
        "latitude": 60.0,
        "longitude": 10.75,
        "elevation": 14.0,
        "utc_offset_seconds": 0,
        "timezone": "GMT",
        "hourly_units": dict(UNITS),
        "hourly": {
            "time": times,
            "temperature_2m": [1.5] * hours,
            "precipitation": [0.0] * hours,
            "wind_speed_10m": [n / 10 for n in range(hours)],
            "wind_gusts_10m": [n / 5 for n in range(hours)],
            "wind_direction_10m": [270] * hours,
        },
    } | more


def read(answer: Any, now: datetime = NOW, days: Window = DAYS) -> Parsed:
    return SOURCE.parse(OSLO, days, answer if isinstance(answer, str) else json.dumps(answer), now)


# --- the question ----------------------------------------------------------------------------------------------------


def test_zone_and_units_are_always_said() -> None:
    url, query = SOURCE.question(OSLO, Window(date(2021, 1, 1), date(2022, 1, 1)))
    assert url == "https://archive-api.open-meteo.com/v1/archive"
    assert query == {
        "latitude": "59.9127",
        "longitude": "10.7461",
        "start_date": "2021-01-01",
        "end_date": "2021-12-31",
        "hourly": "temperature_2m,precipitation,wind_speed_10m,wind_gusts_10m,wind_direction_10m",
        "models": "era5",
        "wind_speed_unit": "ms",
        "temperature_unit": "celsius",
        "precipitation_unit": "mm",
        "timezone": "GMT",
    }


def test_a_call_a_year_and_a_dataset_an_area() -> None:
    names = [f"era5 {area}" for area in ("NO1", "NO2", "NO3", "NO4", "NO5", "DK1", "DK2")]
    assert [dataset.name for dataset in SOURCE.datasets] == names
    windows = SOURCE.windows(OSLO, Window(date(2019, 7, 1), date(2021, 1, 1)))
    assert [str(each.start) for each in windows] == ["2019-07-01", "2020-01-01"]
    assert windows[-1].end == date(2021, 1, 1)
    assert SOURCE.windows(OSLO, DAYS) == [DAYS]


# --- what is refused -------------------------------------------------------------------------------------------------


def _hourly(change: Callable[[dict[str, Any]], Any]) -> dict[str, Any]:
    answer = said()
    change(answer["hourly"])
    return answer


REFUSED: dict[str, tuple[Any, str]] = {
    "km/h": (said(hourly_units=UNITS | {"wind_speed_10m": "km/h"}), "wind_speed_10m is in 'km/h', asked was m/s"),
    "feet of rain": (said(hourly_units=UNITS | {"precipitation": "inch"}), "precipitation is in 'inch'"),
    "Oslo time": (said(utc_offset_seconds=7200, timezone="Europe/Oslo"), "in 'Europe/Oslo' with an offset of '7200'"),
    "no offset told": ({"hourly": {}}, "offset of 'None'"),
    "no units": (said(hourly_units=None), "no `hourly` with `hourly_units`"),
    "renamed": (said(hourly_units={**UNITS, "wind_speed_10m": None} | {"windspeed_10m": "m/s"}), "is in 'None'"),
    "unit gone": (said(hourly_units={"time": "iso8601"}), "no unit of temperature_2m"),
    "Paris": (said(latitude=48.75, longitude=2.25), "asked was Oslo .* the answer is of '48.75','2.25'"),
    "nowhere": (said(latitude=None), "the answer is of 'None'"),
    "a day short": (said(24), "24 hours came, 2024-03-30 … 2024-03-31 has 48"),
    "shifted": (
        _hourly(lambda each: each["time"].__setitem__(0, "2024-03-29T23:00")),
        "hour 1 of .* is 2024-03-29 23:00Z",
    ),
    "twice": (_hourly(lambda each: each["time"].__setitem__(5, each["time"][4])), "hour 6 of"),
    "no time": (_hourly(lambda each: each["time"].__setitem__(5, "soon")), "unreadable time: 'soon'"),
    "column gone": (_hourly(lambda each: each.pop("precipitation")), "`hourly` has no precipitation but time"),
    "column short": (_hourly(lambda each: each["precipitation"].pop()), "47 values for 48 hours"),
    "page": ("<html>", "a page"),
    "list": ("[]", "no object"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str) -> None:
    answer, text = REFUSED[name]
    with pytest.raises(AnswerRefused, match=text):
        read(answer)


# --- what is kept ----------------------------------------------------------------------------------------------------


def test_readings_and_where_they_are_from() -> None:
    parsed = read(said())
    (batch,) = parsed.batches
    assert batch.series.subdocument() == {"source": "weather", "id": "NO1", "flow": "weather", "group": "era5"}
    names = ["temperature_c", "precipitation_mm", "wind_ms", "gust_ms", "wind_from_deg", "seconds"]
    assert list(batch.columns) == names
    assert batch.columns["wind_ms"].tolist() == [n / 10 for n in range(48)]
    assert instant(int(batch.start[0])) == datetime(2024, 3, 30, tzinfo=UTC)
    assert len(batch) == 48, "no hour of the change is missing in UTC"
    assert (parsed.short, parsed.rejects, parsed.final, batch.flags) == ("", (), True, {})
    assert parsed.notes == {"place": "Oslo: asked 59.9127,10.7461, answered 60.0,10.75 at 14.0 m"}


def _emptied(answer: dict[str, Any], first: int, last: int) -> dict[str, Any]:
    for name, column in answer["hourly"].items():
        if name != "time":
            column[first:last] = [None] * (last - first)
    return answer


def test_nulls_at_the_end_are_not_there_yet() -> None:
    parsed = read(_emptied(said(), 40, 48), now=datetime(2024, 4, 4, tzinfo=UTC))
    assert (len(parsed.batches[0]), parsed.short, parsed.final) == (40, "", False)


def test_nulls_that_should_be_there_are_told() -> None:
    """Missing is missing: no zero, no copy of the hour before."""
    parsed = read(_emptied(said(), 10, 12))
    assert len(parsed.batches[0]) == 46
    assert parsed.short == "2 hours without a measure (first 2024-03-30 10:00Z)"
    assert len(read(_emptied(said(), 0, 48)).batches) == 0


def test_one_measure_may_be_missing() -> None:
    parsed = read(_hourly(lambda each: each["wind_speed_10m"].__setitem__(0, None)))
    assert len(parsed.batches[0]) == 48
    assert parsed.batches[0].absent["wind_ms"].tolist() == [True, *[False] * 47]
    assert "temperature_c" not in parsed.batches[0].absent
    assert parsed.short == "1 hours without wind_ms (first 2024-03-30 00:00Z)"


def test_a_cell_that_is_empty_in_a_file_is_told(tmp_path: Path) -> None:
    path = tmp_path / "weather_NO1.csv"
    path.write_text("time_utc,temperature_2m,precipitation\n2024-01-01T00:00,1,\n2024-01-01T01:00,2,0\n")
    (part,) = open_files([path]).parts()
    assert part.short == "weather_NO1.csv: 1 hours without precipitation_mm (first 2024-01-01 00:00Z)"
    assert part.counts.readings == 2


def test_absurd_values_are_kept_and_marked() -> None:
    parsed = read(_hourly(lambda each: each["temperature_2m"].__setitem__(3, 99)))
    assert parsed.batches[0].columns["temperature_c"][3] == 99.0
    assert parsed.batches[0].flags == {3: "implausible"}


@pytest.mark.parametrize("wrong", [float("nan"), "1.5", True, 1e9])
def test_what_is_no_measure_is_refused_by_itself(wrong: Any) -> None:
    parsed = read(_hourly(lambda each: each["temperature_2m"].__setitem__(3, wrong)))
    assert parsed.rejects[0].startswith("NO1 era5 2024-03-30 03:00Z: temperature_c is no measure")
    assert parsed.batches[0].absent["temperature_c"][3]
    assert parsed.short == "1 value refused"


# --- refusals by status ----------------------------------------------------------------------------------------------


def explained(status: int, text: str) -> Exception | None:
    return SOURCE.explain(Answer(status, "application/json", text), NOW)


def test_an_error_comes_with_its_reason() -> None:
    error = explained(400, '{"error":true,"reason":"Parameter \'start_date\' is out of allowed range"}')
    assert isinstance(error, WindowRefused)
    assert "out of allowed range" in str(error)
    assert isinstance(explained(404, "<html>"), FatalSourceError)
    assert explained(200, "{}") is None


@pytest.mark.parametrize(
    ("word", "until"),
    [
        ("Minutely", NOW + timedelta(minutes=1)),
        ("Hourly", NOW + timedelta(hours=1)),
        ("Daily", datetime(2026, 7, 18, tzinfo=UTC)),
    ],
)
def test_a_limit_in_words(word: str, until: datetime) -> None:
    limited = explained(429, f'{{"error":true,"reason":"{word} API request limit exceeded. Please try again."}}')
    assert isinstance(limited, RateLimited)
    assert limited.until == until


# --- files -----------------------------------------------------------------------------------------------------------

CITIES = ("NO1_Oslo", "NO2_Kristiansand", "NO3_Trondheim", "NO4_Tromso", "NO5_Bergen")
ABOVE = "latitude,longitude,elevation,utc_offset_seconds,timezone,timezone_abbreviation\n{},{},3.0,{},x,x\n\n"


def only(*paths: Path) -> ReadingBatch:
    (parsed,) = open_files(paths).parts()
    assert parsed.rejects == ()
    return parsed.batches[0]


@pytest.mark.parametrize("city", CITIES)
def test_a_real_year(shared_data: Path, tmp_path: Path, city: str) -> None:
    """As it is, the file does not say that its wind is in km/h; with the unit written into its header it is exact."""
    path = shared_data / "elhub" / f"weather_era5_{city}_2021.csv.gz"
    with pytest.raises(FileRefused, match=r"does not tell the unit of wind_speed_10m: write it into the header"):
        list(open_files([path]).parts())
    text = gzip.decompress(path.read_bytes()).decode()
    rows = list(csv.DictReader(text.splitlines()))
    told = tmp_path / f"weather_{city}.csv"
    told.write_text(
        text.replace("wind_speed_10m", "wind_speed_10m (km/h)", 1).replace("wind_gusts_10m", "wind_gusts_10m (km/h)", 1)
    )
    batch = only(told)
    assert batch.series.id == city[:3]
    assert [f"{instant(int(start)):%Y-%m-%dT%H:%MZ}" for start in batch.start] == [row["time_utc"] for row in rows]
    for field, name, divisor in (
        ("temperature_c", "temperature_2m", 1),
        ("wind_ms", "wind_speed_10m", 3.6),
        ("gust_ms", "wind_gusts_10m", 3.6),
        ("wind_from_deg", "wind_direction_10m", 1),
    ):
        assert batch.columns[field].tolist() == [float(row[name]) / divisor for row in rows]
    assert batch.flags == {}
    assert batch.columns["wind_ms"].max() < 30


def test_the_download_of_the_site(tmp_path: Path) -> None:
    """Place and zone stand above the table; a fixed offset is taken off, even on the night of the change."""
    path = tmp_path / "open-meteo.csv"
    path.write_text(
        ABOVE.format(60.5, 5.25, 7200)
        + "time,temperature_2m (°C),wind_speed_10m (mp/h)\n2024-03-31T02:00,1.5,10\n2024-03-31T03:00,,20\n"
    )
    batch = only(path)
    assert batch.series.id == "NO5"
    assert instant(int(batch.start[0])) == datetime(2024, 3, 31, 0, tzinfo=UTC)
    assert batch.columns["wind_ms"].tolist() == pytest.approx([4.4704, 8.9408])
    assert batch.absent["temperature_c"].tolist() == [False, True]
    assert batch.absent["precipitation_mm"].all()


HEAD = "time_utc,temperature_2m,wind_speed_10m (m/s)\n"
FILES: dict[str, tuple[str, str, str]] = {
    "no table": ("weather_NO1.csv", "a,b\n1,2\n", "no line of its first 6 begins with time"),
    "empty": ("weather_NO1.csv", "", "no table of weather"),
    "no place": ("weather.csv", HEAD, "does not tell its place"),
    "two places": ("NO1_NO2.csv", HEAD, "does not tell its place"),
    "elsewhere": ("x.csv", ABOVE.format(48.8, 2.3, 0) + "time,temperature_2m\n", "none of the cities"),
    "unit unknown": ("NO1.csv", "time_utc,wind_speed_10m (Bft)\n", "is in 'Bft'; known are m/s"),
    "nothing known": ("NO1.csv", "time_utc,snow\n", "none of the columns"),
    "no zone": ("NO1.csv", "time,temperature_2m\n2024-01-01T00:00,1\n", "does not tell the zone"),
}


@pytest.mark.parametrize("name", FILES)
def test_files_that_are_refused(tmp_path: Path, name: str) -> None:
    file, text, reason = FILES[name]
    path = tmp_path / file
    path.write_text(text)
    with pytest.raises(FileRefused, match=reason):
        list(open_files([path]).parts())


def test_wrong_rows_are_refused_with_their_line(tmp_path: Path) -> None:
    path = tmp_path / "weather_DK2.csv"
    path.write_text(
        HEAD + "2024-01-01T01:00,1,2\nlater,1,2\n2024-01-01T00:00,x,2\n2024-01-01T02:30,1,2\n"
        "2024-01-01T03:00,1,2\n2024-01-01T03:00,1,2\n"
    )
    (parsed,) = open_files([path]).parts()
    assert len(parsed.batches[0]) == 2
    assert parsed.rejects == (
        "weather_DK2.csv, line 3: no whole hour: 'later'",
        "weather_DK2.csv, line 5: no whole hour: '2024-01-01T02:30'",
        "weather_DK2.csv, line 6: an hour that stands there twice: '2024-01-01T03:00'",
        "weather_DK2.csv, line 7: an hour that stands there twice: '2024-01-01T03:00'",
        "DK2 era5 2024-01-01 00:00Z: temperature_c is no measure: 'x'",
    )
