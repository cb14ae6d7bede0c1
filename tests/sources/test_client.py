"""The client on a real connection: the present routes, and answers nobody knows."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from pymongo.database import Database

from sync.http.budget import Budget
from sync.http.transport import Transport
from sync.load.backfill import Backfill
from sync.load.plan import Wish
from sync.load.progress import Silence
from sync.load.report import Loader
from sync.model.errors import UnknownAnswer
from sync.model.window import CURVE, DAILY, Window
from sync.settings import DEFAULT_COLLECTIONS
from sync.sources.linky.api import Linky
from sync.sources.linky.meter import Meter
from sync.store.ledger import Ledger
from sync.store.schema import ensure_pair, pair
from sync.store.writer import PairWriter
from tests.clock import FakeClock
from tests.scripted import PRM, TOKEN, Server, says, secretless, serving

FIRST = date(2026, 7, 1)


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as server:
        yield server


@pytest.fixture
def loads(server: Server, database: Database[Any], tmp_path: Path) -> dict[tuple[str, str], Backfill]:
    """The loads of one meter by kind and flow."""
    linky, clock = Linky(server.url + "/api", [Meter(PRM, TOKEN, ("consumption", "production"))]), FakeClock()
    transport = Transport(Budget(server.url, None, 0.0, clock, tmp_path / "state"), clock)
    own = pair(database, "linky", DEFAULT_COLLECTIONS)
    ensure_pair(own)
    loader = Loader(own, Ledger(database), PairWriter(own, clock), clock)
    wish = Wish(Window(FIRST, FIRST + timedelta(days=7)), FIRST + timedelta(days=7))
    return {
        (dataset.kind, dataset.flow): Backfill(linky, dataset, wish, transport, loader, Silence(), tmp_path / "answers")
        for dataset in linky.datasets
    }


def answer(quantity: str, unit: str, trade: str, point: dict[str, str]) -> dict[str, Any]:
    entry = {"grandeurMetier": trade, "grandeurPhysique": quantity, "unite": unit, "points": [point]}
    return {"idPrm": PRM, "grandeur": [entry]}


def test_the_client_asks_the_present_routes(server: Server, loads: dict[tuple[str, str], Backfill]) -> None:
    for flow, trade in (("consumption", "CONS"), ("production", "PROD")):
        server.replies = [says(200, answer("PA", "W", trade, {"v": "8", "d": "2026-07-01 00:30:00", "p": "PT30M"}))]
        curve = loads[CURVE, flow]
        curve.run()
        assert [found["wh"] for found in curve.loader.pair.record.find(curve.key.query())] == [4]
        server.replies = [says(200, answer("EA", "Wh", trade, {"v": "9", "d": "2026-07-01"}))]
        totals = loads[DAILY, flow]
        totals.run()
        assert totals.loader.ledger.totals(totals.key) == {FIRST: 9}
    asked = f"?pointId={PRM}&dateDebut=2026-07-01&dateFin=2026-07-08"
    assert [path for path, _ in server.requests] == [
        f"/api/{route}{asked}"
        for route in (
            "courbe_de_charge_consommation",
            "consommation_quotidienne",
            "courbe_de_charge_production",
            "production_quotidienne",
        )
    ]
    assert {headers["Authorization"] for _, headers in server.requests} == {f"Bearer {TOKEN}"}


@pytest.mark.parametrize(
    "body",
    [
        {"idPrm": PRM, "new": TOKEN},
        {PRM: {"grandeur": []}},
        {"Bearer " + TOKEN: 1},
        {"idPrm": PRM, "grandeur": [{"unite": PRM}]},
    ],
)
def test_an_unknown_answer_is_kept_without_the_meter(
    server: Server, loads: dict[tuple[str, str], Backfill], body: dict[str, Any]
) -> None:
    server.replies = [says(200, body)]
    curve = loads[CURVE, "consumption"]
    with pytest.raises(UnknownAnswer) as unknown:
        curve.run()
    message = secretless(unknown.value)
    (kept,) = curve.kept.iterdir()
    assert str(kept) in message
    text = gzip.decompress(kept.read_bytes()).decode()
    assert PRM not in text
    assert TOKEN not in text
    assert text
    assert len(server.requests) == 1
    assert "…0844" in text or "<token>" in text
