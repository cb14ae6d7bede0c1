"""A small tree of our own: two functions, two triggers, Values for one meter."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import jwt

from sync.settings import Settings, load

PRM, OTHER_PRM = "21121707640844", "21121707640855"
NOW = datetime(2026, 11, 21, 7, 0, tzinfo=UTC)

DAILY = """exports = async function () {
  const setting = (name) => context.values.get(name);
  const database = context.services.get(setting("mongodbService")).db(setting("mongodbDatabase"));
  const day = await context.functions.execute("formatDate", new Date(0));
  const found = await database.collection("consumption").count({});
  return [day, found, setting("linkyPrm"), setting("linkyToken"), setting("linkyApiUrl")];
};
"""
FORMAT = """exports = function (moment) {
  return moment.toISOString().slice(0, 10);
};
"""
NEWER_FORMAT = FORMAT.replace("10", "7").replace(";\n};", "; };")
"""A later version of the same function, of two lines."""

PLAIN_VALUES = {
    "mongodbService": "mongodb-atlas",
    "mongodbDatabase": "electricity",
    "linkyApiUrl": "https://conso.boris.sh/api",
    "linkyMaxPowerW": "36000",
    "linkyPrm": "auto",
    "linkyFlows": "consumption",
    "linkyMeters": "[]",
}


def trigger(name: str, schedule: str, function: str = "daily") -> dict[str, Any]:
    return {
        "name": name,
        "type": "SCHEDULED",
        "config": {"schedule": schedule, "skip_catchup_events": False},
        "disabled": False,
        "event_processors": {"FUNCTION": {"config": {"function_name": function}}},
    }


def make_tree(folder: Path) -> Path:
    """The tree, in a new folder `app`."""
    app = folder / "app"
    write(app / "root_config.json", {
        "name": "linky", "config_version": 20210101, "location": "DE-FF", "provider_region": "aws-eu-central-1",
        "deployment_model": "LOCAL", "environment": "",
    })  # fmt: skip
    source = {"clusterName": "Cluster0", "readPreference": "primary", "wireProtocolEnabled": False}
    source_file = {"name": "mongodb-atlas", "type": "mongodb-atlas", "config": source, "version": 1}
    write(app / "data_sources/mongodb-atlas/config.json", source_file)
    for name in ("no-environment", "development", "testing", "qa", "production"):
        write(app / f"environments/{name}.json", {"values": {}})
    flags = {"private": True, "run_as_system": True, "disable_arg_logs": True}
    write(app / "functions/config.json", [{"name": "daily", **flags}, {"name": "formatDate", **flags}])
    (app / "functions/daily.js").write_text(DAILY)
    (app / "functions/formatDate.js").write_text(FORMAT)
    for name, text in PLAIN_VALUES.items():
        write(app / f"values/{name}.json", {"name": name, "value": text, "from_secret": False})
    write(app / "values/linkyToken.json", {"name": "linkyToken", "value": "linkyTokenSecret", "from_secret": True})
    write(app / "triggers/daily.json", trigger("daily", "23 6 * * *"))
    write(app / "triggers/dailyAgain.json", trigger("dailyAgain", "41 12 * * MON-SAT"))
    return app


def write(path: Path, content: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=2) + "\n", encoding="utf-8")


def change(path: Path, how: Callable[[Any], Any]) -> None:
    """Rewrite a JSON file; `how` changes what it holds."""
    content = json.loads(path.read_text())
    how(content)
    write(path, content)


def token(*prms: str, days: int = 20_000, extra: str = "") -> str:
    """A token as the gateway makes them; `days` until it ends, counted from NOW."""
    claims: dict[str, Any] = {"sub": list(prms), "exp": int((NOW + timedelta(days=days)).timestamp())}
    return jwt.encode(claims | ({"extra": extra} if extra else {}), "k" * 32, algorithm="HS256")


def settings_of(**environ: str) -> Settings:
    """Settings from variables alone."""
    return load(environ=environ)
