"""A generated set in the place of the real one, for machines that do not have it: the two years of one household.

It has the form of the real export (the same days, half-hours, hours, gaps and marks), and so have the answers of the
gateway; the values are invented. Tests that need more of the real set are skipped beside it.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from sync.standin.household import Household
from tests import paris, r63

HEAD = (
    "Identifiant PRM;Date de début;Date de fin;Grandeur physique;Grandeur métier;Etape métier;Unité;Horodate;"
    "Valeur;Nature;Pas;Indice de vraisemblance;Etat complémentaire\n"
)
FIRST, LAST = date(2023, 3, 13), date(2025, 3, 13)
HOURS = ("2024-07-18 23:00:00", "2024-07-31 19:00:00")  # an outage before, another in between, then hours for a while
GAPS = (("2024-07-18 00:00:00", "2024-07-18 23:00:00"), ("2024-07-30 23:00:00", "2024-07-31 00:00:00"))
MARKED = ("2023-07-16 18:30:00", "2023-08-10 01:30:00", "2024-06-19 03:00:00")
HALF = 1800


def make(folder: Path) -> Path:
    """Write the set into a folder. Returns it."""
    path = folder / r63.FILE
    path.parent.mkdir(parents=True)
    with gzip.open(path, "wt", encoding="utf-8", newline="") as file:
        file.write(HEAD)
        file.writelines(_rows())
    samples = folder / "linky" / "samples"
    samples.mkdir()
    for name, answer in _answers():
        (samples / name).write_text(json.dumps(answer), encoding="utf-8")
    return folder


def _rows() -> Iterator[str]:
    household = Household()
    first, last = (paris.meanings(label)[0] for label in HOURS)
    gaps = [tuple(paris.meanings(label)[0] for label in gap) for gap in GAPS]
    day, halves = FIRST, iter(household.day(FIRST).consumption)
    for start in range(paris.midnight(FIRST), paris.midnight(LAST), HALF):
        if start == paris.midnight(day + timedelta(days=1)):
            day += timedelta(days=1)
            halves = iter(household.day(day).consumption)
        watts, hourly = next(halves), first <= start < last
        if any(begin <= start < end for begin, end in gaps) or (hourly and (start - first) % (2 * HALF)):
            continue
        label = paris.wall(start + HALF * (2 if hourly else 1))
        marks = "2;11" if label in MARKED else "0;0"
        step = "PT60M" if hourly else "PT30M"
        yield f"{r63.PRM};{FIRST} 00:00:00;{LAST} 00:00:00;PA;CONS;BRUT;W;{label};{watts};B;{step};{marks}\n"


def _answers() -> Iterator[tuple[str, dict[str, Any]]]:
    """Two days of each flow in the gateway's second shape, and of consumption in its older one."""
    days = [date(2026, 9, 29), date(2026, 9, 30)]
    ends = [paris.wall(paris.midnight(days[0]) + HALF * (number + 1)) for number in range(96)]
    flows = {"consommation": ("99999999999991", 4078), "production": ("99999999999992", 0)}
    totals = {"consommation": (33_495, 38_022), "production": (8_263, 941)}
    head = {"etapeMetier": "BRUT", "periode": {"dateDebut": str(days[0]), "dateFin": "2026-10-01"}}
    for flow, (prm, first) in flows.items():
        watts = [first, *_shared(totals[flow][0] - first // 2, 47), *_shared(totals[flow][1], 48)]
        points = [
            {"v": str(value), "d": end, "p": "PT30M", "n": "B", "iv": "0", "ec": "0"}
            for value, end in zip(watts, ends, strict=True)
        ]
        kind = {"grandeurMetier": "CONS" if flow == "consommation" else "PROD"}
        curve = kind | {"grandeurPhysique": "PA", "unite": "W", "points": points}
        whose = {"idPrm": prm} | head
        yield f"v2_courbe_de_charge_{flow}.json", whose | {"modeCalcul": "MESURE", "grandeur": [curve]}
        sums = [{"v": str(wh), "d": str(day)} for wh, day in zip(totals[flow], days, strict=True)]
        total = kind | {"grandeurPhysique": "EA", "unite": "Wh", "points": sums, "calendrier": []}
        daily = {"typeValeur": "GLOBALE", "modeCalcul": "DIFF.INDEX", "pas": "P1D", "grandeur": [total], "contexte": []}
        yield f"v2_{flow}_quotidienne.json", whose | daily
        if flow == "consommation":
            yield "v5_consumption_load_curve_same_capture.json", {"meter_reading": _older(prm, points)}


def _shared(total: int, count: int) -> list[int]:
    """W of so many half-hours, alike but for the first, which make the total (Wh)."""
    return [2 * (total // count + total % count), *[2 * (total // count)] * (count - 1)]


def _older(prm: str, points: list[dict[str, str]]) -> dict[str, Any]:
    readings = [
        {"value": point["v"], "date": point["d"], "interval_length": point["p"], "measure_type": point["n"]}
        for point in points
    ]
    kind = {"unit": "W", "measurement_kind": "power", "aggregate": "average"}
    period = {"usage_point_id": prm, "start": "2026-09-29", "end": "2026-10-01", "quality": "BRUT"}
    return period | {"reading_type": kind, "interval_reading": readings}
