"""Whether there is room for the lab, and how long it takes, before anything is written."""

from __future__ import annotations

from pymongo.database import Database
from pymongo.errors import OperationFailure

from ..model.errors import StoreError
from ..store.schema import Document, Pair
from ..store.sizes import size_of
from .forms import FORMS
from .questions import NAMES
from .timing import RUNS

# Bytes of all scratch collections together, as the quota counts them (data and indexes), for one of the record:
# 8.7 measured on two half-hourly years with 6.0.5, rounded up.
SCRATCH_FOR_RECORD = 10.0
M0_QUOTA, FLEX_QUOTA = 512 * 10**6, 5 * 10**9
# Measured on two cores with 6.0.5, rounded down: readings read and inserted, readings a question goes through.
LOADED_PER_SECOND = 50_000
LOOKED_AT_PER_SECOND = 1_500_000


def refuse_without_room(pair: Pair, readings: int, stored: int) -> None:
    """Raises StoreError when a server with a quota (Atlas M0, Flex) has no room for the scratch collections."""
    used = _used_of_quota(pair.record.database)
    if used is None or not stored:
        return
    size = size_of(pair.record)
    needed = SCRATCH_FOR_RECORD * (size.data_bytes + size.index_bytes) * readings / stored
    if refusal := lacking_room(used, needed):
        raise StoreError(refusal)


def lacking_room(used: float, needed: float) -> str:
    """Why so many bytes more do not fit into the quota of which some are used; empty when they do."""
    quota = M0_QUOTA if used <= M0_QUOTA else FLEX_QUOTA  # the server does not tell its tier: the smaller that fits
    if used + needed <= quota:
        return ""
    megabytes = 10**6
    return (
        f"the lab needs about {needed / megabytes:,.0f} MB for a while, and this Atlas cluster has "
        f"{max(0.0, quota - used) / megabytes:,.0f} MB left of {quota / megabytes:,.0f} MB: import the same export "
        "into the embedded MongoDB (an empty MONGODB_URI) and run the lab there"
    )


def expected_seconds(readings: int) -> float:
    """About how long the lab takes with the server on the same small machine."""
    loading = len(FORMS) * readings / LOADED_PER_SECOND
    asking = len(FORMS) * (RUNS + 1) * len(NAMES) * readings / LOOKED_AT_PER_SECOND
    return loading + asking


def in_words(seconds: float) -> str:
    """`less than a minute`, `about 3 minutes`."""
    minutes = round(seconds / 60)
    return "less than a minute" if seconds < 50 else f"about {max(1, minutes)} minute{'s' if minutes > 1 else ''}"


def _used_of_quota(database: Database[Document]) -> float | None:
    """Bytes that count against the quota of a free or Flex cluster; None for any other server, which has none."""
    try:
        return float(database.command("atlasSize")["atlasSize"])
    except (OperationFailure, KeyError):
        return None
