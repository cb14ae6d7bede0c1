"""Progress on standard error: a bar with the remaining time on a terminal, plain lines for notes anywhere."""

from __future__ import annotations

import sys
from typing import Any, Protocol

from tqdm import tqdm


class Progress(Protocol):
    """What a load tells while it runs. `note` is a line for people; `advance` finished windows, files or bytes."""

    def start(self, total: int, done: int) -> None: ...

    def advance(self, text: str, steps: int = 1) -> None: ...

    def note(self, text: str) -> None: ...


class Silence:
    """Tells nobody."""

    def start(self, total: int, done: int) -> None:
        """Nothing to show."""

    def advance(self, text: str, steps: int = 1) -> None:
        """Nothing to show."""

    def note(self, text: str) -> None:
        """Nothing to show."""


class Bar:
    """A `Progress` drawn by tqdm; without a terminal only the notes are written. unit: of a step; "B" are bytes."""

    def __init__(self, unit: str) -> None:
        self._unit = unit
        self._bar: tqdm[Any] | None = None

    def start(self, total: int, done: int) -> None:
        """Begin with `total` steps to go, `done` of them before this run."""
        if sys.stderr.isatty():
            self._bar = tqdm(
                total=total + done,
                initial=done,
                unit=self._unit,
                unit_scale=self._unit == "B",
                file=sys.stderr,
                dynamic_ncols=True,
            )

    def advance(self, text: str, steps: int = 1) -> None:
        """So many steps more are finished."""
        if self._bar is not None:
            self._bar.set_postfix_str(text, refresh=False)
            self._bar.update(steps)

    def note(self, text: str) -> None:
        """A line above the bar."""
        if self._bar is not None:
            self._bar.write(text, file=sys.stderr)
        else:
            sys.stderr.write(text + "\n")
            sys.stderr.flush()

    def close(self) -> None:
        """Leave the bar as it stands."""
        if self._bar is not None:
            self._bar.close()
