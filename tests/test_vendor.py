"""The files of others that the page serves are what was published, or what is made of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.vendor import ICONS, VENDOR, integrity, make, pinned


def test_scripts_are_what_was_recorded() -> None:
    scripts = {name for name in pinned() if "@" not in name}
    assert scripts == {path.name for path in VENDOR.glob("*.js")}
    for name in scripts:
        assert integrity((VENDOR / name).read_bytes()) == pinned()[name], f"{name}: run python -m tests.vendor"


@pytest.mark.soak  # asks the npm registry, as the lint of the functions does
def test_they_are_made_again_to_the_byte(tmp_path: Path) -> None:
    made = make(tmp_path)
    assert set(made) == {ICONS, *(path.name for path in VENDOR.glob("*.js"))}
    for name, text in made.items():
        assert text.encode() == (VENDOR / name).read_bytes(), name
