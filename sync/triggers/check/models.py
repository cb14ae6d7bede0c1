"""The JSON files of the tree as models, after the documentation and real exports (atlas.md 1.6, 2.1 and 9).

What is wrong is said in pydantic's words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationInfo, field_validator

from ...model.localtime import PARIS
from ..cron import parse_schedule

SOURCE_TYPE = "mongodb-atlas"
TOKEN = re.compile(r"eyJ[A-Za-z0-9_-]{8,}")  # as JSON in base64 begins: a gateway token
PART = "[A-Za-z0-9][A-Za-z0-9_-]{0,63}"

Name = Annotated[str, Field(pattern=f"^{PART}$")]
FunctionName = Annotated[str, Field(pattern=f"^{PART}(/{PART})*$")]
AppName = Annotated[str, Field(pattern="^[A-Za-z][A-Za-z0-9_-]{0,31}$")]
LOCATIONS = ("US-VA", "US-OR", "DE-FF", "IE", "AU", "IN-MB", "SG", "BR-SP")
REGIONS = (
    "aws-us-east-1", "aws-us-east-2", "aws-us-west-2", "aws-eu-central-1", "aws-eu-west-1", "aws-eu-west-2",
    "aws-ap-southeast-1", "aws-ap-southeast-2", "aws-ap-south-1", "aws-sa-east-1",
    "azure-eastus2", "azure-westus", "azure-westeurope", "azure-eastasia", "azure-southeastasia",
    "gcp-us-central1", "gcp-us-east4", "gcp-us-west1", "gcp-europe-west1", "gcp-asia-south1",
)  # fmt: skip
VERSIONS = (20180301, 20200603, 20210101, 20230101)
"""Of the configuration: the first two are of Stitch and of the first Realm, the last is what exports have today."""


class Part(BaseModel):
    """An object of the tree. Exports hold more than is documented: what is not known here is no reason to refuse it."""

    model_config = ConfigDict(extra="allow", strict=True, frozen=True)

    def doubts(self) -> Iterator[tuple[str, str]]:
        """(field, what may be wrong with it) of all that a push may take or not, or drop in silence."""
        for name in self.model_extra or {}:
            yield name, "is not documented here: a push may drop it"
        for name in type(self).model_fields:
            inner = getattr(self, name)
            yield from inner.doubts() if isinstance(inner, Part) else ()


class Loose(Part):
    """One of which exports hold more than matters here."""

    def doubts(self) -> Iterator[tuple[str, str]]:
        """None for what is not known."""
        for name in type(self).model_fields:
            inner = getattr(self, name)
            yield from inner.doubts() if isinstance(inner, Part) else ()


class Entry(Part):
    """One with the identities that an export carries."""

    id: Any = None
    object_id: Any = Field(None, alias="_id")


class App(Loose):
    """root_config.json. The version of exports since 2024 stands in .mdb/meta.json."""

    name: AppName
    config_version: int | None = None
    location: str = "US-VA"
    provider_region: str = "aws-us-east-1"
    deployment_model: Literal["GLOBAL", "LOCAL"] = "GLOBAL"
    environment: Literal["", "development", "testing", "qa", "production"] = ""

    def doubts(self) -> Iterator[tuple[str, str]]:
        """A place or a version that is not among the documented ones."""
        known: tuple[tuple[str, object, tuple[object, ...]], ...] = (
            ("config_version", self.config_version, (None, *VERSIONS)),
            ("location", self.location, LOCATIONS),
            ("provider_region", self.provider_region, REGIONS),
        )
        for name, there, documented in known:
            if there not in documented:
                yield name, f"{there!r} is not among the documented: {', '.join(map(str, filter(None, documented)))}"


class Meta(Loose):
    """.mdb/meta.json, which the command line tool writes."""

    config_version: int


class SourceConfig(Part):
    """The link to a cluster."""

    clusterName: str = Field(min_length=1)
    readPreference: Literal["", "primary", "primaryPreferred", "secondary", "secondaryPreferred", "nearest"] = "primary"
    readPreferenceTagSets: Any = None
    wireProtocolEnabled: bool = False


class OtherSource(Loose):
    """data_sources/NAME/config.json of another type, such as a data lake: not looked into."""

    name: Name
    type: str
    config: Any


class DataSource(Loose):
    """data_sources/NAME/config.json: a linked cluster."""

    name: Name
    type: Literal["mongodb-atlas"]
    config: SourceConfig


class FunctionEntry(Entry):
    """One entry of functions/config.json."""

    name: FunctionName
    private: bool = False
    run_as_system: bool = False
    disable_arg_logs: bool = False
    can_evaluate: Any = None
    run_as_user_id: Any = None
    run_as_user_id_script_source: Any = None


class ValueConfig(Entry):
    """values/NAME.json; with `from_secret`, `value` is the name of the secret it links to."""

    name: Name
    from_secret: bool = False
    private: bool = True
    value: Any

    @field_validator("value")
    @classmethod
    def _taken(cls, value: Any, info: ValidationInfo) -> Any:
        if info.data.get("from_secret") and not (isinstance(value, str) and re.fullmatch(PART, value)):
            raise ValueError("with from_secret it is the name of a secret")
        return value

    def doubts(self) -> Iterator[tuple[str, str]]:
        """What one page of the documentation allows and another does not; and a token that everybody could read."""
        yield from super().doubts()
        if not isinstance(self.value, str | list | dict):
            yield "value", 'one page allows text, lists and objects alone: as text, "36000", it is safe'
        elif self.value == "":
            yield "value", 'an empty text may be refused: "auto", "[]", or no file at all is safe'
        if TOKEN.search(str(self.value)):
            yield "value", "holds a token: keep it in a secret, name the secret here and set from_secret to true"


class Scheduling(Part):
    """When a trigger runs: cron in UTC. `schedule_type` is BASIC or ADVANCED, of the form in the console."""

    schedule: Annotated[str, BeforeValidator(lambda text: parse_schedule(text).text)]
    schedule_type: Any = None
    skip_catchup_events: bool = False


class Called(Loose):
    """The function of an event processor."""

    function_name: str = ""


class Processor(Loose):
    """What an event processor runs."""

    config: Called = Called()


class Processors(Loose):
    """Of the event processors, the one that is a function."""

    FUNCTION: Processor = Processor()


class AnyTrigger(Entry):
    """triggers/NAME.json. The function stands in either of two places; both must agree."""

    name: Name
    type: Literal["SCHEDULED", "DATABASE", "AUTHENTICATION"]
    config: Any
    disabled: bool = False
    event_processors: Processors = Processors()
    function_name: str = Field("", validate_default=True)
    function_id: Any = None

    @field_validator("function_name")
    @classmethod
    def _one_function(cls, name: str, info: ValidationInfo) -> str:
        processors: Processors = info.data.get("event_processors", Processors())
        names = {name, processors.FUNCTION.config.function_name} - {""}
        if len(names) > 1 or (not names and not processors.model_extra):
            raise ValueError("must name one function, in event_processors.FUNCTION.config.function_name")
        return names.pop() if names else ""

    @property
    def function(self) -> str:
        """The function that it runs; "" where it goes elsewhere (EventBridge)."""
        return self.function_name


class TriggerConfig(AnyTrigger):
    """A scheduled one. An app holds the project's other triggers, too; these are not looked into."""

    type: Literal["SCHEDULED"]
    config: Scheduling

    @property
    def schedule(self) -> str:
        """Its schedule, as written."""
        return self.config.schedule

    def described(self, now: datetime, count: int) -> dict[str, Any]:
        """`{name, function, schedule, words, disabled, next: [{utc, paris}]}`: `count` times after `now`, ISO 8601."""
        schedule = parse_schedule(self.schedule)
        times = schedule.next_times(now, count)
        return {
            "name": self.name,
            "function": self.function,
            "schedule": self.schedule,
            "words": schedule.words(),
            "disabled": self.disabled,
            "next": [{"utc": utc.isoformat(), "paris": utc.astimezone(PARIS).isoformat()} for utc in times],
        }
