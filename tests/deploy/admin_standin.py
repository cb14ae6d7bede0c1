"""A stand-in for the App Services Admin API v3: a local server that logs in, lists, creates and replaces as it does.

    with AdminStandin() as atlas:
        account = AtlasAccount(atlas.public_key, atlas.private_key, atlas.project_id, url=atlas.url)

Written from the API's published description (atlas.md 2.4); nothing was recorded from a real project.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Mapping
from threading import Lock
from typing import Any
from urllib.parse import unquote

from sync.standin.replies import Reply, json_reply
from sync.standin.server import Request, Standin
from tests.deploy.admin_store import SINGULAR, ApiRefusal, AppStore, Entry, StoredApp, object_ids

LOGIN = ["auth", "providers", "mongodb-cloud", "login"]
NOT_AUTHORIZED = "failed to authenticate with MongoDB Cloud API: You are not authorized for this resource."
ENDED = ApiRefusal(401, "invalid session: access token expired", "InvalidSession")
NO_SESSION = ApiRefusal(401, "invalid session: failed to find refresh token", "InvalidSession")
NOT_ALLOWED = ApiRefusal(405, "method not allowed")
NO_CONTENT = Reply(204, b"")


class AdminStandin(Standin):
    """One project, one API key.

    before: called with method and path behind `base` ahead of each request; a Reply from it is the answer instead.
    """

    base = "/api/admin/v3.0/"
    other_method = None

    def __init__(self, *, before: Callable[[str, str], Reply | None] | None = None) -> None:
        self.public_key = "qwertyui"
        self.private_key = "6f1e9a52-private-key-of-a-stand-in-0001"
        self.project_id = "5f0000000000000000000abc"
        self.user_id = "5f0000000000000000000def"
        self.apps: dict[str, StoredApp] = {}
        self.before = before
        self._new_id = object_ids()
        self._access: set[str] = set()
        self._refresh: set[str] = set()
        self._one_by_one = Lock()
        super().__init__()

    @property
    def writes(self) -> list[Request]:
        """The requests that were to change something, logins aside."""
        login = f"{self.base}auth/"
        return [request for request in self.requests if request.method != "GET" and not request.path.startswith(login)]

    def end_access_tokens(self) -> None:
        """As after 30 minutes."""
        self._access.clear()

    def end_sessions(self) -> None:
        """As after a long time: refresh tokens end, too."""
        self._access.clear()
        self._refresh.clear()

    def add_app(self, name: str = "Triggers", product: str = "atlas", **meta: Any) -> StoredApp:
        """An app that is there already."""
        identity = self._new_id()
        client_app_id = f"{name.lower()}-{identity[-5:]}"
        app = StoredApp(
            {"location": "US-VA", "deployment_model": "GLOBAL", "environment": "", **meta}
            | {"_id": identity, "name": name, "client_app_id": client_app_id, "group_id": self.project_id}
            | {"product": product}
        )
        self.apps[identity] = app
        return app

    def store(self, app: StoredApp) -> AppStore:
        """Put things into an app without a request."""
        return AppStore(app, self._new_id)

    def reply(self, request: Request, _spoilt: Mapping[str, float]) -> Reply:
        """The reply to one request; all of them one after the other."""
        path = request.path.removeprefix(self.base)
        with self._one_by_one:
            instead = self.before(request.method, path) if self.before else None
            if instead is not None:
                return instead
            try:
                return self._reply(request, [unquote(word) for word in path.split("/")])
            except ApiRefusal as refusal:
                return json_reply(refusal.body, refusal.status)

    def _reply(self, request: Request, path: list[str]) -> Reply:
        method, body = request.method, request.body
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        if path == LOGIN and method == "POST":
            return self._log_in(_parsed(body))
        if path == ["auth", "session"] and method == "POST":
            if token not in self._refresh:
                raise NO_SESSION
            return json_reply({"access_token": self._issue(self._access)}, 201)
        if token not in self._access:
            raise ENDED
        match path:
            case ["groups", group, "apps", *rest]:
                if group != self.project_id:
                    raise ApiRefusal(404, "group could not be found", "GroupNotFound")
                product = request.given.get("product", "standard")
                return self._app(method, rest, body) if rest else self._apps(method, product, body)
        raise ApiRefusal(404, "not found")

    def _log_in(self, keys: Any) -> Reply:
        if keys != {"username": self.public_key, "apiKey": self.private_key}:
            raise ApiRefusal(401, NOT_AUTHORIZED)
        tokens = {"access_token": self._issue(self._access), "refresh_token": self._issue(self._refresh)}
        return json_reply({**tokens, "user_id": self.user_id, "device_id": "0" * 24})

    def _issue(self, tokens: set[str]) -> str:
        token = secrets.token_urlsafe(32)
        tokens.add(token)
        return token

    def _apps(self, method: str, product: str, body: bytes) -> Reply:
        if method == "GET":
            return json_reply([app.meta for app in self.apps.values() if app.meta["product"] == product])
        if method != "POST":
            raise NOT_ALLOWED
        wanted = _parsed(body)
        name = wanted.pop("name", "")
        if not name or any(app.meta["name"] == name for app in self.apps.values()):
            raise ApiRefusal(409, f"app name '{name}' is already in use", "AppDuplicateName")
        return json_reply(self.add_app(name, product, **wanted).meta, 201)

    def _app(self, method: str, path: list[str], body: bytes) -> Reply:
        app = self.apps.get(path[0])
        if app is None:
            raise ApiRefusal(404, f"app not found: '{path[0]}'", "AppNotFound")
        if path[1:] == ["drafts"] and method == "GET":
            return json_reply(app.drafts)
        store = self.store(app)
        match path[1:]:
            case [kind] if kind in SINGULAR:
                return self._collection(store, method, kind, body)
            case ["services", identity, "config"]:
                return self._source_config(store, method, identity, body)
            case [kind, identity] if kind in SINGULAR:
                return self._entry(store, method, kind, identity, body)
        raise ApiRefusal(404, "not found")

    def _collection(self, store: AppStore, method: str, kind: str, body: bytes) -> Reply:
        if method == "GET":
            return json_reply(store.listed(kind))
        if method == "POST":
            return json_reply(store.create(kind, _parsed(body)), 201)
        raise NOT_ALLOWED

    def _entry(self, store: AppStore, method: str, kind: str, identity: str, body: bytes) -> Reply:
        if method == "GET":
            return json_reply(store.read(kind, identity))
        if method == "PUT" and kind != "services":
            store.replace(kind, identity, _parsed(body))
            return NO_CONTENT
        raise NOT_ALLOWED

    def _source_config(self, store: AppStore, method: str, identity: str, body: bytes) -> Reply:
        if method == "GET":
            return json_reply(store.source_config(identity))
        if method == "PATCH":
            store.change_source_config(identity, _parsed(body))
            return NO_CONTENT
        raise NOT_ALLOWED


def _parsed(body: bytes) -> Entry:
    try:
        entry = json.loads(body)
    except ValueError:
        raise ApiRefusal(400, "error decoding request body", "MalformedJSON") from None
    if not isinstance(entry, dict):
        raise ApiRefusal(400, "expected a JSON object", "MalformedJSON")
    return entry
