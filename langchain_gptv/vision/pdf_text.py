"""The text layer of a PDF page. Call it under PDFium's lock, as `vision.pdf` does."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from langchain_gptv.vision.boxes import Box
from langchain_gptv.vision.observations import TextLine


def to_pixels(page: Any, size: tuple[int, int]) -> Callable[[float, float], tuple[int, int]]:
    """Return what maps a point of a pypdfium2 page to pixels of the page at `size`."""
    from pypdfium2 import PdfPosConv

    to_bitmap: Callable[[float, float], tuple[int, int]] = PdfPosConv(
        page, (0, 0, *size, 0)
    ).to_bitmap
    return to_bitmap


def read_lines(page: Any, size: tuple[int, int]) -> list[TextLine]:
    """Return the lines of a pypdfium2 page; boxes are in pixels of the page at `size`."""
    textpage = page.get_textpage()
    try:
        place = to_pixels(page, size)
        bounds = Box(0, 0, *size)
        found = []
        for text, start, count in _runs(textpage):
            box = _box(textpage, start, count, place)
            inside = box and box.intersection(bounds)
            if inside and inside.area:
                found.append(TextLine(text, 1.0, inside))
        return found
    finally:
        textpage.close()


def _runs(textpage: Any) -> Iterator[tuple[str, int, int]]:
    """Yield each line of text with its first character and their number, as PDFium counts."""
    start = 0
    for line in textpage.get_text_range().splitlines(keepends=True):
        count = len(line.encode("utf-16-le")) // 2
        text = " ".join(line.replace("\ufffe", "-").replace("\x02", "-").split())
        if text:
            yield text, start, count
        start += count


def _box(
    textpage: Any, start: int, count: int, place: Callable[[float, float], tuple[int, int]]
) -> Box | None:
    rects = [textpage.get_rect(i) for i in range(textpage.count_rects(start, count))]
    corners = [
        place(*corner)
        for left, bottom, right, top in rects
        for corner in ((left, bottom), (right, top))
    ]
    return Box(*map(float, Box.around(corners))) if corners else None
