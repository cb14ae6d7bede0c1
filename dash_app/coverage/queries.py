"""What the coverage page asks of one series: each local day in seconds, what was asked for it, what is wrong, and what
mends it; of the whole store: calls, runs and verifications."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd

from sync.http.budget import Usage, budget_limit, used_today
from sync.model.errors import SyncError
from sync.model.localtime import day_seconds, days
from sync.model.localtime_query import DAY_MS, local_ms
from sync.model.privacy import scrub
from sync.model.readings import Series
from sync.model.window import CURVE, DAILY, DONE, EMPTY, FAILED, Entry, Window, months_before
from sync.model.window import PARTIAL as PLAN_PARTIAL
from sync.model.window import STATES as WINDOW_STATES
from sync.model.window import runs as stretches
from sync.settings import Settings
from sync.sources.linky.api import CURVE_HISTORY
from sync.store.ledger import Ledger
from sync.store.schema import LEASES, VERIFICATIONS, Pair

from ..kit.address import EARLIEST, LATEST
from ..kit.blocks import Frame
from ..kit.reader import ZONES, Reader, instants_of
from ..kit.sizes import count_of
from ..kit.view import View

COMPLETE, DIFFERS, PARTIAL, NOTHING, MISSING, DUE, BEFORE = (
    "complete",  # covered to the last second
    "differs",  # covered, but its readings do not add up to the meter's daily total
    "partial",
    "empty",  # asked for, and the API had none
    "missing",  # never asked for, or the call failed
    "due",  # not yet due
    "before",  # before anything was stored or wanted, or below what the API serves
)
STATES = (COMPLETE, DIFFERS, PARTIAL, NOTHING, MISSING, DUE, BEFORE)
PROBLEMS = (DIFFERS, PARTIAL, NOTHING, MISSING)
PUBLISHED = 10  # o'clock, local: what is not there then comes the day after, most likely
RUNS = "sync_runs"
ANSWERED = [DONE, EMPTY, FAILED, PLAN_PARTIAL]  # the others were not asked


@dataclass(frozen=True, slots=True)
class Asked:
    """The last time a day was asked for. by: `backfill`, `import` or the name of a function; at: UTC."""

    at: datetime
    state: str
    by: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class DayCoverage:
    """A local day. covered, expected: seconds; wh: of its readings; total: the meter's own daily total in Wh."""

    day: date
    state: str
    covered: int
    expected: int
    readings: int
    wh: int
    total: int | None
    asked: Asked | None


@dataclass(frozen=True, slots=True)
class History:
    """A series from the first day stored or wanted to today; entries: of the ledger, newest first."""

    series: Series
    zone: ZoneInfo
    today: date
    days: Mapping[date, DayCoverage]
    entries: tuple[Entry, ...]
    totals_entries: tuple[Entry, ...]
    floor: tuple[date, str] | None

    def between(self, start: date, end: date) -> list[DayCoverage]:
        """The local days `[start, end)`; those outside the history are not due yet, or before it."""
        return [self.days.get(day) or self._outside(day) for day in days(start, end)]

    def _outside(self, day: date) -> DayCoverage:
        state = DUE if day >= self.today else BEFORE
        return DayCoverage(day, state, 0, day_seconds(day, self.zone), 0, 0, None, None)


def history(reader: Reader, view: View) -> History | None:
    """The history of a view's series; None when nothing is stored at all."""
    series = reader.series_at(view)
    if series is None:
        return None
    now = reader.now()
    hour = now.astimezone(ZONES[series.source]).replace(minute=0, second=0, microsecond=0)
    return reader.kept(("history", series, hour), lambda: _history(reader, series, now))


