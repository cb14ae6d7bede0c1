"""`trigger deploy`: what Atlas lacks is created, what differs is updated, what an earlier deployment left is removed.

Everything else is left alone. First a record of what is going to be made, so that `trigger undeploy` knows it; Values
and functions before the triggers that need them, and only then what nothing needs any more: a run cut short leaves an
app that works as before, or not yet, and the next goes on from there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from ...http.budget import is_loopback
from ...model.errors import UsageError
from ..check.models import SOURCE_TYPE, TriggerConfig
from ..check.tree import FLAGS, SERVICE_VALUE, ConfigTree, FunctionConfig
from ..values import DEFAULTS, NO_METER, SERVICES, TOKEN_SECRET, TOKEN_VALUE, Given
from .account import AtlasAccount
from .admin_api import AdminApi, AdminApiError
from .clusters import cluster_of
from .foreign import refuse_foreign
from .made import KINDS, RECORD, Made, Ours, app_made
from .triggers_app import NAME, Entry, Kind, TriggersApp

APP_META = ("location", "provider_region", "deployment_model")
PREFERENCE = "readPreference"
Action = Literal["create", "update", "set", "keep", "remove"]


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
    api: AdminApi,
    account: AtlasAccount,
    tree: ConfigTree,
    given: Given,
    *,
    bundled: Mapping[str, str] | None = None,
    again: bool = False,
    replace: bool = False,
) -> Plan:
    """Compare the tree and the settings with the app; reads only.

    bundled: function → its one file, in the place of the functions of the tree; again: set secrets that are there
    already, too; replace: overwrite what has our names and seems somebody else's.
    Raises UsageError for what the tree, the settings or the app do not allow, AdminApiError when Atlas refuses.
    """
    app = TriggersApp(api, account)
    for text in given.secrets.values():
        api.hide(text)
    ours = Ours(app, tree)
    triggers = _wanted_triggers(app, tree, bundled)
    functions = _wanted_functions(tree, triggers, bundled)
    source, service = _data_source(app, tree, account)
    changes = [source] if app.entry else [_new_app(app, tree, source)]
    changes += _secrets(app, tree, given, again)
    values = _spoken_of(app, tree, given, service)
    changes += _values(app, values, ours)
    changes += [_function(app, function) for function in functions]
    changes += [_trigger(app, trigger) for trigger in triggers]
    if not replace:
        sources = {function.name: function.source for function in functions}
        updated = [(change.kind, change.name) for change in changes if change.action == "update"]
        refuse_foreign(app, sources, updated, bool(ours.made.names["functions"]))
    names = {trigger.name for trigger in triggers}, {function.name for function in functions}
    gone = _leftovers(app, ours, *names, values)
    record = _record(app, ours.made if app.entry else app_made(), changes, service)
    return Plan(app, (changes[0], record, *changes[1:], *gone))


def _wanted_triggers(app: TriggersApp, tree: ConfigTree, bundled: Mapping[str, str] | None) -> list[TriggerConfig]:
    """Of bundles only what shall run: what the tree has enabled, and what was enabled in the app."""
    if bundled is None:
        return list(tree.triggers.values())

    def enabled_there(name: str) -> bool:
        return name in app.entries("triggers") and not app.whole("triggers", name).get("disabled")

    wanted = [trigger for trigger in tree.triggers.values() if not trigger.disabled or enabled_there(trigger.name)]
    return [trigger.model_copy(update={"disabled": False}) for trigger in wanted]


def _wanted_functions(
    tree: ConfigTree, triggers: Iterable[TriggerConfig], bundled: Mapping[str, str] | None
) -> list[FunctionConfig]:
    """Those that triggers run come last: they call the others."""
    run = {trigger.function for trigger in triggers}
    if bundled is None:
        return sorted(tree.functions.values(), key=lambda function: (function.name in run, function.name))
    return [FunctionConfig(name, bundled[name], dict.fromkeys(FLAGS, True)) for name in sorted(run)]


def _leftovers(
    app: TriggersApp, ours: Ours, triggers: set[str], functions: set[str], values: Values
) -> Iterator[Change]:
    """What an earlier deployment put there and this one does not: triggers first, then what they ran."""
    yield from removals(app, ours, {"triggers": ours.triggers - triggers, "functions": ours.functions - functions})
    for name in sorted(ours.made.names["values"] & DEFAULTS.keys() & app.entries("values").keys()):
        is_default = app.whole("values", name).get("value") == DEFAULTS[name]
        if name in values.known or (name not in values.plain and is_default):
            yield Change("value", name, "remove", "the functions know it", _removal(app, "values", name))


def removals(app: TriggersApp, ours: Ours, going: Mapping[str, set[str]]) -> Iterator[Change]:
    """The removal of these triggers and functions (kind → names), but for functions that somebody else needs."""
    for name in sorted(going.get("triggers", ())):
        yield Change("trigger", name, "remove", "", _removal(app, "triggers", name))
    for name in sorted(going.get("functions", ())):
        users = list(ours.foreign_users("functions", name, going))
        if users:
            yield Change("function", name, "keep", f"needed by {', '.join(sorted(users))}")
        else:
            yield Change("function", name, "remove", "", _removal(app, "functions", name))


def _removal(app: TriggersApp, kind: Kind, name: str) -> Callable[[], None]:
    return lambda: app.remove(kind, name)


def _record(app: TriggersApp, made: Made, changes: Iterable[Change], service: str) -> Change:
    """The Value that says what was made: of this deployment, and of those before as far as it is there still."""
    made.keep({kind: app.entries(kind).keys() for kind in KINDS})
    for change in changes:
        if change.perform and (change.action == "create" or (change.kind == "secret" and change.detail == "new")):
            kind = {"data source": "services", "app": "apps"}.get(change.kind, f"{change.kind}s")
            made.add(kind, [change.name])
    if not app.entry:
        made.add("services", [service])
    body = {"private": True, "from_secret": False, "value": made.as_value()}

    def differing(there: Entry) -> Iterator[str]:
        if not made.is_in(there.get("value")):
            yield "what this deployment makes is added"

    detail = "what was made here, for trigger undeploy"
    return _change(app, "values", RECORD, differing, lambda there: {**there, **body}, new=detail)


def token_secret(tree: ConfigTree) -> str:
    """The secret that the Value linkyToken links to."""
    value = tree.values.get(TOKEN_VALUE)
    return str(value.value) if value and value.from_secret else TOKEN_SECRET


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


def _new_app(app: TriggersApp, tree: ConfigTree, source: Change) -> Change:
    """The app comes with its link to the cluster: one request, as the console makes it."""
    meta = {key: tree.root[key] for key in APP_META if tree.root.get(key)}
    place = ", ".join(str(part) for part in meta.values()) or "in Atlas's default place"
    detail = f"the project has no triggers yet; {place}; data source {source.name}, {source.detail}"
    body = {"name": source.name, "type": SOURCE_TYPE, "config": _link(tree, source.detail.removeprefix("cluster "))}
    return Change("app", NAME, "create", detail, lambda: app.create(meta, body))


def _link(tree: ConfigTree, cluster: str) -> Entry:
    """The configuration of a link to a cluster: that of the tree's data source."""
    return {"readPreference": "primary", **next(iter(tree.data_sources.values()), {}), "clusterName": cluster}


