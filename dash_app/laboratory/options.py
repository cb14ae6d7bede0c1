"""What may be chosen in the laboratory."""

from __future__ import annotations

from ..hours.queries import areas_of
from ..kit.reader import Reader
from ..kit.view import View
from .curves import Curve

WEATHER = "weather"
VARIABLES = ("temperature_c", "precipitation_mm", "wind_ms")
LAGS = (-72, 72)  # hours
SEES = ("no", "yes")  # whether the features of a day see the day
STANDARDS = {"curve": "", "place": "", "weather": VARIABLES[0], "lag": "0", "sees": "no", "fit": "no"}


def place_in(reader: Reader, view: View, curve: Curve | None) -> str:
    """Where the weather is from: the chosen place, the area itself, else the first that is stored."""
    places = areas_of(reader, WEATHER, WEATHER)
    wanted = (view.option("place", ""), curve.place if curve else "")
    return next((each for each in wanted if each in places), min(places, default=""))
