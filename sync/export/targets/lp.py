"""`FILE.lp`: InfluxDB's line protocol, `readings,source=…,id=…,flow=… seconds=1800i,wh=123i 1711846800000000000`.

What names a series is a tag, what was measured a field, the time in ns. Local time is Grafana's business: `start_local`
is not in it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from itertools import islice

import numpy as np

from ...model.columns import INTEGER, NUMBER, VALUES, Block
from ...model.errors import FileRefused
from ...model.readings import Series
from ...sources.exported import ROWS, Rows
from .. import texts
from .csv import packed
from .files import FileTarget
from .jsonl import named

LINE = re.compile(r"readings,((?:[^\\ ]|\\.)*) ((?:\"(?:[^\"\\]|\\.)*\"|[^ \"])*) (-?\d+)000000\n")
SIGN, ESCAPED = re.compile("([,= ])"), r"\\\1"
FIELD = re.compile(r"(\w+)=(\"(?:[^\"\\]|\\.)*\"|[^,]*)")


class Export(FileTarget):
    """A line a reading."""

    def begin(self) -> None:
        """No head."""
        self._file = packed(self)

    def write(self, block: Block) -> None:
        """Absent values have no field; a moment is a text."""
        tags = ",".join(f"{name}={SIGN.sub(ESCAPED, text)}" for name, text in named(block.series))
        columns = [[f"readings,{tags} seconds={seconds}i" for seconds in block.seconds.tolist()]]
        for name in block.values:
            own = texts.values(block, name, lambda text: f'"{text}"', before=f",{name}=")
            columns.append([f"{text}i" if text else "" for text in own] if VALUES[name].kind == INTEGER else own)
        columns.append([_flag(block.flags.get(index, "")) for index in range(len(block))])
        columns.append([f" {start}000000\n" for start in block.start.tolist()])
        self._file.write("".join(map("".join, zip(*columns, strict=True))).encode())

    def end(self) -> None:
        """To its last byte."""
        self._file.close()

    def rows(self) -> Iterator[Rows]:
        """By what the protocol says, not by what was written."""
        with self.part.open("rb") as raw:
            while some := list(islice(raw, ROWS)):
                yield _rows([line.decode() for line in some], self.fields)


def _flag(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f',flag="{escaped}"' if text else ""


def _rows(lines: list[str], names: tuple[str, ...]) -> Rows:
    fields, start = [], []
    for line in lines:
        found = LINE.fullmatch(line)
        if not found:
            raise FileRefused("a line is not of the protocol")
        fields.append(dict(FIELD.findall(found[2])))
        start.append(int(found[3]))
    values = {name: np.array([_value(name, row.get(name, "")) for row in fields]) for name in names}
    absent = {name: np.array([name not in row for row in fields]) for name in names}
    seconds = np.array([float(row["seconds"].rstrip("i")) for row in fields])
    nothing = np.zeros(len(lines), np.int64)
    one = [Series("", "", "")]
    return Rows(one, nothing, np.array(start, np.int64), seconds, values, absent, nothing > 0, {}, nothing)


def _value(name: str, text: str) -> float:
    if not text:
        return 0.0
    if VALUES[name].kind in (INTEGER, NUMBER):
        return float(text.rstrip("i"))
    return round(datetime.fromisoformat(text.strip('"')).timestamp() * 1000)
