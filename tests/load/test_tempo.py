"""The colours of Tempo days, from a server that answers as the service does: what is stored is right or missing."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
from pymongo.database import Database

from dash_app.cost.queries import comparison
from dash_app.kit.reader import Reader
from sync.commands.tempo import fetch_where_wanted
from sync.http.budget import Budget
from sync.http.transport import Transport
from sync.load.tempo import Fetched, fetch_colours
from sync.model.errors import SyncError
from sync.model.localtime import days
from sync.model.window import Window
from sync.settings import load
from sync.sources.source import AnswerRefused
from sync.sources.tempo.api import read_season
from sync.standin.faults import parse_faults
from sync.standin.tempo import TempoStandin, generated_season
from sync.store.tempo import TEMPO_DAYS, store_colours, stored_colours
from tests.clock import FakeClock
from tests.dash.stores import TODAY, load_readings
from tests.dash.test_dash_cost_bills import ALL
from tests.dash.test_dash_tariffs import TEMPO
from tests.processes import finish, start
from tests.waiting import PATIENCE

NOW = datetime(2025, 3, 12, 11, 0, tzinfo=UTC)
WINDOW = Window(date(2023, 3, 12), date(2025, 3, 13))
EVERY = generated_season(0, 2022) | generated_season(0, 2023) | generated_season(0, 2024)
EXPECTED = {day: EVERY[day] for day in days(WINDOW.start, WINDOW.end)}


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(NOW)


@pytest.fixture
def standin(clock: FakeClock) -> Iterator[TempoStandin]:
    with TempoStandin(now=clock.now) as server:
        yield server


def fetch(database: Database[Any], url: str, clock: FakeClock, window: Window = WINDOW) -> Fetched:
    transport = Transport(Budget(url, None, 0.0, clock), clock, pauses=())
    return fetch_colours(database, url, window, transport, clock)


def spoil(standin: TempoStandin, faults: str) -> None:
    standin.faults = parse_faults(faults, TempoStandin.kinds, TempoStandin.day_kinds)


def test_two_years_are_three_calls_and_the_next_day_one(
    database: Database[Any], standin: TempoStandin, clock: FakeClock
) -> None:
    fetched = fetch(database, standin.url, clock)
    assert (fetched.new, fetched.calls, fetched.missing) == (924, 3, [])  # whole seasons, from September 2022 on
    wanted = {day: colour for day, colour in stored_colours(database).items() if day >= WINDOW.start}
    assert wanted == EXPECTED
    assert fetched.counts == dict(Counter(EXPECTED.values()))
    again = fetch(database, standin.url, clock)
    assert (again.new, again.calls) == (0, 0)
    clock.advance(days=1)
    morning = fetch(database, standin.url, clock, Window(WINDOW.start, date(2025, 3, 14)))
    assert (morning.new, morning.calls) == (1, 1)
    assert [request.given for request in standin.requests][-1] == {"periode": "2024-2025"}


def test_the_colour_of_tomorrow_may_change_and_is_not_stored(
    database: Database[Any], standin: TempoStandin, clock: FakeClock
) -> None:
    answered = requests.get(f"{standin.url}/joursTempo", params={"periode": "2024-2025"}, timeout=PATIENCE).json()
    assert answered[-1]["dateJour"] == "2025-03-13"
    fetch(database, standin.url, clock)
    assert max(stored_colours(database)) == date(2025, 3, 12)


def test_days_without_a_colour_stay_missing_and_are_asked_for_again(
    database: Database[Any], standin: TempoStandin, clock: FakeClock
) -> None:
    spoil(standin, "holes@3:5")
    fetched = fetch(database, standin.url, clock)
    assert fetched.missing == [date(2025, 3, 9) + timedelta(days=place) for place in range(4)]  # and tomorrow
    assert date(2025, 3, 12) not in stored_colours(database)
    assert (fetch(database, standin.url, clock).new, stored_colours(database)[date(2025, 3, 12)]) == (
        4,
        EXPECTED[date(2025, 3, 12)],
    )


REFUSED = {
    "otherseason@1": "asked was the season 2022-2023, the answer holds 2021-09-01",
    "twice@1": "2022-09-01 stands there with two colours",
    "redsunday@1": "22 red days|23 red days|2023-01-01 is red",
    "purple@1": "a record without a day or a colour",
    "page@1": "a page",
    "notjson@1": "not JSON",
    "500@1": "api-couleur-tempo.fr",
    "reset@1": "api-couleur-tempo|answer|connection",
}


@pytest.mark.parametrize("faults", REFUSED)
def test_an_answer_that_cannot_be_right_stores_nothing(
    faults: str, database: Database[Any], standin: TempoStandin, clock: FakeClock
) -> None:
    spoil(standin, faults)
    with pytest.raises(SyncError, match=REFUSED[faults]) as refused:
        fetch(database, standin.url, clock)
    assert "\n" not in str(refused.value)
    assert stored_colours(database) == {}


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('{"dateJour": "2024-10-01"}', "no list"),
        ("[7]", "no object"),
        ('[{"dateJour": "2024-10-01", "codeJour": "3"}]', "without a day or a colour"),
        ('[{"dateJour": "2024-10-01", "codeJour": true}]', "without a day or a colour"),
        ('[{"dateJour": "01/10/2024", "codeJour": 1}]', "without a day or a colour"),
        ('[{"dateJour": "2024-10-01", "codeJour": 3}]', "2024-10-01 is red"),
        ('[{"dateJour": "2024-10-01", "codeJour": 1, "periode": "2023-2024"}]', "asked was the season 2024-2025"),
    ],
)
def test_every_record_is_looked_at(text: str, why: str) -> None:
    with pytest.raises(AnswerRefused, match=why):
        read_season(text, 2024)


def test_no_list_of_days_knows_no_day() -> None:
    assert read_season("[]", 2024) == {}


def test_a_correction_replaces_and_is_named(database: Database[Any], standin: TempoStandin, clock: FakeClock) -> None:
    day = date(2025, 3, 11)
    wrong = "white" if EXPECTED[day] == "blue" else "blue"
    store_colours(database, {day: wrong}, clock.now())
    fetched = fetch(database, standin.url, clock)
    assert (fetched.corrected, stored_colours(database)[day]) == ([day], EXPECTED[day])


def test_what_is_not_ours_in_the_collection_is_passed_over(database: Database[Any], clock: FakeClock) -> None:
    store_colours(database, {date(2025, 1, 1): "red"}, clock.now())
    database[TEMPO_DAYS].insert_many([{"_id": "yesterday", "colour": "red"}, {"_id": "2025-01-02", "colour": 3}])
    assert stored_colours(database) == {date(2025, 1, 1): "red"}


def test_the_page_prices_tempo_with_what_was_fetched(
    database: Database[Any], standin: TempoStandin, clock: FakeClock, tmp_path: Path
) -> None:
    """Without a file: unpriced before, every day priced after, in the page that was open all the while."""
    load_readings(database, datetime(2025, 1, 5, 23, tzinfo=UTC), [1000] * 48 * 31)
    (tmp_path / "settings.py").write_text(f"TARIFFS = [{TEMPO!r}]\nTEMPO_API_URL = {standin.url!r}\n")
    settings = load(tmp_path, {})
    reader = Reader(database, settings, now=lambda: TODAY)
    before = comparison(reader, ALL)
    assert before is not None
    assert not before.contracts[0].is_whole
    told: list[str] = []
    fetch_where_wanted(settings, database, told.append)
    assert told[-1].startswith("Tempo colours: ")
    reader._looked = -10.0  # two seconds later
    after = comparison(reader, ALL)
    assert after is not None
    assert after.contracts[0].is_whole
    assert {day: colour for day, colour in stored_colours(database).items() if day.year == 2024}[date(2024, 12, 1)]


def test_a_service_that_is_away_is_one_line_and_no_failure_of_a_load(
    database: Database[Any], standin: TempoStandin, tmp_path: Path
) -> None:
    spoil(standin, "403@1-9")
    (tmp_path / "settings.py").write_text(f"TARIFFS = [{TEMPO!r}]\nTEMPO_API_URL = {standin.url!r}\n")
    told: list[str] = []
    fetch_where_wanted(load(tmp_path, {}), database, told.append)
    assert len(told) == 1
    assert told[0].startswith("Tempo colours were not fetched: ")
    assert told[0].endswith("try again with python -m sync tempo")
    (tmp_path / "settings.py").write_text(f"TEMPO_API_URL = {standin.url!r}\n")
    fetch_where_wanted(load(tmp_path, {}), database, told.append)
    assert len(told) == 1  # nobody asked for it


def test_the_command(database: Database[Any], mongo_uri: str, tmp_path: Path) -> None:
    """Exit code 0 with all, 3 with holes, 1 with no answer, 2 for a day to come; one line each."""
    with TempoStandin() as standin:
        environ = {
            "PATH": "",
            "MONGODB_URI": mongo_uri,
            "MONGODB_DATABASE": database.name,
            "TEMPO_API_URL": standin.url,
            "SYNC_HOME": str(tmp_path / "home"),
            "XDG_STATE_HOME": str(tmp_path / "state"),
        }
        code, out, err = finish(start(environ, tmp_path, "tempo", "--since", "2024-09-01"))
        assert (code, err) == (0, "")
        assert out.startswith("Tempo colours: ")
        database[TEMPO_DAYS].delete_many({})
        spoil(standin, "holes@1-9:400")
        code, out, err = finish(start(environ, tmp_path, "tempo", "--since", "2024-09-01"))
        assert (code, out.count("\n")) == (3, 1)
        assert "the first 2024-09-01" in out
        spoil(standin, "otherseason@1-9")
        code, out, err = finish(start(environ, tmp_path, "tempo", "--since", "2024-09-01"))
        assert (code, out, err.count("\n")) == (1, "", 1)
        code, out, err = finish(start(environ, tmp_path, "tempo", "--since", "2100-01-01"))
        assert (code, out, err.count("\n")) == (2, "", 1)
