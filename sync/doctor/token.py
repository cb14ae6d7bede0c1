"""Whose the token is, and until when."""

from __future__ import annotations

from collections.abc import Iterator

from ..model.readings import mask
from ..sources.linky.answers import ASK_NEW, CONSENT, TokenRefused, read_token
from .finding import Finding, Surroundings

SUBJECT = "token"
PUT = "put it into .env as LINKY_TOKEN (or into LINKY_METERS)"
GET = f"get one at {CONSENT} and {PUT}"
RENEW = f"{ASK_NEW} and {PUT}; where Atlas has it: python -m sync trigger deploy --secrets"


def check_token(around: Surroundings) -> Iterator[Finding]:
    """Each meter's."""
    meters, now = around.settings.meters, around.clock.now()
    if not meters:
        said = "LINKY_TOKEN is not set: files can be loaded, the gateway cannot be asked"
        yield Finding(SUBJECT, "warning", said, GET)
    for meter in meters:
        whose = f"meter {mask(meter.prm)}"
        if not meter.token:
            yield Finding(SUBJECT, "error", f"{whose} has no token", GET)
            continue
        token = read_token(meter.token)
        until = f"until {token.expires:%Y-%m-%d}" if token.expires else "it names no end"
        try:
            token.refuse_expired(now)
        except TokenRefused:
            yield Finding(SUBJECT, "error", f"{whose}: the token ended on {token.expires:%Y-%m-%d}", RENEW)
            continue
        if token.warning(now):
            yield Finding(SUBJECT, "warning", f"{whose}: {until}", RENEW)
        else:
            yield Finding(SUBJECT, "ok", f"{whose}: {until}")
