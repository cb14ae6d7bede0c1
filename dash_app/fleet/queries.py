"""Which meters the page about many of them shows, by whose groups, and what of them is summed.

It asks the small collections of `sync.fleet`, never the readings themselves.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from sync.fleet.names import ALL, BANDS, SOURCES, TABLES, day_of
from sync.fleet.state import Mark, State, mark_of, state_of

from ..kit.reader import ZONES, Reader
from ..kit.view import Extent, Scope, View

FEWEST = 3  # series; percentiles of fewer mean nothing
STANDARDS = {"fleet": "", "group": ALL, "by": ""}
ORDER = (
    "tariff=Std",
    "tariff=ToU",
    "acorn_group=Affluent",
    "acorn_group=Comfortable",
    "acorn_group=Adversity",
    "acorn_group=ACORN-U",
)
"""Groups as people order them; others come before."""
COMMAND = "python -m sync fleet"


@dataclass(frozen=True, slots=True)
class Fleet:
    """All series of a source and flow. series: how many are stored."""

    source: str
    flow: str
    series: int

    @property
    def name(self) -> str:
        """As the address has it: `lcl-consumption`."""
        return f"{self.source}-{self.flow}"

    def key(self) -> dict[str, str]:
        """Matches the documents of this fleet."""
        return {"_id.source": self.source, "_id.flow": self.flow}


def fleets_of(reader: Reader) -> list[Fleet]:
    """The fleets that are large enough, the largest first."""
    found = Counter((each.source, each.flow) for each in reader.series() if each.source in SOURCES)
    large = [Fleet(source, flow, count) for (source, flow), count in found.items() if count >= FEWEST]
    return sorted(large, key=lambda each: -each.series)


def fleet_named(reader: Reader, name: str) -> Fleet | None:
    """The fleet of a name, else the first one; None without any."""
    found = fleets_of(reader)
    return next((each for each in found if each.name == name), found[0] if found else None)


def fleet_in(reader: Reader, view: View) -> Fleet | None:
    """The chosen one."""
    return fleet_named(reader, view.option("fleet", STANDARDS["fleet"]))


def scope(reader: Reader, asked: Mapping[str, str]) -> Scope | None:
    """The days that are summed; None without a fleet."""
    fleet = fleet_named(reader, asked.get("fleet", ""))
    if fleet is None:
        return None
    state = summary_of(reader, fleet)
    extent = Extent()
    if state.first is not None and state.last is not None:
        extent = Extent(day_of(state.first), day_of(state.last) + timedelta(days=1))
    return Scope(extent, reader.today(ZONES[fleet.source]))


def summary_of(reader: Reader, fleet: Fleet) -> State:
    """What is summed."""
    return reader.kept(("fleet state", fleet.source), lambda: state_of(reader.database, fleet.source))


def mark_now(reader: Reader, fleet: Fleet) -> Mark:
    """What is stored."""
    minute = int(reader.now().timestamp() // 60)
    return reader.kept(("fleet mark", fleet.source, minute), lambda: mark_of(reader.pair_of(fleet.source)))


def columns_of(fleet: Fleet) -> tuple[str, ...]:
    """By what the households of a fleet can be grouped."""
    return TABLES[fleet.source][1] if fleet.source in TABLES else ()


def groups_of(reader: Reader, fleet: Fleet) -> list[str]:
    """`all` and the groups that have households."""

    def ask() -> list[str]:
        found = reader.database[BANDS].distinct("_id.group", fleet.key() | {"_id.step": "month"})
        rank = {name: place for place, name in enumerate(ORDER)}
        return [ALL, *sorted((name for name in found if name != ALL), key=lambda name: (rank.get(name, -1), name))]

    return reader.kept(("fleet groups", fleet), ask)


def group_in(reader: Reader, fleet: Fleet, view: View) -> str:
    """The chosen group; all of them for one that is none."""
    name = view.option("group", STANDARDS["group"])
    return name if name in groups_of(reader, fleet) else ALL


def by_in(fleet: Fleet, view: View) -> str:
    """The chosen column to compare by; empty where there is none."""
    columns = columns_of(fleet)
    name = view.option("by", STANDARDS["by"])
    return name if name in columns else (columns[0] if columns else "")
