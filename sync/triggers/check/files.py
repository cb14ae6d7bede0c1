"""The JSON files of the tree: read, and complained about with file and line."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """Something in the tree that a push would refuse. path: within the tree, with `/`; line: from 1."""

    path: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.message}"


@dataclass(slots=True)
class ConfigFile:
    """One JSON file that holds an object; `say` notes what is wrong with one of its keys."""

    path: str
    text: str
    content: dict[str, Any]
    problems: list[Problem]
    behind: str = ""

    def say(self, key: str, message: str) -> None:
        """Note a problem in the line where `key` first stands, looked for from `behind` on."""
        self.problems.append(Problem(self.path, line_of(self.text, key, self.behind), message))

    def refuse_unknown(self, known: tuple[str, ...], content: dict[str, Any] | None = None, where: str = "") -> None:
        """Note keys that Atlas does not know: a slip of the pen would be dropped in silence."""
        for key in self.content if content is None else content:
            if key not in known:
                self.say(key, f"{where}{key!r} is no field Atlas knows here; known are {', '.join(known)}")

    def flag(self, key: str, content: dict[str, Any] | None = None, default: bool = False) -> bool:
        """A true/false field."""
        found = (self.content if content is None else content).get(key, default)
        if not isinstance(found, bool):
            self.say(key, f"{key} must be true or false")
            return default
        return found

    def section(self, *keys: str) -> dict[str, Any]:
        """An object within the object; empty, and noted, where it is something else."""
        found: Any = self.content
        for key in keys:
            found = found.get(key, {})
            if not isinstance(found, dict):
                self.say(key, f"{key} must be an object")
                return {}
        return dict(found)


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

    def json(self, path: Path) -> tuple[str, Any] | None:
        """A file's text and what it holds; None, and noted, when it is not JSON."""
        text = self.text(path)
        if text is None:
            return None
        try:
            return text, json.loads(text, object_pairs_hook=_once, parse_constant=_refuse_constant)
        except json.JSONDecodeError as error:
            self.say(path, f"is not JSON: {error.msg}", error.lineno)
        except _Refused as error:
            self.say(path, str(error), line_of(text, error.key))
        except RecursionError:
            self.say(path, "is not JSON that Atlas reads: nested too deeply")
        return None

    def object(self, path: Path) -> ConfigFile | None:
        """A file that holds an object; None, and noted, when it does not."""
        read = self.json(path)
        if read is None:
            return None
        text, content = read
        if not isinstance(content, dict):
            self.say(path, "must hold one JSON object")
            return None
        return ConfigFile(self.name(path), text, content, self.problems)

    def objects(self, folder: Path) -> list[tuple[Path, ConfigFile]]:
        """The objects of every `*.json` of a folder, by name; anything else in it is noted."""
        found = []
        for path in sorted(folder.iterdir()) if folder.is_dir() else []:
            if path.name.startswith("."):
                continue
            if path.is_dir() or path.suffix != ".json":
                self.say(path, f"is not a JSON file: {folder.name}/ holds one NAME.json for each of them")
            elif entry := self.object(path):
                found.append((path, entry))
        return found


def line_of(text: str, key: str, behind: str = "") -> int:
    """The line in which `key` first stands in quotes, from the first `behind` in quotes on; else that one's, else 1."""
    start = max(text.find(f'"{behind}"'), 0) if behind else 0
    found = text.find(f'"{key}"', start) if key else -1
    return text.count("\n", 0, found if found >= 0 else start) + 1


class _Refused(ValueError):
    def __init__(self, message: str, key: str) -> None:
        super().__init__(message)
        self.key = key


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key, content in pairs:
        if key in found:
            raise _Refused(f"{key!r} stands there twice", key)
        found[key] = content
    return found


def _refuse_constant(name: str) -> Any:
    raise _Refused(f"{name} is not JSON", name)
