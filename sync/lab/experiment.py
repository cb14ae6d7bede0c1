"""One run of the lab: build, settle, measure, ask, remove; and the result that stays."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from pymongo.collection import Collection
from pymongo.database import Database
from pymongo.errors import OperationFailure

from ..export.read import Choice
from ..load.progress import Progress
from ..model.clock import Clock
from ..model.errors import StoreError
from ..model.words import counted
from ..sources import SOURCES
from ..store.connection import server_version
from ..store.lease import Lease
from ..store.schema import Document, Pair
from ..store.sizes import Comparison, Size, settle, size_of
from .elsewhere import Elsewhere
from .engines import ENGINES
from .forms import (
    CAP,
    FORMS,
    LEASE,
    LEASE_SECONDS,
    MARKER,
    MIRROR,
    RECORD,
    TRAP,
    Form,
    Share,
    copy_record,
    fill,
    remove_scratch,
    scratch,
    share_of,
)
from .questions import NAMES, RUNS, Ask, Times, ask, questions_about, time_questions

RESULTS = "sync_lab"
FEW = 100  # readings; with fewer, empty files and the clock's grain are all that is measured

# Bytes of all scratch collections together, as the quota counts them (data and indexes), for one of the record:
# 8.7 measured on two half-hourly years with 6.0.5, rounded up.
SCRATCH_FOR_RECORD = 10.0
M0_QUOTA, FLEX_QUOTA = 512 * 10**6, 5 * 10**9
# Measured on two cores with 6.0.5, rounded down: readings read and inserted, readings a question goes through.
LOADED_PER_SECOND = 50_000
LOOKED_AT_PER_SECOND = 1_500_000

MARKER_BYTES = 256 * 1024  # random, so that compression leaves it far above an empty file
PATIENCE = 150  # s; a server makes a checkpoint every 60 s
POLL = 1.0  # s


class Lab:
    """The lab on one pair; `zone` is that of its source's local days; `elsewhere`: other engines that take part."""

    def __init__(
        self, pair: Pair, zone: ZoneInfo, clock: Clock, progress: Progress, elsewhere: Elsewhere | None = None
    ) -> None:
        self.pair = pair
        self._database = pair.record.database
        self._zone = zone
        self._clock = clock
        self._progress = progress
        self._elsewhere = elsewhere
        self._lease = Lease(self._database, LEASE, LEASE_SECONDS, clock)

    def run(self, cap: int = CAP) -> dict[str, Any] | None:
        """Measure everything and keep the result; None when nothing is stored. The pair itself is only read.

        The result, as printed: readings are the taken part of `stored`; settled: whether a checkpoint came before the
        sizes were read; rows: what each form took; queries: how long both forms that we keep need for each question;
        engines: what the same readings take elsewhere, where that was asked for.

        Raises StoreError when there is no room, another lab runs, or a right is missing. However this ends, the scratch
        is removed; if the process is killed, by the next command that writes.
        """
        stored = self.pair.record.count_documents({})
        share = share_of(self.pair.record, cap)
        if not share:
            return None
        if not self._lease.try_acquire():
            raise StoreError("another lab is running on this database: wait until it is done and run again")
        try:
            remove_scratch(self._database)
            refuse_without_room(self.pair, sum(count for _, count in share), stored)
            return self._measured(share, stored)
        finally:
            if self._elsewhere:
                self._elsewhere.close()
            remove_scratch(self._database)
            self._lease.release()

    def _measured(self, share: Share, stored: int) -> dict[str, Any]:
        self._announce(share, stored)
        loaded = self._load(share)
        if self._elsewhere:
            self._elsewhere.load(self._copy(share), self._database, self._step)
        self._progress.note("waiting for a checkpoint, after which the sizes are true")
        settled = wait_for_checkpoint(self._database, self._clock)
        if not settled:
            self._progress.note("no checkpoint came: sizes on disk are smaller here than they will be")
        collections = {form: scratch(self._database, form) for form in FORMS}
        sizes = {form: size_of(collection) for form, collection in collections.items()}
        series = max(share, key=lambda each: each[1])[0]
        questions = questions_about(collections[RECORD], series, self._zone)
        askers: dict[Any, Ask] = {form: partial(ask, collection) for form, collection in collections.items()}
        askers |= self._elsewhere.askers if self._elsewhere else {}
        self._progress.note(f"asking {len(questions)} questions {RUNS} times of each form, in turns")
        times = time_questions(askers, questions, RUNS, self._step)
        result = {
            "source": self.pair.source,
            "at": self._clock.now().isoformat(),
            "server_version": ".".join(str(part) for part in server_version(self._database)),
            "readings": loaded[RECORD][0],
            "stored": stored,
            "series": len(share),
            "settled": settled,
            "runs": RUNS,
            "rows": rows_of(loaded, sizes, times),
            "queries": [
                {"name": question.name, "readings": question.readings}
                | {kind: times[form][question.name] for kind, form in (("regular", RECORD), ("timeseries", MIRROR))}
                for question in questions
            ],
        }
        if self._elsewhere:
            result["engines"] = self._elsewhere.as_json(times)
        keep(self._database, result)
        return result

    def _announce(self, share: Share, stored: int) -> None:
        readings = sum(count for _, count in share)
        lasts = in_words(expected_seconds(readings, self._elsewhere is not None))
        self._progress.note(
            f"lab: {counted(readings, 'reading')} of {self.pair.source} in {len(FORMS)} forms; "
            f"{lasts} on a server nearby"
        )
        if readings < stored:
            self._progress.note(
                f"{stored:,} are stored: the lab takes at most {readings:,}, of {len(share)} series the newest"
            )
        if readings < FEW:
            self._progress.note(
                f"{counted(readings, 'reading')}, too few to mean much: load a month or more and run it again"
            )
        self._progress.start(len(FORMS) + RUNS + (len(ENGINES) if self._elsewhere else 0), 0)

    def _copy(self, share: Share) -> Choice:
        """The copy of the record, from which everything else is filled."""
        source = self.pair.source
        own = Pair(source, scratch(self._database, RECORD), scratch(self._database, MIRROR))
        return Choice(own, [series for series, _ in share], SOURCES[source].fields, self._zone)

    def _load(self, share: Share) -> dict[Form, tuple[int, float]]:
        """Readings and seconds of every form."""
        loaded: dict[Form, tuple[int, float]] = {}
        for form in FORMS:
            if form == RECORD:
                loaded[form] = copy_record(self.pair.record, share, self._lease.keep)
            else:
                loaded[form] = fill(self._database, form, share, self._lease.keep)
            self._step(form.name)
        return loaded

    def _step(self, text: str) -> None:
        self._lease.keep()
        self._progress.advance(text)


