"""A whole record as blocks of columns, read in the order in which it lies on the server's disk and put in order here.

To find each document by its key costs a server three times what it costs to send them as they lie, and far more where
readings came in day by day and each of a series lies on another page. Two cursors go from both ends until they meet.
What they bring waits as numbers in a file without a name, and comes back series by series, oldest first.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from pathlib import Path
from threading import Lock
from typing import Any

import bson
import numpy as np
from numpy.typing import NDArray

from ..model.clock import SystemClock
from ..model.columns import Block
from ..model.readings import Series, milliseconds
from ..store.bson_columns import Slice, decode_kinds, find
from ..store.retry import patiently
from ..store.schema import BEGINNING, END, own_series
from .read import BSON_TYPES, NUMBER, SLICE, Choice, blocks, frequent, is_told, of_documents, told

LEAST = 1_000_000  # documents; of fewer, finding each of them takes a second or two
FORWARD, BACKWARD = 1, -1
FLAG = "flag"
WORD = 8  # bytes that are compared at once
REPLY = 20_000  # documents: larger ones lie in fresh memory, smaller ones gain nothing (1.34, 1.18, 1.25 µs of CPU)
NEAR = 0.9  # of all documents: before, nobody looks whether both ways have met
DATED = milliseconds(BEGINNING), milliseconds(END)  # see `schema.dated`

Tell = Callable[[int], None]
"""Hears how many readings more have come."""


def is_worth_it(choice: Choice, folder: Path) -> bool:
    """Whether all of a large record is wanted, and a folder has room to put it in order.

    Through a router never: it merges what several servers send, and one way would not be the other one backwards.
    """
    record = choice.pair.record
    count = record.estimated_document_count()
    if count < LEAST or choice.first is not None or choice.end is not None or record.database.client.is_mongos:
        return False
    if not os.access(folder, os.W_OK) or shutil.disk_usage(folder).free < 2 * count * _form(choice).itemsize:
        return False
    return set(choice.series) == set(own_series(choice.pair.source, record))


def blocks_as_stored(choice: Choice, folder: Path, tell: Tell) -> Iterator[Block]:
    """All readings of a choice that has no bounds, in the order of its series. Raises OSError where a folder is full.

    What is stored or deleted meanwhile may be among them or not, no reading is twice. A record with documents that have
    to be left out is read by key: where both ways meet they would be counted twice.
    """
    with closing(patiently(partial(_gathered, choice, folder, tell), SystemClock())) as waiting:
        if not choice.left_out:
            for number, series in enumerate(choice.series):
                yield from waiting.blocks(number, series)
            return
    choice.left_out, choice.example = 0, ""
    yield from blocks(choice)


def _form(choice: Choice) -> np.dtype[Any]:
    """How a reading waits."""
    form: list[tuple[str, str]] = [("start", "<i8"), ("seconds", "<i4"), (FLAG, "<u4")]
    for name, kind in choice.fields.items():
        form += [(name, "<f8" if kind == "float64" else "<i8"), (f"no {name}", "?")]
    return np.dtype(form)


def _gathered(choice: Choice, folder: Path, tell: Tell) -> _Waiting:
    choice.left_out, choice.example = 0, ""
    waiting = _Waiting(choice, folder, tell)
    meeting = _Meeting(NEAR * choice.pair.record.estimated_document_count())
    try:
        with ThreadPoolExecutor(2, "export") as readers:
            both = [readers.submit(_read, waiting, meeting, way) for way in (FORWARD, BACKWARD)]
            try:
                for one in both:
                    one.result()
            finally:
                meeting.is_over = True
    except BaseException:
        waiting.close()
        raise
    return waiting


def _read(waiting: _Waiting, meeting: _Meeting, way: int) -> None:
    try:
        with closing(find(waiting.choice.pair.record, {}, hint={"$natural": way}, most=REPLY)) as replies:
            for reply in replies:
                if meeting.is_over or waiting.choice.left_out or meeting.reached(way, waiting.take(reply)):
                    return
    finally:
        meeting.is_over = True  # at the other end of the collection, too; after a failure the other one is of no use


class _Meeting:
    """Two ways through a collection leave a document of each reply behind as a mark. Who comes upon a mark of the other
    knows that everything beyond it has been read."""

    def __init__(self, near: float) -> None:
        self._marks: Mapping[int, set[Any]] = {FORWARD: set(), BACKWARD: set()}
        self._left = near
        self.is_over = False

    def reached(self, way: int, ids: Sequence[Any]) -> bool:
        """Whether all is read, now that one way has read documents with these `_id`s."""
        self._left -= len(ids)
        if self._left <= 0 and not self._marks[-way].isdisjoint(ids):
            self.is_over = True
        self._marks[way].update(ids[-1:])
        return self.is_over


class _Waiting:
    """Readings that wait to be put in order, as rows in a file: what is taken at once lies together by series."""

    def __init__(self, choice: Choice, folder: Path, tell: Tell) -> None:
        self.choice = choice
        self._tell = tell
        self._form = _form(choice)
        self._numbers = {_name(series.subdocument()): number for number, series in enumerate(choice.series)}
        self._flags = {"": 0}
        self._lock = Lock()
        self._rows = 0
        self._pieces: list[NDArray[np.int64]] = [np.empty((0, 3), np.int64)]  # number of the series, first row, rows
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - closed by `close`

    def close(self) -> None:
        self._file.close()

    def take(self, reply: bytes) -> list[Any]:
        """Documents of any series, those of others among them; returns their `_id`s as far as these are short."""
        ids: list[Any] = []
        for found in decode_kinds([reply], ("series",)):
            ids += found.columns["_id"].tolist() if "_id" in found.columns else []
            with self._lock:  # choice and flags are of both threads
                columns, flags = self._columns(found)
            if count := len(columns.get(NUMBER, ())):
                table = np.zeros(count, self._form)
                for name in columns.keys() - {NUMBER}:
                    table[name] = columns[name]
                table[FLAG] = flags
                self._put(columns[NUMBER], table)
        return ids

    def _columns(self, found: Slice) -> tuple[Mapping[str, NDArray[Any]], Any]:
        """The readings of our series, and the number of the flag of each or of all."""
        if found.others:
            numbers = [self._number(document) for document in found.others]
            kept = [(number, own) for number, own in zip(numbers, found.others, strict=True) if number is not None]
            kept = [(number, own) for number, own in kept if is_told(self.choice, own)]
            columns = of_documents(self.choice, [own for _, own in kept])
            columns[NUMBER] = np.array([number for number, _ in kept], np.int64)
            return columns, [self._flag(own.get("flag", "")) for _, own in kept]
        columns, _ = frequent(self.choice, self._of_ours(found))
        return columns, self._flag(found.constant.get("flag", ""))

    def _number(self, document: Mapping[str, Any]) -> int | None:
        series = document.get("series")
        is_dated = isinstance(document.get("ts"), type(BEGINNING))
        return self._numbers.get(_name(series)) if isinstance(series, dict) and is_dated else None

    def _flag(self, text: Any) -> int:
        return self._flags.setdefault(text, len(self._flags)) if isinstance(text, str) else 0

    def _of_ours(self, found: Slice) -> Slice:
        """Those of a kind that are dated and of our series, with the number of it."""
        names = found.columns.get("series", np.empty(0))
        is_dated = found.constant.get("type of ts") == BSON_TYPES["datetime64[ms]"]
        if not is_dated or names.dtype.kind != "S" or names.itemsize < WORD:
            return Slice({}, {}, [])
        first = _changes(names)
        own = np.array([self._numbers.get(name, -1) for name in names[first].tolist()], np.int64)
        numbers = np.repeat(own, np.diff(np.append(first, len(names))))
        start = found.columns["ts"]
        ours = (numbers >= 0) & (start >= DATED[0]) & (start <= DATED[1])
        columns = {name: column for name, column in found.columns.items() if name != "series"} | {NUMBER: numbers}
        if ours.all():
            return Slice(columns, found.constant, [], found.runs, found.places)
        columns = {name: column[ours] for name, column in columns.items()}
        return Slice(columns, found.constant, [], found.runs, found.places[ours])

    def _put(self, numbers: NDArray[np.int64], table: NDArray[Any]) -> None:
        if (numbers[1:] < numbers[:-1]).any():
            order = np.argsort(numbers, kind="stable")
            numbers, table = numbers[order], table[order]
        first = np.flatnonzero(np.append(True, numbers[1:] != numbers[:-1]))
        counts = np.diff(np.append(first, len(numbers)))
        with self._lock:
            self._pieces.append(np.column_stack((numbers[first], first + self._rows, counts)))
            self._rows += len(table)
            self._file.write(table.view(np.uint8).data)
            self._tell(len(table))

    def blocks(self, number: int, series: Series) -> Iterator[Block]:
        """The readings of a series, oldest first; where both ways met they came twice."""
        if len(self._pieces) > 1:
            self._file.flush()
            pieces = np.concatenate(self._pieces)
            self._pieces = [pieces[np.argsort(pieces[:, 0], kind="stable")]]
        [pieces] = self._pieces
        place = slice(*np.searchsorted(pieces[:, 0], (number, number + 1)))
        rows = np.concatenate([np.empty(0, self._form), *(self._piece(*own) for own in pieces[place, 1:].tolist())])
        rows = rows[np.argsort(rows["start"], kind="stable")]
        rows = rows[np.append(rows["start"][1:] != rows["start"][:-1], np.ones(len(rows[:1]), bool))]
        texts = list(self._flags)
        for at in range(0, len(rows), SLICE):
            part = rows[at : at + SLICE]
            columns = {name: np.ascontiguousarray(part[name]) for name in self._form.names or ()}
            columns["seconds"] = columns["seconds"].astype(np.int64)
            flags = {index: texts[columns[FLAG][index]] for index in np.flatnonzero(columns[FLAG]).tolist()}
            yield told(self.choice, series, columns, flags)

    def _piece(self, first: int, count: int) -> NDArray[Any]:
        size = self._form.itemsize
        return np.frombuffer(os.pread(self._file.fileno(), count * size, first * size), self._form)


def _changes(names: NDArray[Any]) -> NDArray[np.int64]:
    """Where each stretch of equal names begins."""
    size, begins = names.itemsize, np.zeros(len(names), bool)
    begins[0] = True
    for at in {*range(0, size - WORD + 1, WORD), size - WORD}:
        words: NDArray[np.uint64] = np.ndarray(len(names), "<u8", names, at, size)
        begins[1:] |= words[1:] != words[:-1]
    return np.flatnonzero(begins)


def _name(series: Mapping[str, Any]) -> bytes:
    """A stored `series` as NumPy gives it back, which cuts zeros at the end."""
    return bson.encode(series).rstrip(b"\0")
