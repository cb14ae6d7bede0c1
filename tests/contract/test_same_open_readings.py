"""One answer of an open source, two languages: the same readings, the same refusals, down to the stored bytes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime
from itertools import groupby
from pathlib import Path
from typing import Any

import pytest
import requests
from pymongo.database import Database

from sync.model.window import Window
from sync.settings import DEFAULT_COLLECTIONS
from sync.sources.elhub.api import CONSUMPTION, Elhub
from sync.sources.elhub.api import PRODUCTION as ELHUB_PRODUCTION
from sync.sources.energidata.api import DAY_AHEAD, ELSPOT, PRODUCTION, Energidata
from sync.sources.source import AnswerRefused, Dataset, Parsed, Source
from sync.standin.elhub import ElhubStandin
from sync.standin.elhub_hours import FileHours, GeneratedHours
from sync.standin.energidata import EnergidataStandin
from sync.standin.energidata_rows import FileRows
from sync.standin.faults import parse_faults
from sync.standin.server import TRANSPORT_KINDS
from sync.store.schema import ensure_pair, pair
from sync.store.verify import repair_pair, verify_pair
from sync.store.writer import PairWriter
from tests.contract.open_answers import SOURCES, OpenQuestion, elhub_answer, energidata_answer
from tests.contract.sides import by_id, javascript_side, python_documents, stored_documents
from tests.elhub_answers import AREAS, answer, consumption, local_hours
from tests.energidata_answers import ELSPOT_2024, prices, production
from tests.energidata_answers import answer as energidata_text
from tests.waiting import PATIENCE

NUMBERS = 120
PART = 40  # answers in one execution


def python_side(question: OpenQuestion) -> Parsed | None:
    """What the loader makes of an answer; None where it refuses it."""
    try:
        return SOURCES[question.source].parse(question.dataset, question.window, question.text, question.now)
    except AnswerRefused:
        return None


def told_by_functions(
    folder: Path, database: Database[Any], questions: Sequence[OpenQuestion], store: bool = True
) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = []
    for source, own in groupby(questions, lambda question: question.source):
        asked = [question.as_argument() for question in own]
        told += javascript_side(folder, database, source, asked, store=store, part=PART)
    return told


def compare(folder: Path, database: Database[Any], questions: list[OpenQuestion]) -> list[Parsed | None]:
    """Read and store in JavaScript, hold everything against the Python side; the answers have days of their own."""
    source = questions[0].source
    ensure_pair(pair(database, source, DEFAULT_COLLECTIONS))
    parsed = [python_side(question) for question in questions]
    told = told_by_functions(folder, database, questions)
    assert {mirror for each in told for mirror in each["mirrors"]} <= {"same"}
    for question, ours, theirs in zip(questions, parsed, told, strict=True):
        place = (question.window, question.text[:80], theirs)
        assert ("refused" in theirs) == (ours is None), place
        if ours is not None:
            assert len(theirs["readings"]) == sum(map(len, ours.batches)), place
            assert (len(theirs["rejects"]), bool(theirs["short"])) == (len(ours.rejects), bool(ours.short)), (
                place,
                ours,
            )
    record, mirror = DEFAULT_COLLECTIONS[source]
    assert stored_documents(database, record) == python_documents(
        batch for each in parsed if each for batch in each.batches
    )
    assert by_id(database, record) == by_id(database, mirror)
    return parsed


def flags(parsed: Sequence[Parsed | None]) -> Counter[str]:
    return Counter(flag for each in parsed if each for batch in each.batches for flag in batch.flags.values())


@pytest.mark.soak
def test_generated_answers_of_elhub(folder: Path, database: Database[Any]) -> None:
    parsed = compare(folder, database, [elhub_answer(number) for number in range(NUMBERS)])
    # What the answers are made for does happen in them.
    assert {"negative", "implausible", "rounded"} <= flags(parsed).keys()
    read = [each for each in parsed if each]
    assert len(parsed) - len(read) > 15
    assert sum(bool(each.rejects) for each in read) > 2
    assert sum(bool(each.short) for each in read) > 10
    assert sum(not each.short for each in read) > 20
    batches = [batch for each in read for batch in each.batches]
    assert {"*", "hydro", "household"} <= {batch.series.group for batch in batches}
    assert any("updated" in batch.absent for batch in batches)
    assert any("meters" in batch.absent for batch in batches)
    assert {23, 25} <= {len(batch) for batch in batches}
    assert database["elhub"].count_documents({"wh": 0}) > 100


@pytest.mark.soak
def test_generated_answers_of_energidata(folder: Path, database: Database[Any]) -> None:
    parsed = compare(folder, database, [energidata_answer(number) for number in range(NUMBERS)])
    assert {"price", "preliminary", "negative", "implausible", "negative preliminary"} <= flags(parsed).keys()
    read = [each for each in parsed if each]
    assert len(parsed) - len(read) > 15
    assert sum(bool(each.rejects) for each in read) > 2
    assert sum(bool(each.short) for each in read) > 10
    assert sum(not each.short for each in read) > 20
    batches = [batch for each in read for batch in each.batches]
    assert {3600, 900} <= {int(batch.seconds[0]) for batch in batches if batch.series.flow == "price"}
    assert any("dkk_mwh" in batch.absent for batch in batches)
    assert {92, 100} <= {len(batch) for batch in batches if batch.series.flow == "price"}
    assert database["energidata"].count_documents({"eur_mwh": {"$type": "double"}, "wh": {"$exists": False}}) > 1000
    assert database["energidata"].count_documents({"wh": {"$type": "long"}, "eur_mwh": {"$exists": False}}) > 1000


def test_the_real_file_of_elhub(folder: Path, database: Database[Any], shared_data: Path) -> None:
    """As the API answers of it: `*` groups, float32, all five areas."""
    path = shared_data / "elhub" / "production_hourly_20250922_20251020_5areas.csv.gz"
    now = datetime(2025, 10, 21, 8, tzinfo=UTC)
    questions = []
    with ElhubStandin(FileHours(path), now=lambda: now) as standin:
        for first, end in ((date(2025, 9, 22), date(2025, 9, 29)), (date(2025, 9, 29), date(2025, 10, 3))):
            window = Window(first, end)
            url, query = Elhub(standin.url).question(ELHUB_PRODUCTION, window)
            text = requests.get(url, query, timeout=PATIENCE).text
            questions.append(OpenQuestion("elhub", ELHUB_PRODUCTION, window, text, now))
    parsed = compare(folder, database, questions)
    groups = {batch.series.group for each in parsed if each for batch in each.batches}
    assert {"*", "hydro", "wind", "solar", "thermal", "other"} == groups
    assert database["elhub"].count_documents({}) > 11 * 24 * 24


def test_the_real_answers_of_energidata(folder: Path, database: Database[Any], shared_data: Path) -> None:
    """Saved ones are cut off, ask for other columns, or come in a form that is gone: both sides refuse them."""
    paths = sorted((shared_data / "eds" / "responses").glob("*.json"))
    now = datetime(2022, 7, 19, tzinfo=UTC)
    questions = [
        OpenQuestion("energidata", dataset, Window(date(2021, 7, 1), date(2022, 7, 20)), path.read_text(), now)
        for path in paths
        for dataset in (ELSPOT, PRODUCTION)
    ]
    parsed = compare(folder, database, questions)
    assert len(paths) >= 5
    assert any(each is None for each in parsed)


def test_a_real_year_of_prices_around_the_change_of_clocks(
    folder: Path, database: Database[Any], shared_data: Path
) -> None:
    """The site export of 2024, served again: seven areas, negative prices, the repeated hour."""
    now = datetime(2025, 1, 2, tzinfo=UTC)
    window = Window(date(2024, 10, 20), date(2024, 11, 3))
    with EnergidataStandin(FileRows(shared_data / ELSPOT_2024), now=lambda: now) as standin:
        url, query = Energidata(standin.url).question(ELSPOT, window)
        text = requests.get(url, query, timeout=PATIENCE).text
    (parsed,) = compare(folder, database, [OpenQuestion("energidata", ELSPOT, window, text, now)])
    assert parsed
    assert {len(batch) for batch in parsed.batches} == {14 * 24 + 1}
    assert database["energidata"].count_documents({"eur_mwh": {"$lt": 0}}) > 0


ELHUB_SPOILS = [kind for kind in ElhubStandin.kinds if kind not in {*TRANSPORT_KINDS, "400", "204"}]
ENERGIDATA_SPOILS = [kind for kind in EnergidataStandin.kinds if kind not in {*TRANSPORT_KINDS, "minute", "400"}]


def test_every_defect_of_the_stand_ins_is_told_alike(folder: Path, database: Database[Any]) -> None:
    """What is refused, refused in parts, or called short by one side, is so by the other."""
    now = datetime(2026, 3, 30, 12, tzinfo=UTC)
    window = Window(date(2026, 3, 27), date(2026, 3, 30))
    long_ago = Window(date(2026, 1, 9), date(2026, 1, 10))
    questions = []
    with ElhubStandin(GeneratedHours(groups=frozenset({"hydro"})), now=lambda: now) as standin:
        for kind in ELHUB_SPOILS:
            standin.faults = parse_faults(f"{kind}@1", standin.kinds)
            text = asked(Elhub(standin.url), ELHUB_PRODUCTION, window)
            questions.append(OpenQuestion("elhub", ELHUB_PRODUCTION, window, text, now))
    with EnergidataStandin(now=lambda: now) as standin:
        for kind in ENERGIDATA_SPOILS:
            for dataset, days in ((DAY_AHEAD, window), (PRODUCTION, long_ago)):
                if (kind, dataset) == ("twice", DAY_AHEAD):
                    continue  # of thermal production only
                standin.faults = parse_faults(f"{kind}@1", standin.kinds)
                text = asked(Energidata(standin.url), dataset, days)
                questions.append(OpenQuestion("energidata", dataset, days, text, now))
    parsed = [python_side(question) for question in questions]
    told = told_by_functions(folder, database, questions, store=False)
    assert ["refused" in each for each in told] == [each is None for each in parsed]
    for theirs, ours in zip(told, parsed, strict=True):
        if ours is not None:
            readings = sum(map(len, ours.batches))
            assert (len(theirs["readings"]), len(theirs["rejects"])) == (readings, len(ours.rejects))
            assert bool(theirs["short"]) == bool(ours.short)
    assert sum(each is None for each in parsed) > 20


def asked(source: Source, dataset: Dataset, window: Window) -> str:
    """What a stand-in answers to the question of the loader."""
    url, query = source.question(dataset, window)
    return requests.get(url, query, timeout=PATIENCE).text


Steps = list[tuple[OpenQuestion, str]]
"""Answers one after the other, and what becomes of each: "new", "changed" or "unchanged"."""


def elhub_steps() -> Steps:
    window = Window(date(2024, 10, 27), date(2024, 10, 28))
    hours = local_hours("2024-10-27", "2024-10-28")

    def said(kwh: float, updated: str | None, meters: int | None = 7) -> OpenQuestion:
        more = {"lastUpdatedTime": updated}
        records = [consumption(area, "cabin", start, kwh, meters, **more) for area in AREAS for start in hours]
        text = answer(records, "consumptionPerGroupMbaHour")
        return OpenQuestion("elhub", CONSUMPTION, window, text, datetime(2025, 1, 1, tzinfo=UTC))

    return [
        (said(10.5, "2024-11-13T10:00:00+01:00"), "new"),
        (said(10.5, "2024-11-13T10:00:00+01:00"), "unchanged"),
        (said(11.0, "2024-11-12T10:00:00+01:00"), "unchanged"),  # older than what is known
        (said(-11.0, "2024-11-14T10:00:00+01:00"), "changed"),
        (said(-11.0, "2024-11-14T10:00:00+01:00", 8), "changed"),
        (said(12.0, None), "changed"),
        (said(13.0, None, None), "changed"),
        (said(13.0, "2024-11-15T10:00:00+01:00", 9), "changed"),  # fields that were absent stand where they belong
    ]


def price_steps() -> Steps:
    window = Window(date(2025, 10, 26), date(2025, 10, 27))

    def said(eur: float, dkk: float | None) -> OpenQuestion:
        records = prices(DAY_AHEAD, "2025-10-26", "2025-10-27")
        for record in records:
            record |= {"DayAheadPriceEUR": eur, "DayAheadPriceDKK": dkk}
        text = energidata_text(DAY_AHEAD, records)
        return OpenQuestion("energidata", DAY_AHEAD, window, text, datetime(2025, 11, 1, tzinfo=UTC))

    return [
        (said(-500.0, None), "new"),
        (said(-500.0, 7.46), "changed"),
        (said(-500.0, 7.46), "unchanged"),
        (said(3.0, None), "changed"),
    ]


def production_steps() -> Steps:
    window = Window(date(2025, 3, 30), date(2025, 3, 31))

    def said(mwh: float, version: str) -> OpenQuestion:
        records = production("2025-03-30", "2025-03-31", Version=version)
        for record in records:
            record["Production_MWh"] = mwh
        text = energidata_text(PRODUCTION, records)
        return OpenQuestion("energidata", PRODUCTION, window, text, datetime(2025, 6, 1, tzinfo=UTC))

    return [
        (said(-1.5, "Preliminary"), "new"),
        (said(1.25, "Preliminary"), "changed"),
        (said(1.25, "Final"), "changed"),
        (said(2.0, "Preliminary"), "unchanged"),
        (said(2.0, "Final"), "changed"),
    ]


@pytest.mark.parametrize("steps", [elhub_steps(), price_steps(), production_steps()], ids=["elhub", "prices", "types"])
def test_corrections_follow_the_same_rule(folder: Path, database: Database[Any], steps: Steps) -> None:
    """What is newer replaces, what is older does not; a final reading replaces a preliminary one, never the reverse."""
    source = steps[0][0].source
    theirs = database.client[f"{database.name}_python"]
    try:
        for side in (database, theirs):
            ensure_pair(pair(side, source, DEFAULT_COLLECTIONS))
        writer = PairWriter(pair(theirs, source, DEFAULT_COLLECTIONS))
        for question, outcome in steps:
            parsed = python_side(question)
            assert parsed
            written = writer.write_many(parsed.batches)
            (told,) = told_by_functions(folder, database, [question])
            ours = {name: told[name] for name in ("new", "changed", "unchanged")}
            assert ours == {"new": written.new, "changed": written.changed, "unchanged": written.unchanged}
            assert ours[outcome] == len(told["readings"]) > 0
            record = DEFAULT_COLLECTIONS[source][0]
            assert stored_documents(database, record) == stored_documents(theirs, record)
        # The mirror of what was corrected waits for repair, and nothing else does.
        mirror = DEFAULT_COLLECTIONS[source][1]
        keys = {f"mirror {mirror} {batch.series.key}" for batch in parsed.batches}
        assert {each["_id"] for each in database["sync_leases"].find({"stale": True})} == keys
        own = pair(database, source, DEFAULT_COLLECTIONS)
        repair_pair(own, verify_pair(own))
        assert verify_pair(own).identical
    finally:
        theirs.client.drop_database(theirs.name)
