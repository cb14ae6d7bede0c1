"""A gateway on the loopback that answers as it is told to, whole, cut or not at all, and keeps what it was asked."""

from __future__ import annotations

import json
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import jwt

PRM = "21121707640844"
TOKEN = jwt.encode({"sub": [PRM]}, "k" * 32, algorithm="HS256")
OK = b'{"ok": true}'
Reply = Callable[["Handler"], None]


class Handler(BaseHTTPRequestHandler):
    """Answers with the next scripted reply; keeps every request."""

    protocol_version = "HTTP/1.1"
    server: Server

    def do_GET(self) -> None:
        self.server.requests.append((self.path, dict(self.headers)))
        replies = self.server.replies
        (replies.pop(0) if len(replies) > 1 else replies[0])(self)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


class Server(ThreadingHTTPServer):
    """A scripted gateway; the last reply is given again and again."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.replies: list[Reply] = [says(200, OK)]
        self.requests: list[tuple[str, dict[str, str]]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, *_: Any) -> None:
        """Connections break here on purpose."""


def says(status: int, body: bytes | dict[str, Any], media_type: str = "application/json", **headers: str) -> Reply:
    """A whole answer."""
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    fields = {"Content-Type": media_type, "Content-Length": str(len(content))} | {
        name.replace("_", "-"): text for name, text in headers.items()
    }

    def reply(handler: Handler) -> None:
        handler.send_response(status)
        for name, text in fields.items():
            handler.send_header(name, text)
        handler.end_headers()
        handler.wfile.write(content)

    return reply


def cut(handler: Handler) -> None:
    """Announces more than it sends; what came would parse."""
    handler.send_response(200)
    handler.send_header("Content-Length", "5000")
    handler.end_headers()
    handler.wfile.write(OK)
    handler.close_connection = True


def cut_chunks(handler: Handler) -> None:
    """The last chunk never comes."""
    handler.send_response(200)
    handler.send_header("Transfer-Encoding", "chunked")
    handler.end_headers()
    handler.wfile.write(b"c\r\n" + OK + b"\r\n")
    handler.close_connection = True


def reset(handler: Handler) -> None:
    """Hangs up without an answer."""
    handler.close_connection = True
    handler.connection.close()


def garbage(handler: Handler) -> None:
    """Says it is gzip and is not."""
    says(200, b"no gzip at all", Content_Encoding="gzip")(handler)


@contextmanager
def serving() -> Iterator[Server]:
    """A server of its own for one test, answering from a thread."""
    server = Server()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def secretless(error: BaseException) -> str:
    """The whole of an error as a log would have it, causes included."""
    text = str(error) + "".join(traceback.format_exception_only(error)) + repr(error.__cause__)
    assert PRM not in text
    assert TOKEN not in text
    return str(error)