def _history(reader: Reader, series: Series, now: datetime) -> History:
    zone = ZONES[series.source]
    local = now.astimezone(zone)
    today = local.date()
    due = today if local.hour >= PUBLISHED else today - timedelta(days=1)
    pair = reader.pair_of(series.source)
    ledger = Ledger(reader.database)
    entries = ledger.entries(series, CURVE)
    asked = asked_by_day(entries, _runs_of(reader, series))
    totals = ledger.totals(series)
    floor = ledger.floor(series)
    extent = reader.extent(series)
    first = min(day for day in (extent.first, *asked, months_before(today, CURVE_HISTORY[0])) if day is not None)
    stored = energy_by_day(pair, series, zone, (first, today + timedelta(days=1)))
    found = {}
    for day in days(first, today):
        readings, wh, covered = stored.get(day, (0, 0, 0))
        expected = day_seconds(day, zone)
        below = floor is not None and day < floor[0]
        state = state_of(covered, expected, asked.get(day), is_due=day < due, is_below_floor=below)
        if state == COMPLETE and totals.get(day, wh) != wh:
            state = DIFFERS
        found[day] = DayCoverage(day, state, covered, expected, readings, wh, totals.get(day), asked.get(day))
    newest_first = tuple(sorted(entries, key=lambda entry: entry.at, reverse=True))
    daily = tuple(sorted(ledger.entries(series, DAILY), key=lambda entry: entry.at, reverse=True))
    return History(series, zone, today, found, newest_first, daily, floor)


def state_of(covered: int, expected: int, asked: Asked | None, *, is_due: bool, is_below_floor: bool = False) -> str:
    """The state of a day before its daily total is looked at. covered, expected: seconds of the local day."""
    if covered >= expected:
        return COMPLETE
    if covered and (is_due or asked):
        return PARTIAL
    if is_below_floor:
        return BEFORE
    if not is_due:
        return DUE
    return MISSING if asked is None or asked.state == FAILED else NOTHING


def asked_by_day(entries: Iterable[Entry], runs: Iterable[tuple[date, date, Asked]]) -> dict[date, Asked]:
    """The newest question for each day, by backfills and by functions."""
    questions = [
        (
            entry.window.start,
            entry.window.end,
            Asked(entry.at, entry.state, "import" if entry.status == "import" else "backfill", entry.reason),
        )
        for entry in entries
    ]
    found: dict[date, Asked] = {}
    for start, end, asked in sorted([*questions, *runs], key=lambda question: question[2].at):
        found |= dict.fromkeys(days(start, end), asked)
    return found


def energy_by_day(
    pair: Pair, series: Series, zone: ZoneInfo, period: tuple[date, date]
) -> dict[date, tuple[int, int, int]]:
    """(readings, Wh, covered seconds) of each local day of `[start, end)` that has a reading, one aggregation."""
    start, end = instants_of(View(start=period[0], end=period[1]), zone)
    local = local_ms(zone, start, end)
    stages: list[dict[str, Any]] = [
        {"$match": series.query() | {"ts": {"$gte": start, "$lt": end}}},
        {
            "$group": {
                "_id": {"$floor": {"$divide": [local, DAY_MS]}},
                "readings": {"$sum": 1},
                "wh": {"$sum": "$wh"},
                "seconds": {"$sum": "$seconds"},
            }
        },
    ]
    first = date(1970, 1, 1)
    return {
        first + timedelta(days=int(found["_id"])): (found["readings"], found["wh"], found["seconds"])
        for found in pair.mirror.aggregate(stages)
    }


def _runs_of(reader: Reader, series: Series) -> list[tuple[date, date, Asked]]:
    """What functions asked for this series: local days [start, end) and how it went."""
    stages: list[dict[str, Any]] = [
        {"$match": {"series.series": series.key}},
        {"$project": {"at": 1, "function": 1, "series": 1}},
        {"$unwind": "$series"},
        {"$match": {"series.series": series.key, "series.asked": {"$exists": True}, "series.state": {"$in": ANSWERED}}},
    ]
    found = []
    for run in reader.database[RUNS].aggregate(stages):
        entry = run["series"]
        start, end = (date.fromisoformat(day) for day in entry["asked"])
        asked = Asked(utc(run["at"]), entry["state"], str(run.get("function", "")), str(entry.get("error", "")))
        found.append((start, end, asked))
    return found


