"""`functions/`: the manifest, and a file for each of its entries."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..tree import function_files
from .files import ConfigFile, ConfigFolder
from .names import function_name_problem
from .references import Reference, references

FLAGS = ("private", "run_as_system", "disable_arg_logs")
FUNCTION_FIELDS = ("name", *FLAGS, "can_evaluate", "run_as_user_id", "run_as_user_id_script_source", "id", "_id")
BESIDE = ("config.json", "package.json", "package-lock.json")
"""What may lie in functions/ beside the functions."""


@dataclass(frozen=True, slots=True)
class FunctionConfig:
    """A function: its source, its place within the tree, the flags of its manifest entry."""

    name: str
    path: str
    source: str
    flags: dict[str, bool]
    references: tuple[Reference, ...] = field(default=(), repr=False)


def read_functions(config: ConfigFolder) -> dict[str, FunctionConfig]:
    """Every function that has both a file and a manifest entry."""
    folder = config.folder / "functions"
    manifest = _manifest(config, folder / "config.json")
    files = function_files(config.folder)
    _refuse_strangers(config, folder, set(files.values()))
    found = {}
    for name, path in files.items():
        if wrong := function_name_problem(name):
            config.say(path, f"the name {name!r} {wrong}")
        if name not in manifest:
            config.say(path, f"has no entry in functions/config.json: a push would add {name!r} with Atlas's defaults")
        source = config.text(path)
        if source is not None and name in manifest:
            asked = tuple(references(source))
            found[name] = FunctionConfig(name, config.name(path), source, manifest[name], asked)
    return found


def _manifest(config: ConfigFolder, path: Path) -> dict[str, dict[str, bool]]:
    """Function name → flags, of functions/config.json."""
    if not path.exists():
        config.say(path, "is missing: the manifest, a list with one entry for each function")
        return {}
    read = config.json(path)
    if read is None:
        return {}
    text, content = read
    if not isinstance(content, list) or not all(isinstance(entry, dict) for entry in content):
        config.say(path, "must hold a list of objects, one for each function")
        return {}
    found: dict[str, dict[str, bool]] = {}
    for content_of_one in content:
        behind = str(content_of_one.get("name", ""))
        entry = ConfigFile(config.name(path), text, content_of_one, config.problems, behind)
        name = _entry_name(entry, found)
        if name and not (path.parent / f"{name}.js").is_file():
            entry.say(name, f"there is no functions/{name}.js")
        found[name] = {flag: entry.flag(flag) for flag in FLAGS}
    return found


def _entry_name(entry: ConfigFile, known: dict[str, Any]) -> str:
    name = entry.content.get("name")
    shown = str(name or "")
    if wrong := function_name_problem(name):
        entry.say(shown, f"the entry's name {wrong}")
    elif name in known:
        entry.say(shown, f"the function {name!r} stands there twice")
    entry.refuse_unknown(FUNCTION_FIELDS, where=f"{name}: ")
    return shown


def _refuse_strangers(config: ConfigFolder, folder: Path, functions: set[Path]) -> None:
    for path in sorted(folder.rglob("*")) if folder.is_dir() else []:
        parts = path.relative_to(folder).parts
        ours = path in functions or path.name in BESIDE or parts[0].startswith((".", "node_modules"))
        if path.is_file() and not ours:
            config.say(path, "is not read by a push: functions/ holds one NAME.js for each function")
