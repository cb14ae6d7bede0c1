"""The forms the lab compares, and their scratch collections: beside the user's own, under names of our own alone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product

from pymongo import ASCENDING, DESCENDING, IndexModel
from pymongo.collection import Collection
from pymongo.database import Database

from ..model.errors import UsageError
from ..store.schema import KEY, TIMESERIES, Document

PREFIX = "lab_scratch_"
MARKER = PREFIX + "checkpoint"
GRANULARITIES = ("seconds", "minutes", "hours")  # the first is the server's default
ORDERS = {"oldest": ASCENDING, "newest": DESCENDING}


@dataclass(frozen=True, slots=True)
class Form:
    """One way to store the readings.

    granularity: of a time-series collection, empty for a regular one; order: `oldest` or `newest` reading first, within
    each series; index: whether it carries the compound index {series, ts}.
    """

    granularity: str = ""
    order: str = "oldest"
    index: bool = True

    @property
    def is_timeseries(self) -> bool:
        return bool(self.granularity)

    @property
    def name(self) -> str:
        """`hours_oldest_index`, `regular_oldest_plain`."""
        return f"{self.granularity or 'regular'}_{self.order}_{'index' if self.index else 'plain'}"


RECORD = Form()
"""As this tool keeps the record; also what every other form is copied from, so that all hold the same readings."""
MIRROR = Form(TIMESERIES["granularity"])
"""As this tool keeps the mirror."""
TRAP = Form(GRANULARITIES[0])
"""What a time-series collection is when nobody chooses a granularity."""
FORMS = (
    RECORD,
    Form(index=False),
    *(Form(granularity, order, index) for granularity, order, index in product(GRANULARITIES, ORDERS, (True, False))),
)


def scratch(database: Database[Document], form: Form) -> Collection[Document]:
    """The scratch collection of a form, whether or not it exists."""
    return database[PREFIX + form.name]


def create(database: Database[Document], form: Form) -> Collection[Document]:
    """Make the empty scratch collection of a form."""
    name = PREFIX + form.name
    if not form.is_timeseries:
        made = database.create_collection(name)
        if form.index:
            made.create_indexes([IndexModel(KEY, unique=True)])
        return made
    made = database.create_collection(name, timeseries=TIMESERIES | {"granularity": form.granularity})
    made.drop_indexes()  # servers from 6.3 make one by themselves
    if form.index:
        made.create_indexes([IndexModel(KEY)])
    return made


def remove_scratch(database: Database[Document]) -> None:
    """Drop every scratch collection there is, also those of a lab that was killed. Nothing else is touched."""
    names = [MARKER, *(PREFIX + form.name for form in FORMS)]
    for name in database.list_collection_names(filter={"name": {"$in": names}}):
        database.drop_collection(name)


def refuse_clash(collections: Mapping[str, tuple[str, str]]) -> None:
    """Raises UsageError when the user's own collections (source → names) bear the names of the lab's."""
    taken = sorted(name for names in collections.values() for name in names if name.startswith(PREFIX))
    if taken:
        raise UsageError(
            f"COLLECTIONS: {', '.join(taken)}: names that begin with {PREFIX} belong to the lab, which drops them: "
            "choose other names in settings.py"
        )
