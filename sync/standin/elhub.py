"""A stand-in for Elhub's open API: a local server that answers as the real one does (../shared/docs/nordic.md §1).

    with ElhubStandin() as standin:
        requests.get(f"{standin.url}/price-areas", params={"dataset": "PRODUCTION_PER_GROUP_MBA_HOUR", …})

With its habits: unknown parameters are ignored, offsets too; the window is half-open on the Oslo wall clock and a month
at most; missing dates mean the last month; values are float32; an area without a row may be absent.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, ClassVar, Unpack

import numpy as np

from ..model.localtime import midnight
from ..model.readings import milliseconds
from ..sources.elhub.api import AREAS
from . import elhub_spoil
from .elhub_hours import PUBLISHED_AFTER, ZONE, FileHours, GeneratedHours, Hours
from .faults import Fault, Kind
from .hours import HOUR
from .replies import NO_SUCH_PAGE, Refused, Reply, json_reply
from .server import TRANSPORT_KINDS, OpenStandin, Options, Request

DATASETS = {"productionPerGroupMbaHour": "production", "consumptionPerGroupMbaHour": "consumption"}
EIC = {"NO1": "10YNO-1--------2", "NO2": "10YNO-2--------T", "NO3": "10YNO-3--------J", "NO4": "10YNO-4--------9"}
WALL = re.compile(r"(\d{4}-\d\d-\d\d)(?:T(\d\d:\d\d:\d\d)(?P<offset>Z|[+-]\d\d:\d\d))?")
PUBLISHED_HOUR = 18  # local; the day before appears in the afternoon or evening
KEPT = 200  # rendered answers


class ElhubStandin(OpenStandin):
    """The hours of Norway."""

    kinds: ClassVar[Mapping[str, Kind]] = TRANSPORT_KINDS | elhub_spoil.KINDS
    day_kinds: ClassVar[Mapping[str, Kind]] = elhub_spoil.DAY_KINDS
    base = "/energy-data/v0"
    generated = GeneratedHours
    read = FileHours
    zone = ZONE
    days_behind = 2

    def __init__(self, served: Any = None, **options: Unpack[Options]) -> None:
        self._rendered = lru_cache(maxsize=KEPT)(self._render)
        super().__init__(served, **options)

    @property
    def published(self) -> int:
        """The first instant (ms) that is not published yet."""
        local = self.now().astimezone(ZONE)
        return midnight(local.date() - timedelta(days=0 if local.hour >= PUBLISHED_HOUR else 1), ZONE)

    def reply(self, request: Request, spoilt: Mapping[str, float]) -> Reply:
        """One answer, compressed where that is accepted."""
        given = request.given
        if not ("accept" in request.headers and "user-agent" in request.headers):
            raise Refused(json_reply({"message": "Forbidden"}, 403))
        match = re.fullmatch(r"/price-areas(?:/(\w+))?", request.path.removeprefix(self.base))
        if not match:
            return NO_SUCH_PAGE
        name, area = _dataset(given.get("dataset", ""), swapped="otherdataset" in spoilt), match[1]
        if area is not None and area not in AREAS:
            raise _refused(404, f"price area {area} not found")
        span = self._wall_window(given)
        if "othermonth" in spoilt:
            span = self._wall_window({})
        if "400" in spoilt or "204" in spoilt:
            raise _refused(400 if "400" in spoilt else 204, "asked for by a fault")
        group = given.get(f"{DATASETS[name]}Group")
        low, high = (milliseconds(edge.replace(tzinfo=ZONE)) for edge in span)
        body = self._rendered(name, area, group, (low, min(high, self.published)), tuple(self.faults.days))
        body = elhub_spoil.spoil(body, spoilt)
        if "gzip" in request.headers.get("accept-encoding", ""):
            return Reply(200, body, headers={"Content-Encoding": "gzip"})
        return Reply(200, gzip.decompress(body))

    def _wall_window(self, given: Mapping[str, str]) -> tuple[datetime, datetime]:
        """Naive Oslo wall clock `[first, end)`; offsets are read and ignored, but two different ones are refused, as by
        the live API in all six such requests of a log of 91 (2026-11)."""
        ends = [WALL.fullmatch(given.get(name, "")) for name in ("startDate", "endDate")]
        if len({end["offset"] for end in ends if end and end["offset"]}) > 1:
            raise _refused(400, "startDate and endDate have different offsets")
        now = self.now().astimezone(ZONE).replace(tzinfo=None)
        end = _wall(given["endDate"]) if "endDate" in given else now
        first = _wall(given["startDate"]) if "startDate" in given else _month_before(end)
        if first < _month_before(end):
            raise _refused(400, "the period cannot exceed one month")
        return first, end

    def _render(
        self, name: str, area: str | None, group: str | None, span: tuple[int, int], days: tuple[Fault, ...]
    ) -> bytes:
        """The answer, compressed. The order of the areas is not promised: it turns with the month."""
        listed: dict[str, list[dict[str, Any]]] = {"*": []}
        for hours in self.served.hours(DATASETS[name], *span):
            if area in (None, hours.area) and group in (None, hours.group):
                listed.setdefault(hours.area, []).extend(self._records(hours, DATASETS[name], days))
        entities = []
        for place, records in listed.items():
            country = {"country": "NO", "eic": EIC.get(place, "*"), "name": place, name: records}
            entities.append({"id": place, "type": "price-areas", "attributes": country})
        turn = span[0] // (30 * 24 * HOUR) % len(entities)
        links, meta = {"self": f"/price-areas?dataset={name}"}, {"created": f"{self.now():%Y-%m-%d}"}
        answer = {"data": entities[turn:] + entities[:turn], "links": links, "meta": meta}
        return gzip.compress(json.dumps(answer, separators=(",", ":")).encode(), 1, mtime=0)

    def _records(self, hours: Hours, flow: str, days: tuple[Fault, ...]) -> Iterator[dict[str, Any]]:
        now = milliseconds(self.now().replace(microsecond=0))
        early = hours.start // (24 * HOUR) * (24 * HOUR) + PUBLISHED_AFTER
        shown = replace(hours, updated=np.where(hours.updated <= now, hours.updated, early))
        shown = elhub_spoil.changed(shown, days, now)
        common: dict[str, Any] = {"priceArea": hours.area, f"{flow}Group": hours.group}
        common |= {"meteringPointCount": hours.meters} if flow == "consumption" else {}
        # The shortest text of each float32 names the number.
        kwh = map(float, np.asarray(shown.kwh, dtype=np.float32).astype(str).tolist())
        for start, updated, number in zip(shown.start.tolist(), shown.updated.tolist(), kwh, strict=True):
            times = {"startTime": _text(start), "endTime": _text(start + HOUR), "lastUpdatedTime": _text(updated)}
            yield {**common, **times, "quantityKwh": number}


def _refused(status: int, words: str) -> Refused:
    return Refused(json_reply({"error": {"status": status, "detail": words}}, status))


def _dataset(text: str, swapped: bool) -> str:
    """The dataset in the spelling of the answers: upper or lower snake case, or camel case, is taken."""
    names = {name.lower(): name for name in DATASETS}
    if (name := names.get(text.replace("_", "").lower())) is None:
        raise _refused(400, f"dataset '{text[:60]}' is not known")
    return next(other for other in DATASETS if other != name) if swapped else name


def _wall(text: str) -> datetime:
    match = WALL.fullmatch(text)
    try:
        if match:
            return datetime.fromisoformat(f"{match[1]}T{match[2] or '00:00:00'}")
    except ValueError:
        match = None
    raise _refused(400, "dates must be yyyy-MM-dd or yyyy-MM-dd'T'HH:mm:ssXXX")


def _month_before(moment: datetime) -> datetime:
    last = moment.replace(day=1) - timedelta(days=1)
    return last.replace(day=min(moment.day, last.day))


@lru_cache(maxsize=100_000)
def _text(moment: int) -> str:
    """An instant (ms) with the Oslo offset."""
    return datetime.fromtimestamp(moment // 1000, UTC).astimezone(ZONE).isoformat()
