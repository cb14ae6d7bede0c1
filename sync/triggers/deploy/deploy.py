"""`trigger deploy`: what Atlas lacks of the tree is created, what differs is updated, everything else is left alone.

Nothing is ever deleted. Values and functions come before the triggers that need them, so that a run cut short leaves
an app that works as before or not yet; running again goes on from there.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ...http.budget import is_loopback
from ...model.errors import UsageError
from ..check.tree import SERVICE_VALUE, ConfigTree
from ..values import AUTO, NO_METER, TOKEN_VALUE, Given
from .account import AtlasAccount
from .admin_api import AdminApi, AdminApiError
from .changes import Change, function_changes, keep, trigger_changes
from .data_source import chosen_source
from .foreign import refuse_foreign
from .triggers_app import NAME, TriggersApp

APP_META = ("location", "provider_region", "deployment_model")
EMPTY: tuple[Any, ...] = ("", AUTO, "[]", [], {})


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done, in its order, and what stays as it is (`action` "keep")."""

    app: TriggersApp
    changes: tuple[Change, ...]

    @property
    def needed(self) -> list[Change]:
        """The changes that change something."""
        return [change for change in self.changes if change.perform]

    @property
    def kept(self) -> list[Change]:
        """What stays as it is."""
        return [change for change in self.changes if not change.perform]

    def as_json(self, made: list[Change] | None) -> dict[str, Any]:
        """The answer of `trigger deploy --json`; made: None where nothing was to be changed (--dry-run)."""
        entry = self.app.entry or {}
        listed = [
            {"kind": change.kind, "name": change.name, "action": change.action, "detail": change.detail}
            for change in self.changes
        ]
        return {
            "app": {"name": entry.get("name", NAME), "client_app_id": entry.get("client_app_id")},
            "dry_run": made is None,
            "changes": listed,
            "needed": len(self.needed),
            "made": len(made or []),
        }

    def apply(self) -> Iterator[Change]:
        """Make the changes; each is given out once it is made. Raises AdminApiError that says how far it came."""
        needed = self.needed
        if needed and self.app.entry:
            self.app.refuse_open_draft()
        for number, change in enumerate(needed):
            try:
                if change.perform:
                    change.perform(self.app)
            except AdminApiError as error:
                came = (
                    f"{number} of {len(needed)} changes were made before and stay" if number else "nothing was changed"
                )
                raise AdminApiError(
                    f"{change.kind} {change.name}: {error} ({came})", error.status, error.code
                ) from None
            yield change


def plan(
    api: AdminApi, account: AtlasAccount, tree: ConfigTree, given: Given, *, again: bool = False, replace: bool = False
) -> Plan:
    """Compare the tree and the settings with the app; reads only.

    again: set secrets that are there already, too; replace: overwrite what has our names and seems somebody else's.
    Raises UsageError for what the tree, the settings or the app do not allow, AdminApiError when Atlas refuses.
    """
    app = TriggersApp(api, account)
    for text in given.secrets.values():
        api.hide(text)
    changes = [] if app.entry else [_new_app(tree)]
    service, source_changes = chosen_source(app, tree, account.cluster)
    changes += source_changes
    changes += _secret_changes(app, tree, given, again)
    changes += _value_changes(app, tree, given, service)
    changes += function_changes(app, tree.functions)
    changes += trigger_changes(app, tree.triggers)
    if not replace:
        refuse_foreign(app, tree.functions, changes)
    return Plan(app, tuple(changes))


def token_secret(tree: ConfigTree) -> str:
    """The secret that the Value linkyToken links to."""
    value = tree.values.get(TOKEN_VALUE)
    return str(value.value) if value and value.from_secret else f"{TOKEN_VALUE}Secret"


def _new_app(tree: ConfigTree) -> Change:
    meta = {key: tree.root[key] for key in APP_META if tree.root.get(key)}
    detail = ", ".join(str(part) for part in meta.values()) or "in Atlas's default place"
    return Change("app", NAME, "create", f"the project has no triggers yet; {detail}", lambda app: app.create(meta))


