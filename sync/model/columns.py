"""The columns in which readings leave and come back: names, types and units, the same in every file, table and topic.

`source, id, flow, group, start_utc, start_local, seconds`, what was measured, `flag`. A value that was not measured is
absent: an empty cell, NULL, no key.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from .readings import Instants, Series

INTEGER, NUMBER, TIME = "integer", "number", "time"
SUM, MEAN, MOST, NOT = "sum", "mean", "most", "not"
DECIMALS = 10_000
"""Numbers are proven to their fourth decimal: sums of these depend on no order."""


@dataclass(frozen=True, slots=True)
class Value:
    """A column of something measured. kind: INTEGER (64 bits), NUMBER (double) or TIME (UTC); in_steps: how an hour, a
    day, a month is made of readings: their SUM, their MEAN by seconds, the MOST, or NOT at all."""

    kind: str
    unit: str
    in_steps: str
    words: str


VALUES = {
    "eur_mwh": Value(NUMBER, "EUR/MWh", MEAN, "price"),
    "dkk_mwh": Value(NUMBER, "DKK/MWh", MEAN, "price"),
    "wh": Value(INTEGER, "Wh", SUM, "energy in the interval"),
    "temperature_c": Value(NUMBER, "°C", MEAN, "temperature, 2 m"),
    "precipitation_mm": Value(NUMBER, "mm", SUM, "precipitation in the interval"),
    "wind_ms": Value(NUMBER, "m/s", MEAN, "wind, 10 m"),
    "gust_ms": Value(NUMBER, "m/s", MOST, "gusts, 10 m"),
    "wind_from_deg": Value(NUMBER, "°", NOT, "where the wind comes from"),
    "updated": Value(TIME, "", NOT, "when the source last changed the value"),
    "meters": Value(INTEGER, "", NOT, "metering points that were added up"),
}
FIRST = ("source", "id", "flow", "group", "start_utc", "start_local", "seconds")
LAST = ("flag",)

Mask = NDArray[np.bool_]


def names_of(fields: Iterable[str]) -> tuple[str, ...]:
    """The columns of a source whose documents hold these fields, in their order."""
    return (*FIRST, *fields, *LAST)


@dataclass(frozen=True, slots=True)
class Block:
    """Readings of one series, oldest first. start: ms, UTC, whole seconds; seconds: length of each interval, or what of
    a step is covered; values: int64 (a TIME in ms) or float64 by column; absent: masks of those that lack some; flags:
    index → text."""

    series: Series
    zone: ZoneInfo
    start: Instants
    seconds: NDArray[np.int64]
    values: Mapping[str, NDArray[Any]]
    absent: Mapping[str, Mask] = field(default_factory=dict)
    flags: Mapping[int, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.start)

    def present(self, name: str) -> Mask:
        """Which readings have a value."""
        return ~self.absent[name] if name in self.absent else np.ones(len(self), dtype=bool)

    def part(self, first: int, last: int) -> Block:
        """The readings `first` … `last - 1`."""
        cut = slice(first, last)
        return Block(
            self.series,
            self.zone,
            self.start[cut],
            self.seconds[cut],
            {name: column[cut] for name, column in self.values.items()},
            {name: mask[cut] for name, mask in self.absent.items() if mask[cut].any()},
            {index - first: text for index, text in self.flags.items() if first <= index < last},
        )

    def alike(self) -> Iterator[tuple[NDArray[np.int64], str, tuple[str, ...]]]:
        """(indices, flag, names of the values that are there) of the readings that have the same of both."""
        pattern = np.zeros(len(self), dtype=np.int64)
        texts = {text: number for number, text in enumerate(dict.fromkeys(self.flags.values()), 1)}
        for index, text in self.flags.items():
            pattern[index] = texts[text]
        for mask in self.absent.values():
            pattern = pattern * 2 + mask
        order = np.argsort(pattern, kind="stable")
        for group in np.split(order, np.flatnonzero(np.diff(pattern[order])) + 1) if len(order) else ():
            first = int(group[0])
            there = (name for name in self.values if name not in self.absent or not self.absent[name][first])
            yield group, self.flags.get(first, ""), tuple(there)


@dataclass(slots=True)
class Sums:
    """A proof that does not depend on any order: how many readings, and of each column how many have a value and what
    these add up to. Of `start_utc` seconds, of a TIME ms, of a NUMBER ten-thousandths, each rounded half to even."""

    readings: int = 0
    columns: dict[str, tuple[int, int]] = field(default_factory=dict)

    def take(
        self, start: Instants, seconds: NDArray[Any], values: Mapping[str, tuple[NDArray[Any], Mask | None]]
    ) -> None:
        """Add readings. values: with the mask of those that are there, None for all."""
        self.readings += len(start)
        self._add("start_utc", len(start), int((start // 1000).sum()))
        self._add("seconds", len(start), int(seconds.sum()))
        for name, (column, there) in values.items():
            known = column if there is None else column[there]
            whole = np.rint(known * DECIMALS) if VALUES[name].kind == NUMBER else known
            self._add(name, len(known), int(whole.astype(np.int64).sum()))

    def add(self, block: Block) -> None:
        """A block."""
        there = {name: ~block.absent[name] if name in block.absent else None for name in block.values}
        self.take(block.start, block.seconds, {name: (own, there[name]) for name, own in block.values.items()})

    def _add(self, name: str, count: int, total: int) -> None:
        known = self.columns.get(name, (0, 0))
        self.columns[name] = (known[0] + count, known[1] + total)

    def differences(self, there: Sums) -> str:
        """What a target holds otherwise, in words; empty where it holds the same."""
        if self.readings != there.readings:
            return f"{self.readings:,} readings were read and {there.readings:,} are there"
        found = [
            f"{name} adds up to {there.columns.get(name, (0, 0))} and not to {own} (values, sum)"
            for name, own in self.columns.items()
            if own != there.columns.get(name, (0, 0))
        ]
        return "; ".join(found)
