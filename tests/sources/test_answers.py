"""Answers of the gateway: every recorded one is read, and no unknown shape ever looks like an empty answer."""

from __future__ import annotations

import copy
import json
import random
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync.sources.linky.answers import UnknownShape, parse_curve, parse_totals
from sync.sources.linky.points import Point
from sync.sources.source import AnswerRefused, NotJson
from tests.answers import PRM, Answer, curve, totals, v2, v5


def entry_of(answer: Answer) -> Answer:
    entry: Answer = answer["grandeur"][0]
    return entry


# --- both shapes -----------------------------------------------------------------------------------------------------


def test_the_old_shape_comes_with_and_without_envelope() -> None:
    assert curve({"meter_reading": v5()}) == curve(v5())
    assert curve(v5())[0] == Point("2023-04-01 00:30:00", "752", "PT30M", "B", line=1)


def test_the_entry_that_was_asked_for_is_found_among_others() -> None:
    answer = v2()
    answer["grandeur"] = [entry_of(v2(trade="PROD")), *answer["grandeur"], entry_of(v2("EA", "Wh"))]
    entry_of(answer)["points"][0]["v"] = "1"
    assert curve(answer)[0].value == "4078"
    assert curve(answer, "production")[0].value == "1"


def test_null_zero_and_empty_stay_apart() -> None:
    answer = v2()
    entry_of(answer)["points"] = [{"v": value, "d": "2026-09-29 00:30:00"} for value in (None, "0", "", 0, 12)]
    assert [point.value for point in curve(answer)] == [None, "0", "", "0", "12"]


def test_marks_are_optional() -> None:
    answer = v2()
    entry_of(answer)["points"] = [{"v": "1", "d": "2026-09-29 00:30:00"}]
    assert curve(answer) == (Point("2026-09-29 00:30:00", "1", line=1),)


def test_totals_with_missing_wrong_and_contradicting_days() -> None:
    answer = v2("EA", "Wh")
    rows = [("1", "2026-09-01"), (None, "2026-09-02"), ("x", "2026-09-03"), ("4", "2026-09-04"), ("5", "2026-09-04")]
    rows += [("6", "2026-09-05"), ("6", "2026-09-05"), ("7", "soon"), ("9" * 10, "2026-09-07"), ("-8", "2026-09-08")]
    entry_of(answer)["points"] = [{"v": value, "d": day} for value, day in rows]
    found = totals(answer)
    assert found.wh == {date(2026, 9, 1): 1, date(2026, 9, 5): 6}
    assert found.missing == 1
    assert [reject.line for reject in found.rejects] == [3, 5, 8, 9, 10]


@pytest.mark.parametrize("label", ["2026-W40-1", "2026-09-29garbage", "20260929"])
def test_a_total_needs_a_plain_day(label: str) -> None:
    answer = v2("EA", "Wh")
    entry_of(answer)["points"][0]["d"] = label
    found = totals(answer)
    assert (dict(found.wh), len(found.rejects)) == ({}, 1)


# --- shapes nobody knows ---------------------------------------------------------------------------------------------


def without(answer: Answer, *path: str | int) -> Answer:
    changed = copy.deepcopy(answer)
    place: Any = changed
    for step in path[:-1]:
        place = place[step]
    del place[path[-1]]
    return changed


def changed(answer: Answer, new: Any, *path: str | int) -> Answer:
    result = copy.deepcopy(answer)
    place: Any = result
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = new
    return result


