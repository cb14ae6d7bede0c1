"""Figures of what is said of many homes together, each with the sentence above it and how good such are below. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np
from dash import html
from dash.development.base_component import Component

from sync.fleet.names import PERCENTILES
from sync.insight.together import Ahead
from sync.insight.unusual import TESTS, YEAR

from ..kit.blocks import Frame
from ..kit.components import named_figures, note, sentence
from ..kit.figures import Figure, axis, bars, colour, faded, figure, hatched, hover, scatter, words
from ..kit.lines import DASHES, MIDDLES, by_slot, half_hour, hours_axis, ribbon, slot_line
from ..kit.locale import Look
from .figures import marks
from .queries import KINDS, Real, quantile
from .queries_insight import BUDGET, LETTERS, SHARES, Habits

STABLE = 0.6  # rank correlation between the halves of a year, less is no habit
OF_METERS = ("stuck", "lump", "clock")
"""Tests made for what happens to meters; the others are made for homes."""
TICKS = 4  # on the axis of weeks
ROW, TOP = 74, 30  # px of a row, and above the first


# --- the day ahead ----------------------------------------------------------------------------------------------------


def ahead_answer(frame: Frame, look: Look) -> Component:
    """The total with its band, and how good such were beside the simple ways."""
    found: Ahead = frame.notes["ahead"]
    ends = {name: look.energy(wh) for name, wh in (("low", found.total_low), ("high", found.total_high))}
    said = {"day": look.day(found.day, "EEE d MMM y"), "homes": found.homes, "total": look.energy(found.total)}
    rows = [
        (name, look.percent(getattr(found.errors["forecast"], name)), _beside(found, name, look))
        for name in ("half_hours", "days")
        if np.isfinite(getattr(found.errors["forecast"], name))
    ]
    inside = look.text("fleet.ahead.scored", days=found.days)
    rows.append(("coverage", look.percent(found.coverage), inside))
    return html.Div(
        [sentence(look.text("fleet.ahead.answer", **said, **ends)), named_figures("fleet.ahead.keys", rows, look)]
    )


def _beside(found: Ahead, name: str, look: Look) -> str:
    simple = {way: look.percent(getattr(found.errors[way], name)) for way in ("week", "median")}
    return look.text("fleet.ahead.beside", **simple)


def ahead_figure(frame: Frame, look: Look) -> Figure:
    """The fan of 80 %, the same day a week before, and what came where it is stored."""
    rows = frame.table
    low, high = (by_slot(rows, f"{name}_kwh") for name in ("low", "high"))
    band = {"line": {"width": 0, "color": colour(look, "consumption")}, "name": look.text("fleet.ahead.band")}
    data = [ribbon(MIDDLES, low, high, fillcolor=faded(look, "consumption", 0.22), **band)]
    styles = {
        "week_before": {"color": colour(look, "quiet"), "dash": "dot", "width": 1.5},
        "forecast": {"color": colour(look, "consumption"), "width": 2.2},
        "came": {"color": colour(look, "text"), "width": 2, "dash": "dash"},
    }
    for name, line in styles.items():
        if f"{name}_kwh" in rows:
            values = by_slot(rows, f"{name}_kwh")
            texts = [
                ""
                if each is None
                else look.text("fleet.ahead.hover", when=half_hour(slot), wh=look.energy(each * 1000))
                for slot, each in enumerate(values)
            ]
            data.append(slot_line(values, texts, line, name=look.text(f"fleet.ahead.{name}")))
    return figure(
        look,
        data,
        showlegend=True,
        hovermode="closest",
        xaxis=hours_axis(look, look.text("fleet.axis.hour")),
        yaxis=axis(look, look.text("fleet.ahead.axis"), rangemode="tozero", fixedrange=True),
    )


def ahead_note(_frame: Frame, look: Look) -> Component:
    """With which lead, and what the errors are."""
    return note(look.text("fleet.ahead.note"))


# --- archetypes -------------------------------------------------------------------------------------------------------


def archetype_name(habits: Habits, place: int, look: Look) -> str:
    """`A: most at 19:00`."""
    weekend, slot = habits.peaks[place]
    key = "fleet.archetypes.weekend" if weekend else "fleet.archetypes.weekday"
    return look.text(key, letter=LETTERS[place], when=f"{slot // 2:02d}:{slot % 2 * 30:02d}")


def archetypes_figure(frame: Frame, look: Look) -> Figure:
    """Weekdays beside weekends, on one scale; a line an archetype, told apart by its dashes as well."""
    table, habits = frame.table, frame.notes["habits"]
    top = float(table["times_mean"].max()) * 1.06
    data: list[dict[str, Any]] = []
    axes: dict[str, Any] = {}
    notes = []
    for panel, kind in enumerate(KINDS):
        number, across = ("", [0, 0.47]) if not panel else ("2", [0.53, 1])
        for place, letter in enumerate(LETTERS):
            rows = table[(table["archetype"] == letter) & (table["days"] == kind)]
            values = by_slot(rows, "times_mean")
            texts = [
                look.text("fleet.archetypes.hover", when=half_hour(slot), times=look.number(each or 0, 2))
                for slot, each in enumerate(values)
            ]
            line = {"color": faded(look, "consumption", 1 - 0.18 * place), "dash": DASHES[place], "width": 2}
            own = {"name": archetype_name(habits, place, look), "legendgroup": letter, "showlegend": not panel}
            data.append(slot_line(values, texts, line, **own) | {"xaxis": f"x{number}", "yaxis": f"y{number}"})
        hours = hours_axis(look, look.text("fleet.axis.hour"))
        axes[f"xaxis{number}"] = hours | {"domain": across, "anchor": f"y{number}"}
        title = "" if panel else look.text("fleet.archetypes.axis")
        axes[f"yaxis{number}"] = axis(look, title, range=[0, top], anchor=f"x{number}", fixedrange=True)
        corner = {"x": across[0], "y": 1, "xanchor": "left", "yanchor": "bottom"}
        notes.append(words(f"<b>{look.text(f'fleet.profile.{kind}')}</b>", **corner))
    legend = {"orientation": "h", "x": 0, "y": 1.08, "yanchor": "bottom"}
    return figure(
        look,
        data,
        **axes,
        annotations=notes,
        legend=legend,
        showlegend=True,
        hovermode="closest",
        margin={"l": 8, "r": 8, "t": 84, "b": 8},
    )


def shares_figure(frame: Frame, look: Look) -> Figure:
    """A row an archetype: the homes' outer tenths as a thin line, the middle half as a thick one, the median a dot."""
    habits: Habits = frame.notes["habits"]
    data, notes = [], []
    for place, column in enumerate(SHARES):
        shares = frame.table[column].to_numpy(dtype=np.float64)
        spread = {percent: quantile(shares, percent) for percent in PERCENTILES}
        for low, high, ink, width in ((10, 90, 1.0, 2), (25, 75, 0.55, 12)):
            line = {"color": faded(look, "consumption", ink), "width": width}
            ends = [round(100 * spread[each], 2) for each in (low, high)]
            data.append(scatter("lines", ends, [place, place], line=line, hoverinfo="skip"))
        data.append(_median(place, spread, habits, look))
        title = f"<b>{archetype_name(habits, place, look)}</b><br>{_stability(habits, place, look)}"
        notes.append(
            words(title, xref="paper", yref="y", x=0, y=place)
            | {"xanchor": "left", "yanchor": "bottom", "yshift": 10, "font": {"size": 12}}
        )
    suffix = look.raw_text("unit.percent")
    return figure(
        look,
        data,
        hovermode="closest",
        height=TOP + ROW * len(SHARES) + 90,
        annotations=notes,
        xaxis=axis(look, look.text("fleet.shares.axis"), range=[0, 100], ticksuffix=suffix, fixedrange=True),
        yaxis=axis(look, range=[len(SHARES) - 0.55, -0.75], visible=False, fixedrange=True),
    )


