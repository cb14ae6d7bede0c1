"""Token, password and whole PRM stay inside: no log line, error, result or stored document holds them, however hard the
other side tries. The only place of a PRM is `series.id` of the two collections."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any

import pytest
from bson import json_util
from pymongo.database import Database

from sync.standin.faults import parse_faults
from sync.triggers.run.harness import Execution
from sync.triggers.run.web import Reply, Request, RequestFailed
from tests.atlas.functions_runs import AFTERNOON, TOKEN_SECRET, Atlas, atlas
from tests.scripted import Handler, Server, serving

pytestmark = pytest.mark.soak  # many servers, processes or mornings

DAY = date(2026, 11, 17)
PASSWORD = "correct-horse-battery"
LABEL = "2026-11-16 00:30:00"


def assert_nothing_leaks(around: Atlas, *executions: Execution) -> None:
    """Looks through every collection of the database, every line, every result and error."""
    texts = [text for each in executions for text in (*each.logs, str(each.error), str(each.calls), _text(each.result))]
    pair = (around.pair.record.name, around.pair.mirror.name)
    for name in around.database.list_collection_names():
        if name.startswith("system.buckets."):
            continue  # the mirror's own storage
        for document in around.database[name].find():
            if name in pair:
                del document["series"]["id"]
            texts.append(_text(document))
    token = around.secrets[TOKEN_SECRET]
    payload = token.split(".")[1]
    for text in texts:
        for secret in (token, payload, payload[:40], PASSWORD, around.prm, around.prm[:10]):
            assert secret not in text, text


def _text(found: Any) -> str:
    return json_util.dumps(found, ensure_ascii=False)


Said = Callable[[str, str], bytes | str | dict[str, Any] | list[Any]]
"""Whole token and PRM → body."""


@contextmanager
def echoing(around: Atlas, said: Said, status: int) -> Iterator[Server]:
    """A gateway that knows what it was asked with, and says it."""

    def answer(handler: Handler) -> None:
        token = str(handler.headers["Authorization"]).removeprefix("Bearer ")
        prm = handler.path.partition("pointId=")[2][:14]
        assert (token, prm) == (around.secrets[TOKEN_SECRET], around.prm)
        given = said(token, prm)
        text = given if isinstance(given, str | bytes) else json.dumps(given)
        body = text.encode() if isinstance(text, str) else text
        handler.send_response(status)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    with serving() as gateway:
        gateway.replies = [answer]
        around.values["linkyApiUrl"] = f"{gateway.url}/api"
        yield gateway


def escaped(text: str) -> str:
    return "".join(f"\\u{ord(each):04x}" for each in text)


ERRORS: list[tuple[str, Said]] = [
    ("message", lambda token, prm: {"message": f"token {token} of {prm}"}),
    ("code", lambda token, prm: {"error": {"error": token, "error_description": prm}}),
    ("fault", lambda token, prm: {"error": {"fault": {"code": prm, "message": token}}}),
    ("names", lambda token, prm: {token: 1, prm: 2, "message": {token: prm}}),
    ("text", lambda token, prm: f"Bearer {token}; pointId={prm}&dateDebut=2026-11-10"),
    ("HTML", lambda token, prm: f"<!DOCTYPE html><p>{token} {prm}</p>"),
    ("JSON text", lambda token, prm: json.dumps(f"{prm}/{token}")),
    ("escaped", lambda token, prm: f'{{"message": "{escaped(prm)} {escaped(token)}"}}'),
    ("latin", lambda token, prm: f"é {token} {prm} à".encode("latin-1")),
    ("of others", lambda token, prm: {"message": f"{prm[:13]}8 {token[4:]} https://u:{PASSWORD}@h"}),
]  # fmt: skip


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500])
def test_errors_that_tell_everything(database: Database[Any], status: int) -> None:
    with atlas(database, DAY) as around:
        executions = []
        for number, (_, said) in enumerate(ERRORS):
            around.go_to(DAY + timedelta(days=3 * number))
            with echoing(around, said, status) as gateway:
                executions += [around.run(), around.run("watchFreshness")]
                assert gateway.requests
        assert all(each.error for each in executions)
        assert_nothing_leaks(around, *executions)


def test_a_secret_across_the_place_where_a_text_is_cut(database: Database[Any]) -> None:
    """Of a PRM that is cut in two nothing could be known any more: every place, in texts of every length."""
    with atlas(database, DAY) as around:
        token, prm = around.secrets[TOKEN_SECRET], around.prm
        pads = [*range(270), *range(3390, 3410), *range(3940, 4010)]
        for secret, start in ((prm, prm[:10]), (token, token.split(".")[1][:12]), (f"PRM{prm}.", prm[:10])):
            texts = ["x " * (pad // 2) + "x" * (pad % 2) + secret + " y" * 200 for pad in pads]
            execution = around.run("shownText", arguments=(texts, 240))
            assert execution.error is None, execution.error
            assert [text for text in execution.result if start in text] == []
            assert all(len(text) <= 240 for text in execution.result)
            assert any(mark in execution.result[0] for mark in ("<token>", "…9999"))


def answered(**changes: Any) -> Callable[[str, str], dict[str, Any]]:
    """A 200 whose parts are made of the token and the PRM; the points are those of 16 November."""

    def said(token: str, prm: str) -> dict[str, Any]:
        known = {"TOKEN": token, "PRM": prm}
        filled = {name: json.loads(_filled(json.dumps(part), known)) for name, part in changes.items()}
        points = filled.pop("points", [{"v": "100", "d": LABEL, "p": "PT30M"}])
        measured = {"grandeurMetier": "CONS", "grandeurPhysique": "PA", "unite": "W", "points": points}
        return {"idPrm": prm, "grandeur": [measured | filled.pop("grandeur", {})]} | filled

    return said


def _filled(text: str, known: dict[str, str]) -> str:
    for name, secret in known.items():
        text = text.replace(name, secret)
    return text


def point(**changes: Any) -> dict[str, Any]:
    return {"v": "100", "d": LABEL, "p": "PT30M", "n": "B", "iv": "0", "ec": "0"} | changes


ANSWERS: list[tuple[str, Said]] = [
    ("no JSON", lambda token, prm: f"{token} {prm}"),
    ("a list", lambda token, prm: [token, prm]),
    ("field names", lambda token, prm: {token: 1, prm: 2}),
    ("long field names", lambda _, prm: {f"{'x' * pad} {prm}": 1 for pad in range(60, 90)}),
    ("another meter", answered(idPrm="PRM TOKEN")),
    ("unit", answered(grandeur={"unite": "PRM TOKEN"})),
    ("unit, cut", answered(grandeur={"unite": "xxxxxxx PRM"})),
    ("entries", answered(grandeur={"grandeurMetier": "TOKEN"})),
    ("points", answered(points="TOKEN PRM")),
    ("no time", answered(points=[{"v": "TOKEN PRM"}])),
    ("labels", answered(points=[point(d="PRM"), point(d="TOKEN"), point(d=f"{'x' * 50} PRM")])),
    ("values", answered(points=[point(v="PRM"), point(v="TOKEN"), point(v=f"{'x' * 26} PRM"), point(v="x TOKEN")])),
    ("values, cut", answered(points=[point(v=f"{'y ' * pad}PRM") for pad in range(85, 120, 8)])),
    ("steps", answered(points=[point(p="PRM"), point(p="TOKEN")])),
    ("marks", answered(points=[point(iv="PRM", ec="TOKEN", n="PRM TOKEN")])),
    ("beside", answered(note="TOKEN PRM", contexte=[{"PRM": "TOKEN"}])),
]  # fmt: skip


def test_answers_that_hold_everything_everywhere(database: Database[Any]) -> None:
    with atlas(database, DAY) as around:
        for number, (_, said) in enumerate(ANSWERS):
            around.go_to(DAY + timedelta(days=number % 4), AFTERNOON)
            around.database["sync_runs"].update_many({}, {"$unset": {"series": ""}})  # so that the same days are asked
            with echoing(around, said, 200) as gateway:
                executions = [around.run(), around.run("watchFreshness")]
                assert gateway.requests
            assert_nothing_leaks(around, *executions)
        flags = {found.get("flag") for found in around.pair.record.find()}
        assert "iv:? ec:? n:?" in flags  # the reading is kept, what it is marked with is not


def test_rejects_are_recorded_and_scrubbed(database: Database[Any]) -> None:
    with atlas(database, DAY) as around:
        with echoing(around, dict(ANSWERS)["values"], 200):
            execution = around.run()
        (entry,) = around.runs()[-1]["series"]
        assert entry["rejected"] == 4
        assert entry["rejects"][0] == f"line 1: not a power in W: {LABEL} = '…9999'"
        assert "<token>" in entry["rejects"][1]
        assert_nothing_leaks(around, execution)


def test_a_connection_that_fails_with_the_whole_request(database: Database[Any]) -> None:
    """The platform's own words for it are not documented: they may hold the address and the headers."""

    def fail(request: Request) -> Reply:
        raise RequestFailed(f"Get https://me:{PASSWORD}@host/?{request.url} {request.headers} {'x' * 250}{request.url}")

    with atlas(database, DAY) as around:
        execution = around.run(http=fail)
        assert execution.error is not None
        assert "the next run asks again, the gateway gave no answer" in execution.error
        assert_nothing_leaks(around, execution)