POINTS = ("grandeur", 0, "points")
UNKNOWN = {
    "empty object": {},
    "list": [],
    "list of answers": [v2()],
    "text": "ok",
    "number": 1,
    "null": None,
    "error with 200": {"status": 200, "message": "The Enedis API returned an error", "error": "x"},
    "envelope with nothing": {"meter_reading": {}},
    "envelope with null": {"meter_reading": None},
    "double envelope": {"meter_reading": {"meter_reading": v5()}},
    "no grandeur": without(v2(), "grandeur"),
    "grandeur null": changed(v2(), None, "grandeur"),
    "grandeur object": changed(v2(), entry_of(v2()), "grandeur"),
    "grandeur empty": changed(v2(), [], "grandeur"),
    "grandeur of texts": changed(v2(), ["x"], "grandeur"),
    "twice the same grandeur": changed(v2(), [entry_of(v2())] * 2, "grandeur"),
    "other flow": v2(trade="PROD"),
    "other quantity": v2("PMA", "VA"),
    "other unit": v2(unit="kW"),
    "no unit": without(v2(), "grandeur", 0, "unite"),
    "other meter": changed(v2(), "21121707640845", "idPrm"),
    "meter as number": changed(v2(), int(PRM), "idPrm"),
    "no meter": without(v2(), "idPrm"),
    "no points": without(v2(), *POINTS),
    "points null": changed(v2(), None, *POINTS),
    "points object": changed(v2(), {}, *POINTS),
    "points of lists": changed(v2(), [["4078", "2026-09-29 00:30:00"]], *POINTS),
    "points with a null": changed(v2(), [None], *POINTS),
    "point without value": without(v2(), *POINTS, 0, "v"),
    "point without time": without(v2(), *POINTS, 0, "d"),
    "time as number": changed(v2(), 1790000000, *POINTS, 0, "d"),
    "old point names in the new shape": changed(v2(), v5()["interval_reading"], *POINTS),
    "v5 other meter": changed(v5(), "1", "usage_point_id"),
    "v5 no meter": without(v5(), "usage_point_id"),
    "v5 other unit": v5("VA"),
    "v5 no type": without(v5(), "reading_type"),
    "v5 type as text": changed(v5(), "W", "reading_type"),
    "v5 no points": changed(v5(), None, "interval_reading"),
    "v5 point without value": without(v5(), "interval_reading", 0, "value"),
    "v5 new names": changed(v5(), entry_of(v2())["points"], "interval_reading"),
}


@pytest.mark.parametrize("answer", UNKNOWN.values(), ids=UNKNOWN)
def test_an_unknown_shape_is_an_error(answer: Any) -> None:
    with pytest.raises(UnknownShape):
        curve(answer)


@pytest.mark.parametrize(
    "text", ["", " ", "<html>", "{", json.dumps(v2())[:-1], "NaN", "[" * 100_000, "1" * 5000, "\x00"]
)
def test_text_that_is_no_answer(text: str) -> None:
    for parse in (parse_curve, parse_totals):
        with pytest.raises(AnswerRefused) as refused:
            parse(text, PRM, "consumption")
        assert isinstance(refused.value, UnknownShape if text == "NaN" else NotJson)
        assert PRM not in str(refused.value)


def test_a_message_never_holds_a_meter() -> None:
    with pytest.raises(UnknownShape) as other:
        curve(changed(v2(), "99999999999992", "idPrm"))
    assert "99999999999992" not in str(other.value)
    assert PRM not in str(other.value)


# --- anything else ---------------------------------------------------------------------------------------------------

JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=8), st.just(PRM), st.just("W")),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=8), inner, max_size=3)),
    max_leaves=6,
)


def places(node: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Every path into an answer."""
    below = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    return [path] * bool(path) + [found for name, child in below for found in places(child, (*path, name))]


@settings(max_examples=700, deadline=None)
@given(
    st.sampled_from([v2(), v2("EA", "Wh"), v5(), v5("Wh"), {"meter_reading": v5()}]),
    st.integers(0, 2**32),
    st.integers(1, 3),
    JSON,
)
def test_spoiled_answers_are_read_or_refused(answer: Answer, seed: int, times: int, junk: Any) -> None:
    generator = random.Random(seed)
    spoiled = copy.deepcopy(answer)
    for _ in range(times):
        if not (found := places(spoiled)):
            break
        path = generator.choice(found)
        spoiled = without(spoiled, *path) if generator.random() < 0.3 else changed(spoiled, junk, *path)
    texts = set(_texts(spoiled))
    text = json.dumps(spoiled)
    for cut in (len(text), generator.randrange(len(text) + 1)):
        try:
            for point in parse_curve(text[:cut], PRM, "consumption"):
                assert point.end in texts
                assert point.value is None or point.value in texts
            for day, wh in parse_totals(text[:cut], PRM, "consumption").wh.items():
                assert day.isoformat() in texts
                assert any(shown.isdigit() and int(shown) == wh for shown in texts)
        except (UnknownShape, NotJson):
            continue


def _texts(node: Any) -> list[str]:
    """Every scalar and every structure of an answer as text."""
    below = list(node.values()) if isinstance(node, dict) else node if isinstance(node, list) else []
    return [node if isinstance(node, str) else json.dumps(node)] + [text for child in below for text in _texts(child)]


@settings(max_examples=300, deadline=None)
@given(JSON)
def test_any_json_is_refused(answer: Any) -> None:
    for parse in (curve, totals):
        with pytest.raises(UnknownShape):
            parse(answer)
