"""What MongoDB's errors mean for the user, and which of them pass by themselves.

Passwords and documents stay out of every message: hosts, the user and the server's own words are all they hold.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from dns.exception import DNSException
from pymongo.errors import (
    BulkWriteError,
    ConfigurationError,
    ConnectionFailure,
    InvalidURI,
    OperationFailure,
    PyMongoError,
    ServerSelectionTimeoutError,
)

from ..model.errors import StoreError, StoreUnavailable, SyncError, UsageError
from ..model.privacy import scrub
from .embedded.server import Embedded

AUTHENTICATION_FAILED, USER_NOT_FOUND, UNAUTHORIZED, ATLAS_ERROR, OUT_OF_DISK_SPACE = 18, 11, 13, 8000, 14031
WRITE_CONCERN_TIMEOUT, DUPLICATE_KEY = 64, 11000
DATABASE_RIGHTS = frozenset({"bypassDocumentValidation", "collMod", "dropDatabase", "validate"})
"""What the role dbAdmin holds and readWrite does not."""
OUR_FAULTS = frozenset({10334, 17419, 17420})  # a document too large
PASSING = frozenset(
    {
        6, 7, 89, 202, 9001,  # host unreachable, host not found, network timeouts, socket exception
        64,  # a majority did not confirm in time
        91, 11600,  # the server shuts down
        43, 237,  # the cursor was on a server that is gone
        112,  # write conflict
        175,  # the index of a plan was dropped: the first load of an empty record makes its key anew
        133, 134,  # no server for the read preference; majority reads not yet possible
        189, 10107, 11602, 13435, 13436,  # the primary stepped down, or this is not the primary
        50, 262,  # exceeded time limit
        462,  # more requests than the cluster takes a second
    }
)  # fmt: skip


NO_PRIMARY = "{} has no primary at the moment: run again when its election is over"
NO_SET = "{} was started for a replica set that does not exist yet: run rs.initiate() there once, in mongosh"
NO_ADDRESS = (
    "no MongoDB answers at {}{}: add this machine's address to the IP access list of the Atlas project (Network "
    "Access), and resume the cluster if it is paused"
)
NO_SERVER: tuple[tuple[str, type[SyncError], str], ...] = (
    (
        r"replica set name|belongs to a set named",
        UsageError,
        "{} is not a member of a replica set of the name in MONGODB_URI: correct replicaSet, or take it out, as the "
        "driver asks the server for the name",
    ),
    (
        r"server_type: RSGhost",
        StoreError,
        NO_SET,
    ),
    (r"^No primary|match selector", StoreUnavailable, NO_PRIMARY),
    (
        r"certificate verify failed|certificate is not valid|doesn't match",
        StoreUnavailable,
        "{} does not show a certificate that this machine trusts: check the address and tlsCAFile",
    ),
    # Atlas ends the TLS handshake, too, with an address that is not on its list.
    (r"host [^ ]*\.mongodb\.net", StoreUnavailable, NO_ADDRESS),
    (
        r"(?i)alert.*certificate|alert handshake failure",
        UsageError,
        "{} asks for a certificate of yours: name its file with tlsCertificateKeyFile in MONGODB_URI",
    ),
    (
        r"SSL handshake failed",
        UsageError,
        "{} does not speak TLS, and MONGODB_URI asks for it: take tls (or ssl) out, with mongodb+srv:// add tls=false",
    ),
    (
        r"internal hostnames",
        StoreUnavailable,
        "{} names the members of its replica set by addresses that this machine does not reach: run this where they "
        "are reached, or name the primary alone in MONGODB_URI, with directConnection=true",
    ),
    (
        r"connection closed|Connection reset",
        StoreUnavailable,
        "{} closes the connection before it answers: if it speaks TLS only, add tls=true to MONGODB_URI",
    ),
    (
        r"Got response id|Message length|unknown opcode",
        StoreUnavailable,
        "what answers at {} is no MongoDB: correct the host and the port in MONGODB_URI",
    ),
    (
        "",
        StoreUnavailable,
        "no MongoDB answers at {}{}: start it or correct MONGODB_URI; an empty MONGODB_URI takes the embedded server",
    ),
)
"""What the driver says when it can use no server, the first that fits → what that is, and what to do."""
ATLAS_WORDS = (
    (
        "bad auth",
        "{place} refused the user name or the password: check MONGODB_URI (on Atlas: the database user of Database "
        "Access, not your account)",
    ),
    (
        "quota",
        "{place} is full ({words}): delete what is not needed or take a larger cluster, then run again; what was "
        "stored stays",
    ),
    (
        "cannot create a new collection",
        "{place} has no room for another collection ({words}): drop some that are not needed, then run again",
    ),
    (
        "is not allowed or|is not allowed in|CMD_NOT_ALLOWED",
        "{place} does not take this request ({words}): free and Flex clusters lack some, a dedicated one (M10 or "
        "larger) has them",
    ),
)
"""Atlas gives most of what only the user can change the one code 8000 and tells by words → what to do."""

PASSING_LABELS = ("RetryableWriteError", "TransientTransactionError", "SystemOverloadedError")


@dataclass(frozen=True, slots=True)
class _Open:
    """A store in use by this process: how messages name it, and the embedded server if it is that."""

    place: str
    embedded: Embedded | None


_open_stores: list[_Open] = []


@contextmanager
def using(place: str, embedded: Embedded | None) -> Iterator[None]:
    """For the length of the block, errors are those of `place`; an embedded server is looked at for its end."""
    store = _Open(place, embedded)
    _open_stores.append(store)
    try:
        yield
    finally:
        _open_stores.remove(store)


@contextmanager
def explained(place: str = "") -> Iterator[None]:
    """Driver errors raised in the block come out as the SyncError that explains them."""
    try:
        yield
    except PyMongoError as error:
        raise explain(error, place) from error


def explain(error: PyMongoError, place: str = "") -> SyncError:
    """What a driver error means and what to do. `place` names the server; raises the error itself if we are to blame.

    Returns UsageError for a wrong URI, StoreUnavailable for what passes or waits for the user, StoreError for the rest.
    """
    place = place or (_open_stores[-1].place if _open_stores else "MongoDB")
    if gone := _gone_embedded():
        reason = gone.why_it_ended() or "it was ended from outside: run again, nothing that was stored is lost"
        return StoreUnavailable(f"the embedded MongoDB has ended: {reason}")
    if isinstance(error, ConfigurationError) and not _is_starting(error):
        return bad_uri(error, place)
    if isinstance(error, ServerSelectionTimeoutError):
        return _no_server(error, place)
    if isinstance(error, OperationFailure):
        return _refusal(error, place)
    if isinstance(error, ConnectionFailure) or error.timeout or _is_starting(error):
        return StoreUnavailable(f"the connection to {place} was lost: run again, what was stored stays")
    raise error  # InvalidOperation and its like: our own doing


def _is_starting(error: PyMongoError) -> bool:
    """Whether the driver has not yet heard what a server that has just come back can do."""
    return isinstance(error, ConfigurationError) and str(error).startswith("Sessions are not supported")


def is_passing(error: PyMongoError) -> bool:
    """Whether the same request may succeed in a moment: an election, a restart, a broken connection."""
    if _gone_embedded():
        return False
    if isinstance(error, ConnectionFailure) or _is_starting(error):
        return True
    if isinstance(error, OperationFailure) and error.code == ATLAS_ERROR and is_throttled(_words(error)):
        return True
    if any(error.has_error_label(label) for label in PASSING_LABELS):
        return True
    if isinstance(error, BulkWriteError):
        concerns = _codes(error, "writeConcernErrors")
        # Duplicates beside a missing confirmation are what was there already; the next look at the record sees them.
        return bool(_codes(error)) and _codes(error) <= PASSING | ({DUPLICATE_KEY} if concerns else frozenset())
    return isinstance(error, OperationFailure) and (error.code in PASSING or error.timeout)


def is_throttled(words: str) -> bool:
    """Whether a server's words say that it is asked too often."""
    return bool(re.search(r"rate limit|too many requests|throttl", words, re.IGNORECASE))


