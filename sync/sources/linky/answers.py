"""What the gateway says: points and daily totals, or why there are none; and its token. Pure: no clock, no network.

Both shapes are understood: Mesure synchrone V2 (`grandeur[].points[]`, since autumn 2026) and Metering Data V5
(`interval_reading[]`, top-level as the gateway strips it, or inside `meter_reading`); sources: the documentation of
Conso API and of Enedis Data Connect. Any other shape raises UnknownShape: it must never look like "no readings".

Refusals as users saw them; the markers are those of Enedis (ADAM-…) and of the gateway's own texts. Parsed in every
form: `error.error`, `error.code`, `error.fault.code`, a plain string, HTML.

The token is a JWT whose `sub` lists the PRMs it opens; it is read without the key, before any call.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import jwt

from ...http.transport import Answer
from ...model.bounded import json_value
from ...model.errors import (
    ADDRESS,
    DATASET,
    END,
    FLOW,
    METER,
    PERIOD,
    SPAN,
    Banned,
    FatalSourceError,
    HistoryFloor,
    NoReadings,
    RateLimited,
    RetriableError,
    SourceError,
)
from ...model.privacy import scrub
from ...model.readings import INT32_MAX, mask
from ..answers import json_of
from ..source import UnknownShape
from .points import Point, Reject

GRANDEURS = {"consumption": "CONS", "production": "PROD"}


@dataclass(frozen=True, slots=True)
class Totals:
    """Daily energy: local day → Wh; `missing` counts days without a value."""

    wh: Mapping[date, int]
    missing: int = 0
    rejects: tuple[Reject, ...] = ()


def parse_curve(text: str, prm: str, flow: str) -> tuple[Point, ...]:
    """The points of a load curve in order of arrival. Raises UnknownShape."""
    entries, names = _entries(text, prm, flow, quantity="PA", unit="W")
    points = []
    for position, entry in enumerate(entries, 1):
        end = entry.get(names["end"])
        if not isinstance(end, str):
            raise UnknownShape(f"point {position} has no time")
        given = [mark for mark in ("step", "nature", "iv", "ec") if mark in names]
        marks: dict[str, Any] = {mark: _text(entry.get(names[mark])) for mark in given}
        points.append(Point(end, _value(entry, names["value"], position), line=position, **marks))
    return tuple(points)


def parse_totals(text: str, prm: str, flow: str) -> Totals:
    """The daily energy of an answer. Raises UnknownShape."""
    entries, names = _entries(text, prm, flow, quantity="EA", unit="Wh")
    wh: dict[date, int] = {}
    rejects: list[Reject] = []
    contradicted: set[date] = set()
    missing = 0
    for position, entry in enumerate(entries, 1):
        value = _value(entry, names["value"], position)
        label = _text(entry.get(names["end"])) or ""
        day = _day(label)
        if day is None:
            rejects.append(Reject(position, "unreadable day", scrub(label)[:40]))
            continue
        if value is None or value == "":
            missing += 1
        elif not (re.fullmatch(r"\d{1,10}", value, re.ASCII) and int(value) <= INT32_MAX):
            rejects.append(Reject(position, "not a daily energy in Wh", f"{day} = {scrub(value)[:40]!r}"))
        elif wh.setdefault(day, int(value)) != int(value):
            rejects.append(Reject(position, "two totals for one day", f"{day} = {value[:40]!r}"))
            contradicted.add(day)
    return Totals({day: total for day, total in wh.items() if day not in contradicted}, missing, tuple(rejects))


def parse_powers(text: str, prm: str, flow: str) -> list[tuple[int, str, str | None]]:
    """Number, time and value (VA) of each daily maximum of an answer. Raises UnknownShape."""
    entries, names = _entries(text, prm, flow, quantity="PMA", unit="VA")
    numbered = enumerate(entries, 1)
    return [
        (place, _text(each.get(names["end"])) or "", _value(each, names["value"], place)) for place, each in numbered
    ]


def _day(label: str) -> date | None:
    """`2026-09-29` and no other way to write it: what else it could mean is a guess."""
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", label, re.ASCII):
        return None
    try:
        return date.fromisoformat(label)
    except ValueError:
        return None


V2_NAMES = {"end": "d", "value": "v", "step": "p", "nature": "n", "iv": "iv", "ec": "ec"}
V5_NAMES = {"end": "date", "value": "value", "step": "interval_length", "nature": "measure_type"}


def _entries(text: str, prm: str, flow: str, quantity: str, unit: str) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """The point objects of an answer, and the names of their fields in its shape."""
    answer = json_of(text)
    if isinstance(answer, dict) and isinstance(answer.get("meter_reading"), dict):
        answer = answer["meter_reading"]
    if not isinstance(answer, dict):
        raise UnknownShape("the answer is not an object")
    if "grandeur" in answer:
        _require(answer.get("idPrm"), prm, "meter")
        return _point_list(_v2_points(answer, flow, quantity, unit)), V2_NAMES
    if "interval_reading" in answer:
        _require(answer.get("usage_point_id"), prm, "meter")
        reading_type = answer.get("reading_type")
        _require(reading_type.get("unit") if isinstance(reading_type, dict) else None, unit, "unit")
        return _point_list(answer["interval_reading"]), V5_NAMES
    fields = scrub(", ".join(sorted(answer)))[:200]
    raise UnknownShape(f"neither the V2 nor the V5 shape; top-level fields: {fields or 'none'}")


def _v2_points(answer: Mapping[str, Any], flow: str, quantity: str, unit: str) -> Any:
    """The one `grandeur` entry that was asked for; an answer without it is not an answer to the question."""
    entries = answer["grandeur"]
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise UnknownShape("`grandeur` is not a list of objects")
    wanted = (GRANDEURS[flow], quantity)
    found = [entry for entry in entries if (entry.get("grandeurMetier"), entry.get("grandeurPhysique")) == wanted]
    if len(found) != 1:
        raise UnknownShape(f"{len(found)} entries for {'/'.join(wanted)} among {len(entries)}")
    _require(found[0].get("unite"), unit, "unit")
    return found[0].get("points")


def _point_list(points: Any) -> list[dict[str, Any]]:
    if not isinstance(points, list) or not all(isinstance(point, dict) for point in points):
        raise UnknownShape("the points are not a list of objects")
    return points


def _require(found: Any, wanted: str, what: str) -> None:
    if found != wanted:
        shown = "of another meter" if what == "meter" else f"{scrub(str(found))[:20]!r}"
        raise UnknownShape(f"{what} is {shown}, asked was {'this meter' if what == 'meter' else repr(wanted)}")


def _value(entry: Mapping[str, Any], name: str, position: int) -> str | None:
    """The value as text; null stays None, a field that is not there is a shape we do not know."""
    if name not in entry:
        raise UnknownShape(f"point {position} has no {name!r}")
    return _text(entry[name])


def _text(field: Any) -> str | None:
    """A scalar as text: V2 writes numbers as strings, its index answers write them bare."""
    return field if field is None or isinstance(field, str) else json.dumps(field)


# --- what is no answer -----------------------------------------------------------------------------------------------

FLOORS = {
    "ADAM-ERR0123": "the meter was not yet activated",
    "ADAM-ERR0125": "older than the history the API keeps",
    "ADAM-DC-0016": "older than the history the API keeps",
}
CONSENT = "https://conso.boris.sh"
STOPS = {
    "ADAM-ERR0069": (
        FLOW,
        "this meter has no such flow: asked was production on a consumption meter, or the reverse "
        "(correct LINKY_FLOWS or the PRM)",
    ),
    "ADAM-ERR0075": (
        DATASET,
        "the load curve is not recorded: switch on hourly recording and collection in the Enedis account",
    ),
    "ADAM-DC-0007": (METER, f"Enedis holds no consent of the meter's holder: give it again at {CONSENT}"),
    "ADAM-DC-0008": (METER, f"the consent is gone: give it again at {CONSENT}"),
    "ADAM-DC-0009": (METER, f"the asked days lie before the consent: give it again at {CONSENT}"),
    "ADAM-ERR0155": (METER, "Enedis knows no such meter: correct the PRM (14 digits, on the meter's display)"),
}
"""What one cannot ask again for: how far it reaches, and what to do."""
TOO_LONG = ("ADAM-ERR0126", "ADAM-DC-0015")
TOO_NEW = re.compile(r"end date\W(?:\w+\W){1,4}earlier|date de fin\W[^.]*(?:antérieure|inférieure|avant)", re.I)
NO_SERVICE = "ADAM-ERR0191"
NOTHING_FOUND = ("no_data_found", "STM-ERR-0000014", "STM-ERR-0000020", "Pas de mesure trouvée")
OF_ENEDIS = ("The Enedis API returned an error", "STM-ERR-")  # a 404 of the meter, not of the address
QUOTA = ("Quota Q3", "Quota Q4", "SLA dépassé", "900804", "900807")
LONGEST_LIMIT = timedelta(hours=24)  # the quota is one per hour: a later end is not believed
SHOWN = 140  # letters of the other side's words in a message
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
NEXT_ACCESS = re.compile(r"(\d{4})-([A-Z][a-z]{2})-(\d{2}) (\d{2}):(\d{2}):(\d{2})\+0000 UTC")


def explain(answer: Answer, now: datetime) -> SourceError | None:
    """The error an answer stands for; None for a 200. `now` (UTC) dates the end of a rate limit."""
    status = answer.status
    if status == 200:
        return None
    text = answer.text.strip("\ufeff \t\r\n")
    html = text.startswith("<")
    body = _parsed(text)
    if status == 403 and (html or _is_of_cloudflare(text, body)):
        return Banned(
            "the gateway has blocked this address (HTTP 403 from its firewall). Stop every tool that calls it from "
            "here; a block lasts weeks. Enedis export files can be loaded without a call: python -m sync import FILE…",
            status,
        )
    if html:
        text = ""
    elif body is not None:
        text = json.dumps(body, ensure_ascii=False)  # markers hold é, which the text may spell \u00e9
    words = _words(text, body)
    return _by_code(status, text) or _by_status(status, text, words, now) or _refused(status, text, words)


def _is_of_cloudflare(text: str, body: Any) -> bool:
    """Cloudflare's own error in the forms it gives to who does not ask for HTML: problem JSON or one plain line."""
    if isinstance(body, dict):
        return body.get("cloudflare_error") is True or "cloudflare" in str(body.get("type"))
    return re.fullmatch(r"error code: 1\d{3}", text) is not None


