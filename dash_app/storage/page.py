"""Storage: what the time-series form saves on the reader's own readings, why, and what that means for many meters."""

from __future__ import annotations

from datetime import datetime

from dash import html
from dash.development.base_component import Component

from ..kit.blocks import Block, Frame, Page
from ..kit.components import note, sentence, warning
from ..kit.locale import Look
from .figures import bars_figure
from .figures_projection import projection_figure
from .figures_speed import speed_figure
from .page_bucket import bucket_body
from .page_lab import lab_body
from .page_numbers import numbers_body
from .page_projection import controls, fits_body
from .queries import FEW, OPTIONS, Measured, Measurement, bucket_frame, projection_frame, sizes_frame
from .queries_lab import lab_frame, times_frame

# --- the answer -------------------------------------------------------------------------------------------------------


def answer_body(frame: Frame, look: Look) -> Component:
    """One sentence a source, and when and on what it was measured."""
    found: Measurement = frame.notes["measurement"]
    lines: list[Component] = []
    for each in found.pairs:
        if each.refused:
            lines.append(warning(look.text("storage.refused")))
            continue
        said = _sentence(each, look)
        lines.append(
            sentence(
                said if len(found.pairs) == 1 else look.text("storage.answer.of", source=each.source, sentence=said)
            )
        )
        if not each.settled:
            lines.append(warning(look.text("storage.answer.unsettled")))
        elif each.readings < FEW:
            lines.append(warning(look.text("storage.answer.few")))
    at = moment(found.at, look)
    return html.Div([*lines, note(look.text("storage.answer.measured", version=found.server_version, at=at))])


def _sentence(each: Measured, look: Look) -> str:
    total = each.total_bytes
    change = total["timeseries"] / total["regular"] - 1
    return look.text(
        f"storage.answer.{'less' if change <= 0 else 'more'}",
        readings=look.number(each.readings),
        timeseries=look.bytes(total["timeseries"]),
        regular=look.bytes(total["regular"]),
        percent=look.percent(abs(change)),
    )


def moment(at: datetime, look: Look) -> str:
    """A UTC moment: sizes belong to a server, not to a meter's zone."""
    return look.moment(at.replace(tzinfo=None))


PAGE = Page(
    name="storage",
    title="storage.title",
    icon="database",
    empty="storage.empty",
    has_series=False,
    has_period=False,
    options=OPTIONS,
    blocks=(
        Block("storage-answer", "storage.answer", sizes_frame, body=answer_body, wide=True, options=()),
        Block("storage-bars", "storage.bars", sizes_frame, figure=bars_figure, height=480, options=()),
        Block("storage-bucket", "storage.bucket", bucket_frame, body=bucket_body, height=340, options=()),
        Block("storage-numbers", "storage.numbers", sizes_frame, body=numbers_body, wide=True, height=360, options=()),
        Block(
            "storage-projection",
            "storage.projection",
            projection_frame,
            figure=projection_figure,
            wide=True,
            height=380,
            controls=controls,
        ),
        Block("storage-fits", "storage.fits", projection_frame, body=fits_body, wide=True, height=360, has_csv=False),
        Block("storage-lab", "storage.lab", lab_frame, body=lab_body, wide=True, empty="storage.no_lab", options=()),
        Block(
            "storage-speed",
            "storage.speed",
            times_frame,
            figure=speed_figure,
            wide=True,
            height=340,
            empty="storage.no_lab",
            options=(),
        ),
    ),
)
