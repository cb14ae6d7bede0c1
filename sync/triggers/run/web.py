"""HTTP of a function: one GET through `requests`, in the shape that `context.http.get` documents."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

import requests

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
        headers = {name: ", ".join(texts) for name, texts in request.headers.items()}
        try:
            answer = session.request(
                request.method, request.url, headers=headers, timeout=TIMEOUT, allow_redirects=False
            )
        except (requests.RequestException, ValueError) as error:
            host = urlsplit(request.url).hostname
            raise RequestFailed(f"no whole answer from {host} ({type(error).__name__})") from None
    return Reply(answer.status_code, answer.content, {name: [text] for name, text in answer.headers.items()})


def _no_netrc(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request
