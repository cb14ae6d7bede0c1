"""Elhub's bulk files: both layouts, plain and gzipped, wrong rows counted, wrong files refused whole."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sync.model.errors import FileRefused
from sync.model.readings import ReadingBatch
from sync.sources.elhub.files import open_files
from sync.sources.files import Part
from tests.elhub_answers import OSLO, local_hours

FIRST = "START_TIME,END_TIME,PRICE_AREA,PRODUCTION_GROUP,VOLUME_KWH"
SECOND = "START_TIME,END_TIME,PRICE_AREA,EIC,PRODUCTION_GROUP,QUANTITY_KWH,LAST_UPDATE_TIME"


def stamp(moment: datetime) -> str:
    """`2022-10-22T00:00:00.000+02:00`, as the files write it."""
    return moment.astimezone(OSLO).isoformat(timespec="milliseconds")


def first_layout(hours: list[datetime], area: str = "NO1", group: str = "Hydro unspecified") -> list[str]:
    return [
        f"{stamp(hour)},{stamp(hour + timedelta(hours=1))},{area},{group},{number}.061"
        for number, hour in enumerate(hours, 1)
    ]


def second_layout(hours: list[datetime], updated: str = "2024-12-20T10:35:01.000+01:00") -> list[str]:
    return [
        f"{stamp(hour)},{stamp(hour + timedelta(hours=1))},NO1,10YNO-1--------2,hydro,{number}.061,{updated}"
        for number, hour in enumerate(hours, 1)
    ]


def written(folder: Path, header: str, rows: list[str], name: str = "bulk.csv") -> Path:
    path = folder / name
    text = "\n".join([header, *rows]) + "\n"
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    return path


def read(*paths: Path) -> tuple[dict[tuple[str, str, str], ReadingBatch], list[str], list[Part]]:
    """The readings by series (of files short enough for one part), the rejects, the parts."""
    parts = list(open_files(paths).parts())
    batches = {(b.series.id, b.series.flow, b.series.group): b for part in parts for b in part.batches}
    return batches, [reject for part in parts for reject in part.rejects], parts


@pytest.mark.parametrize("name", ["bulk.csv", "bulk.csv.gz"])
def test_the_first_layout(tmp_path: Path, name: str) -> None:
    """A day of 25 hours; `Hydro unspecified` is the API's `hydro`; three decimals are exact Wh."""
    hours = local_hours("2022-10-30", "2022-10-31")
    found, rejects, _ = read(written(tmp_path, FIRST, first_layout(hours), name))
    batch = found["NO1", "production", "hydro"]
    assert (len(batch), rejects) == (25, [])
    assert batch.wh.tolist() == [1000 * number + 61 for number in range(1, 26)]
    assert list(batch.columns) == ["wh", "seconds"]


def test_the_second_layout(tmp_path: Path) -> None:
    found, _, _ = read(written(tmp_path, SECOND, second_layout(local_hours("2022-10-30", "2022-10-31"))))
    batch = found["NO1", "production", "hydro"]
    document = batch.document(0, None)  # type: ignore[arg-type]
    assert document["updated"] == datetime(2024, 12, 20, 9, 35, 1, tzinfo=UTC)
    assert (document["wh"], document["ts"]) == (1061, datetime(2022, 10, 29, 22, tzinfo=UTC))


def test_columns_are_found_by_name(tmp_path: Path) -> None:
    """Any order, any case, more of them than known, a byte order mark."""
    path = tmp_path / "moved.csv"
    path.write_text(
        "\ufeffquantity_kwh,CONSUMPTION_GROUP,note,price_area,Start_Time,METERING_POINT_COUNT\n"
        "5.5,cabin,x,NO2,2021-01-01T00:00:00+01:00,100607\n"
        "6.5,cabin,x,NO2,2021-01-01T01:00:00+01:00,\n",
        encoding="utf-8",
    )
    found, _, _ = read(path)
    batch = found["NO2", "consumption", "cabin"]
    documents = [batch.document(index, None) for index in range(2)]  # type: ignore[arg-type]
    assert [document["wh"] for document in documents] == [5500, 6500]
    assert [document.get("meters") for document in documents] == [100607, None]


