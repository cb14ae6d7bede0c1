"""Blocks in the binary form of PostgreSQL's COPY: a row is a count of fields, and each field its length and bytes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...model.columns import NUMBER, TIME, VALUES, Block
from ...model.readings import Instants
from .. import texts

EPOCH = 946_684_800_000  # ms: 2000-01-01
NULL = -1


def packed(block: Block) -> Iterator[bytes]:
    """The rows of a block, those with the same fields together, in the order of the columns."""
    letters = np.ascontiguousarray(texts.local(block.start, block.zone))
    local: NDArray[Any] = letters.view(f"V{letters.shape[1]}")[:, 0]
    own = block.series
    for index, flag, there in block.alike():
        fields: dict[str, tuple[str, Any]] = {
            name: _text(getattr(own, name)) for name in ("source", "id", "flow", "group")
        }
        fields["start_utc"] = (">i8", _moments(block.start[index]))
        fields["start_local"] = (local.dtype.str, local[index])
        fields["seconds"] = (">i4", block.seconds[index])
        for name, column in block.values.items():
            fields[name] = _value(VALUES[name].kind, column[index]) if name in there else ("", NULL)
        fields["flag"] = _text(flag) if flag else ("", NULL)
        yield _rows(len(index), fields)


def _text(text: str) -> tuple[str, Any]:
    raw = text.encode()
    return (f"V{len(raw)}", np.frombuffer(raw, f"V{len(raw)}")) if raw else ("", 0)


def _moments(column: Instants) -> Instants:
    """Microseconds since 2000."""
    return (column - EPOCH) * 1000


def _value(kind: str, column: NDArray[Any]) -> tuple[str, Any]:
    if kind == NUMBER:
        return ">f8", column
    return ">i8", _moments(column) if kind == TIME else column


def _rows(count: int, fields: dict[str, tuple[str, Any]]) -> bytes:
    """fields: name → its NumPy type and column; without a type its length alone, 0 or NULL."""
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
