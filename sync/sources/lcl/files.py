"""London's files as `import` takes them: those of readings, and the tables beside them, in archives and folders too."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from ...model.bounded import NoFile
from ...model.errors import FileRefused
from ...model.words import counted
from ..files import File, Files, SideTable
from .households import parts
from .members import Member, members
from .rows import DAY, OtherTable, columns_of
from .tables import is_side_table, side_table

SHOWN = 20  # files that are not read, named
SPREAD = 8  # times more text a day would take as 48 rows of the published form, by which the bar counts


def open_files(paths: Sequence[Path], _settings: object = None) -> Files:
    """`files.Files` of London: of every CSV the header is looked at. What cannot be read fails when its turn comes, and
    what is of something else is named, unless it was asked for itself. Raises FileRefused where nothing can be read."""
    found, others = members(paths)
    files: list[File] = []
    tables: list[SideTable] = []
    refusals: list[str] = []
    left = [f"no CSV of readings or given twice: {name}" for name in others]
    for member in found:
        try:
            placed = _placed(member)
        except OtherTable as other:
            left.append(other.brief)
            continue
        if isinstance(placed, SideTable):
            tables.append(placed)
        else:
            files.append(file_of(placed))
            refusals += [placed.refusal] * bool(placed.refusal)
    if left and not files and not tables:
        raise FileRefused(f"{paths[0].name}: nothing in it can be read: {'; '.join(left[:SHOWN])}")
    if files and len(refusals) == len(files) and not tables:
        raise FileRefused(refusals[0])
    notes = [table.words for table in tables]
    notes += [f"not read, {why}" for why in left[:SHOWN]]
    notes += [f"… and {counted(len(left) - SHOWN, 'more file')} not read"] * (len(left) > SHOWN)
    return Files(files, notes, tables=tables)


def _placed(member: Member) -> SideTable | Member:
    """A table beside the readings, or what is read in its turn. Raises OtherTable for what nobody asked for."""
    is_table = False
    try:
        if is_table := is_side_table(member):
            return side_table(member)
        with member.open() as stream:
            columns = columns_of(stream, member.name)
    except NoFile:
        raise
    except OtherTable as other:
        if not member.is_named:
            raise
        return replace(member, refusal=str(other))
    except FileRefused as refused:
        return replace(member, refusal=str(refused)) if is_table else member
    return replace(member, size=member.size * SPREAD) if DAY in columns else member


def file_of(member: Member) -> File:
    """One CSV."""
    return File(member.name, member.path, partial(parts, member), member.size, f"lcl {member.key}")
