"""Cost: contracts side by side, over what was measured. Prices are the user's; the shipped ones are examples."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from fractions import Fraction

from dash import html
from dash.development.base_component import Component

from sync.model.window import runs
from sync.tariffs.bill import MonthBill, cents
from sync.tariffs.model import PEAK, PriceList, Tariff

from ..kit.blocks import Block, Frame, Page
from ..kit.components import KeyFigure, key_figures, note, sentence, warning
from ..kit.locale import Look
from ..kit.table import columns_in, table
from ..kit.ticks import hours_text
from . import queries
from .figures import months_figure, zones_figure
from .power import power_figure, power_frame, power_measured, power_said
from .solar import solar_figure, solar_frame, solar_measured, solar_said
from .window import day_figure, window_body, window_frame

SHOWN_RUNS = 3
DAY_SECONDS = 86_400


# --- the answer -------------------------------------------------------------------------------------------------------


def answer_body(frame: Frame, look: Look) -> Component:
    """The cheapest contract in one sentence, each with its sum, and what has to be known about the prices."""
    compared: queries.Comparison = frame.notes["comparison"]
    ranked = queries.ranking(compared) if compared.can_be_ranked else []
    period = look.text(
        "cost.period",
        start=look.day(compared.start, "long"),
        end=look.day(compared.end - timedelta(days=1), "long"),
        energy=look.energy(float(compared.wh)),
        covered=look.covered(queries.covered_share(compared.months)),
    )
    figures = [*_sums(compared, ranked, look), *_off_peak(compared, look)]
    lines = [warning(text) for text in _warnings(compared, look)]
    return html.Div([sentence(headline(compared, ranked, look)), note(period), key_figures(figures), *lines])


def headline(compared: queries.Comparison, ranked: queries.Rank, look: Look) -> str:
    """The cheapest contract in one sentence, or why there is none."""
    if not compared.can_be_ranked:
        measured = sum(month.covered for month in compared.months) // DAY_SECONDS
        return look.text("cost.too_little", measured=measured, days=(compared.end - compared.start).days)
    if not ranked:
        return look.text("cost.none")
    (first, least), *others = ranked
    name, money = first.tariff.name, look.money(float(least))
    if not others:
        return look.text("cost.only", name=name, euros=money)
    second, more = others[0]
    if more == least:
        return look.text("cost.equal", name=name, other=second.tariff.name, euros=money)
    difference = look.money(float(more - least))
    return look.text("cost.cheapest", name=name, euros=money, difference=difference, other=second.tariff.name)


def _sums(compared: queries.Comparison, ranked: queries.Rank, look: Look) -> list[KeyFigure]:
    found: list[KeyFigure] = []
    for contract in compared.contracts:
        if not contract.is_whole:
            energy = look.energy(float(_unpriced(contract)))
            text = look.text("cost.not_compared", energy=energy)
        elif not ranked:
            text = ""
        elif contract is ranked[0][0]:
            text = look.text("cost.is_cheapest") if len(ranked) > 1 else ""
        else:
            more = look.money(float(queries.euros(contract) - ranked[0][1]))
            text = look.text("cost.more", euros=more, name=ranked[0][0].tariff.name)
        found.append((contract.tariff.name, _sum(contract, look), text))
    return found


def _sum(contract: queries.Contract, look: Look) -> str:
    """Its bills added up; with a star when energy without a price is left out, a dash when all of it is."""
    if not any(each.has_amount for each in contract.bills.values()):
        return "–"
    return look.money(float(queries.euros(contract))) + ("" if contract.is_whole else "*")


def _off_peak(compared: queries.Comparison, look: Look) -> list[KeyFigure]:
    """Share of the energy in off-peak hours of each such contract, and what moving 1 kWh a day would have brought."""
    found: list[KeyFigure] = []
    for contract in compared.contracts:
        name = contract.tariff.name
        zones = queries.zone_energy(contract)
        if contract.tariff.kind == PEAK:
            off_peak = zones.get("off_peak", 0)
            whole = sum(zones.values(), start=0)
            share = look.percent(float(off_peak / whole) if whole else 0.0)
            parts = {"energy": look.energy(float(off_peak)), "whole": look.energy(float(whole))}
            found.append((look.text("cost.off_peak.label", name=name), share, look.text("cost.off_peak.note", **parts)))
        if contract.tariff.has_off_peak and contract.is_whole:
            saved = sum((each.saved for each in contract.bills.values()), start=Fraction(0))
            label = look.text("cost.moved.label", name=name)
            found.append((label, look.money(float(cents(saved))), look.text("cost.moved.note")))
    return found


def _warnings(compared: queries.Comparison, look: Look) -> list[str]:
    found = []
    if examples := [each.tariff for each in compared.contracts if each.tariff.is_example]:
        found.append(look.text("cost.examples", source=_source(examples[0], look).partition(":")[2].strip()))
    for contract in compared.contracts:
        tariff = contract.tariff
        found += [look.text("cost.calendar", name=tariff.name, problem=problem) for problem in contract.problems]
        bills = contract.bills.values()
        if without := [day for each in bills for day in each.without_colour]:
            # A Tempo day reaches into the next month: it may stand in two bills.
            text = _left_out(sorted(set(without)), bills, look)
            file = tariff.calendar.name if tariff.calendar else look.text("cost.no_calendar", kind=tariff.kind)
            found.append(look.text(f"cost.unknown.{tariff.kind}", name=tariff.name, file=file, **text))
        if without := [day for each in bills for day in each.without_price]:
            found.append(look.text("cost.priceless", name=tariff.name, **_left_out(without, bills, look)))
    return found


def _left_out(days: Sequence[date], bills: Iterable[MonthBill], look: Look) -> dict[str, str]:
    stretches = [look.stretch(run.start, run.end) for run in runs(days, longest=100_000)]
    shown = ", ".join(stretches[:SHOWN_RUNS]) + (" …" if len(stretches) > SHOWN_RUNS else "")
    energy = sum((each.unpriced for each in bills), start=0)
    return {"count": look.number(len(days)), "days": shown, "energy": look.energy(float(energy))}


def _unpriced(contract: queries.Contract) -> float:
    return float(sum((each.unpriced for each in contract.bills.values()), start=0))


# --- tables -----------------------------------------------------------------------------------------------------------


def bills_body(frame: Frame, look: Look) -> Component:
    """A row a month: each contract, the cheapest, and how much less than the dearest it is."""
    compared: queries.Comparison = frame.notes["comparison"]
    names = [each.tariff.name for each in compared.contracts]
    first, last = (columns_in("cost", of, look) for of in (("month", "days", "measured"), ("cheapest", "difference")))
    rows = [_bill_row(compared, month, look) for month in compared.months]
    ranked = queries.ranking(compared) if compared.can_be_ranked else []
    covered = look.covered(queries.covered_share(compared.months))
    days = look.number((compared.end - compared.start).days)
    sums = [_sum(each, look) for each in compared.contracts]
    rows.append([look.text("cost.whole"), days, covered, *sums, *_cheapest(ranked, look)])
    numeric = frozenset({1, 2, *range(3, 3 + len(names)), 4 + len(names)})
    found = table(look.text("cost.bills.title"), [*first, *names, *last], rows, numeric, kinds={len(rows) - 1: "sum"})
    return html.Div([found, note(look.text("cost.rounding"))])


def _bill_row(
    compared: queries.Comparison, month: queries.Month, look: Look
) -> list[str | Component | list[str | Component]]:
    money = []
    for contract in compared.contracts:
        found = contract.bills[month.first]
        money.append(look.money(float(found.euros)) + ("" if found.is_whole else "*") if found.has_amount else "–")
    share: str | Component = look.covered(month.covered / month.expected)
    if not month.is_measured:
        share = html.Span(share, className="hatched")
    days = look.number((month.end - month.start).days)
    length = round(month.whole / DAY_SECONDS)
    if (month.end - month.start).days < length:
        days = look.text("cost.days_of", days=days, length=length)
    ranked = queries.ranking(compared, month.first) if month.can_be_ranked else []
    return [look.day(month.first, "MMMM y"), days, share, *money, *_cheapest(ranked, look)]


def _cheapest(ranked: queries.Rank, look: Look) -> list[str]:
    """Name of the cheapest (of all that cost as little) and its difference to the dearest; dashes for less than two."""
    if len(ranked) < 2:
        return ["–", "–"]
    names = [contract.tariff.name for contract, money in ranked if money == ranked[0][1]]
    return [" = ".join(names), look.money(float(ranked[-1][1] - ranked[0][1]))]


def prices_body(frame: Frame, look: Look) -> Component:
    """Every price with its validity and source."""
    tariffs: tuple[Tariff, ...] = frame.notes["tariffs"]
    columns = ("contract", "valid", "hours", "zone", "kwh", "standing", "source")
    rows = [
        [
            tariff.name,
            _validity(prices, look),
            _hours(prices, look) or "–",
            look.text(f"cost.zone.{zone}"),
            look.number(float(price), max(4, -int(price.as_tuple().exponent))),
            look.number(float(prices.standing), 2),
            _source(tariff, look),
        ]
        for tariff in tariffs
        for prices in tariff.prices
        for zone, price in prices.per_kwh
    ]
    head = columns_in("cost", columns, look)
    kinds = dict.fromkeys(tariff.kind for tariff in tariffs if tariff.rules.has_calendar)
    lines = [note(look.text(f"cost.rules.{kind}")) for kind in kinds]
    if frame.notes["shared"]:
        lines.append(note(look.text("cost.shared", count=frame.notes["shared"])))
    return html.Div([table(look.text("cost.prices.title"), head, rows, frozenset({4, 5})), *lines])


def _hours(prices: PriceList, look: Look) -> str:
    """Its off-peak hours; of several seasons each with its first day."""
    if not prices.seasons:
        return hours_text(prices.off_peak)
    firsts = [look.day(date(2001, *first), look.text("cost.season.form")) for first, _ in prices.seasons]
    texts = [hours_text(hours) for _, hours in prices.seasons]
    return "; ".join(
        look.text("cost.season", start=start, hours=hours) for start, hours in zip(firsts, texts, strict=True)
    )


def _validity(prices: PriceList, look: Look) -> str:
    start, end = look.day(prices.start), look.day(prices.end - timedelta(days=1))
    if prices.start == date.min and prices.end == date.max:
        return look.text("cost.always")
    if prices.start == date.min:
        return look.text("cost.until", end=end)
    if prices.end == date.max:
        return look.text("cost.from", start=start)
    return look.text("cost.between", start=start, end=end)


def _source(tariff: Tariff, look: Look) -> str:
    """The user's own words; those of a shipped tariff in the reader's language."""
    return look.text("cost.example_source") if tariff.source == Look().text("cost.example_source") else tariff.source


PAGE = Page(
    name="cost",
    icon="coins",
    blocks=(
        Block("cost-answer", queries.contracts_frame, body=answer_body, wide=True),
        Block("cost-months", queries.bills_frame, figure=months_figure, wide=True, height=360),
        Block("cost-bills", queries.bills_frame, body=bills_body, wide=True),
        Block("cost-window", window_frame, body=window_body, wide=True),
        Block("cost-day", window_frame, figure=day_figure, wide=True, height=260),
        Block(
            "cost-power",
            power_frame,
            figure=power_figure,
            above=power_said,
            below=power_measured,
            wide=True,
            height=260,
        ),
        Block(
            "cost-solar",
            solar_frame,
            figure=solar_figure,
            above=solar_said,
            below=solar_measured,
            wide=True,
            height=300,
        ),
        Block("cost-zones", queries.zones_frame, figure=zones_figure, wide=True, height=240),
        Block("cost-prices", queries.prices_frame, body=prices_body, wide=True, empty="shell.empty"),
    ),
)
