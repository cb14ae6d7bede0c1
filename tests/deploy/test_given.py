"""What the settings say about Values and secrets, and whom the deployment acts for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from sync.model.errors import UsageError
from sync.settings import load
from sync.triggers.deploy.account import ADMIN_URL, AtlasAccount, atlas_account
from sync.triggers.tree import DEFAULT_FOLDER
from sync.triggers.values import given_by, values_and_secrets
from tests.deploy.trees import NOW, OTHER_PRM, PRM, settings_of, token

KEYS = {
    "ATLAS_PUBLIC_KEY": "qwertyui",
    "ATLAS_PRIVATE_KEY": "6f1e9a52-1111-2222-3333-444455556666",
    "ATLAS_PROJECT_ID": "5f00000000000000000000ab",
}


# --- settings ---------------------------------------------------------------------------------------------------------


def test_nothing_is_given_by_settings_that_are_not_set() -> None:
    given = given_by(settings_of(), "s", NOW)
    assert (given.values, given.links, given.secrets) == ({}, {}, {})


def test_one_meter() -> None:
    own = token(PRM)
    given = given_by(settings_of(LINKY_TOKEN=own, LINKY_FLOWS="both"), "tokenOfHome", NOW)
    assert given.values == {"linkyPrm": PRM, "linkyFlows": "consumption,production"}
    assert given.links == {"linkyToken": "tokenOfHome"}
    assert given.secrets == {"tokenOfHome": own}
    assert given.warnings == ()


def test_what_is_set_beside() -> None:
    settings = settings_of(
        MONGODB_DATABASE="home",
        LINKY_API_URL="https://x.example/api",
        LINKY_MAX_POWER_W="12000",
        SYNC_CALLS_PER_DAY="9",
    )
    assert given_by(settings, "s", NOW).values == {
        "mongodbDatabase": "home",
        "linkyApiUrl": "https://x.example/api",
        "linkyMaxPowerW": "12000",
        "linkyCallsPerDay": "9",
    }


def test_several_meters(tmp_path: Path) -> None:
    both, own = token(PRM, OTHER_PRM), token("11111111111111")
    (tmp_path / "settings.py").write_text(
        f"LINKY_METERS = [{{'prm': '{PRM}', 'token': '{both}'}}, {{'token': '{own}', 'flows': 'both'}},"
        f" {{'prm': '{OTHER_PRM}', 'token': '{both}', 'flows': 'production'}}]\n"
        "COLLECTIONS = {'linky': ('a', 'aTS')}\n"
    )
    given = given_by(load(tmp_path, {}), "s", NOW)
    assert given.links == {"linkyToken": "s", "linkyToken2": "s2"}
    assert given.secrets == {"s": both, "s2": own}
    assert json.loads(given.values["linkyMeters"]) == [
        {"prm": PRM, "flows": ["consumption"], "token": "linkyToken"},
        {"prm": "11111111111111", "flows": ["consumption", "production"], "token": "linkyToken2"},
        {"prm": OTHER_PRM, "flows": ["production"], "token": "linkyToken"},
    ]
    assert {"linkyCollection": "a", "linkyCollectionTS": "aTS"}.items() <= given.values.items()
    assert "linkyPrm" not in given.values


@pytest.mark.parametrize(
    ("environ", "words"),
    [
        ({"LINKY_PRM": PRM}, "has no token: set LINKY_TOKEN"),
        ({"LINKY_TOKEN": token(PRM, days=-1)}, "the token ended on 2026-11-20"),
        ({"LINKY_TOKEN": token(PRM, extra="x" * 400)}, "a secret of Atlas takes 500"),
    ],
)
def test_a_meter_that_atlas_could_not_read(environ: dict[str, str], words: str) -> None:
    with pytest.raises(UsageError, match=words) as error:
        given_by(settings_of(**environ), "s", NOW)
    assert "…0844" in str(error.value)
    assert PRM not in str(error.value)
    assert "eyJ" not in str(error.value)


def test_a_token_that_ends_soon_is_told() -> None:
    (warning,) = given_by(settings_of(LINKY_TOKEN=token(PRM, days=5)), "s", NOW).warnings
    assert "ends on 2026-11-26" in warning


def test_nothing_secret_in_its_representation() -> None:
    own = token(PRM)
    shown = repr(given_by(settings_of(LINKY_TOKEN=own), "s", NOW))
    assert own not in shown
    assert PRM not in shown


def test_a_run_here_asks_no_more_than_the_budget_of_this_machine() -> None:
    """On Atlas the ceiling of the gateway is the limit, here that of the settings."""
    for environ, most in (
        ({}, "25"),
        ({"SYNC_CALLS_PER_DAY": "9"}, "9"),
        ({"LINKY_API_URL": "http://127.0.0.1:8000/api"}, "auto"),
        ({"LINKY_API_URL": "http://127.0.0.1:8000/api", "SYNC_CALLS_PER_DAY": "9"}, "9"),
    ):
        values, _ = values_and_secrets(DEFAULT_FOLDER, settings_of(**environ), NOW)
        assert values["linkyCallsPerDay"] == most


# --- account ----------------------------------------------------------------------------------------------------------


def test_an_account(tmp_path: Path) -> None:
    found = atlas_account(tmp_path, KEYS)
    assert found == AtlasAccount(*KEYS.values(), url=ADMIN_URL)
    assert KEYS["ATLAS_PRIVATE_KEY"] not in repr(found)
    assert KEYS["ATLAS_PUBLIC_KEY"] not in repr(found)


def test_the_environment_wins_over_dotenv(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("ATLAS_PUBLIC_KEY=abcdefgh\nATLAS_CLUSTER=Home\nATLAS_PRIVATE_KEY=x\n")
    given = {name: text for name, text in KEYS.items() if name != "ATLAS_PUBLIC_KEY"} | {"ATLAS_CLUSTER": ""}
    found = atlas_account(tmp_path, given)
    assert (found.public_key, found.cluster) == ("abcdefgh", "Home")
    assert found.private_key == KEYS["ATLAS_PRIVATE_KEY"]


def test_all_that_is_missing_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="Project Owner") as error:
        atlas_account(tmp_path, {})
    for name in KEYS:
        assert f"{name}: is not set" in str(error.value)
    assert error.value.exit_code == 2


def test_a_service_account_is_told_that_it_is_none_of_those_that_are_taken(tmp_path: Path) -> None:
    given = KEYS | {"ATLAS_PUBLIC_KEY": "mdb_sa_id_0123456789abcdef01234567", "ATLAS_PRIVATE_KEY": "mdb_sa_sk_secret"}
    with pytest.raises(
        UsageError, match=r"service account: the API of triggers and functions .* takes API keys"
    ) as error:
        atlas_account(tmp_path, given)
    assert "mdb_sa" not in str(error.value)


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("ATLAS_PUBLIC_KEY", "two words", "one word"),
        ("ATLAS_PRIVATE_KEY", "clé-6f1e9a52", "one word"),
        ("ATLAS_PROJECT_ID", "MyProjectName", "24 hexadecimal digits"),
        ("ATLAS_CLUSTER", "cluster0.abcde.mongodb.net", "as Atlas shows it"),
        ("ATLAS_APP", "a/b", "App ID"),
        ("ATLAS_ADMIN_URL", "http://services.example.com/api", "https://"),
    ],
)
def test_what_is_wrong_is_told_without_the_text(tmp_path: Path, name: str, text: str, words: str) -> None:
    with pytest.raises(UsageError, match=f"{name}: .*{words}") as error:
        atlas_account(tmp_path, KEYS | {name: text})
    assert text not in str(error.value)
