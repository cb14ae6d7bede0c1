"""The tariffs shown until settings.py has some: rounded, dated, and labelled as examples wherever they appear."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from .entries import tariffs_from
from .model import Tariff

SOURCE = "example: regulated tariff of 2025-02-01, 6 kVA, taxes included, rounded to the cent"
ENTRIES: list[dict[str, Any]] = [
    {"name": "Base", "kind": "flat", "source": SOURCE, "prices": [{"kwh": "0.20", "standing": "14"}]},
    {
        "name": "HP/HC",
        "kind": "peak",
        "source": SOURCE,
        "off_peak_hours": ["22:30-06:30"],
        "prices": [{"peak": "0.21", "off_peak": "0.17", "standing": "14"}],
    },
    {
        "name": "Tempo",
        "kind": "tempo",
        "source": SOURCE,
        "prices": [
            {
                "blue_peak": "0.16",
                "blue_off_peak": "0.13",
                "white_peak": "0.18",
                "white_off_peak": "0.15",
                "red_peak": "0.66",
                "red_off_peak": "0.15",
                "standing": "14",
            }
        ],
    },
]


def examples() -> tuple[Tariff, ...]:
    """The shipped tariffs."""
    wrong: list[str] = []
    found = tariffs_from(ENTRIES, Path(), wrong)
    if wrong:
        raise ValueError("; ".join(wrong))
    return found
