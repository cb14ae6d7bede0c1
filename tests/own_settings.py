"""What both test modules of the settings share."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jwt
import pytest

from sync.model.errors import UsageError
from sync.settings import Settings, load

ONE, OTHER = "21121707640844", "21121707640899"
PASSWORD = "s3cr3t-passw0rd"
URI = f"mongodb://me:{PASSWORD}@localhost:27017/"
SETTINGS = {name.upper(): field for name, field in Settings.model_fields.items() if field.description}
"""Every setting as people write it → its field of `Settings`, which has the default as text and the reason."""
Load = Callable[..., Settings]


def token(*prms: str) -> str:
    ends = int(datetime(2029, 1, 1, tzinfo=UTC).timestamp())
    return jwt.encode({"sub": list(prms), "exp": ends}, "k" * 32, algorithm="HS256")


def reader(tmp_path: Path) -> Load:
    """`read(file="LINKY_PRM = …", dotenv="LINKY_PRM=…", LINKY_PRM="…")` of a folder of its own."""

    def load_from(file: str | None = None, dotenv: str | None = None, **environ: str) -> Settings:
        for name, text in (("settings.py", file), (".env", dotenv)):
            if text is not None:
                (tmp_path / name).write_text(text, encoding="utf-8")
                (tmp_path / name).chmod(0o600)
        return load(tmp_path, environ)

    return load_from


def refused(read: Load, *args: Any, **given: Any) -> str:
    with pytest.raises(UsageError) as error:
        read(*args, **given)
    message = str(error.value)
    for secret in (ONE, OTHER, PASSWORD, *[text for text in given.values() if len(text) > 60 and text.count(".") == 2]):
        assert secret not in message
    assert error.value.exit_code == 2
    return message