def test_wrong_rows_are_counted_with_their_line(tmp_path: Path) -> None:
    hours = local_hours("2022-05-01", "2022-05-02")
    rows = first_layout(hours)
    rows[3] = rows[3].replace("+02:00", "")  # an hour without its offset
    rows[5] = rows[5].replace(".061", "kWh")
    rows[7] = rows[7].replace("NO1", "")
    rows[9] = rows[9].replace(":00:00.000", ":30:00.000")
    rows[11] = rows[11].rpartition(",")[0] + ","
    rows[13] = rows[13].rpartition(",")[0] + ",NaN"
    rows[15] = rows[15].rpartition(",")[0] + ",-5.5"
    found, rejects, parts = read(written(tmp_path, FIRST, rows))
    assert len(found["NO1", "production", "hydro"]) == 24 - 6
    assert found["NO1", "production", "hydro"].flags[9] == "negative"
    lines = sorted(int(reject.partition("line ")[2].partition(":")[0]) for reject in rejects)
    assert lines == [5, 7, 9, 11, 15]
    assert parts[0].short == "1 rows without a quantity"


def test_an_hour_that_stands_there_twice(tmp_path: Path) -> None:
    """Equal ones are one; of two the one updated later; two values without a difference in time are none."""
    hours = local_hours("2022-05-01", "2022-05-02")
    rows = second_layout(hours)
    later = rows[4].replace(",5.061,2024", ",7.5,2025")
    doubt = rows[6].replace(",7.061,", ",8.5,")
    found, rejects, _ = read(written(tmp_path, SECOND, [*rows, rows[2], later, doubt]))
    batch = found["NO1", "production", "hydro"]
    assert len(batch) == 23
    assert batch.wh[4] == 7500
    assert len(rejects) == 1
    assert "another value for the same hour" in rejects[0]


def test_a_file_of_which_every_hour_is_in_doubt(tmp_path: Path) -> None:
    (row,) = second_layout(local_hours("2022-05-01", "2022-05-02")[:1])
    found, rejects, parts = read(written(tmp_path, SECOND, [row, row.replace(",1.061,", ",8.5,")]))
    assert found == {}
    assert len(rejects) == 1
    assert sum(part.counts.rows for part in parts) == 2


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "has no START_TIME"),
        (b"a,b,c\n1,2,3\n", "it has a, b, c"),
        (b"START_TIME,PRICE_AREA,VOLUME_KWH\n", "PRODUCTION_GROUP or CONSUMPTION_GROUP"),
        (b"<!DOCTYPE html><title>404</title>\n", "is not a file of Elhub"),
        (b"\xff\xfeS\x00T\x00A\x00", "cannot be read as UTF-8"),
        (b"\x1f\x8bnot gzip at all", "cannot be read"),
        (gzip.compress(FIRST.encode() + b"\n" + b"x,\n" * 40_000)[:-20], "is broken"),
    ],
)
def test_other_files_are_refused(tmp_path: Path, content: bytes, told: str) -> None:
    path = tmp_path / "wrong.csv"
    path.write_bytes(content)
    with pytest.raises(FileRefused, match=r"wrong\.csv") as refused:
        list(open_files([path]).parts())
    assert told in str(refused.value)


def test_a_wrong_file_is_seen_before_the_first_is_handed_out(tmp_path: Path) -> None:
    right = written(tmp_path, FIRST, first_layout(local_hours("2022-05-01", "2022-05-02")))
    with pytest.raises(FileRefused):
        next(open_files([right, written(tmp_path, "a,b", ["1,2"], "other.csv")]).parts())


def test_parts_are_months_oldest_first(tmp_path: Path) -> None:
    rows = first_layout(local_hours("2022-01-01", "2022-07-01"), "NO2") + first_layout(
        local_hours("2022-01-01", "2022-07-01")
    )
    parts = list(open_files([written(tmp_path, FIRST, rows)]).parts())
    starts = [int(part.batches[0].start[0]) for part in parts]
    assert starts == sorted(starts)
    assert len(parts) == 6
    assert {batch.series.id for batch in parts[0].batches} == {"NO1", "NO2"}
    assert sum(len(batch) for part in parts for batch in part.batches) == len(rows)


def test_the_real_export(shared_data: Path) -> None:
    """18,384 hours saved from the API, read by pandas beside us."""
    path = shared_data / "elhub/production_hourly_20250922_20251020_5areas.csv.gz"
    found, rejects, _ = read(path)
    theirs = pd.read_csv(path)
    assert rejects == []
    assert sum(map(len, found.values())) == len(theirs) == 18_384
    for (area, group), rows in theirs.groupby(["priceArea", "productionGroup"]):
        batch = found[area, "production", group]
        moments = pd.to_datetime(rows["startTime"], utc=True).astype("int64").to_numpy()
        order = np.argsort(moments)
        unit = 10 ** (len(str(moments[0])) - 13)
        assert (batch.start == moments[order] // unit).all()
        assert (batch.wh / 1000 == rows["quantityKwh"].to_numpy()[order]).all()
