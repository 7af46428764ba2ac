"""Boxes with labels, drawn on a picture."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from langchain_gptv.vision.boxes import Box

if TYPE_CHECKING:
    import PIL.Image
    import PIL.ImageDraw

# Okabe and Ito's palette: told apart by the colour-blind too.
_COLORS = ("#d55e00", "#0072b2", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")


def draw_boxes(
    picture: PIL.Image.Image, boxes: Iterable[tuple[Box, str]], *, color: str | None = None
) -> PIL.Image.Image:
    """Return an RGB copy of `picture` with each box outlined and labelled.

    Args:
        picture: Upright, the one that the boxes are in pixels of.
        boxes: Each with its label; an empty label draws the outline alone.
        color: One colour for all; by default each label has its own.
    """
    import PIL.ImageDraw
    import PIL.ImageFont

    drawn = picture.convert("RGB")
    canvas = PIL.ImageDraw.Draw(drawn)
    unit = max(drawn.size) / 1000
    canvas.font = PIL.ImageFont.load_default(size=max(11, round(17 * unit)))
    palette: dict[str, str] = {}
    for box, label in boxes:
        chosen = color or palette.setdefault(label, _COLORS[len(palette) % len(_COLORS)])
        _draw_box(canvas, box.clamped(*drawn.size), label, chosen, drawn.size)
    return drawn


def _draw_box(
    canvas: PIL.ImageDraw.ImageDraw, box: Box, label: str, color: str, size: tuple[int, int]
) -> None:
    width = max(2, round(max(size) / 400))
    # Outside the box, so that the line does not cover what it shows.
    frame = Box(box.x1 - width, box.y1 - width, box.x2 + width, box.y2 + width)
    canvas.rectangle(tuple(frame), outline=color, width=width)
    if label:
        _draw_label(canvas, frame, label, color, size)


def _draw_label(
    canvas: PIL.ImageDraw.ImageDraw, frame: Box, label: str, color: str, size: tuple[int, int]
) -> None:
    """Put the label above the box, or below where there is no room, and inside the picture."""
    left, top, right, bottom = canvas.textbbox((0, 0), label)
    width, height = right - left + 8, bottom - top + 8
    x = max(0, min(frame.x1, size[0] - width))
    y = frame.y1 - height if frame.y1 >= height else min(frame.y2, size[1] - height)
    canvas.rectangle((x, y, x + width, y + height), fill=color)
    canvas.text((x + 4 - left, y + 4 - top), label, fill="white")