def test_an_address_with_a_password(database: Database[Any]) -> None:
    with atlas(database, DAY) as around:
        around.values["linkyApiUrl"] = f"https://me:{PASSWORD}@conso.example/api"
        executions = [around.run(), around.run("watchFreshness")]
        assert_nothing_leaks(around, *executions)


def test_a_database_that_complains_about_a_prm(database: Database[Any]) -> None:
    """An index that somebody made refuses the second reading of a series, and says which."""
    with atlas(database, DAY) as around:
        around.pair.record.create_index("series.id", unique=True)
        execution = around.run()
        assert execution.error is not None
        assert "E11000" in execution.error
        assert "…9999" in execution.error
        around.pair.record.drop_index("series.id_1")
        around.go_to(DAY, AFTERNOON)
        healed = around.run()
        assert healed.error is None, healed.error
        assert len(around.stored()) == 7 * 48
        around.assert_identical()
        assert_nothing_leaks(around, execution, healed)


WRONG: list[dict[str, Any]] = [
    {"linkyMeters": "TOKEN"},
    {"linkyMeters": '[{"prm": "PRM", "token": "TOKEN"}]'},
    {"linkyMeters": '[{"prm": "PRM PRM", "flows": "TOKEN PRM", "PRM": "TOKEN"}]'},
    {"linkyPrm": "TOKEN"},
    {"linkyPrm": "PRM PRM"},
    {"linkyFlows": "TOKEN"},
    {"linkyApiUrl": "TOKEN?PRM"},
    {"linkyMaxPowerW": "PRM"},
    {"linkyCallsPerDay": "PRM"},
    {"freshnessHours": "TOKEN"},
    {"mongodbService": "TOKEN PRM"},
    {"linkyCollection": "PRM", "linkyCollectionTS": "TOKEN"},
]


