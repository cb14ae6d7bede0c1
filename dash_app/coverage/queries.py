"""What the coverage page asks of one series: each local day in seconds, what was asked for it, what is wrong, and what
mends it; of the whole store: calls, runs and verifications."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pandas as pd

from sync.http.budget import Usage, budget_limit, used_today
from sync.load.report import compare_days
from sync.model.errors import SyncError
from sync.model.localtime import day_seconds, days
from sync.model.privacy import scrub
from sync.model.readings import Series
from sync.model.window import CURVE, DAILY, DONE, EMPTY, FAILED, Entry, Window, months_before
from sync.model.window import PARTIAL as PLAN_PARTIAL
from sync.model.window import STATES as WINDOW_STATES
from sync.model.window import runs as stretches
from sync.settings import Settings
from sync.sources import SOURCES
from sync.sources.linky.api import CURVE_HISTORY
from sync.store.ledger import Ledger
from sync.store.schema import LEASES, VERIFICATIONS

from ..kit.address import EARLIEST, LATEST, zone_of
from ..kit.blocks import EMPTY_FRAME, Frame, about
from ..kit.days import days_of
from ..kit.reader import ZONES, Reader
from ..kit.view import View

COMPLETE, DIFFERS, PARTIAL, NOTHING, MISSING, UNSERVED, DUE, BEFORE = (
    "complete",  # covered to the last second
    "differs",  # covered, but its readings do not add up to the meter's daily total
    "partial",
    "empty",  # asked for, and the API had none
    "missing",  # neither imported nor fetched, or the call failed
    "unserved",  # below what the API serves of this meter: nobody can have it
    "due",  # not yet due
    "before",  # before anything was stored or wanted, or after the last day of a source of files
)
STATES = (COMPLETE, DIFFERS, PARTIAL, NOTHING, MISSING, UNSERVED, DUE, BEFORE)
PROBLEMS = (DIFFERS, PARTIAL, NOTHING, MISSING)
LACKING = (PARTIAL, NOTHING, MISSING)
FAILED_CALL, GONE = "failed", "gone"
IMPORTED, FETCHED = "imported", "fetched"
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

    @property
    def origin(self) -> str:
        """Where its readings are from; empty without any. Files enter whole days alone in the ledger, every call is."""
        if not self.readings:
            return ""
        return IMPORTED if self.asked is None or self.asked.by == "import" else FETCHED

    @property
    def kind(self) -> str:
        """Its state as people tell them apart: a call that failed, or readings that were imported and are gone."""
        if self.state == MISSING and self.asked:
            return FAILED_CALL
        return GONE if self.state == NOTHING and self.asked and self.asked.by == "import" else self.state


@dataclass(frozen=True, slots=True)
class History:
    """A series from the first day stored or wanted to today; entries: of the ledger, newest first; oldest: the first
    day that a backfill can ask for, None where it cannot ask at all: a source of files, or no token in the settings."""

    series: Series
    zone: ZoneInfo
    today: date
    days: Mapping[date, DayCoverage]
    entries: tuple[Entry, ...]
    totals_entries: tuple[Entry, ...]
    floor: tuple[date, str] | None
    oldest: date | None

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
    ledger = Ledger(reader.database)
    entries = ledger.entries(series, CURVE)
    asked = asked_by_day(entries, _runs_of(reader, series))
    totals = ledger.totals(series)
    floor = ledger.floor(series)
    extent = reader.extent(series)
    oldest = _oldest(reader.settings, series, floor, today)
    wanted = [months_before(today, CURVE_HISTORY[0])] if oldest else []
    first = min([day for day in (extent.first, *asked, *wanted) if day is not None], default=today)
    last = today if SOURCES[series.source].has_api else min(today, extent.end or first)
    stored = days_of(reader.pair_of(series.source), series, zone, first, last, spread=False)
    found: dict[date, DayCoverage] = {}
    columns = zip(stored.dates(), stored.readings, stored.wh, stored.seconds, stored.expected, strict=True)
    for day, *counts in columns:
        readings, wh, covered, expected = (int(each) for each in counts)
        below = floor is not None and day < floor[0]
        state = state_of(covered, expected, asked.get(day), is_due=day < due, is_below_floor=below)
        found[day] = DayCoverage(day, state, covered, expected, readings, wh, totals.get(day), asked.get(day))
    odd = {day for day, each in found.items() if each.state == COMPLETE and totals.get(day, each.wh) != each.wh}
    judged = {day: totals[day] for day in odd}  # by more than the last digit of either, which takes a look at each
    for difference in compare_days(reader.pair_of(series.source), series, judged):
        found[difference.day] = replace(found[difference.day], state=DIFFERS)
    newest_first = tuple(sorted(entries, key=lambda entry: entry.at, reverse=True))
    daily = tuple(sorted(ledger.entries(series, DAILY), key=lambda entry: entry.at, reverse=True))
    return History(series, zone, today, found, newest_first, daily, floor, oldest)


def _oldest(settings: Settings, series: Series, floor: tuple[date, str] | None, today: date) -> date | None:
    """See `History.oldest`."""
    if not any(meter.prm == series.id and series.flow in meter.flows for meter in settings.meters):
        return None
    served = months_before(today, CURVE_HISTORY[0]) - timedelta(days=CURVE_HISTORY[1])
    return max(served, floor[0]) if floor else served


def state_of(covered: int, expected: int, asked: Asked | None, *, is_due: bool, is_below_floor: bool = False) -> str:
    """The state of a day before its daily total is looked at. covered, expected: seconds of the local day."""
    if covered >= expected:
        return COMPLETE
    if covered and (is_due or asked):
        return PARTIAL
    if is_below_floor:
        return UNSERVED
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
REPAIR, VERIFY, TRIGGER = f"{SYNC} repair", f"{SYNC} verify", f"{SYNC} trigger run"
HASH = re.compile(r"~[0-9a-f]+")
DIFFERENCES = ("missing", "extra", "different", "duplicates")
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Problem:
    """key: of a text, formatted with `values`; command: what mends it, empty when there is none to run; why: key of
    what has to be known about it, empty for nothing."""

    key: str
    values: Mapping[str, Any] = field(default_factory=dict)
    command: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class Upkeep:
    """The state of one database. usage: of this machine's budget, or the text why it cannot be read; runs: of the Atlas
    functions, newest first, columns summed over all series of a run; verifications: the documents of the newest
    comparisons, with `stored`, the documents that the record has now."""

    usage: Usage | str
    runs: tuple[Row, ...]
    verifications: tuple[Row, ...]
    unverified: tuple[str, ...]
    stale: tuple[str, ...]


def upkeep(reader: Reader) -> Upkeep:
    """Read everything; small collections all of them."""
    database = reader.database
    verified = [
        each | {"at": utc(each["at"]), "stored": database[each["regular"]].estimated_document_count()}
        for each in database[VERIFICATIONS].find().sort("_id", 1)
    ]
    known = {each["_id"] for each in verified}
    return Upkeep(
        usage=_usage(reader.settings, reader.now()),
        runs=tuple(_run(each) for each in database[RUNS].find().sort("at", -1).limit(NEWEST)),
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


def _run(found: Row) -> Row:
    """Texts were scrubbed as they were stored; once more costs nothing."""
    entries = [each for each in found.get("series", ()) if isinstance(each, Mapping)]
    texts = [found.get("error"), found.get("note"), *(each.get("error") for each in entries)]
    return {
        "function": str(found.get("function", "")),
        "at": utc(found["at"]),
        "seconds": float(found.get("seconds", 0)),
        "ok": bool(found.get("ok")),
        **{name: sum(int(each.get(name, 0)) for each in entries) for name in ("calls", "new", "changed")},
        "waiting": sum(each.get("state") == "waiting" for each in entries),
        "text": scrub(next((str(text) for text in texts if text), "")),
    }


# --- problems ---------------------------------------------------------------------------------------------------------


def fetch_command(found: History, window: Window) -> str:
    """What brings these local days: another question, or, where no API can be asked for them, the import of a file."""
    source = "" if found.series.source == "linky" else f" --source {found.series.source}"
    if is_file_alone(found, window):
        return f"{SYNC} import{source} FILE"
    again = any(each.asked for each in found.between(window.start, window.end))
    since = max(window.start, found.oldest or window.start)
    command = f"{SYNC} backfill{source} --since {since} --until {window.end}"
    return f"{command} --again" if again else command


def is_file_alone(found: History, window: Window) -> bool:
    """Whether nothing but a file can bring these days."""
    return found.oldest is None or window.end <= found.oldest


def problems(found: History, state: Upkeep, now: datetime) -> list[Problem]:
    """Everything that is wrong, what matters most first. Days of a kind that follow each other are one problem."""
    return [
        *_of_store(state),
        *_of_functions(state, now),
        *_of_days(found),
        *_of_calls(state),
    ]


def _of_store(state: Upkeep) -> list[Problem]:
    wrong = [
        Problem("coverage.problem.different", {"source": each["_id"]}, REPAIR)
        for each in state.verifications
        if not each["identical"]
    ]
    wrong += [Problem("coverage.problem.stale", {"name": name}, REPAIR) for name in state.stale]
    wrong += [Problem("coverage.problem.unverified", {"source": source}, VERIFY) for source in state.unverified]
    return wrong


def _of_functions(state: Upkeep, now: datetime) -> list[Problem]:
    wrong = []
    newest = {run["function"]: run for run in reversed(state.runs)}
    for function, run in sorted(newest.items()):
        command = f"{TRIGGER} {function}"
        if not run["ok"]:
            wrong.append(Problem("coverage.problem.run", {"function": function, "text": run["text"]}, command))
        if now - run["at"] > SILENCE:
            wrong.append(Problem("coverage.problem.silence", {"function": function, "at": run["at"]}, command))
    return wrong


def _of_days(found: History) -> list[Problem]:
    wrong = []
    for window, kind in day_stretches(found):
        values: dict[str, Any] = {"start": window.start, "end": window.end, "days": window.length}
        if kind == DIFFERS:
            day = found.days[window.start]
            values |= {"wh": day.wh, "total": day.total}
        is_old = found.oldest is not None and is_file_alone(found, window)
        why = "coverage.why.old" if is_old else ""
        wrong.append(Problem(f"coverage.problem.{kind}", values, fetch_command(found, window), why))
    if wrong and found.oldest is None and SOURCES[found.series.source].has_api:
        wrong.append(Problem("coverage.problem.unconfigured", {"series": found.series.label}))
    return wrong


def day_stretches(found: History) -> Sequence[tuple[Window, str]]:
    """Neighbouring days of the same problem, newest first; days that differ from their totals stand alone. What the API
    does not serve any more is not joined with what it does: the remedies differ."""
    alike: defaultdict[tuple[str, bool], list[date]] = defaultdict(list)
    for day, each in found.days.items():
        if each.state in PROBLEMS:
            alike[each.kind, found.oldest is not None and day < found.oldest].append(day)
    windows = [
        (window, kind)
        for (kind, _), its_days in alike.items()
        for window in stretches(its_days, 1 if kind == DIFFERS else 100_000)
    ]
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


def days_due(found: History, view: View) -> list[DayCoverage]:
    """The days of a view's period that are due."""
    return [each for each in found.between(view.start, view.end) if each.state not in (UNSERVED, DUE, BEFORE)]


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
    counted = days_due(found, view)
    wrong = [each.day for each in counted if each.state in PROBLEMS]
    return wrong[-1] if wrong else counted[-1].day if counted else view.last


