"""The site exports of Energi Data Service: real ones to the last price, and what is wrong with others."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from sync.model.errors import FileRefused
from sync.model.readings import ReadingBatch, milliseconds
from sync.sources.energidata.files import open_files
from sync.sources.energidata.prices import CHANGE
from tests.energidata_answers import CHANGE_2025, ELSPOT_2024, change_of_2025, exported

HEADER = "HourUTC;HourDK;PriceArea;SpotPriceDKK;SpotPriceEUR\n"
NEW_HEADER = "TimeUTC;TimeDK;PriceArea;DayAheadPriceEUR;DayAheadPriceDKK\n"


def written(folder: Path, text: str, name: str = "prices.csv") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def joined(*paths: Path) -> tuple[dict[str, ReadingBatch], list[str], list[str]]:
    """All of some files: area → one batch; rejects; what is short."""
    parts: dict[str, list[ReadingBatch]] = {}
    rejects: list[str] = []
    short: list[str] = []
    for parsed in open_files(paths).parts():
        rejects += parsed.rejects
        short += [parsed.short] if parsed.short else []
        for batch in parsed.batches:
            parts.setdefault(batch.series.id, []).append(batch)
    whole = {}
    for area, batches in parts.items():
        columns = {name: np.concatenate([batch.columns[name] for batch in batches]) for name in batches[0].columns}
        none = [np.zeros(len(batch), dtype=bool) for batch in batches]
        absent = np.concatenate([batch.absent.get("dkk_mwh", no) for batch, no in zip(batches, none, strict=True)])
        start = np.concatenate([batch.start for batch in batches])
        whole[area] = ReadingBatch(batches[0].series, start, columns, absent={"dkk_mwh": absent})
    return whole, rejects, short


def test_a_year_of_seven_areas_to_the_last_price(shared_data: Path) -> None:
    """8,784 hours each, 02:00 twice in October, negative prices and all; oldest first, though the file is not."""
    path = shared_data / ELSPOT_2024
    truth = exported(path)
    batches, rejects, short = joined(path)
    assert (rejects, short, len(truth), len(batches)) == ([], [], 7 * 8784, 7)
    for area, batch in batches.items():
        mine = [truth[area, datetime.fromtimestamp(start / 1000, UTC)] for start in batch.start.tolist()]
        assert list(zip(batch.columns["eur_mwh"].tolist(), batch.columns["dkk_mwh"].tolist(), strict=True)) == mine
        assert (len(batch), set(batch.seconds.tolist())) == (8784, {3600})
    negative = {area: int((batch.columns["eur_mwh"] < 0).sum()) for area, batch in batches.items()}
    assert {area: negative[area] for area in ("DK1", "DK2", "DE", "SE3")} == {
        "DK1": 375,
        "DK2": 275,
        "DE": 459,
        "SE3": 652,
    }


def test_the_change_of_2025(shared_data: Path) -> None:
    """Before it the file repeats each hour four times: that is one hour. After it quarters are quarters."""
    truth = change_of_2025(shared_data / CHANGE_2025)
    batches, rejects, _ = joined(shared_data / CHANGE_2025)
    assert rejects == []
    end = milliseconds(datetime(2025, 12, 31, 23, tzinfo=UTC))
    for area, batch in batches.items():
        early, late = batch.start < CHANGE, (batch.start >= CHANGE) & (batch.start < end)
        assert set(batch.seconds[early].tolist()) == {3600}
        assert set(batch.seconds[~early].tolist()) == {900}
        hours = {start for each, start in truth if each == area and start.minute == 0 and milliseconds(start) < CHANGE}
        quarters = {start for each, start in truth if each == area and milliseconds(start) >= CHANGE}
        assert (int(early.sum()), int(late.sum())) == (len(hours), len(quarters)) == (217, 92 * 96 + 4)
        for start, eur in zip(
            batch.start[early | late].tolist(), batch.columns["eur_mwh"][early | late].tolist(), strict=True
        ):
            assert truth[area, datetime.fromtimestamp(start / 1000, UTC)] == eur
        assert batch.absent["dkk_mwh"].all()


def test_short_times_and_files_that_overlap(shared_data: Path) -> None:
    folder = shared_data / "eds"
    one, _, _ = joined(folder / "Elspotprices_20240828-20241106_DK2.csv.gz")
    year, _, _ = joined(shared_data / ELSPOT_2024)
    place = np.searchsorted(year["DK2"].start, one["DK2"].start)
    assert len(one["DK2"]) == 1681
    assert np.array_equal(year["DK2"].start[place], one["DK2"].start)
    assert np.allclose(year["DK2"].columns["eur_mwh"][place], one["DK2"].columns["eur_mwh"], atol=1e-4)


def test_the_new_layout(tmp_path: Path) -> None:
    """EUR before DKK, `;` and a decimal comma; gzipped or not, with a byte order mark or not."""
    text = NEW_HEADER + "2025-10-01 00:15;2025-10-01 02:15;DK1;-12,5;-93,25\n2025-10-01 00:00:00;x;DK1;4000,0;\n"
    path = tmp_path / "DayAheadPrices.csv.gz"
    path.write_bytes(gzip.compress(b"\xef\xbb\xbf" + text.encode()))
    batches, rejects, _ = joined(path)
    assert rejects == []
    batch = batches["DK1"]
    assert batch.columns["eur_mwh"].tolist() == [4000.0, -12.5]
    assert batch.absent["dkk_mwh"].tolist() == [True, False]
    assert batch.start[0] == milliseconds(datetime(2025, 10, 1, tzinfo=UTC))
    plain, _, _ = joined(written(tmp_path, text))
    assert np.array_equal(plain["DK1"].start, batch.start)


def test_wrong_rows_are_refused_with_their_line(tmp_path: Path) -> None:
    rows = [
        "2024-05-01 03:00;x;DK1;7,4;1,0",
        "2024-05-01 02:00;x;DK1;7,4;oops",
        "2024-05-01 01:00;x;;7,4;1,0",
        "yesterday;x;DK1;7,4;1,0",
        "2024-05-01 00:30;x;DK1;7,4;1,0",
        "2025-09-30 22:00;x;DK1;7,4;1,0",
        "2024-05-01 04:00;x;DK1;7,4;",
        "2024-05-01 05:00;x;DK1;7,4;1,0",
        "2024-05-01 05:00;x;DK1;7,4;2,0",
        "2024-05-01 03:00;x;DK1;7,4;1,0",
    ]
    batches, rejects, short = joined(written(tmp_path, HEADER + "\n".join(rows)))
    assert len(batches["DK1"]) == 1
    assert sorted(rejects) == [
        "prices.csv, line 10: another price for the same time stands in the file",
        "prices.csv, line 3: not a price: 'oops'",
        "prices.csv, line 4: no area",
        "prices.csv, line 5: no time",
        "prices.csv, line 6: not on the grid of 60 min",
        "prices.csv, line 7: an hour, but from 2025-09-30 22:00Z on prices are of quarter-hours",
        "prices.csv, line 9: another price for the same time stands in the file",
    ]
    assert short == ["prices.csv: 1 rows without a price in EUR"]


def test_quarters_that_are_no_hour_are_refused(tmp_path: Path) -> None:
    """A first quarter is not taken for the hour, nor three, nor four that differ."""
    quarters = [("00", 1), ("00", 2), ("00", 3), ("00", 3), ("01", 5), ("01", 5), ("01", 5), ("02", 7)]
    minutes = ["00", "15", "30", "45", "00", "15", "30", "00"]
    rows = [f"2025-09-01 {hour}:{minute};x;DK1;{eur},5;" for (hour, eur), minute in zip(quarters, minutes, strict=True)]
    batches, rejects, _ = joined(written(tmp_path, NEW_HEADER + "\n".join(rows)))
    assert batches == {}
    assert [line.split(": ")[1] for line in rejects] == [f"DK1 2025-09-01 0{hour}:00Z" for hour in range(3)]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "its header has no PriceArea, SpotPriceEUR, HourUTC or TimeUTC"),
        ("HourDK;PriceArea;SpotPriceEUR\n", "no HourUTC or TimeUTC .it has HourDK, PriceArea, SpotPriceEUR."),
        ("HourUTC;PriceArea;Price\n", "no SpotPriceEUR"),
        ("HourUTC;TimeUTC;PriceArea;SpotPriceEUR\n", "no HourUTC or TimeUTC"),
        ("<html>\n", "no PriceArea"),
    ],
)
def test_other_files_are_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(FileRefused, match=said):
        list(open_files([written(tmp_path, text)]).parts())


def test_nothing_is_handed_out_before_all_headers_are_seen(tmp_path: Path) -> None:
    good = written(tmp_path, HEADER + "2024-05-01 03:00;x;DK1;7,4;1,0\n", "good.csv")
    with pytest.raises(FileRefused, match=r"bad\.csv"):
        open_files([good, written(tmp_path, "a;b\n", "bad.csv")])


def test_unreadable_files(tmp_path: Path) -> None:
    broken = tmp_path / "broken.csv.gz"
    broken.write_bytes(gzip.compress((HEADER + "2024-05-01 03:00;x;DK1;7,4;1,0\n" * 5000).encode())[:-40])
    latin = tmp_path / "latin.csv"
    latin.write_bytes(HEADER.encode() + b"2024-05-01 03:00;x;D\xe9;7,4;1,0\n")
    for path in (broken, latin, tmp_path / "absent.csv"):
        with pytest.raises(FileRefused, match=path.name):
            list(open_files([path]).parts())
