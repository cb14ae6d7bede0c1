"""Season after season of simulated mornings: every run is held against the plan, every morning against the gateway."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path
from threading import Event

from sync.model.window import Window as LoaderWindow
from sync.standin.curve import LoadCurve
from sync.store.verify import repair_pair, verify_pair
from sync.triggers.run.harness import Execution
from sync.triggers.run.web import Reply, Request, send
from tests.atlas.functions_plan import Expected, Plan, Window
from tests.atlas.functions_runs import AFTERNOON, MORNING, Atlas
from tests.atlas.mornings_season import Readings, Season, days_between, is_full, readings_of
from tests.clock import FakeClock
from tests.loads import Load
from tests.servers import free_port
from tests.waiting import PATIENCE

NIGHT = time(3, 0)  # UTC
ANOTHER = "another run is under way"


@dataclass
class Story:
    """What happened so far: `stored` is what the gateway gave, by day, and so what both collections must hold."""

    around: Atlas
    plan: Plan = field(default_factory=Plan)
    stored: dict[date, Readings] = field(default_factory=dict)
    frozen: int | None = None  # documents of the mirror while it waits for a repair
    mornings: int = 0
    happened: Counter[str] = field(default_factory=Counter)

    @property
    def curve(self) -> LoadCurve:
        return self.around.standin.meters[self.around.prm].flows["consumption"]

    def load(self, first: date, end: date, folder: Path) -> None:
        """Days [first, end) by the loader, on the morning of `end`."""
        around = self.around
        around.go_to(end)
        wanted = LoaderWindow(first, end)
        load = Load(around.database, around.standin, FakeClock(around.moment), folder, wanted, limit=None)
        outcome = load.run()
        assert (outcome.remaining, outcome.identical) == (0, True)
        self.stored |= {day: readings_of(self.curve, day) for day in days_between(first, end)}
        self.assert_as_given()

    def tell(self, season: Season) -> None:
        for day in season.mornings:
            self.mornings += 1
            if day in season.repairs:
                self._repair()
            if day in season.cut:
                self._cut_runs(season, day)
            self._go(season, day, MORNING, season.requests.get(day, ()), together=day in season.together)
            self._go(season, day, AFTERNOON, season.afternoon.get(day, ()))

    def assert_as_given(self) -> None:
        """The record holds all that was ever given, each reading once, and nothing else; the mirror the same."""
        self.around.assert_identical()
        expected = {start: known for day in self.stored.values() for start, known in day.items()}
        assert self.around.stored() == expected
        pair = self.around.pair
        assert pair.record.count_documents({}) == pair.mirror.count_documents({}) == len(expected)

    def short_days(self, first: date, end: date) -> set[date]:
        """Days [first, end) of which the gateway never gave all."""
        return {day for day in days_between(first, end) if not is_full(self.stored.get(day, {}), day)}

    # --- one run --------------------------------------------------------------------------------------------------

    def _go(self, season: Season, day: date, at: time, faults: Sequence[str], together: bool = False) -> None:
        self.around.go_to(day, at)
        self.around.standin.faults = season.faults(day, faults)
        expected = self._expected(day, faults, unreachable=day in season.unreachable)
        before = len(self.around.standin.requests)
        if day in season.unreachable:
            execution = self.around.run(values={"linkyApiUrl": f"http://127.0.0.1:{free_port()}/api"})
            self.happened["unreachable"] += len(execution.calls) > 0
        elif together:
            execution = self._two_runs()
        else:
            execution = self.around.run()
        assert self._requests(before) == ([] if day in season.unreachable else expected.requests), day
        assert (execution.error is not None) == expected.fails, (day, execution.error)
        assert self._recorded_calls() == len(expected.requests), day
        self._note(season, day, expected, execution)
        self._assert_counts()

    def _expected(self, day: date, faults: Sequence[str], unreachable: bool) -> Expected:
        full = {each for each, readings in self.stored.items() if is_full(readings, each)}
        begun = {each for each, readings in self.stored.items() if readings}
        meets = ["reset"] * 9 if unreachable else faults
        return self.plan.run(self.around.moment, day, full, begun, meets)

    def _note(self, season: Season, today: date, expected: Expected, execution: Execution) -> None:
        """Follow what was answered; a corrected value closes the mirror until it is repaired."""
        new = changed = 0
        for window in expected.answered:
            for day in window.days:
                given = season.given(self.curve, day, today)
                known = self.stored.setdefault(day, {})
                new += len(given.keys() - known.keys())
                changed += sum(1 for start, reading in given.items() if known.get(start, reading) != reading)
                self._note_lateness(season, day, today, known, given)
                self.stored[day] = known | given
        if changed and self.frozen is None:
            self.frozen = self._count() - new
        if execution.error is None:
            assert (execution.result["new"], execution.result["changed"]) == (new, changed)
            self.happened["healed"] += execution.result["healed"]
        self.happened["corrected"] += changed
        self.happened["no request"] += not expected.requests
        self.happened["two windows"] += len(expected.answered) == 2

    def _note_lateness(self, season: Season, day: date, today: date, known: Readings, given: Readings) -> None:
        for each in season.spoilt:
            if each.first <= day <= each.last:
                self.happened[f"{each.kind} asked in vain"] += not given
                self.happened[f"{each.kind} given after {(today - day).days} days"] += len(given) > len(known)

    def _two_runs(self) -> Execution:
        """Two executions at once: the second comes and goes while the call of the first is under way."""
        asked, go_on = Event(), Event()

        def held_up(request: Request) -> Reply:
            asked.set()
            assert go_on.wait(PATIENCE)
            return send(request)

        with ThreadPoolExecutor(1) as pool:
            first = pool.submit(self.around.run, http=held_up)
            try:
                assert asked.wait(PATIENCE)
                second = self.around.run()
            finally:
                go_on.set()
        assert (second.error, second.calls) == (None, [])
        assert ANOTHER in second.result["note"]
        self.happened["two runs at once"] += 1
        return first.result()

    # --- runs that are cut off ------------------------------------------------------------------------------------

    def _cut_runs(self, season: Season, day: date) -> None:
        """Runs cut off one operation later each time, until one ends between the record's write and the mirror's."""
        around, pair = self.around, self.around.pair
        around.go_to(day, NIGHT)
        around.standin.faults = season.faults(day, ())
        expected = self._expected(day, (), unreachable=False)
        [window] = expected.requests
        before = pair.record.count_documents({})
        for operations in range(15, 40):
            asked = len(around.standin.requests)
            execution = around.run(operations=operations)
            assert f"more than {operations} asynchronous operations" in (execution.error or "")
            assert self._requests(asked) == [window] * len(execution.calls)
            if pair.record.count_documents({}) > before:
                break
            around.moment += timedelta(minutes=6)  # what a run that was cut off holds ends after five
        assert pair.mirror.count_documents({}) == before < pair.record.count_documents({})
        self.happened["cut off between the writes"] += 1
        self._note_cut(season, day, window)

    def _note_cut(self, season: Season, day: date, window: Window) -> None:
        """The plan knows no answer of it, since it left no record; the readings are there."""
        for each in window.days:
            self.plan.answers.pop(each)
            self.stored[each] = self.stored.get(each, {}) | season.given(self.curve, each, day)
            assert is_full(self.stored[each], each)
        assert self.around.pair.record.count_documents({}) == self._count()
        second = self.around.run()  # its turn is still taken
        assert (second.error, second.calls) == (None, [])
        assert ANOTHER in second.result["note"]

    # --- what both collections hold ---------------------------------------------------------------------------------

    def _repair(self) -> None:
        assert self.frozen is not None
        report = verify_pair(self.around.pair)
        assert sum(each.different for each in report.series) > 0
        repair_pair(self.around.pair, report)
        self.frozen = None
        self.happened["repaired"] += 1
        self._assert_counts()
        self.around.assert_identical()

    def _count(self) -> int:
        return sum(map(len, self.stored.values()))

    def _assert_counts(self) -> None:
        pair, count = self.around.pair, self._count()
        assert pair.record.count_documents({}) == count
        assert pair.mirror.count_documents({}) == (count if self.frozen is None else self.frozen)

    def _recorded_calls(self) -> int:
        """The calls of the newest run that had the turn, as sync_runs tells them."""
        query = {"note": {"$not": {"$regex": ANOTHER}}}
        [run] = self.around.database["sync_runs"].find(query).sort("at", -1).limit(1)
        return sum(entry.get("calls", 0) for entry in run["series"])

    def _requests(self, before: int) -> list[Window]:
        """The windows that the stand-in was asked for since its request number `before`."""
        found = self.around.standin.requests[before:]
        return [Window(*(datetime.fromisoformat(str(day)).date() for day in (each.start, each.end))) for each in found]
