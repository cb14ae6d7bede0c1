"""What names, schedules and app settings Atlas takes in the tree of an app (atlas.md 1.6 and 2.1). Pure functions.

Each rule gives None, or what is wrong in words that fit behind the place: "schedule '…': the hour field …".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

LONGEST_NAME = 64
LONGEST_APP_NAME = 32
CONFIG_VERSION = 20210101

ENVIRONMENTS = ("", "development", "testing", "qa", "production")
ENVIRONMENT_FILES = ("no-environment", *ENVIRONMENTS[1:])
DEPLOYMENT_MODELS = ("GLOBAL", "LOCAL")
LOCATIONS = ("US-VA", "US-OR", "DE-FF", "IE", "AU", "IN-MB", "SG", "BR-SP")
READ_PREFERENCES = ("primary", "primaryPreferred", "secondary", "secondaryPreferred", "nearest")
REGIONS = (
    *(f"aws-{place}" for place in ("us-east-1", "us-west-2", "eu-central-1", "eu-west-1", "eu-west-2")),
    *(f"aws-{place}" for place in ("ap-southeast-1", "ap-southeast-2", "ap-south-1", "sa-east-1")),
    *(f"azure-{place}" for place in ("eastus2", "westus", "westeurope", "eastasia", "southeastasia")),
    *(f"gcp-{place}" for place in ("us-central1", "us-east4", "us-west1", "europe-west1", "asia-south1")),
)


def name_problem(name: object) -> str | None:
    """The rule of values, secrets, triggers and data sources: at most 64 letters, digits, `_` or `-`."""
    if not isinstance(name, str) or not name:
        return "must be text that is not empty"
    if len(name) > LONGEST_NAME:
        return f"has {len(name)} characters, Atlas takes {LONGEST_NAME}"
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]*", name):
        return "must begin with a letter or digit and hold only unaccented letters, digits, _ and -"
    return None


def function_name_problem(name: object) -> str | None:
    """The same for each part of a function's name, which may lie in subfolders: `utils/add`."""
    if not isinstance(name, str):
        return name_problem(name)
    return next((wrong for part in name.split("/") if (wrong := name_problem(part))), None)


def app_name_problem(name: object) -> str | None:
    """An app's name: at most 32, a letter first."""
    if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]*", name):
        return "must begin with a letter and hold only unaccented letters, digits, _ and -"
    return f"has {len(name)} characters, Atlas takes {LONGEST_APP_NAME}" if len(name) > LONGEST_APP_NAME else None


# --- schedules --------------------------------------------------------------------------------------------------------

MONTHS = ("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC")
WEEKDAYS = ("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT")
LONGEST_MONTHS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)


@dataclass(frozen=True, slots=True)
class _Field:
    """One of the five: its bounds, the names it takes, whether `*/n` may stand in it."""

    name: str
    low: int
    high: int
    names: Mapping[str, int] = field(default_factory=dict)
    steps: bool = False

    def read(self, text: str) -> set[int] | str:
        """The numbers the field means, or what is wrong."""
        if text == "*":
            return set(range(self.low, self.high + 1))
        if text.startswith("*/"):
            return self._stepped(text)
        found: set[int] = set()
        for part in text.split(","):
            first, dash, last = part.partition("-")
            low, high = self._number(first), self._number(last if dash else first)
            if low is None or high is None:
                return f"the {self.name} field {text!r} takes *, {self._known()}, lists and ranges of them"
            if low > high:
                return f"the {self.name} field {text!r} has a range that runs backwards"
            found |= set(range(low, high + 1))
        return found

    def _stepped(self, text: str) -> set[int] | str:
        if not self.steps:
            return f"the {self.name} field {text!r} has a step, which is taken in minute and hour only"
        step = text.removeprefix("*/")
        if not re.fullmatch(r"[0-9]{1,2}", step) or not 1 <= int(step) <= self.high:
            return f"the {self.name} field {text!r} needs a step from 1 to {self.high}"
        return set(range(0, self.high + 1, int(step)))

    def _known(self) -> str:
        names = list(self.names)
        return f"{self.low}-{self.high}" + (f", {names[0]} … {names[-1]}" if names else "") + (", */n" * self.steps)

    def _number(self, text: str) -> int | None:
        if text.upper() in self.names:
            return self.names[text.upper()]
        if not re.fullmatch(r"[0-9]{1,2}", text):
            return None
        return int(text) if self.low <= int(text) <= self.high else None


FIELDS = (
    _Field("minute", 0, 59, steps=True),
    _Field("hour", 0, 23, steps=True),
    _Field("day of month", 1, 31),
    _Field("month", 1, 12, {name: number for number, name in enumerate(MONTHS, 1)}),
    _Field("weekday", 0, 6, {name: number for number, name in enumerate(WEEKDAYS)}),
)


def schedule_problem(schedule: object) -> str | None:
    """What Atlas takes in `config.schedule`: `minute hour dayOfMonth month weekday`, in UTC."""
    if not isinstance(schedule, str):
        return "must be text: minute hour dayOfMonth month weekday"
    parts = schedule.split(" ")
    if len(parts) != len(FIELDS) or not all(parts):
        return "must be five fields with one space between: minute hour dayOfMonth month weekday (UTC)"
    meant: list[set[int]] = []
    for each, text in zip(FIELDS, parts, strict=True):
        numbers = each.read(text)
        if isinstance(numbers, str):
            return numbers
        meant.append(numbers)
    if min(meant[2]) > max(LONGEST_MONTHS[month - 1] for month in meant[3]):
        return "names days that none of its months has: it would never run"
    return None
