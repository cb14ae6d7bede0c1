"""`db`: the embedded MongoDB for other programs, and the end of a database."""

from __future__ import annotations

import sys

import click
from pymongo.database import Database

from ..model.errors import StoreUnavailable, UsageError
from ..model.words import counted
from ..settings import Settings, load
from ..store.connection import open_store, place_of
from ..store.embedded.server import Embedded, Stopped
from ..store.schema import Document
from .common import echo_json, json_option


@click.group("db")
def db() -> None:
    """The embedded MongoDB: keep it running for other programs, stop it, ask for its address; drop a database.

    Other commands start and stop it by themselves.

    \b
    Example:
      python -m sync db start
    """


@db.command("start")
@json_option
def start(as_json: bool) -> None:
    """Start the embedded MongoDB and let it run until `db stop`; prints its URI.

    \b
    Examples:
      python -m sync db start
      mongosh "$(python -m sync db start)"
    """
    uri = _embedded("start").pin()
    if as_json:
        echo_json({"uri": uri})
    else:
        click.echo(uri)
        click.echo("it runs until: python -m sync db stop", err=True)


@db.command("stop")
@json_option
def stop(as_json: bool) -> None:
    """Stop the embedded MongoDB, at once or after the commands that use it.

    \b
    Example:
      python -m sync db stop
    """
    became = _embedded("stop").unpin()
    if as_json:
        echo_json({"stopped": became is Stopped.STOPPED, "in_use": became is Stopped.IN_USE})
        return
    told = {
        Stopped.STOPPED: "the embedded MongoDB has stopped",
        Stopped.IN_USE: "other commands still use the embedded MongoDB: it stops with the last of them",
        Stopped.NOT_RUNNING: "the embedded MongoDB was not running",
    }
    click.echo(told[became])


@db.command("uri")
@json_option
def uri(as_json: bool) -> None:
    """Print the URI of the running embedded MongoDB.

    \b
    Example:
      mongosh "$(python -m sync db uri)"
    """
    server = _embedded("uri").server()
    if server is None:
        raise StoreUnavailable("the embedded MongoDB is not running: python -m sync db start")
    if as_json:
        echo_json({"uri": server.uri})
    else:
        click.echo(server.uri)


@db.command("drop")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
def drop(yes: bool, as_json: bool) -> None:
    """Drop the whole database named by MONGODB_DATABASE: readings, ledger and all. Asks first.

    \b
    Example:
      python -m sync db drop --yes
    """
    settings = load()
    name = settings.mongodb_database
    if not yes and not sys.stdin.isatty():
        raise UsageError(f"dropping {name} cannot be undone and there is no terminal to ask on: add --yes")
    place = place_of(settings.mongodb_uri) if settings.mongodb_uri else "the embedded MongoDB"
    with open_store(settings) as database:
        counts = _counts(database)
        if counts and not yes:
            listed = "\n".join(f"  {collection}: {counted(count, 'document')}" for collection, count in counts.items())
            click.confirm(f"{name} at {place} holds\n{listed}\nDrop it all for good?", abort=True, err=True)
        database.client.drop_database(name)
    if as_json:
        dropped = [{"name": collection, "documents": count} for collection, count in counts.items()]
        echo_json({"database": name, "dropped": dropped})
    elif counts:
        click.echo(f"dropped {name} at {place}:")
        for collection, count in counts.items():
            click.echo(f"  {collection}: {counted(count, 'document')}")
    else:
        click.echo(f"{name} at {place} holds nothing")


def _counts(database: Database[Document]) -> dict[str, int]:
    """Documents per collection, in alphabetical order."""
    names = sorted(name for name in database.list_collection_names() if not name.startswith("system."))
    return {name: database[name].count_documents({}) for name in names}


def _embedded(verb: str) -> Embedded:
    settings: Settings = load()
    if settings.mongodb_uri:
        place = place_of(settings.mongodb_uri)
        raise UsageError(
            f"MONGODB_URI names {place}, which is not our server: db {verb} is for the embedded one (empty MONGODB_URI)"
        )
    return Embedded(settings.sync_home)
