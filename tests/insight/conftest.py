"""One database with meters of every kind, for all tests of commands that only read readings."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from pymongo.database import Database

from sync.standin.linky import LinkyStandin
from sync.store.connection import connect
from tests import meters_of_all_kinds
from tests.processes import environment
from tests.shell import Shell


@pytest.fixture(scope="module")
def meters(mongo_uri: str) -> Iterator[Database[Any]]:
    with connect(mongo_uri) as client:
        database = client[f"test_{uuid.uuid4().hex[:12]}"]
        meters_of_all_kinds.fill(database)
        yield database
        client.drop_database(database.name)


@pytest.fixture(scope="module")
def ask(meters: Database[Any], mongo_uri: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    """The command line, pointed to that database."""
    folder = tmp_path_factory.mktemp("insight")
    with LinkyStandin() as standin:
        yield Shell(environment(standin, mongo_uri, meters.name, folder), folder, standin)
