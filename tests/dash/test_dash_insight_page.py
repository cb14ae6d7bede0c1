"""The insight page as a person meets it: what titles and large numbers say, how many messages they want, and a mark
that only the address keeps."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from playwright.sync_api import Page, expect

from dash_app.insight import page as insight
from dash_app.insight import queries
from dash_app.kit.locale import Look
from dash_app.kit.view import View
from sync.store.schema import CARDS
from tests.dash.readers import all_answered, answered, asked, drawn, go_to, said_loud
from tests.dash.served import Served

Open = Callable[..., Page]
EN, FR = Look("en"), Look("fr")


def plain(text: str) -> str:
    return text.replace("\u202f", " ").replace("\xa0", " ")


def test_a_reader_of_large_letters_alone(served: Served, open_page: Open) -> None:
    """“Tomorrow 35.8 kWh, between 18.5 and 54.8; 712 W run day and night; six things were unusual.”"""
    page = open_page(f"{served.url}/insight")
    all_answered(page)
    reader = served.reader
    frames = {block.name: block.frame(reader, View(page="insight")) for block in insight.PAGE.blocks}
    value = frames["insight-tomorrow"].notes["card"]["value"]
    total, low, high = (EN.energy(round(value[name])) for name in ("total_wh", "total_low", "total_high"))
    euros = EN.money(round(value["total_wh"] / 1000 * 0.20, 2))
    said = said_loud(page)
    tomorrow = plain(f"Tomorrow, Friday 14 March 2025: {total} ({low} to {high}), about {euros}.")
    assert said["What will tomorrow be?"] == [tomorrow]
    [recent] = said["How did the last 60 days come out?"]
    assert recent.endswith(" of 60 days came within the band.")
    base = frames["insight-base"].notes["card"]["value"]["watts"]
    [runs] = said["What runs when nobody does anything?"]
    assert runs.startswith(plain(f"{EN.power(round(base))} run day and night: {EN.energy(round(base * 8766))}"))
    assert said["What was unusual?"] == [f"{len(frames['insight-unusual'].notes['told'])} things were unusual."]


def test_the_chart_is_what_was_forecast(served: Served, open_page: Open) -> None:
    page = open_page(f"{served.url}/insight")
    chart = drawn(page, "insight-tomorrow")
    lines = chart.evaluate("chart => chart.data.filter((each) => each.name === 'expected').map((each) => [...each.y])")
    frame = queries.tomorrow_frame(served.reader, View())
    assert np.allclose(lines, [frame.table["forecast_w"]], atol=0.01)
    answered(page, "insight-tomorrow").get_by_text("Thu 13 Mar").click()
    expect(answered(page, "insight-tomorrow").locator(".answer")).to_contain_text("Today, Thursday 13 March 2025")
    assert asked(page)["forecast"] == "other"


def test_the_reader_sets_how_much_is_told_and_what_was_theirs(served: Served, open_page: Open) -> None:
    page = open_page(f"{served.url}/insight")
    card = answered(page, "insight-unusual")
    told = card.locator(".told > li")
    count = told.count()
    assert card.locator("svg.curve").count() == count
    card.get_by_text("6", exact=True).click()
    expect(told).not_to_have_count(count)
    assert asked(page)["budget"] == "6"
    card.get_by_text("2", exact=True).click()
    expect(told).to_have_count(count)
    told.first.get_by_role("button", name="That was us").click()
    expect(told.first.get_by_role("button")).to_have_attribute("aria-pressed", "true")
    expect(card.locator(".answer")).to_have_text(f"{count - 1} things were unusual.")
    mark = asked(page)["ours"]
    go_to(page, "overview")
    go_to(page, "insight")
    page.reload()
    card = answered(page, "insight-unusual")
    expect(card.locator(".answer")).to_have_text(f"{count - 1} things were unusual.")
    card.locator(".told > li").first.get_by_role("button").click()
    expect(card.locator(".answer")).to_have_text(f"{count} things were unusual.")
    assert mark not in asked(page).get("ours", "")
    assert CARDS not in served.reader.database.list_collection_names()


def test_in_french(served: Served, open_page: Open) -> None:
    page = open_page(f"{served.url}/insight?lang=fr")
    all_answered(page)
    said = said_loud(page)
    assert said["Que sera demain\u202f?"][0].startswith("Demain, vendredi 14 mars 2025 : ")
    assert "tournent jour et nuit" in said["Qu’est-ce qui tourne quand personne ne fait rien\u202f?"][0]
