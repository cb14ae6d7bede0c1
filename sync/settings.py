"""Settings: environment over `.env` over `settings.py`, read once, every wrong one reported together.

`SETTINGS` is the one table of names, defaults, units and reasons; `settings.example.py`, `.env.example` and the README
are checked against it.
"""

from __future__ import annotations

import os
import runpy
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dotenv import dotenv_values

from .http.budget import is_loopback
from .model.errors import UsageError
from .model.privacy import scrub
from .settings_parse import api_url, contact, database, flows, folder, host, mongodb_uri, normal_prm, number
from .sources import SOURCES
from .sources.linky.meter import Meter
from .sources.linky.token import TokenRefused, read_token
from .tariffs.entries import tariffs_from
from .tariffs.model import Tariff

CALLS_CEILING = 90  # the gateway bans an address for 100 calls in a day; other tools share the address
SHORTEST_SPACING = 1.0  # s between calls to a host that is not ours


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: `parse` turns text into its type and raises ValueError with what is wrong with it."""

    name: str
    default: str
    why: str
    parse: Callable[[str], Any] = str.strip
    secret: bool = False


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one run. `given` names those that were set by the user, not defaulted."""

    mongodb_uri: str = field(repr=False)
    mongodb_database: str
    linky_api_url: str
    linky_max_power_w: int
    meters: tuple[Meter, ...]
    elhub_api_url: str
    energidata_api_url: str
    openmeteo_api_url: str
    sync_calls_per_day: int
    sync_request_spacing: float
    sync_contact: str
    sync_home: Path
    collections: Mapping[str, tuple[str, str]]
    given: frozenset[str] = frozenset()
    dash_host: str = "127.0.0.1"
    dash_port: int = 8050
    dash_password: str = field(default="", repr=False)
    tariffs: tuple[Tariff, ...] = ()


SETTINGS = (
    Setting("MONGODB_URI", "", "where the data goes; empty = the embedded local MongoDB", mongodb_uri, secret=True),
    Setting("MONGODB_DATABASE", "electricity", "database that holds all collections", database),
    Setting("LINKY_TOKEN", "", "token of the gateway (https://conso.boris.sh), a JWT", secret=True),
    Setting("LINKY_PRM", "", "usage point, 14 digits; optional when the token names one PRM", secret=True),
    Setting("LINKY_FLOWS", "consumption", "consumption, production or both", flows),
    Setting("LINKY_API_URL", "https://conso.boris.sh/api", "base of the gateway's API", api_url),
    Setting("LINKY_MAX_POWER_W", "36000", "W; readings above are kept and flagged", number(1000, 1_000_000, int)),
    Setting("ELHUB_API_URL", "https://api.elhub.no/energy-data/v0", "base of Elhub's API (Norway)", api_url),
    Setting("ENERGIDATA_API_URL", "https://api.energidataservice.dk", "base of Energi Data Service (Denmark)", api_url),
    Setting("OPENMETEO_API_URL", "https://archive-api.open-meteo.com/v1", "base of the weather archive", api_url),
    Setting(
        "SYNC_CALLS_PER_DAY",
        "25",
        f"calls per API host and UTC day, at most {CALLS_CEILING}: the gateway bans an address for 100",
        number(1, CALLS_CEILING, int),
    ),
    Setting("SYNC_REQUEST_SPACING", "1.0", "seconds between request starts", number(0, 3600, float)),
    Setting(
        "SYNC_CONTACT", "", "mail or web address put into the User-Agent, so that the gateway can reach you", contact
    ),
    Setting("SYNC_HOME", ".data", "folder of the embedded database and of kept answers", folder),
    Setting(
        "DASH_HOST", "127.0.0.1", "address on which the page listens; any but this machine's needs DASH_PASSWORD", host
    ),
    Setting("DASH_PORT", "8050", "port of the page", number(1, 65535, int)),
    Setting("DASH_PASSWORD", "", "password that the page asks for; empty = none, on this machine only", secret=True),
)
FILE_ONLY = {
    "LINKY_METERS": "several meters: a list of {'prm', 'token', 'flows', 'name'}; replaces LINKY_PRM/TOKEN/FLOWS",
    "COLLECTIONS": "names per source: {'linky': ('consumption', 'consumptionTS')}",
    "TARIFFS": "contracts compared on the cost page: flat, peak/off-peak hours, Tempo; examples until you give yours",
}
METER_FIELDS = ("prm", "token", "flows", "name")
DEFAULT_COLLECTIONS = {name: entry.collections for name, entry in SOURCES.items()}


