"""No whole PRM and no token leaves through a text."""

from __future__ import annotations

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.model.privacy import scrub

PRM = "21121707640844"
TOKEN = jwt.encode({"sub": [PRM]}, "k" * 32, algorithm="HS256")


@pytest.mark.parametrize("frame", ["{}", "pointId={}&x", '{{"idPrm":"{}"}}', "PRM {}.", "_{}_", "é{}é", "x{}"])
def test_a_meter_keeps_four_digits(frame: str) -> None:
    assert scrub(frame.format(PRM)) == frame.format("…0844")


@pytest.mark.parametrize("frame", ["{}", "Bearer {}", "token={};", '"{}"', "({})", "{}\n"])
def test_a_token_is_gone(frame: str) -> None:
    assert scrub(frame.format(TOKEN)) == frame.format("<token>")


def test_a_token_that_was_cut_is_gone_too() -> None:
    """Its middle part is the meter's number in base64."""
    for length in range(TOKEN.index(".") + 20, len(TOKEN)):
        assert TOKEN[: TOKEN.index(".") + 12] not in scrub(f"Bearer {TOKEN[:length]}")


def test_other_numbers_stay() -> None:
    text = "2026-07-17 05:00:00, 4078 W, 1234567890123 and 123456789012345, readings.example.org/api"
    assert scrub(text) == text


@given(
    st.text(alphabet=st.characters(exclude_categories=["Nd"])),
    st.text(alphabet=st.characters(exclude_categories=["Nd"])),
)
def test_between_any_text(before: str, after: str) -> None:
    assert PRM not in scrub(before + PRM + after)
    assert PRM not in scrub(before + PRM + "-" + PRM + after)
