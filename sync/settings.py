"""Settings: environment over `.env` over `settings.py`, read once, every wrong one reported together.

`SETTINGS` is the one table of names, defaults, units and reasons; `settings.example.py`, `.env.example` and the README
are checked against it.
"""

from __future__ import annotations

import os
import re
import runpy
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from dotenv import dotenv_values

from .errors import UsageError
from .sources.linky.token import TokenRefused, read_token

FLOWS = ("consumption", "production")
CALLS_CEILING = 90  # the gateway bans an address for 100 calls in a day; other tools share the address


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: `parse` turns text into its type and raises ValueError with what is wrong with it."""

    name: str
    default: str
    why: str
    parse: Callable[[str], Any] = str.strip
    secret: bool = False


@dataclass(frozen=True, slots=True)
class Meter:
    """One usage point (PRM, 14 digits) with its gateway token and the flows to load."""

    prm: str
    token: str = field(repr=False)
    flows: tuple[str, ...] = ("consumption",)
    name: str = ""


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one run. `given` names those that were set by the user, not defaulted."""

    mongodb_uri: str = field(repr=False)
    mongodb_database: str
    linky_api_url: str
    linky_max_power_w: int
    meters: tuple[Meter, ...]
    sync_calls_per_day: int
    sync_request_spacing: float
    sync_contact: str
    sync_home: Path
    collections: Mapping[str, tuple[str, str]]
    given: frozenset[str] = frozenset()


def normal_prm(text: str) -> str:
    """A PRM as people paste it (spaces, dots) → 14 digits. Raises ValueError."""
    digits = re.sub(r"[\s.\u00a0\u202f-]", "", text)
    if not re.fullmatch(r"\d{14}", digits):
        raise ValueError(
            f"a PRM has 14 digits, this has {len(digits)} characters (see the meter's display or an invoice)"
        )
    return digits


def _url(text: str) -> str:
    parts = urlsplit(text.strip())
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("must be an http(s) address")
    return text.strip().rstrip("/")


def _mongodb_uri(text: str) -> str:
    text = text.strip()
    if text and not text.startswith(("mongodb://", "mongodb+srv://")):
        raise ValueError("must begin with mongodb:// or mongodb+srv:// (or be empty for the embedded database)")
    return text


def _database(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,38}", text.strip()):
        raise ValueError("must be 1 to 38 letters, digits, _ or -")
    return text.strip()


def _flows(text: str) -> tuple[str, ...]:
    wanted = ["consumption", "production"] if text.strip() == "both" else re.split(r"[\s,;]+", text.strip())
    wrong = [flow for flow in wanted if flow not in FLOWS]
    if wrong:
        raise ValueError("must be consumption, production or both")
    return tuple(dict.fromkeys(wanted))


def _number(low: float, high: float, kind: type[int] | type[float]) -> Callable[[str], float]:
    def parse(text: str) -> float:
        try:
            number = kind(text.strip())
        except ValueError:
            raise ValueError(f"must be a number from {low:g} to {high:g}") from None
        if not low <= number <= high:
            raise ValueError(f"must be from {low:g} to {high:g}")
        return number

    return parse


SETTINGS = (
    Setting("MONGODB_URI", "", "where the data goes; empty = the embedded local MongoDB", _mongodb_uri, secret=True),
    Setting("MONGODB_DATABASE", "electricity", "database that holds all collections", _database),
    Setting("LINKY_TOKEN", "", "token of the gateway (https://conso.boris.sh), a JWT", secret=True),
    Setting("LINKY_PRM", "", "usage point, 14 digits; optional when the token names one PRM", secret=True),
    Setting("LINKY_FLOWS", "consumption", "consumption, production or both", _flows),
    Setting("LINKY_API_URL", "https://conso.boris.sh/api", "base of the gateway's API", _url),
    Setting("LINKY_MAX_POWER_W", "36000", "W; readings above are kept and flagged", _number(1000, 1_000_000, int)),
    Setting(
        "SYNC_CALLS_PER_DAY",
        "25",
        f"calls per API host and UTC day, at most {CALLS_CEILING}: the gateway bans an address for 100",
        _number(1, CALLS_CEILING, int),
    ),
    Setting("SYNC_REQUEST_SPACING", "1.0", "seconds between request starts", _number(0, 3600, float)),
    Setting("SYNC_CONTACT", "", "mail or web address put into the User-Agent, so that the gateway can reach you"),
    Setting(
        "SYNC_HOME", ".data", "folder of the embedded database and of kept answers", lambda text: Path(text.strip())
    ),
)
FILE_ONLY = {
    "LINKY_METERS": "several meters: a list of {'prm', 'token', 'flows', 'name'}; replaces LINKY_PRM/TOKEN/FLOWS",
    "COLLECTIONS": "names per source: {'linky': ('consumption', 'consumptionTS')}",
}
DEFAULT_COLLECTIONS = {"linky": ("consumption", "consumptionTS")}


