"""Phrases of an answer and where in the picture they are. Plain data, and its form on the wire."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from langchain_gptv.vision.boxes import Box, Point

EXTENSIONS_VERSION = "2023-12-01-preview"
"""The version of Azure's chat API that had enhancements under a path of their own."""

ENHANCED_VERSIONS = (EXTENSIONS_VERSION, "2024-02-15-preview", "2024-03-01-preview")
"""All that had them."""


@dataclass(frozen=True, slots=True)
class GroundedSpan:
    """A phrase of an answer and the outline of what it speaks of.

    Attributes:
        text: As it stands in the answer.
        offset: Where it begins, in Unicode code points, which Python's strings count too.
        length: In Unicode code points.
        polygon: Points (x, y) clockwise from the top left, as shares 0 to 1 of the upright
            picture's width and height.

    Example:
        >>> span = GroundedSpan.of_box("a cup", 8, Box(60, 20, 180, 100), size=(600, 400))
        >>> span.polygon[0]
        (0.1, 0.05)
    """

    text: str
    offset: int
    length: int
    polygon: tuple[Point, ...]

    @classmethod
    def of_box(cls, text: str, offset: int, box: Box, *, size: tuple[int, int]) -> Self:
        """Tie a phrase to a box in pixels of a picture of `size` (width, height)."""
        width, height = size
        x1, y1, x2, y2 = box.clamped(width, height)
        left, top, right, bottom = x1 / width, y1 / height, x2 / width, y2 / height
        corners = ((left, top), (right, top), (right, bottom), (left, bottom))
        return cls(text, offset, len(text), corners)

    @classmethod
    def from_wire(cls, span: Mapping[str, Any]) -> Self:
        """Read `{text, offset, length, polygon: [{x, y}]}`.

        Raises:
            KeyError, TypeError, ValueError: It is not of that shape.
        """
        polygon = tuple((float(point["x"]), float(point["y"])) for point in span["polygon"])
        if len(polygon) < 2:
            raise ValueError(f"a polygon of {len(polygon)} points")
        return cls(str(span["text"]), int(span["offset"]), int(span["length"]), polygon)

    def to_wire(self) -> dict[str, Any]:
        """Write the span as Azure's vision enhancements did."""
        polygon = [{"x": x, "y": y} for x, y in self.polygon]
        shown = {"text": self.text, "offset": self.offset, "length": self.length}
        return {**shown, "polygon": polygon}

    def box(self, width: int, height: int) -> Box:
        """Return the smallest box around the polygon, in pixels of a picture of that size."""
        return Box.around((x * width, y * height) for x, y in self.polygon)


def describe_grounding(answer: str, spans: Iterable[GroundedSpan]) -> dict[str, Any]:
    """Return the documented `enhancements` of an answer, which is its one line."""
    line = {"text": answer, "spans": [span.to_wire() for span in spans]}
    return {"grounding": {"lines": [line], "status": "Success"}}
