"""`trigger deploy`: what Atlas lacks of the tree is created, what differs is updated, everything else is left alone.

Nothing is ever deleted. Values and functions come before the triggers that need them, so that a run cut short leaves
an app that works as before or not yet; running again goes on from there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from ...http.budget import is_loopback
from ...model.errors import UsageError
from ...model.words import counted
from ..check.models import SOURCE_TYPE, TriggerConfig
from ..check.tree import SERVICE_VALUE, ConfigTree, FunctionConfig
from ..values import AUTO, NO_METER, TOKEN_VALUE, Given
from .account import AtlasAccount
from .admin_api import AdminApi, AdminApiError
from .foreign import refuse_foreign
from .triggers_app import NAME, Entry, Kind, TriggersApp

APP_META = ("location", "provider_region", "deployment_model")
EMPTY: tuple[Any, ...] = ("", AUTO, "[]", [], {})
PREFERENCE = "readPreference"
Action = Literal["create", "update", "set", "keep"]


@dataclass(frozen=True, slots=True)
class Change:
    """Something to be done to one named thing; with `keep`, there is nothing to do. `detail` may be empty."""

    kind: str
    name: str
    action: Action
    detail: str = ""
    perform: Callable[[], None] | None = field(default=None, repr=False, compare=False)


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
        listed = [asdict(change) for change in self.changes]
        return {
            "app": {"name": entry.get("name", NAME), "client_app_id": entry.get("client_app_id")},
            "dry_run": made is None,
            "changes": [{key: text for key, text in change.items() if key != "perform"} for change in listed],
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
                    change.perform()
            except AdminApiError as error:
                made = f"{number} of {len(needed)} changes were made before and stay"
                words = f"{change.kind} {change.name}: {error} ({made if number else 'nothing was changed'})"
                raise AdminApiError(words, error.status, error.code) from None
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
    changes = [] if app.entry else [_new_app(app, tree)]
    source = _data_source(app, tree, account.cluster)
    changes.append(source)
    changes += _secrets(app, tree, given, again)
    changes += _values(app, tree, given, source.name)
    changes += [_function(app, function) for function in tree.functions.values()]
    changes += [_trigger(app, trigger) for trigger in tree.triggers.values()]
    if not replace:
        sources = {name: function.source for name, function in tree.functions.items()}
        refuse_foreign(app, sources, [(change.kind, change.name) for change in changes if change.action == "update"])
    return Plan(app, tuple(changes))


def token_secret(tree: ConfigTree) -> str:
    """The secret that the Value linkyToken links to."""
    value = tree.values.get(TOKEN_VALUE)
    return str(value.value) if value and value.from_secret else f"{TOKEN_VALUE}Secret"


def _change(
    app: TriggersApp,
    kind: Kind,
    name: str,
    differing: Callable[[Entry], Iterable[str]],
    body: Callable[[Entry], Entry],
    *,
    new: str = "",
    same: str = "",
) -> Change:
    """What brings one entry to the tree's. differing: what an entry that is there has otherwise, in words, empty for
    nothing; body: the whole entry to be written, made from what is there when its turn has come."""
    shown = kind.removesuffix("s")
    if name not in app.entries(kind):
        return Change(shown, name, "create", new, lambda: app.add(kind, body({"name": name})))
    there = app.whole(kind, name)
    if texts := [text for text in differing(there) if text]:
        return Change(shown, name, "update", "; ".join(texts), lambda: app.replace(kind, name, body(there)))
    return Change(shown, name, "keep", same)


def _differs(what: str, there: object, wanted: object) -> str:
    return "" if there == wanted else f"{what}: {_shown(there)} → {_shown(wanted)}"


def _shown(part: object) -> str:
    return str(part).lower() if isinstance(part, bool) else str(part)


# --- the app and its link to the cluster ------------------------------------------------------------------------------


def _new_app(app: TriggersApp, tree: ConfigTree) -> Change:
    meta = {key: tree.root[key] for key in APP_META if tree.root.get(key)}
    detail = ", ".join(str(part) for part in meta.values()) or "in Atlas's default place"
    return Change("app", NAME, "create", f"the project has no triggers yet; {detail}", lambda: app.create(meta))


def _data_source(app: TriggersApp, tree: ConfigTree, cluster: str) -> Change:
    """The data source that the functions shall use: the one that is there, or a new one. cluster: empty = any.

    Its name in the console differs from app to app, so it is a Value. A link that is there is never pointed to another
    cluster, as other triggers of the project may use it; only its read preference is brought to the tree's, since a
    function that reads from a secondary can miss what was just written.
    """
    value = tree.values.get(SERVICE_VALUE)
    ours = str(value.value) if value else next(iter(tree.data_sources))
    config = tree.data_sources[ours]
    services = app.entries("services")
    linked = {name: app.config_of(name) for name, entry in services.items() if entry.get("type") == SOURCE_TYPE}
    fitting = [name for name, there in linked.items() if not cluster or there.get("clusterName") == cluster]
    if ours in fitting or len(fitting) == 1:
        name = ours if ours in fitting else fitting[0]
        return _kept_source(app, name, linked[name], config)
    if fitting:
        clusters = ", ".join(sorted({str(linked[name].get("clusterName")) for name in fitting}))
        raise UsageError(f"the app has several data sources: set ATLAS_CLUSTER to the cluster of one: {clusters}")
    wanted = {**config, "clusterName": cluster or config.get("clusterName")}
    free = [name for name in (ours, cluster) if name and name not in services]
    if not free:
        raise UsageError(f"the app's services {ours} and {cluster} are not links to the cluster {cluster}: rename one")
    body = {"name": free[0], "type": SOURCE_TYPE, "config": wanted}
    detail = f"cluster {wanted['clusterName']}"
    return Change("data source", free[0], "create", detail, lambda: app.add("services", body))


def _kept_source(app: TriggersApp, name: str, there: Entry, config: Mapping[str, Any]) -> Change:
    wanted = config.get(PREFERENCE, "primary")
    if text := _differs(PREFERENCE, there.get(PREFERENCE, "primary"), wanted):
        merged = {**there, PREFERENCE: wanted}
        return Change("data source", name, "update", text, lambda: app.set_config(name, merged))
    return Change("data source", name, "keep", f"cluster {there.get('clusterName')}")


# --- secrets and values -----------------------------------------------------------------------------------------------


def _secrets(app: TriggersApp, tree: ConfigTree, given: Given, again: bool) -> list[Change]:
    links = {name: value.value for name, value in tree.values.items() if value.from_secret} | dict(given.links)
    missing = [
        f"secret {secret}, for the value {name}: {_remedy(name)}"
        for name, secret in links.items()
        if secret not in given.secrets and secret not in app.entries("secrets")
    ]
    if missing:
        raise UsageError("the functions would lack\n" + "\n".join(f"  {line}" for line in sorted(missing)))
    return [_secret(app, name, given.secrets.get(name), again) for name in sorted(set(links.values()))]


def _remedy(value_name: str) -> str:
    if value_name == TOKEN_VALUE:
        return "set LINKY_TOKEN (and LINKY_PRM), or LINKY_METERS in settings.py"
    return "make it in the console (Atlas → Triggers → Linked App Service → Values), then run again"


def _secret(app: TriggersApp, name: str, text: str | None, again: bool) -> Change:
    body = {"name": name, "value": text}
    if name not in app.entries("secrets"):
        return Change("secret", name, "set", "new", lambda: app.add("secrets", body))
    if text is None:
        return Change("secret", name, "keep", "the settings have none, the one there stays")
    if not again:
        return Change("secret", name, "keep", "there already, and cannot be read to compare: --secrets sets it again")
    with_id = {"_id": app.id_of("secrets", name), **body}
    return Change("secret", name, "set", "again", lambda: app.replace("secrets", name, with_id))


def _values(app: TriggersApp, tree: ConfigTree, given: Given, service: str) -> list[Change]:
    texts = {name: value.value for name, value in tree.values.items()}
    overriding = {**given.values, SERVICE_VALUE: service}
    if is_loopback(str(overriding.get("linkyApiUrl", texts.get("linkyApiUrl", "")))):
        raise UsageError("LINKY_API_URL names this machine, which Atlas cannot reach: unset it, or set the gateway's")
    if given.links and "linkyMeters" in given.values and "linkyMeters" not in texts:
        raise UsageError("the tree has no values/linkyMeters.json: several meters need it")
    links = {name: text for name, text in texts.items() if tree.values[name].from_secret} | dict(given.links)
    plain = {name: overriding.get(name, text) for name, text in texts.items()}
    # Where the tree's own files name no meter either, those of an earlier deploy are not ours to change.
    no_meter = not given.links and all(texts.get(name, "") in EMPTY for name in ("linkyPrm", "linkyMeters"))
    left = NO_METER.keys() & app.entries("values").keys() if no_meter else set()
    return [
        Change("value", name, "keep", "the settings have no meter, the one there stays")
        if name in left
        else _value(app, name, links.get(name, plain.get(name)), name in links)
        for name in sorted(plain | links)
    ]


def _value(app: TriggersApp, name: str, text: Any, linked: bool) -> Change:
    """No text of a Value is ever shown: it may be a PRM."""
    detail = f"links to the secret {text}" if linked else ""
    body = {"from_secret": linked, "value": text}

    def differing(there: Entry) -> Iterator[str]:
        if there.get("value") != text or bool(there.get("from_secret")) != linked:
            yield detail or "differs"

    return _change(
        app, "values", name, differing, lambda there: {"private": True, **there, **body}, new=detail, same=detail
    )


# --- functions and triggers -------------------------------------------------------------------------------------------


def _function(app: TriggersApp, function: FunctionConfig) -> Change:
    """Brought to the source and flags of the tree. `can_evaluate` and the like stay."""
    source = function.source

    def differing(there: Entry) -> Iterator[str]:
        for flag, wanted in function.flags.items():
            yield _differs(flag, bool(there.get(flag)), wanted)
        old = str(there.get("source", ""))
        if _same_lines(old) != _same_lines(source):
            yield f"source differs ({counted(old.count(chr(10)), 'line')} there, {source.count(chr(10))} here)"

    body = {**function.flags, "source": source}
    new = counted(source.count(chr(10)), "line")
    return _change(app, "functions", function.name, differing, lambda there: {**there, **body}, new=new)


def _same_lines(source: str) -> list[str]:
    """Without what a console may change by itself: line ends, blank lines at the end."""
    return source.rstrip().splitlines()


def _trigger(app: TriggersApp, trigger: TriggerConfig) -> Change:
    """Brought to the schedule and function of the tree. Other event processors stay."""

    def differing(there: Entry) -> Iterator[str]:
        if there.get("type") != "SCHEDULED":
            theirs = f"{there.get('type')} trigger {trigger.name!r}"
            raise UsageError(f"the app has a {theirs}, which is not ours: rename one of the two")
        config = there.get("config") or {}
        yield _differs("schedule", config.get("schedule"), trigger.schedule)
        skips = bool(config.get("skip_catchup_events"))
        yield _differs("skip_catchup_events", skips, trigger.config.skip_catchup_events)
        yield _differs("disabled", bool(there.get("disabled")), trigger.disabled)
        yield _function_differs(app, there, trigger.function)

    new, same = f"{trigger.schedule} UTC, runs {trigger.function}", f"{trigger.schedule} UTC"
    return _change(
        app, "triggers", trigger.name, differing, lambda there: _trigger_body(app, trigger, there), new=new, same=same
    )


def _function_differs(app: TriggersApp, there: Entry, wanted: str) -> str:
    """Atlas keeps `function_id` and `function_name` in two places."""
    inner = ((there.get("event_processors") or {}).get("FUNCTION") or {}).get("config") or {}
    identity, name = (inner.get(key) or there.get(key) for key in ("function_id", "function_name"))
    ours = app.entries("functions").get(wanted, {}).get("_id")
    if ours is not None and identity == ours:
        return ""
    return _differs("function", name or "another", wanted) or f"function: {wanted} was made anew"


def _trigger_body(app: TriggersApp, trigger: TriggerConfig, there: Entry) -> Entry:
    """The whole trigger, built when its function is there. What the tree does not speak of stays as it was."""
    function = {"function_id": app.id_of("functions", trigger.function), "function_name": trigger.function}
    config = {"schedule": trigger.schedule, "skip_catchup_events": trigger.config.skip_catchup_events}
    return {
        **there,
        "type": "SCHEDULED",
        "config": {**(there.get("config") or {}), **config},
        "disabled": trigger.disabled,
        **function,
        "event_processors": {**(there.get("event_processors") or {}), "FUNCTION": {"config": function}},
    }
