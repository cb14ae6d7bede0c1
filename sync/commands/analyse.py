"""`analyse`: what can honestly be said of each series, stored as small cards."""

from __future__ import annotations

from contextlib import closing
from datetime import date, timedelta
from typing import Any

import click

from ..insight.cards import FORECASTS, Made, analyse, messages_of
from ..insight.read import measures_energy, named, stored
from ..insight.unusual import Message, chosen
from ..load.progress import Bar
from ..model.clock import SystemClock
from ..model.words import counted
from ..settings import load
from ..sources import zone_of
from ..store.connection import open_store
from ..store.schema import Document
from .common import clean_up, day_option, echo_json, json_option, nothing_stored, source_option, stored_pairs

BUDGET = 2.0  # messages a year
SCORES = ("skill_week", "skill_median", "coverage")
SENTENCES = {
    "base": "the base load has been {size:.0f} W above the usual since about ten days before",
    "night": "the nights of the week before took {kwh:.1f} kWh more than usual",
    "held": "{size:.0f} W more than usual ran for eight hours",
    "away": "the five days before had {size:.0%} less activity than usual",
    "stuck": "the same value stood for {hours:.0f} h",
    "lump": "{kwh:.1f} kWh came in one half-hour after a gap: summed up, not used at once",
    "clock": "for two weeks everything has come an hour {way}",
}


@click.command("analyse")
@source_option
@click.option("--series", "words", default=None, metavar="ADDRESS", help="Only this one, or those with these words.")
@day_option("--since", "Score the forecasts from this day on (default: of the last year).")
@click.option("--lead", type=click.IntRange(1, 2), default=1, show_default=True, help="Of the scores that are shown.")
@click.option("--budget", type=click.FloatRange(0), default=BUDGET, show_default=True, help="Messages a year.")
@json_option
def analyse_command(
    source: str | None, words: str | None, since: date | None, lead: int, budget: float, as_json: bool
) -> None:
    """Forecast, base load and what was unusual, of every series that measures energy, each with its measured skill.

    One small document a series and statement is stored, for the page. Only what has new readings is computed again;
    stop it whenever you like, the same command goes on.

    \b
    Examples:
      python -m sync analyse
      python -m sync analyse --series linky-0844-consumption --since 2026-01-01
      python -m sync analyse --source lcl --json
    """
    settings, clock, found = load(), SystemClock(), []
    with open_store(settings) as database, closing(Bar(" series", brief=True)) as bar:
        clean_up(database, settings)
        known = stored(stored_pairs(database, settings, source))
        every = (series for series, (pair, _) in known.items() if measures_energy(pair, series))
        wanted = named(known, words) if words else list(every)
        bar.start(len(wanted), 0)
        for series in wanted:
            pair, address = known[series]
            made = analyse(pair, series, zone_of(pair.source), clock, since)
            found.append(_entry(made, address, lead, budget))
            bar.advance(series.label)
            if not as_json:
                _tell(made, found[-1])
    if as_json:
        echo_json({"series": found})
    elif not found:
        click.echo(nothing_stored(settings, source or "linky"))


def _entry(made: Made, address: str, lead: int, budget: float) -> dict[str, Any]:
    """Of one series; what cannot be said is None, and `why` says why, by card."""
    scores = made.cards[FORECASTS[lead]].get("measured", {})
    told = _told(made.cards["unusual"], budget)
    base = made.cards["base"].get("value", {}).get("watts")
    return {
        "source": made.series.source,
        "series": address,
        "days": scores.get("days", 0),
        "lead": lead,
        **{name: None if scores.get(name) is None else round(scores[name], 4) for name in SCORES},
        "messages": told,
        "base_w": None if base is None else round(base, 1),
        "why": {name: card["why"] for name, card in made.cards.items() if "why" in card},
        "fresh": made.fresh,
    }


def _told(card: Document, budget: float) -> list[dict[str, Any]]:
    if "value" not in card:
        return []
    first = date.fromisoformat(card["first"])
    return [
        {
            "day": (first + timedelta(days=each.day)).isoformat(),
            "test": each.test,
            "size": round(each.size, 2),
            "false_alarms_a_year": round(each.rate, 3),
            "text": sentence(each),
        }
        for each in chosen(messages_of(card), budget, card["value"]["days"])
    ]


def sentence(message: Message) -> str:
    """What a message says, in words."""
    size = message.size
    way = "later" if size > 0 else "earlier"
    return SENTENCES[message.test].format(size=size, kwh=size / 1000, hours=size / 2, way=way)


def _tell(made: Made, entry: dict[str, Any]) -> None:
    state = "" if made.fresh else " (nothing new)"
    click.echo(f"{made.series.label}{state}")
    if entry["skill_week"] is not None:
        click.echo(
            f"  forecast, lead {entry['lead']}: {entry['skill_week']:.0%} better than the week before, "
            f"{entry['skill_median']:.0%} than a weighted median; the band of 80 % held {entry['coverage']:.0%} "
            f"({counted(entry['days'], 'day')})"
        )
    if entry["base_w"] is not None:
        click.echo(f"  base load: {entry['base_w']:.0f} W")
        for step in made.cards["base"]["value"]["steps"][-3:]:
            click.echo(f"    since {step['day']}: {step['before']:.0f} → {step['after']:.0f} W")
    for message in entry["messages"]:
        often = message["false_alarms_a_year"]
        click.echo(f"  {message['day']}: {message['text']} (homes do so by themselves {often:.2g} times a year)")
    for reason in dict.fromkeys(entry["why"].values()):
        click.echo(f"  nothing more: {reason}")