def test_secrets_in_the_wrong_value(database: Database[Any]) -> None:
    with atlas(database, DAY) as around:
        known = {"TOKEN": around.secrets[TOKEN_SECRET], "PRM": around.prm}
        executions = []
        for wrong in WRONG:
            around.values = {name: _filled(text, known) for name, text in wrong.items()}
            executions += [around.run(), around.run("watchFreshness")]
        assert all(each.error for each in executions)
        assert_nothing_leaks(around, *executions)


def test_tokens_of_no_use(database: Database[Any]) -> None:
    with atlas(database, DAY) as around:
        whole = around.secrets[TOKEN_SECRET]
        executions = []
        other = around.standin.token_for("99999999999991")
        for token in (whole[1:], whole[:-1], whole.replace(".", ""), f"Bearer {whole}", f"{whole} {around.prm}", other):
            around.secrets[TOKEN_SECRET] = token
            executions += [around.run(), around.run("watchFreshness")]
        assert all(each.error for each in executions)
        around.secrets[TOKEN_SECRET] = whole
        assert_nothing_leaks(around, *executions)


def test_a_fortnight_of_ordinary_and_troubled_mornings(database: Database[Any]) -> None:
    """Full days, late days, corrections, quotas, bans, a day of nulls: the bookkeeping of all of them."""
    faults = ["", "429@1", "500@1-3", "html403@1", "consent@1", "cut@1", "notjson@1", "correct@2026-11-20..2026-11-24"]
    with atlas(database, DAY) as around:
        around.values["linkyFlows"] = "both"
        executions = []
        for number in range(14):
            around.go_to(DAY + timedelta(days=number))
            around.standin.faults = parse_faults(faults[number % len(faults)])
            executions += [around.run(), around.run("watchFreshness")]
        assert any(each.error for each in executions)
        assert any(each.error is None for each in executions)
        names = {"consumption", "consumptionTS", "sync_leases", "sync_runs", "sync_schema"}
        assert names <= set(around.database.list_collection_names())
        assert_nothing_leaks(around, *executions)
