"""Answers on the wire: compressed (Flask-Compress), and what was compressed for one reader kept for the next."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict

from dash import Dash
from flask import Request, Response, g
from flask_compress import Compress

ALGORITHMS = ["br", "gzip"]
LEVEL = 5  # of Brotli: 3.6 MB of scripts to 0.95 MB in 0.2 s; 11 would save another tenth in 6 s
KEPT_BYTES = 64_000_000  # of compressed answers
SMALLEST = 500  # bytes; below that a packet is a packet


class Kept:
    """Compressed contents by their key, those asked for last at most KEPT_BYTES of them; an empty key keeps nothing."""

    def __init__(self, most: int = KEPT_BYTES) -> None:
        self._most = most
        self._found: OrderedDict[str, bytes] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def get(self, key: str) -> bytes | None:
        """The content of a key, None for one that is not kept."""
        with self._lock:
            if key in self._found:
                self._found.move_to_end(key)
            return self._found.get(key)

    def set(self, key: str, content: bytes) -> None:
        """Keep a content."""
        if key.endswith(";") or len(content) > self._most:
            return
        with self._lock:
            self._bytes += len(content) - len(self._found.pop(key, b""))
            self._found[key] = content
            while self._bytes > self._most:
                self._bytes -= len(self._found.popitem(last=False)[1])


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
        "COMPRESS_CACHE_BACKEND": Kept,
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
