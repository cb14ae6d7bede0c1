"""What the page that is opened first asks: nothing of its own. Each line is what another page says of a period.

A line is there when its question can be answered; the lines are asked in the order in which they stand.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Any

import pandas as pd

from sync.insight.score import FEWEST_DAYS
from sync.insight.tomorrow import WARM

from ..consumption.key_figures import compared_of, newest_of
from ..consumption.period import DAY, YEAR, Meter, energy_of, period_of
from ..consumption.queries_frames import FEWEST_MONTHS, month_after, months_of
from ..cost.queries import comparison, euros, ranking
from ..coverage.queries import BEFORE, DUE, LACKING, UNSERVED, history, states_frame
from ..insight.queries import BUDGETS, forecast_day, leads, stored_home, told_of, tomorrow_frame
from ..kit.address import zone_of
from ..kit.blocks import EMPTY_FRAME, Frame
from ..kit.reader import Reader
from ..kit.view import Extent, View
from ..kit.view import period_of as named_period
from ..storage.queries import SOURCE, sizes_frame
from .totals import Totals, totals_in

NOW = timedelta(days=31)  # until which something unusual is news
USUAL_BUDGET = float(BUDGETS[0])


@dataclass(frozen=True, slots=True)
class Line:
    """An answer about the local days [first, end). page, parts: where it is answered at length, and for which period,
    empty where nowhere; amount: the large number; before: the same a year before; found: by what is drawn and said."""

    name: str
    unit: str
    first: date
    end: date
    amount: float | None
    found: Any
    before: float | None = None
    page: str = ""
    parts: tuple[tuple[str, str], ...] = ()

    def row(self) -> dict[str, Any]:
        """As a table has it."""
        days = {"from": str(self.first), "to": str(self.end - DAY)}
        return {"figure": self.name, "unit": self.unit, **days, "amount": self.amount, "a_year_before": self.before}


@dataclass(frozen=True, slots=True)
class Household:
    """Whose lines these are: a meter with readings at the view's series, or one with daily totals alone."""

    reader: Reader
    view: View
    meter: Meter
    extent: Extent

    @property
    def has_readings(self) -> bool:
        return not isinstance(self.meter, Totals)

    def over(self, name: str) -> View:
        """The view over the newest period of a name."""
        start, end = named_period(name, self.extent, self.meter.today)
        return replace(self.view, period=name, start=start, end=end)


def storage_frame(reader: Reader, view: View) -> Frame:
    """What both forms take of the chosen meter's source. Where daily totals alone are stored, how many."""
    series = reader.series_at(view)
    frame = sizes_frame(reader, replace(view, options=((SOURCE, series.source),)) if series else view)
    totals = totals_in(reader) if frame.is_empty else None
    if totals is None:
        return frame
    line = Line("daily totals", "days", totals.first, totals.read_to, float(len(totals.wh)), None)
    return Frame(pd.DataFrame([line.row()]), notes={"totals": totals})


def household_in(reader: Reader, view: View) -> Household | None:
    """None without any meter."""
    series = reader.series_at(view)
    if series is None:
        totals = totals_in(reader)
        return Household(reader, view, totals, Extent(totals.first, totals.read_to)) if totals else None
    extent = reader.extent(series)
    start, end = named_period("all", extent, reader.today(zone_of(reader, view)))
    meter = period_of(reader, replace(view, start=start, end=end))
    return Household(reader, view, meter, extent) if meter else None


def lines_frame(reader: Reader, view: View) -> Frame:
    """A row a line. Notes: lines, is_production. Without a meter, but with others' readings, there is no line."""
    household = household_in(reader, view)
    if household is None and not reader.series():
        return EMPTY_FRAME
    lines = [line for ask in LINES if household and (line := ask(household))]
    is_production = bool(household and household.meter.is_production)
    table = pd.DataFrame([line.row() for line in lines] or [{"figure": "none"}])
    return Frame(table, notes={"lines": lines, "is_production": is_production})


# --- lines ------------------------------------------------------------------------------------------------------------


def yesterday(household: Household) -> Line | None:
    """The last whole day, as the key figures of the newest readings have it."""
    newest = newest_of(household.meter)
    day, before = newest.day, newest.day_before
    if day is None:
        return None
    name = "yesterday" if newest.is_yesterday else "last_day"
    parts = (("period", "own"), ("from", str(day.first)), ("to", str(day.first)))
    then = before.kwh if before else None
    return Line(name, "kWh", day.first, day.end, day.kwh, newest, then, *_at("consumption", household, parts))


