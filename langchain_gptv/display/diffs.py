"""Two pictures side by side, with what differs outlined in both."""

from __future__ import annotations

from typing import Any

from langchain_gptv.display.pictures import MAX_SIDE, called, figure, shrunk
from langchain_gptv.display.view import View
from langchain_gptv.vision.boxes import Box
from langchain_gptv.vision.differences import PixelDifference, find_differences
from langchain_gptv.vision.draw import draw_boxes
from langchain_gptv.vision.images import Image


def show_diff(first: Any, second: Any, *, max_side: int = MAX_SIDE // 2) -> View:
    """Show two images side by side; what differs is outlined in both.

    Args:
        first: An `Image`, or anything `Image.of` takes.
        second: Of the same shape, in any size.
        max_side: Pixels at which each is shown.

    Raises:
        ImageError: One is no image.

    Example:
        >>> print(show_diff("examples/images/receipt.png", "examples/images/receipt.png"))
        No difference between receipt.png and receipt.png.
    """
    images = Image.of(first), Image.of(second)
    found = find_differences(*images)
    text = _described(found, *images)
    figures = "".join(_outlined(image, found, images[0].width, max_side) for image in images)
    return View(f'<p>{text}</p><div class="row">{figures}</div>', text)


def _described(found: PixelDifference, first: Image, second: Image) -> str:
    if not found.comparable:
        return (
            f"{called(first)} ({first.width}x{first.height}) and {called(second)} "
            f"({second.width}x{second.height}) have different shapes."
        )
    if found.same:
        return f"No difference between {called(first)} and {called(second)}."
    count = len(found.regions)
    where = "1 region differs" if count == 1 else f"{count} regions differ"
    return f"{where}, {found.share:.1%} of the picture: {called(first)} and {called(second)}."


def _outlined(image: Image, found: PixelDifference, width: int, max_side: int) -> str:
    shown, _ = shrunk(image.to_pil(), max_side)
    by = shown.width / width
    boxes: list[tuple[Box, str]] = [
        (box.scaled(by), str(number)) for number, box in enumerate(found.regions, 1)
    ]
    caption = f"{called(image)}, {image.width}x{image.height}"
    return figure(draw_boxes(shown, boxes), alt=caption, caption=caption)
