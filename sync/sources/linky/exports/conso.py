"""`Enedis_Conso_*`: sections of facts with a table, each a load curve or a list of daily indexes.

`Enedis_Conso_Heure`: a load curve in W as `Horodate;Valeur`, labels with offset, empty values, no step per point.

`Enedis_Conso_Jour`: the meter's index at midnight, in Wh. Two indexes one local day apart give that day's energy.
The index of midnight D is read where day D begins, so the total of day D is index(D + 1) − index(D). Labels count on
in steps of 24 hours from the first one, which leaves them an hour beside midnight in the other half of the year:
`01:00+02:00` after a start in winter, `23:00+01:00` of the evening before after one in summer. Both mean the local
midnight next to them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from ....model.errors import FileRefused
from ....model.localtime import PARIS, local_day, midnight
from ..points import Point, Reject, infer_steps, parse_step
from .export import (
    ASK_INSTEAD,
    DOWNLOAD_AGAIN,
    LONG_NUMBER,
    Export,
    NothingToImport,
    Row,
    Section,
    Text,
    Totals,
    curve,
    fitted,
    mixed_prms,
    plain,
    split_sections,
)


def read_conso(name: str, text: Text, first: int) -> list[Export]:
    """What a sectioned file holds. `first`: index of its first line that is not blank.

    Raises `FileRefused` for several PRMs, for a curve or index of another quantity, or when nothing is to import.
    """
    exports: list[Export] = []
    left_out: list[str] = []
    prm = ""
    for section in split_sections(name, text, first):
        if section.facts:
            prm = prm or section.prm()
            if section.prm() != prm:
                raise mixed_prms(name, section.line + 1, prm, section.prm())
        reader = READERS.get(section.kind)
        if reader and section.rows:
            exports.append(reader(section))
        else:
            left_out.append(f"line {section.line}: {section.topic}")
    if not exports:
        raise NothingToImport(f"{name} has nothing to import ({'; '.join(left_out)}). {ASK_INSTEAD}")
    notes = tuple(f"left out: {name}, {what}" for what in left_out)
    return [replace(exports[0], notes=exports[0].notes + notes), *exports[1:]]


# --- load curves -----------------------------------------------------------------------------------------------------


def read_curve(section: Section) -> Export:
    """The load curve of a section. Raises `FileRefused` when it is in another unit or its table is not two columns."""
    flow = section.flow("W")
    if section.columns != ["horodate", "valeur"]:
        raise FileRefused(
            f"{section.name}: the table of line {section.line} is not 'Horodate;Valeur' alone. {DOWNLOAD_AGAIN}"
        )
    accepted: list[tuple[int, str, str]] = []
    rejects: list[Reject] = []
    for row in section.rows:
        cells = fitted(row.cells, 2)
        reason = _refusal(row, cells)
        if cells is None or reason:
            rejects.append(Reject(row.line, reason, row.shown))
        else:
            accepted.append((row.line, cells[0].strip(), cells[1].strip()))
    step, notes = _stated_step(section.facts.get("pas en minutes", ""), [label for _, label, _ in accepted])
    points = [Point(label, watts, step, line=line) for line, label, watts in accepted]
    return curve(section.name, section.prm(), flow, points=points, rejects=rejects, notes=notes)


def _refusal(row: Row, cells: list[str] | None) -> str:
    """Why a line is no point; empty when it is one."""
    if row.torn and len(row.cells) <= 2:
        # Without a line end the last figure may be half a figure: it is never taken for a power.
        return "the file ends in the middle of this line"
    if cells is None:
        return "not 'Horodate;Valeur'"
    label, watts = cells
    if label.strip()[:2] != "20" or LONG_NUMBER.search(label) or LONG_NUMBER.search(watts):
        return "not a time and a power"
    return ""


def _stated_step(minutes: str, labels: Sequence[str]) -> tuple[str | None, tuple[str, ...]]:
    """The step the header states, unless the labels say otherwise: it is one for the file, and steps change.

    None leaves the step of every point to be inferred from its neighbours.
    """
    if not minutes:
        return None, ()
    step = f"PT{minutes}M"
    seconds = parse_step(step)
    if seconds is None:
        return None, (f"the stated step 'Pas en minutes' {minutes[:10]!r} is none of a Linky; steps are inferred",)
    if set(infer_steps(_ends(labels))) - {None, seconds}:
        return None, (f"the stated step of {minutes} minutes is not that of every point; steps are inferred",)
    return step, ()


def _ends(labels: Sequence[str]) -> list[int]:
    ends = set()
    for label in labels:
        try:
            # Naive labels are compared with one another only, so any zone will do.
            ends.add(int(datetime.fromisoformat(label).timestamp()) * 1000)
        except (ValueError, OverflowError, OSError):
            continue
    return sorted(ends)


# --- daily totals ----------------------------------------------------------------------------------------------------

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


READERS: dict[str, Callable[[Section], Export]] = {"courbe de charge": read_curve, "index": read_index}
