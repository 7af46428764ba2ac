"""Where the figures of a PDF page are: embedded pictures, and drawings made of many lines."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import product
from typing import Any

import PIL.Image
import PIL.ImageDraw

from langchain_gptv.vision.boxes import Box
from langchain_gptv.vision.observations import TextLine
from langchain_gptv.vision.pdf import PDFPage, called
from langchain_gptv.vision.pdf_text import to_pixels

MIN_SHARE = 0.015
"""Of the page; what is smaller is a logo, a bullet or an icon."""

MAX_SHARE = 0.85
"""Of the page; what is larger is a scan or a background, which the page's own picture shows."""

MIN_PATHS = 4
"""Fewer lines and areas are a frame or a rule, no drawing."""

_MIN_SIDE_PT = 30.0
_CELL_PT = 5.0
"""Of the grid on which lines that nearly touch become one drawing: less than a line of text."""

_CAPTION = re.compile(
    r"(fig(ure|ura|\.)?|table|tab(elle|leau|la|\.)|chart|exhibit|plate|map|abb(ildung|\.)?)\s*\d",
    re.IGNORECASE,
)
_CAPTION_LINES = 5
"""How many times its height a caption may be away from its figure."""

_MAX_PATHS = 100_000
_SET = b"\xff"
_LABEL_PT, _MARGIN_PT = 14.0, 4.0
_PICTURE, _PATH, _SHADING, _FORM = 3, 2, 4, 5


def find_figures(page: PDFPage, lines: Sequence[TextLine], dpi: float) -> list[Box]:
    """Find the figures of a page, top to bottom, in pixels of the page at `dpi`.

    Args:
        page: Open.
        lines: Of the page at `dpi`; labels beside a drawing are taken into it.
        dpi: Dots per inch.

    Raises:
        CorruptImageError: The page is damaged.
    """
    size = page.size_at(dpi)
    pictures, paths = called(lambda: _objects(page.raw, size), page.name)
    scale = dpi / 72
    drawings = [_with_labels(box, lines, scale) for box in _drawings(paths, size, scale)]
    found = [box.clamped(*size).rounded() for box in _joined([*pictures, *drawings])]
    kept = [box for box in found if _is_figure(box, size, scale)]
    return sorted(kept, key=lambda box: (box.y1, box.x1))


def text_of_figure(box: Box, lines: Sequence[TextLine]) -> tuple[list[TextLine], list[TextLine]]:
    """Return the lines inside a figure, and its caption.

    That is what begins with "Figure 3" or the like below or above it; without one, and without
    words inside, the text next to it.
    """
    inside = [line for line in lines if line.box.intersection(box).area > line.box.area / 2]
    others = [line for line in lines if line not in inside and _beside(line.box, box)]
    named = [place for place, line in enumerate(others) if _CAPTION.match(line.text)]
    near = sorted(
        (_gap(others[place].box, box) / others[place].box.height, place) for place in named
    )
    if near and near[0][0] <= _CAPTION_LINES:
        return inside, _sentence(others[near[0][1] :])
    next_to = [place for place, line in enumerate(others) if _gap(line.box, box) < line.box.height]
    return inside, [] if inside or not next_to else _sentence(others[next_to[-1] :])


def _sentence(lines: Sequence[TextLine]) -> list[TextLine]:
    """Return the first line, and those that go on with it, at most three."""
    found = list(lines[:1])
    for line in lines[1:3]:
        last = found[-1]
        if last.text.endswith((".", "!", "?")) or line.box.y1 - last.box.y2 > last.box.height:
            break
        found.append(line)
    return found


def _beside(line: Box, figure: Box) -> bool:
    shared = min(line.x2, figure.x2) - max(line.x1, figure.x1)
    return shared > line.width / 2 or shared > figure.width / 2


def _gap(line: Box, figure: Box) -> float:
    """Return the pixels between a line and the figure above or below it."""
    return max(line.y1 - figure.y2, figure.y1 - line.y2, 0.0)


def _objects(page: Any, size: tuple[int, int]) -> tuple[list[Box], list[Box]]:
    place = to_pixels(page, size)
    whole = float(size[0] * size[1])
    pictures: list[Box] = []
    paths: list[Box] = []
    for kind, corners in _bounds(page):
        box = Box(*map(float, Box.around(place(*corner) for corner in corners))).clamped(*size)
        if kind in (_PICTURE, _FORM) and 0 < box.area <= MAX_SHARE * whole:
            pictures.append(box)
        elif kind in (_PATH, _SHADING) and box.area <= MAX_SHARE * whole:
            paths.append(box)
        if len(paths) >= _MAX_PATHS:
            break
    return pictures, paths


