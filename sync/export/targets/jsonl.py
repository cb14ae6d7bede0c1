"""`FILE.jsonl`, `FILE.jsonl.gz`: a JSON object a line, keys in the order of the columns, none for what is absent."""

from __future__ import annotations

import json
from collections.abc import Mapping

from ...model.columns import Block
from ...model.readings import Series
from .. import texts
from .csv import packed
from .files import FileTarget


class Export(FileTarget):
    """A line a reading."""

    def begin(self) -> None:
        """No head."""
        self._file = packed(self)

    def write(self, block: Block) -> None:
        """The lines of a block."""
        self._file.write(("\n".join(objects(block)) + "\n").encode())

    def end(self) -> None:
        """To its last byte."""
        self._file.close()


def objects(block: Block) -> list[str]:
    """The readings of a block, each as a JSON object."""
    names = ",".join(f"{json.dumps(name)}:{json.dumps(text, ensure_ascii=False)}" for name, text in named(block.series))
    heads = texts.heads(block, f'{{{names},"start_utc":"', '","start_local":"', '","seconds":')
    columns = [heads, map(str, block.seconds.tolist())]
    columns += [texts.values(block, name, json.dumps, before=f',"{name}":') for name in block.values]
    columns.append(_end(block.flags, index) for index in range(len(block)))
    return list(map("".join, zip(*columns, strict=True)))


def named(series: Series) -> list[tuple[str, str]]:
    """The columns that name a series, without a group where there is none."""
    own = [("source", series.source), ("id", series.id), ("flow", series.flow), ("group", series.group)]
    return [each for each in own if each[1]]


def _end(flags: Mapping[int, str], index: int) -> str:
    return f',"flag":{json.dumps(flags[index], ensure_ascii=False)}}}' if index in flags else "}"
