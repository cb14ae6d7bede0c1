"""The command line as people meet it: output, exit codes, wrong input, Ctrl-C; and no secret anywhere in it."""

from __future__ import annotations

import signal
from datetime import UTC, datetime
from typing import Any

from pymongo.database import Database

from sync.standin.faults import NO_FAULTS, parse_faults
from tests.processes import finish, start
from tests.shell import MONTH, PRM, Shell, export_file
from tests.waiting import until

# --- what they do ---------------------------------------------------------------------------------------------------


def test_backfill_verify_status_compare(sync: Shell) -> None:
    code, out, err = sync("backfill", *MONTH)
    assert code == 0, err
    assert "6 calls (5 load curve, 1 daily totals); done so far 0" in err
    assert "1,490 readings new, 0 changed, 0 unchanged" in out
    assert "are identical: 1,490 documents each" in out

    again = sync.json("backfill", *MONTH)
    assert again | {"seconds": 0} == {
        "windows": 0,
        "calls": 0,
        "readings_new": 0,
        "readings_changed": 0,
        "readings_unchanged": 0,
        "rejected": 0,
        "flagged": 0,
        "seconds": 0,
        "identical": True,
    }
    verified = sync.json("verify")
    assert verified == {
        "identical": True,
        "pairs": [
            {
                "source": "linky",
                "regular": "consumption",
                "timeseries": "consumptionTS",
                "regular_count": 1490,
                "timeseries_count": 1490,
                "missing": 0,
                "extra": 0,
                "different": 0,
                "duplicates": 0,
                "foreign": 0,
            }
        ],
    }
    (status,) = sync.json("status")["sources"]
    assert status["source"] == "linky"
    assert status["series"] == [
        {
            "id": "…9999",
            "flow": "consumption",
            "generated": True,
            "first": "2026-09-30T22:00:00Z",
            "last": "2026-10-31T23:00:00Z",
            "readings": 1490,
            "expected_seconds": 1490 * 1800,
            "covered_seconds": 1490 * 1800,
            "gaps": [],
        }
    ]
    assert status["windows"] | {"planned": 0} == {"done": 5, "empty": 0, "partial": 0, "failed": 0, "planned": 0}
    assert (status["calls_today"], status["calls_per_day"]) == (6, 25)
    compared = sync.json("compare")
    (sizes,) = compared["pairs"]
    assert compared["server_version"] == "6.0.5"
    assert (sizes["source"], sizes["readings"], sizes["series"]) == ("linky", 1490, 1)
    assert sizes["timeseries"]["buckets"] == 2
    assert sizes["timeseries"]["readings_per_bucket"] == 745.0
    assert set(sizes["reduction_pct"]) == {"data", "storage", "total"}
    for names in (("verify",), ("status",), ("compare",)):
        code, out, _ = sync(*names)
        assert code == 0
        assert "1,490" in out


def test_verify_names_the_days_and_repair_mends_them(sync: Shell, database: Database[Any]) -> None:
    sync("backfill", *MONTH)
    gone = {"ts": datetime(2026, 10, 12, 10, tzinfo=UTC)}
    kept = database.consumptionTS.find_one(gone)
    record = database.consumption.find_one(gone)
    assert kept
    assert record
    database.consumption.update_one({"_id": record["_id"]}, {"$set": {"wh": record["wh"] + 1}})
    database.consumptionTS.insert_one(kept)
    database.consumption.delete_one({"ts": datetime(2026, 10, 20, 10, tzinfo=UTC)})
    code, out, _ = sync("verify")
    assert code == 1
    assert "1 extra, 1 different, 1 duplicates" in out
    assert "2026-10-12, 2026-10-20" in out
    assert "python -m sync repair" in out
    assert sync.json("repair")["identical"]
    assert sync("verify")[0] == 0


def test_dry_run_makes_no_call(sync: Shell, database: Database[Any]) -> None:
    code, out, _ = sync("backfill", *MONTH, "--dry-run")
    assert code == 0
    assert out.startswith("6 calls")
    assert sync.standin.requests == []
    assert "consumption" not in database.list_collection_names()


