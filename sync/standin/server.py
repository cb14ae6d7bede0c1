"""What all stand-ins share: a server on loopback, the requests as they came, faults by their number.

The server is Werkzeug's; what it would not do on purpose is done on its socket: an answer that breaks off, or a reset.
"""

from __future__ import annotations

import os
import re
import socket
import struct
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta, tzinfo
from email.utils import formatdate
from http import HTTPStatus
from pathlib import Path
from threading import Event, Lock, Thread
from types import TracebackType
from typing import TYPE_CHECKING, Any, ClassVar, Self, TypedDict, Unpack

from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Request as HttpRequest

from ..model.errors import UsageError
from ..model.localtime import PARIS
from .faults import NO_FAULTS, Faults, Kind
from .replies import EMPTY, HTML, NO_SUCH_PAGE, NOT_JSON, RESET, Refused, Reply, json_reply

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

Now = Callable[[], datetime]
"""Returns an aware UTC datetime."""
ODD = re.compile(r"[^\w:.,+*/@-]")
RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER on, 0 s: closing sends RST instead of FIN

TRANSPORT_KINDS = {
    "429": Kind("too many requests, with Retry-After", "429@5:2", "seconds", 5, 86_400),
    "500": Kind("a technical error", "500@7-9"),
    "403": Kind("refused", "403@3"),
    "page": Kind("200 with a page instead of JSON", "page@4"),
    "notjson": Kind("200 with a body that is not JSON", "notjson@4"),
    "reset": Kind("the connection is reset instead of an answer", "reset@*20"),
    "slow": Kind("a wait between the headers and the body", "slow@3:2.5", "seconds", 5, 3600),
    "cut": Kind("the connection ends in the middle of the body", "cut@4"),
}
"""Faults that any API may have."""

INSTEAD = {
    "500": json_reply({"message": "Internal Server Error"}, 500),
    "403": json_reply({"message": "Forbidden"}, 403),
    "page": Reply(200, b"<!DOCTYPE html><title>Maintenance</title><p>Back soon\n", HTML),
    "notjson": NOT_JSON,
    "reset": RESET,
}


def real_now() -> datetime:
    """The machine's own clock."""
    return datetime.now(UTC)


