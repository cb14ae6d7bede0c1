"""Files, tables and pictures carry the range that they really hold, whose readings they are, units and source."""

from __future__ import annotations

import csv
import io
import struct
from collections import defaultdict
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import requests
from playwright.sync_api import Page, expect

from dash_app.kit.download import Origin
from dash_app.kit.locale import Look
from tests import r63
from tests.dash.readers import asked, box_of, card, drag, drawn, plot_box
from tests.dash.served import PATIENCE, Served

Open = Callable[..., Page]
METER, SOURCE = "linky …0000 consumption", "Linky (Enedis)"
STEM = "linky-0000-consumption"
PARIS = ZoneInfo("Europe/Paris")
HEAD = [
    *("Start (local time)", "Length (s)", "Energy (Wh)", "Measured (s)"),
    *("Average power (W)", "Lowest power (W)", "Highest power (W)", "Meter", "Source"),
]
RECORD = """() => {
  const original = Plotly.downloadImage;
  window.pictures = [];
  Plotly.downloadImage = (given, options) => {
    window.pictures.push([given, options]);
    return original(given, options);
  };
}"""
TEXTS = """async () => {
  const [given, options] = window.pictures.at(-1);
  const written = await Plotly.toImage(given, { ...options, format: "svg", imageDataOnly: true });
  const picture = new DOMParser().parseFromString(written, "image/svg+xml").documentElement;
  document.body.append(picture);
  const edge = picture.getBoundingClientRect();
  const texts = [...picture.querySelectorAll("text")].filter((text) => text.textContent.trim());
  const isIn = ({ left, top, right, bottom }) =>
    left >= edge.left - 1 && top >= edge.top - 1 && right <= edge.right + 1 && bottom <= edge.bottom + 1;
  const found = texts.map((text) => [text.textContent, isIn(text.getBoundingClientRect())]);
  picture.remove();
  return found;
}"""


