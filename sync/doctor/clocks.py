"""Whether this clock agrees with the others: days, tokens, budgets and leases hang on it."""

from __future__ import annotations

from collections.abc import Iterator

from .finding import Finding, NotRun, Surroundings

SUBJECT = "clock"
SUSPICIOUS, WRONG = 30, 300  # s
SET = "set the clock: sudo timedatectl set-ntp true"


def check_clocks(around: Surroundings) -> Iterator[Finding]:
    """Each other clock that was seen."""
    if not around.clocks:
        raise NotRun("neither the gateway nor MongoDB has told its time")
    for whose, (there, here) in around.clocks.items():
        seconds = round((here - there).total_seconds())
        way = "ahead of" if seconds > 0 else "behind"
        said = f"this machine is {abs(seconds):,} s {way} {whose}"
        if abs(seconds) <= SUSPICIOUS:
            yield Finding(SUBJECT, "ok", f"that of {whose} agrees")
        else:
            yield Finding(SUBJECT, "error" if abs(seconds) > WRONG else "warning", said, SET)
