"""A stand-in whose clock a test moves, and a keep-alive client that holds its token."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
import requests

from sync.standin.household import HOUSEHOLD_PRM
from sync.standin.linky import LinkyStandin
from tests.waiting import PATIENCE

NOON = datetime(2026, 7, 17, 10, 0, tzinfo=UTC)


class MovingClock:
    """`clock()` is `clock.moment` (aware UTC), which tests set."""

    def __init__(self) -> None:
        self.moment = NOON

    def __call__(self) -> datetime:
        return self.moment


class Client:
    """Asks one stand-in over one keep-alive connection, with its token."""

    def __init__(self, standin: LinkyStandin) -> None:
        self.standin = standin
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.headers["Authorization"] = f"Bearer {standin.token}"

    def get(self, route: str, start: str, end: str, prm: str = HOUSEHOLD_PRM, **more: str) -> requests.Response:
        params = {"pointId": prm, "dateDebut": start, "dateFin": end, **more}
        return self.session.get(f"{self.standin.url}/{route}", params=params, timeout=PATIENCE)

    def curve(self, start: str, end: str, prm: str = HOUSEHOLD_PRM) -> list[dict[str, Any]]:
        """V2 points of the consumption load curve."""
        answer = self.get("courbe_de_charge_consommation", start, end, prm)
        assert answer.status_code == 200, answer.text
        points: list[dict[str, Any]] = answer.json()["grandeur"][0]["points"]
        return points

    def daily(self, start: str, end: str, prm: str = HOUSEHOLD_PRM) -> dict[str, str]:
        """V2 daily totals: local day → Wh."""
        answer = self.get("consommation_quotidienne", start, end, prm)
        assert answer.status_code == 200, answer.text
        return {point["d"]: point["v"] for point in answer.json()["grandeur"][0]["points"]}


@pytest.fixture
def clock() -> MovingClock:
    return MovingClock()


@pytest.fixture
def start(clock: MovingClock) -> Iterator[Callable[..., Client]]:
    """`start(**options)` runs a stand-in on the moving clock and gives a client of it."""
    clients: list[Client] = []

    def begin(**options: Any) -> Client:
        client = Client(LinkyStandin(**({"now": clock} | options)))
        clients.append(client)
        return client

    yield begin
    for client in clients:
        client.session.close()
        client.standin.close()


@pytest.fixture
def client(start: Callable[..., Client]) -> Client:
    return start()
