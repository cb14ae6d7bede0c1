"""The count of calls is kept on disk, beforehand, for all processes of the machine, and never opens twice."""

from __future__ import annotations

import itertools
import sqlite3
import sys
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from sync.http.budget import Budget, budget_limit, is_loopback
from sync.model.errors import BudgetSpent, UsageError
from tests.clock import FakeClock

URL = "https://conso.boris.sh/api"


def budget(folder: Path, clock: FakeClock, limit: int | None = 25, spacing: float = 0.0, url: str = URL) -> Budget:
    return Budget(url, limit, spacing, clock, folder)


def take(one: Budget, calls: int) -> None:
    for _ in range(calls):
        one.take()


def stored(folder: Path) -> list[tuple[str, str, int]]:
    """What lies on disk, seen by another connection."""
    with sqlite3.connect(folder / "budget.sqlite3") as database:
        rows = database.execute("SELECT host, day, calls FROM hosts ORDER BY host").fetchall()
    database.close()
    return rows


def test_the_limit_of_a_day(tmp_path: Path) -> None:
    clock = FakeClock()
    one = budget(tmp_path, clock, limit=3)
    take(one, 3)
    with pytest.raises(BudgetSpent, match=r"all 3 calls of this UTC day to conso\.boris\.sh") as spent:
        one.take()
    assert spent.value.until == datetime(2026, 7, 18, tzinfo=UTC)
    assert spent.value.exit_code == 3
    assert (one.usage().calls, one.usage().left) == (3, 0)
    assert clock.sleeps == []


def test_a_call_is_on_disk_before_it_is_made(tmp_path: Path) -> None:
    one = budget(tmp_path, FakeClock())
    for calls in (1, 2, 3):
        one.take()
        assert stored(tmp_path) == [("conso.boris.sh", "2026-07-17", calls)]


def test_a_refusal_is_not_counted(tmp_path: Path) -> None:
    one = budget(tmp_path, FakeClock(), limit=2)
    take(one, 2)
    for _ in range(3):
        with pytest.raises(BudgetSpent):
            one.take()
    assert stored(tmp_path)[0][2] == 2


def test_a_new_utc_day_is_a_new_budget(tmp_path: Path) -> None:
    clock = FakeClock(datetime(2026, 7, 17, 23, 59, 59, tzinfo=UTC))
    one = budget(tmp_path, clock, limit=2)
    take(one, 2)
    clock.advance(seconds=1)
    assert one.usage().left == 2
    take(one, 2)
    with pytest.raises(BudgetSpent):
        one.take()
    assert one.usage().day == date(2026, 7, 18)


def test_another_checkout_shares_the_count(tmp_path: Path) -> None:
    clock = FakeClock()
    take(budget(tmp_path, clock, limit=5), 3)
    other = budget(tmp_path, clock, limit=5, url="https://conso.boris.sh/other/path")
    take(other, 2)
    with pytest.raises(BudgetSpent):
        other.take()


@pytest.mark.parametrize(
    "spelling", ["https://CONSO.boris.sh/api", "https://conso.boris.sh:443/api", "https://me:secret@conso.boris.sh/api"]
)
def test_another_spelling_of_the_host_is_the_same_host(tmp_path: Path, spelling: str) -> None:
    clock = FakeClock()
    take(budget(tmp_path, clock, limit=2), 2)
    with pytest.raises(BudgetSpent) as spent:
        budget(tmp_path, clock, limit=2, url=spelling).take()
    assert "secret" not in str(spent.value)


def test_hosts_have_budgets_of_their_own(tmp_path: Path) -> None:
    clock = FakeClock()
    for url in (URL, "https://www.myelectricaldata.fr", "http://127.0.0.1:8001", "http://127.0.0.1:8002"):
        one = budget(tmp_path, clock, limit=1, url=url)
        one.take()
        with pytest.raises(BudgetSpent):
            one.take()
    assert len(stored(tmp_path)) == 4


@pytest.mark.parametrize("back", [{"hours": 6}, {"days": 1}, {"days": 40}])
def test_a_clock_set_back_opens_no_second_budget(tmp_path: Path, back: dict[str, float]) -> None:
    clock = FakeClock()
    one = budget(tmp_path, clock, limit=2)
    take(one, 2)
    clock.advance(**{unit: -amount for unit, amount in back.items()})
    with pytest.raises(BudgetSpent):
        one.take()
    assert one.usage().left == 0


def test_a_clock_set_back_does_not_wait_for_the_old_time(tmp_path: Path) -> None:
    clock = FakeClock()
    one = budget(tmp_path, clock, spacing=1.0)
    one.take()
    clock.advance(hours=-5)
    one.take()
    assert clock.sleeps == []
    one.take()
    assert clock.sleeps == [pytest.approx(1.0, abs=1e-3)]


