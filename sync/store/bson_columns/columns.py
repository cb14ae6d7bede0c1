"""Stored documents as columns: those of one kind read by NumPy, anything else document by document.

One kind may come in several layouts: a time-series collection gives the fields of each bucket in an order of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import bson
import numpy as np
from numpy.typing import NDArray

from .layout import PLAIN, Layout, column, fitting, layout_of
from .runs import Run, runs

LAYOUTS = 24  # of one length; documents beyond them are decoded one by one
SHORT = 64  # documents; shorter runs of one length are put together

Order = NDArray[np.int64]
"""The number of each document among all that came."""

Places = NDArray[np.int64]
"""Where documents lie: int64[n, 2], the number of the run and the number within it."""


@dataclass(frozen=True, slots=True)
class Slice:
    """Documents of one query. columns: field → array, of those of the most frequent kind, in the order they came;
    constant: what is the same in all of these, and the BSON types; others: the rest, decoded."""

    columns: Mapping[str, NDArray[Any]]
    constant: Mapping[str, Any]
    others: list[dict[str, Any]]
    runs: Sequence[Run] = ()
    places: Places = field(default_factory=lambda: np.empty((0, 2), np.int64))

    def __len__(self) -> int:
        """How many documents there are."""
        return len(self.places) + len(self.others)

    def document(self, index: int) -> dict[str, Any]:
        """One document of the frequent kind, decoded."""
        return _decoded(self.runs, self.places[index])

    def by_time(self) -> Slice:
        """The same, oldest first."""
        self.others.sort(key=lambda document: document["ts"])
        return self.sorted_by(self.columns["ts"]) if "ts" in self.columns else self

    def sorted_by(self, rank: NDArray[Any]) -> Slice:
        """The same with the documents of the frequent kind in another order."""
        if (rank[1:] >= rank[:-1]).all():
            return self
        order = np.argsort(rank, kind="stable")
        columns = {name: values[order] for name, values in self.columns.items()}
        return Slice(columns, self.constant, self.others, self.runs, self.places[order])


@dataclass(slots=True, eq=False)
class _Kind:
    """Documents with the same fields, types and constants, from one or more layouts."""

    layout: Layout
    orders: list[Order] = field(default_factory=list)
    places: list[Places] = field(default_factory=list)
    columns: dict[str, list[NDArray[Any]]] = field(default_factory=dict)

    def is_of(self, layout: Layout) -> bool:
        return self.layout.constant == layout.constant

    def take(self, layout: Layout, number: int, run: Run, order: Order, left: NDArray[np.bool_]) -> None:
        """Those documents of a run that are left and fit a layout; the others stay left."""
        fits = fitting(run, layout) & left if left.any() else left
        if not fits.any():
            return
        rows = run.rows() if fits.all() else run.rows()[fits]
        self.orders.append(order[fits])
        self.places.append(_places(number, np.flatnonzero(fits)))
        for name, (offset, type_) in layout.fields.items():
            self.columns.setdefault(name, []).append(column(rows, offset, type_))
        left &= ~fits

    def __len__(self) -> int:
        return sum(map(len, self.places))


def decode(batches: Iterable[bytes], numbered: bool = False) -> Slice:
    """Raw batches of a cursor → columns for the most frequent kind of document, dicts for whatever differs from it.

    numbered: the batches are BSON arrays, as a reply holds them; else documents one behind the other.
    """
    found, orders = _gathered([run for batch in batches for run in runs(batch, numbered)])
    layouts: dict[int, list[tuple[Layout, _Kind]]] = {}
    kinds: list[_Kind] = []
    unknown: list[tuple[int, Places]] = []
    for number, (run, order) in enumerate(zip(found, orders, strict=True)):
        left = np.ones(run.count, dtype=bool)
        known = layouts.setdefault(run.length, [])
        for layout, kind in known:
            kind.take(layout, number, run, order, left)
        while left.any() and len(known) < LAYOUTS:
            new = layout_of(run.document(int(np.argmax(left))))
            if new is None:
                break
            kind = next((kind for kind in kinds if kind.is_of(new)), None) or _Kind(new)
            if kind not in kinds:
                kinds.append(kind)
            known.append((new, kind))
            kind.take(new, number, run, order, left)
        rest = np.flatnonzero(left)
        unknown += zip(order[rest].tolist(), _places(number, rest), strict=True)
    kinds.sort(key=len, reverse=True)
    for kind in kinds[1:]:
        unknown += zip(np.concatenate(kind.orders).tolist(), np.concatenate(kind.places), strict=True)
    others = [_decoded(found, place) for _, place in sorted(unknown, key=lambda each: each[0])]
    if not kinds:
        return Slice({}, {}, others, found)
    columns = {name: np.concatenate(values) for name, values in kinds[0].columns.items()}
    joined = Slice(columns, kinds[0].layout.constant, others, found, np.concatenate(kinds[0].places))
    return joined.sorted_by(np.concatenate(kinds[0].orders))


def _gathered(found: list[Run]) -> tuple[list[Run], list[Order]]:
    """Long runs as they are; short ones of one length copied into one: NumPy needs many to be worth its calls."""
    gathered: list[Run] = []
    orders: list[Order] = []
    short: dict[int, tuple[list[bytes], list[int]]] = {}
    at = 0
    for run in found:
        if run.count >= SHORT:
            gathered.append(run)
            orders.append(np.arange(at, at + run.count))
        else:
            documents, numbers = short.setdefault(run.length, ([], []))
            documents += run.documents()
            numbers += range(at, at + run.count)
        at += run.count
    for length, (documents, numbers) in short.items():
        gathered.append(Run(b"".join(documents), 0, len(documents), length, length))
        orders.append(np.array(numbers, np.int64))
    return gathered, orders


def _places(number: int, indices: NDArray[np.int64]) -> Places:
    return np.column_stack((np.full(len(indices), number), indices))


def _decoded(found: Sequence[Run], place: NDArray[np.int64]) -> dict[str, Any]:
    return bson.decode(found[int(place[0])].document(int(place[1])), PLAIN)
