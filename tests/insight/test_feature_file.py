"""`analyse --features`: the columns as they stand in the file, blind for their own day, and never half a file."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
import uuid
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet
import pytest
from numpy.typing import NDArray
from pymongo.database import Database

from sync.insight.around import Around
from sync.insight.features import COLUMNS, TARGET, unit_of
from sync.insight.grid import SLOTS
from sync.insight.read import Wanted, stored
from sync.insight.table import NAMES, write_features
from sync.model.localtime import PARIS, midnight
from sync.model.unfinished import Unfinished
from sync.settings import DEFAULT_COLLECTIONS
from sync.sources import zone_of
from sync.sources.lcl.tables import BANDS, HOUSEHOLDS
from sync.store.connection import connect
from sync.store.schema import exists, pair
from tests import fleet_rows
from tests import meters_of_all_kinds as kinds
from tests.dash import nordic_stores
from tests.servers import PROJECT_ROOT
from tests.shell import Shell

FIRST, DAYS, DAY = date(2013, 1, 7), 60, 50  # in winter: local days are UTC days in London
START = datetime(2013, 1, 7, tzinfo=UTC)
HOME, PLAIN = "MAC000001", "MAC000002"
LINKY = "linky-0000-consumption"
WEATHER_COLUMNS = [name for name in COLUMNS if name.startswith(("temperature", "heating"))]
TARIFF_COLUMNS = ["high_hours", "low_hours"]


def fill(database: Database[Any], cut: int = DAYS, later: float | None = None) -> None:
    """A home with a tariff by the hour, one without, a price area with its weather. From day `cut` on everything is
    multiplied by `later`; None: it is not there."""
    random = np.random.default_rng(3)
    for count, name in ((SLOTS, HOME), (SLOTS, PLAIN), (24, "NO1"), (24, "degrees")):
        curve = random.gamma(3, 100, DAYS * count) if name != "degrees" else random.normal(2, 4, DAYS * count)
        curve[cut * count :] *= later or 0
        there = curve if later is not None else curve[: cut * count]
        if name.startswith("MAC"):
            rows = {START + timedelta(minutes=30 * at): int(wh) for at, wh in enumerate(there)}
            fleet_rows.store(database, {name: rows})
        elif name == "NO1":
            start = datetime.fromtimestamp(midnight(FIRST, zone_of("elhub")) / 1000, UTC)
            batch = nordic_stores.energy("elhub", "NO1", "household", start, there.astype(int).tolist(), "consumption")
            nordic_stores.write(database, "elhub", [batch])
        else:
            nordic_stores.write(database, "weather", [nordic_stores.weather("NO1", START, there.tolist())])
    database[HOUSEHOLDS].insert_many([{"_id": HOME, "tariff": "ToU"}, {"_id": PLAIN, "tariff": "Std"}])
    database[BANDS].insert_many(
        {"_id": START + timedelta(hours=6 * part), "end": START + timedelta(hours=6 * part + 6), "band": band}
        for part, band in enumerate(["Low", "Normal", "High", "High"] * DAYS)
    )


@pytest.fixture(scope="module")
def stores(mongo_uri: str) -> Iterator[dict[str, Database[Any]]]:
    """The same readings, whole and with what nobody can know on the morning of DAY blanked, or absurd."""
    with connect(mongo_uri) as client:
        found = {name: client[f"test_{uuid.uuid4().hex[:12]}"] for name in ("whole", "blank", "absurd", "blank 2")}
        fill(found["whole"])
        fill(found["blank"], DAY)
        fill(found["blank 2"], DAY - 1)
        fill(found["absurd"], DAY, 1000.0)
        yield found
        for database in found.values():
            client.drop_database(database.name)


def written(database: Database[Any], folder: Path, lead: int = 1, since: date | None = None) -> Any:
    """The file as pandas reads it, by series and day."""
    weather = pair(database, "weather", DEFAULT_COLLECTIONS)
    pairs = [own for own in (pair(database, each, DEFAULT_COLLECTIONS) for each in ("elhub", "lcl")) if exists(own)]
    wanted = [Wanted(*found, series) for series, found in stored(pairs).items()]
    file = Unfinished(folder / f"{uuid.uuid4().hex}.parquet")
    told = write_features(file, wanted, Around(database, weather if exists(weather) else None), lead, since)
    assert told["columns"] == [*NAMES, *COLUMNS, TARGET]
    return pyarrow.parquet.read_table(file.path).to_pandas().set_index(["series", "day"]).sort_index()


@pytest.mark.parametrize(("lead", "changed"), [(1, "blank"), (1, "absurd"), (2, "blank 2"), (2, "absurd")])
def test_no_row_sees_its_own_day(stores: dict[str, Database[Any]], tmp_path: Path, lead: int, changed: str) -> None:
    """Energy, weather: from day D - lead + 1 on; the row of D and all before it are the same to the last bit."""
    whole, other = (written(stores[name], tmp_path, lead) for name in ("whole", changed))
    cut = DAY if changed in {"blank", "absurd"} else DAY - 1
    last = FIRST + timedelta(days=cut + lead - 1)
    places = {name for name, _ in whole.index}
    assert len(places) == 3
    for place in places:
        before, after = (each.loc[place].loc[:last, list(COLUMNS)] for each in (whole, other))
        assert before.index[-1] == after.index[-1] == last
        assert before.equals(after), place
        if changed == "absurd":  # the day after has seen it
            row = last + timedelta(days=1)
            assert (whole.loc[place].loc[row, list(COLUMNS)] != other.loc[place].loc[row, list(COLUMNS)]).sum() > 15


def test_a_row_is_what_its_columns_say(stores: dict[str, Database[Any]], tmp_path: Path) -> None:
    found = written(stores["whole"], tmp_path)
    own = {home: totals(stores["whole"], home) for home in (HOME, PLAIN)}
    address = f"lcl-{HOME}-consumption"
    assert [len(found.loc[place]) for place in ("elhub-NO1-consumption-household", address)] == [DAYS + 1, DAYS + 1]
    row, total = found.loc[address].loc[FIRST + timedelta(days=DAY)], own[HOME]
    assert (row.wh_1, row.wh_7, row.mean_14) == (total[DAY - 1], total[DAY - 7], total[DAY - 14 : DAY].mean())
    assert (row.total_wh, row.low_hours, row.high_hours) == (total[DAY], 6, 12)
    assert row[WEATHER_COLUMNS].isna().all()  # no temperature of this home's place is stored
    plain = found.loc[f"lcl-{PLAIN}-consumption"]
    assert plain[TARIFF_COLUMNS].isna().all(axis=None)
    area = found.loc["elhub-NO1-consumption-household"]
    degrees = [each["temperature_c"] for each in stores["whole"].weather.find().sort("ts", 1)]
    by_hand = np.mean(degrees[24 * (DAY - 1) - 1 : 24 * DAY - 1])  # Oslo's day begins at 23 h UTC
    assert area.loc[FIRST + timedelta(days=DAY)].temperature_1 == pytest.approx(by_hand)
    assert area[WEATHER_COLUMNS].iloc[8:].notna().all(axis=None)
    last = found.loc[address].iloc[-1]  # the day that comes next: known of it is all but what it will use
    assert np.isnan(last.total_wh)
    assert last.wh_1 == total[DAYS - 1]
    since = FIRST + timedelta(days=30)
    later = written(stores["whole"], tmp_path, since=since)
    assert later.equals(found[found.index.get_level_values("day") >= since])


def totals(database: Database[Any], home: str) -> NDArray[np.float64]:
    wh = [each["wh"] for each in database.lcl.find({"series.id": home}).sort("ts", 1)]
    return np.array(wh, dtype=np.float64).reshape(-1, SLOTS).sum(axis=1)


def test_the_command_writes_refuses_and_repeats(ask: Shell, meters: Database[Any]) -> None:
    file = ask.folder / "features.parquet"
    told = ask.json("analyse", "--source", "linky", "--lead", "2", "--features", file.name)
    assert told["file"] == file.name
    assert (told["series"], told["lead"]) == (len(kinds.NAMES), 2)
    table = pyarrow.parquet.read_table(file)
    assert table.num_rows == told["rows"] > kinds.DAYS * 4
    assert table.schema.metadata[b"lead"] == b"2"
    assert all(table.schema.field(name).metadata[b"description"] for name in (*COLUMNS, TARGET))
    assert file.stat().st_mode & 0o077 == 0
    assert not any(kinds.prm(name).encode() in file.read_bytes() for name in kinds.NAMES)
    assert not meters.insight_cards.count_documents({})
    before = file.read_bytes()
    code, out, err = ask("analyse", "--features", file.name)
    assert (code, out) == (2, "")
    assert "features.parquet is there already: name another file, or add --overwrite" in err
    assert file.read_bytes() == before
    question = ("analyse", "--source", "linky", "--lead", "2", "--features", file.name, "--overwrite")
    code, out, _ = ask(*question)
    assert (code, file.read_bytes()) == (0, before)
    assert out.startswith("features.parquet: ")
    day = table.to_pandas().query("series == @LINKY").set_index("day").loc[kinds.FIRST + timedelta(days=60)]
    spring = kinds.FIRST + timedelta(days=57)  # 23 hours long
    assert spring == date(2025, 3, 30)
    assert day.wh_3 == pytest.approx(day_of(meters, spring + timedelta(days=-1)))


def day_of(database: Database[Any], day: date) -> float:
    start, end = (datetime.fromtimestamp(midnight(each, PARIS) / 1000, UTC) for each in (day, day + timedelta(days=1)))
    own = {"series": kinds.series("usual").subdocument(), "ts": {"$gte": start, "$lt": end}}
    return float(sum(each["wh"] for each in database.consumption.find(own)))


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("--features", "features.csv"), "--features writes Parquet: name a FILE.parquet"),
        (("--features", "nowhere/features.parquet"), "cannot be written: No such file"),
        (("--overwrite",), "--overwrite is about the file of --features"),
    ],
)
def test_wrong_usage(ask: Shell, arguments: tuple[str, ...], why: str) -> None:
    code, out, err = ask("analyse", *arguments)
    assert (code, out) == (2, "")
    assert why in err


CODE = """
import runpy, sys, time
from sync.model.unfinished import Unfinished
Unfinished.keep = lambda self: (print("whole", flush=True), time.sleep(100))
sys.argv[1:] = ["analyse", "--features", "killed.parquet", "--overwrite"]
runpy.run_module("sync", run_name="__main__")
"""


@pytest.mark.parametrize("before", [b"", pytest.param(b"an older one", marks=pytest.mark.soak)])
def test_a_kill_leaves_no_half_file(ask: Shell, before: bytes) -> None:
    """In the last moment, in which all is written and nothing named."""
    file = ask.folder / "killed.parquet"
    file.unlink(missing_ok=True)
    if before:
        file.write_bytes(before)
    environ = {**ask.environ, "PYTHONPATH": str(PROJECT_ROOT)}
    with subprocess.Popen([sys.executable, "-c", CODE], cwd=ask.folder, env=environ, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"whole\n"
        assert "another run is writing" in ask("analyse", "--features", file.name, "--overwrite")[2]
        process.send_signal(signal.SIGKILL)
    assert (file.read_bytes() if file.exists() else b"") == before
    assert ask("analyse", "--features", file.name, *["--overwrite"][: len(before)])[0] == 0
    assert pyarrow.parquet.read_table(file).num_rows
    assert not list(ask.folder.glob(".killed*"))


def test_every_column_stands_in_the_documentation() -> None:
    """With its unit, in this order."""
    text = (PROJECT_ROOT / "docs" / "insight.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\w+)` \| ([^|]+) \| ([^|]+) \|", text, re.MULTILINE)
    told = [row for row in rows if row[0] in COLUMNS or row[0] == TARGET]
    assert [(name, unit) for name, unit, _ in told] == [(name, unit_of(name)) for name in (*COLUMNS, TARGET)]
    for name, _, what in told:
        assert what == COLUMNS.get(name, what)


def test_a_meter_has_the_weather_of_its_own_place(database: Database[Any]) -> None:
    """The one that is of no price area; of several the one that the settings name, else none."""
    degrees = [float(hour % 24 + hour // 24) for hour in range(24 * 6)]
    batches = [nordic_stores.weather(place, START, degrees) for place in ("NO1", "mine")]
    nordic_stores.write(database, "weather", batches)
    weather, meter = pair(database, "weather", DEFAULT_COLLECTIONS), kinds.series("usual")
    days = (FIRST + timedelta(days=1), FIRST + timedelta(days=4), PARIS)
    found = Around(database, weather).temperature(meter, *days)
    assert found is not None
    by_hand = [np.mean(degrees[24 * day - 1 : 24 * day + 23]) for day in (1, 2, 3)]  # in Paris it is an hour later
    assert found.tolist() == pytest.approx(by_hand)
    nordic_stores.write(database, "weather", [nordic_stores.weather("other", START, degrees)])
    assert Around(database, weather).temperature(meter, *days) is None
    assert Around(database, weather, "mine").temperature(meter, *days) is not None


def test_memory_is_that_of_one_group(stores: dict[str, Database[Any]], tmp_path: Path, monkeypatch: Any) -> None:
    """Row groups are written as soon as they are full: what waits is never more than one and a series."""
    monkeypatch.setattr("sync.insight.table.GROUP", 50)
    weather = pair(stores["whole"], "weather", DEFAULT_COLLECTIONS)
    own = pair(stores["whole"], "lcl", DEFAULT_COLLECTIONS)
    wanted = [Wanted(*found, series) for series, found in stored([own]).items()]
    file = Unfinished(tmp_path / "many.parquet")
    write_features(file, wanted * 5, Around(stores["whole"], weather), 1, None)
    found = pyarrow.parquet.ParquetFile(file.path).metadata
    assert [found.row_group(place).num_rows for place in range(found.num_row_groups)] == [DAYS + 1] * 10
