"""The clusters of a project, by the Atlas Administration API v2: asked for where a link to one is to be made.

Reference: https://www.mongodb.com/docs/api/doc/atlas-admin-api-v2/ (clusters, flexClusters; API keys by HTTP digest).
"""

from __future__ import annotations

import requests
from requests.auth import HTTPDigestAuth

from ... import VERSION
from ...http.budget import is_loopback
from ...model.errors import UsageError
from .account import AtlasAccount
from .admin_api import TIMEOUT

LISTS = {
    "clusters": "application/vnd.atlas.2024-08-05+json",
    "flexClusters": "application/vnd.atlas.2024-11-13+json",
}
"""Where clusters are listed, each with its version of the API; a list may be refused where a project has none of it."""


def cluster_of(account: AtlasAccount) -> str:
    """The one cluster of the project. Raises UsageError where ATLAS_CLUSTER has to say it."""
    names = _names(account)
    if len(names) == 1:
        return names[0]
    if names:
        raise UsageError(f"the project has several clusters: set ATLAS_CLUSTER to one of {', '.join(names)}")
    raise UsageError(
        "a link to the cluster is to be made, and its name could not be had from Atlas (no cluster in this project, or "
        "the API key may not list them): set ATLAS_CLUSTER to the name that Atlas shows, as in Cluster0"
    )


def _names(account: AtlasAccount) -> list[str]:
    found: set[str] = set()
    with requests.Session() as session:
        session.auth = HTTPDigestAuth(account.public_key, account.private_key)
        session.trust_env = not is_loopback(account.cloud_url)
        session.headers["User-Agent"] = f"linky-atlas/{VERSION}"
        for place, accepted in LISTS.items():
            address = f"{account.cloud_url}/groups/{account.project_id}/{place}"
            try:
                answer = session.get(address, headers={"Accept": accepted}, timeout=TIMEOUT, allow_redirects=False)
                listed = answer.json().get("results", []) if answer.status_code == 200 else []
                found |= {str(entry["name"]) for entry in listed}
            except (requests.RequestException, ValueError, AttributeError, KeyError, TypeError):
                continue  # asked for by name, then
    return sorted(found)