def _bounds(page: Any) -> Iterator[tuple[int, list[tuple[float, float]]]]:
    """Yield kind and corners of what is on the page; a form that is the page is looked into."""
    page_area = page.get_width() * page.get_height()
    for thing in page.get_objects([_PICTURE, _PATH, _SHADING, _FORM], max_depth=1):
        if thing.type != _FORM:
            yield thing.type, _corners(thing.get_bounds())
            continue
        left, bottom, right, top = thing.get_bounds()
        if (right - left) * (top - bottom) <= MAX_SHARE * page_area:
            yield thing.type, _corners((left, bottom, right, top))
            continue
        matrix = thing.get_matrix()
        inner = page.get_objects([_PICTURE, _PATH, _SHADING], max_depth=1, form=thing)
        for part in inner:
            yield part.type, [matrix.on_point(*corner) for corner in _corners(part.get_bounds())]


def _corners(bounds: tuple[float, float, float, float]) -> list[tuple[float, float]]:
    left, bottom, right, top = bounds
    return list(product((left, right), (bottom, top)))


def _drawings(paths: Sequence[Box], size: tuple[int, int], scale: float) -> list[Box]:
    """Return the boxes of groups of paths that nearly touch each other."""
    if len(paths) < MIN_PATHS:
        return []
    cell = _CELL_PT * scale
    grid = PIL.Image.new("1", (int(size[0] / cell) + 2, int(size[1] / cell) + 2))
    draw = PIL.ImageDraw.Draw(grid)
    cells = [_cells(box, cell) for box in paths]
    for place in cells:
        draw.rectangle(place, fill=1)
    number_at = _connected(grid)
    members: dict[int, list[Box]] = {}
    for box, place in zip(paths, cells, strict=True):
        members.setdefault(number_at(place[0], place[1]), []).append(box)
    return [Box.union(boxes) for boxes in members.values() if len(boxes) >= MIN_PATHS]


def _cells(box: Box, cell: float) -> tuple[int, int, int, int]:
    return int(box.x1 / cell), int(box.y1 / cell), int(box.x2 / cell), int(box.y2 / cell)


def _connected(grid: PIL.Image.Image) -> Callable[[int, int], int]:
    """Number the connected areas of set cells; return what gives the number at (x, y)."""
    width = grid.width
    marks = grid.convert("L").tobytes()
    parent: list[int] = []
    numbers: dict[int, int] = {}
    at = marks.find(_SET)
    while at >= 0:
        # The neighbours that were numbered before: on the left, and the three above.
        near = {
            _root(parent, numbers[other])
            for other in (at - 1, at - width - 1, at - width, at - width + 1)
            if other in numbers
        }
        numbers[at] = min(near, default=len(parent))
        if not near:
            parent.append(len(parent))
        for other in near:
            parent[other] = numbers[at]
        at = marks.find(_SET, at + 1)
    return lambda x, y: _root(parent, numbers[y * width + x])


def _root(parent: list[int], number: int) -> int:
    while parent[number] != number:
        number = parent[number]
    return number


def _with_labels(box: Box, lines: Iterable[TextLine], scale: float) -> Box:
    """Take in the short lines of text beside a drawing, such as the numbers of an axis."""
    reach = box.grown(_LABEL_PT * scale)
    labels = [
        line.box
        for line in lines
        if (line.box.width < box.width / 2 or _is_sparse(line))
        and line.box.intersection(reach).area > line.box.area / 2
        and not _CAPTION.match(line.text)
    ]
    return Box.union([box, *labels]).grown(_MARGIN_PT * scale)


def _is_sparse(line: TextLine) -> bool:
    """Tell whether a line is words far apart, such as those below an axis, and no sentence."""
    return line.box.width > line.box.height * len(line.text)


def _joined(boxes: Iterable[Box]) -> list[Box]:
    """Join boxes that overlap by most of the smaller one."""
    kept: list[Box] = []
    for box in sorted(boxes, key=lambda box: -box.area):
        for place, other in enumerate(kept):
            if box.intersection(other).area > box.area / 2:
                kept[place] = Box.union([box, other])
                break
        else:
            kept.append(box)
    return kept


def _is_figure(box: Box, size: tuple[int, int], scale: float) -> bool:
    side = _MIN_SIDE_PT * scale
    share = box.area / (size[0] * size[1])
    return MIN_SHARE <= share <= MAX_SHARE and min(box.width, box.height) >= side
