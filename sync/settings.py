"""Settings: environment over `.env` over `settings.py`, read once, every wrong one reported together.

`Settings` is the one table of names, defaults (as text), units and reasons; `settings.example.py`, `.env.example`
and `docs/settings.md` are checked against it. A validator says what is wrong with a text and never repeats the text.
"""

from __future__ import annotations

import os
import re
import runpy
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import unquote_plus, urlsplit

from dotenv import dotenv_values
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    ValidationInfo,
    field_validator,
)

from .http.budget import is_loopback
from .model.errors import UsageError
from .model.notice import warn_once
from .model.privacy import scrub
from .model.private import warn_of_open_secrets
from .model.readings import PRM_DIGITS
from .sources import SOURCES
from .sources.linky.meter import Meter
from .sources.tempo import URL as TEMPO_URL
from .sources.weather.places import Place, place_of
from .tariffs.model import Tariff

CALLS_CEILING = 90  # the gateway bans an address for 100 calls in a day; other tools share the address
SHORTEST_SPACING = 1.0  # s between calls to a host that is not ours
FLOWS = ("consumption", "production")
METER_FIELDS = ("prm", "token", "flows", "name")
DEFAULT_COLLECTIONS = {name: entry.collections for name, entry in SOURCES.items()}
IN_FILE = {"LINKY_METERS": "meters", "COLLECTIONS": "collections", "TARIFFS": "tariffs"}
"""Names that settings.py alone may set → fields."""
PREFIXES = ("MONGODB_", "LINKY_", "SYNC_", "DASH_", "ELHUB_", "ENERGIDATA_", "OPENMETEO_", "PVGIS_")
NEAR = 0.8  # how alike a name must be to be taken for one of ours that was mistyped; 1 is the same
SERVERS_OWN = ("admin", "config", "local")  # databases


# --- texts → types; each raises ValueError ---------------------------------------------------------------------------


def normal_prm(text: str) -> str:
    """A PRM as people paste it (spaces, dots) → 14 digits."""
    digits = re.sub(r"[\s.\u00a0\u202f-]", "", text)
    if re.fullmatch(r"\d{14}", digits, re.ASCII):
        return digits
    if text.strip().startswith("eyJ"):
        raise ValueError("a PRM has 14 digits, this is a token: it belongs into LINKY_TOKEN, which may stand alone")
    hint = "see the meter's display or an invoice"
    if digits.isdecimal() and len(digits) < PRM_DIGITS:
        hint += "; a spreadsheet or a number without quotes loses the zeros at its beginning: write them"
    raise ValueError(f"a PRM has 14 digits, this has {len(digits)} characters ({hint})")


def api_url(text: str) -> str:
    """The base of an API without its last slash: https://, or http:// on this machine, and nothing behind the path."""
    text = text.strip()
    try:
        parts = urlsplit(text)
        whole = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:  # its text may hold a password
        whole = False
    if not whole or re.search(r"[\s@?#]", text):
        raise ValueError("must be an http(s) address: https://host/path, with a port from 1 to 65535 if any")
    if parts.scheme == "http" and not is_loopback(text):
        raise ValueError("must begin with https://: over http:// anyone on the way could read the token")
    return text.rstrip("/")


def _flows(text: str) -> tuple[str, ...]:
    """`both`, or flows with spaces or commas between them."""
    wanted = FLOWS if text == "both" else tuple(re.split(r"[\s,;]+", text))
    if not set(wanted) <= set(FLOWS):
        raise ValueError("must be consumption, production or both")
    return tuple(dict.fromkeys(wanted))


def database_name(name: str) -> str:
    """The name of a database of ours, as Atlas takes it."""
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,38}", name):
        raise ValueError("must be 1 to 38 letters, digits, _ or -")
    if name.lower() in SERVERS_OWN:
        raise ValueError(f"the database {name.lower()} belongs to the server: name one of your own")
    return name


def database_in(uri: str) -> str:
    """The database in the path of a MongoDB URI, by which other programs know it; empty when there is none."""
    path = unquote_plus(uri.partition("://")[2].partition("?")[0].partition("/")[2])
    # The rest of a password is for the driver to refuse; `$external` says where the user is known.
    return "" if set("/@:$") & set(path) else path


def form(pattern: str, words: str) -> AfterValidator:
    """A text of this form."""

    def parse(text: str) -> str:
        if not re.fullmatch(pattern, text, re.ASCII):
            raise ValueError(words)
        return text

    return AfterValidator(parse)


def _folder(text: str) -> Path:
    try:
        return Path(text).expanduser()
    except RuntimeError:
        raise ValueError("names the home of a user whom this machine does not know") from None


