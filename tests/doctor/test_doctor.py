"""`doctor` on broken set-ups: the first line names the fault, and its remedy, followed, mends it. Real servers."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt
import pytest
from pymongo import MongoClient
from pymongo.database import Database

from sync.doctor import examine as examination
from sync.doctor.examine import examine
from sync.doctor.finding import Finding, Surroundings
from sync.model.clock import SystemClock
from sync.model.readings import Series
from sync.model.window import Window
from sync.settings import DEFAULT_COLLECTIONS, load
from sync.standin.linky import LinkyStandin
from sync.store.lease import lease_name
from sync.store.schema import KEY_NAME, Pair, pair
from sync.triggers.bundle import bundles
from sync.triggers.check.tree import read_tree
from sync.triggers.deploy.account import atlas_account
from sync.triggers.deploy.admin_api import AdminApi
from sync.triggers.deploy.deploy import plan, token_secret
from sync.triggers.tree import DEFAULT_FOLDER
from sync.triggers.values import given_by
from tests.deploy.admin_standin import AdminStandin
from tests.deploy.deployer import the_app
from tests.loads import Load
from tests.processes import environment
from tests.servers import GuardedServer, free_port
from tests.shell import Shell

DAYS = 4


class Late(SystemClock):
    """Ten minutes behind everybody else's: of a machine that was asleep."""

    def now(self) -> datetime:
        return super().now() - timedelta(minutes=10)


@dataclass
class Setup:
    """A user's set-up: settings as variables, a gateway, a database with a few days of one meter."""

    database: Database[Any]
    shell: Shell
    folder: Path
    environ: dict[str, str]
    clock: SystemClock = field(default_factory=SystemClock)
    call: bool = True
    atlas: AdminStandin | None = None

    @property
    def pair(self) -> Pair:
        return pair(self.database, "linky", DEFAULT_COLLECTIONS)

    @property
    def series(self) -> Series:
        return Series("linky", self.environ["LINKY_PRM"], "consumption")

    @property
    def window(self) -> tuple[str, ...]:
        today = self.shell.standin.today
        return "--since", str(today - timedelta(days=DAYS)), "--until", str(today)

    def look(self) -> list[Finding]:
        found, faults = examine(self.folder, self.environ, self.clock, call=self.call)
        assert faults == []
        for finding in found:
            self.shell.check(finding.said, finding.remedy)
        return found

    def command(self, *words: str) -> None:
        """A remedy as it is typed."""
        process = Shell(self.environ, self.folder, self.shell.standin)
        code, _, err = process(*words)
        assert code == 0, err

    def without_standin(self) -> None:
        """For what Atlas is told: a gateway on this machine is refused there. Nothing is asked."""
        for name in ("LINKY_API_URL", "SYNC_REQUEST_SPACING"):
            del self.environ[name]
        self.call = False

    def deployed(self) -> AdminStandin:
        """The tree of this project in a project of Atlas."""
        self.without_standin()
        self.atlas = AdminStandin()
        keys = {"PUBLIC_KEY": self.atlas.public_key, "PRIVATE_KEY": self.atlas.private_key}
        keys |= {"PROJECT_ID": self.atlas.project_id, "ADMIN_URL": self.atlas.url, "CLUSTER": "Cluster0"}
        self.environ |= {f"ATLAS_{name}": text for name, text in keys.items()}
        self.deploy()
        return self.atlas

    def deploy(self) -> None:
        """What the command does, in this process."""
        account = atlas_account(self.folder, self.environ)
        with AdminApi(account) as api:
            tree, settings = read_tree(DEFAULT_FOLDER), load(self.folder, self.environ)
            given = given_by(settings, token_secret(tree), self.clock.now())
            assert [list(plan(api, account, tree, given, bundled=bundles(DEFAULT_FOLDER)).apply())]


