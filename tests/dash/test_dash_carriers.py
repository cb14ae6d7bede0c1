"""Carriers of energy have the colours that people know them by, the same on every page, for any colour vision."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from dash_app.kit.figures import COLOURS, carrier, carrier_fills, faded
from dash_app.kit.locale import Look

CARRIERS = ("hydro", "wind", "sun", "thermal", "nuclear", "other")
# Machado, Oliveira, Fernandes 2009, severity 1: what a reader without one kind of cone sees, of linear RGB.
VISIONS = {
    "all three": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
}
TOLD_APART = 20.0  # ΔE*ab between two areas that touch; 2.3 is just noticeable


def linear(colour: str) -> np.ndarray:
    parts = np.array([int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)])
    return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)


def lab(rgb: np.ndarray) -> np.ndarray:
    xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]) @ rgb.clip(0, 1)
    scaled = np.cbrt(np.maximum(xyz / [0.9505, 1.0, 1.089], 0.008856))
    return np.array([116 * scaled[1] - 16, 500 * (scaled[0] - scaled[1]), 200 * (scaled[1] - scaled[2])])


def contrast(one: str, other: str) -> float:
    light, dark = sorted((float(linear(each) @ [0.2126, 0.7152, 0.0722]) for each in (one, other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_carriers_are_told_apart_with_any_colour_vision(theme: str) -> None:
    colours = {name: COLOURS[theme][name] for name in CARRIERS}
    for name, colour in colours.items():
        assert contrast(colour, COLOURS[theme]["paper"]) >= 3, name
    for vision, seen in VISIONS.items():
        for one, other in combinations(CARRIERS, 2):
            distance = np.linalg.norm(lab(seen @ linear(colours[one])) - lab(seen @ linear(colours[other])))
            assert distance >= TOLD_APART, (vision, one, other, float(distance))


@pytest.mark.parametrize(
    ("name", "meaning"),
    [
        ("hydro", "hydro"),
        ("wind", "wind"),
        ("WindOffshore", "wind"),
        ("solar", "sun"),
        ("Solar Large", "sun"),
        ("thermal", "thermal"),
        ("BioGas", "thermal"),
        ("NaturalGas", "thermal"),
        ("Waste", "thermal"),
        ("nuclear", "nuclear"),
        ("*", "other"),
        ("other", "other"),
    ],
)
def test_a_group_and_a_type_have_the_colour_of_their_carrier(name: str, meaning: str) -> None:
    look = Look("en", "light")
    assert carrier(name) == meaning
    assert carrier_fills([name], look) == [faded(look, meaning, 1.0)]


def test_several_of_one_carrier_are_fainter_and_keep_its_colour() -> None:
    look = Look("en", "dark")
    fills = carrier_fills(["Coal", "wind", "Waste", "Wood", "Oil", "Straw"], look)
    assert fills[1] == faded(look, "wind", 1.0)
    assert len(set(fills[:5])) == 5
    assert {fill.rpartition(",")[0] for fill in (fills[0], *fills[2:])} == {
        faded(look, "thermal", 1.0).rpartition(",")[0]
    }
