"""`python -m bench [NAME…]`: measure, print a table, write `bench/results/NAME.json`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from bench import loader

BENCHES = {"loader": loader.run}
RESULTS = Path(__file__).parent / "results"


def main(names: list[str]) -> int:
    """Run the named benches, or all of them; returns 1 when a bar is missed."""
    RESULTS.mkdir(exist_ok=True)
    missed = 0
    for name in names or list(BENCHES):
        result = BENCHES[name]()
        (RESULTS / f"{name}.json").write_text(json.dumps(result, indent=2, ensure_ascii=False) + "\n")
        print(f"{name}: {result['readings']:,} readings, {result['server']}")
        for row in result["rows"]:
            bar = row.get("bar", "")
            missed += row.get("met") is False
            mark = {True: "met", False: "MISSED"}.get(row.get("met"), "")
            print(f"  {row['what']:<58}{row['figure']:>14,.2f} {row['unit']:<16}{bar:<12}{mark}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