def utc(moment: datetime) -> datetime:
    """A stored moment as an aware one."""
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


# --- what keeps the store whole ---------------------------------------------------------------------------------------


NEWEST = 20  # runs shown
SILENCE = timedelta(hours=50)  # without a run of the functions: two mornings
SYNC = "python -m sync"
REPAIR, VERIFY, TRIGGER, IMPORT = f"{SYNC} repair", f"{SYNC} verify", f"{SYNC} trigger run", f"{SYNC} import FILE"
HASH = re.compile(r"~[0-9a-f]+")
DIFFERENCES = ("missing", "extra", "different", "duplicates")


@dataclass(frozen=True, slots=True)
class Run:
    """One run of an Atlas function; at: UTC; asked, new, changed, waiting: over all its series."""

    function: str
    at: datetime
    seconds: float
    ok: bool
    calls: int
    new: int
    changed: int
    waiting: int
    text: str
    stale: bool


@dataclass(frozen=True, slots=True)
class Verification:
    """The newest comparison of a pair; stored: documents the record has now."""

    source: str
    regular: str
    timeseries: str
    identical: bool
    at: datetime
    count: int
    differences: Mapping[str, int]
    stored: int


@dataclass(frozen=True, slots=True)
class Problem:
    """key: of a text, formatted with `values`; command: what mends it, empty when there is none to run."""

    key: str
    values: Mapping[str, Any] = field(default_factory=dict)
    command: str = ""


@dataclass(frozen=True, slots=True)
class Upkeep:
    """The state of one database. usage: of this machine's budget, or the text why it cannot be read."""

    usage: Usage | str
    runs: tuple[Run, ...]
    runs_today: int
    verifications: tuple[Verification, ...]
    unverified: tuple[str, ...]
    stale: tuple[str, ...]


def upkeep(reader: Reader) -> Upkeep:
    """Read everything; small collections all of them."""
    now = reader.now()
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    found = [_run(each) for each in reader.database[RUNS].find().sort("at", -1).limit(NEWEST)]
    verified = [_verification(reader, each) for each in reader.database[VERIFICATIONS].find().sort("_id", 1)]
    known = {each.source for each in verified}
    return Upkeep(
        usage=_usage(reader.settings, now),
        runs=tuple(found),
        runs_today=sum(run.calls for run in found if run.at >= midnight),
        verifications=tuple(verified),
        unverified=tuple(pair.source for pair in reader.pairs() if pair.source not in known),
        stale=tuple(_stale(reader)),
    )


def _stale(reader: Reader) -> list[str]:
    """Names of the series whose mirror waits for its repair: not their keys, which hold a hash of the PRM."""
    leases = [str(each["_id"]) for each in reader.database[LEASES].find({"stale": True}, {"_id": 1})]
    known = {series.key: reader.name_of(series) for series in reader.series()}
    keys = (name.split(" ", 2)[-1] for name in leases)
    return sorted(known.get(key) or HASH.sub("", key) for key in keys)


def _usage(settings: Settings, now: datetime) -> Usage | str:
    url = settings.linky_api_url
    limit = budget_limit(url, settings.sync_calls_per_day, "SYNC_CALLS_PER_DAY" in settings.given)
    try:
        return used_today(url, limit, now)
    except SyncError as error:
        return str(error)


def _run(found: Mapping[str, Any]) -> Run:
    """Texts were scrubbed as they were stored; once more costs nothing."""
    entries = [each for each in found.get("series", ()) if isinstance(each, Mapping)]
    texts = [found.get("error"), found.get("note"), *(each.get("error") for each in entries)]

    def total(name: str) -> int:
        return sum(int(each.get(name, 0)) for each in entries)

    return Run(
        function=str(found.get("function", "")),
        at=utc(found["at"]),
        seconds=float(found.get("seconds", 0)),
        ok=bool(found.get("ok")),
        calls=total("calls"),
        new=total("new"),
        changed=total("changed"),
        waiting=sum(each.get("state") == "waiting" for each in entries),
        text=scrub(next((str(text) for text in texts if text), "")),
        stale=any(each.get("mirror") == "stale" for each in entries),
    )


