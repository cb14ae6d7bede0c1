"""One polite HTTP session: identifies itself, counts every attempt in the budget, repeats passing failures a few times.

Waiting and retrying live here and in `budget.py` alone.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import requests
from urllib3.exceptions import HTTPError

from .. import VERSION
from ..model.clock import Clock
from ..model.errors import Banned, CallLimit, RateLimited, RetriableError
from ..model.words import counted
from .body import ACCEPTED, TooMuch, whole_body
from .budget import Budget, Turn, is_loopback

TIMEOUT = (10, 60)  # s to connect, s between bytes
PAUSES = (5.0, 30.0)  # s before the second and the third attempt
LONGEST_WAIT = 120.0  # s; a longer rate limit is left to whoever asked: stop, or come back then
LONGEST_GET = 300.0  # s from the first attempt to the start of the last: whoever asked holds up others meanwhile
LONGEST_RETRY = 86_400  # s; a Retry-After beyond a day is cut to it


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: HTTP status, media type, the whole body as text, and the headers (names in small letters)."""

    status: int
    media_type: str
    text: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False, compare=False)

    def retry_after(self, now: datetime) -> datetime | None:
        """When the server wants to be asked again (UTC), of `Retry-After` in either form; None when it does not say."""
        said = self.headers.get("retry-after", "").strip()
        if said.isascii() and said.isdigit():
            return now + timedelta(seconds=min(int(said), LONGEST_RETRY))
        return _date(said)

    @property
    def date(self) -> datetime | None:
        """The server's own clock (UTC), if it said."""
        return _date(self.headers.get("date", ""))


class Transport:
    """GET with budget and retries. `explain` maps an answer that is not a 200 (or None for no answer) to an error.

    tell: hears why it waits before it asks again, and how long. pauses: s before each further attempt; none: one only.
    """

    def __init__(
        self,
        budget: Budget,
        clock: Clock,
        contact: str = "",
        max_calls: int | None = None,
        tell: Callable[[str], None] = lambda _: None,
        *,
        pauses: Sequence[float] = PAUSES,
    ) -> None:
        self.budget = budget
        self.max_calls = max_calls
        self.tell = tell
        self.calls = 0
        self._clock = clock
        self._pauses = pauses
        self._session = requests.Session()
        self._session.headers["User-Agent"] = f"linky-atlas/{VERSION}" + (f" (+{contact})" if contact else "")
        self._session.headers["Accept"] = "application/json"
        self._session.headers["Accept-Encoding"] = ACCEPTED
        self._session.auth = lambda request: request  # else an entry of ~/.netrc would replace the token

    def get(
        self,
        url: str,
        query: Mapping[str, str],
        headers: Mapping[str, str],
        explain: Callable[[Answer], Exception | None],
        turn: Turn | None = None,
    ) -> Answer:
        """The answer that `explain` finds nothing wrong with. Raises what it returns, BudgetSpent or RetriableError.

        turn: what the call is about, where the host limits that; a pause it asks for is then kept by all processes.
        """
        pauses = list(self._pauses)
        limits = 0
        self._count(turn)
        began = self._clock.now()
        while True:
            try:
                return self._ask(url, query, headers, explain)
            except RateLimited as limited:
                trouble: RetriableError = limited
                if turn:
                    self.budget.hold(turn, limited.until)
                pause = max(1.0, (limited.until - self._clock.now()).total_seconds() + random.uniform(1, 20))
                limits += 1
                if pause > LONGEST_WAIT or limits > len(self._pauses):
                    raise
            except RetriableError as error:
                trouble = error
                if not pauses:
                    raise
                pause = pauses.pop(0) * random.uniform(1, 1.3)
            if self._since(began) + pause > LONGEST_GET:
                raise trouble
            self.tell(f"{trouble}: asking again in {math.ceil(pause)} s")
            self._clock.sleep(pause)
            self._count(turn)

    def _count(self, turn: Turn | None) -> None:
        """Count one attempt, before it is made."""
        if self.max_calls is not None and self.calls >= self.max_calls:
            raise CallLimit(f"{counted(self.max_calls, 'call')} allowed for this run, all made: run again to go on")
        self.budget.take(turn)
        self.calls += 1

    def _ask(
        self,
        url: str,
        query: Mapping[str, str],
        headers: Mapping[str, str],
        explain: Callable[[Answer], Exception | None],
    ) -> Answer:
        answer = self._send(url, query, headers)
        error = explain(answer)
        if isinstance(error, Banned):
            self.budget.close_day("the gateway has blocked this address")
        if error:
            raise error
        return answer

    def _send(self, url: str, query: Mapping[str, str], headers: Mapping[str, str]) -> Answer:
        """One attempt. An answer that ends early is no answer, however well it would parse."""
        host = self.budget.host
        self._session.trust_env = not is_loopback(url)  # no proxy stands between us and a server of this machine
        began = self._clock.now()
        try:
            with self._session.get(
                url, params=query, headers=headers, timeout=TIMEOUT, stream=True, allow_redirects=False
            ) as response:
                body = whole_body(response, lambda: self._since(began))
                media_type = response.headers.get("Content-Type", "").partition(";")[0].strip().lower()
                headers = {name.lower(): text for name, text in response.headers.items()}
                return Answer(response.status_code, media_type, body.decode("utf-8", "replace"), headers)
        except (requests.RequestException, HTTPError) as error:
            # The text of a requests error holds the address with the PRM in it: only its kind is told.
            kind = type(error).__name__
            raise RetriableError(f"no whole answer from {host} ({kind}): check the network, run again") from None
        except TooMuch as much:
            raise RetriableError(f"{host} {much}") from None

    def _since(self, moment: datetime) -> float:
        """Seconds from `moment` to now."""
        return (self._clock.now() - moment).total_seconds()


def _date(text: str) -> datetime | None:
    """An HTTP date in UTC; None for anything else."""
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
