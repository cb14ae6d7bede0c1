"""The registry: one entry a source, from which everything about it is derived. Loads no source by itself.

Adding one: a folder with an `api.py` (its API, `source.Source`), a `files.py` (files that are imported) or both, and an
entry here. `tests/sources/test_every_source.py` holds every entry to the same demands.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from ..model.localtime import PARIS

if TYPE_CHECKING:
    from .files import Files
    from .source import Source


@dataclass(frozen=True, slots=True)
class SourceEntry:
    """What is known of a source before it is loaded.

    zone: where its days begin; collections: record and mirror by default; setting: the name of the setting with the
    base address of its API, whose default is `url`; daily: the Atlas function that fetches its newest days;
    is_personal: whether the id of a series is personal data; has_groups: whether its documents name a group.
    fields: what its documents hold beside `ts`, `series`, `seconds` and `flag`, in their order, with the type of a
    batch's column (`ReadingBatch`).
    """

    name: str
    zone: ZoneInfo
    collections: tuple[str, str]
    setting: str = ""
    url: str = ""
    daily: str = ""
    is_personal: bool = False
    has_groups: bool = True
    fields: Mapping[str, str] = field(default_factory=lambda: {"wh": "int32"})

    @property
    def has_api(self) -> bool:
        return bool(self.setting)

    @property
    def has_files(self) -> bool:
        return find_spec(f"{__name__}.{self.name}.files") is not None

    @property
    def standin(self) -> str:
        """The module of its stand-in, empty where there is none."""
        module = f"{__package__.rpartition('.')[0]}.standin.{self.name}"
        return module if find_spec(module) else ""

    def api_url(self, settings: object) -> str:
        """The base address of its API in the settings."""
        return str(getattr(settings, self.setting.lower()))

    def connect(self, settings: object) -> Source:
        """The source as `backfill` asks it: `connect` of its `api.py`."""
        connect: Callable[[str, object], Source] = self._module("api").connect
        return connect(self.api_url(settings), settings)

    def open_files(self, paths: Sequence[Path], settings: object, **given: Any) -> Files:
        """Its files as `import` reads them: `open_files` of its `files.py`, which says what else may be given; or what
        `export` has written. Raises FileRefused."""
        exported = import_module(f"{__name__}.exported")
        if paths and all(map(exported.is_exported, paths)):
            found: Files = exported.open_exported(self, paths)
            return found
        open_files: Callable[..., Files] = self._module("files").open_files
        return open_files(paths, settings, **given)

    def _module(self, name: str) -> Any:
        return import_module(f"{__name__}.{self.name}.{name}")


ENTRIES = (
    SourceEntry(
        "linky",
        PARIS,
        ("consumption", "consumptionTS"),
        "LINKY_API_URL",
        "https://conso.boris.sh/api",
        daily="linkyDaily",
        is_personal=True,
        has_groups=False,
    ),
    SourceEntry(
        "elhub",
        ZoneInfo("Europe/Oslo"),
        ("elhub", "elhubTS"),
        "ELHUB_API_URL",
        "https://api.elhub.no/energy-data/v0",
        daily="elhubDaily",
        fields={"wh": "int64", "updated": "datetime64[ms]", "meters": "int32"},
    ),
    SourceEntry(
        "energidata",
        ZoneInfo("Europe/Copenhagen"),
        ("energidata", "energidataTS"),
        "ENERGIDATA_API_URL",
        "https://api.energidataservice.dk",
        daily="energidataDaily",
        fields={"eur_mwh": "float64", "dkk_mwh": "float64", "wh": "int64"},
    ),
    SourceEntry(
        "weather",
        ZoneInfo("UTC"),
        ("weather", "weatherTS"),
        "OPENMETEO_API_URL",
        "https://archive-api.open-meteo.com/v1",
        fields=dict.fromkeys(("temperature_c", "precipitation_mm", "wind_ms", "gust_ms", "wind_from_deg"), "float64"),
    ),
    SourceEntry("lcl", ZoneInfo("Europe/London"), ("lcl", "lclTS"), has_groups=False),
)
SOURCES: dict[str, SourceEntry] = {entry.name: entry for entry in ENTRIES}
"""By name."""


def with_api() -> list[str]:
    """Names of the sources that can be asked."""
    return [entry.name for entry in SOURCES.values() if entry.has_api]


def zone_of(source: str) -> ZoneInfo:
    """Where the days of a source begin."""
    return SOURCES[source].zone