def load(folder: Path | None = None, environ: Mapping[str, str] | None = None) -> Settings:
    """Read the settings of `folder` (default: the current one). Raises UsageError with every wrong one at once."""
    folder = folder or Path.cwd()
    environ = os.environ if environ is None else environ
    file = _settings_file(folder / "settings.py")
    dotenv = {name: text for name, text in dotenv_values(folder / ".env").items() if text is not None}
    wrong: list[str] = []
    parsed: dict[str, Any] = {}
    given = set()
    for setting in SETTINGS:
        text = next((str(place[setting.name]) for place in (environ, dotenv, file) if setting.name in place), None)
        if text is not None and text.strip():
            given.add(setting.name)
        try:
            parsed[setting.name] = setting.parse(setting.default if text is None or not text.strip() else text)
        except ValueError as error:
            wrong.append(f"{setting.name}: {error}")
            parsed[setting.name] = setting.parse(setting.default)
    known = {setting.name for setting in SETTINGS} | FILE_ONLY.keys()
    wrong += [f"{name}: no such setting (settings.py)" for name in file if name.isupper() and name not in known]
    meters = _meters(parsed, file.get("LINKY_METERS"), wrong)
    collections = _collections(file.get("COLLECTIONS"), wrong)
    if wrong:
        raise UsageError("wrong settings:\n" + "\n".join(f"  {line}" for line in wrong))
    return Settings(
        mongodb_uri=parsed["MONGODB_URI"],
        mongodb_database=parsed["MONGODB_DATABASE"],
        linky_api_url=parsed["LINKY_API_URL"],
        linky_max_power_w=parsed["LINKY_MAX_POWER_W"],
        meters=meters,
        sync_calls_per_day=parsed["SYNC_CALLS_PER_DAY"],
        sync_request_spacing=parsed["SYNC_REQUEST_SPACING"],
        sync_contact=parsed["SYNC_CONTACT"],
        sync_home=(folder / parsed["SYNC_HOME"].expanduser()),
        collections=collections,
        given=frozenset(given),
    )


def _settings_file(path: Path) -> dict[str, Any]:
    if not path.exists():
        return {}
    try:
        return {name: text for name, text in runpy.run_path(str(path)).items() if name.isupper()}
    except Exception as error:
        raise UsageError(f"settings.py cannot be read: {type(error).__name__}: {error}") from error


def _meters(parsed: Mapping[str, Any], listed: Any, wrong: list[str]) -> tuple[Meter, ...]:
    if listed is None:
        if not parsed["LINKY_TOKEN"] and not parsed["LINKY_PRM"]:
            return ()
        listed = [{"prm": parsed["LINKY_PRM"], "token": parsed["LINKY_TOKEN"], "flows": parsed["LINKY_FLOWS"]}]
        where = ["LINKY_PRM/LINKY_TOKEN"]
    else:
        if not isinstance(listed, list) or not all(isinstance(entry, dict) for entry in listed):
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


def _meter(entry: Mapping[str, Any], parsed: Mapping[str, Any]) -> Meter:
    token = str(entry.get("token") or parsed["LINKY_TOKEN"]).strip()
    flows = entry.get("flows", parsed["LINKY_FLOWS"])
    prm = str(entry.get("prm") or "")
    if token:
        prm = read_token(token).choose(normal_prm(prm) if prm else "")
    return Meter(
        normal_prm(prm), token, flows if isinstance(flows, tuple) else _flows(str(flows)), entry.get("name", "")
    )


def _collections(listed: Any, wrong: list[str]) -> dict[str, tuple[str, str]]:
    collections = dict(DEFAULT_COLLECTIONS)
    for source, names in (listed or {}).items():
        if source not in collections:
            wrong.append(f"COLLECTIONS: no source {source!r}")
        elif not isinstance(names, tuple | list) or len(set(names)) != 2 or not all(isinstance(n, str) for n in names):
            wrong.append(f"COLLECTIONS: {source}: must be two different names, regular and time-series")
        else:
            collections[source] = (names[0], names[1])
    return collections
