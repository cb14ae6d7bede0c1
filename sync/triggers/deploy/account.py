"""Who deploys, and where to: the Atlas API key and the project, from the environment or `.env`."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from dotenv import dotenv_values

from ...model.errors import UsageError
from ...settings import api_url

ADMIN_URL = "https://services.cloud.mongodb.com/api/admin/v3.0"
WHERE_KEYS_COME_FROM = "Atlas → Access Manager → API Keys, with the role Project Owner"


@dataclass(frozen=True, slots=True)
class AtlasAccount:
    """An API key pair and what it is for. cluster, app: empty = whatever the project has."""

    public_key: str = field(repr=False)
    private_key: str = field(repr=False)
    project_id: str
    cluster: str = ""
    app: str = ""
    url: str = ADMIN_URL


def _key(text: str) -> str:
    if not re.fullmatch(r"[!-~]+", text):
        raise ValueError(f"must be one word of plain characters (see {WHERE_KEYS_COME_FROM})")
    return text


def _project(text: str) -> str:
    if not re.fullmatch(r"[0-9a-f]{24}", text):
        raise ValueError("must be the 24 hexadecimal digits of the project (Atlas → Project Settings → Project ID)")
    return text


def _cluster(text: str) -> str:
    if text and not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9-]{0,63}", text):
        raise ValueError("must be the cluster's name as Atlas shows it, as in Cluster0")
    return text


def _app(text: str) -> str:
    if text and not re.fullmatch(r"[A-Za-z0-9_-]+", text):
        raise ValueError("must be an App ID as Atlas shows it, as in triggers-abcde")
    return text


PARSED: dict[str, Callable[[str], str]] = {
    "ATLAS_PUBLIC_KEY": _key,
    "ATLAS_PRIVATE_KEY": _key,
    "ATLAS_PROJECT_ID": _project,
    "ATLAS_CLUSTER": _cluster,
    "ATLAS_APP": _app,
    "ATLAS_ADMIN_URL": api_url,
}
NEEDED = ("ATLAS_PUBLIC_KEY", "ATLAS_PRIVATE_KEY", "ATLAS_PROJECT_ID")


def atlas_account(home: Path | None = None, environ: Mapping[str, str] | None = None) -> AtlasAccount:
    """The account; the environment wins over `.env` in `home`. Raises UsageError with all that is missing or wrong.

    No message holds what was given: it may be a key.
    """
    given = os.environ if environ is None else environ
    file = _dotenv((home or Path.cwd()) / ".env")
    found: dict[str, str] = {"ATLAS_ADMIN_URL": ADMIN_URL}
    wrong = []
    for name, parse in PARSED.items():
        text = (given.get(name) or file.get(name) or "").strip()
        if not text:
            if name in NEEDED:
                wrong.append(f"{name}: is not set")
            continue
        try:
            found[name] = parse(text)
        except ValueError as error:
            wrong.append(f"{name}: {error}")
    if wrong:
        listed = "\n".join(f"  {line}" for line in wrong)
        raise UsageError(f"to deploy, set these in the environment or .env ({WHERE_KEYS_COME_FROM}):\n{listed}")
    return AtlasAccount(
        found["ATLAS_PUBLIC_KEY"],
        found["ATLAS_PRIVATE_KEY"],
        found["ATLAS_PROJECT_ID"],
        found.get("ATLAS_CLUSTER", ""),
        found.get("ATLAS_APP", ""),
        found["ATLAS_ADMIN_URL"],
    )


def _dotenv(path: Path) -> dict[str, str]:
    try:
        return {name: text for name, text in dotenv_values(path).items() if text is not None}
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f".env cannot be read ({type(error).__name__}): save it as UTF-8 text") from None
