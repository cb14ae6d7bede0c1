"""A hundred kills at random moments: of a command, of its server, of a primary. After each the same command goes on to
its end, and what is stored and printed is held against an own reading of the input: nothing lost, doubled or wrong.

`KILLS_SEED=… make soak` repeats the moments of a run, as far as the machine does.
"""

from __future__ import annotations

import os
import random
import re
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import bson
import pytest
from bson.codec_options import CodecOptions
from bson.raw_bson import RawBSONDocument
from pymongo import MongoClient
from pymongo.database import Database

from sync.settings import DEFAULT_COLLECTIONS
from sync.store.embedded.mongod import Mongod
from sync.store.embedded.server import Embedded
from sync.store.schema import KEY_NAME, ensure_pair, pair
from tests.killed_loads import Elhub, FileLoad, Key, Linky, LinkyFiles, Load, London, Readings, Value, number
from tests.processes import finish, start
from tests.servers import ReplicaSet
from tests.waiting import until

pytestmark = pytest.mark.soak

SEED = os.environ.get("KILLS_SEED") or str(random.SystemRandom().randrange(10**6))
NAME = "killed"
PRODUCT = "linky-atlas"
"""What the product's connections call themselves."""
AWARE: CodecOptions[dict[str, Any]] = CodecOptions(tz_aware=True)
HUNDRED = 100
SECOND_ONES = 50
FIELDS = {"_id", "ts", "series", "wh", "seconds", "updated", "meters", "flag"}
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
COMMAND, MONGOD, EMBEDDED, PRIMARY = "command", "mongod", "embedded mongod", "primary"


class Case(NamedTuple):
    load: str
    command: str
    victim: str
    kills: int


CASES = [
    Case("linky", "backfill", COMMAND, 8),
    Case("elhub", "backfill", COMMAND, 8),
    Case("linky files", "import", COMMAND, 8),
    Case("london", "import", COMMAND, 8),
    Case("linky", "repair", COMMAND, 6),
    Case("elhub", "repair", COMMAND, 6),
    Case("london", "repair", COMMAND, 6),
    Case("linky", "trigger run", COMMAND, 8),
    Case("elhub", "trigger run", COMMAND, 8),
    Case("linky", "backfill", MONGOD, 5),
    Case("elhub", "backfill", MONGOD, 5),
    Case("linky files", "import", EMBEDDED, 4),
    Case("london", "import", EMBEDDED, 5),
    Case("elhub", "repair", MONGOD, 4),
    Case("linky", "trigger run", MONGOD, 4),
    Case("linky", "backfill", PRIMARY, 3),
    Case("elhub", "backfill", PRIMARY, 3),
    Case("london", "import", PRIMARY, 3),
    Case("london", "repair", PRIMARY, 2),
    Case("elhub", "trigger run", PRIMARY, 2),
]
assert sum(case.kills for case in CASES) >= HUNDRED


# --- servers ----------------------------------------------------------------------------------------------------------


@dataclass
class Place:
    """A server. kill: ends it as a power cut would, and starts it again; setting: for the product."""

    uri: str
    kill: Callable[[], None]
    setting: dict[str, str]


@contextmanager
def mongod_alone(folder: Path) -> Iterator[Place]:
    servers = [Mongod.spawn(folder / "db", folder / "log")]
    servers[0].wait_until_primary()

    def kill() -> None:
        servers[0].kill()
        servers[0] = Mongod.spawn(folder / "db", folder / "log")
        servers[0].wait_until_primary()

    try:
        yield Place(servers[0].uri, kill, {"MONGODB_URI": servers[0].uri})
    finally:
        servers[0].kill()


@contextmanager
def embedded(folder: Path) -> Iterator[Place]:
    """That of the product itself, which starts it again and counts it anew."""
    own = Embedded(folder / "home")
    uri = own.pin()

    def kill() -> None:
        server = own.server()
        assert server
        server.kill()
        assert own.pin() == uri

    try:
        yield Place(uri, kill, {})
    finally:
        if server := own.server():
            server.kill()


@contextmanager
def three_nodes(folder: Path) -> Iterator[Place]:
    nodes = ReplicaSet(folder / "nodes")

    def kill() -> None:
        primary = nodes.primary()
        nodes.kill(primary)
        nodes.restart(primary)
        nodes.primary()

    try:
        yield Place(nodes.uri, kill, {"MONGODB_URI": nodes.uri})
    finally:
        nodes.stop()


