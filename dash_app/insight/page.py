"""The insight page: each statement, its curve, and how often such a statement was right, in that order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

import pandas as pd
from dash import html
from dash.development.base_component import Component

from sync.insight.grid import SLOTS
from sync.insight.unusual import A_YEAR

from ..kit.blocks import Block, Frame, Page
from ..kit.components import attributes, note, sentence
from ..kit.controls import named, segmented
from ..kit.figures import colour, faded
from ..kit.locale import Look
from ..kit.reader import Reader
from ..kit.static_html import Static
from ..kit.table import columns_in, table
from ..kit.tariffs import Steady
from ..kit.thumbnail import curves
from ..kit.view import View
from . import queries
from .figures import base_figure, recent_figure, tomorrow_figure
from .heating import heating_figure, heating_frame, heating_measured, heating_said
from .queries import BUDGETS, OTHER, Told

DAY = timedelta(days=1)
PARTS = ("night", "morning", "afternoon", "evening")  # of six hours each
FULL = "EEEE d MMMM y"


# --- tomorrow ---------------------------------------------------------------------------------------------------------


def tomorrow_said(frame: Frame, look: Look) -> Component:
    """The day's total with its band, what it costs, and what was known."""
    value, price = frame.notes["card"]["value"], frame.notes["price"]
    lines = [look.text("insight.lead", lead=value["lead"], last=look.day(_known_until(value), FULL))]
    if isinstance(price, Steady):
        lines.append(price.unpriced(look))
    elif price:
        kind = "example" if price.tariff.is_example else "own"
        ends = {"low": look.money(float(price.low)), "high": look.money(float(price.high))}
        lines.append(look.text(f"insight.price.{kind}", name=price.tariff.name, **ends))
    return html.Div([sentence(headline(frame, look)), *map(note, lines)])


def headline(frame: Frame, look: Look) -> str:
    """The day, its total with the band, its price, in one sentence."""
    value, price, today = (frame.notes["card"]["value"], frame.notes["price"], frame.notes["today"])
    day = date.fromisoformat(value["day"])
    name = {today: "today", today + DAY: "tomorrow"}.get(day, "later")
    named_day = look.text(f"insight.day.{name}", day=look.day(day, FULL))
    if value["total_wh"] is None:
        return look.text("insight.said.no_total", day=named_day)
    total = look.energy(round(value["total_wh"]))
    if value["total_low"] is None or value["total_high"] is None:
        return look.text("insight.said.bare", day=named_day, total=total)
    ends = {"low": look.energy(round(value["total_low"])), "high": look.energy(round(value["total_high"]))}
    said = {"day": named_day, "total": total} | ends
    return (
        look.text("insight.said.priced", euros=look.money(float(price.euros)), **said)
        if isinstance(price, queries.Price)
        else look.text("insight.said", **said)
    )


def _known_until(value: Mapping[str, Any]) -> date:
    day = date.fromisoformat(value["day"])
    return day - timedelta(days=value["lead"])


def tomorrow_measured(frame: Frame, look: Look) -> Component:
    """How good such forecasts have been."""
    measured = frame.notes["card"]["measured"]
    if measured["skill_week"] is None or measured["skill_median"] is None:
        return note(look.text("insight.same"))
    shares = {
        name: look.percent(measured[name], 0) for name in ("coverage", "total_coverage") if measured[name] is not None
    }
    lines = [look.text("insight.measured", days=measured["days"], **_skills(measured, look))]
    if len(shares) == 2:
        lines.append(look.text("insight.held", days=shares["total_coverage"], halves=shares["coverage"]))
    return html.Div([note(each) for each in lines])


def _skills(measured: Mapping[str, Any], look: Look) -> dict[str, str]:
    return {name: nearer(measured[f"skill_{name}"], look) for name in ("week", "median")}


def nearer(skill: float | None, look: Look) -> str:
    """`27% nearer`, `3% farther off`."""
    if skill is None:
        return "–"
    return look.text(f"insight.{'nearer' if skill >= 0 else 'farther'}", share=look.percent(abs(skill), 0))


def day_choice(reader: Reader, view: View, look: Look) -> Component:
    """Which of the two days that are forecast."""
    home = queries.home_of(reader, view)
    if home is None or "why" in queries.forecast_of(home, view):
        return html.Div()
    first, other = queries.leads(home)
    both = sorted(((first, "standard"), (other, OTHER)))
    choices = [{"value": name, "label": look.day(queries.forecast_day(home, lead), "EEE d MMM")} for lead, name in both]
    return segmented("forecast", choices, view.one_of("forecast", ("standard", OTHER)), look.text("insight.choice.day"))


