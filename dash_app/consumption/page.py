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

PAGE = Page(
    name="consumption",
    title="consumption.title",
    icon="bolt",
    empty="consumption.empty",
    blocks=(
        Block("key-figures", "consumption.keys", key_frame, body=key_body, wide=True, height=240),
        Block("load-curve", "consumption.curve", curve_frame, figure=curve_figure, wide=True, height=400, zooms=True),
        Block("hours", "consumption.heat", heat_frame, figure=heat_figure, wide=True, height=360),
        Block("days", "consumption.days", days_frame, figure=days_figure),
        Block("months", "consumption.months", months_frame, figure=months_figure),
        Block("typical-week", "consumption.week", week_frame, figure=week_figure),
        Block("load-duration", "consumption.duration", duration_frame, figure=duration_figure),
    ),
)
