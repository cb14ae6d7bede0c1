"""Texts of settings → their types. Every parser raises ValueError with what is wrong, never with the text itself."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from .http.budget import is_loopback

FLOWS = ("consumption", "production")


def normal_prm(text: str) -> str:
    """A PRM as people paste it (spaces, dots) → 14 digits. Raises ValueError."""
    digits = re.sub(r"[\s.\u00a0\u202f-]", "", text)
    if not re.fullmatch(r"\d{14}", digits, re.ASCII):
        raise ValueError(
            f"a PRM has 14 digits, this has {len(digits)} characters (see the meter's display or an invoice)"
        )
    return digits


def api_url(text: str) -> str:
    """The base of an API without its last slash: https://, or http:// on this machine, and nothing behind the path."""
    text = text.strip()
    try:
        parts = urlsplit(text)
        whole = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:  # its text may hold a password
        whole = False
    if not whole or re.search(r"[\s@?#]", text):
        raise ValueError("must be an http(s) address: https://host/path, with a port from 1 to 65535 if any")
    if parts.scheme == "http" and not is_loopback(text):
        raise ValueError("must begin with https://: over http:// anyone on the way could read the token")
    return text.rstrip("/")


def mongodb_uri(text: str) -> str:
    """The address of a server, or empty."""
    text = text.strip()
    if text and not text.startswith(("mongodb://", "mongodb+srv://")):
        raise ValueError("must begin with mongodb:// or mongodb+srv:// (or be empty for the embedded database)")
    return text


def database(text: str) -> str:
    """The name of a database that every server takes."""
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,38}", text.strip()):
        raise ValueError("must be 1 to 38 letters, digits, _ or -")
    return text.strip()


def flows(text: str) -> tuple[str, ...]:
    """`both`, or flows with spaces or commas between them."""
    text = text.strip()
    wanted = FLOWS if text == "both" else tuple(re.split(r"[\s,;]+", text))
    if not set(wanted) <= set(FLOWS):
        raise ValueError("must be consumption, production or both")
    return tuple(dict.fromkeys(wanted))


def contact(text: str) -> str:
    """A line that an HTTP header can carry."""
    text = text.strip()
    if not text.isprintable() or any(ord(letter) > 0xFF for letter in text):
        raise ValueError("must be one line of Western European letters: it goes into the User-Agent header")
    return text


def host(text: str) -> str:
    """The name or number of an address to listen on, without a port."""
    text = text.strip().removeprefix("[").removesuffix("]")
    if not re.fullmatch(r"[A-Za-z0-9.:_-]+", text) or text.count(":") == 1:
        raise ValueError("must be a host such as 127.0.0.1 or 0.0.0.0; the port stands in DASH_PORT")
    return text


def folder(text: str) -> Path:
    """A path; `~` is the user's home."""
    try:
        return Path(text.strip()).expanduser()
    except RuntimeError:
        raise ValueError("names the home of a user whom this machine does not know") from None


def number(low: float, high: float, kind: type[int] | type[float]) -> Callable[[str], float]:
    """A parser of numbers from `low` to `high`, both included."""

    def parse(text: str) -> float:
        try:
            parsed = kind(text.strip())
        except ValueError:
            raise ValueError(f"must be a number from {low:g} to {high:g}") from None
        if not low <= parsed <= high:
            raise ValueError(f"must be from {low:g} to {high:g}")
        return parsed

    return parse
