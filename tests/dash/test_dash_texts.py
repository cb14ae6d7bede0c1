"""The catalogs of all languages: nothing lacking, the same values put in, every text used, read quickly."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest
from babel.messages.pofile import read_po

from dash_app.kit.components import BESIDE
from dash_app.kit.locale import CATALOGS, FILE, FIRST, LANGUAGES, Look, catalog_of
from dash_app.shell.pages import PAGES

ANY = r"[\w.=+*-]*"
KINDS = ("title", "subtitle", "empty", *BESIDE)
KEY_MAKERS = {"labelled": (1, ""), "named_figures": (0, ""), "columns_in": (0, ".column")}
"""Functions of the kit that put keys together: which argument their beginning is, and what follows it."""
OTHERS = [language for language in LANGUAGES if language != FIRST]


def values(text: str) -> set[str]:
    """The names of what is put in."""
    return set(re.findall(r"{(\w+)}", text))


def test_english_and_french_are_there() -> None:
    assert LANGUAGES[0] == "en"
    assert "fr" in LANGUAGES
    assert [catalog_of(language).locale for language in ("en", "fr")] == ["en_GB", "fr_FR"]


@pytest.mark.parametrize("language", OTHERS)
def test_every_text_stands_in_every_language_with_the_same_names_in_it(language: str) -> None:
    english, other = catalog_of(FIRST).texts, catalog_of(language).texts
    assert all(english.values())
    assert other.keys() == english.keys()
    assert {key for key in english if values(english[key]) != values(other[key])} == set()


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_catalog_says_each_text_once_and_is_sure_of_it(language: str) -> None:
    with (CATALOGS / language / FILE).open("rb") as file:
        messages = [message for message in read_po(file, abort_invalid=True) if message.id]
    assert not [message.id for message in messages if message.fuzzy or not message.string]
    written = re.findall(r'^msgid "(.+)"$', (CATALOGS / language / FILE).read_text(), re.MULTILINE)
    assert sorted(written) == sorted(str(message.id) for message in messages)


def test_a_thin_space_stands_before_french_signs() -> None:
    code = re.compile(r'"\w+": |-15;[a-z]+|{[^}]*}:|%}|, %$')
    for key, text in catalog_of("fr").texts.items():
        assert not re.search(r"[^\u202f][:;!?%»]", code.sub("", text)), (key, text)


def named_in(code: str) -> Iterator[str]:
    """Patterns of the texts that a module may name: those of its strings, with anything where a value is put in."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.JoinedStr):
            parts = [re.escape(part.value) if isinstance(part, ast.Constant) else ANY for part in node.values]
            if parts[0] != ANY:
                yield "".join(map(str, parts))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield re.escape(node.value)
        elif isinstance(node, ast.Call) and (maker := KEY_MAKERS.get(getattr(node.func, "id", ""))):
            place, ending = maker
            yield re.escape(f"{ast.literal_eval(node.args[place])}{ending}.") + ANY


def test_every_text_is_used() -> None:
    """By its key, by a key that the code puts together after a beginning, as a choice of a control, or as a block's."""
    patterns = {pattern for path in CATALOGS.parent.rglob("*.py") for pattern in named_in(path.read_text())}
    used = re.compile("|".join(pattern for pattern in patterns if "." in pattern))
    of_blocks = {block.own(kind) for page in PAGES for block in page.blocks for kind in KINDS}
    of_blocks |= {f"{page.name}.{kind}" for page in PAGES for kind in KINDS}
    assert [key for key in catalog_of(FIRST).texts if not used.fullmatch(key) and key not in of_blocks] == []


def test_a_text_that_a_language_lacks_is_english(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(catalog_of("fr").texts, "shell.name")  # type: ignore[arg-type]  # a dict, to read only
    assert Look("fr").text("shell.name") == "Electricity"
    assert Look("fr").text_or("shell.name", "own") == "Electricity"
    assert Look("fr").text_or("shell.nothing", "own") == "own"
    with pytest.raises(KeyError):
        Look("fr").text("shell.nothing")