PLACES = {COMMAND: mongod_alone, MONGOD: mongod_alone, EMBEDDED: embedded, PRIMARY: three_nodes}


# --- one run of a command ---------------------------------------------------------------------------------------------


@dataclass
class Run:
    """A process. before: what was stored when it began, None where something may have been under way."""

    process: subprocess.Popen[str]
    before: tuple[Readings, Readings] | None
    asked: int

    def ended(self) -> tuple[int, str, str]:
        code, out, err = finish(self.process)
        assert "Traceback" not in err, err
        return code, out, err


class Story:
    """A command that is killed and goes on. expected: what must be stored at its end."""

    def __init__(self, case: Case, load: Load, place: Place, database: Database[Any], folder: Path) -> None:
        self.case, self.load, self.place, self.database, self.folder = case, load, place, database, folder
        self.chance = random.Random(f"{SEED} {case}")
        self.happened: Counter[str] = Counter()
        self._decoded: dict[bytes, dict[str, Any]] = {}
        self._readings: dict[bytes, tuple[Key, Value]] = {}
        self.asked = self.stops = 0
        self.calls: int | None = None
        own = {"SYNC_HOME": str(folder / "home"), "XDG_STATE_HOME": str(folder / "state"), "MONGODB_DATABASE": NAME}
        self.environ = {**os.environ, **own, **load.environ, **place.setting}

    @property
    def arguments(self) -> Sequence[str]:
        if self.case.command == "repair":
            return ("repair", "--source", self.load.source)
        return self.load.arguments if self.case.command in self.load.arguments else self._trigger

    @property
    def _trigger(self) -> Sequence[str]:
        return ("trigger", "run", f"{self.load.source}Daily")

    # --- the story ----------------------------------------------------------------------------------------------------

    def tell(self) -> None:
        self.reset()
        reach = self._undisturbed()
        kills = 0
        run = self.begin()
        while kills < self.case.kills:
            self.wait_until_connected(run)
            self._wait(run, self.chance.uniform(0, reach))
            if run.process.poll() is None:
                kills += 1
                run = self.kill(run)
            else:
                self.happened["ended before"] += 1
                reach *= 0.8
                run = self.end(run)
        code, out, err = run.ended()
        if code:
            assert (code, self.case.victim == COMMAND) == (1, False), err
            run = self.begin()
            code, out, err = run.ended()
        assert code == 0, err
        self.judge(run, out, err)
        out = self._run(("verify", "--source", self.load.source))
        assert _numbers(r"identical, ([\d,]+) documents each", out) == [len(self.expected())]
        if self.case.command in self.load.arguments:
            self._again()

    def _again(self) -> None:
        """Everything is done: nothing is asked for or read once more."""
        calls = self._requests()
        out = self._run(self.arguments)
        assert _numbers(r"([\d,]+) readings new, ([\d,]+) changed", out) == [0, 0]
        assert self._requests() == calls
        if isinstance(self.load, FileLoad):
            self.load.check_rows(out, 0)
            known = f"stored whole before and not read again: {self.load.files:,} file"
            assert (known in out) == isinstance(self.load, London)  # a meter's own few files are merged, and read again

    def _undisturbed(self) -> float:
        """One run to its end; returns for how long it worked, s."""
        run = self.begin()
        self.wait_until_connected(run)
        began = time.monotonic()
        code, out, err = run.ended()
        seconds = time.monotonic() - began
        assert code == 0, err
        self.judge(run, out, err)
        self.calls = self._requests() - self.asked
        self.reset()
        return seconds

    def begin(self) -> Run:
        """The command from where it was; now and then at once, while the server may still be at the last insert of the
        process before."""
        before = None
        if self.chance.random() < 0.7:
            self.wait_until_alone()
            before = (self.stored(0), self.stored(1))
        # What a function holds ends after five minutes.
        self.database["sync_leases"].update_many({"place": "atlas"}, {"$set": {"until": LONG_AGO}})
        return Run(start(self.environ, self.folder, *self.arguments), before, self._requests())

    def kill(self, run: Run) -> Run:
        """Kill the victim; returns the process that works now."""
        self.happened["kills"] += 1
        self.stops += 1
        if self.case.victim == COMMAND:
            run.process.kill()
            run.ended()
            self.check_part()
            return self.begin()
        self.place.kill()
        return run if run.process.poll() is None else self.end(run)

    def end(self, run: Run) -> Run:
        """A process that came to its end, or gave up as its server was gone; returns the next one."""
        code, out, err = run.ended()
        if code == 0:
            self.judge(run, out, err)
            self.reset()
        else:
            assert (code, self.case.victim == COMMAND) == (1, False), err
        return self.begin()

    def reset(self) -> None:
        """Work for the command: nothing is stored, or both sides lack something."""
        self.wait_until_alone()
        if self.case.command == "repair":
            self._damage()
        else:
            self.database.client.drop_database(NAME)
            if self.case.command == "trigger run":
                ensure_pair(pair(self.database, self.load.source, DEFAULT_COLLECTIONS))  # a function cannot make it
            elif self.load.first and self.chance.random() < 0.5:
                self._run(self.load.first)  # into a record that is not empty the key is unique from the beginning
        self.wait_until_alone()
        self.asked, self.stops = self._requests(), 0

    def _run(self, arguments: Sequence[str]) -> str:
        """Another command to its end; returns what it printed."""
        code, out, err = finish(start(self.environ, self.folder, *arguments))
        assert code == 0, err
        return out

    def _damage(self) -> None:
        """Of one half of the series the record lacks readings and the mirror has second ones; the mirror lacks the
        other half."""
        record, mirror = (self.database[name] for name in self.load.names)
        if not record.find_one():
            self._run(self.load.arguments)
        series = list({tuple(each["series"].items()): each["series"] for each in record.find()}.values())
        self.chance.shuffle(series)
        half = len(series) // 2
        for each in series[half:]:
            mirror.delete_many({f"series.{name}": part for name, part in each.items()})
        for each in series[:half]:
            documents = list(record.find({"series": each}))
            self.chance.shuffle(documents)
            alone, twice = documents[: len(documents) // 3], documents[-SECOND_ONES:]
            record.delete_many({"_id": {"$in": [document["_id"] for document in alone]}})
            mirror.insert_many([document | {"wh": document["wh"] + 1} for document in twice])

    # --- judging ------------------------------------------------------------------------------------------------------

    def expected(self) -> Readings:
        if self.case.command == "trigger run":
            return self.load.answered(self.load.standin.requests[self.asked :])
        return self.load.whole

    def check_part(self) -> None:
        """After a kill: no value is wrong; nothing that any side had is gone; the record has nothing twice."""
        self.wait_until_alone()
        record, mirror = self.stored(0), self.stored(1)
        if self.case.command == "repair":
            assert mirror | record == self.expected()
            return
        expected = self.expected()
        assert record.items() <= expected.items()
        assert mirror.items() <= record.items()

    def stored(self, side: int) -> Readings:
        """Of the mirror a damaged one may have several copies; then the last that comes."""
        documents = self._documents(side)
        found = dict(map(self._readings.__getitem__, documents))
        assert len(found) == len(documents) or (side and self.case.command == "repair")
        return found

    def _documents(self, side: int) -> list[bytes]:
        """As they come, each read once in a story: most are the same after every kill."""
        options = CodecOptions[RawBSONDocument](document_class=RawBSONDocument)
        found = [each.raw for each in self.database[self.load.names[side]].with_options(options).find()]
        for raw in set(found) - self._decoded.keys():
            self._decoded[raw] = document = bson.decode(raw, AWARE)
            self._readings[raw] = _reading(document)
        return found

    def judge(self, run: Run, out: str, err: str) -> None:
        """At the end of a command."""
        self.happened["judged"] += 1
        record, mirror = self._documents(0), self._documents(1)
        expected = self.expected()
        for side in (record, mirror):
            assert len(side) == len(expected)
            assert dict(map(self._readings.__getitem__, side)) == expected
        first, second = (
            {each["_id"]: each for each in map(self._decoded.__getitem__, side)} for side in (record, mirror)
        )
        assert first == second
        assert self.database[self.load.names[0]].index_information()[KEY_NAME]["unique"]
        new = None if run.before is None else len(expected) - len(run.before[0])
        requests = self.load.standin.requests[run.asked :] if self.load.standin else []
        {"repair": self._check_repair, "trigger run": self._check_trigger}.get(self.case.command, self._check_load)(
            out, err, new, run, requests
        )

    def _check_load(self, out: str, _err: str, new: int | None, _run: Run, requests: Sequence[Any]) -> None:
        (calls,) = _numbers(r"([\d,]+) calls?, ", out)
        fresh, changed, unchanged = _numbers(r"([\d,]+) readings new, ([\d,]+) changed, ([\d,]+) unchanged", out)
        (each,) = _numbers(r"are identical: ([\d,]+) documents each", out)
        assert (each, calls, changed) == (len(self.expected()), len(requests), 0), out
        assert new is None or fresh == new, out
        if isinstance(self.load, FileLoad):
            self.load.check_rows(out, new)
        else:
            assert fresh + unchanged == len(self.load.answered(requests)), out
            # What was under way or ready is asked for once more, nothing else.
            all_calls = self._requests() - self.asked
            assert self.calls is None or all_calls <= self.calls + 1 + self.load.calls_a_stop * self.stops

    def _check_repair(self, out: str, err: str, new: int | None, _run: Run, _requests: Sequence[Any]) -> None:
        assert _numbers(r"identical, ([\d,]+) documents each", out) == [len(self.expected())]
        back = _numbers(r"([\d,]+) readings? that only \w+ had came back", err) if "came back" in err else [0]
        assert new is None or back == [new]

    def _check_trigger(self, out: str, err: str, new: int | None, run: Run, requests: Sequence[Any]) -> None:
        calls, fresh, changed, healed = _numbers(
            r" ([\d,]+) calls, ([\d,]+) new readings, ([\d,]+) corrected, ([\d,]+) healed", err
        )
        assert (calls, changed) == (len(requests), 0), err
        assert f'"new": {fresh}' in out, out
        assert new is None or fresh == new, err
        if run.before is not None:
            assert fresh + healed == len(self.expected()) - len(run.before[1]), err

    # --- moments ------------------------------------------------------------------------------------------------------

    def wait_until_connected(self, run: Run) -> None:
        until(lambda: self._connections() > 0 or run.process.poll() is not None)

    def wait_until_alone(self) -> None:
        """No process of the product is connected, so nothing of it is under way on the server."""
        until(lambda: self._connections() == 0)

    def _connections(self) -> int:
        stages = [{"$currentOp": {"idleConnections": True}}, {"$match": {"appName": PRODUCT}}, {"$count": "n"}]
        return next(self.database.client.admin.aggregate(stages), {"n": 0})["n"]

    def _requests(self) -> int:
        return len(self.load.standin.requests) if self.load.standin else 0

    @staticmethod
    def _wait(run: Run, seconds: float) -> None:
        ends = time.monotonic() + seconds
        while run.process.poll() is None and time.monotonic() < ends:
            time.sleep(0.002)


def _reading(document: dict[str, Any]) -> tuple[Key, Value]:
    series = document["series"]
    assert document.keys() <= FIELDS
    key = (series["id"], series["flow"], series.get("group", ""), document["ts"])
    return key, (document["wh"], document["seconds"], document.get("updated"), document.get("meters"))


def _numbers(pattern: str, text: str) -> list[int]:
    match = re.search(pattern, text)
    assert match, text
    return list(map(number, match.groups()))


# --- the tests --------------------------------------------------------------------------------------------------------


def load_of(case: Case, shared_data: Path, folder: Path) -> Load:
    now = datetime.now(UTC)
    if case.load == "linky":
        return Linky(None) if case.command == "trigger run" else Linky()
    if case.load == "elhub":
        return Elhub(now) if case.command == "trigger run" else Elhub()
    return London(folder) if case.load == "london" else LinkyFiles(shared_data, folder)


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.load}, {case.command}, {case.victim} killed")
def test_killed(case: Case, shared_data: Path, tmp_path: Path, one_day: None) -> None:
    print(f"KILLS_SEED={SEED}")  # noqa: T201 - shown where the test fails
    load = load_of(case, shared_data, tmp_path)
    try:
        with PLACES[case.victim](tmp_path) as place, MongoClient(place.uri, tz_aware=True) as client:
            story = Story(case, load, place, client[NAME], tmp_path)
            story.tell()
            assert story.happened["kills"] == case.kills
            print(dict(story.happened))  # noqa: T201
    finally:
        load.close()