@about(history)
def states_frame(found: History, view: View) -> Frame:
    """A row a state: days of the period."""
    counted, asked = days_due(found, view), found.between(view.start, view.end)
    rows = [{"state": state, "days": sum(each.state == state for each in asked)} for state in STATES[:-1]]
    outside = sum(each.state in LACKING and not view.start <= day < view.end for day, each in found.days.items())
    notes = {"days": counted, "sums": {row["state"]: row["days"] for row in rows}, "outside": outside}
    return Frame(pd.DataFrame(rows), covered_share(counted), notes)


@about(history)
def calendar_frame(found: History, view: View) -> Frame:
    """A row a day of the calendar years that the period touches, the newest MOST_YEARS of them."""
    last = view.last.year
    first = max(view.start.year, last - MOST_YEARS + 1)
    shown = found.between(date(first, 1, 1), date(last + 1, 1, 1))
    table = pd.DataFrame([_day_row(each) for each in shown])
    return Frame(table, covered_share(days_due(found, view)), {"days": shown, "chosen": chosen_day(found, view)})


@about(history)
def day_frame(found: History, view: View) -> Frame:
    """A row a ledger window of the chosen day; without any the day itself."""
    chosen = chosen_day(found, view)
    window = Window(chosen, chosen + timedelta(days=1))
    (day,) = found.between(window.start, window.end)
    windows = windows_of(found, chosen)
    rows = [_entry_row(kind, entry) for kind, entry in windows] or [_day_row(day)]
    from_file = is_file_alone(found, window)
    has_command = day.state in PROBLEMS or (day.state == COMPLETE and not from_file)
    command = fetch_command(found, window) if has_command else ""
    notes = {"day": day, "windows": windows, "command": command, "from_file": from_file, "zone": found.zone}
    return Frame(pd.DataFrame(rows), covered_share([day]), notes)


