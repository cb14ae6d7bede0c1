"""The figures of the consumption page: pure, valid for plotly, and drawn as they are measured."""

from __future__ import annotations

import copy
import json
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import plotly.graph_objects
import pytest
from babel import numbers
from pymongo.database import Database

from dash_app.consumption.figures import curve_figure
from dash_app.consumption.figures_heat import scale_of
from dash_app.kit.blocks import Figure
from dash_app.kit.figures import cividis
from dash_app.kit.locale import Look
from dash_app.kit.ticks import day_ticks, time_ticks
from dash_app.shell.pages import PAGES
from sync.model.localtime import PARIS
from tests import paris
from tests.dash.views import BLOCKS, frame_of, reader_of

FIGURES = [name for name, block in BLOCKS.items() if block.figure]
PERIODS = {
    "two years": (date(2023, 3, 13), date(2025, 3, 12)),
    "a year half before the readings": (date(2023, 1, 1), date(2023, 12, 31)),
    "a month that goes on": (date(2025, 3, 1), date(2025, 3, 31)),
    "the autumn change": (date(2024, 10, 24), date(2024, 10, 30)),
    "the day of 25 hours": (date(2024, 10, 27), date(2024, 10, 27)),
    "the day of 23 hours": (date(2024, 3, 31), date(2024, 3, 31)),
    "the hole": (date(2024, 7, 15), date(2024, 7, 22)),
}
LARGEST = 300_000  # bytes of JSON
HOUR = 3_600_000


def drawn(database: Database[Any], folder: Path, name: str, period: str, look: Look = Look()) -> Figure:  # noqa: B008
    block = BLOCKS[name]
    assert block.figure is not None
    return block.figure(frame_of(reader_of(database, folder), name, *PERIODS[period]), look)


@pytest.mark.parametrize("period", PERIODS)
@pytest.mark.parametrize("name", FIGURES)
def test_every_figure_is_valid_and_small(two_years: Database[Any], tmp_path: Path, name: str, period: str) -> None:
    block = BLOCKS[name]
    assert block.figure is not None
    frame = frame_of(reader_of(two_years, tmp_path), name, *PERIODS[period])
    before = frame.table.copy()
    for look in (Look("en", "light"), Look("fr", "dark")):
        shown = block.figure(frame, look)
        text = json.dumps(shown, allow_nan=False, separators=(",", ":"))
        assert len(text) < LARGEST
        plotly.graph_objects.Figure(copy.deepcopy(shown))
        assert json.dumps(block.figure(frame, look), separators=(",", ":")) == text
    assert before.equals(frame.table)


def _is_curve(trace: dict[str, Any]) -> bool:
    return trace.get("line", {}).get("shape") == "hv" and "fill" not in trace and "xaxis" not in trace


def test_the_band_goes_there_along_the_top_and_back_along_the_bottom(two_years: Database[Any], tmp_path: Path) -> None:
    frame = frame_of(reader_of(two_years, tmp_path), "load-curve", date(2024, 5, 1), date(2024, 5, 20))
    shown = curve_figure(frame, Look())
    band = next(trace for trace in shown["data"] if trace.get("fill") == "toself" and "fillpattern" not in trace)
    count = len(frame.table)
    curve = frame.notes["curve"]
    assert len(band["x"]) == 2 * count + 2
    assert band["x"][:count] == band["x"][: count + 1 : -1] == curve.start.tolist()
    assert band["x"][count] == band["x"][count + 1] == curve.end[-1]
    assert band["y"][:count] == np.round(curve.high).tolist()
    assert band["y"][count + 1 : -1] == np.round(curve.low).tolist()[::-1]


