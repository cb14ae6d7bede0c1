"""London's household table and tariff bands in collections of their own: what readings are grouped and priced by."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from pymongo import ReplaceOne
from pymongo.database import Database

from ..model.readings import instant
from ..sources.lcl.tables import bands, households, is_household_table, is_tariff_table
from ..store.schema import Document

HOUSEHOLDS = "lcl_households"
BANDS = "lcl_tariff_bands"


def split_tables(paths: Sequence[Path]) -> tuple[list[Path], list[Path]]:
    """Household tables and tariff workbooks; and everything else, which holds readings."""
    tables = [path for path in paths if is_household_table(path) or is_tariff_table(path)]
    return tables, [path for path in paths if path not in tables]


def import_tables(database: Database[Document], paths: Sequence[Path]) -> list[str]:
    """Store the tables; a line for each. Safe to repeat. Raises FileRefused before anything of that file is stored."""
    return [_bands(database, path) if is_tariff_table(path) else _households(database, path) for path in paths]


def _households(database: Database[Document], path: Path) -> str:
    """`{_id: LCLid, tariff, acorn, acorn_group}`; a household without a group has no such fields."""
    found = households(path)
    writes = []
    for each in found:
        fields = {"tariff": each.tariff, "acorn": each.acorn, "acorn_group": each.acorn_group}
        writes.append(ReplaceOne({"_id": each.id}, {name: text for name, text in fields.items() if text}, upsert=True))
    if writes:
        database[HOUSEHOLDS].bulk_write(writes, ordered=False)
    arms = {arm: sum(each.tariff == arm for each in found) for arm in ("Std", "ToU")}
    return f"{path.name}: {len(found):,} households ({arms['Std']:,} Std, {arms['ToU']:,} ToU)"


def _bands(database: Database[Document], path: Path) -> str:
    """`{_id: start, end, band, pence_kwh, tariff: "ToU"}`, UTC: the prices of time-of-use households, 2013 only."""
    found = bands(path)
    writes = []
    for each in found:
        fields = {"end": instant(each.end), "band": each.name, "pence_kwh": each.pence_kwh, "tariff": "ToU"}
        writes.append(ReplaceOne({"_id": instant(each.start)}, fields, upsert=True))
    if writes:
        database[BANDS].bulk_write(writes, ordered=False)
    return f"{path.name}: {len(found):,} stretches of one price for time-of-use households"