def _median(place: int, spread: Mapping[int, float], habits: Habits, look: Look) -> dict[str, Any]:
    told = {f"p{percent}": look.percent(share, 0) for percent, share in spread.items()}
    text = look.text("fleet.shares.hover", name=archetype_name(habits, place, look), **told)
    return scatter(
        "markers+text",
        [round(100 * spread[50], 2)],
        [place],
        text=[told["p50"]],
        textposition="bottom center",
        textfont={"size": 11, "color": colour(look, "quiet")},
        marker={"size": 12, "color": colour(look, "text"), "line": {"color": colour(look, "paper"), "width": 2}},
        **hover([text]),
    )


def _stability(habits: Habits, place: int, look: Look) -> str:
    found = float(habits.found.stability[place])
    key = "fleet.shares.stable" if found >= STABLE else "fleet.shares.unstable"
    return look.text(key, order="–" if np.isnan(found) else look.number(found, 2))


def shares_note(frame: Frame, look: Look) -> Component:
    """Of how many homes, and what the numbers behind the names are."""
    return _counted("fleet.shares.note", frame, look)


def _counted(key: str, frame: Frame, look: Look, **more: object) -> Component:
    counts = {name: frame.notes[name] for name in ("counted", "homes")}
    return note(look.text(key, **counts, **more))


# --- how well each home can be forecast -------------------------------------------------------------------------------


def skill_answer(frame: Frame, look: Look) -> Component:
    """The median home and the outer tenths."""
    spread = frame.notes["quantiles"]["skill_week"]
    return sentence(look.text("fleet.skill.answer", **{f"p{each}": _better(spread[each], look) for each in spread}))


