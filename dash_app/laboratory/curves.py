"""The curves that the laboratory looks at: meters, price areas, and their groups; by UTC hour."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import numpy as np

from sync.model.readings import Series, addresses

from ..hours.queries import Real, Whole, energies_of, extent_in, span_of
from ..kit.blocks import About
from ..kit.locale import Look
from ..kit.reader import METERED, ZONES, Reader
from ..kit.view import Extent, Scope, View

FLOWS = ("consumption", "production")
LONGEST = 366  # days of a picture


@dataclass(frozen=True, slots=True)
class Curve:
    """address: as the page's address names it; series: one, or every group of an area added up."""

    address: str
    series: tuple[Series, ...]

    @property
    def source(self) -> str:
        return self.series[0].source

    @property
    def flow(self) -> str:
        return self.series[0].flow

    @property
    def place(self) -> str:
        """The id of a meter or area."""
        return self.series[0].id

    @property
    def group(self) -> str:
        """Empty for all of an area."""
        return self.series[0].group if len(self.series) == 1 else ""

    @property
    def zone(self) -> ZoneInfo:
        return ZONES[self.source]

    @property
    def is_metered(self) -> bool:
        """One home's, not the sum of many."""
        return self.source in METERED


@dataclass(frozen=True, slots=True)
class Hours:
    """A curve from its first to its last known hour. at: start of each, ms UTC; wh: NaN unless measured wholly."""

    curve: Curve
    at: Whole
    wh: Real

    def __len__(self) -> int:
        return len(self.at)

    @property
    def known(self) -> float:
        """Share of the hours that is measured."""
        return float(np.isfinite(self.wh).mean()) if len(self) else 0.0


def curves_of(reader: Reader) -> Mapping[str, Curve]:
    """By address: meters, then areas, each before its groups."""
    return reader.kept("curves", lambda: _curves(reader))


def curve_in(reader: Reader, view: View) -> Curve | None:
    """The chosen one, else the first; None where nothing is stored."""
    curves = curves_of(reader)
    return curves.get(view.option("curve", "")) or next(iter(curves.values()), None)


def scope(reader: Reader, asked: Mapping[str, str]) -> Scope | None:
    """The page is about one curve."""
    curve = curve_in(reader, View(options=(("curve", asked.get("curve", "")),)))
    return Scope(_extent(reader, curve), reader.today(curve.zone)) if curve else None


def about(reader: Reader, view: View, look: Look) -> About:
    """The curve in words."""
    curve = curve_in(reader, view)
    return ((curve.source,), tuple(words_of(reader, curve, look))) if curve else ((), ())


def words_of(reader: Reader, curve: Curve, look: Look) -> list[str]:
    """The name of a meter; of an area its own, its flow and its group."""
    if curve.is_metered:
        return [reader.plain_name_of(curve.series[0])]
    group = [look.text_or(f"areas.group.{curve.group}", curve.group)] if curve.group else []
    return [curve.place, look.text(f"areas.{curve.flow}"), *group]


def hours_in(reader: Reader, view: View, days: int = 0, longest: int = LONGEST) -> Hours | None:
    """What is known of the chosen curve in the period; None where that is nothing.

    days: look at so many up to the end of the period instead, whatever its beginning is; longest: at so many of it at
    most, the last ones.
    """
    curve = curve_in(reader, view)
    extent = _extent(reader, curve) if curve else Extent()
    if curve is None or extent.first is None or extent.end is None:
        return None
    end = min(view.end, extent.end)
    first = max(extent.first, end - timedelta(days=days or longest), date.min if days else view.start)
    if first >= end:
        return None
    return _trimmed(curve, reader, first, end)


def _trimmed(curve: Curve, reader: Reader, first: date, end: date) -> Hours | None:
    span = span_of(first, end, curve.zone)
    energies = energies_of(reader, curve.source, curve.flow, curve.place, span)
    if curve.group and curve.group not in energies.groups:
        return None
    wh = energies.of(curve.group) if curve.group else energies.total
    there = np.flatnonzero(np.isfinite(wh))
    if not len(there):
        return None
    part = slice(int(there[0]), int(there[-1]) + 1)
    return Hours(curve, span.at[part], wh[part])


def _curves(reader: Reader) -> dict[str, Curve]:
    found = {address: Curve(address, (series,)) for series, address in reader.addresses().items()}
    areas: dict[tuple[str, str, str], list[Series]] = {}
    for each in reader.series():
        if each.source not in METERED and each.flow in FLOWS:
            areas.setdefault((each.source, each.id, each.flow), []).append(each)
    for names, groups in sorted(areas.items()):
        if len(groups) > 1:
            found["-".join(names)] = Curve("-".join(names), tuple(groups))
        found |= {address: Curve(address, (each,)) for each, address in addresses(sorted(groups, key=_group)).items()}
    return found


def _group(series: Series) -> str:
    return series.group


def _extent(reader: Reader, curve: Curve) -> Extent:
    if curve.is_metered or curve.group:
        return reader.extent(curve.series[0])
    return extent_in(reader, curve.source, curve.flow, curve.place)
