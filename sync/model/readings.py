"""Readings: energy over half-open UTC intervals `[start, start + seconds)`, as typed columns of one series.

`document()` is the only Python spelling of the stored document; `atlas_functions/` has the only JavaScript one.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np
from bson import Int64, ObjectId
from numpy.typing import NDArray

from .privacy import plain

Instants = NDArray[np.int64]
"""Milliseconds since 1970-01-01T00:00Z."""

PRM_DIGITS = 14
GENERATED_PREFIX = "9" * 12

PRELIMINARY = "preliminary"
"""Word in the flag of a reading that its source will replace by a final one."""

LONGEST_INTERVAL = 3600
FIRST_FIELDS = ("_id", "ts", "series", "eur_mwh", "dkk_mwh", "wh")
LAST_FIELDS = ("seconds", "updated", "meters", "flag")
"""Of stored documents, in their order; between them come those of the weather."""
INT32_MAX = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Series:
    """What names a series, and nothing that varies: becomes the metaField. `group` is empty where a source has none."""

    source: str
    id: str
    flow: str
    group: str = ""

    def subdocument(self) -> dict[str, str]:
        """The `series` field of a stored document: keys in alphabetical order, as a time-series collection has them."""
        grouped = {"group": self.group} if self.group else {}
        return {"flow": self.flow, **grouped, "id": self.id, "source": self.source}

    def query(self) -> dict[str, Any]:
        """Filter on the whole value: the one that the index of either collection serves."""
        return {"series": self.subdocument()}

    @property
    def shown_id(self) -> str:
        return mask(self.id) if self._is_personal else self.id

    @property
    def _is_personal(self) -> bool:
        """Whether the id is a PRM, which is personal data: only its last four digits are ever shown."""
        return len(self.id) == PRM_DIGITS and self.id.isdecimal()

    @property
    def label(self) -> str:
        """For people: `linky …0844 consumption`, `elhub NO1 production hydro`."""
        return plain(" ".join(part for part in (self.source, self.shown_id, self.flow, self.group) if part))

    @property
    def key(self) -> str:
        """A stable name for ledger and leases that does not hold a whole PRM: `linky:…0844~1a2b3c4d:consumption`."""
        shown = self.shown_id
        if self._is_personal:
            shown = f"{shown}~{hashlib.sha256(self.id.encode()).hexdigest()[:8]}"
        return ":".join(part for part in (self.source, shown, self.flow, self.group) if part)


def addresses(series: Iterable[Series]) -> dict[Series, str]:
    """Each series as an address names it, in this order: `linky-0844-consumption`; twins are numbered.

    Not its key: that holds a short hash, from which a PRM could be found by trying.
    """
    found: dict[Series, str] = {}
    twins: Counter[str] = Counter()
    for each in series:
        name = "-".join(part for part in (each.source, each.shown_id.removeprefix("…"), each.flow, each.group) if part)
        found[each] = f"{name}~{twins[name] + 1}" if twins[name] else name
        twins[name] += 1
    return found


def series_from(stored: Any) -> Series | None:
    """The series of a stored `series` value; None when it is no document, or a field is absent or not text."""
    if not isinstance(stored, Mapping):
        return None
    parts = [stored.get("source"), stored.get("id"), stored.get("flow"), stored.get("group", "")]
    texts = [part for part in parts if isinstance(part, str)]
    return Series(*texts) if len(texts) == len(parts) else None


def is_reading(stored: Mapping[str, Any], source: str) -> bool:
    """Whether a stored document (decoded) has the form of a reading of a source: everything else in a collection is
    somebody else's, is named and left alone."""
    series = series_from(stored.get("series"))
    if series is None or series.source != source or stored["series"] != series.subdocument():
        return False
    values = {name: value for name, value in stored.items() if name not in ("_id", "ts", "series", "flag")}
    seconds = values.pop("seconds", 0)
    return (
        isinstance(stored.get("_id"), ObjectId)
        and isinstance(stored.get("ts"), datetime)
        and isinstance(stored.get("flag", ""), str)
        and _is_number(seconds)
        and 1 <= seconds <= LONGEST_INTERVAL
        and bool(values)
        and all(_is_number(value) or isinstance(value, datetime) for value in values.values())
    )


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def in_stored_order(reading: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of a stored reading in the order of `document`: a time-series collection has an order of its own."""
    first = [name for name in FIRST_FIELDS if name in reading]
    last = [name for name in LAST_FIELDS if name in reading]
    others = [name for name in reading if name not in FIRST_FIELDS + LAST_FIELDS]
    return {name: reading[name] for name in (*first, *others, *last)}


def is_generated(series: Series) -> bool:
    """Whether a series is invented by the stand-in: its PRM begins with twelve nines, as no meter's does."""
    return series.source == "linky" and series.id.startswith(GENERATED_PREFIX)


def is_generated_key(key: str) -> bool:
    """The same, of a series of which only its `key` is known: that holds the two digits behind the nines."""
    parts = key.split(":")
    last = parts[1].partition("~")[0][-2:] if len(parts) == 3 else ""
    return Series("linky", f"{GENERATED_PREFIX}{last}", parts[-1]).key == key


def mask(prm: str) -> str:
    """`21121707640844` → `…0844`."""
    return f"…{prm[-4:]}"


@dataclass(frozen=True, slots=True)
class ReadingBatch:
    """Readings of one series, oldest first, no instant twice, no two overlapping (checked on construction).

    start: int64[n], ms since the epoch, UTC, start of the interval. columns: the stored fields by name, in their stored
    order, `seconds` (1…3600) among them; the type of an array says the BSON type: int32 → Int32, int64 → Int64, float64
    → Double (finite), datetime64[ms] → Date. absent: name → bool[n], where a reading does not have this field.
    flags: index → text, only for unusual readings.
    Raises ValueError when a column breaks these rules: that is a bug of the source that built it.
    """

    series: Series
    start: Instants
    columns: Mapping[str, NDArray[Any]]
    flags: Mapping[int, str] = field(default_factory=dict)
    absent: Mapping[str, NDArray[np.bool_]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if any(len(column) != len(self.start) for column in (*self.columns.values(), *self.absent.values())):
            raise ValueError("columns of different length")
        if unknown := [name for name, column in self.columns.items() if column.dtype not in BSON_OF]:
            raise ValueError(f"no BSON type for the column {unknown[0]}: {self.columns[unknown[0]].dtype}")
        if len(self.start) == 0:
            return
        if self.seconds.min() < 1 or self.seconds.max() > LONGEST_INTERVAL:
            raise ValueError("interval length outside 1…3600 s")
        for name, column in self.columns.items():
            if column.dtype == np.float64 and not np.isfinite(column[~self._is_absent(name)]).all():
                raise ValueError(f"{name} is not a number")
        if (self.start[1:] < self.end[:-1]).any():
            raise ValueError("readings out of order or overlapping")

    def __len__(self) -> int:
        return len(self.start)

    @property
    def seconds(self) -> NDArray[np.int32]:
        """Length of each interval."""
        return self.columns["seconds"]

    @property
    def wh(self) -> NDArray[Any]:
        """Energy of each interval, of sources that measure energy."""
        return self.columns["wh"]

    @property
    def end(self) -> Instants:
        """End of each interval, ms since the epoch, UTC."""
        return self.start + self.seconds.astype(np.int64) * 1000

    def slice(self, first: int, last: int) -> ReadingBatch:
        """The readings `first` … `last - 1`."""
        part = slice(first, last)
        return ReadingBatch(
            self.series,
            self.start[part],
            {name: column[part] for name, column in self.columns.items()},
            {index - first: text for index, text in self.flags.items() if first <= index < last},
            {name: mask[part] for name, mask in self.absent.items()},
        )

    def document(self, index: int, _id: ObjectId) -> dict[str, Any]:
        """The stored document of one reading."""
        fields = {
            name: BSON_OF[column.dtype](column[index])
            for name, column in self.columns.items()
            if name not in self.absent or not self.absent[name][index]
        }
        return document(_id, instant(int(self.start[index])), self.series.subdocument(), fields, self.flags.get(index))

    def _is_absent(self, name: str) -> NDArray[np.bool_]:
        return self.absent.get(name, np.zeros(len(self.start), dtype=bool))


BSON_OF: Mapping[np.dtype[Any], Callable[[Any], Any]] = {
    np.dtype(np.int32): int,
    np.dtype(np.int64): Int64,
    np.dtype(np.float64): float,
    np.dtype("datetime64[ms]"): lambda moment: instant(int(moment.astype(np.int64))),
}
"""NumPy type of a column → the Python value that PyMongo stores as the BSON type meant."""


def energy_batch(
    series: Series,
    start: Instants,
    wh: NDArray[np.int64],
    seconds: NDArray[np.int64],
    flags: Mapping[int, str] | None = None,
) -> ReadingBatch:
    """Readings of a meter: `wh` as Int32. Raises ValueError as `ReadingBatch` does, and for an energy outside Int32."""
    if len(wh) and abs(wh).max() > INT32_MAX:
        raise ValueError("energy outside Int32")
    columns = {"wh": wh.astype(np.int32), "seconds": seconds.astype(np.int32)}
    return ReadingBatch(series, start, columns, flags or {})


def clashing(start: Instants, end: Instants) -> NDArray[np.bool_]:
    """Which of the intervals (sorted by start, ms) share time with another one."""
    clash = np.zeros(len(start), dtype=bool)
    reach = np.maximum.accumulate(end)
    clash[1:] = start[1:] < reach[:-1]
    following = np.searchsorted(start, end, side="left")  # the first interval that begins at or after this one's end
    return clash | (following - np.arange(len(start)) > 1)


def document(
    _id: ObjectId, ts: datetime, series: Mapping[str, str], fields: Mapping[str, Any], flag: str | None = None
) -> dict[str, Any]:
    """The stored document: fixed field order, Python ints become Int32, an absent flag is an absent field."""
    stored = {"_id": _id, "ts": ts, "series": series, **fields}
    if flag:
        stored["flag"] = flag
    return stored


def instant(milliseconds: int) -> datetime:
    """Milliseconds since the epoch → aware UTC datetime."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def milliseconds(moment: datetime) -> int:
    """Aware datetime → milliseconds since the epoch."""
    return round(moment.timestamp() * 1000)