def rows_of(
    loaded: Mapping[Form, tuple[int, float]], sizes: Mapping[Form, Size], times: Mapping[Form, Mapping[str, Times]]
) -> list[dict[str, Any]]:
    """What each form took. loaded: readings, and the seconds its inserts lasted; times: of its answers, by question.

    total_bytes: on disk, indexes included; reduction_pct: against the record's form, `total` as total_bytes; best: the
    fewest bytes on disk of the forms that carry the index, without which every question reads all meters.
    """
    total = {form: size.storage_bytes + size.index_bytes for form, size in sizes.items()}
    marks = {"best": min((form for form in loaded if form.index), key=total.__getitem__)}
    marks |= {"trap": TRAP, "ours": MIRROR, "record": RECORD}
    return [
        {
            "form": "timeseries" if form.is_timeseries else "regular",
            "granularity": form.granularity,
            "order": form.order,
            "index": form.index,
            "documents": readings,
            **asdict(sizes[form]),
            "total_bytes": total[form],
            "readings_per_bucket": round(readings / buckets, 1) if (buckets := sizes[form].buckets) else None,
            "reduction_pct": Comparison("", readings, 0, sizes[RECORD], sizes[form]).reduction_pct,
            "readings_per_second": round(readings / seconds) if seconds else None,
            "queries": times[form],
            "marks": [mark for mark, marked in marks.items() if marked == form],
        }
        for form, (readings, seconds) in loaded.items()
    ]


def keep(database: Database[Document], result: Mapping[str, Any]) -> None:
    """Store the result of a source in place of its last one."""
    kept = {**result, "_id": result["source"], "at": datetime.fromisoformat(result["at"])}
    database[RESULTS].replace_one({"_id": result["source"]}, kept, upsert=True)


# --- room, before anything is written ---------------------------------------------------------------------------------


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


def expected_seconds(readings: int, has_engines: bool = False) -> float:
    """About how long the lab takes with the server on the same small machine."""
    forms = len(FORMS) + (len(ENGINES) if has_engines else 0)
    loading = forms * readings / LOADED_PER_SECOND
    asking = forms * (RUNS + 1) * len(NAMES) * readings / LOOKED_AT_PER_SECOND
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


# --- true sizes -------------------------------------------------------------------------------------------------------
#
# Pages written since the last checkpoint are not in the sizes. Asking for one takes a right that Atlas gives nobody, so
# the lab also sees one happen by itself: a marker is written last, and once its own pages are on disk, those of
# everything before it are.


def wait_for_checkpoint(database: Database[Document], clock: Clock) -> bool:
    """Return once everything written so far is on disk; False when no checkpoint came, so that sizes are too small."""
    marker = database[MARKER]
    marker.insert_one({"_id": "marker", "random": os.urandom(MARKER_BYTES)})
    settle(database)
    waited = 0.0
    while not _is_on_disk(marker):
        if waited >= PATIENCE:
            return False
        clock.sleep(POLL)
        waited += POLL
    return True


def _is_on_disk(marker: Collection[Document]) -> bool:
    return size_of(marker).storage_bytes >= MARKER_BYTES