def recent_said(frame: Frame, look: Look) -> Component:
    """How many days came out within their band."""
    known = frame.table.dropna()
    inside = known[(known["came_kwh"] >= known["low_kwh"]) & (known["came_kwh"] <= known["high_kwh"])]
    return sentence(look.text("insight.recent.said", inside=len(inside), count=len(known)))


def recent_measured(frame: Frame, look: Look) -> Component:
    """Skill and coverage by part of the day, over up to a year."""
    measured = frame.notes["card"]["measured"]
    rows = [
        [look.text(f"insight.part.{name}"), *_scored(part, look)]
        for name, part in zip(("day", *PARTS), (measured, *measured["parts"]), strict=True)
    ]
    head = columns_in("insight.parts", ("part", "miss", "week", "median", "held"), look)
    title = look.text("insight.parts.name", days=measured["days"])
    return html.Div([note(title), table(title, head, rows, frozenset({1, 2, 3, 4}))])


def _scored(part: Mapping[str, Any], look: Look) -> list[str]:
    skills = [_share(part[name], look) for name in ("skill_week", "skill_median")]
    miss = "–" if part["mae"] is None else look.power(round(2 * part["mae"]))
    held = "–" if part["coverage"] is None else look.percent(part["coverage"], 0)
    return [miss, *skills, held]


def _share(skill: float | None, look: Look) -> str:
    """`−27%`: how much smaller the miss is."""
    return "–" if skill is None else f"{'−' if skill >= 0 else '+'}{look.percent(abs(skill), 0)}"


# --- base load --------------------------------------------------------------------------------------------------------


def base_said(frame: Frame, look: Look) -> Component:
    """W, kWh and € a year; each step with its day."""
    value, cost = frame.notes["card"]["value"], frame.notes["cost"]
    numbers = {"power": look.power(round(value["watts"])), "energy": look.energy(round(1000 * value["kwh_a_year"]))}
    lines = [look.text("insight.base.rule")]
    if cost is None or cost.euros is None:
        said = look.text("insight.base.said", **numbers)
        lines += [cost.unpriced(look)] if cost else []
    else:
        said = look.text("insight.base.priced", euros=look.money(float(cost.euros)), **numbers)
        kind = "example" if cost.tariff.is_example else "own"
        lines.append(look.text(f"insight.base.{kind}", name=cost.tariff.name))
    return html.Div([sentence(said), *map(note, lines)])


def base_measured(frame: Frame, look: Look) -> Component:
    """The steps, newest first, and how well such are found."""
    card = frame.notes["card"]
    steps = [
        html.Li(
            look.text(
                "insight.base.step",
                day=look.day(date.fromisoformat(step["day"]), "long"),
                before=look.power(round(step["before"])),
                after=look.power(round(step["after"])),
                change=_signed(step["after"] - step["before"], look),
            )
        )
        for step in reversed(card["value"]["steps"])
    ]
    dated = {
        f"at{name.removesuffix(' W')}": look.percent(share, 0)
        for name, share in card["measured"]["steps_dated"].items()
    }
    told = html.Ul(steps, className="steps") if steps else note(look.text("insight.base.steady"))
    return html.Div([told, note(look.text("insight.base.measured", **dated))])


def _signed(watts: float, look: Look) -> str:
    return f"{'−' if watts < 0 else '+'}{look.power(abs(round(watts)))}"


# --- what was unusual -------------------------------------------------------------------------------------------------


def unusual_body(frame: Frame, look: Look) -> Component:
    """The messages of a budget, newest first, each with its curve before the usual one and how reliable it is."""
    told: list[Told] = frame.notes["told"]
    grid = frame.notes["grid"]
    days = {"first": look.day(grid.first, "long"), "last": look.day(grid.end - DAY, "long")}
    rule = look.text("insight.unusual.rule", budget=frame.notes["budget"], **days)
    rows = [html.Li(_told(each, frame.notes["ours"], frame.notes["card"], look)) for each in told]
    return html.Div([sentence(unusual_headline(told, look)), note(rule), html.Ul(rows, className="told")])


