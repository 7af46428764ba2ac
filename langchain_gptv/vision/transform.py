"""From the pixels that were sent back to the pixels of the original, and forth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import overload

from langchain_gptv.vision.boxes import Box, Point


@dataclass(frozen=True, slots=True)
class Transform:
    """How a prepared picture lies on its original.

    Coordinates are pixels from the top left, on the edges between pixels: the whole picture is
    `Box(0, 0, width, height)`. The original is the upright picture, as a viewer shows it.

    Attributes:
        original: (width, height) in pixels of the original, upright.
        prepared: (width, height) in pixels of the prepared picture.
        orientation: The EXIF value 1 to 8 of how the original is stored.

    Example:
        >>> transform = Transform(original=(4000, 3000), prepared=(800, 600))
        >>> transform.to_original(Box(10, 20, 110, 220))
        Box(x1=50.0, y1=100.0, x2=550.0, y2=1100.0)
        >>> transform.to_prepared((4000, 3000))
        (800.0, 600.0)
    """

    original: tuple[int, int]
    prepared: tuple[int, int]
    orientation: int = 1

    @overload
    def to_original(self, where: Box) -> Box: ...
    @overload
    def to_original(self, where: Point) -> Point: ...
    def to_original(self, where: Box | Point) -> Box | Point:
        """Map a box or point (x, y) of the prepared picture to the original."""
        return _scaled(where, self.prepared, self.original)

    @overload
    def to_prepared(self, where: Box) -> Box: ...
    @overload
    def to_prepared(self, where: Point) -> Point: ...
    def to_prepared(self, where: Box | Point) -> Box | Point:
        """Map a box or point (x, y) of the original to the prepared picture."""
        return _scaled(where, self.original, self.prepared)

    @overload
    def to_stored(self, where: Box) -> Box: ...
    @overload
    def to_stored(self, where: Point) -> Point: ...
    def to_stored(self, where: Box | Point) -> Box | Point:
        """Map a box or point of the prepared picture to the file's pixels, which may lie turned.

        For readers that ignore EXIF orientation.
        """
        if isinstance(where, Box):
            return Box.around([self.to_stored(where[:2]), self.to_stored(where[2:])])
        x, y = self.to_original(where)
        width, height = self.original
        mirrored, flipped = width - x, height - y
        return {
            2: (mirrored, y),
            3: (mirrored, flipped),
            4: (x, flipped),
            5: (y, x),
            6: (y, mirrored),
            7: (flipped, mirrored),
            8: (flipped, x),
        }.get(self.orientation, (x, y))


def _scaled(where: Box | Point, from_size: Point, to_size: Point) -> Box | Point:
    across, down = to_size[0] / from_size[0], to_size[1] / from_size[1]
    if isinstance(where, Box):
        return Box(where.x1 * across, where.y1 * down, where.x2 * across, where.y2 * down)
    return where[0] * across, where[1] * down
