"""The Linky gateway (Conso API, https://conso.boris.sh/documentation): load curves and daily totals of meters.

Daily totals are asked first: they judge a doubled hour with a hole. An answer is of one meter and flow. A range that
begins before the floor of its history is refused as a whole: one refusal says nothing about the rest of the range.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from ...http.transport import Answer
from ...model.errors import UsageError
from ...model.localtime import days, midnight
from ...model.readings import Series, mask
from ...model.window import CURVE, DAILY, Window, first_true, short_days
from .. import zone_of
from ..source import Dataset, Parsed, Source
from .answers import TokenRefused, explain, parse_curve, parse_totals, read_token
from .meter import Meter
from .points import MAX_POWER_W, curve_from_points

SOURCE = "linky"
CURVE_DAYS = 7
"""Longest period of a load curve in one call."""
TOTALS_DAYS = 365
"""Longest period of daily totals in one call that every source agrees on."""
CURVE_HISTORY = (24, 15)
"""Months and days before today of the oldest load curve."""
DEFAULT_MONTHS = 24
NOT_COLLECTED = (
    "daily totals come but no load curve: the collection of the hourly {flow} is off. Switch on both recording and "
    "collection (enregistrement, collecte) of the hourly load curve in the Enedis account, under « Gérer l'accès à mes "
    "données » (https://mon-compte-particulier.enedis.fr); it is looked at again once a day"
)
NOTHING_AT_ALL = (
    "neither daily totals nor a load curve come of {flow}: if the meter is new its first days come later, else correct "
    "LINKY_FLOWS or the PRM; it is looked at again once a day"
)

ROUTES = {
    (CURVE, "consumption"): "courbe_de_charge_consommation",
    (CURVE, "production"): "courbe_de_charge_production",
    (DAILY, "consumption"): "consommation_quotidienne",
    (DAILY, "production"): "production_quotidienne",
}


class Linky(Source):
    """Two datasets for each meter and flow. max_power: W, above which a reading is flagged."""

    name = SOURCE
    zone = zone_of(SOURCE)
    own_spacing = 1.0
    is_bulk = False
    calls_per_day = 25

    def __init__(self, base: str, meters: Sequence[Meter], max_power: int = MAX_POWER_W) -> None:
        self.base = base
        self.meters = {meter.prm: meter for meter in meters}
        self.max_power = max_power
        series = [Series(SOURCE, meter.prm, flow) for meter in meters for flow in meter.flows]
        self.datasets = tuple(dataset for each in series for dataset in (_totals(each), _curve(each)))

    def refuse_unusable(self, now: datetime) -> list[str]:
        """The tokens that end soon. Raises UsageError without a meter, without a token, with one that has ended."""
        if not self.meters:
            raise UsageError(
                "LINKY_TOKEN is not set: get a token at https://conso.boris.sh and put it into .env, or load exported "
                "files without one: python -m sync import FILE…; to try the tool without a meter: make run"
            )
        warnings = []
        for meter in self.meters.values():
            if not meter.token:
                raise UsageError(f"no token for meter {mask(meter.prm)}: set LINKY_TOKEN (https://conso.boris.sh)")
            token = read_token(meter.token)
            try:
                token.refuse_expired(now)
            except TokenRefused as error:
                raise UsageError(str(error)) from None
            warnings.append(token.warning(now))
        return [warning for warning in warnings if warning]

    def windows(self, dataset: Dataset, wanted: Window) -> list[Window]:
        """From the first wanted day on, as long as a call may be."""
        step = timedelta(days=dataset.longest)
        starts = [wanted.start + n * step for n in range(-(-wanted.length // dataset.longest))]
        return [Window(start, min(start + step, wanted.end)) for start in starts]

    def question(self, dataset: Dataset, window: Window) -> tuple[str, dict[str, str]]:
        """One meter; the end is not included."""
        query = {"pointId": _series(dataset).id, "dateDebut": str(window.start), "dateFin": str(window.end)}
        return f"{self.base}/{ROUTES[dataset.kind, dataset.flow]}", query

    def headers(self, dataset: Dataset) -> dict[str, str]:
        """The token that opens the meter."""
        return {"Authorization": f"Bearer {self.meters[_series(dataset).id].token}"}

    def parse(self, dataset: Dataset, window: Window, text: str, now: datetime) -> Parsed:  # noqa: ARG002
        """Readings or totals of the meter. Raises UnknownShape."""
        series = _series(dataset)
        if dataset.kind == DAILY:
            totals = parse_totals(text, series.id, series.flow)
            short = tuple(day for day in days(window.start, window.end) if day not in totals.wh)
            return Parsed((), tuple(map(str, totals.rejects)), short_days=short, totals=totals.wh)
        curve = curve_from_points(
            series,
            parse_curve(text, series.id, series.flow),
            max_power=self.max_power,
            totals=self.totals_of(series, window),
            window=(midnight(window.start), midnight(window.end)),
        )
        return Parsed(
            (curve.batch,) if len(curve.batch) else (),
            tuple(map(str, curve.rejects)),
            notes={"refused": f"{len(curve.rejects)} points refused"} if curve.rejects else {},
            short_days=short_days(curve.batch, window, self.zone),
            missing=curve.missing,
            repeated=curve.repeated,
        )

    def explain(self, answer: Answer, now: datetime) -> Exception | None:
        """What an answer that is no 200 means; None for a 200."""
        return explain(answer, now)

    def absence(self, dataset: Dataset, has_totals: bool) -> str:
        """Recording in the meter and collection by Enedis are two switches; daily totals need neither."""
        why = NOT_COLLECTED if has_totals else NOTHING_AT_ALL
        return "" if dataset.kind == DAILY else why.format(flow=dataset.flow)

    def first_served_day(
        self, windows: Sequence[Window], position: int, is_served: Callable[[Window], bool]
    ) -> tuple[date, int]:
        """By halving: the gateway refuses a range as a whole that begins before its history."""
        return first_served_day(windows, position, is_served)


def connect(base: str, settings: Any) -> Linky:
    """The user's meters at an address."""
    linky = Linky(base, settings.meters, settings.linky_max_power_w)
    linky.calls_per_day = settings.sync_calls_per_day
    if "SYNC_CALLS_PER_DAY" in settings.given:
        linky.own_calls_per_day = settings.sync_calls_per_day
    return linky


def _curve(series: Series) -> Dataset:
    return Dataset(
        "load curve", series.flow, longest=CURVE_DAYS, history=CURVE_HISTORY, months=DEFAULT_MONTHS, series=series
    )


def _totals(series: Series) -> Dataset:
    return Dataset(
        "daily totals",
        series.flow,
        longest=TOTALS_DAYS,
        history=CURVE_HISTORY,
        months=DEFAULT_MONTHS,
        series=series,
        kind=DAILY,
        is_beside=True,
    )


def _series(dataset: Dataset) -> Series:
    if dataset.series is None:
        raise ValueError("a dataset of a meter names its series")
    return dataset.series


# --- the floor of the history ----------------------------------------------------------------------------------------


def first_served_day(windows: Sequence[Window], position: int, is_served: Callable[[Window], bool]) -> tuple[date, int]:
    """The first day served, given that `windows[position]` was refused; and the index of the first window served whole.

    `is_served` asks for a window: about log2 of the number of windows plus at most 3 questions for one of 7 days.
    """
    whole = first_true(position, len(windows), lambda index: is_served(windows[index]))
    edge = windows[whole - 1]
    offset = first_true(0, edge.length, lambda length: is_served(Window(edge.start + timedelta(days=length), edge.end)))
    return edge.start + timedelta(days=offset), whole
