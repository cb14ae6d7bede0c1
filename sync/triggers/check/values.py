"""`values/*.json`: plain texts, and links to secrets by their name."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from .files import ConfigFile, ConfigFolder
from .names import name_problem

VALUE_FIELDS = ("name", "value", "from_secret", "private", "id", "_id")
TOKEN = re.compile(r"eyJ[A-Za-z0-9_-]{8,}")  # as JSON in base64 begins: a gateway token


@dataclass(frozen=True, slots=True)
class ValueConfig:
    """A Value; with `from_secret`, `value` is the name of the secret it links to."""

    name: str
    value: Any
    from_secret: bool


def read_values(config: ConfigFolder) -> dict[str, ValueConfig]:
    """Every Value by its name."""
    found = {}
    for path, entry in config.objects(config.folder / "values"):
        name = entry.content.get("name")
        if wrong := name_problem(name):
            entry.say("name", f"name {wrong}")
        elif name != path.stem:
            entry.say("name", f"the value {name!r} must stand in values/{name}.json")
        entry.refuse_unknown(VALUE_FIELDS)
        linked = entry.flag("from_secret")
        _check(entry, linked)
        found[str(name)] = ValueConfig(str(name), entry.content.get("value"), linked)
    return found


def _check(entry: ConfigFile, linked: bool) -> None:
    given = entry.content.get("value")
    if "value" not in entry.content:
        entry.say("name", "has no value")
    elif linked and (wrong := name_problem(given)):
        entry.say("value", f"with from_secret, value is the name of a secret, which {wrong}")
    elif not isinstance(given, str | list | dict):
        entry.say("value", 'value must be text, a list or an object: write numbers as text, "36000"')
    elif given == "":
        entry.say("value", 'value is empty, which Atlas may refuse: write "auto", "[]", or remove the file')
    elif not linked and TOKEN.search(str(given)):
        entry.say("value", "value holds a token: keep it in a secret, name the secret here and set from_secret to true")
