"""Faults as text."""

from __future__ import annotations

from datetime import date

import pytest

from sync.model.errors import UsageError
from sync.standin.faults import DAY_KINDS, NEVER, REQUEST_KINDS, Fault, Faults, parse_faults

MAY = date(2024, 5, 1).toordinal()


def test_all_selectors() -> None:
    faults = parse_faults("429@5, 500@7-9,reset@*20,slow@3:0.5,null@2024-05-01,late@2024-06-01..2024-06-03:2")
    assert faults == Faults(
        (
            Fault("429", range(5, 6)),
            Fault("500", range(7, 10)),
            Fault("reset", range(20, NEVER, 20)),
            Fault("slow", range(3, 4), 0.5),
        ),
        (
            Fault("nullcurve", range(MAY, MAY + 1)),
            Fault("late", range(MAY + 31, MAY + 34), 2),
        ),
    )
    assert [number for number in range(1, 50) if "reset" in faults.of_request(number)] == [20, 40]
    assert [number for number in range(1, 50) if "500" in faults.of_request(number)] == [7, 8, 9]
    assert faults.of_day(date(2024, 6, 3)) == {"late": 2}
    assert faults.of_day(date(2024, 6, 4)) == {}


def test_nothing_is_no_fault() -> None:
    assert parse_faults("") == parse_faults(" , ") == Faults()


@pytest.mark.parametrize("kind", [*REQUEST_KINDS.values(), *DAY_KINDS.values()])
def test_every_example_is_understood(kind: object) -> None:
    faults = parse_faults(kind.example)  # type: ignore[attr-defined]
    assert len(faults.requests) + len(faults.days) == 1


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("418@5", "there is no kind '418'"),
        ("429", "not of the form"),
        ("429@0", "the first request is 1"),
        ("429@9-7", "empty range"),
        ("429@*0", "every 0th"),
        ("429@2024-05-01", "not a request number"),
        ("429@5:3", "takes no amount"),
        ("late@5", "not a local date"),
        ("late@2024-02-30", "not a date of the calendar"),
        ("late@2024-02-03..2024-02-01", "ends before it begins"),
        ("late@2024-02-01:1.5", "whole days"),
        ("slow@1:99999", "at most 3600"),
    ],
)
def test_mistakes_list_all_kinds_with_an_example(text: str, told: str) -> None:
    with pytest.raises(UsageError) as refused:
        parse_faults(f"500@1,{text}")
    message = str(refused.value)
    assert told in message
    assert f"'{text}'" in message
    assert all(kind.example in message for kind in [*REQUEST_KINDS.values(), *DAY_KINDS.values()])
