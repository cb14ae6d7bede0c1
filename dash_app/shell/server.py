"""The server behind the page: waitress, never the debug server."""

from __future__ import annotations

import errno
import socket
import threading
import time
from contextlib import suppress
from typing import Any

from dash import Dash
from waitress import wasyncore
from waitress.channel import HTTPChannel
from waitress.server import BaseWSGIServer, create_server
from waitress.task import ThreadedTaskDispatcher

from sync.model.errors import UsageError

THREADS = 16  # a page asks for six cards at once; twenty readers must not wait for one slow answer
CONNECTIONS = 800  # a browser keeps six open: the usual hundred would lock out the seventeenth reader
ROOM = 600  # more, and those that wait longest for the rest of a request, or for the next one, are closed
HEADER_BYTES = 32 * 1024
BODY_BYTES = 64 * 1024  # the longest question of the page is an address
REQUEST_SECONDS = 20  # in which a request has to be there whole
QUIET_SECONDS = 60  # in which something has to be sent or taken
CLEANUP_SECONDS = 5
WAKE_SECONDS = 0.2  # how often the loop looks whether it shall end
IDLE_SECONDS = 5  # in which running requests may finish at the end


class Channel(HTTPChannel):
    """A connection that knows when its last request began."""

    def __init__(self, *given: Any, **named: Any) -> None:
        self.begun = time.monotonic()
        super().__init__(*given, **named)

    def received(self, data: bytes) -> bool:
        """Take what has come; in the thread of the loop."""
        if self.request is None:
            self.begun = time.monotonic()
        return bool(super().received(data))

    @property
    def is_idle(self) -> bool:
        """Whether nothing is asked that is not answered: it waits for a request, or for the rest of one."""
        return not (self.requests or self.total_outbufs_len or self.will_close)


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
            max_request_header_size=HEADER_BYTES,
            max_request_body_size=BODY_BYTES,
            channel_timeout=QUIET_SECONDS,
            cleanup_interval=CLEANUP_SECONDS,
            clear_untrusted_proxy_headers=False,  # `origin` knows whom to believe
        )
        for each in self._sockets.values():
            if isinstance(each, BaseWSGIServer):
                each.channel_class = Channel
        self.port: int = made.effective_port if hasattr(made, "effective_port") else made.effective_listen[0][1]

    def run(self) -> None:
        """Serve. Returns with every socket closed and every thread told to end."""
        try:
            while not self._ended.is_set():
                wasyncore.loop(timeout=WAKE_SECONDS, use_poll=True, map=self._sockets, count=1)
                self._make_room()
        except (KeyboardInterrupt, SystemExit):
            pass
        finally:
            self._threads.shutdown(timeout=IDLE_SECONDS)
            for each in list(self._sockets.values()):
                with suppress(OSError):
                    each.close()

    def _make_room(self) -> None:
        """Close what came in half and stays so, and what is oldest of what is idle: a reader always finds room."""
        idle = sorted(
            (each for each in self._sockets.values() if isinstance(each, Channel) and each.is_idle),
            key=lambda channel: channel.begun,
        )
        too_many = max(0, len(self._sockets) - ROOM)
        latest = time.monotonic() - REQUEST_SECONDS
        for place, channel in enumerate(idle):
            if place < too_many or (channel.request is not None and channel.begun < latest):
                channel.will_close = True

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
