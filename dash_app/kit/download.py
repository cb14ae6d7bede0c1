"""What a table, a file or a picture says of its numbers, wherever it goes: whose they are, of which days, whence, in
which units.

The one place for all cards. A file's columns are named in words with their units, and every row of it names the meter
and the source in columns of their own: so it can be read without its name, and put together with others.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd

from sync.model.localtime import PARIS

from .address import scope_of
from .blocks import Block, Frame, Page
from .locale import Look
from .reader import ZONES, Reader
from .view import Extent, View

Ends = tuple[datetime, datetime]
"""A range of the local clock, the end not included."""

GENERATED = "GENERATED"
TIMES = ("start_local", "at_local", "local_day", "day", "month", "from", "ts")  # columns that say when a row is
ONE_DAY = timedelta(days=1)
UNITS = {  # what the name of a column ends with → its unit; of two that fit the longer one
    "eur_mwh": "€/MWh",
    "dkk_mwh": "DKK/MWh",
    "kwh_a_day": "kwh_a_day",
    "bytes": "bytes",
    "minutes": "min",
    "seconds": "s",
    "kwh": "kWh",
    "mwh": "MWh",
    "eur": "€",
    "pct": "%",
    "wh": "Wh",
    "ms": "ms",
    "w": "W",
    "h": "h",
    "s": "s",
}
PERCENTILE = re.compile(r"p(\d+)")


@dataclass(frozen=True, slots=True)
class Origin:
    """Whose the numbers of a card are: subject, a meter, an area or households, empty for none; sources, their names;
    ends: of the readings that are really there, None where the numbers are of no days."""

    subject: str
    sources: tuple[str, ...]
    ends: Ends | None
    is_generated: bool

    def days(self, look: Look) -> str:
        """`26–28 Oct 2024`; with the hours where they are no whole days; empty for none."""
        if self.ends is None:
            return ""
        start, end = self.ends
        if self._is_whole:
            return look.days(start.date(), end.date())
        return f"{look.moment(start)} – {look.moment(end)}"

    def named_sources(self, look: Look) -> str:
        """As their publishers call them."""
        return ", ".join(look.text_or(f"source.{name}", name) for name in self.sources)

    def line(self, look: Look) -> str:
        """All of it, under or above the numbers."""
        source = look.text("shell.source", source=self.named_sources(look)) if self.sources else ""
        mark = look.text("shell.generated") if self.is_generated else ""
        return " · ".join(part for part in (self.subject, self.days(look), source, mark) if part)

    def file_name(self, block: str) -> str:
        """Without an ending: `load-curve_linky-0844-consumption_2024-10-26_2024-10-28`."""
        words = list(dict.fromkeys(each for name in (*self.sources, self.subject) for each in _words(name)))
        parts = [GENERATED if self.is_generated else "", block, "-".join(words)]
        if self.ends:
            start, end = self.ends
            last = end - ONE_DAY
            form = "%Y-%m-%d" if self._is_whole else "%Y-%m-%dT%H-%M"
            parts += [format(start, form), format(last if self._is_whole else end, form)]
        return "_".join(part for part in parts if part)

    @property
    def _is_whole(self) -> bool:
        return self.ends is not None and all(each.time() == time() for each in self.ends)


def _words(text: str) -> list[str]:
    """The words of a name in letters that every system of files takes."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return re.findall(r"[A-Za-z0-9]+", plain)


def origin_of(card: tuple[Page, Block], frame: Frame, view: View, look: Look, found: tuple[Reader, bool]) -> Origin:
    """Of a frame of a card. found: the reader, and whether a generated household is in it."""
    page, (reader, is_generated) = card[0], found
    sources, subject = _subject(card, frame, view, look, reader)
    scope = scope_of(reader, page, dict(view.options) | {"series": view.series})
    zone = ZONES[sources[0]] if sources else PARIS
    ends = _ends(frame, view, scope.extent, zone, has_period=page.has_period)
    return Origin(subject, sources, ends, is_generated)


def _subject(
    card: tuple[Page, Block], frame: Frame, view: View, look: Look, reader: Reader
) -> tuple[tuple[str, ...], str]:
    """The sources, and the meter or what the page says it is about; neither where rows say so themselves."""
    page, block = card
    table, named = frame.table, tuple(frame.notes.get("sources", ()))
    if page.about:
        sources, subject = page.about(reader, view, look)
        return named or sources, ", ".join(subject[1:] if "area" in table else subject)
    series = reader.series_at(view) if page.has_series else None
    if series is None or "{series}" not in look.raw_text(page.text_of(block, "subtitle")):
        return named or tuple(dict.fromkeys(name for name in table.get("source", ()) if name in ZONES)), ""
    return (series.source,), reader.plain_name_of(series)


