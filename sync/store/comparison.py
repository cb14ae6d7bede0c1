"""Readings against what is stored of their series: new, unchanged, corrected, or over one of another length."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..model.readings import PRELIMINARY, ReadingBatch
from ..model.resolution import agree, resolution_of
from .bson_columns import Ids, Slice
from .schema import Document

NOT_COMPARED = {"_id", "ts", "series", "flag"}

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Verdict:
    """Masks over the readings of a batch; each is in one of them. changed: index → the document that takes the place.

    written: stored with the `_id` that this very call gave it, by an earlier try; agreeing: those of `changed` that
    contradict nothing: they add a mark, confirm a coarser value, say more, or are newer for certain; poorer: those that
    merely lack something.
    """

    new: Mask
    written: Mask
    unchanged: Mask
    overlapping: Mask
    changed: Mapping[int, Document]
    agreeing: frozenset[int] = frozenset()
    poorer: frozenset[int] = frozenset()


def compare(batch: ReadingBatch, ids: Ids, stored: Slice) -> Verdict:
    """What is to be done with each reading of a batch; `stored` holds all that lies near it in the record.

    By columns where the stored documents have one layout; document by document where they differ, carry a flag, or are
    not what came in.
    """
    odd = {_milliseconds(known["ts"]): known for known in stored.others}
    position, found = _positions(batch, stored)
    known = found | _among(batch, odd)
    overlapping = _overlapping(batch, stored, odd)
    same, mine = _same(batch, ids, stored, position, found)
    written, unchanged = found & mine, found & same & ~mine
    changed: dict[int, Document] = {}
    agreeing, poorer = [], []
    for index in np.flatnonzero(known & ~overlapping & ~written & ~unchanged).tolist():
        theirs = stored.document(int(position[index])) if found[index] else odd[int(batch.start[index])]
        ours = batch.document(index, theirs["_id"])
        if theirs["_id"].binary == ids[index].tobytes():
            written[index] = True
        elif is_correction(theirs, _naive(ours)):
            changed[index] = ours
            if _is_within(theirs, ours) or _is_certain(theirs, _naive(ours)):
                agreeing.append(index)
            elif _says_no_more(theirs, _naive(ours)):
                poorer.append(index)
        else:
            unchanged[index] = True
    fresh, written, unchanged = (mask & ~overlapping for mask in (~known, written, unchanged))
    return Verdict(fresh, written, unchanged, overlapping, changed, frozenset(agreeing), frozenset(poorer))


def is_correction(known: Document, ours: Document) -> bool:
    """Whether what came in says something else, and is not older than what is known (`updated`, where a source says).

    A source without quality marks does not take a stored mark away; but a final value replaces a preliminary one, and
    a finer value the coarser one, never the other way round.
    """
    was, is_now = (PRELIMINARY in stored.get("flag", "").split() for stored in (known, ours))
    if was != is_now:
        return was
    before, now = (resolution_of(stored.get("flag", "")) for stored in (known, ours))
    if now < before:
        return True
    if now > 1 and _is_within(ours, known):
        return False
    if "updated" in known and "updated" in ours and ours["updated"] < known["updated"]:
        return False
    return not _is_same(known, ours) or ("flag" in ours and known.get("flag") != ours["flag"])


def _is_same(known: Document, ours: Document) -> bool:
    fields = (known.keys() | ours.keys()) - NOT_COMPARED
    return all(known.get(name) == ours.get(name) for name in fields)


def _is_within(coarse: Document, other: Document) -> bool:
    """Whether the energy of a reading of a coarse form may be that of another one for the same interval."""
    wh, others = coarse.get("wh"), other.get("wh")
    if not isinstance(wh, int) or not isinstance(others, int) or coarse.get("seconds") != other.get("seconds"):
        return False
    return (step := resolution_of(coarse.get("flag", ""))) > 1 and agree(wh, others, step)


def _is_certain(known: Document, ours: Document) -> bool:
    """Whether a correction contradicts nothing: it is final, newer by what the source says, or only says more."""
    if PRELIMINARY in known.get("flag", "").split():
        return PRELIMINARY not in ours.get("flag", "").split()
    if "updated" in known and "updated" in ours:
        return bool(known["updated"] < ours["updated"])
    return _is_same(known, ours) or (bool(ours.keys() - known.keys() - NOT_COMPARED) and _says_no_more(ours, known))


def _says_no_more(known: Document, ours: Document) -> bool:
    """Whether all that came in is stored already, marks too."""
    return all(known.get(name) == ours[name] for name in ours.keys() - NOT_COMPARED | ours.keys() & {"flag"})


def overlaps(batch: ReadingBatch, stored: Iterable[tuple[int, int]]) -> set[int]:
    """Readings of the batch that share time with a stored one, (start, end) in ms, which starts at another instant."""
    found: set[int] = set()
    for start, end in stored:
        index = int(np.searchsorted(batch.end, start, side="right"))
        while index < len(batch) and batch.start[index] < end:
            if batch.start[index] != start:
                found.add(index)
            index += 1
    return found


def _positions(batch: ReadingBatch, stored: Slice) -> tuple[NDArray[np.int64], Mask]:
    """Where the common layout has a document that starts with each reading, and whether it has one."""
    known = stored.columns.get("ts", np.empty(0, np.int64))
    if not len(known):
        return np.zeros(len(batch), np.int64), np.zeros(len(batch), bool)
    order = np.argsort(known, kind="stable")
    place = np.minimum(np.searchsorted(known, batch.start, sorter=order), len(known) - 1)
    position = order[place]
    return position, known[position] == batch.start


def _same(batch: ReadingBatch, ids: Ids, stored: Slice, position: NDArray[np.int64], found: Mask) -> tuple[Mask, Mask]:
    """Which readings surely are what is stored, and which stored documents have the id that the reading was given."""
    nothing = np.zeros(len(batch), bool)
    if not found.any():
        return nothing, nothing
    mine = nothing
    if "_id" in stored.columns:
        binary = np.ascontiguousarray(stored.columns["_id"]).view(np.uint8).reshape(len(stored.columns["_id"]), -1)
        mine = found & (binary[position] == ids).all(axis=1) if binary.shape[1] == ids.shape[1] else nothing
    extra = {name for name in stored.constant if not name.startswith("type of ")} - {"series"}
    if extra or stored.columns.keys() - {"_id", "ts"} != batch.columns.keys():
        return nothing, mine
    same = found.copy()
    for name, column in batch.columns.items():
        known = stored.columns[name][position]
        if known.dtype.kind == "V":
            return nothing, mine
        same &= known == (column.astype(np.int64) if column.dtype.kind == "M" else column)
    for absent in batch.absent.values():
        same &= ~absent
    same[list(batch.flags)] = False
    return same, mine


def _overlapping(batch: ReadingBatch, stored: Slice, odd: Mapping[int, Document]) -> Mask:
    common = stored.columns.get("ts", np.empty(0, np.int64))
    lengths = stored.columns.get("seconds", np.zeros(len(common), np.int64))
    start = np.concatenate([common, np.fromiter(odd, np.int64, len(odd))])
    seconds = np.concatenate([lengths, np.array([known.get("seconds", 0) for known in odd.values()], np.int64)])
    end = start + seconds.astype(np.int64) * 1000
    mask = np.zeros(len(batch), bool)
    if _any_overlap(np.concatenate([start, batch.start]), np.concatenate([end, batch.end])):
        mask[list(overlaps(batch, zip(start.tolist(), end.tolist(), strict=True)))] = True
    return mask


def _any_overlap(start: NDArray[np.int64], end: NDArray[np.int64]) -> bool:
    """Whether two intervals that start at different instants share time."""
    order = np.argsort(start, kind="stable")
    start, reach = start[order], np.maximum.accumulate(end[order])
    return bool(((start[1:] < reach[:-1]) & (start[1:] != start[:-1])).any())


def _among(batch: ReadingBatch, odd: Mapping[int, Document]) -> Mask:
    return np.isin(batch.start, np.fromiter(odd, np.int64, len(odd))) if odd else np.zeros(len(batch), bool)


def _naive(document: Mapping[str, Any]) -> Document:
    """Naive UTC, as stored documents are decoded."""
    return {
        name: entry.astimezone(UTC).replace(tzinfo=None) if isinstance(entry, datetime) else entry
        for name, entry in document.items()
    }


def _milliseconds(moment: datetime) -> int:
    return round(moment.replace(tzinfo=UTC).timestamp() * 1000)