def _verification(reader: Reader, found: Mapping[str, Any]) -> Verification:
    return Verification(
        source=str(found["_id"]),
        regular=found["regular"],
        timeseries=found["timeseries"],
        identical=bool(found["identical"]),
        at=utc(found["at"]),
        count=int(found["regular_count"]),
        differences={name: int(found[name]) for name in DIFFERENCES if found.get(name)},
        stored=count_of(reader.database[found["regular"]])[0],
    )


# --- problems ---------------------------------------------------------------------------------------------------------


def fetch_command(found: History, window: Window) -> str:
    """What asks for these local days once more; for days the API does not serve any more, the import of a file."""
    oldest = months_before(found.today, CURVE_HISTORY[0]) - timedelta(days=CURVE_HISTORY[1])
    oldest = max(oldest, found.floor[0]) if found.floor else oldest
    if window.end <= oldest:
        return IMPORT
    again = any(each.asked for each in found.between(window.start, window.end))
    source = "" if found.series.source == "linky" else f" --source {found.series.source}"
    command = f"{SYNC} backfill{source} --since {max(window.start, oldest)} --until {window.end}"
    return f"{command} --again" if again else command


def problems(found: History, state: Upkeep, settings: Settings, now: datetime) -> list[Problem]:
    """Everything that is wrong, what matters most first. Days of a kind that follow each other are one problem."""
    return [
        *_of_store(state),
        *_of_functions(state, now),
        *_of_days(found, settings),
        *_of_calls(state),
    ]


def _of_store(state: Upkeep) -> list[Problem]:
    wrong = [
        Problem("coverage.problem.different", {"source": each.source}, REPAIR)
        for each in state.verifications
        if not each.identical
    ]
    wrong += [Problem("coverage.problem.stale", {"name": name}, REPAIR) for name in state.stale]
    wrong += [Problem("coverage.problem.unverified", {"source": source}, VERIFY) for source in state.unverified]
    return wrong


def _of_functions(state: Upkeep, now: datetime) -> list[Problem]:
    wrong = []
    for function in sorted({run.function for run in state.runs}):
        newest = next(run for run in state.runs if run.function == function)
        command = f"{TRIGGER} {function}"
        if not newest.ok:
            wrong.append(Problem("coverage.problem.run", {"function": function, "text": newest.text}, command))
        if now - newest.at > SILENCE:
            wrong.append(Problem("coverage.problem.silence", {"function": function, "at": newest.at}, command))
    return wrong


def _of_days(found: History, settings: Settings) -> list[Problem]:
    wrong = []
    for window, state in day_stretches(found):
        command = fetch_command(found, window)
        failed = state == MISSING and any(each.asked for each in found.between(window.start, window.end))
        key = "coverage.problem.failed" if failed else f"coverage.problem.{state}"
        values: dict[str, Any] = {"start": window.start, "end": window.end, "days": window.length}
        if state == DIFFERS:
            day = found.days[window.start]
            values |= {"wh": day.wh, "total": day.total}
        wrong.append(Problem(key, values, command))
    known = any(meter.prm == found.series.id and found.series.flow in meter.flows for meter in settings.meters)
    if wrong and not known:
        wrong.append(Problem("coverage.problem.unconfigured", {"series": found.series.label}))
    return wrong


def day_stretches(found: History) -> Sequence[tuple[Window, str]]:
    """Neighbouring days of the same problem, newest first; days that differ from their totals stand alone."""
    windows = []
    for state in PROBLEMS:
        of_kind = [day for day, each in found.days.items() if each.state == state]
        longest = 1 if state == DIFFERS else 100_000
        windows += [(window, state) for window in stretches(of_kind, longest)]
    return sorted(windows, key=lambda each: each[0].start, reverse=True)


