"""The projection against a hand-worked example, and its fixed part against empty collections of a real server."""

from __future__ import annotations

from typing import Any

import pytest
from pymongo.database import Database

from dash_app.kit.view import View
from dash_app.storage.projection import DISK, EMPTY_FILE, INDEXES, QUOTA, STEPS, TIERS, Wish, fits, line_of, smallest
from dash_app.storage.queries import wish_of
from sync.settings import DEFAULT_COLLECTIONS
from sync.store.schema import ensure_pair, pair
from sync.store.sizes import Size, size_of

READINGS = 10_000
# 140 and 60 bytes a reading, 4 and 2 of them in the time series, each beside its empty files of 4,096 bytes.
REGULAR = Size(data_bytes=1_000_000, storage_bytes=204_096, free_bytes=0, index_bytes=408_192)
TIMESERIES = Size(data_bytes=30_000, storage_bytes=14_096, free_bytes=0, index_bytes=14_096, buckets=10)
SIZES = {"regular": REGULAR, "timeseries": TIMESERIES}
WISH = Wish(meters=1000, years=10, step=30)  # 10 × 365.25 × 48 = 175,320 readings a meter


def test_lines() -> None:
    assert (line_of("regular", REGULAR, READINGS, QUOTA).fixed, line_of("regular", REGULAR, READINGS, QUOTA).each) == (
        8192,
        140.0,
    )
    assert (line_of("regular", REGULAR, READINGS, DISK).fixed, line_of("regular", REGULAR, READINGS, DISK).each) == (
        12_288,
        60.0,
    )
    assert line_of("timeseries", TIMESERIES, READINGS, QUOTA).each == 4.0
    assert line_of("timeseries", TIMESERIES, READINGS, DISK).each == 2.0
    own = line_of("regular", REGULAR, READINGS, QUOTA)
    assert own.at(READINGS) == REGULAR.data_bytes + REGULAR.index_bytes  # the line goes through what was measured
    assert own.at(0) == 8192
    assert own.holds(own.at(12_345)) == pytest.approx(12_345)
    assert own.holds(100) == 0
    with pytest.raises(ValueError, match="nothing was measured"):
        line_of("regular", REGULAR, 0, QUOTA)


def test_a_wish_by_hand() -> None:
    assert WISH.readings_of_a_meter == 175_320
    assert WISH.readings == 175_320_000
    found = {(fit.tier.name, fit.form): fit for fit in fits(SIZES, READINGS, WISH)}
    assert set(found) == {(tier.name, form) for tier in TIERS for form in SIZES}
    assert found["M0", "regular"].bytes == 8192 + 140 * 175_320_000
    assert found["M10", "regular"].bytes == 12_288 + 60 * 175_320_000
    meters = {name: fit.meters for name, fit in found.items()}
    # (512,000,000 − 8,192) / 140 / 175,320 = 20.9 and so on
    assert meters["M0", "regular"] == 20
    assert meters["M0", "timeseries"] == 730
    assert meters["Flex", "regular"] == 203
    assert meters["Flex", "timeseries"] == 7129
    assert meters["M10", "regular"] == 950
    assert meters["M10", "timeseries"] == 28_519
    regular, timeseries = (smallest(list(found.values()), form) for form in SIZES)
    assert regular is not None
    assert timeseries is not None
    assert (regular.tier.name, timeseries.tier.name) == ("M20", "Flex")  # 10.52 GB are more than 10


def test_the_most_meters_are_the_last_that_fit() -> None:
    for step in STEPS:
        for fit in fits(SIZES, READINGS, Wish(1, 7, step)):
            one = Wish(1, 7, step).readings_of_a_meter
            assert fit.line.at(fit.meters * one) <= fit.tier.limit < fit.line.at((fit.meters + 1) * one)


def test_nothing_holds_a_country() -> None:
    found = fits(SIZES, READINGS, Wish(35e6, 20, 30))
    assert smallest(found, "regular") is None
    assert not any(fit.fits for fit in found)


def test_empty_files_are_the_fixed_part(database: Database[Any]) -> None:
    own = pair(database, "linky", DEFAULT_COLLECTIONS)
    ensure_pair(own)
    for form, collection in (("regular", own.record), ("timeseries", own.mirror)):
        size = size_of(collection)
        assert (size.data_bytes, size.storage_bytes) == (0, EMPTY_FILE)
        assert size.index_bytes == INDEXES[form] * EMPTY_FILE
        assert len(collection.index_information()) == INDEXES[form]


@pytest.mark.parametrize(
    ("options", "wish"),
    [
        ({}, (1000, 10, 30)),
        ({"log_meters": "0", "years": "1", "step": "60"}, (1, 1, 60)),
        ({"log_meters": "3.3"}, (2000, 10, 30)),
        ({"log_meters": "99", "years": "99", "step": "7"}, (1_000_000, 30, 30)),
        ({"log_meters": "-4", "years": "0", "step": "15"}, (1, 1, 15)),
        ({"log_meters": "nan", "years": "inf", "step": "x"}, (1000, 30, 30)),
    ],
)
def test_the_wish_of_an_address(options: dict[str, str], wish: tuple[float, float, float]) -> None:
    found = wish_of(View(options=tuple(sorted(options.items()))))
    assert (found.meters, found.years, found.step) == wish
