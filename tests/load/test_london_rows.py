"""London's rows across files: the first value stays and others are listed, in any parts and runs."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any

import pytest
from pymongo.database import Database

from sync.load.files import sums
from sync.store.lease import LEASES
from sync.store.verify import verify_pair
from tests.london import assert_accounted, by_hand, load, london_pair, row, stored, write
from tests.many import assert_same_sides


def check(database: Database[Any], paths: list[Path]) -> None:
    """The stored readings are those of all files together; both sides are the same."""
    assert stored(database) == by_hand(paths).stored()
    assert_same_sides(london_pair(database))
    assert verify_pair(london_pair(database)).identical
    assert database[LEASES].count_documents({"stale": True}) == 0


def test_a_second_value_in_a_later_file_is_refused(database: Database[Any], tmp_path: Path) -> None:
    one = write(tmp_path / "one.csv", [row(slot, 100 + slot) for slot in range(5)])
    two = write(tmp_path / "two.csv", [row(3, 999), row(4, 104), row(5, 105)])
    load(database, [one])
    reports, loader = load(database, [one, two])
    check(database, [one, two])
    assert_accounted(reports)
    assert [(each.new, each.before, each.counts.repeated, each.counts.conflicting) for each in reports] == [
        (0, 5, 0, 0),
        (1, 1, 0, 1),
    ]
    assert [line.split(" kWh")[0] for line in loader.outcome.rejects] == [
        "two.csv, line 2: MAC000002 has another value for this time already (2012-10-12 01:30 UTC, here 0.999",
    ]
    assert loader.outcome.rejected == 1


def test_neither_a_repeat_nor_a_third_file_replaces_it(database: Database[Any], tmp_path: Path) -> None:
    one, two = write(tmp_path / "1.csv", [row(0, 1), row(1, 2)]), write(tmp_path / "2.csv", [row(0, 3)])
    again, third = write(tmp_path / "3.csv", [row(0, 1), row(1, 2)]), write(tmp_path / "4.csv", [row(0, 7)])
    for paths in ([one, two], [again], [third], [again, third, one, two]):
        reports, _ = load(database, paths)
        assert_accounted(reports)
    check(database, [one, two, third])
    assert [each.before for each in reports] == [2, 0, 2, 0]
    assert [each.counts.conflicting for each in reports] == [0, 1, 0, 1]


def test_a_file_with_several_values_for_one_half_hour(database: Database[Any], tmp_path: Path) -> None:
    one = write(tmp_path / "one.csv", [row(0, 5), row(1, 6), row(0, 7), row(0, 5), row(0, 8), row(2, 9)])
    reports, loader = load(database, [one])
    check(database, [one])
    assert_accounted(reports)
    assert (reports[0].new, reports[0].counts.conflicting, reports[0].counts.repeated) == (3, 2, 1)
    assert [int(line.split("line ")[1].split(":")[0]) for line in loader.outcome.rejects] == [4, 6]


@pytest.mark.parametrize("seed", range(8))
def test_any_files_in_any_order(
    database: Database[Any], tmp_path: Path, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Few slots, few values, several files, several parts of each, one or several runs: always the same end."""
    chance = random.Random(seed)
    monkeypatch.setattr("sync.sources.lcl.rows.BLOCK", chance.choice([400, 1200, 2**20]))
    monkeypatch.setattr("sync.load.files.CALL", chance.choice([3, 10, 1000]))
    monkeypatch.setattr("sync.store.retry.MOST", chance.choice([4, 1000]))
    paths = []
    for number in range(4):
        rows = [
            row(chance.randrange(40), chance.choice([1, 1, 1, 1, 2, 3]), f"MAC{chance.randrange(3):06d}")
            for _ in range(60)
        ]
        paths.append(write(tmp_path / f"{number}.csv", sorted(rows) if chance.random() < 0.5 else rows))
    chance.shuffle(paths)
    whole = by_hand(paths)
    cut = chance.randrange(len(paths))
    for run in (paths[:cut], paths):
        reports, loader = load(database, run)
        assert_accounted(reports)
        check(database, run)
    whole.assert_counted(reports)
    counts = sums(reports).counts
    assert loader.outcome.written.new + loader.outcome.written.unchanged == counts.readings


def test_a_cut_file_and_then_the_whole_one(database: Database[Any], tmp_path: Path) -> None:
    """What the cut file left is stored before, not repeated; a value of its own that contradicts is its whole's."""
    rows = [row(slot, slot) for slot in range(50)]
    other = write(tmp_path / "other.csv", [row(3, 77), row(60, 1)])
    path = write(tmp_path / "cut.csv", rows[:20])
    with path.open("ab") as file:
        file.write(rows[20].encode()[:-9])
    reports, _ = load(database, [path, other])
    assert (reports[0].new, reports[0].counts.refused) == (20, 1)
    assert_accounted(reports)
    whole = write(tmp_path / "cut.csv", rows)
    reports, _ = load(database, [whole, other])
    assert_accounted(reports)
    check(database, [whole, other])
