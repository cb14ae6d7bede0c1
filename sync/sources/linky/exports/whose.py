"""Whose meter a file is about, where it does not say, or says what a spreadsheet has left of it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from ....model.errors import FileRefused
from ....model.readings import mask
from .export import Export, NothingToImport, shown

PRM = re.compile(r"[0-9]{14}")
IN_NAME = re.compile(r"(?<![0-9])[0-9]{14}(?![0-9])")
FLOW_IN_NAME = (
    (re.compile(r"historique_conso|enedis_conso|consommation", re.IGNORECASE), "consumption"),
    (re.compile(r"historique_prod|enedis_prod|production|injection", re.IGNORECASE), "production"),
)
ROUNDED = re.compile(r"([0-9])(?:[.,]([0-9]{0,15}))?[eE]\+?([0-9]{2})")
SAY_WHICH = "Say whose it is: python -m sync import --prm 14DIGITS FILE"


@dataclass(frozen=True, slots=True)
class Owner:
    """What the user says of files that do not say it. prm, flow: given with the command, else empty; meters: those of
    the settings, of which a single one is meant."""

    prm: str = ""
    flow: str = ""
    meters: Sequence[str] = ()

    def settle(self, export: Export, file_name: str) -> Export:
        """The export with a PRM of 14 digits and a flow. Raises `NothingToImport` for one of another meter or flow than
        was asked for, `FileRefused` where nothing tells."""
        prm = self._prm(export.name, export.prm, file_name)
        said = export.flow or next((flow for words, flow in FLOW_IN_NAME if words.search(file_name)), "")
        if self.flow and said and said != self.flow:
            raise NothingToImport(f"{export.name} holds {said}, asked was for {self.flow}.")
        notes = export.notes
        if not (said or self.flow):
            notes += (f"{export.name} does not say what it counts: taken as consumption (else: --flow production)",)
        return replace(export, prm=prm, flow=said or self.flow or "consumption", notes=notes)

    def _prm(self, name: str, text: str, file_name: str) -> str:
        if not text:
            text = named_in(file_name)
        if PRM.fullmatch(text):
            if self.prm and text != self.prm:
                raise NothingToImport(f"{name} is of meter {mask(text)}, asked was for {mask(self.prm)}.")
            return text
        known = [self.prm] if self.prm else list(dict.fromkeys(self.meters))
        fitting = [prm for prm in known if not text or is_left_of(text, prm)]
        if len(fitting) == 1:
            return fitting[0]
        raise FileRefused(f"{name}: {self._trouble(text)}. {SAY_WHICH}")

    def _trouble(self, text: str) -> str:
        if not text:
            return "the file does not say which meter it is about"
        if ROUNDED.fullmatch(text):
            what = f"a spreadsheet has rounded the PRM to {shown(text, 20)}"
        elif text.isdecimal() and len(text) < 14:
            what = f"a PRM has 14 digits, here it is {len(text)} digits: a spreadsheet drops zeros at its beginning"
        elif text.isdecimal():
            what = f"a PRM has 14 digits, here it is {len(text)} digits"
        else:
            what = f"a PRM has 14 digits, here it is {shown(text, 20)!r}"
        return f"{what}; that is not what is left of {mask(self.prm)}" if self.prm else what


def named_in(file_name: str) -> str:
    """The one PRM in a file's name; a moment written in 14 digits is none."""
    found = {number for number in IN_NAME.findall(file_name) if not _is_moment(number)}
    return found.pop() if len(found) == 1 else ""


def _is_moment(digits: str) -> bool:
    try:
        return 2000 <= datetime.strptime(digits, "%Y%m%d%H%M%S").year < 2100  # noqa: DTZ007 - only its form counts
    except ValueError:
        return False


def is_left_of(text: str, prm: str) -> bool:
    """Whether a spreadsheet may have made this of a PRM: zeros at its beginning lost, digits rounded away."""
    text = text.removesuffix(".0").removesuffix(",0")
    if text.isdecimal():
        return text.zfill(len(prm)) == prm
    if found := ROUNDED.fullmatch(text):
        digits = len(found[2] or "")
        number = f"{int(prm):.{digits}E}".replace("E+", "E")
        return number == f"{found[1]}{'.' if digits else ''}{found[2] or ''}E{found[3]}"
    return False
