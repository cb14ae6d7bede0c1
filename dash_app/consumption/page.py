"""The consumption page: how much, when, and whether it is more than a year before."""

from __future__ import annotations

from ..kit.blocks import Block, Page
from .figures import curve_figure
from .figures_days import days_figure, months_figure
from .figures_heat import heat_figure
from .figures_profile import duration_figure, week_figure
from .page_keys import key_body
from .queries_compare import key_frame, months_frame
from .queries_curve import curve_frame
from .queries_frames import days_frame, duration_frame, heat_frame, week_frame

EMPTY = "consumption.empty"

PAGE = Page(
    name="consumption",
    title="consumption.title",
    icon="bolt",
    blocks=(
        Block("key-figures", "consumption.keys.title", key_frame, body=key_body, wide=True, height=240, empty=EMPTY),
        Block(
            "load-curve",
            "consumption.curve.title",
            curve_frame,
            figure=curve_figure,
            subtitle="consumption.curve.subtitle",
            wide=True,
            height=400,
            empty=EMPTY,
            zooms=True,
        ),
        Block(
            "hours",
            "consumption.heat.title",
            heat_frame,
            figure=heat_figure,
            subtitle="consumption.heat.subtitle",
            wide=True,
            height=360,
            empty=EMPTY,
        ),
        Block(
            "days",
            "consumption.days.title",
            days_frame,
            figure=days_figure,
            subtitle="consumption.days.subtitle",
            empty=EMPTY,
        ),
        Block(
            "months",
            "consumption.months.title",
            months_frame,
            figure=months_figure,
            subtitle="consumption.months.subtitle",
            empty=EMPTY,
        ),
        Block(
            "typical-week",
            "consumption.week.title",
            week_frame,
            figure=week_figure,
            subtitle="consumption.week.subtitle",
            empty=EMPTY,
        ),
        Block(
            "load-duration",
            "consumption.duration.title",
            duration_frame,
            figure=duration_figure,
            subtitle="consumption.duration.subtitle",
            empty=EMPTY,
        ),
    ),
)
