"""The aggregations over months of households: years, and percentiles by day, week and month.

For servers from 5.0: they are read off sorted arrays, interpolated between neighbours as NumPy does.
"""

from __future__ import annotations

from datetime import timedelta

from .names import ALL, BANDS, PERCENTILES, YEARS, after, needed, number_of
from .stages import Job, Stage

MONDAY = 4  # day number of the first Monday, 1970-01-05


def year_stages(job: Job) -> list[Stage]:
    """Months of households → `fleet_years` of the year of the month: a page reads one document instead of twelve."""
    year = job.month[:4]
    sums = {name: {"$sum": f"${name}"} for name in ("days", "whole_wh")}
    ends = {"first": {"$min": "$first"}, "last": {"$max": "$last"}}
    return [
        {"$match": {"_id.source": job.source, "_id.month": {"$gte": f"{year}-01", "$lte": f"{year}-12"}}},
        {
            "$group": {
                "_id": {"flow": "$_id.flow", "id": "$_id.id"},
                "groups": {"$last": "$groups"},
                **ends,
                **sums,
            }
        },
        {
            "$set": {
                "_id": {"source": job.source, "flow": "$_id.flow", "year": {"$literal": year}, "id": "$_id.id"},
            }
        },
        *job.merged(YEARS),
    ]


def band_stages(job: Job, step: str) -> list[Stage]:
    """Months of households → `fleet_bands` of the days, of the weeks that touch the month, or of the month."""
    months = [after(job.month, -1), job.month, after(job.month)] if step == "week" else [job.month]
    rows = {"day": _daily, "week": _weekly, "month": _monthly}[step](job)
    key = {"flow": "$flow", "group": "$group", "day": "$at"}
    statistics = {f"p{percent}": _quantile("$values", percent / 100) for percent in PERCENTILES}
    return [
        {"$match": {"_id.source": job.source, "_id.month": {"$in": months}}},
        *rows,
        {"$sort": {"value": 1}},
        {"$set": {"group": {"$concatArrays": [[ALL], _names()]}}},
        {"$unwind": "$group"},
        {"$group": {"_id": key, "values": {"$push": "$value"}}},
        {
            "$project": {
                "_id": {
                    "source": job.source,
                    "flow": "$_id.flow",
                    "group": "$_id.group",
                    "step": {"$literal": step},
                    "day": "$_id.day",
                },
                "n": {"$size": "$values"},
                "mean": {"$avg": "$values"},
                **statistics,
            }
        },
        *job.merged(BANDS),
    ]


def _daily(_job: Job) -> list[Stage]:
    pairs = {"$zip": {"inputs": ["$day", "$day_wh"]}}
    return [
        {"$project": {"flow": "$_id.flow", "groups": 1, "pair": pairs}},
        {"$unwind": "$pair"},
        {
            "$project": {
                "_id": 0,
                "flow": 1,
                "groups": 1,
                "at": {"$first": "$pair"},
                "value": {"$last": "$pair"},
            }
        },
    ]


def week_starts(job: Job) -> tuple[int, int]:
    """Bounds [low, high) of the Mondays of weeks that touch the month, as day numbers."""
    return number_of(job.first - timedelta(days=job.first.weekday())), number_of(job.end)


def _weekly(job: Job) -> list[Stage]:
    low, high = week_starts(job)
    monday = {"$subtract": ["$day", {"$mod": [{"$subtract": ["$day", MONDAY]}, 7]}]}
    return [
        {"$project": {"groups": 1, "pair": {"$zip": {"inputs": ["$day", "$day_wh"]}}}},
        {"$unwind": "$pair"},
        {"$project": {"groups": 1, "day": {"$first": "$pair"}, "wh": {"$last": "$pair"}}},
        {"$set": {"at": monday}},
        {"$match": {"at": {"$gte": low, "$lt": high}}},
        {
            "$group": {
                "_id": {"id": "$_id.id", "flow": "$_id.flow", "at": "$at"},
                "groups": {"$first": "$groups"},
                "value": {"$avg": "$wh"},
                "days": {"$sum": 1},
            }
        },
        {"$match": {"days": {"$gte": needed(7)}}},
        {"$project": {"_id": 0, "flow": "$_id.flow", "groups": 1, "at": "$_id.at", "value": 1}},
    ]


def _monthly(job: Job) -> list[Stage]:
    return [
        {"$match": {"days": {"$gte": needed((job.end - job.first).days)}}},
        {
            "$project": {
                "_id": 0,
                "flow": "$_id.flow",
                "groups": 1,
                "at": {"$literal": number_of(job.first)},
                "value": {"$divide": ["$whole_wh", "$days"]},
            }
        },
    ]


def _names() -> Stage:
    """The groups of a household by name: `tariff=Std`."""
    return {
        "$map": {"input": {"$objectToArray": "$groups"}, "in": {"$concat": ["$$this.k", "=", "$$this.v"]}},
    }


def _quantile(values: str, share: float) -> Stage:
    """Of an ascending array, interpolated between the two values beside the place."""
    place = {"$multiply": [{"$subtract": [{"$size": values}, 1]}, share]}
    low: Stage = {"$arrayElemAt": [values, {"$toInt": {"$floor": "$$place"}}]}
    high: Stage = {"$arrayElemAt": [values, {"$toInt": {"$ceil": "$$place"}}]}
    between = {"$multiply": [{"$subtract": [high, low]}, {"$subtract": ["$$place", {"$floor": "$$place"}]}]}
    return {"$let": {"vars": {"place": place}, "in": {"$add": [low, between]}}}
