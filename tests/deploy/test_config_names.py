"""Names and schedules that Atlas takes, and those it refuses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from pydantic import TypeAdapter

from sync.triggers.check.models import AppName, FunctionName, Name
from sync.triggers.cron import parse_schedule


def problem(check: Callable[[object], object], text: object) -> str | None:
    """What a check says against a text; None when it is fine."""
    try:
        check(text)
    except ValueError as error:
        return str(error)
    return None


def checked_by(kind: Any) -> Callable[[object], object]:
    """A check that takes what a field of this kind takes."""
    return lambda name: TypeAdapter(kind).validate_python(name, strict=True)


checked_name, checked_function_name, checked_app_name = map(checked_by, (Name, FunctionName, AppName))


@pytest.mark.parametrize("name", ["a", "7", "linkyToken", "a-b_c", "x" * 64])
def test_names(name: str) -> None:
    assert problem(checked_name, name) is None
    assert problem(checked_function_name, name) is None


@pytest.mark.parametrize("name", ["", None, 7, "x" * 65, "_a", "-a", "a b", "relevé", "a.b", "a\n"])
def test_no_names(name: object) -> None:
    assert problem(checked_name, name)
    assert problem(checked_function_name, name)


def test_functions_lie_in_folders_too() -> None:
    assert problem(checked_function_name, "utils/add") is None
    assert problem(checked_name, "utils/add")
    assert problem(checked_function_name, "utils//add")
    assert problem(checked_function_name, "utils/a.b")
    assert problem(checked_function_name, "a" * 60 + "/" + "b" * 60) is None


@pytest.mark.parametrize(
    ("name", "fine"),
    [
        ("meterloader", True),
        ("M-1_x", True),
        ("x" * 32, True),
        ("x" * 33, False),
        ("7up", False),
        ("", False),
        (None, False),
    ],
)
def test_app_names(name: object, fine: bool) -> None:
    assert (problem(checked_app_name, name) is None) is fine


@pytest.mark.parametrize(
    "schedule",
    [
        "0 6 * * *",
        "*/25 * * * *",
        "0 */1 * * *",
        "23 6,7,8 1-15 JAN-MAR,12 sun",
        "0 0 29 2 *",
        "59 23 31 12 6",
        "0 6 * * MON-FRI",
        "5,10-15 0 * * 0",
        "*/59 */23 * * *",
        "0 0 30,31 4,5 *",
    ],
)
def test_schedules(schedule: str) -> None:
    assert problem(parse_schedule, schedule) is None


@pytest.mark.parametrize(
    ("schedule", "words"),
    [
        (None, "must be text"),
        ("", "five fields"),
        ("0 6 * *", "five fields"),
        ("0 0 6 * * *", "five fields"),
        ("@daily", "five fields"),
        ("0  6 * * *", "five fields"),
        (" 0 6 * * *", "five fields"),
        ("0 6 * * *\n", "weekday"),
        ("60 6 * * *", "minute"),
        ("-1 6 * * *", "minute"),
        ("0 24 * * *", "hour"),
        ("0 6 0 * *", "day of month"),
        ("0 6 32 * *", "day of month"),
        ("0 6 * 13 *", "month"),
        ("0 6 * * 7", "weekday"),
        ("0 6 * * MONDAY", "weekday"),
        ("0 6 * MON *", "month"),
        ("0 6 L * *", "day of month"),
        ("0 6 15W * *", "day of month"),
        ("0 6 ? * *", "day of"),
        ("0 6 */2 * *", "day of month"),
        ("0 6 * */2 *", "month"),
        ("0 6 * * */2", "weekday"),
        ("*/0 6 * * *", "step */1 … */59"),
        ("*/60 6 * * *", "step */1 … */59"),
        ("0 */24 * * *", "step */1 … */23"),
        ("*/ 6 * * *", "step"),
        ("0-30/5 6 * * *", "minute"),
        ("5-1 6 * * *", "backwards"),
        ("0 6 * * FRI-MON", "backwards"),
        ("1, 6 * * *", "minute"),
        ("*,5 6 * * *", "minute"),
        ("٣ 6 * * *", "minute"),
        ("1e1 6 * * *", "minute"),
        ("0 6 30 2 *", "never run"),
        ("0 6 31 4,6,9,11 *", "never run"),
    ],
)
def test_no_schedules(schedule: object, words: str) -> None:
    assert words in str(problem(parse_schedule, schedule))
