"""Small writers of every form that people hold, from a generated household: times by the zone database, nothing of the
product's.

A writer takes a household and a style and gives the bytes of a file. Curves are written point by point in the order of
time; what a form does to that order (newest first, sorted by the wall clock) its writer does.
"""

from __future__ import annotations

import csv
import io
import json
import random
import sqlite3
import tempfile
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import openpyxl

PARIS = ZoneInfo("Europe/Paris")
PRM = "21121707640844"
SPRING, AUTUMN = date(2025, 3, 30), date(2025, 10, 26)
WORDS = {"consumption": ("CONS", "Consommation"), "production": ("PROD", "Production")}
TRADES = {"consumption": "cons", "production": "prod"}


class Reading(NamedTuple):
    """start: s since the epoch, UTC."""

    start: int
    seconds: int
    wh: int

    @property
    def end(self) -> int:
        return self.start + self.seconds

    @property
    def watts(self) -> int:
        return self.wh * 3600 // self.seconds


@dataclass(frozen=True)
class Household:
    """A meter and its readings, oldest first."""

    readings: tuple[Reading, ...]
    flow: str = "consumption"
    prm: str = PRM

    @property
    def days(self) -> dict[date, int]:
        """Wh of each local day."""
        found: dict[date, int] = {}
        for reading in self.readings:
            day = clock(reading.start).date()
            found[day] = found.get(day, 0) + reading.wh
        return found

    @property
    def trade(self) -> tuple[str, str]:
        return WORDS[self.flow]


def household(first: date, days: int, step: int = 1800, seed: int = 0, flow: str = "consumption") -> Household:
    """Whole local days of readings; of production nothing from evening to morning."""
    values = random.Random(seed)
    start, end = midnight(first), midnight(first + timedelta(days=days))
    readings = []
    for at in range(start, end, step):
        is_dark = flow == "production" and not 7 <= clock(at).hour < 19
        readings.append(Reading(at, step, 0 if is_dark else values.randrange(0, step)))
    return Household(tuple(readings), flow)


@dataclass(frozen=True)
class Style:
    """What spreadsheets, systems and people do to a file. doubled, blank_before: indexes of rows; newest_first: where
    the form does not say itself; nights: naive convention of the change nights of what the site gives out."""

    encoding: str = "utf-8"
    line_end: str = "\r\n"
    decimal: str = ","
    quotes: bool = False
    newest_first: bool = False
    doubled: frozenset[int] = frozenset()
    blank_before: frozenset[int] = frozenset()
    nights: str = "ends true"


PLAIN = Style()


# --- times -----------------------------------------------------------------------------------------------------------


def midnight(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=PARIS).timestamp())


def clock(instant: int) -> datetime:
    return datetime.fromtimestamp(instant, PARIS)


def naive(instant: int, form: str = "%Y-%m-%d %H:%M:%S") -> str:
    return clock(instant).strftime(form)


def offset(instant: int) -> str:
    return clock(instant).isoformat()


NIGHTS = ("ends true", "ends true, rows of nowhere left out", "starts true", "both true", "winter goes on")
"""How the site of Enedis, and what is made of it, writes the two change nights."""


def walls(house: Household, nights: str) -> list[tuple[datetime, datetime, Reading | None]]:
    """Start and end on a wall clock of each row; a row without a reading is one of NA."""
    rows: list[tuple[datetime, datetime, Reading | None]] = []
    for reading in house.readings:
        start, end = (clock(at).replace(tzinfo=None) for at in (reading.start, reading.end))
        length = timedelta(seconds=reading.seconds)
        is_spring = clock(reading.start).date() == SPRING
        if nights == "winter goes on" and is_spring:
            start = (datetime.fromtimestamp(reading.start, UTC) + timedelta(hours=1)).replace(tzinfo=None)
            rows.append((start, start + length, reading))
        elif nights == "starts true":
            rows.append((start, start + length, reading))
        elif nights == "both true":
            rows.append((start, end, reading))
        else:
            if nights == "ends true" and is_spring and end.hour == 3 and end.minute == 0:
                nowhere = list(every(end - timedelta(hours=1), end, length))
                rows += [(at - length, at, None) for at in nowhere]
            rows.append((end - length, end, reading))
    return rows


def every(first: datetime, end: datetime, step: timedelta) -> Iterable[datetime]:
    while first < end:
        yield first
        first += step


