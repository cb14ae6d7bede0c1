"""Answers on the wire: compressed (Flask-Compress), and what was compressed for one reader kept for the next."""

from __future__ import annotations

import hashlib
from collections.abc import Hashable
from typing import Any

from dash import Dash
from flask import Request, Response, g
from flask_compress import Compress

from ..kit.kept import Kept

ALGORITHMS = ["br", "gzip"]
LEVEL = 5  # of Brotli: 3.6 MB of scripts to 0.95 MB in 0.2 s; 11 would save another tenth in 6 s
KEPT_BYTES = 64_000_000  # of compressed answers
SMALLEST = 500  # bytes; below that a packet is a packet


class Compressed(Kept):
    """Compressed contents by their key; an empty key keeps nothing."""

    def __init__(self, most: int = KEPT_BYTES) -> None:
        super().__init__(most, len)

    def set(self, key: Hashable, value: Any) -> None:
        """Keep a content."""
        if not str(key).endswith(";"):
            super().set(key, value)


def compress(app: Dash) -> None:
    """Compress what a finished app answers. To be called before what seals its answers."""
    app.server.config |= {
        "COMPRESS_ALGORITHM": ALGORITHMS,
        "COMPRESS_BR_LEVEL": LEVEL,
        "COMPRESS_LEVEL": LEVEL,
        "COMPRESS_MIN_SIZE": SMALLEST,
        "COMPRESS_MIMETYPES": [
            *("text/html", "text/css", "text/csv", "text/javascript", "application/javascript", "application/json"),
            "image/svg+xml",
        ],
        "COMPRESS_STREAMS": False,
        "COMPRESS_CACHE_BACKEND": Compressed,
        "COMPRESS_CACHE_KEY": _key,
    }
    app.server.after_request(_whole)
    Compress(app.server)


def named(content: bytes) -> Response:
    """An answer of JSON whose content has a name, so that it is compressed once for all who ask for it."""
    g.content_name = hashlib.sha256(content).hexdigest()
    return Response(content, mimetype="application/json")


def _key(request: Request) -> str:
    """Files by their address, which changes when they do; answers by their content; the rest is compressed anew."""
    is_file = request.path.startswith(("/assets/", "/_dash-component-suites/"))
    return request.full_path if is_file else str(g.get("content_name", ""))


def _whole(response: Response) -> Response:
    """Files, which Flask would stream, as one: they are small, and are compressed once."""
    if response.is_streamed and response.status_code == 200:
        response.direct_passthrough = False
        response.set_data(response.get_data())
    return response
