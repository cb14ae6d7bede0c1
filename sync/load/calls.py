"""The budget of calls of a source, as the settings have it."""

from __future__ import annotations

from ..http.budget import Budget, is_loopback
from ..model.clock import Clock
from ..settings import Settings
from ..sources.source import Source


def budget_of(source: Source, settings: Settings, clock: Clock) -> Budget:
    """The calls to the host of a source. A server of our own is hardly limited or spaced, unless that is set."""
    spacing = settings.sync_request_spacing
    if not is_loopback(source.base):
        return Budget(source.base, source.calls_per_day, max(source.spacing, spacing), clock)
    own = spacing if "SYNC_REQUEST_SPACING" in settings.given else source.own_spacing
    return Budget(source.base, source.own_calls_per_day, own, clock)
