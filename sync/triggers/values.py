"""What the settings say about the functions' Values and secrets: in Atlas, and for whoever runs them without it.

A setting that was not given leaves a Value alone: the functions know the same defaults.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from ..http.budget import budget_limit
from ..model.errors import UsageError
from ..model.readings import mask
from ..settings import DEFAULT_COLLECTIONS, Settings
from ..sources import SOURCES
from ..sources.linky.answers import TokenRefused, read_token
from ..sources.linky.meter import Meter
from .tree import MOST_SECRET_CHARACTERS, FromSecret, values_of

SERVICE = "mongodb-atlas"
TOKEN_VALUE = "linkyToken"  # noqa: S105 - the name of a Value
TOKEN_SECRET = "linkyTokenSecret"  # noqa: S105 - the name of a secret
AUTO = "auto"
"""What stands in a Value that is left to the functions: Atlas may refuse an empty text."""

NO_METER = {"linkyPrm": AUTO, "linkyFlows": "consumption", "linkyMeters": "[]"}
"""The Values of meters where none is given."""
DEFAULTS = {
    "mongodbDatabase": "electricity",
    "linkyApiUrl": "https://conso.boris.sh/api",
    "linkyMaxPowerW": "36000",
    "linkyCallsPerDay": AUTO,
    "freshnessHours": "48",
    "elhubApiUrl": "https://api.elhub.no/energy-data/v0",
    "energidataApiUrl": "https://api.energidataservice.dk",
    "linkyCollection": "consumption",
    "linkyCollectionTS": "consumptionTS",
    "elhubCollection": "elhub",
    "elhubCollectionTS": "elhubTS",
    "energidataCollection": "energidata",
    "energidataCollectionTS": "energidataTS",
    "mongodbService": SERVICE,
    **NO_METER,
}
"""What the functions take for a Value that is not there (dailySettings): such a one is not made in Atlas."""
SERVICES = (SERVICE, "Cluster0")
"""The names of data sources that the functions try, in this order, where no Value says one."""
BY_SETTING = {
    "MONGODB_DATABASE": "mongodbDatabase",
    "LINKY_API_URL": "linkyApiUrl",
    "LINKY_MAX_POWER_W": "linkyMaxPowerW",
    "SYNC_CALLS_PER_DAY": "linkyCallsPerDay",
    "ELHUB_API_URL": "elhubApiUrl",
    "ENERGIDATA_API_URL": "energidataApiUrl",
}
DAILY = tuple(entry.name for entry in SOURCES.values() if entry.daily)
"""Sources that have a function: each has two Values with the names of its collections."""


@dataclass(frozen=True, slots=True)
class Given:
    """Texts of Values, links of Values to secrets (by name), texts of secrets (by the secret's name).

    known: Values that the functions can tell without being given them. warnings: lines for the user, such as a token
    that ends soon.
    """

    values: Mapping[str, str] = field(repr=False)
    links: Mapping[str, str]
    secrets: Mapping[str, str] = field(repr=False)
    warnings: tuple[str, ...] = ()
    known: frozenset[str] = frozenset()


def given_by(settings: Settings, token_secret: str, now: datetime) -> Given:
    """What the settings give. token_secret: the secret that the Value linkyToken of the tree links to.

    One meter fills linkyPrm, linkyFlows and linkyToken; several fill linkyMeters, with one more Value and secret for
    each further token (linkyToken2 …). Raises UsageError for a meter without a token, or with one that has ended or is
    too long for a secret. `now` is aware.
    """
    texts = _texts(settings)
    values = {value: texts[value] for setting, value in BY_SETTING.items() if setting in settings.given}
    for source in DAILY:
        if settings.collections[source] != DEFAULT_COLLECTIONS[source]:
            values |= collection_values(settings, source)
    if not settings.meters:
        return Given(values, {}, {}, known=frozenset(name for name in values if values[name] == DEFAULTS.get(name)))
    tokens = list(dict.fromkeys(meter.token for meter in settings.meters))
    warnings = {_checked(meter, now) for meter in settings.meters}
    ends = ["", *map(str, range(2, len(tokens) + 1))]
    links = {f"{TOKEN_VALUE}{end}": f"{token_secret}{end}" for end in ends}
    secrets = {f"{token_secret}{end}": token for end, token in zip(ends, tokens, strict=True)}
    value_of = dict(zip(tokens, links, strict=True))
    own = _meter_values(settings.meters, value_of)
    known = {name for name, text in (values | own).items() if text == DEFAULTS.get(name)}
    if len(settings.meters) == 1 and len(read_token(tokens[0]).prms) == 1:
        known.add("linkyPrm")
    return Given(values | own, links, secrets, tuple(sorted(warnings - {""})), frozenset(known))


def collection_values(settings: Settings, source: str) -> dict[str, str]:
    """The Values that name the record and the mirror of a source."""
    regular, timeseries = settings.collections[source]
    return {f"{source}Collection": regular, f"{source}CollectionTS": timeseries}


def service_of(folder: Path) -> str:
    """The name of the data source that the tree's own Values ask for."""
    return str(values_of(folder).get("mongodbService", SERVICE))


def values_and_secrets(folder: Path, settings: Settings, now: datetime) -> tuple[dict[str, Any], dict[str, str]]:
    """What replaces the Values of the tree, and the secrets they link to. Raises UsageError for a token of no use.

    The store and the API are always those of our settings: what the tree's files say of them is meant for Atlas.
    """
    link = values_of(folder).get(TOKEN_VALUE)
    given = given_by(settings, link.secret if isinstance(link, FromSecret) else TOKEN_SECRET, now)
    most = budget_limit(settings.linky_api_url, settings.sync_calls_per_day, "SYNC_CALLS_PER_DAY" in settings.given)
    values: dict[str, Any] = _texts(settings) | {"linkyCallsPerDay": AUTO if most is None else str(most)}
    for source in DAILY:
        values |= collection_values(settings, source)
    if settings.meters:
        values |= NO_METER | {name: FromSecret(secret) for name, secret in given.links.items()}
    return values | dict(given.values), dict(given.secrets)


def refuse_without_token(folder: Path, name: str, settings: Settings) -> None:
    """Raises UsageError for the function of meters where neither the settings nor the tree's own text give a token: the
    function itself would speak of Atlas, to whoever runs it with cron."""
    values = values_of(folder)
    texts = [values.get(value) for value in (TOKEN_VALUE, "linkyMeters")]
    is_given = any(isinstance(text, str) and text not in ("", AUTO, NO_METER["linkyMeters"]) for text in texts)
    if name == SOURCES["linky"].daily and not settings.meters and not is_given:
        raise UsageError(
            f"{name} needs a token, and LINKY_TOKEN is not set: get one at https://conso.boris.sh and put it into .env "
            "in the folder in which cron or the timer starts this command"
        )


def _texts(settings: Settings) -> dict[str, str]:
    """Value → its text, of every setting that has one."""
    return {value: str(getattr(settings, setting.lower())) for setting, value in BY_SETTING.items()}


def _meter_values(meters: tuple[Meter, ...], value_of: Mapping[str, str]) -> dict[str, str]:
    if len(meters) == 1:
        return {"linkyPrm": meters[0].prm, "linkyFlows": ",".join(meters[0].flows)}
    listed = [{"prm": meter.prm, "flows": list(meter.flows), "token": value_of[meter.token]} for meter in meters]
    return {"linkyMeters": json.dumps(listed)}


def _checked(meter: Meter, now: datetime) -> str:
    """What is to be said of a meter's token, mostly nothing. Raises UsageError when Atlas could not use it."""
    if not meter.token:
        raise UsageError(f"meter {mask(meter.prm)} has no token: set LINKY_TOKEN, or its token in LINKY_METERS")
    if len(meter.token) > MOST_SECRET_CHARACTERS:
        raise UsageError(
            f"the token of meter {mask(meter.prm)} has {len(meter.token)} characters, a secret of Atlas takes "
            f"{MOST_SECRET_CHARACTERS}: get one for fewer meters at https://conso.boris.sh"
        )
    try:
        token = read_token(meter.token)
        token.refuse_expired(now)
    except TokenRefused as error:
        raise UsageError(f"meter {mask(meter.prm)}: {error}") from None
    return token.warning(now)