def _of_calls(state: Upkeep) -> list[Problem]:
    if isinstance(state.usage, str):
        return [Problem("coverage.problem.count", {"text": state.usage}, f"{SYNC} status")]
    if state.usage.closed:
        return [Problem("coverage.problem.closed", {"text": scrub(state.usage.closed)}, "")]
    if state.usage.limit is not None and state.usage.calls >= state.usage.limit:
        return [Problem("coverage.problem.spent", {"calls": state.usage.calls}, f"{SYNC} backfill --wait")]
    return []


def windows_of(found: History, day: date) -> list[tuple[str, Any]]:
    """Ledger entries whose window holds a day: (`curve` or `totals`, entry), newest first."""
    kinds = (("curve", found.entries), ("totals", found.totals_entries))
    return [(kind, entry) for kind, all_of in kinds for entry in all_of if entry.window.start <= day < entry.window.end]


def counts(found: History) -> dict[str, int]:
    """Ledger windows of the load curve by state."""
    return {state: sum(entry.state == state for entry in found.entries) for state in WINDOW_STATES}


# --- frames -----------------------------------------------------------------------------------------------------------


MOST_YEARS = 6
DAY = "day"  # the page's option


def days_of(found: History, view: View) -> list[DayCoverage]:
    """The days of a view's period that are due."""
    return [each for each in found.between(view.start, view.end) if each.state not in (DUE, BEFORE)]


def covered_share(counted: Iterable[DayCoverage]) -> float | None:
    """Covered seconds of expected seconds, 0 … 1; None without a day."""
    pairs = [(min(each.covered, each.expected), each.expected) for each in counted]
    return sum(covered for covered, _ in pairs) / sum(expected for _, expected in pairs) if pairs else None


def own_day(view: View) -> date | None:
    """The day that a reader chose; None without one, or for a text that is no day of a meter's life."""
    try:
        day = date.fromisoformat(view.option(DAY, ""))
    except ValueError:
        return None
    return day if EARLIEST <= day < LATEST else None


def chosen_day(found: History, view: View) -> date:
    """The day a reader chose; else the newest one of the period with a problem, else its newest one."""
    if own := own_day(view):
        return own
    counted = days_of(found, view)
    wrong = [each.day for each in counted if each.state in PROBLEMS]
    return wrong[-1] if wrong else counted[-1].day if counted else view.end - timedelta(days=1)


def states_frame(reader: Reader, view: View) -> Frame:
    """A row a state: days of the period."""
    found = history(reader, view)
    if found is None:
        return Frame(pd.DataFrame())
    counted = days_of(found, view)
    rows = [{"state": state, "days": sum(each.state == state for each in counted)} for state in STATES[:-2]]
    return Frame(pd.DataFrame(rows), covered_share(counted), {"days": counted, "found": found, "view": view})


def calendar_frame(reader: Reader, view: View) -> Frame:
    """A row a day of the calendar years that the period touches, the newest MOST_YEARS of them."""
    found = history(reader, view)
    if found is None:
        return Frame(pd.DataFrame())
    last = (view.end - timedelta(days=1)).year
    years = range(max(view.start.year, last - MOST_YEARS + 1), last + 1)
    shown = found.between(date(years[0], 1, 1), date(last + 1, 1, 1))
    table = pd.DataFrame([_day_row(each) for each in shown])
    notes = {"days": shown, "chosen": chosen_day(found, view)}
    return Frame(table, covered_share(days_of(found, view)), notes)


def day_frame(reader: Reader, view: View) -> Frame:
    """A row a ledger window of the chosen day; without any the day itself."""
    found = history(reader, view)
    if found is None:
        return Frame(pd.DataFrame())
    day = chosen_day(found, view)
    (each,) = found.between(day, day + timedelta(days=1))
    windows = windows_of(found, day)
    rows = [_entry_row(kind, entry) for kind, entry in windows] or [_day_row(each)]
    command = "" if each.state in (DUE, BEFORE) else _command_of(found, day)
    notes = {"day": each, "windows": windows, "command": command, "found": found}
    return Frame(pd.DataFrame(rows), covered_share([each]), notes)


