"""What a load learns of an API by being refused: how many days a call may have, that the last day comes a day late,
that nothing comes of a dataset at all. It is kept in the ledger, so that no run repeats a refused call.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta

from ..model.errors import END, PERIOD, SPAN, FatalSourceError
from ..model.window import Window
from ..sources.source import Dataset, Source
from ..store.ledger import Ledger, Limit, off_of
from .plan import DAY, REREAD_AFTER, Wish

REMEMBERED = {SPAN: timedelta(days=30), END: timedelta(days=7)}
"""After that it is tried again whether it still holds: an end of today was seen refused in the small hours alone."""
LOOKS = 2
"""Calls a day for a dataset of which nothing comes."""


@dataclass(slots=True)
class Limits:
    """Of one dataset. What only may be the reason of a refusal is a guess until there is an answer."""

    ledger: Ledger
    source: Source
    dataset: Dataset
    _guess: dict[str, Limit] = field(default_factory=dict, init=False)
    _tried: set[str] = field(default_factory=set, init=False)

    def allowed(self, wish: Wish, now: datetime) -> tuple[Dataset, Wish]:
        """Dataset and wish within what was learned."""
        if not self.dataset.longest:
            return self.dataset, wish
        dataset, wanted = self.dataset, wish.wanted
        if span := self._limit(SPAN, now):
            dataset = replace(dataset, longest=min(dataset.longest, span.number))
        if lag := self._limit(END, now):
            end = min(wanted.end, wish.today - lag.number * DAY)
            wanted = Window(min(wanted.start, end), end)
        return dataset, replace(wish, wanted=wanted)

    def adapt(self, window: Window, refused: FatalSourceError, today: date, now: datetime) -> str:
        """What to do with a refused window, in words; empty when nothing is left to try. Certain limits are kept.

        Where the words do not tell the reason, each is tried once: an end of today first, as a day less is fewer days.
        """
        self._guess.clear()
        is_guess = refused.days == PERIOD
        for kind in (END, SPAN) if is_guess else (refused.days,):
            number = self._next(kind, window, today, now)
            is_likely = kind not in self._tried and window.length > 1 and (kind == SPAN or window.end >= today)
            if not number or (is_guess and not is_likely):
                continue
            limit = Limit(number, str(refused), now)
            if is_guess:
                self._tried.add(kind)
                self._guess[kind] = limit
            else:
                self._learn(kind, limit)
            return f"calls of {number} days from now on" if kind == SPAN else "the last day is asked for a day later"
        if not is_guess:
            self.ledger.unlearn(self._name(refused.days))  # it is refused all the same: that was not the reason
        return ""

    def prove(self) -> None:
        """There was an answer: what was only a guess made it possible."""
        for kind, limit in self._guess.items():
            self._learn(kind, limit)
        self._guess.clear()
        self._tried.clear()

    def off(self) -> Limit | None:
        """That nothing comes of the dataset, and since when it was last looked at."""
        if not self.dataset.longest or self.dataset.is_beside:
            return None
        return self.ledger.learned(off_of(self.source.key(self.dataset).key))

    def looks(self, windows: list[Window], wish: Wish, now: datetime) -> list[Window]:
        """Of a dataset of which nothing comes the newest windows, once a day."""
        off = self.off()
        if off is None or wish.again:
            return windows
        return windows[-LOOKS:] if abs(now - off.at) >= REREAD_AFTER else []

    def switched(self, off: str, now: datetime) -> None:
        """Remember why nothing comes; with an empty text that something does, and ask again for what was empty."""
        series = self.source.key(self.dataset)
        if off:
            self.ledger.learn(off_of(series.key), Limit(0, off, now), self.source.name)
        else:
            self.ledger.unlearn(off_of(series.key))
            self.ledger.forget_empty(series)

    def _limit(self, kind: str, now: datetime) -> Limit | None:
        limit = self._guess.get(kind) or self.ledger.learned(self._name(kind))
        return limit if limit and abs(now - limit.at) < REMEMBERED[kind] else None

    def _next(self, kind: str, window: Window, today: date, now: datetime) -> int:
        """The next shorter span, or the lag of the last day, in days; 0 for none."""
        if kind == SPAN:
            return window.length - 1 if window.length <= 7 else window.length // 2
        return 0 if self._limit(END, now) else (today - window.end).days + 1

    def _learn(self, kind: str, limit: Limit) -> None:
        self.ledger.learn(self._name(kind), limit, self.source.name)

    def _name(self, kind: str) -> str:
        """Of every meter: the other side has one rule for all."""
        return f"{self.source.name} {self.dataset.name} {SPAN}" if kind == SPAN else f"{self.source.name} {END}"
