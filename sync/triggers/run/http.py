"""HTTP of `trigger run`: every request counted in the budget that the loader uses, for each host its own."""

from __future__ import annotations

import threading
from dataclasses import replace
from urllib.parse import urlsplit

from ... import VERSION
from ...http.budget import Budget, Turn, budget_limit, host_of, is_loopback
from ...http.transport import Answer
from ...model.clock import Clock
from ...model.errors import Banned
from ...settings import Settings
from ...sources import SOURCES
from ...sources.linky.answers import explain
from .web import Reply, Request, RequestFailed, send

OPEN = tuple(entry for entry in SOURCES.values() if entry.has_api and not entry.is_personal)
OPEN_CALLS_PER_DAY = 1000  # a host of open data bans nobody for a hundred calls


class PoliteHttp:
    """Sends the requests of a function. Raises BudgetSpent instead of making a call too many."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._budgets: dict[str, Budget] = {}
        self._lock = threading.Lock()
        contact = f" (+{settings.sync_contact})" if settings.sync_contact else ""
        self._agent = f"linky-atlas/{VERSION}{contact}"

    def __call__(self, request: Request) -> Reply:
        """One request, counted before it is made."""
        if urlsplit(request.url).scheme not in ("http", "https") or not urlsplit(request.url).hostname:
            raise RequestFailed("the address of a request must be http://… or https://…: check the Value linkyApiUrl")
        budget = self._budget(request.url)
        budget.take(self._turn(request.url))
        named = any(name.lower() == "user-agent" for name in request.headers)
        headers = request.headers if named else {**request.headers, "User-Agent": [self._agent]}
        reply = send(replace(request, headers=headers))
        media_type = next((text[0] for name, text in reply.headers.items() if name.lower() == "content-type"), "")
        answer = Answer(
            reply.status, media_type.partition(";")[0].strip().lower(), reply.body.decode("utf-8", "replace")
        )
        if not self._is_open(request.url) and isinstance(explain(answer, self._clock.now()), Banned):
            budget.close_day("the gateway has blocked this address")
        return reply

    def _budget(self, url: str) -> Budget:
        with self._lock:
            if host_of(url) not in self._budgets:
                limit = self._limit(url)
                spacing = self._settings.sync_request_spacing
                self._budgets[host_of(url)] = Budget(url, limit, spacing, self._clock)
            return self._budgets[host_of(url)]

    def _limit(self, url: str) -> int | None:
        if self._is_open(url):
            return None if is_loopback(url) else OPEN_CALLS_PER_DAY
        return budget_limit(url, self._settings.sync_calls_per_day, "SYNC_CALLS_PER_DAY" in self._settings.given)

    def _is_open(self, url: str) -> bool:
        """Whether this is an API of open data, which counts calls otherwise than the gateway."""
        bases = [entry.api_url(self._settings) for entry in OPEN]
        return any(url.startswith(f"{base}/") for base in bases)

    def _turn(self, url: str) -> Turn | None:
        """The dataset that a call is for, where its API counts by dataset: the loader's calls count, too."""
        for entry in OPEN:
            base = entry.api_url(self._settings)
            for dataset in entry.connect(self._settings).datasets:
                if dataset.spacing and url.startswith(f"{base}/dataset/{dataset.name}?"):
                    return Turn(dataset.name, dataset.spacing)
        return None
