"""The error tree: every message says what happened, where, and what to do next.

A `SyncError` is a condition of the outside world (a setting, a file, a server); the command line shows it as one
line and exits with `exit_code`. Anything else that is raised is a bug of ours and keeps its traceback.
"""

from __future__ import annotations

from datetime import datetime

from .privacy import plain


class SyncError(Exception):
    """Base of all expected failures. `exit_code` follows the table in `docs/commands.md` (1 = an error)."""

    exit_code = 1

    def __init__(self, message: str = "") -> None:
        super().__init__(plain(message))  # it may hold the words of an answer, of a file, of its name


class UsageError(SyncError):
    """Wrong arguments or settings: nothing was started."""

    exit_code = 2


# --- files -----------------------------------------------------------------------------------------------------------


class FileRefused(SyncError):
    """A file is not an export we know, is cut off, mixes meters or is in another encoding. Nothing of it was stored."""


# --- store -----------------------------------------------------------------------------------------------------------


class StoreError(SyncError):
    """MongoDB refused or could not be reached."""


class StoreUnavailable(StoreError):
    """No server answers; what was stored so far stays, running again resumes."""


class CollectionMismatch(StoreError):
    """A collection of that name exists with the wrong type or options."""


class LeaseLost(StoreError):
    """Another process took over the mirror of a series while this one was writing."""


# --- sources ---------------------------------------------------------------------------------------------------------


class SourceError(SyncError):
    """A source answered with something other than readings. `status` is the HTTP status, 0 if there was no answer."""

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


DATASET, FLOW, METER, ADDRESS = "dataset", "flow", "meter", "address"
"""How far an error reaches, the next always further: one kind of call, all of a meter's flow, all of a meter, all."""
SPAN, END, PERIOD = "span", "end", "period"
"""What may be wrong with the days of a call: too many, the last of them too new, or one cannot tell."""


class FatalSourceError(SourceError):
    """Asking the same again cannot help: what it reaches is not asked any more, and the user is told what to do.

    days: what is wrong with the days that were asked for (SPAN, END, PERIOD), empty when it is not them.
    """

    def __init__(self, message: str, status: int = 0, reach: str = ADDRESS, days: str = "") -> None:
        super().__init__(message, status)
        self.reach = reach
        self.days = days


class Banned(FatalSourceError):
    """The gateway blocks this address. No further call is made today."""


class UnknownAnswer(FatalSourceError):
    """A 200 whose shape we do not know; never taken for 'no readings'. The raw text is kept in a file."""


class HistoryFloor(SourceError):
    """The asked range begins before the oldest instant the API serves (`code` names the rule)."""

    def __init__(self, message: str, status: int, code: str) -> None:
        super().__init__(message, status)
        self.code = code


class WindowRefused(SourceError):
    """The source does not answer for these days, or not with what was asked; the days before and after may be well."""


class NoReadings(SourceError):
    """The API has nothing in the whole asked range, yet or ever. remedy: what the user can do if it is so everywhere;
    it is not taken for an empty range then."""

    def __init__(self, message: str, status: int, remedy: str = "") -> None:
        super().__init__(message, status)
        self.remedy = remedy


class RetriableError(SourceError):
    """A passing failure: worth another try later."""


class GatewayTrouble(RetriableError):
    """Several windows in a row failed: what it reaches is left in peace until `until` (UTC)."""

    def __init__(self, message: str, status: int, until: datetime, reach: str = ADDRESS) -> None:
        super().__init__(message, status)
        self.until = until
        self.reach = reach


class RateLimited(RetriableError):
    """The quota shared by all users is spent until `until` (UTC)."""

    def __init__(self, message: str, status: int, until: datetime) -> None:
        super().__init__(message, status)
        self.until = until


class BudgetSpent(SyncError):
    """The calls of this UTC day are used up; `until` is when the next day begins (UTC)."""

    exit_code = 3

    def __init__(self, message: str, until: datetime) -> None:
        super().__init__(message)
        self.until = until


class CallLimit(SyncError):
    """The calls allowed for this run (--max-calls) are made."""

    exit_code = 3