def _data_source(app: TriggersApp, tree: ConfigTree, account: AtlasAccount) -> tuple[Change, str]:
    """The data source that the functions shall use, and its name: the one that is there, or a new one.

    Its name in the console differs from app to app. A link that is there is never pointed to another cluster, as other
    triggers of the project may use it; only its read preference is brought to the tree's, since a function that reads
    from a secondary can miss what was just written.
    """
    cluster = account.cluster
    value = tree.values.get(SERVICE_VALUE)
    ours = str(value.value) if value else next(iter(tree.data_sources), SERVICES[0])
    services = app.entries("services")
    linked = {name: app.config_of(name) for name, entry in services.items() if entry.get("type") == SOURCE_TYPE}
    fitting = [name for name, there in linked.items() if not cluster or there.get("clusterName") == cluster]
    clusters = sorted({str(linked[name].get("clusterName")) for name in fitting})
    if ours in fitting or len(fitting) == 1 or (fitting and len(clusters) == 1):
        name = ours if ours in fitting else sorted(fitting)[0]
        return _kept_source(app, name, linked[name], _link(tree, "")), name
    if fitting:
        raise UsageError(
            f"the app has several data sources: set ATLAS_CLUSTER to the cluster of one: {', '.join(clusters)}"
        )
    cluster = cluster or cluster_of(account)
    free = [name for name in (ours, cluster) if name not in services]
    if not free:
        raise UsageError(f"the app's services {ours} and {cluster} are not links to the cluster {cluster}: rename one")
    body = {"name": free[0], "type": SOURCE_TYPE, "config": _link(tree, cluster)}
    return Change("data source", free[0], "create", f"cluster {cluster}", lambda: app.add("services", body)), free[0]


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


@dataclass(frozen=True, slots=True)
class Values:
    """Texts of Values and links to secrets that the settings and the tree speak of; known: those that the functions
    take without being given them."""

    plain: Mapping[str, Any]
    links: Mapping[str, str]
    known: frozenset[str]


def _spoken_of(app: TriggersApp, tree: ConfigTree, given: Given, service: str) -> Values:
    texts = {name: value.value for name, value in tree.values.items()}
    if is_loopback(str(given.values.get("linkyApiUrl", texts.get("linkyApiUrl", "")))):
        raise UsageError("LINKY_API_URL names this machine, which Atlas cannot reach: unset it, or set the gateway's")
    links = {name: text for name, text in texts.items() if tree.values[name].from_secret} | dict(given.links)
    meter = NO_METER if given.links else {}
    # What the tree's files say without the settings is said on purpose, unless it is what the functions take anyway.
    own = {name: text for name, text in texts.items() if name not in links and text != DEFAULTS.get(name)}
    plain = {**meter, **own, **given.values, SERVICE_VALUE: service}
    known = {*given.known, *(name for name, text in plain.items() if text == DEFAULTS.get(name))} - {SERVICE_VALUE}
    tried = [name for name in SERVICES if name in app.entries("services") or name == service]
    known |= {SERVICE_VALUE} if tried[:1] == [service] else set()
    return Values(plain, links, frozenset(known))


def _values(app: TriggersApp, values: Values, ours: Ours) -> Iterator[Change]:
    """Values that say something else than the functions know; of those of others that are there, all spoken of."""
    of_others = app.entries("values").keys() - ours.made.names["values"]
    for name in sorted({*values.plain, *values.links}):
        if name not in values.known or name in of_others:
            text = values.links.get(name, values.plain.get(name))
            yield _value(app, name, text, name in values.links)


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
            yield f"source differs ({old.count(chr(10))} lines there, {source.count(chr(10))} here)"

    body = {**function.flags, "source": source}
    new = f"{source.count(chr(10))} lines"
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
