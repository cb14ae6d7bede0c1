"""JSON that people keep: answers of the gateway (V2, V5), R63 and R64 as JSON, answers of the Enedis site.

The shapes are those of `answers.py` (V2 is also an entry of R63's `mesures`), of the flows' published guide
(`mesures[].contexte[].grandeur[]` of R64) and of what the site answers its own page
(`cons.aggregats.heure.donnees[]` with its unit).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from ....model.bounded import json_value
from ....model.errors import FileRefused
from ...source import UnknownShape
from ..answers import GRANDEURS, parse_curve, parse_totals
from ..points import Digits, Point
from .export import ASK_INSTEAD, USE_ORIGINAL, Export, NothingToImport, Totals, curve, not_an_export, shown
from .index import Indexes, midnight_of
from .text import COARSEST_W, UNITS, decimals_of, figure_of, label_of, resolution_of
from .walls import Interval, labelled

Found = Mapping[str, Any]
FLOWS = {trade: flow for flow, trade in GRANDEURS.items()}
MOST_MEASURES = 5000


def read_saved(name: str, content: bytes) -> list[Export]:
    """What a JSON text holds, one `Export` per measure and flow. Raises `FileRefused`."""
    try:
        found = json_value(content.decode("utf-8-sig"))
    except ValueError as error:
        raise FileRefused(f"{name} is cut off, or no JSON ({shown(str(error), 60)}). {USE_ORIGINAL}") from None
    exports: list[Export] = []
    left_out: list[str] = []
    for measure in _measures(found):
        if len(exports) > MOST_MEASURES:
            raise FileRefused(f"{name} holds more than {MOST_MEASURES:,} measures. Import it in parts.")
        try:
            exports += _read(name, measure)
        except (UnknownShape, NothingToImport) as other:
            left_out.append(str(other).removesuffix(f" {ASK_INSTEAD}"))
    if not exports:
        if not left_out:
            raise not_an_export(name)
        raise NothingToImport(f"{name} has nothing to import ({'; '.join(left_out[:3])}). {ASK_INSTEAD}")
    notes = tuple(f"left out: {name}, {what}" for what in dict.fromkeys(left_out))
    return [replace(exports[0], notes=exports[0].notes + notes), *exports[1:]]


def _measures(found: Any) -> Iterator[Found]:
    """The objects that are of one meter each."""
    for each in found if isinstance(found, list) else [found]:
        if isinstance(each, dict):
            inner = each.get("mesures")
            yield from (one for one in inner if isinstance(one, dict)) if isinstance(inner, list) else [each]


def _read(name: str, measure: Found) -> Iterator[Export]:
    if "contexte" in measure and not measure.get("grandeur"):  # daily totals of the gateway have an empty one, too
        return _indexes(name, measure)
    if isinstance(measure.get("cons"), dict) or isinstance(measure.get("prod"), dict):
        return _of_site(name, measure)
    return _answers(name, measure)


# --- answers of the gateway, and R63 ---------------------------------------------------------------------------------


def _answers(name: str, measure: Found) -> Iterator[Export]:
    inner = measure.get("meter_reading", measure)
    if not isinstance(inner, dict):
        raise UnknownShape("`meter_reading` is not an object")
    text = json.dumps(inner)
    prm = inner.get("idPrm", inner.get("usage_point_id", ""))
    if not isinstance(prm, str):
        raise UnknownShape("its meter is not text")
    if "grandeur" not in inner:
        if "interval_reading" not in inner:
            raise UnknownShape(f"its fields are {shown(', '.join(map(str, list(inner)[:8])) or 'none')}")
        kind = inner.get("reading_type")
        unit = kind.get("unit") if isinstance(kind, dict) else None
        yield _answer(name, text, prm, "", is_curve=unit == "W")
        return
    entries = inner["grandeur"] if isinstance(inner["grandeur"], list) else []
    wanted, others = [], []
    for entry in entries:
        kind = (entry.get("grandeurMetier"), entry.get("grandeurPhysique"), entry.get("unite"))
        if kind[0] in FLOWS and kind[1:] in (("PA", "W"), ("EA", "Wh")):
            wanted.append((FLOWS[kind[0]], kind[1] == "PA"))
        else:
            others.append(", ".join(str(part) for part in kind))
    if not wanted:
        raise NothingToImport(f"it holds {shown('; '.join(others)) or 'no quantity'}. {ASK_INSTEAD}")
    for number, (flow, is_curve) in enumerate(dict.fromkeys(wanted)):
        export = _answer(name, text, prm, flow, is_curve)
        notes = (f"left out: {name}, {shown('; '.join(others))}",) if others and not number else ()
        yield replace(export, notes=export.notes + notes)


def _answer(name: str, text: str, prm: str, flow: str, is_curve: bool) -> Export:
    """The readers of answers look at the meter themselves."""
    if is_curve:
        return curve(name, prm, flow, points=parse_curve(text, prm, flow))
    found = parse_totals(text, prm, flow)
    totals = Totals(dict(found.wh), list(found.rejects), found.missing)
    if not totals.wh and not totals.rejects:
        raise NothingToImport("it holds no daily total")
    return totals.export(name, prm, flow)


# --- R64 -------------------------------------------------------------------------------------------------------------


def _indexes(name: str, measure: Found) -> Iterator[Export]:
    """Of each flow: the register of the total, else those of the distributor's grid, which add up to it."""
    of_flow: dict[str, Indexes] = {}
    try:
        prm = str(measure["idPrm"])
        for context in measure["contexte"]:
            for entry in context["grandeur"]:
                flow = FLOWS.get(entry["grandeurMetier"], "")
                if not flow or (entry["grandeurPhysique"], entry["unite"]) != ("EA", "Wh"):
                    continue
                if context.get("typeReleve", "AQ") == "AQ":
                    _take_registers(of_flow.setdefault(flow, Indexes()), _registers(entry))
    except (KeyError, TypeError, AttributeError) as missing:
        raise UnknownShape(f"an index without {shown(str(missing), 40)}") from None
    if not any(indexes.readings for indexes in of_flow.values()):
        raise NothingToImport(f"it holds no index of active energy at midnight. {ASK_INSTEAD}")
    for flow, indexes in of_flow.items():
        yield indexes.differences().export(name, prm, flow)


