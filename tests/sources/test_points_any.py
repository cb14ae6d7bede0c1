"""Whatever text a point holds: nothing raises, nothing is lost, nothing is made up."""

from __future__ import annotations

import math
from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st

from sync.sources.linky.points import Point
from tests.curves import curve, rows

LABELS = st.one_of(
    st.text(max_size=25),
    st.from_regex(r"20[0-9]{2}-(0[1-9]|1[0-2])-[0-3][0-9][ T][0-2][0-9]:[0-5]0:00(Z|\+0[12]:?00)?", fullmatch=True),
    st.builds("2024-10-27 0{}:{}0:00".format, st.integers(1, 3), st.integers(0, 5)),
    st.builds("2024-03-31 0{}:{}0:00".format, st.integers(1, 3), st.integers(0, 5)),
)
VALUES = st.one_of(st.none(), st.text(max_size=12), st.integers(0, 10**10).map(str), st.sampled_from(["0", "100"]))
STEPS = st.one_of(st.none(), st.text(max_size=6), st.sampled_from(["PT5M", "PT10M", "PT30M", "PT60M", "PT1H"]))
ANY_TEXT = st.one_of(st.none(), st.text(max_size=5))
POINTS = st.builds(Point, LABELS, VALUES, STEPS, ANY_TEXT, ANY_TEXT, ANY_TEXT, st.just(0), st.booleans(), st.booleans())


@settings(max_examples=600, deadline=None)
@given(st.lists(POINTS, max_size=25), st.dictionaries(st.just(date(2024, 10, 27)), st.integers(0, 5000)))
def test_no_text_raises_and_every_point_is_accounted_for(points: list[Point], totals: dict[date, int]) -> None:
    result = curve(points, totals=totals)
    assert len(result.batch) + result.missing + result.repeated + len(result.rejects) == len(points)
    given = [point for point in points if point.value and point.value.isascii() and _is_number(point)]
    powers = {int(float(point.value or "")) for point in given if not point.is_energy}
    energies = {int(float(point.value or "")) for point in given if point.is_energy}
    for _, wh, seconds in rows(result.batch):
        assert wh * 3600 // seconds in powers or wh in energies


def _is_number(point: Point) -> bool:
    try:
        return 0 <= float(point.value or "") < math.inf
    except ValueError:
        return False
