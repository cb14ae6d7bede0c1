"""What is installed: the wheel, its command, and the lock files from which `make` installs."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import packages_distributions
from pathlib import Path
from shutil import copytree, ignore_patterns

import pytest

from sync import VERSION
from tests.servers import PROJECT_ROOT

PARTS = ("sync", "dash_app", "atlas_functions")
FILES = ("pyproject.toml", "requirements.txt", "README.md", "LICENSE")
NOT_OURS_TO_SHIP = ignore_patterns("__pycache__", "node_modules", "*.pyc")
LOCKS = ("requirements.lock", "requirements-dev.lock")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built of a copy, as building leaves folders behind."""
    folder = tmp_path_factory.mktemp("project")
    for part in PARTS:
        copytree(PROJECT_ROOT / part, folder / part, ignore=NOT_OURS_TO_SHIP)
    for name in FILES:
        (folder / name).write_bytes((PROJECT_ROOT / name).read_bytes())
    build = [sys.executable, "-m", "pip", "wheel", "--no-deps", "--no-build-isolation", "--no-index", "-w", "dist", "."]
    subprocess.run(build, cwd=folder, check=True, capture_output=True)
    return next((folder / "dist").glob("*.whl"))


def test_the_wheel_holds_what_runs_and_nothing_else(wheel: Path) -> None:
    held = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    tracked = subprocess.run(["git", "ls-files", *PARTS], cwd=PROJECT_ROOT, check=True, capture_output=True, text=True)
    assert held == {name for name in tracked.stdout.split("\n") if (PROJECT_ROOT / name).is_file()}
    assert wheel.name == f"linky_atlas-{VERSION}-py3-none-any.whl"


def test_installed_it_is_one_command(wheel: Path, tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "venv"], check=True)
    packages = next((tmp_path / "venv" / "lib").glob("python*/site-packages"))
    here = next(path for path in sys.path if path.endswith("site-packages"))
    (packages / "what_it_needs.pth").write_text(here + "\n")  # not fetched again: no test needs the internet
    install = [sys.executable, "-m", "pip", "--python", tmp_path / "venv", "install", "--no-deps", "--no-index", wheel]
    subprocess.run(install, check=True, capture_output=True)

    def run(*words: str) -> str:
        environ = {name: text for name, text in os.environ.items() if name != "PYTHONPATH"}
        command = [tmp_path / "venv" / "bin" / "linky-atlas", *words]
        return subprocess.run(command, cwd=tmp_path, env=environ, check=True, capture_output=True, text=True).stdout

    assert run("--version").strip() == f"linky-atlas, version {VERSION}"
    assert "Usage: linky-atlas [OPTIONS] COMMAND" in run("--help")
    assert "--port" in run("page", "--help")
    assert str(packages) in run_python(tmp_path, "from sync.triggers.tree import DEFAULT_FOLDER; print(DEFAULT_FOLDER)")
    run("trigger", "check")
    assert "linkyDaily" in run("trigger", "list")


def run_python(folder: Path, code: str) -> str:
    found = subprocess.run(
        [folder / "venv" / "bin" / "python", "-c", code], cwd=folder, check=True, capture_output=True, text=True
    )
    return found.stdout


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_file_names_hashes_and_no_place(name: str) -> None:
    text = (PROJECT_ROOT / name).read_text(encoding="utf-8")
    assert not re.search(r"://|file:|^-|^#|[ =]/", text, re.MULTILINE)
    for entry in text.replace("\\\n", " ").splitlines():
        assert re.fullmatch(r"[a-z0-9-]+==\S+( ; [^-]+?)?\s+(--hash=sha256:[0-9a-f]{64}\s*)+", entry), entry


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_file_holds_all_that_is_required(name: str) -> None:
    """`make lock` renews both after a change of what is required."""
    locked = set(re.findall(r"^([a-z0-9-]+)==", (PROJECT_ROOT / name).read_text(encoding="utf-8"), re.MULTILINE))
    needed = [line for line in (PROJECT_ROOT / "requirements.txt").read_text("utf-8").splitlines() if line[0] != "#"]
    if name != "requirements.lock":
        project = tomllib.loads((PROJECT_ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
        needed += [line for extra in project["optional-dependencies"].values() for line in extra]
    names = {re.split(r"[\[<>=; ]", line)[0].lower() for line in needed}
    assert names - {"linky-atlas"} <= locked


def test_what_is_imported_is_required() -> None:
    """In requirements.txt, or in an extra for the folders that say so; no library comes by way of another's needs."""
    project = tomllib.loads((PROJECT_ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"]
    needed = [line for line in (PROJECT_ROOT / "requirements.txt").read_text("utf-8").splitlines() if line[0] != "#"]
    named = {
        re.split(r"[\[<>=; ]", line)[0].lower()
        for line in [*needed, *(line for name, own in extras.items() if name != "dev" for line in own)]
    }
    named |= {"py4j", "pydantic-core"}  # parts of PySpark and pydantic, pinned by them
    providers = packages_distributions()  # reads what every installed package says of itself: once
    for path in [path for part in ("sync", "dash_app") for path in (PROJECT_ROOT / part).rglob("*.py")]:
        for module in imported(path) - {*sys.stdlib_module_names, *PARTS, "_typeshed"}:  # for types alone
            packages = {name.lower().replace("_", "-") for name in providers.get(module, [module])}
            assert packages & named, f"{path}: {module}"


def imported(path: Path) -> set[str]:
    """Top-level names of the modules that a file imports."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {name.name.partition(".")[0] for name in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            found.add(node.module.partition(".")[0])
    return found


def test_the_small_lock_is_part_of_the_large_one() -> None:
    small, large = (set((PROJECT_ROOT / name).read_text(encoding="utf-8").splitlines()) for name in LOCKS)
    assert small <= large
