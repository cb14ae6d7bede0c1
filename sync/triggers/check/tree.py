"""The tree that `appservices push`, GitHub deployment and `trigger deploy` read (`atlas_functions/`), checked.

What a push refuses, or worse, takes and then fails on every morning, is told here with file and line.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ...model.errors import UsageError
from ...model.privacy import scrub
from ..tree import function_files
from .files import ConfigFolder, Problem, line_of
from .models import App, DataSource, EnvironmentValues, FunctionEntry, TriggerConfig, ValueConfig
from .names import checked_function_name
from .sources import Reference, SourceError, read_sources

ROOT = "root_config.json"
OLD_ROOT = "realm_config.json"  # what exports before 2024 call it
MANIFEST = "functions/config.json"
FOLDERS = ("data_sources", "environments", "functions", "triggers", "values")
OTHERS = ("auth", "graphql", "http_endpoints", "https_endpoints", "hosting", "log_forwarders", "sync")
CONFIG_PLACES = ("functions", "graphql", "sync", "http_endpoints", "https_endpoints", "hosting")
"""Folders of which config.json is a part."""
RESERVED = ("stitch.json", "config.json", "root_config.json", "app_config.json")
BESIDE = ("config.json", "package.json", "package-lock.json")
"""What may lie in functions/ beside the functions."""
ENVIRONMENTS = ("no-environment", "development", "testing", "qa", "production")
FLAGS = ("private", "run_as_system", "disable_arg_logs")
SERVICE_VALUE = "mongodbService"
"""The Value in which the functions look for the data source's name."""


