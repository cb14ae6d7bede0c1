"""All checks, one after the other: one that fails hides no other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

from ..model.clock import Clock
from ..model.errors import SyncError
from ..model.privacy import scrub
from ..store.connection import explained
from .clocks import check_clocks
from .collections import check_collections
from .finding import LEVELS, Check, Finding, NotRun, Surroundings
from .functions import check_functions
from .gateway import check_gateway
from .mongodb import check_mongodb
from .page import check_page
from .readings import check_readings
from .rights import check_rights
from .runs import check_runs
from .settings import check_settings
from .token import check_token

CHECKS: dict[str, Check] = {
    "settings": check_settings,
    "token": check_token,
    "gateway": check_gateway,
    "mongodb": check_mongodb,
    "clock": check_clocks,
    "rights": check_rights,
    "collections": check_collections,
    "readings": check_readings,
    "functions": check_functions,
    "runs": check_runs,
    "page": check_page,
}
"""Subject → its check, in their order: `settings` and `mongodb` open what the others look at."""


def examine(
    home: Path, environ: Mapping[str, str], clock: Clock, *, call: bool = True
) -> tuple[list[Finding], list[Exception]]:
    """What is found, errors first, and what broke a check through a fault of ours. Writes nothing but the budget."""
    found: list[Finding] = []
    faults: list[Exception] = []
    with ExitStack() as stack:
        around = Surroundings(home, environ, clock, stack, call)
        for subject, check in CHECKS.items():
            try:
                for finding in _told(subject, check, around):
                    found.append(replace(finding, said=scrub(finding.said), remedy=scrub(finding.remedy)))
            except Exception as fault:
                faults.append(fault)
                said = f"this check failed by a fault of this tool ({type(fault).__name__})"
                found.append(Finding(subject, "error", said, "report it, with what stands at the end"))
    return sorted(found, key=lambda finding: LEVELS.index(finding.level)), faults


def _told(subject: str, check: Check, around: Surroundings) -> Iterator[Finding]:
    try:
        with explained():
            yield from check(around)
    except NotRun as reason:
        yield Finding(subject, "not run", str(reason))
    except SyncError as error:
        yield Finding(subject, "error", str(error))