def _number(low: float, high: float, kind: type[int] | type[float]) -> BeforeValidator:
    """A number from `low` to `high`, both included."""

    def parse(text: str) -> float:
        try:
            parsed = kind(text)
        except ValueError:
            raise ValueError(f"must be a number from {low:g} to {high:g}") from None
        if not low <= parsed <= high:
            raise ValueError(f"must be from {low:g} to {high:g}")
        return parsed

    return BeforeValidator(parse)


def _networks(text: str) -> tuple[Network, ...]:
    """Addresses and networks with spaces or commas between them."""
    try:
        return tuple(ip_network(part) for part in re.split(r"[\s,;]+", text) if part)
    except ValueError:
        raise ValueError("must be addresses or networks such as 127.0.0.1 or 172.16.0.0/12") from None


Network = IPv4Network | IPv6Network
Server = Annotated[
    str,
    form(r"(mongodb(\+srv)?://.*)?", "must begin with mongodb:// or mongodb+srv:// (or be empty)"),
]
Database = Annotated[str, AfterValidator(database_name)]
Address = Annotated[str, AfterValidator(api_url)]
Flows = Annotated[tuple[str, ...], BeforeValidator(_flows)]
Power = Annotated[int, _number(1000, 1_000_000, int)]
Calls = Annotated[int, _number(1, CALLS_CEILING, int)]
Spacing = Annotated[float, _number(0, 3600, float)]
Contact = Annotated[
    str,
    form(
        r"[ -~\xa1-\xac\xae-\xff]*", "must be one line of Western European letters: it goes into the User-Agent header"
    ),
]
Folder = Annotated[Path, BeforeValidator(_folder)]
Home = Annotated[Place | None, BeforeValidator(lambda text: place_of(text) if text else None)]
File = Annotated[Path | None, BeforeValidator(lambda text: _folder(text) if text else None)]
Host = Annotated[
    str,
    BeforeValidator(lambda text: text.strip("[]")),
    form(r"[\w.-]+|[\w.-]*(:[\w.-]*){2,}", "must be a host such as 127.0.0.1; the port stands in DASH_PORT"),
]
Port = Annotated[int, _number(1, 65535, int)]
Networks = Annotated[tuple[Network, ...], BeforeValidator(_networks)]


def _field(default: str, why: str, *, secret: bool = False) -> Any:
    return Field(default, description=why, repr=not secret)


class Settings(BaseModel):
    """The settings of one run. `given` names those that were set by the user, not defaulted."""

    model_config = ConfigDict(frozen=True, extra="allow", validate_default=True)

    mongodb_uri: Server = _field("", "where the data goes; empty = the embedded local MongoDB", secret=True)
    mongodb_database: Database = _field("electricity", "database that holds all collections")
    linky_token: str = _field("", "token of the gateway (https://conso.boris.sh), a JWT", secret=True)
    linky_prm: str = _field("", "usage point, 14 digits; optional when the token names one PRM", secret=True)
    linky_flows: Flows = _field("consumption", "consumption, production or both")
    linky_api_url: Address = _field(SOURCES["linky"].url, "base of the gateway's API")
    linky_max_power_w: Power = _field("36000", "W; readings above are kept and flagged")
    elhub_api_url: Address = _field(SOURCES["elhub"].url, "base of Elhub's API (Norway)")
    energidata_api_url: Address = _field(SOURCES["energidata"].url, "base of Energi Data Service (Denmark)")
    openmeteo_api_url: Address = _field(SOURCES["weather"].url, "base of the weather archive")
    tempo_api_url: Address = _field(TEMPO_URL, "base of the calendar of Tempo colours")
    weather_place: Home = _field(
        "", "your place for the weather: latitude, longitude, or one of the 60 largest communes"
    )
    sync_calls_per_day: Calls = _field(
        "25", f"calls per API host and UTC day, at most {CALLS_CEILING}: the gateway bans an address for 100"
    )
    sync_request_spacing: Spacing = _field("1.0", "seconds between request starts")
    sync_contact: Contact = _field("", "mail or web address put into the User-Agent, so that the gateway can reach you")
    sync_home: Folder = _field(".data", "folder of the embedded database and of kept answers")
    pvgis_file: File = _field("", "hourly file of your roof from PVGIS, with PV power; empty = none")
    dash_host: Host = _field(
        "127.0.0.1", "address on which the page listens; any but this machine's needs DASH_PASSWORD"
    )
    dash_port: Port = _field("8050", "port of the page")
    dash_password: str = _field("", "password that the page asks for; empty = none, on this machine only", secret=True)
    dash_trusted_proxy: Networks = _field(
        "", "addresses or networks of the servers in front of the page, trusted for X-Forwarded-For"
    )
    meters: tuple[Meter, ...] = ()
    collections: Mapping[str, tuple[str, str]] = DEFAULT_COLLECTIONS
    tariffs: tuple[Tariff, ...] = ()
    given: frozenset[str] = frozenset()

    @field_validator("sync_request_spacing")
    @classmethod
    def _polite(cls, spacing: float, info: ValidationInfo) -> float:
        if spacing < SHORTEST_SPACING and not is_loopback(info.data.get("linky_api_url", "")):
            raise ValueError(f"must be at least {SHORTEST_SPACING} for a host that is not this machine")
        return spacing

    @field_validator("sync_home")
    @classmethod
    def _in_home(cls, folder: Path, info: ValidationInfo) -> Path:
        return _home(info) / folder

    @field_validator("pvgis_file")
    @classmethod
    def _beside(cls, file: Path | None, info: ValidationInfo) -> Path | None:
        return file and _home(info) / file

    @field_validator("meters", mode="plain")
    @classmethod
    def _meters(cls, listed: Any, info: ValidationInfo) -> tuple[Meter, ...]:
        return _meters_of(listed, info.data)

    @field_validator("collections", mode="plain")
    @classmethod
    def _collections(cls, listed: Any) -> dict[str, tuple[str, str]]:
        return _collections_of(listed)

    @field_validator("tariffs", mode="plain")
    @classmethod
    def _tariffs(cls, listed: Any, info: ValidationInfo) -> tuple[Tariff, ...]:
        if listed == ():
            return ()
        from .tariffs.entries import tariffs_from  # noqa: PLC0415 - few have tariffs of their own

        wrong: list[str] = []
        tariffs = tariffs_from(listed, _home(info), wrong)
        if wrong:
            raise ValueError("\n".join(wrong))
        return tariffs


