"""What the stand-ins of open APIs share: a server on loopback, the requests as they came, faults by their number."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import Message
from threading import Lock, Thread
from types import TracebackType
from typing import ClassVar, Self
from urllib.parse import parse_qsl

from ..model.errors import UsageError
from .days import Now, real_now
from .faults import NO_FAULTS, Faults, Kind
from .replies import EMPTY, NO_SUCH_PAGE, Reply, hindered
from .server import Server

PAGE = Reply(200, b"<!DOCTYPE html><title>Maintenance</title><p>Back soon\n", "text/html; charset=UTF-8")

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


@dataclass(frozen=True, slots=True)
class Request:
    """A request as it came. given: the parameters, the first of a repeated one; headers: names in small letters."""

    number: int
    method: str
    path: str
    given: Mapping[str, str]
    headers: Mapping[str, str]
    at: datetime
    status: int = 0


class OpenStandin(ABC):
    """Runs from construction until `close()`, on 127.0.0.1 only, in daemon threads. Raises UsageError for a taken port.

    now: aware UTC clock. Subclasses answer in `reply`; `faults` are numbered from the moment they were set.
    """

    kinds: ClassVar[Mapping[str, Kind]] = TRANSPORT_KINDS
    day_kinds: ClassVar[Mapping[str, Kind]] = {}
    base = "/"

    def __init__(
        self,
        *,
        now: Now | None = None,
        faults: Faults = NO_FAULTS,
        port: int = 0,
        log: Callable[[Request], None] | None = None,
    ) -> None:
        self.now = now or real_now
        self._log = log
        self._lock = Lock()
        self._requests: list[Request] = []
        self._faults = faults
        self._since_faults = 0
        try:
            self._server = _OpenServer(port, self._answer, self.now)
        except (OSError, OverflowError) as error:
            raise UsageError(f"port {port} cannot be used ({error}): choose another, or 0 for a free one") from None
        self._thread = Thread(target=self._server.serve_forever, args=(0.05,), daemon=True, name="open stand-in")
        self._thread.start()

    @abstractmethod
    def reply(self, request: Request, spoilt: Mapping[str, float]) -> Reply:
        """The answer to a GET below `base`; `spoilt`: the faults that hit this request, with their amounts."""

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        """Base of the API."""
        return f"http://127.0.0.1:{self.port}{self.base}".rstrip("/")

    @property
    def requests(self) -> list[Request]:
        """All requests so far, oldest first (a copy)."""
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
        self._server.stop()
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _answer(self, method: str, target: str, headers: Message) -> Reply:
        path, _, parameters = target.partition("?")
        given = dict(reversed(parse_qsl(parameters, keep_blank_values=True)))
        with self._lock:
            self._since_faults += 1
            spoilt = self._faults.of_request(self._since_faults)
            number = len(self._requests) + 1
            small = {name.lower(): text for name, text in headers.items()}
            request = Request(number, method, path, given, small, self.now().astimezone(UTC))
            self._requests.append(request)
        reply = hindered(self._reply(request, spoilt), spoilt)
        answered = Request(number, method, path, given, small, request.at, reply.status)
        with self._lock:
            self._requests[number - 1] = answered
        if self._log:
            self._log(answered)
        return reply

    def _reply(self, request: Request, spoilt: dict[str, float]) -> Reply:
        for kind, amount in spoilt.items():
            if kind in _INSTEAD:
                return _INSTEAD[kind](amount)
        if request.method == "OPTIONS":
            return EMPTY
        if request.method != "GET" or not request.path.startswith(self.base):
            return NO_SUCH_PAGE
        return self.reply(request, spoilt)


class _OpenServer(Server):
    """Hands the headers over, too."""

    def __init__(self, port: int, reply: Callable[[str, str, Message], Reply], now: Now) -> None:
        self._reply = reply
        super().__init__(port, lambda *_: NO_SUCH_PAGE, now)

    def reply(self, method: str, target: str, headers: Message) -> Reply:
        return self._reply(method, target, headers)


_INSTEAD: Mapping[str, Callable[[float], Reply]] = {
    "429": lambda seconds: Reply(429, b'{"message":"Too Many Requests"}', headers={"Retry-After": f"{seconds:.0f}"}),
    "500": lambda _: Reply(500, b'{"message":"Internal Server Error"}'),
    "403": lambda _: Reply(403, b'{"message":"Forbidden"}'),
    "page": lambda _: PAGE,
    "notjson": lambda _: Reply(200, b"upstream connect error or disconnect/reset before headers"),
    "reset": lambda _: Reply(0, b"", reset=True),
}
