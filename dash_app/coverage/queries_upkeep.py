"""What keeps the store whole: calls of today, runs of the functions, verifications, stale mirrors, and every problem
with the command that mends it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from sync.http.budget import Usage, budget_limit, used_today
from sync.model.errors import SyncError
from sync.model.privacy import scrub
from sync.model.window import STATES, Window, months_before
from sync.model.window import runs as stretches
from sync.settings import Settings
from sync.sources.linky.api import CURVE_HISTORY
from sync.store.schema import LEASES, VERIFICATIONS

from ..kit.reader import Reader
from .queries import DIFFERS, MISSING, PROBLEMS, RUNS, History, utc

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
        stored=reader.database[found["regular"]].estimated_document_count(),
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
    return {state: sum(entry.state == state for entry in found.entries) for state in STATES}