def month(household: Household) -> Line | None:
    """The newest calendar month so far, as the key figures of that period have it."""
    view = household.over("month")
    end = max(view.start, min(view.end, max(household.meter.today, household.extent.end or date.min)))
    energy, both = compared_of(household.meter, view.start, end)
    if energy.wh is None:
        return None
    days = [household.meter.days(first, last) for first, last in ((view.start, end), (view.start - YEAR, end - YEAR))]
    then = both[1].kwh if both else None
    found = {"energy": energy, "both": both, "days": days}
    where = _at("consumption", household, (("period", "month"),))
    return Line("month", "kWh", view.start, end, energy.kwh, found, then, *where)


def months(household: Household) -> Line | None:
    """The last twelve months beside those before, of daily totals: of readings a page shows them."""
    if household.has_readings or household.extent.first is None:
        return None
    end = household.meter.read_to
    first = max(month_after(end - DAY, 1 - FEWEST_MONTHS), household.extent.first)
    energy = energy_of(household.meter.days(first, end))
    found = {"energy": energy, "months": months_of(household.meter, first, end - DAY)}
    return Line("months", "kWh", first, end, energy.kwh, found)


def cost(household: Household) -> Line | None:
    """The last thirty days under the cheapest contract, as the cost page has it."""
    view = household.over("30d")
    compared = comparison(household.reader, view) if household.has_readings else None
    if compared is None:
        return None
    ranked = ranking(compared) if compared.can_be_ranked else []
    amount = float(euros(ranked[0][0])) if ranked else None
    found = {"compared": compared, "ranked": ranked, "is_now": view.end >= household.meter.today}
    where = _at("cost", household, (("period", "30d"),))
    return Line("cost", "EUR", compared.start, compared.end, amount, found, None, *where)


def missing(household: Household) -> Line | None:
    """Whether anything is missing in the whole history, as the coverage page says it of all that is stored and of what
    lies before and after it."""
    if not household.has_readings:
        return None
    view = household.over("all")
    notes, whole = states_frame(household.reader, view).notes, history(household.reader, view)
    if whole is None or not notes["days"]:
        return None
    lacking = float(sum(notes["sums"][state] for state in LACKING) + notes["outside"])
    due = [day for day in whole.days.values() if day.state not in (UNSERVED, DUE, BEFORE)]
    where = _at("coverage", household, (("period", "all"),))
    return Line("missing", "days", view.start, view.end, lacking, {**notes, "due": due}, None, *where)


def tomorrow(household: Household) -> Line | None:
    """Tomorrow as the insight page forecasts it, where that is stored: nobody waits for it on the first page. Where it
    is not and the readings may bear it, `found` is None."""
    home = stored_home(household.reader, household.view)
    day, where = household.meter.today + DAY, _at("insight", household, ())
    if home is None:
        may_be = household.has_readings and _reaches_today(household)
        return Line("tomorrow", "kWh", day, day + DAY, None, None, None, *where) if may_be else None
    if forecast_day(home, leads(home)[0]) != day:
        return None
    frame = tomorrow_frame(household.reader, household.view)
    total = None if frame.is_empty else frame.notes["card"]["value"]["total_wh"]
    if total is None:
        return None
    return Line("tomorrow", "kWh", day, day + DAY, total / 1000, frame, None, *where)


def _reaches_today(household: Household) -> bool:
    """Whether readings of as many days as a forecast takes end with yesterday, or later."""
    first, end = household.extent.first, household.extent.end
    fewest = timedelta(days=WARM + FEWEST_DAYS)
    return first is not None and end is not None and end >= household.meter.today and end - first >= fewest


def unusual(household: Household) -> Line | None:
    """What was unusual in the last month, as the insight page tells it; nothing where nothing was."""
    home = stored_home(household.reader, household.view)
    told = told_of(home, USUAL_BUDGET, household.view.several("ours")) if home else []
    newest = [each for each in told if home and each.end > home.grid.end - NOW and not each.is_ours]
    if not newest:
        return None
    where = _at("insight", household, ())
    return Line("unusual", "messages", newest[-1].first, newest[0].end, float(len(newest)), newest, None, *where)


LINES: tuple[Callable[[Household], Line | None], ...] = (yesterday, tomorrow, month, months, cost, unusual, missing)


def _at(page: str, household: Household, parts: tuple[tuple[str, str], ...]) -> tuple[str, tuple[tuple[str, str], ...]]:
    """Where a meter with readings has a page of its own, with the meter."""
    series = (("series", household.view.series),) if household.view.series else ()
    return (page, (*series, *parts)) if household.has_readings else ("", ())
