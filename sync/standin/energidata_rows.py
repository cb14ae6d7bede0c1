"""The rows a stand-in for Energi Data Service has: generated for any time, the same every time, or taken from files.

Generated are the datasets as they were: hourly prices that ended with September 2025, quarter-hours since, SYSTEM gone
in February 2025, a hole in NO2, SE3 and SE4 after that; production with thermal types once for each allocation method.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..model.localtime import midnight
from ..model.readings import Instants
from ..sources import zone_of
from ..sources.energidata.files import open_files
from ..sources.energidata.prices import CHANGE
from .hours import HOUR, OPEN_END, grid, noise

ZONE = zone_of("energidata")
Row = dict[str, Any]

ELSPOT, DAY_AHEAD, PRODUCTION = "Elspotprices", "DayAheadPrices", "DeclarationProduction"
STEPS = {ELSPOT: HOUR, DAY_AHEAD: HOUR // 4, PRODUCTION: HOUR}
TIMES = {ELSPOT: ("HourUTC", "HourDK"), DAY_AHEAD: ("TimeUTC", "TimeDK"), PRODUCTION: ("HourUTC", "HourDK")}
PRICES = {ELSPOT: ("SpotPriceDKK", "SpotPriceEUR"), DAY_AHEAD: ("DayAheadPriceEUR", "DayAheadPriceDKK")}
COLUMNS: Mapping[str, tuple[str, ...]] = {
    ELSPOT: (*TIMES[ELSPOT], "PriceArea", *PRICES[ELSPOT]),
    DAY_AHEAD: (*TIMES[DAY_AHEAD], "PriceArea", *PRICES[DAY_AHEAD]),
    PRODUCTION: (
        *TIMES[PRODUCTION],
        "PriceArea",
        "Version",
        "FuelAllocationMethod",
        "ReportGrpCode",
        "ProductionType",
        "DeliveryType",
        "Production_MWh",
        "ShareTotal",
        "CO2PerkWh",
    ),
}
AREAS = {"DK1": 55.0, "DK2": 60.0, "DE": 62.0, "NO2": 50.0, "SE3": 40.0, "SE4": 45.0, "SYSTEM": 42.0}
SYSTEM_GONE = midnight(date(2025, 2, 7), ZONE)
HOLE = (SYSTEM_GONE, midnight(date(2025, 3, 8), ZONE))  # of NO2, SE3 and SE4
HISTORY = midnight(date(2015, 1, 1), ZONE)  # of the stand-in; the real one goes back to 1999
DECLARED_FROM = midnight(date(2021, 1, 1), ZONE)
DECLARED_AFTER, FINAL_AFTER = timedelta(days=11), timedelta(days=60)
DECLARED = ("DK1", "DK2")
METHODS = {"Total": 1.0, "125%": 0.8, "200%": 0.6}
ALWAYS = (
    ("Hydro", None, 1.5),
    ("Solar", "Grid", 300.0),
    ("Solar", "Own", 60.0),
    ("WindOffshore", None, 700.0),
    ("WindOnshore", None, 1100.0),
)
THERMAL = (
    ("BioGas", 90.0),
    ("Coal", 400.0),
    ("NaturalGas", 120.0),
    ("Oil", 15.0),
    ("Straw", 70.0),
    ("Waste", 160.0),
    ("Wood", 250.0),
)
"""Types of production with their size in MWh; the sun's with two kinds of delivery."""


