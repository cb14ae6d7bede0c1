"""What linkyDaily should ask for, written in Python from the rules in its documentation, not from its code."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

DAY = timedelta(days=1)
WEEK, MONTH = 7 * DAY, 30 * DAY
TROUBLE = frozenset({"500", "500text", "500token", "502", "reset", "cut", "notjson"})
UNKNOWN = frozenset({"emptyobject"})


@dataclass(frozen=True)
class Window:
    """Local days [start, end) of one call."""

    start: date
    end: date

    @property
    def days(self) -> list[date]:
        return [self.start + number * DAY for number in range((self.end - self.start).days)]


@dataclass
class Expected:
    """One run: a window for each request in its order, those that got an answer, whether it ends with an error."""

    requests: list[Window] = field(default_factory=list)
    answered: list[Window] = field(default_factory=list)
    fails: bool = False


@dataclass
class Plan:
    """The runs of one series so far: when each day was last answered, and until when the gateway is left in peace."""

    answers: dict[date, datetime] = field(default_factory=dict)
    rest_until: datetime | None = None

    def run(
        self, now: datetime, today: date, full: Collection[date], begun: Collection[date], faults: Sequence[str] = ()
    ) -> Expected:
        """The run at `now`. full, begun: days with all and with any readings; faults: of each request, "" for none."""
        expected = Expected()
        windows = self.windows(now, today, full, begun)
        if self.rest_until and now < self.rest_until:
            expected.fails = bool(windows)
            return expected
        for window in windows:
            fault, amount = _requests_of(window, faults, expected)
            if fault.startswith("429"):
                hour = now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
                self.rest_until = now + timedelta(seconds=amount) if amount else hour
            if fault.startswith("429") or fault in TROUBLE | UNKNOWN:
                expected.fails = True
                break  # the others of this series wait for the next run
            expected.answered.append(window)
        for window in expected.answered:
            self.answers |= dict.fromkeys(window.days, now)
        return expected

    def windows(self, now: datetime, today: date, full: Collection[date], begun: Collection[date]) -> list[Window]:
        """At most two calls, in their order: days never answered before days that are asked again."""
        due = [day for day in _until(today) if day not in full and self._is_due(day, now, today, full, begun)]
        windows = _sevens(due)
        never = datetime.min.replace(tzinfo=now.tzinfo)

        def waiting_since(window: Window) -> datetime:
            return min(self.answers.get(day, never) for day in window.days if day in due)

        chosen = sorted(windows, key=lambda window: (waiting_since(window), window.start))[:2]
        return sorted(chosen, key=lambda window: (waiting_since(window) > never, window.start))

    def _is_due(self, day: date, now: datetime, today: date, full: Collection[date], begun: Collection[date]) -> bool:
        age = today - day
        answered = self.answers.get(day)
        is_new = day > max(full, default=min(begun, default=today - WEEK) - DAY)
        if answered is None:
            return is_new or age <= WEEK
        if age > MONTH or (begun and day < min(begun)):
            return False
        rested = now - answered
        if age <= WEEK:
            return rested >= timedelta(hours=6)
        is_lost = bool(begun) and day not in begun
        return (is_new or is_lost) and rested >= timedelta(hours=20)


def _until(today: date) -> Iterable[date]:
    return (today - number * DAY for number in range(60, 0, -1))


def _sevens(due: Iterable[date]) -> list[Window]:
    """Calls of at most seven days, each from a due day to a due day."""
    windows: list[Window] = []
    for day in due:
        if windows and day - windows[-1].start < WEEK:
            windows[-1] = Window(windows[-1].start, day + DAY)
        else:
            windows.append(Window(day, day + DAY))
    return windows


def _requests_of(window: Window, faults: Sequence[str], expected: Expected) -> tuple[str, float]:
    """Adds the requests that one call takes; returns the fault it ends with, "" for none, and its amount.

    Trouble is tried three times, a quota without a told time twice.
    """
    for tries in range(1, 4):
        number = len(expected.requests)
        kind, _, amount = (faults[number] if number < len(faults) else "").partition(":")
        expected.requests.append(window)
        if not (kind in TROUBLE and tries < 3) and not (kind == "429" and tries < 2):
            break
    return kind, float(amount or 0)
