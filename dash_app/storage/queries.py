"""What both forms take, asked of the server; what the lab kept; and a few readings to draw a bucket with."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC
from typing import Any

import pandas as pd

from sync.lab.experiment import RESULTS

from ..kit.blocks import Frame
from ..kit.reader import ZONES, Reader
from ..kit.sizes import measured
from ..kit.view import View
from .projection import FORMS, STEPS, Wish, fits

SAMPLE = 3  # readings drawn
FEW = 1000  # readings; sizes of fewer are mostly those of empty files
OPTIONS = {"log_meters": "3", "years": "10", "step": "30"}
RANGES = {"log_meters": (0.0, 6.0), "years": (1, 30), "step": (min(STEPS), max(STEPS))}


# --- frames -----------------------------------------------------------------------------------------------------------


def sizes_frame(reader: Reader, _view: View) -> Frame:
    """A row a source and form: every number of the cards about sizes, in bytes."""
    found = measured(reader)
    rows = []
    for each in found.pairs:
        for form, size in (("regular", each.regular), ("timeseries", each.timeseries)):
            row: dict[str, Any] = {"source": each.source, "form": form, "readings": each.readings}
            if size:
                saved = each.comparison.reduction_pct if form == "timeseries" else {}
                row |= {
                    "data_bytes": size.data_bytes,
                    "storage_bytes": size.storage_bytes,
                    "index_bytes": size.index_bytes,
                    "total_bytes": size.total_bytes,
                    "bytes_a_reading": size.total_bytes / each.readings,
                    "buckets": size.buckets,
                    "readings_per_bucket": each.readings / size.buckets if size.buckets else None,
                    **{f"saved_{name}_pct": saved.get(name) for name in ("data", "storage", "total")},
                    "server_version": found.server_version,
                    "measured_at": found.at.isoformat(timespec="seconds"),
                }
            rows.append(row)
    return Frame(pd.DataFrame(rows), notes={"measurement": found})


def bucket_frame(reader: Reader, _view: View) -> Frame:
    """The first readings of the first series of each pair, which stand in one bucket: what the picture shows of it."""
    found = measured(reader)
    samples = {}
    rows = []
    for each in found.pairs:
        series = next(known for known in reader.series() if known.source == each.source)
        mirror = reader.pair_of(each.source).mirror
        first = list(mirror.find(series.query()).sort("ts", 1).limit(SAMPLE))
        zone = ZONES[each.source]
        shown = [
            {name: value for name, value in document.items() if name not in ("series", "flag")}
            | {"ts": document["ts"].replace(tzinfo=UTC)}
            for document in first
        ]
        samples[each.source] = {"series": series, "documents": shown}
        rows += [
            {"source": each.source, "series": series.label, "ts": document["ts"].astimezone(zone).isoformat()}
            | {name: value for name, value in document.items() if name not in ("_id", "ts")}
            for document in shown
        ]
    return Frame(pd.DataFrame(rows), notes={"measurement": found, "samples": samples})


def projection_frame(reader: Reader, view: View) -> Frame:
    """A row a tier and form: bytes of what is wished for and the most meters that fit, from the largest pair."""
    found = measured(reader)
    wish = wish_of(view)
    largest = max(found.pairs, key=lambda each: each.readings, default=None)
    notes: dict[str, Any] = {"wish": wish, "measured": largest, "fits": []}
    if largest is None:
        return Frame(pd.DataFrame(), notes=notes)
    if largest.regular is None or largest.timeseries is None:
        return Frame(pd.DataFrame([{"source": largest.source, "readings": largest.readings}]), notes=notes)
    sizes = dict(zip(FORMS, (largest.regular, largest.timeseries), strict=True))
    notes["fits"] = fits(sizes, largest.readings, wish)
    rows = [
        {
            "tier": fit.tier.name,
            "limit_bytes": fit.tier.limit,
            "counts": fit.tier.counts,
            "form": fit.form,
            "meters": wish.meters,
            "years": wish.years,
            "step_minutes": wish.step,
            "readings": wish.readings,
            "bytes": fit.bytes,
            "fixed_bytes": fit.line.fixed,
            "bytes_a_reading": fit.line.each,
            "fits": fit.fits,
            "most_meters": fit.meters,
        }
        for fit in notes["fits"]
    ]
    return Frame(pd.DataFrame(rows), notes=notes)


def wish_of(view: View) -> Wish:
    """The sliders' choice."""
    meters = 10 ** chosen(view, "log_meters")
    return Wish(_two_digits(meters), chosen(view, "years"), chosen(view, "step"))


def chosen(view: View, name: str) -> float:
    """A choice of the projection as a number in its range; the standard for what means nothing."""
    try:
        found = float(view.option(name, OPTIONS[name]))
    except ValueError:
        found = math.nan
    if math.isnan(found) or (name == "step" and found not in STEPS):
        return float(OPTIONS[name])
    least, most = RANGES[name]
    within = min(max(found, least), most)
    return within if name == "log_meters" else round(within)


def _two_digits(meters: float) -> float:
    """A slider's place is no exact number: 1,995.3 → 2,000."""
    return float(f"{meters:.2g}")


# --- what the lab kept ------------------------------------------------------------------------------------------------


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
    return Frame(pd.DataFrame(rows), notes={"results": results, "measurement": measured(reader)})


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
