"""`Enedis_Conso_Heure`: a load curve in W as `Horodate;Valeur`, labels with offset, empty values, no step per point."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from ....model.errors import FileRefused
from ..points import Point, Reject, infer_steps, parse_step
from .export import DOWNLOAD_AGAIN, LONG_NUMBER, Export, curve
from .sections import Row, Section
from .text import fitted


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
