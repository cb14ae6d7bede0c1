"""The JSON files of the tree as strict models (atlas.md 1.6 and 2.1). What is wrong is said in pydantic's words."""

from __future__ import annotations

import re
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
Region = Literal[
    "aws-us-east-1", "aws-us-west-2", "aws-eu-central-1", "aws-eu-west-1", "aws-eu-west-2",
    "aws-ap-southeast-1", "aws-ap-southeast-2", "aws-ap-south-1", "aws-sa-east-1",
    "azure-eastus2", "azure-westus", "azure-westeurope", "azure-eastasia", "azure-southeastasia",
    "gcp-us-central1", "gcp-us-east4", "gcp-us-west1", "gcp-europe-west1", "gcp-asia-south1",
]  # fmt: skip


class Part(BaseModel):
    """An object in which Atlas drops what it does not know: a slip of the pen would be lost in silence."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


class Entry(Part):
    """One with the identities that an export carries."""

    id: Any = None
    object_id: Any = Field(None, alias="_id")


class App(Part, extra="ignore"):
    """root_config.json."""

    name: AppName
    config_version: Literal[20210101]
    location: Literal["US-VA", "US-OR", "DE-FF", "IE", "AU", "IN-MB", "SG", "BR-SP"] = "US-VA"
    provider_region: Region = "aws-us-east-1"
    deployment_model: Literal["GLOBAL", "LOCAL"] = "GLOBAL"
    environment: Literal["", "development", "testing", "qa", "production"] = ""


class SourceConfig(Part):
    """The link to a cluster."""

    clusterName: str = Field(min_length=1)
    readPreference: Literal["primary", "primaryPreferred", "secondary", "secondaryPreferred", "nearest"] = "primary"
    wireProtocolEnabled: bool = False


class DataSource(Part, extra="ignore"):
    """data_sources/NAME/config.json."""

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
        if info.data.get("from_secret"):
            if not isinstance(value, str) or not re.fullmatch(PART, value):
                raise ValueError("with from_secret it is the name of a secret")
        elif not isinstance(value, str | list | dict):
            raise ValueError('must be text, a list or an object: write numbers as text, "36000"')
        elif value == "":
            raise ValueError('is empty, which Atlas may refuse: write "auto", "[]", or remove the file')
        elif TOKEN.search(str(value)):
            raise ValueError("holds a token: keep it in a secret, name the secret here and set from_secret to true")
        return value


class Scheduling(Part):
    """When a trigger runs: cron in UTC."""

    schedule: Annotated[str, BeforeValidator(lambda text: parse_schedule(text).text)]
    skip_catchup_events: bool = False


class Called(Part, extra="ignore"):
    """The function of an event processor."""

    function_name: str = ""


class Processor(Part, extra="ignore"):
    """What an event processor runs."""

    config: Called = Called()


class Processors(Part, extra="ignore"):
    """Of the event processors, the one that is a function."""

    FUNCTION: Processor = Processor()


class TriggerConfig(Entry):
    """triggers/NAME.json: a scheduled trigger. The function stands in either of two places; both must agree."""

    name: Name
    type: Literal["SCHEDULED"]
    config: Scheduling
    disabled: bool = False
    event_processors: Processors = Processors()
    function_name: str = Field("", validate_default=True)
    function_id: Any = None

    @field_validator("function_name")
    @classmethod
    def _one_function(cls, name: str, info: ValidationInfo) -> str:
        processors: Processors = info.data.get("event_processors", Processors())
        names = {name, processors.FUNCTION.config.function_name} - {""}
        if len(names) != 1:
            raise ValueError("must name one function, in event_processors.FUNCTION.config.function_name")
        return names.pop()

    @property
    def function(self) -> str:
        """The function that it runs."""
        return self.function_name

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
