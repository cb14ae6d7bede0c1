"""Overview and Storage as a person meets them: what titles and large numbers alone say, where a question leads, and one
source at a time of many."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect
from pymongo.database import Database

from dash_app.kit.locale import Look
from tests.dash.nordic_stores import energy, prices, weather, write
from tests.dash.readers import all_answered, answered, asked, card, drawn, go_to, shown
from tests.dash.served import Served
from tests.dash.stores import load_readings
from tests.fleet_rows import london_rows, store

Open = Callable[..., Page]
SIZES = {"wide": (1440, 900, "light", "en"), "phone": (390, 844, "dark", "fr")}
MIDNIGHT = datetime(2025, 3, 12, 23, tzinfo=UTC)
SOURCES = ["linky", "elhub", "energidata", "weather", "lcl"]


def large(page: Page) -> list[str]:
    """Titles and large numbers of the page that is shown, as they stand there, and nothing else."""
    return [
        " ".join(text.split()) for text in shown(page).locator("h2, h3, .answer, .large, .key-figure").all_inner_texts()
    ]


# --- what a reader could repeat ---------------------------------------------------------------------------------------


def test_the_answer_of_the_overview(served: Served, open_page: Open) -> None:
    """A reader who sees only titles and large numbers could repeat: the time series takes so much less; I used 37.4 kWh
    yesterday, and 364 in March, 45.1% less than a year before; 30 days cost €258.43; two days are missing. Tomorrow is
    asked, and not computed."""
    page = open_page(served.url)
    all_answered(page)
    title, saving, sentence, meter, *lines = large(page)
    assert title == "How much smaller is the time series?"
    assert sentence.startswith("Your 34,733 readings take")
    assert sentence.endswith(f"ordinary documents: {saving}.")
    assert saving.endswith("% less")
    assert meter == "What does the meter say?"
    assert lines == [
        *("What did I use yesterday?", "37.4 kWh"),
        "What will tomorrow be?",
        *("March 2025: how much, and more than a year before?", "364 kWh · −45.1%"),
        *("What did the last 30 days cost?", "€258.43"),
        *("Is anything missing?", "2 days"),
    ]


def test_the_answer_of_the_storage_page(served: Served, open_page: Open) -> None:
    """A reader who sees only titles and large numbers could repeat: as a time series my readings take so much less,
    because one bucket holds what hundreds of documents repeat; a thousand meters over ten years are 175 million."""
    page = open_page(f"{served.url}/storage")
    all_answered(page)
    title, sentence, *others = large(page)
    assert title == "How much smaller is the time series?"
    assert sentence.startswith("Your 34,733 readings take")
    assert sentence.endswith("% less.")
    assert others == [
        "Where is the difference?",
        "Why is it smaller?",
        *("As ordinary documents", "As one bucket"),
        "What do these numbers measure?",
        "What would a thousand meters take?",
        "Where does each form stop fitting?",
        "1,000 meters over 10 years, a reading every 30 minutes: 175,000,000 readings.",
        "Does it depend on the settings?",
        "Is it also faster?",
        "What would the same readings take elsewhere?",
        "How many bytes a reading, in which engine?",
    ]
    go_to(page, "overview")
    answered(page, "overview-storage")
    assert large(page)[2] == sentence  # one number, one figure


LEADS = {
    "What did I use yesterday?": ("key-figures", ".key-figure", "own"),
    "March 2025: how much, and more than a year before?": ("key-figures", ".key-figure", "month"),
    "What did the last 30 days cost?": ("cost-answer", ".answer", "30d"),
}


@pytest.mark.soak
@pytest.mark.parametrize("question", LEADS)
def test_a_question_leads_to_its_page_and_the_same_number(served: Served, open_page: Open, question: str) -> None:
    block, figure, period = LEADS[question]
    page = open_page(f"{served.url}/?theme=dark&period=year&from=2024-01-01&to=2024-12-31")
    line = shown(page).locator(".lines li", has_text=question)
    number = line.locator(".key-figure").inner_text().split(" · ")[0]
    line.get_by_role("link").click()
    expect(answered(page, block).locator(figure).first).to_contain_text(number)
    parts = asked(page)
    assert (parts["series"], parts["period"], parts["theme"]) == ("linky-0000-consumption", period, "dark")
    assert ("from" in parts) == (period == "own")
    page.go_back()
    expect(page.locator("h1:visible")).to_have_text("Overview")


# --- several sources --------------------------------------------------------------------------------------------------


@pytest.fixture
def five(database: Database[Any]) -> Database[Any]:
    """Something of every source; the household's readings are the fewest."""
    start, hours = MIDNIGHT - timedelta(days=60), 24 * 60
    load_readings(database, MIDNIGHT - timedelta(days=9), [200 + place % 50 for place in range(48 * 9)])
    write(database, "elhub", [energy("elhub", f"NO{area}", "hydro", start, [10**6] * hours) for area in range(1, 6)])
    write(database, "energidata", [prices("DK1", start, [float(place % 40) for place in range(hours)])])
    write(database, "weather", [weather("NO1", start, [place % 9 for place in range(hours)])])
    store(database, london_rows(4))
    return database


