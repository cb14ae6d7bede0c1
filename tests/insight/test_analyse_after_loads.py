"""What a load of a household's meter leaves for the page: its cards, made once, and never in the way of the load."""

from __future__ import annotations

from typing import Any

from pymongo.database import Database

from sync.insight.cards import NAMES
from sync.store.schema import CARDS
from tests.shell import Shell, export_file

SINCE = ("--since", "2026-08-20", "--until", "2026-10-31")
LATER = ("--since", "2026-08-20", "--until", "2026-11-01")


def test_a_backfill_ends_with_the_cards_and_makes_them_anew_for_a_new_day(sync: Shell, database: Database[Any]) -> None:
    """Daily runs are backfills: the forecast of tomorrow is there each morning."""
    assert sync("backfill", *SINCE)[0] == 0
    first = {card["_id"]["card"]: card for card in database[CARDS].find()}
    assert first.keys() == set(NAMES)
    assert first["forecast 2"]["value"]["day"] == "2026-11-01"
    assert sync("backfill", *SINCE)[0] == 0  # nothing new
    assert {card["_id"]["card"]: card for card in database[CARDS].find()} == first
    assert sync("backfill", *LATER)[0] == 0
    assert database[CARDS].find_one({"_id.card": "forecast 2"})["value"]["day"] == "2026-11-02"  # type: ignore[index]
    [told] = sync.json("analyse")["series"]
    assert told["fresh"] == 0  # a command finds them made


def test_an_import_ends_with_the_cards_or_why_there_are_none(sync: Shell, database: Database[Any]) -> None:
    code, out, err = sync("import", str(export_file(sync.folder)))
    assert code == 0
    assert "analyse" not in err
    assert {card["reason"]["name"] for card in database[CARDS].find()} == {"few", "habits"}
    assert "144 readings new" in out


def test_what_an_analysis_cannot_store_ends_no_load(sync: Shell, database: Database[Any]) -> None:
    database.create_collection(CARDS, viewOn="consumption", pipeline=[])
    code, out, err = sync("import", str(export_file(sync.folder)))
    assert code == 0
    assert "144 readings new" in out
    assert "the readings are stored, what they say is not" in err
    assert "python -m sync analyse" in err