def test_a_closed_day(tmp_path: Path) -> None:
    clock = FakeClock()
    one = budget(tmp_path, clock)
    one.take()
    one.close_day("the gateway has blocked this address")
    other = budget(tmp_path, clock)
    with pytest.raises(BudgetSpent, match="blocked this address"):
        other.take()
    assert (other.usage().closed, other.usage().left, other.usage().calls) == (
        "the gateway has blocked this address",
        0,
        1,
    )
    clock.advance(days=1)
    other.take()
    assert other.usage().closed is None


def test_a_host_without_limit_is_counted_and_can_be_closed(tmp_path: Path) -> None:
    one = budget(tmp_path, FakeClock(), limit=None, url="http://127.0.0.1:8001")
    take(one, 120)
    assert (one.usage().calls, one.usage().limit, one.usage().left) == (120, None, float("inf"))
    one.close_day("x")
    with pytest.raises(BudgetSpent):
        one.take()


def test_starts_keep_their_distance_across_budgets(tmp_path: Path) -> None:
    clock = FakeClock()
    pair = [budget(tmp_path, clock, limit=None, spacing=1.5) for _ in range(2)]
    starts = []
    for n in range(8):
        pair[n % 2].take()
        starts.append(clock.now())
        clock.advance(seconds=0.1 * n)  # the call itself takes a while: the distance is from start to start
    distances = [(b - a).total_seconds() for a, b in itertools.pairwise(starts)]
    assert distances == pytest.approx([1.5] * 7, abs=1e-3)
    assert min(distances) >= 1.5 - 1e-5


def test_a_slow_call_needs_no_pause(tmp_path: Path) -> None:
    clock = FakeClock()
    one = budget(tmp_path, clock, spacing=1.0)
    one.take()
    clock.advance(seconds=1.0)
    one.take()
    assert clock.sleeps == []


def test_the_spacing_holds_over_midnight(tmp_path: Path) -> None:
    clock = FakeClock(datetime(2026, 7, 17, 23, 59, 59, 900_000, tzinfo=UTC))
    one = budget(tmp_path, clock, limit=1, spacing=1.0)
    one.take()
    clock.advance(seconds=0.2)
    one.take()
    assert clock.sleeps == [pytest.approx(0.8, abs=1e-3)]


# --- the folder ------------------------------------------------------------------------------------------------------


def test_a_folder_that_cannot_be_made_stops_everything(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(UsageError, match="cannot be kept") as refused:
        budget(tmp_path / "file" / "state", FakeClock())
    assert "writable" in str(refused.value)
    assert refused.value.exit_code == 2


def test_a_broken_count_stops_everything(tmp_path: Path) -> None:
    """Taken for zero calls, it would open a second budget."""
    (tmp_path / "budget.sqlite3").write_bytes(b"not a database, much too long to be an empty one" * 50)
    with pytest.raises(UsageError, match="cannot be kept"):
        budget(tmp_path, FakeClock())


def test_a_count_that_breaks_during_the_run_is_said(tmp_path: Path) -> None:
    one = budget(tmp_path, FakeClock())
    one.take()
    (tmp_path / "budget.sqlite3").write_bytes(b"overwritten by something else" * 100)
    with pytest.raises(UsageError, match="cannot be kept"):
        one.take()


def test_the_count_lies_in_the_state_folder_of_the_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if sys.platform != "linux":
        pytest.skip("XDG folders are those of Linux")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    Budget(URL, 25, 1.0, FakeClock()).take()
    assert stored(tmp_path / "linky-atlas")[0][2] == 1


# --- which hosts have a budget ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "own"),
    [
        ("http://127.0.0.1:8001", True),
        ("http://localhost:1/api", True),
        ("http://LOCALHOST", True),
        ("http://[::1]:80/", True),
        (URL, False),
        ("http://localhost.example.org", False),
        ("http://127.0.0.1.example.org", False),
        ("http://127.0.0.1@conso.boris.sh/api", False),
        ("https://192.168.1.2", False),
    ],
)
def test_a_server_of_our_own(url: str, own: bool) -> None:
    assert is_loopback(url) is own
    assert budget_limit(url, 25, given=False) == (None if own else 25)
    assert budget_limit(url, 25, given=True) == 25


def test_forty_calls_over_simulated_days(tmp_path: Path) -> None:
    clock = FakeClock()
    one = budget(tmp_path, clock, limit=4, spacing=1.0)
    days: dict[date, int] = {}
    for _ in range(40):
        try:
            one.take()
            days[clock.now().date()] = days.get(clock.now().date(), 0) + 1
        except BudgetSpent as spent:
            clock.moment = max(clock.moment, spent.until)  # never back: a wrong end would be asked for ever
    assert set(days.values()) == {4}
    assert len(days) == 8
