"""`analyse`: what can honestly be said of each series, stored as small cards."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from contextlib import closing
from datetime import date, timedelta
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import click
from pymongo.database import Database
from pymongo.errors import PyMongoError

from ..insight.around import Around
from ..insight.cards import FORECASTS, Made, analyse, messages_of
from ..insight.read import Wanted, measures_energy, named, stored
from ..insight.unusual import Message, chosen
from ..load.progress import Bar
from ..load.report import Outcome
from ..model.clock import SystemClock
from ..model.errors import SyncError, UsageError
from ..model.unfinished import Unfinished
from ..model.words import counted
from ..settings import Settings, load
from ..sources import SOURCES, zone_of
from ..store.connection import open_store
from ..store.schema import Document, Pair, exists, own_series, pair
from .common import clean_up, day_option, echo_json, json_option, nothing_stored, source_option, stored_pairs

LOG = logging.getLogger("sync")
BUDGET = 2.0  # messages a year
SCORES = ("skill_week", "skill_median", "coverage")
SENTENCES = {
    "base": "the base load has been {size:.0f} W above the usual since about ten days before",
    "night": "the nights of the week before took {kwh:.1f} kWh more than usual",
    "held": "{size:.0f} W more than usual ran for eight hours",
    "away": "the four days before had {size:.0%} less activity than usual",
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
@click.option("--features", type=click.Path(path_type=Path), metavar="FILE.parquet", help="Write features, no cards.")
@click.option("--overwrite", is_flag=True, help="The file of --features may be there already.")
@json_option
def analyse_command(
    source: str | None,
    words: str | None,
    since: date | None,
    lead: int,
    budget: float,
    features: Path | None,
    overwrite: bool,
    as_json: bool,
) -> None:
    """Forecast, base load and what was unusual, of every series that measures energy, each with its measured skill.

    One small document a series and statement is stored, for the page. Only what has new readings is computed again;
    stop it whenever you like, the same command goes on.

    With --features it writes a table for models of your own instead, a row a series and local day: what was known
    --lead days before, and never the day itself. docs/insight.md lists the columns.

    \b
    Examples:
      python -m sync analyse
      python -m sync analyse --series linky-0844-consumption --since 2026-01-01
      python -m sync analyse --source lcl --json
      python -m sync analyse --features features.parquet
    """
    settings, file = load(), _new_file(features, overwrite)
    with open_store(settings) as database, closing(Bar(" series", brief=True)) as bar:
        clean_up(database, settings)
        known = stored(stored_pairs(database, settings, source))
        every = (series for series, (own, _) in known.items() if measures_energy(own, series))
        wanted = [Wanted(*known[series], series) for series in (named(known, words) if words else every)]
        bar.start(len(wanted), 0)
        if file is not None:
            answer = _features(database, settings, file, _one_by_one(wanted, bar), (lead, since))
        else:
            answer = {"series": _cards(_one_by_one(wanted, bar), since, lead, budget, not as_json)}
    if as_json:
        echo_json(answer)
    elif not wanted:
        click.echo(nothing_stored(settings, source or "linky"))
    elif file is not None:
        click.echo(f"{file.shown}: {counted(answer['rows'], 'row')} of {answer['series']:,} series, lead {lead}")


def _one_by_one(wanted: Iterable[Wanted], bar: Bar) -> Iterator[Wanted]:
    for each in wanted:
        yield each
        bar.advance(each.series.label)


def _cards(
    wanted: Iterable[Wanted], since: date | None, lead: int, budget: float, is_told: bool
) -> list[dict[str, Any]]:
    found = []
    for each in wanted:
        made = analyse(each.pair, each.series, each.zone, SystemClock(), since)
        found.append(_entry(made, each.address, lead, budget))
        if is_told:
            _tell(made, found[-1])
    return found


def _features(
    database: Database[Document],
    settings: Settings,
    file: Unfinished,
    wanted: Iterator[Wanted],
    known: tuple[int, date | None],
) -> dict[str, Any]:
    """known: lead, and first day of the rows."""
    weather = pair(database, "weather", settings.collections)
    home = str(getattr(getattr(settings, "weather_place", None), "area", ""))
    around = Around(database, weather if exists(weather) else None, home)
    written: dict[str, Any] = import_module("..insight.table", __package__).write_features(file, wanted, around, *known)
    return written


def _new_file(path: Path | None, overwrite: bool) -> Unfinished | None:
    """Of the features, if any are wanted. Raises UsageError before anything is read."""
    if path is None:
        if overwrite:
            raise UsageError("--overwrite is about the file of --features: name one")
        return None
    if path.suffix.lower() != ".parquet":
        raise UsageError(f"--features writes Parquet: name a FILE.parquet, not {path.name[-20:]!r}")
    if find_spec("pyarrow") is None:
        raise UsageError("--features needs pyarrow: pip install 'linky-atlas[bulk]'")
    file = Unfinished(path.expanduser())
    if file.path.exists() and not overwrite:
        raise UsageError(f"{file.shown} is there already: name another file, or add --overwrite")
    return file


def analyse_new(loaded: Pair, outcome: Outcome) -> None:
    """After a load: the cards of a household's meters, of which readings have come. Whatever goes wrong here, the load
    is done. Many meters, as London's, are analysed when that is asked for: it takes hours."""
    if not (SOURCES[loaded.source].is_personal and outcome.written.new + outcome.written.changed):
        return
    with closing(Bar(" series", brief=True)) as bar:
        try:
            own = own_series(loaded.source, loaded.record)
            bar.start(len(own), 0)
            for series in own:
                analyse(loaded, series, zone_of(loaded.source), SystemClock())
                bar.advance(series.label)
        except (SyncError, PyMongoError) as error:
            bar.note(f"the readings are stored, what they say is not: {error}; to try again: python -m sync analyse")
        except Exception:
            LOG.exception("the readings are stored, what they say is not: a mistake of this tool")


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
