"""Folders and files that only the user may enter and read: what we keep holds meter numbers and readings."""

from __future__ import annotations

import os
import re
import stat
import sys
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from .privacy import JWT

OTHERS = 0o077  # what group and world may do
SECRET = re.compile(r"TOKEN|PASSWORD|KEY|SECRET")
WITH_PASSWORD = re.compile(r"://[^/\s]*:[^/\s]*@")


def private_folder(path: Path) -> Path:
    """A folder of ours, made where there is none: 0700, what lies directly in it closed to others. Raises OSError."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    for entry in (path.resolve(), *path.iterdir()):
        _narrow(entry)
    return path


def private_home(path: Path) -> Path:
    """A folder that the user has named, made where there is none, 0700. Raises OSError.

    One that serves for more stays as wide as it is: all may write in it, it lies at the top, or the user's own or the
    current folder is in it. What we make inside is closed in any case.
    """
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    inside = path.resolve()
    lived_in = any(folder.is_relative_to(inside) for folder in (Path(os.environ.get("HOME", "/")), Path.cwd()))
    if not (lived_in or inside.parent == Path(inside.anchor) or inside.stat().st_mode & stat.S_ISVTX):
        _narrow(inside)
    return path


def private_file(path: Path) -> Path:
    """A file of ours, made empty where there is none, 0600. Raises OSError."""
    path.touch(mode=0o600)
    _narrow(path)
    return path


def is_open_to_others(path: Path) -> bool:
    """Whether another user of the machine may read or change it."""
    return os.name == "posix" and bool(path.stat().st_mode & OTHERS)


def warn_of_open_secrets(path: Path, names: Mapping[str, Any]) -> None:
    """One warning on stderr, for a file of settings that holds a secret and that others may read. `names`: its own."""
    texts = {name: str(value) for name, value in names.items() if value}
    if any(SECRET.search(name) or WITH_PASSWORD.search(text) or JWT.search(text) for name, text in texts.items()):
        _warn_if_open(path)


@cache  # settings are read more than once
def _warn_if_open(path: Path) -> None:
    if is_open_to_others(path):
        shown = path.name if path.parent == Path.cwd() else path
        sys.stderr.write(
            f"warning: {shown} holds a token or password and other users of this machine may read it: "
            f"chmod 600 {shown}\n"
        )


def _narrow(path: Path) -> None:
    with suppress(PermissionError, FileNotFoundError):  # somebody else's; gone since
        mode = path.lstat().st_mode
        if mode & OTHERS and not stat.S_ISLNK(mode):
            path.chmod(stat.S_IMODE(mode) & ~OTHERS)
