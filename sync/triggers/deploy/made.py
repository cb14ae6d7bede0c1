"""What a deployment made in an app, noted in the app itself, so that `trigger undeploy` removes that and nothing else.

One Value, `linkyAtlasMade`: kind → names, `{"apps": ["Triggers"], "services": [], "secrets": […], …}`. It is written
before what it names is made: a deployment that is cut off leaves nothing that nobody knows of. The app alone comes
before its record; one that was left so looks like one that somebody made and has not filled yet, and is nobody's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ..check.tree import ConfigTree
from ..values import DEFAULTS, TOKEN_SECRET, TOKEN_VALUE
from .foreign import is_related
from .triggers_app import NAME, Entry, Kind, TriggersApp

RECORD = "linkyAtlasMade"
KINDS: tuple[Kind, ...] = ("services", "secrets", "values", "functions", "triggers")
MARK = " of linky-atlas "  # in the first line of a bundle
OF_EARLIER = {
    "functions": (
        "elhubReadings", "energidataReadings", "fillMirror", "linkyFetch", "linkyLabels", "linkyPlan", "linkyPoints",
        "linkySettings", "markStale", "openDaily", "openFetch", "openFreshness", "openPlan", "openSettings", "runTurn",
        "storedFields", "verifiedBatches",
    ),
    "triggers": ("linkyDailyAgain", "energidataDailyAgain"),
}  # fmt: skip
"""Names that earlier versions gave and this one does not."""


class Made:
    """Names by kind; `apps` holds the app's own name where it was made by us."""

    def __init__(self, noted: Any = None) -> None:
        known = noted if isinstance(noted, dict) else {}
        self.names = {kind: {str(name) for name in known.get(kind, [])} for kind in ("apps", *KINDS)}

    def add(self, kind: str, names: Iterable[str]) -> None:
        self.names[kind] |= set(names)

    def keep(self, there: Mapping[Kind, Iterable[str]]) -> None:
        """Forget what is not there any more."""
        for kind, names in there.items():
            self.names[kind] &= set(names)

    def is_in(self, noted: Any) -> bool:
        """Whether a record says all that this one does."""
        known = Made(noted)
        return all(names <= known.names[kind] for kind, names in self.names.items())

    def as_value(self) -> dict[str, list[str]]:
        """As it is stored."""
        return {kind: sorted(names) for kind, names in self.names.items() if names}


class Ours:
    """What of an app is ours: by its record, or, for a deployment from before there was one, by the functions' text."""

    def __init__(self, app: TriggersApp, tree: ConfigTree) -> None:
        self._app = app
        self._sources = {name: function.source for name, function in tree.functions.items()}
        names = {"functions": {*tree.functions, *OF_EARLIER["functions"]}}
        names["triggers"] = {*tree.triggers, *OF_EARLIER["triggers"]}
        self.functions = {name for name in names["functions"] if self._is_ours(name)}
        self.triggers = {name for name in names["triggers"] if self._runs_ours(name)}
        noted = app.whole("values", RECORD).get("value") if RECORD in app.entries("values") else None
        self.made = Made(noted)
        if noted is None and self.functions:
            self.made.add("functions", self.functions)
            self.made.add("triggers", self.triggers)
            self.made.add("values", self._named("values", {*DEFAULTS, TOKEN_VALUE}))
            self.made.add("secrets", self._named("secrets", {TOKEN_SECRET}))

    def foreign_users(self, kind: Kind, name: str, without: Mapping[str, Iterable[str]]) -> Iterator[str]:
        """`trigger x`, `function y` that need a thing of ours and stay. without: kind → names of those that go."""
        identity = self._app.id_of(kind, name)
        for other in self._app.entries("triggers").keys() - set(without.get("triggers", ())):
            if _mentions(self._app.whole("triggers", other), identity, name):
                yield f"trigger {other}"
        word = re.compile(rf"[\"'`]{re.escape(name)}[\"'`]")
        for other in self._app.entries("functions").keys() - set(without.get("functions", ())) - self.functions:
            if word.search(str(self._app.whole("functions", other).get("source", ""))):
                yield f"function {other}"

    def _named(self, kind: Kind, names: Iterable[str]) -> set[str]:
        """Those of these names that are there, and the numbered ones of further meters."""
        pattern = re.compile("|".join(rf"{re.escape(name)}\d*" for name in names))
        return {name for name in self._app.entries(kind) if pattern.fullmatch(name)}

    def _is_ours(self, name: str) -> bool:
        if name not in self._app.entries("functions"):
            return False
        there = str(self._app.whole("functions", name).get("source", ""))
        if MARK in there.partition("\n")[0]:
            return True
        wanted = [self._sources[name]] if name in self._sources else list(self._sources.values())
        return any(is_related(there, source) for source in wanted)

    def _runs_ours(self, name: str) -> bool:
        if name not in self._app.entries("triggers"):
            return False
        there = self._app.whole("triggers", name)
        own = {self._app.id_of("functions", function): function for function in self.functions}
        return there.get("type") == "SCHEDULED" and any(_mentions(there, *both) for both in own.items())


def app_made() -> Made:
    """The record of a new app."""
    made = Made()
    made.add("apps", [NAME])
    return made


def _mentions(trigger: Entry, identity: str, name: str) -> bool:
    """Whether a trigger runs this function, or watches by this data source."""
    processors = trigger.get("event_processors") or {}
    inner = ((processors.get("FUNCTION") or {}).get("config")) or {}
    config = trigger.get("config") or {}
    ids = (inner.get("function_id"), trigger.get("function_id"), config.get("service_id"))
    names = (inner.get("function_name"), trigger.get("function_name"), config.get("service_name"))
    return identity in ids or (not any(ids) and name in names)
