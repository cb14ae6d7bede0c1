"""`page`: the page on this machine, until Ctrl-C."""

from __future__ import annotations

import importlib
import sys
from contextlib import suppress

import click

from sync.http.budget import LOOPBACK
from sync.model.errors import UsageError
from sync.model.signals import end_at_once, interrupt
from sync.settings import Settings, load
from sync.store.connection import open_store


@click.command("page")
@click.option("--host", default=None, help="Address to listen on (default: DASH_HOST).")
@click.option("--port", type=click.IntRange(0, 65535), default=None, help="Port (default: DASH_PORT; 0: a free one).")
def command(host: str | None, port: int | None) -> None:
    """The page: what the time-series form saves, what the household uses, what it costs, what is missing.

    It runs until Ctrl-C. Only this machine can reach it, unless DASH_HOST says otherwise and DASH_PASSWORD is set.

    \b
    Examples:
      python -m dash_app
      python -m dash_app --port 8051
      python -m sync page
    """
    serve(load(), host, port)


def serve(settings: Settings, host: str | None = None, port: int | None = None) -> None:
    """Serve the page of the configured database until Ctrl-C, and say where. Raises SyncError."""
    host = host or settings.dash_host
    port = settings.dash_port if port is None else port
    if host not in LOOPBACK and not settings.dash_password:
        raise UsageError(f"{host} can be reached from outside: set DASH_PASSWORD, or leave DASH_HOST at 127.0.0.1")
    # Imported when it is called: a wrong option is told at once, without the page's libraries.
    end_at_once()
    page, reader, server = (
        importlib.import_module(f"dash_app.{name}") for name in ("shell.app", "kit.reader", "shell.server")
    )
    interrupt()
    with open_store(settings) as database:
        app = page.create_app(reader.Reader(database, settings), settings.dash_password or None)
        bound = server.bind(app, host, port)
        page.rehearse(app, settings.dash_password or None)
        shown = f"[{host}]" if ":" in host else host
        with suppress(KeyboardInterrupt):  # promised with the address: it may come before the first round of `run`
            click.echo(f"http://{shown}:{bound.port}/  (Ctrl-C ends it)")
            sys.stdout.flush()
            bound.run()
