"""The tree that `appservices push`, GitHub deployment and `trigger deploy` read (`atlas_functions/`), checked.

What a push refuses is a problem; what it may refuse, drop in silence, or take and then fail on every morning is a
doubt, and told as one. Both with file and line. How the functions are written is for ESLint (`eslint.config.mjs`) to
judge.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic_core import from_json

from ...model.errors import UsageError
from ...model.privacy import masked
from ..tree import function_files
from .models import (
    SOURCE_TYPE,
    AnyTrigger,
    App,
    DataSource,
    FunctionEntry,
    Meta,
    OtherSource,
    Part,
    TriggerConfig,
    ValueConfig,
)
from .sources import syntax_errors

ROOT = "root_config.json"
META = ".mdb/meta.json"
MANIFEST = "functions/config.json"
OUR_TYPES = (SOURCE_TYPE, "SCHEDULED")
FLAGS = ("private", "run_as_system", "disable_arg_logs")
SERVICE_VALUE = "mongodbService"
"""The Value in which the functions look for the data source's name."""
ASKED = re.compile(r"\bcontext\.(functions\.execute|services\.get)\(\s*[\"'`]([\w/-]+)[\"'`]")
"""A name that a function asks for, written out."""
Model = TypeVar("Model", bound=Part)


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """Something in the tree that a push would refuse; in_doubt: that it may refuse. path: within the tree, with `/`;
    line: from 1."""

    path: str
    line: int
    message: str
    in_doubt: bool = False

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {'in doubt: ' * self.in_doubt}{self.message}"


@dataclass(frozen=True, slots=True)
class FunctionConfig:
    """A function: its source and the flags of its manifest entry."""

    name: str
    source: str
    flags: dict[str, bool]


@dataclass(frozen=True, slots=True)
class ConfigTree:
    """What the tree says. root: root_config.json; data_sources: service name → its `config`."""

    root: Mapping[str, Any]
    data_sources: Mapping[str, Mapping[str, Any]]
    values: Mapping[str, ValueConfig]
    functions: Mapping[str, FunctionConfig]
    triggers: Mapping[str, TriggerConfig]


def problems_of(folder: Path) -> list[Problem]:
    """All that a push would or may refuse, by file and line; empty when all is well. Raises UsageError without it."""
    return _read(folder)[1]


def read_tree(folder: Path) -> ConfigTree:
    """The tree. Raises UsageError with every problem of it; what is in doubt is for `problems_of` to tell."""
    tree, found = _read(folder)
    problems = [problem for problem in found if not problem.in_doubt]
    if problems:
        listed = "\n".join(f"  {problem}" for problem in problems)
        raise UsageError(f"{folder.name} cannot be deployed, as Atlas would refuse it:\n{listed}")
    return tree


def _read(folder: Path) -> tuple[ConfigTree, list[Problem]]:
    if not folder.is_dir():
        raise UsageError(f"there is no folder {folder.name}: give the one that holds {ROOT}")
    files = _Files(folder)
    root = files.model(ROOT, App)
    if (folder / META).exists():
        files.model(META, Meta)
    elif root and root.config_version is None:
        files.doubt(ROOT, f"no config_version stands here nor in {META}: a push may ask for it")
    sources = files.named("data_sources/{}/config.json", DataSource, OtherSource)
    tree = ConfigTree(
        root=root.model_dump(exclude_unset=True) if root else {},
        data_sources={name: source.config.model_dump(exclude_unset=True) for name, source in sources.items()},
        values=files.named("values/{}.json", ValueConfig),
        functions=_functions(files),
        triggers=files.named("triggers/{}.json", TriggerConfig, AnyTrigger),
    )
    _check_names(files, tree)
    return tree, sorted(set(files.problems))


@dataclass(slots=True)
class _Files:
    """The files of a tree, and the problems found in them so far."""

    folder: Path
    problems: list[Problem] = field(default_factory=list)
    others: dict[str, Part] = field(default_factory=dict)

    def say(self, path: str, message: str, line: int = 1) -> None:
        self.problems.append(Problem(path, line, message))

    def doubt(self, path: str, message: str, line: int = 1) -> None:
        self.problems.append(Problem(path, line, message, in_doubt=True))

    def text(self, path: str) -> str | None:
        """A file's text; None, and noted, when it cannot be read."""
        try:
            return (self.folder / path).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            self.say(path, "is not UTF-8 text")
        except FileNotFoundError:
            self.say(path, "is missing")
        except OSError as error:
            self.say(path, f"cannot be read ({error.strerror})")
        return None

    def json(self, path: str) -> tuple[str, Any]:
        """A file's text and what it holds; None for the latter, and noted, when it is not JSON."""
        text = self.text(path)
        if text is None:
            return "", None
        try:
            return text, from_json(text, allow_inf_nan=False)
        except ValueError as error:
            line = re.search(r" at line (\d+)", str(error))
            self.say(path, f"is not JSON: {error}", int(line[1]) if line else 1)
        return text, None

    def model(self, path: str, model: type[Model], other: type[Part] | None = None) -> Model | None:
        """What a file holds, as its model; None, and noted, when it is no such object. other: the model of one whose
        `type` is none of ours: checked, and then passed over."""
        text, content = self.json(path)
        kind = content.get("type", "") if isinstance(content, dict) else ""
        if other and kind not in ("", *OUR_TYPES):
            if entry := self.checked(path, other, content, text):
                self.others[path] = entry
            return None
        return None if content is None else self.checked(path, model, content, text)

    def checked(self, path: str, model: type[Model], content: Any, text: str, entry: str = "") -> Model | None:
        """An object of a file as its model; None, and noted. entry: its name, where the file holds several."""
        try:
            found = model.model_validate(content)
        except ValidationError as error:
            for detail in error.errors(include_url=False):
                words = detail.get("ctx", {}).get("error", detail["msg"])
                place = [str(part) for part in detail["loc"] if part != "[key]"]
                named = "" if detail["type"] == "missing" or not place else place[-1]
                line = _line_of(text, entry if named == "name" and entry else named, entry)
                self.say(path, ": ".join(filter(None, (entry, ".".join(place), str(words)))), line)
            return None
        for field_name, words in found.doubts():
            self.doubt(path, ": ".join(filter(None, (entry, field_name, words))), _line_of(text, field_name, entry))
        return found

    def named(self, places: str, model: type[Model], other: type[Part] | None = None) -> dict[str, Model]:
        """The objects of one kind, each in the file of its own name, such as `values/{}.json`."""
        read = {}
        for name in self.names(places):
            path = places.format(name)
            if entry := self.model(path, model, other):
                read[name] = entry
            written = getattr(entry or self.others.get(path), "name", name)
            if written != name:
                self.say(path, f"{written!r} must stand in {places.format(written)}", self.line(path, "name"))
        return read

    def names(self, places: str) -> list[str]:
        """The names of the files of one kind, readable or not."""
        before, _, after = places.partition("{}")
        paths = (path.relative_to(self.folder).as_posix() for path in self.folder.glob(f"{before}*{after}"))
        return sorted(path.removeprefix(before).removesuffix(after) for path in paths)

    def line(self, path: str, key: str) -> int:
        """The line in which a file that was read has `key`."""
        return _line_of((self.folder / path).read_text(encoding="utf-8"), key)