def unusual_headline(told: list[Told], look: Look) -> str:
    """How many there are, without those that were the reader's own doing."""
    count = sum(not each.is_ours for each in told)
    return look.text(f"insight.unusual.{'none' if not count else 'one' if count == 1 else 'some'}", count=count)


def _told(told: Told, marks: Sequence[str], card: Mapping[str, Any], look: Look) -> list[Component]:
    others = [mark for mark in marks if mark != told.mark]
    toggled = ",".join(others if told.is_ours else [*marks, told.mark])
    [(what, share)] = card["measured"]["recall"][told.message.test].items()
    kept = {"what": look.text(f"insight.event.{told.message.test}"), "share": look.percent(share, 0)}
    pressed = attributes(data_pick=toggled, aria_pressed="true" if told.is_ours else "false", title=what)
    return [
        html.H3(told_text(told, look), className="ours" if told.is_ours else ""),
        curve_picture(told, look),
        note(_legend(told, look)),
        note(look.text("insight.unusual.measured", rate=_years(told.message.rate, look), **kept)),
        html.Button(look.text("insight.ours"), type="button", className="mark", **pressed),
    ]


def told_text(told: Told, look: Look) -> str:
    """A message in words."""
    size = told.message.size
    numbers = {
        "power": look.power(round(size)),
        "energy": look.energy(round(size)),
        "hours": look.number(size / 2, 0 if size % 2 == 0 else 1),
        "share": look.percent(min(1.0, max(0.0, size)), 0),
        "way": look.text(f"insight.way.{'later' if size > 0 else 'earlier'}"),
    }
    days = {"day": look.day(told.end - DAY, "long"), "since": look.day(told.first, "long")}
    return look.text(f"insight.unusual.{told.message.test}", **numbers, **days)


def _years(rate: float, look: Look) -> str:
    """`once in 4 years`, `1.4 times a year`."""
    if rate >= 1:
        return look.text("insight.rate.year", times=look.number(rate, 1))
    if rate > A_YEAR[-1]:
        return look.text("insight.rate.years", years=look.number(1 / rate, 1))
    return look.text("insight.rate.rare", years=round(1 / A_YEAR[-1]))  # what was counted, and not what follows from it


def curve_picture(told: Told, look: Look) -> Static:
    """Its days before the usual ones; the days that it is about are tinted."""
    curve = told.curve
    behind = (curve.usual.tolist(), faded(look, "regular", 0.45))
    return curves(look, (curve.came.tolist(), colour(look, "consumption")), behind, curve.window)


def _legend(told: Told, look: Look) -> str:
    known = [float(each) for each in told.curve.came if pd.notna(each)]
    top = look.power(round(max(known, default=0.0)))
    if len(told.curve.came) == SLOTS and told.message.test == "clock":
        return look.text("insight.legend.clock", top=top)
    return look.text("insight.legend", days=look.days(told.curve.first, told.curve.end), top=top)


def budget_choice(_reader: Reader, view: View, look: Look) -> Component:
    """How many messages a year."""
    chosen = view.one_of("budget", BUDGETS)
    title = look.text("insight.choice.budget")
    return named(title, segmented("budget", sorted(BUDGETS, key=int), chosen, title))


PAGE = Page(
    name="insight",
    icon="bulb",
    has_period=False,
    ahead=queries.is_stored,
    options={"forecast": "standard", "budget": BUDGETS[0], "ours": ""},
    shared=(),
    blocks=(
        Block(
            "insight-tomorrow",
            queries.tomorrow_frame,
            figure=tomorrow_figure,
            above=tomorrow_said,
            below=tomorrow_measured,
            wide=True,
            height=340,
            controls=day_choice,
            options=("forecast",),
        ),
        Block(
            "insight-recent",
            queries.recent_frame,
            figure=recent_figure,
            above=recent_said,
            below=recent_measured,
            options=("forecast",),
        ),
        Block("insight-base", queries.base_frame, figure=base_figure, above=base_said, below=base_measured),
        Block(
            "insight-unusual",
            queries.unusual_frame,
            body=unusual_body,
            wide=True,
            controls=budget_choice,
            picks="ours",
            options=("budget", "ours"),
        ),
        Block(
            "insight-heating",
            heating_frame,
            figure=heating_figure,
            above=heating_said,
            below=heating_measured,
            wide=True,
        ),
    ),
)
