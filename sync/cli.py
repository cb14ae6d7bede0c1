"""The command line: parse, call, report, exit code; no work of its own."""

from __future__ import annotations

import importlib
import sys
from typing import NoReturn

import click

from . import VERSION
from .model.errors import SyncError
from .model.signals import end_at_once, interrupt

STOPPED = 3


COMMANDS = {
    "backfill": ("sync.commands.backfill:backfill_command", "Load history from the API, oldest first."),
    "import": ("sync.commands.imports:import_command", "Load export files, in any order."),
    "verify": ("sync.commands.verify:verify_command", "Compare both collections document by document."),
    "repair": ("sync.commands.verify:repair_command", "Make the time series match the record."),
    "forget": ("sync.commands.forget:forget_command", "Delete readings on purpose, from both sides."),
    "status": ("sync.commands.status:status_command", "What is stored, missing, and still to ask."),
    "compare": ("sync.commands.compare:compare_command", "What the same readings take in both forms."),
    "export": ("sync.commands.export:export_command", "Write the readings to files, tables, topics."),
    "fleet": ("sync.commands.fleet:fleet_command", "Sum many meters, for the Fleet page."),
    "analyse": ("sync.commands.analyse:analyse_command", "What can honestly be said of each series."),
    "forecast": ("sync.commands.forecast:forecast_command", "A day by half-hour, as it could be known then."),
    "power": ("sync.commands.power:power_command", "Each day's greatest power, of the gateway or files."),
    "tempo": ("sync.commands.tempo:tempo_command", "Fetch the colours of Tempo days."),
    "run": ("sync.commands.run:run_command", "Load two years and compare; or a demonstration."),
    "page": ("dash_app.command:command", "The page in the browser, until Ctrl-C."),
    "trigger": ("sync.commands.trigger:trigger", "The Atlas functions: list, run, check, deploy, probe, install."),
    "doctor": ("sync.commands.doctor:doctor_command", "What is wrong with the set-up, and what to do."),
    "standin": ("sync.commands.standin:standin", "A local server that answers as the API does."),
    "db": ("sync.commands.db:db", "The embedded MongoDB: start, stop, its address."),
    "generate": ("sync.commands.generate:generate_command", "Write London files of any size, for load tests."),
}
"""Command → its `module:function`, imported when it is called, and its line in the list."""


class Commands(click.Group):
    """The commands of the table, in its order."""

    def list_commands(self, _context: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, _context: click.Context, name: str) -> click.Command | None:
        if name not in COMMANDS:
            return None
        module, _, function = COMMANDS[name][0].partition(":")
        command = getattr(importlib.import_module(module), function)
        return command if isinstance(command, click.Command) else None

    def resolve_command(
        self, context: click.Context, arguments: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command is imported here."""
        end_at_once()
        try:
            return super().resolve_command(context, arguments)
        finally:
            interrupt()

    def format_commands(self, _context: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(name, line) for name, (_, line) in COMMANDS.items()])


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


def main(commands: click.Command = cli, arguments: list[str] | None = None) -> None:
    """Run a command line. A user's mistake is one line and an exit code; a bug of ours keeps its traceback."""
    interrupt()
    prog_name = "python -m sync" if arguments else None  # by another way than the command's own name
    try:
        sys.exit(commands.main(arguments, prog_name, standalone_mode=False))
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except SyncError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(error.exit_code)
    except (KeyboardInterrupt, click.Abort):
        _stopped()
    except RuntimeError as error:  # how Python 3.11 tells of one that came while a class was made, in an import
        if not isinstance(error.__cause__, KeyboardInterrupt):
            raise
        _stopped()
    finally:
        end_at_once()  # all is given back: what comes while Python closes its libraries interrupts no work of ours


def _stopped() -> NoReturn:
    click.echo("stopped; everything stored so far stays, the same command goes on from here", err=True)
    sys.exit(STOPPED)
