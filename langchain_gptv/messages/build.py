"""Blocks and messages with images, made from whatever a developer has at hand."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

from langchain_core.messages import HumanMessage

from langchain_gptv._urls import is_reference, is_web_url
from langchain_gptv.vision.headers import ACCEPTED_TYPES
from langchain_gptv.vision.images import Image
from langchain_gptv.vision.rules import Detail


def image_block(source: Any, *, detail: Detail | None = None) -> dict[str, Any]:
    """Make a standard image block.

    Args:
        source: A path, URL, data URL, bytes, PIL image, numpy array, open file or `Image`; or the
            `gptv://` reference of a stored picture, for `VisionMiddleware`.
        detail: The API setting; None leaves it to the call and the model.

    Raises:
        ImageError: The source is no image that can be sent.

    Example:
        >>> image_block("https://example.com/cat.png", detail="low")
        {'type': 'image', 'url': 'https://example.com/cat.png', 'extras': {'detail': 'low'}}
    """
    extras = {"extras": {"detail": detail}} if detail else {}
    if isinstance(source, str) and (is_web_url(source) or is_reference(source)):
        return {"type": "image", "url": source, **extras}
    image = _as_accepted(Image.of(source))
    base64 = b64encode(image.data).decode()
    return {"type": "image", "base64": base64, "mime_type": image.mime_type, **extras}


def human_message(text: str, *images: Any, detail: Detail | None = None) -> HumanMessage:
    """Make a user message of a text and any number of images.

    Args:
        text: The question.
        images: Paths, URLs, data URLs, bytes, PIL images, numpy arrays, open files or `Image`s,
            and `gptv://` references of stored pictures.
        detail: The API setting for all of them; None leaves it to the call and the model.

    Raises:
        ImageError: A source is no image that can be sent.

    Example:
        >>> message = human_message("What is the total?", "examples/images/receipt.png")
        >>> [block["type"] for block in message.content]
        ['text', 'image']
    """
    blocks = [image_block(source, detail=detail) for source in images]
    return HumanMessage(content=[{"type": "text", "text": text}, *blocks])


def with_detail(block: dict[str, Any], detail: Detail | None) -> dict[str, Any]:
    """Return an image block that says `detail`, unless it says its own."""
    inner = block.get("image_url")
    key = "image_url" if isinstance(inner, dict) else "extras"
    holder = block.get(key) or {}
    said = holder.get("detail") or block.get("detail")
    if said or not detail or block.get("type") not in ("image", "image_url"):
        return block
    return {**block, key: {**holder, "detail": detail}}


def _as_accepted(image: Image) -> Image:
    """Convert what the services do not take; they do not all heed EXIF orientation either."""
    if image.mime_type in ACCEPTED_TYPES and image.orientation == 1:
        return image
    return Image.from_pil(image.to_pil())
