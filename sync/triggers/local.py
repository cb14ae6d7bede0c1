"""The Values and secrets of the functions, from our own settings: for whoever runs them without Atlas."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from ..http.budget import budget_limit
from ..settings import Settings
from .tree import FromSecret, values_of
from .values import AUTO, DAILY, NO_METER, TOKEN_VALUE, collection_values, given_by

SERVICE = "mongodb-atlas"
TOKEN_SECRET = "linkyTokenSecret"  # noqa: S105 - the name of a secret


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
    values: dict[str, Any] = {
        "linkyApiUrl": settings.linky_api_url,
        "linkyMaxPowerW": str(settings.linky_max_power_w),
        "linkyCallsPerDay": AUTO if most is None else str(most),
        "mongodbDatabase": settings.mongodb_database,
        "elhubApiUrl": settings.elhub_api_url,
        "energidataApiUrl": settings.energidata_api_url,
    }
    for source in DAILY:
        values |= collection_values(settings, source)
    if settings.meters:
        values |= NO_METER | {name: FromSecret(secret) for name, secret in given.links.items()}
    return values | dict(given.values), dict(given.secrets)
