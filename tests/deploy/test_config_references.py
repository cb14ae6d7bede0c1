"""Names that a function asks for, found in its syntax tree."""

from __future__ import annotations

import pytest

from sync.triggers.check.sources import Reference, SourceError, read_sources


def references(source: str) -> tuple[Reference, ...]:
    answer = read_sources({"f": source})["f"]
    assert not isinstance(answer, SourceError), answer
    return answer


def found(source: str) -> list[tuple[str, str]]:
    return [(each.kind, each.name) for each in references(source)]


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("context.values.get('NAME')", "value"),
        ('context["values"].get("NAME")', "value"),
        ("context.values.get(`NAME`)", "value"),
        ("context . values\n.get ( /* which */ 'NAME')", "value"),
        ("await context.functions.execute('NAME', 1, 2)", "function"),
        ("context.services.get('NAME').db('d').collection('c')", "service"),
        ("context.environment.values.NAME", "environment"),
        ("context.environment.values['NAME']", "environment"),
    ],
)
def test_asked_for_directly(source: str, kind: str) -> None:
    assert found(f"exports = async function () {{ return {source}; }};") == [(kind, "NAME")]


@pytest.mark.parametrize(
    "helper",
    [
        "const ask = (name) => context.values.get(name);",
        "const ask = name => context.values.get(name);",
        "function ask(name) { const text = context.values.get(name); return Number(text); }",
        "const ask = function (name) { return context.values.get(name); };",
    ],
)
def test_asked_for_through_a_helper(helper: str) -> None:
    assert found(f"{helper}\nexports = function () {{ return ask('NAME'); }};") == [("value", "NAME")]


def test_asked_for_through_helpers_of_helpers() -> None:
    source = (
        "function number(standard, name) { const text = textOf(name); return text ? Number(text) : standard; }\n"
        "const textOf = (name) => String(context.values.get(name));\n"
        "exports = () => number(5, 'NAME') + number(6, 'OTHER');\n"
    )
    assert found(source) == [("value", "NAME"), ("value", "OTHER")]


@pytest.mark.parametrize(
    "source",
    [
        "['NAME', 'OTHER'].map((name) => context.values.get(name))",
        "const names = ['NAME', 'OTHER']; const [a, b] = names.map(name => Number(context.values.get(name)));",
        "const ask = (name) => context.values.get(name); ['NAME', 'OTHER'].forEach(function (it) { ask(it); });",
    ],
)
def test_asked_for_one_after_the_other(source: str) -> None:
    assert found(source) == [("value", "NAME"), ("value", "OTHER")]


def test_the_helper_may_take_the_name_later() -> None:
    source = "function ask(fallback, name) { return context.values.get(name) || fallback; }\nask('no', 'NAME');"
    assert found(source) == [("value", "NAME")]


@pytest.mark.parametrize(
    "source",
    [
        "// context.values.get('NAME')",
        "const text = \"context.values.get('NAME')\";",
        "values.get('NAME')",
        "context.values.get(name)",
        "context.values.get(`a${b}`)",
        "context.values.get()",
        "context.values.set('NAME')",
        "map.get('NAME')",
        "other.context.values.get('NAME')",
        "ask('NAME')",
        "['NAME'].map((name) => context.values.get(other))",
        "['NAME'].map((name, index) => context.values.get(index))",
        "['NAME'].concat((name) => context.values.get(name))",
        "names.map((name) => context.values.get(name))",
    ],
)
def test_not_asked_for(source: str) -> None:
    assert found(source) == []


def test_lines_and_order() -> None:
    source = "exports = function () {\n\n  context.values.get('b');\n  context.values.get('a');\n};\n"
    assert [(each.name, each.line) for each in references(source)] == [("b", 3), ("a", 4)]


def test_deep_nesting_is_no_matter() -> None:
    source = "x = " + "(" * 3000 + "context.values.get('NAME')" + ")" * 3000 + ";"
    assert found(source) == [("value", "NAME")]