def load(home: Path | None = None, environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings of the folder `home` (default: the current one). Raises UsageError with every wrong one."""
    home = home or Path.cwd()
    file = _settings_file(home / "settings.py")
    places = (os.environ if environ is None else environ, _dotenv_file(home / ".env"), file)
    wrong: list[str] = []
    parsed, given = _parsed(places, wrong)
    known = {setting.name for setting in SETTINGS} | FILE_ONLY.keys()
    wrong += [f"{name}: no such setting (settings.py)" for name in file if name not in known]
    if parsed["SYNC_REQUEST_SPACING"] < SHORTEST_SPACING and not is_loopback(parsed["LINKY_API_URL"]):
        wrong.append(f"SYNC_REQUEST_SPACING: must be at least {SHORTEST_SPACING} for a host that is not this machine")
    meters = _meters(parsed, file.get("LINKY_METERS"), wrong)
    collections = _collections(file.get("COLLECTIONS", {}), wrong)
    tariffs = tariffs_from(file.get("TARIFFS", ()), home, wrong)
    if wrong:
        raise UsageError(scrub("wrong settings:\n" + "\n".join(f"  {line}" for line in wrong)))
    return Settings(
        mongodb_uri=parsed["MONGODB_URI"],
        mongodb_database=parsed["MONGODB_DATABASE"],
        linky_api_url=parsed["LINKY_API_URL"],
        linky_max_power_w=parsed["LINKY_MAX_POWER_W"],
        meters=meters,
        elhub_api_url=parsed["ELHUB_API_URL"],
        energidata_api_url=parsed["ENERGIDATA_API_URL"],
        openmeteo_api_url=parsed["OPENMETEO_API_URL"],
        sync_calls_per_day=parsed["SYNC_CALLS_PER_DAY"],
        sync_request_spacing=parsed["SYNC_REQUEST_SPACING"],
        sync_contact=parsed["SYNC_CONTACT"],
        sync_home=home / parsed["SYNC_HOME"],
        collections=collections,
        dash_host=parsed["DASH_HOST"],
        dash_port=parsed["DASH_PORT"],
        dash_password=parsed["DASH_PASSWORD"],
        given=frozenset(given),
        tariffs=tariffs,
    )


def _settings_file(path: Path) -> dict[str, Any]:
    """The names in capitals that the file sets; one set to None is as good as not there."""
    if not path.exists():
        return {}
    try:
        return {name: text for name, text in runpy.run_path(str(path)).items() if name.isupper() and text is not None}
    except Exception as error:
        raise UsageError(f"settings.py cannot be read: {type(error).__name__}: {scrub(str(error))}") from None


def _dotenv_file(path: Path) -> dict[str, str]:
    try:
        return {name: text for name, text in dotenv_values(path).items() if text is not None}
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f".env cannot be read ({type(error).__name__}): save it as UTF-8 text") from None


def _parsed(places: tuple[Mapping[str, Any], ...], wrong: list[str]) -> tuple[dict[str, Any], set[str]]:
    """Every setting from the first of the places that has it, parsed; and the names that were given."""
    parsed: dict[str, Any] = {}
    given = set()
    for setting in SETTINGS:
        text = next((str(place[setting.name]) for place in places if setting.name in place), "")
        parsed[setting.name] = setting.parse(setting.default)
        if text.strip():
            given.add(setting.name)
            try:
                parsed[setting.name] = setting.parse(text)
            except ValueError as error:
                wrong.append(f"{setting.name}: {error}")
    return parsed, given


def _meters(parsed: Mapping[str, Any], listed: Any, wrong: list[str]) -> tuple[Meter, ...]:
    if listed is None:
        if not parsed["LINKY_TOKEN"] and not parsed["LINKY_PRM"]:
            return ()
        listed = [{"prm": parsed["LINKY_PRM"], "token": parsed["LINKY_TOKEN"]}]
        where = ["LINKY_PRM/LINKY_TOKEN"]
    else:
        if not isinstance(listed, list | tuple) or not all(isinstance(entry, dict) for entry in listed):
            wrong.append("LINKY_METERS: must be a list of dicts")
            return ()
        where = [f"LINKY_METERS[{position}]" for position in range(len(listed))]
    meters = []
    for place, entry in zip(where, listed, strict=True):
        try:
            meters.append(_meter(entry, parsed))
        except (ValueError, TokenRefused) as error:
            wrong.append(f"{place}: {error}")
    if len({meter.prm for meter in meters}) < len(meters):
        wrong.append("LINKY_METERS: the same PRM stands there twice")
    return tuple(meters)


def _meter(entry: Mapping[Any, Any], parsed: Mapping[str, Any]) -> Meter:
    if unknown := [name for name in entry if name not in METER_FIELDS]:
        raise ValueError(f"no such field: {', '.join(map(repr, unknown))}; known are {', '.join(METER_FIELDS)}")
    token = str(entry.get("token") or parsed["LINKY_TOKEN"]).strip()
    wanted = entry.get("flows")
    if isinstance(wanted, list | tuple):
        wanted = " ".join(map(str, wanted))
    prm = str(entry.get("prm") or "")
    if token:
        prm = read_token(token).choose(normal_prm(prm) if prm else "")
    own_flows = parsed["LINKY_FLOWS"] if wanted is None else flows(str(wanted))
    return Meter(normal_prm(prm), token, own_flows, str(entry.get("name") or ""))


def _collections(listed: Any, wrong: list[str]) -> dict[str, tuple[str, str]]:
    collections = dict(DEFAULT_COLLECTIONS)
    if not isinstance(listed, dict):
        wrong.append("COLLECTIONS: must be a dict like {'linky': ('consumption', 'consumptionTS')}")
        return collections
    for source, names in listed.items():
        if source not in collections:
            wrong.append(f"COLLECTIONS: no source {source!r}")
        elif not _two_names(names):
            wrong.append(f"COLLECTIONS: {source}: must be two different names, regular and time-series")
        else:
            collections[source] = (names[0], names[1])
    uses = Counter(name for both in collections.values() for name in both)
    wrong += [f"COLLECTIONS: {name} is used twice" for name, count in uses.items() if count > 1]
    return collections


def _two_names(names: Any) -> bool:
    """Whether these are two different names that a server takes for collections."""
    return (
        isinstance(names, tuple | list)
        and len(names) == 2
        and all(isinstance(name, str) and name.strip() and not set("$\0") & set(name) for name in names)
        and names[0] != names[1]
    )