@dataclass(frozen=True, slots=True)
class GeneratedRows:
    """Denmark as if; the numbers are invented, `seed` makes others."""

    seed: int = 0

    def rows(self, dataset: str, low: int, high: int, now: datetime) -> list[Row]:
        """Up to what is published at `now`: prices until the end of tomorrow from 13:00 on, production days later."""
        if dataset == PRODUCTION:
            return list(self._production(low, high, now))
        return list(self._prices(dataset, low, high, now))

    def _starts(self, dataset: str, low: int, high: int, now: datetime) -> Instants:
        local = now.astimezone(ZONE)
        first, end = (HISTORY, CHANGE) if dataset == ELSPOT else (CHANGE, OPEN_END)
        published = midnight(local.date() + timedelta(days=2 if local.hour >= 13 else 1), ZONE)
        if dataset == PRODUCTION:
            first, end = DECLARED_FROM, OPEN_END
            published = midnight((now - DECLARED_AFTER).astimezone(ZONE).date(), ZONE)
        return grid(max(low, first), min(high, end, published), STEPS[dataset])

    def _prices(self, dataset: str, low: int, high: int, now: datetime) -> Iterator[Row]:
        start = self._starts(dataset, low, high, now)
        prices = {area: self._price(start, area, level) for area, level in AREAS.items()}
        for place, (moment, times) in enumerate(zip(start.tolist(), both_times(dataset, start.tolist()), strict=True)):
            for area, eur in prices.items():
                if is_quoted(area, moment):
                    yield price_row(dataset, times, area, float(eur[place]), round(float(eur[place]) * 7.46, 6))

    def _price(self, start: Instants, area: str, level: float) -> NDArray[np.float32]:
        code = self.seed * 100 + list(AREAS).index(area)
        hour = start / HOUR
        shape = 1 + 0.4 * np.sin(2 * np.pi * (hour / 24 - 0.3)) + 0.3 * np.cos(2 * np.pi * hour / 8766)
        return np.round(level * (shape + 1.3 * (noise(start, code) - 0.6)), 2).astype(np.float32)

    def _production(self, low: int, high: int, now: datetime) -> Iterator[Row]:
        final = midnight((now - FINAL_AFTER).astimezone(ZONE).date(), ZONE)
        start = self._starts(PRODUCTION, low, high, now)
        times = both_times(PRODUCTION, start.tolist())
        for number, area in enumerate(DECLARED):
            code = 100 * number
            plain = [(kind, way, self._energy(start, code + at, size)) for at, (kind, way, size) in enumerate(ALWAYS)]
            hot = [(kind, self._energy(start, code + 20 + at, size)) for at, (kind, size) in enumerate(THERMAL)]
            for place, moment in enumerate(start.tolist()):
                energies = [("All", kind, way, float(mwh[place])) for kind, way, mwh in plain]
                for method, part in METHODS.items():
                    energies += [(method, kind, None, float(mwh[place]) * part) for kind, mwh in hot]
                version = "Final" if moment < final else "Preliminary"
                yield from _declared(times[place] | {"PriceArea": area, "Version": version}, energies)

    def _energy(self, start: Instants, code: int, size: float) -> NDArray[np.float64]:
        return np.round(size * (0.2 + 1.2 * noise(start, self.seed * 1000 + code)), 6)


def _declared(common: Row, energies: list[tuple[str, str, str | None, float]]) -> Iterator[Row]:
    """The rows of an area's hour: (method, type, delivery, MWh). Preliminary values are two per cent too low."""
    total = sum(mwh for method, *_, mwh in energies if method in ("All", "Total"))
    grown = 1.0 if common["Version"] == "Final" else 0.98
    for method, kind, delivery, mwh in energies:
        yield common | {
            "FuelAllocationMethod": method,
            "ReportGrpCode": kind.upper()[:3],
            "ProductionType": kind,
            "DeliveryType": delivery,
            "Production_MWh": round(mwh * grown, 6),
            "ShareTotal": round(100 * mwh / total, 6),
            "CO2PerkWh": 0.0 if method == "All" else 321.5,
        }


class FileRows:
    """The prices of site exports (`sync/sources/energidata/files.py`); nothing is declared there."""

    def __init__(self, *paths: Path) -> None:
        prices: dict[tuple[int, str], tuple[float, float | None]] = {}
        for parsed in open_files(paths).parts():
            for batch in parsed.batches:
                absent = batch.absent.get("dkk_mwh", np.zeros(len(batch), dtype=bool)).tolist()
                dkk = [None if no else each for no, each in zip(absent, batch.columns["dkk_mwh"].tolist(), strict=True)]
                rows = zip(batch.start.tolist(), batch.columns["eur_mwh"].tolist(), dkk, strict=True)
                for moment, eur, kroner in rows:
                    prices.setdefault((moment, batch.series.id), (eur, kroner))
        self._prices = sorted((*key, *price) for key, price in prices.items())
        self.last = self._prices[-1][0]

    def rows(self, dataset: str, low: int, high: int, now: datetime) -> list[Row]:  # noqa: ARG002 - all is published
        """Prices of before and after the change, each in its dataset."""
        first, end = {ELSPOT: (low, min(high, CHANGE)), DAY_AHEAD: (max(low, CHANGE), high)}.get(dataset, (0, 0))
        found = [row for row in self._prices if first <= row[0] < end]
        times = both_times(dataset, [row[0] for row in found])
        return [price_row(dataset, each, *row[1:]) for each, row in zip(times, found, strict=True)]


def price_row(dataset: str, times: Row, area: str, eur: float, dkk: float | None) -> Row:
    """A row in the order of the columns of its dataset, prices as the API writes them."""
    row = times | {"PriceArea": area}
    for name in PRICES[dataset]:
        row[name] = round(eur, 6) if name.endswith("EUR") else dkk
    return row


def is_quoted(area: str, moment: int) -> bool:
    """Whether an area had a price then."""
    if area == "SYSTEM":
        return moment < SYSTEM_GONE
    return area not in ("NO2", "SE3", "SE4") or not HOLE[0] <= moment < HOLE[1]


def both_times(dataset: str, start: Iterable[int]) -> list[Row]:
    """The UTC and the Danish time of each instant, without a zone, as the API writes them."""
    times = []
    utc_name, local_name = TIMES[dataset]
    for moment in start:
        utc = datetime.fromtimestamp(moment // 1000, UTC)
        times.append({utc_name: f"{utc:%Y-%m-%dT%H:%M:%S}", local_name: f"{utc.astimezone(ZONE):%Y-%m-%dT%H:%M:%S}"})
    return times
