"""`trigger probe`: one function into the project's triggers app, run through the Admin API, and out again.

Documented of the API: functions and Values are created, replaced and deleted by id; `POST debug/execute_function` with
`run_as_system=true` takes `{name, arguments}` and answers `{result, logs, error, stats}`. Assumed: that a failed run
is an `error` in a 200 or a 4xx; that `result` is the returned text, plain or once more as JSON; that `logs` are
texts. Nothing else is needed: what the function finds comes as one text.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from typing import Any

from pymongo.database import Database

from ...model.errors import UsageError
from ...model.signals import kept
from ...store.connection import server_version
from ...store.schema import TIMESERIES, Document
from ..check.models import SOURCE_TYPE
from ..deploy.account import AtlasAccount
from ..deploy.admin_api import AdminApi, AdminApiError
from ..deploy.triggers_app import TriggersApp
from ..facts import BY_NAME, FACTS, Fact
from .report import Findings
from .source import LINES, MARK, NAME, source_of

EMPTY_VALUE = "linkyProbeEmpty"
RECORD, MIRROR = "sync_probe", "sync_probeTS"
"""The scratch collections, of the user's database."""
FLAGS = {"private": True, "run_as_system": True, "disable_arg_logs": True}
LOG = BY_NAME["log_lines"]
SEEN = Fact(
    "seen",
    "whether the scratch collection is the one made over MONGODB_URI",
    "",
    (),
    "",
    'const found = await record.findOne({_id: "seen"});\n  return found ? found.word : "";',
)
NOT_THIS_CLUSTER = "MONGODB_URI leads to another cluster or database than the app's data source"
NO_URI = "MONGODB_URI is not set: the scratch collections cannot be made in the cluster"


