"""The command line as a process, pointed to the stand-in of an open source."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from sync.sources import SOURCES
from sync.standin.server import Standin
from tests.processes import finish, start


class OpenShell:
    """Runs commands against one database and one stand-in; no traceback ever."""

    def __init__(self, source: str, standin: Standin, uri: str, database: str, folder: Path) -> None:
        self.folder = folder
        self.environ = {
            **os.environ,
            "MONGODB_URI": uri,
            "MONGODB_DATABASE": database,
            SOURCES[source].setting: standin.url,
            "SYNC_HOME": str(folder / "home"),
            "XDG_STATE_HOME": str(folder / "state"),
        }

    def __call__(self, *arguments: str) -> tuple[int, str, str]:
        code, out, err = finish(start(self.environ, self.folder, *arguments))
        assert "Traceback" not in err, err
        return code, out, err

    def json(self, *arguments: str) -> Any:
        """The one object of `--json`, of a command that ended with 0, 1 or 3."""
        code, out, err = self(*arguments, "--json")
        assert code in {0, 1, 3}, err
        assert out.count("\n") == 1
        return json.loads(out)
