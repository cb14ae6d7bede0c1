"""watchFreshness: quiet while all is well; when something needs a person, one line with the series and the command."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from pymongo.database import Database

from sync.standin.faults import parse_faults
from sync.store.verify import repair_pair, verify_pair
from sync.triggers.run.harness import Execution
from tests.atlas.functions_meters import configure, many
from tests.atlas.functions_runs import TOKEN_SECRET, Atlas, atlas, days_from

DAY = date(2026, 11, 17)
EVENING = time(18, 37)
NAME = "linky …9999 consumption"
LOOK = "look at the log of linkyDaily, then run python -m sync backfill"


@pytest.fixture
def around(database: Database[Any]) -> Iterator[Atlas]:
    """A morning on which all went well, and the evening of the same day."""
    with atlas(database, DAY) as around:
        assert around.run().error is None
        around.go_to(DAY, EVENING)
        yield around


def watched(around: Atlas) -> Execution:
    """Looks only: no request, nothing written, whatever it finds."""
    before = everything(around)
    requests = len(around.standin.requests)
    execution = around.run("watchFreshness")
    assert everything(around) == before
    assert len(around.standin.requests) == requests
    assert execution.logged <= 25
    # Below the 512 bytes where the harness cuts, so that none was cut.
    assert all(len(line.encode()) < 509 and "\n" not in line for line in execution.logs)
    return execution


def everything(around: Atlas) -> dict[str, list[Any]]:
    names = sorted(around.database.list_collection_names())
    return {name: list(around.database[name].find()) for name in names if not name.startswith("system.")}


def told(around: Atlas) -> str:
    """The one line that it throws; each problem stands in a log line, too."""
    execution = watched(around)
    assert execution.error is not None, execution.result
    assert execution.result is None
    assert "\n" not in execution.error
    assert all(line.removeprefix("watchFreshness: ") in execution.error for line in execution.logs)
    assert around.prm not in execution.error
    return execution.error


def test_all_is_well(around: Atlas) -> None:
    execution = watched(around)
    assert execution.error is None, execution.error
    # The last reading ends at midnight in Paris, 23:00 UTC.
    assert execution.result == {"series": 1, "oldest": 20}
    assert execution.logs == ["watchFreshness: 1 series are fresh, the oldest ends 20 hours ago"]


def test_a_series_that_is_too_old(around: Atlas) -> None:
    around.go_to(DAY + timedelta(days=2), EVENING)
    assert told(around) == f"watchFreshness: {NAME} has nothing since 2026-11-17 00:00 (Paris): {LOOK}"
    around.values["freshnessHours"] = "100"
    assert watched(around).result == {"series": 1, "oldest": 68}


def test_the_limit_itself(around: Atlas) -> None:
    """48 hours after the end of the last reading, by the hour of the watch."""
    end = datetime(2026, 11, 16, 23, tzinfo=UTC)
    around.moment = end + timedelta(hours=47, minutes=59)
    assert watched(around).error is None
    around.moment = end + timedelta(hours=48, seconds=1)
    assert "has nothing since 2026-11-17 00:00 (Paris)" in told(around)


def test_the_day_is_told_in_local_time(database: Database[Any]) -> None:
    with atlas(database, date(2026, 7, 17)) as around:
        assert around.run().error is None
        around.go_to(date(2026, 7, 19), EVENING)
        assert "has nothing since 2026-07-17 00:00 (Paris)" in told(around)


def test_a_series_without_any_reading(around: Atlas) -> None:
    around.values["linkyFlows"] = "both"
    assert told(around) == f"watchFreshness: linky …9999 production has no reading at all: {LOOK}"
    assert around.run().error is None
    assert watched(around).result["series"] == 2


def test_very_old_readings(around: Atlas) -> None:
    around.go_to(DAY + timedelta(days=400), EVENING)
    assert f"{NAME} has nothing since 2026-11-17 00:00 (Paris)" in told(around)


def test_a_mirror_with_old_values(around: Atlas) -> None:
    """A day was corrected, as the gateway does now and then: the record has it, the mirror waits for repair."""
    around.standin.faults = parse_faults("correct@2026-11-16")
    around.pair.record.delete_one({"ts": datetime(2026, 11, 16, 12, tzinfo=UTC)})  # so that the day is asked again
    around.moment += timedelta(hours=9)
    assert around.run().error is None
    assert told(around) == f"watchFreshness: consumptionTS lacks corrected values of {NAME}: run python -m sync repair"
    repair_pair(around.pair, verify_pair(around.pair))
    assert watched(around).error is None
    around.assert_identical()


def test_a_mirror_that_stays_behind(around: Atlas) -> None:
    """Another writer holds its lease for days: the record is fresh, the time-series collection is not."""
    name = f"mirror {around.pair.mirror.name} {around.series.key}"
    for day in days_from(DAY + timedelta(days=1), 3):
        around.go_to(day)
        taken = {"owner": "other", "place": "elsewhere", "until": around.moment + timedelta(days=1)}
        around.database["sync_leases"].update_one({"_id": name}, {"$set": taken})
        assert around.run().error is None
    around.go_to(day, EVENING)
    wanted = f"{NAME} has nothing since 2026-11-17 00:00 (Paris) in consumptionTS: run python -m sync repair"
    assert told(around) == f"watchFreshness: {wanted}"
    around.database["sync_leases"].update_one({"_id": name}, {"$set": {"owner": None}})
    repair_pair(around.pair, verify_pair(around.pair))
    assert watched(around).error is None


@pytest.mark.parametrize(
    ("left", "words"),
    [
        (timedelta(days=7, hours=1), None),
        (
            timedelta(days=6, hours=23),
            "the token of the Value linkyToken ends on 2026-11-24: get a new one at https://",
        ),
        (timedelta(hours=1), "the token of the Value linkyToken ends on 2026-11-17: get a new one at https://conso."),
        (
            timedelta(0),
            "the token of the Value linkyToken ended on 2026-11-17: get a new one at https://conso.boris.sh",
        ),
        (timedelta(days=-9), "the token of the Value linkyToken ended on 2026-11-08: get a new one at https://conso."),
    ],
)
def test_the_end_of_the_token(around: Atlas, left: timedelta, words: str | None) -> None:
    around.secrets[TOKEN_SECRET] = around.standin.token_for(around.prm, expires=around.moment + left)
    if words is None:
        assert watched(around).error is None
    else:
        assert told(around).startswith(f"watchFreshness: {words}")


def test_a_token_that_never_ends_by_its_own_words(around: Atlas) -> None:
    around.secrets[TOKEN_SECRET] = around.standin.token_for(around.prm, expires=around.moment + timedelta(days=90_000))
    assert watched(around).error is None


def test_everything_at_once_is_one_line_with_every_command(around: Atlas) -> None:
    around.database["sync_leases"].update_one(
        {"_id": f"mirror {around.pair.mirror.name} {around.series.key}"}, {"$set": {"stale": True}}, upsert=True
    )
    around.go_to(DAY + timedelta(days=3), EVENING)
    around.secrets[TOKEN_SECRET] = around.standin.token_for(around.prm, expires=around.moment + timedelta(days=1))
    assert told(around) == "watchFreshness: " + "; ".join(
        [
            f"{NAME} has nothing since 2026-11-17 00:00 (Paris): {LOOK}",
            f"consumptionTS lacks corrected values of {NAME}: run python -m sync repair",
            "the token of the Value linkyToken ends on 2026-11-21: get a new one at https://conso.boris.sh",
        ]
    )


@pytest.mark.soak
def test_a_hundred_series(database: Database[Any]) -> None:
    """Some are named, all are counted, and no command is cut off; the platform's budget is hardly touched."""
    with many(database, DAY, 100) as around:
        prms = list(around.standin.meters)
        assert around.run().error is None
        around.go_to(DAY, EVENING)
        execution = watched(around)
        assert (execution.error, execution.result["series"]) == (None, 100)
        assert execution.operations < 20
        around.database["sync_leases"].update_many({"_id": {"$regex": "^mirror "}}, {"$set": {"stale": True}})
        soon = around.moment + timedelta(days=5)
        for number in range(0, 100, 10):
            around.secrets[f"tokenSecret{number}"] = around.standin.token_for(*prms[number : number + 10], expires=soon)
        around.go_to(DAY + timedelta(days=3), EVENING)
        execution = watched(around)
        assert execution.operations < 30
        old, stale, tokens = (line.removeprefix("watchFreshness: ") for line in execution.logs)
        assert old.startswith("linky …9999 consumption has nothing since 2026-11-17 00:00 (Paris), linky …")
        assert old.endswith(f"97 more are as old: {LOOK}")
        assert stale.endswith(" and 97 more: run python -m sync repair")
        assert tokens.endswith("ends on 2026-11-22 and 7 more: get a new one at https://conso.boris.sh")
        assert execution.error == f"watchFreshness: {old}; {stale}; {tokens}"
        assert not any(prm in execution.error for prm in prms)
        configure(around, prms[:10])
        assert "7 more are as old" in told(around)


def test_a_look_that_fails(around: Atlas) -> None:
    """Something else stands among the readings, so that the server refuses to add up."""
    around.pair.record.insert_one({"ts": around.moment, "series": around.series.subdocument(), "seconds": "x"})
    words = "watchFreshness: could not look, run it again and mend this if it stays: "
    assert told(around).startswith(words)
    around.pair.record.delete_one({"seconds": "x"})
    assert watched(around).error is None