def _gone_embedded() -> Embedded | None:
    """The embedded server that this process uses, if it has ended."""
    used = (store.embedded for store in _open_stores if store.embedded)
    return next((embedded for embedded in used if embedded.server() is None), None)


def bad_uri(error: Exception | None, place: str = "") -> SyncError:
    """What is wrong with MONGODB_URI. The driver may quote a part of it, thus of the password: few words are shown."""
    if place and isinstance(error, ConfigurationError) and not isinstance(error, InvalidURI):
        if isinstance(error.__cause__, DNSException):
            return StoreUnavailable(f"{place} cannot be found: check the name in MONGODB_URI and the network ({error})")
        return UsageError(f"MONGODB_URI for {place}: {error}")
    if place:  # its address is sound, so the rest is
        return UsageError(f"MONGODB_URI for {place} has an option with a wrong value ({type(error).__name__})")
    return UsageError(
        "MONGODB_URI cannot be read: copy it anew (Atlas: Connect, Drivers); : / ? # [ ] @ % in the user name or "
        "password must be percent-encoded"
    )


def _no_server(error: ServerSelectionTimeoutError, place: str) -> SyncError:
    words, _, servers = str(error).partition(", Timeout:")  # behind it: what the driver knows of every server
    words = words.replace("servers found yet", "servers found yet: timed out")
    ghosts = "".join(re.findall("server_type: RSGhost", servers)[:1])
    told = f"{words} {ghosts} host {place}"
    kind, text = next((kind, text) for pattern, kind, text in NO_SERVER if re.search(pattern, told))
    found = re.search(r"Connection refused|Name or service not known|timed out|No address", words)
    return kind(text.format(place, f" ({found[0]})" if found else ""))


