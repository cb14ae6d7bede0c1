"""An answer of Elhub → verified readings. Pure: no network, no clock.

Everything is compared with the question before a single batch is made: the dataset, the areas, the days, the grid of
hours, no key twice, and how many hours each series has of those that it should have.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from operator import itemgetter
from typing import Any

import numpy as np

from ...model.localtime import midnight
from ...model.readings import Instants
from ...model.window import Window
from .. import zone_of
from ..source import AnswerRefused, Dataset, Parsed
from .counts import absences
from .quantities import Columns, batches, read_quantities

EVERYWHERE = "*"  # an entity of its own beside the areas, with an empty list
SHOWN = 120


@dataclass(frozen=True, slots=True)
class Question:
    """What was asked: `areas` must all be there, and no others unless the whole country was asked for."""

    dataset: Dataset
    window: Window
    areas: tuple[str, ...]
    is_whole_country: bool

    @property
    def list_name(self) -> str:
        """The field that holds the records: the name of the dataset, in the API's other spelling."""
        first, *others = self.dataset.name.lower().split("_")
        return first + "".join(part.capitalize() for part in others)

    @property
    def group_name(self) -> str:
        return f"{self.dataset.flow}Group"

    @property
    def bounds(self) -> tuple[int, int]:
        """First instant and end of the window, ms since the epoch."""
        zone = zone_of("elhub")
        return midnight(self.window.start, zone), midnight(self.window.end, zone)


def read_answer(text: str, question: Question, now: datetime) -> Parsed:
    """Verify and read one answer. `now` (UTC) tells which hours can be published. Raises AnswerRefused."""
    records = list(_records(text, question))
    if not records:
        return Parsed((), short="the answer is empty", final=False)
    try:
        columns = _columns(records, question)
    except KeyError as absent:
        without = next(record for record in records if absent.args[0] not in record)
        raise AnswerRefused(
            f"a record has no {absent}; it has {', '.join(sorted(without))[:SHOWN]}: "
            "the API may have renamed its fields"
        ) from None
    new_areas = _verify_areas(columns, question)
    _verify_times(columns, question)
    _verify_keys(columns, question)
    quantities = read_quantities(columns)
    low, high = question.bounds
    unexplained, explained = absences(columns, low, high, question.dataset.step, now)
    if quantities.missing:
        unexplained.append(f"{quantities.missing} records without a quantity")
    if quantities.rejects:
        unexplained.append(f"{len(quantities.rejects)} records refused")
    notes = {"explained": "; ".join(explained + new_areas)} if explained or new_areas else {}
    return Parsed(
        batches(columns, quantities, question.dataset),
        quantities.rejects,
        "; ".join(unexplained),
        final=(now.timestamp() * 1000 - high) > question.dataset.reread * 86_400_000,
        notes=notes,
    )


def _records(text: str, question: Question) -> Iterator[dict[str, Any]]:
    """The records of all areas. Raises AnswerRefused for any other shape."""
    if text.lstrip("\ufeff \t\r\n").startswith("<"):
        raise AnswerRefused("the answer is a page (HTML), not JSON")
    try:
        answer = json.loads(text)
    except (ValueError, RecursionError):
        raise AnswerRefused(f"the answer is not JSON: {_shown(text)}") from None
    entities = answer.get("data") if isinstance(answer, dict) else None
    if not isinstance(entities, list):
        raise AnswerRefused(f"the answer has no list `data`: {_shown(text)}")
    for entity in entities:
        attributes = entity.get("attributes") if isinstance(entity, dict) else None
        if not isinstance(attributes, dict):
            raise AnswerRefused(f"an entity has no `attributes`: {_shown(entity)}")
        listed = attributes.get(question.list_name)
        if not isinstance(listed, list):
            raise AnswerRefused(
                f"asked was {question.dataset.name}; the answer has no {question.list_name} but "
                f"{', '.join(sorted(attributes))[:SHOWN]}"
            )
        if not set(map(type, listed)) <= {dict}:
            raise AnswerRefused("a record is not an object")
        area = entity.get("id")
        if wrong := [record["priceArea"] for record in listed if record.get("priceArea", area) != area]:
            raise AnswerRefused(f"a record of {_shown(wrong[0])} stands under {_shown(area)}")
        yield from listed


