"""The gateway's token, read without its key: which meter, until when, and never shown."""

from __future__ import annotations

import base64
import json
import string
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.sources.linky.answers import Token, TokenRefused, read_token

ONE, OTHER = "21121707640844", "21121707640899"
NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)


def token(**claims: Any) -> str:
    return jwt.encode(claims, "k" * 32, algorithm="HS256")


def test_the_meters_and_the_end_are_read() -> None:
    ends = NOW + timedelta(days=1094)
    assert read_token(token(sub=[ONE, OTHER], exp=int(ends.timestamp()))) == Token((ONE, OTHER), ends)


@pytest.mark.parametrize("subject", [[ONE], ONE, [ONE, 5, None]])
def test_one_meter_is_chosen_by_itself(subject: Any) -> None:
    found = read_token(token(sub=subject))
    assert found == Token((ONE,), None)
    assert found.choose("") == found.choose(ONE) == ONE


def test_several_meters_need_a_choice() -> None:
    found = read_token(token(sub=[ONE, OTHER]))
    assert found.choose(OTHER) == OTHER
    with pytest.raises(TokenRefused, match="several meters") as refused:
        found.choose("")
    assert "LINKY_PRM" in str(refused.value)
    assert ONE not in str(refused.value)
    assert "…0844, …0899" in str(refused.value)


def test_a_token_for_another_meter() -> None:
    with pytest.raises(TokenRefused, match="is for meter …0899, not for …0844"):
        read_token(token(sub=[OTHER])).choose(ONE)


@pytest.mark.parametrize("claims", [{}, {"sub": []}, {"sub": None}, {"sub": [5]}, {"sub": ""}, {"sub": {"prm": ONE}}])
def test_a_token_without_a_meter(claims: dict[str, Any]) -> None:
    with pytest.raises(TokenRefused, match="names no meter"):
        read_token(token(**claims))


@pytest.mark.parametrize(
    "text", ["", "abc", "a.b.c", "....", "Bearer " + token(sub=[ONE]), token(sub=[ONE])[:40], "é.è.ê"]
)
def test_what_is_no_token(text: str) -> None:
    with pytest.raises(TokenRefused, match="not a JWT") as refused:
        read_token(text)
    assert len(text) < 4 or text not in str(refused.value)


@pytest.mark.parametrize("broken", ["\n", " ", "\r\n", "\t"])
def test_a_token_copied_with_a_break_is_not_taken_as_it_is(broken: str) -> None:
    """Base64 readers skip white space; as an HTTP header such a token cannot be sent."""
    whole = token(sub=[ONE])
    with pytest.raises(TokenRefused, match="JWT"):
        read_token(whole[:50] + broken + whole[50:])


@given(st.text(alphabet=string.printable + "éя\udc80"))
def test_no_text_raises_anything_else(text: str) -> None:
    with pytest.raises(TokenRefused) as refused:
        read_token(text)
    assert len(text) < 8 or text not in str(refused.value)


def test_the_end_is_exact() -> None:
    found = Token((ONE,), NOW)
    found.refuse_expired(NOW - timedelta(seconds=1))
    with pytest.raises(TokenRefused, match="ended on 2026-11-21"):
        found.refuse_expired(NOW)


def test_a_warning_in_the_last_month_only() -> None:
    assert Token((ONE,), NOW + timedelta(days=29)).warning(NOW).startswith("the token ends on 2026-12-20")
    assert Token((ONE,), NOW + timedelta(days=30)).warning(NOW) == ""
    assert Token((ONE,), None).warning(NOW) == ""


@pytest.mark.parametrize("end", ["soon", None, 1e300, float("inf"), float("nan"), [1]])
def test_an_unreadable_end_is_no_end(end: Any) -> None:
    """Written by hand: the library refuses to sign such an end."""
    parts = [
        base64.urlsafe_b64encode(json.dumps(part).encode()) for part in ({"alg": "HS256"}, {"sub": [ONE], "exp": end})
    ]
    found = read_token(b".".join([*(part.rstrip(b"=") for part in parts), b"c2lnbmF0dXJl"]).decode())
    assert found == Token((ONE,), None)
    found.refuse_expired(NOW)
