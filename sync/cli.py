"""The command line: parse, call, report, exit code; no work of its own."""

from __future__ import annotations

import importlib
import signal
import sys
from types import FrameType

import click

from . import VERSION
from .model.errors import SyncError

STOPPED = 3

COMMANDS = {
    "backfill": "backfill:backfill_command",
    "import": "imports:import_command",
    "verify": "verify:verify_command",
    "repair": "verify:repair_command",
    "status": "status:status_command",
    "compare": "compare:compare_command",
    "fleet": "fleet:fleet_command",
    "run": "run:run_command",
    "trigger": "trigger:trigger",
    "standin": "standin:standin",
    "db": "db:db",
    "generate": "generate:generate_command",
}
"""Command → module in `commands/` and its function; imported when it is called, so that each starts quickly."""


class Commands(click.Group):
    """The commands of the table, in its order."""

    def list_commands(self, _context: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, _context: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        module, _, function = COMMANDS[name].partition(":")
        command = getattr(importlib.import_module(f"sync.commands.{module}"), function)
        return command if isinstance(command, click.Command) else None


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
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


def main(commands: click.Group = cli) -> None:
    """Run a command line. A user's mistake is one line and an exit code; a bug of ours keeps its traceback."""
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        sys.exit(commands.main(standalone_mode=False))
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
