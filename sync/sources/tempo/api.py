"""The colours of Tempo days by season (https://www.api-couleur-tempo.fr/api): one call for each, no key.

The service repeats what RTE publishes, from September 2020 on. A season goes from 1 September to 31 August, a day from
06:00 to 06:00; code 0 is a day whose colour is not known yet, and that of tomorrow may change until about noon.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any

from ...http.transport import Answer
from ..answers import Service, json_of, shown
from ..source import AnswerRefused

SERVICE = Service("api-couleur-tempo.fr", "TEMPO_API_URL", timedelta(minutes=10))
SPACING = 2.0  # s between two calls
CALLS_PER_DAY = 25  # a season takes one
FIRST = date(2020, 9, 1)
CODES = {1: "blue", 2: "white", 3: "red"}
UNKNOWN = 0
MOST = {"white": 43, "red": 22}
"""Days of a season, and of red ones that they lie from November to March, Monday to Friday (decree of 30 October 2014,
DEVR1425360A, article 3)."""
RED_MONTHS = (11, 12, 1, 2, 3)
SATURDAY = 5


def season_of(day: date) -> int:
    """The year in which its season begins."""
    return day.year if day.month >= 9 else day.year - 1


def season_name(season: int) -> str:
    """`2024-2025`."""
    return f"{season}-{season + 1}"


def question(base: str, season: int) -> tuple[str, dict[str, str]]:
    """Address and query of the call for a season."""
    return f"{base}/joursTempo", {"periode": season_name(season)}


def explain(answer: Answer, now: datetime) -> Exception | None:
    """What an answer that is no 200 means; None for a 200."""
    return SERVICE.explain(answer, now)


def read_season(text: str, season: int) -> dict[date, str]:
    """The days of a season whose colour is known. Raises AnswerRefused for the whole of an answer in which one record
    cannot be right: then nothing says which others are."""
    records = json_of(text)
    if not isinstance(records, list):
        raise AnswerRefused(f"the answer is no list of days: {shown(text)}")
    found: dict[date, str] = {}
    seen: dict[date, int] = {}
    for record in records:
        day, code = _record(record, season)
        if seen.setdefault(day, code) != code:
            raise AnswerRefused(f"{day} stands there with two colours")
        if code != UNKNOWN:
            found[day] = CODES[code]
    _refuse_impossible(found, season)
    return found


def _record(record: Any, season: int) -> tuple[date, int]:
    """Day and code of one record. Raises AnswerRefused."""
    if not isinstance(record, Mapping):
        raise AnswerRefused(f"a record is no object: {shown(record)}")
    text, code = record.get("dateJour"), record.get("codeJour")
    try:
        day = date.fromisoformat(text) if isinstance(text, str) else None
    except ValueError:
        day = None
    if day is None or type(code) is not int or code not in (UNKNOWN, *CODES):
        raise AnswerRefused(f"a record without a day or a colour: {shown(record)}")
    if season_of(day) != season or record.get("periode", season_name(season)) != season_name(season):
        raise AnswerRefused(f"asked was the season {season_name(season)}, the answer holds {day}")
    return day, code


def _refuse_impossible(found: Mapping[date, str], season: int) -> None:
    """What the contract rules out. Raises AnswerRefused."""
    for colour, count in Counter(found.values()).items():
        if count > MOST.get(colour, count):
            raise AnswerRefused(f"{count} {colour} days in {season_name(season)}: a season has {MOST[colour]}")
    if wrong := first_never_red(day for day, colour in found.items() if colour == "red"):
        raise AnswerRefused(f"{wrong} is red: red days lie from November to March, Monday to Friday")


def first_never_red(days: Iterable[date]) -> date | None:
    """The first of the days that can never be red."""
    return next((day for day in days if day.month not in RED_MONTHS or day.weekday() >= SATURDAY), None)
