"""The load of an open source over HTTP into a real MongoDB: verified, resumable, corrected, nothing false stored."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pymongo.database import Database

from sync.http.transport import Answer
from sync.load.backfill import refuse_wrong_clock
from sync.model.errors import FatalSourceError
from sync.model.window import DONE, EMPTY, FAILED, PARTIAL
from sync.sources.elhub.api import CONSUMPTION, PRODUCTION, Elhub
from sync.standin.elhub import ElhubStandin
from sync.standin.elhub_hours import GeneratedHours
from sync.standin.faults import parse_faults
from sync.store.verify import verify_pair
from tests.clock import FakeClock
from tests.open_loads import OpenLoad, counts

NOW = datetime(2026, 3, 10, 11, 0, tzinfo=UTC)
SMALL = frozenset({"hydro", "tertiary"})  # one series an area and flow
JANUARY = 5 * 744
FEBRUARY = 5 * 672
MARCH = 5 * 743


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(NOW)


@pytest.fixture
def standin(clock: FakeClock) -> Iterator[ElhubStandin]:
    with ElhubStandin(GeneratedHours(groups=SMALL), now=clock.now) as server:
        yield server


@pytest.fixture
def load(database: Database[Any], standin: ElhubStandin, clock: FakeClock, tmp_path: Path) -> OpenLoad:
    return OpenLoad(database, Elhub(standin.url), clock, tmp_path, (PRODUCTION,))


def spoil(standin: ElhubStandin, faults: str) -> None:
    standin.faults = parse_faults(faults, ElhubStandin.kinds, ElhubStandin.day_kinds)


def wh(load: OpenLoad, at: datetime, area: str = "NO1", group: str = "hydro") -> int:
    query = {"series.id": area, "series.group": group, "ts": at}
    both = [side.find_one(query) for side in (load.pair.record, load.pair.mirror)]
    assert both[0]
    assert both[0] == both[1]
    return int(both[0]["wh"])


# --- what is asked and kept -------------------------------------------------------------------------------------------


def test_one_call_a_month_for_the_whole_country(load: OpenLoad, standin: ElhubStandin) -> None:
    outcome = load.run("2021-01-01", "2021-03-01")
    assert (outcome.calls, outcome.written.new, outcome.identical) == (2, JANUARY + FEBRUARY, True)
    first, second = (request.given for request in standin.requests)
    assert first == {
        "dataset": "PRODUCTION_PER_GROUP_MBA_HOUR",
        "startDate": "2021-01-01",
        "endDate": "2021-02-01",
    }
    assert second["endDate"] == "2021-03-01"
    headers = standin.requests[0].headers
    assert headers["accept"] == "application/json"
    assert headers["user-agent"].startswith("linky-atlas/")
    assert "gzip" in headers["accept-encoding"]
    entry = load.entries(PRODUCTION)[0]
    assert (entry.state, entry.readings, entry.calls, entry.status) == (DONE, JANUARY, 1, "200")


def test_both_ends_are_dates_alone(load: OpenLoad, standin: ElhubStandin) -> None:
    load.run("2021-03-01", "2021-04-01")
    given = standin.requests[0].given
    assert (given["startDate"], given["endDate"]) == ("2021-03-01", "2021-04-01")
    assert load.pair.record.count_documents({}) == MARCH


def test_stored_documents(load: OpenLoad) -> None:
    load.datasets = (CONSUMPTION,)
    load.run("2025-11-09", "2025-11-10")
    found = load.pair.record.find_one({"series.id": "NO4", "series.group": "tertiary"}, sort=[("ts", 1)])
    assert found is not None
    assert list(found) == ["_id", "ts", "series", "wh", "seconds", "updated", "meters", "flag"]
    assert found["ts"] == datetime(2025, 11, 8, 23, tzinfo=UTC)
    assert found["series"] == {"source": "elhub", "id": "NO4", "flow": "consumption", "group": "tertiary"}
    assert found["flag"] == "negative"
    assert -4_200_000_000 <= found["wh"] <= -3_100_000_000
    assert load.pair.record.count_documents({"flag": "negative"}) == 24
    types = {"wh": "long", "seconds": "int", "updated": "date", "meters": "int", "ts": "date"}
    assert load.pair.record.count_documents({name: {"$type": kind} for name, kind in types.items()}) == 5 * 24


def test_spacing(load: OpenLoad, clock: FakeClock) -> None:
    """At most one call a second: the pause is taken from the start of the last call."""
    load.run("2021-01-01", "2021-04-01")
    assert sum(clock.sleeps) >= 2 * 0.9
    assert all(pause <= 1.0 for pause in clock.sleeps)


# --- again and again --------------------------------------------------------------------------------------------------


def test_a_second_run_makes_no_call(load: OpenLoad, standin: ElhubStandin) -> None:
    load.run("2021-01-01", "2021-03-01")
    outcome = load.run("2021-01-01", "2021-03-01")
    assert (outcome.calls, outcome.written.new, len(standin.requests)) == (0, 0, 2)


def test_stopped_by_a_limit_and_resumed(load: OpenLoad, standin: ElhubStandin) -> None:
    stopped = load.run("2021-01-01", "2021-05-01", max_calls=2)
    assert "calls allowed for this run" in stopped.stopped
    assert (stopped.remaining, stopped.windows) == (2, 2)
    resumed = load.run("2021-01-01", "2021-05-01")
    assert (resumed.calls, resumed.remaining) == (2, 0)
    assert len({request.given["startDate"] for request in standin.requests}) == len(standin.requests) == 4


def test_corrections_by_newest(load: OpenLoad, standin: ElhubStandin, clock: FakeClock) -> None:
    noon = datetime(2026, 3, 1, 11, tzinfo=UTC)
    load.run("2026-03-01", "2026-03-08")
    before = wh(load, noon)
    spoil(standin, "correct@2026-03-01:10")
    clock.advance(days=1)
    outcome = load.run("2026-03-01", "2026-03-08")
    assert outcome.written.changed == 5 * 24
    after = wh(load, noon)
    assert after == pytest.approx(before * 1.1, rel=1e-6)
    spoil(standin, "outdated@2026-03-01:50")
    clock.advance(days=1)
    outcome = load.run("2026-03-01", "2026-03-08")
    assert (outcome.written.changed, wh(load, noon)) == (0, after)
    assert outcome.identical


def test_the_trailing_window_is_read_again_and_old_months_are_not(
    load: OpenLoad, standin: ElhubStandin, clock: FakeClock
) -> None:
    load.run("2025-11-01", "2026-03-09")
    seen = len(standin.requests)
    clock.advance(days=1)
    outcome = load.run("2025-11-01", "2026-03-10")
    # 40 days before 11 March: 30 January
    asked = [request.given["startDate"][:10] for request in standin.requests[seen:]]
    assert asked == ["2026-01-01", "2026-02-01", "2026-03-01"]
    assert outcome.identical


def test_the_sweep_reads_an_old_month_again(load: OpenLoad, standin: ElhubStandin, clock: FakeClock) -> None:
    load.run("2021-01-01", "2021-04-01")
    clock.advance(days=30)
    load.run("2021-02-01", "2021-03-01", again=True)
    clock.advance(days=1)
    spoil(standin, "correct@2021-01-05:10")
    outcome = load.run("2021-01-01", "2021-04-01", sweep=1)
    assert standin.requests[-1].given["startDate"] == "2021-01-01"
    assert (outcome.calls, outcome.written.changed, outcome.identical) == (1, 5 * 24, True)
    load.run("2021-01-01", "2021-04-01", sweep=1)
    assert standin.requests[-1].given["startDate"] == "2021-03-01"


def test_again_asks_for_finished_months(load: OpenLoad, standin: ElhubStandin, clock: FakeClock) -> None:
    load.run("2021-01-01", "2021-02-01")
    clock.advance(minutes=5)
    outcome = load.run("2021-01-01", "2021-02-01", again=True)
    assert (outcome.calls, outcome.written.unchanged, outcome.remaining) == (1, JANUARY, 0)


# --- answers that are not what was asked for --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ("othermonth", "outside 2021-02-01"),
        ("otherdataset", "asked was PRODUCTION_PER_GROUP_MBA_HOUR"),
        ("double", "share area, group and hour"),
        ("naive", "no offset"),
        ("shifted", "not whole hours"),
        ("noarea", "nothing of NO3"),
        ("renamed", "quantityKwh"),
    ],
)
def test_a_refused_answer_stores_nothing_and_is_kept(
    load: OpenLoad, standin: ElhubStandin, tmp_path: Path, fault: str, told: str
) -> None:
    spoil(standin, f"{fault}@2")
    outcome = load.run("2021-01-01", "2021-04-01")
    assert [entry.state for entry in load.entries(PRODUCTION)] == [DONE, FAILED, DONE]
    assert told in load.entries(PRODUCTION)[1].reason
    assert load.pair.record.count_documents({}) == JANUARY + MARCH
    kept = tmp_path / "answers" / "elhub_PRODUCTION_PER_GROUP_MBA_HOUR_2021-02-01_2021-03-01.txt.gz"
    assert len(gzip.decompress(kept.read_bytes())) > 20
    assert (outcome.remaining, outcome.identical) == (1, True)
    assert any("2021-02-01 … 2021-02-28 failed" in line for line in load.notes.lines)
    assert load.run("2021-01-01", "2021-04-01").calls == 1
    assert counts(load.pair) == (JANUARY + FEBRUARY + MARCH,) * 3


@pytest.mark.parametrize("fault", ["page", "notjson"])
def test_what_is_no_json_is_asked_for_again(load: OpenLoad, standin: ElhubStandin, fault: str) -> None:
    """A gateway on the way, not the API, has answered."""
    spoil(standin, f"{fault}@2")
    outcome = load.run("2021-01-01", "2021-04-01")
    assert [entry.state for entry in load.entries(PRODUCTION)] == [DONE, DONE, DONE]
    assert (outcome.calls, outcome.remaining, outcome.identical) == (4, 0, True)
    assert counts(load.pair) == (JANUARY + FEBRUARY + MARCH,) * 3


@pytest.mark.parametrize(
    ("fault", "lost", "told"),
    [
        ("lastday@1", 5 * 24, "no series has 24 hours (first 2021-01-30 23:00Z) of 744"),
        ("losthour@1", 5, "no series has 1 hour"),
        ("hole@1:3", 3, "lacks 3 hours"),
        ("truncated@1:3500", JANUARY - 3_500, "lacks"),
        ("null@1:5", 5, "5 records without a quantity"),
        ("nan@1:5", 5, "5 records refused"),
        ("text@1:5", 5, "5 records refused"),
    ],
)
def test_what_is_right_in_a_short_answer_is_stored_and_the_rest_is_told(
    load: OpenLoad, standin: ElhubStandin, fault: str, lost: int, told: str
) -> None:
    spoil(standin, fault)
    outcome = load.run("2021-01-01", "2021-02-01")
    assert outcome.written.new == JANUARY - lost
    assert load.entries(PRODUCTION)[0].state == PARTIAL
    assert told in load.entries(PRODUCTION)[0].reason
    assert told in outcome.short[0]
    assert outcome.rejected == (5 if "refused" in told else 0)


def test_an_unknown_group_is_kept(load: OpenLoad, standin: ElhubStandin) -> None:
    spoil(standin, "newgroup@1")
    load.run("2021-01-01", "2021-02-01")
    assert load.pair.mirror.count_documents({"series.group": "hydrogen"}) == 744


def test_a_month_the_api_refuses_does_not_stop_the_others(load: OpenLoad, standin: ElhubStandin) -> None:
    spoil(standin, "400@2")
    outcome = load.run("2021-01-01", "2021-04-01")
    assert [entry.state for entry in load.entries(PRODUCTION)] == [DONE, FAILED, DONE]
    assert outcome.remaining == 1
    assert "HTTP 400" in load.entries(PRODUCTION)[1].reason


def test_no_content_is_an_empty_month(load: OpenLoad, standin: ElhubStandin) -> None:
    spoil(standin, "204@1")
    outcome = load.run("2021-01-01", "2021-03-01")
    assert [entry.state for entry in load.entries(PRODUCTION)] == [EMPTY, DONE]
    assert outcome.written.new == FEBRUARY


def test_three_in_a_row_leave_the_source_in_peace(load: OpenLoad, standin: ElhubStandin) -> None:
    """36 copies of one month would be refused 36 times; after three the run stops."""
    spoil(standin, "othermonth@*1")
    outcome = load.run("2021-01-01", "2021-12-01")
    assert "3 windows in a row failed" in outcome.stopped
    assert len(standin.requests) <= 4  # one may have been fetched ahead
    assert load.pair.record.count_documents({}) == 0


def test_a_refusal_of_everything_is_an_error(load: OpenLoad, standin: ElhubStandin) -> None:
    spoil(standin, "403@2-9")
    with pytest.raises(FatalSourceError, match="HTTP 403"):
        load.run("2021-01-01", "2021-06-01")
    assert len(standin.requests) == 2
    assert counts(load.pair) == (JANUARY,) * 3


# --- failures that pass -----------------------------------------------------------------------------------------------


def test_retry_after_is_honoured(load: OpenLoad, standin: ElhubStandin, clock: FakeClock) -> None:
    spoil(standin, "429@2:40")
    outcome = load.run("2021-01-01", "2021-03-01")
    assert outcome.written.new == JANUARY + FEBRUARY
    assert (outcome.calls, outcome.stopped) == (3, "")
    assert any(40 < pause < 70 for pause in clock.sleeps)


def test_a_long_retry_after_stops_the_run(load: OpenLoad, standin: ElhubStandin, clock: FakeClock) -> None:
    spoil(standin, "429@2:3600")
    outcome = load.run("2021-01-01", "2021-05-01")
    assert "until 2026-03-10 12:00" in outcome.stopped
    assert len(standin.requests) == 2  # nothing more is asked, ahead neither
    assert outcome.remaining == 3
    spoil(standin, "")
    assert "wants no call about" in load.run("2021-01-01", "2021-05-01").stopped  # by any process of this machine
    assert len(standin.requests) == 2
    clock.advance(hours=1)
    assert load.run("2021-01-01", "2021-05-01").remaining == 0


def test_waiting_for_it(load: OpenLoad, standin: ElhubStandin, clock: FakeClock) -> None:
    spoil(standin, "429@2:3600")
    outcome = load.run("2021-01-01", "2021-03-01", wait=True)
    assert (outcome.stopped, outcome.remaining, outcome.written.new) == ("", 0, JANUARY + FEBRUARY)
    assert max(clock.sleeps) >= 3600


@pytest.mark.parametrize("fault", ["500@2", "reset@2", "cut@2"])
def test_passing_trouble_costs_a_second_attempt(load: OpenLoad, standin: ElhubStandin, fault: str) -> None:
    spoil(standin, fault)
    outcome = load.run("2021-01-01", "2021-03-01")
    assert (outcome.calls, outcome.written.new, outcome.remaining) == (3, JANUARY + FEBRUARY, 0)


# --- another loader, another clock ------------------------------------------------------------------------------------


def test_what_is_published_grows_day_by_day(load: OpenLoad, standin: ElhubStandin, clock: FakeClock) -> None:
    """At noon the newest hour is of D-2: the window is partial, and the next run fills it."""
    outcome = load.run("2026-03-01", "2026-03-10")
    assert load.entries(PRODUCTION)[0].state == PARTIAL
    assert "no series has 24 hours" in outcome.short[0]
    clock.advance(hours=8)
    outcome = load.run("2026-03-01", "2026-03-10")
    assert outcome.written.new == 5 * 24
    assert load.entries(PRODUCTION)[0].state == DONE
    assert verify_pair(load.pair).identical


def test_a_clock_that_is_days_off() -> None:
    """The server's own clock shows it, before anything is stored."""
    said = Answer(200, "application/json", "{}", {"date": "Tue, 10 Mar 2026 11:00:00 GMT"})
    real, own = Elhub("https://elhub.example"), Elhub("http://127.0.0.1:9")
    refuse_wrong_clock(said, NOW + timedelta(hours=3), real)
    refuse_wrong_clock(said, NOW - timedelta(days=400), own)
    refuse_wrong_clock(Answer(200, "", ""), NOW - timedelta(days=400), real)
    for days in (-400, 2):
        with pytest.raises(FatalSourceError, match="set the clock"):
            refuse_wrong_clock(said, NOW + timedelta(days=days), real)
