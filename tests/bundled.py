"""The project's functions as bundles, in a tree of their own: what a deployment puts into an app."""

from __future__ import annotations

import shutil
from pathlib import Path

from sync.triggers.bundle import bundles, manifest
from sync.triggers.tree import DEFAULT_FOLDER


def bundled_tree(folder: Path, source: Path = DEFAULT_FOLDER, names: tuple[str, ...] = ()) -> Path:
    """A copy of a tree in a new folder, with bundles of these functions alone; none = of those that triggers run."""
    shutil.copytree(source, folder)
    shutil.rmtree(folder / "functions")
    (folder / "functions").mkdir()
    texts = bundles(source, names)
    for name, text in texts.items():
        (folder / "functions" / f"{name}.js").write_text(text, encoding="utf-8")
    (folder / "functions" / "config.json").write_text(manifest(texts), encoding="utf-8")
    return folder
