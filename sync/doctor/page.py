"""Whether the page can be opened, and by nobody who should not."""

from __future__ import annotations

import socket
from collections.abc import Iterator

from ..http.budget import LOOPBACK
from .finding import Finding, Surroundings

SUBJECT = "page"
CLOSE = "set DASH_PASSWORD, or leave DASH_HOST at 127.0.0.1"


def check_page(around: Surroundings) -> Iterator[Finding]:
    """Its address, its password, its port."""
    settings = around.settings
    host, port = settings.dash_host, settings.dash_port
    if host not in LOOPBACK and not settings.dash_password:
        yield Finding(SUBJECT, "error", f"DASH_HOST {host} can be reached from outside, without a password", CLOSE)
        return
    if _is_taken(host, port):
        said = f"something answers on port {port} already: the page, or another program"
        remedy = f"where it is another program: python -m sync page --port {port + 1}"
        yield Finding(SUBJECT, "warning", said, remedy)
        return
    guarded = "with a password" if settings.dash_password else "for this machine only"
    yield Finding(SUBJECT, "ok", f"python -m sync page would be at {host}:{port}, {guarded}")


def _is_taken(host: str, port: int) -> bool:
    """Whether a server listens there; on all addresses, it listens on this one, too."""
    here = "127.0.0.1" if host in ("0.0.0.0", "::") else host  # noqa: S104 - looked at, not listened on
    try:
        with socket.create_connection((here, port), timeout=1):
            return True
    except OSError:
        return False
