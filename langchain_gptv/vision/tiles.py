"""Cutting a picture into parts large enough to be read, along gaps between lines and columns."""

from __future__ import annotations

from itertools import groupby, pairwise
from typing import TYPE_CHECKING

from langchain_gptv.vision.boxes import Box
from langchain_gptv.vision.choose import READABLE_PX
from langchain_gptv.vision.profiles import VisionProfile

if TYPE_CHECKING:
    import PIL.Image

_MOST_PARTS = 6
_REACH = 0.1
_QUIET = 2  # grey levels of edges that JPEG noise leaves in a gap
_OVERLAP = 0.05


def choose_tiles(
    width: int, height: int, profile: VisionProfile, text_height: float
) -> tuple[int, int]:
    """Return into how many (columns, rows) to cut a picture so that its text can be read.

    The cheapest grid, in tokens, at which text is as high as it must be; the finest there is when
    none is fine enough.

    Args:
        width: Pixels of the picture.
        height: Pixels of the picture.
        profile: How the model takes images.
        text_height: Font size in pixels of the picture.

    Example:
        >>> from langchain_gptv.vision.profiles import get_profile
        >>> choose_tiles(3840, 2160, get_profile("gpt-4o"), 13)
        (2, 2)
    """
    counts = range(1, _MOST_PARTS + 1)
    fits = []
    for columns, rows in ((c, r) for c in counts for r in counts):
        tile = -(-width // columns), -(-height // rows)
        if text_height * seen_scale(*tile, profile) >= min(READABLE_PX, text_height):
            tokens = columns * rows * profile.tokens(*tile, profile.main_detail)
            fits.append((tokens, columns * rows, columns, rows))
    return min(fits)[2:] if fits else (_MOST_PARTS, _MOST_PARTS)


def seen_scale(width: int, height: int, profile: VisionProfile) -> float:
    """Return how large the model sees a picture, as a part of its own size, 0 to 1."""
    seen, _ = profile.seen_size(width, height, profile.main_detail)
    return seen / width


def cut_tiles(picture: PIL.Image.Image, columns: int, rows: int) -> list[Box]:
    """Return the parts of a picture, row by row, cut where there is nothing if that is near.

    Where there is no gap, neighbours overlap, so that what one cuts the other shows.

    Example:
        >>> from PIL import Image as Pillow
        >>> [box.rounded() for box in cut_tiles(Pillow.new("L", (200, 100)), 2, 1)]
        [Box(x1=0, y1=0, x2=100, y2=100), Box(x1=100, y1=0, x2=200, y2=100)]
    """
    import PIL.ImageFilter

    edges = picture.convert("L").filter(PIL.ImageFilter.FIND_EDGES)
    tiles = []
    for top, bottom in _cut(edges, rows, down=True):
        band = edges.crop((0, top, edges.width, bottom))
        tiles += [Box(x1, top, x2, bottom) for x1, x2 in _cut(band, columns, down=False)]
    return tiles


def _cut(edges: PIL.Image.Image, parts: int, *, down: bool) -> list[tuple[int, int]]:
    import PIL.Image

    side = edges.height if down else edges.width
    line = (1, side) if down else (side, 1)
    busy = edges.resize(line, PIL.Image.Resampling.BOX).tobytes()
    cuts = [(0, 0), *(_gap(busy, side * n // parts, side // parts) for n in range(1, parts))]
    ends = [*cuts, (side, side)]
    # Each cut is where the part before it ends and where the part after it starts.
    return [(before[1], after[0]) for before, after in pairwise(ends)]


def _gap(busy: bytes, middle: int, part: int) -> tuple[int, int]:
    """Return (end of the part before, start of the part after), near `middle`."""
    reach = max(1, int(part * _REACH))
    start = max(0, middle - reach)
    window = busy[start : middle + reach]
    best, place = 0, start
    for quiet, run in groupby(window, lambda level: level <= _QUIET):
        length = len(list(run))
        if quiet and length > best:
            best, cut = length, place + length // 2
        place += length
    if best:
        return cut, cut
    overlap = int(part * _OVERLAP)
    return min(len(busy), middle + overlap), max(0, middle - overlap)
