"""Where two pictures differ, by their pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from langchain_gptv.vision.boxes import Box
from langchain_gptv.vision.images import Image

if TYPE_CHECKING:
    import PIL.Image

_MAX_SIDE = 1600
"""Larger pictures are compared at this size."""

_CELL = 8
"""Pixels of a cell's side; cells that touch, a gap of one included, are one region."""

_LEAST = 32
"""Of 255: below it a difference is noise of the encoding."""

_ASPECT = 0.02
"""Pictures whose shapes differ by more cannot be laid on one another."""


@dataclass(frozen=True, slots=True)
class PixelDifference:
    """Where two pictures differ.

    Attributes:
        comparable: False when their shapes differ; nothing else is known then.
        regions: Largest first, in pixels of the first picture, upright.
        share: Of the picture's area that lies in changed cells, 0 to 1.
    """

    comparable: bool
    regions: tuple[Box, ...] = ()
    share: float = 0.0

    @property
    def same(self) -> bool:
        """Whether no difference was found."""
        return self.comparable and not self.regions


def find_differences(first: Image, second: Image, *, max_regions: int = 12) -> PixelDifference:
    """Find the parts in which two pictures of the same shape differ.

    The second is scaled to the first. Something that moved is found where it was and where it is.

    Args:
        first: Regions are in its pixels.
        second: Of the same shape, in any size.
        max_regions: The smallest beyond that are left out; their area still counts.

    Example:
        >>> receipt = Image.of("examples/images/receipt.png")
        >>> find_differences(receipt, receipt).same
        True
    """
    aspects = first.width / first.height, second.width / second.height
    if abs(aspects[0] / aspects[1] - 1) > _ASPECT:
        return PixelDifference(comparable=False)
    if first.sha256 == second.sha256:
        return PixelDifference(comparable=True)
    scale = min(1, _MAX_SIDE / max(first.width, first.height))
    size = max(1, round(first.width * scale)), max(1, round(first.height * scale))
    cells, columns = _changed_cells(first.to_pil().resize(size), second.to_pil().resize(size))
    changed = {(at % columns, at // columns) for at, value in enumerate(cells) if value}
    boxes = [_box(group, first, size) for group in _groups(changed)]
    boxes.sort(key=lambda box: -box.area)
    return PixelDifference(True, tuple(boxes[:max_regions]), len(changed) / len(cells))


def _changed_cells(one: PIL.Image.Image, other: PIL.Image.Image) -> tuple[bytes, int]:
    """Return one byte per cell, 0 where nothing changed, and the cells of a row."""
    from PIL import ImageChops, ImageFilter

    bands = ImageChops.difference(one, other).split()
    strongest = ImageChops.lighter(ImageChops.lighter(bands[0], bands[1]), bands[2])
    # A lone pixel is noise; what is left after the median is not.
    marked = strongest.point([255 * (value >= _LEAST) for value in range(256)])
    marked = marked.filter(ImageFilter.MedianFilter(3))
    columns, rows = -(-marked.width // _CELL), -(-marked.height // _CELL)
    padded = marked.crop((0, 0, columns * _CELL, rows * _CELL))
    return padded.reduce(_CELL).point([255 * (v > 0) for v in range(256)]).tobytes(), columns


def _groups(cells: set[tuple[int, int]]) -> list[list[tuple[int, int]]]:
    """Group cells that are at most one cell apart."""
    left, groups = set(cells), []
    while left:
        group, edge = [], [left.pop()]
        while edge:
            x, y = edge.pop()
            group.append((x, y))
            near = {(x + i, y + j) for i in range(-2, 3) for j in range(-2, 3)} & left
            left -= near
            edge += near
        groups.append(group)
    return groups


def _box(cells: list[tuple[int, int]], image: Image, size: tuple[int, int]) -> Box:
    by = _CELL * image.width / size[0]
    corners = ((x + i, y + i) for x, y in cells for i in (0, 1))
    return Box.around(corners).scaled(by).clamped(image.width, image.height).rounded()
