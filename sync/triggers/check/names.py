"""Names that Atlas takes in the tree of an app (atlas.md 1.6). Each check raises ValueError in words behind a place."""

from __future__ import annotations

import re

LONGEST_NAME = 64
LONGEST_APP_NAME = 32
LETTERS = "and hold only unaccented letters, digits, _ and -"


def checked_name(name: object) -> str:
    """The rule of values, secrets, triggers and data sources: at most 64 letters, digits, `_` or `-`."""
    return _checked(name, LONGEST_NAME, r"[A-Za-z0-9][A-Za-z0-9_-]*", f"must begin with a letter or digit {LETTERS}")


def checked_function_name(name: object) -> str:
    """The same for each part of a function's name, which may lie in subfolders: `utils/add`."""
    if not isinstance(name, str):
        return checked_name(name)
    return "/".join(checked_name(part) for part in name.split("/"))


def checked_app_name(name: object) -> str:
    """An app's name: at most 32, a letter first."""
    return _checked(name, LONGEST_APP_NAME, r"[A-Za-z][A-Za-z0-9_-]*", f"must begin with a letter {LETTERS}")


def _checked(name: object, longest: int, pattern: str, words: str) -> str:
    if not isinstance(name, str) or not name:
        raise ValueError("must be text that is not empty")
    if len(name) > longest:
        raise ValueError(f"has {len(name)} characters, Atlas takes {longest}")
    if not re.fullmatch(pattern, name):
        raise ValueError(words)
    return name
