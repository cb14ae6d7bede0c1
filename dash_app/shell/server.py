"""The server behind the page: waitress, never the debug server."""

from __future__ import annotations

import errno
import socket
import threading
from contextlib import suppress
from typing import Any

from dash import Dash
from waitress import wasyncore
from waitress.server import create_server
from waitress.task import ThreadedTaskDispatcher

from sync.model.errors import UsageError

THREADS = 16  # a page asks for six cards at once; twenty readers must not wait for one slow answer
CONNECTIONS = 800  # a browser keeps six open: the usual hundred would lock out the seventeenth reader
WAKE_SECONDS = 0.2  # how often the loop looks whether it shall end
IDLE_SECONDS = 5  # in which running requests may finish at the end


class Server:
    """A bound socket. `run()` serves until `end()`, Ctrl-C or SystemExit."""

    def __init__(self, app: Dash, host: str, port: int) -> None:
        self._sockets: dict[int, Any] = {}
        self._threads = ThreadedTaskDispatcher()
        self._threads.set_thread_count(THREADS)
        self._ended = threading.Event()
        # No name of the server in its answers: nobody's business.
        made: Any = create_server(
            app.server,
            map=self._sockets,
            _dispatcher=self._threads,
            host=host,
            port=port,
            ident=None,
            connection_limit=CONNECTIONS,
        )
        self.port: int = made.effective_port if hasattr(made, "effective_port") else made.effective_listen[0][1]

    def run(self) -> None:
        """Serve. Returns with every socket closed and every thread told to end."""
        try:
            while not self._ended.is_set():
                wasyncore.loop(timeout=WAKE_SECONDS, use_poll=True, map=self._sockets, count=1)
        except (KeyboardInterrupt, SystemExit):
            pass
        finally:
            self._threads.shutdown(timeout=IDLE_SECONDS)
            for each in list(self._sockets.values()):
                with suppress(OSError):
                    each.close()

    def end(self) -> None:
        """Stop serving, from any thread."""
        self._ended.set()


def bind(app: Dash, host: str, port: int) -> Server:
    """Take the port, so that it is ours before anything is printed. Raises UsageError when it cannot be had."""
    try:
        return Server(app, host, port)
    except (OSError, ValueError) as error:
        if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
            raise UsageError(f"port {port} on {host} is taken: give another with --port or DASH_PORT") from None
        reason = "no such host here" if isinstance(error, ValueError | socket.gaierror) else error.strerror or error
        raise UsageError(f"{host}:{port} cannot be used ({reason}): see --host and --port") from None
