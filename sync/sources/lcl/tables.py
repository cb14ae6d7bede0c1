"""The tables beside the London readings: households with their trial arm and Acorn group, and the tariff bands of 2013.

Bands are labelled in London's local time at the START of the half hour (readings: UTC, at its end), and held for the
time-of-use households alone.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from itertools import groupby, pairwise
from typing import Any

from ...model.bounded import DAMAGE, Allowance, archive
from ...model.errors import FileRefused
from ...model.localtime import wall_clock_instants
from ...model.readings import instant
from ...model.words import counted
from .. import zone_of
from ..files import LARGEST_BOOK, SideTable, workbook
from .members import Member
from .rows import HOUSEHOLD_HEADER, MOMENT, OtherTable, header_of

HOUSEHOLDS, BANDS = "lcl_households", "lcl_tariff_bands"
HALF_HOUR = 1_800_000  # ms
MOST_BYTES = 16_000_000  # of the table of households, which has 260 kB
PENCE = {"High": 67.20, "Normal": 11.76, "Low": 3.99}
"""p/kWh of the bands, as the page of the dataset gives them; the workbook has only their names."""
NO_GROUP = ("ACORN-", "")
BAND_HEADER = ("TariffDateTime", "Tariff")


def is_side_table(member: Member) -> bool:
    """Whether a file holds something else than readings. Raises FileRefused for one that cannot be opened."""
    return member.is_book or is_household_table(member)


def side_table(member: Member) -> SideTable:
    """The documents of a table. Raises FileRefused, OtherTable for a workbook of something else."""
    if member.is_book:
        stretches = bands(member)
        words = f"{member.name}: {len(stretches):,} stretches of one price for time-of-use households"
        return SideTable(BANDS, stretches, words)
    listed = households(member)
    arms = Counter(home["tariff"] for home in listed)
    words = f"{member.name}: {counted(len(listed), 'household')} ({arms['Std']:,} Std, {arms['ToU']:,} ToU)"
    return SideTable(HOUSEHOLDS, listed, words)


def is_household_table(member: Member) -> bool:
    """Whether a file begins as the household table does."""
    with member.open() as lines:
        columns, _ = header_of(lines)
    return set(columns) >= HOUSEHOLD_HEADER and not set(MOMENT) & set(columns)


def households(member: Member) -> list[dict[str, str]]:
    """`{_id: LCLid, tariff, acorn, acorn_group}`; one without a group has no such fields.

    tariff: `Std` or `ToU`, the arm of the trial; acorn: `ACORN-A` …; acorn_group: Affluent, Comfortable, Adversity,
    ACORN-U. Raises FileRefused for a household that stands there twice, or in an unknown arm.
    """
    found: dict[str, dict[str, str]] = {}
    with member.text(MOST_BYTES) as lines:
        for number, row in enumerate(csv.DictReader(lines, skipinitialspace=True), start=2):
            given = {name.strip(): (text or "").strip() for name, text in row.items() if name}
            home, arm = given["LCLid"], given["stdorToU"]
            if arm not in ("Std", "ToU") or not home:
                raise FileRefused(f"{member.name}, line {number}: no household, or an arm that is neither Std nor ToU")
            groups = {"acorn": given["Acorn"], "acorn_group": given["Acorn_grouped"]}
            own = {"_id": home, "tariff": arm, **{name: text for name, text in groups.items() if text not in NO_GROUP}}
            if found.setdefault(home, own) != own:
                raise FileRefused(f"{member.name}, line {number}: {home} stands there twice with different groups")
    return list(found.values())


def bands(member: Member) -> list[dict[str, Any]]:
    """`{_id: start, end, band, pence_kwh, tariff: "ToU"}`, UTC: the prices of time-of-use households, 2013 only.

    Stretches of one price, oldest first; of the doubled autumn hour both passes have the band of their label. Raises
    FileRefused for a workbook of another form, a band without a price, and half hours that are missing.
    """
    instants: dict[int, str] = {}
    for label, name in list(_labels(member)):
        if name not in PENCE:
            raise FileRefused(f"{member.name}: no price is known for the band {name!r}; known: {', '.join(PENCE)}")
        for moment in wall_clock_instants(label, zone_of("lcl")):
            instants[moment] = name
    slots = sorted(instants)
    if any(later - earlier != HALF_HOUR for earlier, later in pairwise(slots)):
        raise FileRefused(f"{member.name}: half hours are missing in it: download it again")
    stretches = []
    for name, group in groupby(slots, key=instants.__getitem__):
        own = list(group)
        ends = {"_id": instant(own[0]), "end": instant(own[-1] + HALF_HOUR)}
        stretches.append({**ends, "band": name, "pence_kwh": PENCE[name], "tariff": "ToU"})
    return stretches


def _labels(member: Member) -> Iterator[tuple[datetime, str]]:
    for number, (label, name, *_) in enumerate(_band_rows(member), start=2):
        if not isinstance(label, datetime) or not isinstance(name, str):
            raise FileRefused(f"{member.name}, row {number}: no time, or no band")
        # Spreadsheets keep times as fractions of a day: the nearest minute is meant.
        yield (label + timedelta(seconds=30)).replace(second=0, microsecond=0), name.strip()


def _band_rows(member: Member) -> Iterator[tuple[Any, ...]]:
    """The rows of the first sheet with the columns of the bands: a program that saves it may put others before it."""
    try:
        with member.raw() as stream:
            whole = io.BytesIO(Allowance(LARGEST_BOOK, _too_large).whole(member.name, stream))
        with archive(whole) as packed:
            sheets = workbook(member.name, packed).worksheets
    except (*DAMAGE, KeyError) as error:
        raise FileRefused(f"{member.name} cannot be read as a workbook ({type(error).__name__})") from None
    for sheet in sheets:
        rows: Iterator[tuple[Any, ...]] = sheet.iter_rows(max_col=len(BAND_HEADER), values_only=True)
        if tuple(next(rows, ()))[:2] == BAND_HEADER:
            return rows
    raise OtherTable(f"{member.name}: none of its sheets has the columns {' and '.join(BAND_HEADER)}", "")


def _too_large(name: str) -> FileRefused:
    return FileRefused(f"{name} is larger than any workbook of tariffs")
