"""README and docs: every link leads somewhere, every command exists, both languages say the same; the example files are
read and agree."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import click
import pytest
from pymongo.database import Database

from docs.examples import make
from sync.cli import COMMANDS, cli
from sync.sources.linky.files import read_exports
from tests.servers import PROJECT_ROOT
from tests.shell import Shell

README, FRENCH = PROJECT_ROOT / "README.md", PROJECT_ROOT / "README.fr.md"
EXAMPLES = PROJECT_ROOT / "docs" / "examples"
MOST_LINES = 150
MOST_BYTES = 200_000
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)|<(?:img|a)[^>]*(?:src|href)=\"([^\"]+)\"")
CODE = re.compile(r"^```.*?^```|`[^`\n]+`", re.MULTILINE | re.DOTALL)
COMMAND = re.compile(
    r"(?:\bpython -m (?:sync\.spark|sync|dash_app)\b|\blinky-atlas (?=[a-z])|\bmake (?=[a-z]))[^`\n#]*"
)
MAKE = re.compile(r"[a-z]+(?: NEWEST=1)?")


def pages() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "*.md"],
        cwd=PROJECT_ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [PROJECT_ROOT / name for name in listed.stdout.splitlines() if name != "CHANGELOG.md"]


def named(path: Path) -> str:
    return str(path.relative_to(PROJECT_ROOT))


PAGES = pages()


# --- links -----------------------------------------------------------------------------------------------------------


@cache
def headings(path: Path) -> list[tuple[int, str]]:
    """Level and text of each heading."""
    text = re.sub(r"^```.*?^```", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    return [(len(marks), title) for marks, title in re.findall(r"^(#+) (.+)$", text, re.MULTILINE)]


def anchors(path: Path) -> set[str]:
    """As GitHub makes them: small letters, spaces to hyphens, other signs gone."""
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for _, title in headings(path)}


@pytest.mark.parametrize("path", PAGES, ids=named)
def test_every_link_leads_somewhere(path: Path) -> None:
    text = CODE.sub("", path.read_text(encoding="utf-8"))
    lost = []
    for found in LINK.finditer(text):
        target = found[1] or found[2]
        if target.startswith(("https://", "http://", "mailto:")):
            is_picture = found[0].startswith("<img") or text[found.start() - 1 : found.start()] == "!"
            assert not is_picture, f"{target}: a picture that needs the internet"
            continue
        file, _, anchor = unquote(target).partition("#")
        there = (path.parent / file).resolve() if file else path
        if not there.exists() or (anchor and anchor not in anchors(there)):
            lost.append(target)
    assert lost == []


def test_every_page_of_the_docs_can_be_reached_from_the_readme() -> None:
    reached, next_ones = set(), [README]
    while next_ones:
        path = next_ones.pop()
        if path in reached or path.suffix != ".md":
            continue
        reached.add(path)
        next_ones += [(path.parent / link.partition("#")[0]).resolve() for link in links(path) if "://" not in link]
    docs = {path for path in PAGES if (PROJECT_ROOT / "docs") in path.parents}
    assert docs - reached == set()


# --- commands --------------------------------------------------------------------------------------------------------


def commands(path: Path) -> Iterator[str]:
    """What is to be typed, in running text and in blocks; `A`, `B` in a table's cell stay two."""
    text = path.read_text(encoding="utf-8").replace("\\\n", " ")
    for block in CODE.findall(text):
        for found in COMMAND.findall(re.sub(r"`|^```\w*", "", block)):
            yield found.split(" || ")[0].split(" && ")[0].strip().rstrip(".,;:")


EVERY_COMMAND = sorted({(named(path), command) for path in PAGES for command in commands(path)})


def test_commands_are_found_at_all() -> None:
    assert len(EVERY_COMMAND) > 60


