"""Every text of the pages, English and French side by side: key → (English, French); `{name}` is put in later."""

from __future__ import annotations

from . import areas, consumption, cost, coverage, fleet, market, shell, storage

TEXTS: dict[str, tuple[str, str]] = {
    **shell.TEXTS,
    **storage.TEXTS,
    **consumption.TEXTS,
    **cost.TEXTS,
    **coverage.TEXTS,
    **market.TEXTS,
    **areas.TEXTS,
    **fleet.TEXTS,
}
