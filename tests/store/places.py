"""Where a store is, and the error of a request that must not succeed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from pymongo.errors import PyMongoError


@dataclass(frozen=True)
class Where:
    """Settings that say where the store is."""

    mongodb_uri: str
    sync_home: Path
    mongodb_database: str = "electricity"


def fails(request: Callable[..., object], *arguments: Any) -> PyMongoError:
    """The driver's error of a request."""
    with pytest.raises(PyMongoError) as caught:
        request(*arguments)
    return caught.value
