"""`generate`: files in a published form, for load tests of any size."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from ..generate.lcl import ROWS_PER_FILE, generate
from ..model.words import counted
from .common import echo_json, json_option


@click.command("generate")
@click.argument("source", type=click.Choice(["lcl"]))
@click.option("--households", type=click.IntRange(1, 50_000), default=30, show_default=True)
@click.option("--days", type=click.IntRange(1, 1_000), default=365, show_default=True, help="Days of each household.")
@click.option("--out", type=click.Path(file_okay=False, path_type=Path), required=True, help="Folder for the files.")
@click.option("--seed", type=int, default=0, show_default=True, help="Another number, other households.")
@click.option("--rows-per-file", type=click.IntRange(10), default=ROWS_PER_FILE, show_default=True)
@json_option
def generate_command(
    source: str, households: int, days: int, out: Path, seed: int, rows_per_file: int, as_json: bool
) -> None:
    """Write London smart-meter files in the published form, named GENERATED…, and what a loader must find in them.

    \b
    Examples:
      python -m sync generate lcl --households 3 --days 30 --out london
      python -m sync generate lcl --households 5 --days 60 --out london --json
    """
    if out.exists() and any(out.iterdir()):
        raise click.UsageError(f"{out} is not empty: name a new folder")
    expected = generate(out, households, days, seed, rows_per_file)
    if as_json:
        echo_json(asdict(expected))
    else:
        click.echo(
            f"{counted(len(expected.files), f'generated {source} file')}, {counted(expected.rows, 'row')} of "
            f"{counted(households, 'household')}: "
            f"{counted(expected.readings, 'reading')}, {expected.repeated:,} copied, "
            f"{expected.off_grid_null:,} off the grid"
        )
