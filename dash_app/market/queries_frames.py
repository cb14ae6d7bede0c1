"""The frames of the market page: what each card holds."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import numpy as np
import pandas as pd

from ..hours.queries import (
    HOUR_MS,
    MWH,
    Real,
    day_energy,
    day_prices,
    day_share,
    day_sums,
    local_iso,
    mean_of,
    prices_of,
    span_of,
)
from ..kit.blocks import Frame
from ..kit.reader import ZONES, Reader
from ..kit.view import View
from .queries import (
    LONGEST_HOURLY,
    RECENT_HOURS,
    SOURCE,
    STANDARDS,
    TABLE_DAYS,
    capture,
    covered,
    market_areas,
    market_of,
    measured,
    production_of,
    types_in,
)


def key_frame(reader: Reader, view: View) -> Frame:
    """Key figures of the chosen area."""
    market = market_of(reader, view)
    if market is None:
        return Frame(pd.DataFrame())
    price, both = market.prices.hourly, market.both
    negative = price < 0
    figures: dict[str, float | None] = {
        "mean_price_eur_mwh": market.mean_price,
        "mean_price_where_both_eur_mwh": mean_of(price[both]),
        "capture_price_eur_mwh": market.capture_price,
        "production_mwh": measured(market.energies) / MWH if market.energies.seconds.any() else None,
        "negative_hours": float(negative.sum()),
        "priced_hours": float(np.isfinite(price).sum()),
        "hours_with_both": float(both.sum()),
        "pearson_r": market.correlation,
    }
    table = pd.DataFrame([{"area": market.area, **figures}])
    notes = {"figures": figures, "area": market.area, "covered": market.energies.covered(market.due)}
    return Frame(table, covered(market), notes)


def curve_frame(reader: Reader, view: View) -> Frame:
    """Price and production by hour or by day. Notes: start, end (ms UTC), price, wh, share (measured), step, zone."""
    market = market_of(reader, view)
    if market is None:
        return Frame(pd.DataFrame())
    if step_of(view) == "hour":
        edges = np.append(market.span.at, market.span.end)
        price, wh = market.prices.hourly, market.total
        share = np.where(np.isfinite(wh), 1.0, 0.0)
    else:
        _, places = market.span.days()
        edges = market.span.start + places * HOUR_MS
        price, wh = day_prices(market.prices, places), day_energy(market.energies, places)
        share = day_share(market.energies, places)
    table = pd.DataFrame(
        {
            "start_local": local_iso(edges[:-1], market.span),
            "price_eur_mwh": np.round(price, 2),
            "production_mwh": np.round(wh / MWH, 3),
            "production_measured": np.round(share, 3),
        }
    )
    notes = {"edges": edges, "price": price, "wh": wh, "share": share, "step": step_of(view), "zone": market.span.zone}
    return Frame(table, covered(market), notes)


def step_of(view: View) -> str:
    """`hour` or `day`, by what is chosen and how long the period is."""
    asked = view.option("step", STANDARDS["step"])
    return "hour" if view.length <= LONGEST_HOURLY.get(asked, 0) else "day"


def recent_frame(reader: Reader, view: View) -> Frame:
    """The newest hours of the chosen area, newest first; partly priced ones with how much is priced."""
    market = market_of(reader, view)
    if market is None:
        return Frame(pd.DataFrame())
    priced, total = market.prices, market.total
    there = (priced.seconds > 0) | (market.energies.seconds > 0).any(axis=0)
    places = np.flatnonzero(there)[::-1][:RECENT_HOURS]
    table = pd.DataFrame(
        {
            "start_local": local_iso(market.span.at[places], market.span),
            "area": market.area,
            "price_eur_mwh": np.round(priced.hourly[places], 2),
            "priced_s": priced.seconds[places],
            "production_mwh": np.round(total[places] / MWH, 3),
        }
    )
    return Frame(table, None, {"at": market.span.at[places], "zone": market.span.zone})


def days_frame(reader: Reader, view: View) -> Frame:
    """Production and mean price of each day and area, newest first: the last TABLE_DAYS days of the period."""
    first = max(view.start, view.end - timedelta(days=TABLE_DAYS))
    span = span_of(first, view.end, ZONES[SOURCE])
    days, places = span.days()
    rows: list[dict[str, Any]] = []
    for area in market_areas(reader):
        energies, prices = production_of(reader, area, span, types_in(view)), prices_of(reader, area, span)
        columns = zip(
            days,
            day_prices(prices, places),
            day_sums(prices.seconds.astype(np.float64), places) / (np.diff(places) * 3600),
            day_energy(energies, places),
            day_share(energies, places),
            strict=True,
        )
        rows += [
            {
                "day": day,
                "area": area,
                "mean_price_eur_mwh": price,
                "priced": priced,
                "production_mwh": wh / MWH,
                "production_measured": share,
            }
            for day, price, priced, wh, share in columns
            if np.isfinite(price) or np.isfinite(wh)
        ]
    rows.sort(key=lambda row: (-row["day"].toordinal(), row["area"]))
    return Frame(pd.DataFrame(rows), None, {"first": first, "is_cut": first > view.start})


def cumulative_frame(reader: Reader, view: View) -> Frame:
    """Production added up from the first day of the period, by type, MWh at the end of each local day."""
    market = market_of(reader, view)
    if market is None or not market.energies.seconds.any():
        return Frame(pd.DataFrame())
    days, places = market.span.days()
    columns: dict[str, Real] = {}
    for row, name in enumerate(market.energies.groups):
        daily = day_sums(np.where(market.energies.seconds[row] > 0, market.energies.wh[row], np.nan), places) / MWH
        # A day without readings adds nothing and is not drawn; a person must not take it for a quiet day.
        columns[name] = np.where(np.isfinite(daily), np.cumsum(np.nan_to_num(daily)), np.nan)
    order = sorted(columns, key=lambda name: -float(np.nanmax(columns[name], initial=0.0)))
    table = pd.DataFrame({"day": days} | {f"{name}_mwh": np.round(columns[name], 3) for name in order})
    return Frame(
        table, market.energies.covered(market.due), {"days": days, "columns": {name: columns[name] for name in order}}
    )


def capture_frame(reader: Reader, view: View) -> Frame:
    """Capture price of each type: dear when it produces in dear hours. Types that produced nothing have none."""
    market = market_of(reader, view)
    if market is None:
        return Frame(pd.DataFrame())
    price = market.prices.hourly
    mean = mean_of(price[market.both])
    rows: list[dict[str, Any]] = [
        {"type": name, "capture_price_eur_mwh": found, "of_mean": found / mean if mean else None, "mwh": energy / MWH}
        for name in market.energies.groups
        if (found := capture(price, wh := market.energies.of(name))) is not None
        and (energy := float(wh[np.isfinite(wh) & np.isfinite(price)].sum())) > 0
    ]
    rows.sort(key=lambda row: row["capture_price_eur_mwh"])
    table = pd.DataFrame(rows)
    return Frame(table, covered(market), {"mean": mean, "whole": market.capture_price})


def negative_frame(reader: Reader, view: View) -> Frame:
    """Hours with a mean price below zero, by day or by month, and what was produced in them."""
    market = market_of(reader, view)
    if market is None or not market.prices.seconds.any():
        return Frame(pd.DataFrame())
    days, places = market.span.days()
    price = market.prices.hourly
    below, known = price < 0, np.isfinite(price)
    monthly = len(days) > TABLE_DAYS
    starts = [place for place, day in enumerate(days) if not monthly or day.day == 1 or place == 0]
    edges = np.append(places[starts], places[-1])
    produced = np.where(below & np.isfinite(market.total), market.total, 0.0)
    table = pd.DataFrame(
        {
            "from": [days[place] for place in starts],
            "negative_hours": day_sums(below.astype(np.float64), edges).astype(int),
            "priced_hours": day_sums(known.astype(np.float64), edges).astype(int),
            "hours": np.diff(edges),
            "production_mwh": np.round(day_sums(produced, edges) / MWH, 3),
        }
    )
    return Frame(table, covered(market), {"monthly": monthly, "hours": int(below.sum())})


def scatter_frame(reader: Reader, view: View) -> Frame:
    """Price and production of each hour in which both are known."""
    market = market_of(reader, view)
    if market is None or not market.both.any():
        return Frame(pd.DataFrame())
    both = market.both
    table = pd.DataFrame(
        {
            "start_local": local_iso(market.span.at[both], market.span),
            "production_mwh": np.round(market.total[both] / MWH, 3),
            "price_eur_mwh": np.round(market.prices.hourly[both], 2),
        }
    )
    return Frame(table, covered(market, both), {"r": market.correlation, "area": market.area})
