"""A meter as the settings name it."""

from __future__ import annotations

from dataclasses import dataclass

from ...model.privacy import scrub
from ...model.readings import mask


@dataclass(frozen=True, slots=True)
class Meter:
    """One usage point (PRM, 14 digits) with its gateway token and the flows to load."""

    prm: str
    token: str
    flows: tuple[str, ...] = ("consumption",)
    name: str = ""

    def __repr__(self) -> str:
        """What may be shown: no token, no whole PRM."""
        return f"Meter({mask(self.prm)!r}, flows={self.flows!r}, name={scrub(self.name)!r})"