@about(history)
def ledger_frame(found: History, _view: View) -> Frame:
    """A row a window asked for, newest days first."""
    entries = [("curve", entry) for entry in found.entries] + [("totals", entry) for entry in found.totals_entries]
    entries.sort(key=lambda each: (each[1].window.start, each[0]), reverse=True)
    table = pd.DataFrame([_entry_row(kind, entry) for kind, entry in entries])
    return Frame(table, notes={"found": found, "windows": entries, "zone": found.zone})


def problems_frame(reader: Reader, view: View) -> Frame:
    """A row a problem, over the whole history. One row `none` when there is nothing to mend."""
    found = history(reader, view)
    if found is None:
        return EMPTY_FRAME
    wrong = problems(found, upkeep(reader), reader.now())
    rows = [
        {"problem": each.key.rpartition(".")[2], **_of_problem(each.values), "command": each.command} for each in wrong
    ] or [{"problem": "none", "command": ""}]
    return Frame(pd.DataFrame(rows), notes={"problems": wrong, "zone": found.zone})


def calls_frame(reader: Reader, view: View) -> Frame:
    """One row: calls of this UTC day, by this machine and by the functions."""
    state, today = upkeep(reader), reader.now().date()
    usage = state.usage
    row: dict[str, Any] = {"unreadable": usage}
    if not isinstance(usage, str):
        row = {"day_utc": usage.day.isoformat(), "calls": usage.calls, "limit": usage.limit, "closed": usage.closed}
    row["calls_of_functions"] = sum(run["calls"] for run in state.runs if run["at"].date() == today)
    return _of_upkeep([row], state, reader, view)


