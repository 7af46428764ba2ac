"""What a model will see of an image: tiles or patches, at the size it is seen, and the price."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from langchain_gptv.display.pictures import MAX_SIDE, figure, shrunk
from langchain_gptv.display.view import View
from langchain_gptv.vision.images import Image
from langchain_gptv.vision.profiles import VisionProfile, get_profile
from langchain_gptv.vision.rules import PATCH_SIDE, TILE_SIDE, Detail, TileRule
from langchain_gptv.vision.tables import TokenRow, readable_cost, token_table

if TYPE_CHECKING:
    import PIL.Image

_LINE = "#d55e00"
_FINEST = 6
"""Pixels between lines below which a grid would hide the picture."""


def show_plan(
    image: Any,
    model: str = "gpt-4o",
    *,
    details: Sequence[Detail] | None = None,
    service: str = "openai",
    max_side: int = MAX_SIDE // 2,
) -> View:
    """Show an image as a model sees it under each `detail`, with its tiles or patches.

    The picture is scaled to the size the model sees and back, so that what is lost there is lost
    here.

    Args:
        image: An `Image`, or anything `Image.of` takes.
        model: Base model name; on Azure the model, not the deployment.
        details: API settings; None is every one that the model accepts, less "auto".
        service: "openai" or "azure".
        max_side: Pixels at which each is shown.

    Raises:
        DetailNotSupportedError: The model does not accept one of `details`.
        ImageError: It is no image.

    Example:
        >>> print(show_plan("examples/images/receipt.png", "gpt-4o"))
        gpt-4o, low: seen at 307x512 in 1 tile of 512 px; 85 tokens, $0.0002
        gpt-4o, high: seen at 600x1000 in 4 tiles of 512 px; 765 tokens, $0.0019
    """
    loaded, profile = Image.of(image), get_profile(model, service)
    wanted = details or [detail for detail in profile.details if detail != "auto"]
    for detail in wanted:
        profile.resolve_detail(detail)
    rows = token_table([loaded], [model], wanted, service=service)
    lines = [_described(row, profile) for row in rows]
    picture = loaded.to_pil()
    figures = (
        figure(_as_seen(picture, row, profile, max_side), alt=line, caption=line)
        for row, line in zip(rows, lines, strict=True)
    )
    return View(f'<div class="row">{"".join(figures)}</div>', "\n".join(lines))


def _described(row: TokenRow, profile: VisionProfile) -> str:
    side, one, many = _squares(profile)
    count = -(-row.seen_size[0] // side) * -(-row.seen_size[1] // side)
    if row.detail == "low" and isinstance(profile.rule, TileRule):
        count = 1
    return (
        f"{row.model}, {row.detail}: seen at {row.seen_size[0]}x{row.seen_size[1]} in {count:,} "
        f"{one if count == 1 else many} of {side} px; {row.tokens:,} tokens, "
        f"{readable_cost(row.cost_usd)}"
    )


def _squares(profile: VisionProfile) -> tuple[int, str, str]:
    """Return the side of a square in pixels, and what one and many are called."""
    if isinstance(profile.rule, TileRule):
        return TILE_SIDE, "tile", "tiles"
    return PATCH_SIDE, "patch", "patches"


def _as_seen(
    picture: PIL.Image.Image, row: TokenRow, profile: VisionProfile, max_side: int
) -> PIL.Image.Image:
    import PIL.Image
    import PIL.ImageDraw

    shown, _ = shrunk(picture, max_side)
    seen = picture.resize(row.seen_size, PIL.Image.Resampling.LANCZOS, reducing_gap=3.0)
    shown = seen.resize(shown.size, PIL.Image.Resampling.BILINEAR).convert("RGB")
    scale = shown.width / row.seen_size[0]
    canvas = PIL.ImageDraw.Draw(shown)
    side = _squares(profile)[0] * scale
    for x in _steps(shown.width, side):
        canvas.line([(x, 0), (x, shown.height)], fill=_LINE)
    for y in _steps(shown.height, side):
        canvas.line([(0, y), (shown.width, y)], fill=_LINE)
    return shown


def _steps(length: int, side: float) -> Iterator[float]:
    # Every second or third line only, where all would be too many to see through.
    step = side * max(1, -(-_FINEST // max(1, round(side))))
    place = step
    while place < length:
        yield place
        place += step
