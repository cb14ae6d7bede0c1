"""A service and a timer of the user: made up for a computer that was off."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from ...model.errors import UsageError
from .job import NAME, Job

MARK = "# written by linky-atlas (trigger install systemd)"

SERVICE = """{mark}
# Settings: .env and settings.py in this folder, which the command reads itself.
[Unit]
Description=linky-atlas: {function}

[Service]
Type=oneshot
WorkingDirectory={folder}
{environment}ExecStart={command}
"""
TIMER = """{mark}
[Unit]
Description=linky-atlas: {function} every day

[Timer]
{times}RandomizedDelaySec={spread}min
Persistent=true

[Install]
WantedBy=timers.target
"""


def unit_files(job: Job, environ: Mapping[str, str]) -> dict[Path, str]:
    """Where the user's systemd looks for them → what they hold."""
    config = Path(environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    place = config / "systemd" / "user" / f"{NAME}-{job.function}"
    times = "".join(f"OnCalendar=*-*-* {hour:02}:{minute:02}:00 UTC\n" for hour, minute in job.times)
    environment = "".join(f"Environment={_quoted(f'{name}={text}')}\n" for name, text in job.environment.items())
    command = " ".join(_quoted(word).replace("$", "$$") for word in job.command)
    folder = str(job.folder).replace("%", "%%")
    given = {"mark": MARK, "function": job.function}
    return {
        place.with_suffix(".service"): SERVICE.format(**given, folder=folder, environment=environment, command=command),
        place.with_suffix(".timer"): TIMER.format(**given, times=times, spread=job.spread),
    }


def put(files: Mapping[Path, str]) -> list[Path]:
    """Write those that differ; returns them. Raises UsageError for one that is not ours, before anything is written."""
    differing = {path: text for path, text in files.items() if _text(path) != text}
    for path in differing:
        there = _text(path)
        if there is not None and not there.startswith(MARK):
            raise UsageError(f"{path} is not ours and stays as it is: move it away, then run again")
    for path, text in differing.items():
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
        except OSError as error:
            raise UsageError(
                f"{path} cannot be written ({error.strerror}): --dry-run shows what it would hold"
            ) from None
    return list(differing)


def next_steps(job: Job, files: Mapping[Path, str]) -> list[str]:
    """What to type now, and how to undo it."""
    timer = f"{NAME}-{job.function}.timer"
    listed = " ".join(str(path) for path in files)
    return [
        "to start it:",
        "  systemctl --user daemon-reload",
        f"  systemctl --user enable --now {timer}",
        "  loginctl enable-linger     (it then runs while you are not logged in, too)",
        f"to see it: journalctl --user -u {NAME}-{job.function}",
        f"to undo it: systemctl --user disable --now {timer} && rm {listed}",
    ]


def _text(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8") if path.exists() else None
    except (OSError, UnicodeDecodeError):
        return ""  # something else


def _quoted(word: str) -> str:
    """A word of a unit file: quotes, and no specifier in it."""
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{escaped}"' if any(sign in escaped for sign in " \t\"'\\;") else escaped
