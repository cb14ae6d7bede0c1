"""A page is made of blocks: each asks one question, knows how to ask the database, and how to draw the answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import pandas as pd
from dash.development.base_component import Component

from .locale import Look, has_text
from .reader import Reader
from .view import STANDARD, Scope, View

Figure = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Frame:
    """An answer of the database: what the CSV download and the table for screen readers hold.

    table: one row a point, units in the column names, times in local ISO text with offset where there are any;
    covered: share (0 … 1) of the asked time that readings cover, None where that means nothing; notes: what else the
    figure needs (edges of the period, ticks, totals), as plain values or arrays;
    `held`: the local days [start, end) whose readings these are, and `sources`, their names, where rows do not say so;
    `empty`: the key of what stands in place of an empty one, where that is not what its block says, and `values`, what
    is put into it; `command`: what mends that, where it is not what loads readings.
    """

    table: pd.DataFrame
    covered: float | None = None
    notes: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_empty(self) -> bool:
        return len(self.table) == 0


EMPTY_FRAME = Frame(pd.DataFrame())
About = tuple[tuple[str, ...], tuple[str, ...]]
"""Sources by name, and what a page is about in words: an area first, if it is one."""
Subject = TypeVar("Subject")
Ask = Callable[[Reader, View], Frame]


def about(find: Callable[[Reader, View], Subject | None]) -> Callable[[Callable[[Subject, View], Frame]], Ask]:
    """Of functions that ask for a frame: they get what `find` finds for a view; where that is None nothing is there."""

    def of(ask: Callable[[Subject, View], Frame]) -> Ask:
        def frame(reader: Reader, view: View) -> Frame:
            subject = find(reader, view)
            return EMPTY_FRAME if subject is None else ask(subject, view)

        return frame

    return of


@dataclass(frozen=True, slots=True)
class Answer:
    """What stands in a card. `controls` None: the block has none; `away`: the database could not be asked; `is_kept`:
    it is an answer for the next reader, too."""

    body: Component
    subtitle: str = ""
    covered: str = ""
    controls: Component | None = None
    away: bool = False
    is_kept: bool = True


@dataclass(frozen=True, slots=True)
class Block:
    """One card. Exactly one of `figure` (a plotly figure as a dict, pure) and `body` (any component, pure) is set.
    above, below: what stands over and under a figure, pure: the statement that it shows, and how good such are.

    name: unique over all pages, `cost-months`: in element ids and names of downloads; frame: asks the database; wide:
    takes the full width; height: px of a figure; zooms: a new range of the x axis (dates, UTC) comes back to `frame` as
    the view's option `zoom`, `startms-endms`; options: the page's choices on which the answer depends, so that others
    do not ask again (None = those that the page's blocks share); picks: the option that a click on a point sets, to the
    first of its `customdata`;
    texts: what its texts begin with, where that is not its name, `cost.months`: `<texts>.title` is a question,
    `<texts>.subtitle` stands under it and `<texts>.empty` in place of an empty frame, where there are such; subtitle,
    empty: keys of other texts than those. A figure whose layout has a height is as high as that.
    """

    name: str
    frame: Ask
    figure: Callable[[Frame, Look], Figure] | None = None
    body: Callable[[Frame, Look], Component] | None = None
    above: Callable[[Frame, Look], Component] | None = None
    below: Callable[[Frame, Look], Component] | None = None
    subtitle: str = ""
    wide: bool = False
    height: int = 320
    empty: str = ""
    controls: Callable[[Reader, View, Look], Component] | None = None
    has_csv: bool = True
    zooms: bool = False
    picks: str = ""
    options: tuple[str, ...] | None = None
    texts: str = ""

    def own(self, kind: str) -> str:
        """The key of its own text of a kind."""
        return f"{self.texts or self.name.replace('-', '.', 1)}.{kind}"

    @property
    def title(self) -> str:
        return self.own("title")


@dataclass(frozen=True, slots=True)
class Page:
    """One page. name: also its path (`/storage`), with the texts `<name>.title`, and where there are such
    `<name>.subtitle` and `<name>.empty` of a block that has none of its own, formatted with {series} and {period}, and
    with {command}; icon: a name of the icon set in assets.

    has_series, has_period: whether the pickers at the top mean anything here; period: the one that is shown where the
    address names none, or one in which nothing of what the page is about is stored; options: standards of the page's
    own choices, whose elements have the id {"type": "option", "name": …} and whose texts are kept in the address;
    shared: those on which the answer of a block depends that does not name its own (None = all); source: of a page
    about a whole source: the period ends with its newest reading, its days are local there, there is no meter to
    choose, and the page stands in the navigation only where something of the source is stored; scope: the same for a
    page about something else, which it finds by itself from the parts of the address, None where that is not stored;
    about: what its files are about, where there is no meter to choose (rows with an `area` name theirs; the note
    `sources` of a frame names others); command: what mends a card without an answer, where that is the same for all of
    them; texts: what its texts begin with, where that is not its name; ahead: whether its answers may be asked for
    before anybody looks at them, where they are not always cheap.
    """

    name: str
    icon: str
    blocks: tuple[Block, ...]
    has_series: bool = True
    has_period: bool = True
    period: str = STANDARD.period
    options: Mapping[str, str] = field(default_factory=dict)
    shared: tuple[str, ...] | None = None
    source: str = ""
    scope: Callable[[Reader, Mapping[str, str]], Scope | None] | None = None
    about: Callable[[Reader, View, Look], About] | None = None
    command: str = ""
    texts: str = ""
    ahead: Callable[[Reader, View], bool] | None = None

    @property
    def title(self) -> str:
        return f"{self.texts or self.name}.title"

    def text_of(self, block: Block, kind: str) -> str:
        """The key of a block's text of a kind, `subtitle` or `empty`: named, its own, the page's, everyone's."""
        named: str = getattr(block, kind)
        return named or next(filter(has_text, (block.own(kind), f"{self.texts or self.name}.{kind}")), f"shell.{kind}")


def blocks_of(pages: tuple[Page, ...]) -> dict[str, tuple[Page, Block]]:
    """Every block by its name, with its page."""
    return {block.name: (page, block) for page in pages for block in page.blocks}
