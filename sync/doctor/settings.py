"""Whether the settings are right, and closed to others."""

from __future__ import annotations

from collections.abc import Iterator

from ..model.errors import UsageError
from ..model.private import is_open_to_others
from .finding import Finding, Surroundings

SUBJECT = "settings"
FILES = (".env", "settings.py")
CORRECT = "correct it in .env, in settings.py or in the environment, which wins over both (docs/settings.md)"


def check_settings(around: Surroundings) -> Iterator[Finding]:
    """Each wrong setting; files that others may read."""
    there = [around.home / name for name in FILES if (around.home / name).exists()]
    try:
        settings = around.load_settings()
    except UsageError as error:
        for line in str(error).removeprefix("wrong settings:\n").splitlines():
            yield Finding(SUBJECT, "error", line.strip(), CORRECT)
        return
    for path in there:
        if is_open_to_others(path):
            said = f"{path.name} may be read by other users of this machine"
            yield Finding(SUBJECT, "warning", said, f"chmod 600 {path.name}")
    if not settings.given and not there:
        said = "nothing is set: no .env and no settings.py in this folder, no variable"
        yield Finding(SUBJECT, "warning", said, "cd into the folder with your .env, or make one from .env.example")
        return
    files = " and ".join(path.name for path in there) or "no file of settings"
    yield Finding(SUBJECT, "ok", f"{len(settings.given)} set; {files} in this folder")
