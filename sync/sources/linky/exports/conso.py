"""`Enedis_Conso_*` files: every load curve and every list of daily indexes in them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from .conso_heure import read_curve
from .conso_jour import read_index
from .export import ASK_INSTEAD, Export, NothingToImport, mixed_prms
from .sections import Section, split_sections
from .text import Text

READERS: dict[str, Callable[[Section], Export]] = {"courbe de charge": read_curve, "index": read_index}


def read_conso(name: str, text: Text, first: int) -> list[Export]:
    """What a sectioned file holds. `first`: index of its first line that is not blank.

    Raises `FileRefused` for several PRMs, for a curve or index of another quantity, or when nothing is to import.
    """
    exports: list[Export] = []
    left_out: list[str] = []
    prm = ""
    for section in split_sections(name, text, first):
        if section.facts:
            prm = prm or section.prm()
            if section.prm() != prm:
                raise mixed_prms(name, section.line + 1, prm, section.prm())
        reader = READERS.get(section.kind)
        if reader and section.rows:
            exports.append(reader(section))
        else:
            left_out.append(f"line {section.line}: {section.topic}")
    if not exports:
        raise NothingToImport(f"{name} has nothing to import ({'; '.join(left_out)}). {ASK_INSTEAD}")
    notes = tuple(f"left out: {name}, {what}" for what in left_out)
    return [replace(exports[0], notes=exports[0].notes + notes), *exports[1:]]
