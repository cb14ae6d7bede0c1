"""What the summaries of many series are called, and how their documents look.

`fleet_households`, a document a series and local month:
  `{_id: {source, flow, month: "2013-02", id}, groups, wh, seconds, readings, first, last, days, whole_wh, day,
  day_wh}`: all its energy, covered seconds and readings; first and last day with a reading; number and energy of its
  complete days, and each of these with its energy. Complete: covered from local midnight to midnight, 23 or 25 hours.
`fleet_years`, a document a series and local year:
  `{_id: {source, flow, year: "2013", id}, groups, first, last, days, whole_wh}`: of its months.
`fleet_profiles`, a document a group and local day:
  `{_id: {source, flow, group, day}, wh: [48], seconds: [48]}`: sums over households by half-hour of the local
  clock; the hour that autumn shows twice counts twice.
`fleet_bands`, a document a group and local day, week (from Monday) or month:
  `{_id: {source, flow, group, step, day}, n, mean, p10, p25, p50, p75, p90}`: of the households' mean energy a complete
  day, Wh; n: how many households.
`sync_fleet`, a document a source: what all this covers, and what of it is still to be done.

Each also says in `pass` when it was written. A group is `all`, or a column of the household table and what
stands in it: `tariff=Std`. Days are whole numbers, counted from 1970-01-01, of the source's local calendar.
"""

from __future__ import annotations

from datetime import date, timedelta

FLEET = "sync_fleet"
HOUSEHOLDS = "fleet_households"
YEARS = "fleet_years"
PROFILES = "fleet_profiles"
BANDS = "fleet_bands"

SOURCES = ("linky", "lcl")
"""Sources whose series are meters of one kind, so that it means something to compare them."""
TABLES = {"lcl": ("lcl_households", ("tariff", "acorn_group"))}
"""Source → the collection that says of each series (by `_id`) to which groups it belongs, and the columns with them."""

ALL = "all"
PERCENTILES = (10, 25, 50, 75, 90)
STEPS = ("day", "week", "month")
SLOTS = 48
EPOCH_DAY = date(1970, 1, 1)


def number_of(day: date) -> int:
    """Days since 1970-01-01."""
    return (day - EPOCH_DAY).days


def day_of(number: int) -> date:
    """The day of `number_of`."""
    return EPOCH_DAY + timedelta(days=number)


def needed(days: int) -> int:
    """Complete days that a household must have of so many to count: half of them, at most seven."""
    return max(1, min(7, -(-days // 2)))


def month_of(day: date) -> str:
    """`2013-02`."""
    return f"{day:%Y-%m}"


def first_of(month: str) -> date:
    """The first day of `2013-02`."""
    return date.fromisoformat(f"{month}-01")


def after(month: str, step: int = 1) -> str:
    """The month so many later."""
    number = int(month[:4]) * 12 + int(month[5:]) - 1 + step
    return f"{number // 12:04d}-{number % 12 + 1:02d}"
