"""The command line in this process, for exports."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pymongo.database import Database

from sync.cli import main
from tests.export_rows import Run
from tests.export_servers import Broker, Postgres


@pytest.fixture
def run(
    database: Database[Any],
    mongo_uri: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Run:
    """Exit code, standard output and standard error of a command in a folder and a database of this test."""
    monkeypatch.setenv("MONGODB_URI", mongo_uri)
    monkeypatch.setenv("MONGODB_DATABASE", database.name)
    monkeypatch.chdir(tmp_path)

    def command(*words: str) -> tuple[int, str, str]:
        with pytest.raises(SystemExit) as ended:
            main(arguments=list(words))
        out, err = capsys.readouterr()
        assert "Traceback" not in err
        return int(ended.value.code or 0), out, err

    return command


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Postgres]:
    """One for a test process."""
    server = Postgres()
    yield server
    server.stop()


@pytest.fixture
def postgres(postgres_server: Postgres) -> Postgres:
    """With an empty database."""
    return postgres_server.emptied()


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    """One for a test process; each test takes a topic of its own."""
    server = Broker(tmp_path_factory.mktemp("broker"))
    yield server
    server.stop()
