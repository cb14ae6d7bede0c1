"""The link from the triggers app to the Atlas cluster: the one that is there is used, a missing one is made.

An existing link is never pointed to another cluster, as other triggers of the project may use it; only its read
preference is brought to the tree's, since a function that reads from a secondary can miss what was just written.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...model.errors import UsageError
from ..check.models import SOURCE_TYPE
from ..check.tree import SERVICE_VALUE, ConfigTree
from .changes import Change, keep
from .triggers_app import Entry, TriggersApp

DEFAULT_READ_PREFERENCE = "primary"


def chosen_source(app: TriggersApp, tree: ConfigTree, cluster: str) -> tuple[str, list[Change]]:
    """The name of the data source the functions shall use, and what makes it so. cluster: empty = any.

    The name in the console differs from app to app (`mongodb-atlas`, or the cluster's name), so it is a Value.
    """
    ours, config = _wanted(tree)
    linked = {
        name: app.source_config(name)
        for name, entry in app.entries("services").items()
        if entry.get("type") == SOURCE_TYPE
    }
    fitting = [name for name, there in linked.items() if not cluster or there.get("clusterName") == cluster]
    if ours in fitting:
        return ours, [_kept(ours, linked[ours], config)]
    if len(fitting) > 1:
        clusters = ", ".join(sorted({str(linked[name].get("clusterName")) for name in fitting}))
        raise UsageError(f"the app has several data sources: set ATLAS_CLUSTER to the cluster of one: {clusters}")
    if fitting:
        return fitting[0], [_kept(fitting[0], linked[fitting[0]], config)]
    wanted = {**config, "clusterName": cluster or config.get("clusterName")}
    name = next((name for name in (ours, cluster) if name and name not in app.entries("services")), None)
    if name is None:
        raise UsageError(f"the app's services {ours} and {cluster} are not links to the cluster {cluster}: rename one")
    body = {"name": name, "type": SOURCE_TYPE, "config": wanted}
    detail = f"cluster {wanted['clusterName']}"
    return name, [Change("data source", name, "create", detail, lambda app: app.add("services", body))]


def _wanted(tree: ConfigTree) -> tuple[str, Mapping[str, Any]]:
    """The tree's own name for the data source, and its configuration."""
    value = tree.values.get(SERVICE_VALUE)
    name = str(value.value) if value else next(iter(tree.data_sources))
    return name, tree.data_sources[name]


def _kept(name: str, there: Entry, config: Mapping[str, Any]) -> Change:
    wanted = config.get("readPreference", DEFAULT_READ_PREFERENCE)
    preference = there.get("readPreference", DEFAULT_READ_PREFERENCE)
    if preference == wanted:
        return keep("data source", name, f"cluster {there.get('clusterName')}")
    merged = {**there, "readPreference": wanted}
    return Change(
        "data source",
        name,
        "update",
        f"readPreference: {preference} → {wanted}",
        lambda app: app.set_source_config(name, merged),
    )
