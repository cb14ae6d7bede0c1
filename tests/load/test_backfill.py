"""The backfill against a stand-in that errs as the gateway does, on a real server, with a clock that tests move."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest

from sync.model.errors import Banned, FatalSourceError, UnknownAnswer
from sync.model.window import CURVE, DAILY
from sync.standin.faults import parse_faults
from sync.store.ledger import Ledger
from tests.loads import Load, Make, documents, stored, week


def states(load: Load, kind: str = CURVE) -> list[tuple[str, str]]:
    entries = Ledger(load.database).entries(load.series(), kind)
    return [(str(entry.window), entry.state) for entry in sorted(entries, key=lambda entry: entry.window.start)]


def curve_calls(load: Load) -> int:
    return load.routes().get("courbe_de_charge_consommation", 0)


def test_a_corrected_day_changes_both_collections_and_nothing_else(make: Make) -> None:
    load = make()
    load.run()
    before = documents(load.database, "consumption")
    load.standin.faults = parse_faults("correct@2026-10-14:10")
    outcome = load.run(again=True)

    after = documents(load.database, "consumption")
    assert documents(load.database, "consumptionTS") == after
    assert after.keys() == before.keys()
    changed = {after[name]["ts"] for name in after if after[name] != before[name]}
    day = datetime(2026, 10, 13, 22, tzinfo=UTC)
    assert changed
    assert all(day <= ts < day + timedelta(days=1) for ts in changed)
    assert outcome.written.changed == len(changed)
    assert outcome.written.new == 0
    assert outcome.identical


def test_the_doubled_hour_comes_in_whole(make: Make) -> None:
    load = make()
    load.run()
    hours = [ts for ts, _, _ in stored(load.database) if ts.date() == date(2026, 10, 25) and ts.hour in {0, 1}]
    assert len(hours) == 4


def test_two_meters_and_both_flows(make: Make) -> None:
    load = make(meters=2, flows=("consumption", "production"))
    outcome = load.run()
    assert outcome.windows == 4 * 4
    half_hours = 28 * 48 + 2
    assert outcome.written.new == 4 * half_hours
    for flow in ("consumption", "production"):
        for prm in load.standin.meters:
            query = load.series(flow, prm).query()
            assert load.database.consumption.count_documents(query) == half_hours
            assert load.database.consumptionTS.count_documents(query) == half_hours
    assert outcome.identical


def test_the_old_answer_shape_gives_the_same_documents(make: Make, tmp_path: Path) -> None:
    load = make()
    load.run()
    expected = stored(load.database)
    load.database.client.drop_database(load.database.name)
    load.standin.faults = parse_faults("v5@*1")
    assert load.run().identical
    assert stored(load.database) == expected


def test_the_budget_ends_a_run_and_the_next_day_goes_on(make: Make) -> None:
    load = make(wanted=week("2026-01-01", "2026-10-29"))
    first = load.run()
    assert first.calls == 25
    assert "25 calls" in first.stopped
    assert first.remaining == 43 + 1 - 25
    assert first.identical
    assert load.run().calls == 0
    load.clock.sleep(24 * 3600)
    assert load.run().calls == 19
    assert load.run().remaining == 0
    assert not load.standin.banned


def test_max_calls(make: Make) -> None:
    load = make()
    outcome = load.run(max_calls=2)
    assert outcome.calls == 2
    assert outcome.remaining == 3
    assert outcome.identical


def test_requests_are_spaced_from_start_to_start(make: Make) -> None:
    load = make()
    load.run()
    starts = [request.at for request in load.standin.requests]
    assert min((b - a).total_seconds() for a, b in pairwise(starts)) >= 1.0


def test_activation_inside_a_window_costs_at_most_three_more_calls(make: Make) -> None:
    for activation in (date(2026, 10, 2), date(2026, 10, 5), date(2026, 10, 7)):
        load = make(activation=activation)
        outcome = load.run()
        assert outcome.identical
        first = min(ts for ts, _, _ in stored(load.database))
        assert first == datetime(activation.year, activation.month, activation.day, tzinfo=UTC) - timedelta(hours=2)
        # 4 windows, the refused one, the halving over windows (2) and inside one (3): nothing is asked twice.
        assert curve_calls(load) <= 4 + 1 + 3
        assert load.run().calls == 0
        assert load.routes()["consommation_quotidienne"] == 2  # refused as a whole, then from the floor on
        load.database.client.drop_database(load.database.name)


def test_activation_a_year_ago_is_found_by_halving(make: Make) -> None:
    load = make(activation=date(2025, 11, 20), wanted=week("2024-11-01", "2026-11-01"), ban_after=None)
    load.limit = None
    outcome = load.run()
    assert outcome.identical
    days = (date(2026, 11, 1) - date(2025, 11, 20)).days
    assert len(stored(load.database)) == days * 48  # one change of the clock each way: the hours cancel
    assert curve_calls(load) <= (days + 6) // 7 + 2 + 7 + 3
    assert any("nothing before 2025-11-20" in line for line in load.notes.lines)
    assert load.run().calls == 0


def test_nothing_published_is_asked_again_later_and_not_at_once(make: Make) -> None:
    load = make("late@2026-10-28:5")
    outcome = load.run()
    assert states(load)[-1][1] == "partial"
    assert outcome.remaining == 0
    assert load.run().calls == 0
    load.clock.sleep(5 * 24 * 3600)
    again = load.run()
    assert again.written.new == 48
    assert [state for _, state in states(load)] == ["done"] * 4
    assert [state for _, state in states(load, DAILY)] == ["done"]
    assert again.identical


def test_an_empty_window_is_entered_as_empty(make: Make) -> None:
    load = make("late@2026-10-01..2026-10-07:90")
    load.run()
    assert states(load)[0] == ("2026-10-01 … 2026-10-07", "empty")


def test_a_curve_of_nulls_is_missing_and_not_zero(make: Make) -> None:
    load = make("nullcurve@2026-10-08..2026-10-14")
    outcome = load.run()
    assert outcome.missing == 7 * 48
    assert states(load)[1][1] == "empty"
    assert all(
        not datetime(2026, 10, 8, tzinfo=UTC) <= ts < datetime(2026, 10, 14, tzinfo=UTC)
        for ts, _, _ in stored(load.database)
    )
    # The daily totals know better, and say so; where there is nothing, nothing differs.
    (line,) = outcome.alone
    assert line.startswith("linky …9999 consumption 2026-10-08 … 2026-10-14: ")
    assert line.endswith(" kWh (7 days)")
    assert outcome.differences == []


def test_repeated_and_missing_points(make: Make) -> None:
    load = make("duplicate@2026-10-06,duplicate@2026-10-25,missing@2026-10-13:3,shuffle@2026-10-20")
    outcome = load.run()
    assert outcome.repeated == 48 + 50
    assert outcome.written.new == 28 * 48 + 2 - 3
    assert len(outcome.differences) == 1
    assert "2026-10-13" in outcome.differences[0]
    assert "22.5 of 24 hours covered" in outcome.differences[0]
    assert outcome.rejected == 0


@pytest.mark.parametrize("fault", ["500@3", "reset@3", "cut@3", "502@3", "500token@3", "500text@3", "429at@3:30"])
def test_a_passing_failure_is_tried_again(make: Make, fault: str) -> None:
    load = make(fault)
    outcome = load.run()
    assert outcome.calls == 4 + 1 + 1
    assert outcome.identical
    assert [state for _, state in states(load)] == ["done"] * 4


def test_an_outage_ends_the_run_after_three_windows(make: Make) -> None:
    load = make("500@2-99", wanted=week("2026-07-01", "2026-10-29"))
    outcome = load.run()
    assert outcome.calls == 1 + 3 * 3
    assert "3 windows in a row failed" in outcome.stopped
    assert [state for _, state in states(load)] == ["failed"] * 3
    load.standin.faults = parse_faults("")
    load.clock.sleep(24 * 3600)
    assert load.run().remaining == 0
    assert {state for _, state in states(load)} == {"done"}


def test_a_spent_quota_stops_until_it_reopens(make: Make) -> None:
    load = make("429@3")
    outcome = load.run()
    assert "10:00 UTC" in outcome.stopped
    assert outcome.calls == 3
    waiting = make("429@3")
    waiting.database.client.drop_database(waiting.database.name)
    assert waiting.run(wait=True).remaining == 0


def test_a_ban_stops_everything_for_the_day(make: Make) -> None:
    load = make("html403@3")
    with pytest.raises(Banned, match="blocked this address"):
        load.run()
    assert len(load.standin.requests) == 3
    assert "no more calls" in load.run().stopped
    assert len(load.standin.requests) == 3


def test_no_consent_stops_and_says_so(make: Make) -> None:
    load = make("consent@2")
    with pytest.raises(FatalSourceError, match="consent is gone"):
        load.run()
    assert len(load.standin.requests) == 2


def test_an_unknown_answer_is_kept_and_never_taken_for_no_readings(make: Make) -> None:
    load = make("emptyobject@3")
    with pytest.raises(UnknownAnswer, match="unknown shape"):
        load.run()
    kept = list((load.folder / "answers").iterdir())
    assert len(kept) == 1
    assert [path.stat().st_mode & 0o777 for path in (kept[0].parent, kept[0])] == [0o700, 0o600]
    assert states(load)[-1][1] == "failed"
    assert load.run().remaining == 0


@pytest.mark.parametrize(("fault", "failed"), [("notjson@3", 0), ("notjson@3-5", 1)])
def test_an_answer_that_is_no_json_is_asked_for_again_and_its_window_alone_fails(
    make: Make, fault: str, failed: int
) -> None:
    load = make(fault)
    assert load.run().remaining == failed
    assert [state for _, state, *_ in states(load)].count("failed") == failed
    assert load.run().remaining == 0


def test_wrong_flow_is_said(make: Make) -> None:
    load = make(flows=("consumption",))
    meter = next(iter(load.standin.meters.values()))
    load.standin.meters[next(iter(load.standin.meters))] = type(meter)({"production": meter.flows["production"]})
    with pytest.raises(FatalSourceError, match="no such flow"):
        load.run()
