"""What is worth a word on standard error, and no more than one."""

from __future__ import annotations

import sys
from functools import cache

from .privacy import scrub


@cache
def warn_once(text: str) -> None:
    """Say it once in a process. A PRM in it is cut; no other secret may be in it."""
    sys.stderr.write(f"warning: {scrub(text)}\n")
    sys.stderr.flush()
