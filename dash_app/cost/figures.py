"""Figures of the cost page: pure, from the frames of `queries`."""

from __future__ import annotations

from datetime import date
from typing import Any

from sync.tariffs.bill import MonthBill, cents

from ..kit.blocks import Frame
from ..kit.figures import Figure, axis, bars, colour, faded, figure, hatched, margins, number_width, words
from ..kit.locale import Look
from .queries import Comparison, Contract, Month, zone_energy

FAINTEST = 0.18
CLEAR = "rgba(0,0,0,0)"
DAY_SECONDS = 86_400
FEW_MONTHS = 4  # fewer, and the axis would count days


def months_figure(frame: Frame, look: Look) -> Figure:
    """Bills by month, one bar a contract. Hollow and hatched to its measured part: a month that was not measured whole,
    with its measured days in words; hatched: energy without a price."""
    compared: Comparison = frame.notes["comparison"]
    shown = [each for each in compared.contracts if any(bill.has_amount for bill in each.bills.values())]
    data = [
        _bars(contract, compared.months, strength, look)
        for contract, strength in zip(shown, strengths(len(shown)), strict=True)
    ]
    # Full, as a month measured whole: else the first bar decides what the legend looks like.
    legend = [
        bars([None], [None], name=trace["name"], marker={"color": faded(look, "price", strength)}, hoverinfo="skip")
        | {"offsetgroup": trace["name"]}
        for trace, strength in zip(data, strengths(len(shown)), strict=True)
    ]
    return figure(
        look,
        [*data, *legend],
        barmode="group",
        bargap=0.25,
        bargroupgap=0.05,
        showlegend=True,
        xaxis=month_axis(compared.months[0].first, len(compared.months), look),
        yaxis=axis(look, look.text("cost.axis.euros"), rangemode="tozero", tickformat=",.0f"),
        annotations=[_part(month, shown, look) for month in compared.months if not month.is_whole],
        firm=margins(left=number_width(200), top=30, bottom=44),
    )


def zones_figure(frame: Frame, look: Look) -> Figure:
    """Each contract's energy by price zone, as shares of a bar; off-peak hours lighter, without a price hatched."""
    compared: Comparison = frame.notes["comparison"]
    data: list[dict[str, Any]] = []
    for contract in compared.contracts:
        found = zone_energy(contract)
        for zone, wh in found.items():
            share = float(100 * wh / compared.wh) if compared.wh else 0.0
            name = look.text(f"cost.zone.{zone}")
            text = f"{name} {look.percent(share / 100)}"
            data.append(
                bars(
                    [share],
                    [contract.tariff.name],
                    orientation="h",
                    name=name,
                    marker=_zone_marker(zone, look),
                    text=[text],
                    textposition="inside",
                    insidetextanchor="start",
                    textangle=0,
                    constraintext="inside",
                    textfont={"color": _zone_text(zone, look)},
                    hovertemplate=f"{contract.tariff.name}, {text}<br>{look.energy(float(wh))}<extra></extra>",
                )
            )
    return figure(
        look,
        data,
        barmode="stack",
        bargap=0.35,
        hovermode="closest",
        uniformtext={"mode": "hide", "minsize": 11},
        xaxis=axis(look, look.text("cost.axis.share"), range=[0, 100.5], dtick=20),
        yaxis=axis(look, autorange="reversed", type="category"),
    )


def month_axis(first: date, count: int, look: Look) -> dict[str, Any]:
    """An axis of months, each at its first day."""
    ticks: dict[str, Any] = {"type": "date", "tickformat": "%b\n%Y", "hoverformat": "%B %Y", "showgrid": False}
    return axis(look, **ticks | ({"tick0": f"{first}", "dtick": "M1"} if count < FEW_MONTHS else {}))


def strengths(count: int) -> list[float]:
    """How full the colour of each contract is: told apart by lightness, for any colour vision."""
    step = (1 - FAINTEST) / max(1, count - 1)
    return [round(1 - step * place, 3) for place in range(count)]


def _bars(contract: Contract, months: tuple[Month, ...], strength: float, look: Look) -> dict[str, Any]:
    violet = colour(look, "price")
    hatches = [not month.is_whole or not contract.bills[month.first].is_whole for month in months]
    fills = [faded(look, "price", strength) if month.is_whole else CLEAR for month in months]
    return bars(
        [month.first.isoformat() for month in months],
        [_amount(contract.bills[month.first]) for month in months],
        name=contract.tariff.name,
        offsetgroup=contract.tariff.name,
        showlegend=False,
        customdata=[_hover(contract, month, look) for month in months],
        hovertemplate="%{customdata}",
        marker={
            "color": fills,
            "line": {"color": violet, "width": 1},
            "pattern": hatched(hatches, colour(look, "missing"), fills),
        },
    )


def _amount(bill: MonthBill) -> float | None:
    return float(bill.euros) if bill.has_amount else None


def _hover(contract: Contract, month: Month, look: Look) -> str:
    found = contract.bills[month.first]
    text = look.text(
        "cost.hover",
        euros=look.money(float(found.euros)),
        energy=look.money(float(cents(found.for_energy))),
        standing=look.money(float(cents(found.standing))),
    )
    if found.unpriced:
        text = look.text("cost.hover.incomplete", hover=text, wh=look.energy(float(found.unpriced)))
    if not month.is_whole:
        part = look.text("cost.part", **_measured_days(month, look))
        text += "<br>" + look.text("cost.hover.measured", month=look.day(month.first, "MMMM y"), part=part)
    return text


def _measured_days(month: Month, look: Look) -> dict[str, str]:
    """measured, length: in days; never all of them with a hole in them."""
    length = round(month.whole / DAY_SECONDS)
    measured = min(round(month.covered / DAY_SECONDS, 1), length - 0.1)
    return {"measured": look.number(measured, 0 if measured.is_integer() else 1), "length": look.number(length)}


def _part(month: Month, shown: list[Contract], look: Look) -> dict[str, Any]:
    """Words over the bars of a month that is none, upright: they must not reach over the months beside it."""
    highest = max((_amount(contract.bills[month.first]) or 0.0 for contract in shown), default=0.0)
    text = look.text("cost.part", **_measured_days(month, look))
    where = {"xref": "x", "yref": "y", "x": f"{month.first}", "y": highest, "xanchor": "center", "yanchor": "bottom"}
    return words(text, textangle=-90, font={"size": 11, "color": colour(look, "quiet")}, yshift=3, **where)


def _zone_marker(zone: str, look: Look) -> dict[str, Any]:
    if zone == "unpriced":
        pattern = {"shape": "/", "fgcolor": colour(look, "missing"), "bgcolor": CLEAR, "size": 6}
        return {"color": CLEAR, "pattern": pattern, "line": {"color": colour(look, "missing"), "width": 1}}
    strength = 0.22 if _is_cheap(zone) else 0.85
    return {"color": faded(look, "price", strength), "line": {"color": colour(look, "paper"), "width": 1}}


def _is_cheap(zone: str) -> bool:
    """Off-peak hours, and the ordinary ones of a contract with peak days."""
    return zone.endswith("off_peak") or zone == "normal"


def _zone_text(zone: str, look: Look) -> str:
    return colour(look, "text" if zone == "unpriced" or _is_cheap(zone) else "paper")
