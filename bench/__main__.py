"""`python -m bench [NAME…]`: measure, print a table, write `bench/results/NAME.json`."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

from bench import elhub, loader, page

BENCHES = {"loader": loader.run, "elhub": elhub.run, "page": page.run}
RESULTS = Path(__file__).parent / "results"
README = Path(__file__).parent.parent / "README.md"


def main(names: list[str]) -> int:
    """Run the named benches, or all of them; returns 1 when a bar is missed. The README's tables are renewed."""
    RESULTS.mkdir(exist_ok=True)
    missed = 0
    for name in names or list(BENCHES):
        result = BENCHES[name]()
        (RESULTS / f"{name}.json").write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n")
        _renew_readme(name, result["rows"])
        print(f"{name}: {result['readings']:,} readings, {result['server']}")
        for row in result["rows"]:
            bar = row.get("bar", "")
            missed += row.get("met") is False
            mark = {True: "met", False: "MISSED"}.get(row.get("met"), "")
            print(f"  {row['what']:<58}{row['figure']:>14,.2f} {row['unit']:<16}{bar:<12}{mark}")
    return 1 if missed else 0


def _renew_readme(name: str, rows: list[dict[str, Any]]) -> None:
    """Put the rows between the marks of this bench."""
    table = ["| | measured | bar |", "| --- | --: | --: |"]
    for row in rows:
        figure = f"{row['figure']:,.0f}" if row["figure"] >= 100 else f"{row['figure']:.2f}"
        table.append(f"| {row['what']} | {figure} {row['unit']} | {row.get('bar', '')} |")
    text = README.read_text(encoding="utf-8")
    mark = re.compile(rf"(<!-- bench: {name} -->\n).*?(<!-- end -->)", re.DOTALL)
    README.write_text(mark.sub(lambda found: found[1] + "\n".join(table) + "\n" + found[2], text), encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
