"""DeclarationProduction: energy by type of production, counted once.

Wind, sun and water come under the allocation method `All`; thermal types come once for each of several methods, which
share the fuel of power stations that also heat. `All` and exactly one other, `Total`, are kept: together their shares
of an area's hour add up to 100 %, and that is looked at. Sun comes in two kinds of delivery, which do add up.
A value stands under Version `Preliminary` first; the final one replaces it, never the other way round.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...model.readings import PRELIMINARY, Series
from ..answers import iso, numbers, shown
from ..source import AnswerRefused, Parsed
from ..table import Table, by_name, holes
from .answer import Question, Records

METHODS = ("All", "Total")
KEY = ("PriceArea", "ProductionType", "DeliveryType", "ReportGrpCode")
AREAS = ("DK1", "DK2")
LATE = 15 * 86_400_000  # ms; the declaration comes 10 to 15 days after the day
LARGEST = 9.0e6  # MWh; above, Wh would no longer be exact
IMPLAUSIBLE = 20e3  # MWh in an hour of one type; all of Denmark has less than that installed
NEGATIVE_FLAG, IMPLAUSIBLE_FLAG = "negative", "implausible"
TOLERANCE = 0.5  # per cent by which the shares of an hour may miss 100 and be nothing to speak of
TWICE = 105.0  # per cent, above which something must have been counted more than once


def read_production(records: Records, question: Question, now: datetime) -> Parsed:
    """Batches of all areas and types. Raises AnswerRefused for other methods, areas, or a key that comes twice."""
    names, code = by_name(list(zip(*(records.columns[name] for name in KEY), strict=True)))
    methods, _ = by_name(records.columns["FuelAllocationMethod"])
    _verify_names(names, methods)
    mwh = records.columns["Production_MWh"]
    known = numbers(mwh, LARGEST)
    kept = np.isfinite(known)
    provisional = np.array([is_preliminary(version) for version in records.columns["Version"]], dtype=bool)
    table = Table(
        [Series("energidata", area, "production", group_of(*key)) for area, *key in names],
        code,
        records.start,
        {
            "wh": np.rint(np.where(kept, known, 0.0) * 1e6).astype(np.int64),
            "seconds": np.full(len(code), question.dataset.step, dtype=np.int32),
        },
        flags=_flags(known, provisional),
    )
    table.refuse_repeated("area, type and hour")
    twice, unexplained = _shares(records, [area for area, *_ in names], code)
    rejects = [*table.refused(mwh, known, "not an energy"), *twice.values()]
    kept &= ~np.isin(_area_hours(names, code, records), list(twice))
    published = min(question.high, int(now.timestamp() * 1000) - LATE) // question.step * question.step
    lacking, explained = holes(table, question.low, published, question.step)
    nothing = mwh.count(None)
    unexplained += lacking + ([f"{nothing:,} records without an energy"] if nothing else [])
    parsed = table.parsed(kept, rejects, unexplained, explained, "records or hours")
    return replace(parsed, final=not provisional.any())


def group_of(kind: str, delivery: str | None, code: str | None) -> str:
    """The group of a series: the type of production first, then what tells apart rows of the same type."""
    return " ".join(str(part) for part in (kind, delivery, code) if part)


def is_preliminary(version: Any) -> bool:
    """Whether a value may still be replaced; one without a version may."""
    return version is None or str(version).lower().startswith("prelim")


def _verify_names(names: Sequence[tuple[Any, ...]], methods: Sequence[Any]) -> None:
    if wrong := [name for name in names if not (isinstance(name[0], str) and isinstance(name[1], str) and name[1])]:
        raise AnswerRefused(f"an area or a type of production is no text: {shown(wrong[0])}")
    areas = {area for area, *_ in names}
    if areas != set(AREAS):
        raise AnswerRefused(f"asked were {', '.join(AREAS)}; the answer has {', '.join(sorted(areas))}")
    if others := set(methods) - set(METHODS):
        raise AnswerRefused(
            f"asked were the allocation methods {', '.join(METHODS)}; the answer also has "
            f"{', '.join(sorted(map(str, others)))}, which would count the same production again"
        )


def _flags(mwh: NDArray[np.float64], provisional: NDArray[np.bool_]) -> dict[int, str]:
    flags = dict.fromkeys(np.flatnonzero(provisional).tolist(), PRELIMINARY)
    for marked, flag in ((mwh < 0, NEGATIVE_FLAG), (abs(mwh) > IMPLAUSIBLE, IMPLAUSIBLE_FLAG)):
        for row in np.flatnonzero(marked).tolist():
            flags[row] = f"{flag} {PRELIMINARY}" if provisional[row] else flag
    return flags


def _area_hours(
    names: Sequence[tuple[Any, ...]], code: NDArray[np.integer[Any]], records: Records
) -> NDArray[np.int64]:
    """A number for each area and hour: even ones are of the first area."""
    second = np.array([area == AREAS[1] for area, *_ in names], dtype=np.int64)
    hours: NDArray[np.int64] = records.start // 1000 + second[code]
    return hours


def _shares(records: Records, areas: Sequence[str], code: NDArray[np.integer[Any]]) -> tuple[dict[int, str], list[str]]:
    """(area-hours in which something is counted twice, with a line for each; what else is odd about the shares)."""
    share = records.columns["ShareTotal"]
    known = numbers(share, 1e6)
    hours = _area_hours([(area,) for area in areas], code, records)
    unique, place = np.unique(hours, return_inverse=True)
    sums = np.bincount(place, weights=known)  # NaN where one is not known: nothing can be said then
    twice = {
        int(unique[at]): f"{_place(int(unique[at]))}: the shares add up to {sums[at]:.3f} %: counted more than once"
        for at in np.flatnonzero(sums > TWICE).tolist()
    }
    odd = np.flatnonzero((abs(sums - 100) > TOLERANCE) & ~(sums > TWICE))
    if not len(odd):
        return twice, []
    first = f"first {_place(int(unique[odd[0]]))}, {sums[odd[0]]:.3f} %"
    return twice, [f"the shares of {len(odd):,} hours of an area do not add up to 100 % ({first})"]


def _place(area_hour: int) -> str:
    return f"{AREAS[area_hour % 2]} {iso(area_hour // 2 * 2000)}"
