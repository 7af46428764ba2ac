"""Boxes in pixels: `xyxy` from the top left, width before height."""

from collections.abc import Iterable
from typing import NamedTuple, Self


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
    def around(cls, points: Iterable[tuple[float, float]]) -> Self:
        """Return the smallest box that holds all `points` (x, y)."""
        xs, ys = zip(*points, strict=True)
        return cls(min(xs), min(ys), max(xs), max(ys))

    @classmethod
    def union(cls, boxes: Iterable["Box"]) -> Self:
        """Return the smallest box that holds all `boxes`."""
        return cls.around(corner for box in boxes for corner in (box[:2], box[2:]))

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
    def center(self) -> tuple[float, float]:
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
