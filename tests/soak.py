"""What `make soak` runs long and `make test` runs short: the same test with another number."""

from __future__ import annotations

import pytest


def short_and_long(name: str, short: int, long: int) -> pytest.MarkDecorator:
    """A parameter with a small value for every day, and with the whole one for `make soak`."""
    return pytest.mark.parametrize(name, [short, pytest.param(long, marks=pytest.mark.soak)])
