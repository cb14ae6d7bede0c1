"""Every answer of Energi Data Service is held against the question before anything is made of it."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sync.http.transport import Answer
from sync.model.errors import FatalSourceError, NoReadings, RateLimited, RetriableError, WindowRefused
from sync.sources.energidata.api import DAY_AHEAD, ELSPOT, PRODUCTION, Energidata
from sync.sources.source import AnswerRefused, Dataset, Parsed
from tests.energidata_answers import answer, price, prices, produced, production, starts, window

NOW = datetime(2026, 7, 17, 12, tzinfo=UTC)
SOURCE = Energidata("https://api.energidataservice.dk")
Records = list[dict[str, Any]]


def read(
    dataset: Dataset, records: Records, days: tuple[str, str] = ("2024-05-01", "2024-05-03"), **more: Any
) -> Parsed:
    return SOURCE.parse(dataset, window(*days), answer(dataset, records, **more), NOW)


def day(dataset: Dataset = ELSPOT, days: tuple[str, str] = ("2024-05-01", "2024-05-03")) -> Records:
    return production(*days) if dataset is PRODUCTION else prices(dataset, *days)


# --- the question ---------------------------------------------------------------------------------------------------


def test_everything_is_said() -> None:
    """Without these words: Danish wall clock, newest first, a hundred records."""
    url, query = SOURCE.question(ELSPOT, window("2024-01-01", "2025-01-01"))
    assert url == "https://api.energidataservice.dk/dataset/Elspotprices"
    assert query == {
        "start": "2023-12-31T23:00",
        "end": "2024-12-31T23:00",
        "timezone": "UTC",
        "columns": "HourUTC,PriceArea,SpotPriceEUR,SpotPriceDKK",
        "sort": "HourUTC asc,PriceArea asc",
        "limit": "0",
    }
    assert SOURCE.question(DAY_AHEAD, window("2026-03-29", "2026-03-30"))[1]["end"] == "2026-03-29T22:00"
    wanted = json.loads(SOURCE.question(PRODUCTION, window("2024-01-01", "2024-04-01"))[1]["filter"])
    assert wanted == {"PriceArea": ["DK1", "DK2"], "FuelAllocationMethod": ["All", "Total"]}


@pytest.mark.parametrize(
    ("dataset", "days", "edges"),
    [
        (ELSPOT, ("2023-06-05", "2025-10-01"), ["2023-06-05", "2024-01-01", "2025-01-01", "2025-10-01"]),
        (DAY_AHEAD, ("2025-10-01", "2026-07-02"), ["2025-10-01", "2026-01-01", "2026-07-01", "2026-07-02"]),
        (PRODUCTION, ("2024-02-29", "2024-08-01"), ["2024-02-29", "2024-04-01", "2024-07-01", "2024-08-01"]),
        (PRODUCTION, ("2024-10-01", "2025-01-01"), ["2024-10-01", "2025-01-01"]),
    ],
)
def test_few_calls(dataset: Dataset, days: tuple[str, str], edges: list[str]) -> None:
    """A year of hours, half a year of quarter-hours, a quarter of production: one minute each."""
    windows = SOURCE.windows(dataset, window(*days))
    assert [str(each.start) for each in windows] == edges[:-1]
    assert [str(each.end) for each in windows] == edges[1:]


def test_one_price_ends_where_the_other_begins() -> None:
    assert ELSPOT.end == DAY_AHEAD.first
    assert SOURCE.question(DAY_AHEAD, window("2025-10-01", "2025-10-02"))[1]["start"] == "2025-09-30T22:00"
    assert {dataset.spacing for dataset in SOURCE.datasets} == {61.0}


# --- what is refused -------------------------------------------------------------------------------------------------


def _first(records: Records, **change: Any) -> Records:
    return [records[0] | change, *records[1:]]


REFUSED: dict[str, tuple[Dataset, Callable[[Records], Records], str]] = {
    "before": (ELSPOT, lambda each: _first(each, HourUTC="2024-04-30T21:00:00"), "1 of 96 records are outside"),
    "after": (
        ELSPOT,
        lambda each: _first(each, HourUTC="2024-05-02T22:00:00"),
        "outside 2024-04-30 22:00Z … 2024-05-02",
    ),
    "off the grid": (ELSPOT, lambda each: _first(each, HourUTC="2024-05-01T00:15:00"), "not on the grid of 60 min"),
    "an offset": (ELSPOT, lambda each: _first(each, HourUTC="2024-05-01T00:00:00+02:00"), "unreadable time"),
    "no time": (ELSPOT, lambda each: _first(each, HourUTC=None), "unreadable time"),
    "twice": (
        ELSPOT,
        lambda each: [*each, each[0]],
        "2 records share area and time .* DK1 day-ahead 2024-04-30 22:00Z",
    ),
    "an area gone": (ELSPOT, lambda each: each[::2], "nothing of DK2; the answer has DK1"),
    "an area of nothing": (ELSPOT, lambda each: _first(each, PriceArea=None), "price area is no text"),
    "renamed": (
        ELSPOT,
        lambda each: [one | {"Spot": one.pop("SpotPriceEUR")} for one in each],
        "no column SpotPriceEUR",
    ),
    "half renamed": (ELSPOT, lambda each: [*each[:-1], {"HourUTC": each[-1]["HourUTC"]}], "not every record has"),
    "no object": (ELSPOT, lambda each: [*each[:-1], []], "not an object"),  # type: ignore[list-item]
    "other methods": (
        PRODUCTION,
        lambda each: _first(each, FuelAllocationMethod="125%"),
        "asked were the allocation methods All, Total; the answer also has 125%",
    ),
    "both methods": (
        PRODUCTION,
        lambda each: [*each, each[1] | {"FuelAllocationMethod": "All"}],
        "2 records share area, type and hour .* DK1 Coal COA",
    ),
    "area gone": (PRODUCTION, lambda each: [one for one in each if one["PriceArea"] == "DK1"], "asked were DK1, DK2"),
    "type of nothing": (PRODUCTION, lambda each: _first(each, ProductionType=""), "type of production is no text"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str) -> None:
    dataset, spoil, said = REFUSED[name]
    with pytest.raises(AnswerRefused, match=said):
        read(dataset, spoil(day(dataset)))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("<!DOCTYPE html><p>Maintenance", "page"),
        ("upstream connect error", "not JSON"),
        ("[]", "no object"),
        ('{"total":0,"dataset":"Elspotprices"}', "no list `records`"),
        ('{"total":0,"dataset":"CO2Emis","records":[]}', "asked was Elspotprices, the answer says 'CO2Emis'"),
        ('{"total":1616558,"dataset":"Elspotprices","records":[]}', "0 records came, `total` says '1616558'"),
        ('{"dataset":"Elspotprices","records":[]}', "`total` says 'None'"),
    ],
)
def test_no_answer(text: str, said: str) -> None:
    with pytest.raises(AnswerRefused, match=said):
        SOURCE.parse(ELSPOT, window("2024-05-01", "2024-05-02"), text, NOW)


def test_a_page_that_was_cut() -> None:
    """`total` is what matches, not what came."""
    with pytest.raises(AnswerRefused, match="90 records came, `total` says '96'"):
        read(ELSPOT, day()[:90], total=96)


# --- what is kept ----------------------------------------------------------------------------------------------------


def test_prices_and_their_fields() -> None:
    parsed = read(ELSPOT, _first(day(), SpotPriceEUR=-500, SpotPriceDKK=None))
    assert (parsed.short, parsed.rejects, parsed.final) == ("", (), True)
    one, two = parsed.batches
    assert [batch.series.key for batch in parsed.batches] == [
        f"energidata:{area}:price:day-ahead" for area in ("DK1", "DK2")
    ]
    assert list(one.columns) == ["eur_mwh", "dkk_mwh", "seconds"]
    assert one.columns["eur_mwh"].tolist() == [-500.0, *map(float, range(1, 48))]
    assert one.absent["dkk_mwh"].tolist() == [True, *[False] * 47]
    assert (one.flags, two.flags) == ({0: "price"}, {})
    assert set(one.seconds.tolist()) == {3600}


@pytest.mark.parametrize(
    ("eur", "flagged"), [(-500, True), (-499.99, False), (3999.99, False), (4000, True), (0, False)]
)
def test_extreme_prices_are_kept_and_marked(eur: float, flagged: bool) -> None:
    parsed = read(ELSPOT, _first(day(), SpotPriceEUR=eur))
    assert parsed.batches[0].columns["eur_mwh"][0] == eur
    assert bool(parsed.batches[0].flags) == flagged


@pytest.mark.parametrize("wrong", [float("nan"), float("inf"), "n/a", "12", True, [], 1e300])
def test_what_is_no_price_is_refused_by_itself(wrong: Any) -> None:
    parsed = read(ELSPOT, _first(day(), SpotPriceEUR=wrong))
    assert len(parsed.rejects) == 1
    assert parsed.rejects[0].startswith("DK1 day-ahead 2024-04-30 22:00Z: not a price: ")
    assert [len(batch) for batch in parsed.batches] == [47, 48]
    assert parsed.short == "1 records refused"


def test_a_missing_price_is_missing() -> None:
    """Neither zero nor the DKK price in its place."""
    parsed = read(ELSPOT, _first(day(), SpotPriceEUR=None))
    assert [len(batch) for batch in parsed.batches] == [47, 48]
    assert (parsed.rejects, parsed.short) == ((), "1 records without a price in EUR")


def test_an_hour_that_is_missing_is_told() -> None:
    parsed = read(
        ELSPOT, [each for each in day() if (each["HourUTC"], each["PriceArea"]) != ("2024-05-01T10:00:00", "DK2")]
    )
    assert parsed.short == "DK2 day-ahead lacks 1 hour (first 2024-05-01 10:00Z) of 48"


def test_an_area_that_begins_explains_itself() -> None:
    """And one that nobody knew is kept."""
    more = [price(ELSPOT, "XX9", start, 1.0) for start in starts("2024-05-02", "2024-05-03", 3600)]
    parsed = read(ELSPOT, day() + more)
    assert [len(batch) for batch in parsed.batches] == [48, 48, 24]
    assert parsed.short == ""
    assert "areas not known before: XX9" in parsed.notes["explained"]


def test_order_and_letter_case_do_not_matter() -> None:
    records = [{name.lower(): each for name, each in record.items()} for record in reversed(day())]
    expected = read(ELSPOT, day())
    for ours, theirs in zip(read(ELSPOT, records).batches, expected.batches, strict=True):
        assert ours.series == theirs.series
        assert np.array_equal(ours.start, theirs.start)
        assert np.array_equal(ours.columns["eur_mwh"], theirs.columns["eur_mwh"])


def test_the_order_of_the_columns_does_not_matter() -> None:
    """EUR stands before DKK in the new dataset, behind it in the old one."""
    parsed = read(DAY_AHEAD, prices(DAY_AHEAD, "2025-10-01", "2025-10-02"), ("2025-10-01", "2025-10-02"))
    assert parsed.batches[0].columns["eur_mwh"][:3].tolist() == [0.0, 1.0, 2.0]
    assert set(parsed.batches[0].columns["dkk_mwh"].tolist()) == {100.0}


@pytest.mark.parametrize(
    ("dataset", "first", "end", "count"),
    [
        (ELSPOT, "2024-03-31", "2024-04-01", 23),
        (ELSPOT, "2024-10-27", "2024-10-28", 25),
        (DAY_AHEAD, "2025-10-26", "2025-10-27", 100),
        (DAY_AHEAD, "2026-03-29", "2026-03-30", 92),
        (DAY_AHEAD, "2025-10-01", "2025-10-02", 96),
    ],
)
def test_days_of_change(dataset: Dataset, first: str, end: str, count: int) -> None:
    parsed = read(dataset, prices(dataset, first, end), (first, end))
    assert [len(batch) for batch in parsed.batches] == [count, count]
    assert parsed.short == ""


def test_a_quarter_hour_never_stands_for_its_hour() -> None:
    """Of the new dataset with hourly rows alone, three quarters of every hour are missing; no row is an hour long."""
    records = [each for each in prices(DAY_AHEAD, "2025-10-01", "2025-10-02") if each["TimeUTC"][14:16] == "00"]
    parsed = read(DAY_AHEAD, records, ("2025-10-01", "2025-10-02"))
    assert set(parsed.batches[0].seconds.tolist()) == {900}
    assert "no series has 72 intervals of 15 min" in parsed.short
    with pytest.raises(AnswerRefused, match="not on the grid of 60 min"):
        read(ELSPOT, _first(day(), HourUTC="2024-05-01T00:45:00"))


def test_hours_that_are_not_over_are_not_missed() -> None:
    now = datetime(2024, 5, 2, 9, 30, tzinfo=UTC)
    records = [each for each in day() if each["HourUTC"] < "2024-05-02T09:00:00"]
    text = answer(ELSPOT, records)
    assert SOURCE.parse(ELSPOT, window("2024-05-01", "2024-05-03"), text, now).short == ""
    assert "no series has 13 hours" in SOURCE.parse(ELSPOT, window("2024-05-01", "2024-05-03"), text, NOW).short


def test_nothing_is_told_as_nothing() -> None:
    parsed = read(ELSPOT, [])
    assert (parsed.batches, parsed.short, parsed.final) == ((), "the answer is empty", False)


# --- production ------------------------------------------------------------------------------------------------------


def test_production_and_its_fields() -> None:
    parsed = read(PRODUCTION, day(PRODUCTION))
    assert [batch.series.group for batch in parsed.batches] == ["Coal COA", "WindOnshore WIN"] * 2
    assert parsed.batches[1].wh[0] == 12_345_678
    assert parsed.batches[1].wh.dtype == np.int64
    assert (parsed.short, parsed.final, parsed.batches[1].flags) == ("", True, {})


def test_preliminary_values_say_so() -> None:
    parsed = read(PRODUCTION, production("2024-05-01", "2024-05-03", Version="Preliminary"))
    assert not parsed.final
    assert set(parsed.batches[0].flags.values()) == {"preliminary"}
    both = read(PRODUCTION, _first(production("2024-05-01", "2024-05-03", Version="Preliminary"), Production_MWh=-3))
    assert both.batches[1].flags[0] == "negative preliminary"
    assert both.batches[1].wh[0] == -3_000_000


def test_the_two_kinds_of_sun_add_up() -> None:
    start = starts("2024-05-01", "2024-05-02", 3600)[0]
    records = [
        produced(area, kind, start, mwh, share=share, DeliveryType=delivery, ReportGrpCode=None)
        for area in ("DK1", "DK2")
        for kind, delivery, mwh, share in (("Solar", "Grid", 3.0, 75.0), ("Solar", "Own", 1.0, 25.0))
    ]
    parsed = read(PRODUCTION, records, ("2024-05-01", "2024-05-02"))
    assert [batch.series.group for batch in parsed.batches] == ["Solar Grid", "Solar Own"] * 2
    assert sum(int(batch.wh.sum()) for batch in parsed.batches[:2]) == 4_000_000


def test_counted_twice_under_another_code() -> None:
    """The shares of that hour tell: it is refused whole, the others are kept."""
    records = day(PRODUCTION)
    more = records[1] | {"FuelAllocationMethod": "All", "ReportGrpCode": "X"}
    parsed = read(PRODUCTION, [*records, more])
    assert parsed.rejects == ("DK1 2024-04-30 22:00Z: the shares add up to 150.000 %: counted more than once",)
    assert sum(map(len, parsed.batches)) == len(records) - 2
    assert parsed.short.endswith("1 records or hours refused")


def test_shares_that_are_short_are_told() -> None:
    parsed = read(PRODUCTION, _first(day(PRODUCTION), ShareTotal=40.0))
    assert (
        parsed.short
        == "the shares of 1 hours of an area do not add up to 100 % (first DK1 2024-04-30 22:00Z, 90.000 %)"
    )
    assert sum(map(len, parsed.batches)) == len(day(PRODUCTION))
    assert read(PRODUCTION, _first(day(PRODUCTION), ShareTotal=None)).short == ""


def test_production_comes_days_later() -> None:
    """What cannot be declared yet is not missed; what should be is."""
    now = datetime(2024, 5, 16, 12, tzinfo=UTC)
    text = answer(PRODUCTION, production("2024-05-01", "2024-05-03"))
    assert SOURCE.parse(PRODUCTION, window("2024-05-01", "2024-05-16"), text, now).short == ""
    assert (
        "no series has 312 hours (first 2024-05-02 22:00Z)"
        in SOURCE.parse(PRODUCTION, window("2024-05-01", "2024-05-16"), text, NOW).short
    )


@pytest.mark.parametrize("wrong", [float("nan"), "n/a", 1e9])
def test_what_is_no_energy_is_refused_by_itself(wrong: Any) -> None:
    parsed = read(PRODUCTION, _first(day(PRODUCTION), Production_MWh=wrong))
    assert parsed.rejects[0].startswith("DK1 WindOnshore WIN 2024-04-30 22:00Z: not an energy")
    assert read(PRODUCTION, _first(day(PRODUCTION), Production_MWh=None)).short.endswith("1 records without an energy")


# --- recorded answers -------------------------------------------------------------------------------------------------


def recorded(shared_data: Path, name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((shared_data / "eds" / "responses" / f"{name}.json").read_text())
    return found


def test_a_recorded_page_of_five_is_no_answer(shared_data: Path) -> None:
    """`total` says 1,616,558: exactly what a loader that does not look stores as history."""
    page = recorded(shared_data, "elspotprices_2022")
    for record in page["records"]:
        record["SpotPriceDKK"] = None
    with pytest.raises(AnswerRefused, match="5 records came, `total` says '1616558'"):
        SOURCE.parse(ELSPOT, window("2022-07-18", "2022-07-19"), json.dumps(page), NOW)
    page["total"] = len(page["records"])
    page["records"] += [record | {"PriceArea": "DK2"} for record in page["records"]]
    page["total"] = len(page["records"])
    parsed = SOURCE.parse(ELSPOT, window("2022-07-18", "2022-07-19"), json.dumps(page), NOW)
    assert parsed.batches[0].columns["eur_mwh"].tolist()[-1] == 469.859985
    assert len(parsed.batches[0]) == 5


def test_recorded_shares_add_up_with_total_and_with_nothing_else(shared_data: Path) -> None:
    """The recorded answers hold the shares alone: energies are put in their proportion, codes tell the suns apart."""
    records = []
    for method, name in (("All", "all"), ("Total", "total")):
        for code, record in enumerate(recorded(shared_data, f"declarationproduction_eds_mix_hourly_{name}")["records"]):
            share = record["ShareTotal"]
            records.append(
                record
                | {
                    "FuelAllocationMethod": method,
                    "ReportGrpCode": str(code),
                    "DeliveryType": None,
                    "Production_MWh": share,
                }
            )
    parsed = SOURCE.parse(PRODUCTION, window("2021-07-01", "2021-07-02"), answer(PRODUCTION, records), NOW)
    assert parsed.rejects == ()
    assert "shares" not in parsed.short
    for area in ("DK1", "DK2"):
        total = sum(int(batch.wh.sum()) for batch in parsed.batches if batch.series.id == area)
        assert total == pytest.approx(100_000_000, abs=10)
    assert {flag for batch in parsed.batches for flag in batch.flags.values()} == {"preliminary"}


# --- refusals by status -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "kind"),
    [(204, NoReadings), (400, WindowRefused), (404, FatalSourceError), (403, FatalSourceError), (503, RetriableError)],
)
def test_what_a_status_means(status: int, kind: type[Exception]) -> None:
    error = SOURCE.explain(Answer(status, "application/json", '{"message":"Invalid column name: HourUTC"}'), NOW)
    assert type(error) is kind
    assert "Invalid column name" in str(error)


def test_a_limit_says_until_when() -> None:
    told = SOURCE.explain(Answer(429, "application/json", "{}", {"retry-after": "37"}), NOW)
    untold = SOURCE.explain(Answer(429, "application/json", "{}"), NOW)
    assert isinstance(told, RateLimited)
    assert isinstance(untold, RateLimited)
    assert ((told.until - NOW).total_seconds(), (untold.until - NOW).total_seconds()) == (37, 61)
    assert SOURCE.explain(Answer(200, "application/json", "{}"), NOW) is None
