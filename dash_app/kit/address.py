"""The address → what to show. A part that means nothing is left out, never an error."""

from __future__ import annotations

from datetime import date, timedelta
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from sync.model.localtime import PARIS

from .blocks import Block, Page
from .locale import LANGUAGES, Look
from .reader import ZONES, Reader
from .view import PERIODS, STANDARD, THEMES, Extent, Scope, View, parts_of, period_of, span_of

EARLIEST, LATEST = date(1990, 1, 1), date(2100, 1, 1)  # no meter, no market of ours has readings beyond
LATE = timedelta(
    days=31
)  # an own range may reach so far beyond the newest reading: what is late is missing, not absent
LONGEST_EMPTY = timedelta(days=366)  # of a range in which nothing is stored
LONGEST_OPTION = 200
ZOOM = "zoom"  # option of pages with a block that zooms: `startms-endms`, UTC


def page_of(pages: tuple[Page, ...], path: str) -> Page:
    """The page of a path such as `/cost`; the first one for `/` and for a path that is none."""
    return next((page for page in pages if path.strip("/") == page.name), pages[0])


def view_of(reader: Reader, page: Page, search: str, language: str = STANDARD.language) -> View:
    """What an address asks for. `language`: the reader's own, for an address that names none.

    Raises PyMongoError when the database cannot be asked for its series.
    """
    asked, look = parts_of(search), look_of(search, language)
    scope = scope_of(reader, page, asked)
    days = period_in(asked, page, scope)
    return View(page.name, scope.address, *days, look.language, look.theme, _options(page, asked))


def scope_of(reader: Reader, page: Page, asked: dict[str, str]) -> Scope:
    """What a page is about at an address; the meter's series also where nothing of what it is about is stored."""
    if page.scope and (own := page.scope(reader, asked)):
        return own
    if page.source:
        return Scope(reader.extent_of(page.source), reader.today(ZONES[page.source]))
    view = View(series=asked.get("series", ""))
    series = reader.series_at(view)
    extent, address = (reader.extent(series), reader.addresses()[series]) if series else (Extent(), "")
    return Scope(extent, reader.today(zone_of(reader, view)), address)


def look_of(search: str, language: str = STANDARD.language) -> Look:
    """How an address wants to be read; needs no database."""
    asked = parts_of(search)
    return Look(_one_of(LANGUAGES, asked.get("lang"), language), _one_of(THEMES, asked.get("theme"), STANDARD.theme))


def whole(search: str, language: str, theme: str) -> str:
    """An address with what it leaves to the reader's browser filled in."""
    asked, look = parts_of(search), look_of(f"theme={theme}", language)
    return "?" + urlencode(asked | {"lang": asked.get("lang", look.language), "theme": asked.get("theme", look.theme)})


def zone_of(reader: Reader, view: View) -> ZoneInfo:
    """The local zone of a view's series."""
    series = reader.series_at(view)
    return ZONES[series.source] if series else PARIS


def period_in(asked: dict[str, str], page: Page, scope: Scope) -> tuple[str, date, date]:
    """Name and local days [start, end) of the period. Days that do not make the named period are an own range.

    An own range is cut to what is stored; a named one is a year at most. Days that were chosen on another page, of
    which this one can have nothing, are left aside.
    """
    name, extent = _one_of(PERIODS, asked.get("period"), page.period), scope.extent
    first, last = _day(asked.get("from")), _day(asked.get("to"))
    if name == "all" or first is None or last is None or first > last or not _may_show(page, extent, first, last):
        name = page.period if name == "own" else name
        opened = Extent(extent.first, scope.opens or extent.end)
        return name, *period_of(name, extent if name == "all" else opened, scope.today)
    end = last + timedelta(days=1)
    if name != "own" and (first, end) == span_of(name, first):
        return name, first, end
    return "own", *_stored_part(first, end, extent, scope.today)


def _may_show(page: Page, extent: Extent, first: date, last: date) -> bool:
    """Of a meter any days may be looked at: that there is nothing is an answer."""
    if page.has_series or extent.first is None or extent.end is None:
        return True
    return first < extent.end and extent.first <= last


def _stored_part(start: date, end: date, extent: Extent, today: date) -> tuple[date, date]:
    """The days of a range that can hold readings, so that no address makes a question long."""
    if extent.first and extent.end:
        newest = max(extent.end, min(today, extent.end + LATE))
        if start < newest and extent.first < end:
            return max(start, extent.first), min(end, newest)
    return start, min(end, start + LONGEST_EMPTY)


def _options(page: Page, asked: dict[str, str]) -> tuple[tuple[str, str], ...]:
    known = set(page.options) | ({ZOOM} if any(block.zooms for block in page.blocks) else set())
    return tuple(sorted((name, text) for name, text in asked.items() if name in known and len(text) <= LONGEST_OPTION))


def needs(page: Page, block: Block) -> list[str]:
    """The parts of an address on which a block's answer depends."""
    parts = ["series"] if page.has_series else []
    parts += ["period", "from", "to"] if page.has_period else []
    shared = page.options if page.shared is None else page.shared
    parts += shared if block.options is None else block.options
    return parts + ([ZOOM] if block.zooms else [])


def question_of(page: Page, block: Block, search: str, touch: bool) -> str:
    """What a card's answer depends on, as assets/cards.js spells it. `search` names language and theme."""
    asked = parts_of(search)
    needed = "|".join(asked.get(name, "") for name in needs(page, block))
    return f"{needed}|{asked.get('lang')}|{asked.get('theme')}|{'touch' if touch else ''}"


def _day(text: str | None) -> date | None:
    try:
        day = date.fromisoformat(text or "")
    except ValueError:
        return None
    return day if EARLIEST <= day < LATEST else None


def _one_of(known: tuple[str, ...], text: str | None, standard: str) -> str:
    return text if text in known else standard
