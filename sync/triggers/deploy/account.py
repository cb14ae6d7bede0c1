"""Who deploys, and where to: the Atlas API key and the project, from the environment or `.env`."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import field
from pathlib import Path
from typing import Annotated

from pydantic import TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from ...model.errors import UsageError
from ...settings import Address, dotenv_file, form

CLOUD_URL = "https://cloud.mongodb.com/api/atlas/v2"
ADMIN_URL = "https://services.cloud.mongodb.com/api/admin/v3.0"
WHERE_KEYS_COME_FROM = "Atlas → Access Manager → API Keys, with the role Project Owner"
SETTINGS = {
    "ATLAS_PUBLIC_KEY": "public_key",
    "ATLAS_PRIVATE_KEY": "private_key",
    "ATLAS_PROJECT_ID": "project_id",
    "ATLAS_CLUSTER": "cluster",
    "ATLAS_APP": "app",
    "ATLAS_ADMIN_URL": "url",
    "ATLAS_CLOUD_URL": "cloud_url",
}
OF_SERVICE_ACCOUNT = re.compile(r"mdb_sa_(id|sk)_")


Key = Annotated[str, form(r"[!-~]+", f"must be one word of plain characters (see {WHERE_KEYS_COME_FROM})")]
PROJECT = "the 24 hexadecimal digits of the project (Atlas → Project Settings → Project ID)"
CLUSTER = "the cluster's name as Atlas shows it, as in Cluster0"


@dataclass(frozen=True)
class AtlasAccount:
    """An API key pair and what it is for. cluster, app: empty = whatever the project has."""

    public_key: Key = field(repr=False)
    private_key: Key = field(repr=False)
    project_id: Annotated[str, form(r"[0-9a-f]{24}", f"must be {PROJECT}")]
    cluster: Annotated[str, form(r"([A-Za-z0-9][A-Za-z0-9-]{0,63})?", f"must be {CLUSTER}")] = ""
    app: Annotated[str, form(r"[A-Za-z0-9_-]*", "must be an App ID as Atlas shows it, as in triggers-abcde")] = ""
    url: Address = ADMIN_URL
    cloud_url: Address = CLOUD_URL


def atlas_account(home: Path | None = None, environ: Mapping[str, str] | None = None) -> AtlasAccount:
    """The account; the environment wins over `.env` in `home`. Raises UsageError with all that is missing or wrong.

    No message holds what was given: it may be a key.
    """
    places = (os.environ if environ is None else environ, dotenv_file((home or Path.cwd()) / ".env"))
    texts = {name: next((place[name] for place in places if place.get(name)), "").strip() for name in SETTINGS}
    if any(OF_SERVICE_ACCOUNT.match(text) for text in (texts["ATLAS_PUBLIC_KEY"], texts["ATLAS_PRIVATE_KEY"])):
        raise UsageError(
            "these are the credentials of a service account: the API of triggers and functions (App Services) takes "
            f"API keys alone, though the rest of Atlas calls these legacy. Make one: {WHERE_KEYS_COME_FROM}"
        )
    try:
        return TypeAdapter(AtlasAccount).validate_python({SETTINGS[name]: text for name, text in texts.items() if text})
    except ValidationError as error:
        wrong = {str(problem["loc"][0]): problem.get("ctx", {}) for problem in error.errors(include_url=False)}
    lines = (f"  {name}: {wrong[key].get('error', 'is not set')}" for name, key in SETTINGS.items() if key in wrong)
    listed = "\n".join(lines)
    raise UsageError(f"to deploy, set these in the environment or .env ({WHERE_KEYS_COME_FROM}):\n{listed}")