@dataclass(slots=True)
class Probe:
    """One look at a platform. database: of the cluster that the app is linked to; None where MONGODB_URI is not set."""

    api: AdminApi
    account: AtlasAccount
    database: Database[Document] | None
    _path: tuple[str, ...] = ()

    def run(self) -> Findings:
        """Everything that can be tried. Leaves nothing behind, however it ends. Raises UsageError, AdminApiError."""
        app = TriggersApp(self.api, self.account)
        if app.entry is None:
            raise UsageError("the project has no triggers app yet: python -m sync trigger deploy makes it")
        self._path = ("groups", self.account.project_id, "apps", str(app.entry["_id"]))
        service = _service_of(app, self.account.cluster)
        app.refuse_open_draft()
        owned = [self.account.project_id, self.account.cluster, service, str(app.entry.get("client_app_id", ""))]
        name = self.database.name if self.database is not None else ""
        found = Findings((*owned, str(app.entry["_id"]), name))
        self._remove(app)
        with ExitStack() as stack:
            stack.callback(self._tidy)
            given = self._scratch(stack, found, service)
            self._try_together(found, given)
            for fact in FACTS:
                if fact.alone:
                    self._try_alone(found, fact, given)
        return found

    # --- trying ----------------------------------------------------------------------------------------------------

    def _scratch(self, stack: ExitStack, found: Findings, service: str) -> Document:
        """Make what the facts need; what cannot be made is noted. Returns the function's argument."""
        given: Document = {"url": f"{self.account.url}/groups", "lines": LINES, "empty": EMPTY_VALUE}
        try:
            self._request("POST", "values", body={"name": EMPTY_VALUE, "private": True, "value": ""})
        except AdminApiError as error:
            if error.status >= 500 or not error.status:
                raise
            found.outcomes["empty_value"] = "refused"
        if self.database is None or not service:
            why = NO_URI if service else "the app is linked to no cluster"
            found.miss([fact for fact in FACTS if fact.needs in ("database", "mirror")], why)
            return given
        stack.enter_context(_collections(self.database))
        found.server = ".".join(map(str, server_version(self.database)))
        return given | {"service": service, "database": self.database.name, "record": RECORD, "mirror": MIRROR}

    def _try_together(self, found: Findings, given: Document) -> None:
        facts = [fact for fact in FACTS if fact.body and not fact.alone]
        if "service" in given and (why := self._unseen(given)):
            found.miss([fact for fact in facts if fact.needs in ("database", "mirror")], why)
        settled = found.outcomes.keys() | found.untried.keys()
        self._save(source_of([fact for fact in facts if fact.name not in settled]))
        answer, logs = self._execute(given)
        found.take(answer)
        lines = [line for line in logs if line.startswith("line ")]
        edges = {("line 1", 25): "the first 25", (f"line {LINES - 24}", 25): "the last 25", ("line 1", LINES): "all"}
        if lines:
            found.outcomes[LOG.name] = edges.get((lines[0], len(lines)), f"{len(lines)} of them")
        else:
            found.miss([LOG], "the answer of the Admin API holds no log")

    def _unseen(self, given: Document) -> str:
        """Why the function does not read what was written over MONGODB_URI, a word that nobody else knows; empty if it
        does."""
        if self.database is None:
            return NO_URI
        word = secrets.token_hex(8)
        self.database[RECORD].insert_one({"_id": "seen", "word": word})
        self._save(source_of([SEEN]))
        told = self._execute({**given, "lines": 0})[0].get(SEEN.name, {})
        if told.get("outcome") == word:
            return ""
        return str(told.get("trouble") or NOT_THIS_CLUSTER)

    def _try_alone(self, found: Findings, fact: Fact, given: Document) -> None:
        """A source that may be refused when it is saved, or when it runs: either is the answer."""
        try:
            self._save(source_of([fact]))
            answer, _ = self._execute({**given, "lines": 0})
            found.take(answer)
        except AdminApiError as error:
            if not 400 <= error.status < 500:
                raise
            found.outcomes[fact.name] = "refused"

    # --- the platform ----------------------------------------------------------------------------------------------

    def _execute(self, given: Document) -> tuple[Any, list[str]]:
        """What the function tells, and its log. Raises AdminApiError when there is no such text."""
        body = {"name": NAME, "arguments": [given]}
        answer = self._request("POST", "debug", "execute_function", body=body, query={"run_as_system": "true"})
        answer = answer if isinstance(answer, dict) else {}
        told = answer.get("result")
        for _time in range(2):  # the platform may hand out a text as JSON of it
            with suppress(ValueError):
                told = json.loads(told) if isinstance(told, str) else told
        if not isinstance(told, dict):
            words = str(answer.get("error") or "no result")
            raise AdminApiError(f"{NAME} could not be run: {words[:200]}", 422)
        return told, [str(line) for line in answer.get("logs") or ()]

    def _save(self, source: str) -> None:
        """The function with this source, new or in place of the one there."""
        there = self._listed("functions").get(NAME)
        body = {"name": NAME, **FLAGS, "source": source} | ({"_id": there} if there else {})
        self._request("PUT" if there else "POST", "functions", *filter(None, [there]), body=body)

    def _remove(self, app: TriggersApp | None) -> None:
        """What this run or an earlier one left. app: refuse to touch a function of that name that is not ours."""
        there = self._listed("functions").get(NAME)
        if app and there and MARK not in str(app.whole("functions", NAME).get("source")):
            raise UsageError(f"the app holds a function {NAME} that is not ours: rename it, then run again")
        if there:
            self._request("DELETE", "functions", there)
        if value := self._listed("values").get(EMPTY_VALUE):
            self._request("DELETE", "values", value)

    def _tidy(self) -> None:
        with kept():  # a second Ctrl-C waits for it
            self._remove(None)

    def _listed(self, kind: str) -> dict[str, str]:
        """Name → id."""
        return {entry["name"]: str(entry["_id"]) for entry in self._request("GET", kind) or ()}

    def _request(self, method: str, *path: str, body: Any = None, query: dict[str, str] | None = None) -> Any:
        return self.api.request(method, *self._path, *path, body=body, query=query)


def _service_of(app: TriggersApp, cluster: str) -> str:
    """The data source that the functions use; empty where there is none. Raises UsageError for one of several."""
    services = [name for name, entry in app.entries("services").items() if entry.get("type") == SOURCE_TYPE]
    if len(services) > 1:
        clusters = {name: str(app.config_of(name).get("clusterName")) for name in services}
        services = [name for name in services if clusters[name] == cluster]
        if len(services) != 1:
            listed = ", ".join(sorted(set(clusters.values())))
            raise UsageError(f"the app has several data sources: set ATLAS_CLUSTER to the cluster of one: {listed}")
    return services[0] if services else ""


@contextmanager
def _collections(database: Database[Document]) -> Iterator[None]:
    """The scratch collections, new, and gone at the end."""

    def drop() -> None:
        for name in (RECORD, MIRROR):
            database.drop_collection(name)

    drop()
    try:
        database.create_collection(RECORD)
        database.create_collection(MIRROR, timeseries=TIMESERIES)
        yield
    finally:
        with kept():
            drop()
