"""What is kept for the next reader, bounded by the memory that it takes."""

from __future__ import annotations

import dataclasses
import sys
import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any

import numpy as np
from dash.development.base_component import Component

LOOKED_AT = 64  # of a long list's parts: the others weigh as much as these do


class Kept:
    """Values by their key, those asked for last, which together weigh at most `most` bytes. Safe for many threads.

    A value that weighs more than that by itself is not kept.
    """

    def __init__(self, most: int, weigh: Callable[[Any], int]) -> None:
        self.bytes = 0
        self._most, self._weigh = most, weigh
        self._found: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: Hashable, otherwise: Any = None) -> Any:
        """The value of a key, `otherwise` for one that is not kept."""
        with self._lock:
            if key not in self._found:
                return otherwise
            self._found.move_to_end(key)
            return self._found[key][0]

    def set(self, key: Hashable, value: Any) -> None:
        """Keep a value."""
        weight = self._weigh(value)
        with self._lock:
            self.bytes -= self._found.pop(key, (None, 0))[1]
            if weight > self._most:
                return
            self._found[key] = value, weight
            self.bytes += weight
            while self.bytes > self._most:
                self.bytes -= self._found.popitem(last=False)[1][1]


def weight_of(value: Any) -> int:
    """About how many bytes a value takes with all that is in it: frames, arrays, figures, components, dataclasses."""
    return round(_weight(value, set()))


def _weight(value: Any, seen: set[int]) -> float:
    if id(value) in seen:
        return 0.0
    seen.add(id(value))
    parts = _parts(value)
    chosen = parts[:: -(-len(parts) // LOOKED_AT) or 1]
    inner = sum(_weight(part, seen) for part in chosen)
    return sys.getsizeof(value) + inner * len(parts) / max(1, len(chosen))


def _parts(value: Any) -> Sequence[Any]:
    """What a value holds and does not count by itself, as frames and arrays count what is theirs."""
    if isinstance(value, Mapping):
        return [*value, *value.values()]
    if isinstance(value, list | tuple):
        return value
    if isinstance(value, set | frozenset):
        return [*value]
    if isinstance(value, np.ndarray):
        return [] if value.base is None else [value.base]
    if dataclasses.is_dataclass(value):
        return [getattr(value, field.name, None) for field in dataclasses.fields(value)]
    return [vars(value)] if isinstance(value, Component) else []
