"""What both forms take, asked of the server; what the lab kept; and a few readings to draw a bucket with."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import pandas as pd

from sync.lab.engines import OURS
from sync.lab.experiment import RESULTS

from ..kit.blocks import EMPTY_FRAME, Frame, about
from ..kit.reader import ZONES, Reader
from ..kit.sizes import Measured, measured
from ..kit.view import View
from .projection import FORMS, STEPS, Wish, fits

SAMPLE = 3  # readings drawn
FEW = 1000  # readings; sizes of fewer are mostly those of empty files
OPTIONS = {"log_meters": "3", "years": "10", "step": "30"}
SOURCE = "source"  # the page's option: which one is shown
RANGES = {"log_meters": (0.0, 6.0), "years": (1, 30), "step": (min(STEPS), max(STEPS))}


# --- frames -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Shown:
    """One pair of all that are measured, the household's first."""

    pair: Measured
    pairs: tuple[Measured, ...]
    at: datetime
    server_version: str


def shown_in(reader: Reader, view: View) -> Shown | None:
    """The pair of the chosen source, else the household's; None without a reading."""
    found = measured(reader)
    first = next((meter.source for meter in reader.meters()), "")
    pairs = sorted(found.pairs, key=lambda each: each.source != first)
    chosen = next((each for each in pairs if each.source == view.option(SOURCE, "")), pairs[0] if pairs else None)
    return Shown(chosen, tuple(pairs), found.at, found.server_version) if chosen else None


@about(shown_in)
def sources_frame(shown: Shown, _view: View) -> Frame:
    """A row a source and form, of all sources, in bytes."""
    return Frame(_table(shown.pairs, shown), notes={"shown": shown})


@about(shown_in)
def sizes_frame(shown: Shown, _view: View) -> Frame:
    """A row a form: every number of the cards about sizes, in bytes."""
    return Frame(_table([shown.pair], shown), notes={"shown": shown})


def _table(pairs: Iterable[Measured], shown: Shown) -> pd.DataFrame:
    rows = []
    for each in pairs:
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
                    "server_version": shown.server_version,
                    "measured_at": shown.at.isoformat(timespec="seconds"),
                }
            rows.append(row)
    return pd.DataFrame(rows)


def bucket_frame(reader: Reader, view: View) -> Frame:
    """The first readings of the first series of the pair, which stand in one bucket: what the picture shows of it."""
    shown = shown_in(reader, view)
    if shown is None:
        return EMPTY_FRAME
    source = shown.pair.source
    series = next(known for known in reader.series() if known.source == source)
    first = list(reader.pair_of(source).mirror.find(series.query()).sort("ts", 1).limit(SAMPLE))
    documents = [
        {name: value for name, value in document.items() if name not in ("series", "flag")}
        | {"ts": document["ts"].replace(tzinfo=UTC)}
        for document in first
    ]
    rows = [
        {"source": source, "series": series.label, "ts": document["ts"].astimezone(ZONES[source]).isoformat()}
        | {name: value for name, value in document.items() if name not in ("_id", "ts")}
        for document in documents
    ]
    return Frame(pd.DataFrame(rows), notes={"shown": shown, "series": series, "documents": documents})


@about(shown_in)
def projection_frame(shown: Shown, view: View) -> Frame:
    """A row a tier and form: bytes of what is wished for and the most meters that fit, from the sizes of the pair."""
    own, wish = shown.pair, wish_of(view)
    notes: dict[str, Any] = {"wish": wish, "measured": own, "fits": [], "sources": (own.source,)}
    if own.regular is None or own.timeseries is None:
        return Frame(pd.DataFrame([{"source": own.source, "readings": own.readings}]), notes=notes)
    sizes = dict(zip(FORMS, (own.regular, own.timeseries), strict=True))
    notes["fits"] = fits(sizes, own.readings, wish)
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


def lab_of(reader: Reader, shown: Shown) -> Mapping[str, Any] | None:
    """What the last lab of the source measured, as `compare --lab --json` prints it; `at` is an aware UTC moment."""
    result = reader.database[RESULTS].find_one({"_id": shown.pair.source})
    return result | {"at": result["at"].replace(tzinfo=UTC)} if result else None


def lab_frame(reader: Reader, view: View) -> Frame:
    """A row a form; times are medians in ms."""
    shown = shown_in(reader, view)
    result = lab_of(reader, shown) if shown else None
    if shown is None or result is None:
        return EMPTY_FRAME
    rows = [
        {
            "source": result["source"],
            **{name: row[name] for name in ROW},
            **{f"saved_{name}_pct": percent for name, percent in row["reduction_pct"].items()},
            **{f"{name}_ms": times["median_ms"] for name, times in row["queries"].items()},
            "marks": " ".join(row["marks"]),
        }
        for row in result["rows"]
    ]
    return Frame(pd.DataFrame(rows), notes={"result": result, "measured": shown.pair})


def times_frame(reader: Reader, view: View) -> Frame:
    """A row a question and form: median and middle half of its runs, ms."""
    shown = shown_in(reader, view)
    result = lab_of(reader, shown) if shown else None
    if result is None:
        return EMPTY_FRAME
    rows = [
        {"source": result["source"], "question": each["name"], "readings": each["readings"], "form": form}
        | each[form]
        | {"runs": result["runs"]}
        for each in result["queries"]
        for form in FORMS
    ]
    return Frame(pd.DataFrame(rows), notes={"result": result})


def engines_frame(reader: Reader, view: View) -> Frame:
    """A row an engine, MongoDB's two forms among them; times are medians in ms."""
    shown = shown_in(reader, view)
    result = lab_of(reader, shown) if shown else None
    if result is None or "engines" not in result:
        return EMPTY_FRAME
    own = [
        {**row, "engine": mark, "lacks": lacks, "bytes_a_reading": row["total_bytes"] / result["readings"]}
        for mark, lacks in OURS.items()
        for row in result["rows"]
        if mark in row["marks"]
    ]
    found = [*own, *result["engines"]["rows"]]
    names = ("engine", "storage_bytes", "index_bytes", "total_bytes", "bytes_a_reading", "readings_per_second")
    rows = [
        {"source": result["source"], **{name: row[name] for name in names}}
        | {f"{name}_ms": times["median_ms"] for name, times in row["queries"].items()}
        | {"lacks": " ".join(row["lacks"])}
        for row in found
    ]
    notes = {"rows": found, "readings": result["readings"], "left_out": result["engines"]["left_out"]}
    return Frame(pd.DataFrame(rows), notes=notes)
