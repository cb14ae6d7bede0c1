"""The `.xlsx` files the Enedis site hands out: a load curve in kW with start and end, or daily energy.

Figures are text with a decimal comma (`0,692`), Paris wall clock, `NA` where there is nothing. The header of the daily
sheet says kW and means kWh: its days equal the sums of the load curve. One sheet per flow; sheets without a table are
prose. Other exports of this shape hold real numbers and dates: they are taken as exactly as they are written.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

from ....model.errors import FileRefused
from ...files import workbook
from ..points import Point, Reject
from .export import (
    ASK_INSTEAD,
    DOWNLOAD_AGAIN,
    KNOWN,
    LONG_NUMBER,
    Export,
    NotAnExport,
    NothingToImport,
    Totals,
    checked_prm,
    curve,
    flow_of,
    mixed_prms,
    plain,
    shown,
)

NUMBER = re.compile(r"[0-9]{1,9}(?:[.,][0-9]{1,9})?")
FRENCH_TIME = re.compile(r"([0-9]{2})/([0-9]{2})/([0-9]{4}) +([0-9]{2}:[0-9]{2})(:[0-9]{2})?")
FRENCH_DAY = re.compile(r"([0-9]{2})/([0-9]{2})/([0-9]{4})")
ISO_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
UNITS = {"curve": {"kw": 1000, "w": 1}, "totals": {"kw": 1000, "kwh": 1000, "wh": 1}}
PHYSICAL = {"curve": "puissance active", "totals": "energie active"}


def read_xlsx(name: str, packed: zipfile.ZipFile) -> list[Export]:
    """Every table of a workbook. Raises `FileRefused` for a damaged one, several PRMs, or another quantity."""
    sheets = [sheet for sheet in read_sheets(name, packed) if sheet.kind]
    if not sheets:
        raise NotAnExport(f"{name} is a workbook without a table of Enedis readings. {KNOWN}")
    prms = [_prm(sheet) for sheet in sheets]
    for prm in prms:
        if prm != prms[0]:
            raise mixed_prms(name, 1, prms[0], prm)
    return [_read(sheet, prms[0]) for sheet in sheets]


def _prm(sheet: Sheet) -> str:
    for fact, text in sheet.facts.items():
        if fact.startswith("point reference mesure"):
            return checked_prm(sheet.where, 1, text)
    raise FileRefused(f"{sheet.where}: no 'Point Référence Mesure (PRM)' above the table. {DOWNLOAD_AGAIN}")


def _read(sheet: Sheet, prm: str) -> Export:
    physical, counted = (sheet.facts.get(fact, "") for fact in ("grandeur physique", "type de comptage"))
    flow = flow_of(counted) or flow_of(plain(sheet.title).removeprefix("export "))
    factor = UNITS[sheet.kind].get(sheet.unit)
    if flow is None or factor is None or plain(physical) not in ("", PHYSICAL[sheet.kind]):
        found = ", ".join(shown(text, 40) for text in (physical, counted, sheet.unit) if text)
        raise NothingToImport(
            f"{sheet.where}: holds {found}, not the active power or energy of Consommation or Production. {ASK_INSTEAD}"
        )
    return (_curve if sheet.kind == "curve" else _totals)(sheet, prm, flow, factor)


def _curve(sheet: Sheet, prm: str, flow: str, factor: int) -> Export:
    start_at, end_at, power_at = (sheet.header[name] for name in ("debut", "fin", "valeur"))
    points: list[Point] = []
    rejects: list[Reject] = []
    for number, cells in sheet.rows:
        start, end, power = cells[start_at], cells[end_at], cells[power_at]
        if start is None and end is None and power is None:
            continue
        if start is None or end is None:
            rejects.append(Reject(number, "no start or end", shown(f"{start} – {end} = {power}")))
        else:
            points.append(Point(_label(end), _watts(power, factor), start=_label(start), line=number))
    if not points and not rejects:
        raise NothingToImport(f"{sheet.where}: no reading in it. {ASK_INSTEAD}")
    return curve(sheet.name, prm, flow, points=points, rejects=rejects)


def _totals(sheet: Sheet, prm: str, flow: str, factor: int) -> Export:
    totals = Totals()
    seen: dict[date, int] = {}
    for number, cells in sheet.rows:
        label, energy = cells[sheet.header["date"]], cells[sheet.header["valeur"]]
        if label is None and energy is None:
            continue
        day, wh = _day(label), _exact(energy, factor)
        text = shown(f"{label} = {energy}")
        if day is None:
            totals.rejects.append(Reject(number, "not a day", text))
        elif _is_absent(energy) or (day in totals.wh and totals.wh[day] == wh):
            totals.skipped += 1
        elif wh is None or wh != int(wh):
            totals.rejects.append(Reject(number, "not a whole number of Wh", text))
        elif day in seen:
            if totals.wh.pop(day, None) is not None:
                totals.rejects.append(Reject(seen[day], "two totals for one day", f"{day}, see row {number}"))
            totals.rejects.append(Reject(number, "two totals for one day", text))
        else:
            seen[day] = number
            totals.add(number, day, int(wh))
    return totals.export(sheet.name, prm, flow)


def _is_absent(cell: Any) -> bool:
    return cell is None or (isinstance(cell, str) and plain(cell) in ("", "na"))


def _exact(cell: Any, factor: int) -> Decimal | None:
    """A figure times `factor`, exactly as it is written; None for what is no figure."""
    if isinstance(cell, bool) or _is_absent(cell):
        return None
    # repr is the shortest text that names a float: the 0.692 that stands in the file, not its binary neighbour.
    text = repr(cell) if isinstance(cell, float) else str(cell).strip()
    if isinstance(cell, float) and "e" in text and "inf" not in text:
        text = format(Decimal(text), "f")
    return Decimal(text.replace(",", ".")) * factor if NUMBER.fullmatch(text) else None


def _watts(cell: Any, factor: int) -> str | None:
    """The text of a power in W (`0,692` kW → `692`), None for a missing one, the cell itself where it is no figure."""
    if _is_absent(cell):
        return None
    watts = _exact(cell, factor)
    if watts is None:
        return f"{shown(str(cell), 40)} {'W' if factor == 1 else 'kW'}"  # with a unit it never passes for a figure in W
    text = format(watts, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def _label(cell: Any) -> str:
    """`08/01/2024 00:30:00` or a date cell → `2024-01-08 00:30:00`; any other text is judged with the points."""
    if isinstance(cell, datetime):
        # A time is stored as a fraction of a day, so its last digits may fall short of a whole second.
        up = cell.microsecond >= 500_000 and cell.year < date.max.year
        return (cell.replace(microsecond=0) + timedelta(seconds=up)).isoformat(" ")
    text = str(cell).strip()
    found = FRENCH_TIME.fullmatch(text)
    if found:
        return f"{found[3]}-{found[2]}-{found[1]} {found[4]}{found[5] or ':00'}"
    return LONG_NUMBER.sub("?", shown(text, 40))


def _day(cell: Any) -> date | None:
    if isinstance(cell, datetime):
        return cell.date() if cell.time() == datetime.min.time() else None
    if isinstance(cell, date):
        return cell
    text = str(cell).strip()
    french = FRENCH_DAY.fullmatch(text)
    try:
        if french:
            return date(int(french[3]), int(french[2]), int(french[1]))
        return date.fromisoformat(text) if ISO_DAY.fullmatch(text) else None
    except ValueError:
        return None


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
        raise FileRefused(f"{refused}. {DOWNLOAD_AGAIN}") from refused
    except Exception as error:  # a damaged workbook raises whatever its XML parser, zlib or openpyxl happen to
        cause = shown(str(error), 60) or type(error).__name__
        raise FileRefused(f"{name} is damaged or cut off ({cause}). {DOWNLOAD_AGAIN}") from error


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
