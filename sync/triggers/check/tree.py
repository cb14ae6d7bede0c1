"""The tree that `appservices push`, GitHub deployment and `trigger deploy` read (`atlas_functions/`), validated.

What a push refuses, or worse, takes and then fails on every morning, is told here with file and line.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...model.errors import UsageError
from ..tree import DEFAULT_FOLDER
from .app import check_app, check_environments, check_layout, read_data_sources
from .files import ConfigFile, ConfigFolder, Problem
from .functions import FunctionConfig, read_functions
from .names import name_problem, schedule_problem
from .references import Reference
from .values import ValueConfig, read_values

__all__ = ["DEFAULT_FOLDER", "ConfigTree", "Problem", "TriggerConfig", "config_problems", "read_tree"]

SERVICE_VALUE = "mongodbService"
"""The Value in which the functions look for the data source's name."""

TRIGGER_FIELDS = ("name", "type", "config", "disabled", "function_name", "event_processors", "id", "_id", "function_id")
TRIGGER_CONFIG = ("schedule", "skip_catchup_events")
SINGULAR = "skip_catchup_event"
REFERRED = {"value": "values/{}.json", "function": "functions/{}.js", "service": "data_sources/{}/config.json"}


@dataclass(frozen=True, slots=True)
class TriggerConfig:
    """A scheduled trigger: `schedule` is cron in UTC, `function` what it runs."""

    name: str
    function: str
    schedule: str
    skip_catchup_events: bool
    disabled: bool


@dataclass(frozen=True, slots=True)
class ConfigTree:
    """What the tree says. root: root_config.json; data_sources: service name → its `config`."""

    root: Mapping[str, Any]
    data_sources: Mapping[str, Mapping[str, Any]]
    values: Mapping[str, ValueConfig]
    functions: Mapping[str, FunctionConfig]
    triggers: Mapping[str, TriggerConfig]
    environment_names: frozenset[str]


def config_problems(folder: Path) -> list[Problem]:
    """Everything in the configuration that a push would refuse, by file and line; empty when all is well."""
    return _read(folder)[1]


def read_tree(folder: Path) -> ConfigTree:
    """The tree. Raises UsageError with every problem of it."""
    tree, problems = _read(folder)
    if problems:
        listed = "\n".join(f"  {problem}" for problem in problems)
        raise UsageError(f"{folder.name} cannot be deployed:\n{listed}")
    return tree


def _read(folder: Path) -> tuple[ConfigTree, list[Problem]]:
    config = ConfigFolder(folder)
    if not folder.is_dir():
        raise UsageError(f"there is no folder {folder.name}: give the one that holds root_config.json")
    check_layout(config)
    root = check_app(config)
    sources = read_data_sources(config)
    environment_names = check_environments(config)
    values = read_values(config)
    functions = read_functions(config)
    triggers = _triggers(config, functions)
    tree = ConfigTree(root, sources, values, functions, triggers, environment_names)
    for function in functions.values():
        for reference in function.references:
            if wrong := _unknown(reference, tree):
                config.say(folder / function.path, wrong, reference.line)
    service = values.get(SERVICE_VALUE)
    if service and str(service.value) not in sources:
        path = folder / "values" / f"{SERVICE_VALUE}.json"
        config.say(path, f"names the data source {service.value!r}; data_sources/ has {_listed(sources)}")
    return tree, sorted(set(config.problems))


def _unknown(reference: Reference, tree: ConfigTree) -> str | None:
    known: dict[str, Any] = {
        "value": tree.values,
        "function": tree.functions,
        "service": tree.data_sources,
        "environment": tree.environment_names,
    }
    there = known[reference.kind]
    if reference.name in there:
        return None
    if reference.kind == "environment":
        return f"asks for the environment value {reference.name!r}, which no file of environments/ has"
    place = REFERRED[reference.kind].format(reference.name)
    return f"asks for the {reference.kind} {reference.name!r}, but there is no {place}; there are: {_listed(there)}"


def _triggers(config: ConfigFolder, functions: Mapping[str, FunctionConfig]) -> dict[str, TriggerConfig]:
    found = {}
    for path, entry in config.objects(config.folder / "triggers"):
        name = entry.content.get("name")
        if wrong := name_problem(name):
            entry.say("name", f"name {wrong}")
        elif name != path.stem:
            entry.say("name", f"the trigger {name!r} must stand in triggers/{name}.json")
        entry.refuse_unknown((*TRIGGER_FIELDS, *TRIGGER_CONFIG, SINGULAR))
        trigger = _scheduled(entry, str(name), functions)
        if trigger:
            found[trigger.name] = trigger
    return found


def _scheduled(entry: ConfigFile, name: str, functions: Mapping[str, FunctionConfig]) -> TriggerConfig | None:
    if entry.content.get("type") != "SCHEDULED":
        entry.say("type", 'type must be "SCHEDULED": no other kind of trigger belongs to this tree')
        return None
    config = entry.section("config")
    if SINGULAR in config or SINGULAR in entry.content:
        entry.say(SINGULAR, "Atlas reads skip_catchup_events, plural, inside config; the singular has no effect")
    for misplaced in (key for key in TRIGGER_CONFIG if key in entry.content):
        entry.say(misplaced, f"{misplaced} belongs inside config")
    entry.refuse_unknown((*TRIGGER_CONFIG, SINGULAR), config, "config: ")
    schedule = config.get("schedule")
    if wrong := schedule_problem(schedule):
        entry.say("schedule", f"schedule {wrong}")
    function = _function_of(entry)
    if function is not None and function not in functions:
        entry.say(function, f"runs the function {function!r}, but functions/ has {_listed(functions)}")
    skip = entry.flag("skip_catchup_events", config)
    return TriggerConfig(name, function or "", str(schedule), skip, entry.flag("disabled"))


def _function_of(entry: ConfigFile) -> str | None:
    """The function a trigger runs, named in either of two places; both must agree."""
    inner = entry.section("event_processors", "FUNCTION", "config").get("function_name")
    outer = entry.content.get("function_name")
    named = {str(name) for name in (inner, outer) if name}
    if len(named) != 1:
        entry.say("function_name", "must name one function, in event_processors.FUNCTION.config.function_name")
        return None
    return named.pop()


def _listed(names: Any) -> str:
    return ", ".join(sorted(names)) or "none"
