"""What goes back over the wire, and how it may go wrong on the way."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from . import refusals
from .refusals import BAN_PAGE, Refusal

JSON = "application/json"
HTML = "text/html; charset=UTF-8"


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP answer. `wait`: s between headers and body; `cut`: half the body; `reset`: a TCP reset instead."""

    status: int
    body: bytes
    content_type: str = JSON
    wait: float = 0
    cut: bool = False
    reset: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)


def json_reply(body: Any, status: int = 200) -> Reply:
    """Compact UTF-8 JSON, as the gateway serialises."""
    return Reply(status, json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode())


def refusal_reply(refusal: Refusal) -> Reply:
    """A refusal as the gateway words it."""
    return json_reply(refusal.body, refusal.status)


BANNED = Reply(403, BAN_PAGE.encode(), HTML)
NO_SUCH_PAGE = Reply(404, b"<!DOCTYPE html><title>404</title><p>Page not found</p>\n", HTML)
EMPTY = Reply(200, b"")
RESET = Reply(0, b"", reset=True)
NOT_JSON = Reply(200, b"upstream connect error or disconnect/reset before headers")

INSTEAD = {
    "429": refusal_reply(refusals.THROTTLED),
    "500": refusal_reply(refusals.TECHNICAL),
    "500token": refusal_reply(refusals.NO_ENEDIS_TOKEN),
    "500text": refusal_reply(refusals.TECHNICAL_TEXT),
    "502": replace(refusal_reply(refusals.BAD_GATEWAY), content_type="application/problem+json"),
    "html403": BANNED,
    "consent": refusal_reply(refusals.NO_CONSENT),
    "reset": RESET,
    "notjson": NOT_JSON,
    "emptyobject": json_reply({}),
}
"""Faults of the gateway that put another answer in place of the true one."""
