"""After the export: what comes in or is corrected goes to the target, from a change stream of the record.

Its resume token is stored in `sync_exports` behind what the target has confirmed: at least once, under the same keys.
Where the oplog has rolled over the token, the ledger and the imported files say what was written since. A server
without change streams (no replica set) is asked for the newest days again and again.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from pymongo.change_stream import CollectionChangeStream
from pymongo.errors import OperationFailure

from ..model.clock import Clock
from ..model.columns import Block
from ..model.readings import Series, milliseconds, series_from
from ..model.words import counted
from ..sources import zone_of
from ..store.bson_columns import PLAIN, Slice
from ..store.ledger import Ledger
from ..store.schema import FILES, Document, own_series
from .read import Choice, block_of, blocks
from .run import write_all
from .targets import Target

EXPORTS = "sync_exports"
"""Of each target that is followed the last token, and when it was current."""
NOT_ALLOWED = {13, 18}  # whatever else the server says of a stored token, it cannot go on from there
NO_STREAMS = 40573  # "only supported on replica sets"
AT_ONCE = 10_000  # changes
WAIT_MS = 500
POLLED = timedelta(days=7)
POLL_SECONDS = 60.0
IDLE_SECONDS = 30.0  # after which the token of a quiet stream is stored, too, so that it does not grow old
OVERLAP = timedelta(hours=1)  # of clocks, when the ledger is asked

Tell = Callable[[str], None]


@dataclass(slots=True)
class Follower:
    """Follows one choice into one target. words: of the series that were chosen, nothing for all of the source."""

    choice: Choice
    target: Target
    words: str
    clock: Clock
    tell: Tell
    sent: int = 0
    deleted: int = 0
    _stream: CollectionChangeStream[Document] | None = field(default=None)

    @property
    def _key(self) -> str:
        own = self.choice
        names = (self.target.shown, own.pair.source, self.words, own.zone.key, own.first, own.end)
        return hashlib.sha256(repr(names).encode()).hexdigest()[:24]

    @property
    def _notes(self) -> Any:
        return self.choice.pair.record.database[EXPORTS]

    def begin(self) -> bool:
        """Open the stream, before anything is exported, so that nothing falls between. Returns whether a whole export
        must come first: there is no token yet."""
        note = self._notes.find_one({"_id": self._key})
        try:
            self._open(note["token"] if note else None)
        except OperationFailure as error:
            if error.code == NO_STREAMS:
                self.tell("this server has no change streams (it is no replica set): the newest days are polled by ts")
                return True
            if error.code in NOT_ALLOWED or not note:
                raise
            self._open(None)
            self._catch_up(note["at"])
        return note is None

    def _open(self, token: Any) -> None:
        kinds = {"$in": ["insert", "update", "replace", "delete"]}
        record = self.choice.pair.record.with_options(codec_options=PLAIN)
        options: dict[str, Any] = {"full_document": "updateLookup", "max_await_time_ms": WAIT_MS, "resume_after": token}
        self._stream = record.watch([{"$match": {"operationType": kinds}}], **options)

    def _catch_up(self, since: datetime) -> None:
        self.tell(f"the oplog does not go on from {since:%Y-%m-%d %H:%M} UTC any more: caught up by the ledger")
        with closing(self.target):
            self.target.open(self.choice)
            self.target.flush()
            count = sum(write_all(self.target, blocks(part)) for part in self._written(since - OVERLAP))
            self._confirm(count)
        self.tell(f"caught up: {counted(count, 'reading')} of what was loaded or imported since")

    def _written(self, since: datetime) -> Iterator[Choice]:
        """What the ledger and the notes on files say was written since then."""
        pair = self.choice.pair
        spans: defaultdict[tuple[int, int], set[str]] = defaultdict(set)
        for claim in Ledger(pair.record.database).claims(pair.source, zone_of(pair.source), since=since):
            spans[milliseconds(claim.first), milliseconds(claim.end)] |= set(claim.series)
        for file in pair.record.database[FILES].find({"source": pair.source, "at": {"$gte": since}}):
            for key, first, last, _ in file.get("held", ()):
                spans[first, last + 1].add(key)
        known = self._series()
        for (first, end), keys in sorted(spans.items()):
            own = [series for series in known if series.key in keys]
            low = first if self.choice.first is None else max(first, self.choice.first)
            high = end if self.choice.end is None else min(end, self.choice.end)
            if own and low < high:
                yield replace(self.choice, series=own, first=low, end=high)

    def _series(self) -> Sequence[Series]:
        """Those that are followed, new ones too where all are."""
        pair = self.choice.pair
        return self.choice.series if self.words else own_series(pair.source, pair.record)

    # --- for ever ----------------------------------------------------------------------------------------------------

    def run(self, is_over: Callable[[], bool] = lambda: False) -> None:
        """Until it is over. Raises ExportError when the target does not take what came."""
        with closing(self.target):
            self.target.open(self.choice)
            self._confirm(0)
            if self._stream is None:
                self._poll(is_over)
            else:
                self._stream_on(self._stream, is_over)

    def _stream_on(self, stream: CollectionChangeStream[Document], is_over: Callable[[], bool]) -> None:
        quiet = self.clock.now()
        while not is_over():
            changes = self._next(stream)
            if changes:
                count = write_all(self.target, self._blocks(changes))
                self._confirm(count)
                lag = max(0.0, self.clock.now().timestamp() - changes[-1]["clusterTime"].time)
                gone = f"; {self.deleted:,} were deleted here and stay there" if self.deleted else ""
                self.tell(f"{counted(count, 'reading')} sent, {self.sent:,} in all, {lag:.0f} s behind{gone}")
            if changes or (self.clock.now() - quiet).total_seconds() > IDLE_SECONDS:
                quiet = self.clock.now()
                self._keep()

    def _next(self, stream: CollectionChangeStream[Document]) -> list[Document]:
        """What has come, waiting for the first a little."""
        changes: list[Document] = []
        while len(changes) < AT_ONCE and (change := stream.try_next()):
            changes.append(change)
        return changes

    def _blocks(self, changes: Sequence[Document]) -> Iterator[Block]:
        """The newest form of each reading, series by series."""
        newest: defaultdict[Series, dict[datetime, Document]] = defaultdict(dict)
        known = set(self.choice.series)
        for change in changes:
            self.deleted += change["operationType"] == "delete"
            document = change.get("fullDocument") or {}
            series = series_from(document.get("series"))
            if series and (series in known or not self.words) and self._is_chosen(document.get("ts")):
                newest[series][document["ts"]] = document
        for series, documents in newest.items():
            block = block_of(self.choice, series, Slice({}, {}, list(documents.values())))
            if len(block):
                yield block

    def _is_chosen(self, moment: Any) -> bool:
        if not isinstance(moment, datetime):
            return False
        start, own = (moment - datetime(1970, 1, 1)) / timedelta(milliseconds=1), self.choice  # noqa: DTZ001 - naive UTC
        return (own.first is None or start >= own.first) and (own.end is None or start < own.end)

    def _confirm(self, count: int) -> None:
        self.target.flush()
        self.sent += count
        self._keep()

    def _keep(self) -> None:
        """The token behind what is confirmed."""
        token = self._stream.resume_token if self._stream else None
        if token is not None:
            note = {"token": token, "at": self.clock.now(), "to": self.target.shown, "source": self.choice.pair.source}
            self._notes.replace_one({"_id": self._key}, note, upsert=True)

    def _poll(self, is_over: Callable[[], bool]) -> None:
        while not is_over():
            first = milliseconds(self.clock.now() - POLLED)
            first = first if self.choice.first is None else max(first, self.choice.first)
            part = replace(self.choice, series=self._series(), first=first)
            count = write_all(self.target, blocks(part))
            self._confirm(count)
            self.tell(f"{counted(count, 'reading')} of the newest {POLLED.days} days sent again")
            self.clock.sleep(POLL_SECONDS)
