"""Messages with images: one normal form inside, one wire form outside.

Inside, an image is LangChain's standard block with the setting `detail` in its `extras`:
`{"type": "image", "base64" or "url": ..., "mime_type": ..., "extras": {"detail": ...}}`.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from langchain_core.messages import BaseMessage, HumanMessage

from langchain_gptv.vision.images import Image
from langchain_gptv.vision.rules import Detail

ACCEPTED_TYPES = ("image/jpeg", "image/png", "image/gif", "image/webp")
"""What both services take; anything else is converted to PNG first."""


def image_block(source: Any, *, detail: Detail | None = None) -> dict[str, Any]:
    """Make a standard image block.

    Args:
        source: A path, URL, data URL, bytes, PIL image, numpy array, open file or `Image`.
        detail: The API setting; None leaves it to the model.

    Raises:
        ImageError: The source is no image that can be sent.

    Example:
        >>> image_block("https://example.com/cat.png", detail="low")
        {'type': 'image', 'url': 'https://example.com/cat.png', 'extras': {'detail': 'low'}}
    """
    extras = {"extras": {"detail": detail}} if detail else {}
    if isinstance(source, str) and source.startswith(("http://", "https://")):
        return {"type": "image", "url": source, **extras}
    image = _as_accepted(Image.of(source))
    base64 = image.data_url.partition(",")[2]
    return {"type": "image", "base64": base64, "mime_type": image.mime_type, **extras}


def human_message(text: str, *images: Any, detail: Detail | None = None) -> HumanMessage:
    """Make a user message of a text and any number of images.

    Args:
        text: The question.
        images: Paths, URLs, data URLs, bytes, PIL images, numpy arrays, open files or `Image`s.
        detail: The API setting for all of them; None leaves it to the model.

    Raises:
        ImageError: A source is no image that can be sent.

    Example:
        >>> message = human_message("What is the total?", "examples/images/receipt.png")
        >>> [block["type"] for block in message.content]
        ['text', 'image']
    """
    blocks = [image_block(source, detail=detail) for source in images]
    return HumanMessage(content=[{"type": "text", "text": text}, *blocks])


def with_wire_images(messages: Sequence[BaseMessage]) -> list[BaseMessage]:
    """Return the messages with standard image blocks as `image_url` parts, which keep `detail`.

    Messages without such blocks are returned as they are, so a second pass changes nothing.
    """
    return [_with_wire_images(message) for message in messages]


def _with_wire_images(message: BaseMessage) -> BaseMessage:
    if not isinstance(message.content, list) or not any(map(_is_standard, message.content)):
        return message
    content = [
        _to_image_url(block) if isinstance(block, dict) and _is_standard(block) else block
        for block in message.content
    ]
    return message.model_copy(update={"content": content})


def _is_standard(block: Any) -> bool:
    return (
        isinstance(block, Mapping)
        and block.get("type") == "image"
        and bool(block.get("url") or (block.get("base64") and block.get("mime_type")))
    )


def _to_image_url(block: Mapping[str, Any]) -> dict[str, Any]:
    url = block.get("url") or f"data:{block['mime_type']};base64,{block['base64']}"
    detail = (block.get("extras") or {}).get("detail") or block.get("detail") or "auto"
    return {"type": "image_url", "image_url": {"url": url, "detail": detail}}


def _as_accepted(image: Image) -> Image:
    """Convert what the services do not take; they do not all heed EXIF orientation either."""
    if image.mime_type in ACCEPTED_TYPES and image.header.orientation == 1:
        return image
    return Image.from_pil(image.to_pil())
