"""The client on a real connection: the present routes, and answers nobody knows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sync.http.budget import Budget
from sync.http.transport import Transport
from sync.model.errors import UnknownAnswer
from sync.sources.linky.client import LinkyClient
from sync.sources.linky.meter import Meter
from tests.clock import FakeClock
from tests.scripted import PRM, TOKEN, Server, says, secretless, serving


@pytest.fixture
def server() -> Iterator[Server]:
    with serving() as server:
        yield server


@pytest.fixture
def client(server: Server, tmp_path: Path) -> LinkyClient:
    meter, clock = Meter(PRM, TOKEN, ("consumption", "production")), FakeClock()
    transport = Transport(Budget(server.url, None, 0.0, clock, tmp_path / "state"), clock)
    return LinkyClient(transport, server.url + "/api", meter, clock, tmp_path / "answers")


def answer(quantity: str, unit: str, trade: str, point: dict[str, str]) -> dict[str, Any]:
    entry = {"grandeurMetier": trade, "grandeurPhysique": quantity, "unite": unit, "points": [point]}
    return {"idPrm": PRM, "grandeur": [entry]}


def test_the_client_asks_the_present_routes(server: Server, client: LinkyClient) -> None:
    start, end = datetime(2026, 7, 1, tzinfo=UTC).date(), datetime(2026, 7, 8, tzinfo=UTC).date()
    for flow, trade in (("consumption", "CONS"), ("production", "PROD")):
        server.replies = [says(200, answer("PA", "W", trade, {"v": "8", "d": "2026-07-01 00:30:00"}))]
        assert client.curve(flow, start, end)[0].value == "8"
        server.replies = [says(200, answer("EA", "Wh", trade, {"v": "9", "d": "2026-07-01"}))]
        assert client.totals(flow, start, end).wh == {start: 9}
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


@pytest.mark.parametrize(
    "body",
    [
        {"idPrm": PRM, "new": TOKEN},
        {PRM: {"grandeur": []}},
        {"Bearer " + TOKEN: 1},
        {"idPrm": PRM, "grandeur": [{"unite": PRM}]},
    ],
)
def test_an_unknown_answer_is_kept_without_the_meter(server: Server, client: LinkyClient, body: dict[str, Any]) -> None:
    server.replies = [says(200, body)]
    day = datetime(2026, 7, 1, tzinfo=UTC).date()
    with pytest.raises(UnknownAnswer) as unknown:
        client.curve("consumption", day, day + timedelta(days=1))
    message = secretless(unknown.value)
    (kept,) = client.kept.iterdir()
    assert str(kept) in message
    text = kept.read_text(encoding="utf-8")
    assert PRM not in text
    assert TOKEN not in text
    assert text
    assert len(server.requests) == 1
    assert "…0844" in text or "<token>" in text
