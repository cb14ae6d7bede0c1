"""What the probe found, as JSON and as a text that can be pasted into an issue: it names nobody and nobody's things."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ... import VERSION
from ...model.privacy import scrub
from ..facts import BY_NAME, FACTS, FORMAT, Fact

LONGEST = 160
IDENTITY = re.compile(r"\b[0-9a-fA-F]{24}\b|\b[\w.-]+@[\w.-]+\b|https?://\S+")


@dataclass(slots=True)
class Findings:
    """Fact → its word; fact → why it could not be tried. hidden: texts that belong to the project's owner; server: the
    version of MongoDB."""

    hidden: tuple[str, ...] = ()
    server: str = ""
    outcomes: dict[str, str] = field(default_factory=dict)
    untried: dict[str, str] = field(default_factory=dict)

    def take(self, told: Mapping[str, Any]) -> None:
        """What the function has told: `{outcome}` or `{trouble}` of each fact."""
        for name in told.keys() & BY_NAME.keys():
            answer = told[name]
            if "outcome" in answer:
                self.outcomes[name] = self._clean(str(answer["outcome"]))[:40]
            else:
                self.untried[name] = self._clean(str(answer.get("trouble", "no word")))

    def miss(self, facts: Iterable[Fact], why: str) -> None:
        """These could not be tried."""
        self.untried |= {fact.name: self._clean(why) for fact in facts}

    def as_json(self) -> dict[str, Any]:
        """The report."""
        facts = [self._entry(fact) for fact in FACTS]
        return {"format": FORMAT, "version": VERSION, "mongodb": self.server or None, "facts": facts}

    def lines(self) -> list[str]:
        """The same for people: first what is different."""
        differing, untried, same = [], [], []
        for fact in FACTS:
            word = self.outcomes.get(fact.name)
            place = f"{fact.name}: {fact.question}"
            if word is None:
                why = self.untried.get(fact.name, "no word of it")
                untried.append(f"could not be tried  {place} ({why})")
            elif word == fact.assumed:
                same.append(f"as assumed          {place}: {word}")
            else:
                said = f"{word}, assumed was {fact.assumed}; relied on by {fact.relied}"
                differing.append(f"different           {place}: {said}")
        counts = f"{len(same)} as assumed, {len(differing)} different, {len(untried)} could not be tried"
        server = f", MongoDB {self.server}" if self.server else ""
        return [*differing, *untried, *same, f"linky-atlas {VERSION}{server}: {counts}"]

    def _entry(self, fact: Fact) -> dict[str, Any]:
        word = self.outcomes.get(fact.name)
        verdict = "could not be tried" if word is None else "as assumed" if word == fact.assumed else "different"
        entry = {"fact": fact.name, "question": fact.question, "assumed": fact.assumed, "outcome": word}
        entry |= {"verdict": verdict, "relied_on_by": fact.relied}
        return entry | ({"why": self.untried.get(fact.name, "no word of it")} if word is None else {})

    def _clean(self, text: str) -> str:
        """Words of the platform without what is the owner's."""
        for owned in sorted(filter(None, self.hidden), key=len, reverse=True):
            text = text.replace(owned, "<own>")
        return " ".join(IDENTITY.sub("<own>", scrub(text)).split())[:LONGEST]
