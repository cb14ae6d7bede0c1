"""What may be wrong with an answer of Energi Data Service that comes with status 200, put upon a right one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from .energidata_rows import PRICES, PRODUCTION, TIMES
from .faults import Kind

Row = dict[str, Any]

IGNORED = {
    "otheryear": Kind("start and end are ignored: the year before comes", "otheryear@2"),
    "danish": Kind("timezone is ignored: the window is Danish wall clock", "danish@2"),
    "hundred": Kind("limit is ignored: a hundred records come", "hundred@2"),
    "methods": Kind("filter is ignored: every allocation method comes", "methods@2"),
}
KINDS = IGNORED | {
    "minute": Kind("one call a dataset and minute, as the real one", "minute@*1", "seconds", 60, 3600),
    "400": Kind("the columns are refused", "400@2"),
    "empty": Kind("no records, and a total of nothing", "empty@2"),
    "norecords": Kind("no records, though the total says otherwise", "norecords@2"),
    "otherdataset": Kind("the answer says that it is of another dataset", "otherdataset@2"),
    "double": Kind("every record comes twice", "double@2"),
    "lastday": Kind("the last day is missing", "lastday@2"),
    "losthour": Kind("one instant is missing in all areas, the repeated hour in October", "losthour@2"),
    "halfhour": Kind("the times begin at half past", "halfhour@2"),
    "noarea": Kind("DK2 is missing", "noarea@2"),
    "newarea": Kind("NO2 is called XX9", "newarea@2"),
    "renamed": Kind("the column of the number is called Amount", "renamed@2"),
    "smallcase": Kind("the names of columns are in small letters", "smallcase@2"),
    "nan": Kind("numbers are NaN", "nan@2:5", "records", 5, 100_000),
    "text": Kind("numbers are text", "text@2:5", "records", 5, 100_000),
    "null": Kind("numbers are null", "null@2:5", "records", 5, 100_000),
    "nodkk": Kind("DKK is null, as at weekends once", "nodkk@2:48", "records", 48, 100_000),
    "extreme": Kind("the first prices are -500 and 4000", "extreme@2"),
    "twice": Kind("thermal production comes as All, too, under another code", "twice@2"),
}


def parameters(given: Mapping[str, str], spoilt: Mapping[str, float]) -> dict[str, str]:
    """The parameters that are not ignored."""
    gone = {"danish": ("timezone",), "hundred": ("limit",), "methods": ("filter",)}
    ignored = {name for kind in spoilt for name in gone.get(kind, ())}
    left = {name: text for name, text in given.items() if name not in ignored}
    if "otheryear" in spoilt:
        left |= {name: f"{int(left[name][:4]) - 1}{left[name][4:]}" for name in ("start", "end")}
    return left | ({"limit": "100"} if "hundred" in spoilt else {})


def spoil(answer: dict[str, Any], dataset: str, spoilt: Mapping[str, float]) -> None:
    """Put faults upon an answer, which is changed in place; `total` follows unless the fault is about it."""
    records: list[Row] = answer["records"]
    for kind, amount in spoilt.items():
        if kind in SPOILS:
            SPOILS[kind](records, dataset, int(amount))
            answer["total"] = len(records)
    if "norecords" in spoilt:
        records.clear()
    if "otherdataset" in spoilt:
        answer["dataset"] = "CO2Emis"


def _keep(records: list[Row], is_kept: Callable[[Row], bool]) -> None:
    records[:] = [record for record in records if is_kept(record)]


def _double(records: list[Row], _: str, __: int) -> None:
    records += [dict(record) for record in records]


def _last_day(records: list[Row], dataset: str, _: int) -> None:
    time = TIMES[dataset][0]
    last = max(record[time][:10] for record in records)
    _keep(records, lambda record: record[time][:10] != last)


def _lost_hour(records: list[Row], dataset: str, _: int) -> None:
    time = TIMES[dataset][0]
    moments = sorted({record[time] for record in records})
    repeated = [moment for moment in moments if moment[5:] == "10-27T00:00:00"]  # 02:00 comes for the second time
    lost = repeated[0] if repeated else moments[len(moments) // 2]
    _keep(records, lambda record: record[time] != lost)


def _half_hour(records: list[Row], dataset: str, _: int) -> None:
    time = TIMES[dataset][0]
    for record in records:
        shifted = datetime.fromisoformat(record[time]) + timedelta(minutes=5)
        record[time] = f"{shifted:%Y-%m-%dT%H:%M:%S}"


def _no_area(records: list[Row], _: str, __: int) -> None:
    _keep(records, lambda record: record["PriceArea"] != "DK2")


def _new_area(records: list[Row], _: str, __: int) -> None:
    for record in records:
        if record["PriceArea"] == "NO2":
            record["PriceArea"] = "XX9"


def _number_name(dataset: str, currency: str = "EUR") -> str:
    names = PRICES.get(dataset, ("Production_MWh",))
    return next(name for name in names if name.endswith(currency) or dataset == PRODUCTION)


def _renamed(records: list[Row], dataset: str, _: int) -> None:
    for record in records:
        record["Amount"] = record.pop(_number_name(dataset))


def _small_case(records: list[Row], _: str, __: int) -> None:
    records[:] = [{name.lower(): value for name, value in record.items()} for record in records]


def _valued(number: Any, currency: str = "EUR") -> Callable[[list[Row], str, int], None]:
    def change(records: list[Row], dataset: str, count: int) -> None:
        for record in records[:count]:
            record[_number_name(dataset, currency)] = number

    return change


def _extreme(records: list[Row], dataset: str, _: int) -> None:
    for record, number in zip(records, (-500.0, 4000.0), strict=False):
        record[_number_name(dataset)] = number


def _twice(records: list[Row], _: str, __: int) -> None:
    records += [
        record | {"FuelAllocationMethod": "All", "ReportGrpCode": "X"}
        for record in records
        if record["FuelAllocationMethod"] == "Total"
    ]


SPOILS: dict[str, Callable[[list[Row], str, int], None]] = {
    "empty": lambda records, *_: records.clear(),
    "double": _double,
    "lastday": _last_day,
    "losthour": _lost_hour,
    "halfhour": _half_hour,
    "noarea": _no_area,
    "newarea": _new_area,
    "renamed": _renamed,
    "smallcase": _small_case,
    "nan": _valued(float("nan")),
    "text": _valued("n/a"),
    "null": _valued(None),
    "nodkk": _valued(None, "DKK"),
    "extreme": _extreme,
    "twice": _twice,
}
