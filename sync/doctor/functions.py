"""Whether the functions of this version are deployed to Atlas, and their triggers on: only with the API keys."""

from __future__ import annotations

from collections.abc import Iterator

from ..settings import dotenv_file
from ..triggers.bundle import bundles
from ..triggers.check.tree import read_tree
from ..triggers.deploy.account import SETTINGS, atlas_account
from ..triggers.deploy.admin_api import AdminApi
from ..triggers.deploy.deploy import Plan, plan, token_secret
from ..triggers.tree import DEFAULT_FOLDER
from ..triggers.values import given_by
from .finding import Finding, NotRun, Surroundings

SUBJECT = "functions"
KEYS = ("ATLAS_PUBLIC_KEY", "ATLAS_PRIVATE_KEY", "ATLAS_PROJECT_ID")
DEPLOY = "python -m sync trigger deploy"
SHOWN = 4


def check_functions(around: Surroundings) -> Iterator[Finding]:
    """By the plan of a deployment: what it would change is what differs."""
    dotenv = dotenv_file(around.home / ".env")
    if not any(place.get(name) for name in KEYS for place in (around.environ, dotenv)):
        raise NotRun(f"no Atlas API key is set ({', '.join(KEYS)}): only a deployment needs one")
    tree = read_tree(DEFAULT_FOLDER)
    given = given_by(around.settings, token_secret(tree), around.clock.now())
    account = atlas_account(around.home, {name: text for name, text in around.environ.items() if name in SETTINGS})
    with AdminApi(account) as api:
        planned = plan(api, account, tree, given, bundled=bundles(DEFAULT_FOLDER))
        yield from _differences(planned)
        if planned.app.entry:
            planned.app.refuse_open_draft()


def _differences(planned: Plan) -> Iterator[Finding]:
    if not planned.app.entry:
        yield Finding(SUBJECT, "warning", "the project has no triggers app: nothing is deployed", DEPLOY)
        return
    others = [change for change in planned.needed if change.kind != "trigger"]
    for change in planned.needed:
        if change.kind == "trigger":
            said = f"the trigger {change.name} is not as it should be: {change.detail or change.action}"
            yield Finding(SUBJECT, "error", said, DEPLOY)
    if others:
        names = ", ".join(f"{change.kind} {change.name}" for change in others[:SHOWN])
        more = f" and {len(others) - SHOWN} more" if len(others) > SHOWN else ""
        yield Finding(SUBJECT, "error", f"what is deployed is not of this version: {names}{more}", DEPLOY)
    if not planned.needed:
        yield Finding(SUBJECT, "ok", f"{planned.app.label}: of this version, its triggers as they should be")
