"""How high the text of a picture is, without reading it.

Lines of text leave a mark of their own: rows with ink and rows without take turns, and along a
row with ink, ink and paper take turns every few pixels. Photos have neither.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from statistics import median

import PIL.Image

from langchain_gptv.vision.images import Image
from langchain_gptv.vision.pixels import opened, upright

_BLOCK = (256, 512)  # width, height in pixels; one background and one column of lines in each
_MAX_BLOCKS = 40
_MAX_PIXELS = 24_000_000
_MIN_LINES = 3
_SPREAD = 0.35
_CONTRAST = 48  # grey levels between ink and paper
_HEIGHTS = range(5, 200)
# From the top of an "l" to the bottom of a "p", as a part of the font size.
_INK_OF_FONT_SIZE = 0.95


def measure_text_height(image: Image) -> int | None:
    """Measure the font size, in pixels of the upright picture, of the text in an image.

    Cheap and rough (within about 30 %): it samples blocks of the picture and reads nothing.

    Raises:
        CorruptImageError: The image is damaged.

    Returns:
        The height that most lines have, or None when there is no text to be seen, as in a photo,
        or when the picture is too large to be decoded for this.
    """
    if image.width * image.height > _MAX_PIXELS:
        return None
    return _text_height(image)


def _text_height(image: Image) -> int | None:
    lines = [line for block in _blocks(_grey(image)) for line in _line_heights(block)]
    if len(lines) < _MIN_LINES:
        return None
    typical = median(lines)
    alike = sum(abs(line - typical) <= _SPREAD * typical for line in lines)
    # Chance finds in a photo have all heights.
    return int(typical / _INK_OF_FONT_SIZE) if alike > len(lines) / 2 else None


def _grey(image: Image) -> PIL.Image.Image:
    if image.mime_type != "image/jpeg":
        return image.to_pil().convert("L")
    with opened(image, image.header, None) as file:
        file.draft("L", file.size)  # leaves the colours undecoded
        return upright(file.convert("L"), image.orientation)


def _blocks(picture: PIL.Image.Image) -> Iterator[PIL.Image.Image]:
    width, height = (min(a, b) for a, b in zip(_BLOCK, picture.size, strict=True))
    columns, rows = picture.width // width, picture.height // height
    step = max(1, -(-columns * rows // _MAX_BLOCKS))
    for index in range(0, columns * rows, step):
        x, y = index % columns * width, index // columns * height
        yield picture.crop((x, y, x + width, y + height))


def _line_heights(block: PIL.Image.Image) -> Iterator[int]:
    ink = _ink(block)
    if ink is None:
        return
    rows = ink.resize((1, ink.height), PIL.Image.Resampling.BOX).tobytes()
    # The rules of a table put ink on every row: what nearly every row has is no text.
    floor = sorted(rows)[len(rows) // 10] + 1
    y = 0
    for is_ink, run in groupby(rows, lambda row: row > floor):
        height = len(list(run))
        inside = y > 0 and y + height < block.height
        if is_ink and inside and height in _HEIGHTS and _alternates(ink, y, height):
            yield height
        y += height


def _ink(block: PIL.Image.Image) -> PIL.Image.Image | None:
    levels = block.histogram()
    paper = max(range(256), key=levels.__getitem__)
    near = sum(levels[max(0, paper - _CONTRAST // 2) : paper + _CONTRAST // 2])
    if not 0.5 < near / (block.width * block.height) < 0.998:
        return None
    return block.point([255 * (abs(level - paper) > _CONTRAST) for level in range(256)])


def _alternates(ink: PIL.Image.Image, top: int, height: int) -> bool:
    middle = top + height // 2
    row = ink.crop((0, middle, ink.width, middle + 1)).tobytes()
    strokes = row.count(b"\0\xff")
    length = row.rfind(b"\xff") - row.find(b"\xff")
    return strokes >= 3 and strokes * height > length
