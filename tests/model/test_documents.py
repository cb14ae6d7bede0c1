"""docs/settings.md, settings.example.py and .env.example say what the code does: the one table of settings."""

from __future__ import annotations

import re
import runpy
import subprocess
from pathlib import Path

from dotenv import dotenv_values

from sync.settings import DEFAULT_COLLECTIONS, IN_FILE, load
from sync.tariffs.entries import EXAMPLES
from sync.triggers.check.tree import read_tree
from sync.triggers.deploy.account import ADMIN_URL
from sync.triggers.deploy.account import SETTINGS as ATLAS_SETTINGS
from sync.triggers.tree import DEFAULT_FOLDER
from tests.own_settings import SETTINGS


def test_every_setting_is_in_all_three_places(project_root: Path) -> None:
    page = (project_root / "docs" / "settings.md").read_text(encoding="utf-8")
    example = (project_root / "settings.example.py").read_text(encoding="utf-8")
    dotenv = (project_root / ".env.example").read_text(encoding="utf-8")
    for name, setting in SETTINGS.items():
        default = f"`{setting.default}`" if setting.default else "empty"
        assert setting.description
        assert f"| `{name}` | {default} | {setting.description} |" in page
        assert re.search(rf"^# {name} = .*# {re.escape(setting.description)}$", example, re.MULTILINE), name
        assert re.search(rf"^# {re.escape(setting.description)}\n# {name}=", dotenv, re.MULTILINE), name
    for name in IN_FILE:
        assert f"# {name} = " in example


def test_the_examples_can_be_taken_as_they_are(project_root: Path, tmp_path: Path) -> None:
    """Copied unchanged they set nothing: above all no budget for a server of our own."""
    for name, copy in (("settings.example.py", "settings.py"), (".env.example", ".env")):
        (tmp_path / copy).write_text((project_root / name).read_text(encoding="utf-8"), encoding="utf-8")
    assert load(tmp_path, {}).given == frozenset()


def test_the_examples_work_with_the_signs_taken_away(project_root: Path, tmp_path: Path) -> None:
    text = (project_root / "settings.example.py").read_text(encoding="utf-8")
    opened = re.sub(r"^# (?=[A-Z_]+ = |    |[\]}])", "", text, flags=re.MULTILINE)
    path = tmp_path / "settings.py"
    path.write_text(opened, encoding="utf-8")
    found = runpy.run_path(str(path))
    for name, setting in SETTINGS.items():
        assert str(found[name]) == setting.default
    assert found["COLLECTIONS"] == DEFAULT_COLLECTIONS
    assert found["TARIFFS"] == EXAMPLES
    dotenv = (project_root / ".env.example").read_text(encoding="utf-8")
    (tmp_path / ".env").write_text(re.sub(r"^# (?=[A-Z_]+=)", "", dotenv, flags=re.MULTILINE), encoding="utf-8")
    names = SETTINGS.keys() | ATLAS_SETTINGS.keys()
    assert set(dotenv_values(tmp_path / ".env")) == names


def test_what_a_deployment_needs_is_in_the_settings(project_root: Path) -> None:
    page = (project_root / "docs" / "settings.md").read_text(encoding="utf-8")
    for name in ATLAS_SETTINGS:
        assert f"`{name}`" in page
    assert ADMIN_URL in page


def test_the_readme_of_the_functions_names_every_value_and_schedule(project_root: Path) -> None:
    text = (project_root / "atlas_functions" / "README.md").read_text(encoding="utf-8")
    tree = read_tree(DEFAULT_FOLDER)
    for name in tree.values:
        assert re.search(rf"^\| .*`{name}`.* \|", text, re.MULTILINE), name
    for trigger in tree.triggers.values():
        assert f"`{trigger.name}`" in text
        if not trigger.disabled:  # the others are deployed, and never pasted
            assert f"`{trigger.schedule}`" in text, trigger.name


def test_nothing_secret_is_committed(project_root: Path) -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=project_root, capture_output=True, text=True, check=True).stdout
    names = listed.splitlines()
    assert "settings.py" not in names
    assert ".env" not in names
    for name in names:
        if name.startswith("tests/"):
            continue  # where passwords are invented, to see that they are not shown
        text = (project_root / name).read_bytes()
        assert not re.search(rb"eyJ[A-Za-z0-9_-]{20,}[.][A-Za-z0-9_-]{20,}", text), name
        assert not re.search(rb"mongodb\+srv://[^<{ \n]+:(?!PASSWORD)[^<{ @\n]+@[a-z0-9]", text), name