def _columns(records: list[dict[str, Any]], question: Question) -> Columns:
    """The fields as columns. Raises KeyError for a field that is not there, AnswerRefused for an unreadable time."""
    areas, groups, starts, ends, quantities = (
        list(map(itemgetter(name), records))
        for name in ("priceArea", question.group_name, "startTime", "endTime", "quantityKwh")
    )
    names = zip(areas, groups, strict=True)
    codes: dict[tuple[str, str], int] = {}
    try:
        series = np.array([codes.setdefault(name, len(codes)) for name in names], dtype=np.int64)
        wrong = next((name for name in codes if not all(isinstance(part, str) and part for part in name)), None)
    except TypeError:
        raise AnswerRefused("an area or a group is not a text") from None
    if wrong:
        raise AnswerRefused(f"an area or a group is not a text: {_shown(wrong)}")
    flow = question.dataset.flow
    instants = _Instants()
    updated = [record.get("lastUpdatedTime") for record in records]
    return Columns(
        names=list(codes),
        series=series,
        start=_times(instants, starts),
        end=_times(instants, ends),
        quantity=quantities,
        updated=_times(instants, [EPOCH if text is None else text for text in updated]),
        not_updated=np.array([text is None for text in updated], dtype=bool),
        meters=[record.get("meteringPointCount") for record in records] if flow == "consumption" else [],
    )


EPOCH = "1970-01-01T00:00:00+00:00"


class _Instants(dict[str, int]):
    """Time text → ms since the epoch; each text is read once, as most come many times in an answer."""

    def __missing__(self, text: str) -> int:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            raise AnswerRefused(f"a time has no offset, so its hour is not certain: {_shown(text)}")
        self[text] = found = round(moment.timestamp() * 1000)
        return found


def _times(instants: _Instants, texts: list[Any]) -> Instants:
    try:
        return np.array(list(map(instants.__getitem__, texts)), dtype=np.int64)
    except (TypeError, ValueError, OverflowError):
        wrong = next(text for text in texts if not _is_time(text))
        raise AnswerRefused(f"an unreadable time: {_shown(wrong)}") from None


def _is_time(text: Any) -> bool:
    try:
        return bool(datetime.fromisoformat(text).timestamp() is not None)
    except (TypeError, ValueError, OverflowError):
        return False


def _verify_areas(columns: Columns, question: Question) -> list[str]:
    """All asked areas are there; of the whole country also ones that are not known yet, in words."""
    found = {area for area, _ in columns.names}
    if absent := [area for area in question.areas if area not in found]:
        raise AnswerRefused(f"nothing of {', '.join(absent)}; the answer has {', '.join(sorted(found))}")
    others = sorted(found - set(question.areas))
    if others and not question.is_whole_country:
        raise AnswerRefused(f"asked was {question.areas[0]}; the answer also has {', '.join(others)}")
    return [f"areas not known before: {', '.join(others)}"] if others else []


def _verify_times(columns: Columns, question: Question) -> None:
    low, high = question.bounds
    step = question.dataset.step * 1000
    for wrong, what in (
        ((columns.start < low) | (columns.start >= high), f"outside {question.window}"),
        ((columns.end - columns.start != step) | (columns.start % step != 0), f"not whole hours of {step // 1000} s"),
    ):
        if wrong.any():
            first = int(np.flatnonzero(wrong)[0])
            raise AnswerRefused(
                f"{int(wrong.sum()):,} of {len(wrong):,} records are {what}, the first begins "
                f"{_iso(int(columns.start[first]))}"
            )


def _verify_keys(columns: Columns, question: Question) -> None:
    low, high = question.bounds
    step = question.dataset.step * 1000
    key = columns.series * ((high - low) // step) + (columns.start - low) // step
    count = np.bincount(key)
    if count.max() > 1:
        place = int(np.flatnonzero(count > 1)[0])
        series, hour = divmod(place, (high - low) // step)
        raise AnswerRefused(
            f"{int((count - 1).clip(0).sum()):,} records come twice, the first is "
            f"{' '.join(columns.names[series])} {_iso(low + hour * step)}"
        )


def _iso(moment: int) -> str:
    return f"{np.datetime64(moment, 'ms')}"[:16] + "Z"


def _shown(anything: Any) -> str:
    return repr(anything)[:SHOWN]
