"""`trigger probe` against the harness behind a stand-in of the Admin API: what it reports, and that nothing is left."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from pymongo.database import Database

from sync import VERSION
from sync.model.errors import SyncError, UsageError
from sync.standin.replies import Reply
from sync.triggers.deploy.account import AtlasAccount
from sync.triggers.deploy.admin_api import AdminApi, AdminApiError
from sync.triggers.facts import ASSUMED, FACTS, reported
from sync.triggers.probe.probe import EMPTY_VALUE, MIRROR, RECORD, Probe
from sync.triggers.probe.report import Findings
from sync.triggers.probe.source import MARK, NAME, source_of
from tests.processes import finish, start
from tests.triggers.probe_standin import ProbedAtlas, held

OTHERWISE = {fact.name: fact.played[0] for fact in FACTS if fact.played}
OURS = {"functions": {"linkyDaily"}, "values": {"linkyPrm"}}
Prober = Callable[[ProbedAtlas], Findings]


@pytest.fixture
def atlas(tmp_path: Path, database: Database[Any]) -> Iterator[ProbedAtlas]:
    with ProbedAtlas(tmp_path / "tree", database, {}) as standin:
        store = standin.store(standin.app)
        flags = {"private": True, "run_as_system": True}
        store.create("functions", {"name": "linkyDaily", "source": "exports = function () {};", **flags})
        store.create("values", {"name": "linkyPrm", "private": True, "value": "auto"})
        yield standin


def account_of(atlas: ProbedAtlas) -> AtlasAccount:
    return AtlasAccount(atlas.public_key, atlas.private_key, atlas.project_id, url=atlas.url)


def probe(atlas: ProbedAtlas, database: Database[Any] | None) -> Findings:
    with AdminApi(account_of(atlas)) as api:
        return Probe(api, account_of(atlas), database).run()


def assert_nothing_is_left(atlas: ProbedAtlas) -> None:
    assert {kind: held(atlas.app)[kind] for kind in OURS} == OURS
    assert {RECORD, MIRROR}.isdisjoint(atlas.database.list_collection_names())


def test_every_fact_names_its_code_and_differs_from_what_is_played() -> None:
    assert len({fact.name for fact in FACTS}) == len(FACTS) > 20
    for fact in FACTS:
        assert fact.relied, fact.name
        assert fact.played, fact.name
        assert fact.assumed not in fact.played, fact.name


def test_all_as_assumed(atlas: ProbedAtlas, database: Database[Any]) -> None:
    found = probe(atlas, database)
    assert (found.outcomes, found.untried) == (ASSUMED, {})
    assert {entry["verdict"] for entry in found.as_json()["facts"]} == {"as assumed"}
    counts = f"{len(FACTS)} as assumed, 0 different, 0 could not be tried"
    assert found.lines()[-1] == f"linky-atlas {VERSION}, MongoDB {found.as_json()['mongodb']}: {counts}"
    assert_nothing_is_left(atlas)


def test_all_different(atlas: ProbedAtlas, database: Database[Any], tmp_path: Path) -> None:
    """Whatever the harness can play is found, and a report of it plays the same again."""
    atlas.reported = OTHERWISE
    found = probe(atlas, database)
    # What an answer's headers look like cannot be seen where such an answer throws.
    assert found.untried.keys() == {"header_case"}
    assert "unexpected status 401" in found.untried["header_case"]
    expected = {**ASSUMED, **OTHERWISE}
    del expected["header_case"]
    assert found.outcomes == expected
    assert_nothing_is_left(atlas)
    assert found.lines()[0] == (
        "different           whole_number: the type that a plain whole number is stored as: int, assumed was long; "
        "relied on by storeReadings, finishRun, holdLeases: each number is written with its type"
    )
    path = tmp_path / "report.json"
    path.write_text(json.dumps(found.as_json()))
    played, others = reported(path)
    assert (played, others) == ({name: word for name, word in OTHERWISE.items() if name != "header_case"}, [])
    atlas.reported = {**played, "non_2xx": "returned", "header_case": "small"}
    assert probe(atlas, database).outcomes == expected | {"non_2xx": "returned", "header_case": "small"}


@pytest.mark.soak
@pytest.mark.parametrize(
    ("fact", "word"), [(fact.name, word) for fact in FACTS for word in fact.played[1:]], ids=lambda text: text
)
def test_other_words(atlas: ProbedAtlas, database: Database[Any], fact: str, word: str) -> None:
    atlas.reported = {fact: word}
    assert probe(atlas, database).outcomes == ASSUMED | {fact: word}


def test_what_is_not_there_cannot_be_tried(atlas: ProbedAtlas, database: Database[Any]) -> None:
    """Without MONGODB_URI, with one of another cluster, without a linked cluster: the rest is tried."""
    needing = {fact.name for fact in FACTS if fact.needs in ("database", "mirror")}
    without = probe(atlas, None)
    assert without.untried.keys() == needing
    assert "MONGODB_URI is not set" in without.lines()[0]
    atlas.before = lambda method, _path: database[RECORD].drop() if method == "POST" else None
    elsewhere = probe(atlas, database)
    assert elsewhere.untried.keys() == needing
    assert "MONGODB_URI leads to another cluster" in elsewhere.lines()[0]
    atlas.app.held["services"].clear()
    unlinked = probe(atlas, database)
    assert unlinked.untried.keys() == needing
    assert {entry["verdict"] for entry in unlinked.as_json()["facts"]} == {"as assumed", "could not be tried"}


def test_an_empty_value_that_is_refused(atlas: ProbedAtlas, database: Database[Any]) -> None:
    atlas.before = lambda method, path: (
        Reply(400, b'{"error": "missing parameter"}')
        if (method, path.rpartition("/")[2]) == ("POST", "values")
        else None
    )
    assert probe(atlas, database).outcomes == ASSUMED | {"empty_value": "refused"}
    assert_nothing_is_left(atlas)


def test_syntax_that_is_refused(atlas: ProbedAtlas, database: Database[Any]) -> None:
    """The source with the fact alone cannot be saved, the others can."""

    def refuse(request: Any, spoilt: Any) -> Reply:
        if request.method == "PUT" and b"...others" in request.body:
            return Reply(400, b'{"error": "syntax error", "error_code": "FunctionSyntaxError"}')
        return answer(request, spoilt)

    answer = atlas.reply
    atlas.reply = refuse  # type: ignore[method-assign]
    assert probe(atlas, database).outcomes == ASSUMED | {"rest_spread": "refused"}
    assert_nothing_is_left(atlas)


def cut_at(atlas: ProbedAtlas, number: int) -> list[str]:
    """From the request of this number on, one fails; the names of all that were made."""
    made: list[str] = []

    def before(method: str, path: str) -> Reply | None:
        if method in {"DELETE", "GET"} or path.endswith("login"):
            return None
        made.append(f"{method} {path}")
        return Reply(503, b"") if len(made) == number else None

    atlas.before = before
    return made


def test_nothing_is_left_wherever_it_fails(atlas: ProbedAtlas, database: Database[Any]) -> None:
    made = cut_at(atlas, 0)
    probe(atlas, database)
    for number in range(1, len(made) + 1):
        cut_at(atlas, number)
        with pytest.raises(AdminApiError):
            probe(atlas, database)
        assert_nothing_is_left(atlas)


def test_what_an_earlier_one_left_is_removed(atlas: ProbedAtlas, database: Database[Any]) -> None:
    """As after a kill: function, Value and both collections are there."""
    store = atlas.store(atlas.app)
    flags = {"private": True, "run_as_system": True}
    store.create("functions", {"name": NAME, "source": source_of(FACTS[:1]), **flags})
    store.create("values", {"name": EMPTY_VALUE, "private": True, "value": ""})
    for name in (RECORD, MIRROR):
        database[name].insert_one({"left": True})
    assert probe(atlas, database).outcomes == ASSUMED
    assert_nothing_is_left(atlas)


def test_a_function_of_that_name_that_is_not_ours(atlas: ProbedAtlas, database: Database[Any]) -> None:
    flags = {"private": True, "run_as_system": True}
    atlas.store(atlas.app).create("functions", {"name": NAME, "source": "exports = () => 1;", **flags})
    with pytest.raises(UsageError, match="not ours"):
        probe(atlas, database)
    assert atlas.writes == []
    assert MARK not in atlas.app.named("functions", NAME)["source"]


def test_a_project_without_a_triggers_app(atlas: ProbedAtlas, database: Database[Any]) -> None:
    atlas.apps.clear()
    with pytest.raises(SyncError, match="trigger deploy makes it"):
        probe(atlas, database)


def test_the_report_names_nobody(atlas: ProbedAtlas, database: Database[Any]) -> None:
    found = Findings((atlas.project_id, "Cluster0", database.name))
    words = f"{database.name} at Cluster0 of {atlas.project_id} 21121707640844 64f000000000000000000001 a@b.org https://x.y/z"
    found.take({"nested_date": {"trouble": words}, "intl": {"outcome": words}})
    text = json.dumps(found.as_json()) + "\n".join(found.lines())
    for owned in (*words.split()[:1], "Cluster0", atlas.project_id, "21121707640844", "64f0", "a@b.org", "x.y"):
        assert owned not in text, owned


def environ_of(atlas: ProbedAtlas, mongo_uri: str) -> dict[str, str]:
    import os

    return {
        **os.environ,
        "ATLAS_PUBLIC_KEY": atlas.public_key,
        "ATLAS_PRIVATE_KEY": atlas.private_key,
        "ATLAS_PROJECT_ID": atlas.project_id,
        "ATLAS_ADMIN_URL": atlas.url,
        "MONGODB_URI": mongo_uri,
        "MONGODB_DATABASE": atlas.database.name,
    }


def test_the_command(atlas: ProbedAtlas, mongo_uri: str, tmp_path: Path) -> None:
    """The report in both forms; Ctrl-C in the middle leaves nothing either."""
    code, out, err = finish(start(environ_of(atlas, mongo_uri), tmp_path, "trigger", "probe"))
    assert (code, err) == (0, ""), err
    report = json.loads((tmp_path / "linky-probe.json").read_text())
    assert {entry["verdict"] for entry in report["facts"]} == {"as assumed"}
    assert out.splitlines()[:-1] == (tmp_path / "linky-probe.txt").read_text().splitlines()
    for secret in (atlas.private_key, atlas.project_id, atlas.database.name, "127.0.0.1"):
        assert secret not in out + json.dumps(report)
    processes: list[Any] = []

    def interrupt(method: str, path: str) -> Reply | None:
        if path.endswith("execute_function") and processes:
            processes.pop().send_signal(signal.SIGINT)
        return None

    atlas.before = interrupt
    process = start(environ_of(atlas, mongo_uri), tmp_path, "trigger", "probe")
    processes.append(process)
    code, _, err = finish(process)
    assert (code, "Traceback" in err) == (3, False), err
    assert processes == []
    assert_nothing_is_left(atlas)
