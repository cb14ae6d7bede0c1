"""The connection to PostgreSQL: its address, its statements, its errors in one line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import psycopg
from psycopg.errors import LockNotAvailable, UniqueViolation

from ...model.errors import UsageError
from ...model.privacy import scrub
from . import ExportError

CONNECT = 10  # s
WAIT = "10s"  # for another export into the same table
HEAD, END = b"PGCOPY\n\xff\r\n\0" + bytes(8), b"\xff\xff"  # of COPY's binary form


class Base:
    """One connection, every statement a transaction of its own unless `transaction` says otherwise.

    shown: the address without a password; table: the one that it names, or nothing.
    """

    def __init__(self, address: str) -> None:
        self._address, self.table, self.shown = address_of(address)
        self._base: psycopg.Connection[Any] | None = None

    def connect(self, table: str) -> None:
        """Once; the only one that exports into a table."""
        self._base = psycopg.connect(self._address, connect_timeout=CONNECT, application_name="linky-atlas")
        self._base.autocommit = True
        self.run("SET client_min_messages = warning")
        self.run("SET synchronous_commit = off")  # the last transaction waits for the disk, and for those before it
        self.run(f"SET lock_timeout = '{WAIT}'")
        self.run("SELECT pg_advisory_lock(hashtext(%s))", f"linky-atlas {table}")

    @property
    def _connected(self) -> psycopg.Connection[Any]:
        if self._base is None:
            raise RuntimeError("not connected")
        return self._base

    def run(self, query: str, *values: Any) -> list[Any]:
        """The rows of a statement, if it has any."""
        cursor = self._connected.execute(query.encode(), values or None)
        return cursor.fetchall() if cursor.description else []

    def transaction(self) -> AbstractContextManager[Any]:
        """All of a block or nothing."""
        return self._connected.transaction()

    def copy(self, table: str, names: Sequence[str], rows: Iterable[bytes]) -> None:
        """Rows in the binary form into columns of a table."""
        columns = ", ".join(f'"{name}"' for name in names)
        with self._connected.cursor().copy(f"COPY {table} ({columns}) FROM STDIN (FORMAT BINARY)".encode()) as copy:
            copy.write(HEAD)
            for some in rows:
                copy.write(some)
            copy.write(END)

    def close(self) -> None:
        """What is not committed goes."""
        if self._base:
            self._base.close()

    @contextmanager
    def said(self) -> Iterator[None]:
        """An error of the server in one line; that a reading is there already goes on to who asked."""
        try:
            yield
        except UniqueViolation:
            raise
        except LockNotAvailable:
            raise ExportError(
                f"{self.shown}: another export writes this table, or follows it: wait for its end"
            ) from None
        except psycopg.OperationalError as error:
            goes_on = "; what is committed stays, the same command goes on from there" if self._base else ""
            raise ExportError(f"{self.shown}: {words_of(error)}{goes_on}") from None
        except psycopg.Error as error:
            raise ExportError(f"{self.shown} refused it: {words_of(error)}") from None


def address_of(address: str) -> tuple[str, str, str]:
    """(address for the driver, table that it names or nothing, address for people). Raises UsageError."""
    parts = urlsplit(address)
    options = dict(parse_qsl(parts.query))
    table = options.pop("table", "")
    if table and not re.fullmatch(r"([a-z_][a-z0-9_]{0,40}\.)?[a-z_][a-z0-9_]{0,40}", table):
        raise UsageError("?table= takes small letters, digits and _, with a schema before a point if any")
    host = parts.netloc.rpartition("@")[2]
    user = f"{parts.username}@" if parts.username else ""
    name = f"postgresql://{user}{host}{parts.path}" + (f"?table={table}" if table else "")
    query = f"?{urlencode(options)}" if options else ""
    return f"postgresql://{parts.netloc}{parts.path}{query}", table, name


def words_of(error: psycopg.Error) -> str:
    """What the server says, in one line."""
    text = error.diag.message_primary or str(error) or type(error).__name__
    return scrub(text.strip().splitlines()[0])[:200]
