"""The HTTP side of a stand-in: keep-alive connections on loopback, and answers that break off on request."""

from __future__ import annotations

import os
import socket
import struct
from collections.abc import Callable
from email.message import Message
from email.utils import formatdate
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Lock
from typing import Any

from .days import Now
from .replies import Reply

Answer = Callable[[str, str, str | None], Reply]
"""Method, target (path with query) and the Authorization header → reply."""

RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER on, 0 s: closing sends RST instead of FIN


class Server(ThreadingHTTPServer):
    """Serves `answer` on 127.0.0.1. `now` (aware UTC) goes into the Date header, so that clients can tell the day."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int, answer: Answer, now: Now) -> None:
        self.answer = answer
        self.now = now
        self.closing = Event()
        self._open: set[socket.socket] = set()
        self._open_lock = Lock()
        super().__init__(("127.0.0.1", port), _Handler)

    def reply(self, method: str, target: str, headers: Message) -> Reply:
        """What is answered to a request; header names are read in any case."""
        return self.answer(method, target, headers.get("Authorization"))

    def server_bind(self) -> None:
        # Not HTTPServer's: it asks the resolver for this machine's name.
        super(ThreadingHTTPServer, self).server_bind()

    def process_request(self, request: Any, client_address: Any) -> None:
        with self._open_lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        with self._open_lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that leave early are no news."""

    def stop(self) -> None:
        """End `serve_forever` and every open connection. Safe to call twice."""
        if self.closing.is_set():
            return
        self.closing.set()
        self.shutdown()
        self.server_close()
        with self._open_lock:
            for connection in self._open:
                try:
                    connection.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue


class _Handler(BaseHTTPRequestHandler):
    server: Server
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # headers and body leave together

    def answer(self) -> None:
        if self.headers.get("Content-Length") or self.headers.get("Transfer-Encoding"):
            self.close_connection = True  # whatever came with a POST is not read
        reply = self.server.reply(self.command, self.path, self.headers)
        if reply.reset:
            self._reset()
            return
        self.send_response(reply.status)
        self.send_header("Content-Type", reply.content_type)
        self.send_header("Content-Length", str(len(reply.body)))
        for name, text in reply.headers.items():
            self.send_header(name, text)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        if reply.wait:
            self.wfile.flush()
            if self.server.closing.wait(reply.wait):
                self.close_connection = True
                return
        if self.command != "HEAD":
            self.wfile.write(reply.body[: len(reply.body) // 2] if reply.cut else reply.body)
        if reply.cut:
            self.close_connection = True

    def do_GET(self) -> None:
        self.answer()

    do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = do_GET

    def _reset(self) -> None:
        self.close_connection = True
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
        # Past the socket object: its own closing would end the connection in good order first.
        os.close(self.connection.detach())

    def version_string(self) -> str:
        return "linky-standin"

    def date_time_string(self, timestamp: float | None = None) -> str:
        return formatdate(self.server.now().timestamp() if timestamp is None else timestamp, usegmt=True)

    def log_message(self, format: str, *args: Any) -> None:
        """Requests are logged by the stand-in, without what its clients must keep to themselves."""
