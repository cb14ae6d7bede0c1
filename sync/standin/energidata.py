"""A stand-in for Energi Data Service: a local server that answers as the real one does.

    with EnergidataStandin() as standin:
        requests.get(f"{standin.url}/dataset/Elspotprices", params={"start": "2024-01-01", "limit": "0", …})

With its habits: Danish time unless `timezone=UTC`, newest first unless `sort` is given, a hundred records unless a
start or a limit is, names of columns in the letter case they were asked in, `total` of what matches rather than of what
comes (of the newest hundred days where no start is said), unknown parameters ignored. Its limit of one call a dataset
and minute is off, as it is for a server of one's own, and on with the fault `minute@*1`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, ClassVar, Unpack

from ..model.readings import milliseconds
from ..sources.energidata.prices import CHANGE
from . import energidata_spoil
from .energidata_rows import COLUMNS, ELSPOT, TIMES, ZONE, FileRows, GeneratedRows, Row
from .faults import Kind
from .hours import HOUR, OPEN_END
from .replies import Refused, Reply, json_reply
from .server import TRANSPORT_KINDS, OpenStandin, Options, Request

DEFAULT_LIMIT = 100
LOOK_BACK = 100  # days of a question without a start: all of them would take many seconds
MOMENT = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:T(\d\d):(\d\d))?)?)?")
RELATIVE = re.compile(r"(now|utcnow|StartOfDay|StartOfMonth|StartOfYear)(?:([+-])P(\d{1,4})D)?")
MARGIN = timedelta(hours=3)  # between the two clocks


class EnergidataStandin(OpenStandin):
    """The rows of Denmark; a file has prices alone."""

    kinds: ClassVar[Mapping[str, Kind]] = TRANSPORT_KINDS | energidata_spoil.KINDS
    base = ""
    generated = GeneratedRows
    read = FileRows
    days_behind = 1

    def __init__(self, served: Any = None, **options: Unpack[Options]) -> None:
        self._asked: dict[str, datetime] = {}
        super().__init__(served, **options)

    def reply(self, request: Request, spoilt: Mapping[str, float]) -> Reply:
        """One answer."""
        match = re.fullmatch(r"/dataset/(\w+)", request.path)
        name = next((dataset for dataset in COLUMNS if match and dataset.lower() == match[1].lower()), None)
        if name is None:
            return json_reply({"message": f"Resource not found: {request.path[:80]}"}, 404)
        if "minute" in spoilt and (wait := self._wait(name, spoilt["minute"])):
            said = {"statusCode": 429, "message": f"Rate limit is exceeded. Try again in {wait} seconds."}
            raise Refused(json_reply(said, 429, Retry_After=str(wait)))
        if "400" in spoilt:
            raise _refused("Invalid column name: HourUTC")
        answer = self._found(name, energidata_spoil.parameters(request.given, spoilt))
        energidata_spoil.spoil(answer, name, spoilt)
        return json_reply(answer, RemainingCalls="39", TotalCalls=str(len(self.requests)))

    def _wait(self, name: str, minute: float) -> int:
        """Seconds until the dataset may be asked again; 0 when it may be now, which is then noted."""
        now = self.now()
        with self._lock:
            last = self._asked.get(name)
            if last and (left := minute - (now - last).total_seconds()) > 0:
                return int(left) + 1
            self._asked[name] = now
        return 0

    def _found(self, name: str, given: Mapping[str, str]) -> dict[str, Any]:
        limit = _number(given, "limit", 0 if "start" in given else DEFAULT_LIMIT)
        offset = _number(given, "offset", 0)
        spelled = [(text, _column(name, text)) for text in given.get("columns", "").split(",") if text]
        utc = TIMES[name][0]
        order = given.get("sort") or f"{utc} desc,PriceArea desc"
        sorting = [
            (_column(name, words[0]) if words else utc, words[1:] == ["desc"])
            for words in map(str.split, order.split(","))
        ]
        rows = self._matching(name, given)
        answer: dict[str, Any] = {"total": len(rows)}
        for column, is_falling in reversed(sorting):
            # A null sorts before everything, as in the real one's database.
            rows.sort(key=lambda row: (row[column] is not None, row[column]), reverse=is_falling)
        if "sort" in given:
            answer["sort"] = given["sort"]
        if "filter" in given:
            answer["filters"] = given["filter"]
        rows = rows[offset : offset + limit if limit else None]
        if spelled:
            rows = [{text: row[column] for text, column in spelled} for row in rows]
        return answer | {"limit": limit, "dataset": name, "records": rows}

    def _matching(self, name: str, given: Mapping[str, str]) -> list[Row]:
        """Rows of the asked time, read on the UTC or on the Danish column, that pass the filter."""
        in_utc = given.get("timezone", "").upper() == "UTC"
        first, end = (self._moment(given[edge], in_utc) if edge in given else None for edge in ("start", "end"))
        now, last = self.now(), milliseconds(self.now()) + 3 * 24 * HOUR
        high = milliseconds(end.replace(tzinfo=UTC) + MARGIN) if end else last
        newest = min(high, last, CHANGE if name == ELSPOT else OPEN_END)
        low = milliseconds(first.replace(tzinfo=UTC) - MARGIN) if first else newest - LOOK_BACK * 24 * HOUR
        wanted = _filter(name, given.get("filter", "{}"))
        rows = self.served.rows(name, low, high, now)
        column = TIMES[name][0 if in_utc else 1]
        earliest, latest = first.isoformat() if first else "", end.isoformat() if end else "~"
        return [
            row
            for row in rows
            if earliest <= row[column] < latest and all(row[field] in allowed for field, allowed in wanted.items())
        ]

    def _moment(self, text: str, in_utc: bool) -> datetime:
        """Naive, on the clock of the column."""
        now = self.now().astimezone(UTC if in_utc else ZONE).replace(tzinfo=None, second=0, microsecond=0)
        if match := RELATIVE.fullmatch(text):
            midnight = datetime.combine(now.date(), datetime.min.time())
            named = {
                "StartOfDay": midnight,
                "StartOfMonth": midnight.replace(day=1),
                "StartOfYear": midnight.replace(day=1, month=1),
            }
            days = int(f"{match[2]}{match[3]}") if match[2] else 0
            return named.get(match[1], now) + timedelta(days=days)
        if match := MOMENT.fullmatch(text):
            year, month, day, hour, minute = (int(part) if part else None for part in match.groups())
            try:
                return datetime(year or 1, month or 1, day or 1, hour or 0, minute or 0)  # noqa: DTZ001 - naive is meant
            except ValueError:
                pass
        raise _refused(f"Invalid date: {text[:40]}. Use yyyy-MM-ddTHH:mm")


def _refused(words: str) -> Refused:
    return Refused(json_reply({"message": words}, 400))


def _filter(name: str, text: str) -> dict[str, list[Any]]:
    """Column → allowed values: equality is all that the API knows."""
    try:
        wanted = json.loads(text)
        allowed = {column: value if isinstance(value, list) else [value] for column, value in wanted.items()}
    except (ValueError, AttributeError):
        raise _refused('Invalid filter: use JSON like {"PriceArea":["DK1"]}') from None
    return {_column(name, column): values for column, values in allowed.items()}


def _column(name: str, text: str) -> str:
    column = next((column for column in COLUMNS[name] if column.lower() == text.strip().lower()), None)
    if column is None:
        raise _refused(f"Invalid column name: {text[:40]}")
    return column


def _number(given: Mapping[str, str], name: str, default: int) -> int:
    text = given.get(name, str(default))
    if not text.isdecimal():
        raise _refused(f"Invalid {name}: {text[:40]}")
    return int(text)
