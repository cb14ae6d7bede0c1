"""Readings into a real PostgreSQL: typed columns and a key, counted in SQL; corrections replace, a cut goes on."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from pymongo.database import Database

from sync.export.run import Report, export
from sync.export.targets import ExportError, postgresql, target_of
from sync.load.progress import Silence
from sync.sources import SOURCES
from sync.store.schema import Pair
from tests.dash.nordic_stores import energy, prices
from tests.dash.nordic_views import market_of
from tests.export_rows import OF_SOURCE, PRM, Run, stored_pair, whole
from tests.export_servers import Postgres
from tests.servers import free_port


def exported(own: Pair, address: str, **choice: Any) -> Report:
    return export(whole(own, **choice), target_of(address).connect(address), Silence())


def of_record(own: Pair) -> dict[tuple[Any, ...], tuple[Any, ...]]:
    """Key → the other columns, by the documents."""
    found = {}
    for document in own.record.find():
        series = document["series"]
        key = series["source"], series["id"], series["flow"], series.get("group", ""), document["ts"]
        values = (document.get(name) for name in (*SOURCES[own.source].fields, "flag"))
        found[key] = (document["seconds"], *values)
    return found


def of_table(postgres: Postgres, source: str, table: str = "readings") -> dict[tuple[Any, ...], tuple[Any, ...]]:
    names = ", ".join(f'"{name}"' for name in ("seconds", *SOURCES[source].fields, "flag"))
    rows = postgres(f'SELECT source, id, flow, "group", start_utc, {names} FROM {table} WHERE source = %s', source)
    return {(*row[:4], row[4].astimezone(UTC)): row[5:] for row in rows}


def test_every_source_in_one_table(postgres: Postgres, database: Database[Any]) -> None:
    for source in OF_SOURCE:
        own = stored_pair(database, source)
        assert exported(own, postgres.url).sums.readings == own.record.count_documents({})
        assert of_table(postgres, source) == of_record(own)
    [(local,)] = postgres(
        "SELECT start_local FROM readings WHERE id = 'DK1' AND start_utc = '2024-10-27T01:00Z' LIMIT 1"
    )
    assert local == "2024-10-27T02:00:00+01:00"
    assert postgres("SELECT * FROM linky_atlas_exports") == []


@pytest.mark.parametrize("batch", [100_000, 50])
def test_it_is_safe_to_repeat_and_takes_corrections(
    batch: int, postgres: Postgres, database: Database[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgresql, "BATCH", batch)
    own = stored_pair(database, "linky")
    exported(own, postgres.url)
    exported(own, postgres.url)
    assert of_table(postgres, "linky") == of_record(own)
    own.record.update_one({"flag": "clock"}, {"$set": {"wh": 12_345}, "$unset": {"flag": ""}})
    exported(own, postgres.url)
    assert of_table(postgres, "linky") == of_record(own)


@pytest.mark.parametrize("step", ["hour", "day", "month"])
def test_steps_have_tables_of_their_own(step: str, postgres: Postgres, database: Database[Any]) -> None:
    own = stored_pair(database, "linky")
    since = int(datetime(2024, 10, 26, 22, tzinfo=UTC).timestamp()) * 1000
    exported(own, postgres.url)
    exported(own, postgres.url, step=step, first=since)
    table = f"readings_{step}"
    kinds = postgres(f"SELECT count(*), sum(wh), sum(seconds) FROM {table}")
    assert (
        kinds[0][1:] == postgres("SELECT sum(wh), sum(seconds) FROM readings WHERE start_utc >= '2024-10-26T22:00Z'")[0]
    )
    if step == "day":
        days = dict(postgres(f"SELECT left(start_local, 10)::date, seconds FROM {table} WHERE flow = 'consumption'"))
        assert days[date(2024, 10, 27)] == 90_000


def test_daily_totals_and_mean_prices_by_sql(
    postgres: Postgres, database: Database[Any], tmp_path: Path, project_root: Path
) -> None:
    """The views of docs/energi_records.sql, the export of days and the Market page say the same."""
    start = datetime(2024, 10, 25, 22, tzinfo=UTC)  # three days of Denmark, one of them with 25 hours
    missing = [None if hour in (3, 30) else hour * 1.25 for hour in range(73)]
    batches = [prices("DK1", start, missing)]
    batches += [
        energy("energidata", "DK1", f"{kind} A B", start, [hour * 10**6 + 7 for hour in range(73)]) for kind in "XY"
    ]
    own = stored_pair(database, "energidata", batches)
    exported(own, postgres.url)
    exported(own, postgres.url, step="day")
    postgres((project_root / "docs" / "energi_records.sql").read_text(encoding="utf-8"))
    by_view = postgres("SELECT day, production_mwh::float, mean_price_eur FROM energi_days ORDER BY day DESC")
    page = market_of(database, tmp_path).frame("market-days", date(2024, 10, 26), date(2024, 10, 28)).table
    names = ["day", "production_mwh", "mean_price_eur_mwh"]
    by_page = [(date.fromisoformat(str(day)[:10]), *numbers) for day, *numbers in page[names].itertuples(index=False)]
    assert by_view == [(day, *map(pytest.approx, numbers)) for day, *numbers in by_page]
    columns = "left(start_local, 10)::date, sum(wh) / 1e6, max(eur_mwh)"
    by_step = postgres(f"SELECT {columns} FROM readings_day GROUP BY 1 ORDER BY 1 DESC")
    assert [(day, float(mwh), eur) for day, mwh, eur in by_step] == [
        (day, *map(pytest.approx, numbers)) for day, *numbers in by_view
    ]
    assert len(by_view) == 3
    [(kinds, topics, raw)] = postgres(
        "SELECT array_agg(DISTINCT type ORDER BY type), array_agg(DISTINCT source_topic ORDER BY source_topic), "
        "(array_agg(raw_payload ORDER BY timestamp, type))[1] FROM energi_records"
    )
    assert sorted(kinds) == ["X A B", "Y A B", "price"]
    assert topics == ["energidata.price", "energidata.production"]
    assert raw["id"] == "DK1"


def test_a_ready_file_by_copy(postgres: Postgres, database: Database[Any], tmp_path: Path, project_root: Path) -> None:
    """As docs/export.md has it."""
    own = stored_pair(database, "lcl")
    exported(own, str(tmp_path / "readings.csv"))
    exported(own, postgres.url)
    postgres("TRUNCATE readings")
    documented = (project_root / "docs" / "export.md").read_text(encoding="utf-8")
    [(columns, options)] = re.findall(r"\\copy readings (\(.*?\)) FROM 'readings.csv' (\(.*\))", documented)
    with (
        psycopg.connect(postgres.url) as base,
        base.cursor().copy(f"COPY readings {columns} FROM STDIN {options}") as copy,
    ):
        copy.write((tmp_path / "readings.csv").read_bytes())
    assert of_table(postgres, "lcl") == of_record(own)


def test_a_cut_off_run_goes_on_behind_the_last_whole_batch(
    postgres: Postgres, database: Database[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postgresql, "BATCH", 50)
    own = stored_pair(database, "lcl")
    target = target_of(postgres.url).connect(postgres.url)
    calls = iter(range(100))
    commit = target._commit  # type: ignore[attr-defined]

    def cut(blocks: Any) -> None:
        if next(calls) == 2:
            raise KeyboardInterrupt
        commit(blocks)

    monkeypatch.setattr(target, "_commit", cut)
    with pytest.raises(KeyboardInterrupt):
        export(whole(own), target, Silence())
    [(count,)] = postgres("SELECT count(*) FROM readings")
    assert count == 120
    written: list[int] = []
    again = target_of(postgres.url).connect(postgres.url)
    commit_again = again._commit  # type: ignore[attr-defined]
    monkeypatch.setattr(again, "_commit", lambda blocks: (written.extend(map(len, blocks)), commit_again(blocks)))
    assert export(whole(own), again, Silence()).sums.readings == 180
    assert sum(written) == 60
    assert of_table(postgres, "lcl") == of_record(own)


def test_what_changed_behind_a_cut_is_noticed(
    postgres: Postgres, database: Database[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    own = stored_pair(database, "lcl")
    exported(own, postgres.url)
    target = target_of(postgres.url).connect(postgres.url)
    target.open(whole(own))
    postgres("INSERT INTO linky_atlas_exports VALUES (%s, 2, 9999999999999)", target._what)  # type: ignore[attr-defined]
    target.close()
    own.record.update_one({}, {"$inc": {"wh": 1}})
    with pytest.raises(ExportError, match="have changed since the run that was cut off, run the same command again"):
        exported(own, postgres.url)
    exported(own, postgres.url)
    assert of_table(postgres, "lcl") == of_record(own)


def test_what_the_record_has_no_more_is_not_hidden(postgres: Postgres, database: Database[Any]) -> None:
    own = stored_pair(database, "lcl")
    exported(own, postgres.url)
    own.record.delete_one({})
    with pytest.raises(ExportError, match="179 readings were read and 180 are there; rows that the record has no more"):
        exported(own, postgres.url)


def test_another_program_that_stores_the_same(postgres: Postgres, database: Database[Any]) -> None:
    """The key refuses what came in between; it is taken the other way."""
    own = stored_pair(database, "lcl")
    target = target_of(postgres.url).connect(postgres.url)
    target.open(whole(own))
    target._has = dict.fromkeys(whole(own).series, False)  # type: ignore[attr-defined]
    row = "('lcl', 'MAC000001', 'consumption', '', '2024-03-30T23:00Z', '', 60, 7)"
    postgres(f'INSERT INTO readings (source, id, flow, "group", start_utc, start_local, seconds, wh) VALUES {row}')
    target.open = lambda _: None  # type: ignore[method-assign]
    export(whole(own), target, Silence())
    assert of_table(postgres, "lcl") == of_record(own)


def test_refusals_in_one_line(run: Run, postgres: Postgres, database: Database[Any]) -> None:
    stored_pair(database, "lcl")
    postgres("CREATE TABLE wrong (source text, wh text)")
    postgres("CREATE TABLE bare (source text)")
    postgres("DROP ROLE IF EXISTS guest")
    postgres("CREATE ROLE guest LOGIN PASSWORD 'hidden'")
    postgres("GRANT USAGE ON SCHEMA public TO guest")
    cases = {
        f"{postgres.url}?table=wrong": (1, "the table wrong is another one (wh is text): name yours with ?table=NAME"),
        f"{postgres.url}?table=bare": (1, "the table bare has no key on source, id, flow, group, start_utc"),
        f"{postgres.url}?table=Robert'); DROP": (2, "?table= takes small letters"),
        f"{postgres.url}none": (1, 'database "postgresnone" does not exist'),
        f"postgresql://guest:hidden@127.0.0.1:{postgres.port}/postgres": (1, "permission denied for schema public"),
        f"postgresql://test@127.0.0.1:{free_port()}/postgres": (1, "onnection refused"),
    }
    for address, (code, text) in cases.items():
        done = run("export", "--source", "lcl", "--to", address)
        assert (done[0], done[1]) == (code, ""), done
        assert text in done[2]
        assert done[2].count("\n") == 1
        assert "hidden" not in done[2]


def test_the_whole_prm_is_in_the_table_and_in_no_message(run: Run, postgres: Postgres, database: Database[Any]) -> None:
    stored_pair(database, "linky")
    code, out, err = run("export", "--to", postgres.url, "--json")
    assert code == 0
    assert PRM not in out + err
    assert postgres("SELECT DISTINCT id FROM readings") == [(PRM,)]


def test_two_exports_into_one_table_take_turns(
    postgres: Postgres, database: Database[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    from sync.export.targets import postgresql_base

    own = stored_pair(database, "lcl")
    first = target_of(postgres.url).connect(postgres.url)
    first.open(whole(own))
    monkeypatch.setattr(postgresql_base, "WAIT", "100ms")
    with pytest.raises(ExportError, match="another export writes this table, or follows it"):
        exported(own, postgres.url)
    first.close()
    exported(own, postgres.url)


def test_a_name_with_signs_stays_what_it_is(postgres: Postgres, database: Database[Any]) -> None:
    own = stored_pair(database, "elhub")
    exported(own, f"{postgres.url}?table=public.areas")
    with psycopg.connect(postgres.url) as base:
        found = base.execute('SELECT DISTINCT "group" FROM areas ORDER BY 1').fetchall()
    assert sorted(found) == sorted([("hydro",), ("other, small",), ('a "b"',)])
