"""What surrounds the functions: the app itself, its folders, its data sources, its environments."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from . import names as rules
from .files import ConfigFile, ConfigFolder

ROOT = "root_config.json"
OLD_ROOT = "realm_config.json"  # what exports before 2024 call it
OURS = ("data_sources", "environments", "functions", "triggers", "values")
OTHERS = ("auth", "graphql", "http_endpoints", "https_endpoints", "hosting", "log_forwarders", "sync")
FOLDERS = (*OURS, *OTHERS)
RESERVED = ("stitch.json", "config.json", "root_config.json", "app_config.json")
CONFIG_PLACES = ("functions", "graphql", "sync", "http_endpoints", "https_endpoints", "hosting")
"""Folders of which config.json is a part."""
SOURCE_TYPE = "mongodb-atlas"
SOURCE_CONFIG = ("clusterName", "readPreference", "wireProtocolEnabled")


def check_layout(config: ConfigFolder) -> None:
    """Folders that a push would pass over in silence, and names it keeps for itself."""
    for path in sorted(config.folder.iterdir()):
        if path.is_dir() and path.name not in FOLDERS and not path.name.startswith("."):
            config.say(path, f"is no folder of the tree: known are {', '.join(FOLDERS)}")
    for path in sorted(config.folder.rglob("*.json")):
        if path.name in RESERVED and not _in_its_place(path.relative_to(config.folder)):
            config.say(path, f"{path.name} is a name Atlas keeps for its own files: the push would break on it")


def _in_its_place(path: Path) -> bool:
    above = path.parent.as_posix()
    if path.name == ROOT:
        return above == "."
    if path.name != "config.json":
        return False
    return above in CONFIG_PLACES or (above.count("/") == 1 and above.startswith("data_sources/"))


def check_app(config: ConfigFolder) -> Mapping[str, Any]:
    """root_config.json; empty when it cannot be read."""
    path, old = config.folder / ROOT, config.folder / OLD_ROOT
    if old.exists() and path.exists():
        config.say(old, f"stands beside {ROOT}: a tree has one of them")
    if not path.exists() and old.exists():
        path = old
    if not path.exists():
        config.say(path, "is missing: the file that makes the folder an app")
        return {}
    entry = config.object(path)
    if entry is None:
        return {}
    if wrong := rules.app_name_problem(entry.content.get("name")):
        entry.say("name", f"name {wrong}")
    if entry.content.get("config_version") != rules.CONFIG_VERSION:
        entry.say("config_version", f"config_version must be {rules.CONFIG_VERSION}")
    _one_of(entry, "location", rules.LOCATIONS)
    _one_of(entry, "provider_region", rules.REGIONS)
    _one_of(entry, "deployment_model", rules.DEPLOYMENT_MODELS)
    _one_of(entry, "environment", rules.ENVIRONMENTS)
    return entry.content


def _one_of(entry: ConfigFile, key: str, known: tuple[str, ...]) -> None:
    if key in entry.content and entry.content[key] not in known:
        listed = ", ".join(each or "empty" for each in known)
        entry.say(key, f"{key} {entry.content[key]!r} is not known to Atlas: one of {listed}")


def read_data_sources(config: ConfigFolder) -> dict[str, Mapping[str, Any]]:
    """Service name → the `config` of data_sources/<name>/config.json."""
    folder = config.folder / "data_sources"
    found: dict[str, Mapping[str, Any]] = {}
    for path in sorted(folder.iterdir()) if folder.is_dir() else []:
        if path.name.startswith("."):
            continue
        file = path / "config.json"
        if not file.is_file():
            config.say(path, "must be a folder with a config.json: data_sources/NAME/config.json")
        elif entry := config.object(file):
            name = entry.content.get("name")
            if wrong := rules.name_problem(name):
                entry.say("name", f"name {wrong}")
            elif name != path.name:
                entry.say("name", f"the data source {name!r} must stand in data_sources/{name}/config.json")
            found[str(name)] = _source_config(entry)
    if not found:
        config.say(folder, "has no data source: the functions would have no database")
    return found


def _source_config(entry: ConfigFile) -> Mapping[str, Any]:
    if entry.content.get("type") != SOURCE_TYPE:
        entry.say("type", f'type must be "{SOURCE_TYPE}"')
    given = entry.section("config")
    entry.refuse_unknown(SOURCE_CONFIG, given, "config: ")
    cluster = given.get("clusterName")
    if not isinstance(cluster, str) or not cluster.strip():
        entry.say("clusterName", "clusterName must name the Atlas cluster, as in Cluster0")
    if given.get("readPreference", "primary") not in rules.READ_PREFERENCES:
        entry.say("readPreference", f"readPreference must be one of {', '.join(rules.READ_PREFERENCES)}")
    entry.flag("wireProtocolEnabled", given)
    return given


def check_environments(config: ConfigFolder) -> frozenset[str]:
    """Names that some environment gives a value for."""
    names: set[str] = set()
    for path, entry in config.objects(config.folder / "environments"):
        if path.stem not in rules.ENVIRONMENT_FILES:
            config.say(path, f"is no environment: known are {', '.join(rules.ENVIRONMENT_FILES)}")
        entry.refuse_unknown(("values",))
        if "values" not in entry.content:
            entry.say("values", 'must be an object with "values" in it, as in {"values": {}}')
        given = entry.section("values")
        for name in given:
            if wrong := rules.name_problem(name):
                entry.say(name, f"the name {name!r} {wrong}")
        names |= given.keys()
    return frozenset(names)
