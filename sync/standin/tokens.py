"""Tokens of a stand-in: JWTs as the gateway gives them out, `sub` being the list of usage points they open."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

import jwt
from jwt.types import Options

ALGORITHM = "HS256"

# The gateway's `sub` is a list, which the library refuses, and the end is judged by the stand-in's own clock.
UNCHECKED: Options = {
    "verify_exp": False,
    "verify_sub": False,
    "verify_iat": False,
    "verify_nbf": False,
    "verify_aud": False,
    "verify_iss": False,
}


def issue(key: str, prms: Iterable[str], issued: datetime, ends: datetime) -> str:
    """A signed token for these usage points (aware datetimes)."""
    claims = {"sub": list(prms), "iat": int(issued.timestamp()), "exp": int(ends.timestamp())}
    return jwt.encode(claims, key, algorithm=ALGORITHM)


def opens(key: str, token: str, prm: str, now: datetime) -> bool:
    """Whether the token is ours, has not ended at `now` (aware) and names the usage point."""
    try:
        claims = jwt.decode(token, key, algorithms=[ALGORITHM], options=UNCHECKED)
        named, ends = claims["sub"], float(claims["exp"])
    except (jwt.InvalidTokenError, KeyError, TypeError, ValueError):
        return False
    return isinstance(named, list) and prm in named and now.timestamp() < ends
