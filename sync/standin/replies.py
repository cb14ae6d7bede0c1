"""What goes back over the wire, and how it may go wrong on the way."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

HTML = "text/html; charset=UTF-8"


@dataclass(frozen=True, slots=True)
class Reply:
    """An HTTP answer. `wait`: s between headers and body; `cut`: half the body; `reset`: a TCP reset instead."""

    status: int
    body: bytes
    content_type: str = "application/json"
    wait: float = 0
    cut: bool = False
    reset: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)


class Refused(Exception):
    """What the API refuses, with its answer."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(str(reply.status))
        self.reply = reply


def json_reply(body: Any, status: int = 200, **headers: str) -> Reply:
    """Compact UTF-8 JSON, as the gateway serialises. headers: with _ for -."""
    text = json.dumps(body, ensure_ascii=False, separators=(",", ":"))
    return Reply(status, text.encode(), headers={name.replace("_", "-"): value for name, value in headers.items()})


NO_SUCH_PAGE = Reply(404, b"<!DOCTYPE html><title>404</title><p>Page not found</p>\n", HTML)
EMPTY = Reply(200, b"")
RESET = Reply(0, b"", reset=True)
NOT_JSON = Reply(200, b"upstream connect error or disconnect/reset before headers")
