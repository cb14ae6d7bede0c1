"""What a run needs of the tree that `appservices push` reads: function sources and values."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..model.errors import UsageError

MOST_SECRET_CHARACTERS = 500
DEFAULT_FOLDER = Path(__file__).resolve().parent.parent.parent / "atlas_functions"


@dataclass(frozen=True, slots=True)
class FromSecret:
    """A Value that links to the secret of this name."""

    secret: str


def function_files(folder: Path) -> dict[str, Path]:
    """Function name → its file: `utils/add` for `functions/utils/add.js`."""
    root = folder / "functions"
    files = (path for path in sorted(root.rglob("*.js")) if "node_modules" not in path.parts)
    return {path.relative_to(root).with_suffix("").as_posix(): path for path in files}


def sources(folder: Path, name: str) -> dict[str, str]:
    """Function name → source text. Raises UsageError when `name` is none of them."""
    files = function_files(folder)
    if name not in files:
        names = ", ".join(files) or "none"
        raise UsageError(f"{folder.name}/functions holds no function {name!r}; there are: {names}")
    return {name: path.read_text(encoding="utf-8") for name, path in files.items()}


def values_of(folder: Path) -> dict[str, Any]:
    """The Values of the tree: name → JSON value, or FromSecret for one that links to a secret."""
    values: dict[str, Any] = {}
    for path in sorted((folder / "values").glob("*.json")):
        entry = read_json(path)
        values[entry["name"]] = FromSecret(entry["value"]) if entry.get("from_secret") else entry["value"]
    return values


def resolved(values: Mapping[str, Any], secrets: Mapping[str, str]) -> dict[str, Any]:
    """What `context.values.get` gives. A link to a secret that is not given is absent, as a Value that is not there."""
    for name, text in secrets.items():
        if len(text) > MOST_SECRET_CHARACTERS:
            raise UsageError(
                f"secret {name} has {len(text)} characters; Atlas takes {MOST_SECRET_CHARACTERS}: use a shorter token"
            )
    plain = {name: entry for name, entry in values.items() if not isinstance(entry, FromSecret)}
    links = {name: entry.secret for name, entry in values.items() if isinstance(entry, FromSecret)}
    return plain | {name: secrets[secret] for name, secret in links.items() if secret in secrets}


def read_json(path: Path) -> Any:
    """A JSON file of the tree. Raises UsageError that names it when it is not JSON."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise UsageError(f"{path.name} is not JSON: {error}") from None