@pytest.fixture
def setup(
    mongo_uri: str, database: Database[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, one_day: None
) -> Iterator[Setup]:
    with LinkyStandin(ban_after=None) as standin:
        environ = environment(standin, mongo_uri, database.name, tmp_path) | {"DASH_PORT": str(free_port())}
        monkeypatch.setenv("XDG_STATE_HOME", environ["XDG_STATE_HOME"])  # this process counts its calls there, too
        window = Window(standin.today - timedelta(days=DAYS), standin.today)
        assert Load(database, standin, SystemClock(), tmp_path, window, limit=None).run().identical
        made = Setup(database, Shell(environ, tmp_path, standin), tmp_path, environ)
        yield made
        if made.atlas:
            made.atlas.close()


def errors(found: list[Finding]) -> list[Finding]:
    return [finding for finding in found if finding.level == "error"]


# --- what is broken, and how the remedy is followed -------------------------------------------------------------------

Act = Callable[[Setup], Any]


def setting(**texts: str) -> Act:
    return lambda setup: setup.environ.update(texts)


def sane(setup: Setup) -> None:
    """The settings as they were."""
    setup.environ.clear()
    setup.environ.update(setup.shell.environ)


def token_ended(setup: Setup) -> None:
    expires = datetime.now(UTC) - timedelta(days=1)
    setup.environ["LINKY_TOKEN"] = setup.shell.standin.token_for(setup.environ["LINKY_PRM"], expires=expires)


def token_of_nobody(setup: Setup) -> None:
    claims = {"sub": [setup.environ["LINKY_PRM"]], "exp": 4_000_000_000}
    setup.environ["LINKY_TOKEN"] = jwt.encode(claims, "k" * 32)


def late_clock(setup: Setup) -> None:
    setup.clock = Late()


def right_clock(setup: Setup) -> None:
    setup.clock = SystemClock()


def mirror_of_the_wrong_kind(setup: Setup) -> None:
    setup.pair.mirror.drop()
    setup.pair.mirror.insert_one({"made": "by hand"})


def drop_it_and_repair(setup: Setup) -> None:
    setup.pair.mirror.drop()
    setup.command("repair")


def lose_a_day(setup: Setup) -> None:
    newest = setup.pair.record.find_one(sort=[("ts", -1)])
    assert newest is not None
    setup.pair.record.delete_many({"ts": {"$gte": newest["ts"] - timedelta(hours=12)}})
    setup.pair.mirror.delete_many(setup.series.query())


def repair_and_load(setup: Setup) -> None:
    setup.command("repair")
    setup.command("backfill", *setup.window)


def corrected(setup: Setup) -> None:
    """As an Atlas function leaves it."""
    setup.pair.record.update_one({}, {"$inc": {"wh": 1}})
    mark = {"_id": lease_name(setup.pair.mirror, setup.series)}
    setup.database["sync_leases"].update_one(mark, {"$set": {"stale": True}}, upsert=True)


def failed_run(setup: Setup) -> None:
    run = {"function": "linkyDaily", "at": datetime.now(UTC), "ok": False, "error": "linkyDaily: no token"}
    setup.database["sync_runs"].insert_one(run)


def older_function(setup: Setup) -> None:
    held = the_app(setup.deployed()).named("functions", "linkyDaily")
    held["source"] = held["source"].replace("240000", "230000", 1)


def trigger_off(setup: Setup) -> None:
    the_app(setup.deployed()).named("triggers", "linkyDaily")["disabled"] = True


def repair(setup: Setup) -> None:
    setup.command("repair")


def deploy(setup: Setup) -> None:
    setup.command("trigger", "deploy")


BROKEN: dict[str, tuple[Act, str, Act]] = {
    "a wrong setting": (setting(LINKY_API_URL="nonsense"), r"settings: LINKY_API_URL: must be an http", sane),
    "a token of another meter": (
        setting(LINKY_PRM="21121707640844"),
        r"settings: .*the token is for meter …\d{4}, not for …0844",
        sane,
    ),
    "a token that has ended": (token_ended, r"token: meter …\d{4}: the token ended on", sane),
    "a token that the gateway does not know": (
        token_of_nobody,
        r"gateway: the gateway does not accept the token",
        sane,
    ),
    "a gateway that is not there": (
        lambda setup: setup.environ.update(LINKY_API_URL=f"http://127.0.0.1:{free_port()}/api"),
        r"gateway: no whole answer from 127\.0\.0\.1",
        sane,
    ),
    "a clock that is late": (late_clock, r"clock: this machine is (59|60)\d s behind", right_clock),
    "no MongoDB": (
        lambda setup: setup.environ.update(MONGODB_URI=f"mongodb://127.0.0.1:{free_port()}"),
        r"mongodb: no MongoDB answers at 127\.0\.0\.1",
        sane,
    ),
    "a mirror of the wrong kind": (
        mirror_of_the_wrong_kind,
        r"collections: 'consumptionTS' is not a time-series collection",
        drop_it_and_repair,
    ),
    "no unique key": (
        lambda setup: setup.pair.record.drop_index(KEY_NAME),
        r"collections: consumption lacks its unique key",
        repair,
    ),
    "no mirror": (
        lambda setup: setup.pair.mirror.drop(),
        r"collections: the collection consumptionTS is missing",
        repair,
    ),
    "a mirror that is short": (
        lambda setup: setup.pair.mirror.delete_many(setup.series.query()),
        r"readings: consumption holds 19\d readings, consumptionTS 0",
        repair,
    ),
    "readings that are gone": (lose_a_day, r"readings: linky: readings of 1 window are gone", repair_and_load),
    "a mirror that waits": (corrected, r"readings: consumptionTS waits for corrected values of 1 series", repair),
    "older functions": (
        older_function,
        r"functions: what is deployed is not of this version: function linkyDaily",
        deploy,
    ),
    "a trigger that is off": (trigger_off, r"functions: the trigger linkyDaily .*disabled: true → false", Setup.deploy),
    "a run that failed": (
        failed_run,
        r"runs: linkyDaily failed on .*: no token",
        lambda setup: setup.command("trigger", "run", "linkyDaily"),
    ),
    "a page that is open to all": (
        setting(DASH_HOST="0.0.0.0"),
        r"page: DASH_HOST 0\.0\.0\.0 can be reached",
        setting(DASH_PASSWORD="some password"),
    ),
}


@pytest.mark.parametrize("fault", BROKEN)
def test_a_broken_set_up(setup: Setup, fault: str) -> None:
    break_it, words, mend = BROKEN[fault]
    break_it(setup)
    found = setup.look()
    first = found[0]
    assert first.level == "error", found
    assert re.match(words, f"{first.subject}: {first.said}"), first
    assert first.remedy
    assert {finding.subject for finding in found} == set(examination.CHECKS)
    mend(setup)
    assert errors(setup.look()) == []


def test_a_user_who_may_only_read(setup: Setup, guarded_server: GuardedServer) -> None:
    """The remedy is typed as it stands there, by an administrator."""
    with MongoClient[Any](guarded_server.uri("admin")) as client:
        roles = [{"role": "read", "db": "electricity"}]
        client.admin.command("createUser", "visitor", pwd="v1s1tor-s3cret", roles=roles)
        guarded_server.PASSWORDS["visitor"] = "v1s1tor-s3cret"
        setup.environ |= {"MONGODB_URI": guarded_server.uri("visitor"), "MONGODB_DATABASE": "electricity"}
        first = setup.look()[0]
        assert (first.subject, first.level) == ("rights", "error")
        assert first.said.startswith("visitor may not insert, update, remove")
        typed = re.search(
            r"getSiblingDB\('admin'\)\.grantRolesToUser\('(\w+)', \[\{role: '(\w+)', db: '(\w+)'\}\]", first.remedy
        )
        assert typed is not None
        client.admin.command("grantRolesToUser", typed[1], roles=[{"role": typed[2], "db": typed[3]}])
        assert errors(setup.look()) == []
        client.admin.command("dropUser", "visitor")


# --- a healthy set-up -------------------------------------------------------------------------------------------------


def test_a_healthy_set_up(setup: Setup) -> None:
    """No error; one call, counted; nothing else is written."""
    before = setup.database.command("dbHash")["md5"]
    asked = len(setup.shell.standin.requests)
    code, out, err = setup.shell("doctor")
    assert (code, err) == (0, ""), out
    lines = out.splitlines()
    assert not [line for line in lines if line.startswith("error")]
    assert any(
        re.match(r"ok +gateway: it answers in the shape V2, \d+ points of yesterday; 1 calls today", line)
        for line in lines
    )
    assert any(line.startswith("not run  functions: no Atlas API key is set") for line in lines)
    assert len(setup.shell.standin.requests) == asked + 1
    told = setup.shell.json("doctor", "--no-call")
    assert (told["errors"], len(setup.shell.standin.requests)) == (0, asked + 1)
    assert {"subject": "gateway", "level": "not run", "said": "no call is made (--no-call)", "remedy": ""} in told[
        "findings"
    ]
    assert setup.database.command("dbHash")["md5"] == before


def test_errors_come_first_and_are_the_exit_code(setup: Setup) -> None:
    setup.pair.mirror.drop()
    code, out, _ = setup.shell("doctor", "--no-call", DASH_HOST="0.0.0.0")
    assert code == 1
    assert [line.split()[:2] for line in out.splitlines()[:4:2]] == [["error", "collections:"], ["error", "page:"]]
    assert out.splitlines()[1] == "         → python -m sync repair"


def test_the_shape_that_the_gateway_had_before(setup: Setup) -> None:
    from sync.standin.faults import parse_faults

    setup.shell.standin.faults = parse_faults("v5@*1")
    [gateway] = [finding for finding in setup.look() if finding.subject == "gateway"]
    assert gateway.said.startswith("it answers in the shape V5")


def test_a_new_user(tmp_path: Path) -> None:
    """Nothing set, nothing stored: said with the way in, and no server is started for it."""
    found, faults = examine(tmp_path, {"SYNC_HOME": str(tmp_path / "home")}, SystemClock())
    assert faults == []
    assert {finding.level for finding in found} <= {"warning", "not run", "ok"}
    said = {finding.subject: finding for finding in found}
    assert "never started" in said["mongodb"].said
    assert "LINKY_TOKEN is not set" in said["token"].said
    assert said["collections"].level == "not run"
    assert list(tmp_path.iterdir()) == []


def test_a_fault_of_ours_hides_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(around: Surroundings) -> Iterator[Finding]:
        yield Finding("clock", "ok", "one thing")
        raise ZeroDivisionError("ours")

    monkeypatch.setitem(examination.CHECKS, "clock", broken)
    found, [fault] = examine(tmp_path, {"SYNC_HOME": str(tmp_path / "home")}, SystemClock())
    assert isinstance(fault, ZeroDivisionError)
    assert {finding.subject for finding in found} == set(examination.CHECKS)
    assert found[0] == Finding(
        "clock",
        "error",
        "this check failed by a fault of this tool (ZeroDivisionError)",
        "report it, with what stands at the end",
    )


def test_a_file_of_settings_that_others_may_read(setup: Setup) -> None:
    path = setup.folder / ".env"
    path.write_text("LINKY_FLOWS=consumption\n")
    path.chmod(0o644)
    [warned] = [finding for finding in setup.look() if finding.level == "warning"]
    assert (warned.subject, warned.remedy) == ("settings", "chmod 600 .env")
    path.chmod(0o600)
    assert not [finding for finding in setup.look() if finding.level == "warning"]
