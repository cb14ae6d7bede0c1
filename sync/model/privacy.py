"""Keeps whole PRMs and tokens out of anything that is shown, logged or kept."""

from __future__ import annotations

import re

PRM = re.compile(r"(?<!\d)\d{10}(\d{4})(?!\d)", re.ASCII)
# Three long parts, or what begins as JSON in base64 does (`eyJ`), since the middle of a token that was cut holds PRMs.
# Nothing is tried twice (`{8,}+`, `*+`): an answer of many MiB takes no longer than it must.
JWT = re.compile(
    r"eyJ[A-Za-z0-9_-]{8,}+(?:\.[A-Za-z0-9_-]*+){0,2}"
    r"|(?<![A-Za-z0-9_-])[A-Za-z0-9_-]{8,}+\.[A-Za-z0-9_-]{8,}+\.[A-Za-z0-9_-]{8,}+"
)


def scrub(text: str) -> str:
    """Text from elsewhere with every PRM cut to its last four digits and every token gone, even one that was cut.

    Scrub first and cut after: of a PRM that was cut nothing can be known any more.
    """
    return PRM.sub(r"…\1", JWT.sub("<token>", text))