def _ends(frame: Frame, view: View, extent: Extent, zone: ZoneInfo, *, has_period: bool) -> Ends | None:
    """As the frame itself says, else from the first row to the end of the last; of rows that say nothing of time the
    view's days. Never beyond what is stored."""
    table = frame.table
    column = next((name for name in TIMES if name in table), "")
    held = frame.notes.get("held")
    if not held and not column and not (has_period and frame.covered is not None):
        return None
    start, end = (datetime.combine(day, time()) for day in held or (view.start, view.end))
    if column and len(table) and not held:
        texts = [str(value) for value in table[column]]
        start = _moment(min(texts), zone)
        end = _end_of(table, max(texts), column, end, zone)
    if extent.first and extent.end:
        stored = tuple(datetime.combine(day, time()) for day in (extent.first, extent.end))
        if start < stored[1] and stored[0] < end:
            start, end = max(start, stored[0]), min(end, stored[1])
    return start, end


def _end_of(table: pd.DataFrame, last: str, column: str, otherwise: datetime, zone: ZoneInfo) -> datetime:
    """Where the last row ends: by its length, its last day, or the day or month that it is."""
    if "length_s" in table and column == "start_local":
        seconds = int(table["length_s"].iloc[-1])
        return (datetime.fromisoformat(last) + timedelta(seconds=seconds)).astimezone(zone).replace(tzinfo=None)
    if column == "month":
        return _moment(f"{_moment(last, zone) + timedelta(days=31):%Y-%m}", zone)
    if column == "from":
        named = next((name for name in ("to", "until") if name in table), "")
        if not named:
            return otherwise
        return _moment(max(table[named].astype(str)), zone) + (ONE_DAY if named == "to" else timedelta())
    return datetime.combine(_moment(last, zone).date() + ONE_DAY, time())


def _moment(text: str, zone: ZoneInfo) -> datetime:
    """`2024-10`, `2024-10-26` or `2024-10-26T14:00:00+02:00` on the local clock."""
    if len(text) == len("2024-10"):
        text = f"{text}-01"
    found = datetime.fromisoformat(text)
    return found.astimezone(zone).replace(tzinfo=None) if found.tzinfo else found


# --- columns ----------------------------------------------------------------------------------------------------------


def heads(names: Iterable[Any], look: Look) -> list[str]:
    """Columns in words, with their units: `wh` → `Energy (Wh)`. A name that is data's own stays as it is."""
    return [_head(str(name), look) for name in names]


def _head(name: str, look: Look) -> str:
    own = look.text_or(f"column.{name}", "")
    if own:
        return own
    unit = next((unit for unit in UNITS if name == unit or name.endswith(f"_{unit}")), "")
    stem = name.removesuffix(unit).rstrip("_") if unit else name
    if percentile := PERCENTILE.fullmatch(stem):
        words = look.text("column.percentile", percent=int(percentile[1]))
    else:
        words = look.text_or(f"column.{stem}", "") or look.text_or(f"areas.group.{stem}", stem.replace("_", " "))
    words = words if stem else look.text("column.size" if unit == "bytes" else "column.energy")
    return f"{words} ({look.text_or(f'column.unit.{UNITS[unit]}', UNITS[unit])})" if unit else words


# --- files ------------------------------------------------------------------------------------------------------------

FORMULA = re.compile(r"[=+\-@\t\r\n＝＋－＠]")  # a spreadsheet runs a text that begins so (OWASP, CSV injection)


def csv_of(frame: pd.DataFrame, origin: Origin, look: Look) -> bytes:
    """UTF-8 with commas and points, whatever the reader's language; missing is empty. Whose the numbers are stands in
    the last columns, of every row.

    A text with which a spreadsheet would begin a formula has an apostrophe before it; numbers stay what they are.
    """
    named = dict(zip(heads(frame.columns, look), frame.columns, strict=True))
    columns = {_harmless(head): _harmless_in(frame[name]) for head, name in named.items()}
    own = [("column.meter", origin.subject)] if "series" not in frame else []
    own += [("column.source", origin.named_sources(look))] if "source" not in frame else []
    columns |= {look.text(key): _all_rows(frame, text) for key, text in own if text}
    if origin.is_generated:
        columns[GENERATED] = _all_rows(frame, look.text("shell.not_measured"))
    text = io.StringIO()
    # A return within a text would begin a line of its own where it is not quoted.
    returns = any("\r" in str(value) for column in columns.values() if column.dtype == object for value in column)
    pd.DataFrame(columns).to_csv(text, index=False, quoting=csv.QUOTE_NONNUMERIC if returns else csv.QUOTE_MINIMAL)
    return text.getvalue().encode()


def _all_rows(frame: pd.DataFrame, text: str) -> pd.Series:
    return pd.Series([_harmless(text)] * len(frame), index=frame.index, dtype=object)


def _harmless_in(column: pd.Series) -> pd.Series:
    if column.dtype.kind in "biufmM":  # numbers and times
        return column
    return pd.Series([_harmless(value) for value in column], index=column.index, dtype=object)


def _harmless(value: Any) -> Any:
    return f"'{value}" if isinstance(value, str) and FORMULA.match(value) else value
