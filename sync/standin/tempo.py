"""A stand-in for api-couleur-tempo.fr: a local server that answers as the real one does.

    with TempoStandin() as standin:
        requests.get(f"{standin.url}/joursTempo", params={"periode": "2024-2025"})

Its colours are drawn from a seed within the rules of the contract: none of them was ever announced.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import date, timedelta, tzinfo
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar

from ..model.errors import FileRefused
from ..model.localtime import PARIS, days
from ..sources.tempo.api import FIRST, MOST, first_never_red, season_name, season_of
from ..tariffs.colours import read_calendar
from .faults import Kind
from .replies import NO_SUCH_PAGE, Reply, json_reply
from .server import TRANSPORT_KINDS, OpenStandin, Request

CODES = {"blue": (1, "Bleu"), "white": (2, "Blanc"), "red": (3, "Rouge")}
UNKNOWN = (0, "Inconnu")
SUNDAY = 6
KINDS = {
    "otherseason": Kind("the season before comes", "otherseason@2"),
    "twice": Kind("a day comes twice, with another colour", "twice@2"),
    "redsunday": Kind("a Sunday in January is red", "redsunday@2"),
    "purple": Kind("a code that does not exist", "purple@2"),
    "holes": Kind("the last days have no colour yet", "holes@2:5", "days", 5, 400),
}


@lru_cache(maxsize=64)
def generated_season(seed: int, season: int) -> dict[date, str]:
    """The colours of every day of a season."""
    chance = random.Random(seed * 10_000 + season)
    every = list(days(date(season, 9, 1), date(season + 1, 9, 1)))
    red = set(chance.sample([day for day in every if first_never_red([day]) is None], MOST["red"]))
    others = [day for day in every if day not in red and day.weekday() != SUNDAY]
    white = set(chance.sample(others, MOST["white"]))
    return {day: "red" if day in red else "white" if day in white else "blue" for day in every}


class GeneratedColours:
    """Colours as if, of any season from the service's first on."""

    def __init__(self, seed: int = 0) -> None:
        self.seed = seed

    def season(self, season: int) -> dict[date, str]:
        return generated_season(self.seed, season) if season >= season_of(FIRST) else {}


class FileColours:
    """The colours of calendar files, `date;colour`."""

    def __init__(self, *paths: Path) -> None:
        self.colours: dict[date, str] = {}
        for path in paths:
            calendar = read_calendar(path)
            if calendar.problems or not calendar.colours:
                raise FileRefused("; ".join(calendar.problems) or f"{path.name} names no day")
            self.colours |= calendar.colours
        self.last = 86_400_000 * (max(self.colours) - date(1970, 1, 1)).days

    def season(self, season: int) -> dict[date, str]:
        return {day: colour for day, colour in self.colours.items() if season_of(day) == season}


class TempoStandin(OpenStandin):
    """Seasons by `periode`, oldest day first; days up to tomorrow."""

    kinds: ClassVar[Mapping[str, Kind]] = TRANSPORT_KINDS | KINDS
    base = "/api"
    generated = GeneratedColours
    read = FileColours
    zone: ClassVar[tzinfo] = PARIS
    days_behind = 1

    def reply(self, request: Request, spoilt: Mapping[str, float]) -> Reply:
        """One answer."""
        if request.path != f"{self.base}/joursTempo":
            return NO_SUCH_PAGE
        asked = request.given.get("periode", "")
        season = int(asked[:4]) if asked[:4].isdigit() and asked == season_name(int(asked[:4])) else 0
        if "otherseason" in spoilt:
            season -= 1
        tomorrow = self.now().astimezone(PARIS).date() + timedelta(days=1)
        known = {day: colour for day, colour in self.served.season(season).items() if day <= tomorrow} if season else {}
        records = [_record(day, *CODES[colour]) for day, colour in known.items()]
        return json_reply(_spoilt(records, season, spoilt))


def _record(day: date, code: int, word: str) -> dict[str, Any]:
    return {"dateJour": str(day), "codeJour": code, "periode": season_name(season_of(day)), "libCouleur": word}


def _spoilt(records: list[dict[str, Any]], season: int, spoilt: Mapping[str, float]) -> list[dict[str, Any]]:
    if "twice" in spoilt:
        records.append(records[0] | {"codeJour": records[0]["codeJour"] % 3 + 1})
    if "redsunday" in spoilt:
        sunday = next(day for day in days(date(season + 1, 1, 1), date(season + 1, 1, 8)) if day.weekday() == SUNDAY)
        records = [each for each in records if each["dateJour"] != str(sunday)] + [_record(sunday, *CODES["red"])]
    if "purple" in spoilt:
        records[0] = records[0] | {"codeJour": 4}
    if "holes" in spoilt:
        for place in range(max(0, len(records) - int(spoilt["holes"])), len(records)):
            records[place] = _record(date.fromisoformat(records[place]["dateJour"]), *UNKNOWN)
    return records
