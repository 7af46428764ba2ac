"""Pictures in a page: small enough to be kept there, with boxes drawn on them."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Iterable
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from langchain_gptv.display.view import View
from langchain_gptv.vision.boxes import Box
from langchain_gptv.vision.draw import draw_boxes
from langchain_gptv.vision.images import Image

if TYPE_CHECKING:
    import PIL.Image

MAX_SIDE = 720
"""Pixels of the longest side of a picture in a page."""

_NARROWEST = 160
"""Pixels that a caption has at least."""

_QUALITY = 75
_LABELS = ("label", "text", "phrase", "name")


def show(image: Any, boxes: Iterable[Any] = (), *, max_side: int = MAX_SIDE) -> View:
    """Show an image, with boxes drawn on it.

    Args:
        image: An `Image`, or anything `Image.of` takes.
        boxes: In pixels of the upright image: each a `Box`, a pair of a box and its label, or
            anything with a `box`, such as a text line, an object, or a fact of an answer.
        max_side: Pixels; a larger image is shown smaller.

    Raises:
        ImageError: It is no image.
        TypeError: One of `boxes` has no box.

    Example:
        >>> print(show("examples/images/receipt.png", [(Box(40, 40, 200, 80), "vendor")]))
        receipt.png, 600x1000; 1 box: vendor
    """
    loaded = Image.of(image)
    labelled = [labelled_box(box) for box in boxes]
    shown, scale = shrunk(loaded.to_pil(), max_side)
    drawn = draw_boxes(shown, [(box.scaled(scale), label) for box, label in labelled])
    text = f"{called(loaded)}, {loaded.width}x{loaded.height}{_listed(labelled)}"
    return View(figure(drawn, alt=text, caption=text), text)


def called(image: Image) -> str:
    """Return the name of an image without its folder, which a saved page need not tell.

    Example:
        >>> called(Image.of("examples/images/receipt.png"))
        'receipt.png'
    """
    path = PurePath(image.name)
    return path.name if path.suffix else image.name  # a handle is told whole


def labelled_box(thing: Any) -> tuple[Box, str]:
    """Return the box of a thing and what the thing is called, or ''.

    Raises:
        TypeError: It has none.
    """
    if isinstance(thing, Box):
        return thing, ""
    if isinstance(thing, tuple) and len(thing) == 2 and isinstance(thing[0], tuple):
        return Box(*thing[0]), str(thing[1])
    box = getattr(thing, "box", None)
    if box is None:
        raise TypeError(
            f"{thing!r} has no box. Pass Box(x1, y1, x2, y2), a pair of a Box and its label, or "
            "something with a `box`."
        )
    names = (getattr(thing, name, None) for name in _LABELS)
    return Box(*box), next((str(name) for name in names if name), "")


def shrunk(picture: PIL.Image.Image, max_side: int = MAX_SIDE) -> tuple[PIL.Image.Image, float]:
    """Return a picture of at most `max_side` pixels, and its size as a part of what it was."""
    import PIL.Image

    scale = min(1.0, max_side / max(picture.size))
    if scale == 1:
        return picture, 1.0
    size = max(1, round(picture.width * scale)), max(1, round(picture.height * scale))
    return picture.resize(size, PIL.Image.Resampling.LANCZOS, reducing_gap=3.0), scale


def figure(picture: PIL.Image.Image, *, alt: str, caption: str = "", over: str = "") -> str:
    """Return a picture with its caption as HTML.

    Args:
        picture: Shown at its size.
        alt: What it shows, in words.
        caption: Below it.
        over: HTML that lies on it; its places are in parts of the picture.
    """
    size = f'width="{picture.width}" height="{picture.height}"'
    image = f'<img src="{data_url(picture)}" {size} alt="{html.escape(alt, quote=True)}">'
    below = f"<figcaption>{html.escape(caption)}</figcaption>" if caption else ""
    # As wide as its picture, so that a long caption does not push the next one below.
    width = f'style="width:{max(picture.width, _NARROWEST)}px"'
    return f'<figure {width}><span class="picture">{image}{over}</span>{below}</figure>'


def data_url(picture: PIL.Image.Image) -> str:
    """Return a picture as a WebP data URL."""
    file = io.BytesIO()
    picture.convert("RGB").save(file, "WEBP", quality=_QUALITY)
    return f"data:image/webp;base64,{base64.b64encode(file.getvalue()).decode()}"


def _listed(labelled: list[tuple[Box, str]]) -> str:
    if not labelled:
        return ""
    count = "1 box" if len(labelled) == 1 else f"{len(labelled)} boxes"
    names = ", ".join(dict.fromkeys(label for _, label in labelled if label))
    return f"; {count}: {names}" if names else f"; {count}"
