"""How fine a value is known. Forms of the same meter give it in whole Wh, in tens of W, in whole kWh: a coarser value
neither contradicts nor replaces a finer one that lies within its last digit, cut off or rounded.
"""

from __future__ import annotations

import re

COARSE = "res:"
"""Begins the last word of a flag: `res:5`, the Wh of a reading are known to within 5. Finer than that is not marked."""

_MARK = re.compile(rf"(?:^| ){COARSE}(\d{{1,5}})$", re.ASCII)


class Total(int):
    """The energy of one local day, Wh. resolution: Wh to within which it is known, 1 for an exact one."""

    resolution: int

    def __new__(cls, wh: int, resolution: int = 1) -> Total:
        total = super().__new__(cls, wh)
        total.resolution = resolution
        return total


def fits(total: int, wh: int, slack: int = 0) -> bool:
    """Whether readings of `wh` add up to a daily total; slack: how far coarse readings may be off together, Wh."""
    resolution = total.resolution if isinstance(total, Total) else 1
    return abs(wh - total) < resolution + slack


def marked(flag: str, resolution: int) -> str:
    """A flag with the resolution of its reading, in Wh."""
    return f"{flag} {COARSE}{resolution}".strip() if resolution > 1 else flag


def resolution_of(flag: str) -> int:
    """Wh to within which a reading with this flag is known."""
    found = _MARK.search(flag)
    return int(found[1]) if found else 1


def agree(one: int, other: int, resolution: int) -> bool:
    """Whether two energies of one interval, the coarser of this resolution, may be the same."""
    return abs(one - other) < resolution
