"""Blocks in the binary form of PostgreSQL's COPY: a row is a count of fields, and each field its length and bytes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...model.columns import NUMBER, TIME, VALUES, Block
from ...model.readings import Instants
from .. import texts

EPOCH = 946_684_800_000  # ms: 2000-01-01
NULL = -1

Field = tuple[str, Any]
"""NumPy type and column of a field; without a type its length alone, 0 or NULL."""


def packed(block: Block) -> Iterator[bytes]:
    """The rows of a block, those with the same fields together, in the order of the columns."""
    letters = np.ascontiguousarray(texts.local(block.start, block.zone))
    local: NDArray[Any] = letters.view(f"V{letters.shape[1]}")[:, 0]
    own = block.series
    for index, flag, there in block.alike():
        fields: dict[str, Field] = {name: text_field(getattr(own, name)) for name in ("source", "id", "flow", "group")}
        fields["start_utc"] = (">i8", moments(block.start[index]))
        fields["start_local"] = (local.dtype.str, local[index])
        fields["seconds"] = (">i4", block.seconds[index])
        for name, column in block.values.items():
            fields[name] = value_field(VALUES[name].kind, column[index]) if name in there else ("", NULL)
        fields["flag"] = text_field(flag) if flag else ("", NULL)
        yield rows_of(len(index), fields)


def text_field(text: str) -> Field:
    """Of a text that is the same in all rows."""
    raw = text.encode()
    return (f"V{len(raw)}", np.frombuffer(raw, f"V{len(raw)}")) if raw else ("", 0)


def moments(column: Instants) -> Instants:
    """Microseconds since 2000."""
    return (column - EPOCH) * 1000


def value_field(kind: str, column: NDArray[Any]) -> Field:
    """Of a column of values of a kind."""
    if kind == NUMBER:
        return ">f8", column
    return ">i8", moments(column) if kind == TIME else column


def rows_of(count: int, fields: Mapping[str, Field]) -> bytes:
    """So many rows of these fields."""
    form = [("count", ">i2")]
    for name, (kind, _) in fields.items():
        form += [(f"size of {name}", ">i4"), *([(name, kind)] if kind else [])]
    rows = np.empty(count, form)
    rows["count"] = len(fields)
    for name, (kind, column) in fields.items():
        rows[f"size of {name}"] = np.dtype(kind).itemsize if kind else column
        if kind:
            rows[name] = column
    return rows.tobytes()
