"""A stand-in for the App Services Admin API v3: a local server that logs in, lists, creates and replaces as it does.

    with AdminStandin() as atlas:
        account = AtlasAccount(atlas.public_key, atlas.private_key, atlas.project_id, url=atlas.url)

Written from the API's published description (atlas.md 2.4) and from what public scripts send to it: an app made with
its template and data source, removals answered 204 without a body, clusters listed by another API whose login is HTTP
digest. Nothing was recorded from a real project.
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from collections.abc import Callable, Mapping
from threading import Lock
from typing import Any
from urllib.parse import unquote

from sync.standin.replies import Reply, json_reply
from sync.standin.server import Request, Standin
from tests.deploy.admin_store import SINGULAR, ApiRefusal, AppStore, Entry, StoredApp, object_ids

CLOUD = "/api/admin/v3.0/cloud/"
ACCEPTED = re.compile(r"application/vnd\.atlas\.20\d\d-\d\d-\d\d\+json")
LOGIN = ["auth", "providers", "mongodb-cloud", "login"]
NOT_AUTHORIZED = "failed to authenticate with MongoDB Cloud API: You are not authorized for this resource."
ENDED = ApiRefusal(401, "invalid session: access token expired", "InvalidSession")
NO_SESSION = ApiRefusal(401, "invalid session: failed to find refresh token", "InvalidSession")
NOT_ALLOWED = ApiRefusal(405, "method not allowed")
NO_CONTENT = Reply(204, b"")


class AdminStandin(Standin):
    """One project, one API key.

    clusters: their names, by the list that has them; None = this key may not read it.
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
        self.clusters: dict[str, list[str] | None] = {"clusters": ["Cluster0"], "flexClusters": []}
        self.before = before
        self._new_id = object_ids()
        self._access: set[str] = set()
        self._refresh: set[str] = set()
        self._one_by_one = Lock()
        super().__init__()

    @property
    def cloud_url(self) -> str:
        """The base of the API that lists clusters: another one, which is behind the same server here."""
        return f"http://127.0.0.1:{self.port}{CLOUD[:-1]}"

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
        if request.path.startswith(CLOUD):
            return self._cluster_list(request, request.path.removeprefix(CLOUD).split("/"))
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

    def _cluster_list(self, request: Request, path: list[str]) -> Reply:
        challenge = {"WWW_Authenticate": 'Digest realm="MMS Public API", nonce="n1", qop="auth", algorithm=MD5'}
        if not self._is_digest(request):
            return json_reply({"error": 401, "detail": "You are not authorized for this resource."}, 401, **challenge)
        if not ACCEPTED.fullmatch(request.headers.get("accept", "")):
            return json_reply({"error": 406, "detail": "No version of the API is asked for."}, 406)
        names = self.clusters.get(path[-1]) if path[:2] == ["groups", self.project_id] else None
        if names is None:
            return json_reply({"error": 403, "errorCode": "USER_UNAUTHORIZED"}, 403)
        return json_reply({"results": [{"name": name, "clusterType": "REPLICASET"} for name in names]})

    def _is_digest(self, request: Request) -> bool:
        given = dict(re.findall(r'(\w+)="?([^",]+)', request.headers.get("authorization", "")))

        def md5(*parts: str) -> str:
            return hashlib.md5(":".join(parts).encode(), usedforsecurity=False).hexdigest()

        own = md5(self.public_key, "MMS Public API", self.private_key)
        asked = md5(request.method, given.get("uri", ""))
        rest = (given.get("nonce", ""), given.get("nc", ""), given.get("cnonce", ""), given.get("qop", ""))
        return given.get("response") == md5(own, *rest, asked)

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
        name, template = wanted.pop("name", ""), wanted.pop("template_id", None)
        source = wanted.pop("data_source", None)
        if template not in (None, "triggers"):
            raise ApiRefusal(404, f"template not found: '{template}'", "TemplateNotFound")
        if not name or any(app.meta["name"] == name for app in self.apps.values()):
            raise ApiRefusal(409, f"app name '{name}' is already in use", "AppDuplicateName")
        app = self.add_app(name, product, **wanted)
        if source:
            self.store(app).create("services", source)
        return json_reply(app.meta, 201)

    def _app(self, method: str, path: list[str], body: bytes) -> Reply:
        app = self.apps.get(path[0])
        if app is None:
            raise ApiRefusal(404, f"app not found: '{path[0]}'", "AppNotFound")
        if path[1:] == ["drafts"] and method == "GET":
            return json_reply(app.drafts)
        store = self.store(app)
        if path[1:] == [] and method == "DELETE":
            del self.apps[path[0]]
            return NO_CONTENT
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
        if method == "DELETE":
            store.remove(kind, identity)
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
