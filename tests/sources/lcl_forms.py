"""Half hours of London households in each of the forms they are handed out in."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta

HALF_HOUR = timedelta(minutes=30)
CHANGES = (datetime(2013, 3, 31, tzinfo=UTC), datetime(2013, 10, 27, tzinfo=UTC))

Readings = dict[tuple[str, datetime], int]
"""Wh by household and start, UTC."""
Write = Callable[[Readings], tuple[Sequence[str], Iterator[Sequence[str]]]]
"""Header and rows."""


def generated(seed: int, households: int = 2, days: int = 2) -> Readings:
    """Some days over either change of London's clock, with holes, zeros and artefacts of single precision."""
    chance = random.Random(seed)
    found: Readings = {}
    for number in range(households):
        for change in CHANGES:
            for slot in range(48 * days):
                if chance.random() > 0.05:
                    wh = chance.choice([0, 1, 1000, 6528, chance.randrange(5000)])
                    found[f"MAC{number:06d}", change - timedelta(days=days - 1) + slot * HALF_HOUR] = wh
    return found


def kwh(wh: int) -> str:
    """`0.143`; one value as single precision has it."""
    return "6.5279999" if wh == 6528 else f"{wh / 1000:g}"


def published(readings: Readings) -> tuple[Sequence[str], Iterator[Sequence[str]]]:
    """`2012-10-12 00:30:00.0000000, 0.143 `."""
    rows = (
        (home, "Std", f"{start + HALF_HOUR:%Y-%m-%d %H:%M:%S}.0000000", f" {kwh(wh)} ")
        for (home, start), wh in readings.items()
    )
    return ("LCLid", "stdorToU", "DateTime", "KWH/hh (per half hour) "), rows


def kaggle(readings: Readings) -> tuple[Sequence[str], Iterator[Sequence[str]]]:
    """The same with three columns."""
    rows = ((home, label, energy) for home, _, label, energy in published(readings)[1])
    return ("LCLid", "tstp", "energy(kWh/hh)"), rows


def sample(readings: Readings) -> tuple[Sequence[str], Iterator[Sequence[str]]]:
    """`12/10/2012 00:30:00,0.143` with the groups of the household."""
    rows = (
        (home, "Std", f"{start + HALF_HOUR:%d/%m/%Y %H:%M:%S}", kwh(wh), "ACORN-A", "Affluent")
        for (home, start), wh in readings.items()
    )
    return ("LCLid", "stdorToU", "DateTime", "KWH/hh (per half hour) ", "Acorn", "Acorn_grouped"), rows


def wide(readings: Readings) -> tuple[Sequence[str], Iterator[Sequence[str]]]:
    """A line a day: `hh_0` ends at its midnight; an empty cell where there is no reading."""
    days: defaultdict[tuple[str, str], list[str]] = defaultdict(lambda: [""] * 48)
    for (home, start), wh in readings.items():
        label = start + HALF_HOUR
        days[home, f"{label:%Y-%m-%d}"][label.hour * 2 + label.minute // 30] = kwh(wh)
    rows = ((home, day, *cells) for (home, day), cells in days.items())
    return ("LCLid", "day", *(f"hh_{number}" for number in range(48))), rows


FORMS: Mapping[str, Write] = {"published": published, "kaggle": kaggle, "sample": sample, "wide": wide}


def text(
    form: str, readings: Readings, *, end: str = "\r\n", quote: str = "", doubles: int = 0, seed: int = 0
) -> bytes:
    """A file. doubles: rows that stand there twice; rows in a random order where a seed is given."""
    header, rows = FORMS[form](readings)
    chance, listed = random.Random(seed), list(rows)
    listed += [chance.choice(listed) for _ in range(doubles)]
    if seed:
        chance.shuffle(listed)
    lines = [",".join(f"{quote}{cell}{quote}" for cell in row) + end for row in (header, *listed)]
    return "".join(lines).encode()
