"""What a stand-in of the App Services Admin API holds, and its rules for what may be put into it.

Shapes and rules are those of the API's published description; error codes are the platform's public ones. Where the
description is silent on a status, it is the one that HTTP has for it.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Any

from sync.triggers.check.sources import syntax_errors

Entry = dict[str, Any]

SUMMARIES = {
    "services": ("_id", "name", "type", "version"),
    "secrets": ("_id", "name"),
    "values": ("_id", "name", "private", "from_secret"),
    "functions": ("_id", "name", "last_modified"),
}
"""What a list tells of each entry; triggers are listed whole."""
SINGULAR = {kind: kind.removesuffix("s") for kind in (*SUMMARIES, "triggers")}
READ_PREFERENCES = ("primary", "primaryPreferred", "secondary", "secondaryPreferred", "nearest")
CRON_PART = re.compile(r"(\*(/\d+)?|[0-9A-Za-z]+(-[0-9A-Za-z]+)?(,[0-9A-Za-z]+(-[0-9A-Za-z]+)?)*)")


class ApiRefusal(Exception):
    """An answer that is an error: status, text, and Atlas's own name of it."""

    def __init__(self, status: int, text: str, code: str = "") -> None:
        super().__init__(text)
        self.status = status
        self.body = {"error": text, "error_code": code} if code else {"error": text}


@dataclass
class StoredApp:
    """One app. `held`: kind → `_id` → entry, whole. `drafts`: as the API lists them."""

    meta: Entry
    held: dict[str, dict[str, Entry]] = field(default_factory=lambda: {kind: {} for kind in SINGULAR})
    drafts: list[Entry] = field(default_factory=list)

    def named(self, kind: str, name: str) -> Entry:
        """The entry of that name. Raises KeyError."""
        return {entry["name"]: entry for entry in self.held[kind].values()}[name]


