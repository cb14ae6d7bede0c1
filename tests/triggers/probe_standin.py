"""The stand-in of the Admin API that also runs functions, in the harness, and deletes: what the probe needs of it.

By the API's description and by public clients of it: `POST debug/execute_function?run_as_system=true` with
`{name, arguments}` answers `{result, logs, error, stats}`; a function that throws is a 400.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from pymongo.database import Database

from sync.standin.replies import Reply, json_reply
from sync.standin.server import Request
from sync.triggers.run.harness import run_function
from tests.deploy.admin_standin import AdminStandin
from tests.deploy.admin_store import SINGULAR, ApiRefusal, StoredApp
from tests.triggers.trees import write_tree

EXECUTE = ["debug", "execute_function"]


class ProbedAtlas(AdminStandin):
    """A project with a triggers app. database: what the app's data source is linked to; reported: how it behaves."""

    def __init__(self, folder: Path, database: Database[Any], reported: Mapping[str, str], **options: Any) -> None:
        super().__init__(**options)
        self.folder, self.database, self.reported = folder, database, dict(reported)
        self.app = self.add_app()
        source = {"clusterName": "Cluster0", "readPreference": "primary"}
        self.store(self.app).create("services", {"name": "mongodb-atlas", "type": "mongodb-atlas", "config": source})

    def reply(self, request: Request, _spoilt: Mapping[str, float]) -> Reply:
        path = [unquote(word) for word in request.path.removeprefix(self.base).split("/")]
        if path[-2:] != EXECUTE:
            return super().reply(request, _spoilt)
        instead = self.before(request.method, "/".join(path)) if self.before else None
        if instead is not None:
            return instead
        # Not one by one, as it may ask this server itself.
        if request.headers.get("authorization", "").removeprefix("Bearer ") not in self._access:
            return json_reply({"error": "invalid session", "error_code": "InvalidSession"}, 401)
        assert request.given.get("run_as_system") == "true"
        return self._execute(json.loads(request.body))

    def _execute(self, asked: Mapping[str, Any]) -> Reply:
        sources = {entry["name"]: entry["source"] for entry in self.app.held["functions"].values()}
        values = {entry["name"]: entry["value"] for entry in self.app.held["values"].values()}
        services = [entry["name"] for entry in self.app.held["services"].values()]
        done = run_function(
            write_tree(self.folder, sources),
            asked["name"],
            database=self.database,
            values=values,
            secrets={},
            service=next(iter(services), ""),
            arguments=asked["arguments"],
            reported=self.reported,
        )
        if done.error is not None:
            return json_reply({"error": done.error, "error_code": "FunctionExecutionError"}, 400)
        return json_reply({"result": done.result, "logs": done.logs, "error": None, "stats": {"execution_time": "1s"}})

    def _entry(self, store: Any, method: str, kind: str, identity: str, body: bytes) -> Reply:
        if method != "DELETE":
            return super()._entry(store, method, kind, identity, body)
        if self.app.held[kind].pop(identity, None) is None:
            raise ApiRefusal(404, f"{SINGULAR[kind]} not found: '{identity}'")
        return Reply(204, b"")


def held(app: StoredApp) -> dict[str, set[str]]:
    """Kind → the names of what an app holds."""
    return {kind: {entry["name"] for entry in entries.values()} for kind, entries in app.held.items()}
