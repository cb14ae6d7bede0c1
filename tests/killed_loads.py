"""What is loaded while things are killed, each with a reading of its input of our own: own clock rule, own arithmetic.

A reading is known by series and start; its value is Wh, length, and what the source says beside it.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from sync.generate.lcl import generate
from sync.standin.curve import household_meters
from sync.standin.elhub import ElhubStandin
from sync.standin.elhub_hours import GeneratedHours
from sync.standin.household import HOUSEHOLD_PRM, Household
from sync.standin.linky import LinkyStandin
from tests import paris, r63
from tests.london import by_hand, row, write

Key = tuple[str, str, str, datetime]
"""Id, flow, group ("" for none), start (UTC)."""
Value = tuple[int, int, datetime | None, int | None]
"""Wh, seconds, when the source last changed it, metering points behind it."""
Readings = dict[Key, Value]

SINCE, UNTIL = date(2025, 10, 1), date(2026, 4, 6)  # both changes of the clock
NOW = datetime(2026, 4, 6, 9, tzinfo=UTC)
ELHUB_END = "2021-05-01"
GROUPS = frozenset({"hydro", "cabin"})  # one of production, one of consumption
FILES = 6
FLOWS = {"courbe_de_charge_consommation": "consumption", "courbe_de_charge_production": "production"}


@dataclass
class Load:
    """One way in. names: record and mirror; standin: where there is one; first: a small part of it, as a command.

    calls_a_stop: that are made once more at most, where one was stopped.
    """

    source: str
    names: tuple[str, str]
    arguments: Sequence[str]
    environ: dict[str, str] = field(default_factory=dict)
    standin: Any = None
    first: Sequence[str] = ()
    calls_a_stop: int = 1

    @cached_property
    def whole(self) -> Readings:
        """What must be stored when the command has come to its end."""
        raise NotImplementedError

    def answered(self, requests: Sequence[Any]) -> Readings:
        """What the answers to these requests held."""
        raise NotImplementedError

    def close(self) -> None:
        if self.standin:
            self.standin.close()


# --- over an API ------------------------------------------------------------------------------------------------------


class Linky(Load):
    """Both flows of the generated household, of half a year or, for the function, up to now."""

    def __init__(self, now: datetime | None = NOW) -> None:
        super().__init__(
            "linky", ("consumption", "consumptionTS"), ("backfill", "--since", f"{SINCE}", "--until", f"{UNTIL}")
        )
        self.standin = LinkyStandin(meters=household_meters(), now=(lambda: now) if now else None, ban_after=None)
        self.environ = {
            "LINKY_API_URL": self.standin.url,
            "LINKY_TOKEN": self.standin.token,
            "LINKY_PRM": HOUSEHOLD_PRM,
            "LINKY_FLOWS": "both",
            "SYNC_REQUEST_SPACING": "0",
        }

    @cached_property
    def whole(self) -> Readings:
        return {key: value for flow in FLOWS.values() for key, value in self._days(flow, SINCE, UNTIL).items()}

    def answered(self, requests: Sequence[Any]) -> Readings:
        found: Readings = {}
        for each in requests:
            if each.route in FLOWS:
                found |= self._days(FLOWS[each.route], date.fromisoformat(each.start), date.fromisoformat(each.end))
        return found

    @staticmethod
    def _days(flow: str, first: date, end: date) -> Readings:
        """Half-hours of local days `[first, end)`: average power × half an hour, from midnight on."""
        household, found = Household(0), {}
        for day in (first + timedelta(days=number) for number in range((end - first).days)):
            for index, watts in enumerate(getattr(household.day(day), flow)):
                start = datetime.fromtimestamp(paris.midnight(day) + 1800 * index, UTC)
                found[HOUSEHOLD_PRM, flow, "", start] = (watts // 2, 1800, None, None)
        return found


class Elhub(Load):
    """Two groups of five areas, of four months or, for the function, up to now."""

    def __init__(self, now: datetime = NOW) -> None:
        super().__init__("elhub", ("elhub", "elhubTS"), ("backfill", "--source", "elhub", "--until", ELHUB_END))
        self._now = now
        self.standin = self._standin()
        self.environ = {"ELHUB_API_URL": self.standin.url}
        self.first = ("backfill", "--source", "elhub", "--until", "2021-01-02")
        self.calls_a_stop = 2  # one under way, and an answer that is ready

    @cached_property
    def whole(self) -> Readings:
        months = [f"2021-{month:02}-01" for month in range(1, 6)]
        names = ("PRODUCTION_PER_GROUP_MBA_HOUR", "CONSUMPTION_PER_GROUP_MBA_HOUR")
        asked = [(name, *edges) for name in names for edges in pairwise(months)]
        return self._read(asked)

    def answered(self, requests: Sequence[Any]) -> Readings:
        return self._read(
            [(each.given["dataset"], each.given["startDate"], each.given["endDate"]) for each in requests]
        )

    def _standin(self) -> ElhubStandin:
        return ElhubStandin(GeneratedHours(groups=GROUPS), now=lambda: self._now)

    def _read(self, asked: Iterable[tuple[str, str, str]]) -> Readings:
        """Answers of a second stand-in, so that the first has the requests of the product alone."""
        found: Readings = {}
        with self._standin() as standin:
            for name, first, end in sorted(set(asked)):
                query = urlencode({"dataset": name, "startDate": first, "endDate": end})
                headers = {"Accept": "application/json", "User-Agent": "test"}
                with urlopen(Request(f"{standin.url}/price-areas?{query}", headers=headers)) as answer:
                    found |= _elhub_hours(json.load(answer), name.partition("_")[0].lower())
        return found


def _elhub_hours(answer: Any, flow: str) -> Readings:
    found: Readings = {}
    for entity in answer["data"]:
        (rows,) = (part for name, part in entity["attributes"].items() if name.startswith(flow))
        for each in rows:
            start = datetime.fromisoformat(each["startTime"]).astimezone(UTC)
            updated = datetime.fromisoformat(each["lastUpdatedTime"]).astimezone(UTC)
            key = (each["priceArea"], flow, each[f"{flow}Group"], start)
            found[key] = (round(each["quantityKwh"] * 1000), 3600, updated, each.get("meteringPointCount"))
    return found


# --- from files -------------------------------------------------------------------------------------------------------


@dataclass
class RowCounts:
    """What is in files, by hand: rows, those without a value, and how many at least and at most contradict."""

    rows: int
    missing: int = 0
    contradicting: tuple[int, int] = (0, 0)


class FileLoad(Load):
    """An import. counts: of the rows of its files."""

    counts: RowCounts
    files: int

    def check_rows(self, out: str, new: int | None) -> None:
        """`all files: 1,000 rows = 990 new + …`: every row is one thing, and what the file says it is."""
        match = re.search(r"^all files: ([\d,]+) rows = (.*)$", out, re.MULTILINE)
        assert match, out
        terms = {name: number(count) for count, name in re.findall(r"([\d,]+) ([a-z ]+?)(?: \+ |$)", match[2])}
        assert number(match[1]) == self.counts.rows == sum(terms.values())
        assert terms.get("without a value", 0) == self.counts.missing
        fewest, most = self.counts.contradicting
        assert fewest <= terms.get("contradicting", 0) <= most
        assert new is None or terms.get("new", 0) == new
        assert terms.get("new", 0) + terms.get("stored before", 0) >= len(self.whole)
        assert not terms.keys() - {"new", "stored before", "without a value", "contradicting", "repeated"}


class LinkyFiles(FileLoad):
    """The real two years, in several files."""

    def __init__(self, shared_data: Path, folder: Path) -> None:
        with gzip.open(shared_data / r63.FILE, "rt", encoding="utf-8-sig", newline="") as lines:
            head, *rows = lines.read().splitlines()
        size = -(-len(rows) // FILES)
        paths = [folder / f"r63_{at:06}.csv" for at in range(0, len(rows), size)]
        for number, path in enumerate(paths):
            part = rows[number * size : (number + 1) * size]
            path.write_text("\n".join([head, *part, ""]), encoding="utf-8")
        super().__init__("linky", ("consumption", "consumptionTS"), ("import", *map(str, paths)))
        self.counts, self.files = RowCounts(len(rows)), len(paths)
        self._data = shared_data

    @cached_property
    def whole(self) -> Readings:
        found = r63.expected(self._data)
        return {(r63.PRM, "consumption", "", each.ts): (each.wh, each.seconds, None, None) for each in found}


class London(FileLoad):
    """Generated files, and one that contradicts two of their readings and repeats others."""

    def __init__(self, folder: Path) -> None:
        generate(folder / "lcl", households=12, days=60, rows_per_file=6_000)
        paths = sorted((folder / "lcl").glob("*.csv"))
        lines = paths[0].read_text(encoding="ascii").splitlines()[1:]
        copies = [line for line in lines[:200] if "Null" not in line]
        other = [f"{line.rpartition(',')[0]}, 9.9 " for line in (copies[7], copies[11])]
        paths.append(write(folder / "copies.csv", [*copies, *other, row(0, 5, "MAC000001")]))
        super().__init__("lcl", ("lcl", "lclTS"), ("import", "--source", "lcl", *map(str, paths)))
        self.files, self.first = len(paths), ("import", "--source", "lcl", str(paths[-1]))
        hand = by_hand(paths)
        contradicting = sum(map(len, hand.others.values())), hand.counts["others"]
        self.counts = RowCounts(hand.counts["rows"], hand.counts["missing"], contradicting)
        self._values = hand.stored()

    @cached_property
    def whole(self) -> Readings:
        return {(name, "consumption", "", at): (wh, 1800, None, None) for (name, at), wh in self._values.items()}


def number(text: str) -> int:
    """`1,234` → 1234."""
    return int(text.replace(",", ""))
