"""Faults on request: which request fails how, and which days' points are spoilt.

A fault is written `kind@which[:amount]`, several with commas between them:

    429@5,500@7-9,reset@*20,slow@3:2.5,nullcurve@2024-05-01,late@2024-06-01..2024-06-03:2

Faults of requests choose by number: `n`, `n-m`, or `*k` for every k-th. Numbers count the API requests since the faults
were set, from 1. Faults of days choose local dates: `D` or `D..D`, both included.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from ..model.errors import UsageError


@dataclass(frozen=True, slots=True)
class Kind:
    """What one kind of fault does. `amount` is its default and `unit` what it counts, where it takes one; spoil: puts
    it upon the records of an answer, where it is one of these."""

    text: str
    example: str
    unit: str = ""
    amount: float = 0
    highest: float = 86_400
    spoil: Callable[..., None] | None = None


REQUEST_KINDS = {
    "429": Kind("quota spent, in the form of fault code 900807", "429@5"),
    "429at": Kind("quota spent, with the time it opens again (code 900804)", "429at@5:600", "seconds until then", 3600),
    "500": Kind("Enedis has a technical error", "500@7-9"),
    "500token": Kind("the gateway gets no token from Enedis", "500token@7"),
    "500text": Kind("Enedis' error is plain text instead of JSON", "500text@7"),
    "502": Kind("Cloudflare finds the gateway down (problem JSON)", "502@*10"),
    "html403": Kind("the ban page, for these requests only", "html403@30"),
    "consent": Kind("no consent for this usage point (403 ADAM-DC-0008)", "consent@1"),
    "reset": Kind("the connection is reset instead of an answer", "reset@*20"),
    "slow": Kind("a wait between the headers and the body", "slow@3:2.5", "seconds", 5, 3600),
    "cut": Kind("the connection ends in the middle of the body", "cut@4"),
    "notjson": Kind("200 with a body that is not JSON", "notjson@4"),
    "emptyobject": Kind("200 with {}", "emptyobject@4"),
    "empty200": Kind("200 in the right shape, without a point", "empty200@4"),
    "curve500": Kind("a technical error, of the load curve of consumption alone", "curve500@*1"),
    "span7": Kind("a load curve of more days is refused (400 ADAM-ERR0126)", "span7@*1:6", "days at most", 6, 6),
    "endtoday": Kind("an end of today is refused as in the future (400)", "endtoday@*1"),
    "v5": Kind("V2 routes answer in the V5 shape", "v5@*1"),
}
DAY_KINDS = {
    "nullcurve": Kind("every value of the load curve is null", "nullcurve@2024-05-01"),
    "duplicate": Kind("each point of the load curve comes twice in a row", "duplicate@2024-05-01"),
    "missing": Kind("points from the middle of the day are absent", "missing@2024-05-01:6", "points", 6, 300),
    "late": Kind(
        "nothing of the day, until so much later", "late@2024-06-01..2024-06-03:2", "days after the day", 3, 400
    ),
    "shuffle": Kind("the points of the day come in no order", "shuffle@2024-05-01"),
    "correct": Kind(
        "the values of the day are changed, its total too", "correct@2024-05-01:10", "per cent more", 10, 100
    ),
    "iv": Kind("every point is marked iv 2, ec 11", "iv@2024-05-01"),
    "zeros": Kind("every value of the day is 0, its total too", "zeros@2024-05-01..2024-05-31"),
    "quarters": Kind(
        "the day comes by quarter-hours, after so much of it", "quarters@2024-05-01:14", "half-hours at first", 0, 50
    ),
    "nocurve": Kind("no load curve is collected (404), totals come", "nocurve@2023-01-01..2025-12-31"),
    "noprodcurve": Kind("the same of production alone", "noprodcurve@2023-01-01..2025-12-31"),
    "err0123": Kind("before activation: calls over the day are refused", "err0123@2023-01-01..2025-12-31"),
    "err0191": Kind("no service subscribed: calls over the day are refused", "err0191@2023-01-01..2025-12-31"),
}
ALIASES = {"null": "nullcurve"}
WHOLE_DAYS = {"429at", "missing", "late", "span7", "quarters"}

NEVER = 10**9  # requests
WRITTEN = re.compile(r"(?P<kind>[a-z0-9]+)@(?P<which>[^:]+)(?::(?P<amount>\d{1,6}(?:\.\d{1,3})?))?")
NUMBERS = re.compile(r"(?:\*(?P<every>\d{1,9})|(?P<first>\d{1,9})(?:-(?P<last>\d{1,9}))?)")
DATES = re.compile(r"(\d{4}-\d\d-\d\d)(?:\.\.(\d{4}-\d\d-\d\d))?")


@dataclass(frozen=True, slots=True)
class Fault:
    """which: numbers of requests (1 = the first since the faults were set), or ordinals of local days."""

    kind: str
    which: range
    amount: float = 0


@dataclass(frozen=True, slots=True)
class Faults:
    """All faults of a stand-in; the first of several that hit the same request or day goes first."""

    requests: Sequence[Fault] = field(default=())
    days: Sequence[Fault] = field(default=())

    def of_request(self, number: int) -> dict[str, float]:
        """Kinds that hit a request → amount, in the order in which they were written."""
        return {fault.kind: fault.amount for fault in self.requests if number in fault.which}

    def of_day(self, day: date) -> dict[str, float]:
        """Kinds that hit a local day → amount, in the order in which they were written."""
        return {fault.kind: fault.amount for fault in self.days if day.toordinal() in fault.which}


NO_FAULTS = Faults()


class _Wrong(ValueError):
    """What is wrong with a written fault."""


def parse_faults(
    text: str, request_kinds: Mapping[str, Kind] = REQUEST_KINDS, day_kinds: Mapping[str, Kind] = DAY_KINDS
) -> Faults:
    """`429@5,late@2024-06-01:2` → Faults; an empty text is none. Raises UsageError with all kinds and examples."""
    requests: list[Fault] = []
    days: list[Fault] = []
    for written in filter(None, (part.strip() for part in text.split(","))):
        try:
            match = WRITTEN.fullmatch(written)
            if not match:
                raise _Wrong("it is not of the form kind@which or kind@which:amount")
            name = match["kind"]
            if name not in request_kinds:
                name = ALIASES.get(name, name)
            if name in request_kinds:
                requests.append(Fault(name, _numbers(match["which"]), _amount(name, request_kinds, match["amount"])))
            elif name in day_kinds:
                days.append(Fault(name, _dates(match["which"]), _amount(name, day_kinds, match["amount"])))
            else:
                raise _Wrong(f"there is no kind '{match['kind']}'")
        except _Wrong as wrong:
            raise UsageError(f"fault '{written}': {wrong}.\n\n{kinds_text(request_kinds, day_kinds)}") from None
    return Faults(tuple(requests), tuple(days))


def _amount(name: str, kinds: Mapping[str, Kind], text: str | None) -> float:
    kind = kinds[name]
    if text is None:
        return kind.amount
    if not kind.unit:
        raise _Wrong(f"{name} takes no amount")
    amount = float(text)
    if amount > kind.highest:
        raise _Wrong(f"at most {kind.highest:.0f} {kind.unit}")
    if name in WHOLE_DAYS and not amount.is_integer():
        raise _Wrong(f"{name} counts whole {kind.unit}")
    return amount


def _numbers(which: str) -> range:
    match = NUMBERS.fullmatch(which)
    if not match:
        raise _Wrong(f"'{which}' is not a request number (5), a range (7-9) or every k-th (*20)")
    if match["every"]:
        if int(match["every"]) == 0:
            raise _Wrong("every 0th request is none; the first is 1")
        return range(int(match["every"]), NEVER, int(match["every"]))
    first = int(match["first"])
    numbers = range(first, int(match["last"] or first) + 1)
    if first == 0 or not numbers:
        raise _Wrong(f"'{which}' is an empty range; the first request is 1")
    return numbers


def _dates(which: str) -> range:
    match = DATES.fullmatch(which)
    if not match:
        raise _Wrong(f"'{which}' is not a local date (2024-05-01) or a range (2024-06-01..2024-06-03)")
    try:
        first, last = (date.fromisoformat(text).toordinal() for text in (match[1], match[2] or match[1]))
    except ValueError:
        raise _Wrong(f"'{which}' is not a date of the calendar") from None
    if not 0 <= last - first <= 4000:
        raise _Wrong(f"'{which}' ends before it begins or is longer than ten years")
    return range(first, last + 1)


def kinds_text(request_kinds: Mapping[str, Kind] = REQUEST_KINDS, day_kinds: Mapping[str, Kind] = DAY_KINDS) -> str:
    """All kinds of faults with what they do and an example, one per line: for error messages and `--help`."""
    lines = ["Faults of requests, kind@n, kind@n-m or kind@*k (every k-th):"]
    lines += [_kind_line(kind) for kind in request_kinds.values()]
    lines += ["Faults of days, kind@D or kind@D..D:"] if day_kinds else []
    lines += [_kind_line(kind) for kind in day_kinds.values()]
    return "\n".join(lines)


def _kind_line(kind: Kind) -> str:
    amount = f" (:{kind.unit}, {kind.amount:g} if not given)" if kind.unit else ""
    return f"  {kind.example:<35} {kind.text}{amount}"