class AppStore:
    """Creates, lists and replaces the entries of one app, with the platform's checks. Raises ApiRefusal."""

    def __init__(self, app: StoredApp, new_id: Callable[[], str]) -> None:
        self.app = app
        self._new_id = new_id

    def listed(self, kind: str) -> list[Entry]:
        """What GET on the collection answers."""
        wanted = SUMMARIES.get(kind)
        entries = self.app.held[kind].values()
        return [{key: entry[key] for key in wanted or entry if key in entry} for entry in entries]

    def read(self, kind: str, identity: str) -> Entry:
        """One entry; a secret cannot be read."""
        if kind == "secrets":
            raise ApiRefusal(405, "method not allowed")
        entry = self.app.held[kind].get(identity)
        if entry is None:
            what = SINGULAR[kind]
            raise ApiRefusal(404, f"{what} not found: '{identity}'", f"{what.capitalize()}NotFound")
        return entry

    def create(self, kind: str, body: Entry) -> Entry:
        """A new entry."""
        entry = self._checked(kind, body, None)
        entry["_id"] = self._new_id()
        self.app.held[kind][entry["_id"]] = entry
        return {"_id": entry["_id"], "name": entry["name"]}

    def replace(self, kind: str, identity: str, body: Entry) -> None:
        """The entry as the body says and nothing else: a field that is left out is gone."""
        if identity not in self.app.held[kind]:
            what = SINGULAR[kind]
            raise ApiRefusal(404, f"{what} not found: '{identity}'", f"{what.capitalize()}NotFound")
        entry = self._checked(kind, body, identity)
        if kind == "secrets" and entry["value"] == "":
            entry["value"] = self.app.held[kind][identity]["value"]
        self.app.held[kind][identity] = {**entry, "_id": identity}

    def remove(self, kind: str, identity: str) -> None:
        """Remove an entry; what another entry needs is not removed before that."""
        entry = self.app.held[kind].get(identity)
        if entry is None:
            what = SINGULAR[kind]
            raise ApiRefusal(404, f"{what} not found: '{identity}'", f"{what.capitalize()}NotFound")
        triggers = [each["name"] for each in self.app.held["triggers"].values() if each.get("function_id") == identity]
        linked = [
            each["name"]
            for each in self.app.held["values"].values()
            if kind == "secrets" and each.get("from_secret") and each["value"] == entry["name"]
        ]
        if triggers or linked:
            raise ApiRefusal(400, f"{SINGULAR[kind]} is used by {', '.join(triggers + linked)}", "InvalidParameter")
        del self.app.held[kind][identity]

    def source_config(self, identity: str) -> Entry:
        """The configuration of a data source."""
        return dict(self.read("services", identity)["config"])

    def change_source_config(self, identity: str, body: Entry) -> None:
        self.read("services", identity)["config"] = _source_config(body)

    def _checked(self, kind: str, body: Entry, identity: str | None) -> Entry:
        if not isinstance(body, dict):
            raise ApiRefusal(400, "expected a JSON object", "MalformedJSON")
        name = body.get("name")
        _name(kind, name)
        if any(held["name"] == name and key != identity for key, held in self.app.held[kind].items()):
            what = SINGULAR[kind]
            raise ApiRefusal(409, f"{what} name '{name}' is already in use", f"{what.capitalize()}DuplicateName")
        checks = {
            "services": self._service,
            "secrets": self._secret,
            "values": self._value,
            "functions": self._function,
            "triggers": self._trigger,
        }
        return checks[kind](body)

    def _service(self, body: Entry) -> Entry:
        if body.get("type") != "mongodb-atlas":
            raise ApiRefusal(404, f"service type not found: '{body.get('type')}'", "ServiceTypeNotFound")
        return {"name": body["name"], "type": body["type"], "version": 1, "config": _source_config(body.get("config"))}

    def _secret(self, body: Entry) -> Entry:
        if not isinstance(body.get("value"), str):
            raise _missing("value")
        if len(body["value"]) > 500:
            raise _invalid("secret value cannot be longer than 500 characters")
        return {"name": body["name"], "value": body["value"]}

    def _value(self, body: Entry) -> Entry:
        _flags(body, "private", needed=True)
        _flags(body, "from_secret")
        if "value" not in body:
            raise _missing("value")
        if body.get("from_secret"):
            try:
                self.app.named("secrets", str(body["value"]))
            except KeyError:
                raise ApiRefusal(404, f"secret not found: '{body['value']}'", "SecretNotFound") from None
        return {key: body[key] for key in ("name", "private", "from_secret", "value") if key in body}

    def _function(self, body: Entry) -> Entry:
        _flags(body, "private", "run_as_system", needed=True)
        _flags(body, "disable_arg_logs")
        source = body.get("source")
        if not isinstance(source, str):
            raise _missing("source")
        if "exports" not in source or syntax_errors({"": source}):
            raise ApiRefusal(400, f"error processing function '{body['name']}': syntax error", "FunctionSyntaxError")
        kept = ("name", "private", "run_as_system", "disable_arg_logs", "source", "can_evaluate", "run_as_user_id")
        return {**{key: body[key] for key in kept if key in body}, "last_modified": 1790000000}

    def _trigger(self, body: Entry) -> Entry:
        if body.get("type") not in ("SCHEDULED", "DATABASE"):
            raise _invalid(f"trigger type '{body.get('type')}' is not supported")
        config = body.get("config")
        if not isinstance(config, dict):
            raise _missing("config")
        if body["type"] == "SCHEDULED":
            parts = str(config.get("schedule", "")).split(" ")
            if len(parts) != 5 or not all(CRON_PART.fullmatch(part) for part in parts):
                raise _invalid(f"invalid cron expression: '{config.get('schedule')}'")
        _flags(body, "disabled")
        processors = dict(body.get("event_processors") or {})
        inner = (processors.get("FUNCTION") or {}).get("config") or {}
        identity = inner.get("function_id") or body.get("function_id")
        function = self.app.held["functions"].get(str(identity))
        if function is None:
            raise ApiRefusal(404, f"function not found: '{identity}'", "FunctionNotFound")
        named = {"function_id": function["_id"], "function_name": function["name"]}
        # The backend writes the function into both places, wherever it was given.
        processors["FUNCTION"] = {"config": named}
        kept: Entry = {key: body[key] for key in ("name", "type", "config", "disabled") if key in body}
        return {**kept, **named, "event_processors": processors, "last_modified": 1790000000}


def _name(kind: str, name: object) -> None:
    if not isinstance(name, str) or not name:
        raise _missing("name")
    pattern = r"[A-Za-z0-9_/-]+" if kind == "functions" else r"[A-Za-z0-9][A-Za-z0-9_-]*"
    if len(name) > 64 or not re.fullmatch(pattern, name):
        raise _invalid(f"{SINGULAR[kind]} name '{name}' is invalid")


def _source_config(config: Any) -> Entry:
    if not isinstance(config, dict) or not config.get("clusterName"):
        raise _missing("clusterName")
    if config.get("readPreference", "primary") not in READ_PREFERENCES:
        raise _invalid(f"invalid read preference '{config['readPreference']}'")
    return dict(config)


def _flags(body: Entry, *names: str, needed: bool = False) -> None:
    for name in names:
        if (needed and name not in body) or not isinstance(body.get(name, False), bool):
            raise _invalid(f"'{name}' must be a boolean")


def _missing(name: str) -> ApiRefusal:
    return ApiRefusal(400, f"missing parameter '{name}'", "MissingParameter")


def _invalid(text: str) -> ApiRefusal:
    return ApiRefusal(400, text, "InvalidParameter")


def object_ids() -> Callable[[], str]:
    """24 hexadecimal digits, each time others."""
    numbers = count(0x64F0_0000_0000_0000_0000_0001)
    return lambda: f"{next(numbers):024x}"