def runs_frame(reader: Reader, view: View) -> Frame:
    """A row a run of an Atlas function, newest first."""
    state = upkeep(reader)
    return _of_upkeep([_plain(run) for run in state.runs], state, reader, view)


def verification_frame(reader: Reader, view: View) -> Frame:
    """A row a pair: its newest comparison, document by document."""
    state = upkeep(reader)
    rows = [
        {"source": each["_id"], "identical": each["identical"], "at": each["at"].isoformat()}
        | {"documents": each["regular_count"]}
        | {name: each[name] for name in DIFFERENCES if each.get(name)}
        for each in state.verifications
    ]
    return _of_upkeep(rows, state, reader, view)


def _of_upkeep(rows: list[Row], state: Upkeep, reader: Reader, view: View) -> Frame:
    return Frame(pd.DataFrame(rows), notes={"state": state, "zone": zone_of(reader, view)})


def _day_row(each: DayCoverage) -> dict[str, Any]:
    return {
        "day": each.day.isoformat(),
        "state": each.kind,
        "origin": each.origin,
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


def _of_problem(values: Mapping[str, Any]) -> dict[str, Any]:
    """As columns; whose problem it is stands in each row of a file anyway."""
    columns = {"daily_total_wh" if name == "total" else name: value for name, value in _plain(values).items()}
    columns.pop("series", None)
    return columns


def _plain(values: Any) -> dict[str, Any]:
    return {name: each.isoformat() if hasattr(each, "isoformat") else each for name, each in values.items()}
