"""Wrong input of every kind: one thrown line that says what to do, in the log and in the run's record, and a next run
after mending that makes everything whole."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import jwt
import pytest
from pymongo import MongoClient
from pymongo.database import Database

from sync.standin.faults import parse_faults
from sync.store.schema import KEY_NAME, SCHEMA, ensure_pair
from sync.triggers.run.harness import Execution
from sync.triggers.run.web import Reply, Request, send
from sync.triggers.values import DEFAULTS
from tests.atlas.functions_runs import AFTERNOON, TOKEN_SECRET, Atlas, atlas
from tests.scripted import says, serving

DAY = date(2026, 11, 17)
OTHER_PRM = "99999999999991"
GATEWAY = DEFAULTS["linkyApiUrl"]
Break = Callable[[Atlas], Any]


@pytest.fixture
def around(database: Database[Any]) -> Iterator[Atlas]:
    with atlas(database, DAY) as around:
        yield around


def refused(around: Atlas, words: str, name: str = "linkyDaily") -> Execution:
    """A run that throws one line with these words, which stand in its log lines, too."""
    execution = around.run(name)
    assert execution.error is not None
    assert words in execution.error, execution.error
    assert execution.error.startswith(f"{name}: ")
    assert "\n" not in execution.error
    assert execution.logged <= 25
    # Below the 512 bytes where the harness cuts, so that none was cut.
    assert all(len(line.encode()) < 509 and "\n" not in line for line in execution.logs)
    assert any(words in line for line in execution.logs), execution.logs
    return execution


def assert_recorded(around: Atlas, execution: Execution) -> None:
    record = around.runs()[-1]
    assert (record["function"], record["ok"], record["error"]) == ("linkyDaily", False, execution.error)
    assert around.moment <= record["at"] < around.moment + timedelta(minutes=5)


def assert_healed(around: Atlas) -> None:
    """After mending, the next run stores the whole week, in both collections alike."""
    around.go_to(DAY, AFTERNOON)
    execution = around.run()
    assert execution.error is None, execution.error
    assert around.runs()[-1]["ok"] is True
    assert len(around.stored()) == 7 * 48
    around.assert_identical()


# --- Values and secrets -----------------------------------------------------------------------------------------------


def put(**values: Any) -> Break:
    return lambda around: around.values.update(values)


def put_token(make: Callable[[Atlas], str]) -> Break:
    return lambda around: around.secrets.update({TOKEN_SECRET: make(around)})


def listing(*meters: Any) -> Break:
    return put(linkyMeters=json.dumps(meters))


LONG_AGO = datetime(2026, 11, 1, tzinfo=UTC)
TOKENS: list[tuple[str, Break, str]] = [
    ("no secret", lambda around: around.secrets.clear(), "the Value linkyToken holds no token: create the secret it"),
    ("empty", put_token(lambda _: " "), "the Value linkyToken holds no token: create the secret it links to"),
    ("no JWT", put_token(lambda _: "abc"), "is not a JWT (three parts with dots): copy it whole, or get a new one"),
    ("cut", put_token(lambda around: around.standin.token[:40]), "is not a JWT (three parts with dots): copy it"),
    ("with a word", put_token(lambda around: f"Bearer {around.standin.token}"), "is not a JWT (three parts with"),
    ("no JSON", put_token(lambda _: "aaaa.bbbb.cccc"), "is not a JWT (three parts with dots): copy it whole"),
    ("no meter", put_token(lambda _: jwt.encode({"sub": []}, "k" * 32)), "names no meter: get a new one at https"),
    ("a number", put_token(lambda _: jwt.encode({"sub": [7]}, "k" * 32)), "names no meter: get a new one at https"),
    ("of another", put_token(lambda around: around.standin.token_for(OTHER_PRM)),
     "is for meter …9991, not for …9999: correct the PRM, or get a new one at https://conso.boris.sh and put it into"),
    ("of many others", put_token(lambda around: around.standin.token_for(*(f"{n:014}" for n in range(12)))),
     "is for meter …0000, …0001, …0002 and 9 more, not for …9999: correct the PRM, or get a new one at https://conso."),
    ("expired", put_token(lambda around: around.standin.token_for(around.prm, expires=LONG_AGO)),
     "the token of the Value linkyToken ended on 2026-11-01: get a new one at https://conso.boris.sh and put it into"),
]  # fmt: skip


@pytest.mark.parametrize(("make", "words"), [each[1:] for each in TOKENS], ids=[each[0] for each in TOKENS])
def test_a_token_of_no_use(around: Atlas, make: Break, words: str) -> None:
    whole = dict(around.secrets)
    make(around)
    execution = refused(around, words)
    assert_recorded(around, execution)
    assert around.standin.requests == []
    refused(around, words, "watchFreshness")
    around.secrets = whole
    assert_healed(around)


def test_a_token_the_gateway_does_not_know(around: Atlas) -> None:
    """Signed with another key: only the gateway can tell."""
    whole = around.secrets[TOKEN_SECRET]
    around.secrets[TOKEN_SECRET] = jwt.encode({"sub": [around.prm], "exp": 4_000_000_000}, "k" * 32)
    execution = refused(around, "the gateway does not accept the token for this meter, get a new one at https://conso.")
    assert_recorded(around, execution)
    around.secrets[TOKEN_SECRET] = whole
    assert_healed(around)


def test_an_end_of_the_token_that_is_no_moment(around: Atlas) -> None:
    """The gateway judges it: what a claim may hold must not break the run."""
    around.secrets[TOKEN_SECRET] = jwt.encode({"sub": [around.prm], "exp": 10**20}, "k" * 32)
    refused(around, "the gateway does not accept the token for this meter")
    watched = around.run("watchFreshness")
    assert watched.error is not None
    assert "no reading at all" in watched.error


VALUES: list[tuple[str, Break, str]] = [
    ("prm with spaces", put(linkyPrm="9999 9999 9999 99"), "the Value linkyPrm: a PRM has 14 digits, without spaces"),
    ("flow", put(linkyFlows="heat"), "the Value linkyFlows must be consumption, production or both"),
    ("no https", put(linkyApiUrl="http://conso.example/api"), "the Value linkyApiUrl must be https://host/path"),
    ("no address", put(linkyApiUrl="conso.boris.sh"), "the Value linkyApiUrl must be https://host/path, without user"),
    ("password", put(linkyApiUrl="https://me:secret@conso.example/api"), "without user, password or ?"),
    ("power", put(linkyMaxPowerW="36 kW"), "the Value linkyMaxPowerW must be a whole number from 1 to 999999"),
    ("calls", put(linkyCallsPerDay="0"), "the Value linkyCallsPerDay must be a whole number from 1 to 90"),
    ("freshness", put(freshnessHours="-1"), "the Value freshnessHours must be a whole number from 1 to 9999"),
    ("no JSON", put(linkyMeters="[{"), "the Value linkyMeters must be a JSON list: [{"),
    ("no list", put(linkyMeters='{"prm": "1"}'), "the Value linkyMeters must be a JSON list: [{"),
    ("no objects", put(linkyMeters="[1]"), "the Value linkyMeters must be a JSON list: [{"),
    ("no objects inside", put(linkyMeters="[[]]"), "the Value linkyMeters must be a JSON list: [{"),
    ("no PRM", listing({"flows": "both"}), "entry 1 of the Value linkyMeters: a PRM has 14 digits, without spaces"),
    ("flows", listing({"prm": OTHER_PRM, "flows": ["heat"]}), "flows in entry 1 of the Value linkyMeters must be"),
    ("unknown field", listing({"prm": OTHER_PRM, "flow": "both"}), "1 unknown fields, known are prm, flows, token"),
    ("no name of a Value", listing({"prm": OTHER_PRM, "token": "a.b.c"}), "token must be the name of a Value, never"),
    ("no such Value", listing({"prm": OTHER_PRM, "token": "token9"}), "the Value token9 holds no token: create the"),
    ("twice", listing({"prm": OTHER_PRM}, {"prm": OTHER_PRM, "flows": "both"}),
     "entry 2 of the Value linkyMeters: consumption of this meter stands in an entry before it, remove one of the two"),
]  # fmt: skip


@pytest.mark.parametrize(("make", "words"), [each[1:] for each in VALUES], ids=[each[0] for each in VALUES])
def test_a_wrong_value(around: Atlas, make: Break, words: str) -> None:
    make(around)
    execution = refused(around, words)
    assert_recorded(around, execution)
    assert around.standin.requests == []
    refused(around, words, "watchFreshness")
    around.values.clear()
    assert_healed(around)


@pytest.mark.parametrize("text", ["[]", " [ ] ", "auto", []])
def test_a_list_without_meters_is_no_list(around: Atlas, text: Any) -> None:
    around.values["linkyMeters"] = text
    assert_healed(around)


def test_the_only_meter_of_the_token_needs_no_prm(around: Atlas) -> None:
    around.values["linkyPrm"] = "auto"
    assert_healed(around)


def test_a_token_of_several_meters_needs_one(around: Atlas) -> None:
    around.secrets[TOKEN_SECRET] = around.standin.token_for(around.prm, OTHER_PRM)
    around.values["linkyPrm"] = "auto"
    assert_recorded(around, refused(around, "the token opens several meters (…9999, …9991): set the Value linkyPrm to"))


@pytest.mark.parametrize("missing", [None, "", "  ", "auto"])
def test_no_value_but_the_token_is_needed(mongo_uri: str, missing: str | None) -> None:
    """The names, the address and the meter are known, or can be told: both functions do their work."""
    own = MongoClient[Any](mongo_uri, tz_aware=True)
    own.drop_database("electricity")
    try:
        with atlas(own["electricity"], DAY) as around:
            asked: list[str] = []

            def at_the_gateway(request: Request) -> Reply:
                asked.append(request.url)
                return send(replace(request, url=request.url.replace(GATEWAY, around.standin.url)))

            around.without_own_values = True
            around.values = {} if missing is None else dict.fromkeys(DEFAULTS, missing)
            assert around.run(http=at_the_gateway).error is None
            assert len(around.stored()) == 7 * 48
            around.assert_identical()
            assert around.run("watchFreshness", http=at_the_gateway).result["series"] == 1
            assert [url.partition("/courbe")[0] for url in asked] == [GATEWAY]
    finally:
        own.drop_database("electricity")
        own.close()


@pytest.mark.parametrize(
    ("there", "error"), [("Cluster0", None), ("Cluster9", "mongodb-atlas or Cluster0: link the cl")]
)
def test_a_data_source_that_nobody_names(around: Atlas, there: str, error: str | None) -> None:
    execution = around.run(service=there)
    assert (error or "None") in str(execution.error)
    assert (around.runs() == []) is (error is not None)


def test_all_that_is_wrong_is_told_at_once(around: Atlas) -> None:
    around.values |= {"linkyMaxPowerW": "x", "linkyApiUrl": "x", "linkyPrm": "1"}
    execution = refused(around, "the Value linkyMaxPowerW must be")
    assert all(name in str(execution.error) for name in around.values)
    around.values["linkyMeters"] = json.dumps([{"prm": str(number)} for number in range(300)])
    execution = refused(around, "entry 1 of the Value linkyMeters: a PRM has 14 digits")
    assert "and 297 more like these" in str(execution.error)
    assert_recorded(around, execution)


# --- the store --------------------------------------------------------------------------------------------------------


def test_a_service_that_does_not_exist(around: Atlas) -> None:
    around.values["mongodbService"] = "Cluster9"
    words = "the app has no data source named Cluster9: link the cluster, or correct the Value mongodbService"
    refused(around, words)
    refused(around, words, "watchFreshness")
    assert around.runs() == []
    around.values.clear()
    assert_healed(around)


def regular_in_place_of_the_mirror(around: Atlas) -> None:
    around.pair.mirror.drop()
    around.database.create_collection(around.pair.mirror.name)


STORES: list[tuple[str, Break, str]] = [
    ("never created", lambda around: [around.pair.mirror.drop(), around.database[SCHEMA].drop()], "was never created"),
    ("dropped", lambda around: around.pair.mirror.drop(), "the time-series collection consumptionTS is gone"),
    ("regular", regular_in_place_of_the_mirror, "consumptionTS is not a time-series collection: rename or drop it"),
    ("no record", lambda around: around.pair.record.drop(), "the collection consumption was never created"),
    ("no key", lambda around: around.pair.record.drop_index(KEY_NAME), "lacks its unique index series_1_ts_1"),
    ("one for both", put(linkyCollection="consumptionTS"), "the time-series collection consumptionTS of consumptionTS"),
]  # fmt: skip


@pytest.mark.parametrize(("spoil", "words"), [each[1:] for each in STORES], ids=[each[0] for each in STORES])
def test_a_store_that_is_not_as_it_must_be(around: Atlas, spoil: Break, words: str) -> None:
    """Nothing is made in its place: an insert would silently make a regular collection."""
    spoil(around)
    names = {"sync_runs", *around.database.list_collection_names()}
    execution = refused(around, words)
    assert "run python -m sync backfill once with this database, it creates both collections" in str(execution.error)
    assert_recorded(around, execution)
    assert around.standin.requests == []
    refused(around, words, "watchFreshness")
    assert set(around.database.list_collection_names()) == names
    if "rename or drop" in words:
        around.pair.mirror.drop()
    around.values.clear()
    ensure_pair(around.pair)  # as backfill does before its first call
    assert_healed(around)


def test_a_database_of_another_name(around: Atlas) -> None:
    """A typing error: nothing but the record of the run is written there."""
    wrong = f"{around.database.name}x"
    around.values["mongodbDatabase"] = wrong
    try:
        refused(around, "was never created: run python -m sync backfill once with this database")
        assert around.database.client[wrong].list_collection_names() == ["sync_runs"]
    finally:
        around.database.client.drop_database(wrong)
    around.values.clear()
    assert_healed(around)


# --- answers ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("emptyobject@1", "neither the V2 nor the V5 shape; top-level fields: none"),
    ],
)
def test_an_answer_of_unknown_shape(around: Atlas, fault: str, words: str) -> None:
    around.standin.faults = parse_faults(fault)
    execution = refused(around, "an answer of unknown shape, the API may have changed: look for a newer version")
    assert words in str(execution.error)
    assert_recorded(around, execution)
    (entry,) = around.runs()[-1]["series"]
    assert (entry["state"], entry["status"]) == ("failed", 200)
    assert around.stored() == {}
    assert_healed(around)


def shaped(**changes: Any) -> dict[str, Any]:
    points = [{"v": "100", "d": "2026-11-10 00:30:00", "p": "PT30M", "n": "B", "iv": "0", "ec": "0"}]
    measured = {"grandeurMetier": "CONS", "grandeurPhysique": "PA", "unite": "W", "points": points}
    return {"idPrm": "99999999999999", "grandeur": [measured | changes]}


SHAPES: list[tuple[Any, str]] = [
    ([], "the answer is not an object"),
    (None, "the answer is not an object"),
    ({"error": None, "data": []}, "neither the V2 nor the V5 shape; top-level fields: data, error"),
    (shaped() | {"idPrm": OTHER_PRM}, "it is of another meter than the one asked for"),
    (shaped() | {"grandeur": {}}, "`grandeur` is not a list of objects"),
    (shaped(unite="kW"), "unit is 'kW', asked was 'W'"),
    (shaped(grandeurMetier="PROD"), "0 entries for CONS/PA among 1"),
    (shaped(points="none"), "the points are not a list of objects"),
    (shaped(points=[{"v": "1"}]), "point 1 has no time"),
    (shaped(points=[{"d": "2026-11-10 00:30:00"}]), "point 1 has no 'v'"),
    ({"interval_reading": [], "usage_point_id": "99999999999999"}, "unit is 'null', asked was 'W'"),
]


@pytest.mark.parametrize(("answer", "words"), SHAPES, ids=[words for _, words in SHAPES])
def test_an_answer_of_another_shape(around: Atlas, answer: Any, words: str) -> None:
    with serving() as gateway:
        gateway.replies = [says(200, json.dumps(answer).encode())]
        around.values["linkyApiUrl"] = f"{gateway.url}/api"
        assert_recorded(around, refused(around, words))
        assert len(gateway.requests) == 1
    around.values.clear()
    assert_healed(around)


REFUSALS = [
    (400, {"message": "Paramètres invalides"}, "refused the call (HTTP 400), look for a newer version if it stays so"),
    (404, {"message": "nowhere"}, "correct the Value linkyApiUrl, the address does not exist (HTTP 404): nowhere"),
    (301, {}, "the gateway refused the call (HTTP 301), look for a newer version if it stays so: no text"),
    (403, "<!DOCTYPE html><p>blocked</p>", "the gateway has blocked this address (HTTP 403 of its firewall): disable"),
    (400, {"error": {"error": "ADAM-ERR0075"}}, "switch on hourly recording and collection in the Enedis account"),
    (500, {"message": "Erreur inconnue"}, "the next run asks again, the gateway has trouble (HTTP 500): Erreur"),
    (400, {"message": "é😀" * 900}, "look for a newer version if it stays so: é??é??"),
    (400, {"message": "€" * 900}, "look for a newer version if it stays so: €€€€"),
]  # fmt: skip


@pytest.mark.parametrize(("status", "body", "words"), REFUSALS, ids=[f"{each[0]} {each[2][:30]}" for each in REFUSALS])
def test_a_refusal_of_the_gateway(around: Atlas, status: int, body: Any, words: str) -> None:
    with serving() as gateway:
        gateway.replies = [says(status, (body if isinstance(body, str) else json.dumps(body)).encode())]
        around.values["linkyApiUrl"] = f"{gateway.url}/api"
        assert_recorded(around, refused(around, words))
    around.values.clear()
    around.go_to(DAY + timedelta(days=1))  # an address that was blocked is left in peace until midnight
    execution = around.run()
    assert execution.error is None, execution.error
    assert len(around.stored()) == 7 * 48  # where nothing was ever loaded, the last week
    around.assert_identical()


def test_one_bad_answer_leaves_the_others_right(database: Database[Any]) -> None:
    """What came whole is stored, the rest by the next run: nothing in between stays."""
    with atlas(database, DAY) as around:
        around.values["linkyFlows"] = "both"
        around.standin.faults = parse_faults("emptyobject@1")
        execution = refused(around, "an answer of unknown shape, the API may have changed: look for a newer version")
        assert "1 of 2 series failed: linky …9999 consumption: an answer" in str(execution.error)
        assert_recorded(around, execution)
        states = {entry["series"].rsplit(":")[-1]: entry["state"] for entry in around.runs()[-1]["series"]}
        assert states == {"consumption": "failed", "production": "done"}
        around.assert_identical()
        assert around.pair.record.count_documents({}) == 7 * 48
        assert_healed(around)
        assert around.pair.record.count_documents({}) == 2 * 7 * 48
        assert len(around.standin.requests) == 3


# --- what people reported of the live gateway -------------------------------------------------------------------------


def days_stored(around: Atlas, flow: str = "consumption") -> int:
    return around.pair.record.count_documents({"series.flow": flow}) // 48


def test_a_span_that_is_refused_is_asked_for_in_two_parts(around: Atlas) -> None:
    around.standin.faults = parse_faults("span7@*1")
    assert around.run().error is None
    assert [request.status for request in around.standin.requests] == [400, 200, 200]
    assert days_stored(around) == 7
    around.assert_identical()
    around.go_to(DAY, AFTERNOON)
    assert around.run().error is None
    assert len(around.standin.requests) == 3


def test_an_end_of_today_that_is_refused_costs_the_last_day_alone(around: Atlas) -> None:
    around.standin.faults = parse_faults("endtoday@*1")
    for morning in range(3):
        around.go_to(DAY + timedelta(days=morning))
        before = len(around.standin.requests)
        execution = around.run()
        assert execution.error is None, execution.error
        assert [request.status for request in around.standin.requests[before:]] == [400, 200]
        assert days_stored(around) == 6 + morning
    around.standin.faults = parse_faults("")
    around.go_to(DAY + timedelta(days=2), AFTERNOON)
    assert around.run().error is None
    assert days_stored(around) == 9
    around.assert_identical()


@pytest.mark.parametrize(
    ("fault", "words", "loaded"),
    [
        ("curve500@*1", "2 of 4 series failed", {"consumption": 0, "production": 14}),
        ("noprodcurve@2026-01-01..2027-12-31", "", {"consumption": 14, "production": 0}),
        ("emptyobject@1", "1 of 4 series failed", {"consumption": 7, "production": 14}),
    ],
)
def test_one_kind_of_call_does_not_starve_the_others(
    database: Database[Any], fault: str, words: str, loaded: dict[str, int]
) -> None:
    with atlas(database, DAY, meters=2) as around:
        one, other = around.standin.meters
        around.values["linkyMeters"] = json.dumps([{"prm": one, "flows": "both"}, {"prm": other, "flows": "both"}])
        around.standin.faults = parse_faults(fault)
        execution = around.run()
        assert {flow: days_stored(around, flow) for flow in loaded} == loaded
        assert words in str(execution.error)
        assert (execution.error is None) == (not words)
        around.standin.faults = parse_faults("")
        around.go_to(DAY, AFTERNOON)
        assert around.run().error is None
        assert {flow: days_stored(around, flow) for flow in loaded} == {"consumption": 14, "production": 14}


def test_no_service_says_what_to_do(around: Atlas) -> None:
    around.standin.faults = parse_faults("err0191@2026-01-01..2027-12-31")
    refused(around, "Enedis has no service subscribed for these days: give the consent again at https://conso.boris.sh")
