"""The command line as a process, one database and one stand-in; everything it prints is read for secrets."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from sync.standin.household import HOUSEHOLD_PRM
from sync.standin.linky import LinkyStandin
from tests.processes import finish, start

NOW = datetime(2026, 11, 1, 9, 0, tzinfo=UTC)
MONTH = ("--since", "2026-10-01", "--until", "2026-11-01")
PRM = "12345678901234"


class Shell:
    """Runs commands against one database and one stand-in, and reads everything they print for secrets."""

    def __init__(self, environ: dict[str, str], folder: Path, standin: LinkyStandin) -> None:
        self.environ = environ
        self.folder = folder
        self.standin = standin
        self.seen: list[str] = []

    def __call__(self, *arguments: str, **environ: str) -> tuple[int, str, str]:
        code, out, err = finish(start(self.environ | environ, self.folder, *arguments))
        self.check(out, err)
        assert "Traceback" not in err, err
        return code, out, err

    def check(self, *texts: str) -> None:
        for text in texts:
            self.seen.append(text)
            assert HOUSEHOLD_PRM not in text
            assert self.standin.token not in text

    def json(self, *arguments: str) -> Any:
        code, out, err = self(*arguments, "--json")
        assert code in {0, 1}, err
        assert out.count("\n") == 1
        return json.loads(out)


def export_file(
    folder: Path, name: str = "r63.csv", days: int = 3, prm: str = "12345678901234", watts: int = 500
) -> Path:
    """A small export in the published form."""
    head = (
        "Identifiant PRM;Date de début;Date de fin;Grandeur physique;Grandeur métier;Etape métier;Unité;Horodate;"
        "Valeur;Nature;Pas;Indice de vraisemblance;Etat complémentaire\n"
    )
    first = datetime(2026, 1, 1)  # noqa: DTZ001 - labels are naive
    rows = [
        f"{PRM};2026-01-01 00:00:00;2026-02-01 00:00:00;PA;CONS;BRUT;W;"
        f"{first + timedelta(minutes=30 * n)};{watts};B;PT30M;0;0\n"
        for n in range(1, 48 * days + 1)
    ]
    path = folder / name
    path.write_text(head + "".join(rows), encoding="utf-8")
    return path
