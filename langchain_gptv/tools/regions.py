"""Parts of a picture as a model writes them: pixels, or thousandths of the sides."""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from langchain_gptv.exceptions import RegionError
from langchain_gptv.vision.boxes import Box

REGION_HELP = (
    'A part of the picture as "x1,y1,x2,y2" from its top left corner: in pixels, or in '
    'thousandths of its width and height when "/1000" follows, as in "250,0,750,500/1000".'
)
_MIN_SIDE = 2
_LONGEST = 200
_NUMBER = r"-?\d+(?:\.\d+)?"
_REGION = re.compile(rf"\D*?({_NUMBER})" + rf"[\s,;]+({_NUMBER})" * 3 + r"[\s\])]*(/\s*1000)?\s*")


def _joined(value: Any) -> Any:
    # Models write a list where a string is asked for.
    return ",".join(map(str, value)) if isinstance(value, list | tuple) else value


Region = Annotated[str, BeforeValidator(_joined), Field(description=REGION_HELP)]
"""An argument of a tool; `parse_region` makes a box of it."""


def parse_region(region: str, width: int, height: int) -> Box:
    """Return the part of a picture that a model named, in whole pixels inside the picture.

    Args:
        region: "x1,y1,x2,y2" in pixels, or in thousandths as "x1,y1,x2,y2/1000".
        width: Pixels of the picture.
        height: Pixels of the picture.

    Raises:
        RegionError: It is no such text, inside out, or outside the picture.

    Example:
        >>> parse_region("250,0,750,500/1000", 4000, 3000)
        Box(x1=1000, y1=0, x2=3000, y2=1500)
    """
    found = _REGION.fullmatch(region) if len(region) <= _LONGEST else None
    size = f"The picture is {width} x {height} pixels."
    if found is None:
        raise RegionError(
            f'{region[:_LONGEST]!r} is no region. {size} Write "x1,y1,x2,y2", as in "0,0,90,60".'
        )
    box = Box(*(float(number) for number in found.groups()[:4]))
    if found[5]:
        box = Box.from_normalized(box, width, height)
    if box.width <= 0 or box.height <= 0:
        raise RegionError(
            f"{region!r} is inside out: x2 must be right of x1, and y2 below y1. They are edges, "
            f"not width and height. {size}"
        )
    inside = box.clamped(width, height).rounded()
    if min(inside.width, inside.height) < _MIN_SIDE:
        raise RegionError(
            f"{region!r} lies outside the picture, or is less than {_MIN_SIDE} pixels of it. {size}"
        )
    return inside


def write_region(box: Box) -> str:
    """Return a box as a model should write it.

    Example:
        >>> write_region(Box(0.0, 10.4, 30.0, 40.0))
        '0,10,30,40'
    """
    return ",".join(str(round(edge)) for edge in box)
