"""The connection to MongoDB: by URI, or the embedded server."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import pymongo
from pymongo import MongoClient, ReadPreference
from pymongo.database import Database
from pymongo.errors import PyMongoError
from pymongo.uri_parser import parse_uri

from ..model.errors import StoreError
from .embedded.server import Embedded
from .explain import bad_uri, explain, explained, is_passing, using
from .schema import Document

__all__ = ["connect", "explain", "explained", "is_passing", "open_store", "server_version"]

FIRST_ANSWER_SECONDS = 5
ELECTION_SECONDS = 30
OLDEST_SERVER = (5, 0, 5)  # from here a delete by metaField works on a time-series collection
OPTIONS: dict[str, Any] = {
    "retryWrites": False,  # the writer reads again and sends what lacks; a blind resend doubles time-series documents
    "w": "majority",
    "readConcernLevel": "majority",
    "tz_aware": True,
    "uuidRepresentation": "standard",
    "connectTimeoutMS": FIRST_ANSWER_SECONDS * 1000,  # also limits the look-up of a mongodb+srv name
}


class StoreSettings(Protocol):
    """The settings that say where the store is."""

    @property
    def mongodb_uri(self) -> str: ...

    @property
    def mongodb_database(self) -> str: ...

    @property
    def sync_home(self) -> Path: ...


@dataclass(frozen=True, slots=True)
class Place:
    """Where the store is and which pair is written; goes to other processes."""

    mongodb_uri: str = field(repr=False)  # may hold a password
    mongodb_database: str
    sync_home: Path
    source: str
    names: Mapping[str, tuple[str, str]]

    @classmethod
    def of(cls, settings: StoreSettings, source: str, names: Mapping[str, tuple[str, str]]) -> Place:
        """The place that the settings name."""
        return cls(settings.mongodb_uri, settings.mongodb_database, settings.sync_home, source, dict(names))


def connect(
    uri: str, *, appname: str = "linky-atlas", place: str = "", patience: float = ELECTION_SECONDS
) -> MongoClient[Document]:
    """A client whose server has answered within 5 s. `place` names it in messages (default: user and hosts).

    A request that finds no primary waits for one for `patience` seconds.
    Raises UsageError for a URI that cannot be used, StoreUnavailable when no server answers, StoreError for a refusal.
    """
    place = place or place_of(uri)
    try:
        client: MongoClient[Document] = MongoClient(
            uri, appname=appname, serverSelectionTimeoutMS=round(patience * 1000), **OPTIONS
        )
    except (PyMongoError, ValueError, TypeError, OSError) as error:  # the last: a certificate file that is not there
        raise bad_uri(error, place) from error
    try:
        with explained(place):
            with pymongo.timeout(FIRST_ANSWER_SECONDS):
                client.admin.command("ping", read_preference=ReadPreference.NEAREST)
            refuse_old(_version(client), place)
    except BaseException:
        _close(client)
        raise
    return client


@contextmanager
def open_store(settings: StoreSettings) -> Iterator[Database[Document]]:
    """The configured database, by URI or embedded; driver errors inside the block come out as SyncError."""
    embedded = None if settings.mongodb_uri else Embedded(settings.sync_home)
    uri = embedded.join() if embedded else settings.mongodb_uri
    try:
        place = "the embedded MongoDB" if embedded else place_of(uri)
        patience = FIRST_ANSWER_SECONDS if embedded else ELECTION_SECONDS  # it has nobody to elect but itself
        with using(place, embedded):
            client = connect(uri, place=place, patience=patience)
            try:
                with explained(place):
                    yield client[settings.mongodb_database]
            finally:
                _close(client)
    finally:
        if embedded:
            embedded.leave()


def server_version(database: Database[Document]) -> tuple[int, ...]:
    """`(6, 0, 5)`."""
    return _version(database.client)


def refuse_old(version: tuple[int, ...], place: str) -> None:
    """Raises StoreError when the server is too old for what we do with time-series collections."""
    if version < OLDEST_SERVER:
        found, needed = (".".join(map(str, numbers)) for numbers in (version, OLDEST_SERVER))
        raise StoreError(f"{place} is MongoDB {found}; time-series collections need {needed} or newer: upgrade it")


def place_of(uri: str) -> str:
    """`user@host:port`, without the password. Raises UsageError when the URI cannot be taken apart."""
    scheme, _, rest = uri.partition("://")
    authority, query = re.split(r"[/?]", rest, maxsplit=1)[0], rest.partition("?")[2]
    if "@" in rest.removeprefix(authority).removesuffix(query) or ("@" in query and "@" not in authority):
        raise bad_uri(None)  # an unescaped / or ? in the password: what stands before it is no host
    try:
        parts = parse_uri(f"mongodb://{authority}", validate=False)
    except (PyMongoError, ValueError) as error:
        raise bad_uri(error) from None
    is_whole = scheme == "mongodb+srv"  # as is the path of a socket, which has no port
    hosts = ",".join(host if is_whole or not port else f"{host}:{port}" for host, port in parts["nodelist"])
    return f"{parts['username']}@{hosts}" if parts["username"] else hosts


def _close(client: MongoClient[Document]) -> None:
    """The driver says goodbye to the server; to one that is gone it would do so for as long as for a request."""
    with pymongo.timeout(1):
        client.close()


def _version(client: MongoClient[Document]) -> tuple[int, ...]:
    return tuple(client.server_info()["versionArray"][:3])
