"""Both sides of the contract: the same answers through the Python code and through the functions of Atlas."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import bson
from bson.codec_options import CodecOptions
from bson.raw_bson import RawBSONDocument
from pymongo.database import Database

from sync.model.readings import ReadingBatch, Series
from sync.settings import DEFAULT_COLLECTIONS
from sync.sources.linky.answers import UnknownShape, parse_curve
from sync.sources.linky.points import Curve, curve_from_points
from sync.sources.source import NotJson
from sync.triggers.run.harness import run_function
from sync.triggers.tree import DEFAULT_FOLDER
from tests.bundled import bundled_tree
from tests.contract.generated import Question

RAW: CodecOptions[RawBSONDocument] = CodecOptions(document_class=RawBSONDocument)
PART = 100  # answers in one execution

# Reads answers and stores what they say, so many together, as dailyRun does.
DRIVER = """
const READERS = ["linkyReadings", "openReadings"];

exports = async function both(reader, questions, keys, names, together) {
  if (READERS.indexOf(reader) < 0) throw new Error(reader);
  const reads = await context.functions.execute(reader, questions);
  const told = reads.map(({ batches, ...read }) => {
    const readings = [].concat(...(batches || []).map((batch) => batch.readings));
    const text = ({ ts, wh, seconds, flag }) => [ts.getTime(), wh, seconds, flag || ""].join(" ");
    return { ...read, readings: readings.map(text), new: 0, changed: 0, unchanged: 0, mirrors: [] };
  });
  for (let first = 0; names && first < reads.length; first += together) {
    const batches = [];
    reads.slice(first, first + together).forEach((read, index) => {
      const place = first + index;
      for (const { series, readings } of read.batches || []) {
        const key = keys[place] || [series.source, series.id, series.flow, series.group].join(":");
        batches.push({ place, key, series, edges: questions[place].window, readings });
      }
    });
    if (batches.length === 0) continue;
    const stored = await context.functions.execute("storeReadings", { ...names, owner: "both", batches });
    // As dailyRun does at its end: who writes next would else wait until the leases are over.
    await context.functions.execute("holdLeases", { ...names, owner: "both", names: stored.held });
    stored.batches.forEach((batch, index) => {
      const one = told[batches[index].place];
      for (const name of ["new", "changed", "unchanged"]) one[name] += batch[name];
      one.mirrors.push(batch.mirror);
    });
  }
  return told;
};
"""


def driven(folder: Path, *, bundled: bool = False) -> Path:
    """A copy of the project's functions with the driver beside them; bundled: of all these the driver's one file."""
    shutil.copytree(DEFAULT_FOLDER / "functions", folder / "functions")
    (folder / "functions" / "both.js").write_text(DRIVER)
    return bundled_tree(folder.with_name("bundled"), folder, ("both",)) if bundled else folder


def javascript_side(
    folder: Path,
    database: Database[Any],
    source: str,
    questions: Sequence[dict[str, Any]],
    *,
    keys: Sequence[str] = (),
    store: bool = True,
    part: int = PART,
    together: int = 1,
) -> Iterator[dict[str, Any]]:
    """What the functions make of each answer: texts of its readings, or `refused`, and what was stored of them."""
    record, mirror = DEFAULT_COLLECTIONS[source]
    names = {"service": "mongodb-atlas", "database": database.name, "record": record, "mirror": mirror}
    for first in range(0, len(questions), part):
        own = slice(first, first + part)
        reader = "linkyReadings" if source == "linky" else "openReadings"
        arguments = [reader, questions[own], keys[own], names if store else None, together]
        execution = run_function(
            folder, "both", database=database, values={}, secrets={}, arguments=arguments, skip_waits=True
        )
        assert execution.error is None, execution.error
        yield from execution.result


def series_of(question: Question) -> Series:
    return Series("linky", question.prm, question.flow)


def python_curve(question: Question) -> Curve | None:
    """The curve, or None for an answer of unknown shape."""
    try:
        points = parse_curve(question.text, question.prm, question.flow)
    except (UnknownShape, NotJson):
        return None
    window, series = question.window, series_of(question)
    return curve_from_points(series, points, max_power=question.max_power, window=window)


def javascript_curves(
    folder: Path, database: Database[Any], questions: Sequence[Question], store: bool = False
) -> Iterator[dict[str, Any]]:
    """What linkyReadings makes of each answer."""
    asked = [question.as_argument() for question in questions]
    keys = [series_of(question).key for question in questions]
    yield from javascript_side(folder, database, "linky", asked, keys=keys, store=store, together=25)


def as_told(curve: Curve | None) -> dict[str, Any]:
    """A Python curve in the form of the JavaScript one, without the texts of rejects."""
    if curve is None:
        return {"unknown": True}
    batch = curve.batch
    columns = zip(batch.start.tolist(), batch.wh.tolist(), batch.seconds.tolist(), strict=True)
    readings = [" ".join(map(str, (*row, batch.flags.get(index, "")))) for index, row in enumerate(columns)]
    rejects = [(reject.line, reject.reason) for reject in curve.rejects]
    return {"readings": readings, "missing": curve.missing, "repeated": curve.repeated, "rejects": rejects}


def as_compared(told: dict[str, Any]) -> dict[str, Any]:
    """What linkyReadings told, in the same form."""
    if "refused" in told:
        return {"unknown": True}
    rejects = [re.fullmatch(r"line (\d+): (.*?): .* = '.*'", each, re.DOTALL) for each in told["rejects"]]
    compared = {name: told[name] for name in ("readings", "missing", "repeated")}
    return compared | {"rejects": [(int(each[1]), each[2]) for each in rejects if each]}


def python_documents(batches: Iterable[ReadingBatch]) -> list[bytes]:
    """What the loader would store, as bytes without the `_id`, in the order of the series and time."""
    documents = {
        (series.id, series.flow, series.group or "", int(batch.start[index])): bson.encode(batch.document(index, NO_ID))
        for batch in batches
        for series in [batch.series]
        for index in range(len(batch))
    }
    return [without_id(documents[place]) for place in sorted(documents)]


def stored_documents(database: Database[Any], name: str) -> list[bytes]:
    """The stored bytes of every document but for its `_id`, in the same order."""
    order = [("series.id", 1), ("series.flow", 1), ("series.group", 1), ("ts", 1)]
    found = database[name].with_options(codec_options=RAW).find().sort(order).allow_disk_use(True)
    return [without_id(document.raw) for document in found]


def by_id(database: Database[Any], name: str) -> dict[Any, dict[str, Any]]:
    """Every document of a collection by its `_id`, each of which is there once; numbers keep their BSON type."""
    found = list(database[name].find())
    documents = {document["_id"]: document for document in found}
    assert len(documents) == len(found)
    return documents


NO_ID = bson.ObjectId("0" * 24)
ID = b"\x07_id\x00"


def without_id(raw: bytes) -> bytes:
    """The bytes of a document that begins with its `_id`, but for that."""
    assert raw[4 : 4 + len(ID)] == ID
    return raw[:4] + raw[4 + len(ID) + 12 :]