def _by_code(status: int, text: str) -> SourceError | None:
    for marker, meaning in FLOORS.items():
        if marker in text:
            return HistoryFloor(meaning, status, marker)
    for marker, (reach, meaning) in STOPS.items():
        if marker in text:
            return FatalSourceError(f"{meaning} ({marker})", status, reach)
    if NO_SERVICE in text:
        return NoReadings(
            f"Enedis has no service subscribed for these days ({NO_SERVICE})",
            status,
            f"Enedis has no service subscribed for it ({NO_SERVICE}): the consent does not cover it, or the contract "
            f"of this meter is of another time or person: give the consent again at {CONSENT}, and for the days "
            "before the contract import the files of its holder",
        )
    about_meter = status == 404 and "ADAM-" not in text and any(marker in text for marker in OF_ENEDIS)
    if about_meter or any(marker in text for marker in NOTHING_FOUND):
        return NoReadings("nothing is published for these days", status)
    return None


def _by_status(status: int, text: str, words: str, now: datetime) -> SourceError | None:
    if status == 429 or any(marker in text for marker in QUOTA):
        until = _next_access(text)
        if until is None or until > now + LONGEST_LIMIT:
            until = _next_hour(now)
        return RateLimited(
            f"the quota shared by all users of the gateway is used up until {until:%Y-%m-%d %H:%M} UTC: "
            "run again then, or use --wait",
            status,
            until,
        )
    if status == 401:
        return FatalSourceError(
            f"the gateway does not accept the token for this meter ({words}): get a new one", status, METER
        )
    if status == 404:
        return FatalSourceError(
            f"the address or its route does not exist (HTTP 404: {words}): correct LINKY_API_URL; "
            "if it is right, the API has changed: look for a newer version of this tool",
            status,
        )
    if status >= 500 or status == 408:
        return RetriableError(f"the gateway has trouble (HTTP {status}: {words}): run again later", status)
    return None