# --- places → settings -----------------------------------------------------------------------------------------------


def load(home: Path | None = None, environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings of the folder `home` (default: the current one). Raises UsageError with every wrong one."""
    home = home or Path.cwd()
    file = _settings_file(home / "settings.py")
    places = (os.environ if environ is None else environ, dotenv_file(home / ".env"), file)
    addresses = {entry.setting: entry.url for entry in SOURCES.values() if entry.setting}
    names = {name.upper() for name, field in Settings.model_fields.items() if field.description} | addresses.keys()
    texts = {name: next((str(place[name]).strip() for place in places if name in place), "") for name in names}
    given = {name: text for name, text in texts.items() if text}
    wrong = [
        f"{name}: no such setting (settings.py){_nearest(name, names | IN_FILE.keys())}"
        for name in file
        if name not in names | IN_FILE.keys()
    ]
    notes = [*_mistyped(places[0], "the environment", names), *_mistyped(places[1], ".env", names)]
    notes += _database(given, wrong)
    values: dict[str, Any] = {name.lower(): text for name, text in (addresses | given).items()}
    values |= {field: file[name] for name, field in IN_FILE.items() if name in file}
    for note in notes:
        warn_once(note)
    try:
        settings = Settings.model_validate(values | {"given": frozenset(given)}, context={"home": home})
    except ValidationError as error:
        wrong = [*_lines(error), *wrong]
    if wrong:
        raise UsageError(scrub("wrong settings:\n" + "\n".join(f"  {line}" for line in wrong))) from None
    return settings


def _database(given: dict[str, str], wrong: list[str]) -> Iterator[str]:
    """Let the database in the URI's path be given unless another one is, which is said."""
    named, used = database_in(given.get("MONGODB_URI", "")), given.get("MONGODB_DATABASE")
    if not named or named == used:
        return
    try:
        given.setdefault("MONGODB_DATABASE", database_name(named))
    except ValueError as error:
        if not used:
            wrong.append(f"MONGODB_URI: its database: {error}, or set MONGODB_DATABASE (a login's own is authSource)")
        return
    if used:
        yield f"the database is {used} of MONGODB_DATABASE, not {named} of MONGODB_URI"


def _mistyped(found: Iterable[str], place: str, names: Iterable[str]) -> Iterator[str]:
    """What is to be said of names that look like settings and are none. Never a value, which may be a secret."""
    for name in sorted(set(found) - set(names)):
        if not re.fullmatch(r"\w{3,40}", name, re.ASCII):  # a line without `=`, of which the name may be a secret
            continue
        if name in IN_FILE and name.startswith(PREFIXES):
            yield f"{name} in {place} has no effect: it stands in settings.py alone"
        elif name.upper().startswith(PREFIXES) or get_close_matches(name.upper(), names, 1, NEAR):
            yield f"{name} in {place} is no setting{_nearest(name, names)}"


def _nearest(name: str, names: Iterable[str]) -> str:
    """The setting that may have been meant."""
    near = get_close_matches(name.upper(), sorted(names), 1, 0.5)
    return f": did you mean {near[0]}?" if near else ""


def _lines(error: ValidationError) -> Iterator[str]:
    """What is wrong, a line each, under the names that people write; lists of the file name their own places."""
    for problem in error.errors(include_url=False, include_input=False):
        field, words = str(problem["loc"][0]), str(problem["ctx"]["error"])
        yield from words.split("\n") if field in IN_FILE.values() else [f"{field.upper()}: {words}"]


def _home(info: ValidationInfo) -> Path:
    return Path((info.context or {}).get("home", ""))


def _settings_file(path: Path) -> dict[str, Any]:
    """The names in capitals that the file sets; one set to None is as good as not there."""
    if not path.exists():
        return {}
    try:
        names = {name: text for name, text in runpy.run_path(str(path)).items() if name.isupper() and text is not None}
    except Exception as error:
        raise UsageError(f"settings.py cannot be read: {type(error).__name__}: {scrub(str(error))}") from None
    warn_of_open_secrets(path, names)
    return names


def dotenv_file(path: Path) -> dict[str, str]:
    """The names that a `.env` sets; none where there is no such file. Raises UsageError for one that is no text."""
    try:
        names = {name: text for name, text in dotenv_values(path).items() if text is not None}
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f".env cannot be read ({type(error).__name__}): save it as UTF-8 text") from None
    warn_of_open_secrets(path, names)
    return names


