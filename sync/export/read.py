"""The record as blocks of columns, series by series, oldest first; a few slices are in memory.

What is not of the form that its source writes cannot be told in its columns: it is left out, counted and named.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from bson import Int64
from numpy.typing import NDArray

from ..model.clock import SystemClock
from ..model.columns import Block
from ..model.readings import LONGEST_INTERVAL, Instants, Series, instant, is_reading
from ..store.bson_columns import Slice, decode, find
from ..store.retry import patiently
from ..store.schema import Document, Pair, dated

SLICE = 50_000
READERS = 3  # slices that are read at once: on two busy cores 2, 3 and 4 differed by less than their runs did
BSON_TYPES = {"float64": 0x01, "datetime64[ms]": 0x09, "int32": 0x10, "int64": 0x12}
PYTHON_TYPES: Mapping[str, type] = {"float64": float, "datetime64[ms]": datetime, "int32": int, "int64": Int64}
NUMBER = "number"  # column of a slice of many series: which of them
BESIDE = {"_id", "ts", "series", "seconds", "flag"}


@dataclass(slots=True)
class Choice:
    """What is exported. fields: of the source, name → type; first, end: ms, UTC, half-open, None for all there is;
    step: reading, hour, day or month of the zone. left_out: documents that columns cannot tell, with an example."""

    pair: Pair
    series: Sequence[Series]
    fields: Mapping[str, str]
    zone: ZoneInfo
    first: int | None = None
    end: int | None = None
    step: str = "reading"
    left_out: int = 0
    example: str = ""

    def leave_out(self, document: Mapping[str, Any], count: int = 1) -> None:
        """They are counted, and one of them is named."""
        self.left_out += count
        self.example = self.example or str(document.get("_id"))[:60]


def blocks(choice: Choice) -> Iterator[Block]:
    """All readings of a choice, in the order of its series; the next slices are read while one is used.

    The server takes longer to find documents than everything that is done with them: it is asked for several at once.
    """
    waiting = iter(choice.series)
    with ThreadPoolExecutor(READERS, "export") as readers:
        begun = deque((series, readers.submit(_slice, choice, series)) for series in islice(waiting, READERS))
        while begun:
            series, coming = begun.popleft()
            begun += [(new, readers.submit(_slice, choice, new)) for new in islice(waiting, 1)]
            is_last = False
            while not is_last:
                found = coming.result()
                is_last = len(found) < SLICE
                if not is_last:
                    coming = readers.submit(_slice, choice, series, _last(found))
                if len(block := block_of(choice, series, found)):
                    yield block


def _slice(choice: Choice, series: Series, after: datetime | None = None) -> Slice:
    """The oldest readings of a series, of those after an instant."""
    bounds: Document = {}
    if choice.first is not None:
        bounds["$gte"] = instant(choice.first)
    if choice.end is not None:
        bounds["$lt"] = instant(choice.end)
    if after is not None:
        bounds["$gt"] = after
    query = dated(series.query() | ({"ts": bounds} if bounds else {}))
    return patiently(partial(_found, choice.pair, query), SystemClock())


def _found(pair: Pair, query: Document) -> Slice:
    return decode(list(find(pair.record, query, sort={"ts": 1}, limit=SLICE)), numbered=True)


def _last(found: Slice) -> datetime:
    starts: list[datetime] = [document["ts"].replace(tzinfo=UTC) for document in found.others]
    if len(found.columns.get("ts", ())):
        starts.append(instant(int(found.columns["ts"].max())))
    return max(starts)


# --- documents → columns ---------------------------------------------------------------------------------------------


def block_of(choice: Choice, series: Series, found: Slice) -> Block:
    """Documents of one series, in any order, as a block; those of another form are left out."""
    rows, flags = frequent(choice, found)
    kept = [document for document in found.others if is_told(choice, document)]
    parts = [rows, *([of_documents(choice, kept)] if kept else [])]
    columns = {name: np.concatenate([part[name] for part in parts]) for name in rows}
    flags |= {len(rows["start"]) + at: own["flag"] for at, own in enumerate(kept) if own.get("flag")}
    order = np.argsort(columns["start"], kind="stable")
    if flags:
        place = np.empty(len(order), np.int64)
        place[order] = np.arange(len(order))
        flags = {int(place[index]): text for index, text in flags.items()}
    return told(choice, series, {name: column[order] for name, column in columns.items()}, flags)


def told(choice: Choice, series: Series, columns: Mapping[str, NDArray[Any]], flags: dict[int, str]) -> Block:
    """A block of `start`, `seconds` and for each field its values and, as `no FIELD`, which of these there are not."""
    lacking = {name: columns[f"no {name}"] for name in choice.fields if columns[f"no {name}"].any()}
    values = {name: columns[name] for name in choice.fields}
    return Block(series, choice.zone, columns["start"], columns["seconds"], values, lacking, flags)


def frequent(choice: Choice, found: Slice) -> tuple[dict[str, NDArray[Any]], dict[int, str]]:
    """The columns of the most frequent kind, all of one form; with the numbers of their series where these are."""
    count = len(found.places)
    first = found.document(0) if count else {}
    if not count or not _is_of_form(choice, first, found.constant):
        if count:
            choice.leave_out(first, count)
        return _empty(choice), {}
    own = found.columns
    start, seconds = own["ts"], own["seconds"].astype(np.int64)
    good = (start % 1000 == 0) & (seconds >= 1) & (seconds <= LONGEST_INTERVAL)
    for name in own.keys() & choice.fields.keys():
        if own[name].dtype.kind == "f":
            good &= np.isfinite(own[name])
    if not good.all():
        choice.leave_out(found.document(int(np.argmin(good))), int((~good).sum()))
    rows: dict[str, NDArray[Any]] = {"start": start[good], "seconds": seconds[good]}
    for name, kind in choice.fields.items():
        wide = np.float64 if kind == "float64" else np.int64
        is_there = name in own
        rows[name] = own[name][good].astype(wide) if is_there else np.zeros(int(good.sum()), wide)
        rows[f"no {name}"] = np.full(int(good.sum()), not is_there)
    if NUMBER in own:
        rows[NUMBER] = own[NUMBER][good]
    flag = found.constant.get("flag")
    return rows, dict.fromkeys(range(len(rows["start"])), flag) if flag else {}


def _empty(choice: Choice) -> dict[str, NDArray[Any]]:
    rows: dict[str, NDArray[Any]] = {"start": np.zeros(0, np.int64), "seconds": np.zeros(0, np.int64)}
    for name, kind in choice.fields.items():
        rows[name] = np.zeros(0, np.float64 if kind == "float64" else np.int64)
        rows[f"no {name}"] = np.zeros(0, bool)
    return rows


def _is_of_form(choice: Choice, first: Document, types: Mapping[str, Any]) -> bool:
    """Whether the columns say all of a kind of documents; what differs from one to the next is not looked at."""
    wanted = {"ts": "datetime64[ms]", "seconds": "int32", **choice.fields}
    known = {name: types[f"type of {name}"] for name in first if name in wanted}
    if known != {name: BSON_TYPES[wanted[name]] for name in known} or known.keys() < {"ts", "seconds"}:
        return False
    return _says_all(choice, first | {"ts": EPOCH, "seconds": 1})


def is_told(choice: Choice, document: Document) -> bool:
    """Whether the columns say all of a document, its types included; else it is left out."""
    fine = _says_all(choice, document) and type(document["seconds"]) is int and not document["ts"].microsecond
    for name in document.keys() & choice.fields.keys():
        value = document[name]
        fine = fine and type(value) is PYTHON_TYPES[choice.fields[name]]
        fine = fine and not (isinstance(value, float) and not np.isfinite(value))
    if not fine:
        choice.leave_out(document)
    return fine


def _says_all(choice: Choice, document: Document) -> bool:
    """A reading without a field that has no column, and with a flag of one line if any."""
    flag = document.get("flag", "-")
    is_text = isinstance(flag, str) and flag.isprintable() and flag == flag.strip() != ""
    return is_reading(document, choice.pair.source) and document.keys() - BESIDE <= choice.fields.keys() and is_text


def of_documents(choice: Choice, documents: Sequence[Document]) -> dict[str, NDArray[Any]]:
    """The columns of documents that are told."""
    rows: dict[str, NDArray[Any]] = {"start": _instants([document["ts"] for document in documents])}
    rows["seconds"] = np.array([document["seconds"] for document in documents], np.int64)
    for name, kind in choice.fields.items():
        rows[f"no {name}"] = np.array([name not in document for document in documents])
        if kind == "datetime64[ms]":
            rows[name] = _instants([document.get(name, EPOCH) for document in documents])
        else:
            wide = np.float64 if kind == "float64" else np.int64
            rows[name] = np.array([document.get(name, 0) for document in documents], wide)
    return rows


EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - documents are decoded as naive UTC


def _instants(moments: Sequence[datetime]) -> Instants:
    return np.array([np.datetime64(moment, "ms").astype(np.int64) for moment in moments], np.int64)
