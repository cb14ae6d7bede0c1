"""`trigger undeploy`: what our deployments made in an app is removed, and nothing else.

Triggers first, so that nothing fires meanwhile; the record of what was made last, so that a run cut short goes on.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..check.tree import ConfigTree
from .account import AtlasAccount
from .admin_api import AdminApi
from .deploy import Change, Plan, removals
from .made import KINDS, RECORD, Ours
from .triggers_app import Kind, TriggersApp

EMPTY = (
    "empty now but for links to clusters at most; no record says that a deployment made all of it, so it stays. If "
    "nobody needs it, remove it by hand: Atlas → Triggers → Linked App Service → App Settings → Delete Application"
)


def undeploy_plan(api: AdminApi, account: AtlasAccount, tree: ConfigTree) -> Plan:
    """What is to be removed; reads only. Of an app that we made and that holds nothing else, the whole.

    An app that no record calls ours stays, also when nothing is in it any more: it may be what somebody has begun.
    A function that was changed beyond recognition is somebody else's by now, and stays; so does what others need.
    Raises AdminApiError when Atlas refuses.
    """
    app = TriggersApp(api, account)
    return Plan(app, tuple(_removals(app, Ours(app, tree))) if app.entry else ())


def _removals(app: TriggersApp, ours: Ours) -> Iterator[Change]:
    made = ours.made.names
    going = {"triggers": made["triggers"] & ours.triggers, "functions": made["functions"] & ours.functions}
    changes = list(removals(app, ours, going))
    values = (made["values"] & app.entries("values").keys()) - {RECORD}
    secrets = made["secrets"] & app.entries("secrets").keys()
    changes += [_change(app, "values", name) for name in sorted(values)]
    changes += [_change(app, "secrets", name) for name in sorted(secrets - _linked(app, values))]
    changes += _sources(app, ours, going)
    left = _left(app, changes)
    if made["apps"] and not any(left.values()):
        yield from (change for change in changes if change.perform)
        yield Change("app", str((app.entry or {}).get("name")), "remove", "it was made for this alone", app.delete)
        return
    yield from changes
    if RECORD in app.entries("values"):
        yield _change(app, "values", RECORD)
    if not any(names for kind, names in left.items() if kind != "services"):
        yield Change("app", str((app.entry or {}).get("name")), "keep", EMPTY)


def _change(app: TriggersApp, kind: Kind, name: str) -> Change:
    return Change(_shown(kind), name, "remove", "", lambda: app.remove(kind, name))


def _linked(app: TriggersApp, without: set[str]) -> set[str]:
    """The secrets that Values of somebody else link to."""
    others = app.entries("values").keys() - without - {RECORD}
    entries = [app.whole("values", name) for name in others]
    return {str(entry.get("value")) for entry in entries if entry.get("from_secret")}


def _sources(app: TriggersApp, ours: Ours, going: dict[str, set[str]]) -> Iterator[Change]:
    for name in sorted(ours.made.names["services"] & app.entries("services").keys()):
        users = sorted(ours.foreign_users("services", name, going))
        if users:
            yield Change("data source", name, "keep", f"needed by {', '.join(users)}")
        else:
            yield _change(app, "services", name)


def _left(app: TriggersApp, changes: list[Change]) -> dict[Kind, list[str]]:
    """Kind → the names that stay."""
    removed = {(change.kind, change.name) for change in changes if change.action == "remove"} | {("value", RECORD)}
    return {kind: [name for name in app.entries(kind) if (_shown(kind), name) not in removed] for kind in KINDS}


def _shown(kind: Kind) -> str:
    return "data source" if kind == "services" else kind.removesuffix("s")
