"""What a load says at its end, for people."""

from __future__ import annotations

import click

from ..load.report import Outcome
from ..store.schema import Pair

SHOWN = 20
PARTLY = 3


def report(outcome: Outcome, pair: Pair, what: str) -> None:
    """The summary on standard output; what was refused or does not add up is listed by line and day."""
    written = outcome.written
    click.echo(f"{outcome.windows:,} {what}, {outcome.calls:,} calls, {outcome.seconds:.1f} s")
    click.echo(f"{written.new:,} readings new, {written.changed:,} changed, {written.unchanged:,} unchanged")
    click.echo(
        f"{outcome.rejected:,} refused, {outcome.flagged:,} flagged, "
        f"{outcome.missing:,} without a value, {outcome.repeated:,} repeated"
    )
    _list("refused", outcome.rejects, outcome.rejected)
    _list("answers with less than was asked for", outcome.short, len(outcome.short))
    _list("readings and daily totals that differ", outcome.differences, len(outcome.differences))
    names = f"{pair.record.name} and {pair.mirror.name}"
    if outcome.identical:
        click.echo(f"{names} are identical: {pair.record.estimated_document_count():,} documents each")
    else:
        click.echo(f"{names} DIFFER: run python -m sync repair")
    if outcome.stopped:
        click.echo(f"stopped early: {outcome.stopped}")
    if outcome.remaining:
        click.echo(f"{outcome.remaining:,} calls remain: run the same command again")


def _list(title: str, lines: list[str], total: int) -> None:
    if not total:
        return
    click.echo(f"{title}: {total:,}")
    for line in lines[:SHOWN]:
        click.echo(f"  {line}")
    if total > SHOWN:
        click.echo(f"  … and {total - SHOWN:,} more")


def exit_code(outcome: Outcome) -> int:
    """0 done, 1 not identical, 3 calls remain."""
    if not outcome.identical:
        return 1
    return PARTLY if outcome.remaining or outcome.stopped else 0
