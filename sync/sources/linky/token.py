"""The gateway's token: a JWT whose `sub` lists the PRMs it opens; read without the key, before any call."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import jwt

from ...model.readings import mask

WARN_BEFORE = timedelta(days=30)
ASK_NEW = "get a new one at https://conso.boris.sh"


class TokenRefused(ValueError):
    """The token is not a JWT, names no PRM, or not the one asked for. The message never holds the token."""


@dataclass(frozen=True, slots=True)
class Token:
    """What a gateway token says: the PRMs it opens (14 digits each) and when it ends (UTC), if it says so."""

    prms: tuple[str, ...]
    expires: datetime | None

    def choose(self, prm: str) -> str:
        """The PRM to ask for: `prm` if the token opens it, the only one if `prm` is empty. Raises TokenRefused."""
        shown = ", ".join(mask(known) for known in self.prms)
        if prm and prm not in self.prms:
            raise TokenRefused(f"the token is for meter {shown}, not for {mask(prm)}: correct the PRM or {ASK_NEW}")
        if not prm and len(self.prms) > 1:
            raise TokenRefused(f"the token opens several meters ({shown}): set LINKY_PRM to one of them")
        return prm or self.prms[0]

    def refuse_expired(self, now: datetime) -> None:
        """Raises TokenRefused once the token has ended."""
        if self.expires and self.expires <= now:
            raise TokenRefused(f"the token ended on {self.expires:%Y-%m-%d}: {ASK_NEW}")

    def warning(self, now: datetime) -> str:
        """A line for the user when the token ends soon, else empty."""
        if self.expires and self.expires - now < WARN_BEFORE:
            return f"the token ends on {self.expires:%Y-%m-%d}: {ASK_NEW}"
        return ""


def read_token(text: str) -> Token:
    """Decode a token without checking its signature (only the gateway has the key). Raises TokenRefused."""
    try:
        claims = jwt.decode(text, options={"verify_signature": False, "verify_exp": False, "verify_sub": False})
    except (jwt.InvalidTokenError, UnicodeEncodeError):
        raise TokenRefused(f"the token is not a JWT (three parts with dots); copy it whole, or {ASK_NEW}") from None
    subject = claims.get("sub")
    listed = subject if isinstance(subject, list) else [subject]
    prms = tuple(prm for prm in listed if isinstance(prm, str) and prm)
    if not prms:
        raise TokenRefused(f"the token names no meter: {ASK_NEW}")
    return Token(prms, _moment(claims.get("exp")))


def _moment(seconds: object) -> datetime | None:
    if not isinstance(seconds, int | float):
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None
