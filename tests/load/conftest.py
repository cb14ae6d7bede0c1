"""What the tests of loads share: loads against a stand-in that errs, on a clock that tests move."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pymongo.database import Database

from sync.standin.curve import household_meters
from sync.standin.faults import parse_faults
from sync.standin.linky import LinkyStandin
from tests.clock import FakeClock
from tests.loads import Load, Make, week

NOW = datetime(2026, 11, 1, 9, 0, tzinfo=UTC)
FOUR_WEEKS = week("2026-10-01", "2026-10-29")


@pytest.fixture
def make(database: Database[Any], tmp_path: Path) -> Iterator[Make]:
    """`make(faults, wanted=…, now=…, flows=…, meters=2, …)` opens a stand-in and gives a load from it."""
    opened: list[LinkyStandin] = []

    def build(faults: str = "", wanted: Any = FOUR_WEEKS, now: datetime = NOW, **options: Any) -> Load:
        clock = FakeClock(now)
        flows = options.pop("flows", ("consumption",))
        standin = LinkyStandin(
            meters=household_meters(options.pop("meters", 1)),
            now=clock.now,
            faults=parse_faults(faults),
            **options,
        )
        opened.append(standin)
        return Load(database, standin, clock, tmp_path, wanted, flows=flows)

    yield build
    for standin in opened:
        standin.close()
