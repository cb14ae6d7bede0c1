"""London's files as `import` takes them: those of readings, and the tables beside them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from ..files import File, Files
from .households import parts
from .members import Member, members
from .tables import is_side_table, side_table

SHOWN = 20  # files that are not read, named


def open_files(paths: Sequence[Path], _settings: object = None) -> Files:
    """`files.Files` of London. The header of a CSV is looked at when its turn comes: there are 168 of them in a ZIP."""
    tables = [side_table(path) for path in paths if is_side_table(path)]
    found, others = members([path for path in paths if not is_side_table(path)])
    notes = [table.words for table in tables]
    notes += [f"not read, no CSV of readings or given twice: {name}" for name in others[:SHOWN]]
    notes += [f"… and {len(others) - SHOWN:,} more files are not read"] * (len(others) > SHOWN)
    return Files([file_of(member) for member in found], notes, tables=tables)


def file_of(member: Member) -> File:
    """One CSV."""
    return File(member.name, member.path, partial(parts, member), member.size, f"lcl {member.key}")
