"""The example files beside this one, made again: `python -m docs.examples.make`.

Three weeks of the generated household, an autumn change among them, in the forms in which people hold readings of a
meter. Nothing of it was measured; its usage point begins with twelve nines, as no meter's does.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path

import requests

from sync.model.localtime import days, midnight
from sync.standin.curve import household_meters
from sync.standin.household import STEP_SECONDS, household_prm
from sync.standin.linky import LinkyStandin
from sync.standin.server import clock_set_to
from tests.sources.linky_writers import Household, Reading, daily_csv, downloader, r63_csv, weekly_csv

HERE = Path(__file__).parent
FIRST, SECOND, THIRD, END = (date(2025, 10, 13) + timedelta(weeks=n) for n in range(4))
PRM = household_prm(1)  # not that of `make run`, which has other values
METERS = {PRM: household_meters(2)[PRM]}


def generated(first: date, end: date) -> Household:
    """Half-hours of local days [first, end), UTC, Wh."""
    curve = METERS[PRM].flows["consumption"]
    readings = [
        Reading(midnight(day) // 1000 + place * STEP_SECONDS, STEP_SECONDS, (point.watts or 0) * STEP_SECONDS // 3600)
        for day in days(first, end)
        for place, point in enumerate(curve.points(day))
    ]
    return Household(tuple(readings), prm=PRM)


def answer(route: str, first: date, end: date) -> bytes:
    """What the gateway says, played by its stand-in."""
    with LinkyStandin(meters=METERS, now=clock_set_to(END + timedelta(days=1))) as gateway:
        asked = {"pointId": PRM, "dateDebut": str(first), "dateFin": str(end)}
        headers = {"Authorization": f"Bearer {gateway.token}"}
        found = requests.get(f"{gateway.url}/{route}", asked, headers=headers, timeout=30)
    found.raise_for_status()
    return found.content


def files() -> Iterator[tuple[str, bytes]]:
    """Name and content of each file."""
    whole = generated(FIRST, END)
    yield f"GENERATED_historique_conso_{PRM}.csv", downloader(whole)
    yield "GENERATED_R63_weeks_2_3.csv", r63_csv(generated(SECOND, END))
    yield "GENERATED_heure_week_1.csv", weekly_csv(generated(FIRST, SECOND))
    yield "GENERATED_heure_week_2.csv", weekly_csv(generated(SECOND, THIRD))
    yield "GENERATED_jour.csv", daily_csv(whole)
    yield "GENERATED_gateway_load_curve_week_3.json", answer("courbe_de_charge_consommation", THIRD, END)
    yield "GENERATED_gateway_daily_totals.json", answer("consommation_quotidienne", FIRST, END)


def main() -> None:
    """Write them all."""
    for name, content in files():
        (HERE / name).write_bytes(content)


if __name__ == "__main__":
    main()