# --- secrets ----------------------------------------------------------------------------------------------------------


def _secret_changes(app: TriggersApp, tree: ConfigTree, given: Given, again: bool) -> list[Change]:
    links = {name: value.value for name, value in tree.values.items() if value.from_secret} | dict(given.links)
    missing = [
        f"secret {secret}, for the value {name}: {_remedy(name)}"
        for name, secret in links.items()
        if secret not in given.secrets and secret not in app.entries("secrets")
    ]
    if missing:
        raise UsageError("the functions would lack\n" + "\n".join(f"  {line}" for line in sorted(missing)))
    return [_secret_change(app, name, given.secrets.get(name), again) for name in sorted(set(links.values()))]


def _remedy(value_name: str) -> str:
    if value_name == TOKEN_VALUE:
        return "set LINKY_TOKEN (and LINKY_PRM), or LINKY_METERS in settings.py"
    return "make it in the console (Atlas → Triggers → Linked App Service → Values), then run again"


def _secret_change(app: TriggersApp, name: str, text: str | None, again: bool) -> Change:
    body = {"name": name, "value": text}
    if name not in app.entries("secrets"):
        return Change("secret", name, "set", "new", lambda app: app.add("secrets", body))
    if text is None:
        return keep("secret", name, "the settings have none, the one there stays")
    if not again:
        return keep("secret", name, "there already, and cannot be read to compare: --secrets sets it again")
    with_id = {"_id": app.id_of("secrets", name), **body}
    return Change("secret", name, "set", "again", lambda app: app.replace("secrets", name, with_id))


# --- values -----------------------------------------------------------------------------------------------------------


def _value_changes(app: TriggersApp, tree: ConfigTree, given: Given, service: str) -> list[Change]:
    overriding = {**given.values, SERVICE_VALUE: service}
    address = str(overriding.get("linkyApiUrl", _text_of(tree, "linkyApiUrl")))
    if is_loopback(address):
        raise UsageError("LINKY_API_URL names this machine, which Atlas cannot reach: unset it, or set the gateway's")
    wanted: dict[str, tuple[Any, bool]] = {
        name: (value.value, True) if value.from_secret else (overriding.get(name, value.value), False)
        for name, value in tree.values.items()
    }
    if given.links and "linkyMeters" in given.values and "linkyMeters" not in wanted:
        raise UsageError("the tree has no values/linkyMeters.json: several meters need it")
    wanted |= {name: (secret, True) for name, secret in given.links.items()}
    left = NO_METER if not given.links and _no_meter(tree) else ()
    return [_value_change(app, name, *wanted[name], leave=name in left) for name in sorted(wanted)]


def _text_of(tree: ConfigTree, name: str) -> Any:
    return tree.values[name].value if name in tree.values else ""


def _no_meter(tree: ConfigTree) -> bool:
    """Whether the tree's own files name no meter either: then those of an earlier deploy are not ours to change."""
    return all(_text_of(tree, name) in EMPTY for name in ("linkyPrm", "linkyMeters"))


def _value_change(app: TriggersApp, name: str, text: Any, linked: bool, *, leave: bool) -> Change:
    """No text of a Value is ever shown: it may be a PRM."""
    body = {"name": name, "private": True, "from_secret": linked, "value": text}
    detail = f"links to the secret {text}" if linked else ""
    if name not in app.entries("values"):
        return Change("value", name, "create", detail, lambda app: app.add("values", body))
    if leave:
        return keep("value", name, "the settings have no meter, the one there stays")
    there = app.whole("values", name)
    if there.get("value") == text and bool(there.get("from_secret")) == linked:
        return keep("value", name, detail)
    merged = {**there, "from_secret": linked, "value": text}
    return Change("value", name, "update", detail or "differs", lambda app: app.replace("values", name, merged))
