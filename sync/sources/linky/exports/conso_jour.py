"""`Enedis_Conso_Jour`: the meter's index at midnight, in Wh. Two indexes one local day apart give that day's energy.

The index of midnight D is read where day D begins, so the total of day D is index(D + 1) − index(D). Labels count on
in steps of 24 hours from the first one, which leaves them an hour beside midnight in the other half of the year:
`01:00+02:00` after a start in winter, `23:00+01:00` of the evening before after one in summer. Both mean the local
midnight next to them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from ....model.localtime import PARIS, local_day, midnight
from ..points import Reject
from .export import ASK_INSTEAD, Export, NothingToImport, Totals, plain
from .sections import Row, Section
from .text import fitted

DAILY = "arrete quotidien"
LABEL = re.compile(r"20[0-9]{2}-[0-9]{2}-[0-9]{2}([ T][0-9]{2}:[0-9]{2}:[0-9]{2}(Z|[+-][0-9]{2}:?[0-9]{2})?)?")
REGISTER = re.compile(r"eas (t|f[0-9]{1,2})")
INDEX = re.compile(r"[0-9]{1,12}")
HOUR_MS = 3_600_000


@dataclass(frozen=True, slots=True)
class Reading:
    """What the registers show at a midnight: Wh by register name, `eas t` being the total."""

    line: int
    registers: dict[str, int]


@dataclass(slots=True)
class _Days:
    """The readings of a section by local day."""

    totals: Totals = field(default_factory=Totals)
    readings: dict[date, Reading] = field(default_factory=dict)
    doubted: set[date] = field(default_factory=set)
    other_kinds: int = 0

    def reject(self, line: int, reason: str, text: str) -> None:
        self.totals.rejects.append(Reject(line, reason, text))

    def add(self, day: date, reading: Reading) -> None:
        """Keeps a reading; a repetition is skipped, and two different ones for a day are both refused."""
        before = self.readings.get(day)
        if before is None and day not in self.doubted:
            self.readings[day] = reading
        elif before is not None and before.registers == reading.registers:
            self.totals.skipped += 1
        else:
            for doubtful in (before, reading):
                if doubtful:
                    self.reject(doubtful.line, "two indexes for one day", f"{day} = {doubtful.registers}"[:120])
            self.readings.pop(day, None)
            self.doubted.add(day)


def read_index(section: Section) -> Export:
    """The daily totals of a section. Raises `NothingToImport` where it has no consumption registers (EAS)."""
    flow = section.flow("Wh")
    registers = {name: index for index, name in enumerate(section.columns) if REGISTER.fullmatch(name)}
    if not registers:
        raise NothingToImport(
            f"{section.name}, line {section.line}: holds {section.topic} without the consumption registers "
            f"EAS F1 … EAS T. {ASK_INSTEAD}"
        )
    kind_at = section.columns.index("type de releve") if "type de releve" in section.columns else None
    days = _Days()
    for row in section.rows:
        _take(days, row, len(section.columns), registers, kind_at)
    _differences(days)
    other = days.other_kinds
    notes = (f"{other} readings of another kind than 'Arrêté quotidien' left out",) if other else ()
    return days.totals.export(section.name, section.prm(), flow, notes)


def _take(days: _Days, row: Row, width: int, registers: dict[str, int], kind_at: int | None) -> None:
    cells = fitted(row.cells, width)
    if row.torn and len(row.cells) <= width:
        days.reject(row.line, "the file ends in the middle of this line", row.shown)
        return
    if cells is None:
        days.reject(row.line, f"has {len(row.cells)} columns instead of {width}", row.shown)
        return
    if kind_at is not None and plain(cells[kind_at]) != DAILY:
        days.other_kinds += 1
        days.totals.skipped += 1
        return
    texts = {name: cells[index].strip() for name, index in registers.items() if cells[index].strip()}
    day = midnight_of(cells[0].strip())
    if day is None:
        days.reject(row.line, "not a midnight in France", row.shown)
    elif not texts:
        days.totals.skipped += 1
    elif not all(INDEX.fullmatch(text) for text in texts.values()):
        days.reject(row.line, "not an index in Wh", row.shown)
    else:
        days.add(day, Reading(row.line, {name: int(text) for name, text in texts.items()}))


def midnight_of(label: str) -> date | None:
    """The local day that begins at a label, or within an hour of it where the label has an offset; else None."""
    if not LABEL.fullmatch(label):
        return None
    try:
        moment = datetime.fromisoformat(label)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=PARIS)
        return moment.date() if (moment.hour, moment.minute, moment.second) == (0, 0, 0) else None
    instant_ms = int(moment.timestamp()) * 1000
    day = local_day(instant_ms + HOUR_MS)
    return day if abs(instant_ms - midnight(day)) <= HOUR_MS else None


def _differences(days: _Days) -> None:
    """Puts the total of every day that has an index at both its ends into `days.totals`."""
    for day, reading in sorted(days.readings.items()):
        before = days.readings.get(day - timedelta(days=1))
        energy = _energy(before, reading) if before else None
        if before is None or energy is None:
            days.totals.skipped += 1
        elif energy < 0:
            days.reject(reading.line, "the index goes back", f"{before.registers} → {reading.registers}"[:120])
        else:
            days.totals.add(reading.line, day - timedelta(days=1), energy)


def _energy(before: Reading, after: Reading) -> int | None:
    """Wh between two readings; negative where any register went back; None where they share no complete set."""
    if "eas t" in before.registers and "eas t" in after.registers:
        return after.registers["eas t"] - before.registers["eas t"]
    # Without the total the supplier registers stand in, but only if none came or went in between.
    if before.registers.keys() != after.registers.keys():
        return None
    steps = [after.registers[name] - before.registers[name] for name in before.registers]
    return sum(steps) if min(steps) >= 0 else -1
