"""The command line: parse, call, report, exit code; no work of its own."""

from __future__ import annotations

import signal
import sys
from types import FrameType

import click

from .commands.backfill import backfill_command
from .commands.compare import compare_command
from .commands.db import db
from .commands.imports import import_command
from .commands.run import run_command
from .commands.standin import standin
from .commands.status import status_command
from .commands.verify import repair_command, verify_command
from .errors import SyncError
from .transport import VERSION

STOPPED = 3


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(VERSION, prog_name="linky-atlas")
def cli() -> None:
    """Electricity meter readings into MongoDB: the same documents in a regular and in a time-series collection.

    \b
    Examples:
      python -m sync backfill                two years from the gateway, resumable
      python -m sync import export.zip       the Enedis export files, without a call
      python -m sync verify                  are both collections identical?
      python -m sync compare                 what the time-series form saves

    Exit codes: 0 done; 1 an error; 2 wrong usage or settings; 3 done in part, run again.
    """


for command in (
    backfill_command,
    import_command,
    verify_command,
    repair_command,
    status_command,
    compare_command,
    run_command,
    standin,
    db,
):
    cli.add_command(command)


def main() -> None:
    """Run the command line. A user's mistake is one line and an exit code; a bug of ours keeps its traceback."""
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        sys.exit(cli.main(standalone_mode=False))
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except SyncError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(error.exit_code)
    except (KeyboardInterrupt, click.Abort):
        click.echo("stopped; everything stored so far stays, the same command goes on from here", err=True)
        sys.exit(STOPPED)


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    """A request to end is treated like Ctrl-C: leases and the embedded server are given back."""
    raise KeyboardInterrupt
