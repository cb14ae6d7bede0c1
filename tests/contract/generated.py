"""Generated answers of the gateway with everything that a load curve has been seen to do, and more.

`answer(number)` is the same in every run. Both shapes; both change days; steps of 5 to 60 minutes that change within a
day; holes, nulls, zeros, marks, powers above the contract; repeated, contradicting, shuffled and reversed points;
labels with and without offset; half Wh; points that were not asked for; answers of no known shape.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from random import Random
from typing import Any

from sync.model.localtime import PARIS, midnight

Point = dict[str, Any]

CHANGE_DAYS = [
    date(year, month, 31) - timedelta(days=(date(year, month, 31).weekday() + 1) % 7)
    for year in (2010, 2019, 2024, 2025, 2026, 2037)
    for month in (3, 10)
]
V5_NAMES = {"d": "date", "v": "value", "p": "interval_length", "n": "measure_type"}


@dataclass(frozen=True, slots=True)
class Question:
    """One answer and what was asked: the window is [start, end) in ms, the power in W."""

    text: str
    prm: str
    flow: str
    window: tuple[int, int]
    max_power: int

    def as_argument(self) -> dict[str, Any]:
        """What linkyReadings takes."""
        series = {"flow": self.flow, "id": self.prm, "source": "linky"}
        return {"text": self.text, "series": series, "window": list(self.window), "maxPower": self.max_power}


def answer(number: int) -> Question:
    """The answer of this number."""
    chance = Random(f"answer {number}")
    first = _first_day(chance)
    length = chance.choice((2, 2, 7)) if chance.random() < 0.08 else 1
    points = [point for offset in range(length) for point in _day(first + timedelta(days=offset), chance)]
    for change in chance.sample(CHANGES, chance.choice((0, 1, 1, 2, 3))):
        points = change(points, chance)
    prm = str(10**13 + number)
    flow = chance.choice(("consumption", "production"))
    window = (midnight(first), midnight(first + timedelta(days=length)))
    body = _v5(points, prm, chance) if chance.random() < 0.3 else _v2(points, prm, flow)
    if chance.random() < 0.04:
        body = chance.choice(BROKEN)(body)
    text = json.dumps(body, ensure_ascii=False) if chance.random() > 0.01 else "<html>"
    return Question(text, prm, flow, window, chance.choice((36_000, 36_000, 9_000)))


def _first_day(chance: Random) -> date:
    if chance.random() < 0.5:
        return chance.choice(CHANGE_DAYS) - timedelta(days=chance.choice((0, 0, 0, 1)))
    return date(2010, 1, 1) + timedelta(days=chance.randrange(365 * 27))


def _day(day: date, chance: Random) -> list[Point]:
    """A local day, in one step or with changes of the step at full hours; of short steps only the first hours."""
    at, end = midnight(day) // 1000, midnight(day + timedelta(days=1)) // 1000
    changing = chance.random() < 0.2
    step = chance.choice((1800, 1800, 1800, 1800, 3600, 3600, 3600, 600, 900, 300))
    points: list[Point] = []
    while at < end and len(points) < 52:
        if changing and at % 3600 == 0 and chance.random() < 0.15:
            step = chance.choice((1800, 3600, 600, 900))
        at += step
        points.append(_point(at, step, chance))
    return points


def _point(end: int, step: int, chance: Random) -> Point:
    label = f"{datetime.fromtimestamp(end, UTC).astimezone(PARIS):%Y-%m-%d %H:%M:%S}"
    watts = (3600 // step) * chance.choice((0, 1, 7, chance.randrange(3_000)))
    return {"v": str(watts), "d": label, "p": f"PT{step // 60}M", "n": "B", "iv": "0", "ec": "0"}


# --- what may be wrong with points ------------------------------------------------------------------------------------

Change = Callable[[list[Point], Random], list[Point]]


def _some(points: list[Point], chance: Random, share: float = 0.1) -> list[Point]:
    """References to some of the points, at least one."""
    return [point for point in points if chance.random() < share] or points[:1]


def _values(*values: Any, share: float = 0.1) -> Change:
    def change(points: list[Point], chance: Random) -> list[Point]:
        for point in _some(points, chance, share):
            point["v"] = chance.choice(values)
        return points

    return change


def _marks(points: list[Point], chance: Random) -> list[Point]:
    for point in _some(points, chance):
        name = chance.choice(("iv", "ec", "n"))
        point[name] = chance.choice(("0", "2", "11", "", None, 3, "B", "E", "a b", "toolongmark", "clock", "é"))
    return points


def _hole(points: list[Point], chance: Random) -> list[Point]:
    first = chance.randrange(len(points))
    return points[:first] + points[first + chance.randrange(1, 12) :]


def _sparse(points: list[Point], chance: Random) -> list[Point]:
    return [point for point in points if chance.random() < 0.8]


def _shuffled(points: list[Point], chance: Random) -> list[Point]:
    return chance.sample(points, len(points))


def _reversed(points: list[Point], chance: Random) -> list[Point]:
    return points[::-1]


def _repeated(points: list[Point], chance: Random) -> list[Point]:
    again = set(map(id, _some(points, chance, chance.choice((0.1, 1.0)))))
    return [each for point in points for each in ([point, dict(point)] if id(point) in again else [point])]


def _contradicting(points: list[Point], chance: Random) -> list[Point]:
    return points + [point | {"v": "4242"} for point in _some(points, chance, 0.05)]


def _without_steps(points: list[Point], chance: Random) -> list[Point]:
    for point in points if chance.random() < 0.7 else _some(points, chance, 0.5):
        point.pop("p")
    return points


def _wrong_steps(points: list[Point], chance: Random) -> list[Point]:
    for point in _some(points, chance):
        point["p"] = chance.choice(("PT1H", "PT2H", "PT7M", "PT", "P1D", "PT60M", "PT0H30M", "", None, 30, "PT15M"))
    return points


def _labels(points: list[Point], chance: Random) -> list[Point]:
    spoilt: tuple[Callable[[str], str], ...] = (
        lambda text: text.replace(" ", "T"),
        lambda text: text + "+01:00",
        lambda text: text + "+0200",
        lambda text: text + "Z",
        lambda text: text + "+23:59",
        lambda text: text + "+24:00",
        lambda text: text + "-01:75",
        lambda text: text[:-2] + "17",
        lambda text: text[:11] + "24:00:00",
        lambda text: text[:5] + "02-30" + text[10:],
        lambda text: text[:10],
        lambda _: "",
        lambda text: text[:11] + "02:30:00",
        lambda text: text[:14] + "05:00",
        lambda text: f"{int(text[:4]) + 1}{text[4:]}",
    )
    for point in _some(points, chance):
        point["d"] = chance.choice(spoilt)(point["d"])
    return points


CHANGES: list[Change] = [
    _values(None, share=0.3),
    _values(None, share=1.0),
    _values("0", 0, share=0.5),
    _values("", "1", "7", "12.5", "12.000001", "0.6", "1e3", "-5", "x", "１", 1234, 12.5, True, "9999999999"),
    _values("36001", "36000", "36000.6", "20822", "999999999"),
    _marks,
    _hole,
    _sparse,
    _shuffled,
    _reversed,
    _repeated,
    _contradicting,
    _without_steps,
    _wrong_steps,
    _labels,
]


# --- shapes -----------------------------------------------------------------------------------------------------------


def _v2(points: list[Point], prm: str, flow: str) -> dict[str, Any]:
    trade = {"consumption": "CONS", "production": "PROD"}[flow]
    entry = {"grandeurMetier": trade, "grandeurPhysique": "PA", "unite": "W", "points": points}
    other = {"grandeurMetier": trade, "grandeurPhysique": "EA", "unite": "Wh", "points": []}
    return {"idPrm": prm, "etapeMetier": "BRUT", "modeCalcul": "MESURE", "grandeur": [other, entry]}


def _v5(points: list[Point], prm: str, chance: Random) -> dict[str, Any]:
    entries = [{V5_NAMES[name]: text for name, text in point.items() if name in V5_NAMES} for point in points]
    body = {"usage_point_id": prm, "reading_type": {"unit": "W"}, "interval_reading": entries}
    return {"meter_reading": body} if chance.random() < 0.5 else body


BROKEN: list[Callable[[dict[str, Any]], Any]] = [
    lambda _: {},
    lambda body: [body],
    lambda body: {"error": body},
    lambda body: body | {"idPrm": "10000000099999", "usage_point_id": "10000000099999"},
    lambda body: body | {"grandeur": {}},
    lambda body: body | {"grandeur": []},
    lambda body: body | {"interval_reading": None, "reading_type": None},
    lambda _: None,
]
