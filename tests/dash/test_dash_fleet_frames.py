"""The numbers of the page about many meters, against a count reading by reading."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from plotly.graph_objects import Figure
from pymongo.database import Database

from dash_app.fleet.page import PAGE
from dash_app.fleet.queries import binned
from dash_app.kit.locale import Look
from dash_app.kit.reader import Reader
from dash_app.shell.answers import hidden_pages
from dash_app.shell.pages import PAGES
from sync.fleet.build import Fleet
from sync.load.progress import Silence
from sync.model.clock import SystemClock
from tests import fleet_rows
from tests.dash.fleet_views import BLOCKS, FIRST, HOUSEHOLDS, IN_TABLE, LAST, frame_of, stored, view_of
from tests.dash.views import reader_of
from tests.fleet_rows import HALF, Rows, by_hand, groups_of, identity, length, london_rows

PERCENTILES = (10, 25, 50, 75, 90)
SEASON = {12: "winter", 1: "winter", 2: "winter", 9: "autumn", 10: "autumn", 11: "autumn"}
LOOKS = (Look("en", "light"), Look("fr", "dark"))
DAY = timedelta(days=1)


@pytest.fixture(name="fleet")
def _fleet(many_meters: Database[Any], tmp_path: Path) -> tuple[Reader, Rows]:
    return reader_of(many_meters, tmp_path), london_rows(HOUSEHOLDS)


def members(group: str) -> set[str]:
    column, _, text = group.partition("=")
    known = {identity(place): groups_of(place) if place < IN_TABLE else {} for place in range(HOUSEHOLDS)}
    return {name for name, groups in known.items() if group == "all" or groups.get(column, "") == text}


@pytest.mark.parametrize("group", ["all", "tariff=ToU"])
@pytest.mark.parametrize(
    ("first", "last", "fewest"),
    [
        (FIRST, LAST, 7),
        (date(2012, 10, 20), date(2012, 11, 18), 7),  # parts of two months and the 25-hour day
        (date(2012, 10, 28), date(2012, 10, 28), 1),
        (date(2012, 11, 28), date(2012, 12, 1), 2),
        (date(2012, 1, 1), date(2012, 12, 31), 7),  # a whole year
        (date(2011, 7, 20), date(2013, 2, 3), 7),
    ],
)
def test_key_figures(fleet: tuple[Reader, Rows], group: str, first: date, last: date, fewest: int) -> None:
    reader, rows = fleet
    hand = by_hand(rows)
    frame = frame_of(reader, "fleet-keys", first, last, group=group)
    means = np.array(list(hand.means(first, last + DAY, fewest, members(group)).values())) / 1000
    figures = frame.notes["figures"]
    present = [name for name in members(group) if any(first <= day <= last for day in hand.wh[name])]
    assert (figures["households"], figures["counted"]) == (len(present), len(means))
    for percent in PERCENTILES:
        assert figures[f"p{percent}_kwh_a_day"] == pytest.approx(np.percentile(means, percent))
    assert figures["mean_kwh_a_day"] == pytest.approx(means.mean())
    assert figures["only_zeros"] == (1 if group == "all" else 0)
    assert frame.notes["needed"] == fewest
    seconds = sum(hand.seconds[name][day] for name in present for day in days_between(first, last))
    expected = sum(
        length(day)
        for name in present
        for days in [[each for each in hand.wh[name] if first <= each <= last]]
        for day in days_between(min(days), max(days))
    )
    assert frame.covered == pytest.approx(seconds / expected)


def days_between(first: date, last: date) -> list[date]:
    return [first + DAY * place for place in range((last - first).days + 1)]


def test_distribution(fleet: tuple[Reader, Rows]) -> None:
    reader, rows = fleet
    means = np.array(list(by_hand(rows).means(FIRST, LAST + DAY, 7).values())) / 1000
    table = frame_of(reader, "fleet-distribution").table
    assert table["households"].sum() == len(means) == HOUSEHOLDS
    for row in table.itertuples():
        top = np.inf if np.isnan(row.to_kwh_a_day) else row.to_kwh_a_day
        assert row.households == ((means >= row.from_kwh_a_day) & (means < top)).sum()
    assert table["households"].iloc[0] >= 1  # the household that used nothing is one of them


@pytest.mark.parametrize("daily", [[0.0], [0.0, 0.0, 0.0], [1.0, 2.0, 3.0], [5.0] * 99 + [400.0], [0.04, 0.08]])
def test_bins_hold_everyone_once(daily: list[float]) -> None:
    counts, edges = binned(np.array(daily))
    assert counts.sum() == len(daily)
    assert len(counts) == len(edges) - 1
    assert len(counts) <= 30
    assert np.allclose(np.diff(edges[:-1]), edges[1])


def test_bands_are_by_day_or_by_week(fleet: tuple[Reader, Rows]) -> None:
    reader, rows = fleet
    hand = by_hand(rows)
    days = frame_of(reader, "fleet-bands", group="acorn_group=Affluent")
    assert days.notes["step"] == "day"
    assert days.table["from"].tolist() == days_between(FIRST, LAST)
    row = days.table[days.table["from"] == date(2012, 10, 28)].iloc[0]
    means = list(hand.means(date(2012, 10, 28), date(2012, 10, 29), 1, members("acorn_group=Affluent")).values())
    assert (row["households"], row["p90_kwh_a_day"]) == (len(means), pytest.approx(np.percentile(means, 90) / 1000))
    weeks = frame_of(reader, "fleet-bands", date(2012, 1, 1), date(2012, 12, 31))
    assert weeks.notes["step"] == "week"
    assert [day.weekday() for day in weeks.table["from"]] == [0] * len(weeks.table)
    months = frame_of(reader, "fleet-bands", date(2009, 1, 1), date(2012, 12, 31))
    assert [f"{day:%Y-%m-%d}" for day in months.table["from"]] == ["2012-10-01", "2012-11-01"]
    means = list(hand.means(FIRST, date(2012, 11, 1), 7).values())
    assert months.table["p50_kwh_a_day"].iloc[0] == pytest.approx(np.median(means) / 1000)


def test_profile_by_season_and_kind_of_day(fleet: tuple[Reader, Rows]) -> None:
    reader, rows = fleet
    table = frame_of(reader, "fleet-profile").table
    found = {(row.season, row.days, row.local_time): row.mean_w for row in table.itertuples()}
    sums: dict[tuple[str, str, str], list[int]] = {}
    for (day, slot), readings in by_hand(rows).half_hours.items():
        kind = "weekends" if day.weekday() >= 5 else "weekdays"
        key = SEASON[day.month], kind, f"{slot // 2:02d}:{slot % 2 * 30:02d}"
        sums.setdefault(key, []).extend(wh for _, wh in readings)
    assert found == pytest.approx({key: 2 * sum(each) / len(each) for key, each in sums.items()}, abs=1e-3)


def test_groups_and_those_without(fleet: tuple[Reader, Rows]) -> None:
    reader, rows = fleet
    hand = by_hand(rows)
    for by, names in (
        ("tariff", ["all", "tariff=Std", "tariff=ToU", "tariff="]),
        (
            "acorn_group",
            ["all", *(f"acorn_group={name}" for name in ("Affluent", "Comfortable", "Adversity")), "acorn_group="],
        ),
    ):
        table = frame_of(reader, "fleet-groups", by=by).table
        assert table["group"].tolist() == names
        for row in table.to_dict("records"):
            means = list(hand.means(FIRST, LAST + DAY, 7, members(row["group"])).values())
            assert (row["households"], row["counted"]) == (len(members(row["group"])), len(means))
            assert row["p50_kwh_a_day"] == pytest.approx(np.median(means) / 1000)
        assert table["households"].iloc[0] == table["households"].iloc[1:].sum()
    profile = frame_of(reader, "fleet-day", by="tariff").table
    noon = profile[(profile["group"] == "tariff=ToU") & (profile["local_time"] == "12:00")].iloc[0]
    own = [
        wh for (_, slot), each in hand.half_hours.items() if slot == 24 for name, wh in each
        if name in members("tariff=ToU")
    ]  # fmt: skip
    assert noon["mean_w"] == pytest.approx(2 * sum(own) / len(own), abs=1e-3)
    assert noon["households"] == len(members("tariff=ToU"))


def test_storage_of_a_household(fleet: tuple[Reader, Rows]) -> None:
    reader, rows = fleet
    table = frame_of(reader, "fleet-storage").table.set_index("form")
    size = reader.database.command("collstats", "lcl")
    assert table["data_bytes"]["regular"] == size["size"] / HOUSEHOLDS
    assert table["readings_a_series"].tolist() == [sum(map(len, rows.values())) / HOUSEHOLDS] * 2


def test_every_card_is_drawn_in_both_looks(fleet: tuple[Reader, Rows]) -> None:
    reader, _ = fleet
    drawn(reader, set(BLOCKS))
    drawn(reader, set(BLOCKS) - {"fleet-unusual"}, date(2012, 10, 28), date(2012, 10, 28))  # habits are not known yet
    drawn(reader, {"fleet-storage"}, date(2001, 1, 1), date(2001, 2, 1))


def drawn(reader: Reader, expected: set[str], first: date = FIRST, last: date = LAST) -> None:
    found = set()
    for name, block in BLOCKS.items():
        frame = frame_of(reader, name, first, last)
        if frame.is_empty:
            continue
        found.add(name)
        for look in LOOKS:
            if block.figure:
                Figure(block.figure(frame, look))  # raises for what plotly does not know
            elif block.body:
                assert block.body(frame, look) is not None
            for part in filter(None, (block.above, block.below)):
                assert part(frame, look) is not None
            if block.controls:
                assert block.controls(reader, view_of(first, last), look) is not None
    assert found == expected


def test_a_linky_fleet_has_no_groups(database: Database[Any], tmp_path: Path) -> None:
    """Hourly readings on the night of the change, one meter all zero; and nothing of London."""
    start = datetime(2025, 3, 28, tzinfo=ZoneInfo("Europe/Paris")).astimezone(UTC)
    rows = {
        f"9999999999999{place}": {start + 2 * HALF * hour: 100 * place for hour in range(4 * 24 - 1)}
        for place in range(4)
    }
    Fleet(fleet_rows.store(database, rows, "linky", 3600), SystemClock()).build(Silence())
    reader = reader_of(database, tmp_path)
    first, last = date(2025, 3, 28), date(2025, 3, 31)
    days = frame_of(reader, "fleet-bands", first, last).table
    assert days["households"].tolist() == [4, 4, 4, 4]
    hours = np.array([24, 24, 23, 24])
    assert days["p50_kwh_a_day"].tolist() == pytest.approx((150 * hours / 1000).tolist())
    assert frame_of(reader, "fleet-keys", first, last).notes["figures"]["only_zeros"] == 1
    assert frame_of(reader, "fleet-keys", first, last).covered == 1.0
    drawn(reader, {"fleet-keys", "fleet-bands", "fleet-distribution", "fleet-profile", "fleet-storage"}, first, last)


def test_the_page_is_there_from_three_meters_on(database: Database[Any], tmp_path: Path) -> None:
    rows = london_rows(3, days=10)
    third = rows.pop(identity(2))
    fleet_rows.store(database, rows)
    reader = reader_of(database, tmp_path)
    assert "fleet" in hidden_pages(reader, PAGES)
    assert PAGE.scope is not None
    assert PAGE.scope(reader, {}) is None
    assert all(block.frame(reader, view_of()).is_empty for block in BLOCKS.values())
    fleet_rows.store(database, {identity(2): third})
    reader = reader_of(database, tmp_path)
    assert "fleet" not in hidden_pages(reader, PAGES)
    assert all(frame_of(reader, name).is_empty for name in BLOCKS)  # nothing is summed yet


def test_the_page_knows_what_its_sums_do_not_cover(database: Database[Any], tmp_path: Path) -> None:
    rows = london_rows(5)
    fleet_rows.store(database, rows)
    own = stored(database, tmp_path, rows)
    assert frame_of(reader_of(database, tmp_path), "fleet-keys").notes["warning"] is None
    fleet_rows.store(database, {identity(9): rows[identity(0)]})
    notes = frame_of(reader_of(database, tmp_path), "fleet-keys").notes
    assert (notes["warning"], notes["numbers"]) == ("stale", {"readings": len(rows[identity(0)])})
    own.mirror.delete_many({"series.id": identity(9)})
    Fleet(own, SystemClock()).build(Silence())
    notes = frame_of(reader_of(database, tmp_path), "fleet-keys").notes
    assert (notes["warning"], notes["numbers"]) == ("lacking", {"readings": len(rows[identity(0)])})
