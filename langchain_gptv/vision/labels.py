"""Where labels go beside boxes: inside the picture, off the boxes and off each other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from langchain_gptv.vision.boxes import Box

Size = tuple[float, float]


def place_labels(
    boxes: Sequence[Box], sizes: Sequence[Size], picture: tuple[int, int]
) -> list[Box]:
    """Return where each label covers least of all boxes and of the labels placed before it.

    Args:
        boxes: What the labels belong to, in pixels.
        sizes: (width, height) of each label, in pixels.
        picture: (width, height) within which the labels must lie.

    Example:
        >>> place_labels([Box(50, 50, 90, 70)], [(20, 10)], (200, 100))
        [Box(x1=30, y1=50, x2=50, y2=60)]
    """
    placed: list[Box] = []
    for box, size in zip(boxes, sizes, strict=True):
        spots = _spots(box, size, picture)
        # Earlier spots are nicer; a label on a label hides both.
        placed.append(
            min(spots, key=lambda spot: _covered(spot, boxes) + 9 * _covered(spot, placed))
        )
    return placed


def _spots(box: Box, size: Size, picture: tuple[int, int]) -> Iterator[Box]:
    width, height = size
    middle = (box.y1 + box.y2 - height) / 2
    beside = middle if box.height < 2 * height else box.y1
    corners = (
        (box.x1 - width, beside),
        (box.x1, box.y1 - height),
        (box.x2, beside),
        (box.x1, box.y2),
        (box.x2 - width, box.y1 - height),
        (box.x2 - width, box.y2),
        (box.x1 - width, box.y2 - height),
        (box.x1, box.y1),
        (box.x2 - width, box.y2 - height),
    )
    for x, y in corners:
        left = max(0, min(x, picture[0] - width))
        top = max(0, min(y, picture[1] - height))
        yield Box(left, top, left + width, top + height)


def _covered(spot: Box, others: Iterable[Box]) -> float:
    return sum(spot.intersection(other).area for other in others)
