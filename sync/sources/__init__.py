"""The sources of open data, by name. Linky, which has meters and tokens, is loaded on a path of its own.

Adding one: a file with a class that keeps `source.OpenSource`, a line in `SOURCES`, the setting of its address in
`sync/settings.py`, its collections and its zone. `tests/sources/test_every_source.py` holds every entry to the same
demands. A source whose files can be imported has a module `NAME_files.py` beside it, see `source.ReadFiles`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from .elhub.api import Elhub
from .energidata.api import Energidata
from .source import OpenSource
from .weather.api import Weather

SOURCES: Mapping[str, Callable[[str], OpenSource]] = {
    "elhub": Elhub,
    "energidata": Energidata,
    "weather": Weather,
}
"""Name → factory, which takes the base address of the API."""

ADDRESSES: Mapping[str, str] = {
    "elhub": "elhub_api_url",
    "energidata": "energidata_api_url",
    "weather": "openmeteo_api_url",
}
"""Name → field of `Settings` that holds the base address."""
