"""What both suites of the contract run: the project's functions, with a driver beside them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.contract.sides import driven


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return driven(tmp_path / "tree")