@dataclass(frozen=True, slots=True)
class FunctionConfig:
    """A function: its source, its place within the tree, the flags of its manifest entry."""

    name: str
    path: str
    source: str
    flags: dict[str, bool]
    references: tuple[Reference, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class ConfigTree:
    """What the tree says. root: root_config.json; data_sources: service name → its `config`."""

    root: Mapping[str, Any]
    data_sources: Mapping[str, Mapping[str, Any]]
    values: Mapping[str, ValueConfig]
    functions: Mapping[str, FunctionConfig]
    triggers: Mapping[str, TriggerConfig]


def problems_of(folder: Path) -> list[Problem]:
    """Everything that a push would refuse, by file and line; empty when all is well. Raises UsageError without it."""
    return _read(folder)[1]


def read_tree(folder: Path) -> ConfigTree:
    """The tree. Raises UsageError with every problem of it."""
    tree, problems = _read(folder)
    if problems:
        listed = "\n".join(f"  {problem}" for problem in problems)
        raise UsageError(f"{folder.name} cannot be deployed, as Atlas would refuse it or fail on it:\n{listed}")
    return tree


def _read(folder: Path) -> tuple[ConfigTree, list[Problem]]:
    if not folder.is_dir():
        raise UsageError(f"there is no folder {folder.name}: give the one that holds root_config.json")
    config = ConfigFolder(folder)
    _check_layout(config)
    tree = ConfigTree(
        root=_app(config),
        data_sources=_data_sources(config),
        values=_values(config),
        functions=_functions(config),
        triggers=_triggers(config),
    )
    _check_names(config, tree, _environment_names(config))
    return tree, sorted(set(config.problems))


def _check_layout(config: ConfigFolder) -> None:
    """Folders that a push would pass over in silence, and names it keeps for itself."""
    folders = (*FOLDERS, *OTHERS)
    for path in sorted(config.folder.iterdir()):
        if path.is_dir() and path.name not in folders and not path.name.startswith("."):
            config.say(path, f"is no folder of the tree: known are {', '.join(folders)}")
    for path in sorted(config.folder.rglob("*.json")):
        above = path.relative_to(config.folder).parent.as_posix()
        in_place = above in CONFIG_PLACES or (above.count("/") == 1 and above.startswith("data_sources/"))
        if path.name in RESERVED and not (
            above == "." if path.name == ROOT else path.name == "config.json" and in_place
        ):
            config.say(path, f"{path.name} is a name Atlas keeps for its own files: the push would break on it")


def _app(config: ConfigFolder) -> Mapping[str, Any]:
    """root_config.json as it is written; empty when it cannot be read."""
    path, old = config.folder / ROOT, config.folder / OLD_ROOT
    if old.exists() and path.exists():
        config.say(old, f"stands beside {ROOT}: a tree has one of them")
    elif old.exists():
        path = old
    elif not path.exists():
        config.say(path, "is missing: the file that makes the folder an app")
        return {}
    app = config.model(path, App)
    return app.model_dump(exclude_unset=True) if app else {}


def _data_sources(config: ConfigFolder) -> dict[str, Mapping[str, Any]]:
    """Service name → the `config` of data_sources/<name>/config.json, as it is written."""
    folder = config.folder / "data_sources"
    sources: dict[str, Mapping[str, Any]] = {}
    for path in sorted(folder.iterdir()) if folder.is_dir() else []:
        if path.name.startswith("."):
            continue
        if not (path / "config.json").is_file():
            config.say(path, "must be a folder with a config.json: data_sources/NAME/config.json")
            continue
        source = config.named(path / "config.json", DataSource, "data source", "data_sources/{}/config.json")
        sources[path.name] = source.config.model_dump(exclude_unset=True) if source else {}
    if not sources:
        config.say(folder, "has no data source: the functions would have no database")
    return sources


def _environment_names(config: ConfigFolder) -> set[str]:
    """Names that some environment gives a value for."""
    names: set[str] = set()
    for path in config.objects("environments"):
        if path.stem not in ENVIRONMENTS:
            config.say(path, f"is no environment: known are {', '.join(ENVIRONMENTS)}")
        environment = config.model(path, EnvironmentValues)
        names |= environment.values.keys() if environment else set()
    return names


def _values(config: ConfigFolder) -> dict[str, ValueConfig]:
    read = [config.named(path, ValueConfig, "value", "values/{}.json") for path in config.objects("values")]
    return {value.name: value for value in read if value}


def _triggers(config: ConfigFolder) -> dict[str, TriggerConfig]:
    triggers, functions = {}, function_files(config.folder)
    for path in config.objects("triggers"):
        trigger = config.named(path, TriggerConfig, "trigger", "triggers/{}.json")
        if trigger and trigger.function not in functions:
            line = line_of(path.read_text(encoding="utf-8"), trigger.function)
            config.say(path, f"runs the function {trigger.function!r}, but functions/ has {_listed(functions)}", line)
        if trigger:
            triggers[trigger.name] = trigger
    return triggers


# --- functions --------------------------------------------------------------------------------------------------------


def _functions(config: ConfigFolder) -> dict[str, FunctionConfig]:
    """Every function that has both a file and a manifest entry."""
    manifest, files = _manifest(config), function_files(config.folder)
    _refuse_strangers(config, set(files.values()))
    texts = {name: config.text(path) for name, path in files.items()}
    answers = read_sources({name: text for name, text in texts.items() if text is not None})
    functions = {}
    for name, path in files.items():
        try:
            checked_function_name(name)
        except ValueError as error:
            config.say(path, f"the name {name!r} {error}")
        if name not in manifest:
            config.say(path, f"has no entry in {MANIFEST}: a push would add {name!r} with Atlas's defaults")
        text, answer = texts[name], answers.get(name)
        if isinstance(answer, SourceError):
            config.say(path, answer.message, answer.line)
        elif text is not None and answer is not None:
            _refuse_secrets(config, path, text)
            if name in manifest:
                functions[name] = FunctionConfig(name, config.name(path), text, manifest[name], answer)
    return functions


def _manifest(config: ConfigFolder) -> dict[str, dict[str, bool]]:
    """Function name → flags, of functions/config.json."""
    path = config.folder / MANIFEST
    if not path.exists():
        config.say(path, "is missing: the manifest, a list with one entry for each function")
        return {}
    text, content = config.json(path)
    if not isinstance(content, list) or not all(isinstance(entry, dict) for entry in content):
        if content is not None:
            config.say(path, "must hold a list of objects, one for each function")
        return {}
    flags: dict[str, dict[str, bool]] = {}
    for written in content:
        name = str(written.get("name", ""))
        entry = config.checked(path, FunctionEntry, written, text, name)
        if name in flags:
            config.say(path, f"the function {name!r} stands there twice", line_of(text, name))
        if name and not (path.parent / f"{name}.js").is_file():
            config.say(path, f"there is no functions/{name}.js", line_of(text, name))
        flags[name] = {flag: getattr(entry, flag, False) for flag in FLAGS}
    return flags


def _refuse_strangers(config: ConfigFolder, functions: Collection[Path]) -> None:
    folder = config.folder / "functions"
    for path in sorted(folder.rglob("*")) if folder.is_dir() else []:
        hidden = path.relative_to(folder).parts[0].startswith((".", "node_modules"))
        if path.is_file() and not hidden and path not in functions and path.name not in BESIDE:
            config.say(path, "is not read by a push: functions/ holds one NAME.js for each function")


def _refuse_secrets(config: ConfigFolder, path: Path, source: str) -> None:
    for number, line in enumerate(source.splitlines(), 1):
        if scrub(line) != line:
            message = "holds a token or a PRM: keep it in a secret, read it with context.values.get"
            config.say(path, message, number)


# --- names that one file has from another -----------------------------------------------------------------------------


def _check_names(config: ConfigFolder, tree: ConfigTree, environment_names: Collection[str]) -> None:
    """A file that cannot be read counts as there: it is told by itself."""
    places = {
        "value": ("values/{}.json", {path.stem for path in (config.folder / "values").glob("*.json")}),
        "function": ("functions/{}.js", set(function_files(config.folder))),
        "service": ("data_sources/{}/config.json", set(tree.data_sources)),
    }
    for function in tree.functions.values():
        for reference in function.references:
            place, names = places.get(reference.kind, ("", environment_names))
            if reference.name in names:
                continue
            wrong = f"but there is no {place.format(reference.name)}; there are: {_listed(names)}"
            if not place:
                wrong = "which no file of environments/ has"
            message = f"asks for the {reference.kind} {reference.name!r}, {wrong}"
            config.say(config.folder / function.path, message, reference.line)
    service = tree.values.get(SERVICE_VALUE)
    if service and str(service.value) not in tree.data_sources:
        path = config.folder / "values" / f"{SERVICE_VALUE}.json"
        config.say(path, f"names the data source {service.value!r}; data_sources/ has {_listed(tree.data_sources)}")


def _listed(names: Collection[str]) -> str:
    return ", ".join(sorted(names)) or "none"
