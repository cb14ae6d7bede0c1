"""Day-ahead prices: hours until CHANGE, quarter-hours from it on, one series an area."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...model.localtime import midnight
from ...model.readings import Instants, Series, milliseconds
from .. import zone_of
from ..answers import numbers, shown
from ..source import AnswerRefused, Parsed
from ..table import Table, by_name, holes
from .answer import Question, Records

CHANGE = milliseconds(datetime(2025, 9, 30, 22, tzinfo=UTC))  # midnight in Denmark: quarter-hours from here on
KNOWN_AREAS = ("DE", "DK1", "DK2", "NO2", "SE3", "SE4", "SYSTEM", "SYS")
DANISH_SINCE = {"DK1": date(1999, 7, 1), "DK2": date(2000, 10, 1)}
GROUP = "day-ahead"
LIMITS = (-500.0, 4000.0)  # EUR/MWh; the ends of the auction for long: real there, but worth a look
PRICE_FLAG = "price"
LARGEST = 1e9


def read_prices(records: Records, question: Question, now: datetime) -> Parsed:
    """Batches of all areas. Raises AnswerRefused for a key that comes twice and for a Danish area that is missing.

    What some area has beforehand all should have, and days that were asked for should be there to their end.
    """
    eur, dkk = (records.columns[name] for name in question.others[1:])
    areas, code = by_name(records.columns["PriceArea"])
    if wrong := [area for area in areas if not isinstance(area, str) or not area]:
        raise AnswerRefused(f"a price area is no text: {shown(wrong[0])}")
    euros = numbers(eur, LARGEST)
    table, kept = price_table(areas, code, records.start, euros, numbers(dkk, LARGEST))
    rejects = table.refused(eur, euros, "not a price")
    table.refuse_repeated("area and time")
    _refuse_without_danish(areas, question)
    passed = int(now.timestamp() * 1000) // question.step * question.step
    last = int(records.start.max()) + question.step
    unexplained, explained = holes(table, question.low, min(question.high, max(passed, last)), question.step)
    if question.dataset.ahead and max(last, passed) < question.high:
        unexplained.append("the last days are not published yet")
    nothing = eur.count(None)
    unexplained += [f"{nothing:,} records without a price in EUR"] if nothing else []
    if others := sorted(set(areas) - set(KNOWN_AREAS)):
        explained.append(f"areas not known before: {', '.join(others)}")
    return table.parsed(kept, rejects, unexplained, explained)


def price_table(
    areas: Sequence[str],
    code: NDArray[np.integer[Any]],
    start: Instants,
    euros: NDArray[np.float64],
    kroner: NDArray[np.float64],
) -> tuple[Table, NDArray[np.bool_]]:
    """Prices (EUR/MWh, DKK/MWh, NaN for none) as readings; which rows are readings.

    Without a price in EUR it is a missing reading, without one in DKK alone an absent field.
    """
    kept = np.isfinite(euros)
    extreme = (euros <= LIMITS[0]) | (euros >= LIMITS[1])
    stored = {
        "eur_mwh": np.where(kept, euros, 0.0),
        "dkk_mwh": np.where(np.isfinite(kroner), kroner, 0.0),
        "seconds": np.where(start < CHANGE, 3600, 900).astype(np.int32),
    }
    series = [Series("energidata", area, "price", GROUP) for area in areas]
    flags = dict.fromkeys(np.flatnonzero(extreme).tolist(), PRICE_FLAG)
    table = Table(series, code, start, stored, {"dkk_mwh": ~np.isfinite(kroner)}, flags)
    return table, kept


def _refuse_without_danish(areas: Sequence[str], question: Question) -> None:
    zone = zone_of("energidata")
    absent = [
        area for area, since in DANISH_SINCE.items() if area not in areas and question.low >= midnight(since, zone)
    ]
    if absent:
        raise AnswerRefused(f"nothing of {', '.join(absent)}; the answer has {', '.join(sorted(areas))}")
