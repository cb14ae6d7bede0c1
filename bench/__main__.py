"""`python -m bench [NAME…]`: measure, print a table, write `bench/results/NAME.json`."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

from bench import against, elhub, export, growth, insight, loader, london, page, rooms

BENCHES = {
    "loader": loader.run,
    "elhub": elhub.run,
    "london": london.run,
    "growth": growth.run,
    "export": export.run,
    "page": page.run,
    "rooms": rooms.run,
    "against": against.run,
    "insight": insight.run,
}
RESULTS = Path(__file__).parent / "results"
TABLES = Path(__file__).parent.parent / "docs" / "benchmarks.md"


def main(names: list[str]) -> int:
    """Run the named benches, or all of them; returns 1 when a bar is missed. The tables of docs are renewed."""
    RESULTS.mkdir(exist_ok=True)
    missed = 0
    for name in names or list(BENCHES):
        result = BENCHES[name]()
        _renew_tables({name: _table(result["rows"])} | result.pop("tables", {}))
        (RESULTS / f"{name}.json").write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n")
        print(f"{name}: {result['readings']:,} readings, {result['server']}")
        for row in result["rows"]:
            bar = row.get("bar", "")
            missed += row.get("met") is False
            mark = {True: "met", False: "MISSED"}.get(row.get("met"), "")
            print(f"  {row['what']:<58}{row['figure']:>14,.2f} {row['unit']:<16}{bar:<12}{mark}")
    return 1 if missed else 0


def _table(rows: list[dict[str, Any]]) -> list[str]:
    table = ["| | measured | bar |", "| --- | --: | --: |"]
    for row in rows:
        figure = f"{row['figure']:,.0f}" if row["figure"] >= 100 else f"{row['figure']:.2f}"
        table.append(f"| {row['what']} | {figure} {row['unit']} | {row.get('bar', '')} |")
    return table


def _renew_tables(tables: dict[str, list[str]]) -> None:
    """Put each table between its marks."""
    text = TABLES.read_text(encoding="utf-8")
    for name, table in tables.items():
        mark = re.compile(rf"(<!-- bench: {name} -->\n).*?(<!-- end -->)", re.DOTALL)
        text = mark.sub(lambda found, lines=table: found[1] + "\n".join(lines) + "\n" + found[2], text)  # type: ignore[misc]
    TABLES.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