# --- lists of settings.py --------------------------------------------------------------------------------------------


def _meters_of(listed: Any, settings: Mapping[str, Any]) -> tuple[Meter, ...]:
    if listed == ():
        if not settings["linky_token"] and not settings["linky_prm"]:
            return ()
        entries = {"LINKY_PRM/LINKY_TOKEN": {"prm": settings["linky_prm"]}}
    elif isinstance(listed, list | tuple) and all(isinstance(entry, dict) for entry in listed):
        entries = {f"LINKY_METERS[{position}]": entry for position, entry in enumerate(listed)}
    else:
        raise ValueError("LINKY_METERS: must be a list of dicts")
    meters, wrong = [], []
    for place, entry in entries.items():
        try:
            meters.append(_meter(entry, settings))
        except ValueError as error:
            wrong.append(f"{place}: {error}")
    if len({meter.prm for meter in meters}) < len(meters):
        wrong.append("LINKY_METERS: the same PRM stands there twice")
    if wrong:
        raise ValueError("\n".join(wrong))
    return tuple(meters)


def _meter(entry: Mapping[Any, Any], settings: Mapping[str, Any]) -> Meter:
    if unknown := [name for name in entry if name not in METER_FIELDS]:
        raise ValueError(f"no such field: {', '.join(map(repr, unknown))}; known are {', '.join(METER_FIELDS)}")
    token = str(entry.get("token") or settings["linky_token"]).strip()
    wanted = entry.get("flows")
    if isinstance(wanted, list | tuple):
        wanted = " ".join(map(str, wanted))
    prm = str(entry.get("prm") or "")
    if token:
        from .sources.linky.answers import read_token  # noqa: PLC0415 - only who has a token needs to read one

        wanted_prm = normal_prm(prm) if prm else ""  # before the token: it may be the token that stands there
        prm = read_token(token).choose(wanted_prm)
    flows = settings.get("linky_flows", FLOWS[:1]) if wanted is None else _flows(str(wanted).strip())
    return Meter(normal_prm(prm), token, flows, str(entry.get("name") or ""))


def _collections_of(listed: Any) -> dict[str, tuple[str, str]]:
    if not isinstance(listed, dict):
        raise ValueError("COLLECTIONS: must be a dict like {'linky': ('consumption', 'consumptionTS')}")
    collections = {name: entry.collections for name, entry in SOURCES.items()}
    wrong = []
    for source, names in listed.items():
        if source not in collections:
            wrong.append(f"COLLECTIONS: no source {source!r}")
        elif not _two_names(names):
            wrong.append(f"COLLECTIONS: {source}: must be two different names, regular and time-series")
        else:
            collections[source] = (names[0], names[1])
    uses = Counter(name for both in collections.values() for name in both)
    wrong += [f"COLLECTIONS: {name} is used twice" for name, count in uses.items() if count > 1]
    if wrong:
        raise ValueError("\n".join(wrong))
    return collections


def _two_names(names: Any) -> bool:
    """Whether these are two different names that a server takes for collections."""
    return (
        isinstance(names, tuple | list)
        and len(names) == 2
        and all(isinstance(name, str) and name.strip() and not set("$\0") & set(name) for name in names)
        and names[0] != names[1]
    )
