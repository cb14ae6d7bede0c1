"""The demands that every source must pass, run over each entry of `SOURCES` and over an example of its own.

Adding a source = a folder, an entry, and where it has an API a real answer of it (from its stand-in) in `ANSWERS`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
import pytest
import requests
from pymongo.database import Database

from sync import sources
from sync.commands.standin import served_sources
from sync.http.transport import Answer
from sync.load.files import import_files
from sync.load.progress import Silence
from sync.load.report import Loader, write_batches
from sync.model.errors import FileRefused, RateLimited, RetriableError, SourceError
from sync.model.localtime import midnight
from sync.model.window import Window
from sync.settings import load
from sync.sources import SOURCES, SourceEntry, with_api, zone_of
from sync.sources.source import AnswerRefused, Dataset, Source
from sync.standin.elhub import ElhubStandin
from sync.standin.energidata import EnergidataStandin
from sync.standin.server import Standin
from sync.standin.weather import WeatherStandin
from sync.store.ledger import Ledger
from sync.store.schema import ensure_pair, pair
from sync.store.verify import verify_pair
from sync.store.writer import PairWriter
from sync.triggers.tree import DEFAULT_FOLDER
from tests.clock import FakeClock
from tests.scripted import TOKEN
from tests.waiting import PATIENCE

NOW = datetime(2026, 3, 10, 11, tzinfo=UTC)


class Case(NamedTuple):
    """A source with one real answer of it."""

    source: Source
    dataset: Dataset
    window: Window
    text: str


# --- an example: a new source is a folder with two files, and an entry ------------------------------------------------

API = '''
"""Hours of an invented tidal plant: `{"hours": [["2024-01-01T00:00Z", 5.5], …]}`, a week a call."""

import json
from datetime import date, datetime, timedelta

import numpy as np

from ...model.errors import RateLimited, RetriableError
from ...model.localtime import midnight
from ...model.readings import ReadingBatch, Series
from ...model.window import Window
from .. import zone_of
from ..source import AnswerRefused, Dataset, Parsed, Source


class Tides(Source):
    name, zone = "tides", zone_of("tides")
    datasets = (Dataset("tides", "production", date(2024, 1, 1)),)

    def __init__(self, base):
        self.base = base

    def windows(self, dataset, wanted):
        starts = [wanted.start + timedelta(days=7 * n) for n in range(-(-wanted.length // 7))]
        return [Window(start, min(start + timedelta(days=7), wanted.end)) for start in starts]

    def question(self, dataset, window):
        return f"{self.base}/{dataset.name}", {"from": str(window.start), "to": str(window.end)}

    def parse(self, dataset, window, text, now):
        try:
            hours = [(datetime.fromisoformat(at), float(mwh)) for at, mwh in json.loads(text)["hours"]]
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise AnswerRefused(f"not a list of hours: {error}") from None
        start = np.array([round(at.timestamp() * 1000) for at, _ in hours], dtype=np.int64)
        expected = np.arange(midnight(window.start, self.zone), midnight(window.end, self.zone), 3_600_000)
        if not np.array_equal(start, expected):
            raise AnswerRefused(f"not the hours of {window}")
        columns = {"mwh": np.array([mwh for _, mwh in hours]), "seconds": np.full(len(start), 3600, dtype=np.int32)}
        return Parsed((ReadingBatch(Series(self.name, "bay", dataset.flow, "tide"), start, columns),))

    def explain(self, answer, now):
        if answer.status == 429:
            return RateLimited("slower", 429, answer.retry_after(now) or now + timedelta(minutes=1))
        return None if answer.status == 200 else RetriableError(f"HTTP {answer.status}", answer.status)


def connect(base, settings):
    return Tides(base)
'''
READER = '''
"""`hour,mwh`, hours since 1970 in UTC."""

import numpy as np

from ...model.errors import FileRefused
from ...model.readings import ReadingBatch, Series
from ..files import File, Files, Part


def open_files(paths, settings=None):
    for path in paths:
        if not path.read_text().startswith("hour,mwh"):
            raise FileRefused(f"{path.name} is no file of tides")
    return Files([File(path.name, path, lambda path=path: read(path)) for path in paths])


def read(path):
    rows = np.loadtxt(path, delimiter=",", skiprows=1, ndmin=2)
    columns = {"mwh": rows[:, 1], "seconds": np.full(len(rows), 3600, dtype=np.int32)}
    batch = ReadingBatch(Series("tides", "bay", "production", "tide"), rows[:, 0].astype(np.int64) * 3_600_000, columns)
    yield Part.counted([batch], [np.arange(len(rows)) + 2])
'''
ENTRY = SourceEntry(
    "tides", ZoneInfo("UTC"), ("tides", "tidesTS"), "TIDES_API_URL", "https://tides.example", fields={"mwh": "float64"}
)


@pytest.fixture(scope="module", autouse=True)
def example(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """One folder and one entry more; nothing else."""
    folder = tmp_path_factory.mktemp("sources")
    (folder / "tides").mkdir()
    for name, text in (("__init__", ""), ("api", API), ("files", READER)):
        (folder / "tides" / f"{name}.py").write_text(text)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sources, "__path__", [*sources.__path__, str(folder)])
        patch.setitem(SOURCES, "tides", ENTRY)
        yield


def tides() -> Case:
    source = connected("tides", ENTRY.url)
    window = Window(date(2024, 3, 28), date(2024, 4, 2))
    start = midnight(window.start, source.zone)
    hours = [[f"{np.datetime64(start + n * 3_600_000, 'ms')}Z", n / 8] for n in range(24 * window.length)]
    return Case(source, source.datasets[0], window, json.dumps({"hours": hours}))


def connected(name: str, base: str) -> Source:
    """A source at an address."""
    source: Source = import_module(f"sync.sources.{name}.api").connect(base, None)
    return source


# --- an answer of each ------------------------------------------------------------------------------------------------


def served(source_name: str, standin: Standin, place: int) -> Case:
    """The answer of a stand-in for one dataset, over the month of an autumn change."""
    window = Window(date(2024, 10, 1), date(2024, 11, 1))
    with standin:
        source = connected(source_name, standin.url)
        dataset = source.datasets[place]
        url, query = source.question(dataset, window)
        answer = requests.get(url, query, timeout=PATIENCE)
        assert answer.status_code == 200, answer.text
        return Case(source, dataset, window, answer.text)


ANSWERS: dict[str, Callable[[], Case]] = {
    "tides": tides,
    "elhub": lambda: served("elhub", ElhubStandin(now=lambda: NOW), 1),
    "energidata": lambda: served("energidata", EnergidataStandin(now=lambda: NOW), 0),
    "weather": lambda: served("weather", WeatherStandin(now=lambda: NOW), 0),
}


NAMES = sorted({"tides", *SOURCES})
OPEN = [entry.name for entry in SOURCES.values() if entry.has_api and not entry.is_personal]


@pytest.fixture(scope="module", params=sorted({"tides", *OPEN}))
def case(request: pytest.FixtureRequest) -> Case:
    assert request.param in ANSWERS, f"{request.param} needs a real answer in ANSWERS"
    return ANSWERS[request.param]()


# --- the demands ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_everything_about_it_follows_from_its_entry(name: str, tmp_path: Path) -> None:
    entry, settings = SOURCES[name], load(tmp_path, {"LINKY_TOKEN": TOKEN})
    assert entry.name == name
    assert len(set(entry.collections)) == 2
    assert settings.collections.get(name, entry.collections) == entry.collections
    assert zone_of(name) is entry.zone
    assert entry.has_api or entry.has_files
    assert (name in with_api()) == entry.has_api
    if entry.daily:
        assert (DEFAULT_FOLDER / "functions" / f"{entry.daily}.js").exists()
    if entry.standin:
        assert name in served_sources()
    if not entry.has_api:
        return
    settings = load(tmp_path, {"LINKY_TOKEN": TOKEN, entry.setting: "https://elsewhere.example"})
    source = entry.connect(settings)
    assert (source.name, source.zone, source.base) == (name, entry.zone, "https://elsewhere.example")
    assert entry.connect(load(tmp_path, {"LINKY_TOKEN": TOKEN})).base == entry.url
    assert not source.refuse_unusable(NOW)
    for dataset in source.datasets:
        key = source.key(dataset)
        assert key.source == name
        assert not (entry.is_personal and key.id in key.key + key.label)
        assert source.windows(dataset, Window(date(2026, 1, 1), date(2026, 1, 3)))[0].start == date(2026, 1, 1)


@pytest.mark.parametrize("name", NAMES)
def test_a_wrong_file_is_refused_before_anything_is_read(name: str, tmp_path: Path) -> None:
    path = tmp_path / "wrong.csv"
    path.write_text("a,b,c\n1,2,3\n")
    with pytest.raises(FileRefused, match=r"wrong\.csv"):
        list(SOURCES[name].open_files([path], None).parts())


def test_a_second_value_is_refused_with_its_file_and_line(database: Database[Any], tmp_path: Path) -> None:
    """The example through the one import: what stands first stays, everything is accounted for."""
    first, second = tmp_path / "first.csv", tmp_path / "second.csv"
    first.write_text("hour,mwh\n473000,1.5\n473001,2.5\n")
    second.write_text("hour,mwh\n473001,9.5\n473002,3.5\n")
    own = pair(database, "tides", {"tides": ENTRY.collections})
    loader = Loader(own, Ledger(database), PairWriter(own), FakeClock())
    reports = import_files(ENTRY.open_files([first, second], None), loader, Silence())
    assert [str(report) for report in reports] == [
        "first.csv: 2 rows = 2 new",
        "second.csv: 2 rows = 1 new + 1 contradicting",
    ]
    assert [line.partition(":")[0] for line in loader.outcome.rejects] == ["second.csv, line 2"]
    assert sorted(found["mwh"] for found in own.mirror.find()) == [1.5, 2.5, 3.5]
    assert verify_pair(own).identical


def test_its_datasets(case: Case) -> None:
    datasets = case.source.datasets
    assert datasets
    assert len({dataset.name for dataset in datasets}) == len(datasets)
    for dataset in datasets:
        assert dataset.end is None or dataset.first < dataset.end
        assert 1 <= dataset.step <= 3600
        assert dataset.reread >= 0
    assert case.source.spacing >= 1.0


def test_its_windows_cover_what_is_wanted_once(case: Case) -> None:
    for dataset in case.source.datasets:
        first = max(dataset.first, date(2023, 11, 14)) if dataset.end is None else dataset.first
        for days in (1, 3, 45, 400):
            wanted = Window(first, min(first + timedelta(days=days), dataset.end or date.max))
            windows = case.source.windows(dataset, wanted)
            assert windows[0].start == wanted.start
            assert windows[-1].end == wanted.end
            assert all(window.length > 0 for window in windows)
            assert [window.end for window in windows[:-1]] == [window.start for window in windows[1:]]


def test_its_questions(case: Case) -> None:
    """One address of its own base, text parameters, another question for other days."""
    day = timedelta(days=1)
    asked = []
    for window in (
        case.window,
        Window(case.window.start - day, case.window.end),
        Window(case.window.start, case.window.end - day),
    ):
        url, query = case.source.question(case.dataset, window)
        assert url.startswith(case.source.base)
        assert "?" not in url
        assert all(isinstance(text, str) for text in query.values())
        assert not any("%" in text for text in query.values())  # encoded once, by the transport
        asked.append((url, tuple(query.items())))
    assert len(set(asked)) == 3


def test_its_answer_becomes_readings(case: Case) -> None:
    found = case.source.parse(case.dataset, case.window, case.text, NOW)
    low, high = midnight(case.window.start, case.source.zone), midnight(case.window.end, case.source.zone)
    assert found.batches
    assert len({batch.series for batch in found.batches}) == len(found.batches)
    for batch in found.batches:
        assert batch.series.source == case.source.name
        assert batch.series.id and batch.series.flow and batch.series.group  # noqa: PT018
        assert len(batch)
        assert low <= batch.start[0]
        assert batch.end[-1] <= high
    assert not found.rejects


def test_its_entry_names_the_fields_of_its_documents(case: Case) -> None:
    """By which `export` knows its columns, and `import` their types."""
    fields = SOURCES[case.source.name].fields
    parsed = case.source.parse(case.dataset, case.window, case.text, NOW)
    for batch in parsed.batches:
        found = {name: str(column.dtype) for name, column in batch.columns.items() if name != "seconds"}
        assert found.items() <= fields.items()
        assert [name for name in fields if name in found] == list(found)


def test_reading_an_answer_is_pure(case: Case) -> None:
    one, other = (case.source.parse(case.dataset, case.window, case.text, NOW) for _ in range(2))
    assert [batch.series for batch in one.batches] == [batch.series for batch in other.batches]
    for mine, yours in zip(one.batches, other.batches, strict=True):
        assert all((mine.columns[name] == yours.columns[name]).all() for name in mine.columns)


@pytest.mark.parametrize(
    "text",
    ["", "null", "[]", "{}", "5", '"text"', "NaN", "{", "<html>", '{"data":5}', '{"records":5}', "\x00", "[" * 50_000],
)
def test_it_refuses_what_is_no_answer(case: Case, text: str) -> None:
    with pytest.raises(AnswerRefused):
        case.source.parse(case.dataset, case.window, text, NOW)


def test_it_refuses_an_answer_to_another_question(case: Case) -> None:
    """The same answer for other days: what an API does that ignores a parameter."""
    for days in (-40, 40):
        other = Window(case.window.start + timedelta(days=days), case.window.end + timedelta(days=days))
        with pytest.raises(AnswerRefused):
            case.source.parse(case.dataset, other, case.text, NOW)


@pytest.mark.parametrize("cut", [0.3, 0.7, 0.99])
def test_it_refuses_a_cut_answer(case: Case, cut: float) -> None:
    with pytest.raises(AnswerRefused):
        case.source.parse(case.dataset, case.window, case.text[: int(len(case.text) * cut)], NOW)


def test_what_it_makes_of_refusals(case: Case) -> None:
    assert case.source.explain(Answer(200, "application/json", "{}"), NOW) is None
    limited = case.source.explain(Answer(429, "", "slow down", {"retry-after": "90"}), NOW)
    assert isinstance(limited, RateLimited)
    assert timedelta(seconds=60) <= limited.until - NOW <= timedelta(seconds=300)
    for status in (400, 401, 403, 404, 408, 418, 500, 502, 503, 504):
        for text in ("", "<html>", "{", '{"error":{"detail":"no"}}', "\x00" * 5, "word " * 1000):
            error = case.source.explain(Answer(status, "", text), NOW)
            assert isinstance(error, SourceError)
            assert error.status == status
            assert len(str(error)) < 600
            if status >= 500:
                assert isinstance(error, RetriableError)


def test_its_readings_are_stored_identically(case: Case, database: Database[Any]) -> None:
    own = pair(database, case.source.name, {case.source.name: SOURCES[case.source.name].collections})
    ensure_pair(own)
    found = case.source.parse(case.dataset, case.window, case.text, NOW)
    writer = PairWriter(own)
    expected = sum(map(len, found.batches))
    assert write_batches(writer, found.batches).new == expected
    again = write_batches(writer, found.batches)
    assert (again.new, again.changed, again.unchanged) == (0, 0, expected)
    assert verify_pair(own).identical
    assert own.record.count_documents({}) == own.mirror.count_documents({}) == expected
