"""An answer of Elhub → verified readings. Pure: no network, no clock.

Everything is compared with the question before a single batch is made: the dataset, the areas, the days, the grid of
hours, no key twice, and how many hours each series has of those that it should have.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from operator import itemgetter
from typing import Any

import numpy as np

from ...model.readings import Series
from ...model.window import Window
from ..answers import OffsetTimes, json_object, refuse_marked, shown
from ..source import AnswerRefused, Dataset, Parsed
from ..table import by_name, holes
from .quantities import Records, readings

EVERYWHERE = "*"  # an entity of its own beside the areas, with an empty list
SHOWN = 120
EPOCH = "1970-01-01T00:00:00+00:00"


@dataclass(frozen=True, slots=True)
class Question:
    """What was asked: `areas` must all be there, and no others unless the whole country was asked for.

    low, high: of the window, half-open, ms since the epoch.
    """

    dataset: Dataset
    window: Window
    low: int
    high: int
    areas: tuple[str, ...]
    is_whole_country: bool

    @property
    def list_name(self) -> str:
        """The field that holds the records: the name of the dataset, in the API's other spelling."""
        first, *others = self.dataset.name.lower().split("_")
        return first + "".join(part.capitalize() for part in others)

    @property
    def step(self) -> int:
        """ms between two readings of a series."""
        return self.dataset.step * 1000


def read_answer(text: str, question: Question, now: datetime) -> Parsed:
    """Verify and read one answer. `now` (UTC) tells which hours can be published. Raises AnswerRefused."""
    listed = list(_records(text, question))
    if not listed:
        return Parsed((), short="the answer is empty", final=False)
    try:
        records = _columns(listed, question)
    except KeyError as absent:
        without = next(record for record in listed if absent.args[0] not in record)
        raise AnswerRefused(
            f"a record has no {absent}; it has {', '.join(sorted(without))[:SHOWN]}: "
            "the API may have renamed its fields"
        ) from None
    new_areas = _verify_areas(records, question)
    low, high, step = question.low, question.high, question.step
    off_grid = (records.end - records.start != step) | (records.start % step != 0)
    refuse_marked(
        records.start,
        ((records.start < low) | (records.start >= high), f"outside {question.window}"),
        (off_grid, f"not whole hours of {question.dataset.step} s"),
    )
    table, kept, rejects, missing = readings(records, question.dataset)
    table.refuse_repeated("area, group and hour")
    published = min(high, int(now.timestamp() * 1000) // step * step)
    newest = int(table.start.max()) + step  # what has come is published, whatever this machine's clock says
    unexplained, explained = holes(table, low, max(published, newest), step)
    unexplained += [f"{missing} records without a quantity"] if missing else []
    final = now.timestamp() * 1000 - high > question.dataset.reread * 86_400_000
    return replace(table.parsed(kept, rejects, unexplained, explained + new_areas), final=final)


def _records(text: str, question: Question) -> Iterator[dict[str, Any]]:
    """The records of all areas. Raises AnswerRefused for any other shape."""
    entities = json_object(text).get("data")
    if not isinstance(entities, list):
        raise AnswerRefused(f"the answer has no list `data`: {shown(text)}")
    for entity in entities:
        attributes = entity.get("attributes") if isinstance(entity, dict) else None
        if not isinstance(attributes, dict):
            raise AnswerRefused(f"an entity has no `attributes`: {shown(entity)}")
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
            raise AnswerRefused(f"a record of {shown(wrong[0])} stands under {shown(area)}")
        yield from listed


def _columns(records: list[dict[str, Any]], question: Question) -> Records:
    """The fields as columns. Raises KeyError for a field that is not there, AnswerRefused for an unreadable time."""
    flow, times = question.dataset.flow, OffsetTimes()
    areas, groups, starts, ends, quantities = (
        list(map(itemgetter(name), records))
        for name in ("priceArea", f"{flow}Group", "startTime", "endTime", "quantityKwh")
    )
    try:
        names, code = by_name(list(zip(areas, groups, strict=True)))
    except TypeError:
        raise AnswerRefused("an area or a group is not a text") from None
    if wrong := [name for name in names if not all(isinstance(part, str) and part for part in name)]:
        raise AnswerRefused(f"an area or a group is not a text: {shown(wrong[0])}")
    updated = [record.get("lastUpdatedTime") for record in records]
    return Records(
        [Series("elhub", area, flow, group) for area, group in names],
        code,
        times.column(starts),
        times.column(ends),
        quantities,
        times.column([EPOCH if text is None else text for text in updated]),
        np.array([text is None for text in updated], dtype=bool),
        [record.get("meteringPointCount") for record in records] if flow == "consumption" else [],
    )


def _verify_areas(records: Records, question: Question) -> list[str]:
    """All asked areas are there; of the whole country also ones that are not known yet, in words."""
    areas = {series.id for series in records.series}
    if absent := [area for area in question.areas if area not in areas]:
        raise AnswerRefused(f"nothing of {', '.join(absent)}; the answer has {', '.join(sorted(areas))}")
    others = sorted(areas - set(question.areas))
    if others and not question.is_whole_country:
        raise AnswerRefused(f"asked was {question.areas[0]}; the answer also has {', '.join(others)}")
    return [f"areas not known before: {', '.join(others)}"] if others else []
