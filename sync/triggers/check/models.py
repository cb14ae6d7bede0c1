"""The JSON files of the tree as strict models (atlas.md 1.6 and 2.1), and what is wrong with one in words."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import ErrorDetails, PydanticCustomError

from ...model.localtime import PARIS
from ..cron import parse_schedule
from .names import checked_app_name, checked_function_name, checked_name

SOURCE_TYPE = "mongodb-atlas"
TOKEN = re.compile(r"eyJ[A-Za-z0-9_-]{8,}")  # as JSON in base64 begins: a gateway token

Name = Annotated[str, BeforeValidator(checked_name)]
Environment = Literal["", "development", "testing", "qa", "production"]
Location = Literal["US-VA", "US-OR", "DE-FF", "IE", "AU", "IN-MB", "SG", "BR-SP"]
Preference = Literal["primary", "primaryPreferred", "secondary", "secondaryPreferred", "nearest"]
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

    name: Annotated[str, BeforeValidator(checked_app_name)]
    config_version: Literal[20210101]
    location: Location = "US-VA"
    provider_region: Region = "aws-us-east-1"
    deployment_model: Literal["GLOBAL", "LOCAL"] = "GLOBAL"
    environment: Environment = ""


class SourceConfig(Part):
    """The link to a cluster."""

    clusterName: str = Field(pattern=r"\S")
    readPreference: Preference = "primary"
    wireProtocolEnabled: bool = False


class DataSource(Part, extra="ignore"):
    """data_sources/NAME/config.json."""

    name: Name
    type: Literal["mongodb-atlas"]
    config: SourceConfig


class EnvironmentValues(Part):
    """environments/NAME.json."""

    values: dict[Name, Any]


class FunctionEntry(Entry):
    """One entry of functions/config.json."""

    name: Annotated[str, BeforeValidator(checked_function_name)]
    private: bool = False
    run_as_system: bool = False
    disable_arg_logs: bool = False
    can_evaluate: Any = None
    run_as_user_id: Any = None
    run_as_user_id_script_source: Any = None


class ValueConfig(Entry):
    """values/NAME.json; with `from_secret`, `value` is the name of the secret it links to."""

    name: Name
    value: Any = None
    from_secret: bool = False
    private: bool = True

    @model_validator(mode="after")
    def _taken(self) -> ValueConfig:
        if "value" not in self.model_fields_set:
            raise _wrong("name", "has no value")
        if wrong := _wrong_link(self.value) if self.from_secret else _wrong_value(self.value):
            raise _wrong("value", wrong)
        return self


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
    function_name: str = ""
    function_id: Any = None

    @model_validator(mode="after")
    def _one_function(self) -> TriggerConfig:
        if len({self.function_name, self.event_processors.FUNCTION.config.function_name} - {""}) != 1:
            place = "event_processors.FUNCTION.config.function_name"
            raise _wrong("function_name", f"must name one function, in {place}")
        return self

    @property
    def function(self) -> str:
        """The function that it runs."""
        return self.function_name or self.event_processors.FUNCTION.config.function_name

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


def _wrong(key: str, message: str) -> PydanticCustomError:
    """What is wrong with several fields together, to be shown in the line of `key`."""
    return PydanticCustomError("together", "{words}", {"key": key, "words": message})


def _wrong_link(value: object) -> str:
    try:
        checked_name(value)
    except ValueError as error:
        return f"with from_secret, value is the name of a secret, which {error}"
    return ""


def _wrong_value(value: object) -> str:
    if not isinstance(value, str | list | dict):
        return 'value must be text, a list or an object: write numbers as text, "36000"'
    if value == "":
        return 'value is empty, which Atlas may refuse: write "auto", "[]", or remove the file'
    if TOKEN.search(str(value)):
        return "value holds a token: keep it in a secret, name the secret here and set from_secret to true"
    return ""


# --- errors in words --------------------------------------------------------------------------------------------------

WORDS = {
    "missing": "is missing",
    "bool_type": "must be true or false",
    "model_type": "must be an object",
    "dict_type": "must be an object",
    "string_type": "must be text",
    "string_pattern_mismatch": "must not be empty",
}
PLURAL = "has no effect: Atlas reads skip_catchup_events, plural, inside config"
MISPLACED = {
    "skip_catchup_event": PLURAL,
    "config.skip_catchup_event": PLURAL,
    "skip_catchup_events": "belongs inside config",
    "schedule": "belongs inside config",
}


def wrong_fields(model: type[BaseModel], error: ValidationError) -> Iterator[tuple[str, str]]:
    """The key in whose line each thing stands, empty for the whole object, and what is wrong with it."""
    for detail in error.errors(include_url=False):
        context = detail.get("ctx", {})
        place = [str(part) for part in detail["loc"] if part != "[key]"]
        if detail["type"] == "together":
            yield context["key"], detail["msg"]
        else:
            key = "" if detail["type"] == "missing" else place[-1]
            yield key, f"{'.'.join(place)} {_words(model, place, detail)}"


def _words(model: type[BaseModel], place: list[str], detail: ErrorDetails) -> str:
    context = detail.get("ctx", {})
    if detail["type"] == "extra_forbidden":
        unknown = f"is no field Atlas knows here; known are {', '.join(_fields(model, place[:-1]))}"
        return MISPLACED.get(".".join(place), unknown)
    if detail["type"] == "literal_error":
        return f"must be {context['expected']}, not {detail['input']!r}"
    if detail["type"] == "value_error":
        return str(context["error"])
    return WORDS.get(detail["type"], detail["msg"])


def _fields(model: type[BaseModel], path: list[str]) -> list[str]:
    for part in path:
        inner = model.model_fields[part].annotation
        if not isinstance(inner, type) or not issubclass(inner, BaseModel):
            return []
        model = inner
    return [field.alias or name for name, field in model.model_fields.items()]
