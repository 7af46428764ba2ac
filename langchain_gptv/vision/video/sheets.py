"""Many frames in one picture, each with its moment: a whole video at the price of an image."""

from __future__ import annotations

from collections.abc import Sequence

import PIL.Image
import PIL.ImageDraw
import PIL.ImageFont

from langchain_gptv.vision.images import Image
from langchain_gptv.vision.video.frames import Frame

MAX_CELLS = 64
_GAP = 2
_GREY = "#303030"
"""Around the frames; a black frame is told apart from it."""


def contact_sheet(frames: Sequence[Frame], columns: int = 8, *, cell_width: int = 192) -> Image:
    """Put frames into one picture, row by row, each under its time such as '00:12.5'.

    Args:
        frames: Up to 64, in the order in which they are to be read.
        columns: Frames in a row; fewer frames make fewer columns.
        cell_width: Pixels of a frame's width; at 192 eight columns and eight rows of 16:9 fit into
            1550 x 1070 pixels.

    Raises:
        ValueError: There are no frames or too many, or a number is too small.

    Example:
        >>> sheet = contact_sheet(list(sample_frames("clip.mp4", 64)))  # doctest: +SKIP
    """
    _check(len(frames), columns, cell_width)
    cells = [_scaled(frame, cell_width) for frame in frames]
    letters = max(11, cell_width // 12)
    font = PIL.ImageFont.load_default(size=letters)
    strip = int(letters * 1.4)
    columns = min(columns, len(cells))
    pitch = cell_width + _GAP, max(cell.height for cell in cells) + strip + _GAP
    rows = -(-len(cells) // columns)
    sheet = PIL.Image.new("RGB", (columns * pitch[0] - _GAP, rows * pitch[1] - _GAP), _GREY)
    canvas = PIL.ImageDraw.Draw(sheet)
    for place, (frame, cell) in enumerate(zip(frames, cells, strict=True)):
        x, y = place % columns * pitch[0], place // columns * pitch[1]
        canvas.text((x + 3, y + strip / 2), frame.label, fill="white", font=font, anchor="lm")
        sheet.paste(cell, (x, y + strip))
    return Image.from_pil(sheet)


def _check(count: int, columns: int, cell_width: int) -> None:
    if not 1 <= count <= MAX_CELLS:
        raise ValueError(f"{count} frames; a contact sheet holds 1 to {MAX_CELLS}.")
    if columns < 1 or cell_width < 48:
        raise ValueError(
            f"columns={columns} must be at least 1 and cell_width={cell_width} at least 48 pixels."
        )


def _scaled(frame: Frame, width: int) -> PIL.Image.Image:
    picture = frame.image.to_pil()
    height = max(1, round(picture.height * width / picture.width))
    return picture.resize((width, height), PIL.Image.Resampling.LANCZOS)