# --- tables of text --------------------------------------------------------------------------------------------------


def cells(line: str) -> list[str]:
    return line.split(";")


def lines_of(head: Sequence[Sequence[str]], rows: Sequence[Sequence[str]], style: Style) -> bytes:
    """A table as bytes. `head` stands above the rows."""
    ordered = list(rows)[::-1] if style.newest_first else list(rows)
    text = io.StringIO()
    quoting = csv.QUOTE_ALL if style.quotes else csv.QUOTE_MINIMAL
    writer = csv.writer(text, delimiter=";", lineterminator=style.line_end, quoting=quoting)
    writer.writerows(head)
    for index, row in enumerate(ordered):
        if index in style.blank_before:
            text.write(style.line_end)
        writer.writerows([row] * (2 if index in style.doubled else 1))
    return text.getvalue().encode(style.encoding)


def kilo(amount: int, style: Style, digits: int = 3) -> str:
    """`692` → `0,692`; fewer digits: rounded half up, zeros at the end dropped as the site does."""
    step = 10 ** (3 - digits)
    cut = (amount + step // 2) // step * step
    whole, rest = divmod(cut, 1000)
    decimals = f"{rest:03}"[:digits].rstrip("0")
    return f"{whole}{style.decimal}{decimals}" if decimals else f"{whole}"


R63_HEAD = cells(
    "Identifiant PRM;Date de début;Date de fin;Grandeur physique;Grandeur métier;Etape métier;Unité;Horodate;Valeur;"
    "Nature;Pas;Indice de vraisemblance;Etat complémentaire"
)


def r63_csv(house: Household, style: Style = PLAIN) -> bytes:
    first, last = naive(house.readings[0].start), naive(house.readings[-1].end)
    facts = [house.prm, first, last, "PA", house.trade[0], "BRUT", "W"]
    rows = [[*facts, naive(r.end), f"{r.watts}", "B", f"PT{r.seconds // 60}M", "0", "0"] for r in house.readings]
    return lines_of([R63_HEAD], rows, style)


def indexes(house: Household) -> list[tuple[int, int]]:
    """Midnight → Wh of the meter's index, of each day's begin and the last one's end."""
    days, index = house.days, 35_000_000
    found = []
    for day, wh in days.items():
        found.append((midnight(day), index))
        index += wh
    return [*found, (midnight(max(days) + timedelta(days=1)), index)]


R64_HEAD = cells(
    "Identifiant PRM;Date de début;Date de fin;Grandeur physique;Grandeur métier;Etape métier;Unité;Horodate;"
    "Contexte de relève;Type de releve;Motif de relève;Grille;Identifiant calendrier;Libellé calendrier;"
    "Identifiant classe temporelle;Libellé classe temporelle;Cadran;Valeur;Indice de vraisemblance"
)


def r64_csv(house: Household, style: Style = PLAIN) -> bytes:
    """Two registers of the distributor's grid, and the supplier's one, which counts the same again."""
    rows = []
    for at, index in indexes(house):
        facts = [house.prm, "2025-01-01", "2026-01-01", "EA", house.trade[0], "BRUT", "Wh", offset(at), "COL", "AQ", ""]
        for grid, register, wh in (("D", "D1", index // 3), ("D", "D2", index - index // 3), ("F", "F1", index)):
            rows.append([*facts, grid, "DI000001", "Grille", "HC", "Heures", register, f"{wh}", "0"])
    return lines_of([R64_HEAD], rows, style)


FACTS = cells(
    "Identifiant PRM;Type de donnees;Date de debut;Date de fin;Grandeur physique;Grandeur metier;Etape metier;Unite"
)


def section(house: Household, kind: str, unit: str) -> list[str]:
    first, last = (f"{day:%d/%m/%Y}" for day in (min(house.days), max(house.days) + timedelta(days=1)))
    return [house.prm, kind, first, last, "Energie active", house.trade[1], "Comptage Brut", unit]


def heure(house: Household, style: Style = PLAIN) -> bytes:
    head = [[*FACTS, "Pas en minutes"], [*section(house, "Courbe de charge", "W"), ""], ["Horodate", "Valeur"]]
    return lines_of(head, [[offset(r.end), f"{r.watts}"] for r in house.readings], style)


def jour(house: Household, style: Style = PLAIN) -> bytes:
    """Labels count on in steps of 24 hours from the first one; registers of both flows stand beside one another."""
    registers = [f"EAS F{n}" for n in range(1, 11)] + [f"EAS D{n}" for n in range(1, 5)] + ["EAS T", "EAI T"]
    head = [FACTS, section(house, "Index", "Wh"), ["Horodate", "Type de releve", *registers]]
    rows = []
    found = indexes(house)
    for number, (_, index) in enumerate(found):
        label = offset(found[0][0] + 86_400 * number)
        own = [f"{index // 4}", f"{index - index // 4}", *[""] * 12, f"{index}", "777"]
        injected = [*[""] * 14, "777", f"{index}"]
        rows.append([label, "Arrêté quotidien", *(own if house.flow == "consumption" else injected)])
    return lines_of(head, rows, style)


def site_rows(house: Household, style: Style, form: str, digits: int = 3) -> list[list[str]]:
    return [
        [f"{start:{form}}", f"{end:{form}}", kilo(reading.watts, style, digits) if reading else "NA"]
        for start, end, reading in walls(house, style.nights)
    ]


FRENCH = "%d/%m/%Y %H:%M:%S"


def weekly_csv(house: Household, style: Style = PLAIN) -> bytes:
    """The weekly workbook saved as CSV from a spreadsheet, with what stands above its table."""
    head = [
        ["Export des données de la courbe de charge", "", ""],
        ["Point Référence Mesure (PRM) : ", house.prm, ""],
        ["Type de comptage :", f"{house.trade[1]} horaire", ""],
        ["Début", "Fin", "Valeur (en kW)"],
    ]
    return lines_of(head, site_rows(house, style, FRENCH), style)


def daily_csv(house: Household, style: Style = PLAIN) -> bytes:
    head = [["PRM :", house.prm], [f"Type : {house.trade[1]}"], [house.trade[1], ""], ["Date", "Valeur (en kWh)"]]
    rows = [[f"{day:%d/%m/%Y}", kilo(wh, style)] for day, wh in house.days.items()]
    return lines_of(head, rows, style)


def downloader(house: Household, style: Style = PLAIN, unit: str = "kW") -> bytes:
    """Conso Downloader: what the site answers, sorted by the start on the wall clock."""
    form = "%Y-%m-%dT%H:%M"
    rows = sorted(site_rows(house, style, form), key=lambda row: row[0])
    return lines_of([["debut", "fin", unit]], [[a, b, "null" if kw == "NA" else kw] for a, b, kw in rows], style)


def downloader_kwh_above_kw(house: Household, style: Style = PLAIN) -> bytes:
    return downloader(house, style, "kWh")


def downloader_kwh(house: Household, style: Style = PLAIN) -> bytes:
    """Energies under the header that names them."""
    own = Household(tuple(Reading(r.start, 3600, r.wh) for r in house.readings), house.flow)
    as_powers = [kilo(r.watts, style) for r in own.readings]
    rows = [
        [f"{start:%Y-%m-%dT%H:%M}", f"{end:%Y-%m-%dT%H:%M}", kwh]
        for (start, end, _), kwh in zip(walls(house, "both true"), as_powers, strict=True)
    ]
    return lines_of([["debut", "fin", "kWh"]], rows, style)


def edf(house: Household, style: Style = PLAIN) -> bytes:
    """The half-hours of EDF: newest day first, newest of a day first; midnight stands at the day that it ends."""
    head = [[], ["Récapitulatif de mes puissances atteintes en W"], []]
    head.append(["Date et heure de relève par le distributeur", "Puissance atteinte (W)", "Nature de la donnée"])
    rows: list[list[str]] = []
    day = None
    for reading in reversed(house.readings):
        own = clock(reading.start).date()
        if own != day:
            rows += [[]] * bool(day) + [[f"{own:%d/%m/%Y}", "", ""]]
            day = own
        rows.append([naive(reading.end, "%H:%M:%S"), f"{reading.watts}", "Réelle"])
    return lines_of(head, rows, style)


def total_energies(house: Household, style: Style = PLAIN) -> bytes:
    rows = [["123456789", naive(r.start, "%d/%m/%Y %H:%M"), f"{kilo(r.wh, style)} kWh"] for r in house.readings]
    return lines_of([["Référence", "Date", "Consommation"]], rows, style)


def strasbourg(house: Household, style: Style = PLAIN) -> bytes:
    rows = [
        [naive(r.start, "%d/%m/%Y"), naive(r.start, "%H:%M:%S"), "FR Base", "toutes heures", f"{r.watts}"]
        for r in house.readings
    ]
    return lines_of([["Date", "Heure", "Calendrier", "Poste", "Puissance (W)"]], rows, style)


def sge(house: Household, style: Style = PLAIN) -> bytes:
    head = cells(
        "Date de la mesure;Heure de la mesure;Valeur;Statut de la mesure;PRM;Type de données;Date de début;"
        "Date de fin;Grandeur métier;Grandeur physique;Statut demandé;Unité;Pas en minutes"
    )
    rows = []
    for r in house.readings:
        day, time = naive(r.start, "%d/%m/%Y"), naive(r.start, "%H:%M")
        facts = [house.prm, "Courbe de charge", day, day, house.trade[1], "Puissance active", "Brut", "W"]
        rows.append([day, time, f"{r.watts}", "Brut", *facts, f"{r.seconds // 60}"])
    return lines_of([head], rows, style)


def bare(house: Household, style: Style = PLAIN) -> bytes:
    """A load curve of Enedis whose header was cut off."""
    return lines_of([], [[offset(r.end), f"{r.watts}"] for r in house.readings], style)


def own_measures(house: Household, style: Style = PLAIN) -> bytes:
    head = [["Identifiant PRM", house.prm, "Type de donnees", "Courbe de charge"]]
    head.append(["horodate ISO fin de pas", "puissance moyenne (W)"])
    return lines_of(head, [[offset(r.end), f"{r.watts}"] for r in house.readings], style)


# --- workbooks -------------------------------------------------------------------------------------------------------


def book_of(title: str, above: Sequence[Sequence[Any]], rows: Iterable[Sequence[Any]]) -> bytes:
    book = openpyxl.Workbook(write_only=True)
    book.create_sheet("Page d'accueil").append(["Les données de ce fichier sont destinées à l’usage exclusif"])
    sheet = book.create_sheet(title)
    for row in [*above, *rows]:
        sheet.append([None, *row])
    packed = io.BytesIO()
    book.save(packed)
    return packed.getvalue()


def weekly(house: Household, style: Style = PLAIN, digits: int = 3) -> bytes:
    above = [
        ["Compte Client", "Export des données de la courbe de charge"],
        ["Point Référence Mesure (PRM) : ", house.prm, "Grandeur physique :", "Puissance Active"],
        ["Type de comptage :", f"{house.trade[1]} horaire"],
        ["NA", "Données indisponibles"],
        ["Début", "Fin", "Valeur (en kW)"],
    ]
    rows = site_rows(house, style, FRENCH, digits)
    return book_of(f"{house.trade[1]} Horaire", above, rows[::-1] if style.newest_first else rows)


def weekly_cells(house: Household, style: Style = PLAIN) -> bytes:
    """Saved again by a spreadsheet that made dates and numbers of the text, and a number of the meter."""
    above = [["Point Référence Mesure (PRM) : ", int(house.prm), "Type de comptage :", f"{house.trade[1]} horaire"]]
    above.append(["Début", "Fin", "Valeur (en kW)"])
    rows = [[start, end, r.watts / 1000 if r else None] for start, end, r in walls(house, style.nights)]
    return book_of(f"{house.trade[1]} Horaire", above, rows[::-1] if style.newest_first else rows)


def weekly_two_decimals(house: Household, style: Style = PLAIN) -> bytes:
    return weekly(house, style, 2)


def daily(house: Household, style: Style = PLAIN, cut: bool = False) -> bytes:
    above = [
        ["Grandeur physique : ", "Energie Active"],
        ["Point Référence Mesure (PRM) : ", house.prm, "Type de comptage : ", f"{house.trade[1]} Quotidienne"],
        ["Date", "Valeur (en kWh)"],
    ]
    rows = [[f"{day:%d/%m/%Y}", f"{wh // 1000}" if cut else kilo(wh, style)] for day, wh in house.days.items()]
    return book_of(f"Export {house.trade[1]} Quotidienne", above, rows[::-1] if style.newest_first else rows)


def daily_whole_kwh(house: Household, style: Style = PLAIN) -> bytes:
    """Cut off, as the site does since 2025."""
    return daily(house, style, cut=True)


# --- JSON and SQLite -------------------------------------------------------------------------------------------------


def encoded(found: Any, style: Style) -> bytes:
    return json.dumps(found, ensure_ascii=False, indent=1 if style.blank_before else None).encode("utf-8")


def ordered(house: Household, style: Style) -> list[Reading]:
    rows = [r for index, r in enumerate(house.readings) for _ in range(1 + (index in style.doubled))]
    return rows[::-1] if style.newest_first else rows


def measure(house: Household, style: Style, label: Callable[[int], str]) -> dict[str, Any]:
    points = [
        {"d": label(r.end), "v": f"{r.watts}", "p": f"PT{r.seconds // 60}M", "n": "B", "iv": "0", "ec": "0"}
        for r in ordered(house, style)
    ]
    quantity = {"grandeurMetier": house.trade[0], "grandeurPhysique": "PA", "unite": "W", "points": points}
    return {"idPrm": house.prm, "etapeMetier": "BRUT", "grandeur": [quantity]}


def gateway_v2(house: Household, style: Style = PLAIN) -> bytes:
    return encoded(measure(house, style, naive), style)


def gateway_v5(house: Household, style: Style = PLAIN) -> bytes:
    points = [
        {"value": f"{r.watts}", "date": naive(r.end), "interval_length": f"PT{r.seconds // 60}M", "measure_type": "B"}
        for r in ordered(house, style)
    ]
    kind = {"unit": "W", "measurement_kind": "power", "aggregate": "average"}
    inner = {"usage_point_id": house.prm, "quality": "BRUT", "reading_type": kind, "interval_reading": points}
    return encoded({"meter_reading": inner}, style)


def gateway_days(house: Household, style: Style = PLAIN) -> bytes:
    points = [{"value": f"{wh}", "date": f"{day}"} for day, wh in house.days.items()]
    inner = {"usage_point_id": house.prm, "reading_type": {"unit": "Wh"}, "interval_reading": points}
    return encoded(inner, style)


def r63_json(house: Household, style: Style = PLAIN) -> bytes:
    return encoded({"header": {"codeFlux": "R63"}, "mesures": [measure(house, style, offset)]}, style)


def r64_json(house: Household, style: Style = PLAIN) -> bytes:
    values = [{"d": offset(at), "v": index, "iv": 0} for at, index in indexes(house)]
    half = [value | {"v": value["v"] // 2} for value in values]
    rest = [value | {"v": value["v"] - value["v"] // 2} for value in values]
    classes = [{"codeCadran": "D1", "valeur": half}, {"codeCadran": "D2", "valeur": rest}]
    grid = {"idCalendrier": "DI000001", "classeTemporelle": classes}
    quantity = {"grandeurMetier": house.trade[0], "grandeurPhysique": "EA", "unite": "Wh", "calendrier": [grid]}
    context = {"contexteReleve": "COL", "typeReleve": "AQ", "grandeur": [quantity]}
    return encoded({"header": {}, "mesures": [{"idPrm": house.prm, "contexte": [context]}]}, style)


def site_json(house: Household, style: Style = PLAIN) -> bytes:
    """What the site answers its own page."""
    rows = [
        {
            "dateDebut": start.isoformat(),
            "dateFin": end.isoformat(),
            "valeur": reading.watts / 1000 if reading else None,
        }
        for start, end, reading in walls(house, style.nights)
    ]
    hours = {"unite": "kW", "donnees": rows[::-1] if style.newest_first else rows}
    return encoded({TRADES[house.flow]: {"idPrm": house.prm, "aggregats": {"heure": hours}}}, style)


def cache_db(house: Household, style: Style = PLAIN) -> bytes:
    """`cache.db` of MyElectricalData."""
    columns = "id TEXT PRIMARY KEY, usage_point_id TEXT, date DATETIME, value INTEGER"
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "cache.db"
        with closing(sqlite3.connect(path)) as database, database:
            database.execute(
                f"CREATE TABLE {house.flow}_detail ({columns}, interval INTEGER, measure_type TEXT, blacklist INTEGER)"
            )
            database.execute(f"CREATE TABLE {house.flow}_daily ({columns}, blacklist INTEGER)")
            rows = [
                (f"{n}", house.prm, naive(r.end), r.watts, r.seconds // 60, "B", 0)
                for n, r in enumerate(ordered(house, style))
            ]
            database.executemany(f"INSERT INTO {house.flow}_detail VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
            days = [(f"{day}", house.prm, f"{day} 00:00:00", wh, 0) for day, wh in house.days.items()]
            database.executemany(f"INSERT INTO {house.flow}_daily VALUES (?, ?, ?, ?, ?)", days)
        return path.read_bytes()


# --- all of them -----------------------------------------------------------------------------------------------------

ALL_STEPS = (900, 1800, 3600)


@dataclass(frozen=True)
class Form:
    """A form and what may be asked of it. steps: s; says: the meter, the flow, or both; resolution: W to within which
    its powers are known, of totals Wh; has_text: encoding, line ends and quotes may vary; has_nights: the conventions
    of the change nights, too; keeps: the order of its rows may not vary; is_naive: labels without an offset."""

    write: Callable[[Household, Style], bytes]
    file_name: str
    steps: tuple[int, ...] = ALL_STEPS
    says: tuple[str, ...] = ("prm", "flow")
    flows: tuple[str, ...] = ("consumption", "production")
    resolution: int = 1
    has_text: bool = True
    has_nights: bool = False
    has_totals: bool = False
    has_curve: bool = True
    keeps: bool = False
    is_naive: bool = True
    encodings: tuple[str, ...] = field(default=("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"))


HALVES = (1800,)
FORMS = {
    "R63": Form(r63_csv, "ENEDIS_R63.csv"),
    "R64": Form(r64_csv, "ENEDIS_R64.csv", has_totals=True, has_curve=False),
    "Heure": Form(heure, "Enedis_Heure.csv", is_naive=False),
    "Jour": Form(jour, "Enedis_Jour.csv", has_totals=True, has_curve=False),
    "weekly workbook": Form(weekly, "heure.xlsx", has_text=False, has_nights=True),
    "weekly workbook of dates and numbers": Form(weekly_cells, "heure.xlsx", has_text=False, has_nights=True),
    "weekly workbook, two decimals": Form(
        weekly_two_decimals, "heure.xlsx", resolution=10, has_text=False, has_nights=True
    ),
    "weekly workbook as CSV": Form(weekly_csv, "heure.csv", has_nights=True),
    "daily workbook": Form(daily, "jour.xlsx", has_text=False, has_totals=True, has_curve=False),
    "daily workbook, whole kWh": Form(
        daily_whole_kwh, "jour.xlsx", resolution=1000, has_text=False, has_totals=True, has_curve=False
    ),
    "daily workbook as CSV": Form(daily_csv, "jour.csv", has_totals=True, has_curve=False),
    "Conso Downloader": Form(downloader, f"historique_{{trade}}_{PRM}_2025-12-31.csv", has_nights=True),
    "Conso Downloader, kWh above kW": Form(
        downloader_kwh_above_kw, f"historique_{{trade}}_{PRM}_2025-12-31.csv", steps=(900, 1800), has_nights=True
    ),
    "Conso Downloader, kWh": Form(
        downloader_kwh, f"historique_{{trade}}_{PRM}_2025-12-31.csv", steps=(900, 1800), flows=("consumption",)
    ),
    "EDF": Form(
        edf,
        "mes-puissances-atteintes-30min-004000000000-75000.csv",
        steps=HALVES,
        says=("flow",),
        flows=("consumption",),
        keeps=True,
        encodings=("cp1252", "utf-8"),
    ),
    "TotalEnergies": Form(total_energies, "conso.csv", says=("flow",), flows=("consumption",)),
    "Strasbourg": Form(strasbourg, "ser.csv", says=()),
    "SGE": Form(sge, "sge.csv"),
    "headerless": Form(bare, "conso.csv", says=(), is_naive=False),
    "own measures": Form(own_measures, "mes_mesures.csv", says=("prm",), is_naive=False),
    "gateway V2": Form(gateway_v2, "answer.json", has_text=False),
    "gateway V5": Form(gateway_v5, "answer.json", says=("prm",), has_text=False),
    "gateway, days": Form(gateway_days, "answer.json", says=("prm",), has_text=False, has_totals=True, has_curve=False),
    "R63 as JSON": Form(r63_json, "r63.json", has_text=False, is_naive=False),
    "R64 as JSON": Form(r64_json, "r64.json", has_text=False, has_totals=True, has_curve=False),
    "site's JSON": Form(site_json, "site.json", has_text=False, has_nights=True),
    "cache.db": Form(cache_db, "cache.db", has_text=False, has_totals=True, keeps=True),
}