def problems_frame(reader: Reader, view: View) -> Frame:
    """A row a problem, over the whole history. One row `none` when there is nothing to mend."""
    found = history(reader, view)
    if found is None:
        return Frame(pd.DataFrame())
    wrong = problems(found, upkeep(reader), reader.settings, reader.now())
    rows = [
        {"problem": each.key.rpartition(".")[2], **_plain(each.values), "command": each.command} for each in wrong
    ] or [{"problem": "none", "command": ""}]
    return Frame(pd.DataFrame(rows), notes={"problems": wrong, "zone": found.zone})


def ledger_frame(reader: Reader, view: View) -> Frame:
    """A row a window asked for, newest days first."""
    found = history(reader, view)
    if found is None:
        return Frame(pd.DataFrame())
    entries = [("curve", entry) for entry in found.entries] + [("totals", entry) for entry in found.totals_entries]
    entries.sort(key=lambda each: (each[1].window.start, each[0]), reverse=True)
    table = pd.DataFrame([_entry_row(kind, entry) for kind, entry in entries])
    return Frame(table, notes={"found": found, "entries": entries})


def calls_frame(reader: Reader, view: View) -> Frame:
    """One row: calls of this UTC day, by this machine and by the functions."""
    state = upkeep(reader)
    usage = state.usage
    row = (
        {"unreadable": usage}
        if isinstance(usage, str)
        else {"day_utc": usage.day.isoformat(), "calls": usage.calls, "limit": usage.limit, "closed": usage.closed}
    )
    table = pd.DataFrame([row | {"calls_of_functions": state.runs_today}])
    return Frame(table, notes={"state": state, "zone": _zone(reader, view)})


def runs_frame(reader: Reader, view: View) -> Frame:
    """A row a run of an Atlas function, newest first."""
    state = upkeep(reader)
    fields = ("function", "at", "seconds", "ok", "calls", "new", "changed", "waiting", "text")
    rows = [_plain({name: getattr(run, name) for name in fields}) for run in state.runs]
    return Frame(pd.DataFrame(rows), notes={"state": state, "zone": _zone(reader, view)})


def verification_frame(reader: Reader, view: View) -> Frame:
    """A row a pair: its newest comparison, document by document."""
    state: Upkeep = upkeep(reader)
    rows = [
        {"source": each.source, "identical": each.identical, "at": each.at.isoformat(), "documents": each.count}
        | dict(each.differences)
        for each in state.verifications
    ]
    return Frame(pd.DataFrame(rows), notes={"state": state, "zone": _zone(reader, view)})


def _command_of(found: History, day: date) -> str:
    return fetch_command(found, Window(day, day + timedelta(days=1)))


def _zone(reader: Reader, view: View) -> Any:
    series: Series | None = reader.series_at(view)
    return ZONES[series.source if series else "linky"]


def _day_row(each: DayCoverage) -> dict[str, Any]:
    return {
        "day": each.day.isoformat(),
        "state": each.state,
        "covered_seconds": each.covered,
        "expected_seconds": each.expected,
        "readings": each.readings,
        "wh": each.wh if each.readings else None,
        "daily_total_wh": each.total,
    }


def _entry_row(kind: str, entry: Entry) -> dict[str, Any]:
    return {
        "kind": kind,
        "from": entry.window.start.isoformat(),
        "until": entry.window.end.isoformat(),
        "state": entry.state,
        "asked_at": entry.at.isoformat(),
        "readings": entry.readings,
        "wh": entry.wh,
        "calls": entry.calls,
        "status": entry.status,
        "reason": scrub(entry.reason),
        "short_days": " ".join(day.isoformat() for day in entry.short_days),
    }


def _plain(values: Any) -> dict[str, Any]:
    return {name: each.isoformat() if hasattr(each, "isoformat") else each for name, each in values.items()}
