"""A block's answer, whatever happens: a chart, an empty message, a database that is away, a mistake of ours."""

from __future__ import annotations

import logging
from dataclasses import replace
from datetime import date
from typing import Any

import pymongo
from pymongo.errors import PyMongoError

from sync.model.errors import CollectionMismatch, StoreError
from sync.model.readings import is_generated, is_generated_key

from ..kit.address import look_of, question_of, view_of, zone_of
from ..kit.blocks import Answer, Block, Figure, Frame, Page
from ..kit.components import covered, graph, message, with_command, with_words
from ..kit.download import Origin, origin_of
from ..kit.locale import Look
from ..kit.reader import Reader
from ..kit.static_html import lighten
from ..kit.view import STANDARD, View

PATIENCE = 5.0  # s that a question waits for the database
TOTALS_ALONE = "shell.totals_alone"
SEEN_FIRST = 2  # cards of a page
FRESH_SECONDS = 60  # an answer is at most so old, even when no reading came: today goes on, calls are counted
LOG = logging.getLogger("dash_app")


def frame_of(reader: Reader, block: Block, view: View) -> Frame:
    """The block's frame, asked once for everyone who looks at the same. Raises what the database or the block raises.

    Language and theme are not part of the question.
    """
    view = replace(view, language=STANDARD.language, theme=STANDARD.theme)
    return reader.kept(("frame", block.name, view, moment(reader)), lambda: block.frame(reader, view))


def moment(reader: Reader) -> int:
    """Changes when an answer has become too old."""
    return int(reader.now().timestamp() // FRESH_SECONDS)


def answer(reader: Reader, page: Page, block: Block, search: str, *, touch: bool = False) -> Answer:
    """The content of a block's card at an address. Never raises."""
    look = look_of(search)

    def drawn() -> Answer:
        with pymongo.timeout(PATIENCE):
            view = view_of(reader, page, search)
            frame = frame_of(reader, block, view)
        with pymongo.timeout(PATIENCE):  # what was computed meanwhile took no patience with the database
            return _answer(reader, (page, block), (view, frame), look, touch)

    try:
        with pymongo.timeout(PATIENCE):
            reader.version()
        return reader.kept(("answer", block.name, search, touch, moment(reader)), drawn)
    except CollectionMismatch as error:
        return Answer(message(str(error), "bug"), is_kept=False)
    except (PyMongoError, StoreError):
        return Answer(message(look.text("shell.unreachable"), "failed"), away=True, is_kept=False)
    except Exception:
        LOG.exception("block %s failed", block.name)
        return Answer(message(look.text("shell.bug"), "bug"), is_kept=False)


def first_answers(reader: Reader, page: Page, search: str, *, touch: bool = False) -> dict[str, tuple[str, Answer]]:
    """The answers of the cards that are seen first, by block, each with the question that it answers.

    They come with the page itself, so that its first chart needs no second question. `search` names language and theme.
    """
    found = {}
    for block in page.blocks[:SEEN_FIRST]:
        its_answer = answer(reader, page, block, search, touch=touch)
        if its_answer.is_kept:
            found[block.name] = question_of(page, block, search, touch), its_answer
    return found


def _answer(reader: Reader, card: tuple[Page, Block], shown: tuple[View, Frame], look: Look, touch: bool) -> Answer:
    page, block = card
    view, frame = shown
    is_generated = shows_generated(reader, page, view)
    origin = origin_of(card, frame, view, look, (reader, is_generated))
    if frame.is_empty:
        command = frame.notes.get("command") or page.command or command_for(reader, view, page.source)
        why = TOTALS_ALONE if page.has_series and _has_totals_alone(reader) else frame.notes.get("empty")
        text = look.text(why or page.text_of(block, "empty"), command="{command}", **frame.notes.get("values", {}))
        body = message(with_command(text, command))
    elif block.body is not None:
        body = block.body(frame, look)
    else:
        figure = _figure(block, view, frame, look, touch)
        today = reader.today(zone_of(reader, view))
        figure["layout"]["meta"] = _of_picture(origin, figure, block, today, look)
        around = [part(frame, look) if part else None for part in (block.above, block.below)]
        body = with_words(graph(block, figure, look), *around)
    period = origin.days(look) if frame.notes.get("zoomed") else look.days(view.start, view.end)
    name = _series_name(reader, view, look) if page.has_series or not page.about else origin.subject
    names = {"series": name, "period": period}
    subtitle = look.text(page.text_of(block, "subtitle"), **names)
    return Answer(
        body=lighten(body),
        subtitle=f"{subtitle} · {look.text('shell.generated')}" if is_generated else subtitle,
        covered=covered(frame, look),
        controls=block.controls(reader, view, look) if block.controls else None,
    )


def _figure(block: Block, view: View, frame: Frame, look: Look, touch: bool) -> Figure:
    if block.figure is None:
        raise TypeError(f"block {block.name} has neither figure nor body")
    figure = block.figure(frame, look)
    layout = figure.setdefault("layout", {})
    # A zoom by hand outlives new readings, not a new view.
    layout.setdefault("uirevision", repr(replace(view, language=STANDARD.language, theme=STANDARD.theme)))
    if touch:
        layout["dragmode"] = False  # a finger scrolls the page
    return figure


def _of_picture(origin: Origin, figure: Figure, block: Block, today: date, look: Look) -> dict[str, Any]:
    """What assets/cards.js writes into a picture and its name; x: the range of a chart into which nobody zoomed."""
    line = " · ".join(part for part in (origin.line(look), look.text("shell.drawn", day=look.day(today))) if part)
    picture = {"file": origin.file_name(block.name), "line": line, "part": look.text("shell.part")}
    return picture | {"x": figure["layout"].get("xaxis", {}).get("range")}


def _series_name(reader: Reader, view: View, look: Look) -> str:
    series = reader.series_at(view)
    return reader.plain_name_of(series) if series else look.text("shell.no_meter")


def shows_generated(reader: Reader, page: Page, view: View) -> bool:
    """Whether a household that the stand-in has made up is on a page: the chosen one, or among all that are."""
    if page.source:
        return False
    if not page.has_series:
        sources = page.about(reader, view, Look())[0] if page.about else (view.option("source", ""),)
        return any(is_generated(series) for series in reader.series() if {"", series.source}.intersection(sources))
    chosen = reader.series_at(view)
    return is_generated(chosen) if chosen else any(map(is_generated_key, reader.totals()))


def command_for(reader: Reader, view: View, source: str = "") -> str:
    """What fetches the readings that are not there. source: of a page about a whole source."""
    if source:
        return f"python -m sync backfill --source {source}"
    series = reader.series_at(view)
    if series is None or reader.extent(series).first is None:
        others = "python -m sync import FILE" if reader.totals() else "make run"
        return "python -m sync backfill" if reader.settings.meters else others
    return f"python -m sync backfill --since {view.start} --until {view.end}"


def _has_totals_alone(reader: Reader) -> bool:
    """Whether somebody has the daily totals of a meter, and no reading at all."""
    return not reader.series() and bool(reader.totals())


def hidden_pages(reader: Reader, pages: tuple[Page, ...]) -> frozenset[str]:
    """Pages about what is not stored; none while the database is away."""
    try:
        with pymongo.timeout(PATIENCE):
            stored = {series.source for series in reader.series()}
            lost = {page.name for page in pages if page.scope and page.scope(reader, {}) is None}
    except (PyMongoError, StoreError):
        return frozenset()
    return frozenset(lost | {page.name for page in pages if page.source and page.source not in stored})
