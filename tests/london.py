"""London files for tests, an independent reading of them, and the import as one call."""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from pymongo.database import Database

from sync.load.files import BYTES_A_ROW, FileReport, import_files
from sync.load.report import Loader
from sync.model.clock import SystemClock
from sync.settings import DEFAULT_COLLECTIONS
from sync.sources.files import Counts
from sync.sources.lcl.files import open_files
from sync.store.ledger import Ledger
from sync.store.schema import Pair, pair
from sync.store.writer import PairWriter

HEADER = "LCLid,stdorToU,DateTime,KWH/hh (per half hour) \r\n"
FIRST = datetime(2012, 10, 12, 0, 30, tzinfo=UTC)

Slot = tuple[str, datetime]


def row(slot: int, wh: int, household: str = "MAC000002") -> str:
    """A line as published; slot 0 begins at 2012-10-12 00:00 UTC."""
    label = FIRST + timedelta(minutes=30 * slot)
    return f"{household},Std,{label:%Y-%m-%d %H:%M:%S}.0000000, {wh / 1000:g} "


def write(path: Path, rows: Iterable[str], header: str = HEADER) -> Path:
    """A file in the published form."""
    path.write_bytes((header + "".join(f"{each}\r\n" for each in rows)).encode())
    return path


@dataclass
class ByHand:
    """Files read by the csv module: what must be stored, and what each kind of row must be counted as."""

    values: dict[Slot, int] = field(default_factory=dict)
    others: defaultdict[Slot, set[int]] = field(default_factory=lambda: defaultdict(set))
    counts: Counter[str] = field(default_factory=Counter)

    def read(self, path: Path) -> None:
        with path.open(encoding="ascii", newline="") as lines:
            for household, _, label, text in list(csv.reader(lines))[1:]:
                self.counts["rows"] += 1
                if text == "Null":
                    self.counts["missing"] += 1
                    continue
                start = datetime.fromisoformat(label[:19]).replace(tzinfo=UTC) - timedelta(minutes=30)
                wh = round(float(text) * 1000)
                if self.values.setdefault((household, start), wh) != wh:
                    self.others[household, start].add(wh)
                    self.counts["others"] += 1

    def stored(self) -> dict[Slot, int]:
        """The first value of each slot."""
        return self.values

    def assert_counted(self, reports: Iterable[FileReport]) -> None:
        """The reports of all files say the same. A copy of a second value contradicts as that one does, but for one
        that stands beside it: that is a repeated row."""
        counts = sum((report.counts for report in reports), Counts())
        assert (counts.rows, counts.missing) == (self.counts["rows"], self.counts["missing"])
        assert sum(map(len, self.others.values())) <= counts.conflicting <= self.counts["others"]
        copies = counts.rows - counts.missing - len(self.values) - counts.conflicting
        assert counts.readings + counts.repeated == len(self.values) + copies


def by_hand(paths: Iterable[Path]) -> ByHand:
    """What several files hold together."""
    found = ByHand()
    for path in paths:
        found.read(path)
    return found


class Notes:
    """A `Progress` that remembers."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.told: list[int] = []

    def start(self, size: int, done: int) -> None:
        self.lines.append(f"start {size} {done}")

    def advance(self, text: str, steps: int = 1) -> None:
        count, rest = divmod(steps, BYTES_A_ROW)
        assert rest == 0
        assert text
        self.told.append(count)

    def note(self, text: str) -> None:
        self.lines.append(text)


def london_pair(database: Database[Any]) -> Pair:
    """London's pair in a database."""
    return pair(database, "lcl", DEFAULT_COLLECTIONS)


def load(database: Database[Any], paths: Sequence[Path]) -> tuple[list[FileReport], Loader]:
    """The import of files, in this process."""
    own, clock = london_pair(database), SystemClock()
    loader = Loader(own, Ledger(database), PairWriter(own, clock), clock)
    return import_files(open_files(paths), loader, Notes()), loader


def stored(database: Database[Any], side: str = "lcl") -> dict[Slot, int]:
    """Wh by household and start, each once."""
    found = list(database[side].find())
    slots = {(each["series"]["id"], each["ts"]): each["wh"] for each in found}
    assert len(slots) == len(found)
    return slots


def assert_accounted(reports: Iterable[FileReport]) -> None:
    """Every row of every file is one thing."""
    for each in reports:
        counts = each.counts
        assert counts.readings == each.new + each.before
        rest = counts.missing + counts.off_grid + counts.repeated + counts.conflicting + counts.refused
        assert counts.rows == each.new + each.before + rest
        assert min(each.new, each.before, counts.conflicting, counts.repeated) >= 0
