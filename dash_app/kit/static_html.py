"""Plain HTML as one component.

Dash wraps every element of a page, and each new wrapper makes all others look whether something changed: a table of a
thousand cells takes a browser seconds (measured: 1,800 elements, 6.7 s). What never changes by itself needs no wrapper.
"""

from __future__ import annotations

from typing import Any

from dash.development.base_component import Component

HTML = "dash_html_components"
TAGS = {"MapEl": "map", "ObjectEl": "object"}

Tree = str | int | float | list[Any]
"""A text, or [tag, attributes, [tree, …]]."""


class Static(Component):
    """A tree of HTML elements, drawn at once by assets/static.js."""

    _children_props: list[str] = []  # noqa: RUF012 - as Dash reads it
    _base_nodes = ["children"]  # noqa: RUF012
    _namespace = "page_parts"
    _type = "Static"
    tree: Tree

    def __init__(self, tree: Tree) -> None:
        self._prop_names = ["tree"]
        self._valid_wildcard_attributes: list[str] = []
        self.available_properties = ["tree"]
        self.available_wildcard_properties: list[str] = []
        super().__init__(tree=tree)  # type: ignore[no-untyped-call]


def lighten(component: Any) -> Any:
    """The same content with every part that is plain HTML as one `Static`: no callback may name an id within."""
    if isinstance(component, list | tuple):
        return [lighten(each) for each in component]
    if not isinstance(component, Component):
        return component
    tree = tree_of(component)
    if tree is not None:
        return Static(tree)
    if getattr(component, "children", None) is not None and component._namespace == HTML:
        component.children = lighten(component.children)
    return component


def tree_of(component: Any) -> Tree | None:
    """The tree of a component; None when something in it lives: other components, ids that callbacks match."""
    if isinstance(component, str | int | float):
        return component
    if isinstance(component, Static):
        return component.tree
    if not isinstance(component, Component) or component._namespace != HTML:
        return None
    given: dict[str, Any] = component.to_plotly_json()["props"]
    children = given.pop("children", None)
    if isinstance(given.get("id"), dict):
        return None
    listed = children if isinstance(children, list | tuple) else [children]
    trees = [tree_of(each) for each in listed if each is not None]
    if any(tree is None for tree in trees):
        return None
    return [TAGS.get(component._type, component._type.lower()), given, trees]
