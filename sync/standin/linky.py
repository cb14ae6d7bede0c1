"""A stand-in for the Linky gateway (Conso API): a local server that answers as the real one does.

For demos without a meter, for tests and for load. In a test:

    with LinkyStandin(faults=parse_faults("429@5")) as standin:
        requests.get(f"{standin.url}/courbe_de_charge_consommation", params=…, headers={"Authorization": …})
        assert standin.requests[-1].status == 200

It keeps the gateway's rules as ../shared/docs/linky.md §1 tells them, its ban included, and serves every type of the
API in both generations. The shapes are those of recorded answers; what no recording shows is said where it is made up.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from threading import Lock, Thread
from types import TracebackType
from typing import Self
from urllib.parse import parse_qsl

from ..model.errors import UsageError
from ..model.localtime import PARIS
from ..model.readings import mask
from . import gateway, refusals, tokens
from .answers import Period, Route
from .curve import Meter, household_meters
from .days import Now, clock_for, real_now
from .faults import NO_FAULTS, Faults
from .gateway import Query
from .refusals import Refused
from .replies import BANNED, EMPTY, NO_SUCH_PAGE, Reply, hindered, instead, json_reply, refusal_reply
from .server import Server
from .spoil import SpoiltCurve

SIGNING_KEY = "this key signs the tokens of a stand-in, and opens nothing else"
TOKEN_DAYS = 1094
BAN_AFTER = 100


@dataclass(frozen=True, slots=True)
class RequestRecord:
    """A request as it came and what became of it. `route` is the type; status 0 = connection reset; `at` is UTC.

    `prm`, `start` and `end` are the raw parameters, None where not given.
    """

    number: int
    method: str
    route: str
    prm: str | None
    start: str | None
    end: str | None
    status: int
    at: datetime


class LinkyStandin:
    """The server: runs from construction until `close()`, on 127.0.0.1 only, in daemon threads.

    meters: usage point → meter, one generated household by default. now: aware UTC clock; by default the real one, with
    meters from a file one set to the day after their last. ban_after: requests per UTC day of `now` before the address
    is banned, None for never. activation: a range that begins before this local day is refused. log: called with each
    request, in the thread that answers it.
    Raises UsageError when the port is taken.
    """

    def __init__(
        self,
        *,
        meters: Mapping[str, Meter] | None = None,
        now: Now | None = None,
        faults: Faults = NO_FAULTS,
        port: int = 0,
        activation: date | None = None,
        ban_after: int | None = BAN_AFTER,
        key: str = SIGNING_KEY,
        log: Callable[[RequestRecord], None] | None = None,
    ) -> None:
        self.meters = dict(household_meters() if meters is None else meters)
        self.now = now or clock_for(self.meters.values())
        self.activation = activation
        self.ban_after = ban_after
        self._key = key
        self._log = log
        self._lock = Lock()
        self._records: list[RequestRecord] = []
        self._per_day: Counter[date] = Counter()
        self._banned = False
        self._faults = faults
        self._since_faults = 0
        try:
            self._server = Server(port, self.answer, self.now)
        except (OSError, OverflowError) as error:
            raise UsageError(f"port {port} cannot be used ({error}): choose another, or 0 for a free one") from None
        self._thread = Thread(target=self._server.serve_forever, args=(0.05,), daemon=True, name="linky stand-in")
        self._thread.start()

    @property
    def port(self) -> int:
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        """Base of the API, for LINKY_API_URL."""
        return f"http://127.0.0.1:{self.port}/api"

    @property
    def token(self) -> str:
        """A token that opens all meters for about three years. The same key makes it valid after a restart too."""
        return self.token_for(*self.meters)

    def token_for(self, *prms: str, expires: datetime | None = None) -> str:
        """A token signed by this stand-in for some usage points; `expires` is aware, by default in three years."""
        issued = max(self.now(), real_now())
        ends = expires or issued + timedelta(days=TOKEN_DAYS)
        return tokens.issue(self._key, prms, issued, ends)

    @property
    def today(self) -> date:
        """The Paris local day of the stand-in's clock; the day before is the newest with points."""
        return self.now().astimezone(PARIS).date()

    @property
    def first(self) -> date:
        """A local day from which two years, or what there is of them, can be fetched."""
        known = [gateway.months_before(self.today, 24), self.activation]
        known += [meter.first_day for meter in self.meters.values()]
        return max(day for day in known if day is not None)

    @property
    def requests(self) -> list[RequestRecord]:
        """All requests to the API so far, oldest first (a copy)."""
        with self._lock:
            return list(self._records)

    @property
    def banned(self) -> bool:
        return self._banned

    def unban(self) -> None:
        """Lift the ban and forget the requests of today."""
        with self._lock:
            self._banned = False
            self._per_day.clear()

    @property
    def faults(self) -> Faults:
        """The faults in force. Setting them starts the count of requests for `kind@n` anew."""
        return self._faults

    @faults.setter
    def faults(self, faults: Faults) -> None:
        with self._lock:
            self._faults = faults
            self._since_faults = 0

    def close(self) -> None:
        """Stop: no new connection, the open ones are closed. Safe to call twice."""
        self._server.stop()
        self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def answer(self, method: str, target: str, authorization: str | None) -> Reply:
        """The reply to a request: `target` is its path with query. Counts and records it unless it is for `/`."""
        path, _, parameters = target.partition("?")
        if path == "/" and method == "GET":
            return self._home()
        if not path.startswith("/api/"):
            return NO_SUCH_PAGE
        # The first of a repeated parameter counts, as in the gateway.
        given = dict(reversed(parse_qsl(parameters, keep_blank_values=True)))
        query = Query.of(path.removeprefix("/api/"), given)
        now = self.now().astimezone(UTC)
        with self._lock:
            self._since_faults += 1
            self._per_day[now.date()] += 1
            self._banned |= self.ban_after is not None and self._per_day[now.date()] > self.ban_after
            spoilt = self._faults.of_request(self._since_faults)
            banned = self._banned
        reply = BANNED if banned else self._reply(method, query, authorization, spoilt)
        with self._lock:
            number = len(self._records) + 1
            record = RequestRecord(number, method, query.type, query.prm, query.start, query.end, reply.status, now)
            self._records.append(record)
        if self._log:
            self._log(record)
        return reply

    def _reply(self, method: str, query: Query, authorization: str | None, spoilt: dict[str, float]) -> Reply:
        replaced = instead(spoilt, self.now())
        if replaced:
            return hindered(replaced, spoilt)
        if method == "OPTIONS":
            return EMPTY
        try:
            if method != "GET":
                raise Refused(refusals.WRONG_METHOD)
            route, period = gateway.check(query)
            self._authorize(authorization, period.prm)
            if "v5" in spoilt:
                route = Route(route.name, route.measure, route.flow, legacy=True)
            reply = json_reply(self._measure(route, period, query))
        except Refused as refused:
            reply = refusal_reply(refused.refusal)
        return hindered(reply, spoilt)

    def _authorize(self, authorization: str | None, prm: str) -> None:
        words = (authorization or "").split(" ")
        if len(words) < 2 or not words[1]:
            raise Refused(refusals.NO_TOKEN)
        if not tokens.opens(self._key, words[1], prm, self.now()):
            raise Refused(refusals.BAD_TOKEN)

    def _measure(self, route: Route, period: Period, query: Query) -> dict[str, object]:
        meter = self.meters.get(period.prm)
        if meter is None:
            raise Refused(refusals.NO_CONSENT)
        today = self.today
        span = gateway.asked_days(route, period, today, self.activation)
        if route.flow not in meter.flows:
            raise Refused(refusals.WRONG_FLOW)
        curve = SpoiltCurve(meter.flows[route.flow], self.faults, today)
        return gateway.measure(route, period, span, curve, query)

    def _home(self) -> Reply:
        with self._lock:
            used = self._per_day[self.now().astimezone(UTC).date()]
        about = "a stand-in for the Linky gateway: nothing here comes from Enedis"
        shown = [mask(prm) for prm in self.meters]
        state = {"today": self.today.isoformat(), "requests_today": used, "banned": self.banned}
        return json_reply({"about": about, "meters": shown, "first": self.first.isoformat(), **state})
