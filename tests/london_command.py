"""`import --source lcl` as a process against one server and database."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.processes import finish, start


class London:
    """Runs the import; nothing it prints is a traceback."""

    def __init__(self, uri: str, database: str, folder: Path) -> None:
        self.environ = {
            "MONGODB_URI": uri,
            "MONGODB_DATABASE": database,
            "SYNC_HOME": str(folder / "home"),
            "XDG_STATE_HOME": str(folder / "state"),
        }
        self.folder = folder

    def start(self, paths: Sequence[Path], *options: str) -> subprocess.Popen[str]:
        """The process, just begun."""
        return start(self.environ, self.folder, "import", "--source", "lcl", *options, *map(str, paths))

    def __call__(self, paths: Sequence[Path], *options: str) -> tuple[int, str, str]:
        """Exit code, standard output and standard error of a whole run."""
        code, out, err = finish(self.start(paths, *options))
        assert "Traceback" not in err, err
        return code, out, err

    def json(self, paths: Sequence[Path], code: int = 0) -> Any:
        """The object of `--json`."""
        found, out, err = self(paths, "--json")
        assert found == code, err
        assert out.count("\n") == 1
        return json.loads(out)