@pytest.mark.parametrize(("path", "command"), EVERY_COMMAND, ids=lambda text: text)
def test_every_command_exists_with_its_options(path: str, command: str) -> None:
    """Read by the parser of the command line itself, and not run."""
    words = shlex.split(command)
    if words[0] == "make":
        assert MAKE.fullmatch(" ".join(words[1:])), command
        assert re.search(rf"^{words[1]}:", (PROJECT_ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
        return
    if words[0] == "linky-atlas":
        parse(cli, words[1:])
    elif words[2] == "dash_app":
        parse(cli, ["page", *words[3:]])
    elif words[2].startswith("docs."):
        assert (PROJECT_ROOT / f"{words[2].replace('.', '/')}.py").exists()
    elif words[2] == "sync.spark":
        from sync.spark.command import spark

        parse(spark, words[3:])
    else:
        parse(cli, words[3:])


def parse(command: click.Command, words: list[str]) -> None:
    """Raises a UsageError for what the command line would refuse. `…` and capitals such as FILE… stand for anything."""
    context: click.Context | None = None
    while isinstance(command, click.Group) and words and not (words[0] == "…" or words[0].isupper()):
        if words[0].startswith("-"):
            command.make_parser(click.Context(command)).parse_args(list(words))
            return
        found = command.get_command(click.Context(command), words[0])
        assert found is not None, f"no command {words[0]!r}"
        command, words, context = found, words[1:], click.Context(found, context, info_name=words[0])
    if isinstance(command, click.Group) or context is None or "…" in words:
        return
    values, rest, _ = command.make_parser(context).parse_args(list(words))
    assert not rest or any(isinstance(param, click.Argument) for param in command.params), rest
    for param in command.params:
        value = values.get(param.name)
        if isinstance(param.type, click.Choice) and isinstance(value, str) and not value.isupper():
            param.type.convert(value, param, context)


def test_the_page_of_commands_names_them_all() -> None:
    text = (PROJECT_ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
    assert [name for name in COMMANDS if not re.search(rf"^\| .*`{name}\b[^`]*`.* \|", text, re.MULTILINE)] == []


@pytest.mark.parametrize(
    "wrong", ["sync backfil", "sync backfill --sinse 2024-01-01", "sync generate moon --out x", "sync trigger push"]
)
def test_a_command_that_does_not_exist_would_be_noticed(wrong: str) -> None:
    with pytest.raises((AssertionError, click.UsageError)):
        parse(cli, wrong.split()[1:])


# --- the README and its French ---------------------------------------------------------------------------------------


def test_the_readme_is_short_and_begins_with_a_picture() -> None:
    for path in (README, FRENCH):
        lines = path.read_text(encoding="utf-8").splitlines()
        assert len(lines) <= MOST_LINES, path.name
        [picture] = re.findall(r"^!\[.+\]\((.+)\)$", "\n".join(lines[:12]), re.MULTILINE)
        assert (PROJECT_ROOT / picture).stat().st_size < MOST_BYTES


def test_both_languages_have_the_same_headings_and_commands() -> None:
    assert [level for level, _ in headings(README)] == [level for level, _ in headings(FRENCH)]
    both = [
        re.findall(r"^```(\w*)\n(.*?)^```", path.read_text("utf-8"), re.MULTILINE | re.DOTALL)
        for path in (README, FRENCH)
    ]
    assert both[0] == both[1]
    assert sorted(commands(README)) == sorted(commands(FRENCH))
    assert [of_both(link) for link in links(README)] == [of_both(link) for link in links(FRENCH)]


def links(path: Path) -> Iterator[str]:
    yield from (found[1] or found[2] for found in LINK.finditer(path.read_text("utf-8")))


def of_both(link: str) -> str:
    """A link without what differs between the languages: the other one's page, its own headings, its picture."""
    return "#" if link.startswith("#") else link.replace("page-fr.png", "page.png").replace("README.fr.md", "README.md")


def shown(text: str, command: str) -> list[str]:
    """What stands below `$ command` in a block, as `shape` leaves it."""
    [block] = re.findall(rf"^[$] {re.escape(command)}\n((?:(?![$]|```).*\n)+)", text, re.MULTILINE)
    return shape(block)


def shape(text: str) -> list[str]:
    """Lines without what differs from run to run: numbers and the spaces that they leave."""
    return [" ".join(re.sub(r"\d[\d,.]*", "#", line).split()) for line in text.splitlines()]


def test_the_readme_shows_what_import_prints(sync: Shell) -> None:
    code, out, _ = sync("import", str(EXAMPLES))
    assert code == 0
    assert shown(README.read_text("utf-8"), "python -m sync import docs/examples") == shape(out)


@pytest.mark.soak  # loads two years
def test_the_readme_shows_what_run_prints(sync: Shell) -> None:
    code, out, err = sync("run", MONGODB_URI="", LINKY_TOKEN="", LINKY_PRM="")
    assert code == 0
    lines = shape(out) + shape(err)
    assert [line for line in shown(README.read_text("utf-8"), "make run") if line not in lines] == []


def test_every_picture_is_small() -> None:
    pictures = list((PROJECT_ROOT / "docs" / "pictures").glob("*.png"))
    assert len(pictures) >= 5
    assert [path.name for path in pictures if path.stat().st_size >= MOST_BYTES] == []


# --- example files ---------------------------------------------------------------------------------------------------

FILES = sorted(EXAMPLES.glob("GENERATED*"))
HALF_HOURS = 3 * 7 * 48 + 2


def test_the_examples_are_what_their_script_writes() -> None:
    written = dict(make.files())
    assert {path.name: path.read_bytes() for path in FILES} == written
    assert sum(map(len, written.values())) < MOST_BYTES
    assert make.PRM.startswith("9" * 12)
    listed = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    assert all(name in listed or name.replace("GENERATED_heure_week", "…") in listed for name in written)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_each_example_is_of_the_generated_meter_alone(path: Path) -> None:
    assert set(re.findall(r"(?<![0-9])[0-9]{14}(?![0-9])", path.name + path.read_text("utf-8"))) == {make.PRM}
    [export] = read_exports(path)
    assert (export.flow, export.rejects) == ("consumption", ())
    assert (export.kind == "curve") == ("jour" not in path.name and "totals" not in path.name)


def test_the_examples_are_imported_and_agree(sync: Shell, database: Database[Any]) -> None:
    """The longest first: each other one brings the same half-hours, to the Wh; totals are their sums."""
    whole = next(path for path in FILES if "historique" in path.name)
    first = sync.json("import", str(whole))
    assert (first["readings_new"], first["rejected"], first["identical"]) == (HALF_HOURS, 0, True)
    others = sync.json("import", *(str(path) for path in FILES if path != whole))
    assert (others["readings_new"], others["readings_changed"], others["readings_unchanged"]) == (0, 0, HALF_HOURS)
    rows = others["rows"]
    assert rows["rows"] == rows["readings"] + rows["repeated"] == 2 * (14 * 48 + 2) + 7 * 48
    assert (rows["conflicting"], rows["refused"], rows["missing"]) == (0, 0, 0)
    days = make.generated(make.FIRST, make.END).days
    assert {found["day"]: found["wh"] for found in database.sync_daily_totals.find()} == {
        str(day): wh for day, wh in days.items()
    }
