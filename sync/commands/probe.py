"""`trigger probe`: what could not be verified about Atlas, tried in the user's own project."""

from __future__ import annotations

import json
from contextlib import ExitStack
from pathlib import Path

import click

from ..model.errors import UsageError
from ..settings import load
from ..store.connection import open_store
from .common import echo_json, json_option

OUT = "File of the report (JSON); its text goes beside it, as .txt."


@click.command("probe")
@click.option("--out", type=click.Path(path_type=Path), default=Path("linky-probe.json"), show_default=True, help=OUT)
@json_option
def probe_command(out: Path, as_json: bool) -> None:
    """Try from inside Atlas what could not be verified about its platform; leave nothing behind.

    One function, linkyProbe, and one Value go into the project's triggers app, two scratch collections (sync_probe,
    sync_probeTS) into the database of MONGODB_URI, which must be of the cluster that the app is linked to. All are
    removed at the end, also after Ctrl-C; what a killed probe left is removed by the next. The report, as JSON and as
    text beside it, names nobody: paste it into an issue, or let `trigger run --as-reported` behave as it says.

    \b
    Needed in the environment or .env: ATLAS_PUBLIC_KEY, ATLAS_PRIVATE_KEY, ATLAS_PROJECT_ID; see trigger deploy.

    \b
    Example:
      python -m sync trigger probe
    """
    from ..triggers.deploy.account import atlas_account  # noqa: PLC0415
    from ..triggers.deploy.admin_api import AdminApi  # noqa: PLC0415
    from ..triggers.probe.probe import Probe  # noqa: PLC0415

    settings, account = load(), atlas_account()
    with ExitStack() as stack:
        api = stack.enter_context(AdminApi(account))
        database = stack.enter_context(open_store(settings)) if settings.mongodb_uri else None
        found = Probe(api, account, database).run()
    lines = found.lines()
    try:
        out.write_text(json.dumps(found.as_json(), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        out.with_suffix(".txt").write_text("\n".join(lines) + "\n", encoding="utf-8")
    except OSError as error:
        raise UsageError(
            f"the report cannot be written to {out}: {error.strerror}: choose another file with --out"
        ) from None
    if as_json:
        echo_json(found.as_json())
        return
    for line in lines:
        click.echo(line)
    click.echo(f"written to {out} and {out.with_suffix('.txt').name}; nothing of it is left in Atlas")
