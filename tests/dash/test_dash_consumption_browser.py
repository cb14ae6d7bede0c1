"""The consumption page as a person meets it: numbers read off the screen, zoom by mouse, both languages, a phone."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from dash_app.kit.locale import Look
from tests import paris
from tests.dash import by_hand
from tests.dash.readers import all_answered, answered, asked, card, double_click, drag, drawn, plot_box
from tests.dash.served import Served

pytestmark = pytest.mark.soak  # pages in the browser; test_dash_screens opens each of them every time

Open = Callable[..., Page]
AUTUMN, SPRING = date(2024, 10, 27), date(2024, 3, 31)
DAY = timedelta(days=1)
PHONE = {"width": 375, "height": 812}
EN, FR = Look("en"), Look("fr")


@pytest.fixture
def every(shared_data: Path) -> tuple[by_hand.Local, ...]:
    return by_hand.readings(shared_data)


def wh(every: tuple[by_hand.Local, ...], first: date, last: date) -> int:
    return by_hand.total(by_hand.between(every, first, last + DAY))


def own(served: Served, first: date, last: date, more: str = "") -> str:
    return f"{served.url}/consumption?period=own&from={first}&to={last}{more}"


def key(page: Page, label: str) -> Locator:
    """A key figure."""
    return answered(page, "key-figures").locator(".key", has=page.get_by_text(label, exact=True))


def point_at(page: Page, block: str, x: float, y: float = 0.5) -> Locator:
    """Put the mouse on a place of a chart (shares of its width and height); the hover."""
    box = plot_box(page, block)
    page.mouse.move(box["x"] + box["width"] * x - 3, box["y"] + box["height"] * y)
    page.mouse.move(box["x"] + box["width"] * x, box["y"] + box["height"] * y)
    return card(page, block).locator(".hoverlayer .hovertext, .hoverlayer .legend").first


def test_key_figures(served: Served, open_page: Open, every: tuple[by_hand.Local, ...]) -> None:
    page = open_page(f"{served.url}/consumption")
    last, first = date(2025, 3, 12), date(2025, 2, 11)
    some = by_hand.between(every, first, last + DAY)
    yesterday, year = key(page, "Yesterday"), timedelta(days=364)
    expect(yesterday.locator(".key-figure")).to_have_text(EN.energy(wh(every, last, last)))
    expect(yesterday).to_contain_text("Wednesday 12 March 2025")
    expect(yesterday).to_contain_text(f"Wed 13 Mar 2024 ({EN.energy(wh(every, last - year, last - year))})")
    expect(key(page, "This period").locator(".key-figure")).to_have_text(EN.energy(wh(every, first, last)))
    expect(card(page, "key-figures").get_by_text("Last 30 days")).to_have_count(0)  # the period is the same
    change = wh(every, first, last) / wh(every, first - year, last - year) - 1
    expect(key(page, "Against a year before").locator(".key-figure")).to_have_text(f"+{100 * change:.1f}%")
    expect(key(page, "Base load of the period").locator(".key-figure")).to_have_text(EN.power(by_hand.base_load(some)))
    strongest = by_hand.peak(some)
    peak = key(page, "Peak power of the period")
    expect(peak.locator(".key-figure")).to_have_text(EN.power(strongest.watts))
    expect(peak).to_contain_text(f"{EN.day(strongest.day, 'EEE d MMM y')}, {paris.wall(strongest.at)[11:16]}")


@pytest.mark.parametrize(
    ("first", "last"),
    [
        (AUTUMN, AUTUMN),
        (SPRING, SPRING),
        (date(2024, 2, 1), date(2024, 2, 29)),
        (date(2024, 1, 1), date(2024, 12, 31)),
        (date(2023, 3, 13), date(2025, 3, 12)),
    ],
)
def test_energy_of_a_day_a_month_a_year(
    served: Served, open_page: Open, every: tuple[by_hand.Local, ...], first: date, last: date
) -> None:
    page = open_page(own(served, first, last))
    expect(key(page, "This period").locator(".key-figure")).to_have_text(EN.energy(wh(every, first, last)))
    some = by_hand.between(every, first, last + DAY)
    base = EN.power(by_hand.base_load(some)) if last - first >= 6 * DAY else "not known"
    expect(key(page, "Base load of the period").locator(".key-figure")).to_have_text(base)
    expect(key(page, "Peak power of the period").locator(".key-figure")).to_have_text(
        EN.power(by_hand.peak(some).watts)
    )


def test_hovers_say_local_time_and_energy(served: Served, open_page: Open, every: tuple[by_hand.Local, ...]) -> None:
    page = open_page(own(served, AUTUMN, AUTUMN))
    third = by_hand.between(every, AUTUMN, AUTUMN + DAY)[5]  # 02:30, the first time
    said = point_at(page, "load-curve", 5.5 / 50)
    for text in ("Sun 27 Oct 2024, 02:30–02:00", EN.power(third.watts), EN.energy(third.wh)):
        expect(said).to_contain_text(text)
    said = point_at(page, "hours", 0.5, 2.5 / 24)
    both = [each for each in by_hand.between(every, AUTUMN, AUTUMN + DAY) if 7200 <= each.second < 10_800]
    assert len(both) == 4
    energies = [EN.energy(by_hand.total(pair)) for pair in (both[:2], both[2:], both)]
    expect(said).to_contain_text("This hour comes twice: {}, then {}; together {}".format(*energies))
    expect(point_at(page, "days", 0.5)).to_contain_text(EN.energy(wh(every, AUTUMN, AUTUMN)))


def test_the_hole_says_so(served: Served, open_page: Open) -> None:
    page = open_page(own(served, date(2024, 7, 17), date(2024, 7, 20)))
    chart = drawn(page, "load-curve")
    start, end = chart.evaluate(
        "chart => chart._fullLayout.xaxis.range.map(at => Date.parse(at.replace(' ', 'T') + 'Z'))"
    )
    gaps = chart.evaluate("chart => chart.data.find(trace => trace.fillpattern).x")
    middle = (gaps[0] + gaps[1]) / 2
    expect(point_at(page, "load-curve", (middle - start) / (end - start))).to_contain_text("not measured")


def test_zoom_by_mouse(served: Served, open_page: Open) -> None:
    page = open_page(f"{served.url}/consumption?period=all")
    resolution = drawn(page, "load-curve").locator(".annotation-text", has_text=re.compile("averages|each reading"))
    expect(resolution).to_contain_text("daily averages")
    expect(card(page, "load-curve").get_by_text("Whole period")).to_be_hidden()
    drag(page, plot_box(page, "load-curve"), 0.50, 0.53)
    expect(resolution).to_contain_text("hourly averages")
    start, end = (int(text) for text in asked(page)["zoom"].split("-"))
    width = paris.midnight(date(2025, 3, 13)) - paris.midnight(date(2023, 3, 13))
    assert start / 1000 == pytest.approx(paris.midnight(date(2023, 3, 13)) + 0.50 * width, abs=0.003 * width)
    assert end / 1000 == pytest.approx(paris.midnight(date(2023, 3, 13)) + 0.53 * width, abs=0.003 * width)
    drag(page, plot_box(page, "load-curve"), 0.4, 0.5)
    expect(resolution).to_contain_text("each reading")
    page.go_back()
    expect(resolution).to_contain_text("hourly averages")
    double_click(page, "load-curve")
    expect(resolution).to_contain_text("daily averages")
    assert "zoom" not in asked(page)
    drag(page, plot_box(page, "load-curve"), 0.2, 0.3)
    button = card(page, "load-curve").get_by_text("Whole period")
    expect(button).to_be_visible()
    button.click()
    expect(button).to_be_hidden()
    assert "zoom" not in asked(page)


def test_a_zoom_in_the_address_is_shared(served: Served, open_page: Open, every: tuple[by_hand.Local, ...]) -> None:
    start, end = (paris.midnight(day) * 1000 for day in (AUTUMN, AUTUMN + DAY))
    page = open_page(f"{served.url}/consumption?period=all&zoom={start}-{end}")
    chart = drawn(page, "load-curve")
    assert chart.evaluate("chart => chart.data.find(trace => trace.customdata).x.length") == 50
    card(page, "load-curve").get_by_label("As a table: How does the power change?").click()
    rows = page.get_by_role("dialog").locator("tbody tr")
    expect(rows).to_have_count(50)
    column = page.get_by_role("dialog").locator("thead th").all_text_contents().index("Energy (Wh)")
    cells = [rows.nth(place).locator("th, td").nth(column).text_content() or "" for place in range(50)]
    assert sum(int(cell.replace(",", "")) for cell in cells) == wh(every, AUTUMN, AUTUMN)


def test_in_french(served: Served, open_page: Open, every: tuple[by_hand.Local, ...]) -> None:
    page = open_page(own(served, date(2024, 1, 1), date(2024, 12, 31), "&lang=fr"), locale="fr-FR")
    whole = key(page, "Cette période")
    expect(whole.locator(".key-figure")).to_have_text(FR.energy(wh(every, date(2024, 1, 1), date(2024, 12, 31))))
    expect(answered(page, "load-curve").locator("h2")).to_have_text("Comment la puissance évolue-t-elle\u202f?")
    expect(drawn(page, "load-curve").locator(".ytitle").first).to_have_text("puissance soutirée, W")
    charts = drawn(page, "days").or_(drawn(page, "load-curve"))
    expect(charts.filter(has_text="janv.").first).to_be_attached()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("period", ["7d", "30d", "year", "all"])
def test_on_a_phone(served: Served, open_page: Open, theme: str, period: str) -> None:
    page = open_page(f"{served.url}/consumption?period={period}&theme={theme}", viewport=PHONE)
    all_answered(page)
    expect(page.locator(".page:not([hidden]) .message")).to_have_count(0)
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    for block in ("load-curve", "hours", "days", "months", "typical-week", "load-duration"):
        plot = plot_box(page, block)
        assert plot["width"] > 0.6 * PHONE["width"]
        expect(drawn(page, block).locator(".xtick text").first).to_be_attached()
        overlaps = drawn(page, block).evaluate(OVERLAPS)
        assert overlaps == [], (block, overlaps)


OVERLAPS = """chart => {
  const texts = [...chart.querySelectorAll(".xtick text")];
  const ticks = texts.map(text => [text.textContent, text.getBoundingClientRect()]);
  ticks.sort((one, two) => one[1].left - two[1].left);
  return ticks.slice(1).flatMap(([text, box], place) => {
    const [before, its] = ticks[place];
    return box.left < its.right ? [[before, text]] : [];
  });
}"""
