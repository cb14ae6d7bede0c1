"""An export of Enedis as a meter of the stand-in, point for point as it lies in the file."""

from __future__ import annotations

import re
from pathlib import Path

from ..model.errors import FileRefused
from ..sources.linky.files import read_exports
from ..sources.linky.points import Point, parse_label, parse_step
from .curve import CurvePoint, Meter, RecordedCurve


def read_r63(path: Path) -> dict[str, Meter]:
    """The one meter of a load curve whose points have their own steps, as R63 has: usage point → meter.

    Raises FileRefused for any other file, with the first line that is not right; UsageError for what cannot be opened.
    """
    exports = list(read_exports(path))
    if len({export.prm for export in exports}) > 1 or any(export.kind != "curve" for export in exports):
        raise FileRefused(f"{path.name}: give an R63 load curve of one meter")
    if rejects := [reject for export in exports for reject in export.rejects]:
        raise FileRefused(f"{path.name}, {rejects[0]}")
    flows = {export.flow: RecordedCurve(_served(path.name, point) for point in export.points) for export in exports}
    return {exports[0].prm: Meter(flows)}


def _served(name: str, point: Point) -> CurvePoint:
    label = parse_label(point.end)
    if label is None or label.tzinfo:
        raise FileRefused(f"{name}, line {point.line}: not a time of the form 2024-05-01 00:30:00")
    if not re.fullmatch(r"\d*", point.value or ""):
        raise FileRefused(f"{name}, line {point.line}: not a whole number of W")
    if point.step is None or parse_step(point.step) is None:
        raise FileRefused(f"{name}, line {point.line}: not a step of a Linky such as PT30M")
    watts = int(point.value) if point.value else None
    return CurvePoint(str(label), watts, point.step, point.nature or "B", point.iv or "0", point.ec or "0")
