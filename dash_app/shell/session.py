"""The session of a reader who has given the password: a signed cookie, valid for SESSION_DAYS, also after a restart."""

from __future__ import annotations

import hashlib
import logging
import os
import secrets
import stat
import tempfile
from pathlib import Path

from itsdangerous import BadSignature, TimestampSigner

SESSION_DAYS = 30
SECONDS = SESSION_DAYS * 24 * 3600
COOKIE = "electricity-session"
FILE = "page.key"  # in the folder SYNC_HOME
LENGTH = 32  # bytes
LOG = logging.getLogger("dash_app")


class Sessions:
    """Makes and checks the cookie's text. A new password, or a new secret, ends every session."""

    def __init__(self, secret: bytes, password: str) -> None:
        key = hashlib.sha256(secret + password.encode()).digest()
        self._signer = TimestampSigner(key, salt="session", key_derivation="hmac", digest_method=hashlib.sha256)

    def new(self) -> str:
        """A text that is valid from now on."""
        return self._signer.sign("reader").decode()

    def holds(self, text: str) -> bool:
        """Whether this is a text of ours that is still valid."""
        try:
            self._signer.unsign(text, max_age=SECONDS)
        except BadSignature:
            return False
        return True


def secret_of(home: Path) -> bytes:
    """The secret kept in a folder, readable by its owner alone; made anew where there is none that nobody else knows.

    Where it cannot be kept sessions end with the page.
    """
    path = home / FILE
    try:
        return _kept(path) or _make(path)
    except OSError as error:
        LOG.warning("sessions end with the page: %s cannot be kept (%s)", FILE, error.strerror)
        return secrets.token_bytes(LENGTH)


def _kept(path: Path) -> bytes:
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except FileNotFoundError:
        return b""
    try:
        found = os.fstat(descriptor)
        is_ours = stat.S_ISREG(found.st_mode) and not found.st_mode & 0o077 and found.st_uid == os.getuid()
        kept = os.read(descriptor, LENGTH + 1) if is_ours else b""
    finally:
        os.close(descriptor)
    return kept if len(kept) == LENGTH else b""


def _make(path: Path) -> bytes:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    made = secrets.token_bytes(LENGTH)
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{FILE}", delete=False) as file:  # 0600
        file.write(made)
    Path(file.name).replace(path)  # whole or not at all
    return made