def hours_of(folder: Path, first: int, last: int) -> dict[str, tuple[int, int]]:
    """`2024-03-31T01:00:00+01:00` → (Wh, seconds) of the hours in [first, last) ms, added up by hand."""
    found: dict[str, tuple[int, int]] = defaultdict(lambda: (0, 0))
    for each in r63.expected(folder):
        at = round(each.ts.timestamp())
        if first <= at * 1000 < last:
            hour = datetime.fromtimestamp(at // 3600 * 3600, PARIS).isoformat()
            wh, seconds = found[hour]
            found[hour] = wh + each.wh, seconds + each.seconds
    return dict(found)


def zoomed(page: Page) -> tuple[int, int]:
    """Drag over a part of the two years; the whole hours (ms UTC) that are shown then."""
    drag(page, plot_box(page, "load-curve"), 0.50, 0.53)
    expect(drawn(page, "load-curve").locator(".annotation-text", has_text="hourly averages")).to_be_visible()
    first, last = (int(text) for text in asked(page)["zoom"].split("-"))
    return first // 3_600_000 * 3_600_000, -(-last // 3_600_000) * 3_600_000


def clock(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, PARIS)


def test_a_zoom_is_what_file_table_and_picture_hold(
    served: Served, open_page: Open, shared_data: Path, tmp_path: Path
) -> None:
    page = open_page(f"{served.url}/consumption?period=all")
    first, last = zoomed(page)
    days = f"{clock(first):%Y-%m-%dT%H-%M}_{clock(last):%Y-%m-%dT%H-%M}"
    look = Look("en")
    words = f"{look.moment(clock(first))} – {look.moment(clock(last))}"
    expect(card(page, "load-curve").locator(".subtitle")).to_have_text(f"Average power in W · {METER} · {words}")

    with page.expect_download() as event:
        card(page, "load-curve").locator("[data-csv]").click()
    assert event.value.suggested_filename == f"load-curve_{STEM}_{days}.csv"
    event.value.save_as(tmp_path / "curve.csv")
    with (tmp_path / "curve.csv").open(encoding="utf-8", newline="") as lines:
        head, *rows = csv.reader(lines)
    assert head == HEAD
    assert {tuple(row[-2:]) for row in rows} == {(METER, SOURCE)}
    found = {row[0]: (int(row[2]), int(row[3])) for row in rows}
    assert found == hours_of(shared_data, first, last)
    assert len(found) > 400

    page.evaluate(RECORD)
    with page.expect_download() as event:
        card(page, "load-curve").locator('[data-does="png"]').click()
    assert event.value.suggested_filename == f"load-curve_{STEM}_{days}.png"
    event.value.save_as(tmp_path / "curve.png")
    wide, high = struct.unpack(">II", (tmp_path / "curve.png").read_bytes()[16:24])
    box = box_of(page, drawn(page, "load-curve"))
    assert high > 2 * box["height"] + 100
    assert wide == 2 * round(box["width"])
    texts = dict(page.evaluate(TEXTS))
    assert all(texts.values()), [text for text, is_in in texts.items() if not is_in]
    said = " ".join(texts)
    for text in ("How does the power change?", words, f"Source: {SOURCE}", "drawn on 13 Mar 2025"):
        assert text in said, said

    card(page, "load-curve").locator('[data-does="table"]').click()
    table = page.get_by_role("dialog").get_by_role("table")
    expect(table.locator("caption")).to_have_text(f"{METER} · {words} · Source: {SOURCE}")
    assert table.locator("thead th").all_text_contents() == HEAD[:-2]
    numbers = table.locator("tbody tr").first.locator("td")
    for place in range(numbers.count()):
        expect(numbers.nth(place)).to_have_css("text-align", "right")
        expect(numbers.nth(place)).to_have_css("font-variant-numeric", "tabular-nums")


def test_a_chart_zoomed_by_hand_says_that_it_is_a_part(served: Served, open_page: Open) -> None:
    page = open_page(f"{served.url}/consumption?period=own&from=2024-10-01&to=2024-10-31&lang=fr", locale="fr-FR")
    chart = drawn(page, "hours")
    page.evaluate(RECORD)
    name = f"hours_{STEM}_2024-10-01_2024-10-31"
    for zoom, ending, is_part in ((False, ".png", False), (True, "_part.png", True)):
        if zoom:
            chart.evaluate("chart => Plotly.relayout(chart, { 'xaxis.range[0]': chart.layout.xaxis.range[1] })")
            chart.evaluate("chart => Plotly.relayout(chart, { 'xaxis.range': ['2024-10-05', '2024-10-09'] })")
        with page.expect_download() as event:
            card(page, "hours").locator('[data-does="png"]').click()
        assert event.value.suggested_filename == f"{name}{ending}"
        said = " ".join(text for text, _ in page.evaluate(TEXTS))
        assert ("une partie, agrandie" in said) is is_part
        assert f"Source\u202f: {SOURCE}" in said


FILES = {
    "a whole period": ("days", "period=own&from=2024-10-26&to=2024-10-28", f"days_{STEM}_2024-10-26_2024-10-28"),
    "beyond what is stored": ("days", "period=month&from=2025-03-01&to=2025-03-31", f"days_{STEM}_2025-03-01_2025-03-12"),  # noqa: E501
    "sums": ("typical-week", "period=year&from=2023-01-01&to=2023-12-31", f"typical-week_{STEM}_2023-03-13_2023-12-31"),
    "months": ("months", "period=7d", f"months_{STEM}_2024-04-01_2025-03-12"),
    "newest days too": ("key-figures", "period=own&from=2024-10-26&to=2024-10-28", f"key-figures_{STEM}_2024-10-26_2025-03-12"),  # noqa: E501
    "months in part": ("cost-bills", "period=30d", f"cost-bills_{STEM}_2025-02-11_2025-03-12"),
    "of the first page": ("overview-storage", "", "overview-storage_linky"),
    "a projection": ("storage-projection", "", "storage-projection_linky"),
    "of no meter and no days": ("cost-prices", "period=7d", "cost-prices"),
    "of the machine": ("coverage-calls", "period=7d", "coverage-calls"),
    "of a source": ("storage-numbers", "", "storage-numbers_linky"),
}  # fmt: skip


@pytest.mark.parametrize("case", FILES)
def test_a_file_is_named_by_what_it_holds(served: Served, case: str) -> None:
    block, search, name = FILES[case]
    answer = requests.get(f"{served.url}/csv/{block}?{search}", timeout=PATIENCE)
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{name}.csv"'
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert rows
    if STEM in name:
        assert {(row["Meter"], row["Source"]) for row in rows} == {(METER, SOURCE)}


def test_heads_follow_the_language_and_numbers_do_not(served: Served) -> None:
    found = [
        requests.get(f"{served.url}/csv/days?period=7d&lang={language}", timeout=PATIENCE).content.decode().splitlines()
        for language in ("en", "fr")
    ]
    assert found[0][0] == "Day,Energy (kWh),Measured (s),Length (s),Meter,Source"
    assert found[1][0] == "Jour,Énergie (kWh),Mesuré (s),Durée (s),Compteur,Source"
    assert found[0][1:] == found[1][1:]


def test_a_name_of_any_letters_makes_a_file_name() -> None:
    origin = Origin('Été "1"/2 (consumption)', ("linky",), None, is_generated=True)
    assert origin.file_name("days") == "GENERATED_days_linky-Ete-1-2-consumption"
    assert Origin("電気", (), None, is_generated=False).file_name("days") == "days"
