"""What a person waits for, measured inside Chromium: from the click (or the address) to the last chart drawn."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread

from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
WIDE = {"width": 1280, "height": 900}
MS = 60_000.0
PLOTLY = Path(__file__).resolve().parent.parent / "dash_app" / "assets" / "vendor" / "plotly-page.min.js"

# Runs before anything of the page. `bench.first`: ms from the address to the first chart. `bench.settled`: ms from the
# last click or drag until no card in the window waits and no chart is being drawn; null until then.
WATCH = """(() => {
  const bench = (window.bench = { first: null, start: null, settled: null, asked: false, drawing: 0, last: 0 });
  const chart = ".card .js-plotly-plot .cartesianlayer .trace, .card .js-plotly-plot .heatmaplayer image";
  const begin = () => { Object.assign(bench, { start: performance.now(), settled: null, asked: false, last: 0 }); };
  for (const kind of ["click", "mouseup"]) window.addEventListener(kind, begin, true);
  const wrap = (plotly) => {
    for (const name of ["react", "newPlot", "relayout"]) {
      const own = plotly[name];
      plotly[name] = (...given) => {
        bench.drawing += 1;
        bench.asked = true;
        const done = () => { bench.drawing -= 1; bench.last = performance.now(); };
        const drawn = own(...given);
        Promise.resolve(drawn).then(done, done);
        return drawn;
      };
    }
  };
  bench.waiting = () => [...document.querySelectorAll(".page:not([hidden]) .card")].some((card) => {
    const { top, bottom } = card.getBoundingClientRect();
    return bottom > 0 && top < innerHeight && card.getAttribute("aria-busy") === "true";
  });
  let wrapped = null; // a chart that is there before plotly.js has run loads it a second time
  const look = () => {
    if (window.Plotly && window.Plotly !== wrapped) { wrapped = window.Plotly; wrap(wrapped); }
    if (bench.first === null && document.querySelector(chart)) bench.first = performance.now();
    const waiting = bench.waiting();
    if (bench.start !== null && bench.settled === null) {
      if (waiting || bench.drawing) {
        bench.asked = true;
        bench.last = performance.now();
      } else if (bench.asked && performance.now() - bench.last > 150) {
        bench.settled = bench.last - bench.start;
      }
    }
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
})()"""
FIRST = "() => window.bench && window.bench.first !== null"
IDLE = "() => window.bench.first !== null && !window.bench.drawing && !window.bench.waiting()"


@dataclass
class Waits:
    """Milliseconds by what was done."""

    first: list[float] = field(default_factory=list)
    clicks: dict[str, list[float]] = field(default_factory=dict)

    def add(self, name: str, waited: float) -> None:
        self.clicks.setdefault(name, []).append(waited)


@contextmanager
def chromium() -> Iterator[Browser]:
    """Ends the process with a message where there is none."""
    program = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if program is None:
        sys.exit("the bench needs Chromium: install it (Debian: apt-get install chromium)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=FLAGS, headless=True)
        yield browser
        browser.close()


BARE = """<!doctype html><div id="chart"></div><script src="plotly.js"></script><script>
Plotly.newPlot("chart", [{y: Array.from({length: 1440}, (_, at) => Math.sin(at / 9))}])
  .then(() => { window.drawn = performance.now(); });
</script>"""


def bare_chart(browser: Browser) -> float:
    """ms from the address to a curve of thirty days on a page that holds nothing else: what plotly and Chromium take
    on this machine at this moment, without anything of ours."""
    with TemporaryDirectory() as name:
        shutil.copy(PLOTLY, Path(name) / "plotly.js")
        (Path(name) / "index.html").write_text(BARE, encoding="utf-8")
        with ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=name)) as server:
            Thread(target=server.serve_forever, daemon=True).start()
            context, page = opened(browser)
            page.goto(f"http://127.0.0.1:{server.server_address[1]}/", wait_until="commit")
            page.wait_for_function("() => window.drawn")
            drawn = float(page.evaluate("window.drawn"))
            context.close()
            server.shutdown()
    return drawn


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Says nothing."""


def opened(browser: Browser) -> tuple[BrowserContext, Page]:
    """A page of a reader who was never here."""
    context = browser.new_context(viewport=WIDE, locale="en-GB")  # type: ignore[arg-type]
    page = context.new_page()
    page.set_default_timeout(MS)
    page.add_init_script(WATCH)
    return context, page


def first_chart(page: Page, address: str) -> float:
    """ms from the address to the first chart."""
    page.goto(address, wait_until="commit")
    page.wait_for_function(FIRST)
    return float(page.evaluate("window.bench.first"))


def visit(page: Page, url: str, waits: Waits) -> None:
    """Everything that a person clicks, once each, on a server that has not answered any of it before."""
    waits.first.append(first_chart(page, f"{url}/consumption"))

    def timed(name: str, act: Callable[[], None]) -> None:
        page.wait_for_function(IDLE)
        page.evaluate("window.bench.start = null")
        act()
        page.wait_for_function("() => window.bench.settled !== null")
        waits.add(name, float(page.evaluate("window.bench.settled")))

    def period(name: str) -> Callable[[], None]:
        label = page.locator("#period label", has=page.locator(f'xpath=preceding-sibling::input[@value="{name}"]'))
        return label.click

    for name in ("7d", "month", "year", "all"):
        timed(f"period {name}", period(name))
    timed("zoom into 30 days", lambda: _drag(page, 0.5, 0.54))
    timed("zoom into 3 days", lambda: _drag(page, 0.5, 0.6))
    timed("whole period again", lambda: page.locator('[data-block="load-curve"] .unzoom').click())
    timed("period 30d", period("30d"))
    timed("30 days before", lambda: page.locator("#previous").click())
    timed("theme", lambda: page.locator("#theme").click())
    timed("French", lambda: page.locator("#language label", has_text="FR").click())
    for name in ("cost", "coverage", "storage"):
        timed(f"page {name}", lambda name=name: page.locator(f'nav a[data-go="{name}"]').click())  # type: ignore[misc]


def at_once(browser: Browser, url: str, readers: int) -> tuple[int, float]:
    """Readers who open the page at the same moment → (errors that any of them saw, s until the last has a chart)."""
    problems: list[str] = []
    all_pages = [opened(browser) for _ in range(readers)]
    for _, page in all_pages:
        page.on("pageerror", lambda error: problems.append(str(error)))
        page.on("console", lambda told: problems.append(told.text) if told.type == "error" else None)
        page.on("response", lambda answer: problems.append(answer.url) if answer.status >= 400 else None)
    for place, (_, page) in enumerate(all_pages):
        page.goto(f"{url}/consumption?period={('7d', '30d', 'year', 'all')[place % 4]}", wait_until="commit")
    waits = []
    for _, page in all_pages:
        page.wait_for_function(FIRST)
        page.wait_for_function(IDLE)
        waits.append(float(page.evaluate("window.bench.first")))
        problems += page.locator(".message-failed:visible, .message-bug:visible").all_text_contents()
    for context, _ in all_pages:
        context.close()
    return len(problems), max(waits) / 1000


def _drag(page: Page, start: float, end: float) -> None:
    """Select a part of the load curve."""
    box = page.locator('[data-block="load-curve"] .nsewdrag[data-subplot="xy"]').bounding_box()
    if box is None:
        sys.exit("the load curve is not drawn")
    height = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] * start, height)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * (start + end) / 2, height)
    page.mouse.move(box["x"] + box["width"] * end, height)
    page.mouse.up()
