"""The length of each interval: read from its ISO 8601 duration, or inferred from the labels where none is given."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise

STEPS = frozenset({300, 600, 900, 1800, 3600})
"""Recording steps of a Linky meter, seconds (Enedis data catalogue)."""

DURATION = re.compile(r"PT(?:(\d{1,2})H)?(?:(\d{1,2})M)?", re.ASCII)
RUN = 3
"""A step is believed after this many equal distances in a row; fewer may be single missing points."""


def parse_step(text: str) -> int | None:
    """`PT30M` → 1800, `PT1H` → 3600; None for anything a Linky does not record."""
    match = DURATION.fullmatch(text)
    if not match:
        return None
    seconds = int(match[1] or 0) * 3600 + int(match[2] or 0) * 60
    return seconds if seconds in STEPS else None


def infer_steps(ends: Sequence[int]) -> list[int | None]:
    """Steps (s) of readings by their strictly rising end instants (ms); None where they cannot be told.

    The distance to the label before is the step, if it stands in a run of `RUN` equal distances. After a gap the step
    is that of the run that follows directly, so that no reading is ever stretched over a gap.
    """
    distances = [(b - a) // 1000 for a, b in pairwise(ends)]
    believed = [False] * len(distances)
    first = 0
    for position in range(1, len(distances) + 1):
        if position == len(distances) or distances[position] != distances[first]:
            if distances[first] in STEPS and position - first >= RUN:
                believed[first:position] = [True] * (position - first)
            first = position
    steps: list[int | None] = []
    for index in range(len(ends)):
        if index > 0 and believed[index - 1]:
            steps.append(distances[index - 1])
        elif index < len(distances) and believed[index] and (index == 0 or distances[index] <= distances[index - 1]):
            steps.append(distances[index])
        elif index > 0 and distances[index - 1] == steps[-1]:
            steps.append(steps[-1])
        else:
            steps.append(None)
    return steps
