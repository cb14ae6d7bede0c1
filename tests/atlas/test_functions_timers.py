"""The timers that fetchAnswer leaves behind, as nothing is documented to take one back: they hold and fail nothing."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pymongo.database import Database

from sync.triggers.run.web import NoReply, Reply, Request
from sync.triggers.tree import DEFAULT_FOLDER
from tests.atlas.functions_runs import Atlas, atlas

DAY = date(2026, 11, 17)
PATIENCE = 40  # s; how long fetchAnswer waits for an answer
# One question, and then a life after it.
LINGERING = """
exports = async function lingering(question, seconds) {
  const answer = await context.functions.execute("fetchAnswer", question);
  for (let second = 0; second < seconds; second += 1) await new Promise((resolve) => setTimeout(resolve, 1000));
  return [answer.outcome, answer.calls];
};
"""


@pytest.fixture
def around(database: Database[Any], tmp_path: Path) -> Iterator[Atlas]:
    with atlas(database, DAY) as around:
        around.folder = Path(shutil.copytree(DEFAULT_FOLDER, tmp_path / "app"))
        (around.folder / "functions" / "lingering.js").write_text(LINGERING)
        yield around


def question(around: Atlas, patience: float = 270_000, most: int | None = None) -> dict[str, Any]:
    """As linkyDaily asks."""
    url = f"{around.standin.url}/courbe_de_charge_consommation"
    query = {"pointId": around.prm, "dateDebut": "2026-11-16", "dateFin": "2026-11-17"}
    whose = {"token": "linkyToken", "id": around.prm, "service": "the gateway", "source": "linky"}
    times = {"pauses": [4000, 12000], "oneTry": PATIENCE * 1000, "shortLimit": 20000, "standardPause": 3600000}
    return {"url": url, "query": query, **whose, **times, "emptyStatuses": [], "patience": patience, "most": most}


def never(_request: Request) -> Reply:
    """The connection stays open and nothing comes."""
    raise NoReply


def test_a_run_does_not_wait_for_them(around: Atlas) -> None:
    execution = around.run()
    assert execution.error is None, execution.error
    assert execution.seconds < PATIENCE
    assert execution.unfinished == 0


@pytest.mark.parametrize("seconds", [0, PATIENCE - 1, PATIENCE + 20])
def test_one_that_strikes_later_fails_nothing(around: Atlas, seconds: int) -> None:
    """Its rejection meets a race that is long decided."""
    execution = around.run("lingering", arguments=(question(around), seconds))
    assert (execution.error, execution.result) == (None, ["answer", 1])
    assert execution.seconds >= seconds


def test_one_that_strikes_first_is_a_time_out(around: Atlas) -> None:
    """Three tries; the calls that were given up are the only thing unfinished."""
    execution = around.run(http=never)
    assert "the next run asks again, the gateway gave no answer: no answer within 40 s" in str(execution.error)
    assert 3 * PATIENCE <= execution.seconds < 300
    assert execution.unfinished == 3
    assert around.runs()[-1]["series"][0]["calls"] == 3


@pytest.mark.parametrize(("patience", "calls", "longest"), [(5_000, 1, 6), (60_000, 2, 61), (270_000, 3, 150)])
def test_none_is_longer_than_what_is_left_of_the_run(around: Atlas, patience: int, calls: int, longest: int) -> None:
    execution = around.run("fetchAnswer", http=never, arguments=(question(around, patience),))
    assert execution.result["calls"] == calls
    assert execution.seconds < longest


def test_no_more_calls_than_the_day_has_left(around: Atlas) -> None:
    execution = around.run("fetchAnswer", http=never, arguments=(question(around, most=1),))
    assert (execution.result["calls"], execution.result["outcome"]) == (1, "trouble")
    around.values["linkyCallsPerDay"] = "2"
    assert around.run(http=never).calls == [("GET", f"{around.standin.url}/courbe_de_charge_consommation", 0)] * 2
