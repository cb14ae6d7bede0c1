"""One change of the app, and those that functions and triggers need."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from ...model.errors import UsageError
from ..check.models import TriggerConfig
from ..check.tree import FunctionConfig
from .triggers_app import Entry, TriggersApp

Action = Literal["create", "update", "set", "keep"]


@dataclass(frozen=True, slots=True)
class Change:
    """Something to be done to one named thing; with `keep`, there is nothing to do. `detail` may be empty."""

    kind: str
    name: str
    action: Action
    detail: str = ""
    perform: Callable[[TriggersApp], None] | None = field(default=None, repr=False, compare=False)


def keep(kind: str, name: str, detail: str = "") -> Change:
    """The thing stays as it is."""
    return Change(kind, name, "keep", detail)


# --- functions --------------------------------------------------------------------------------------------------------


def function_changes(app: TriggersApp, functions: Mapping[str, FunctionConfig]) -> list[Change]:
    """By name: created, or brought to the source and flags of the tree. `can_evaluate` and the like stay."""
    return [_function_change(app, function) for function in functions.values()]


def _function_change(app: TriggersApp, function: FunctionConfig) -> Change:
    name, source = function.name, function.source
    body = {"name": name, **function.flags, "source": source}
    if name not in app.entries("functions"):
        lines = source.count("\n")
        return Change("function", name, "create", f"{lines} lines", lambda app: app.add("functions", body))
    there = app.whole("functions", name)
    differing = [_differs(flag, bool(there.get(flag)), wanted) for flag, wanted in function.flags.items()]
    old = str(there.get("source", ""))
    if _same_lines(old) != _same_lines(source):
        differing.append(f"source differs ({old.count(chr(10))} lines there, {source.count(chr(10))} here)")
    differing = [text for text in differing if text]
    if not differing:
        return keep("function", name)
    merged = {**there, **body}
    return Change("function", name, "update", "; ".join(differing), lambda app: app.replace("functions", name, merged))


def _same_lines(source: str) -> list[str]:
    """Without what a console may change by itself: line ends, blank lines at the end."""
    return source.rstrip().splitlines()


def _differs(what: str, there: object, wanted: object) -> str:
    return "" if there == wanted else f"{what}: {_shown(there)} → {_shown(wanted)}"


def _shown(part: object) -> str:
    return str(part).lower() if isinstance(part, bool) else str(part)


# --- triggers ---------------------------------------------------------------------------------------------------------


def trigger_changes(app: TriggersApp, triggers: Mapping[str, TriggerConfig]) -> list[Change]:
    """By name: created, or brought to the schedule and function of the tree. Other event processors stay."""
    return [_trigger_change(app, trigger) for trigger in triggers.values()]


def _trigger_change(app: TriggersApp, trigger: TriggerConfig) -> Change:
    name = trigger.name
    if name not in app.entries("triggers"):
        detail = f"{trigger.schedule} UTC, runs {trigger.function}"
        return Change("trigger", name, "create", detail, lambda app: app.add("triggers", _body(app, trigger, {})))
    there = app.whole("triggers", name)
    if there.get("type") != "SCHEDULED":
        raise UsageError(
            f"the app has a {there.get('type')} trigger {name!r}, which is not ours: rename one of the two"
        )
    config = there.get("config") or {}
    differing = [
        _differs("schedule", config.get("schedule"), trigger.schedule),
        _differs("skip_catchup_events", bool(config.get("skip_catchup_events")), trigger.config.skip_catchup_events),
        _differs("disabled", bool(there.get("disabled")), trigger.disabled),
        _function_differs(app, there, trigger.function),
    ]
    differing = [text for text in differing if text]
    if not differing:
        return keep("trigger", name, f"{trigger.schedule} UTC")
    return Change(
        "trigger",
        name,
        "update",
        "; ".join(differing),
        lambda app: app.replace("triggers", name, _body(app, trigger, there)),
    )


def _function_of(there: Entry) -> dict[str, Any]:
    """`function_id` and `function_name`, which Atlas keeps in two places."""
    inner = ((there.get("event_processors") or {}).get("FUNCTION") or {}).get("config") or {}
    return {key: inner.get(key) or there.get(key) for key in ("function_id", "function_name")}


def _function_differs(app: TriggersApp, there: Entry, wanted: str) -> str:
    named = _function_of(there)
    there = app.entries("functions")
    identity = there[wanted].get("_id") if wanted in there else None
    if identity is not None and named["function_id"] == identity:
        return ""
    return _differs("function", named["function_name"] or "another", wanted) or f"function: {wanted} was made anew"


def _body(app: TriggersApp, trigger: TriggerConfig, there: Entry) -> Entry:
    """The whole trigger, built when its function is there. What the tree does not speak of stays as it was."""
    function = {"function_id": app.id_of("functions", trigger.function), "function_name": trigger.function}
    config = {"schedule": trigger.schedule, "skip_catchup_events": trigger.config.skip_catchup_events}
    return {
        **there,
        "name": trigger.name,
        "type": "SCHEDULED",
        "config": {**(there.get("config") or {}), **config},
        "disabled": trigger.disabled,
        **function,
        "event_processors": {**(there.get("event_processors") or {}), "FUNCTION": {"config": function}},
    }
