"""The app that holds a project's triggers, through the Admin API: what is in it, and how it is changed.

Atlas keeps triggers in a hidden App Services app of product `atlas`; a project has none until its first trigger.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from ...model.errors import UsageError
from .account import AtlasAccount
from .admin_api import AdminApi, AdminApiError

Kind = Literal["services", "secrets", "values", "functions", "triggers"]
Entry = dict[str, Any]

PRODUCT = {"product": "atlas"}
TEMPLATE = "triggers"
NAME = "Triggers"  # what the Atlas console calls it when it makes one
READ_ONLY = ("last_modified", "last_used", "version")


class TriggersApp:
    """The app as it is; empty while it does not exist. Lists are read once, and kept up with what is added."""

    def __init__(self, api: AdminApi, account: AtlasAccount) -> None:
        self._api = api
        self._apps = ("groups", account.project_id, "apps")
        self._listed: dict[Kind, dict[str, Entry]] = {}
        self.entry = self._find(account.app)

    @property
    def label(self) -> str:
        """`Triggers (triggers-abcde)`."""
        return f"{self.entry['name']} ({self.entry.get('client_app_id', 'no App ID')})" if self.entry else NAME

    def create(self, meta: Mapping[str, Any], source: Entry) -> None:
        """Make the app as the console does, with its link to the cluster. meta: provider_region, deployment_model."""
        body = {"name": NAME, "template_id": TEMPLATE, "data_source": source, **meta}
        created = self._api.request("POST", *self._apps, body=body, query=PRODUCT)
        (self.entry,) = _entries([created], "apps")
        self._listed.clear()
        if source["name"] not in self.entries("services"):
            self.add("services", source)

    def delete(self) -> None:
        """Remove the whole app."""
        self._api.request("DELETE", *self._apps, self._own_id)
        self.entry = None

    def entries(self, kind: Kind) -> dict[str, Entry]:
        """Name → what the list tells of it (`_id`, `name`, little more)."""
        if kind not in self._listed:
            listed = _entries(self._request("GET", kind), kind) if self.entry else []
            self._listed[kind] = {entry["name"]: entry for entry in listed}
        return self._listed[kind]

    def whole(self, kind: Kind, name: str) -> Entry:
        """All of one entry that the list has, without what the server alone sets."""
        (entry,) = _entries([self._request("GET", kind, self.id_of(kind, name))], kind)
        return {key: part for key, part in entry.items() if key not in READ_ONLY}

    def id_of(self, kind: Kind, name: str) -> str:
        """The `_id` of an entry."""
        if "_id" not in self.entries(kind).get(name, {}):
            del self._listed[kind]
        return str(self.entries(kind)[name]["_id"])

    def add(self, kind: Kind, body: Entry) -> None:
        """Create an entry."""
        created = self._request("POST", kind, body=body)
        identity = {"_id": created["_id"]} if isinstance(created, dict) and "_id" in created else {}
        self.entries(kind)[body["name"]] = {"name": body["name"], **identity}

    def replace(self, kind: Kind, name: str, body: Entry) -> None:
        """Replace an entry."""
        self._request("PUT", kind, self.id_of(kind, name), body=body)

    def remove(self, kind: Kind, name: str) -> None:
        """Remove an entry."""
        self._request("DELETE", kind, self.id_of(kind, name))
        self.entries(kind).pop(name)

    def config_of(self, name: str) -> Entry:
        """The configuration of a data source."""
        return dict(self._request("GET", "services", self.id_of("services", name), "config"))

    def set_config(self, name: str, config: Entry) -> None:
        """Replace it."""
        self._request("PATCH", "services", self.id_of("services", name), "config", body=config)

    def refuse_open_draft(self) -> None:
        """Raises UsageError when changes of this key would only be collected in a draft, and never take effect."""
        try:
            drafts = self._request("GET", "drafts") or []
        except AdminApiError as error:
            if error.status == 404:  # an app without drafts
                return
            raise
        listed = drafts if isinstance(drafts, list) else [drafts]
        if any(draft.get("user_id", self._api.user_id) == self._api.user_id for draft in listed):
            raise UsageError(
                f"{self.label} has an open draft of this API key, which would swallow every change: deploy it or "
                "discard it first (Atlas → Triggers → Linked App Service → Deployment)"
            )

    def _find(self, wanted: str) -> Entry | None:
        apps = _entries(self._api.request("GET", *self._apps, query=PRODUCT), "apps")
        if wanted:
            apps = [app for app in apps if wanted in (app.get("client_app_id"), app.get("name"))]
            if not apps:
                raise UsageError(f"the project has no triggers app {wanted!r}: correct ATLAS_APP, or leave it empty")
        if len(apps) > 1:
            listed = ", ".join(str(app.get("client_app_id")) for app in apps)
            raise UsageError(f"the project has several triggers apps: set ATLAS_APP to one of {listed}")
        return dict(apps[0]) if apps else None

    def _request(self, method: str, *path: str, body: Entry | None = None) -> Any:
        return self._api.request(method, *self._apps, self._own_id, *path, body=body)

    @property
    def _own_id(self) -> str:
        if self.entry is None:
            raise LookupError("the app does not exist yet")
        return str(self.entry["_id"])


def _entries(listed: Any, kind: str) -> list[Entry]:
    """A list of things with names. Raises AdminApiError for anything else."""
    listed = listed or []
    if not isinstance(listed, list) or not all(isinstance(entry, dict) and "name" in entry for entry in listed):
        raise AdminApiError(f"Atlas answered about {kind} in a form that is not known: is ATLAS_ADMIN_URL right?")
    return listed