def _line_of(text: str, key: str, behind: str = "") -> int:
    """The line in which `key` first stands in quotes, from the first `behind` in quotes on; else that one's, else 1."""
    start = max(text.find(f'"{behind}"'), 0) if behind else 0
    place = text.find(f'"{key}"', start) if key else -1
    return text.count("\n", 0, place if place >= 0 else start) + 1


# --- functions --------------------------------------------------------------------------------------------------------


def _functions(files: _Files) -> dict[str, FunctionConfig]:
    """Every function that has a file; without a manifest entry it has the flags of Atlas's defaults."""
    names = sorted(function_files(files.folder))
    manifest = _manifest(files, names)
    texts = {name: text for name in names if (text := files.text(f"functions/{name}.js")) is not None}
    for name in set(names) - manifest.keys():
        files.doubt(f"functions/{name}.js", f"has no entry in {MANIFEST}: a push adds it with Atlas's defaults")
    for name, (line, message) in syntax_errors(texts).items():
        files.say(f"functions/{name}.js", f"syntax error: {message}", line)
    for name, text in texts.items():
        for number, line_text in enumerate(text.splitlines(), 1):
            if masked(line_text) != line_text:
                message = "holds a token or a PRM: keep it in a secret, read it with context.values.get"
                files.doubt(f"functions/{name}.js", message, number)
    defaults = dict.fromkeys(FLAGS, False)
    return {name: FunctionConfig(name, text, manifest.get(name, defaults)) for name, text in texts.items()}


def _manifest(files: _Files, names: Collection[str]) -> dict[str, dict[str, bool]]:
    """Function name → flags, of functions/config.json."""
    text, content = files.json(MANIFEST)
    if content is not None and not isinstance(content, list):
        files.say(MANIFEST, "must hold a list of objects, one for each function")
    flags: dict[str, dict[str, bool]] = {}
    for written in content if isinstance(content, list) else []:
        name = str(written.get("name", "")) if isinstance(written, dict) else ""
        entry = files.checked(MANIFEST, FunctionEntry, written, text, name)
        if name in flags:
            files.say(MANIFEST, f"the function {name!r} stands there twice", _line_of(text, name))
        if name and name not in names:
            files.say(MANIFEST, f"there is no functions/{name}.js", _line_of(text, name))
        flags[name] = {flag: getattr(entry, flag, False) for flag in FLAGS}
    return flags


# --- names that one file has from another -----------------------------------------------------------------------------


def _check_names(files: _Files, tree: ConfigTree) -> None:
    """A file that cannot be read counts as there: it is told by itself."""
    sources, functions = files.names("data_sources/{}/config.json"), sorted(function_files(files.folder))
    if not sources:
        files.doubt("data_sources", "has no data source: the functions would have no database")
    for path, line, kind, name in _asked(tree):
        place, names = {
            "functions.execute": ("functions/{}.js", functions),
            "services.get": ("data_sources/{}/config.json", sources),
        }[kind]
        if name not in names:
            files.doubt(path, f"asks for {name!r}, but there is no {place.format(name)}", line)
    others = {path: other for path, other in files.others.items() if isinstance(other, AnyTrigger)}
    ours = {f"triggers/{name}.json": trigger for name, trigger in tree.triggers.items()}
    for path, trigger in (ours | others).items():
        if trigger.function and trigger.function not in functions:
            message = f"runs the function {trigger.function!r}, but functions/ has {', '.join(functions) or 'none'}"
            files.say(path, message, files.line(path, trigger.function))
    service = tree.values.get(SERVICE_VALUE)
    if service and str(service.value) not in sources:
        message = f"names the data source {service.value!r}; data_sources/ has {', '.join(sources) or 'none'}"
        files.doubt(f"values/{SERVICE_VALUE}.json", message)


def _asked(tree: ConfigTree) -> Iterator[tuple[str, int, str, str]]:
    """(path, line, call, name) of each name that a function asks for."""
    for function in tree.functions.values():
        for match in ASKED.finditer(function.source):
            yield f"functions/{function.name}.js", function.source.count("\n", 0, match.start()) + 1, match[1], match[2]
