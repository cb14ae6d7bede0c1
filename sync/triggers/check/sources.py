"""What Node says of the functions' sources without running them: syntax errors, and the names they ask for."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

from ..run.process import RUNTIME, node_program

SCRIPT = RUNTIME.with_name("sources.mjs")


@dataclass(frozen=True, slots=True)
class Reference:
    """One name that is asked for, and the line it stands in (from 1)."""

    kind: Literal["value", "function", "service", "environment"]
    name: str
    line: int


@dataclass(frozen=True, slots=True)
class SourceError:
    """Why a source is none, in the words of the engine; line: from 1."""

    line: int
    message: str


def read_sources(sources: Mapping[str, str]) -> dict[str, tuple[Reference, ...] | SourceError]:
    """Path → every name its source asks for with a literal, directly or through helpers of the same file, in its order.

    A name that is put together at run time is not found. Raises UsageError where there is no Node.
    """
    return {
        path: tuple(Reference(**reference) for reference in answer["references"])
        if "references" in answer
        else SourceError(**answer)
        for path, answer in json.loads(_answers(json.dumps(sources))).items()
    }


@lru_cache(maxsize=64)
def _answers(sources: str) -> str:
    if sources == "{}":
        return sources
    command = [str(node_program()), "--expose-internals", str(SCRIPT)]
    done = subprocess.run(  # noqa: S603 - our own program and script
        command, input=sources, capture_output=True, encoding="utf-8", check=True, timeout=60
    )
    return done.stdout
