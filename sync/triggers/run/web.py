"""HTTP of a function: one GET through `requests`, in the shape that `context.http.get` documents."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import requests
from urllib3.exceptions import HTTPError

from ...http.body import ACCEPTED, TooMuch, whole_body
from ...http.budget import is_loopback

TIMEOUT = (10, 60)  # s to connect, s between bytes; the platform documents none


@dataclass(frozen=True, slots=True)
class Request:
    """What a function asks for; every header is a list of texts."""

    method: str
    url: str
    headers: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def shown_url(self) -> str:
        """The address without its query, which holds the PRM."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back. `seconds`: how long it takes on the execution's own clock, for an answer that is made up."""

    status: int
    body: bytes = b""
    headers: Mapping[str, Sequence[str]] = field(default_factory=dict)
    seconds: float = 0.0

    def as_answer(self) -> dict[str, Any]:
        """The fields of the answer that the runtime turns into `{status, statusCode, headers, body, …}`."""
        try:
            phrase = HTTPStatus(self.status).phrase
        except ValueError:
            phrase = ""
        return {
            "status": f"{self.status} {phrase}".strip(),
            "statusCode": self.status,
            "contentLength": len(self.body),
            "headers": {name: list(texts) for name, texts in self.headers.items()},
            "body": base64.b64encode(self.body).decode("ascii"),
        }


class NoReply(Exception):
    """A request that stays open for good: the function sees neither an answer nor an error."""


class RequestFailed(Exception):
    """No answer: the promise of the function is rejected with this text."""


Http = Callable[[Request], Reply]


def send(request: Request) -> Reply:
    """One real request. Raises RequestFailed when there is no whole answer; its text holds no query."""
    with requests.Session() as session:
        session.trust_env = not is_loopback(request.url)  # no proxy stands between us and a server of this machine
        session.auth = _no_netrc
        session.headers["Accept-Encoding"] = ACCEPTED
        headers = {name: ", ".join(texts) for name, texts in request.headers.items()}
        host, began = urlsplit(request.url).hostname, time.monotonic()
        try:
            with session.request(
                request.method, request.url, headers=headers, timeout=TIMEOUT, allow_redirects=False, stream=True
            ) as answer:
                body = whole_body(answer, lambda: time.monotonic() - began)
        except (requests.RequestException, HTTPError, ValueError) as error:
            raise RequestFailed(f"no whole answer from {host} ({type(error).__name__})") from None
        except TooMuch as much:
            raise RequestFailed(f"no whole answer: {host} {much}") from None
    return Reply(answer.status_code, bytes(body), {name: [text] for name, text in answer.headers.items()})


def _no_netrc(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request
