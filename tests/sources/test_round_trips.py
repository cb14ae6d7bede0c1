"""A household written in any form and read again is what it was, within what the form can say: both change nights, any
step, and whatever systems and spreadsheets do to text."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sync.sources.files import Files, Part
from sync.sources.linky.files import open_files
from tests.sources.linky_writers import (
    AUTUMN,
    FORMS,
    NIGHTS,
    PLAIN,
    PRM,
    SPRING,
    Form,
    Household,
    Style,
    clock,
    household,
)

PERIODS = {"spring": (SPRING - timedelta(days=1), 2), "autumn": (AUTUMN, 2)}
STEPS = [(name, step) for name, form in FORMS.items() for step in form.steps]
CONVENTIONS = [(name, nights) for name, form in FORMS.items() if form.has_nights for nights in NIGHTS]


def opened(form: Form, house: Household, style: Style) -> tuple[Files, list[Part]]:
    """What comes back of a file, whose meter and flow are said where the form does not."""
    with tempfile.TemporaryDirectory() as folder:
        name = form.file_name.format(trade="conso" if house.flow == "consumption" else "prod")
        path = Path(folder) / name
        path.write_bytes(form.write(house, style))
        prm = "" if "prm" in form.says else PRM
        flow = "" if "flow" in form.says else house.flow
        files = open_files([path], prm=prm, flow=flow)
        return files, list(files.parts())


def comes_back(form: Form, house: Household, style: Style, doubled: int = 0) -> None:
    files, (part,) = opened(form, house, style)
    (series,) = files.totals
    assert (series.id, series.flow) == (PRM, house.flow)
    assert list(part.rejects) == []
    assert list(files.rejects) == []
    if form.has_totals:
        totals = files.totals[series]
        resolution = 1000 if "whole" in str(form.write) else 1
        assert totals.keys() == house.days.keys()
        assert all(0 <= house.days[day] - wh < resolution for day, wh in totals.items())
    if not form.has_curve:
        assert part.batches == []
        return
    (batch,) = part.batches
    wanted = [(reading.start, reading.seconds) for reading in house.readings]
    assert list(zip((batch.start // 1000).tolist(), batch.seconds.tolist(), strict=True)) == wanted
    for reading, wh in zip(house.readings, batch.wh.tolist(), strict=True):
        assert abs(reading.wh - wh) * 3600 < max(1, (form.resolution > 1) * form.resolution * reading.seconds)
    assert {flag for flag in batch.flags.values() if not flag.startswith("res:")} == set()
    assert bool(batch.flags) == (form.resolution > 1)
    assert part.counts.repeated == doubled


@pytest.mark.parametrize("period", PERIODS)
@pytest.mark.parametrize(("name", "step"), STEPS)
def test_a_form_gives_back_what_it_was_written_from(name: str, step: int, period: str) -> None:
    form = FORMS[name]
    for flow in form.flows:
        comes_back(form, household(*PERIODS[period], step, seed=step, flow=flow), PLAIN)


@pytest.mark.parametrize("period", PERIODS)
@pytest.mark.parametrize(("name", "nights"), CONVENTIONS)
def test_whichever_way_the_change_nights_are_written(name: str, nights: str, period: str) -> None:
    form = FORMS[name]
    for step in form.steps:
        for newest_first in (False, True):
            style = Style(nights=nights, newest_first=newest_first)
            comes_back(form, household(*PERIODS[period], step, seed=7), style)


# --- what systems, spreadsheets and people do to text ----------------------------------------------------------------

CHANGE_HOURS = range(1, 5)


def far_from_the_night(house: Household, place: int) -> bool:
    """Whether a row may go, or come twice, without leaving the doubled hour to a guess."""
    at = clock(house.readings[place].start)
    return at.date() not in (SPRING, AUTUMN) or at.hour not in CHANGE_HOURS


@st.composite
def variants(draw: st.DrawFn, name: str) -> tuple[Household, Style, int]:
    """A household with a hole, the style of its file, and how many rows of it stand there twice."""
    form = FORMS[name]
    step = draw(st.sampled_from(form.steps))
    whole = household(
        *PERIODS[draw(st.sampled_from(sorted(PERIODS)))],
        step,
        seed=draw(st.integers(0, 999)),
        flow=draw(st.sampled_from(form.flows)),
    )
    places = st.integers(8, len(whole.readings) - 9)
    kept = whole.readings
    if form.has_curve and not form.has_totals:  # a day with a hole has another total, which is right
        hole = draw(places)
        gone = set(range(hole, min(hole + draw(st.integers(0, 20)), len(kept) - 8)))
        if all(far_from_the_night(whole, place) for place in gone):
            kept = tuple(reading for place, reading in enumerate(kept) if place not in gone)
    house = replace(whole, readings=kept)
    count = len(house.readings)
    wanted = draw(st.frozensets(st.integers(8, count - 9), max_size=4)) if form.has_curve else frozenset()
    newest_first = draw(st.booleans()) and not form.keeps
    is_table = form.has_text and not form.has_nights and not form.keeps
    twice = frozenset(
        place
        for place in wanted
        if (is_table or name in SAVED)
        and (not form.is_naive or far_from_the_night(house, count - 1 - place if newest_first else place))
    )
    if name in SAVED and newest_first:
        twice = frozenset(count - 1 - place for place in twice)
    style = Style(
        encoding=draw(st.sampled_from(form.encodings)),
        line_end=draw(st.sampled_from(["\n", "\r\n", "\r"])),
        decimal=draw(st.sampled_from([",", "."])),
        quotes=draw(st.booleans()),
        newest_first=newest_first,
        doubled=twice,
        blank_before=draw(st.frozensets(st.integers(1, 60), max_size=3)) if form.has_text else frozenset(),
        nights=draw(st.sampled_from(NIGHTS)),
    )
    return house, style, len(twice)


SAVED = ("gateway V2", "gateway V5", "R63 as JSON")


@pytest.mark.parametrize("name", FORMS)
def test_whatever_was_done_to_the_text(name: str) -> None:
    @settings(max_examples=25 if FORMS[name].has_text else 10, deadline=None, suppress_health_check=list(HealthCheck))
    @given(variants(name))
    def variant(given: tuple[Household, Style, int]) -> None:
        house, style, doubled = given
        comes_back(FORMS[name], house, style, doubled)

    variant()


# --- more than one file, and rows that come twice in the doubled hour -------------------------------------------------


@pytest.mark.parametrize("name", [name for name, form in FORMS.items() if form.has_curve])
def test_a_file_and_its_copy_in_another_order_are_one(tmp_path: Path, name: str) -> None:
    form = FORMS[name]
    house = household(*PERIODS["autumn"], form.steps[-1], seed=9, flow=form.flows[-1])
    trade = "conso" if house.flow == "consumption" else "prod"
    paths = []
    for number, newest_first in enumerate((False, not form.keeps)):
        paths.append(tmp_path / f"{number}" / form.file_name.format(trade=trade))
        paths[-1].parent.mkdir()
        paths[-1].write_bytes(form.write(house, Style(newest_first=newest_first)))
    (part,) = open_files(paths, prm=PRM, flow=house.flow).parts()
    (batch,) = part.batches
    assert (batch.start // 1000).tolist() == [reading.start for reading in house.readings]
    assert part.counts.repeated == len(house.readings)
    assert list(part.rejects) == []


@pytest.mark.parametrize("steps", [(1800, 900), (900, 1800), (3600, 1800), (1800, 3600)])
@pytest.mark.parametrize("name", [name for name, form in FORMS.items() if form.has_curve and 900 in form.steps])
def test_a_step_that_changes_at_noon(name: str, steps: tuple[int, int]) -> None:
    form = FORMS[name]
    before, after = (household(AUTUMN, 2, step, seed=1).readings for step in steps)
    noon = next(reading.start for reading in before if clock(reading.start).hour == 12)
    kept = [reading for reading in before if reading.end <= noon] + [one for one in after if one.start >= noon]
    for newest_first in (False, not form.keeps):
        comes_back(form, Household(tuple(kept)), Style(newest_first=newest_first))


@pytest.mark.parametrize("newest_first", [False, True])
@pytest.mark.parametrize("name", ["R63", "SGE", "Strasbourg", "TotalEnergies", "gateway V2", "gateway V5"])
@pytest.mark.parametrize("step", [900, 1800, 3600])
def test_a_row_that_comes_twice_in_the_doubled_hour_is_repeated(name: str, step: int, newest_first: bool) -> None:
    house = household(AUTUMN, 1, step, seed=2)
    night = [place for place, reading in enumerate(house.readings) if clock(reading.start).hour == 2]
    for place in night:
        at = len(house.readings) - 1 - place if newest_first and name not in SAVED else place
        style = Style(newest_first=newest_first, doubled=frozenset({at}))
        comes_back(FORMS[name], house, style, doubled=1)
