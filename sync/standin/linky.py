"""A stand-in for the Linky gateway (Conso API): a local server that answers as the real one does.

For demos without a meter, for tests and for load. In a test:

    with LinkyStandin(faults=parse_faults("429@5")) as standin:
        requests.get(f"{standin.url}/courbe_de_charge_consommation", params=…, headers={"Authorization": …})
        assert standin.requests[-1].status == 200

It keeps the gateway's rules as ../shared/docs/linky.md §1 tells them, its ban included, and serves every type of the
API in both generations. The shapes are those of recorded answers; what no recording shows is said where it is made up.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import ClassVar, Unpack

from ..model.localtime import PARIS
from ..model.readings import mask
from . import gateway, refusals, tokens
from .answers import Period, Route
from .curve import Meter, household_meters
from .days import clock_for, real_now
from .faults import DAY_KINDS, REQUEST_KINDS, Kind
from .gateway import Query
from .refusals import Refused
from .replies import BANNED, INSTEAD, NO_SUCH_PAGE, Reply, json_reply, refusal_reply
from .server import ODD, Options, Request, Standin
from .spoil import SpoiltCurve

SIGNING_KEY = "this key signs the tokens of a stand-in, and opens nothing else"
TOKEN_DAYS = 1094
BAN_AFTER = 100
DATE_TEXT = re.compile(r"\d{4}-\d\d-\d\d")


class LinkyRequest(Request):
    """`route` is the type of measures; `prm`, `start` and `end` are the raw parameters, None where not given."""

    @property
    def query(self) -> Query:
        """What is asked of the gateway."""
        return Query.of(self.path.removeprefix(LinkyStandin.base), self.given)

    @property
    def route(self) -> str:
        return self.query.type

    @property
    def prm(self) -> str | None:
        return self.query.prm

    @property
    def start(self) -> str | None:
        return self.query.start

    @property
    def end(self) -> str | None:
        return self.query.end

    @property
    def shown(self) -> str:
        """Without the whole usage point."""
        start, end = (text if text and DATE_TEXT.fullmatch(text) else "?" for text in (self.start, self.end))
        return f"{ODD.sub('?', self.route)[:40]} {mask(self.prm) if self.prm else '-'} {start}..{end}"


class LinkyStandin(Standin):
    """meters: usage point → meter, one generated household by default, whose clock is the real one; with meters from a
    file it is set to the day after their last. ban_after: requests per UTC day of `now` before the address is banned,
    None for never. activation: a range that begins before this local day is refused.
    """

    kinds: ClassVar[Mapping[str, Kind]] = REQUEST_KINDS
    day_kinds: ClassVar[Mapping[str, Kind]] = DAY_KINDS
    record = LinkyRequest
    base = "/api/"
    other_method = refusal_reply(refusals.WRONG_METHOD)

    def __init__(
        self,
        *,
        meters: Mapping[str, Meter] | None = None,
        activation: date | None = None,
        ban_after: int | None = BAN_AFTER,
        key: str = SIGNING_KEY,
        **options: Unpack[Options],
    ) -> None:
        self.meters = dict(household_meters() if meters is None else meters)
        self.activation = activation
        self.ban_after = ban_after
        self._key = key
        self._per_day: Counter[date] = Counter()
        self.banned = False
        super().__init__(**options | {"now": options.get("now") or clock_for(self.meters.values())})

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
        days = [gateway.months_before(self.today, 24), self.activation]
        days += [meter.first_day for meter in self.meters.values()]
        return max(day for day in days if day is not None)

    def unban(self) -> None:
        """Lift the ban and forget the requests of today."""
        with self._lock:
            self.banned = False
            self._per_day.clear()

    def beforehand(self, request: Request) -> Reply | None:
        """The ban, which is for all of an address."""
        with self._lock:
            self._per_day[request.at.date()] += 1
            self.banned |= self.ban_after is not None and self._per_day[request.at.date()] > self.ban_after
            return BANNED if self.banned else None

    def instead(self, kind: str, amount: float) -> Reply | None:
        """As users saw it."""
        if kind == "429at":
            return refusal_reply(refusals.throttled_until(self.now() + timedelta(seconds=amount)))
        return INSTEAD.get(kind)

    def reply(self, request: Request, spoilt: Mapping[str, float]) -> Reply:
        """One answer of the gateway."""
        query = Query.of(request.path.removeprefix(self.base), request.given)
        try:
            route, period = gateway.check(query)
            self._authorize(request.headers.get("authorization", ""), period.prm)
            if "v5" in spoilt:
                route = Route(route.name, route.measure, route.flow, legacy=True)
            return json_reply(self._measure(route, period, query))
        except Refused as refused:
            return refusal_reply(refused.refusal)

    def _authorize(self, authorization: str, prm: str) -> None:
        words = authorization.split(" ")
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

    def outside(self, request: Request) -> Reply:
        """The front page says what this is."""
        if (request.method, request.path) != ("GET", "/"):
            return NO_SUCH_PAGE
        used = self._per_day[request.at.date()]
        about = "a stand-in for the Linky gateway: nothing here comes from Enedis"
        shown = [mask(prm) for prm in self.meters]
        state = {"today": self.today.isoformat(), "requests_today": used, "banned": self.banned}
        return json_reply({"about": about, "meters": shown, "first": self.first.isoformat(), **state})
