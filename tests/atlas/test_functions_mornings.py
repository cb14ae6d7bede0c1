"""Two seasons of mornings with linkyDaily, both change days among them, after two backfills by the loader."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from pymongo.database import Database

from tests.atlas.functions_runs import atlas
from tests.atlas.mornings_season import DAY, Season, Spoilt
from tests.atlas.mornings_story import Story
from tests.bundled import bundled_tree


def march(day: int) -> date:
    return date(2025, 3, day)


def april(day: int) -> date:
    return date(2025, 4, day)


def september(day: int) -> date:
    return date(2025, 9, day)


def october(day: int) -> date:
    return date(2025, 10, day)


def november(day: int) -> date:
    return date(2025, 11, day)


SPRING_CHANGE, AUTUMN_CHANGE = march(30), october(26)
TROUBLE = ("500", "500", "500")

SPRING = Season(
    loaded=date(2025, 2, 10),
    first=march(8),
    end=april(28),
    off={march(13): 1, march(20): 2, march(28): 4, april(10): 3, april(17): 9},
    unreachable=frozenset({april(14), april(15)}),
    spoilt=(
        Spoilt("late", march(14), march(14), 3),
        Spoilt("correct", march(15), march(15), 10, since=march(17)),  # asked again together with the late day before
        Spoilt("nullcurve", march(23), march(23), until=march(26)),
        Spoilt("missing", april(4), april(4), 6, until=april(9)),
        Spoilt("duplicate", april(5), april(5)),
        Spoilt("shuffle", april(6), april(6)),
        Spoilt("missing", april(7), april(7), 4),
        Spoilt("nullcurve", april(8), april(8)),
    ),
    requests={
        march(10): TROUBLE,
        march(11): ("429",),
        march(12): ("429", "429"),
        april(3): ("reset", "500"),
        april(26): ("", *TROUBLE),
    },
    together=frozenset({march(25)}),
    cut=frozenset({april(2)}),
    repairs=frozenset({march(19)}),
)

AUTUMN = Season(
    loaded=april(27),
    first=september(22),
    end=november(26),
    off={september(24): 5, october(31): 6, november(8): 7, november(16): 8},
    spoilt=(
        Spoilt("nullcurve", october(1), october(16), until=october(18)),
        Spoilt("late", october(25), october(25), 2),
        Spoilt("late", november(6), november(6), 2),
    ),
    requests={
        october(20): ("429at:36000",),
        october(28): ("v5",),
        october(29): ("emptyobject",),
        october(30): ("cut", "502"),
        november(15): TROUBLE,
    },
    afternoon={november(15): TROUBLE},  # and then no run for eight days: three calls for 17 days
    together=frozenset({september(23)}),
    cut=frozenset({october(23)}),
)


def test_two_weeks_of_mornings(database: Database[Any], tmp_path: Path) -> None:
    """An outage, days off, refusals, a late day, and a corrected one that is repaired: of the file that is deployed."""
    folder = bundled_tree(tmp_path / "app")
    days = replace(
        SPRING, end=march(22), off={march(13): 1}, spoilt=SPRING.spoilt[:2], together=frozenset(), cut=frozenset()
    )
    with atlas(database, days.first, folder=folder) as around:
        story = Story(around)
        story.load(days.loaded, days.first, tmp_path)
        story.tell(days)
        story.assert_as_given()
        assert story.mornings >= 10
        assert not story.short_days(days.loaded, days.end - DAY)


@pytest.mark.soak
def test_sixty_mornings(database: Database[Any], tmp_path: Path) -> None:
    with atlas(database, SPRING.first) as around:
        story = Story(around)
        for season in (SPRING, AUTUMN):
            story.load(season.loaded, season.first, tmp_path)
            story.tell(season)
            story.assert_as_given()
        assert story.mornings >= 60
        never_given = {april(7), april(8)}
        assert story.short_days(SPRING.loaded, AUTUMN.end - DAY) == never_given
        assert (len(story.stored[SPRING_CHANGE]), len(story.stored[AUTUMN_CHANGE])) == (46, 50)
        assert_all_that_was_to_happen_happened(story)


def assert_all_that_was_to_happen_happened(story: Story) -> None:
    """None of the faults above has slipped by unmet."""
    assert sorted([*SPRING.off.values(), *AUTUMN.off.values()]) == list(range(1, 10))
    statuses = Counter(request.status for request in story.around.standin.requests)
    assert statuses.keys() == {200, 0, 404, 429, 500, 502}
    assert (statuses[429], statuses[500]) == (4, 4 * len(TROUBLE) + 1)
    assert {
        "two runs at once": 2,
        "cut off between the writes": 2,
        "healed": 2 * 48,
        "corrected": 48,
        "repaired": 1,
        "unreachable": 4,
        "late given after 3 days": 1,
        "late given after 2 days": 1,
        "nullcurve given after 3 days": 2,
        "nullcurve given after 17 days": 1,
        "missing given after 5 days": 1,
        "duplicate given after 1 days": 1,
        "shuffle given after 1 days": 1,
    }.items() <= story.happened.items()
    for event in ("late asked in vain", "nullcurve asked in vain", "two windows", "no request"):
        assert story.happened[event] > 1, event
