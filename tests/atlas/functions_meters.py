"""Many meters around the functions: one Value `linkyMeters`, and as many tokens as secrets of 500 characters need."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from typing import Any

from pymongo.database import Database

from sync.triggers.tree import FromSecret
from tests.atlas.functions_runs import TOKEN_SECRET, Atlas, atlas

PER_TOKEN = 10  # PRMs in one token


@contextmanager
def many(database: Database[Any], first: date, meters: int, flows: Sequence[str] = ("consumption",)) -> Iterator[Atlas]:
    """An `Atlas` of so many meters, all of them configured; the gateway bans nobody."""
    with atlas(database, first, meters=meters) as around:
        around.standin.ban_after = None
        del around.secrets[TOKEN_SECRET]  # it would name all of them, longer than a secret may be
        configure(around, list(around.standin.meters), flows)
        yield around


def configure(around: Atlas, prms: Sequence[str], flows: Sequence[str] = ("consumption",)) -> None:
    """Write these meters into the Value linkyMeters, with a Value and a secret for each token."""
    listed = []
    for first in range(0, len(prms), PER_TOKEN):
        part = prms[first : first + PER_TOKEN]
        number = list(around.standin.meters).index(part[0])
        around.secrets[f"tokenSecret{number}"] = around.standin.token_for(*part)
        around.values[f"token{number}"] = FromSecret(f"tokenSecret{number}")
        listed += [{"prm": prm, "flows": list(flows), "token": f"token{number}"} for prm in part]
    around.values["linkyMeters"] = json.dumps(listed)


def asked(around: Atlas, since: int = 0) -> list[tuple[str, str]]:
    """(first day, PRM) of the requests to the gateway, from number `since` on, in their order."""
    return [(str(each.start), str(each.prm)) for each in around.standin.requests[since:]]


def full_days(around: Atlas, day: date) -> int:
    """How many series hold readings of the whole ordinary day (UTC instants of its Paris midnights)."""
    return len(_by_series(around, day))


def _by_series(around: Atlas, day: date) -> list[dict[str, Any]]:
    local = {"$dateToString": {"format": "%Y-%m-%d", "date": "$ts", "timezone": "Europe/Paris"}}
    stages: list[dict[str, Any]] = [
        {"$match": {"$expr": {"$eq": [local, day.isoformat()]}}},
        {"$group": {"_id": "$series", "seconds": {"$sum": "$seconds"}}},
        {"$match": {"seconds": 86_400}},
    ]
    return list(around.pair.record.aggregate(stages))
