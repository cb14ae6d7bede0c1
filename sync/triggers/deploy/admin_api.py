"""A client of the App Services Admin API v3: login by API key, errors in words.

Reference: https://www.mongodb.com/docs/api/doc/atlas-app-services-admin-api-v3/ (access tokens last 30 minutes).
No message holds a key, a token or a request's body. Nothing is repeated by itself but what an ended token refused:
the one caller can be run again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import AbstractContextManager
from typing import Any, NoReturn
from urllib.parse import quote, urlsplit

import requests

from ... import VERSION
from ...http.budget import is_loopback
from ...model.errors import SyncError
from ...model.privacy import scrub
from .account import AtlasAccount

TIMEOUT = (10, 60)  # s to connect, s between bytes
LONGEST_TEXT = 300
ENDED = "InvalidSession"

REMEDIES = {
    401: "the API key is not let in: check that it belongs to this project and that its access list has your address",
    403: "the API key may not do this: give it the role Project Owner in the project",
    404: "it is not there, or the API key may not see it: check ATLAS_PROJECT_ID and the key's project, run again",
    409: "somebody else changes this app at the same time: run again",
    429: "too many requests: wait a minute and run again",
}


class AdminApiError(SyncError):
    """The API refused or did not answer. `status` is the HTTP status (0: no answer), `code` Atlas's own name of it."""

    def __init__(self, message: str, status: int = 0, code: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.code = code


class AdminApi(AbstractContextManager["AdminApi"]):
    """Requests under the base address, logged in at the first of them. `path` is quoted parts: ("groups", id, "apps").

    Every call raises AdminApiError for anything but a 2xx. `user_id` is who the key is, once logged in.
    """

    def __init__(self, account: AtlasAccount) -> None:
        self.user_id = ""
        self._account = account
        self._host = urlsplit(account.url).netloc
        self._access = ""
        self._hidden = [account.private_key, account.public_key]
        self._session = requests.Session()
        self._session.headers.update({"User-Agent": f"linky-atlas/{VERSION}", "Accept": "application/json"})
        self._session.auth = lambda request: request  # else an entry of ~/.netrc would replace the token
        self._session.trust_env = not is_loopback(account.url)

    def hide(self, secret: str) -> None:
        """Keep a text that is going to be sent out of every message, even where the server repeats it."""
        self._hidden.append(secret)

    def __exit__(self, *_error: object) -> None:
        self._session.close()

    def request(self, method: str, *path: str, body: Any = None, query: Mapping[str, str] | None = None) -> Any:
        """What is answered, as JSON; None for nothing. A token that has ended is renewed by another login."""
        if not self._access:
            self._log_in()
        answer = self._send(method, path, body, query)
        if answer.status_code == 401 and _error(answer)[1] == ENDED:
            self._log_in()
            answer = self._send(method, path, body, query)
        return self._accepted(answer, method, path)

    def _log_in(self) -> None:
        keys = {"username": self._account.public_key, "apiKey": self._account.private_key}
        self._access = ""
        answer = self._send("POST", ("auth", "providers", "mongodb-cloud", "login"), keys)
        if answer.status_code in (400, 401, 403):
            text, code = _error(answer)
            raise AdminApiError(
                f"Atlas does not accept the API key ({self._clean(text)}): check ATLAS_PUBLIC_KEY and "
                "ATLAS_PRIVATE_KEY, and that the key's access list has the address of this machine",
                answer.status_code,
                code,
            )
        tokens = self._accepted(answer, "POST", ("login",))
        if not isinstance(tokens, dict) or not isinstance(tokens.get("access_token"), str):
            raise AdminApiError(f"{self._host} answered the login without a token: is ATLAS_ADMIN_URL right?")
        self._access = tokens["access_token"]
        self._hidden += [self._access, str(tokens.get("refresh_token", ""))]
        self.user_id = str(tokens.get("user_id", ""))

    def _send(
        self, method: str, path: tuple[str, ...], body: Any, query: Mapping[str, str] | None = None
    ) -> requests.Response:
        address = "/".join([self._account.url, *(quote(part, safe="") for part in path)])
        headers = {"Authorization": f"Bearer {self._access}"} if self._access else {}
        try:
            return self._session.request(
                method, address, params=query, json=body, headers=headers, timeout=TIMEOUT, allow_redirects=False
            )
        except requests.RequestException as error:
            # Its text holds the address; only the kind is told.
            raise AdminApiError(
                f"no answer from {self._host} ({type(error).__name__}): check the network, run again"
            ) from None

    def _accepted(self, answer: requests.Response, method: str, path: tuple[str, ...]) -> Any:
        """The JSON of a good answer; None for an empty one."""
        if not 200 <= answer.status_code < 300:
            self._refuse(answer, method, path)
        if not answer.content.strip():
            return None
        try:
            return answer.json()
        except ValueError:
            raise AdminApiError(
                f"{self._host} answered with something other than JSON: is ATLAS_ADMIN_URL right?", answer.status_code
            ) from None

    def _refuse(self, answer: requests.Response, method: str, path: tuple[str, ...]) -> NoReturn:
        text, code = _error(answer)
        status = answer.status_code
        if status >= 500:
            remedy = "Atlas has trouble of its own: run again later"
        elif 300 <= status < 400:
            remedy = "it points elsewhere: is ATLAS_ADMIN_URL right?"
        else:
            remedy = REMEDIES.get(status, "correct what it names, run again")
        request = f"{method} …/{'/'.join(path[-2:])}"
        known_as = f"HTTP {status}" + (f" {code}" if code else "")
        raise AdminApiError(f"Atlas refused {request} ({known_as}: {self._clean(text)}): {remedy}", status, code)

    def _clean(self, text: str) -> str:
        """A server's text without keys and tokens, on one line, not too long."""
        for secret in filter(None, self._hidden):
            text = text.replace(secret, "<secret>")
        text = " ".join(scrub(text).split())
        return text if len(text) <= LONGEST_TEXT else text[:LONGEST_TEXT] + "…"


def _error(answer: requests.Response) -> tuple[str, str]:
    """The text and the name of an error: `{"error": …, "error_code": …}`; else what there is."""
    try:
        body = json.loads(answer.text)
    except ValueError:
        return answer.text.strip() or answer.reason or "no words", ""
    if isinstance(body, dict) and body.get("error"):
        code = body.get("error_code")
        return str(body["error"]), str(code) if isinstance(code, str) and code.isalnum() else ""
    return answer.reason or "no words", ""
