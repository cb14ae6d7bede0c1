"""Plans and applies a tree with given settings, and looks at what became of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from sync.triggers.bundle import bundles
from sync.triggers.check.tree import read_tree
from sync.triggers.deploy.account import AtlasAccount
from sync.triggers.deploy.admin_api import AdminApi
from sync.triggers.deploy.deploy import Plan, plan, token_secret
from sync.triggers.deploy.made import RECORD
from sync.triggers.deploy.undeploy import undeploy_plan
from sync.triggers.values import given_by
from tests.deploy.admin_standin import AdminStandin
from tests.deploy.admin_store import StoredApp
from tests.deploy.trees import NOW, PRM, settings_of, token

TOKEN = token(PRM)
METER = {"LINKY_TOKEN": TOKEN}


class Deployer:
    """Plans and applies with one client; `environ` are the settings."""

    def __init__(self, api: AdminApi, account: AtlasAccount, tree: Path) -> None:
        self.api, self.account, self.folder = api, account, tree

    def plan(
        self,
        environ: dict[str, str] = METER,
        *,
        again: bool = False,
        replacing: bool = False,
        as_tree: bool = True,
        **account: str,
    ) -> Plan:
        tree = read_tree(self.folder)
        given = given_by(settings_of(**environ), token_secret(tree), NOW)
        bundled = None if as_tree else bundles(self.folder)
        own = replace(self.account, **account)
        return plan(self.api, own, tree, given, bundled=bundled, again=again, replace=replacing)

    def undeploy(self) -> list[str]:
        """Remove what was made; what was removed."""
        return told(undeploy_plan(self.api, self.account, read_tree(self.folder)).apply())

    def __call__(self, environ: dict[str, str] = METER, **options: Any) -> list[str]:
        """Apply; what was made, as `action kind name`."""
        return told(self.plan(environ, **options).apply())


def told(changes: Any) -> list[str]:
    return [f"{each.action} {each.kind} {each.name}" for each in changes]


def the_app(atlas: AdminStandin) -> StoredApp:
    (app,) = atlas.apps.values()
    return app


def texts(app: StoredApp) -> dict[str, Any]:
    """Those that functions read."""
    return {entry["name"]: entry["value"] for entry in app.held["values"].values() if entry["name"] != RECORD}
