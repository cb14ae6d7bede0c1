"""`trigger install`: the files, that nothing of others is touched, and the very command lines, run as cron would."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pymongo.database import Database

from sync.settings import DEFAULT_COLLECTIONS
from sync.standin.linky import LinkyStandin
from sync.store.schema import ensure_pair, pair
from sync.triggers.install.cron import block, with_block
from sync.triggers.install.job import Job
from sync.triggers.install.systemd import unit_files
from tests.processes import environment
from tests.shell import Shell

CRONTAB = """#!/bin/sh
# A crontab that is a file.
if [ "$1" = -l ]; then
  [ -f "$HOME/crontab" ] || { echo "no crontab for you" >&2; exit 1; }
  cat "$HOME/crontab"
else
  cat > "$HOME/crontab"
fi
"""
OTHERS = "MAILTO=me\n\n7 3 * * * /usr/bin/true # 100 \\% mine"
JOB = Job(
    "linkyDaily", ("/opt/a b/python", "-m", "sync"), Path('/home/me/5 % "q" $x'), {"A": "b c"}, ((6, 43), (12, 53))
)


@pytest.fixture
def shell(mongo_uri: str, database: Database[Any], tmp_path: Path, one_day: None) -> Iterator[Shell]:
    """A user with a home, a `.env` and a crontab; the settings are in the file alone."""
    programs = tmp_path / "bin"
    programs.mkdir()
    (programs / "crontab").write_text(CRONTAB)
    (programs / "crontab").chmod(0o755)
    folder = tmp_path / "my meter"
    folder.mkdir()
    with LinkyStandin(ban_after=None) as standin:
        environ = environment(standin, mongo_uri, database.name, tmp_path)
        ours = {name: environ.pop(name) for name in list(environ) if name.startswith(("LINKY_", "MONGODB_", "SYNC_"))}
        (folder / ".env").write_text("".join(f"{name}='{text}'\n" for name, text in ours.items()))
        (folder / ".env").chmod(0o600)
        environ |= {"HOME": str(tmp_path), "PATH": f"{programs}:{os.environ['PATH']}"}
        environ.pop("XDG_CONFIG_HOME", None)
        yield Shell(environ, folder, standin)


def run_as_cron(shell: Shell, *command: str, cwd: str | None = None) -> subprocess.CompletedProcess[str]:
    bare = ["env", "-i", f"HOME={shell.environ['HOME']}", "LOGNAME=me", "SHELL=/bin/sh", "PATH=/usr/bin:/bin"]
    done = subprocess.run([*bare, *command], cwd=cwd, capture_output=True, text=True, check=False)
    shell.check(done.stdout, done.stderr)
    return done


def assert_loaded(shell: Shell, database: Database[Any], done: subprocess.CompletedProcess[str]) -> None:
    assert done.returncode == 0, done.stderr
    assert database["consumption"].count_documents({}) > 300
    state = Path(shell.environ["XDG_STATE_HOME"]) / "linky-atlas" / "budget.sqlite3"
    assert state.exists()  # the same count of calls as that of the commands


def values_of(text: str, name: str) -> list[str]:
    return re.findall(rf"^{name}=(.*)$", text, re.MULTILINE)


def test_systemd(shell: Shell, database: Database[Any]) -> None:
    """Written once, verified by systemd where there is one, and its command does the work."""
    ensure_pair(pair(database, "linky", DEFAULT_COLLECTIONS))
    code, out, err = shell("trigger", "install", "systemd")
    assert (code, err) == (0, "")
    place = Path(shell.environ["HOME"]) / ".config/systemd/user"
    service, timer = (place / f"linky-atlas-linkyDaily.{kind}" for kind in ("service", "timer"))
    assert f"wrote {service}" in out
    assert "systemctl --user enable --now linky-atlas-linkyDaily.timer" in out
    assert f"&& rm {service} {timer}" in out
    text = timer.read_text()
    assert values_of(text, "OnCalendar") == ["*-*-* 06:43:00 UTC", "*-*-* 13:43:00 UTC"]
    assert (values_of(text, "Persistent"), values_of(text, "RandomizedDelaySec")) == (["true"], ["15min"])
    if shutil.which("systemd-analyze"):
        verified = subprocess.run(
            ["systemd-analyze", "verify", "--man=no", str(service), str(timer)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert "linky-atlas" not in verified.stderr, verified.stderr
    text = service.read_text()
    environ = [word for line in values_of(text, "Environment") for word in shlex.split(line)]
    [command], [folder] = values_of(text, "ExecStart"), values_of(text, "WorkingDirectory")
    assert folder == str(shell.folder)
    assert_loaded(shell, database, run_as_cron(shell, *environ, *shlex.split(command), cwd=folder))
    before = {path: path.stat().st_mtime_ns for path in (service, timer)}
    code, out, _ = shell("trigger", "install", "systemd")
    assert (code, out.splitlines()[0]) == (0, "nothing to do: both files are there as they should be")
    assert {path: path.stat().st_mtime_ns for path in (service, timer)} == before


def test_cron(shell: Shell, database: Database[Any]) -> None:
    """The lines of others stay as they are; a second time changes nothing; the line does the work."""
    ensure_pair(pair(database, "linky", DEFAULT_COLLECTIONS))
    crontab = Path(shell.environ["HOME"]) / "crontab"
    crontab.write_text(OTHERS)
    code, out, err = shell("trigger", "install", "cron")
    assert (code, err) == (0, "")
    text = crontab.read_text()
    assert text.startswith(f"{OTHERS}\n# linky-atlas linkyDaily: begin")
    lines = [line for line in text.splitlines() if "trigger run linkyDaily" in line]
    assert len(lines) == 2
    assert "crontab -e" in out
    done = run_as_cron(shell, "sh", "-c", lines[0].split(" ", 5)[5].replace(r"\%", "%"))
    assert done.stdout == ""
    assert_loaded(shell, database, done)
    code, out, _ = shell("trigger", "install", "cron")
    assert (code, out.splitlines()[0]) == (0, "nothing to do: the crontab has these lines")
    assert crontab.read_text() == text


def test_a_dry_run_writes_nothing(shell: Shell) -> None:
    before = sorted(Path(shell.environ["HOME"]).rglob("*"))
    for scheduler, words in (("systemd", "OnCalendar=*-*-* 06:43:00 UTC"), ("cron", "trigger run linkyDaily")):
        code, out, err = shell("trigger", "install", scheduler, "--dry-run")
        assert (code, err) == (0, "")
        assert words in out
    assert sorted(Path(shell.environ["HOME"]).rglob("*")) == before


def test_what_is_not_ours_is_left_alone(shell: Shell) -> None:
    home = Path(shell.environ["HOME"])
    timer = home / ".config/systemd/user/linky-atlas-linkyDaily.timer"
    timer.parent.mkdir(parents=True)
    timer.write_text("[Timer]\n")
    code, out, err = shell("trigger", "install", "systemd")
    assert (code, out) == (2, "")
    assert f"{timer} is not ours and stays as it is" in err
    assert [path.name for path in timer.parent.iterdir()] == [timer.name]
    own = "43 8 * * * cd /here && python -m sync trigger run linkyDaily\n"
    (home / "crontab").write_text(own)
    code, out, err = shell("trigger", "install", "cron")
    assert (code, out) == (2, "")
    assert "the crontab has a line of its own for linkyDaily: take it out first" in err
    assert (home / "crontab").read_text() == own


@pytest.mark.parametrize(
    ("words", "environ", "said"),
    [
        (("nothing",), {}, "no trigger runs 'nothing': python -m sync trigger list"),
        ((), {"LINKY_TOKEN": "", "LINKY_PRM": ""}, "linkyDaily needs a token, and LINKY_TOKEN is not set"),
    ],
)
def test_what_could_never_run_is_refused(
    shell: Shell, words: tuple[str, ...], environ: dict[str, str], said: str
) -> None:
    if environ:
        (shell.folder / ".env").write_text("")
    named = ("--function", *words) if words else ()
    code, _, err = shell("trigger", "install", "systemd", *named, **environ)
    assert code == 2
    assert said in err


def test_no_cron_here(shell: Shell) -> None:
    code, _, err = shell("trigger", "install", "cron", PATH="/nowhere")
    assert (code, err) == (
        2,
        "error: there is no crontab on this machine: python -m sync trigger install systemd, or --dry-run\n",
    )


def test_what_is_set_in_this_shell_only_is_said(shell: Shell) -> None:
    code, _, err = shell("trigger", "install", "systemd", "--dry-run", LINKY_MAX_POWER_W="9000")
    assert (code, err) == (
        0,
        f"warning: LINKY_MAX_POWER_W set in this shell only: systemd needs it in {shell.folder}/.env\n",
    )


# --- the texts --------------------------------------------------------------------------------------------------------


def test_odd_paths_are_quoted() -> None:
    [service, _] = unit_files(JOB, {"XDG_CONFIG_HOME": "/c"}).values()
    assert 'ExecStart="/opt/a b/python" -m sync\n' in service
    assert 'WorkingDirectory=/home/me/5 %% "q" $x\n' in service
    assert 'Environment="A=b c"\n' in service
    line = block(JOB, 2026).splitlines()[1].split(" ", 5)[5]
    assert "5 \\% " in line
    assert shlex.split(line.replace(r"\%", "%"))[1] == str(JOB.folder)


@pytest.mark.parametrize(("zone", "hours"), [("UTC", (6, 12)), ("Europe/Paris", (8, 14)), ("America/Montreal", (2, 8))])
def test_cron_reads_the_local_clock(zone: str, hours: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    """The later one of winter and summer, at a minute of this machine's own and never at a full hour."""
    import time

    monkeypatch.setenv("TZ", zone)
    time.tzset()
    try:
        lines = block(JOB, 2026).splitlines()[1:-1]
    finally:
        monkeypatch.undo()
        time.tzset()
    moments = [tuple(map(int, line.split()[:2])) for line in lines]
    assert tuple(hour for _, hour in moments) == hours
    assert 43 <= moments[0][0] <= 48
    assert 53 <= moments[1][0] <= 58


def test_a_block_takes_the_place_of_an_older_one() -> None:
    now = block(JOB, 2026)
    older = now.replace("sync", "older")
    before, after = "1 1 * * * true\n", "2 2 * * * true\n"
    assert with_block(before + older + after, now, "linkyDaily") == before + now + after
    assert with_block("", now, "linkyDaily") == now
