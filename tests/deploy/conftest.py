"""Fixtures of the deployment: a tree, and a local server that answers as the Admin API does."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from sync.triggers.deploy.account import AtlasAccount
from sync.triggers.deploy.admin_api import AdminApi
from tests.deploy.admin_standin import AdminStandin
from tests.deploy.deployer import Deployer
from tests.deploy.trees import make_tree


@pytest.fixture(autouse=True)
def _no_account(monkeypatch: pytest.MonkeyPatch) -> None:
    """No key of the developer reaches a test."""
    for name in list(os.environ):
        if name.startswith("ATLAS_"):
            monkeypatch.delenv(name)


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return make_tree(tmp_path)


@pytest.fixture
def atlas() -> Iterator[AdminStandin]:
    with AdminStandin() as standin:
        yield standin


@pytest.fixture
def account(atlas: AdminStandin) -> AtlasAccount:
    keys = (atlas.public_key, atlas.private_key, atlas.project_id)
    return AtlasAccount(*keys, url=atlas.url, cloud_url=atlas.cloud_url)


@pytest.fixture
def deploy(account: AtlasAccount, tree: Path) -> Iterator[Deployer]:
    with AdminApi(account) as api:
        yield Deployer(api, account, tree)
