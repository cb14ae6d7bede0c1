"""Small trees of functions for tests, and one call to run the function `main` of such a tree."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pymongo import MongoClient
from pymongo.database import Database

from sync.triggers.run.harness import Execution, run_function

NOWHERE: Database[Any] = MongoClient("127.0.0.1", 1, connect=False)["nowhere"]
"""For functions that make no call to a database."""


def write_tree(folder: Path, functions: Mapping[str, str], values: Mapping[str, Any] | None = None) -> Path:
    """A tree that a push would take, with these functions and Values; one that is a tuple links to a secret."""
    contents: dict[str, Any] = {
        "root_config.json": {
            "name": "meters",
            "config_version": 20210101,
            "location": "US-VA",
            "provider_region": "aws-us-east-1",
            "deployment_model": "LOCAL",
            "environment": "",
        },
        "data_sources/mongodb-atlas/config.json": {
            "name": "mongodb-atlas",
            "type": "mongodb-atlas",
            "config": {"clusterName": "Cluster0", "readPreference": "primary", "wireProtocolEnabled": False},
            "version": 1,
        },
        "functions/config.json": [
            {"name": name, "private": True, "run_as_system": True, "disable_arg_logs": True} for name in functions
        ],
    }
    for name, given in (values or {}).items():
        text, linked = (given[0], True) if isinstance(given, tuple) else (given, False)
        contents[f"values/{name}.json"] = {"name": name, "value": text, "from_secret": linked}
    for name, content in contents.items():
        write(folder / name, json.dumps(content))
    for name, source in functions.items():
        write(folder / "functions" / f"{name}.js", source)
    return folder


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")


def run_body(folder: Path, body: str, database: Database[Any] = NOWHERE, **options: Any) -> Execution:
    """Run an async function with this body; in it, `collection` is the one named `readings` of the database."""
    return run_source(folder, f"exports = async function (...given) {{\n{PREAMBLE}\n{body}\n}};", database, **options)


PREAMBLE = """
const client = context.services.get("mongodb-atlas");
const collection = client.db(context.values.get("mongodbDatabase")).collection("readings");
const mirror = client.db(context.values.get("mongodbDatabase")).collection("readingsTS");
"""


def run_source(
    folder: Path,
    source: str,
    database: Database[Any] = NOWHERE,
    functions: Mapping[str, str] | None = None,
    values: Mapping[str, Any] | None = None,
    **options: Any,
) -> Execution:
    """Run a whole file, with other functions beside it."""
    tree = write_tree(folder / "app", {"main": source, **(functions or {})})
    given = {"mongodbDatabase": database.name, **(values or {})}
    return run_function(tree, "main", database=database, values=given, **{"secrets": {}, **options})


def result_of(folder: Path, body: str, database: Database[Any] = NOWHERE, **options: Any) -> Any:
    """What a body returns; fails when it throws."""
    execution = run_body(folder, body, database, **options)
    assert execution.error is None, execution.error
    return execution.result


def error_of(folder: Path, body: str, database: Database[Any] = NOWHERE, **options: Any) -> str:
    """What a body throws; fails when it returns."""
    execution = run_body(folder, body, database, **options)
    assert execution.error is not None, execution.result
    return execution.error
