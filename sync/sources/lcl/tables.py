"""The tables beside the London readings: households with their trial arm and Acorn group, and the tariff bands of 2013.

Bands are labelled in London's local time at the START of the half hour (readings: UTC, at its end), and held for the
time-of-use households alone.
"""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any
from zipfile import is_zipfile

from ...model.bounded import DAMAGE, archive, opened
from ...model.errors import FileRefused
from ...model.localtime import wall_clock_instants
from ...model.readings import instant
from .. import zone_of
from ..files import SideTable, text_of, workbook

HOUSEHOLDS, BANDS = "lcl_households", "lcl_tariff_bands"
HALF_HOUR = 1_800_000  # ms
MOST_BYTES = 16_000_000  # of the table of households, which has 260 kB
PENCE = {"High": 67.20, "Normal": 11.76, "Low": 3.99}
"""p/kWh of the bands, as the page of the dataset gives them; the workbook has only their names."""
NO_GROUP = ("ACORN-", "")
BAND_HEADER, HOUSEHOLD_HEADER = ("TariffDateTime", "Tariff"), ("LCLid", "stdorToU", "Acorn", "Acorn_grouped")


def is_side_table(path: Path) -> bool:
    """Whether a file holds something else than readings."""
    return is_household_table(path) or is_tariff_table(path)


def side_table(path: Path) -> SideTable:
    """The documents of a table. Raises FileRefused."""
    if is_tariff_table(path):
        stretches = bands(path)
        words = f"{path.name}: {len(stretches):,} stretches of one price for time-of-use households"
        return SideTable(BANDS, stretches, words)
    listed = households(path)
    arms = Counter(home["tariff"] for home in listed)
    words = f"{path.name}: {len(listed):,} households ({arms['Std']:,} Std, {arms['ToU']:,} ToU)"
    return SideTable(HOUSEHOLDS, listed, words)


def is_household_table(path: Path) -> bool:
    """Whether a file begins as the household table does."""
    if not path.is_file() or path.suffix.lower() not in (".csv", ".gz"):
        return False
    try:
        with text_of(path) as lines:
            header = next(csv.reader(lines), [])
    except FileRefused:
        return False
    return set(HOUSEHOLD_HEADER) <= {name.strip() for name in header} and "DateTime" not in header


def is_tariff_table(path: Path) -> bool:
    """Whether a file is a workbook."""
    return path.is_file() and path.suffix.lower() == ".xlsx" and is_zipfile(path)


def households(path: Path) -> list[dict[str, str]]:
    """`{_id: LCLid, tariff, acorn, acorn_group}`; one without a group has no such fields.

    tariff: `Std` or `ToU`, the arm of the trial; acorn: `ACORN-A` …; acorn_group: Affluent, Comfortable, Adversity,
    ACORN-U. Raises FileRefused for a household that stands there twice, or in an unknown arm.
    """
    found: dict[str, dict[str, str]] = {}
    with text_of(path, MOST_BYTES) as lines:
        for number, row in enumerate(csv.DictReader(lines), start=2):
            given = {name.strip(): (text or "").strip() for name, text in row.items() if name}
            home, arm = given["LCLid"], given["stdorToU"]
            if arm not in ("Std", "ToU") or not home:
                raise FileRefused(f"{path.name}, line {number}: no household, or an arm that is neither Std nor ToU")
            groups = {"acorn": given["Acorn"], "acorn_group": given["Acorn_grouped"]}
            own = {"_id": home, "tariff": arm, **{name: text for name, text in groups.items() if text not in NO_GROUP}}
            if found.setdefault(home, own) != own:
                raise FileRefused(f"{path.name}, line {number}: {home} stands there twice with different groups")
    return list(found.values())


def bands(path: Path) -> list[dict[str, Any]]:
    """`{_id: start, end, band, pence_kwh, tariff: "ToU"}`, UTC: the prices of time-of-use households, 2013 only.

    Stretches of one price, oldest first; of the doubled autumn hour both passes have the band of their label. Raises
    FileRefused for a workbook of another form, a band without a price, and half hours that are missing.
    """
    instants: dict[int, str] = {}
    for label, name in list(_labels(path)):
        if name not in PENCE:
            raise FileRefused(f"{path.name}: no price is known for the band {name!r}; known: {', '.join(PENCE)}")
        for moment in wall_clock_instants(label, zone_of("lcl")):
            instants[moment] = name
    slots = sorted(instants)
    if any(later - earlier != HALF_HOUR for earlier, later in pairwise(slots)):
        raise FileRefused(f"{path.name}: half hours are missing in it: download it again")
    stretches = []
    for name, group in groupby(slots, key=instants.__getitem__):
        own = list(group)
        ends = {"_id": instant(own[0]), "end": instant(own[-1] + HALF_HOUR)}
        stretches.append({**ends, "band": name, "pence_kwh": PENCE[name], "tariff": "ToU"})
    return stretches


def _labels(path: Path) -> Iterator[tuple[datetime, str]]:
    try:
        with opened(path) as file, archive(file) as packed:
            rows = workbook(path.name, packed).worksheets[0].iter_rows(max_col=len(BAND_HEADER), values_only=True)
    except (*DAMAGE, KeyError) as error:
        raise FileRefused(f"{path.name} cannot be read as a workbook ({type(error).__name__})") from None
    if tuple(next(rows, ()))[:2] != BAND_HEADER:
        raise FileRefused(f"{path.name}: its first sheet has not the columns {' and '.join(BAND_HEADER)}")
    for number, (label, name, *_) in enumerate(rows, start=2):
        if not isinstance(label, datetime) or not isinstance(name, str):
            raise FileRefused(f"{path.name}, row {number}: no time, or no band")
        # Spreadsheets keep times as fractions of a day: the nearest minute is meant.
        yield (label + timedelta(seconds=30)).replace(second=0, microsecond=0), name.strip()
