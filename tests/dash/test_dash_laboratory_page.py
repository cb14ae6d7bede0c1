"""The laboratory as a person meets it: the numbers above the pictures, the switch, an area, and without the extra."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect
from pymongo.database import Database
from scipy.signal import stft
from statsmodels.tsa.seasonal import STL

from bench import homes
from dash_app.kit.locale import Look
from dash_app.laboratory.page import EXTRA
from tests.dash.nordic_stores import load_files
from tests.dash.readers import all_answered, answered, asked, drawn, go_to, shown
from tests.dash.served import Served
from tests.dash.test_dash_laboratory_frames import AUTUMN, ELHUB, hydro_by_hand, take_away

EN = Look("en")
Open = Callable[..., Page]


def last_month(folder: Path) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Wh by hour of the last 30 days of the export, in which no clock changes; read from the file itself."""
    hours: np.ndarray[Any, np.dtype[np.float64]] = homes.household(folder).wh[-30:].reshape(-1, 2).sum(axis=1)
    assert np.isfinite(hours).all()
    return hours


def dots(chart: Locator) -> tuple[Any, Any]:
    """x and y of the last trace of a chart."""
    found = chart.evaluate("chart => { const { x, y } = chart.data.at(-1); return [x, y]; }")
    return np.array(found[0], dtype=float), np.array(found[1], dtype=float)


@pytest.mark.real_data
def test_the_numbers_above_the_pictures(served: Served, open_page: Open, shared_data: Path) -> None:
    hours = last_month(shared_data)
    page = open_page(f"{served.url}/overview")
    go_to(page, "laboratory")
    all_answered(page)
    expect(shown(page).locator(".message-bug, .message-failed")).to_have_count(0)
    expect(shown(page).locator(".pick-series")).to_have_count(0)
    key = answered(page, "laboratory-keys").locator(".key", has_text="Mean hour").locator(".key-figure")
    expect(key).to_have_text(EN.power(float(hours.mean())))
    parts = STL(hours, period=168, seasonal=9, trend=241, robust=False).fit()
    left = np.var(parts.resid)
    trend, week = (max(0.0, 1 - left / np.var(part + parts.resid)) for part in (parts.trend, parts.seasonal))
    expect(drawn(page, "laboratory-stl")).to_contain_text(f"trend {trend:.2f}, week {week:.2f}")
    frequency, _, turns = stft(
        hours, fs=24, nperseg=168, noverlap=96, detrend="constant", boundary=None, padded=False, scaling="spectrum"
    )
    power = (np.abs(turns) ** 2).mean(axis=1)
    strongest = frequency[7:][power[7:].argmax()]
    expect(drawn(page, "laboratory-spectrogram")).to_contain_text(f"{strongest:.2f} turns a day")
    waves = np.cos(np.arange(7)[:, None] * np.pi * (np.arange(720) + 0.5) / 720)
    fast = hours - (waves @ hours / (waves**2).sum(axis=1)) @ waves
    away = np.abs(fast - np.median(fast))
    outside = away > 3 * 1.4826 * np.median(away)
    share = EN.percent(outside.mean())
    expect(drawn(page, "laboratory-control")).to_contain_text(f"{outside.sum()} of 720 hours ({share})")
    expect(drawn(page, "laboratory-outliers")).to_contain_text(" of 720 hours (1.")
    expect(answered(page, "laboratory-sarimax")).to_contain_text("too few regularities")


@pytest.mark.real_data
def test_the_switch_makes_the_figure_famous(served: Served, open_page: Open) -> None:
    page = open_page(f"{served.url}/laboratory")
    r2 = []
    for words in ("end the day before", "see the day itself"):
        answered(page, "laboratory-leak").locator("label", has_text=words).click()
        chart = drawn(page, "laboratory-leak")
        expect(chart).to_contain_text(f"features, which {words}")
        said, came = dots(chart)
        by_hand = 1 - ((came - said) ** 2).sum() / ((came - came.mean()) ** 2).sum()
        told = re.search(r"R² = ([\d.]+) over (\d+) days", chart.inner_text())
        assert told is not None
        assert float(told[1]) == pytest.approx(by_hand, abs=6e-4)
        assert int(told[2]) == len(came) > 200
        r2.append(by_hand)
    assert asked(page)["sees"] == "yes"
    assert r2[0] < 0.8
    assert r2[1] >= 0.99


@pytest.mark.real_data
def test_sarimax_is_computed_when_it_is_asked_for(
    database: Database[Any], serving: Callable[..., Served], open_page: Open, shared_data: Path
) -> None:
    load_files(database, "elhub", [shared_data / ELHUB])
    served = serving(database, now=lambda: AUTUMN)
    page = open_page(f"{served.url}/laboratory")
    picker = answered(page, "laboratory-keys").locator("input[aria-label='Curve']")
    expect(picker).to_have_value("NO1, Production")
    picker.click()
    page.get_by_role("option", name="NO4, Production", exact=True).click()
    asks = answered(page, "laboratory-sarimax")
    expect(asks).to_contain_text("when you ask for it")
    asks.locator("label", has_text="Compute it").click()
    chart = drawn(page, "laboratory-sarimax")
    _, curve = hydro_by_hand(shared_data, "NO4")
    came = curve[-168:]
    for words, before in (("as the day before", curve[-192:-24]), ("as a week before", curve[-336:-168])):
        error = EN.percent(np.abs(before - came).sum() / came.sum())
        expect(chart).to_contain_text(f"{words} {error}")
    expect(chart).to_contain_text(re.compile(r"SARIMAX \d+\.\d%"))
    assert asked(page) | {"curve": "elhub-NO4-production", "fit": "yes"} == asked(page)


def test_without_the_extra_one_card_says_what_to_install(
    served: Served, serving: Callable[..., Served], open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everything else works as ever."""
    take_away(monkeypatch, *EXTRA)
    bare = serving(served.reader.database, now=lambda: datetime(2025, 3, 13, 9, tzinfo=UTC))
    page = open_page(f"{bare.url}/laboratory")
    all_answered(page)
    expect(shown(page).locator(".card:visible")).to_have_count(1)
    expect(shown(page).locator(".message-empty:visible code")).to_have_text("pip install 'linky-atlas[insight]'")
    for name in ("overview", "consumption"):
        go_to(page, name)
        all_answered(page)
        expect(shown(page).locator(".message-bug, .message-failed")).to_have_count(0)
