"""What the cost page asks: energy by local day and part of the day, and the bills that follow from it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd

from sync.model.localtime import day_seconds, days, midnight
from sync.model.localtime_query import DAY_MS, local_ms, offset_changes
from sync.model.readings import Series
from sync.store.schema import MEASURED, Pair
from sync.tariffs.bill import MonthBill, bill, cents
from sync.tariffs.colours import ColourCalendar
from sync.tariffs.model import Tariff
from sync.tariffs.split import MINUTE, DayParts, Energy, add_reading, parts_of_day

from ..kit.blocks import EMPTY_FRAME, Frame
from ..kit.reader import ZONES, Reader
from ..kit.tariffs import calendar_of, stamp, tariffs_of
from ..kit.view import View

ENOUGH = 0.9  # of a month, or of a period as long as one, must be measured: a part of it names no cheapest contract
DAY_SECONDS = 86_400
SHORTEST_MONTH = 28 * DAY_SECONDS


@dataclass(frozen=True, slots=True)
class Measured:
    """energy: Wh by local day and part of the day; covered: seconds of each local day that readings cover; shared:
    how many readings lie in several parts and were shared out in proportion to time."""

    energy: DayParts
    covered: Mapping[date, int]
    shared: int


@dataclass(frozen=True, slots=True)
class Month:
    """The asked local days `[start, end)` of one calendar month; covered and expected in seconds, whole: those of all
    its days."""

    start: date
    end: date
    covered: int
    expected: int
    whole: int

    @property
    def first(self) -> date:
        return self.start.replace(day=1)

    @property
    def is_measured(self) -> bool:
        return self.covered >= self.expected

    @property
    def is_whole(self) -> bool:
        """Whether the calendar month was measured to its last second: only then its bill is a month's."""
        return self.covered >= self.whole

    @property
    def can_be_ranked(self) -> bool:
        """Whether so much of the calendar month was measured that its cheapest contract may be named."""
        return self.covered >= ENOUGH * self.whole


@dataclass(frozen=True, slots=True)
class Contract:
    """A tariff with its bills, by first day of the month; problems: of its colour calendar."""

    tariff: Tariff
    bills: Mapping[date, MonthBill]
    problems: tuple[str, ...] = ()

    @property
    def is_whole(self) -> bool:
        """Whether all measured energy of the period has a price."""
        return all(each.is_whole for each in self.bills.values())


@dataclass(frozen=True, slots=True)
class Comparison:
    """Contracts side by side over the local days `[start, end)`; wh: all measured energy."""

    start: date
    end: date
    months: tuple[Month, ...]
    contracts: tuple[Contract, ...]
    wh: Energy
    shared: int

    @property
    def can_be_ranked(self) -> bool:
        """Whether a month's time was measured, and nearly all of the period."""
        covered = sum(month.covered for month in self.months)
        return covered >= SHORTEST_MONTH and covered_share(self.months) >= ENOUGH


def comparison(reader: Reader, view: View) -> Comparison | None:
    """The contracts over a view's period; None without consumption in it, or a tariff for such a meter.

    The period ends with the last reading and begins with the first: before and after that nothing was measured.
    """
    series = reader.series_at(view)
    if series is None or series.flow != "consumption":
        return None
    extent, tariffs = reader.extent(series), tariffs_of(reader, series.source)
    if extent.first is None or extent.end is None or not tariffs:
        return None
    start, end = max(view.start, extent.first), min(view.end, extent.end)
    if start >= end:
        return None
    calendars = {tariff: calendar_of(reader, tariff) for tariff in tariffs}
    stamps = tuple((tariff.calendar, stamp(tariff.calendar)) for tariff in tariffs)
    return reader.kept(
        ("comparison", series, start, end, tariffs, stamps),
        lambda: _compared(reader, series, (start, end), tariffs, calendars),
    )


def _compared(
    reader: Reader,
    series: Series,
    period: tuple[date, date],
    tariffs: tuple[Tariff, ...],
    calendars: Mapping[Tariff, ColourCalendar],
) -> Comparison | None:
    start, end = period
    zone = ZONES[series.source]
    measured = energy_by_part(reader.pair_of(series.source), series, zone, period, parts_of_day(tariffs))
    if not measured.covered:
        return None
    contracts = []
    for tariff in tariffs:
        calendar = calendars[tariff]
        bills = bill(tariff, calendar.colours, measured.energy, period)
        contracts.append(Contract(tariff, bills, calendar.problems))
    wh = sum((sum(parts.values()) for parts in measured.energy.values()), start=0)
    months = _months(start, end, measured.covered, zone)
    return Comparison(start, end, months, tuple(contracts), wh, measured.shared)


