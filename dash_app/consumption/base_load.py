"""The base load: what the household takes day and night, read off all the time that was measured.

It is the power that is not exceeded for a tenth of that time, so that it lies on the load-duration curve. A night alone
would not do: off-peak water heaters run then.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

import numpy as np

from sync.model.localtime_query import DAY_MS
from sync.model.window import runs

from ..kit.days import Days
from .period import Period
from .queries import HOUR_MS, Distribution, Marks, Samples, hours_of, local_of

BASE_SHARE = 0.1  # of the measured time in which it is not exceeded
FEWEST_DAYS = 7  # measured from midnight to midnight: fewer hold no usual week
QUIET = 0.5  # of the usual energy of a day: with less the house looks empty
AROUND = 60  # days before and after, of which the usual energy is the median: one season, and more than a holiday
FEW_QUIET = BASE_SHARE / 2  # of the days: fewer do not decide a tenth of the time
APART = 1.1  # times as high without the quiet days: then it is said
DARK = (22, 5)  # local hours [from, to) without sun in any season
SUNNY = 1.5  # times as high in the dark: then it is said, as panels behind the meter may cover the rest of the day


@dataclass(frozen=True, slots=True)
class BaseLoad:
    """watts: None with fewer than FEWEST_DAYS days measured `whole`; share: of the energy that lies under it, 0 … 1.

    quiet: how many of the whole days look as if nobody was there, where these decide the base load, else 0; awake: the
    base load without them, W; dark: the same in the hours DARK by the average of each, where it is far higher, else
    None.
    """

    whole: int
    watts: float | None = None
    share: float = 0.0
    quiet: int = 0
    awake: float | None = None
    dark: float | None = None


def base_of(period: Period) -> BaseLoad:
    """The base load of a period."""
    days = period.days(period.first, period.due)
    found = period.distribution(period.first, period.end)
    whole = int(days.is_whole.sum())
    watts = base_watts(found, whole)
    if watts is None:
        return BaseLoad(whole)
    energy = float((found.watts * found.seconds).sum())
    share = float((np.minimum(found.watts, watts) * found.seconds).sum()) / energy if energy else 0.0
    quiet, awake = _without_quiet_days(period, days)
    quiet, awake = (quiet, awake) if awake is not None and awake > APART * watts else (0, None)
    dark = _in_the_dark(period)
    return BaseLoad(whole, watts, share, quiet, awake, dark if dark is not None and dark > SUNNY * watts else None)


def base_watts(found: Distribution, whole_days: int) -> float | None:
    """W; None for too few days."""
    return found.quantile(BASE_SHARE) if whole_days >= FEWEST_DAYS else None


def quiet_days(days: Days) -> Marks:
    """The whole days that took less than half of what is usual in the weeks around them: the median of whole days."""
    whole = days.is_whole
    wh = np.pad(np.where(whole, days.wh, np.nan), AROUND, constant_values=np.nan)
    found = np.zeros(len(days), dtype=np.bool_)
    around = np.lib.stride_tricks.sliding_window_view(wh, 2 * AROUND + 1)[whole]
    if len(around):
        found[whole] = days.wh[whole] < QUIET * np.nanmedian(around, axis=1)
    return found


def _without_quiet_days(period: Period, days: Days) -> tuple[int, float | None]:
    """How many days of the period look as if nobody was there, and its base load without them."""
    extent = period.reader.extent(period.series)
    wide = timedelta(days=AROUND)
    first = max(period.first - wide, min(extent.first or period.first, period.first))
    end = min(period.due + wide, max(extent.end or period.due, period.due))
    place = (period.first - first).days
    quiet = quiet_days(period.days(first, end))[place : place + len(days)]
    count = int(quiet.sum())
    if count <= FEW_QUIET * int(days.is_whole.sum()):
        return 0, None
    dates = days.dates()
    left_out = runs((dates[at] for at in np.flatnonzero(quiet)), len(dates))
    stretches = tuple(
        (int(days.edges[(each.start - days.first).days]), int(days.edges[(each.end - days.first).days]))
        for each in left_out
    )
    return count, period.distribution(period.first, period.end, stretches).quantile(BASE_SHARE)


def _in_the_dark(period: Period) -> float | None:
    hours = period.ask(hours_of, period.start, period.stop, False)
    clock = local_of(hours.start, period.zone) % DAY_MS // HOUR_MS
    dark = np.flatnonzero((clock >= DARK[0]) | (clock < DARK[1]))
    dark = dark[np.argsort(hours.watts[dark])]
    return Samples(hours.watts[dark], hours.seconds[dark]).quantile(BASE_SHARE)
