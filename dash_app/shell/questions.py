"""Whether a browser's question to a callback is one that the page asks; Dash believes whatever it is sent."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from dash import Dash
from flask import Response, request

PATH = "/_dash-update-component"
LOG = logging.getLogger("dash_app")

Check = Callable[[Any], bool]


def is_text(value: Any) -> bool:
    """A text."""
    return isinstance(value, str)


def is_choice(value: Any) -> bool:
    """What a control holds: a text, or nothing yet."""
    return value is None or is_text(value)


def is_parts(*names: str) -> Check:
    """Of texts by name: these are there."""
    return lambda value: isinstance(value, dict) and all(is_text(value.get(name)) for name in names)


def is_list_of(count: int) -> Check:
    """Of so many texts in a list, as JSON."""

    def check(value: Any) -> bool:
        found = json.loads(value) if is_text(value) else None
        return isinstance(found, list) and len(found) == count and all(map(is_text, found))

    return check


def refuse_odd(app: Dash, checks: Mapping[str, Check]) -> None:
    """Answer 400, in one line, whatever is no question of the page. checks: by `id.property` of what a callback asks
    for; a callback with another one answers nobody."""

    def refuse() -> Response | None:
        if request.path != PATH or request.method != "POST":
            return None
        try:
            is_ours = _is_ours(app, json.loads(request.get_data()), checks)
        except (ValueError, RecursionError):  # not JSON, or nested without end
            is_ours = False
        if is_ours:
            return None
        LOG.warning("400: %d bytes that are no question of the page", request.content_length or 0)
        return Response("this is no question of the page\n", 400, mimetype="text/plain")

    app.server.before_request(refuse)


def _is_ours(app: Dash, body: Any, checks: Mapping[str, Check]) -> bool:
    if not isinstance(body, dict) or not is_text(body.get("output")):
        return False
    callback = app.callback_map.get(body["output"])
    if callback is None or "callback" not in callback:  # those without run in the browser
        return False
    changed = body.get("changedPropIds", [])
    return (
        isinstance(changed, list)
        and all(map(is_text, changed))
        and body.get("outputs") == _outputs(callback["output"])
        and all(_are_values(body.get(part, []), callback[part], checks) for part in ("inputs", "state"))
    )


def _outputs(output: Any) -> Any:
    """As the browser names them."""
    if isinstance(output, list):
        return [_outputs(each) for each in output]
    return {"id": output.component_id, "property": output.component_property}


def _are_values(given: Any, wanted: Iterable[Mapping[str, str]], checks: Mapping[str, Check]) -> bool:
    wanted = list(wanted)
    if not isinstance(given, list) or len(given) != len(wanted):
        return False
    return all(
        isinstance(entry, dict)
        and (entry.get("id"), entry.get("property")) == (known["id"], known["property"])
        and checks[f"{known['id']}.{known['property']}"](entry.get("value"))
        for entry, known in zip(given, wanted, strict=True)
    )
