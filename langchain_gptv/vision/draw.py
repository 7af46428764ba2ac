"""Boxes, numbered marks and grids, drawn on a copy of a picture."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from langchain_gptv.vision.boxes import Box, grid_cells
from langchain_gptv.vision.labels import place_labels

if TYPE_CHECKING:
    import PIL.Image

# Okabe and Ito's palette: told apart by the colour-blind too.
COLORS = ("#d55e00", "#0072b2", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
_PADDING = 3
_SMALLEST_FONT = 15
# Relative luminance above which black is easier to read than white (WCAG 2.1).
_BRIGHT = 0.179


def draw_boxes(
    picture: PIL.Image.Image, boxes: Iterable[tuple[Box, str]], *, color: str | None = None
) -> PIL.Image.Image:
    """Return an RGB copy of `picture` with each box outlined and labelled.

    Args:
        picture: Upright, the one that the boxes are in pixels of.
        boxes: Each with its label; an empty label draws the outline alone.
        color: One colour for all, as Pillow names it; by default each label has its own.

    Example:
        >>> from PIL import Image as Pillow
        >>> draw_boxes(Pillow.new("L", (200, 100)), [(Box(20, 40, 90, 80), "cup")]).mode
        'RGB'
    """
    drawing = _Drawing(picture)
    palette: dict[str, str] = {}
    labelled = list(boxes)
    for _, label in labelled:
        palette.setdefault(label, color or COLORS[len(palette) % len(COLORS)])
    drawing.draw(labelled, [palette[label] for _, label in labelled])
    return drawing.picture


def draw_marks(
    picture: PIL.Image.Image, boxes: Iterable[Box], *, start: int = 1
) -> PIL.Image.Image:
    """Return an RGB copy of `picture` with each box outlined and numbered, for a model to choose.

    Numbers lie beside their boxes where there is room, so that they hide nothing.

    Args:
        picture: Upright, the one that the boxes are in pixels of; drawn at the size at which the
            model sees it, so that the numbers are not scaled down.
        boxes: In the order of their numbers.
        start: The first number.

    Example:
        >>> from PIL import Image as Pillow
        >>> draw_marks(Pillow.new("RGB", (200, 100)), [Box(20, 40, 90, 80)]).size
        (200, 100)
    """
    drawing = _Drawing(picture)
    numbered = [(box, str(number)) for number, box in enumerate(boxes, start)]
    drawing.draw(numbered, [COLORS[index % len(COLORS)] for index in range(len(numbered))])
    return drawing.picture


def draw_grid(
    picture: PIL.Image.Image, columns: int, rows: int, *, start: int = 1
) -> PIL.Image.Image:
    """Return an RGB copy of `picture` under a grid whose cells are numbered row by row.

    Args:
        picture: Upright.
        columns: Cells from left to right.
        rows: Cells from top to bottom.
        start: The number of the first cell; `grid_cells` gives their boxes in the same order.
    """
    drawing = _Drawing(picture)
    cells = grid_cells(*drawing.picture.size, columns, rows)
    for cell in cells:
        drawing.outline(cell, COLORS[0])
    for number, cell in enumerate(cells, start):
        width, height = drawing.size_of(str(number))
        place = Box(cell.x1, cell.y1, cell.x1 + width, cell.y1 + height)
        drawing.label(place, str(number), COLORS[0])
    return drawing.picture


class _Drawing:
    """A copy of a picture, with pens that fit its size."""

    def __init__(self, picture: PIL.Image.Image) -> None:
        import PIL.ImageDraw
        import PIL.ImageFont

        self.picture = picture.convert("RGB")
        self.canvas = PIL.ImageDraw.Draw(self.picture)
        side = max(picture.size)
        self.font = PIL.ImageFont.load_default(size=max(_SMALLEST_FONT, round(side / 70)))
        self.width = max(2, round(side / 600))

    def draw(self, labelled: Sequence[tuple[Box, str]], colors: Sequence[str]) -> None:
        """Outline all boxes, then put the labels above all outlines."""
        # Outside the box, so that the line does not cover what it shows.
        frames = [box.clamped(*self.picture.size).grown(self.width + 1) for box, _ in labelled]
        for frame, color in zip(frames, colors, strict=True):
            self.outline(frame, color)
        named = [i for i, (_, label) in enumerate(labelled) if label]
        sizes = [self.size_of(labelled[i][1]) for i in named]
        places = place_labels([frames[i] for i in named], sizes, self.picture.size)
        for i, place in zip(named, places, strict=True):
            self.label(place, labelled[i][1], colors[i])

    def size_of(self, label: str) -> tuple[float, float]:
        """Return the (width, height) of a label with its margin; never wider than the picture."""
        left, top, right, bottom = self.canvas.textbbox((0, 0), label, font=self.font)
        width = right - left + 2 * _PADDING
        return min(width, self.picture.width), bottom - top + 2 * _PADDING

    def outline(self, box: Box, color: str) -> None:
        """Draw a line that shows on any ground: coloured, with white at both sides."""
        self.canvas.rectangle(tuple(box.grown(1)), outline="white", width=self.width + 2)
        self.canvas.rectangle(tuple(box), outline=color, width=self.width)

    def label(self, place: Box, label: str, color: str) -> None:
        """Write a label on its own ground."""
        left, top, *_ = self.canvas.textbbox((0, 0), label, font=self.font)
        self.canvas.rectangle(tuple(place), fill=color)
        corner = place.x1 + _PADDING - left, place.y1 + _PADDING - top
        self.canvas.text(corner, label, fill=_ink_on(color), font=self.font)


def _ink_on(color: str) -> str:
    """Return the colour, black or white, that is easier to read on `color`."""
    import PIL.ImageColor

    red, green, blue = ((value / 255) ** 2.2 for value in PIL.ImageColor.getrgb(color)[:3])
    return "black" if 0.2126 * red + 0.7152 * green + 0.0722 * blue > _BRIGHT else "white"