def _refusal(error: OperationFailure, place: str) -> SyncError:
    codes, words = _codes(error), _words(error)
    if codes & OUR_FAULTS:
        raise error
    if because := _refused_because(codes, words, place):
        return StoreError(because)
    if WRITE_CONCERN_TIMEOUT in codes:
        return StoreUnavailable(f"a majority of {place} did not confirm in time: run again, what was stored stays")
    if codes and codes <= PASSING:
        return StoreUnavailable(f"{place} is restarting or electing a primary: run again, what was stored stays")
    numbers = ", ".join(str(code) for code in sorted(codes))
    return StoreError(f"{place} refused a request ({type(error).__name__} {numbers}): {words}")


def _refused_because(codes: set[int], words: str, place: str) -> str:
    """What only the user can change."""
    if codes & {AUTHENTICATION_FAILED, USER_NOT_FOUND}:
        return ATLAS_WORDS[0][1].format(place=place)
    if UNAUTHORIZED in codes or (ATLAS_ERROR in codes and "not allowed to do action" in words):
        return _lacking_right(words, place)
    if OUT_OF_DISK_SPACE in codes or "No space left" in words:
        return f"the disk of {place} is full: make room there, then run again; what was stored stays"
    if ATLAS_ERROR in codes:
        told = (text for pattern, text in ATLAS_WORDS if re.search(pattern, words))
        return next(told, "").format(place=place, words=words)
    return ""


def _codes(error: OperationFailure, *kinds: str) -> set[int]:
    """Error codes; for a bulk write those of its parts, as its own code 65 says nothing."""
    if isinstance(error, BulkWriteError):
        kinds = kinds or ("writeErrors", "writeConcernErrors")
        return {part["code"] for kind in kinds for part in error.details.get(kind, ())}
    return {error.code} if error.code is not None else set()


def _words(error: OperationFailure) -> str:
    """The server's words, without the documents and commands that the driver appends."""
    details: Any = error.details or {}
    parts = [part for kind in ("writeErrors", "writeConcernErrors") for part in details.get(kind, ())]
    return scrub(str((parts or [details])[0].get("errmsg", "")))[:300]


def _lacking_right(words: str, place: str) -> str:
    """The words are those of a server (`not authorized on DB to execute command { NAME: …`) or of Atlas."""
    if "requires authentication" in words:
        return f"{place} asks for a user name and a password: put them into MONGODB_URI, mongodb://USER:PASSWORD@HOST/"
    found = re.search(r"not authorized on (?P<database>\S+) to execute command \{ (?P<action>\w+)", words) or re.search(
        r"not allowed to do action \[(?P<action>\w+)\] on \[(?P<database>[^\].]*)", words
    )
    action, database = (found["action"], found["database"]) if found else ("this", "")
    where = f" in the database {database}" if database else ""
    if database == "admin":
        remedy = "no role in one database holds that right; it takes an administrator (on Atlas: the role atlasAdmin)"
    else:
        role = "dbAdmin, which it needs beside readWrite," if action in DATABASE_RIGHTS else "readWrite"
        remedy = f"give it the role {role} on that one database (Atlas: Database Access, Edit, Specific Privileges)"
    return f"the user of {place} may not do {action}{where}: {remedy}"
