"""Generated answers of Elhub and Energi Data Service with what has been seen in them, and more.

`elhub_answer(number)` and `energidata_answer(number)` are the same in every run. Each number has days of its own, both
change days among them: what is read may be stored together. Right answers are spoilt in none to three ways.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

from sync.model.localtime import midnight
from sync.model.window import Window
from sync.sources.elhub.api import CONSUMPTION as ELHUB_CONSUMPTION
from sync.sources.elhub.api import PRODUCTION as ELHUB_PRODUCTION
from sync.sources.elhub.api import Elhub
from sync.sources.energidata.api import DAY_AHEAD, ELSPOT, PRODUCTION, Energidata
from sync.sources.source import Dataset, Source
from tests import elhub_answers, energidata_answers

Record = dict[str, Any]
SOURCES: dict[str, Source] = {
    "elhub": Elhub("https://elhub.test/v0"),
    "energidata": Energidata("https://energidata.test"),
}


@dataclass(frozen=True, slots=True)
class OpenQuestion:
    """One answer and what was asked. now: aware UTC, when it came."""

    source: str
    dataset: Dataset
    window: Window
    text: str
    now: datetime

    @property
    def bounds(self) -> list[int]:
        zone = SOURCES[self.source].zone
        return [midnight(self.window.start, zone), midnight(self.window.end, zone)]

    def as_argument(self) -> dict[str, Any]:
        """What openReadings takes."""
        _, query = SOURCES[self.source].question(self.dataset, self.window)
        named = {"text": self.text, "dataset": self.dataset.name, "flow": self.dataset.flow, "query": query}
        return named | {"window": self.bounds, "at": self.now}


def elhub_answer(number: int) -> OpenQuestion:
    """The answer of this number: a day or two of all areas."""
    chance = Random(f"elhub {number}")
    window = _window(chance, date(2021, 1, 1), number)
    dataset = chance.choice((ELHUB_PRODUCTION, ELHUB_CONSUMPTION))
    is_production = dataset is ELHUB_PRODUCTION
    write: Callable[..., Record] = elhub_answers.production if is_production else elhub_answers.consumption
    groups = chance.choice((("hydro", "*"), ("wind",))) if is_production else ("household",)
    records = [
        write(area, group, start, chance.choice((0.0, round(chance.random() * 3e6, 3), 2491476.5)))
        for area in elhub_answers.AREAS
        for group in groups
        for start in elhub_answers.local_hours(str(window.start), str(window.end))
    ]
    chance.shuffle(records)
    _spoil(records, ELHUB_CHANGES, chance)
    name = f"{dataset.flow}PerGroupMbaHour"
    text = elhub_answers.answer(records, name)
    if chance.random() < 0.08:
        text = chance.choice(BROKEN_ELHUB)(text)
    return OpenQuestion("elhub", dataset, window, text, _now(window, chance))


def energidata_answer(number: int) -> OpenQuestion:
    """The answer of this number: a day or two of prices or of production."""
    chance = Random(f"energidata {number}")
    dataset = DAY_AHEAD if number % 10 == 0 else chance.choice((ELSPOT, DAY_AHEAD, PRODUCTION))
    window = _window(
        chance, {ELSPOT: date(2021, 1, 1), DAY_AHEAD: date(2025, 10, 1)}.get(dataset, date(2022, 1, 1)), number
    )
    first, end = str(window.start), str(window.end)
    if dataset is PRODUCTION:
        records = energidata_answers.production(first, end, Version=chance.choice(("Final", "Preliminary", None)))
        changes = PRODUCTION_CHANGES
    else:
        records = energidata_answers.prices(dataset, first, end, ("DK1", "DK2", "DE"))
        names = energidata_answers.PRICE_NAMES[dataset.name]
        for record in records:
            record[names[1]] = chance.choice((0.0, 469.859985, round(chance.uniform(-135, 900), 6)))
        changes = [_of_prices(dataset, change) for change in PRICE_CHANGES]
    chance.shuffle(records)
    if number % 20:
        _spoil(records, changes, chance)
    text = energidata_answers.answer(dataset, records)
    if chance.random() < 0.1:
        text = chance.choice(BROKEN_ENERGIDATA)(text)
    return OpenQuestion("energidata", dataset, window, text, _now(window, chance))


def _window(chance: Random, first: date, number: int) -> Window:
    """Days that no other number has; every tenth is a day on which the clocks change."""
    start = first + timedelta(days=3 * number)
    if number % 10 == 0:
        year, month = (2028 if first.year > 2024 else 2011) + number // 20, 3 if number % 20 else 10
        last = date(year, month, 31)
        return Window(
            last - timedelta(days=(last.weekday() + 1) % 7), last - timedelta(days=(last.weekday() + 1) % 7 - 1)
        )
    return Window(start, start + timedelta(days=chance.choice((1, 1, 2))))


def _now(window: Window, chance: Random) -> datetime:
    middle = datetime.combine(window.start, datetime.min.time(), UTC)
    return middle + timedelta(hours=chance.choice((-5, 11, 40, 24 * 30, 24 * 30, 24 * 400)))


def _some(records: list[Record], chance: Random, share: float = 0.05) -> list[Record]:
    """References to some of the records, at least one."""
    return [record for record in records if chance.random() < share] or records[:1]


Change = Callable[[list[Record], Random], None]


def _spoil(records: list[Record], changes: list[Change], chance: Random) -> None:
    for change in chance.sample(changes, chance.choice((0, 0, 1, 1, 2, 3))):
        if records:
            change(records, chance)


def _values(name: str, *values: Any, share: float = 0.05) -> Change:
    def change(records: list[Record], chance: Random) -> None:
        for record in _some(records, chance, share):
            if name in record:
                record[name] = chance.choice(values)

    return change


def _texts(name: str, *spoilt: Callable[[str], Any]) -> Change:
    def change(records: list[Record], chance: Random) -> None:
        spoil = chance.choice(spoilt)
        for record in _some(records, chance):
            if name in record:
                record[name] = spoil(str(record[name]))

    return change


def _gone(share: float) -> Change:
    def change(records: list[Record], chance: Random) -> None:
        records[:] = [record for record in records if chance.random() > share]

    return change


def _hour_gone(time: str) -> Change:
    def change(records: list[Record], chance: Random) -> None:
        lost = chance.choice(records)[time]
        records[:] = [record for record in records if record[time] != lost]

    return change


def _late_series(records: list[Record], chance: Random) -> None:
    """One series begins in the middle of the window, or ends there."""
    is_begin = chance.random() < 0.5
    area = chance.choice(("NO5", "DE", "DK1"))
    time = next(name for name in ("startTime", "HourUTC", "TimeUTC") if name in records[0])
    times = sorted(str(record[time]) for record in records)
    middle = times[len(times) // 2]
    records[:] = [
        record
        for record in records
        if area not in (record.get("PriceArea"), record.get("priceArea")) or (str(record[time]) >= middle) == is_begin
    ]


def _twice(records: list[Record], chance: Random) -> None:
    records += [dict(record) for record in _some(records, chance, 0.02)]


def _without(name: str) -> Change:
    def change(records: list[Record], chance: Random) -> None:
        for record in _some(records, chance, chance.choice((0.01, 1.0))):
            record.pop(name, None)

    return change


def _area_gone(*names: str) -> Change:
    def change(records: list[Record], chance: Random) -> None:
        area = chance.choice(names)
        records[:] = [record for record in records if area not in (record.get("priceArea"), record.get("PriceArea"))]

    return change


def _hours_later(name: str, *hours: float) -> Change:
    def change(records: list[Record], chance: Random) -> None:
        later = timedelta(hours=chance.choice(hours))
        for record in _some(records, chance, 0.01):
            for own in (name, "endTime"):
                if own in record and _is_time(record[own]):
                    record[own] = (datetime.fromisoformat(record[own]) + later).isoformat()

    return change


def _is_time(text: Any) -> bool:
    try:
        return bool(datetime.fromisoformat(text))
    except (TypeError, ValueError):
        return False


NOT_TIMES: tuple[Callable[[str], Any], ...] = (
    lambda text: text[:19],
    lambda text: text.replace("T", " "),
    lambda text: text[:10],
    lambda _: "",
    lambda _: None,
    lambda _: 5,
    lambda text: text[:5] + "02-30" + text[10:],
    lambda text: text[:11] + "25" + text[13:],
)
ELHUB_CHANGES: list[Change] = [
    _values(
        "quantityKwh", None, -3.1e6, -0.001, 0.0005, 0.0015, 1.00025, 50e6, 50000000.001, 9e12, 1e300, 3, share=0.2
    ),
    _values("quantityKwh", "n/a", True, [], math.nan, math.inf, -math.inf, 10**400),
    _values("quantityKwh", -0.0, -5.5, None, share=1.0),
    _values("meteringPointCount", None, -1, 0, 2**31 - 1, 2**31, "7", True, 7.5, share=0.4),
    _without("meteringPointCount"),
    _values(
        "lastUpdatedTime", None, "2025-10-24T23:39:44.5+02:00", "2020-01-01T00:00Z", "2020-01-01 00:00", share=0.01
    ),
    _values("lastUpdatedTime", None, "2025-10-24T23:39:44.5+0200", "2020-01-01T00:00:00Z", share=0.4),
    _without("lastUpdatedTime"),
    _texts("lastUpdatedTime", *NOT_TIMES),
    _texts("startTime", *NOT_TIMES),
    _texts("endTime", *NOT_TIMES),
    _hours_later("startTime", 24 * 40, -24 * 40, 0.5),
    _values("productionGroup", "hydrogen", "", 5, "å", share=0.01),
    _gone(0.03),
    _hour_gone("startTime"),
    _late_series,
    _twice,
    _area_gone("NO1", "NO5"),
    _without("quantityKwh"),
    lambda records, _: records.clear(),
    lambda records, _: records.extend([record | {"priceArea": "NO6"} for record in records[:9]]),
]
BROKEN_ELHUB: list[Callable[[str], str]] = [
    lambda _: "<html>",
    lambda text: text[: len(text) // 2],
    lambda text: text.replace('"data"', '"dat"'),
    lambda text: text.replace("PerGroupMbaHour", "PerGroupMba15Min"),
    lambda text: text.replace('"attributes"', '"attribute"'),
    lambda text: text.replace('"id": "NO1"', '"id": "NO2"'),
    lambda _: "[]",
    lambda _: "\ufeff \n<p>",
    lambda _: "null",
]

PRICE_CHANGES: list[Change] = [
    _values("eur", None, -500, -500.01, 4000, 3999.99, -0.0, 0, 1e9, 1e300, share=0.2),
    _values("eur", "n/a", True, [], math.nan, math.inf, "1"),
    _values("dkk", None, "x", math.nan, 0.0, -3.25, 7, share=0.3),
    _values("dkk", None, share=1.0),
    _values("PriceArea", "PL", "SYSTEM", share=0.01),
    _values("PriceArea", "", None, 5, share=0.01),
    _texts("time", *NOT_TIMES[1:], lambda text: text + "Z", lambda text: text + ".000", lambda text: text + "+00:00"),
    _hours_later("time", 24 * 40, -24 * 40, 0.5, 0.25, 0.1),
    _gone(0.03),
    _hour_gone("time"),
    _late_series,
    _twice,
    _area_gone("DK1", "DK2", "DE"),
    _without("dkk"),
    _without("eur"),
    lambda records, _: records.clear(),
]
PRODUCTION_CHANGES: list[Change] = [
    _values("Production_MWh", None, -1.25, 20e3, 20000.5, 9e6, 5e-7, 1.5e-6, 2.5e-6, -0.0, 3, share=0.2),
    _values("Production_MWh", "n/a", True, [], math.nan),
    _values("Version", "Preliminary", "prelim 2", "Final", "", None, 1, share=0.3),
    _values("ShareTotal", None, 49.4, 50.6, 60.0, 5e5, 1e7, "x", math.nan, share=0.1),
    _values("FuelAllocationMethod", "125%", None, share=0.01),
    _values("DeliveryType", "Grid", "Own", "", None, share=0.0001),
    _values("ReportGrpCode", "", None, share=0.0001),
    _values("ProductionType", "", None, 5, share=0.01),
    _values("PriceArea", "DE", None, share=0.01),
    _texts("HourUTC", *NOT_TIMES[1:], lambda text: text + "Z"),
    _hours_later("HourUTC", 24 * 40, -24 * 40, 0.5),
    _gone(0.03),
    _hour_gone("HourUTC"),
    _late_series,
    _twice,
    _area_gone("DK1", "DK2"),
    _without("Version"),
]
BROKEN_ENERGIDATA: list[Callable[[str], str]] = [
    lambda _: "<html>",
    lambda text: text[: len(text) // 2],
    lambda text: text.replace('"records"', '"record"'),
    lambda text: text.replace('"dataset": "', '"dataset": "Other'),
    lambda text: text.replace('"total": ', '"total": 1'),
    lambda text: text.replace('"total": ', '"totals": '),
    lambda text: text.replace('"PriceArea"', '"pricearea"'),
    lambda text: text.replace('"dataset": "D', '"dataset": "d'),
    lambda _: "[]",
    lambda _: json.dumps({"total": 1, "dataset": "Elspotprices", "records": [5]}),
]


def _of_prices(dataset: Dataset, change: Change) -> Change:
    """A change of `time`, `eur` and `dkk`, under the names that the dataset has for them."""
    names = dict(zip(("time", "eur", "dkk"), energidata_answers.PRICE_NAMES[dataset.name], strict=True))
    back = {theirs: ours for ours, theirs in names.items()}

    def changed(records: list[Record], chance: Random) -> None:
        if change is _late_series:
            change(records, chance)
            return
        plain = [{back.get(name, name): entry for name, entry in record.items()} for record in records]
        change(plain, chance)
        records[:] = [{names.get(name, name): entry for name, entry in record.items()} for record in plain]

    return changed
