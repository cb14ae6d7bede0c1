"""The comparison of contracts as frames: what each card of the cost page draws, and its CSV file holds."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pandas as pd

from sync.tariffs.bill import cents
from sync.tariffs.model import ZONES as PRICE_ZONES
from sync.tariffs.split import Energy

from ..kit.blocks import Frame
from ..kit.reader import Reader
from ..kit.view import View
from .queries import Comparison, Contract, Month, comparison, tariffs_of

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
    return _frame(comparison(reader, view), lambda compared: [_contract_row(each) for each in compared.contracts])


def bills_frame(reader: Reader, view: View) -> Frame:
    """A row a month and contract."""
    return _frame(
        comparison(reader, view),
        lambda compared: [
            {
                "month": f"{month.first:%Y-%m}",
                "days": (month.end - month.start).days,
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
    return _frame(comparison(reader, view), lambda compared: list(_zone_rows(compared)))


def prices_frame(reader: Reader, view: View) -> Frame:
    """A row a price: contract, validity, zone, €/kWh, standing charge, source. There without any reading too."""
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
        for tariff in tariffs_of(reader)
        for prices in tariff.prices
        for zone, price in prices.per_kwh
    ]
    compared = comparison(reader, view)
    shared = compared.shared if compared else 0
    return Frame(pd.DataFrame(rows), notes={"tariffs": tariffs_of(reader), "shared": shared})


def _frame(compared: Comparison | None, rows: Any) -> Frame:
    if compared is None:
        return Frame(pd.DataFrame())
    table = pd.DataFrame(rows(compared))
    return Frame(table, covered_share(compared.months), {"comparison": compared})


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
    sums = {
        zone: sum((each.zones.get(zone, 0) for each in bills), start=0) for zone in PRICE_ZONES[contract.tariff.kind]
    }
    sums["unpriced"] = sum((each.unpriced for each in bills), start=0)
    return {zone: wh for zone, wh in sums.items() if wh}


def _zone_rows(compared: Comparison) -> Iterable[dict[str, Any]]:
    for contract in compared.contracts:
        for zone, wh in zone_energy(contract).items():
            share = float(wh / compared.wh) if compared.wh else 0.0
            yield {"contract": contract.tariff.name, "zone": zone, "wh": float(wh), "share": share}
