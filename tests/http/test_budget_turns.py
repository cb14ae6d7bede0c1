"""One call a dataset and minute, whoever on this machine makes it; and a pause that a host asks for is kept by all."""

from __future__ import annotations

import itertools
import sqlite3
import subprocess
import sys
from datetime import timedelta
from pathlib import Path

import pytest

from sync.http.budget import Budget, Turn
from sync.model.errors import RateLimited
from tests.clock import FakeClock
from tests.http.test_budget_processes import ENVIRONMENT, ROOT, WORKER
from tests.waiting import PATIENCE

DENMARK = "https://api.energidataservice.dk"
PRICES, PRODUCTION = Turn("Elspotprices", 61.0), Turn("DeclarationProduction", 61.0)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def budget(clock: FakeClock, folder: Path, url: str = DENMARK, limit: int | None = 1000) -> Budget:
    return Budget(url, limit, 0.0, clock, folder)


def test_a_minute_between_two_calls_of_a_dataset(clock: FakeClock, tmp_path: Path) -> None:
    """Each is a budget of its own, as two commands would have."""
    for _ in range(3):
        budget(clock, tmp_path).take(PRICES)
    assert sum(clock.sleeps) == pytest.approx(2 * 61, abs=0.01)


def test_datasets_do_not_wait_for_each_other(clock: FakeClock, tmp_path: Path) -> None:
    one = budget(clock, tmp_path)
    one.take(PRICES)
    one.take(PRODUCTION)
    one.take()
    assert clock.sleeps == []
    clock.advance(seconds=61)
    one.take(PRICES)
    assert clock.sleeps == []


def test_hosts_do_not_wait_for_each_other(clock: FakeClock, tmp_path: Path) -> None:
    for host in (DENMARK, "https://example.org", "https://example.org:8443"):
        budget(clock, tmp_path, host).take(PRICES)
    assert clock.sleeps == []


def test_a_server_of_our_own_is_not_spaced_until_it_asks(clock: FakeClock, tmp_path: Path) -> None:
    own = budget(clock, tmp_path, "http://127.0.0.1:8065", None)
    own.take(PRICES)
    own.take(PRICES)
    assert clock.sleeps == []
    own.hold(PRICES, clock.now() + timedelta(seconds=37))
    own.take(PRODUCTION)
    assert clock.sleeps == []
    budget(clock, tmp_path, "http://127.0.0.1:8065", None).take(PRICES)
    assert sum(clock.sleeps) == pytest.approx(37, abs=0.01)


def test_a_pause_is_never_shortened(clock: FakeClock, tmp_path: Path) -> None:
    one = budget(clock, tmp_path)
    one.hold(PRICES, clock.now() + timedelta(seconds=100))
    one.hold(PRICES, clock.now() + timedelta(seconds=5))
    one.take(PRICES)
    assert sum(clock.sleeps) == pytest.approx(100, abs=0.01)


def test_a_long_pause_is_left_to_whoever_asked(clock: FakeClock, tmp_path: Path) -> None:
    one = budget(clock, tmp_path)
    until = clock.now() + timedelta(minutes=10)
    one.hold(PRICES, until)
    with pytest.raises(
        RateLimited, match=r"api\.energidataservice\.dk wants no call about Elspotprices before"
    ) as limited:
        one.take(PRICES)
    assert abs((limited.value.until - until).total_seconds()) < 0.01
    assert (clock.sleeps, one.usage().calls) == ([], 0)


def test_a_clock_set_back_is_not_waited_for(clock: FakeClock, tmp_path: Path) -> None:
    one = budget(clock, tmp_path)
    one.take(PRICES)
    clock.advance(days=-3)
    one.take(PRICES)
    assert clock.sleeps == []


def test_the_count_of_an_older_layout_is_kept(clock: FakeClock, tmp_path: Path) -> None:
    budget(clock, tmp_path).take()
    with sqlite3.connect(tmp_path / "budget.sqlite3") as database:
        database.execute("DROP TABLE turns")
        database.execute("PRAGMA user_version = 1")
    database.close()
    later = budget(clock, tmp_path)
    later.take(PRICES)
    assert later.usage().calls == 2


def test_processes_share_the_minute(tmp_path: Path) -> None:
    """Two processes, one clock in a file: the calls of both together keep the distance, and none of them sleeps."""
    script = (
        WORKER.replace("import Budget\n", "import Budget, Turn\n")
        .replace("https://conso.boris.sh/api", DENMARK)
        .replace("budget.take()", 'budget.take(Turn("Elspotprices", 61.0))')
    )
    (tmp_path / "clock").touch()
    pipe = subprocess.PIPE
    command = [sys.executable, "-c", script, str(tmp_path), "12", "0"]
    running = [
        subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, cwd=ROOT, env=ENVIRONMENT) for _ in range(2)
    ]
    try:
        for process in running:
            assert process.stdout is not None
            assert process.stdout.readline() == "ready\n"
        for process in running:
            assert process.stdin is not None
            process.stdin.write("go\n")
            process.stdin.flush()
        outputs = [process.communicate(timeout=PATIENCE)[0] for process in running]
        assert [process.returncode for process in running] == [0, 0]
    finally:
        for process in running:
            process.kill()
            process.wait()
    moments = sorted(int(line.split()[1]) for output in outputs for line in output.splitlines())
    assert len(moments) == 12
    assert min(b - a for a, b in itertools.pairwise(moments)) >= 61_000_000 - 1
