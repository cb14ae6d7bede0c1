"""What people reported of the live gateway, played by the stand-in: calls made, readings stored, words said."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from sync.commands.common import exit_code
from sync.model.errors import FatalSourceError
from sync.model.readings import Series
from sync.model.window import CURVE, DAILY
from sync.standin import refusals
from sync.standin.faults import parse_faults
from sync.standin.refusals import enedis
from sync.store.ledger import Ledger
from tests.load.conftest import FOUR_WEEKS
from tests.loads import Load, Make, stored, week

HALF_HOURS = 28 * 48 + 2  # of four weeks with the repeated hour of October
HALF_YEAR = week("2026-05-01", "2026-10-30")
TWO_YEARS = week("2024-11-01", "2026-11-01")
BOTH = ("consumption", "production")
CURVES = {flow: f"courbe_de_charge_{flow}" for flow in ("consommation", "production")}
DAY = timedelta(days=1)


def calls(load: Load, first: int = 0) -> Counter[tuple[str, int]]:
    """(route, status) of the requests from number `first` on."""
    return Counter((request.route, request.status) for request in load.standin.requests[first:])


def curve_calls(load: Load, first: int = 0, flow: str = "consommation") -> int:
    return sum(request.route == CURVES[flow] for request in load.standin.requests[first:])


def spans(load: Load) -> list[int]:
    """Days of each call for a load curve."""
    asked = [request for request in load.standin.requests if request.route in CURVES.values()]
    return [(date.fromisoformat(each.end) - date.fromisoformat(each.start)).days for each in asked]


def totals(load: Load, flow: str = "consumption") -> int:
    return len(Ledger(load.database).totals(load.series(flow)))


def readings(load: Load, flow: str = "consumption", prm: str | None = None) -> int:
    return load.database.consumption.count_documents(load.series(flow, prm).query())


def said(load: Load, words: str) -> bool:
    return any(words in line for line in load.notes.lines)


def next_day(load: Load, days: int = 1) -> int:
    """Numbers of requests so far, a day later."""
    load.clock.sleep(days * 24 * 3600)
    return len(load.standin.requests)


# --- A1: a span of seven days is refused ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "refused", "longest"),
    [("span7@*1", [7], 6), ("span7@*1:3", [7, 6, 5, 4], 3), ("span7@*1:1", [7, 6, 5, 4, 3, 2], 1)],
)
def test_a_refused_span_is_made_shorter_once_and_for_all(
    make: Make, fault: str, refused: list[int], longest: int
) -> None:
    load = make(fault, wanted=week("2026-10-19", "2026-10-29"), flows=BOTH)
    load.limit = 90
    outcome = load.run()
    each = -(-10 // longest)
    assert spans(load)[: len(refused) + 1] == [*refused, longest]
    assert len(spans(load)) == len(refused) + 2 * each, "production and the other windows ask at once for so many"
    assert readings(load) == readings(load, "production") == 10 * 48 + 2
    assert outcome.identical
    assert exit_code(outcome) == 0
    assert said(
        load, "calls of 6 days from now on: the gateway refused the call (HTTP 400): ADAM-ERR0126: The requested"
    )

    first = next_day(load, 2)
    load.run(again=True)
    assert {status for _, status in calls(load, first)} == {200}, "the next run repeats no refused call"


def test_after_a_month_a_week_is_tried_again(make: Make) -> None:
    load = make("span7@*1")
    load.run()
    load.standin.faults = parse_faults("")
    next_day(load, 31)
    load.run(again=True)
    assert spans(load)[-4:] == [7, 7, 7, 7]


def test_a_span_refused_in_words_that_nobody_knows(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    other = enedis(400, {"code": "XYZ-0001", "message": "Période demandée non valide"})
    monkeypatch.setattr(refusals, "TOO_LONG", other)
    load = make("span7@*1")
    outcome = load.run()
    assert spans(load) == [7, 6, 6, 6, 6, 4]
    assert readings(load) == HALF_HOURS
    assert exit_code(outcome) == 0
    first = next_day(load, 2)
    load.run(again=True)
    assert {status for _, status in calls(load, first)} == {200}


# --- A2: an end of today is refused -----------------------------------------------------------------------------------

TO_TODAY = week("2026-10-01", "2026-11-01")


@pytest.mark.parametrize("words", ["", "Période demandée non valide"])
def test_an_end_of_today_that_is_refused_costs_the_last_day_alone(
    make: Make, monkeypatch: pytest.MonkeyPatch, words: str
) -> None:
    if words:
        monkeypatch.setattr(refusals, "END_IN_FUTURE", enedis(400, {"code": "XYZ-0001", "message": words}))
    load = make("endtoday@*1", wanted=TO_TODAY, flows=BOTH)
    outcome = load.run()
    refused = sum(count for (_, status), count in calls(load).items() if status == 400)
    assert refused == 1, "learned once for both flows and for totals"
    assert outcome.identical
    last = max(ts for ts, _, _ in stored(load.database))
    assert last == datetime(2026, 10, 30, 22, 30, tzinfo=UTC), "all but the last day"
    assert readings(load) == readings(load, "production") == 30 * 48 + 2
    assert said(load, "the last day is asked for a day later")

    first = len(load.standin.requests)
    assert load.run().calls == 0
    first = next_day(load)
    load.wanted = week("2026-10-01", "2026-11-02")
    load.run()
    assert {status for _, status in calls(load, first)} == {200}
    assert readings(load) == 31 * 48 + 2
    load.standin.faults = parse_faults("")
    next_day(load, 8)
    load.wanted = week("2026-10-01", "2026-11-10")
    load.run()
    assert readings(load) == 40 * 48 + 2, "after a week the end of today is tried again"


def test_a_day_alone_that_is_refused_in_words_that_nobody_knows_is_told(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refusals, "END_IN_FUTURE", enedis(400, {"code": "XYZ-0001", "message": "Non recevable"}))
    with pytest.raises(FatalSourceError, match="XYZ-0001: Non recevable"):
        make("endtoday@*1", wanted=week("2026-10-31", "2026-11-01")).run()


def test_a_day_alone_that_is_not_served_yet_is_told_and_asked_for_the_next_day(make: Make) -> None:
    load = make("endtoday@*1", wanted=week("2026-10-31", "2026-11-01"))
    outcome = load.run()
    assert (outcome.calls, outcome.written.new) == (1, 0)
    assert said(load, "the last day is asked for a day later")
    next_day(load)
    assert load.run().written.new == 48


def test_a_refusal_that_no_other_days_mend_is_told_in_the_words_of_enedis(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(refusals, "TOO_LONG", enedis(400, {"code": "XYZ-0001", "message": "Demande non recevable"}))
    load = make("span7@*1:0")
    with pytest.raises(FatalSourceError, match="XYZ-0001: Demande non recevable"):
        load.run()
    assert spans(load) == [7, 6], "once for fewer days, and of old days the end is not the reason"
    assert Ledger(load.database).learned("linky load curve span") is None
    assert totals(load) == 28


# --- A3: no load curve, though totals come ---------------------------------------------------------------------------


def test_a_curve_that_is_not_collected_is_left_after_three_calls(make: Make) -> None:
    load = make("nocurve@2024-01-01..2027-12-31", wanted=TWO_YEARS)
    outcome = load.run()
    assert calls(load) == {("consommation_quotidienne", 200): 2, (CURVES["consommation"], 404): 3}
    assert totals(load) == 730
    (words,) = outcome.not_loaded.values()
    assert "the collection of the hourly consumption is off" in words
    assert "Enedis account" in words
    assert "once a day" in words
    assert (outcome.remaining, exit_code(outcome)) == (0, 3)

    again = load.run()
    assert (again.calls, again.not_loaded, exit_code(again)) == (0, outcome.not_loaded, 3)
    for _ in range(3):
        first = next_day(load)
        assert load.run().not_loaded == outcome.not_loaded
        assert 1 <= curve_calls(load, first) <= 2


def test_a_curve_that_is_switched_on_is_loaded_whole(make: Make) -> None:
    load = make("nocurve@2024-01-01..2027-12-31", wanted=HALF_YEAR)
    load.run()
    load.standin.faults = parse_faults("")  # with what the meter had recorded before
    assert load.run().calls == 0
    next_day(load)
    load.limit = 90
    outcome = load.run()
    assert said(load, "it comes again")
    assert readings(load) == (date(2026, 10, 30) - date(2026, 5, 1)).days * 48 + 2
    assert (outcome.not_loaded, exit_code(outcome), outcome.identical) == ({}, 0, True)


def test_asking_again_on_purpose_is_a_few_calls_too(make: Make) -> None:
    load = make("nocurve@2024-01-01..2027-12-31", wanted=HALF_YEAR)
    load.run()
    first = len(load.standin.requests)
    assert exit_code(load.run(again=True)) == 3
    assert curve_calls(load, first) == 3
    load.standin.faults = parse_faults("")
    load.limit = 90
    outcome = load.run(again=True)
    assert readings(load) == (HALF_YEAR.end - HALF_YEAR.start).days * 48 + 2
    assert (outcome.not_loaded, outcome.identical) == ({}, True)


def test_a_curve_collected_for_a_year_is_found_in_few_calls(make: Make) -> None:
    load = make("nocurve@2024-01-01..2025-11-05", wanted=TWO_YEARS, ban_after=None)
    load.limit = None
    outcome = load.run()
    days = (date(2026, 11, 1) - date(2025, 11, 6)).days
    assert readings(load) == days * 48
    assert min(ts for ts, _, _ in stored(load.database)) == datetime(2025, 11, 5, 23, 0, tzinfo=UTC)
    assert calls(load)[CURVES["consommation"], 200] <= -(-days // 7) + 1
    assert calls(load)[CURVES["consommation"], 404] <= 8
    assert totals(load) == 730
    assert outcome.identical
    assert (outcome.not_loaded, exit_code(outcome)) == ({}, 0)
    assert said(load, "to ask all the same: --again --since 2024-11-01 --until 2025-10-31")
    assert load.run().calls == 0


def test_days_before_the_first_reading_are_no_collection_that_is_off(make: Make) -> None:
    load = make("nocurve@2024-01-01..2026-09-30")
    load.run()
    first = len(load.standin.requests)
    load.wanted = week("2026-05-01", "2026-10-29")
    outcome = load.run()
    assert curve_calls(load, first) == 3
    assert (outcome.not_loaded, exit_code(outcome)) == ({}, 0)
    assert said(load, "nothing before 2026-10-01 in the windows that were asked")
    assert load.run().calls == 0
    first = next_day(load)
    load.wanted = week("2026-08-01", "2026-10-01")
    assert load.run(again=True).not_loaded == {}
    assert curve_calls(load, first) == 9, "whoever asks again on purpose gets every window asked"


@pytest.mark.parametrize(
    ("holes", "most"),
    [
        ("nocurve@2026-05-01..2026-05-07", 1),  # before everything
        ("nocurve@2026-07-01..2026-07-31", 5),
        ("nocurve@2026-06-01..2026-06-20,nocurve@2026-07-24..2026-08-06", 7),  # the middle of the rest, too
        ("nocurve@2026-06-01..2026-06-20,nocurve@2026-10-20..2026-10-29", 7),  # the newest, too
    ],
)
def test_a_hole_in_the_history_loses_nothing_of_what_is_served(make: Make, holes: str, most: int) -> None:
    load = make(holes, wanted=HALF_YEAR)
    load.limit = 90
    outcome = load.run()
    empty = sum(fault.which.stop - fault.which.start for fault in load.standin.faults.days)
    assert readings(load) == ((HALF_YEAR.end - HALF_YEAR.start).days - empty) * 48 + (2 if "10-20" not in holes else 0)
    assert calls(load)[CURVES["consommation"], 404] <= most
    assert curve_calls(load) == 26
    assert outcome.identical


def test_holes_and_a_day_that_is_late_are_no_collection_that_is_off(make: Make) -> None:
    load = make("nocurve@2026-10-01..2026-10-07,nocurve@2026-10-15..2026-10-21,late@2026-10-29:9")
    load.run()
    first = next_day(load)
    load.wanted = week("2026-10-01", "2026-10-30")
    outcome = load.run()
    assert calls(load, first)[CURVES["consommation"], 404] == 3
    assert (outcome.not_loaded, outcome.remaining) == ({}, 0)


def test_a_curve_of_production_that_ends_one_day(make: Make) -> None:
    load = make("noprodcurve@2026-07-03..2027-12-31", wanted=HALF_YEAR, flows=BOTH)
    load.limit = 90
    outcome = load.run()
    days = (HALF_YEAR.end - HALF_YEAR.start).days
    assert readings(load) == days * 48 + 2
    assert readings(load, "production") == (date(2026, 7, 3) - HALF_YEAR.start).days * 48
    assert totals(load, "production") == days
    assert curve_calls(load, flow="production") <= 9 + 1 + 3
    (label,) = outcome.not_loaded
    assert label == "linky …9999 production"
    assert "the collection of the hourly production is off" in outcome.not_loaded[label]
    assert exit_code(outcome) == 3


def test_neither_totals_nor_a_curve(make: Make) -> None:
    load = make("late@2024-01-01..2026-12-31:400", wanted=HALF_YEAR)
    outcome = load.run()
    assert curve_calls(load) == 3
    assert "LINKY_FLOWS" in outcome.not_loaded["linky …9999 consumption"]


def test_answers_without_points_are_as_good_as_none(make: Make) -> None:
    load = make("empty200@2-99", wanted=HALF_YEAR)
    outcome = load.run()
    assert curve_calls(load) == 3
    assert "is off" in outcome.not_loaded["linky …9999 consumption"]
    assert readings(load) == 0


def test_one_answer_without_points_is_an_empty_week(make: Make) -> None:
    load = make("empty200@3")
    outcome = load.run()
    assert outcome.written.new == HALF_HOURS - 7 * 48
    assert [entry.state for entry in entries(load)] == ["done", "empty", "done", "done"]
    next_day(load)
    assert load.run().written.new == 7 * 48


def entries(load: Load, kind: str = CURVE) -> list[Any]:
    return sorted(Ledger(load.database).entries(load.series(), kind), key=lambda entry: entry.window.start)


# --- one kind of call fails ------------------------------------------------------------------------------------------


def test_one_curve_in_trouble_does_not_starve_the_other_flow(make: Make) -> None:
    load = make("curve500@*1", flows=BOTH)
    outcome = load.run()
    assert readings(load, "production") == HALF_HOURS
    assert totals(load) == totals(load, "production") == 28
    assert curve_calls(load) == 9
    (label,) = outcome.not_loaded
    assert label == "linky …9999 consumption"
    assert "3 windows in a row failed" in outcome.not_loaded[label]
    assert exit_code(outcome) == 3
    assert outcome.identical

    load.standin.faults = parse_faults("")
    next_day(load)
    assert exit_code(load.run()) == 0
    assert readings(load) == HALF_HOURS


def test_who_waits_asks_again_the_next_day(make: Make) -> None:
    load = make("curve500@1-12")
    outcome = load.run(wait=True)
    assert readings(load) == HALF_HOURS
    assert curve_calls(load) == 9 + 2 + 4, "the gateway is left in peace until the next day"
    assert (outcome.not_loaded, outcome.stopped, exit_code(outcome)) == ({}, "", 0)


def test_what_failed_the_last_time_comes_last(make: Make) -> None:
    """With a budget of few calls the trouble of one flow must not eat those of the other."""
    load = make("curve500@*1", flows=BOTH)
    load.limit = 11
    load.run()
    assert readings(load, "production") == 0
    next_day(load)
    load.run()
    assert readings(load, "production") == HALF_HOURS


def test_a_gateway_that_is_down_is_left_in_peace(make: Make) -> None:
    load = make("500@1-99", flows=BOTH, meters=2)
    load.limit = 90
    outcome = load.run()
    assert len(load.standin.requests) == 3 + 3, "the first kind of call and a second one, each tried three times"
    assert "2 windows in a row failed" in outcome.stopped
    assert exit_code(outcome) == 3


def test_totals_that_are_refused_for_good_do_not_hold_up_the_curve(make: Make) -> None:
    load = make("emptyobject@1")
    outcome = load.run()
    assert readings(load) == HALF_HOURS
    (label,) = outcome.not_loaded
    assert label == "linky …9999 consumption daily totals"
    assert exit_code(outcome) == 3


def test_a_curve_of_unknown_shape_does_not_starve_the_other_flow(make: Make) -> None:
    load = make("emptyobject@2", flows=BOTH)
    outcome = load.run()
    assert (readings(load), readings(load, "production")) == (0, HALF_HOURS)
    assert "unknown shape" in outcome.not_loaded["linky …9999 consumption"]
    assert curve_calls(load) == 1
    assert exit_code(outcome) == 3


@pytest.mark.parametrize("kind", ["token", "consent"])
def test_a_meter_that_is_refused_costs_one_call_and_no_other_meter(make: Make, kind: str) -> None:
    load = make(meters=2, flows=BOTH)
    one, other = load.standin.meters
    token = load.standin.token
    load.tokens = {one: load.standin.token_for(other) if kind == "token" else token, other: token}
    if kind == "consent":
        del load.standin.meters[one]
    outcome = load.run()
    assert [readings(load, flow, other) for flow in BOTH] == [HALF_HOURS] * 2
    refused = [request for request in load.standin.requests if request.status in (401, 403)]
    assert [request.prm for request in refused] == [one]
    (words,) = outcome.not_loaded.values()
    assert ("token" if kind == "token" else "consent") in words
    assert exit_code(outcome) == 3
    assert not any(prm in line for prm in (one, other) for line in [*load.notes.lines, *outcome.not_loaded])


def test_a_flow_that_a_meter_has_not_costs_one_call(make: Make) -> None:
    load = make(flows=BOTH)
    ((prm, meter),) = load.standin.meters.items()
    load.standin.meters[prm] = type(meter)({"consumption": meter.flows["consumption"]})
    outcome = load.run()
    assert readings(load) == HALF_HOURS
    assert calls(load)["production_quotidienne", 400] == 1
    assert curve_calls(load, flow="production") == 0
    assert "LINKY_FLOWS" in outcome.not_loaded["linky …9999 production daily totals"]
    assert exit_code(outcome) == 3


@pytest.mark.parametrize("fault", ["html403@3", "429@3"])
def test_what_is_about_the_address_ends_the_run(make: Make, fault: str) -> None:
    load = make(fault, flows=BOTH, meters=2)
    if fault.startswith("html"):
        with pytest.raises(FatalSourceError):
            load.run()
    else:
        assert exit_code(load.run()) == 3
    assert len(load.standin.requests) == 3


# --- A5, A8: days that are not served --------------------------------------------------------------------------------


def test_no_service_for_any_day_is_told_and_nothing_is_taken_for_empty(make: Make) -> None:
    load = make("err0191@2024-01-01..2027-12-31", wanted=HALF_YEAR)
    outcome = load.run()
    assert curve_calls(load) == 3
    words = outcome.not_loaded["linky …9999 consumption"]
    assert "no service subscribed" in words
    assert "ADAM-ERR0191" in words
    assert "give the consent again" in words
    assert "no service subscribed" in outcome.not_loaded["linky …9999 consumption daily totals"]
    assert exit_code(outcome) == 3
    load.standin.faults = parse_faults("")
    next_day(load)
    load.limit = 90
    assert exit_code(load.run()) == 0
    assert readings(load) == (HALF_YEAR.end - HALF_YEAR.start).days * 48 + 2
    assert totals(load) == (HALF_YEAR.end - HALF_YEAR.start).days


@pytest.mark.parametrize("kind", ["err0191", "err0123"])
def test_days_before_the_contract_are_found_in_few_calls(make: Make, kind: str) -> None:
    begin = date(2026, 7, 10)
    load = make(f"{kind}@2024-01-01..{begin - DAY}", wanted=HALF_YEAR)
    load.limit = 90
    load.run()
    first = min(ts for ts, _, _ in stored(load.database)).date()
    assert first - begin < timedelta(days=7), "a call over the first of these days is refused whole"
    refused = [
        request for request in load.standin.requests if request.route in CURVES.values() and request.status == 400
    ]
    assert len(refused) <= 8
    assert load.run().calls <= 1


# --- A6, A9: values and steps ----------------------------------------------------------------------------------------


def test_weeks_of_zero_are_zeros(make: Make) -> None:
    days = week("2026-09-19", "2026-10-30")
    load = make("zeros@2026-09-19..2026-10-29", wanted=days)
    outcome = load.run()
    assert [wh for _, wh, _ in stored(load.database)] == [0] * 1970
    assert [wh for _, wh, _ in stored(load.database, "consumptionTS")] == [0] * 1970
    assert (outcome.missing, outcome.differences, outcome.identical) == (0, [], True)


def test_steps_that_change_inside_an_answer(make: Make) -> None:
    first = date(2026, 6, 1)
    switch, last = first + 9 * DAY, first + 34 * DAY
    load = make(f"quarters@{switch}:14,quarters@{switch + DAY}..{last}", wanted=week(f"{first}", f"{last + DAY}"))
    outcome = load.run()
    assert len(stored(load.database)) == 2914
    assert Counter(seconds for _, _, seconds in stored(load.database)) == {1800: 9 * 48 + 14, 900: 34 * 2 + 25 * 96}
    assert (outcome.differences, outcome.rejected, outcome.identical) == ([], 0, True)


def test_quarter_hours_over_both_changes_of_the_clock(make: Make) -> None:
    for days, hours in ((week("2026-03-28", "2026-03-31"), 71), (week("2026-10-24", "2026-10-27"), 73)):
        load = make(f"quarters@{days.start}..{days.end}", wanted=days)
        outcome = load.run()
        assert outcome.written.new == 4 * hours
        assert outcome.differences == []


def test_the_ledger_forgets_what_it_learned_of_a_series(make: Make) -> None:
    load = make("nocurve@2024-01-01..2027-12-31", wanted=HALF_YEAR)
    load.run()
    ledger, series = Ledger(load.database), load.series()
    assert isinstance(series, Series)
    ledger.forget(series)
    assert load.database["sync_floors"].count_documents({}) == 0
    assert ledger.entries(series, DAILY) == []
    assert FOUR_WEEKS.length == 28
