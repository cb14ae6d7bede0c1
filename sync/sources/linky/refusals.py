"""What the gateway says when it does not answer with readings → our error tree.

Bodies as users saw them; the markers are those of Enedis (ADAM-…) and of the gateway's own texts. Parsed in every form:
`error.error`, `error.code`, `error.fault.code`, a plain string, HTML.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

from ...errors import (
    Banned,
    FatalSourceError,
    HistoryFloor,
    NoReadings,
    RateLimited,
    RetriableError,
    SourceError,
)
from ...privacy import scrub
from ...transport import Answer

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
QUOTA = ("Quota Q3", "Quota Q4", "SLA dépassé", "900804", "900807")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
NEXT_ACCESS = re.compile(r"(\d{4})-([A-Z][a-z]{2})-(\d{2}) (\d{2}):(\d{2}):(\d{2})\+0000 UTC")


def explain(answer: Answer, now: datetime) -> SourceError | None:
    """The error an answer stands for; None for a 200. `now` (UTC) dates the end of a rate limit."""
    status = answer.status
    if status == 200:
        return None
    html = answer.text.lstrip()[:1] == "<"
    if status == 403 and html:
        return Banned(
            "the gateway has blocked this address (HTTP 403 with an HTML page). Stop every tool that calls it from "
            "here; a block lasts weeks. Enedis export files can be loaded without a call: python -m sync import FILE…",
            status,
        )
    text = "" if html else answer.text
    code, words = _code_and_words(text)
    words = scrub(words)
    return (
        _by_code(status, code, text)
        or _by_status(status, text, words, now)
        or FatalSourceError(f"the gateway refused the call (HTTP {status}): {words}", status)
    )


def _by_code(status: int, code: str, text: str) -> SourceError | None:
    for marker, meaning in FLOORS.items():
        if marker in text:
            return HistoryFloor(meaning, status, marker)
    for marker, meaning in STOPS.items():
        if marker in text:
            return FatalSourceError(f"{meaning} ({marker})", status)
    if status == 404 or code in NOTHING_FOUND or any(marker in text for marker in NOTHING_FOUND):
        return NoReadings("nothing is published for these days", status)
    return None


def _by_status(status: int, text: str, words: str, now: datetime) -> SourceError | None:
    if status == 429 or any(marker in text for marker in QUOTA):
        until = _next_access(text) or _next_hour(now)
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
    if status >= 500 or status == 408:
        return RetriableError(f"the gateway has trouble (HTTP {status}: {words}): run again later", status)
    return None


def _code_and_words(text: str) -> tuple[str, str]:
    """Enedis' own code and a short text for people, from any of the known error bodies."""
    try:
        body: Any = json.loads(text)
    except (ValueError, RecursionError):
        return "", text.strip()[:120] or "no text"
    if not isinstance(body, dict):
        return "", str(body)[:120]
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
    return code, f"{code}: {words}"[:160] if code else words[:160]


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