def energy_by_part(
    pair: Pair, series: Series, zone: ZoneInfo, period: tuple[date, date], parts: tuple[int, ...]
) -> Measured:
    """Energy of the local days `[start, end)` by day and part of the day (first minutes `parts`), one aggregation.

    The server adds up the readings that lie in one part; those across an edge, and all of the days on which the clocks
    change, come one by one and are shared out here by their instants.
    """
    start, end = (datetime.fromtimestamp(midnight(day, zone) / 1000, UTC) for day in period)
    energy: defaultdict[date, defaultdict[int, Energy]] = defaultdict(lambda: defaultdict(int))
    covered: defaultdict[date, int] = defaultdict(int)
    shared = 0
    first = date(1970, 1, 1)
    for found in pair.mirror.aggregate(_part_stages(series, zone, (start, end), parts)):
        if isinstance(found["_id"], dict):
            at = int(found["_id"]["ts"].replace(tzinfo=UTC).timestamp())
            reading = (at, found["_id"]["seconds"], found["wh"])
            shared += add_reading(energy, reading, parts, zone)
            day = datetime.fromtimestamp(at, zone).date()
        else:
            number, position = divmod(int(found["_id"]), DAY_MS)
            day = first + timedelta(days=number)
            energy[day][parts[position]] += found["wh"]
        covered[day] += found["seconds"]
    return Measured(energy, covered, shared)


def _part_stages(
    series: Series, zone: ZoneInfo, period: tuple[datetime, datetime], parts: tuple[int, ...]
) -> list[dict[str, Any]]:
    """Groups by (local midnight + position of the part) as one number; readings to be shared by {ts, seconds}."""
    start, end = period
    minute = {"$mod": ["$local", DAY_MS]}
    after = {"$add": [minute, {"$multiply": ["$seconds", 1000]}, -1]}
    across = {"$ne": [_position("$$minute", parts), _position("$$last", parts)]}
    change = [
        {"$and": [{"$gte": ["$ts", each[0]]}, {"$lt": ["$ts", each[1]]}]} for each in _change_days(zone, start, end)
    ]
    number = {"$add": [{"$subtract": ["$local", "$$minute"]}, _position("$$minute", parts)]}
    key = {"$cond": [{"$or": [*change, across]}, {"ts": "$ts", "seconds": "$seconds"}, number]}
    return [
        {"$match": series.query() | {"ts": {"$gte": start, "$lt": end}} | MEASURED},
        {"$set": {"local": local_ms(zone, start, end)}},
        {
            "$group": {
                "_id": {"$let": {"vars": {"minute": minute, "last": after}, "in": key}},
                "wh": {"$sum": "$wh"},
                "seconds": {"$sum": "$seconds"},
            }
        },
    ]


