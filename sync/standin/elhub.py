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
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from itertools import groupby
from typing import ClassVar, Unpack

import numpy as np

from ..model.localtime import midnight
from ..sources.elhub.api import AREAS
from . import elhub_spoil
from .elhub_hours import HOUR, PUBLISHED_AFTER, ZONE, FileHours, GeneratedHours, Hours, Served
from .faults import DayFault, Kind
from .replies import NO_SUCH_PAGE, Reply, json_reply
from .server import TRANSPORT_KINDS, OpenStandin, Options, Request

DATASETS = {"productionPerGroupMbaHour": "production", "consumptionPerGroupMbaHour": "consumption"}
EIC = {"NO1": "10YNO-1--------2", "NO2": "10YNO-2--------T", "NO3": "10YNO-3--------J", "NO4": "10YNO-4--------9"}
WALL = re.compile(r"(\d{4}-\d\d-\d\d)(?:T(\d\d:\d\d:\d\d)(?:Z|[+-]\d\d:\d\d))?")
PUBLISHED_HOUR = 18  # local; the day before appears in the afternoon or evening
KEPT = 200  # rendered answers


class Refused(Exception):
    """A request the API refuses, with its status."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status = status


class ElhubStandin(OpenStandin):
    """The hours of Norway."""

    kinds: ClassVar[Mapping[str, Kind]] = TRANSPORT_KINDS | elhub_spoil.KINDS
    day_kinds: ClassVar[Mapping[str, Kind]] = elhub_spoil.DAY_KINDS
    base = "/energy-data/v0"
    generated = GeneratedHours
    read = FileHours
    zone = ZONE
    days_behind = 2

    def __init__(self, served: Served | None = None, **options: Unpack[Options]) -> None:
        self._rendered = lru_cache(maxsize=KEPT)(self._render)
        super().__init__(served, **options)

    @property
    def published(self) -> int:
        """The first instant (ms) that is not published yet."""
        local = self.now().astimezone(ZONE)
        return midnight(local.date() - timedelta(days=0 if local.hour >= PUBLISHED_HOUR else 1), ZONE)

    def reply(self, request: Request, spoilt: Mapping[str, float]) -> Reply:
        """One answer, compressed where that is accepted."""
        path = request.path.removeprefix(self.base)
        if not ("accept" in request.headers and "user-agent" in request.headers):
            return json_reply({"message": "Forbidden"}, 403)
        area = re.fullmatch(r"/price-areas(?:/(\w+))?", path)
        if not area:
            return NO_SUCH_PAGE
        try:
            body = self._body(area[1], request.given, spoilt)
        except Refused as refused:
            return json_reply({"error": {"status": refused.status, "detail": str(refused)}}, refused.status)
        if "gzip" in request.headers.get("accept-encoding", ""):
            return Reply(200, body, headers={"Content-Encoding": "gzip"})
        return Reply(200, gzip.decompress(body))

    def _body(self, area: str | None, given: Mapping[str, str], spoilt: Mapping[str, float]) -> bytes:
        name = _dataset(given.get("dataset", ""), swapped="otherdataset" in spoilt)
        flow = DATASETS[name]
        if area is not None and area not in AREAS:
            raise Refused(404, f"price area {area} not found")
        first, end = self._wall_window(given)
        if "othermonth" in spoilt:
            first, end = self._wall_window({})
        group = given.get(f"{flow}Group")
        days = tuple(self.faults.days)
        if "400" in spoilt or "204" in spoilt:
            raise Refused(400 if "400" in spoilt else 204, "asked for by a fault")
        return elhub_spoil.spoil(self._rendered(name, area, group, (first, end), self.published, days), spoilt)

    def _render(
        self,
        name: str,
        area: str | None,
        group: str | None,
        span: tuple[datetime, datetime],
        _published: int,
        days: tuple[DayFault, ...],
    ) -> bytes:
        """The answer, compressed; what it depends on beside its parameters is `_published`."""
        series = self._hours(DATASETS[name], *span, elhub_spoil.Days(days, self.now()))
        wanted = [hours for hours in series if area in (None, hours.area) and group in (None, hours.group)]
        return gzip.compress(_render(name, DATASETS[name], wanted, span[0]), 1, mtime=0)

    def _wall_window(self, given: Mapping[str, str]) -> tuple[datetime, datetime]:
        """Naive Oslo wall clock `[first, end)`; offsets are read and ignored."""
        now = self.now().astimezone(ZONE).replace(tzinfo=None)
        end = _wall(given["endDate"]) if "endDate" in given else now
        first = _wall(given["startDate"]) if "startDate" in given else _month_before(end)
        if first < _month_before(end):
            raise Refused(400, "the period cannot exceed one month")
        return first, end

    def _hours(self, flow: str, first: datetime, end: datetime, days: elhub_spoil.Days) -> list[Hours]:
        low, high = midnight(first.date(), ZONE), midnight(end.date() + timedelta(days=1), ZONE)
        high = min(high, self.published)
        served = []
        for hours in self.served.hours(flow, low, high):
            wall = _walls(hours.start)
            kept = (wall >= np.datetime64(first, "ms")) & (wall < np.datetime64(end, "ms"))
            if kept.any():
                start, updated = hours.start[kept], hours.updated[kept]
                shown = np.where(
                    updated <= self._now_ms(), updated, start // (24 * HOUR) * (24 * HOUR) + PUBLISHED_AFTER
                )
                part = (start, hours.kwh[kept], shown)
                served.append(days.changed(Hours(hours.area, hours.group, *part, hours.meters)))
        return served

    def _now_ms(self) -> int:
        return int(self.now().timestamp()) * 1000


def _dataset(text: str, swapped: bool) -> str:
    """The dataset in the spelling of the answers: upper or lower snake case, or camel case, is taken."""
    names = {name.lower(): name for name in DATASETS}
    name = names.get(text.replace("_", "").lower())
    if name is None:
        raise Refused(400, f"dataset '{text[:60]}' is not known")
    return next(other for other in DATASETS if other != name) if swapped else name


def _wall(text: str) -> datetime:
    match = WALL.fullmatch(text)
    try:
        if match:
            return datetime.fromisoformat(f"{match[1]}T{match[2] or '00:00:00'}")
    except ValueError:
        match = None
    raise Refused(400, "dates must be yyyy-MM-dd or yyyy-MM-dd'T'HH:mm:ssXXX")


def _month_before(moment: datetime) -> datetime:
    last = moment.replace(day=1) - timedelta(days=1)
    return last.replace(day=min(moment.day, last.day))


def _walls(start: np.ndarray) -> np.ndarray:
    """Naive wall clock of instants: the offset is that of the local day, or of the hour on the days of change."""
    offsets = {}
    walls = np.empty(len(start), dtype="datetime64[ms]")
    for place, moment in enumerate(start.tolist()):
        if moment not in offsets:
            local = datetime.fromtimestamp(moment / 1000, ZONE)
            offsets[moment] = local.utcoffset() or timedelta()
        walls[place] = np.datetime64(moment, "ms") + np.timedelta64(offsets[moment])
    return walls


def _render(name: str, flow: str, series: list[Hours], first: datetime) -> bytes:
    """The JSON text. The order of the areas is not promised: it turns with the month."""
    texts = _Texts()
    series = sorted(series, key=lambda hours: hours.area)
    entities = [f'{{"id":"*","type":"price-areas","attributes":{{"country":"NO","eic":"*","name":"*","{name}":[]}}}}']
    for area, own in groupby(series, key=lambda hours: hours.area):
        records = ",".join(text for hours in own for text in _records(hours, flow, texts))
        entities.append(
            f'{{"id":"{area}","type":"price-areas","attributes":{{"country":"NO","eic":"{EIC.get(area, "*")}",'
            f'"name":"{area}","{name}":[{records}]}}}}'
        )
    turn = first.month % len(entities)
    link = f'"links":{{"self":"/price-areas?dataset={name}"}},"meta":{{"created":"{date.today()}"}}'  # noqa: DTZ011
    return f'{{"data":[{",".join(entities[turn:] + entities[:turn])}],{link}}}'.encode()


def _records(hours: Hours, flow: str, texts: _Texts) -> list[str]:
    # The shortest text of each float32, in the notation of the API: 2494728.0, not 2.494728e+06.
    kwh = [repr(float(text)) for text in np.asarray(hours.kwh, dtype=np.float32).astype(str).tolist()]
    rows = zip(hours.start.tolist(), hours.updated.tolist(), kwh, strict=True)
    head = f'"priceArea":"{hours.area}"'
    if flow == "production":
        return [
            f'{{"endTime":"{texts[start + HOUR]}","lastUpdatedTime":"{texts[updated]}",{head},'
            f'"productionGroup":"{hours.group}","quantityKwh":{number},"startTime":"{texts[start]}"}}'
            for start, updated, number in rows
        ]
    return [
        f'{{"consumptionGroup":"{hours.group}","endTime":"{texts[start + HOUR]}","lastUpdatedTime":"{texts[updated]}",'
        f'"meteringPointCount":{json.dumps(hours.meters)},{head},"quantityKwh":{number},"startTime":"{texts[start]}"}}'
        for start, updated, number in rows
    ]


class _Texts(dict[int, str]):
    """Instant (ms) → text with the Oslo offset."""

    def __missing__(self, moment: int) -> str:
        self[moment] = text = datetime.fromtimestamp(moment // 1000, UTC).astimezone(ZONE).isoformat()
        return text
