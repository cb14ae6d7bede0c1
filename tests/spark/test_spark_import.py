"""The London import as a Spark job: what the plain import stores, reports and refuses."""

from __future__ import annotations

import shlex
import signal
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pymongo.database import Database

from sync.model.errors import StoreError
from sync.settings import DEFAULT_COLLECTIONS
from sync.sources.lcl.files import file_of
from sync.sources.lcl.members import Member
from sync.spark.command import import_command
from sync.spark.task import load
from sync.store.connection import Place
from sync.store.schema import pair
from tests.many import assert_same_sides, stored
from tests.servers import PROJECT_ROOT, GuardedServer
from tests.spark.jobs import Jobs, beneath, is_gone, london, wait_for, zipped

SECRET = "n0t-t0-be-sh0wn"
LOCAL = ("--master", "local[2]")


@pytest.fixture
def job(tmp_path: Path, mongo_uri: str, database: Database[Any]) -> Iterator[Jobs]:
    with Jobs(tmp_path, mongo_uri, database.name) as job:
        yield job


@pytest.mark.soak
def test_folder_with_a_file_cut_short(job: Jobs, database: Database[Any], tmp_path: Path) -> None:
    expected = london(tmp_path / "london", households=3, days=40, rows_per_file=1500)
    whole = sorted((tmp_path / "london").glob("*.csv"))
    packed = tmp_path / "london" / "cut.csv.gz"
    subprocess.run(["gzip", "-k", "-c", whole[0]], stdout=packed.open("wb"), check=True)
    packed.write_bytes(packed.read_bytes()[:-200])
    whole[0].unlink()
    code, out, err = job("import-lcl", str(tmp_path / "london"), *LOCAL)
    assert code == 3, err
    assert "FAILED cut.csv.gz: " in out
    assert "identical" in out
    rest = database["lcl"].count_documents({})
    assert 0 < rest < expected.readings
    assert database["sync_files"].count_documents({}) == len(whole) - 1

    code, out, err = job("import-lcl", str(tmp_path / "london"), *LOCAL)  # no file but the cut one is read again
    assert code == 3, err
    assert "0 readings new, 0 changed" in out
    assert f"not read again: {len(whole) - 1} file" in out
    assert database["lcl"].count_documents({}) == rest
    assert_same_sides(pair(database, "lcl", DEFAULT_COLLECTIONS))


@pytest.mark.soak
def test_stopped_and_gone_on_with_by_the_plain_import(job: Jobs, database: Database[Any], tmp_path: Path) -> None:
    expected = london(tmp_path / "london")
    process = job.start("import-lcl", str(tmp_path / "london"), *LOCAL)
    wait_for(lambda: database["lcl"].estimated_document_count() > 0, process)
    running = beneath(process.pid)
    process.send_signal(signal.SIGINT)
    code, _, err = job.finish(process)
    assert code == 3, err
    assert err.splitlines()[-1].startswith("stopped; everything stored so far stays")
    wait_for(lambda: all(map(is_gone, running)))
    code, _, err = job("import", "--source", "lcl", str(tmp_path / "london"), module="sync")
    assert code == 0, err
    own = pair(database, "lcl", DEFAULT_COLLECTIONS)
    assert len(stored(own.record)) == expected.readings
    assert_same_sides(own)


def examples() -> list[str]:
    """Those of the help that need no cluster."""
    lines = [line.strip() for line in (import_command.help or "").splitlines()]
    return [line for line in lines if line.startswith("python -m sync.spark") and "spark://" not in line]


@pytest.mark.soak
def test_examples_of_the_help(job: Jobs, database: Database[Any], tmp_path: Path) -> None:
    expected = london(tmp_path / "london", households=2, days=10, rows_per_file=600)
    zipped(tmp_path / "london").rename(job.folder / "Partitioned LCL Data.zip")
    assert len(examples()) == 2
    for line in examples():
        code, out, err = job(*shlex.split(line)[3:])
        assert code == 0, err
        assert out.strip()
        assert database["lcl"].count_documents({}) == expected.readings
    assert job("--help")[0] == job("import-lcl", "--help")[0] == 0


@pytest.mark.soak
@pytest.mark.parametrize(
    ("arguments", "environ", "code", "words"),
    [
        ((), {"MONGODB_URI": f"mongodb://user:{SECRET}@127.0.0.1:1/"}, 1, "no MongoDB answers at user@127.0.0.1:1"),
        ((), {"MONGODB_URI": f"mongodb://user:{SECRET}/@127.0.0.1:1/"}, 2, "MONGODB_URI cannot be read"),
        ((), {"JAVA_HOME": "/nowhere"}, 2, "apt-get install openjdk-17-jre-headless"),
        (("--master", "spark://head:7077"), {"MONGODB_URI": ""}, 2, "set MONGODB_URI to a server"),
        (("--master", "somewhere"), {}, 2, "known are local[*]"),
        (("--conf", f"spark.executorEnv.MONGODB_URI=mongodb://user:{SECRET}@db/"), {}, 2, "goes to the executors by"),
        (("--conf", "executor.cores=4"), {}, 2, "needs spark.NAME=VALUE"),
    ],
)
def test_wrong_usage(
    job: Jobs, tmp_path: Path, arguments: tuple[str, ...], environ: dict[str, str], code: int, words: str
) -> None:
    london(tmp_path / "london", households=1, days=2)
    found, out, err = job("import-lcl", str(tmp_path / "london"), *arguments, **environ)
    assert found == code, err
    assert out == ""
    errors = [line for line in err.splitlines() if not line.startswith("not read")]
    assert len(errors) == (2 if "wrong settings" in err else 1)
    assert words in err
    assert SECRET not in err


def test_without_pyspark(job: Jobs) -> None:
    """As on a machine where the extra is not installed."""
    code = "import sys; sys.modules['pyspark'] = None; from sync.cli import main; from sync.spark.command import spark"
    found = subprocess.run(
        [sys.executable, "-c", f"{code}; main(spark)", "import-lcl", "any.csv"],
        cwd=job.folder,
        env=job.environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 2
    assert found.stderr == "error: this command needs PySpark: pip install '.[spark]'\n"


def test_file_that_an_executor_does_not_see(job: Jobs, mongo_uri: str, database: Database[Any]) -> None:
    place = Place(mongo_uri, database.name, job.folder, "lcl", DEFAULT_COLLECTIONS)
    loaded = load(place, 0, file_of(Member(job.folder / "elsewhere.csv")))
    assert loaded.report.state == "failed"
    assert "every executor must see it under this path" in loaded.report.reason
    assert mongo_uri not in repr(place)


def test_store_that_an_executor_may_not_use(job: Jobs, guarded_server: GuardedServer, tmp_path: Path) -> None:
    london(tmp_path / "london", households=1, days=2)
    place = Place(guarded_server.uri("writer", SECRET), guarded_server.DATABASE, job.folder, "lcl", DEFAULT_COLLECTIONS)
    file = next((tmp_path / "london").glob("*.csv"))
    loaded = load(place, 0, file_of(Member(file)))
    assert isinstance(loaded.failure, StoreError)  # the user's to mend; a bug of ours would be a RuntimeError
    assert "refused the user name or the password" in str(loaded.failure)
    assert SECRET not in repr(loaded)


def test_requirements_are_those_of_the_tests() -> None:
    extras = tomllib.loads((PROJECT_ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"][
        "optional-dependencies"
    ]
    assert any("spark" in each for each in extras["dev"] if each.startswith("linky-atlas["))
