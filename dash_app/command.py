"""`python -m dash_app`: the page on this machine, until Ctrl-C."""

from __future__ import annotations

import importlib
import signal
import sys
from types import FrameType

import click

from sync.http.budget import LOOPBACK
from sync.model.errors import SyncError, UsageError
from sync.settings import Settings, load
from sync.store.connection import open_store


@click.command(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.option("--host", default=None, help="Address to listen on (default: DASH_HOST).")
@click.option("--port", type=click.IntRange(0, 65535), default=None, help="Port (default: DASH_PORT; 0: a free one).")
def command(host: str | None, port: int | None) -> None:
    """The page: what the time-series form saves, what the household uses, what it costs, what is missing.

    It runs until Ctrl-C. Only this machine can reach it, unless DASH_HOST says otherwise and DASH_PASSWORD is set.

    \b
    Examples:
      python -m dash_app
      python -m dash_app --port 8051
    """
    serve(load(), host, port)


def serve(settings: Settings, host: str | None = None, port: int | None = None) -> None:
    """Serve the page of the configured database until Ctrl-C, and say where. Raises SyncError."""
    host = host or settings.dash_host
    port = settings.dash_port if port is None else port
    if host not in LOOPBACK and not settings.dash_password:
        raise UsageError(f"{host} can be reached from outside: set DASH_PASSWORD, or leave DASH_HOST at 127.0.0.1")
    # Imported when it is called: a wrong option is told at once, without the page's libraries.
    page, reader, server = (
        importlib.import_module(f"dash_app.{name}") for name in ("shell.app", "kit.reader", "shell.server")
    )
    with open_store(settings) as database:
        app = page.create_app(reader.Reader(database, settings), settings.dash_password or None)
        bound = server.bind(app, host, port)
        page.rehearse(app, settings.dash_password or None)
        shown = f"[{host}]" if ":" in host else host
        click.echo(f"http://{shown}:{bound.port}/  (Ctrl-C ends it)")
        sys.stdout.flush()
        bound.run()


def main() -> None:
    """Run the command line. A user's mistake is one line and an exit code; a bug of ours keeps its traceback."""
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        sys.exit(command.main(prog_name="python -m dash_app", standalone_mode=False))
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except SyncError as error:
        click.echo(f"error: {error}", err=True)
        sys.exit(error.exit_code)
    except (KeyboardInterrupt, click.Abort):
        sys.exit(0)


def _interrupt(_signal: int, _frame: FrameType | None) -> None:
    """A request to end is treated like Ctrl-C: the embedded server is given back."""
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()
