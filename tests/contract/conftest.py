"""What both suites of the contract run: the project's functions, with a driver beside them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.contract.sides import driven


@pytest.fixture(params=["tree", pytest.param("bundle", marks=pytest.mark.soak)])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The functions one by one, and the one file that is deployed: that in the long run, but for `both_forms`."""
    return driven(tmp_path / "tree", bundled=request.param == "bundle")


@pytest.fixture(params=["tree", "bundle"])
def both_forms(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The same, both each time."""
    return driven(tmp_path / "tree", bundled=request.param == "bundle")
