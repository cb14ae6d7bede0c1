"""Where the server of a folder listens: a unix socket that only the user can reach, never a port.

A port without a login is open to everyone on the machine. The path of a socket may have 107 bytes and is an option of
mongod (a list with commas), a host of the replica set (with colons) and part of a URI: one that is too long, holds more
than plain characters, or lies on files that hold no sockets is replaced by one in a private folder elsewhere.
"""

from __future__ import annotations

import hashlib
import os
import re
import socket
import stat
import tempfile
from contextlib import suppress
from pathlib import Path

from ...model.errors import StoreUnavailable
from ...model.private import is_open_to_others, private_folder

LONGEST = 100  # bytes of a path
NAME = "mongod.sock"


def socket_of(folder: Path) -> Path:
    """A path on which nobody listens yet, for a server with its files in `folder`. Raises StoreUnavailable, OSError."""
    inside = private_folder(folder) / NAME
    if _holds_a_socket(inside):
        return inside
    name = f"{hashlib.sha256(os.fsencode(folder)).hexdigest()[:16]}.sock"
    for place in (os.environ.get("XDG_RUNTIME_DIR"), tempfile.gettempdir(), "/tmp"):  # noqa: S108 - in a folder of ours
        with suppress(OSError):
            if place and _holds_a_socket(inside := _own_folder(Path(place)) / name):
                return inside
    raise StoreUnavailable(
        f"no folder for the socket of the embedded MongoDB: {folder} has a path of more than {LONGEST} bytes or cannot "
        "hold one, and neither can XDG_RUNTIME_DIR: set that to a folder of your own, or choose another SYNC_HOME"
    )


def listens(path: str) -> bool:
    """Whether a server answers there."""
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.connect(path)
        except OSError:
            return False
    return True


def _holds_a_socket(path: Path) -> bool:
    if len(os.fsencode(path)) > LONGEST or not re.fullmatch(r"[\w./-]+", str(path), re.ASCII):
        return False
    path.unlink(missing_ok=True)  # of a server that was killed
    with socket.socket(socket.AF_UNIX) as probe:
        try:
            probe.bind(str(path))
        except OSError:
            return False
    path.unlink()
    return True


def _own_folder(place: Path) -> Path:
    """A folder of the user's in one that may be for all, such as /tmp. Raises PermissionError if somebody made it."""
    own = place / f"linky-atlas-{os.getuid()}"
    own.mkdir(mode=0o700, exist_ok=True)
    made = own.lstat()
    if not stat.S_ISDIR(made.st_mode) or made.st_uid != os.getuid() or is_open_to_others(own):
        raise PermissionError
    return own
