"""Which meters are set up: PRM and token are checked against each other before any call."""

from __future__ import annotations

from pathlib import Path

import pytest

from sync.settings import normal_prm
from sync.sources.linky.meter import Meter
from tests.own_settings import ONE, OTHER, Load, reader, refused, token


@pytest.fixture
def read(tmp_path: Path) -> Load:
    return reader(tmp_path)


# --- meter and token -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", [ONE, " 21 121 707 640 844 ", "21.121.707.640.844", "211-217-0764-0844", "2112170764\u00a00844"]
)
def test_a_meter_as_people_paste_it(read: Load, text: str) -> None:
    assert normal_prm(text) == ONE
    assert read(LINKY_PRM=text, LINKY_TOKEN=token(ONE)).meters[0].prm == ONE


@pytest.mark.parametrize("text", [ONE[:13], ONE + "1", "2112170764084O", "٢١١٢١٧٠٧٦٤٠٨٤٤"])
def test_a_meter_that_is_none(read: Load, text: str) -> None:
    message = refused(read, LINKY_PRM=text, LINKY_TOKEN=token(ONE))
    assert "a PRM has 14 digits" in message
    assert text not in message


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (ONE[:13], "loses the zeros at its beginning"),
        (ONE + "1", "this has 15 characters (see the meter's display or an invoice)"),
        (token(ONE), "this is a token: it belongs into LINKY_TOKEN"),
        (f" {token(ONE)} ", "this is a token: it belongs into LINKY_TOKEN"),
    ],
)
@pytest.mark.parametrize("other", ["", ONE, token(ONE)])
def test_what_people_put_in_place_of_a_meter(read: Load, text: str, words: str, other: str) -> None:
    """Also where the two are swapped; no token is ever shown."""
    for message in (
        refused(read, LINKY_PRM=text, LINKY_TOKEN=other),
        refused(read, f"LINKY_METERS = [{{'prm': {text!r}}}]", LINKY_TOKEN=other),
    ):
        assert words in message
        assert token(ONE)[:24] not in message
        assert ONE[:13] not in message


def test_one_meter_in_the_token_needs_no_setting(read: Load) -> None:
    assert read(LINKY_TOKEN=f"  {token(ONE)}\n").meters == (Meter(ONE, token(ONE), ("consumption",)),)


def test_a_token_for_another_meter(read: Load) -> None:
    message = refused(read, LINKY_PRM=ONE, LINKY_TOKEN=token(OTHER))
    assert "is for meter …0899, not for …0844" in message


def test_a_token_for_several_meters(read: Load) -> None:
    assert "…0844, …0899" in refused(read, LINKY_TOKEN=token(ONE, OTHER))
    assert read(LINKY_TOKEN=token(ONE, OTHER), LINKY_PRM=OTHER).meters[0].prm == OTHER


@pytest.mark.parametrize("text", ["not.a.jwt", "Bearer " + token(ONE), token(ONE)[:-60], token()])
def test_a_token_that_is_none(read: Load, text: str) -> None:
    assert "token" in refused(read, LINKY_TOKEN=text)


def test_a_meter_without_a_token_is_kept_for_imports(read: Load) -> None:
    assert read(LINKY_PRM=ONE).meters == (Meter(ONE, "", ("consumption",)),)


def test_several_meters(read: Load) -> None:
    found = read(
        f"LINKY_METERS = [{{'prm': '{ONE}', 'name': 'flat'}},"
        f" {{'prm': {OTHER}, 'token': '{token(OTHER)}', 'flows': 'both'}},"
        f" {{'token': '{token('11111111111111')}', 'flows': ('production',)}}]",
        LINKY_TOKEN=token(ONE, "22222222222222"),
    )
    assert found.meters == (
        Meter(ONE, token(ONE, "22222222222222"), ("consumption",), "flat"),
        Meter(OTHER, token(OTHER), ("consumption", "production")),
        Meter("11111111111111", token("11111111111111"), ("production",)),
    )


@pytest.mark.parametrize(
    ("listed", "part"),
    [
        ("{}", "list of dicts"),
        ("['x']", "list of dicts"),
        (f"[{{'prm': '{ONE}'}}, {{'prm': '{ONE[:2]} {ONE[2:]}'}}]", "same PRM"),
        (f"[{{'prm': '{ONE}'}}, {{'prm': '123'}}]", "LINKY_METERS[1]: a PRM has 14 digits"),
        (f"[{{'prm': '{ONE}', 'flows': ('consumtion',)}}]", "LINKY_METERS[0]: must be consumption, production or both"),
        (f"[{{'prm': '{ONE}', 'flows': ()}}]", "LINKY_METERS[0]: must be consumption, production or both"),
        (f"[{{'prm': '{ONE}', 'flow': 'production'}}]", "'flow'"),
        ("[{}]", "LINKY_METERS[0]"),
    ],
)
def test_a_wrong_list_of_meters(read: Load, listed: str, part: str) -> None:
    assert part in refused(read, f"LINKY_METERS = {listed}")


def test_flows_of_a_meter_as_a_list(read: Load) -> None:
    found = read(f"LINKY_METERS = [{{'prm': '{ONE}', 'flows': ['production', 'consumption']}}]")
    assert found.meters[0].flows == ("production", "consumption")
