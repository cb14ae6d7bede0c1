"""A stand-in for the Linky gateway (Conso API): a local server that answers as the real one does.

For demos without a meter, for tests and for load. In a test:

    with LinkyStandin(faults=parse_faults("429@5")) as standin:
        requests.get(f"{standin.url}/courbe_de_charge_consommation", params=…, headers={"Authorization": …})
        assert standin.requests[-1].status == 200

It keeps the gateway's rules as ../shared/docs/linky.md §1 tells them, its ban included.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import ClassVar, Unpack, cast

import jwt
from jwt.types import Options as Unchecked

from ..model.localtime import PARIS, days
from ..model.readings import mask
from . import gateway, refusals
from .curve import CONSUMPTION, Meter, household_meters
from .faults import DAY_KINDS, REQUEST_KINDS, Kind
from .gateway import LinkyRequest
from .replies import NO_SUCH_PAGE, Refused, Reply, json_reply
from .server import Now, Options, Request, Standin, clock_set_to, real_now
from .spoil import SpoiltCurve

SIGNING_KEY = "this key signs the tokens of a stand-in, and opens nothing else"
ALGORITHM = "HS256"
TOKEN_DAYS = 1094
BAN_AFTER = 100


class LinkyStandin(Standin):
    """meters: usage point → meter, one generated household by default, whose clock is the real one; with meters from a
    file it is set to the day after their last. ban_after: requests per UTC day of `now` before the address is banned,
    None for never. activation: a range that begins before this local day is refused.
    """

    kinds: ClassVar[Mapping[str, Kind]] = REQUEST_KINDS
    day_kinds: ClassVar[Mapping[str, Kind]] = DAY_KINDS
    record = LinkyRequest
    base = gateway.BASE
    other_method = refusals.WRONG_METHOD

    def __init__(
        self,
        *,
        meters: Mapping[str, Meter] | None = None,
        activation: date | None = None,
        ban_after: int | None = BAN_AFTER,
        **options: Unpack[Options],
    ) -> None:
        self.meters = dict(household_meters() if meters is None else meters)
        self.activation = activation
        self.ban_after = ban_after
        self._per_day: Counter[date] = Counter()
        self.banned = False
        super().__init__(**options | {"now": options.get("now") or _clock_of(self.meters.values())})

    @property
    def token(self) -> str:
        """A token that opens all meters for about three years, after a restart too."""
        return self.token_for(*self.meters)

    def token_for(self, *prms: str, expires: datetime | None = None) -> str:
        """A token as the gateway's, `sub` being the usage points it opens; `expires` is aware, by default in three
        years."""
        issued = max(self.now(), real_now())
        ends = expires or issued + timedelta(days=TOKEN_DAYS)
        claims = {"sub": list(prms), "iat": int(issued.timestamp()), "exp": int(ends.timestamp())}
        return jwt.encode(claims, SIGNING_KEY, algorithm=ALGORITHM)

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
            return refusals.BANNED if self.banned else None

    def instead(self, kind: str, amount: float) -> Reply | None:
        """As users saw it."""
        if kind == "429at":
            return refusals.throttled_until(self.now() + timedelta(seconds=amount))
        return refusals.INSTEAD.get(kind)

    def reply(self, request: Request, spoilt: Mapping[str, float]) -> Reply:
        """One answer of the gateway."""
        asked, today = cast(LinkyRequest, request), self.today
        gateway.check(asked)
        words = asked.headers.get("authorization", "").split(" ")
        if len(words) < 2 or not words[1]:
            raise Refused(refusals.NO_TOKEN)
        if not self._opens(words[1], asked.prm):
            raise Refused(refusals.BAD_TOKEN)
        meter = self.meters.get(asked.prm or "")
        if meter is None:
            raise Refused(refusals.NO_CONSENT)
        span = gateway.asked_days(asked, today, self.activation, spoilt)
        measure, flow = gateway.ROUTES[asked.route]
        if flow not in meter.flows:
            raise Refused(refusals.WRONG_FLOW)
        if "curve500" in spoilt and (measure, flow) == (gateway.CURVE, CONSUMPTION):
            raise Refused(refusals.TECHNICAL)
        for kind in {kind for day in days(*span) for kind in self.faults.of_day(day)} & refusals.OF_DAYS.keys():
            raise Refused(refusals.OF_DAYS[kind])
        curve = SpoiltCurve(meter.flows[flow], flow, self.faults, today)
        return json_reply(gateway.answer(asked, span, curve, spoilt))

    def _opens(self, token: str, prm: str | None) -> bool:
        """Whether the token is ours, has not ended by the stand-in's clock and names the usage point."""
        # The gateway's `sub` is a list, which the library refuses.
        unchecked: Unchecked = {"verify_exp": False, "verify_sub": False, "verify_iat": False}
        try:
            claims = jwt.decode(token, SIGNING_KEY, algorithms=[ALGORITHM], options=unchecked)
        except jwt.InvalidTokenError:
            return False
        return prm in claims["sub"] and bool(self.now().timestamp() < claims["exp"])

    def outside(self, request: Request) -> Reply:
        """The front page says what this is."""
        if (request.method, request.path) != ("GET", "/"):
            return NO_SUCH_PAGE
        used = self._per_day[request.at.date()]
        about = "a stand-in for the Linky gateway: nothing here comes from Enedis"
        shown = [mask(prm) for prm in self.meters]
        state = {"today": self.today.isoformat(), "requests_today": used, "banned": self.banned}
        return json_reply({"about": about, "meters": shown, "first": self.first.isoformat(), **state})


def _clock_of(meters: Iterable[Meter]) -> Now:
    """The real clock for generated meters; for recorded ones the day after their last complete day."""
    last = max((meter.last_day for meter in meters if meter.last_day), default=None)
    return clock_set_to(last + timedelta(days=1)) if last else real_now