def _registers(entry: Found) -> list[tuple[str, list[Found]]]:
    total = entry.get("cadranTotalisateur")
    if total and total.get("valeur"):
        return [("d t", total["valeur"])]
    grids = entry.get("calendrier") or []
    own = [grid for grid in grids if str(grid.get("idCalendrier", "")).startswith("D")] or grids[:1]
    return [(f"d {each.get('codeCadran')}", each["valeur"]) for grid in own for each in grid["classeTemporelle"]]


def _take_registers(indexes: Indexes, registers: list[tuple[str, list[Found]]]) -> None:
    found: dict[Any, dict[str, int]] = {}
    for register, values in registers:
        for position, value in enumerate(values, 1):
            day = midnight_of(str(value["d"]))
            figure = str(value["v"])
            if day is None or not figure.isdecimal() or len(figure) > 12:
                indexes.reject(position, "not an index at midnight", shown(f"{value['d']} = {figure}", 60))
            else:
                found.setdefault(day, {})[register] = int(figure)
    for position, (day, own) in enumerate(sorted(found.items()), 1):
        if len(own) == len(registers):
            indexes.add(position, day, own)


# --- the site --------------------------------------------------------------------------------------------------------


def _of_site(name: str, measure: Found) -> Iterator[Export]:
    for key, flow in (("cons", "consumption"), ("prod", "production")):
        part = measure.get(key)
        if not isinstance(part, dict):
            continue
        try:
            hours = part["aggregats"]["heure"]
            unit, rows = str(hours.get("unite", "kW")).lower(), hours["donnees"]
            factor, is_energy = UNITS[unit]
            texts = ["" if row["valeur"] is None else _figure(row["valeur"]) for row in rows]
            intervals = [
                Interval(
                    label_of(str(row["dateDebut"])),
                    label_of(str(row["dateFin"])),
                    Point("", figure_of(text, factor)[0], line=line, is_energy=is_energy),
                )
                for line, (row, text) in enumerate(zip(rows, texts, strict=True), 1)
            ]
        except (KeyError, TypeError, AttributeError) as missing:
            raise UnknownShape(f"an answer of the site without {shown(str(missing), 40)}") from None
        prm = str(part.get("idPrm") or measure.get("idPrm") or "")
        resolution = resolution_of(decimals_of(texts), factor, COARSEST_W)
        yield curve(name, prm, flow, points=labelled(intervals), digits=Digits(resolution))


def _figure(value: Any) -> str:
    return repr(value) if isinstance(value, float) else str(value)
