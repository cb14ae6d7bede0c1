"""What a morning costs: operations and calls, of the functions one by one and of the one file that is deployed."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from pymongo.database import Database

from sync.triggers.run.bridge import CallRefused, DatabaseBridge
from sync.triggers.tree import DEFAULT_FOLDER
from tests.atlas.functions_runs import AFTERNOON, Atlas, atlas
from tests.bundled import bundled_tree

DAY = date(2026, 11, 17)
BEFORE = 21  # an ordinary morning of one meter before operations were counted here: 20 of the database and one call
Calls = list[tuple[str, str]]


@pytest.fixture(params=["tree", "bundle"])
def folder(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    return DEFAULT_FOLDER if request.param == "tree" else bundled_tree(tmp_path / "app")


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Calls:
    """(method, collection) of each call of the database."""
    seen: Calls = []
    own = DatabaseBridge.call

    def call(self: DatabaseBridge, packed: Mapping[str, Any]) -> Any:
        seen.append((packed["method"], packed["collection"]))
        return own(self, packed)

    monkeypatch.setattr(DatabaseBridge, "call", call)
    return seen


def cost(around: Atlas, calls: Calls) -> int:
    """Database operations and calls of one good run, whose own count is that of the platform."""
    calls.clear()
    execution = around.run()
    assert execution.error is None, execution.error
    assert execution.operations == execution.result["operations"] == around.runs()[-1]["operations"]
    return len(calls) + len(execution.calls)


def test_an_ordinary_morning_costs_at_most_half(database: Database[Any], folder: Path, calls: Calls) -> None:
    with atlas(database, DAY, folder=folder) as around:
        cost(around, calls)
        around.go_to(DAY + timedelta(days=1))
        assert cost(around, calls) <= BEFORE // 2
        if folder != DEFAULT_FOLDER:
            assert around.runs()[-1]["operations"] == len(calls) + 1
        around.go_to(DAY + timedelta(days=1), AFTERNOON)
        assert cost(around, calls) == 4
        around.assert_identical()


def test_where_no_two_collections_can_be_read_at_once_each_is_read_by_itself(
    database: Database[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a platform that refuses the stage: the same work, for some operations more."""
    own = DatabaseBridge.call

    def call(self: DatabaseBridge, packed: Mapping[str, Any]) -> Any:
        if "$unionWith" in str(packed.get("pipeline")):
            raise CallRefused("a function has no stage $unionWith")
        return own(self, packed)

    monkeypatch.setattr(DatabaseBridge, "call", call)
    with atlas(database, DAY) as around:
        for day in (DAY, DAY + timedelta(days=1)):
            around.go_to(day)
            execution = around.run()
            assert execution.error is None, execution.error
            assert execution.operations == execution.result["operations"]
        assert len(around.stored()) == 8 * 48
        around.assert_identical()


def test_old_records_of_runs_are_removed_on_the_first_of_a_month(database: Database[Any]) -> None:
    with atlas(database, date(2026, 11, 30)) as around:
        old = {"function": "linkyDaily", "at": around.moment - timedelta(days=401), "series": [], "ok": True}
        other = old | {"function": "elhubDaily"}
        database["sync_runs"].insert_many([old, other])
        assert around.run().error is None
        assert len(around.runs()) == 2
        around.go_to(date(2026, 12, 1))
        execution = around.run()
        assert (execution.error, execution.operations) == (None, execution.result["operations"])
        assert [run["at"] > around.moment - timedelta(days=2) for run in around.runs()] == [True, True]
        assert database["sync_runs"].count_documents({"function": "elhubDaily"}) == 1
