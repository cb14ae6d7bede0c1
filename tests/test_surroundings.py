"""The tests' own rules: nothing of the developer's settings, and no skipped test where CI=true."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.servers import PROJECT_ROOT

SKIPPING = """
import pytest

def test_skipped():
    pytest.skip("the reason")

@pytest.mark.xfail(strict=True)
def test_expected_failure():
    assert False
"""
NOT_COLLECTED = """
import pytest
pytest.importorskip("a_module_that_is_not_there")
"""


def run(folder: Path, source: str, ci: str) -> subprocess.CompletedProcess[str]:
    (folder / "test_it.py").write_text(source)
    (folder / "conftest.py").write_text(
        "from tests.conftest import pytest_make_collect_report, pytest_runtest_makereport\n"
    )
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:dash", "-p", "no:cacheprovider", "-rA", "test_it.py"],
        cwd=folder,
        env={**os.environ, "CI": ci, "PYTHONPATH": str(PROJECT_ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("source", "reason"), [(SKIPPING, "the reason"), (NOT_COLLECTED, "a_module_that_is_not_there")]
)
def test_a_skipped_test_fails_where_ci_is_true(tmp_path: Path, source: str, reason: str) -> None:
    strict = run(tmp_path, source, "true")
    assert strict.returncode not in {0, 5}, strict.stdout
    assert "CI=true allows no skipped test" in strict.stdout
    assert reason in strict.stdout
    assert "1 xfailed" in strict.stdout or source is NOT_COLLECTED
    lax = run(tmp_path, source, "")
    assert lax.returncode in {0, 5}, lax.stdout
    assert "1 skipped" in lax.stdout


def test_no_setting_of_the_developer_reaches_a_test(tmp_path_factory: pytest.TempPathFactory) -> None:
    assert not [name for name in os.environ if name.startswith(("LINKY_", "MONGODB_"))]
    temporary = tmp_path_factory.getbasetemp()
    for folder in (Path.cwd(), Path(os.environ["SYNC_HOME"]), Path(os.environ["XDG_STATE_HOME"])):
        assert folder.is_relative_to(temporary)
        assert list(folder.iterdir()) == []
