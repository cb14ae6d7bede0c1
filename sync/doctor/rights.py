"""Whether the user of MONGODB_URI may do what a load does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .finding import Finding, Surroundings

SUBJECT = "rights"
NEEDED = ("find", "insert", "update", "remove", "createCollection", "createIndex")
"""What the role readWrite holds, as far as a load needs it."""


def check_rights(around: Surroundings) -> Iterator[Finding]:
    """By what the server says of the login, not by trying."""
    database = around.database
    told = database.client.admin.command("connectionStatus", showPrivileges=True)["authInfo"]
    users = told.get("authenticatedUsers", [])
    if not users:
        yield Finding(SUBJECT, "ok", "the server asks for no login")
        return
    allowed = {
        action
        for privilege in told.get("authenticatedUserPrivileges", [])
        if _is_of(privilege["resource"], database.name)
        for action in privilege["actions"]
    }
    name = users[0]["user"]
    lacking = [action for action in NEEDED if action not in allowed and "anyAction" not in allowed]
    if not lacking:
        yield Finding(SUBJECT, "ok", f"{name} may read and write {database.name}")
        return
    grant = f"db.getSiblingDB({users[0]['db']!r}).grantRolesToUser({name!r}, "
    grant += f"[{{role: 'readWrite', db: {database.name!r}}}])"
    remedy = f"as an administrator, in mongosh: {grant} (Atlas: Database Access, Edit, readWrite on {database.name})"
    yield Finding(SUBJECT, "error", f"{name} may not {', '.join(lacking)} in {database.name}", remedy)


def _is_of(resource: Mapping[str, Any], database: str) -> bool:
    """Whether a privilege is for all collections of the database."""
    whole = resource.get("collection") == "" and resource.get("db") in ("", database)
    return bool(resource.get("anyResource")) or whole
