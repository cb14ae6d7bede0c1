"""What the last lab of each source measured, kept by `python -m sync compare --lab`."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC
from typing import Any

import pandas as pd

from sync.lab.experiment import RESULTS

from ..kit.blocks import Frame
from ..kit.reader import Reader
from ..kit.view import View
from .projection import FORMS

ROW = (
    "form",
    "granularity",
    "order",
    "index",
    "documents",
    "data_bytes",
    "storage_bytes",
    "index_bytes",
    "total_bytes",
    "buckets",
    "readings_per_bucket",
    "readings_per_second",
)


def lab_results(reader: Reader) -> list[Mapping[str, Any]]:
    """What the last lab of each source measured, as `compare --lab --json` prints it; `at` is an aware UTC moment."""
    found = list(reader.database[RESULTS].find().sort("_id", 1))
    return [result | {"at": result["at"].replace(tzinfo=UTC)} for result in found]


def lab_frame(reader: Reader, _view: View) -> Frame:
    """A row a form, of all sources; times are medians in ms."""
    results = lab_results(reader)
    rows = [
        {
            "source": result["source"],
            **{name: row[name] for name in ROW},
            **{f"saved_{name}_pct": percent for name, percent in row["reduction_pct"].items()},
            **{f"{name}_ms": times["median_ms"] for name, times in row["queries"].items()},
            "marks": " ".join(row["marks"]),
        }
        for result in results
        for row in result["rows"]
    ]
    return Frame(pd.DataFrame(rows), notes={"results": results})


def times_frame(reader: Reader, _view: View) -> Frame:
    """A row a question and form: median and middle half of its runs, ms."""
    results = lab_results(reader)
    rows = [
        {"source": result["source"], "question": each["name"], "readings": each["readings"], "form": form}
        | each[form]
        | {"runs": result["runs"]}
        for result in results
        for each in result["queries"]
        for form in FORMS
    ]
    return Frame(pd.DataFrame(rows), notes={"results": results})
