"""Keeps whole PRMs and tokens, and what a terminal obeys, out of anything that is shown, logged or kept."""

from __future__ import annotations

import re

PRM = re.compile(r"(?<!\d)\d{10}(\d{4})(?!\d)", re.ASCII)
# Three long parts, or what begins as JSON in base64 does (`eyJ`), since the middle of a token that was cut holds PRMs.
# Nothing is tried twice (`{8,}+`, `*+`): an answer of many MiB takes no longer than it must.
JWT = re.compile(
    r"eyJ[A-Za-z0-9_-]{8,}+(?:\.[A-Za-z0-9_-]*+){0,2}"
    r"|(?<![A-Za-z0-9_-])[A-Za-z0-9_-]{8,}+\.[A-Za-z0-9_-]{8,}+\.[A-Za-z0-9_-]{8,}+"
)
# What a terminal takes for a command, and what turns the order of letters round. A tab and a line end are text.
CONTROLS = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069]")


def plain(text: str) -> str:
    """Text from elsewhere as a terminal may show it: `\\x1b` in letters where an escape stood."""
    return CONTROLS.sub(lambda found: ascii(found[0])[1:-1], text)


def masked(text: str) -> str:
    """Text with every PRM cut to its last four digits and every token gone, even one that was cut; else as it was."""
    return PRM.sub(r"…\1", JWT.sub("<token>", text))


def scrub(text: str) -> str:
    """Text from elsewhere for people: `masked` and `plain`.

    Scrub first and cut after: of a PRM that was cut nothing can be known any more.
    """
    return plain(masked(text))