def overlapping(texts: Locator) -> list[list[str]]:
    """Texts whose boxes lie over each other."""
    found: list[list[str]] = texts.evaluate_all(
        """all => {
          const there = all.filter((each) => each.textContent.trim());
          const shown = there.map((each) => [each, each.getBoundingClientRect()]);
          const apart = (a, b) => Math.min(a.right, b.right) - Math.max(a.left, b.left) <= 1
            || Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) <= 1;
          return shown.flatMap(([one, a], place) => shown.slice(place + 1).filter(([, b]) => !apart(a, b))
            .map(([other]) => [one.textContent, other.textContent]));
        }"""
    )
    return found


@pytest.mark.soak
@pytest.mark.parametrize("size", SIZES)
def test_one_source_at_a_time_under_a_table_of_all(
    five: Database[Any], serving: Callable[..., Served], open_page: Open, size: str
) -> None:
    width, height, theme, language = SIZES[size]
    address = f"{serving(five).url}/storage?theme={theme}&lang={language}"
    page = open_page(address, viewport={"width": width, "height": height})
    all_answered(page)
    answer = answered(page, "storage-answer")
    names = answer.locator("tbody th button")
    assert sorted(names.all_inner_texts()) == sorted(SOURCES)
    assert names.first.inner_text() == "linky"  # the household's
    expect(answer.locator(".answer")).to_contain_text("linky")
    for source in ("linky", "elhub"):
        answer.locator("tbody").get_by_role("button", name=source, exact=True).click()
        expect(answer.locator(".answer")).to_contain_text(source)
        expect(answered(page, "storage-bucket")).to_contain_text(f"series: {source} ")
        expect(answered(page, "storage-fits")).to_contain_text(f"{source}.")
        row = answer.locator("tr.chosen")
        expect(row.get_by_role("button")).to_have_text(source)
        all_answered(page)
        for total in row.locator("td").all_inner_texts()[:2]:  # one figure wherever it stands
            assert " ".join(total.split()) in " ".join(answer.locator(".answer").inner_text().split())
            expect(answered(page, "storage-numbers")).to_contain_text(total)
        chart = drawn(page, "storage-bars")
        expect(chart.locator(".bars .point")).to_have_count(6)
        assert overlapping(chart.locator(".annotation-text, .bartext, .xtick text, .ytick text")) == []
        assert overlapping(answer.locator(".sources tbody th, .sources td, .answer")) == []
    assert asked(page)["source"] == "elhub"
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    region = answer.locator(".table-region")
    assert region.evaluate("element => element.scrollWidth <= element.clientWidth")


OUT_OF_SIGHT = """async (card) => {
  const frame = () => new Promise(requestAnimationFrame);
  const near = async (is) => {
    await new Promise((done) => {
      new IntersectionObserver(([each]) => each.isIntersecting === is && done(), { rootMargin: "400px" }).observe(card);
    });
    await frame(); // the page's own observer, which is not new, hears of it a frame later
    await frame();
  };
  card.removeAttribute("data-same");
  card.scrollIntoView();
  await near(true);
  window.scrollTo(0, 0);
  await near(false);
  card.setAttribute("data-same", "");
}"""


@pytest.mark.soak
def test_what_was_hidden_out_of_sight_is_asked_again(
    five: Database[Any], serving: Callable[..., Served], open_page: Open
) -> None:
    """It said what another card says; of another source it may have something to say."""
    page = open_page(f"{serving(five).url}/storage", viewport={"width": 1280, "height": 400})
    all_answered(page)
    hidden = card(page, "storage-bytes")
    expect(hidden).to_have_attribute("data-same", "")
    hidden.evaluate(OUT_OF_SIGHT)
    with page.expect_response(re.compile("/card/storage-bytes.*source=elhub")):
        answered(page, "storage-answer").locator("tbody").get_by_role("button", name="elhub", exact=True).click()
    expect(hidden).to_have_attribute("aria-busy", "false")


@pytest.mark.soak
def test_generated_is_said_of_its_own_source_alone(
    five: Database[Any], serving: Callable[..., Served], open_page: Open
) -> None:
    mark = Look("en").text("shell.generated")
    page = open_page(f"{serving(five).url}/storage")
    expect(answered(page, "storage-answer").locator(".subtitle")).to_contain_text(mark)
    page.goto(page.url + "?source=elhub")
    expect(answered(page, "storage-answer").locator(".answer")).to_contain_text("elhub")
    expect(answered(page, "storage-answer").locator(".subtitle")).not_to_contain_text(mark)