def skill_figure(frame: Frame, look: Look) -> Figure:
    """A bar a bin, the first one hatched when it is open; median and outer tenths as lines."""
    edges: Real = frame.notes["edges"]
    rows = frame.table.to_dict("records")
    is_open = bool(np.isnan(rows[0]["from_pct"] or 0.0)) or rows[0]["from_pct"] is None
    width = float(edges[1] - edges[0])
    drawn = bars(
        np.round(100 * (edges[:-1] + width / 2), 3).tolist(),
        frame.table["households"].tolist(),
        width=94 * width,
        marker={
            "color": faded(look, "consumption", 0.75),
            "pattern": hatched([is_open, *[False] * (len(rows) - 1)], colour(look, "consumption")),
        },
        **hover([_bin_text(row, is_open and not place, look) for place, row in enumerate(rows)]),
    )
    spread = frame.notes["quantiles"]["skill_week"]
    places = {percent: round(100 * max(at, float(edges[0])), 3) for percent, at in spread.items()}
    shapes, notes = marks(places, _better(spread[50], look), look)
    return figure(
        look,
        [drawn],
        hovermode="closest",
        shapes=shapes,
        annotations=notes,
        margin={"l": 8, "r": 12, "t": 40, "b": 8},
        xaxis=axis(look, look.text("fleet.skill.axis"), ticksuffix=look.raw_text("unit.percent"), showgrid=False),
        yaxis=axis(look, look.text("fleet.axis.households"), rangemode="tozero", tickformat=",d"),
    )


def _bin_text(row: Mapping[Any, Any], is_open: bool, look: Look) -> str:
    ends = {"low": "" if is_open else _better(row["from_pct"] / 100, look), "high": _better(row["to_pct"] / 100, look)}
    key = "fleet.skill.below" if is_open else "fleet.skill.hover"
    return look.text(key, **ends, count=row["households"])


def _better(share: float, look: Look) -> str:
    return look.percent(share, 0).replace("-", "−")


def skill_note(frame: Frame, look: Look) -> Component:
    """The same over the second baseline, and what the bands held."""
    median = _better(frame.notes["quantiles"]["skill_median"][50], look)
    return _counted("fleet.skill.note", frame, look, median=median, coverage=look.percent(frame.notes["coverage"], 0))


# --- what was unusual at once -----------------------------------------------------------------------------------------


def unusual_answer(frame: Frame, look: Look) -> Component:
    """The week with the most messages beside what homes raise by themselves."""
    table = frame.table
    if not int(table["messages"].sum()):
        return sentence(look.text("fleet.unusual.none"))
    top = table.iloc[int((table["messages"] - table["by_themselves"]).to_numpy().argmax())]
    said = {"day": look.day(top["from"], "d MMM y"), "count": int(top["messages"])}
    expected = look.significant(float(top["by_themselves"]), 2)
    return sentence(look.text("fleet.unusual.answer", **said, expected=expected))


def unusual_figure(frame: Frame, look: Look) -> Figure:
    """Bars by week, of homes and of meters, and the line that homes reach by themselves."""
    table = frame.table
    weeks: list[date] = table["from"].tolist()
    at = [each.isoformat() for each in weeks]
    kinds = {
        "homes": ([test for test in TESTS if test not in OF_METERS], faded(look, "consumption", 0.75)),
        "meters": (list(OF_METERS), colour(look, "warning")),
    }
    data = []
    for name, (tests, ink) in kinds.items():
        counts = table[[f"messages_{test}" for test in tests]].sum(axis=1).tolist()
        texts = [
            look.text(
                "fleet.unusual.hover",
                day=look.day(week, "d MMM y"),
                count=count,
                kind=look.text(f"fleet.unusual.{name}"),
            )
            for week, count in zip(weeks, counts, strict=True)
        ]
        data.append(bars(at, counts, name=look.text(f"fleet.unusual.{name}"), marker={"color": ink}, **hover(texts)))
    line = {"color": colour(look, "text"), "width": 1.5, "dash": "dash"}
    usual = {"name": look.text("fleet.unusual.usual"), "line": line, "hoverinfo": "skip"}
    data.append(scatter("lines", at, table["by_themselves"].tolist(), **usual))
    return figure(
        look,
        data,
        barmode="stack",
        showlegend=True,
        hovermode="closest",
        xaxis=axis(look, showgrid=False, **_week_ticks(weeks, look)),
        yaxis=axis(look, look.text("fleet.unusual.axis"), rangemode="tozero", tickformat=",d"),
    )


def _week_ticks(weeks: Sequence[date], look: Look) -> dict[str, Any]:
    """So few that they stand beside each other on a phone."""
    named = weeks[:: -(-len(weeks) // TICKS)]
    form = "d MMM" if (weeks[-1] - weeks[0]).days < YEAR else "MMM y"
    texts = [look.day(each, form) for each in named]
    return {"type": "date", "tickvals": [each.isoformat() for each in named], "ticktext": texts, "tickangle": 0}


def unusual_note(frame: Frame, look: Look) -> Component:
    """All of them beside what was to be expected, and what such messages are worth."""
    expected = look.significant(float(frame.table["by_themselves"].sum()), 2)
    told = {"messages": int(frame.table["messages"].sum()), "weeks": len(frame.table), "expected": expected}
    return _counted("fleet.unusual.note", frame, look, **told, budget=look.number(BUDGET))
