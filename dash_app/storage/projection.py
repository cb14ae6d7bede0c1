"""What both forms would take for more meters, more years, other steps: straight lines through what was measured. Pure.

    bytes = fixed + bytes a reading × readings          readings = meters × years × seconds of a year / step

The fixed part is what the files take when they are empty (4,096 bytes each, measured on 6.0.5), so that a small
measurement is not multiplied by it. Limits are Atlas' own: M0 and Flex count data and indexes, uncompressed; a
dedicated tier has a disk, on which compressed pages and indexes lie: the size it is created with (it can be enlarged).
"""

from __future__ import annotations

from dataclasses import dataclass

from sync.store.sizes import Size

YEAR_SECONDS = 365.25 * 86_400
EMPTY_FILE = 4096  # bytes
INDEXES = {"regular": 2, "timeseries": 1}  # the key and that of _id; the compound one
FORMS = tuple(INDEXES)
QUOTA, DISK = "quota", "disk"
STEPS = (10, 15, 30, 60)  # minutes


@dataclass(frozen=True, slots=True)
class Tier:
    """limit: bytes; counts: `quota` (data and indexes) or `disk` (storage and indexes)."""

    name: str
    limit: int
    counts: str


TIERS = (
    Tier("M0", 512 * 10**6, QUOTA),
    Tier("Flex", 5 * 10**9, QUOTA),
    Tier("M10", 10 * 10**9, DISK),
    Tier("M20", 20 * 10**9, DISK),
    Tier("M30", 40 * 10**9, DISK),
    Tier("M40", 80 * 10**9, DISK),
)


@dataclass(frozen=True, slots=True)
class Line:
    """Bytes of so many readings: `fixed + each × readings`."""

    fixed: float
    each: float

    def at(self, readings: float) -> float:
        """Bytes that so many readings take."""
        return self.fixed + self.each * readings

    def holds(self, limit: float) -> float:
        """Readings that fit into so many bytes; 0 when not even the empty files do."""
        return max(0.0, (limit - self.fixed) / self.each)


@dataclass(frozen=True, slots=True)
class Wish:
    """How many meters, years, and minutes from one reading to the next."""

    meters: float
    years: float
    step: float

    @property
    def readings_of_a_meter(self) -> float:
        return self.years * YEAR_SECONDS / (60 * self.step)

    @property
    def readings(self) -> float:
        return self.meters * self.readings_of_a_meter


def line_of(form: str, size: Size, readings: int, counts: str) -> Line:
    """The line of a form through its measured size. Raises ValueError without readings: then there is no line."""
    if readings <= 0:
        raise ValueError("nothing was measured")
    files = INDEXES[form] + (1 if counts == DISK else 0)  # uncompressed data of no reading is no byte
    fixed = files * EMPTY_FILE
    measured = size.index_bytes + (size.storage_bytes if counts == DISK else size.data_bytes)
    return Line(fixed, max(measured - fixed, 1) / readings)


@dataclass(frozen=True, slots=True)
class Fit:
    """One form in one tier: bytes that the wish takes, and the most meters that fit (a whole number)."""

    tier: Tier
    form: str
    line: Line
    bytes: float
    meters: int

    @property
    def fits(self) -> bool:
        return self.bytes <= self.tier.limit


def fits(sizes: dict[str, Size], readings: int, wish: Wish) -> list[Fit]:
    """Every tier with every form; sizes: form → what `readings` of it were measured to take."""
    found = []
    for tier in TIERS:
        for form, size in sizes.items():
            line = line_of(form, size, readings, tier.counts)
            meters = int(line.holds(tier.limit) / wish.readings_of_a_meter)
            found.append(Fit(tier, form, line, line.at(wish.readings), meters))
    return found


def smallest(found: list[Fit], form: str) -> Fit | None:
    """The first tier that holds the wish in a form; None when none of them does."""
    return next((fit for fit in found if fit.form == form and fit.fits), None)
