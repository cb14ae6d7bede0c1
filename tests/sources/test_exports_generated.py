"""Whatever a file holds, it gives exports that account for every line, or one refusal. Nothing else is ever raised."""

from __future__ import annotations

import gzip
import io
import tempfile
import zipfile
from datetime import datetime, timedelta
from pathlib import Path

import openpyxl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sync.model.errors import FileRefused
from sync.model.readings import Series
from sync.sources.linky.files import Export, read_exports
from sync.sources.linky.points import curve_from_points

PRM = "21121707640844"
R63 = (
    "Identifiant PRM;Date de début;Date de fin;Grandeur physique;Grandeur métier;Etape métier;Unité;"
    "Horodate;Valeur;Nature;Pas;Indice de vraisemblance;Etat complémentaire\n"
) + "".join(
    f"{PRM};2024-01-01;2024-01-02;PA;CONS;BRUT;W;2024-01-01 {m // 60:02}:{m % 60:02}:00;{m};B;PT30M;0;0\n"
    for m in range(30, 300, 30)
)
FACTS = "Identifiant PRM;Type de donnees;Date de debut;Date de fin;Grandeur physique;Grandeur metier;Etape metier;Unite"
HEURE = (
    f"\ufeff{FACTS};Pas en minutes\n{PRM};Courbe de charge;a;b;Energie active;Consommation;Comptage Brut;W;30\n"
    "Horodate;Valeur\n"
) + "".join(f"2024-01-01T{m // 60:02}:{m % 60:02}:00+01:00;{m}\n" for m in range(30, 300, 30))
JOUR = (
    f"{FACTS}\n{PRM};Index;a;b;Energie active;Consommation;Comptage Brut;Wh\n"
    "Horodate;Type de releve;EAS F1;EAS F2;EAS T\n"
) + "".join(f"2024-01-{day:02}T00:00:00+01:00;Arrêté quotidien;{day}00;;{day}00\n" for day in range(1, 9))
SEEDS = (R63, HEURE, JOUR, JOUR + HEURE[1:])
CRUMBS = (
    ";",
    "\n",
    "\r",
    '"',
    "\0",
    "²",
    "é",
    "\u2028",
    "-",
    "20",
    "NA",
    PRM,
    "99999999999999",
    "Du ",
    "Periode;",
    FACTS,
)
QUICK = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def checked_refusal(message: str, name: str) -> str:
    assert message.startswith(name)
    assert PRM not in message
    return message


def outcome(content: bytes, name: str = "export.csv") -> list[Export] | str:
    """The exports of a file, or the refusal; checks what holds for every file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        path.write_bytes(content)
        try:
            exports = list(read_exports(path))
        except FileRefused as refused:
            return checked_refusal(str(refused), name)
    for export in exports:
        assert export.lines == len(export.points) + len(export.totals) + len(export.rejects) + export.skipped
        assert export.kind != "curve" or (export.lines == len(export.points) + len(export.rejects))
        assert len({point.line for point in export.points}) == len(export.points)
        assert PRM not in repr(export)
        curve = curve_from_points(Series("linky", export.prm, export.flow), export.points)
        assert len(curve.batch) + curve.missing + curve.repeated + len(curve.rejects) == len(export.points)
        assert not any(PRM in str(reject) for reject in curve.rejects)
    return exports


@st.composite
def changed_texts(draw: st.DrawFn) -> str:
    """A file of the real shape with pieces cut out, moved, or put in."""
    text = draw(st.sampled_from(SEEDS))
    for _ in range(draw(st.integers(1, 6))):
        start = draw(st.integers(0, len(text)))
        end = min(len(text), start + draw(st.integers(0, 40)))
        put = draw(st.one_of(st.just(""), st.sampled_from(CRUMBS), st.text(max_size=6), st.just(text[end : end + 60])))
        text = text[:start] + put + text[end:]
    return text


@QUICK
@given(st.binary(max_size=400))
def test_arbitrary_bytes_are_refused(content: bytes) -> None:
    assert isinstance(outcome(content), str)


@QUICK
@given(changed_texts())
def test_changed_texts_are_read_or_refused(text: str) -> None:
    found = outcome(text.encode("utf-8", "surrogatepass"))
    for export in found if isinstance(found, list) else []:
        for point in export.points:
            # A figure is stored only if it stands between separators in the file.
            assert f";{point.value}" in text.replace('"', "").replace(" ", "") or not point.value or " " in point.value


@QUICK
@given(changed_texts(), st.sampled_from(["gz", "zip", "plain"]), st.integers(0, 5000), st.integers(0, 255))
def test_damaged_archives_are_read_or_refused(text: str, packing: str, place: int, byte: int) -> None:
    content = text.encode("utf-8", "surrogatepass")
    if packing == "gz":
        content = gzip.compress(content)
    elif packing == "zip":
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("a.csv", content)
        content = packed.getvalue()
    damaged = bytearray(content)
    if damaged:
        damaged[place % len(damaged)] = byte
    outcome(bytes(damaged))


def workbook() -> bytes:
    book = openpyxl.Workbook()
    sheet = book.create_sheet("Consommation Horaire")
    sheet.append(["Point Référence Mesure (PRM) :", PRM, "Type de comptage :", "Consommation horaire"])
    sheet.append(["Début", "Fin", "Valeur (en kW)"])
    for minute in range(0, 300, 30):
        start = datetime.fromisoformat("2024-01-01") + timedelta(minutes=minute)
        end = f"{start + timedelta(minutes=30):%d/%m/%Y %H:%M:%S}"
        sheet.append([start, end, minute / 1000 if minute % 60 else f"0,{minute:03}"])
    packed = io.BytesIO()
    book.save(packed)
    return packed.getvalue()


WORKBOOK = workbook()


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_damaged_workbooks_are_read_or_refused(data: st.DataObject) -> None:
    """The XML of a sheet is changed and packed again, so that the damage reaches the readers of cells."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(WORKBOOK)) as source, zipfile.ZipFile(target, "w") as changed:
        for member in source.infolist():
            content = source.read(member)
            if member.filename in ("xl/worksheets/sheet2.xml", "xl/workbook.xml", "xl/sharedStrings.xml"):
                text = content.decode()
                start = data.draw(st.integers(0, len(text)))
                crumb = data.draw(st.sampled_from(["", "<", "&", "9" * 30, "A1", '"', "1e999", "NaN", "s", "-1"]))
                content = (text[:start] + crumb + text[start + data.draw(st.integers(0, 12)) :]).encode()
            changed.writestr(member.filename, content)
    outcome(target.getvalue(), "export.xlsx")
