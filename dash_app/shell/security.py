"""Who may read the page, and what a browser may do with it.

With a password every request must carry it (HTTP Basic; the name does not matter) or the cookie of a session that it
began, assets and callbacks too. Without one the page is bound to loopback, and answers only to the names of loopback: a
foreign site that points its own name there (DNS rebinding) gets nothing. No other site's requests are answered, and
they are refused first, so that none can use up somebody's tries.
"""

from __future__ import annotations

import hmac
import re
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from urllib.parse import urlsplit

from dash import Dash
from flask import Response, g, request

from sync.settings import Settings

from .origin import client_of, is_foreign, is_over_tls
from .session import COOKIE, SECONDS, Sessions, secret_of

FAILURES = 10  # wrong passwords of one address …
WINDOW = 60.0  # … within so many seconds, and it has to wait
ADDRESSES = 1000  # remembered at most
YEAR = 365 * 24 * 3600
LOOPBACK = ("127.0.0.1", "localhost", "::1")

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",  # what frame-ancestors says, for older browsers
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}


class Failures:
    """Wrong passwords by address. Nobody is made to wait in a thread: the answer comes at once, and says when."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._moments: OrderedDict[str, deque[float]] = OrderedDict()

    def add(self, address: str) -> None:
        """Count a wrong password."""
        with self._lock:
            moments = self._moments.setdefault(address, deque(maxlen=FAILURES))
            moments.append(self._now())
            self._moments.move_to_end(address)
            while len(self._moments) > ADDRESSES:
                self._moments.popitem(last=False)

    def wait(self, address: str) -> float:
        """Seconds until this address may try again; 0 = now."""
        with self._lock:
            moments = self._moments.get(address)
            if not moments or len(moments) < FAILURES:
                return 0.0
            return max(0.0, moments[0] + WINDOW - self._now())


def protect(app: Dash, password: str | None, settings: Settings, failures: Failures | None = None) -> None:
    """Guard every route of a finished page, and set the headers of every answer."""
    proxies = settings.dash_trusted_proxy
    door = Door(password, settings, failures or Failures()) if password else None
    policy = content_policy(app)

    def admit() -> Response | None:
        if is_foreign(request, proxies):
            return Response("another web site asks: open the page by its address\n", 403, mimetype="text/plain")
        return door.ask() if door else _refuse_foreign_host()

    def seal(response: Response) -> Response:
        response.headers.update(HEADERS)
        response.headers["Content-Security-Policy"] = policy
        response.headers["Cache-Control"] = _keep(response)
        if door:
            door.begin_session(response)
        return response

    app.server.before_request(admit)
    app.server.after_request(seal)


class Door:
    """Asks for the password once, and gives a session for it. Who has one is never made to wait."""

    def __init__(self, password: str, settings: Settings, failures: Failures) -> None:
        self._password = password.encode()
        self._proxies = settings.dash_trusted_proxy
        self._failures = failures
        self._sessions = Sessions(secret_of(settings.sync_home), password)

    def ask(self) -> Response | None:
        """None for who may come in, else the refusal."""
        if self._sessions.holds(request.cookies.get(COOKIE, "")):
            return None
        address = client_of(request, self._proxies)
        if wait := self._failures.wait(address):
            headers = {"Retry-After": str(int(wait) + 1)}
            return Response("too many wrong passwords: try again later\n", 429, headers, mimetype="text/plain")
        given = request.authorization
        if given is not None and given.type == "basic":
            if hmac.compare_digest(str(given.password or "").encode(), self._password):
                g.is_new_session = True
                return None
            self._failures.add(address)
        headers = {"WWW-Authenticate": 'Basic realm="electricity", charset="UTF-8"'}
        return Response("this page asks for a password (DASH_PASSWORD); any user name will do\n", 401, headers)

    def begin_session(self, response: Response) -> None:
        """The cookie for who has just given the password."""
        if g.get("is_new_session"):
            response.set_cookie(
                COOKIE,
                self._sessions.new(),
                max_age=SECONDS,
                httponly=True,
                samesite="Lax",  # a link from elsewhere opens the page without another question
                secure=is_over_tls(request),
            )


def content_policy(app: Dash) -> str:
    """The Content-Security-Policy: our own files alone; no eval, no inline script but the one that starts Dash."""
    return "; ".join(
        (
            "default-src 'none'",
            f"script-src 'self' {' '.join(app.csp_hashes())}",
            "style-src 'self' 'unsafe-inline'",  # the component library and plotly.js write style elements
            "img-src 'self' data: blob:",  # icons; charts on their way to a PNG
            "font-src 'self'",
            "connect-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        )
    )


def _keep(response: Response) -> str:
    """How long a browser may keep an answer: an asset for good, since a new one has a new address; readings never."""
    if response.status_code != 200 or not request.path.startswith(("/assets/", "/_dash-component-suites/")):
        return "no-store"
    dated = "m" in request.args or re.search(r"[.]v\d\w*m\d+[.]", request.path)
    return f"private, max-age={YEAR}, immutable" if dated else "private, no-cache"


def _refuse_foreign_host() -> Response | None:
    try:
        host = urlsplit(f"//{request.host}").hostname
    except ValueError:
        host = None
    if host in LOOPBACK:
        return None
    return Response("this page answers to 127.0.0.1 and localhost only\n", 421, mimetype="text/plain")