def _refused(status: int, text: str, words: str) -> FatalSourceError:
    """Any other refusal. Shorter or older days mend some, and what Enedis refuses in new words (400) may be of these;
    of the gateway's own check (400) it may be a type that it no longer knows."""
    days = ""
    if any(marker in text for marker in TOO_LONG):
        days = SPAN
    elif status == 400 and TOO_NEW.search(text):
        days = END
    elif status == 400 and OF_ENEDIS[0] in text and "Start date should be before" not in text:
        days = PERIOD
    reach = DATASET if status == 400 or days else ADDRESS
    return FatalSourceError(f"the gateway refused the call (HTTP {status}): {words}", status, reach, days)


def _parsed(text: str) -> Any:
    """The body if it is JSON, else None."""
    try:
        return json_value(text)
    except ValueError:
        return None


def _words(text: str, body: Any) -> str:
    """A short text for people from any of the known error bodies, Enedis' own code first, scrubbed before it is cut."""
    if not isinstance(body, dict):
        return scrub(text)[:SHOWN] or "no text"
    error = body.get("error")
    inner: Any = error if isinstance(error, dict) else {}
    if isinstance(inner.get("fault"), dict):
        inner = inner["fault"]
    code = str(inner.get("error") or inner.get("code") or body.get("code") or "")
    candidates = (
        inner.get("error_description"),
        inner.get("description"),
        inner.get("message"),
        error if isinstance(error, str) else None,
        body.get("message"),
        body.get("title"),
    )
    words = next((words for words in candidates if isinstance(words, str) and words), "no text")
    return scrub(f"{code}: {words}" if code else words)[:SHOWN]


