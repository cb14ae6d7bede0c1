"""Indexes of a meter at midnight → the energy of the days between them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from ....model.localtime import PARIS, local_day, midnight
from ..points import Reject
from .export import Totals

LABEL = re.compile(r"20[0-9]{2}-[0-9]{2}-[0-9]{2}([ T][0-9]{2}:[0-9]{2}:[0-9]{2}(Z|[+-][0-9]{2}:?[0-9]{2})?)?")
HOUR_MS = 3_600_000

Registers = Mapping[str, int]
"""Wh by register; the name of the one that is the total ends in ` t`."""


@dataclass(slots=True)
class Indexes:
    """The readings of one flow by the local day that begins with them. readings: day → line, registers."""

    totals: Totals = field(default_factory=Totals)
    readings: dict[date, tuple[int, Registers]] = field(default_factory=dict)
    doubted: set[date] = field(default_factory=set)

    def reject(self, line: int, reason: str, text: str) -> None:
        self.totals.rejects.append(Reject(line, reason, text))

    def add(self, line: int, day: date, registers: Registers) -> None:
        """Keeps a reading; a repetition is skipped, and two different ones for a day are both refused."""
        before = self.readings.get(day)
        if before is None and day not in self.doubted:
            self.readings[day] = line, registers
        elif before is not None and before[1] == registers:
            self.totals.skipped += 1
        else:
            for doubtful in (before, (line, registers)):
                if doubtful:
                    self.reject(doubtful[0], "two indexes for one day", f"{day} = {dict(doubtful[1])}"[:120])
            self.readings.pop(day, None)
            self.doubted.add(day)

    def differences(self) -> Totals:
        """The total of every day that has an index at both its ends. Of a meter that was exchanged none: the index goes
        back there."""
        for day, (line, registers) in sorted(self.readings.items()):
            before = self.readings.get(day - timedelta(days=1))
            energy = _energy(before[1], registers) if before else None
            if before is None or energy is None:
                self.totals.skipped += 1
            elif energy < 0:
                self.reject(line, "the index goes back", f"{dict(before[1])} → {dict(registers)}"[:120])
            else:
                self.totals.add(line, day - timedelta(days=1), energy)
        return self.totals


def _energy(before: Registers, after: Registers) -> int | None:
    """Wh between two readings; negative where any register went back; None where they share no complete set."""
    total = next((name for name in after if name.endswith(" t") and name in before), None)
    if total:
        return after[total] - before[total]
    # Without the total the supplier registers stand in, but only if none came or went in between.
    if before.keys() != after.keys():
        return None
    steps = [after[name] - before[name] for name in before]
    return sum(steps) if min(steps) >= 0 else -1


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
