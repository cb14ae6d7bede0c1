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

    def ordered(self) -> Slice:
        """The same, by `ts`."""
        self.others.sort(key=lambda document: document["ts"])
        starts = self.columns.get("ts")
        if starts is None or (starts[1:] >= starts[:-1]).all():
            return self
        return self._taken(np.argsort(starts, kind="stable"))

    def _taken(self, order: NDArray[np.int64]) -> Slice:
        columns = {name: values[order] for name, values in self.columns.items()}
        return Slice(columns, self.constant, self.others, self.runs, self.places[order])


@dataclass(slots=True, eq=False)
class _Kind:
    """Documents with the same fields, types and constants, from one or more layouts."""

    layout: Layout
    places: list[Places] = field(default_factory=list)
    columns: dict[str, list[NDArray[Any]]] = field(default_factory=dict)

    def is_of(self, layout: Layout) -> bool:
        return self.layout.constant == layout.constant

    def __len__(self) -> int:
        return sum(map(len, self.places))


def decode(batches: Iterable[bytes], numbered: bool = False) -> Slice:
    """Raw batches of a cursor → columns for the most frequent kind of document, dicts for whatever differs from it.

    numbered: the batches are BSON arrays, as a reply holds them; else documents one behind the other.
    """
    found = [run for batch in batches for run in runs(batch, numbered)]
    layouts: dict[int, list[tuple[Layout, _Kind]]] = {}
    kinds: list[_Kind] = []
    odd: list[Places] = []
    for number, run in enumerate(found):
        left = np.ones(run.count, dtype=bool)
        known = layouts.setdefault(run.length, [])
        for layout, kind in known:
            _take(kind, layout, number, run, left)
        while left.any() and len(known) < LAYOUTS:
            new = layout_of(run.document(int(np.argmax(left))))
            if new is None:
                break
            kind = next((kind for kind in kinds if kind.is_of(new)), None) or _Kind(new)
            if kind not in kinds:
                kinds.append(kind)
            known.append((new, kind))
            _take(kind, new, number, run, left)
        odd.append(_places(number, np.flatnonzero(left)))
    if not kinds:
        return Slice({}, {}, [_decoded(found, place) for place in np.concatenate(odd)] if odd else [], found)
    kinds.sort(key=len, reverse=True)
    rare = np.concatenate([*odd, *(places for kind in kinds[1:] for places in kind.places)])
    others = [_decoded(found, place) for place in rare[np.lexsort((rare[:, 1], rare[:, 0]))]]
    return _joined(kinds[0], others, found)


def _take(kind: _Kind, layout: Layout, number: int, run: Run, left: NDArray[np.bool_]) -> None:
    """Give the documents of a run that are left and fit a layout to its kind."""
    if not left.any():
        return
    fits = fitting(run, layout) & left
    if not fits.any():
        return
    rows = run.rows()
    rows = rows if fits.all() else rows[fits]
    kind.places.append(_places(number, np.flatnonzero(fits)))
    for name, (offset, type_) in layout.fields.items():
        kind.columns.setdefault(name, []).append(column(rows, offset, type_))
    left &= ~fits


def _joined(kind: _Kind, others: list[dict[str, Any]], found: Sequence[Run]) -> Slice:
    places = np.concatenate(kind.places)
    columns = {name: np.concatenate(values) for name, values in kind.columns.items()}
    joined = Slice(columns, kind.layout.constant, others, found, places)
    order = np.lexsort((places[:, 1], places[:, 0]))
    return joined if (order[1:] > order[:-1]).all() else joined._taken(order)


def _places(number: int, indices: NDArray[np.int64]) -> Places:
    return np.column_stack((np.full(len(indices), number), indices))


def _decoded(found: Sequence[Run], place: NDArray[np.int64]) -> dict[str, Any]:
    return bson.decode(found[int(place[0])].document(int(place[1])), PLAIN)
