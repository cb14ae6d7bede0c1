"""What the gateway says when it does not answer with readings → our error tree.

Bodies as users saw them; the markers are those of Enedis (ADAM-…) and of the gateway's own texts. Parsed in every form:
`error.error`, `error.code`, `error.fault.code`, a plain string, HTML.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

from ...http.transport import Answer
from ...model.errors import Banned, FatalSourceError, HistoryFloor, NoReadings, RateLimited, RetriableError, SourceError
from ...model.privacy import scrub

FLOORS = {
    "ADAM-ERR0123": "the meter was not yet activated",
    "ADAM-ERR0125": "older than the history the API keeps",
    "ADAM-DC-0016": "older than the history the API keeps",
}
STOPS = {
    "ADAM-ERR0069": "this meter has no such flow: asked was production on a consumption meter, or the reverse "
    "(correct LINKY_FLOWS or the PRM)",
    "ADAM-ERR0075": "the load curve is not recorded: switch on hourly recording and collection in the Enedis account",
    "ADAM-DC-0007": "Enedis holds no consent of the meter's holder: give it again at https://conso.boris.sh",
    "ADAM-DC-0008": "the consent is gone: give it again at https://conso.boris.sh",
    "ADAM-DC-0009": "the asked days lie before the consent: give it again at https://conso.boris.sh",
}
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
    return (
        _by_code(status, text)
        or _by_status(status, text, words, now)
        or FatalSourceError(f"the gateway refused the call (HTTP {status}): {words}", status)
    )


def _is_of_cloudflare(text: str, body: Any) -> bool:
    """Cloudflare's own error in the forms it gives to who does not ask for HTML: problem JSON or one plain line."""
    if isinstance(body, dict):
        return body.get("cloudflare_error") is True or "cloudflare" in str(body.get("type"))
    return re.fullmatch(r"error code: 1\d{3}", text) is not None


def _by_code(status: int, text: str) -> SourceError | None:
    for marker, meaning in FLOORS.items():
        if marker in text:
            return HistoryFloor(meaning, status, marker)
    for marker, meaning in STOPS.items():
        if marker in text:
            return FatalSourceError(f"{meaning} ({marker})", status)
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
            f"the gateway does not accept the token for this meter ({words}): get a new one", status
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


def _parsed(text: str) -> Any:
    """The body if it is JSON, else None."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
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
