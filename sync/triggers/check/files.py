"""The files of the tree: read as models, and complained about with file and line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError

from .models import wrong_fields

Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """Something in the tree that a push would refuse. path: within the tree, with `/`; line: from 1."""

    path: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.message}"


@dataclass(slots=True)
class ConfigFolder:
    """The folder of a tree and the problems found in it so far."""

    folder: Path
    problems: list[Problem] = field(default_factory=list)

    def name(self, path: Path) -> str:
        """A path as problems show it."""
        return path.relative_to(self.folder).as_posix()

    def say(self, path: Path, message: str, line: int = 1) -> None:
        self.problems.append(Problem(self.name(path), line, message))

    def text(self, path: Path) -> str | None:
        """A file's text; None, and noted, when it cannot be read."""
        try:
            return path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            self.say(path, "is not UTF-8 text")
        except OSError as error:
            self.say(path, f"cannot be read ({error.strerror})")
        return None

    def json(self, path: Path) -> tuple[str, Any]:
        """A file's text and what it holds; None for the latter, and noted, when it is not JSON."""
        text = self.text(path)
        if text is None:
            return "", None
        try:
            return text, json.loads(text, object_pairs_hook=_once, parse_constant=_refuse_constant)
        except json.JSONDecodeError as error:
            self.say(path, f"is not JSON: {error.msg}", error.lineno)
        except _Refused as error:
            self.say(path, str(error), line_of(text, error.key))
        except RecursionError:
            self.say(path, "is not JSON that Atlas reads: nested too deeply")
        return text, None

    def model(self, path: Path, model: type[Model]) -> Model | None:
        """A file that holds an object; None, and noted, when it does not, or another."""
        text, content = self.json(path)
        if content is not None and not isinstance(content, dict):
            self.say(path, "must hold one JSON object")
        return self.checked(path, model, content, text) if isinstance(content, dict) else None

    def checked(self, path: Path, model: type[Model], content: Any, text: str, entry: str = "") -> Model | None:
        """An object of a file as its model; None, and noted. entry: its name, where the file holds several."""
        try:
            return model.model_validate(content)
        except ValidationError as error:
            for key, message in wrong_fields(model, error):
                named = entry if entry and key == "name" else key
                self.say(path, f"{entry}: {message}" if entry else message, line_of(text, named, entry))
        return None

    def named(self, path: Path, model: type[Model], kind: str, place: str) -> Model | None:
        """An object whose name is that of its place, such as `values/{}.json`; None, and noted, when it is not."""
        read = self.model(path, model)
        name = getattr(read, "name", None)
        if name is not None and path != self.folder / place.format(name):
            line = line_of(path.read_text(encoding="utf-8"), "name")
            self.say(path, f"the {kind} {name!r} must stand in {place.format(name)}", line)
        return read

    def objects(self, folder: str) -> Iterator[Path]:
        """The `*.json` of a folder, by name; anything else in it is noted."""
        root = self.folder / folder
        for path in sorted(root.iterdir()) if root.is_dir() else []:
            if path.is_dir() or path.suffix != ".json":
                if not path.name.startswith("."):
                    self.say(path, f"is not a JSON file: {folder}/ holds one NAME.json for each of them")
            elif not path.name.startswith("."):
                yield path


def line_of(text: str, key: str, behind: str = "") -> int:
    """The line in which `key` first stands in quotes, from the first `behind` in quotes on; else that one's, else 1."""
    start = max(text.find(f'"{behind}"'), 0) if behind else 0
    place = text.find(f'"{key}"', start) if key else -1
    return text.count("\n", 0, place if place >= 0 else start) + 1


class _Refused(ValueError):
    def __init__(self, message: str, key: str) -> None:
        super().__init__(message)
        self.key = key


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    entry: dict[str, Any] = {}
    for key, content in pairs:
        if key in entry:
            raise _Refused(f"{key!r} stands there twice", key)
        entry[key] = content
    return entry


def _refuse_constant(name: str) -> Any:
    raise _Refused(f"{name} is not JSON", name)