def test_the_curve_is_open_where_nothing_was_measured(two_years: Database[Any], tmp_path: Path) -> None:
    shown = drawn(two_years, tmp_path, "load-curve", "the hole")
    line = next(trace for trace in shown["data"] if _is_curve(trace))
    hatched = next(trace for trace in shown["data"] if "fillpattern" in trace)
    gap = next(place for place, watts in enumerate(line["y"]) if watts is None)
    longest = max(after - before for before, after in zip(hatched["x"][::6], hatched["x"][1::6], strict=True))
    assert line["x"][gap] is None
    assert longest == 23 * HOUR
    assert "connectgaps" not in line
    hover = next(trace for trace in shown["data"] if "customdata" in trace)
    assert any("not measured" in text for text in hover["customdata"])
    assert hatched["hoverinfo"] == "skip"


def test_steps_begin_and_end_with_their_intervals(two_years: Database[Any], tmp_path: Path) -> None:
    shown = drawn(two_years, tmp_path, "load-curve", "the day of 25 hours")
    line = next(trace for trace in shown["data"] if _is_curve(trace))
    start = paris.midnight(date(2024, 10, 27)) * 1000
    assert line["x"] == [start + place * HOUR // 2 for place in range(51)]
    hover = next(trace for trace in shown["data"] if "customdata" in trace)
    twice = [text.split("<br>")[0] for text in hover["customdata"] if "02:00–02:30" in text]
    assert twice == ["Sun 27 Oct 2024, 02:00–02:30"] * 2
    assert any("02:30–02:00" in text for text in hover["customdata"])  # the half-hour that ends as the clocks go back
    (mark,) = [shape for shape in shown["layout"]["shapes"] if shape["type"] == "line"]
    assert mark["x0"] == paris.change(2024, 10) * 1000
    assert "25-hour day" in str(shown["layout"]["annotations"])


def test_the_halves_of_the_doubled_hour(two_years: Database[Any], tmp_path: Path) -> None:
    shown = drawn(two_years, tmp_path, "hours", "the autumn change")
    first, second = shown["layout"]["shapes"]
    assert (first["x1"], first["y0"], first["y1"]) == (second["x0"], 1.5, 2.5)
    assert second["x1"] - first["x0"] == 24 * HOUR
    assert first["fillcolor"] != second["fillcolor"]
    texts = [text for row in shown["data"][0]["customdata"] for text in row if text]
    assert len(texts) == 1
    assert "comes twice" in texts[0]


def test_a_skipped_hour_is_not_a_missing_one(two_years: Database[Any], tmp_path: Path) -> None:
    shown = drawn(two_years, tmp_path, "hours", "the day of 23 hours")
    cross = shown["data"][1]
    assert (shown["data"][0]["x0"], shown["data"][0]["dx"]) == ("2024-03-31", 24 * HOUR)
    assert (cross["x"], cross["y"]) == (["2024-03-31"], [2])
    assert "does not exist" in cross["hovertemplate"]
    assert not any("fillpattern" in trace for trace in shown["data"])
    shown = drawn(two_years, tmp_path, "hours", "the hole")
    assert any("fillpattern" in trace for trace in shown["data"])
    assert shown["data"][0]["zmin"] == 0
    assert None in [each for row in shown["data"][0]["z"] for each in row]


def test_days_in_part_are_hollow_and_missing_ones_hatched(two_years: Database[Any], tmp_path: Path) -> None:
    shown = drawn(two_years, tmp_path, "days", "the hole")
    bars = next(trace for trace in shown["data"] if trace["type"] == "bar")
    full = "#2563eb"
    hollow = [day for day, fill in zip(bars["x"], bars["marker"]["color"], strict=True) if fill != full]
    assert hollow
    assert all(
        width > 0 for day, width in zip(bars["x"], bars["marker"]["line"]["width"], strict=True) if day in hollow
    )
    shown = drawn(two_years, tmp_path, "days", "a year half before the readings")
    bars = next(trace for trace in shown["data"] if trace["type"] == "bar")
    assert bars["y"][:71] == [None] * 71  # until 12 March
    assert None not in bars["y"][71:]
    hatched = next(trace for trace in shown["data"] if "fillpattern" in trace)
    assert len(hatched["x"]) == 5  # one box
    assert hatched["x"][1] - hatched["x"][0] == 71 * 24 * HOUR


def test_a_month_that_goes_on_is_hollow(two_years: Database[Any], tmp_path: Path) -> None:
    bars = [trace for trace in drawn(two_years, tmp_path, "months", "two years")["data"] if trace["type"] == "bar"]
    before, now = bars[0]["marker"]["color"], bars[1]["marker"]["color"]
    assert now[-1] == now[0] == "rgba(0,0,0,0)"  # March 2025 and March 2023
    assert now[1] == "#2563eb"
    assert before[13] != "rgba(0,0,0,0)"


def test_local_ticks() -> None:
    start, end = (paris.midnight(day) * 1000 for day in (date(2024, 10, 27), date(2024, 10, 28)))
    ticks = time_ticks(start, end, PARIS, Look("fr"))
    assert ticks["ticktext"][0] == "00:00<br>dim. 27 oct."
    assert [text[:5] for text in ticks["ticktext"]] == ["00:00", "06:00", "12:00", "18:00", "00:00"]
    assert ticks["tickvals"][1] - ticks["tickvals"][0] == 7 * HOUR
    night = time_ticks(start, start + 5 * HOUR, PARIS, Look("en"))
    assert [text[:5] for text in night["ticktext"]] == ["00:00", "01:00", "02:00", "02:00", "03:00", "04:00"]


@pytest.mark.parametrize("days", [1, 2, 5, 8, 9, 16, 17, 31, 62, 92, 93, 180, 366, 731, 3653])
def test_ticks_are_few_and_never_none(days: int) -> None:
    first = date(2023, 3, 13)
    end = first + timedelta(days=days)
    assert 1 <= len(day_ticks(first, end, Look())["tickvals"]) <= 11
    start, stop = (paris.midnight(day) * 1000 for day in (first, end))
    found = time_ticks(start, stop, PARIS, Look())["tickvals"]
    assert 1 <= len(found) <= 11
    for at in found:
        local = datetime.fromisoformat(paris.wall(at // 1000))
        assert (local.minute, local.second) == (0, 0)
        assert start <= at <= stop


def test_the_scale_is_that_of_the_chart() -> None:
    assert cividis(0) == cividis(-1) == "rgb(0,32,76)"
    assert cividis(1) == cividis(7) == "rgb(255,233,69)"
    assert cividis(0.470588) == "rgb(117,117,117)"


def test_the_scale_ends_round() -> None:
    assert scale_of(np.array([0.0, 100.0, 370.0])) == [0, 50, 100, 150, 200, 250, 300, 350, 400]
    assert scale_of(np.array([0.0])) == pytest.approx([0, 0.2, 0.4, 0.6, 0.8, 1.0])
    many = np.array([1000.0] * 999 + [50_000.0])
    assert scale_of(many)[-1] == 1000


@pytest.mark.parametrize("language", ["en", "fr"])
def test_numbers_are_those_of_the_cldr(language: str) -> None:
    amounts = [
        0,
        1,
        -1,
        999,
        1000,
        -1234567,
        0.5,
        1.5,
        2.675,
        0.125,
        1e-7,
        1234.5678,
        1e15,
        np.float64(2.5),
        np.int64(7),
    ]
    amounts += np.random.default_rng(3).normal(0, 5000, 500).tolist()
    for amount in amounts:
        for decimals in range(4):
            pattern = "#,##0" + ("." + "0" * decimals if decimals else "")
            expected = numbers.format_decimal(amount, format=pattern, locale={"en": "en_GB", "fr": "fr_FR"}[language])
            assert Look(language).number(amount, decimals) == expected


def test_names_of_blocks_are_unique() -> None:
    names = [block.name for page in PAGES for block in page.blocks]
    assert len(names) == len(set(names))
