"""The `.xlsx` files the Enedis site hands out: a load curve in kW with start and end, or daily energy.

Figures are text with a decimal comma (`0,692`), Paris wall clock, `NA` where there is nothing. The header of the daily
sheet says kW and means kWh: its days equal the sums of the load curve. One sheet per flow; sheets without a table are
prose. Other exports of this shape hold real numbers and dates: they are taken as exactly as they are written.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

from ....model.errors import FileRefused
from ...files import workbook
from ..points import Digits, Point, Reject
from .export import (
    ASK_INSTEAD,
    USE_ORIGINAL,
    Export,
    NothingToImport,
    Totals,
    curve,
    flow_of,
    not_an_export,
    plain,
    prm_in,
    shown,
)
from .text import COARSEST_W, COARSEST_WH, day_of, decimals_of, figure_of, label_of, resolution_of
from .walls import Interval, labelled

UNITS = {"curve": {"kw": 1000, "w": 1}, "totals": {"kw": 1000, "kwh": 1000, "wh": 1}}
PHYSICAL = {"curve": "puissance active", "totals": "energie active"}


def read_workbook(name: str, packed: zipfile.ZipFile) -> list[Export]:
    """Every table of a workbook; one of another quantity is left out beside others. Raises `FileRefused` for a damaged
    one, and where there is none to import."""
    sheets = [sheet for sheet in read_sheets(name, packed) if sheet.kind]
    if not sheets:
        raise not_an_export(name, ": a workbook without a table of readings")
    exports: list[Export] = []
    left_out: list[str] = []
    for sheet in sheets:
        try:
            exports.append(_read(sheet))
        except NothingToImport as nothing:
            left_out.append(str(nothing))
    if not exports:
        raise NothingToImport(left_out[0])
    notes = tuple(f"left out: {what}" for what in left_out)
    return [replace(exports[0], notes=exports[0].notes + notes), *exports[1:]]


def _read(sheet: Sheet) -> Export:
    prm = next((prm_in(text) for fact, text in sheet.facts.items() if fact.startswith("point reference mesure")), "")
    physical, counted = (sheet.facts.get(fact, "") for fact in ("grandeur physique", "type de comptage"))
    flow = flow_of(counted) or flow_of(plain(sheet.title).removeprefix("export "))
    factor = UNITS[sheet.kind].get(sheet.unit)
    is_other = (counted and not flow) or plain(physical) not in ("", PHYSICAL[sheet.kind])
    if factor is None or is_other:
        found = ", ".join(shown(text, 40) for text in (physical, counted, sheet.unit) if text)
        raise NothingToImport(
            f"{sheet.where}: holds {found}, not the active power or energy of Consommation or Production. {ASK_INSTEAD}"
        )
    return (_curve if sheet.kind == "curve" else _totals)(sheet, prm, flow, factor)


def _curve(sheet: Sheet, prm: str, flow: str, factor: int) -> Export:
    start_at, end_at, power_at = (sheet.header[name] for name in ("debut", "fin", "valeur"))
    intervals: list[Interval] = []
    rejects: list[Reject] = []
    for number, cells in sheet.rows:
        start, end, power = cells[start_at], cells[end_at], cells[power_at]
        if start is None and end is None and power is None:
            continue
        if start is None or end is None:
            rejects.append(Reject(number, "no start or end", shown(f"{start} – {end} = {power}")))
        else:
            point = Point("", figure_of(_text(power), factor)[0], line=number)
            intervals.append(Interval(_label(start), _label(end), point))
    if not intervals and not rejects:
        raise NothingToImport(f"{sheet.where}: no reading in it. {ASK_INSTEAD}")
    resolution = resolution_of(decimals_of(_text(cells[power_at]) for _, cells in sheet.rows), factor, COARSEST_W)
    return curve(sheet.name, prm, flow, points=labelled(intervals), rejects=rejects, digits=Digits(resolution))


def _totals(sheet: Sheet, prm: str, flow: str, factor: int) -> Export:
    totals = Totals()
    for number, cells in sheet.rows:
        label, energy = cells[sheet.header["date"]], cells[sheet.header["valeur"]]
        if label is None and energy is None:
            continue
        day, (wh, _) = _day(label), figure_of(_text(energy), factor)
        text = shown(f"{label} = {energy}")
        if day is None:
            totals.rejects.append(Reject(number, "not a day", text))
        elif wh is None:
            totals.skipped += 1
        elif not wh.isdecimal():
            totals.rejects.append(Reject(number, "not a whole number of Wh", text))
        else:
            totals.add(number, day, int(wh))
    if not totals.wh and not totals.rejects:
        raise NothingToImport(f"{sheet.where}: no total in it. {ASK_INSTEAD}")
    decimals = decimals_of(_text(cells[sheet.header["valeur"]]) for _, cells in sheet.rows)
    return totals.export(sheet.name, prm, flow, (), resolution_of(decimals, factor, COARSEST_WH))


def _text(cell: Any) -> str:
    """A cell as text: of a float the shortest that names it, the 0.692 that stands in the file."""
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return f"{cell}"
    text = repr(cell) if isinstance(cell, float) else str(cell).strip()
    return format(Decimal(text), "f") if isinstance(cell, float) and "e" in text and "inf" not in text else text


def _label(cell: Any) -> str:
    """`08/01/2024 00:30:00` or a date cell → `2024-01-08 00:30:00`; any other text is judged with the points."""
    if isinstance(cell, datetime):
        # A time is stored as a fraction of a day, so its last digits may fall short of a whole second.
        up = cell.microsecond >= 500_000 and cell.year < date.max.year
        return (cell.replace(microsecond=0) + timedelta(seconds=up)).isoformat(" ")
    return label_of(str(cell))


def _day(cell: Any) -> date | None:
    if isinstance(cell, datetime):
        return cell.date() if cell.time() == datetime.min.time() else None
    return cell if isinstance(cell, date) else day_of(str(cell))


# --- sheets ----------------------------------------------------------------------------------------------------------

MOST_ROWS, MOST_COLUMNS = 1_048_576, 32
"""The most rows a sheet can have (the file may claim more), and more columns than any export uses."""
UNIT = re.compile(r"valeur.*?\(en (\w+)\)")
HEADERS = {"curve": ("debut", "fin", "valeur"), "totals": ("date", "valeur")}


@dataclass(slots=True)
class Sheet:
    """A sheet, its table if it has one, and what stands above it.

    kind: "curve" or "totals", empty without a table; header: column by name; unit: of the column `valeur`; facts:
    normalised name → text of the cell next to it; rows: (row number, cells of that row), rows without content left out.
    """

    name: str
    title: str
    kind: str = ""
    header: dict[str, int] = field(default_factory=dict)
    unit: str = ""
    facts: dict[str, str] = field(default_factory=dict)
    rows: list[tuple[int, Sequence[Any]]] = field(default_factory=list)

    @property
    def where(self) -> str:
        return f"{self.name}, sheet {shown(self.title, 40)!r}"


def read_sheets(name: str, packed: zipfile.ZipFile) -> list[Sheet]:
    """Every sheet of a workbook. Raises `FileRefused` when it is damaged."""
    try:
        return [_sheet(name, sheet) for sheet in workbook(name, packed).worksheets]
    except FileRefused as refused:
        raise FileRefused(f"{refused}. {USE_ORIGINAL}") from refused
    except Exception as error:  # a damaged workbook raises whatever its XML parser, zlib or openpyxl happen to
        cause = shown(str(error), 60) or type(error).__name__
        raise FileRefused(f"{name} is damaged or cut off ({cause}). {USE_ORIGINAL}") from error


def _sheet(name: str, source: Any) -> Sheet:
    sheet = Sheet(name, source.title)
    rows = source.iter_rows(max_row=MOST_ROWS, max_col=MOST_COLUMNS, values_only=True)
    for number, cells in enumerate(rows, start=1):
        if all(cell is None for cell in cells):
            continue
        if sheet.kind:
            sheet.rows.append((number, cells))
        else:
            texts = [plain(cell) if isinstance(cell, str) else "" for cell in cells]
            _find_header(sheet, texts)
            _collect_facts(sheet.facts, texts, cells)
    return sheet


def _find_header(sheet: Sheet, texts: Sequence[str]) -> None:
    """Takes a row for the header of the table if it names all its columns; `Valeur (en kW)` also tells the unit."""
    header = {text: index for index, text in enumerate(texts) if text in ("debut", "fin", "date")}
    units = [(index, found[1]) for index, found in enumerate(map(UNIT.fullmatch, texts)) if found]
    if len(units) != 1:
        return
    header["valeur"], unit = units[0]
    for kind, columns in HEADERS.items():
        if set(columns) <= header.keys():
            sheet.kind, sheet.header, sheet.unit = kind, header, unit
            return


def _collect_facts(facts: dict[str, str], texts: Sequence[str], cells: Sequence[Any]) -> None:
    """`Grandeur physique :` in one cell, what it is in the next one that is filled."""
    filled = [index for index, cell in enumerate(cells) if cell is not None]
    for index, following in pairwise(filled):
        cell = cells[following]
        whole = isinstance(cell, float) and cell.is_integer()
        facts.setdefault(texts[index], str(int(cell) if whole else cell).strip())
