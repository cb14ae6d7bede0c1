"""Rights on a topic, which the broker of the tests does not know: what stands between it and its clients refuses.

A client speaks to the real broker through this; from the answers to what it produces some become the refusal that a
broker with rights gives, on the wire, under the same correlation id.
"""

from __future__ import annotations

import socket
import struct
import threading
from contextlib import suppress

PRODUCE, FLEXIBLE = 0, 9  # the kind of a request, and from which version on its lengths are of variable size
DENIED = 29  # TOPIC_AUTHORIZATION_FAILED


class Gate:
    """Listens on a loopback port for one broker. allowed: so many answers to what is produced pass as they are."""

    def __init__(self, broker_port: int, port: int, allowed: int = 0) -> None:
        self._broker_port, self._left = broker_port, allowed
        self.refused = 0
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", port))
        self._open: list[socket.socket] = [self._listener]
        self._begin(self._accept)

    @staticmethod
    def _begin(work: object, *values: object) -> None:
        threading.Thread(target=work, args=values, daemon=True).start()  # type: ignore[arg-type]

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                broker = socket.create_connection(("127.0.0.1", self._broker_port))
                self._open += [client, broker]
                produced: dict[int, int] = {}
                self._begin(self._asked, client, broker, produced)
                self._begin(self._answered, broker, client, produced)

    def _asked(self, client: socket.socket, broker: socket.socket, produced: dict[int, int]) -> None:
        with suppress(OSError, EOFError):
            while True:
                frame = _frame(client)
                kind, version, number = struct.unpack_from(">hhi", frame)
                if kind == PRODUCE:
                    produced[number] = version
                broker.sendall(struct.pack(">i", len(frame)) + frame)

    def _answered(self, broker: socket.socket, client: socket.socket, produced: dict[int, int]) -> None:
        with suppress(OSError, EOFError):
            while True:
                frame = bytearray(_frame(broker))
                version = produced.pop(struct.unpack_from(">i", frame)[0], None)
                if version is not None and self._is_refused():
                    struct.pack_into(">h", frame, _error_at(frame, version >= FLEXIBLE), DENIED)
                client.sendall(struct.pack(">i", len(frame)) + frame)

    def _is_refused(self) -> bool:
        with self._lock:
            self._left -= 1
            self.refused += self._left < 0
            return self._left < 0

    def close(self) -> None:
        """Cut every connection."""
        for each in self._open:
            with suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()


def _error_at(frame: bytearray, is_flexible: bool) -> int:
    """Where the error of the one topic and partition stands in an answer; all lengths are of one byte here."""
    if is_flexible:  # id, tags, topics, length of the name, the name, partitions, number of the partition
        return 4 + 1 + 1 + 1 + (frame[6] - 1) + 1 + 4
    (length,) = struct.unpack_from(">h", frame, 8)
    return 4 + 4 + 2 + length + 4 + 4


def _frame(stream: socket.socket) -> bytes:
    (length,) = struct.unpack(">i", _exactly(stream, 4))
    return _exactly(stream, length)


def _exactly(stream: socket.socket, count: int) -> bytes:
    found = b""
    while len(found) < count:
        part = stream.recv(count - len(found))
        if not part:
            raise EOFError
        found += part
    return found