def clock_set_to(day: date, now: Now = real_now) -> Now:
    """A clock that shows the same time of day as `now`, but begins on this Paris local day."""
    ahead = day - now().astimezone(PARIS).date()
    # Moved on the wall clock, so that the day of Paris is right at any hour of any season.
    return lambda: (now().astimezone(PARIS) + ahead).astimezone(UTC)


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it came; status: what it was answered with, 0 = connection reset, or not answered yet.

    given: the parameters, the first of a repeated one; headers: names in small letters; at: UTC.
    """

    number: int
    method: str
    path: str
    given: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes
    at: datetime
    status: int = 0

    @property
    def shown(self) -> str:
        """What was asked, for a log; letters that a terminal could take for more are replaced."""
        asked = " ".join(f"{name}={text}" for name, text in self.given.items())
        return ODD.sub("?", f"{self.path} {asked}".replace(" ", ","))[:200]


class Options(TypedDict, total=False):
    """What every stand-in takes. now: aware UTC clock; log: called with each answered request, in its thread."""

    now: Now | None
    faults: Faults
    port: int
    log: Callable[[Any], None] | None


class Standin(ABC):
    """Runs from construction until `close()`, on 127.0.0.1 only, in daemon threads. Raises UsageError for a taken port.

    Subclasses answer in `reply`; `faults` are numbered from the moment they were set. A connection serves one request.
    """

    kinds: ClassVar[Mapping[str, Kind]] = TRANSPORT_KINDS
    day_kinds: ClassVar[Mapping[str, Kind]] = {}
    record: ClassVar[type[Request]] = Request
    base = "/"
    other_method: Reply | None = NO_SUCH_PAGE
    """The answer to what is no GET; None where `reply` takes it, too."""

    def __init__(
        self,
        *,
        now: Now | None = None,
        faults: Faults = NO_FAULTS,
        port: int = 0,
        log: Callable[[Any], None] | None = None,
    ) -> None:
        self.now = now or real_now
        self._log = log
        self._lock = Lock()
        self._requests: list[Request] = []
        self._faults = faults
        self._since_faults = 0
        self._closing = Event()
        try:
            listener = socket.create_server(("127.0.0.1", port), backlog=128)
        except (OSError, OverflowError) as error:
            raise UsageError(f"port {port} cannot be used ({error}): choose another, or 0 for a free one") from None
        with listener:
            self.port = int(listener.getsockname()[1])
            self._server = make_server(
                "127.0.0.1", self.port, self._serve, threaded=True, request_handler=_Handler, fd=listener.fileno()
            )
        self._thread = Thread(target=self._server.serve_forever, args=(0.05,), daemon=True, name="stand-in")
        self._thread.start()

    @abstractmethod
    def reply(self, request: Request, spoilt: Mapping[str, float]) -> Reply:
        """The answer to a request below `base`, or Refused; `spoilt`: the faults that hit it, with their amounts."""

    def beforehand(self, _request: Request) -> Reply | None:
        """An answer that stands before all faults."""
        return None

    def instead(self, kind: str, amount: float) -> Reply | None:
        """The answer that a fault puts in place of the true one; None where it puts none."""
        if kind == "429":
            return json_reply({"message": "Too Many Requests"}, 429, Retry_After=f"{amount:.0f}")
        return INSTEAD.get(kind)

    def outside(self, _request: Request) -> Reply:
        """The answer to what is not below `base`, which is not counted."""
        return NO_SUCH_PAGE

    @property
    def url(self) -> str:
        """Base of the API."""
        return f"http://127.0.0.1:{self.port}{self.base}".rstrip("/")

    @property
    def requests(self) -> list[Any]:
        """All requests to the API so far, oldest first (a copy)."""
        with self._lock:
            return list(self._requests)

    @property
    def faults(self) -> Faults:
        """The faults in force. Setting them starts the count of requests for `kind@n` anew."""
        return self._faults

    @faults.setter
    def faults(self, faults: Faults) -> None:
        with self._lock:
            self._faults = faults
            self._since_faults = 0

    def close(self) -> None:
        """Stop: no new connection, the open ones are closed. Safe to call twice."""
        if not self._closing.is_set():
            self._closing.set()
            self._server.shutdown()
            self._server.server_close()
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _answer(self, sent: HttpRequest) -> Reply:
        path = sent.environ["REQUEST_URI"].partition("?")[0]
        headers = {name.lower(): text for name, text in sent.headers}
        with self._lock:
            number = len(self._requests) + 1
            body, at = sent.get_data(), self.now().astimezone(UTC)
            request = self.record(number, sent.method, path, sent.args.to_dict(), headers, body, at)
            if not path.startswith(self.base):
                return self.outside(request)
            self._requests.append(request)
            self._since_faults += 1
            spoilt = self._faults.of_request(self._since_faults)
        reply = self.beforehand(request) or self._spoilt(request, spoilt)
        answered = replace(request, status=reply.status)
        with self._lock:
            self._requests[number - 1] = answered
        if self._log:
            self._log(answered)
        return reply

    def _spoilt(self, request: Request, spoilt: dict[str, float]) -> Reply:
        replaced = (self.instead(kind, amount) for kind, amount in spoilt.items())
        reply = next((reply for reply in replaced if reply), None)
        if reply is None and self.other_method and request.method != "GET":
            reply = EMPTY if request.method == "OPTIONS" else self.other_method
        try:
            reply = reply or self.reply(request, spoilt)
        except Refused as refused:
            reply = refused.reply
        return replace(reply, wait=spoilt.get("slow", 0), cut="cut" in spoilt)

    def _serve(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        reply = self._answer(HttpRequest(environ))
        if reply.reset:
            raise _Reset
        told = formatdate(self.now().timestamp(), usegmt=True)  # so that clients can tell the day
        headers = [("Server", "linky-standin"), ("Date", told), *reply.headers.items()]
        if reply.body or reply.status != HTTPStatus.NO_CONTENT:
            headers += [("Content-Type", reply.content_type), ("Content-Length", str(len(reply.body)))]
        start_response(f"{reply.status} {HTTPStatus(reply.status).phrase}", headers)
        return self._parts(reply) if environ["REQUEST_METHOD"] != "HEAD" else ()

    def _parts(self, reply: Reply) -> Iterator[bytes]:
        if reply.wait:
            yield b""  # the headers leave
            if self._closing.wait(reply.wait):
                raise ConnectionAbortedError
        yield reply.body[: len(reply.body) // 2] if reply.cut else reply.body


class OpenStandin(Standin):
    """The stand-in of an open source. served: what it has, generated by default.

    generated: makes it from a seed; read: takes it from a file, and tells `last`, the newest instant in it (ms).
    """

    generated: ClassVar[Callable[[int], Any]]
    read: ClassVar[Callable[[Path], Any]]
    zone: ClassVar[tzinfo] = UTC
    days_behind: ClassVar[int]
    """How many days after the last one of a file its clock stands."""

    def __init__(self, served: Any = None, **options: Unpack[Options]) -> None:
        self.served = served or type(self).generated(0)
        super().__init__(**options)

    @classmethod
    def of(cls, data: Path | None, seed: int, **options: Unpack[Options]) -> Self:
        """What a seed generates, or what a file has. Raises FileRefused."""
        if data is None:
            return cls(cls.generated(seed), **options)
        served = cls.read(data)
        last = datetime.fromtimestamp(served.last / 1000, cls.zone).date()
        now = options.get("now") or clock_set_to(last + timedelta(days=cls.days_behind))
        return cls(served, **options | {"now": now})


class _Reset(ConnectionError):
    """The answer is a TCP reset."""


class _Handler(WSGIRequestHandler):
    disable_nagle_algorithm = True

    def send_response(self, code: int, message: str | None = None) -> None:
        """Without Werkzeug's own Server and Date."""
        self.send_response_only(code, message)

    def connection_dropped(self, error: BaseException, _environ: WSGIEnvironment | None = None) -> None:
        self.close_connection = True
        if isinstance(error, _Reset):
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
            # Past the socket object: its own closing would end the connection in good order first.
            os.close(self.connection.detach())

    def log(self, type: str, message: str, *args: Any) -> None:
        """Requests are logged by the stand-in, without what its clients must keep to themselves."""
