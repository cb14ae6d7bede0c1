"""`python -m tests.bulk_loader URI DATABASE SERIES READINGS CALLS HOW`: a large load, a process of its own.

HOW: `many` (into a pair with its unique key) or `first` (a first load).
Every series comes in CALLS parts, oldest first. One line a call on standard output.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from sync.model.errors import SyncError
from sync.model.readings import ReadingBatch
from sync.settings import DEFAULT_COLLECTIONS
from sync.store.connection import Place, open_store
from sync.store.schema import ensure_pair, first_load, pair
from sync.store.writer import PairWriter, Written
from tests.many import household


def batches(series: int, readings: int) -> list[ReadingBatch]:
    """What is loaded."""
    return [household(number, readings) for number in range(series)]


def calls(series: int, readings: int, count: int) -> Iterator[list[ReadingBatch]]:
    """The same in parts."""
    whole = batches(series, readings)
    size = -(-readings // count)
    for first in range(0, readings, size):
        yield [batch.slice(first, min(first + size, readings)) for batch in whole]


def say(written: Written) -> None:
    """One line."""
    sys.stdout.write(f"{written.new} {written.changed} {written.unchanged}\n")
    sys.stdout.flush()


def main(uri: str, database: str, series: int, readings: int, count: int, how: str) -> None:
    place = Place(uri, database, Path(), "lcl", DEFAULT_COLLECTIONS)
    with open_store(place) as opened:
        own = pair(opened, "lcl", DEFAULT_COLLECTIONS)
        if how == "many":
            ensure_pair(own)
            for part in calls(series, readings, count):
                say(PairWriter(own).write_many(part))
        else:
            with first_load(own):
                for part in calls(series, readings, count):
                    say(PairWriter(own).write_many(part))


if __name__ == "__main__":
    try:
        main(*sys.argv[1:3], *map(int, sys.argv[3:6]), sys.argv[6])
    except SyncError as error:
        sys.exit(f"Error: {error}")
