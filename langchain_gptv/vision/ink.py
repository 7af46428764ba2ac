"""Where the ink of a text line ends: readers give boxes with room around the letters."""

from __future__ import annotations

from typing import TYPE_CHECKING

from langchain_gptv.vision.boxes import Box

if TYPE_CHECKING:
    import PIL.Image

_FAINT = 32  # grey levels
_LEAST = 0.15  # of a box: less is a dot or a rule, not what was read
_COLORS = 8


def tighten(picture: PIL.Image.Image, box: Box) -> Box:
    """Return the part of a text line's box that has ink, in whole pixels.

    Ink is what differs from the commonest colour by at least half as much as anything does. Where
    there is none, or hardly any, the box stays as it is.

    Args:
        picture: Upright, the one that the box is in pixels of.
        box: Around one line of text.

    Example:
        >>> from PIL import Image as Pillow
        >>> page = Pillow.new("RGB", (100, 50), "white")
        >>> page.paste("black", (20, 20, 60, 30))
        >>> tighten(page, Box(10, 10, 80, 40))
        Box(x1=20, y1=20, x2=60, y2=30)
    """
    part = box.clamped(*picture.size).rounded()
    if part.area == 0:
        return box
    ink = _ink(picture.crop(part).convert("RGB"))
    if ink is None or ink.area < _LEAST * part.area:
        return box
    return ink.moved(part.x1, part.y1)


def _ink(crop: PIL.Image.Image) -> Box | None:
    from PIL import Image, ImageChops

    ground = Image.new("RGB", crop.size, _commonest(crop))
    red, green, blue = ImageChops.difference(crop, ground).split()
    differs = ImageChops.lighter(ImageChops.lighter(red, green), blue)
    most = max(level for level, count in enumerate(differs.histogram()) if count)
    if most < _FAINT:
        return None
    bounds = differs.point([255 * (2 * level >= most) for level in range(256)]).getbbox()
    return Box(*bounds) if bounds else None


def _commonest(crop: PIL.Image.Image) -> tuple[int, ...]:
    few = crop.quantize(_COLORS)
    counts = few.histogram()
    index = counts.index(max(counts))
    return tuple((few.getpalette() or [])[3 * index : 3 * index + 3])
