"""What the commands share: the store they open, one JSON object, numbers for people, what a load says at its end."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeVar

import click
from pymongo.database import Database

from ..lab import leftovers
from ..load.progress import Bar
from ..load.report import Loader, Outcome
from ..model.clock import SystemClock
from ..model.privacy import CONTROLS, plain
from ..model.words import counted
from ..settings import Settings
from ..sources import SOURCES
from ..store.ledger import Ledger
from ..store.schema import Document, Pair, pair, refuse_mismatch
from ..store.writer import PairWriter

Command = TypeVar("Command", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Options:
    """What the user asked of a backfill."""

    since: date | None = None
    until: date | None = None
    max_calls: int | None = None
    wait: bool = False
    again: bool = False
    sweep: int = 0


def json_option(command: Command) -> Command:
    """`--json` for machines."""
    return click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output, nothing else.")(
        command
    )


def source_option(command: Command) -> Command:
    """`--source` names one of the sources."""
    choice = click.Choice(sorted(SOURCES))
    return click.option("--source", type=choice, default=None, help="Only this source (default: all).")(command)


def day_option(name: str, text: str) -> Callable[[Command], Command]:
    """An option that takes a day, YYYY-MM-DD."""
    return click.option(name, type=Day(), default=None, help=text)


class Day(click.ParamType[date]):
    """YYYY-MM-DD. What has that form and stands in no calendar is refused as that."""

    name = "YYYY-MM-DD"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        if isinstance(value, date):
            return value
        found = re.fullmatch(r"(\d{4})-(\d{2})-(\d{2})", value, re.ASCII)
        if not found:
            self.fail(f"{value!r} is no day: write it as YYYY-MM-DD, like 2026-03-01", param, ctx)
        try:
            return date(*map(int, found.groups()))
        except ValueError as error:
            self.fail(f"there is no day {value}: {error}", param, ctx)


def pairs(database: Database[Document], settings: Settings, source: str | None) -> list[Pair]:
    """The pairs of one source or of all."""
    names = [source] if source else sorted(settings.collections)
    return [pair(database, name, settings.collections) for name in names]


def stored_pairs(database: Database[Document], settings: Settings, source: str | None) -> list[Pair]:
    """The same, of those whose collections are there. Raises StoreError when these are not ours."""
    return [each for each in pairs(database, settings, source) if refuse_mismatch(each)]


def loader_of(database: Database[Document], settings: Settings, source: str) -> Loader:
    """The loader of a source's readings."""
    own, clock = pair(database, source, settings.collections), SystemClock()
    return Loader(own, Ledger(database), PairWriter(own, clock), clock)


def clean_up(database: Database[Document], settings: Settings) -> None:
    """Before a command writes: remove what a killed lab left in the database, and say so."""
    if names := leftovers.clean_up(database, settings.collections):
        click.echo(f"removed {counted(len(names), 'collection')} that a killed lab had left behind", err=True)


def nothing_stored(settings: Settings, source: str = "linky") -> str:
    """What to do about it. Somebody with a meter is not sent to an invented one."""
    own = "" if source == "linky" else f" --source {source}"
    ways = [f"python -m sync backfill{own}"] * SOURCES[source].has_api
    ways += [f"python -m sync import{own} FILE…"] * SOURCES[source].has_files
    demonstration = "" if own or settings.meters else "; without a meter: make run"
    return f"nothing is stored yet: run {', or '.join(ways)}{demonstration}"


@contextmanager
def proving(pair: Pair) -> Iterator[Callable[[int], None]]:
    """What hears how many documents more were compared: a bar, where that takes longer than a second."""
    with closing(Bar(" documents", brief=True)) as bar:
        bar.start(pair.record.estimated_document_count(), 0)
        yield lambda more: bar.advance(pair.source, more)


def echo_json(answer: dict[str, Any]) -> None:
    """The one object on standard output, in letters that a terminal shows and none that it obeys."""
    click.echo(CONTROLS.sub(lambda found: f"\\u{ord(found[0]):04x}", json.dumps(answer, ensure_ascii=False)))


def size(count: int) -> str:
    """Bytes for people: `4.3 MB`, `103 kB`."""
    for unit, factor in (("GB", 10**9), ("MB", 10**6), ("kB", 10**3)):
        if count >= factor:
            return f"{count / factor:.3g} {unit}"
    return f"{count} B"


# --- what a load says at its end -------------------------------------------------------------------------------------

SHOWN = 20
PARTLY = 3


def report(outcome: Outcome, pair: Pair, what: str) -> None:
    """The summary on standard output; what was refused or does not add up is listed by line and day."""
    written = outcome.written
    click.echo(f"{counted(outcome.windows, what)}, {counted(outcome.calls, 'call')}, {outcome.seconds:.1f} s")
    click.echo(f"{counted(written.new, 'reading')} new, {written.changed:,} changed, {written.unchanged:,} unchanged")
    click.echo(
        f"{outcome.rejected:,} refused, {outcome.flagged:,} flagged, "
        f"{outcome.missing:,} without a value, {outcome.repeated:,} repeated"
    )
    _list("refused", outcome.rejects, outcome.rejected)
    _list("answers with less than was asked for", outcome.short, len(outcome.short))
    _list("readings and daily totals that differ", outcome.differences, len(outcome.differences))
    _list("days with a daily total and no reading", outcome.alone, len(outcome.alone))
    _list("not ours and left alone", outcome.foreign, len(outcome.foreign))
    if outcome.restored:
        click.echo(came_back(outcome.restored, pair))
    names = f"{pair.record.name} and {pair.mirror.name}"
    if outcome.identical:
        click.echo(f"{names} are identical: {counted(outcome.compared, 'document')} each")
    else:
        click.echo(f"{names} DIFFER: run python -m sync repair")
    _list("not loaded", [f"{label}: {why}" for label, why in outcome.not_loaded.items()], len(outcome.not_loaded))
    if outcome.stopped and outcome.stopped not in outcome.not_loaded.values():
        click.echo(f"stopped early: {outcome.stopped}")
    if outcome.remaining:
        click.echo(f"{counted(outcome.remaining, 'call')} left to make: run the same command again")


def came_back(count: int, pair: Pair) -> str:
    """Of readings that a repair has saved."""
    return f"{counted(count, 'reading')} that only {pair.mirror.name} had came back into {pair.record.name}"


def _list(title: str, lines: list[str], total: int) -> None:
    if not total:
        return
    click.echo(f"{title}: {total:,}")
    for line in lines[:SHOWN]:
        click.echo(f"  {plain(line)}")
    if total > SHOWN:
        click.echo(f"  … and {total - SHOWN:,} more")


def exit_code(outcome: Outcome) -> int:
    """0 done, 1 not identical, 3 calls remain or something could not be loaded."""
    if not outcome.identical:
        return 1
    return PARTLY if outcome.remaining or outcome.stopped or outcome.not_loaded else 0
