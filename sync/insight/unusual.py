"""What was unusual: small tests made for what happens to meters and homes, and a budget of messages.

Each test gives a score a home and day, from that day and those before it. What a score is worth was counted on real
homes in which whatever they did by themselves is a false alarm: RATES holds how often a year they pass it. So tests
compare, and the rarest messages are told first.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from .experts import known_mean, sorted_median
from .grid import SLOTS, Real

YEAR = 365
SHARE = 0.26  # of a budget for each test: then all of them together keep it, counted on real homes
SILENCE = 14  # days that a message silences its test
NIGHT = 12  # half-hours from midnight
USUAL, RECENT = 28, 7  # days before, and those that are compared with them
BASE_DAYS, BASE_SHARE = 10, 0.3  # nearly all of the ten days lie above nearly all before
BASE_ROOM = 10.0  # Wh a half-hour, less is no step
LONG = 60  # days: what is compared with a season, and not with a month
AWAY_DAYS = 5
HOLD = 16  # half-hours that something left on stays on
MAD = 1.4826


class Scored(NamedTuple):
    """[homes, days] each. size: what a message tells, in the unit of its test: W of base and held, Wh of nights and
    lumps, share of the activity that is missing, half-hours that stood still, half-hours that the clock is late."""

    score: Real
    size: Real


LEAST = {"base": 30.0, "night": 600.0, "held": 400.0, "away": 0.5, "stuck": 12.0, "lump": 0.0, "clock": -2.0}
"""Test → the size below which nobody need be told, whatever its score."""
LUMP = 0.7  # of the highest value of two months: less after a gap is no lump


def base_scores(wh: Real) -> Scored:
    """The base, the level that a tenth of each day lies below, of ten days against the four weeks before."""
    base = day_base(wh)
    recent, before = _windows(base, BASE_DAYS, 0), _windows(base, USUAL, BASE_DAYS)
    usual, spread = _usual(before)
    rise = _lower(recent, BASE_SHARE) - _lower(before, 1 - BASE_SHARE)
    return Scored(rise / (spread + 0.05 * np.abs(usual) + BASE_ROOM), 2 * (sorted_median(recent) - usual))


def night_scores(wh: Real) -> Scored:
    """The energy of the nights of a week against the four before."""
    night = wh[..., :NIGHT]
    energy = np.where(np.isfinite(night).sum(-1) >= NIGHT - 2, np.nansum(night, -1), np.nan)
    windows = _windows(energy, RECENT, 0)
    recent = np.where(np.isfinite(windows).sum(-1) >= RECENT - 3, known_mean(windows, -1), np.nan)
    usual, spread = _usual(_windows(energy, USUAL, RECENT))
    return Scored((recent - usual) / np.maximum(spread, _least(usual)), recent - usual)


def held_scores(wh: Real) -> Scored:
    """The highest level that was held for eight hours, against that of the four weeks before."""
    homes, days, _ = wh.shape
    line = np.concatenate([np.full((homes, HOLD - 1), np.nan), wh.reshape(homes, -1)], axis=1)
    line = np.where(np.isfinite(line), line, 0)  # what is not known is not held
    least = line[:, : days * SLOTS].copy()
    for step in range(1, HOLD):
        np.minimum(least, line[:, step : step + days * SLOTS], out=least)
    held = least.reshape(homes, days, SLOTS).max(-1)
    usual, spread = _usual(_windows(held, USUAL, 1))
    return Scored((held - usual) / np.maximum(spread, _least(usual)), 2 * (held - usual))


def away_scores(wh: Real) -> Scored:
    """How far the activity of five days, what is above the base, lies below that of two months."""
    active = known_mean(wh, 2) - day_base(wh)
    recent = known_mean(_windows(active, AWAY_DAYS - 1, 0), -1)
    usual = sorted_median(_windows(active, LONG, AWAY_DAYS - 1))
    with np.errstate(invalid="ignore", divide="ignore"):
        missing = np.where(usual > 0, 1 - recent / usual, np.nan)
    return Scored(missing, missing)


def stuck_scores(wh: Real) -> Scored:
    """The longest run of equal values above zero, beyond the longest of the two months before."""
    homes, days, _ = wh.shape
    line = wh.reshape(homes, -1)
    same = np.zeros(line.shape, dtype=bool)
    same[:, 1:] = (line[:, 1:] == line[:, :-1]) & (line[:, 1:] > 0)
    place = np.arange(line.shape[1])
    run = place - np.maximum.accumulate(np.where(same, 0, place), axis=1) + 1
    longest = run.reshape(homes, days, SLOTS).max(-1).astype(np.float64)
    before = _windows(longest, LONG, 1)
    usual = np.where(np.isfinite(before[..., -USUAL]), np.where(np.isfinite(before), before, 0).max(-1), np.nan)
    return Scored(longest / (usual + 3), longest)


def lump_scores(wh: Real) -> Scored:
    """A value after a gap against the highest of the two months before."""
    homes, days, _ = wh.shape
    line = wh.reshape(homes, -1)
    after = np.zeros(line.shape)
    after[:, 1:] = np.where(np.isnan(line[:, :-1]) & np.isfinite(line[:, 1:]), line[:, 1:], 0)
    lump = after.reshape(homes, days, SLOTS).max(-1)
    known = np.where(np.isfinite(wh), wh, 0).max(-1)
    peak = np.nan_to_num(_windows(known, LONG, 1)).max(-1)
    share = np.where(peak > 0, lump / np.where(peak > 0, peak, 1), 0.0)
    return Scored(np.where(share >= LUMP, share, np.nan), lump)


def clock_scores(wh: Real) -> Scored:
    """How much better the profile of two weeks fits that of the six before when it is an hour early or late."""
    recent, usual = (_profiles(wh, length, before) for length, before in ((14, 0), (42, 14)))
    early, right, late = (np.abs(np.roll(recent, step, axis=-1) - usual).mean(-1) for step in (2, 0, -2))
    with np.errstate(invalid="ignore", divide="ignore"):
        return Scored(np.log(right / np.minimum(early, late)), np.where(late < early, 2.0, -2.0))


TESTS: Mapping[str, Callable[[Real], Scored]] = {
    "base": base_scores,
    "night": night_scores,
    "held": held_scores,
    "away": away_scores,
    "stuck": stuck_scores,
    "lump": lump_scores,
    "clock": clock_scores,
}
OFTEN = 2.0  # a year: what homes do more often by themselves is not told
A_YEAR = (6.0, 4.0, 2.0, 1.0, 0.5, 0.2)
RATES: Mapping[str, tuple[float, ...]] = {
    "base": (-6.0, -5.0, 0.12, 0.63, 1.34, 3.44),
    "night": (0.1, 0.13, 2.16, 5.04, 11.1, 18.7),
    "held": (0.3, 0.36, 4.43, 10.2, 16.9, 31.1),
    "away": (0.45, 0.50, 0.635, 0.774, 0.854, 0.926),
    "stuck": (0.1, 0.2, 0.3, 0.4, 0.5, 0.6),
    "lump": (0.1, 0.2, 0.3, 0.4, 0.5, 0.7),
    "clock": (0.038, 0.103, 0.196, 0.281, 0.342, 0.505),
}
"""Test → the score that a home passes by itself so many times a year, A_YEAR: of 64 homes of London and one of France
over two years, whose own doings all count as false. Of stuck values and lumps only the last is counted."""


@dataclass(frozen=True, slots=True)
class Message:
    """day: place of the day on which it is told; size: as of `Scored`; rate: how often a year a home has such a score
    by itself, so that one of 0.2 is a false alarm once in five years; peak: place of the day, of the two weeks from
    `day` on, that has this size and score."""

    test: str
    day: int
    size: float
    rate: float
    peak: int


def messages(wh: Real, a_year: float) -> list[Message]:
    """What one home, [days, 48], should be told: so rare that homes are told so many a year on average."""
    return chosen(candidates(wh), a_year, len(wh))


def chosen(found: Iterable[Message], a_year: float, days: int) -> list[Message]:
    """Those that are rare enough for a budget, oldest first; no two within two weeks. Of a home in which much happens
    the rarest are told, twice the budget at most."""
    most = math.ceil(2 * a_year * days / YEAR)
    told: list[Message] = []
    for message in sorted(found, key=lambda message: message.rate):
        is_apart = all(abs(message.day - other.day) >= SILENCE for other in told)
        if len(told) < most and message.rate <= SHARE * a_year and is_apart:
            told.append(message)
    return sorted(told, key=lambda message: message.day)


def rate_of(test: str, score: float) -> float:
    """How often a year a home passes a score by itself; beyond what was counted it falls with the square."""
    limits = RATES[test]
    if score > limits[-1]:
        return A_YEAR[-1] * float((limits[-1] / score) ** 2)
    return float(np.exp(np.interp(score, limits, np.log(A_YEAR))))


def day_base(wh: Real) -> Real:
    """[homes, days] Wh a half-hour, the level below which a tenth of the day lies; NaN for less than half a day."""
    ordered = np.sort(wh, axis=-1)
    count = np.isfinite(ordered).sum(-1)
    place = 0.1 * np.maximum(count - 1, 0)
    low = np.floor(place).astype(np.int64)
    both = [np.take_along_axis(ordered, np.minimum(at, SLOTS - 1)[..., None], -1)[..., 0] for at in (low, low + 1)]
    return np.where(count >= SLOTS // 2, both[0] + (place - low) * (both[1] - both[0]), np.nan)


def alarms(score: Real, limit: float) -> list[list[int]]:
    """Of each home the days on which the score passes a limit; each silences the next two weeks."""
    found: list[list[int]] = []
    for home in score:
        days: list[int] = []
        for day in np.flatnonzero(home > limit):
            if not days or day >= days[-1] + SILENCE:
                days.append(int(day))
        found.append(days)
    return found


def _usual(before: Real) -> tuple[Real, Real]:
    """(median, spread) of windows that are known for half of their length."""
    enough = np.isfinite(before).sum(-1) >= before.shape[-1] // 2
    middle = np.where(enough, sorted_median(before), np.nan)
    spread = MAD * sorted_median(np.abs(before - middle[..., None]))
    return np.asarray(middle, np.float64), np.asarray(spread, np.float64)


def _least(usual: Real) -> Real:
    """No spread is smaller: 5 % of what is usual, and 2 Wh."""
    return np.maximum(0.05 * np.abs(usual), 2.0)


def _lower(values: Real, share: float) -> Real:
    """What so much of the known values lies below; NaN for less than half of them."""
    ordered = np.sort(values, axis=-1)
    count = np.isfinite(ordered).sum(-1)
    place = np.floor(share * np.maximum(count - 1, 0)).astype(np.int64)
    found = np.take_along_axis(ordered, place[..., None], -1)[..., 0]
    return np.where(count >= values.shape[-1] // 2, found, np.nan)


def _windows(values: Real, length: int, skipped: int) -> Real:
    """[homes, days, length] the days up to the one `skipped` before each."""
    homes = values.shape[0]
    padded = np.concatenate([np.full((homes, length - 1 + skipped), np.nan), values], axis=1)
    return np.lib.stride_tricks.sliding_window_view(padded, length, axis=1)[:, : values.shape[1]]


def _profiles(wh: Real, length: int, skipped: int) -> Real:
    """[homes, days, 48] the mean day of so many, each divided by its level."""
    homes, days, _ = wh.shape
    room = np.zeros((homes, length + skipped, SLOTS))
    known = np.concatenate([room, np.isfinite(wh)], axis=1).cumsum(axis=1)
    sums = np.concatenate([room, np.nan_to_num(wh)], axis=1).cumsum(axis=1)
    end = length + np.arange(days)
    count = known[:, end] - known[:, end - length]
    total = sums[:, end] - sums[:, end - length]
    profile = np.where(count >= length // 2, total / np.maximum(count, 1), np.nan)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(profile / profile.mean(-1, keepdims=True))


def worth_telling(test: str, found: Scored) -> Real:
    """Scores; NaN where the size is too small for a message."""
    return np.where(found.size >= LEAST[test], found.score, np.nan)


def candidates(wh: Real) -> list[Message]:
    """Of every test what passes a score that homes pass twice a year, with the highest of two weeks."""
    told = []
    for test, scores in TESTS.items():
        found = scores(wh[None])
        score = worth_telling(test, found)
        for day in alarms(score, RATES[test][A_YEAR.index(OFTEN)])[0]:
            peak = day + int(np.nanargmax(score[0, day : day + SILENCE]))
            told.append(Message(test, day, float(found.size[0, peak]), rate_of(test, float(score[0, peak])), peak))
    return told