def _position(minute: str, parts: tuple[int, ...]) -> dict[str, Any] | int:
    """An expression: the position of the part in which a ms of the day lies; one behind the last past midnight."""
    edges = [*parts[1:], DAY_MS // MINUTE // 1000]
    branches = [
        {"case": {"$lt": [minute, edge * MINUTE * 1000]}, "then": position} for position, edge in enumerate(edges)
    ]
    return {"$switch": {"branches": branches, "default": len(edges)}}


def _change_days(zone: ZoneInfo, start: datetime, end: datetime) -> list[tuple[datetime, datetime]]:
    """The instants `[midnight, midnight)` of the local days in a period on which the clocks change."""
    found = []
    for at, _ in offset_changes(zone, start, end):
        day = at.astimezone(zone).date()
        edges = (midnight(each, zone) / 1000 for each in (day, day + timedelta(days=1)))
        first, last = (datetime.fromtimestamp(edge, UTC) for edge in edges)
        found.append((first, last))
    return found


def _months(start: date, end: date, covered: Mapping[date, int], zone: ZoneInfo) -> tuple[Month, ...]:
    found = []
    while start < end:
        following = (start.replace(day=1) + timedelta(days=32)).replace(day=1)
        until = min(end, following)
        measured = sum(covered.get(day, 0) for day in days(start, until))
        expected, whole = (
            sum(day_seconds(day, zone) for day in days(*part))
            for part in ((start, until), (start.replace(day=1), following))
        )
        found.append(Month(start, until, measured, expected, whole))
        start = until
    return tuple(found)


# --- frames -----------------------------------------------------------------------------------------------------------


Rank = list[tuple[Contract, Decimal]]


def euros(contract: Contract) -> Decimal:
    """Its bills of the period, added up as they are shown."""
    return sum((each.euros for each in contract.bills.values()), start=Decimal(0))


def ranking(compared: Comparison, month: date | None = None) -> Rank:
    """Contracts with their €, the cheapest first: over the period, or one month (by its first day).

    Only those that have a price for all the energy measured; the others cannot be compared.
    """
    if month is None:
        found = [(each, euros(each)) for each in compared.contracts if each.is_whole]
    else:
        bills = [(each, each.bills[month]) for each in compared.contracts]
        found = [(each, its_bill.euros) for each, its_bill in bills if its_bill.is_whole]
    return sorted(found, key=lambda each: each[1])


def covered_share(months: Iterable[Month]) -> float:
    """Measured share of the time, 0 … 1."""
    counted = [(each.covered, each.expected) for each in months]
    return sum(covered for covered, _ in counted) / max(1, sum(expected for _, expected in counted))


def contracts_frame(reader: Reader, view: View) -> Frame:
    """A row a contract: what the period would have cost."""
    return _frame(reader, view, lambda compared: [_contract_row(each) for each in compared.contracts])


def bills_frame(reader: Reader, view: View) -> Frame:
    """A row a month and contract."""
    return _frame(
        reader,
        view,
        lambda compared: [
            {
                "month": f"{month.first:%Y-%m}",
                "days": (month.end - month.start).days,
                "measured_share_of_month": month.covered / month.whole,
                "measured_share": month.covered / month.expected,
                "contract": contract.tariff.name,
                **_bill_columns(contract, month.first),
            }
            for month in compared.months
            for contract in compared.contracts
        ],
    )


def zones_frame(reader: Reader, view: View) -> Frame:
    """A row a contract and price zone: energy and its share of all that was measured."""
    return _frame(reader, view, lambda compared: list(_zone_rows(compared)))


def prices_frame(reader: Reader, view: View) -> Frame:
    """A row a price: contract, validity, zone, €/kWh, standing charge, source. There without any reading too."""
    tariffs = tariffs_at(reader, view)
    if not tariffs:
        return FOREIGN
    rows = [
        {
            "contract": tariff.name,
            "valid_from": "" if prices.start == date.min else prices.start.isoformat(),
            "valid_until": "" if prices.end == date.max else prices.end.isoformat(),
            "zone": zone,
            "eur_per_kwh": str(price),
            "eur_per_month": str(prices.standing),
            "source": tariff.source,
        }
        for tariff in tariffs
        for prices in tariff.prices
        for zone, price in prices.per_kwh
    ]
    compared = comparison(reader, view)
    shared = compared.shared if compared else 0
    return Frame(pd.DataFrame(rows), notes={"tariffs": tariffs, "shared": shared})


FOREIGN = Frame(pd.DataFrame(), notes={"empty": "cost.foreign"})


def tariffs_at(reader: Reader, view: View) -> tuple[Tariff, ...]:
    """The contracts of the view's meter."""
    series = reader.series_at(view)
    return tariffs_of(reader, series.source) if series else tariffs_of(reader)


def _frame(reader: Reader, view: View, rows: Callable[[Comparison], list[dict[str, Any]]]) -> Frame:
    compared = comparison(reader, view)
    if compared is None:
        return EMPTY_FRAME if tariffs_at(reader, view) else FOREIGN
    table = pd.DataFrame(rows(compared))
    notes = {"comparison": compared, "held": (compared.start, compared.end)}
    return Frame(table, covered_share(compared.months), notes)


def _contract_row(contract: Contract) -> dict[str, Any]:
    bills = contract.bills.values()
    return {
        "contract": contract.tariff.name,
        "total_eur": str(euros(contract)),
        "unpriced_wh": float(sum((each.unpriced for each in bills), start=0)),
        "days_without_colour": sum(len(each.without_colour) for each in bills),
        "days_without_price": sum(len(each.without_price) for each in bills),
        "saved_by_moving_1_kwh_a_day_eur": str(cents(sum((each.saved for each in bills), start=Fraction(0)))),
    }


def _bill_columns(contract: Contract, month: date) -> dict[str, Any]:
    found = contract.bills[month]
    return {
        "energy_eur": str(cents(found.for_energy)),
        "standing_eur": str(cents(found.standing)),
        "total_eur": str(found.euros),
        "unpriced_wh": float(found.unpriced),
    }


def zone_energy(contract: Contract) -> dict[str, Energy]:
    """Wh by price zone over the period, in the order of the zones; `unpriced` last, if there is any."""
    bills = contract.bills.values()
    sums = {zone: sum((each.zones.get(zone, 0) for each in bills), start=0) for zone in contract.tariff.rules.names}
    sums["unpriced"] = sum((each.unpriced for each in bills), start=0)
    return {zone: wh for zone, wh in sums.items() if wh}


def _zone_rows(compared: Comparison) -> Iterable[dict[str, Any]]:
    for contract in compared.contracts:
        for zone, wh in zone_energy(contract).items():
            share = float(wh / compared.wh) if compared.wh else 0.0
            yield {"contract": contract.tariff.name, "zone": zone, "wh": float(wh), "share": share}
