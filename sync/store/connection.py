"""The connection to MongoDB: by URI, or the embedded server."""

from __future__ import annotations

import re
import warnings
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

from ..model.errors import StoreError, StoreUnavailable, UsageError
from ..model.notice import warn_once
from .compatibility import can, compatibility
from .embedded.server import Embedded
from .explain import NO_PRIMARY, NO_SET, bad_uri, explain, explained, is_passing, using
from .schema import Document

__all__ = ["can", "compatibility", "connect", "explain", "explained", "is_passing", "open_store", "server_version"]

FIRST_ANSWER_SECONDS = 5
ELECTION_SECONDS = 30
OLDEST_SERVER = (5, 0, 5)  # from here a delete by metaField works on a time-series collection
OPTIONS: dict[str, Any] = {
    "retryWrites": False,  # the writer reads again and sends what lacks; a blind resend doubles time-series documents
    "w": "majority",
    "journal": True,
    "readPreference": "primary",
    "readConcernLevel": "majority",
    "tz_aware": True,
    "datetime_conversion": "DATETIME_AUTO",  # a date beyond the year 9999, somebody else's, is no error
    "uuidRepresentation": "standard",
    "connectTimeoutMS": FIRST_ANSWER_SECONDS * 1000,  # also limits the look-up of a mongodb+srv name
}

PINNED = frozenset({name.lower() for name in OPTIONS} - {"connecttimeoutms"}) | {
    "fsync",
    "maxstalenessseconds",
    "readpreferencetags",
    "wtimeoutms",
}
"""Options that a URI has no say in: what we read and write is the primary's, and confirmed by a majority."""


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

    A request that finds no primary waits for one for `patience` seconds. Primary, majority and journal are pinned,
    whatever the URI says.
    Raises UsageError for a URI that cannot be used, StoreUnavailable when no server answers, StoreError for a refusal.
    """
    place = place or place_of(uri)
    try:
        with warnings.catch_warnings(record=True) as doubts:
            warnings.simplefilter("always", UserWarning)
            client: MongoClient[Document] = MongoClient(
                unpinned(uri), appname=appname, serverSelectionTimeoutMS=round(patience * 1000), **OPTIONS
            )
    except (PyMongoError, ValueError, TypeError, OSError) as error:  # the last: a certificate file that is not there
        raise bad_uri(error, place) from error
    for doubt in doubts:
        warn_once(f"MONGODB_URI for {place}: {doubt.message}")
    try:
        with explained(place):
            with pymongo.timeout(FIRST_ANSWER_SECONDS):
                hello = client.admin.command("hello", read_preference=ReadPreference.NEAREST)
            _refuse_secondary(client, hello, place)
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


def unpinned(uri: str) -> str:
    """A URI without the options that are pinned: some of them could not even stand beside ours."""
    base, mark, query = uri.partition("?")
    kept = [option for option in re.split("[&;]", query) if option.partition("=")[0].lower() not in PINNED]
    return base + mark + "&".join(kept)


def _refuse_secondary(client: MongoClient[Document], hello: Document, place: str) -> None:
    """A direct connection reads from whatever server it was sent to."""
    if client.topology_description.topology_type_name != "Single" or hello.get("isWritablePrimary"):
        return
    if primary := hello.get("primary"):
        raise UsageError(
            f"{place} is not the primary of its replica set, and MONGODB_URI asks for this server alone: take "
            f"directConnection out of it, or name the primary, {primary}"
        )
    if "setName" not in hello:
        raise StoreError(NO_SET.format(place))
    raise StoreUnavailable(NO_PRIMARY.format(place))


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