def test_max_calls_exits_with_3(sync: Shell) -> None:
    code, out, _ = sync("backfill", *MONTH, "--max-calls", "2")
    assert code == 3
    assert "run the same command again" in out
    assert sync("backfill", *MONTH)[0] == 0


def test_import_counts_and_lists_rejected_lines(sync: Shell) -> None:
    path = export_file(sync.folder)
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    lines[5] = lines[5].replace(";500;", ";abc;")
    lines[7] = lines[7].replace(";500;", ";;")
    path.write_text("".join(lines), encoding="utf-8")
    code, out, err = sync("import", str(path))
    assert code == 0, err
    assert "142 readings new" in out
    assert "1 refused, 0 flagged, 1 without a value" in out
    assert "r63.csv, line 6: not a power in W" in out
    assert sync.json("import", str(path))["readings_unchanged"] == 142


def test_a_generated_household_makes_way_for_real_readings(sync: Shell, database: Database[Any]) -> None:
    sync("backfill", *MONTH)
    code, _, err = sync("import", str(export_file(sync.folder)))
    assert code == 0
    assert "removed the generated household (1,490 readings)" in err
    assert database.consumption.distinct("series.id") == [PRM]
    assert sync.json("verify")["pairs"][0]["timeseries_count"] == 144


def test_ctrl_c_loses_nothing(sync: Shell) -> None:
    sync.standin.faults = parse_faults("slow@4:3600")  # the fourth answer is under way for as long as the test takes
    process = start(sync.environ, sync.folder, "backfill", *MONTH)
    until(lambda: len(sync.standin.requests) == 4)
    process.send_signal(signal.SIGINT)
    code, out, err = finish(process)
    sync.check(out, err)
    assert code == 3
    assert "stopped; everything stored so far stays" in err
    assert "Traceback" not in err
    sync.standin.faults = NO_FAULTS
    assert sync("backfill", *MONTH)[0] == 0
    assert len(sync.standin.requests) == 6 + 1
    assert sync("verify")[0] == 0


# --- where the gateway has totals alone -------------------------------------------------------------------------------


def test_totals_without_a_load_curve_are_stored_and_shown(sync: Shell) -> None:
    sync.standin.faults = parse_faults("nocurve@2026-01-01..2027-12-31")
    for calls in (4, 0):
        code, out, err = sync("backfill", *MONTH)
        assert code == 3, err
        assert f"{calls} calls, " in out
        assert "not loaded: 1\n  linky …9999 consumption: daily totals come but no load curve" in out
        assert "collection (enregistrement, collecte) of the hourly load curve in the Enedis account" in out
    code, out, _ = sync("status")
    assert code == 0
    assert "linky …9999 consumption: no readings" in out
    assert "daily totals: 31 days, 2026-10-01 … 2026-10-31, " in out
    assert " kWh" in out
    assert "the collection of the hourly consumption is off" in out
    assert "nothing is stored yet" not in out
    (status,) = sync.json("status")["sources"]
    (totals,) = status["daily_totals"]
    assert totals["wh"] > 0
    assert totals | {"wh": 0} == {
        "series": "linky …9999 consumption",
        "days": 31,
        "wh": 0,
        "first": "2026-10-01",
        "last": "2026-10-31",
    }


def test_one_flow_that_fails_is_named_and_the_other_is_loaded(sync: Shell) -> None:
    sync.standin.faults = parse_faults("emptyobject@2")
    code, out, err = sync("backfill", *MONTH, LINKY_FLOWS="both")
    assert code == 3, err
    assert "1,490 readings new" in out
    assert "not loaded: 1\n  linky …9999 consumption: an answer of unknown shape for 2026-10-01" in out
    assert "linky …9999 consumption is left out: an answer of unknown shape" in err
    assert sync("backfill", *MONTH, LINKY_FLOWS="both")[0] == 0
