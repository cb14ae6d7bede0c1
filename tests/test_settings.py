"""Settings: who wins, every wrong one at once, and no secret in sight."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from sync.model.errors import UsageError
from sync.model.notice import warn_once
from sync.settings import CALLS_CEILING, IN_FILE, load
from tests.own_settings import ONE, OTHER, PASSWORD, SETTINGS, URI, Load, reader, refused, token


@pytest.fixture
def read(tmp_path: Path) -> Load:
    return reader(tmp_path)


def test_defaults_are_those_of_the_architecture(read: Load, tmp_path: Path) -> None:
    assert dict(read()) == {
        "mongodb_uri": "",
        "mongodb_database": "electricity",
        "linky_api_url": "https://conso.boris.sh/api",
        "linky_token": "",
        "linky_prm": "",
        "linky_flows": ("consumption",),
        "linky_max_power_w": 36_000,
        "meters": (),
        "elhub_api_url": "https://api.elhub.no/energy-data/v0",
        "energidata_api_url": "https://api.energidataservice.dk",
        "openmeteo_api_url": "https://archive-api.open-meteo.com/v1",
        "tempo_api_url": "https://www.api-couleur-tempo.fr/api",
        "sync_calls_per_day": 25,
        "sync_request_spacing": 1.0,
        "sync_contact": "",
        "sync_home": tmp_path / ".data",
        "collections": {
            "linky": ("consumption", "consumptionTS"),
            "elhub": ("elhub", "elhubTS"),
            "energidata": ("energidata", "energidataTS"),
            "weather": ("weather", "weatherTS"),
            "lcl": ("lcl", "lclTS"),
        },
        "pvgis_file": None,
        "weather_place": None,
        "dash_host": "127.0.0.1",
        "dash_port": 8050,
        "dash_password": "",
        "dash_trusted_proxy": (),
        "tariffs": (),
        "given": frozenset(),
    }


def test_the_environment_wins_over_dotenv_over_the_file(read: Load) -> None:
    names = ("MONGODB_DATABASE", "SYNC_CONTACT", "SYNC_CALLS_PER_DAY")
    found = read(
        "MONGODB_DATABASE = 'file'\nSYNC_CONTACT = 'file'\nSYNC_CALLS_PER_DAY = 3",
        "MONGODB_DATABASE=dotenv\nSYNC_CONTACT=dotenv",
        MONGODB_DATABASE="environ",
    )
    assert (found.mongodb_database, found.sync_contact, found.sync_calls_per_day) == ("environ", "dotenv", 3)
    assert found.given == frozenset(names)


def test_the_real_environment_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MONGODB_DATABASE", "from_the_shell")
    monkeypatch.chdir(tmp_path)
    assert load().mongodb_database == "from_the_shell"
    assert "MONGODB_DATABASE" in os.environ


@pytest.mark.parametrize(
    ("uri", "database", "used"),
    [
        ("mongodb://localhost/meters", "", "meters"),
        ("mongodb+srv://me:pw@c.example.net/meters?retryWrites=true&w=majority", "", "meters"),
        ("mongodb://a:1,b:2/my%5Fmeters?replicaSet=rs0", "", "my_meters"),
        ("mongodb://localhost/meters", "meters", "meters"),
        ("mongodb://localhost/?authSource=admin", "", "electricity"),
        ("mongodb://localhost", "", "electricity"),
        ("mongodb://u@localhost/$external?authMechanism=MONGODB-X509", "", "electricity"),
        ("mongodb://localhost/admin", "meters", "meters"),
    ],
)
def test_a_database_in_the_path_of_the_uri_is_the_database(
    read: Load, uri: str, database: str, used: str, capsys: pytest.CaptureFixture[str]
) -> None:
    found = read(MONGODB_URI=uri, MONGODB_DATABASE=database)
    assert found.mongodb_database == used
    assert ("MONGODB_DATABASE" in found.given) is (used != "electricity")  # the functions are told of it
    assert capsys.readouterr().err == ""


def test_a_given_database_wins_over_that_of_the_uri_and_that_is_said_once(
    read: Load, capsys: pytest.CaptureFixture[str]
) -> None:
    warn_once.cache_clear()
    for _ in range(2):
        assert read(MONGODB_URI=URI + "meters", MONGODB_DATABASE="mine").mongodb_database == "mine"
    assert capsys.readouterr().err == "warning: the database is mine of MONGODB_DATABASE, not meters of MONGODB_URI\n"


@pytest.mark.parametrize("name", ["admin", "local", "config", "Admin", "a.b", "a%20b", "a" * 39])
def test_a_database_that_is_not_for_us_is_refused_wherever_it_is_named(read: Load, name: str) -> None:
    theirs = name.lower() in ("admin", "local", "config")
    told = f"the database {name.lower()} belongs to the server: name one of your own" if theirs else "must be 1 to 38"
    if theirs:
        assert f"  MONGODB_DATABASE: {told}" in refused(read, MONGODB_DATABASE=name)
    assert f"  MONGODB_URI: its database: {told}" in refused(read, MONGODB_URI=f"mongodb://localhost/{name}")


def test_the_rest_of_a_password_is_no_database(read: Load) -> None:
    assert read(MONGODB_URI=f"mongodb://bob:s3/{PASSWORD}@host/").mongodb_database == "electricity"


@pytest.mark.parametrize(
    ("dotenv", "environ", "told"),
    [
        ("MONGODB_URL=x", {}, "MONGODB_URL in .env is no setting: did you mean MONGODB_URI?"),
        ("mongodb_uri=x", {}, "mongodb_uri in .env is no setting: did you mean MONGODB_URI?"),
        ("LINKI_TOKEN=x", {}, "LINKI_TOKEN in .env is no setting: did you mean LINKY_TOKEN?"),
        (
            "",
            {"SYNC_CALL_PER_DAY": "9"},
            "SYNC_CALL_PER_DAY in the environment is no setting: did you mean SYNC_CALLS_PER",
        ),
        ("", {"DASHPORT": "1"}, "DASHPORT in the environment is no setting: did you mean DASH_PORT?"),
        ("LINKY_METERS=[]", {}, "LINKY_METERS in .env has no effect: it stands in settings.py alone"),
        ("", {"LINKY_XYZZY_QUUX": ""}, "LINKY_XYZZY_QUUX in the environment is no setting"),
    ],
)
def test_a_name_that_looks_like_a_setting_is_warned_of(
    read: Load, dotenv: str, environ: dict[str, str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    warn_once.cache_clear()
    read(None, dotenv, **environ)
    said = capsys.readouterr().err
    assert said.startswith(f"warning: {told}")
    assert said.count("\n") == 1


def test_names_of_others_and_secrets_are_not_warned_of(read: Load, capsys: pytest.CaptureFixture[str]) -> None:
    warn_once.cache_clear()
    read(None, f"LINKY_TOKEN:{token(ONE)}=\nEDITOR=vi\nATLAS_PROJECT_ID=1", PATH="/bin", COLLECTIONS="x", HOSTNAME="h")
    assert capsys.readouterr().err == ""


def test_a_name_in_the_file_that_is_no_setting_is_refused_with_the_nearest(read: Load) -> None:
    message = refused(read, "MONGODB_URL = 'x'\nTARIFF = []")
    assert "  MONGODB_URL: no such setting (settings.py): did you mean MONGODB_URI?" in message
    assert "  TARIFF: no such setting (settings.py): did you mean TARIFFS?" in message


def test_an_empty_text_is_the_default(read: Load) -> None:
    found = read("LINKY_PRM = ''", "SYNC_CALLS_PER_DAY=\nLINKY_TOKEN=\n", MONGODB_DATABASE="  ")
    assert (found.sync_calls_per_day, found.mongodb_database, found.meters, found.given) == (
        25,
        "electricity",
        (),
        frozenset(),
    )


def test_none_in_the_file_is_the_default(read: Load) -> None:
    assert read("LINKY_TOKEN = None\nSYNC_CALLS_PER_DAY = None").meters == ()


def test_every_wrong_setting_is_in_one_message(read: Load) -> None:
    message = refused(
        read,
        "COLLECTIONS = {'linky': ('same', 'same')}\nMONGODB_URL = 'x'",
        MONGODB_URI="http://localhost",
        MONGODB_DATABASE="a b",
        LINKY_PRM="123",
        LINKY_FLOWS="consumtion",
        LINKY_API_URL="conso.boris.sh",
        LINKY_MAX_POWER_W="36 kVA",
        SYNC_CALLS_PER_DAY="0",
        SYNC_REQUEST_SPACING="-1",
    )
    lines = message.splitlines()[1:]
    named = {re.split(r"[:/]", line.strip())[0] for line in lines}
    database, linky = {"MONGODB_URI", "MONGODB_DATABASE"}, {"LINKY_PRM", "LINKY_FLOWS", "LINKY_API_URL"}
    others = {"LINKY_MAX_POWER_W", "SYNC_CALLS_PER_DAY", "SYNC_REQUEST_SPACING", "COLLECTIONS", "MONGODB_URL"}
    assert named == database | linky | others
    assert len(lines) == len(named)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("SYNC_CALLS_PER_DAY", "91"),
        ("SYNC_CALLS_PER_DAY", "1e1"),
        ("SYNC_CALLS_PER_DAY", "many"),
        ("SYNC_REQUEST_SPACING", "nan"),
        ("SYNC_REQUEST_SPACING", "inf"),
        ("LINKY_MAX_POWER_W", "999"),
        ("LINKY_API_URL", "ftp://conso.boris.sh"),
        ("LINKY_API_URL", "https://"),
        ("LINKY_API_URL", "http://[half"),
        ("LINKY_API_URL", "https://conso.boris.sh:port/api"),
        ("LINKY_FLOWS", "both, more"),
        ("MONGODB_DATABASE", "é"),
        ("MONGODB_DATABASE", "a" * 39),
        ("SYNC_CONTACT", "me@example.org\nX-Header: 1"),
    ],
)
def test_one_wrong_setting_is_named(read: Load, name: str, text: str) -> None:
    assert f"  {name}: " in refused(read, **{name: text})


def test_the_ceiling_of_calls(read: Load) -> None:
    assert CALLS_CEILING == 90
    assert read(SYNC_CALLS_PER_DAY="90").sync_calls_per_day == 90


@pytest.mark.parametrize("contact", ["Łukasz", "→ me"])
def test_a_contact_that_no_header_carries_is_refused(read: Load, contact: str) -> None:
    assert "SYNC_CONTACT" in refused(read, SYNC_CONTACT=contact)


@pytest.mark.parametrize(
    ("text", "flows"),
    [
        ("both", ("consumption", "production")),
        (" production ", ("production",)),
        ("production,consumption", ("production", "consumption")),
        ("consumption consumption", ("consumption",)),
    ],
)
def test_flows(read: Load, text: str, flows: tuple[str, ...]) -> None:
    assert read(LINKY_TOKEN=token(ONE), LINKY_FLOWS=text).meters[0].flows == flows


# --- the file, .env, collections -------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["LINKY_PRM = ", "1/0", "import nothing_of_that_name", f"LINKY_PRM = '{ONE}' +"])
def test_a_file_that_does_not_run(read: Load, text: str) -> None:
    assert "settings.py cannot be read" in refused(read, text)


def test_a_misspelt_name_in_the_file(read: Load) -> None:
    assert "LINKY_TOKN: no such setting" in refused(read, "LINKY_TOKN = 'x'\nlower = 1\n_PRIVATE = 2")


def test_a_dotenv_saved_by_notepad(tmp_path: Path) -> None:
    """Its first line begins with a byte order mark."""
    (tmp_path / ".env").write_bytes(b"\xef\xbb\xbfMONGODB_DATABASE=mine\r\n")
    assert load(tmp_path, {}).mongodb_database == "mine"


def test_a_dotenv_in_another_encoding(tmp_path: Path) -> None:
    (tmp_path / ".env").write_bytes("SYNC_CONTACT=Zoé\n".encode("latin-1"))
    with pytest.raises(UsageError, match=r"\.env"):
        load(tmp_path, {})


def test_names_of_collections(read: Load) -> None:
    assert read("COLLECTIONS = {'linky': ['mine', 'mineTS']}").collections["linky"] == ("mine", "mineTS")


def test_two_sources_share_no_collection(read: Load) -> None:
    with pytest.raises(UsageError, match="elhub"):
        read("COLLECTIONS = {'linky': ('mine', 'elhub')}")


@pytest.mark.parametrize(
    "listed",
    [
        "{'linkky': ('a', 'b')}",
        "{'linky': 'ab'}",
        "{'linky': ('a',)}",
        "{'linky': ('a', 2)}",
        "{'linky': (['a'], ['b'])}",
        "{'linky': ('a', 'b', 'a')}",
        "{'linky': ('', 'b')}",
        "('a', 'b')",
        "'a'",
    ],
)
def test_wrong_collections(read: Load, listed: str) -> None:
    assert "COLLECTIONS" in refused(read, f"COLLECTIONS = {listed}")


def test_paths_are_of_the_folder_or_of_the_user(read: Load, tmp_path: Path) -> None:
    assert read(SYNC_HOME="kept").sync_home == tmp_path / "kept"
    assert read(SYNC_HOME="/var/kept").sync_home == Path("/var/kept")
    assert read(SYNC_HOME="~/kept").sync_home == Path.home() / "kept"


def test_an_address_loses_its_last_slash(read: Load) -> None:
    assert read(LINKY_API_URL=" http://127.0.0.1:8001/api/ ").linky_api_url == "http://127.0.0.1:8001/api"


# --- secrets ---------------------------------------------------------------------------------------------------------


def test_no_secret_shows_when_settings_are_shown(read: Load) -> None:
    found = read(LINKY_TOKEN=token(ONE), MONGODB_URI=URI)
    for shown in (repr(found), str(found), repr(found.meters), f"{found.meters[0]}"):
        for secret in (token(ONE), PASSWORD, ONE):
            assert secret not in shown


def test_no_secret_shows_when_settings_are_wrong(read: Load) -> None:
    wrong = dict.fromkeys(("MONGODB_URI", "MONGODB_DATABASE", "LINKY_API_URL", "LINKY_FLOWS"), f"{PASSWORD} {ONE}")
    refused(read, **wrong, LINKY_TOKEN=token(OTHER), LINKY_PRM=ONE)


def test_the_table_is_whole() -> None:
    assert not SETTINGS.keys() & IN_FILE.keys()
    assert {name for name, field in SETTINGS.items() if not field.repr} == {
        "MONGODB_URI", "LINKY_TOKEN", "LINKY_PRM", "DASH_PASSWORD"
    }  # fmt: skip
    assert all(isinstance(field.default, str) for field in SETTINGS.values())
