"""Boxes in pixels: `xyxy` from the top left, width before height."""

from collections.abc import Iterable
from itertools import pairwise
from typing import NamedTuple, Self

Point = tuple[float, float]
"""A place (x, y)."""


class Box(NamedTuple):
    """A rectangle in pixels of the upright picture, top left (x1, y1) to bottom right (x2, y2).

    Example:
        >>> Box(10, 20, 30, 60).area
        800
    """

    x1: float
    y1: float
    x2: float
    y2: float

    @classmethod
    def around(cls, points: Iterable[Point]) -> Self:
        """Return the smallest box that holds all `points` (x, y)."""
        xs, ys = zip(*points, strict=True)
        return cls(min(xs), min(ys), max(xs), max(ys))

    @classmethod
    def union(cls, boxes: Iterable["Box"]) -> Self:
        """Return the smallest box that holds all `boxes`."""
        return cls.around(corner for box in boxes for corner in (box[:2], box[2:]))

    @classmethod
    def from_xywh(cls, x: float, y: float, width: float, height: float) -> Self:
        """Return the box with its top left corner at (x, y), as COCO writes boxes."""
        return cls(x, y, x + width, y + height)

    @classmethod
    def from_normalized(
        cls, values: Iterable[float], width: float, height: float, *, full: float = 1000
    ) -> Self:
        """Return a box that was given in parts of a picture of `width` x `height` pixels.

        Args:
            values: x1, y1, x2, y2 from 0 to `full`.
            width: Pixels of the picture.
            height: Pixels of the picture.
            full: What stands for the whole side: 1000, as most models write it, or 1.

        Example:
            >>> Box.from_normalized((250, 0, 750, 500), 4000, 3000)
            Box(x1=1000.0, y1=0.0, x2=3000.0, y2=1500.0)
        """
        x1, y1, x2, y2 = values
        return cls(x1 * width / full, y1 * height / full, x2 * width / full, y2 * height / full)

    def normalized(self, width: float, height: float, *, full: float = 1000) -> "Box":
        """Return the box in parts of a picture, 0 to `full`; undoes `from_normalized`."""
        return Box(
            self.x1 * full / width,
            self.y1 * full / height,
            self.x2 * full / width,
            self.y2 * full / height,
        )

    @property
    def width(self) -> float:
        """Pixels from left to right."""
        return self.x2 - self.x1

    @property
    def height(self) -> float:
        """Pixels from top to bottom."""
        return self.y2 - self.y1

    @property
    def area(self) -> float:
        """Square pixels; 0 for a box that is empty or inside out."""
        return max(0, self.width) * max(0, self.height)

    @property
    def center(self) -> Point:
        """The middle (x, y)."""
        return (self.x1 + self.x2) / 2, (self.y1 + self.y2) / 2

    def intersection(self, other: "Box") -> "Box":
        """Return the part that both share; its area is 0 when they do not meet."""
        return Box(
            max(self.x1, other.x1),
            max(self.y1, other.y1),
            min(self.x2, other.x2),
            min(self.y2, other.y2),
        )

    def iou(self, other: "Box") -> float:
        """Return intersection over union, 0 to 1.

        Example:
            >>> Box(0, 0, 10, 10).iou(Box(5, 0, 15, 10))
            0.3333333333333333
        """
        shared = self.intersection(other).area
        total = self.area + other.area - shared
        return shared / total if total else 0.0

    def scaled(self, by: float) -> "Box":
        """Return the box in a picture `by` times as large."""
        return Box(self.x1 * by, self.y1 * by, self.x2 * by, self.y2 * by)

    def moved(self, x: float, y: float) -> "Box":
        """Return the box `x` pixels to the right and `y` down."""
        return Box(self.x1 + x, self.y1 + y, self.x2 + x, self.y2 + y)

    def grown(self, by: float) -> "Box":
        """Return the box with `by` pixels more on every side."""
        return Box(self.x1 - by, self.y1 - by, self.x2 + by, self.y2 + by)

    def clamped(self, width: float, height: float) -> "Box":
        """Return the part inside a picture of `width` x `height` pixels."""
        return Box(
            min(max(self.x1, 0), width),
            min(max(self.y1, 0), height),
            min(max(self.x2, 0), width),
            min(max(self.y2, 0), height),
        )

    def rounded(self) -> "Box":
        """Return the box in whole pixels."""
        return Box(*(round(value) for value in self))


def grid_cells(width: int, height: int, columns: int, rows: int) -> list[Box]:
    """Return the cells of a grid over a picture, row by row, in whole pixels without gaps.

    Example:
        >>> grid_cells(100, 50, 2, 1)
        [Box(x1=0, y1=0, x2=50, y2=50), Box(x1=50, y1=0, x2=100, y2=50)]
    """
    xs = [round(width * column / columns) for column in range(columns + 1)]
    ys = [round(height * row / rows) for row in range(rows + 1)]
    return [Box(x1, y1, x2, y2) for y1, y2 in pairwise(ys) for x1, x2 in pairwise(xs)]