def _next_access(text: str) -> datetime | None:
    match = NEXT_ACCESS.search(text)
    if not match or match[2] not in MONTHS:
        return None
    try:
        year, day, hour, minute, second = (int(match[group]) for group in (1, 3, 4, 5, 6))
        return datetime(year, MONTHS.index(match[2]) + 1, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return None


def _next_hour(now: datetime) -> datetime:
    """Without a stated time the quota was seen to reopen at the next full hour."""
    return now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)


# --- the token -------------------------------------------------------------------------------------------------------

WARN_BEFORE = timedelta(days=30)
ASK_NEW = f"get a new one at {CONSENT}"


class TokenRefused(ValueError):
    """The token is not a JWT, names no PRM, or not the one asked for. The message never holds the token."""


@dataclass(frozen=True, slots=True)
class Token:
    """What a gateway token says: the PRMs it opens (14 digits each) and when it ends (UTC), if it says so."""

    prms: tuple[str, ...]
    expires: datetime | None

    def choose(self, prm: str) -> str:
        """The PRM to ask for: `prm` if the token opens it, the only one if `prm` is empty. Raises TokenRefused."""
        shown = ", ".join(mask(known) for known in self.prms)
        if prm and prm not in self.prms:
            raise TokenRefused(f"the token is for meter {shown}, not for {mask(prm)}: correct the PRM or {ASK_NEW}")
        if not prm and len(self.prms) > 1:
            raise TokenRefused(f"the token opens several meters ({shown}): set LINKY_PRM to one of them")
        return prm or self.prms[0]

    def refuse_expired(self, now: datetime) -> None:
        """Raises TokenRefused once the token has ended."""
        if self.expires and self.expires <= now:
            raise TokenRefused(f"the token ended on {self.expires:%Y-%m-%d}: {ASK_NEW}")

    def warning(self, now: datetime) -> str:
        """A line for the user when the token ends soon, else empty."""
        if self.expires and self.expires - now < WARN_BEFORE:
            return f"the token ends on {self.expires:%Y-%m-%d}: {ASK_NEW}"
        return ""


def read_token(text: str) -> Token:
    """Decode a token without checking its signature (only the gateway has the key). Raises TokenRefused."""
    try:
        claims = jwt.decode(text, options={"verify_signature": False, "verify_exp": False, "verify_sub": False})
    except (jwt.InvalidTokenError, UnicodeEncodeError):
        raise TokenRefused(f"the token is not a JWT (three parts with dots); copy it whole, or {ASK_NEW}") from None
    subject = claims.get("sub")
    listed = subject if isinstance(subject, list) else [subject]
    prms = tuple(prm for prm in listed if isinstance(prm, str) and prm)
    if not prms:
        raise TokenRefused(f"the token names no meter: {ASK_NEW}")
    return Token(prms, _moment(claims.get("exp")))


def _moment(seconds: object) -> datetime | None:
    if not isinstance(seconds, int | float):
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None
